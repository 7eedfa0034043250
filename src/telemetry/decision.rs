//! The one line that each decision gets.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Accepted,
    /// Not done, by a rule; the reason says which.
    Refused,
    /// Not done, because something broke.
    Failed,
}

impl Outcome {
    /// The word of the `outcome` field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A decision's fields (interfaces.md 4); those that are not given are left out of the line.
///
/// ```
/// use linepass::telemetry::{Decision, Outcome};
///
/// Decision::new("purchase", Outcome::Refused)
///     .reason("over_passport_limit")
///     .line("CAF0000012573")
///     .amount_yen(525)
///     .emit("A purchase went over the passport ID's limit");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a decision is logged by `emit`"]
pub struct Decision<'a> {
    action: &'static str,
    outcome: Outcome,
    reason: Option<&'static str>,
    line: Option<Cow<'a, str>>,
    provider: Option<Cow<'a, str>>,
    service: Option<Cow<'a, str>>,
    amount_yen: Option<i64>,
    source: Option<IpAddr>,
    latency: Option<Duration>,
    request_id: Option<Cow<'a, str>>,
    operator: Option<&'a str>,
    operator_reason: Option<&'a str>,
}

impl<'a> Decision<'a> {
    /// A decision about `action` (`snake_case`: `login`, `purchase`).
    pub fn new(action: &'static str, outcome: Outcome) -> Self {
        Self {
            action,
            outcome,
            reason: None,
            line: None,
            provider: None,
            service: None,
            amount_yen: None,
            source: None,
            latency: None,
            request_id: None,
            operator: None,
            operator_reason: None,
        }
    }

    /// The stable code of the refusal or failure.
    pub fn reason(mut self, code: &'static str) -> Self {
        self.reason = Some(code);
        self
    }

    /// The customer ID of the access line.
    pub fn line(mut self, customer_id: impl Into<Cow<'a, str>>) -> Self {
        self.line = Some(customer_id.into());
        self
    }

    /// The client ID of the provider.
    pub fn provider(mut self, client_id: impl Into<Cow<'a, str>>) -> Self {
        self.provider = Some(client_id.into());
        self
    }

    /// The service in the provider's catalogue.
    pub fn service(mut self, service: impl Into<Cow<'a, str>>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// The total of the order, in yen with tax.
    pub fn amount_yen(mut self, amount_yen: i64) -> Self {
        self.amount_yen = Some(amount_yen);
        self
    }

    /// The address that the request came from.
    pub fn source(mut self, address: IpAddr) -> Self {
        self.source = Some(address);
        self
    }

    /// From the request's arrival to the answer; logged in microseconds.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// The operator's token by its name, and why, of what the journal does not keep.
    pub const fn operator(mut self, name: &'a str, reason: Option<&'a str>) -> Self {
        self.operator = Some(name);
        self.operator_reason = reason;
        self
    }

    /// The request, where no span carries its ID.
    pub fn request_id(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Logs the decision with a sentence: an error if it failed, for information otherwise.
    pub fn emit(self, sentence: &str) {
        // The level of an event is fixed where it stands, so it stands twice.
        macro_rules! emit {
            ($level:expr) => {
                tracing::event!(
                    target: "linepass::decision",
                    $level,
                    action = self.action,
                    outcome = self.outcome.as_str(),
                    reason = self.reason,
                    line = self.line.as_deref(),
                    provider = self.provider.as_deref(),
                    service = self.service.as_deref(),
                    amount_yen = self.amount_yen,
                    source = self.source.map(tracing::field::display),
                    latency_us = self.latency.map(micros),
                    request_id = self.request_id.as_deref(),
                    operator = self.operator,
                    operator_reason = self.operator_reason,
                    "{sentence}"
                )
            };
        }
        match self.outcome {
            Outcome::Failed => emit!(tracing::Level::ERROR),
            Outcome::Accepted | Outcome::Refused => emit!(tracing::Level::INFO),
        }
    }
}

/// Whole microseconds; half a million years are more than enough.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
