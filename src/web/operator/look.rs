//! Long looks at the store, which nobody waits for: how one is begun and how it is told.

use super::{access::Caller, ask, maintenance::decision, problem::ProblemDetails};
use crate::{
    actors::walk::{Stands, Walk},
    domain::{calendar::Instant, reason::Reason},
    telemetry::Decision,
    web::{context::RequestContext, form::Body},
};
use actix_web::web::Query;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is asked for to begin one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LookBegin")]
pub(super) struct Begin {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
}

/// Which look is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LookAsked")]
pub struct Asked {
    /// The number that the answer to the beginning had in `asked`: told is the last look that ended, where
    /// it is this one or a later one, also while another goes on. Where absent, how the last one stands.
    look: Option<u64>,
}

/// The query by which one is asked for.
pub type AskedQuery = Result<Query<Asked>, actix_web::Error>;

/// How a look stands.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "Look")]
pub(super) struct LookTold {
    /// `never`, `running` or `done`.
    #[schemars(extend("enum" = ["never", "running", "done"]))]
    state: &'static str,
    /// Which it is, counted since the server was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    look: Option<u64>,
    /// The one that was asked for: the next where one was under way, which saw less. Its answer is
    /// there once a look of this number or a later one is done; `?look=` asks for just that.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<u64>,
    /// What a running one looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    step: Option<Value>,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    /// Of how much; 0 where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    /// Whether all was looked at and all holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<bool>,
    /// When it ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
    /// What was looked at, and what is wrong with it.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Value>")]
    report: Option<Value>,
}

impl LookTold {
    /// Tells which look answers whoever asked.
    pub(super) fn asked(self, number: u64) -> Self {
        Self { asked: Some(number), ..self }
    }
}

/// What is told of how far a look is: what it looks at, how much of it is done, of how much.
pub(super) type Far = (Value, u64, u64);

/// How the look that is asked for stands.
///
/// # Errors
/// The query has another field, or no number.
pub(super) fn of<P, R>(
    stands: Stands<P, R>,
    asked: AskedQuery,
) -> Result<Stands<P, R>, ProblemDetails> {
    let asked = asked.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    Ok(match asked.look {
        Some(number) => stands.told_to(number),
        None => stands,
    })
}

/// How one stands; `far` tells of one under way, `found` whether all is whole and the report.
pub(super) fn told<P, R>(
    stands: &Stands<P, R>,
    far: impl Fn(&P) -> Far,
    found: impl Fn(&R) -> (bool, Value),
) -> LookTold {
    let look = Some(stands.number);
    match &stands.walk {
        Walk::Never => LookTold { state: "never", ..LookTold::default() },
        Walk::Running(progress) => {
            let far = progress.as_ref().map(far);
            let (done, of) = (far.as_ref().map(|far| far.1), far.as_ref().map(|far| far.2));
            let step = far.map(|far| far.0);
            LookTold { state: "running", look, step, done, of, ..LookTold::default() }
        }
        Walk::Done { report, at } => {
            let (whole, report) = found(report);
            let ended_at = Some(Instant::rfc3339(*at));
            let (whole, report) = (Some(whole), Some(report));
            LookTold { state: "done", look, whole, ended_at, report, ..LookTold::default() }
        }
    }
}

/// Begins a look for a reason, with its line in the log; its number.
pub(super) fn begin(
    (caller, context): (&Caller, &RequestContext),
    body: &Body,
    (action, sentence): (&'static str, &str),
    look: impl FnOnce() -> u64,
) -> Result<u64, ProblemDetails> {
    let asked: Begin = ask::read(body)?;
    let reason = ask::reason(&asked.reason)?;
    let number = look();
    looked(action, (caller, context), Some(&reason)).emit(sentence);
    Ok(number)
}

/// The line in the log of a look that an operator was let have.
pub(super) fn looked<'a>(
    action: &'static str,
    (caller, context): (&'a Caller, &'a RequestContext),
    reason: Option<&'a Reason>,
) -> Decision<'a> {
    let made: Result<(), ProblemDetails> = Ok(());
    decision(action, context, &made).operator(&caller.name, reason.map(Reason::as_str))
}

/// A report's fields with one more beside them.
pub(super) fn with(report: &impl Serialize, field: &str, value: &impl Serialize) -> Value {
    let mut report = json!(report);
    report[field] = json!(value);
    report
}
