//! The confirmation page and its button: what both kinds of order have in common.

use super::{buying, cancelling, refused, sealed::SealedLogin, visit::Visit};
use crate::{
    actors::{
        LineError,
        change::{Change, What},
        line::{Answer, LineView},
        orders,
    },
    domain::{
        line::{By, Facts, Refusal},
        order::Order,
    },
    telemetry::{Decision, Outcome},
    web::{answer, form::Body, page::Problem},
};
use actix_web::HttpResponse;

/// The form's name in its token.
pub const FORM: &str = "confirm";

/// Shows what is to be bought or cancelled.
pub async fn form(visit: Visit) -> HttpResponse {
    let Some((login, order)) = login_and_order(&visit) else { return visit.go_to("login") };
    visit.keep_language(show(&visit, login, order).await)
}

/// Takes the press on the button.
pub async fn submit(visit: Visit, body: Body) -> HttpResponse {
    let Some((login, order)) = login_and_order(&visit) else { return visit.go_to("login") };
    let form = match visit.form(FORM, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    // The month that the page named: what the household agrees to.
    let Ok(agreed) = form.get("month").map(str::parse).transpose() else {
        return answer::problem(&visit.context, visit.language, Problem::BadRequest);
    };
    match order {
        Order::Purchase(order) => match form.get("consent") {
            Some("yes") => buying::press(&visit, login, order, agreed).await,
            _ => buying::show(&visit, login, order, true).await,
        },
        Order::Cancellation(order) => cancelling::press(&visit, login, order, agreed).await,
    }
}

fn login_and_order(visit: &Visit) -> Option<(&SealedLogin, &Order)> {
    visit.flow.login().zip(visit.flow.request.order.as_ref())
}

/// A repeated visit after the press shows what came of it, never the form again.
async fn show(visit: &Visit, login: &SealedLogin, order: &Order) -> HttpResponse {
    let store = visit.state.store.as_ref();
    match orders::completed(store, &visit.provider.id, order.reference()).await {
        Ok(None) => {}
        Ok(Some(done)) if !done.is_of(order) => {
            return refused::page(visit, &Refusal::ReferenceUsed);
        }
        Ok(Some(done)) if done.is_by(login.customer, login.passport) => {
            return visit.go_to("complete");
        }
        Ok(Some(_)) => return refused::page(visit, &Refusal::OrderCompleted),
        Err(error) => return visit.failed(&error),
    }
    match order {
        Order::Purchase(order) => buying::show(visit, login, order, false).await,
        Order::Cancellation(order) => cancelling::show(visit, login, order).await,
    }
}

/// What the rules are asked with before the press.
pub fn facts(visit: &Visit, view: &LineView) -> Facts {
    Facts {
        now: view.time(visit.state.decisions.now()),
        receipt: None,
        source: visit.context.line_source,
        defaults: visit.state.defaults,
    }
}

/// One command to the line; the completion page tells the rest from the journal.
pub async fn make(visit: &Visit, login: &SealedLogin, what: What) -> Answer {
    let change = Change {
        what,
        by: By::Passport { passport: login.passport },
        source: visit.context.line_source,
        request_id: Some(visit.context.request_id.clone()),
    };
    visit.state.lines.make(login.customer, change).await
}

/// The page after the press.
pub fn answer_made(visit: &Visit, made: Answer) -> HttpResponse {
    match made {
        Ok(_) => visit.go_to("complete"),
        Err(error) => match &*error {
            LineError::Refused(refusal) => refused::page(visit, refusal),
            error => line_failed(visit, error),
        },
    }
}

/// A line that did not answer.
pub fn line_failed(visit: &Visit, error: &LineError) -> HttpResponse {
    match error {
        LineError::Busy(_) | LineError::Stopping => visit.overloaded("confirm"),
        other => visit.failed(other),
    }
}

/// The decision's line in the log, to which what was ordered is added.
pub fn decision<'a>(
    visit: &'a Visit,
    login: &SealedLogin,
    action: &'static str,
    made: &Answer,
) -> Decision<'a> {
    let (outcome, reason) = match made.as_ref().map_err(AsRef::as_ref) {
        Ok(done) => (Outcome::Accepted, done.repeated.then_some("repeated")),
        Err(LineError::Refused(refusal)) => (Outcome::Refused, Some(refusal.code())),
        Err(LineError::Busy(_) | LineError::Stopping) => (Outcome::Refused, Some("overloaded")),
        Err(LineError::Store(_)) => (Outcome::Failed, Some("store_failed")),
    };
    let decision = Decision::new(action, outcome)
        .line(login.customer.to_string())
        .provider(visit.provider.id.as_str())
        .source(visit.context.source.address())
        .latency(visit.context.began.elapsed())
        .request_id(&*visit.context.request_id);
    match reason {
        Some(reason) => decision.reason(reason),
        None => decision,
    }
}
