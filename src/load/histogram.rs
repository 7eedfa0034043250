//! Latencies as `HdrHistogram` keeps them: three digits of each value, whatever its size.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::{
    fmt::Write as _,
    io::{self, Write},
    time::Duration,
};

/// The longest latency that is told apart, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// A distribution of latencies in microseconds.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

/// What is said in place of a percentile that too few values tell nothing of.
pub const TOO_FEW: &str = "too few";

/// The figures of a distribution, in microseconds. A percentile is told where at least one value may be
/// expected beyond it; of fewer values it would be the slowest under another name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many values there are.
    pub count: u64,
    /// Their mean.
    pub mean_us: f64,
    /// The median; none of fewer than 2.
    pub p50_us: Option<u64>,
    /// Nine of ten are no slower; none of fewer than 10.
    pub p90_us: Option<u64>,
    /// 99 of 100; none of fewer than 100.
    pub p99_us: Option<u64>,
    /// 999 of 1,000; none of fewer than 1,000.
    pub p999_us: Option<u64>,
    /// 9,999 of 10,000; none of fewer than 10,000.
    pub p9999_us: Option<u64>,
    /// The slowest.
    pub max_us: u64,
}

impl Percentiles {
    /// What 99 of 100 do not pass, by the slowest of them where fewer are there: to hold against a bound.
    pub fn p99_or_slowest_us(&self) -> u64 {
        self.p99_us.unwrap_or(self.max_us)
    }
}

/// A point of the curve of percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The share of values that are no slower, from 0 to 1.
    pub quantile: f64,
    /// How slow, in microseconds.
    pub us: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        const BOUNDS: &str = "1 us to ten minutes with three digits is within what the crate keeps";
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect(BOUNDS))
    }
}

impl Latencies {
    /// Takes one.
    pub fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(us.max(1));
    }

    /// Takes all of another.
    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds, so there is nothing that does not fit.
        let _ = self.0.add(&other.0);
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value that a share of them do not pass, in microseconds.
    pub fn at(&self, quantile: f64) -> u64 {
        if self.0.is_empty() { 0 } else { self.0.value_at_quantile(quantile) }
    }

    /// Its figures.
    pub fn percentiles(&self) -> Percentiles {
        if self.0.is_empty() {
            return Percentiles::default();
        }
        let count = self.0.len();
        let told = |quantile, least| (count >= least).then(|| self.at(quantile));
        Percentiles {
            count,
            mean_us: (self.0.mean() * 10.0).round() / 10.0,
            p50_us: told(0.5, 2),
            p90_us: told(0.9, 10),
            p99_us: told(0.99, 100),
            p999_us: told(0.999, 1_000),
            p9999_us: told(0.9999, 10_000),
            max_us: self.0.max(),
        }
    }

    /// The curve of percentiles, finer towards the slow end.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let points = self.0.iter_quantiles(4);
        let point = |value: hdrhistogram::iterators::IterationValue<u64>| CurvePoint {
            quantile: value.quantile_iterated_to(),
            us: value.value_iterated_to(),
        };
        points.map(point).collect()
    }

    /// Writes the curve as `HdrHistogram`'s own tools read it (`.hgrm`), values in milliseconds.
    pub fn write_hgrm(&self, out: &mut impl Write) -> io::Result<()> {
        let mut text = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
        let mut seen = 0;
        for value in self.0.iter_quantiles(5) {
            let quantile = value.quantile_iterated_to();
            let at_ms = as_ms(value.value_iterated_to());
            seen += value.count_since_last_iteration();
            // Writing into a string cannot fail.
            let _ = if quantile < 1.0 {
                let of = 1.0 / (1.0 - quantile);
                writeln!(text, "{at_ms:12.3} {quantile:14.12} {seen:10} {of:14.2}")
            } else {
                writeln!(text, "{at_ms:12.3} {quantile:14.12} {seen:10}")
            };
        }
        let (mean, deviation) = (self.0.mean() / 1_000.0, self.0.stdev() / 1_000.0);
        let _ = writeln!(text, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]");
        let (max, count) = (as_ms(self.0.max()), self.0.len());
        let _ = writeln!(text, "#[Max     = {max:12.3}, Total count    = {count:12}]");
        let (buckets, cells) = (self.0.buckets(), self.0.distinct_values());
        let _ = writeln!(text, "#[Buckets = {buckets:12}, SubBuckets     = {cells:12}]");
        out.write_all(text.as_bytes())
    }
}

#[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^53 microseconds")]
fn as_ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

