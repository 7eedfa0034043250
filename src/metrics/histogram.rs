//! A histogram of atomics: observing takes no lock, so it may stand where every commit goes by.

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Upper bounds for times, in seconds: from a sync of a fast disk to a request that hangs.
const SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds for times that are short as a rule, in seconds: from a wake of a thread without any load.
const SHORT_SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0,
];
/// Upper bounds for numbers of things, up to a full group of the committer.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_000.0];

/// The histogram; all clones share one.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Histogram {
    /// For times in seconds.
    pub fn of_seconds() -> Self {
        Self::new(SECONDS)
    }

    /// For times in seconds of which a tenth of a millisecond is much.
    pub fn of_short_seconds() -> Self {
        Self::new(SHORT_SECONDS)
    }

    /// For numbers of things.
    pub fn of_counts() -> Self {
        Self::new(COUNTS)
    }

    fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Inner { bounds, counts, sum: AtomicU64::new(0.0_f64.to_bits()) }))
    }

    /// Counts a value.
    pub fn observe(&self, value: f64) {
        let Inner { bounds, counts, sum } = &*self.0;
        let bucket = bounds.partition_point(|bound| *bound < value);
        counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // It never gives up: `add` always has a value.
        let _ = sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Inner { bounds, counts, sum } = &*self.0;
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        let loaded = counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(loaded).collect();
        // The count is the one of these buckets: what is observed meanwhile is in neither.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = f64::from_bits(sum.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_are_told_apart_from_fifty_microseconds_on() {
        let histogram = Histogram::of_short_seconds();
        for value in [0.000_04, 0.000_06, 0.000_2, 0.000_3] {
            histogram.observe(value);
        }
        let counts = histogram.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        assert_eq!(counts.take(5).collect::<Vec<_>>(), [1, 1, 1, 1, 0]);
        assert!(SHORT_SECONDS.is_sorted() && SHORT_SECONDS.ends_with(SECONDS));
    }

    #[test]
    fn a_value_is_counted_up_to_its_bound() {
        let histogram = Histogram::of_counts();
        for value in [1.0, 1.5, 2.0, 1_000.0, 1_001.0] {
            histogram.observe(value);
        }
        let counts: Vec<u64> =
            histogram.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(counts, [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(histogram.count(), 5);
        let sum = f64::from_bits(histogram.0.sum.load(Ordering::Relaxed));
        assert!((sum - 2_005.5).abs() < f64::EPSILON);
    }
}
