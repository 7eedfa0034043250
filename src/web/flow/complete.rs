//! 購入手続き完了 and 解約手続き完了: told from the journal, so that it survives a reload, a lost answer and a second
//! press.

use super::{shown, visit::Visit};
use crate::{
    actors::orders,
    domain::receipt::{CancellationReceipt, Completed, PurchaseReceipt, Receipt},
    web::{
        answer,
        page::{CancellationCompletePage, CompletePage, Shell},
    },
};
use actix_web::{HttpResponse, http::StatusCode};

/// Shows the receipt to whoever bought.
pub async fn page(visit: Visit) -> HttpResponse {
    let Some(login) = visit.flow.login().copied() else { return visit.go_to("login") };
    let completed = match own_completed(&visit).await {
        Ok(Some(completed)) => completed,
        Ok(None) => return visit.go_to("confirm"),
        Err(response) => return response,
    };
    let Ok(view) = visit.state.lines.look(login.customer).await else {
        return visit.overloaded("complete");
    };
    let name = view.private.get(&login.passport).map(|private| private.name.as_str());
    let name = name.unwrap_or_default();
    let response = match &completed.receipt {
        Receipt::Purchase(receipt) => {
            answer::html(StatusCode::OK, &purchase_slip(&visit, &completed, receipt, name))
        }
        Receipt::Cancellation(receipt) => {
            answer::html(StatusCode::OK, &cancellation_slip(&visit, &completed, receipt, name))
        }
    };
    visit.keep_language(response)
}

/// The flow's order, if this login completed it.
pub async fn own_completed(visit: &Visit) -> Result<Option<Completed>, HttpResponse> {
    let (Some(login), Some(order)) = (visit.flow.login(), &visit.flow.request.order) else {
        return Ok(None);
    };
    let store = visit.state.store.as_ref();
    let found = orders::completed(store, &visit.provider.id, order.reference()).await;
    let found = found.map_err(|error| visit.failed(&error))?;
    let own = |done: &Completed| done.is_by(login.customer, login.passport) && done.is_of(order);
    Ok(found.filter(own))
}

fn slip_shell(visit: &Visit, passport_id: &str) -> Shell {
    Shell { signed_in_as: Some(passport_id.into()), ..visit.shell(Some("complete")) }
}

fn purchase_slip(
    visit: &Visit,
    completed: &Completed,
    receipt: &PurchaseReceipt,
    passport_id: &str,
) -> CompletePage {
    let charge_month = receipt.first_charge_month.unwrap_or(receipt.completed_at.month());
    CompletePage {
        shell: slip_shell(visit, passport_id),
        provider: visit.shown_provider(),
        order: shown::completed_order(completed, receipt),
        passport_id: passport_id.into(),
        receipt_number: receipt.receipt_number.to_string(),
        completed_at_us: receipt.completed_at.micros(),
        contract: receipt.contract.map(|contract| contract.to_string()),
        charge_month: shown::month(charge_month),
        mail_follows: visit.state.sends_mail,
        provider_contact: shown::contact(&visit.provider.contact),
        return_path: visit.flow.path("return"),
    }
}

fn cancellation_slip(
    visit: &Visit,
    completed: &Completed,
    receipt: &CancellationReceipt,
    passport_id: &str,
) -> CancellationCompletePage {
    CancellationCompletePage {
        shell: slip_shell(visit, passport_id),
        provider: visit.shown_provider(),
        service: shown::service_name(&visit.provider, &completed.service),
        contract: receipt.contract.to_string(),
        receipt_number: receipt.receipt_number.to_string(),
        completed_at_us: receipt.completed_at.micros(),
        last_charge_month: shown::month(receipt.last_charge_month),
        passport_id: passport_id.into(),
        return_path: visit.flow.path("return"),
    }
}