/// A latency for people, three digits of it.
pub fn ms(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..100_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        100_000..10_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// A percentile for people.
pub fn ms_or_few(us: Option<u64>) -> String {
    us.map_or_else(|| TOO_FEW.to_owned(), ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::random::Random;

    #[test]
    fn latencies_are_told_with_three_digits() {
        for (us, told) in [
            (0, "0.00 ms"),
            (1_234, "1.23 ms"),
            (12_345, "12.3 ms"),
            (123_456, "123 ms"),
            (12_345_678, "12.3 s"),
        ] {
            assert_eq!(ms(us), told);
        }
    }

    /// Against sorting: each figure is the value at its rank, to three digits.
    #[test]
    fn percentiles_are_those_of_the_sorted_values() {
        let mut random = Random::new(2, 0);
        let mut latencies = Latencies::default();
        let mut values: Vec<u64> = (0..20_000)
            .map(|_| {
                let magnitude = 8 + random.below(12);
                50 + random.below(1 << magnitude)
            })
            .collect();
        for us in &values {
            latencies.record(Duration::from_micros(*us));
        }
        values.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "twenty thousand"
        )]
        let naive = |quantile: f64| {
            let rank = (quantile * values.len() as f64).ceil() as usize;
            values[rank.max(1) - 1] as f64
        };
        let told = latencies.percentiles();
        for (quantile, us) in [
            (0.5, told.p50_us),
            (0.9, told.p90_us),
            (0.99, told.p99_us),
            (0.999, told.p999_us),
            (0.9999, told.p9999_us),
        ] {
            let us = us.expect("enough of them");
            #[expect(clippy::cast_precision_loss, reason = "microseconds")]
            let apart = (us as f64 - naive(quantile)).abs() / naive(quantile);
            assert!(apart <= 0.001, "{quantile}: {us} is not {}", naive(quantile));
        }
        assert_eq!(told.count, 20_000);
        let last = latencies.curve().last().copied().expect("a point");
        assert!((last.quantile - 1.0).abs() < 1e-9 && Some(last.us) >= told.p9999_us);
    }

    /// The 99th percentile of 17 values would be their slowest, and p99.9 of 200 too.
    #[test]
    fn a_percentile_of_fewer_values_than_it_takes_is_not_told() {
        let of = |count: u64| {
            let mut latencies = Latencies::default();
            (1..=count).for_each(|ms| latencies.record(Duration::from_millis(ms)));
            let told = latencies.percentiles();
            let known = [told.p50_us, told.p90_us, told.p99_us, told.p999_us, told.p9999_us];
            (known.map(|us| us.is_some()), told.p99_or_slowest_us(), told.max_us)
        };
        for (count, known) in [
            (1, [false; 5]),
            (2, [true, false, false, false, false]),
            (9, [true, false, false, false, false]),
            (10, [true, true, false, false, false]),
            (99, [true, true, false, false, false]),
            (100, [true, true, true, false, false]),
            (999, [true, true, true, false, false]),
            (1_000, [true, true, true, true, false]),
            (9_999, [true, true, true, true, false]),
            (10_000, [true; 5]),
        ] {
            let (told, p99_us, slowest_us) = of(count);
            assert_eq!(told, known, "{count}");
            assert_eq!(p99_us == slowest_us, count < 100, "{count}: {p99_us} {slowest_us}");
        }
        assert_eq!(
            (ms_or_few(None).as_str(), ms_or_few(Some(1_234)).as_str()),
            ("too few", "1.23 ms")
        );
    }

    #[test]
    fn the_file_for_histogram_tools_has_their_columns_and_their_end() {
        let mut latencies = Latencies::default();
        (1..=1_000).for_each(|ms| latencies.record(Duration::from_millis(ms)));
        let mut file = Vec::new();
        latencies.write_hgrm(&mut file).expect("writes");
        let text = String::from_utf8(file).expect("UTF-8");
        let rows: Vec<Vec<f64>> = text
            .lines()
            .skip(2)
            .take_while(|line| !line.starts_with('#'))
            .map(|line| {
                line.split_whitespace().map(|cell| cell.parse().expect("a number")).collect()
            })
            .collect();
        assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
        let half = rows.iter().find(|row| (row[1] - 0.5).abs() < 1e-9).expect("the median");
        assert!((half[0] - 500.0).abs() < 1.0 && (half[2] - 500.0).abs() < 2.0, "{half:?}");
        assert!((half[3] - 2.0).abs() < 1e-6);
        let last = rows.last().expect("a row");
        assert!((last[2] - 1_000.0).abs() < 1e-9 && last.len() == 3, "{last:?}");
        assert!(text.contains("#[Max     =") && text.contains("Total count    =         1000]"));
        assert_eq!(Latencies::default().percentiles(), Percentiles::default());
    }
}
