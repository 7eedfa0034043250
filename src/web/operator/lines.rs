//! How a line stands, and what bars its new use: the customer's restriction (R-142, R-148) and the
//! company's stop (R-149). Nothing personal is told here.

use super::{access::Caller, ask, maintenance::decision, problem::ProblemDetails};
use crate::{
    actors::{
        LineError,
        change::{Change, What},
        line::LineView,
    },
    domain::{
        calendar::{Instant, Month},
        ids::{ContractNumber, CustomerId, ProviderId, ServiceCode},
        line::{
            By, Command, Entry, Event, Facts, Line, LineService, Refusal, decide,
            event::{Barrier, EndReason},
            replay,
        },
        yen::Yen,
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked for, to restrict and to lift alike.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineBar")]
pub(super) struct Asked {
    /// Whose wish it is.
    kind: Kind,
    /// Why: 1 to 200 characters.
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Which of the two flags that an operator sets and lifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LineBarKind")]
enum Kind {
    /// 利用規制, which the customer asked the desk for.
    Customer,
    /// The company's stop.
    Company,
}

impl Kind {
    const fn barrier(self) -> Barrier {
        match self {
            Self::Customer => Barrier::CustomerRestriction,
            Self::Company => Barrier::CompanyStop,
        }
    }
}

/// Restricts a line.
pub async fn restrict(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    change(&caller, &context, state, ("restrict_line", &customer, &body), Command::RaiseBarrier)
        .await
}

/// Lifts what bars a line.
pub async fn lift(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    change(&caller, &context, state, ("lift_line", &customer, &body), Command::LiftBarrier).await
}

/// Tells how a line stands.
pub async fn show(
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let view = look(&context, &state, customer).await?;
    let line = view.line.as_deref();
    let line = line.ok_or_else(|| ProblemDetails::refused(&Refusal::UnknownLine))?;
    Ok(HttpResponse::Ok().json(LineState::of(line)))
}

async fn change(
    caller: &Caller,
    context: &RequestContext,
    state: Data<WebState>,
    (action, customer, body): (&'static str, &str, &Body),
    command: fn(Barrier) -> Command,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(customer)?;
    let asked: Asked = ask::read(body)?;
    let by = ask::by(caller, &ask::reason(&asked.reason)?);
    let command = command(asked.kind.barrier());
    if asked.dry_run {
        let view = look(context, &state, customer).await?;
        let told = rehearse(&view, &state, command, by).map_err(|r| ProblemDetails::refused(&r))?;
        return Ok(HttpResponse::Ok().json(told));
    }
    let own = context.clone();
    let made = async move { make(&own, &state, customer, command, by).await };
    let log = move |context: &RequestContext, made: &Result<Told, ProblemDetails>| {
        decision(action, context, made)
            .line(customer.to_string())
            .emit("an operator changed what bars a line");
    };
    let told = ask::to_its_end(context, made, log).await?;
    Ok(HttpResponse::Ok().json(told))
}

async fn make(
    context: &RequestContext,
    state: &WebState,
    customer: CustomerId,
    command: Command,
    by: By,
) -> Result<Told, ProblemDetails> {
    let what = What::Plain(Box::new(command));
    let request_id = Some(context.request_id.clone());
    let made = state.lines.make(customer, Change { what, by, source: None, request_id }).await;
    let done = made.map_err(|error| ProblemDetails::of_line(context, &error))?;
    let view = state.lines.look(customer).await;
    let line = view.as_ref().map(|view| view.line.as_deref()).map_err(|error| &**error);
    Ok(Told::of(looked(line, &context.request_id), &done.entry, false))
}

/// The line after a change, where it can be looked at: the change is made, whatever comes of that.
fn looked<'a>(line: Result<Option<&'a Line>, &LineError>, request_id: &str) -> Option<&'a Line> {
    line.unwrap_or_else(|error| {
        tracing::warn!(request_id, %error, "a line was changed and cannot be looked at");
        None
    })
}

/// What would happen, decided on the line as it stands; nothing is written.
fn rehearse(view: &LineView, state: &WebState, command: Command, by: By) -> Result<Told, Refusal> {
    let at = view.time(state.decisions.now());
    let facts = Facts { now: at, receipt: None, source: None, defaults: state.defaults };
    let events = decide(view.line.as_deref(), &command, &facts)?;
    let entry = Entry { at, by, request_id: None, events };
    let after = replay(view.line.as_deref().cloned(), &entry).ok_or(Refusal::UnknownLine)?;
    Ok(Told::of(Some(&after), &entry, true))
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

/// The answer to a change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineBarTold")]
pub(super) struct Told {
    /// Whether nothing was changed.
    dry_run: bool,
    /// When the change was made, RFC 3339.
    at: String,
    /// None where the line cannot be looked at after its change.
    line: Option<LineState>,
    /// The contracts that it ends.
    contracts_ended: Vec<Ended>,
}

impl Told {
    fn of(line: Option<&Line>, entry: &Entry, dry_run: bool) -> Self {
        Self {
            dry_run,
            at: entry.at.rfc3339(),
            line: line.map(LineState::of),
            contracts_ended: entry.events.iter().filter_map(Ended::of).collect(),
        }
    }
}

/// A contract that the change ends (R-144).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContractEnded")]
struct Ended {
    contract: ContractNumber,
    provider: ProviderId,
    service: ServiceCode,
    last_charge_month: Month,
    reason: EndReason,
}

impl Ended {
    fn of(event: &Event) -> Option<Self> {
        let Event::ContractEnded { contract, provider, service, last_charge_month, reason, .. } =
            event
        else {
            return None;
        };
        Some(Self {
            contract: *contract,
            provider: provider.clone(),
            service: service.clone(),
            last_charge_month: *last_charge_month,
            reason: *reason,
        })
    }
}

/// How a line stands, without anything personal.
#[derive(Serialize, JsonSchema)]
pub(super) struct LineState {
    customer_id: CustomerId,
    service: LineService,
    /// Whether nothing bars new use (R-149).
    open: bool,
    /// Since when the customer's restriction stands.
    restriction: Option<String>,
    /// Since when the company's stop stands.
    company_stop: Option<String>,
    /// Since when the line cannot be billed (R-042).
    unbillable: Option<String>,
    ended: bool,
    passport_ids: usize,
    live_contracts: usize,
    line_limit_yen: Yen,
    /// How many of its inquiries the desk can read.
    inquiries: usize,
}

impl LineState {
    fn of(line: &Line) -> Self {
        let since = |since: Option<Instant>| since.map(Instant::rfc3339);
        Self {
            customer_id: line.customer,
            service: line.service,
            open: line.ended.is_none() && line.barriers.none(),
            restriction: since(line.barriers.restriction),
            company_stop: since(line.barriers.company_stop),
            unbillable: since(line.barriers.unbillable),
            ended: line.ended.is_some(),
            passport_ids: line.live_passports().count(),
            live_contracts: line.contracts.values().filter(|contract| contract.is_live()).count(),
            line_limit_yen: line.line_limit,
            inquiries: line.inquiries.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::Overload;
    use serde_json::json;

    #[test]
    fn what_was_changed_is_told_though_the_line_cannot_be_looked_at() {
        let events = serde_json::from_value(json!([{
            "event": "contract_ended", "contract": "K-100000000016", "passport": 1,
            "provider": "p", "service": "anime", "reason": "restriction",
            "last_charge_month": "2026-11",
        }]));
        let by = By::Operator { name: "admin".to_owned(), reason: "r".to_owned() };
        let at = Instant::from_micros(0);
        let entry = Entry { at, by, request_id: None, events: events.expect("events") };
        for error in [LineError::Stopping, LineError::Busy(Overload::Requests)] {
            let told = Told::of(looked(Err(&error), "r1"), &entry, false);
            let told = serde_json::to_value(told).expect("JSON");
            assert_eq!((&told["dry_run"], &told["line"]), (&json!(false), &json!(null)));
            assert_eq!(told["contracts_ended"][0]["contract"], "K-100000000016");
        }
    }
}
