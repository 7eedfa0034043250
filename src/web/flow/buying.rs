//! 購入内容確認: what is bought, whether it may be, and the press on 購入.

use super::{
    confirm::{FORM, answer_made, decision, facts, line_failed, make},
    refused,
    sealed::SealedLogin,
    shown,
    visit::Visit,
};
use crate::{
    actors::{change::What, line::LineView},
    domain::{
        calendar::Month,
        limit::Outlook,
        line::{Facts, Line, Passport, Refusal, command::Purchase, may_buy},
        order::PurchaseOrder,
    },
    web::{
        answer,
        page::{ConfirmPage, Shell},
    },
};
use actix_web::{HttpResponse, http::StatusCode};

/// Shows what is to be bought, or why it may not be.
pub async fn show(
    visit: &Visit,
    login: &SealedLogin,
    order: &PurchaseOrder,
    consent_missing: bool,
) -> HttpResponse {
    let view = match visit.state.lines.look(login.customer).await {
        Ok(view) => view,
        Err(error) => return line_failed(visit, &error),
    };
    let Some(line) = view.line.as_deref() else { return visit.go_to("login") };
    let purchase = purchase(visit, login, order);
    let facts = facts(visit, &view);
    match may_buy(line, &purchase, &facts) {
        // What does not fit is said on the page itself, before the tick.
        Ok(_) | Err(Refusal::OverLimit { .. } | Refusal::OverLineLimit { .. }) => {
            confirmation(visit, &view, line, &purchase, &facts, consent_missing)
        }
        Err(refusal) => refused::page(visit, &refusal),
    }
}

/// The press on 購入.
pub async fn press(
    visit: &Visit,
    login: &SealedLogin,
    order: &PurchaseOrder,
    agreed_month: Option<Month>,
) -> HttpResponse {
    let confirmed = Purchase { agreed_month, ..purchase(visit, login, order) };
    let what = What::Purchase(Box::new(confirmed));
    let made = make(visit, login, what).await;
    decision(visit, login, "purchase", &made)
        .service(order.service.as_str())
        .amount_yen(i64::try_from(order.amount.get()).unwrap_or(i64::MAX))
        .emit("a household pressed 購入");
    answer_made(visit, made)
}

fn purchase(visit: &Visit, login: &SealedLogin, order: &PurchaseOrder) -> Purchase {
    Purchase {
        login: login.logged_in(),
        provider: visit.provider.id.clone(),
        provider_name: visit.provider.name.clone(),
        order: order.clone(),
        offer: visit.provider.offer(&order.service).cloned(),
        require_line: visit.flow.request.require_line,
        agreed_month: None,
    }
}

fn confirmation(
    visit: &Visit,
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
        shell: Shell {
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

fn outlook(line: &Line, passport: &Passport, purchase: &Purchase, month: Month) -> Outlook {
    let monthly = purchase.offer.as_ref().is_some_and(|offer| offer.price.is_monthly());
    Outlook::of(line, passport.number, &purchase.provider, &purchase.order, monthly, month)
}
