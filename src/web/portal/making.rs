//! One command to the line, its line in the log, and the page of a refusal.

use super::session::Signed;
use crate::{
    actors::{
        LineError,
        change::{Change, What},
        line::{Answer, Done},
    },
    domain::line::{By, Refusal},
    telemetry::{Decision, Outcome},
    text::format,
    web::page::PortalRefusalPage,
};
use actix_web::{HttpResponse, http::StatusCode};

/// Makes a change that the household asked for, or gives the page that says why not.
///
/// `again` is where a household goes on after a refusal that it can do something about.
pub async fn make(
    signed: &Signed,
    action: &'static str,
    what: What,
    again: &str,
) -> Result<Done, HttpResponse> {
    try_to_make(signed, action, what).await.map_err(|error| match &*error {
        LineError::Refused(refusal) => refused(signed, refusal, again),
        error => signed.failed(error),
    })
}

/// The same for a caller that answers a refusal itself.
pub async fn try_to_make(signed: &Signed, action: &'static str, what: What) -> Answer {
    let change = Change {
        what,
        by: By::Customer,
        source: signed.context.line_source,
        request_id: Some(signed.context.request_id.clone()),
    };
    let made = signed.state.lines.make(signed.customer(), change).await;
    let (outcome, reason) = match made.as_ref().map_err(AsRef::as_ref) {
        Ok(_) => (Outcome::Accepted, None),
        Err(LineError::Refused(refusal)) => (Outcome::Refused, Some(refusal.code())),
        Err(LineError::Busy(_) | LineError::Stopping) => (Outcome::Refused, Some("overloaded")),
        Err(LineError::Store(_)) => (Outcome::Failed, Some("store_failed")),
    };
    let mut decision = Decision::new(action, outcome)
        .line(signed.customer().to_string())
        .source(signed.context.source.address())
        .latency(signed.context.began.elapsed())
        .request_id(&*signed.context.request_id);
    if let Some(reason) = reason {
        decision = decision.reason(reason);
    }
    decision.emit("a household asked on its own pages");
    made
}

/// The page of a refusal: what is the matter, and where to go on.
pub fn refused(signed: &Signed, refusal: &Refusal, again: &str) -> HttpResponse {
    let texts = &signed.language.texts().portal.refusal;
    let yen = |amount: crate::domain::yen::Yen| format::yen(signed.language, amount.get());
    let (what, on) = match refusal {
        Refusal::TooManyPassports { allowed } => {
            ((texts.too_many_ids)(&allowed.to_string()), "details")
        }
        Refusal::Restricted { .. } | Refusal::Stopped { .. } | Refusal::Unbillable { .. } => {
            (texts.barred.to_owned(), "details")
        }
        Refusal::IneligibleLine => (texts.ineligible.to_owned(), ""),
        Refusal::PassportIdTaken => (texts.taken.to_owned(), again),
        Refusal::UnknownPassport => (texts.gone.to_owned(), "details"),
        Refusal::LimitsOverLine { sum, limit } => {
            ((texts.over_line)(&yen(*sum), &yen(*limit)), again)
        }
        Refusal::BarredAlready => {
            (signed.language.texts().portal.restrict.already.to_owned(), "details")
        }
        _ => (texts.other.to_owned(), "details"),
    };
    problem(signed, StatusCode::CONFLICT, texts.title, what, on)
}

/// A page that says what is the matter and leads on.
pub fn problem(
    signed: &Signed,
    status: StatusCode,
    title: &'static str,
    what: String,
    on: &str,
) -> HttpResponse {
    let common = &signed.language.texts().portal.common;
    let label = match on {
        "details" => common.back_to_details,
        "" => common.to_menu,
        _ => common.back,
    };
    let page = PortalRefusalPage {
        shell: signed.shell_with_id(),
        title,
        what,
        way_on: (signed.path(on), label),
    };
    signed.answer(status, &page)
}

/// An ID that is not on this line; another line's looks the same (security.md 42).
pub fn no_such_id(signed: &Signed) -> HttpResponse {
    let texts = &signed.language.texts().portal.passport;
    let what = texts.not_found.to_owned();
    tracing::warn!(
        line = %signed.customer(),
        request_id = signed.context.request_id,
        "a household asked for an ID that is not on its line"
    );
    problem(signed, StatusCode::NOT_FOUND, texts.not_found_title, what, "details")
}

/// Tried too often in a short time.
pub fn too_often(signed: &Signed, on: &str) -> HttpResponse {
    let texts = &signed.language.texts().portal.refusal;
    let what = texts.too_often.to_owned();
    problem(signed, StatusCode::TOO_MANY_REQUESTS, texts.too_often_title, what, on)
}
