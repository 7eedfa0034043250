//! Waits that guessing was met with: those in memory and those that the line has, listed and
//! released (details.md "Throttle").

use super::{
    access::Caller,
    ask,
    lines::{customer_id, look},
    problem::ProblemDetails,
    provisioning::{Plain, made},
};
use crate::{
    actors::{change::What, line::LineView},
    domain::{
        ids::{CustomerId, PassportNumber},
        line::{Command, Line, Refusal},
        shape,
    },
    security::CommittedHold,
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for to release holds.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HoldRelease")]
pub(super) struct Release {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Those of this passport ID, by its number in the line; of the access key where absent.
    #[serde(default, deserialize_with = "shape::whole_or_none")]
    passport: Option<u32>,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The holds of a line.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Holds")]
pub(super) struct LineHolds {
    customer_id: CustomerId,
    holds: Vec<Hold>,
}

/// The holds that were released.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HoldsReleased")]
pub(super) struct HoldsReleased {
    dry_run: bool,
    customer_id: CustomerId,
    released: Vec<Hold>,
}

/// A wait.
#[derive(Serialize, JsonSchema)]
struct Hold {
    /// Of this passport ID, by its number in the line; of the access key where null.
    passport: Option<u32>,
    /// From this prefix; from everywhere but the line's own where null.
    from: Option<String>,
    /// The failures that led to it.
    failures: u32,
    /// What is left of it.
    seconds_left: u64,
    /// Whether the journal has it too, so that it survives a restart.
    committed: bool,
}

/// Lists them.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let view = look(&context, &state, customer).await?;
    let line = known(&view)?;
    let passports = line.live_passports().map(|passport| Some(passport.number));
    let all = std::iter::once(None).chain(passports);
    let holds = all.flat_map(|passport| holds_of(&state, &view, customer, passport)).collect();
    Ok(HttpResponse::Ok().json(LineHolds { customer_id: customer, holds }))
}

/// Releases those of a passport ID, or of the access key.
pub async fn release(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: Release = ask::read(&body)?;
    let passport = asked.passport.map(PassportNumber);
    let view = look(&context, &state, customer).await?;
    let line = known(&view)?;
    if passport.is_some_and(|number| line.live_passport(number).is_none()) {
        return Err(ProblemDetails::refused(&Refusal::UnknownPassport));
    }
    let released = holds_of(&state, &view, customer, passport);
    if released.is_empty() {
        let detail = "nothing is held there";
        return Err(ProblemDetails::new(StatusCode::CONFLICT, "nothing_held", detail));
    }
    let dry_run = asked.dry_run;
    let what = What::Plain(Box::new(Command::ReleaseHolds(passport)));
    let change = Plain { action: "release_holds", what, reason: asked.reason, dry_run };
    made(&caller, &context, &state, customer, change).await?;
    if !dry_run && let Some(id_key) = id_key(&state, &view, customer, passport) {
        state.throttle.release(id_key);
    }
    Ok(HttpResponse::Ok().json(HoldsReleased { dry_run, customer_id: customer, released }))
}

fn known(view: &LineView) -> Result<&Line, ProblemDetails> {
    view.line.as_deref().ok_or_else(|| ProblemDetails::refused(&Refusal::UnknownLine))
}

/// The key that the throttle counts by.
fn id_key(
    state: &WebState,
    view: &LineView,
    customer: CustomerId,
    passport: Option<PassportNumber>,
) -> Option<[u8; 32]> {
    let Some(number) = passport else { return Some(state.access_key_id(customer)) };
    view.private.get(&number).map(|private| state.keys.name_hash(private.name.as_str()))
}

/// What stands in memory, and what the journal has that memory was not asked for since the start.
fn holds_of(
    state: &WebState,
    view: &LineView,
    customer: CustomerId,
    passport: Option<PassportNumber>,
) -> Vec<Hold> {
    let key = id_key(state, view, customer, passport);
    let in_memory = key.map(|key| state.throttle.holds_of(key)).unwrap_or_default();
    let committed = state.committed_holds(view, passport);
    let has = |all: &[CommittedHold], hold: &CommittedHold| {
        all.iter().any(|other| other.source_prefix == hold.source_prefix)
    };
    let told = |hold: &CommittedHold, committed| Hold {
        passport: passport.map(|number| number.0),
        from: hold.source_prefix.map(|prefix| prefix.to_string()),
        failures: hold.failures,
        seconds_left: hold.remaining.as_secs() + u64::from(hold.remaining.subsec_nanos() > 0),
        committed,
    };
    let standing = in_memory.iter().map(|hold| told(hold, has(&committed, hold)));
    let others = committed.iter().filter(|hold| !has(&in_memory, hold));
    standing.chain(others.map(|hold| told(hold, true))).collect()
}
