//! How a line stands: what bars it, its passport IDs, contracts and unpaid bills. Nothing personal is
//! told here.

use super::{passports::PassportState, problem::ProblemDetails};
use crate::{
    actors::line::LineView,
    domain::{
        calendar::{Day, Instant, Month},
        ids::{ContractNumber, CustomerId, PassportNumber, ProviderId, ServiceCode},
        line::{
            Contract, Line, LineService, Refusal, UnpaidBill,
            event::{BillingRoute, DisclosureTrigger, LineEndCause},
        },
        yen::Yen,
    },
    web::{context::RequestContext, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// Tells how a line stands.
pub async fn show(
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let view = look(&context, &state, customer_id(&customer)?).await?;
    let now = view.time(state.decisions.now());
    Ok(HttpResponse::Ok().json(LineState::of(&*there(view)?, now)))
}

/// The customer ID of an address.
pub(super) fn customer_id(text: &str) -> Result<CustomerId, ProblemDetails> {
    text.parse().map_err(|error| ProblemDetails::invalid(format!("{error}")))
}

/// A line for a question.
pub(super) async fn look(
    context: &RequestContext,
    state: &WebState,
    customer: CustomerId,
) -> Result<LineView, ProblemDetails> {
    let view = state.lines.look(customer).await;
    view.map_err(|error| ProblemDetails::of_line(context, &error))
}

/// The line that was looked at, where there is one.
pub(super) fn there(view: LineView) -> Result<Arc<Line>, ProblemDetails> {
    view.line.ok_or_else(|| ProblemDetails::refused(&Refusal::UnknownLine))
}

/// How a line stands, without anything personal.
#[derive(Serialize, JsonSchema)]
pub(super) struct LineState {
    customer_id: CustomerId,
    service: LineService,
    /// Whether nothing bars new use.
    open: bool,
    /// Since when the customer's restriction stands.
    #[schemars(extend("format" = "date-time"))]
    restriction: Option<String>,
    /// Since when the company's stop stands.
    #[schemars(extend("format" = "date-time"))]
    company_stop: Option<String>,
    /// Since when the line cannot be billed.
    #[schemars(extend("format" = "date-time"))]
    unbillable: Option<String>,
    ended: bool,
    /// When it ended, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
    /// By which transfer it ended.
    ended_by: Option<LineEndCause>,
    /// How its bill is paid.
    billing: BillingRoute,
    line_limit_yen: Yen,
    passport_ids: usize,
    live_contracts: usize,
    /// How many of its inquiries the desk can read.
    inquiries: usize,
    /// Its live passport IDs, by number.
    passports: Vec<PassportState>,
    /// Its live contracts.
    contracts: Vec<ContractState>,
    /// Bills that are unpaid, or whose collection was stopped.
    unpaid: Vec<UnpaidState>,
}

impl LineState {
    pub(super) fn of(line: &Line, now: Instant) -> Self {
        let since = |since: Option<Instant>| since.map(Instant::rfc3339);
        let contracts: Vec<_> = line
            .contracts
            .values()
            .filter(|contract| contract.is_live())
            .map(ContractState::of)
            .collect();
        let passports: Vec<_> =
            line.live_passports().map(|passport| PassportState::of(line, passport, now)).collect();
        let unpaid = line.unpaid.iter().filter(|(_, bill)| bill.settled_at.is_none());
        Self {
            customer_id: line.customer,
            service: line.service,
            open: line.ended.is_none() && line.barriers.none(),
            restriction: since(line.barriers.restriction),
            company_stop: since(line.barriers.company_stop),
            unbillable: since(line.barriers.unbillable),
            ended: line.ended.is_some(),
            ended_at: line.ended.map(|end| end.at.rfc3339()),
            ended_by: line.ended.map(|end| end.cause),
            billing: line.billing,
            line_limit_yen: line.line_limit,
            passport_ids: passports.len(),
            live_contracts: contracts.len(),
            inquiries: line.inquiries.len(),
            passports,
            contracts,
            unpaid: unpaid.map(|(month, bill)| UnpaidState::of(line, *month, bill)).collect(),
        }
    }
}

/// A live contract.
#[derive(Serialize, JsonSchema)]
struct ContractState {
    contract: ContractNumber,
    passport: PassportNumber,
    provider: ProviderId,
    service: ServiceCode,
    /// What each month is charged.
    unit_price_yen: Yen,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    bought_at: String,
}

impl ContractState {
    fn of(contract: &Contract) -> Self {
        Self {
            contract: contract.number,
            passport: contract.passport,
            provider: contract.provider.clone(),
            service: contract.service.clone(),
            unit_price_yen: contract.unit_price,
            bought_at: contract.bought_at.rfc3339(),
        }
    }
}

/// An unpaid bill.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnpaidBill")]
pub(super) struct UnpaidState {
    /// The month of its charges.
    month: Month,
    /// What the month was billed at.
    total_yen: Option<Yen>,
    /// When it was due; none where only its collection was stopped.
    due: Option<Day>,
    /// Since when the operator does not collect it.
    #[schemars(extend("format" = "date-time"))]
    collection_stopped_at: Option<String>,
    disclosed: Vec<DisclosedTo>,
}

/// A disclosure that was made.
#[derive(Serialize, JsonSchema)]
struct DisclosedTo {
    provider: ProviderId,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// What allowed it.
    trigger: DisclosureTrigger,
}

impl UnpaidState {
    pub(super) fn of(line: &Line, month: Month, bill: &UnpaidBill) -> Self {
        let disclosed = bill.disclosed.iter().map(|one| DisclosedTo {
            provider: one.provider.clone(),
            at: one.at.rfc3339(),
            trigger: one.trigger,
        });
        Self {
            month,
            total_yen: line.closed.get(&month).map(|closed| closed.total),
            due: bill.due,
            collection_stopped_at: bill.collection_stopped_at.map(Instant::rfc3339),
            disclosed: disclosed.collect(),
        }
    }
}
