//! Maintenance on, off, and how it stands.

use super::{access::Caller, ask, problem::ProblemDetails};
use crate::{
    actors::{
        LineError,
        system::{Asked, SystemError},
    },
    domain::{calendar::Instant, shape::OneLine, system::Notice},
    telemetry::{Decision, Outcome},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{HttpResponse, http::StatusCode, web::Data};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to put it on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MaintenanceBegin")]
pub(super) struct Begin {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// What households read beside the usual words: 1 to 120 characters.
    #[schemars(with = "Option<OneLine<{ Notice::LONGEST_MESSAGE }>>")]
    message: Option<String>,
    /// When it is expected to end, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is asked for to put it off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MaintenanceEnd")]
pub(super) struct End {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Tells whether it is on.
pub async fn status(state: Data<WebState>) -> HttpResponse {
    HttpResponse::Ok().json(told(state.maintenance.notice().as_deref(), None))
}

/// Puts it on; while it is on, puts another notice up.
pub async fn begin(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Begin = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    let notice = notice(&asked, state.host.now())?;
    if !asked.dry_run {
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        let notice = notice.clone();
        let own = context.clone();
        let begun = async move {
            let begun = state.maintenance.begin(&asked, &notice).await;
            begun.map_err(|error| problem(&own, error))
        };
        ask::to_its_end(&context, begun, log("begin_maintenance")).await?;
    }
    Ok(HttpResponse::Ok().json(told(Some(&notice), Some(asked.dry_run))))
}

/// Puts it off.
pub async fn end(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: End = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    if asked.dry_run {
        let system = state.system.state().await;
        let system = system.map_err(|error| ProblemDetails::internal(&context, &error))?;
        let refused = system.end_maintenance().map(drop).map_err(SystemError::from);
        refused.map_err(|error| problem(&context, error))?;
    } else {
        let asked = Asked { by, request_id: Some(context.request_id.clone()) };
        let own = context.clone();
        let ended = async move {
            let ended = state.maintenance.end(&asked).await;
            ended.map_err(|error| problem(&own, error))
        };
        ask::to_its_end(&context, ended, log("end_maintenance")).await?;
    }
    Ok(HttpResponse::Ok().json(told(None, Some(asked.dry_run))))
}

fn notice(asked: &Begin, now: Instant) -> Result<Notice, ProblemDetails> {
    let until = asked.until.as_deref().map(str::parse::<Instant>).transpose();
    let until = until.map_err(|_| {
        ProblemDetails::invalid("until: must be RFC 3339, such as 2026-11-30T05:00:00+09:00")
    })?;
    let notice = Notice::new(asked.message.as_deref(), until, now);
    notice.map_err(|fault| ProblemDetails::invalid(fault.to_string()))
}

/// A change of the whole that was not made.
pub fn problem(context: &RequestContext, error: SystemError) -> ProblemDetails {
    match error {
        SystemError::Refused(refusal) => {
            let unknown = refusal.is_unknown();
            let status = if unknown { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT };
            ProblemDetails::new(status, refusal.code(), refusal.to_string())
        }
        SystemError::Commit(error) => ProblemDetails::of_line(context, &LineError::from(error)),
        SystemError::Store(error) => ProblemDetails::internal(context, &error),
    }
}

/// What writes the decision's line in the log.
pub fn log<T>(
    action: &'static str,
) -> impl FnOnce(&RequestContext, &Result<T, ProblemDetails>) + 'static {
    move |context, made| {
        decision(action, context, made).emit("an operator changed Linepass as a whole");
    }
}

/// The decision's line, for whatever was changed.
pub fn decision<'a, T>(
    action: &'static str,
    context: &'a RequestContext,
    made: &Result<T, ProblemDetails>,
) -> Decision<'a> {
    let decision = match made {
        Ok(_) => Decision::new(action, Outcome::Accepted),
        Err(problem) => problem.decision(action),
    };
    decision
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
}

/// How it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Maintenance")]
pub(super) struct Told {
    on: bool,
    /// What households read beside the usual words.
    message: Option<String>,
    /// When it is expected to end, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Whether nothing was changed; only where a change was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
}

fn told(notice: Option<&Notice>, dry_run: Option<bool>) -> Told {
    Told {
        on: notice.is_some(),
        message: notice.and_then(|notice| notice.message.clone()),
        until: notice.and_then(|notice| notice.until).map(Instant::rfc3339),
        dry_run,
    }
}
