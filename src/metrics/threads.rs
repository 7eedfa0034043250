//! A figure that each of several threads has, told with the thread's number.

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::MetricType};
use std::fmt;

/// How the figure is asked for: of each thread, by its number; none where the thread has ended.
pub type Read = Box<dyn Fn() -> Vec<Option<f64>> + Send + Sync>;

/// The figure: it goes up and down, and may be infinite.
pub struct OfThreads {
    name: &'static str,
    help: &'static str,
    read: Read,
}

impl OfThreads {
    /// A figure that is asked for at each scrape.
    pub fn new(name: &'static str, help: &'static str, read: Read) -> Self {
        Self { name, help, read }
    }
}

impl fmt::Debug for OfThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfThreads").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for OfThreads {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut metric =
            encoder.encode_descriptor(self.name, self.help, None, MetricType::Gauge)?;
        for (number, value) in (self.read)().into_iter().enumerate() {
            let Some(value) = value else { continue };
            let labels = [("thread", number.to_string())];
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn each_thread_that_lives_has_its_number_and_what_is_infinite_is_told_so() {
        let mut metrics = Metrics::new();
        let read = || vec![Some(4.5), None, Some(f64::INFINITY)];
        metrics.add_of_threads(OfThreads::new("thread_limit", "Limit", Box::new(read)));
        let text = metrics.encode().expect("writes");
        let found: Vec<&str> =
            text.lines().filter(|line| line.starts_with("linepass_thread_limit")).collect();
        // OpenMetrics 1.0 takes an infinity in any case of letters.
        assert_eq!(
            found,
            ["linepass_thread_limit{thread=\"0\"} 4.5", "linepass_thread_limit{thread=\"2\"} inf"]
        );
    }
}
