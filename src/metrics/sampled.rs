//! Figures that are asked for at each scrape and counted nowhere else: depths of queues, awake
//! lines, and counters that another part keeps for itself.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};
use std::fmt;

/// What the figure does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// How a figure is asked for.
pub type Read = Box<dyn Fn() -> u64 + Send + Sync>;

/// A figure, or one for each value of a label.
pub struct Sampled {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    label: &'static str,
    series: Vec<(&'static str, Read)>,
}

impl Sampled {
    /// One figure.
    pub fn one(
        name: &'static str,
        help: &'static str,
        kind: Kind,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { name, help, kind, label: "", series: vec![("", Box::new(read))] }
    }

    /// A counter for each of a label's values.
    pub fn labelled(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        series: Vec<(&'static str, Read)>,
    ) -> Self {
        Self { name, help, kind: Kind::Counter, label, series }
    }

    /// A figure that goes up and down for each of a label's values.
    pub fn labelled_gauge(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        series: Vec<(&'static str, Read)>,
    ) -> Self {
        Self { kind: Kind::Gauge, ..Self::labelled(name, help, label, series) }
    }

    fn write(&self, mut encoder: MetricEncoder<'_>, value: u64) -> Result<(), fmt::Error> {
        match self.kind {
            Kind::Counter => encoder.encode_counter::<NoLabelSet, u64, f64>(&value, None),
            Kind::Gauge => encoder.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX)),
        }
    }
}

impl fmt::Debug for Sampled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampled").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for Sampled {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let kind = match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
        };
        let mut metric = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        if self.label.is_empty() {
            let read = self.series.first().map_or(0, |(_, read)| read());
            return self.write(metric, read);
        }
        for (value, read) in &self.series {
            let labels = [(self.label, *value)];
            self.write(metric.encode_family(&labels)?, read())?;
        }
        Ok(())
    }
}
