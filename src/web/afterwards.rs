//! What a login leaves to do after its answer, in the background: waits that are committed, hashes
//! that are made anew, and the line's list of last sign-ins. An answer waits for none of them, so
//! its time tells nothing of them (security.md 2), and nobody is refused because of them.

use crate::{
    actors::{
        LineError,
        change::{Change, NewHash, NewPlace, What},
    },
    domain::{
        ids::{CustomerId, PassportNumber},
        line::{By, Command, RowRef, command::PlaceHold, portal::is_new_place},
    },
    security::{FailureOutcome, Hold, Secret, Source, random},
    store::{
        Batch, PersonalRow, Put,
        record::{Personal, SIGN_INS_ROW, SignIn},
    },
    telemetry::{Decision, Outcome},
    web::{context::RequestContext, state::WebState},
};
use actix_web::{rt, web::Data};
use ipnetwork::IpNetwork;
use std::{net::IpAddr, sync::Arc};

/// Whose secret it is.
#[derive(Debug, Clone, Copy)]
pub struct Whose {
    /// The line.
    pub customer: CustomerId,
    /// The ID whose password it is; absent for the line's access key.
    pub passport: Option<PassportNumber>,
}

/// The request after which something is left to do.
#[derive(Clone, Copy)]
pub struct After<'a> {
    /// What handlers reach.
    pub state: &'a Data<WebState>,
    /// The request.
    pub context: &'a RequestContext,
}

/// Tells of the waits that a failure began, and commits those of an ID that exists.
pub fn note_holds(after: After<'_>, whose: Option<Whose>, source: Source, outcome: FailureOutcome) {
    let metrics = &after.state.metrics;
    let FailureOutcome { source_hold, id_hold, aggregate_hold, .. } = outcome;
    let begun = [
        ("source", source_hold.is_some()),
        ("id", id_hold.is_some()),
        ("aggregate", aggregate_hold),
    ];
    for (scope, _) in begun.into_iter().filter(|(_, begun)| *begun) {
        metrics.hold(scope);
        tracing::warn!(source = %source, scope, "guessing was met with a wait");
    }
    let Some(whose) = whose else { return };
    let holds = [(Some(source.throttle_prefix()), source_hold), (None, id_hold)];
    let holds = holds.into_iter().filter_map(|(from, hold)| hold.map(|hold| (from, hold)));
    for (from, hold) in holds {
        let (state, request_id) = (Data::clone(after.state), after.context.request_id.clone());
        rt::spawn(async move { commit_hold(&state, whose, from, hold, request_id).await });
    }
}

/// Sign-ins that a line remembers.
const RECENT_SIGN_INS: usize = 20;

/// An accepted sign-in.
pub struct SignedIn {
    /// Whose.
    pub whose: Whose,
    /// Whether it came from the line itself.
    pub from_own_line: bool,
    /// The provider's ID, or [`SignIn::PORTAL`].
    pub to: String,
}

/// Remembers a sign-in among the line's last ones, and has the household told of one from a new
/// place. Two at the same instant may leave one of them out of the list: it is for the eye, what
/// was decided stands in the journal.
pub fn remember_sign_in(after: After<'_>, signed_in: SignedIn) {
    let (state, request_id) = (Data::clone(after.state), after.context.request_id.clone());
    let from = place(after.context.source);
    rt::spawn(async move { note_sign_in(&state, signed_in, from, request_id).await });
}

/// Where somebody comes from, as a household knows it: the address, or in IPv6 the prefix, since
/// privacy addresses change within it (security.md 56).
fn place(source: Source) -> String {
    match source.address() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(_) => source.throttle_prefix().to_string(),
    }
}

async fn note_sign_in(state: &WebState, signed_in: SignedIn, from: String, request_id: String) {
    let SignedIn { whose, from_own_line, to } = signed_in;
    let at = state.host.now().micros();
    let mut recent = match state.store.personal(whose.customer, SIGN_INS_ROW).await {
        Ok(Some(PersonalRow { data: Personal::SignIns { recent }, .. })) => recent,
        Ok(_) => Vec::new(),
        Err(error) => {
            tracing::error!(%error, line = %whose.customer, "recent sign-ins cannot be read");
            return;
        }
    };
    let known = recent.iter().map(|sign_in| sign_in.from.as_str());
    if is_new_place(known, &from, from_own_line) {
        let (from, to) = (from.clone(), to.clone());
        let place = NewPlace { passport: whose.passport, at, from, to };
        let what = What::NoteNewPlace(Box::new(place));
        make(state, whose, what, "note_new_place", "new_place", request_id).await;
    }
    let surplus = (recent.len() + 1).saturating_sub(RECENT_SIGN_INS);
    recent.drain(..surplus);
    recent.push(SignIn { at, from, to });
    let body = PersonalRow::new(random::bytes(), Personal::SignIns { recent });
    let put = vec![Put::Personal { customer: whose.customer, row: SIGN_INS_ROW, body }];
    state.committer.offer(Batch { put, ..Batch::default() });
}

async fn commit_hold(
    state: &WebState,
    whose: Whose,
    from: Option<IpNetwork>,
    hold: Hold,
    request_id: String,
) {
    let command = Command::PlaceHold(PlaceHold {
        passport: whose.passport,
        from,
        failures: hold.failures,
        wait_s: hold.wait_s,
        uptime: state.decisions.uptime(),
    });
    let what = What::Plain(Box::new(command));
    let scope = if from.is_some() { "source" } else { "id" };
    make(state, whose, what, "place_hold", scope, request_id).await;
}

/// Hashes a verified password at the cost of today and keeps it, unless the password was changed
/// meanwhile. While other passwords wait to be hashed nothing is done: the next login tries again.
pub fn upgrade_hash(after: After<'_>, whose: Whose, verified: RowRef, password: Secret) {
    if after.state.passwords.queued() > 0 {
        return;
    }
    let (state, request_id) = (Data::clone(after.state), after.context.request_id.clone());
    rt::spawn(async move {
        // The pool is full or has stopped: the next login tries again.
        let Ok(password_hash) = state.passwords.hash(password).await else { return };
        let new = NewHash { passport: whose.passport, verified, password_hash };
        let what = What::UpgradeHash(Box::new(new));
        make(&state, whose, what, "upgrade_hash", "cost_changed", request_id).await;
    });
}

/// Makes the change and tells it, if there was anything to change.
async fn make(
    state: &WebState,
    whose: Whose,
    what: What,
    action: &'static str,
    reason: &'static str,
    request_id: String,
) {
    let change =
        Change { what, by: By::System, source: None, request_id: Some(request_id.clone()) };
    let (outcome, reason) = match state.lines.make(whose.customer, change).await {
        Ok(done) if done.entry.events.is_empty() => return,
        Ok(_) => (Outcome::Accepted, reason),
        Err(error) => (outcome_of(&error), "line_failed"),
    };
    Decision::new(action, outcome)
        .reason(reason)
        .line(whose.customer.to_string())
        .request_id(request_id)
        .emit("after a login");
}

fn outcome_of(error: &Arc<LineError>) -> Outcome {
    match **error {
        LineError::Refused(_) | LineError::Busy(_) | LineError::Stopping => Outcome::Refused,
        LineError::Store(_) => Outcome::Failed,
    }
}
