//! The invariants of the store, looked at beside the work; and what clients know of their orders,
//! held against it in parts.

use super::{access::Caller, ask, look, problem::ProblemDetails};
use crate::{
    actors::verifying::Stands,
    domain::ids::{ProviderId, Reference},
    verify::{
        Progress,
        ledger::{self, LedgerLine, MOST_LINES},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Query},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// The most bytes of a part of a ledger.
pub const MOST_LEDGER_BYTES: usize = 1 << 20;

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

/// Begins a look at the invariants, or has one follow that is under way.
pub async fn begin(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let line = ("verify", "an operator has the invariants looked at");
    let number = look::begin((&caller, &context), &body, line, || state.verifies.begin())?;
    Ok(HttpResponse::Ok().json(told(&state.verifies.last()).asked(number)))
}

/// Tells how the last look stands, or the one that is asked for.
pub async fn status(
    state: Data<WebState>,
    asked: look::AskedQuery,
) -> Result<HttpResponse, ProblemDetails> {
    Ok(HttpResponse::Ok().json(told(&look::of(state.verifies.last(), asked)?)))
}

/// Holds a part of a ledger against the store.
pub async fn ledger(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Ledger = ask::read(&body)?;
    let reason = ask::reason(&asked.reason)?;
    if asked.lines.len() > MOST_LINES {
        return Err(ProblemDetails::invalid(format!("lines: must be {MOST_LINES} at most")));
    }
    let keyed = state.verifies.keys();
    let held = ledger::check(state.store.as_ref(), Some(keyed), &asked.lines).await;
    let held = held.map_err(|error| ProblemDetails::internal(&context, &error))?;
    let line = look::looked("verify_ledger", (&caller, &context), Some(&reason));
    line.emit("an operator has a part of a ledger held against the store");
    Ok(HttpResponse::Ok().json(held))
}

/// Lists the references of a provider's completed orders.
pub async fn orders(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    asked: Result<Query<OrdersAsked>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let asked = asked.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let page = ledger::orders(state.store.as_ref(), &asked.provider, asked.after.as_ref()).await;
    let page = page.map_err(|error| ProblemDetails::internal(&context, &error))?;
    let line = look::looked("list_orders", (&caller, &context), None);
    line.provider(asked.provider.as_str()).emit("an operator has a provider's orders listed");
    Ok(HttpResponse::Ok().json(page))
}

fn told(stands: &Stands) -> look::LookTold {
    let far = |progress: &Progress| (json!(progress.step), progress.done, progress.of);
    look::told(stands, far, |report| (report.is_whole(), json!(report)))
}
