//! What monitoring reads: counters and histograms that any room may count with, and the registry
//! that writes them down in the `OpenMetrics` text format.
//!
//! | file | what |
//! |---|---|
//! | [`histogram`] | a histogram of atomics: observing takes no lock |
//! | [`lasting`] | how long something takes, asked while it does |
//! | [`lately`] | a count that knows how much of it came in the last minute |
//! | [`sampled`] | figures that are asked for at each scrape and counted nowhere |
//! | [`tally`] | a count of one atomic |
//! | [`threads`] | a figure of each thread |
//!
//! Names end as the format asks (`_total`, `_seconds`), units are base units. Labels come from
//! fixed lists: the routes' patterns, methods, statuses, and the codes of outcomes. No label is
//! made of what somebody typed, so their number stays bounded, and no household's ID, mail address or
//! source address is one (security.md 64); a provider's ID is, once it has shown that it is its own.

pub mod histogram;
pub mod lasting;
pub mod lately;
pub mod sampled;
pub mod tally;
pub mod threads;

use self::{
    histogram::Histogram,
    sampled::{Kind, Sampled},
    threads::OfThreads,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, info::Info},
    registry::Registry,
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The media type of what [`Metrics::encode`] writes (`OpenMetrics` 1.0).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What stands in place of a provider's ID while it is not sure whose a request is; no ID has these
/// characters.
pub const UNKNOWN_PROVIDER: &str = "(unknown)";

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    outcome: &'static str,
    reason: &'static str,
}

/// Whom a hold concerns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HoldLabels {
    scope: &'static str,
}

/// Whose request was turned away, at which door and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
    door: &'static str,
    reason: &'static str,
}

/// What was asked of which listener, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u32,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

/// Everything that is counted, and the registry that knows it by name.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    logins: Family<LoginLabels, Counter>,
    holds: Family<HoldLabels, Counter>,
    providers: Family<ProviderLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    inquiries: Counter,
    late: Late,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A registry with what handlers count; what other parts count is added to it.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("linepass");
        let (logins, holds, requests) = (Family::default(), Family::default(), Family::default());
        let durations = Family::new_with_constructor(Histogram::of_seconds as fn() -> Histogram);
        let help = "Attempts to log in, by how they ended and the code of why";
        registry.register("logins", help, Family::clone(&logins));
        let help = "Waits that guessing was met with, by whom they concern";
        registry.register("login_holds", help, Family::clone(&holds));
        // The first of a kind would be no increase, had its series not been there before.
        for scope in ["source", "id", "aggregate"] {
            drop(holds.get_or_create(&HoldLabels { scope }));
        }
        let providers = Family::default();
        let help =
            "Requests of providers that were turned away, by provider, door and what was too much";
        registry.register("provider_requests_turned_away", help, Family::clone(&providers));
        for door in ["par", "token", "userinfo", "status"] {
            let provider = UNKNOWN_PROVIDER.to_owned();
            drop(providers.get_or_create(&ProviderLabels { provider, door, reason: "source" }));
        }
        let help = "Answered requests, by the pattern of their address";
        registry.register("http_requests", help, Family::clone(&requests));
        let help = "From a request's arrival to the head of its answer";
        registry.register("http_request_duration_seconds", help, Family::clone(&durations));
        let help = "Inquiries that households sent to the desk";
        let inquiries = Counter::default();
        registry.register("inquiries", help, inquiries.clone());
        // There from the start: whoever compares refusals with it would compare with nothing.
        drop(logins.get_or_create(&LoginLabels { outcome: "accepted", reason: "none" }));
        let help = "The version that runs";
        registry.register("build", help, Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        let late = Late::default();
        registry.register_collector(Box::new(late.clone()));
        Self { registry, logins, holds, providers, requests, durations, inquiries, late }
    }

    /// Adds a histogram that another part observes.
    pub fn add_histogram(&mut self, name: &str, help: &str, histogram: Histogram) {
        self.registry.register(name, help, histogram);
    }

    /// Adds figures that are asked for at each scrape.
    pub fn add_sampled(&mut self, sampled: Sampled) {
        self.registry.register_collector(Box::new(sampled));
    }

    /// Adds a figure that each of several threads has.
    pub fn add_of_threads(&mut self, of_threads: OfThreads) {
        self.registry.register_collector(Box::new(of_threads));
    }

    /// Adds when the certificate of the operators' listener expires, in seconds since 1970. That
    /// listener opens when handlers have the metrics already; the first call counts.
    pub fn watch_operator_certificate(&self, expires_s: impl Fn() -> u64 + Send + Sync + 'static) {
        let help =
            "When the TLS certificate of the operator listener expires, in seconds since 1970";
        let name = "operator_tls_certificate_expires_timestamp_seconds";
        let _ = self.late.0.set(Sampled::one(name, help, Kind::Gauge, expires_s));
    }

    /// Counts an inquiry to the desk: where no mail tells of it, an alert on this does.
    pub fn inquiry(&self) {
        self.inquiries.inc();
    }

    /// Counts an attempt to log in. Both words are codes of the house's own.
    pub fn login(&self, outcome: &'static str, reason: Option<&'static str>) {
        let reason = reason.unwrap_or("none");
        self.logins.get_or_create(&LoginLabels { outcome, reason }).inc();
    }

    /// Counts a hold that began: of one ID from one source (`source`), of an ID from everywhere
    /// but its line (`id`), or over all IDs (`aggregate`).
    pub fn hold(&self, scope: &'static str) {
        self.holds.get_or_create(&HoldLabels { scope }).inc();
    }

    /// Counts a request of a provider that was turned away. `provider` is the ID of one that is
    /// registered, so that their number stays bounded.
    pub fn provider_turned_away(&self, provider: &str, door: &'static str, reason: &'static str) {
        let provider = provider.to_owned();
        self.providers.get_or_create(&ProviderLabels { provider, door, reason }).inc();
    }

    /// Counts an answered request. `route` is the pattern of its address, `None` where none fits.
    pub fn request(&self, method: &str, route: Option<String>, status: u16, took: Duration) {
        let (method, status) = (known_method(method), status.into());
        let route = route.unwrap_or_else(|| "none".to_owned());
        let labels = RouteLabels { method, route };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
        let RouteLabels { method, route } = labels;
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// Everything, as monitoring reads it.
    ///
    /// # Errors
    /// None on a `String`; the format's own signature has one.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// A figure that is known only after the registry is shared; nothing until then.
#[derive(Debug, Clone, Default)]
struct Late(Arc<OnceLock<Sampled>>);

impl Collector for Late {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.get().map_or(Ok(()), |sampled| sampled.encode(encoder))
    }
}

