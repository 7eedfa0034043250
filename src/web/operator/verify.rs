//! The invariants of the store, looked at beside the work; and what clients know of their orders,
//! held against it in parts.

use super::{access::Caller, ask, maintenance::decision, problem::ProblemDetails};
use crate::{
    actors::verifying::Walk,
    domain::{
        calendar::Instant,
        ids::{ProviderId, Reference},
    },
    verify::{
        Report, Step,
        ledger::{self, LedgerLine, MOST_LINES},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most bytes of a part of a ledger.
pub const MOST_LEDGER_BYTES: usize = 1 << 20;

/// What is asked for to begin a look.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VerifyBegin")]
pub(super) struct Begin {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
}

/// A part of a ledger.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VerifyLedger")]
pub(super) struct Ledger {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// What clients know: 1,000 orders at most.
    #[schemars(length(max = MOST_LINES))]
    lines: Vec<LedgerLine>,
}

/// Whose orders are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VerifyOrdersAsked")]
pub struct OrdersAsked {
    /// The provider.
    provider: ProviderId,
    /// Those after this reference.
    after: Option<Reference>,
}

/// How the last look at the invariants stands.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "VerifyLook")]
pub(super) struct LookTold {
    /// `never`, `running` or `done`.
    #[schemars(extend("enum" = ["never", "running", "done"]))]
    state: &'static str,
    /// What a running one looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    step: Option<Step>,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<u64>,
    /// Of how much; 0 where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    /// Whether every invariant holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<bool>,
    /// When it ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
    /// What was looked at, and what does not hold.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Value>")]
    report: Option<Report>,
}

/// Begins a look at the invariants, or joins the one that is under way.
pub async fn begin(
    _: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Begin = ask::read(&body)?;
    ask::reason(&asked.reason)?;
    state.verifies.begin();
    let begun: Result<(), ProblemDetails> = Ok(());
    decision("verify", &context, &begun).emit("an operator has the invariants looked at");
    Ok(HttpResponse::Ok().json(told(&state.verifies.last())))
}

/// Tells how the last look stands.
pub async fn status(state: Data<WebState>) -> HttpResponse {
    HttpResponse::Ok().json(told(&state.verifies.last()))
}

/// Holds a part of a ledger against the store.
pub async fn ledger(
    _: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Ledger = ask::read(&body)?;
    ask::reason(&asked.reason)?;
    if asked.lines.len() > MOST_LINES {
        return Err(ProblemDetails::invalid(format!("lines: must be {MOST_LINES} at most")));
    }
    let keyed = state.verifies.keys();
    let held = ledger::check(state.store.as_ref(), Some(keyed), &asked.lines).await;
    let held = held.map_err(|error| ProblemDetails::internal(&context, &error))?;
    Ok(HttpResponse::Ok().json(held))
}

/// Lists the references of a provider's completed orders.
pub async fn orders(
    _: Caller,
    context: RequestContext,
    state: Data<WebState>,
    asked: Result<Query<OrdersAsked>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let asked = asked.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let page = ledger::orders(state.store.as_ref(), &asked.provider, asked.after.as_ref()).await;
    let page = page.map_err(|error| ProblemDetails::internal(&context, &error))?;
    Ok(HttpResponse::Ok().json(page))
}

fn told(walk: &Walk) -> LookTold {
    match walk {
        Walk::Never => LookTold { state: "never", ..LookTold::default() },
        Walk::Running(progress) => LookTold {
            state: "running",
            step: progress.map(|progress| progress.step),
            done: progress.map(|progress| progress.done),
            of: progress.map(|progress| progress.of),
            ..LookTold::default()
        },
        Walk::Done { report, at } => LookTold {
            state: "done",
            whole: Some(report.is_whole()),
            ended_at: Some(Instant::rfc3339(*at)),
            report: Some(Report::clone(report)),
            ..LookTold::default()
        },
    }
}
