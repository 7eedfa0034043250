//! Which page a refusal gets: the one place that maps reasons to what a household reads.

use super::{login, shown, visit::Visit};
use crate::{
    domain::line::Refusal,
    web::{
        answer,
        page::{RefusalPage, RefusalReason},
    },
};
use actix_web::{HttpResponse, http::StatusCode};

/// The page of a refusal of the confirmed order.
pub fn page(visit: &Visit, refusal: &Refusal) -> HttpResponse {
    match refusal {
        // The login no longer stands, or the network has changed: log in again (security.md 61).
        Refusal::LoginOver
        | Refusal::UnknownPassport
        | Refusal::NotYetActive
        | Refusal::UnknownLine
        | Refusal::LineEnded
        | Refusal::ForeignLine => visit.go_to(&format!("login?{}", login::AGAIN)),
        // The household has not agreed to this month yet: it is shown it.
        Refusal::MonthTurned { .. } => visit.go_to("confirm"),
        Refusal::Restricted { .. } | Refusal::Stopped { .. } => login::barred(visit, refusal),
        other => {
            let page = RefusalPage {
                shell: visit.shell_with_id(),
                flow: shown::flow_kind(visit.flow.request.order.as_ref()),
                reason: reason(visit, other),
                provider: visit.shown_provider(),
                back_path: visit.flow.path("back"),
            };
            answer::html(StatusCode::CONFLICT, &page)
        }
    }
}

fn reason(visit: &Visit, refusal: &Refusal) -> RefusalReason {
    let service = || shown::ordered_service(&visit.provider, visit.flow.request.order.as_ref());
    match refusal {
        Refusal::OverLimit { used, added, limit } => {
            RefusalReason::LimitExceeded(shown::limit(*used, *added, *limit))
        }
        Refusal::OverLineLimit { used, added, limit } => {
            RefusalReason::LineLimitExceeded(shown::limit(*used, *added, *limit))
        }
        Refusal::LiveContract { .. } => RefusalReason::ContractLive { service: service() },
        Refusal::OrderCompleted => RefusalReason::OrderOfAnotherPassport,
        Refusal::PerUsePurchase => RefusalReason::PerUseNotCancellable,
        // Another line's contract and none at all look alike.
        Refusal::AnotherIdsContract | Refusal::UnknownContract => {
            RefusalReason::ContractOfAnotherPassport
        }
        Refusal::ContractEnded { last_charge_month } => {
            RefusalReason::ContractEnded { last_charge_month: shown::month(*last_charge_month) }
        }
        Refusal::IneligibleLine => RefusalReason::LineIneligible,
        Refusal::OfferChanged { .. } => RefusalReason::ServiceNotOffered { service: service() },
        Refusal::LineNotChecked => RefusalReason::LineCheckRequired,
        Refusal::Unbillable { .. } => RefusalReason::BillingUnavailable,
        _ => RefusalReason::OrderEnded,
    }
}
