//! How a month stands, and its close: begun here, it goes on by itself.

use super::month_of;
use crate::{
    actors::{
        LineError,
        closing::{CloseError, Phase, Progress},
        system::Asked,
    },
    domain::{calendar::Month, system::SystemRefusal},
    telemetry::{Decision, Outcome},
    web::{
        context::RequestContext,
        form::Body,
        operator::{access::Caller, ask, problem::ProblemDetails},
        state::WebState,
    },
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to close a month.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MonthClose")]
pub struct Close {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell whether it could be closed and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// How a month stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MonthState")]
pub struct MonthState {
    /// The month of the charges.
    pub month: Month,
    /// How far it is.
    pub state: Closing,
    /// The last month that is closed for all lines, where any is.
    pub closed_through: Option<Month>,
    /// Lines that there are, while a close is under way.
    pub lines_total: u64,
    /// Lines that it is done with.
    pub lines_done: u64,
    /// Bills that this run of the close made.
    pub bills: u64,
    /// Their charges.
    pub items: u64,
    /// What they come to, in yen.
    pub total_yen: i64,
    /// Why the close ended before its end, where it did; run again it goes on.
    pub problem: Option<String>,
    /// The problem's code.
    pub code: Option<String>,
}

/// How far a month is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MonthClosing")]
pub enum Closing {
    /// Nothing of it is fixed.
    Open,
    /// A close looks whether an earlier month is open.
    Checking,
    /// A close is under way.
    Closing,
    /// A close was begun and ended before its end.
    Broken,
    /// It is closed.
    Closed,
}

/// Tells how a month stands.
pub async fn status(
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    Ok(HttpResponse::Ok().json(month_state(&context, &state, month).await?))
}

/// Begins a close, or goes on with one that broke off; it goes on by itself. A month that is closed
/// is told as it stands.
pub async fn close(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    month: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let month = month_of(&month)?;
    let asked: Close = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    if asked.dry_run {
        let allowed = state.closer.rehearse(month).await;
        unless_closed(allowed, &context, month)?;
        return Ok(HttpResponse::Ok().json(month_state(&context, &state, month).await?));
    }
    let begun = state.closer.begin(month).await;
    if let Some(run) = unless_closed(begun, &context, month)?.flatten() {
        let (state, own) = (state.clone(), context.clone());
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        // It goes on though whoever asked has gone away.
        actix_rt::spawn(async move {
            let closed = state.closer.drive(&run, &asked).await;
            log_close(&own, &run.progress(), closed.as_ref().err().map(|error| &**error));
        });
    }
    Ok(HttpResponse::Ok().json(month_state(&context, &state, month).await?))
}

/// How a month stands, with what a close of it that is under way has done.
pub(super) async fn month_state(
    context: &RequestContext,
    state: &WebState,
    month: Month,
) -> Result<MonthState, ProblemDetails> {
    let system = state.closer.state().await;
    let system = system.map_err(|error| ProblemDetails::internal(context, &error))?;
    let run = state.closer.run().filter(|run| run.month == month);
    let progress = run.map(|run| run.progress());
    let begun = system.closing.is_some_and(|begun| begun.month == month);
    let closing = match progress.as_ref().map(|progress| (&progress.ended, progress.phase)) {
        _ if system.is_closed(month) => Closing::Closed,
        Some((None, Phase::Checking)) => Closing::Checking,
        Some((None, Phase::Closing)) => Closing::Closing,
        _ if begun => Closing::Broken,
        _ => Closing::Open,
    };
    let error = progress.as_ref().and_then(|progress| progress.ended.as_ref()?.as_ref().err());
    let figure = |of: fn(&Progress) -> u64| progress.as_ref().map_or(0, of);
    Ok(MonthState {
        month,
        state: closing,
        closed_through: system.closed_through,
        lines_total: figure(|progress| progress.lines_total),
        lines_done: figure(|progress| progress.lines_done),
        bills: figure(|progress| progress.bills_closed),
        items: figure(|progress| progress.items),
        total_yen: progress.as_ref().map_or(0, |progress| progress.total_yen),
        problem: error.map(ToString::to_string),
        code: error.map(|error| code_of(error).to_owned()),
    })
}

/// A month that is closed is no failure of whoever closes it again: it is told as it stands.
fn unless_closed<T>(
    answer: Result<T, CloseError>,
    context: &RequestContext,
    month: Month,
) -> Result<Option<T>, ProblemDetails> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(CloseError::Refused(SystemRefusal::ClosedAlready(closed))) if closed == month => {
            Ok(None)
        }
        Err(CloseError::Refused(refusal)) => {
            Err(ProblemDetails::new(StatusCode::CONFLICT, refusal.code(), refusal.to_string()))
        }
        Err(error) => Err(ProblemDetails::internal(context, &error)),
    }
}

fn code_of(error: &CloseError) -> &'static str {
    match error {
        CloseError::Refused(refusal) => refusal.code(),
        CloseError::Line { error, .. } => match &**error {
            LineError::Refused(refusal) => refusal.code(),
            _ => "line_failed",
        },
        CloseError::System(_) | CloseError::Store(_) => "store_failed",
    }
}

fn log_close(context: &RequestContext, progress: &Progress, error: Option<&CloseError>) {
    let decision = match error {
        None => Decision::new("close_month", Outcome::Accepted),
        Some(error @ CloseError::Refused(_)) => {
            Decision::new("close_month", Outcome::Refused).reason(code_of(error))
        }
        Some(error) => {
            // With its action, so that whoever looks for the close's lines finds what broke it.
            let (action, month) = ("close_month", progress.month);
            tracing::error!(action, %month, %error, "a month's close broke off");
            Decision::new("close_month", Outcome::Failed).reason(code_of(error))
        }
    };
    decision
        .amount_yen(progress.total_yen)
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("an operator closed a month");
}
