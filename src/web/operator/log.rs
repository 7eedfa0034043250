//! Level and form of the log, changed while the server runs (checks/experience.md 34).

use super::{
    access::Caller,
    ask,
    maintenance::{log, problem},
    problem::ProblemDetails,
};
use crate::{
    actors::system::{Asked, SystemChange},
    config::{LogFormat, LogLevel},
    domain::{calendar::Instant, shape, system::SystemEvent},
    telemetry::{Decision, InForce, LogControl, Outcome, control},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{HttpResponse, http::StatusCode, web::Data};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::Mutex;

/// The longest time that a change may be made for: a week.
const LONGEST_S: u64 = 7 * 86_400;

/// Held from the look at the log to its change, so that what the journal says was there before was
/// there. A process has one log.
static CHANGING: Mutex<()> = Mutex::const_new(());

/// What is asked for; what is not given stays as it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogChange", extend("anyOf" = [
    { "required": ["level"], "properties": { "level": { "type": "string" } } },
    { "required": ["format"], "properties": { "format": { "type": "string" } } },
]))]
pub(super) struct Change {
    /// The least important lines that are written: `error`, `warn`, `info`, `debug`, `trace`.
    level: Option<LogLevel>,
    /// `auto`, `pretty` or `json`.
    format: Option<LogFormat>,
    /// Seconds after which the log returns to the configuration by itself; where it is not given, a
    /// return that was set before stays.
    #[schemars(range(min = 1, max = LONGEST_S))]
    #[serde(default, deserialize_with = "shape::whole_or_none")]
    for_s: Option<u64>,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// How the log is written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LogState")]
pub(super) struct Told {
    /// Whether nothing was changed; of a change alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    /// The least important lines that are written.
    level: String,
    /// The form of a line.
    format: String,
    /// When it returns to the configuration by itself, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// What the configuration says.
    configured: Configured,
    /// Lines that were lost since the start, by where they were to be written.
    lost_lines: BTreeMap<String, u64>,
}

/// What the configuration says of the log.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LogConfigured")]
struct Configured {
    level: String,
    format: String,
}

/// Tells how the log is written.
pub async fn show() -> Result<HttpResponse, ProblemDetails> {
    let log = this_log()?;
    Ok(HttpResponse::Ok().json(told(log, log.in_force(), None)))
}

/// Changes it until the next start, or for a time.
pub async fn change(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Change = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&asked.reason)?);
    check(&asked)?;
    let control = this_log()?;
    let now = state.host.now();
    if asked.dry_run {
        let wanted = asked.wanted(control.in_force(), now);
        return Ok(HttpResponse::Ok().json(told(control, wanted, Some(true))));
    }
    let who = Asked { by, request_id: Some(context.request_id.clone()) };
    let own = context.clone();
    let made = async move {
        let _one_at_a_time = CHANGING.lock().await;
        let before = control.in_force();
        let wanted = asked.wanted(before, now);
        let until = wanted.until.map(Instant::from);
        let event = SystemEvent::LogChanged { before: words(before), after: words(wanted), until };
        let whole =
            |_: &_| Ok(SystemChange { events: vec![event.clone()], ..SystemChange::default() });
        state.system.change(&who, whole).await.map_err(|error| problem(&own, error))?;
        let for_time = asked.for_s.map(Duration::from_secs);
        let made = control.set(asked.level, asked.format, for_time.and(wanted.until));
        let made = made.map_err(|error| ProblemDetails::internal(&own, &error))?;
        if let Some(time) = for_time {
            actix_rt::spawn(end_after(control, made.change, time));
        }
        Ok(made)
    };
    let made = ask::to_its_end(&context, made, log("change_log")).await?;
    Ok(HttpResponse::Ok().json(told(control, made, Some(false))))
}

impl Change {
    /// How the log will be written. A return that was set before stays, unless another is asked for.
    fn wanted(&self, before: InForce, now: Instant) -> InForce {
        let until = self.for_s.map(|seconds| now.after_s(seconds));
        let until = until.and_then(|until| Timestamp::from_microsecond(until.micros()).ok());
        InForce {
            level: self.level.unwrap_or(before.level),
            format: self.format.unwrap_or(before.format),
            until: until.or(before.until),
            ..before
        }
    }
}

fn check(asked: &Change) -> Result<(), ProblemDetails> {
    if asked.level.is_none() && asked.format.is_none() {
        return Err(ProblemDetails::invalid("level, format: one of them at least is wanted"));
    }
    if asked.for_s.is_some_and(|seconds| !(1..=LONGEST_S).contains(&seconds)) {
        let allowed = format!("for_s: wanted are 1 to {LONGEST_S} seconds");
        return Err(ProblemDetails::invalid(allowed));
    }
    Ok(())
}

/// Returns to the configuration, unless somebody changed the log again meanwhile.
async fn end_after(control: &'static LogControl, change: u64, time: Duration) {
    tokio::time::sleep(time).await;
    let ended = match control.end(change) {
        Ok(false) => return,
        Ok(true) => Decision::new("end_log_change", Outcome::Accepted),
        Err(_) => Decision::new("end_log_change", Outcome::Failed).reason("no_log"),
    };
    ended.emit("the log is written as configured again");
}

fn this_log() -> Result<&'static LogControl, ProblemDetails> {
    let detail = "this process keeps no log of its own";
    control().ok_or_else(|| ProblemDetails::new(StatusCode::CONFLICT, "no_log", detail))
}

fn words(in_force: InForce) -> String {
    format!("{}, {}", word(&in_force.level), word(&in_force.format))
}

/// The word of a level or form in the configuration.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn told(control: &LogControl, in_force: InForce, dry_run: Option<bool>) -> Told {
    let configured = control.configured();
    let lost = control.lost_lines().map(|(output, lost)| (output.to_owned(), lost));
    Told {
        dry_run,
        level: word(&in_force.level),
        format: word(&in_force.format),
        until: in_force.until.map(|until| Instant::from(until).rfc3339()),
        configured: Configured { level: word(&configured.level), format: word(&configured.format) },
        lost_lines: lost.collect(),
    }
}