/// A method that some route takes; any other word is the sender's.
fn known_method(method: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| *known == method).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_down() {
        let mut metrics = Metrics::new();
        metrics.login("accepted", None);
        metrics.login("refused", Some("wrong_password"));
        metrics.login("refused", Some("wrong_password"));
        metrics.hold("source");
        metrics.provider_turned_away("a-sha", "par", "budget");
        let route = Some("/flow/{id}/login".to_owned());
        metrics.request("POST", route, 403, Duration::from_millis(20));
        metrics.request("BREW", None, 404, Duration::ZERO);
        metrics.add_sampled(Sampled::one("lines_awake", "Lines", Kind::Gauge, || 7));
        let shed = Sampled::labelled(
            "shed",
            "Turned away",
            "reason",
            vec![("line_queue", Box::new(|| 3)), ("hash_queue", Box::new(|| 0))],
        );
        metrics.add_sampled(shed);
        let name = "linepass_operator_tls_certificate_expires_timestamp_seconds";
        assert!(!metrics.encode().expect("writes").contains(name), "it speaks no TLS");
        metrics.watch_operator_certificate(|| 4_102_444_800);
        assert!(metrics.encode().expect("writes").contains(&format!("{name} 4102444800\n")));
        let text = metrics.encode().expect("writes");
        for line in [
            "linepass_logins_total{outcome=\"accepted\",reason=\"none\"} 1",
            "linepass_logins_total{outcome=\"refused\",reason=\"wrong_password\"} 2",
            "linepass_login_holds_total{scope=\"source\"} 1",
            "linepass_provider_requests_turned_away_total{provider=\"a-sha\",door=\"par\",reason=\"budget\"} 1",
            "linepass_http_requests_total{method=\"POST\",route=\"/flow/{id}/login\",status=\"403\"} 1",
            "linepass_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 1",
            "linepass_http_request_duration_seconds_bucket{le=\"0.025\",method=\"POST\",route=\"/flow/{id}/login\"} 1",
            "linepass_lines_awake 7",
            "linepass_shed_total{reason=\"line_queue\"} 3",
            "# EOF",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }
}
