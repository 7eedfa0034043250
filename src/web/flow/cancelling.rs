//! 解約内容確認: which contract ends, what is still charged, and the press on 解約.

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
        charge::last_charged_month,
        line::{Contract, Facts, Refusal, command::Cancel, may_cancel},
        order::CancellationOrder,
    },
    web::{
        answer,
        page::{CancellationConfirmPage, Shell},
    },
};
use actix_web::{HttpResponse, http::StatusCode};

/// Shows what is to be cancelled, or why it may not be.
pub async fn show(visit: &Visit, login: &SealedLogin, order: &CancellationOrder) -> HttpResponse {
    let view = match visit.state.lines.look(login.customer).await {
        Ok(view) => view,
        Err(error) => return line_failed(visit, &error),
    };
    let Some(line) = view.line.as_deref() else { return visit.go_to("login") };
    let facts = facts(visit, &view);
    match may_cancel(line, &cancel(visit, login, order), &facts) {
        Ok(contract) => confirmation(visit, login, &view, contract, &facts),
        Err(refusal) => {
            note_stranger(visit, login, &refusal);
            refused::page(visit, &refusal)
        }
    }
}

/// The page is the same for every contract that is not this ID's; the log tells (security.md 42).
fn note_stranger(visit: &Visit, login: &SealedLogin, refusal: &Refusal) {
    if matches!(refusal, Refusal::AnotherIdsContract | Refusal::UnknownContract) {
        tracing::warn!(
            request_id = visit.context.request_id,
            line = %login.customer,
            provider = visit.provider.id.as_str(),
            reason = refusal.code(),
            "a household asked to cancel a contract that is not its own"
        );
    }
}

/// The press on 解約.
pub async fn press(
    visit: &Visit,
    login: &SealedLogin,
    order: &CancellationOrder,
    agreed_last_month: Option<Month>,
) -> HttpResponse {
    let confirmed = Cancel { agreed_last_month, ..cancel(visit, login, order) };
    let what = What::Cancel(Box::new(confirmed));
    let made = make(visit, login, what).await;
    decision(visit, login, "cancel", &made).emit("a household pressed 解約");
    answer_made(visit, made)
}

fn cancel(visit: &Visit, login: &SealedLogin, order: &CancellationOrder) -> Cancel {
    Cancel {
        login: login.logged_in(),
        provider: visit.provider.id.clone(),
        order: order.clone(),
        require_line: visit.flow.request.require_line,
        agreed_last_month: None,
    }
}

fn confirmation(
    visit: &Visit,
    login: &SealedLogin,
    view: &LineView,
    contract: &Contract,
    facts: &Facts,
) -> HttpResponse {
    let Some(private) = view.private.get(&login.passport) else { return visit.go_to("login") };
    let last = last_charged_month(contract.bought_at, facts.now);
    let page = CancellationConfirmPage {
        shell: Shell {
            signed_in_as: Some(private.name.as_str().into()),
            ..visit.shell(Some("confirm"))
        },
        provider: visit.shown_provider(),
        service: shown::service_name(&visit.provider, &contract.service),
        contract: contract.number.to_string(),
        monthly_price_yen: contract.unit_price.get(),
        bought_at_us: contract.bought_at.micros(),
        last_charge_month: shown::month(last),
        first_day_rule: last < facts.now.month(),
        passport_id: private.name.as_str().into(),
        action: visit.flow.path("confirm"),
        csrf: visit.flow.csrf(FORM).as_str().to_owned(),
        back_path: visit.flow.path("back"),
    };
    answer::html(StatusCode::OK, &page)
}
