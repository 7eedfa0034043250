//! 購入内容確認: what is bought, whether it may be, and the press on 購入.

use super::{refused, sealed::SealedLogin, shown, visit::Visit};
use crate::{
    actors::{
        LineError,
        change::{Change, What},
        line::LineView,
        orders,
    },
    domain::{
        limit::Outlook,
        line::{By, Facts, Line, Passport, Refusal, command::Purchase, may_buy},
        order::{Order, PurchaseOrder},
    },
    telemetry::{Decision, Outcome},
    web::{answer, context::RequestContext, form::Body, page::ConfirmPage, state::WebState},
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

/// The form's name in its token.
const FORM: &str = "confirm";

/// Shows what is to be bought.
pub async fn form(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
) -> HttpResponse {
    let visit = match Visit::begin(&request, context, &state) {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    let Some((login, order)) = login_and_order(&visit) else { return visit.go_to("login") };
    visit.keep_language(show(&visit, login, order, false).await)
}

/// Takes the press on 購入.
pub async fn submit(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> HttpResponse {
    let visit = match Visit::begin(&request, context, &state) {
        Ok(visit) => visit,
        Err(response) => return response,
    };
    let Some((login, order)) = login_and_order(&visit) else { return visit.go_to("login") };
    let form = match visit.form(FORM, &body) {
        Ok(form) => form,
        Err(response) => return response,
    };
    if form.get("consent") != Some("yes") {
        return show(&visit, login, order, true).await;
    }
    buy(&visit, login, order).await
}

fn login_and_order<'a>(visit: &'a Visit<'_>) -> Option<(&'a SealedLogin, &'a PurchaseOrder)> {
    match (visit.flow.login(), &visit.flow.request.order) {
        (Some(login), Some(Order::Purchase(order))) => Some((login, order)),
        _ => None,
    }
}

async fn show(
    visit: &Visit<'_>,
    login: &SealedLogin,
    order: &PurchaseOrder,
    consent_missing: bool,
) -> HttpResponse {
    let (state, provider) = (visit.state, &visit.provider);
    // A repeated visit after the purchase shows what was bought, never the form again.
    match orders::completed(state.store.as_ref(), &provider.id, &order.reference).await {
        Ok(None) => {}
        Ok(Some(done)) if (done.customer, done.passport) == (login.customer, login.passport) => {
            return visit.go_to("complete");
        }
        Ok(Some(_)) => return refused::page(visit, &Refusal::OrderCompleted),
        Err(error) => return visit.failed(&error),
    }
    let view = match state.lines.look(login.customer).await {
        Ok(view) => view,
        Err(error) => return line_failed(visit, &error),
    };
    let Some(line) = view.line.as_deref() else { return visit.go_to("login") };
    let purchase = purchase(visit, login, order);
    let facts = facts(visit);
    match may_buy(line, &purchase, &facts) {
        // What does not fit is said on the page itself, before the tick.
        Ok(_) | Err(Refusal::OverLimit { .. } | Refusal::OverLineLimit { .. }) => {
            confirmation(visit, &view, line, &purchase, &facts, consent_missing)
        }
        Err(refusal) => refused::page(visit, &refusal),
    }
}

fn purchase(visit: &Visit<'_>, login: &SealedLogin, order: &PurchaseOrder) -> Purchase {
    Purchase {
        login: login.logged_in(),
        provider: visit.provider.id.clone(),
        order: order.clone(),
        offer: visit.provider.offer(&order.service).cloned(),
        require_line: visit.flow.request.require_line,
    }
}

fn facts(visit: &Visit<'_>) -> Facts {
    Facts {
        now: visit.state.decisions.now(),
        receipt: None,
        source: Some(visit.context.source.address()),
        defaults: visit.state.defaults,
    }
}

fn confirmation(
    visit: &Visit<'_>,
    view: &LineView,
    line: &Line,
    purchase: &Purchase,
    facts: &Facts,
    consent_missing: bool,
) -> HttpResponse {
    let passport = line.live_passport(purchase.login.passport);
    let private = view.private.get(&purchase.login.passport);
    let (Some(passport), Some(private), Some(offer)) = (passport, private, &purchase.offer) else {
        return visit.go_to("login");
    };
    let month = facts.now.month();
    let outlook = outlook(line, passport, purchase, month);
    let page = ConfirmPage {
        shell: crate::web::page::Shell {
            signed_in_as: Some(private.name.as_str().into()),
            ..visit.shell(Some("confirm"))
        },
        provider: visit.shown_provider(),
        order: shown::order(offer, &purchase.order),
        passport_id: private.name.as_str().into(),
        charge_month: shown::month(month),
        charged_already: outlook.charged_already,
        limit: shown::limit(outlook.used.by_passport, outlook.added, passport.limit),
        line_limit: Some(shown::limit(outlook.used.by_line, outlook.added, line.line_limit)),
        expires_at_us: Some(visit.flow.expires_at_s.saturating_mul(1_000_000)),
        terms_url: offer.terms_url.clone(),
        provider_contact: shown::contact(&visit.provider.contact),
        action: visit.flow.path("confirm"),
        csrf: visit.flow.csrf(FORM).as_str().to_owned(),
        back_path: visit.flow.path("back"),
        consent_missing,
    };
    let status = if consent_missing { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::html(status, &page)
}

fn outlook(
    line: &Line,
    passport: &Passport,
    purchase: &Purchase,
    month: crate::domain::calendar::Month,
) -> Outlook {
    let monthly = purchase.offer.as_ref().is_some_and(|offer| offer.price.is_monthly());
    Outlook::of(line, passport.number, &purchase.provider, &purchase.order, monthly, month)
}

/// One command to the line; the completion page tells the rest from the journal.
async fn buy(visit: &Visit<'_>, login: &SealedLogin, order: &PurchaseOrder) -> HttpResponse {
    let change = Change {
        what: What::Purchase(Box::new(purchase(visit, login, order))),
        by: By::Passport { passport: login.passport },
        source: Some(visit.context.source.address()),
        request_id: Some(visit.context.request_id.clone()),
    };
    let made = visit.state.lines.make(login.customer, change).await;
    let made = made.map(|done| done.repeated);
    log(visit, login, order, made.as_ref().map_err(AsRef::as_ref));
    match made {
        Ok(_) => visit.go_to("complete"),
        Err(error) => match &*error {
            LineError::Refused(refusal) => refused::page(visit, refusal),
            error => line_failed(visit, error),
        },
    }
}

fn line_failed(visit: &Visit<'_>, error: &LineError) -> HttpResponse {
    match error {
        LineError::Busy(_) | LineError::Stopping => visit.overloaded("confirm"),
        other => visit.failed(other),
    }
}

fn log(
    visit: &Visit<'_>,
    login: &SealedLogin,
    order: &PurchaseOrder,
    made: Result<&bool, &LineError>,
) {
    let (outcome, reason) = match made {
        Ok(false) => (Outcome::Accepted, None),
        Ok(true) => (Outcome::Accepted, Some("repeated")),
        Err(LineError::Refused(refusal)) => (Outcome::Refused, Some(refusal.code())),
        Err(LineError::Busy(_) | LineError::Stopping) => (Outcome::Refused, Some("overloaded")),
        Err(LineError::Store(_)) => (Outcome::Failed, Some("store_failed")),
    };
    let mut decision = Decision::new("purchase", outcome)
        .line(login.customer.to_string())
        .provider(visit.provider.id.as_str())
        .service(order.service.as_str())
        .amount_yen(i64::try_from(order.amount.get()).unwrap_or(i64::MAX))
        .source(visit.context.source.address())
        .latency(visit.context.began.elapsed())
        .request_id(&*visit.context.request_id);
    if let Some(reason) = reason {
        decision = decision.reason(reason);
    }
    decision.emit("a household pressed the button");
}
