//! 購入できません, 解約できません: what a rule refuses, and what can be done about it.

use askama::Template;

use super::{FlowKind, LimitUse, Provider, Shell, ShownName};
use crate::text::format::Month;

/// Why the rules refuse. A page never names a reason that could shame whoever reads it.
#[derive(Debug, Clone)]
pub enum RefusalReason {
    /// The passport ID's limit.
    LimitExceeded(LimitUse),
    /// The whole line's limit.
    LineLimitExceeded(LimitUse),
    /// A live monthly contract of the same ID and service.
    ContractLive {
        /// The service.
        service: ShownName,
    },
    /// The order was completed with another passport ID (interfaces.md 1.1).
    OrderOfAnotherPassport,
    /// The contract was bought with another passport ID.
    ContractOfAnotherPassport,
    /// The order has ended and its receipt is not shown here.
    OrderEnded,
    /// The line's kind is not eligible.
    LineIneligible,
    /// The provider retired the service.
    ServiceNotOffered {
        /// The service.
        service: ShownName,
    },
    /// A per-use purchase cannot be cancelled.
    PerUseNotCancellable,
    /// The contract has ended already.
    ContractEnded {
        /// Its last charged month.
        last_charge_month: Month,
    },
    /// The provider asks for `urn:linepass:acr:line`, which this login cannot give.
    LineCheckRequired,
    /// The line's bill cannot carry purchases.
    BillingUnavailable,
}

/// The page of a refusal. Answer 409.
#[derive(Debug, Clone, Template)]
#[template(path = "flow/refusal.html")]
pub struct RefusalPage {
    /// What is around the content.
    pub shell: Shell,
    /// What was tried; decides the heading.
    pub flow: FlowKind,
    /// Why it is refused.
    pub reason: RefusalReason,
    /// Whose site to go back to.
    pub provider: Provider,
    /// The way back to the provider, `/flow/{id}/back`.
    pub back_path: String,
}

impl RefusalPage {
    fn title(&self) -> &'static str {
        let texts = &self.shell.texts().refusal;
        match self.flow {
            FlowKind::Purchase => texts.title_purchase,
            FlowKind::Cancellation => texts.title_cancellation,
            FlowKind::Login => texts.title_login,
        }
    }

    /// What did not happen to the household's money or contract.
    fn reassurance(&self) -> Option<&'static str> {
        let texts = &self.shell.texts().refusal;
        // Such an order may well have been charged: to another ID, or before.
        if matches!(self.reason, RefusalReason::OrderOfAnotherPassport | RefusalReason::OrderEnded)
        {
            return None;
        }
        match self.flow {
            FlowKind::Purchase => Some(texts.nothing_charged),
            FlowKind::Cancellation => Some(texts.nothing_changed),
            FlowKind::Login => None,
        }
    }

    /// The limit that was passed, for the bar.
    fn limit(&self) -> Option<&LimitUse> {
        match &self.reason {
            RefusalReason::LimitExceeded(limit) | RefusalReason::LineLimitExceeded(limit) => {
                Some(limit)
            }
            _ => None,
        }
    }

    /// What happened, in one sentence.
    fn what(&self) -> String {
        let texts = &self.shell.texts().refusal;
        match &self.reason {
            RefusalReason::LimitExceeded(limit) => {
                (texts.limit.what)(&self.shell.yen(limit.over_yen()))
            }
            RefusalReason::LineLimitExceeded(limit) => {
                (texts.line_limit.what)(&self.shell.yen(limit.over_yen()))
            }
            RefusalReason::ContractLive { service } => (texts.contract_live.what)(service.as_str()),
            RefusalReason::OrderOfAnotherPassport => texts.order_of_another.what.to_owned(),
            RefusalReason::ContractOfAnotherPassport => texts.contract_of_another.what.to_owned(),
            RefusalReason::OrderEnded => texts.order_ended.what.to_owned(),
            RefusalReason::LineIneligible => texts.line_ineligible.what.to_owned(),
            RefusalReason::ServiceNotOffered { service } => {
                (texts.service_gone.what)(service.as_str())
            }
            RefusalReason::PerUseNotCancellable => texts.per_use.what.to_owned(),
            RefusalReason::ContractEnded { last_charge_month } => {
                (texts.contract_ended.what)(&self.shell.month(*last_charge_month))
            }
            RefusalReason::LineCheckRequired => texts.line_check.what.to_owned(),
            RefusalReason::BillingUnavailable => texts.billing_unavailable.what.to_owned(),
        }
    }

    /// What the household can do.
    fn todo(&self) -> &'static [&'static str] {
        let texts = &self.shell.texts().refusal;
        match &self.reason {
            RefusalReason::LimitExceeded(_) => texts.limit.todo,
            RefusalReason::LineLimitExceeded(_) => texts.line_limit.todo,
            RefusalReason::ContractLive { .. } => texts.contract_live.todo,
            RefusalReason::OrderOfAnotherPassport => texts.order_of_another.todo,
            RefusalReason::ContractOfAnotherPassport => texts.contract_of_another.todo,
            RefusalReason::OrderEnded => texts.order_ended.todo,
            RefusalReason::LineIneligible => texts.line_ineligible.todo,
            RefusalReason::ServiceNotOffered { .. } => texts.service_gone.todo,
            RefusalReason::PerUseNotCancellable => texts.per_use.todo,
            RefusalReason::ContractEnded { .. } => texts.contract_ended.todo,
            RefusalReason::LineCheckRequired => texts.line_check.todo,
            RefusalReason::BillingUnavailable => texts.billing_unavailable.todo,
        }
    }
}
