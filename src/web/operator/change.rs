//! A change of one line that an operator asks for: rehearsed or made, logged, and told.

use super::{
    access::Caller,
    ask,
    lines::{LineState, look},
    maintenance::decision,
    problem::ProblemDetails,
};
use crate::{
    actors::{
        LineError,
        change::{self, Change, What},
        line::LineView,
    },
    domain::{
        calendar::Month,
        ids::{ContractNumber, CustomerId, PassportNumber, ProviderId, ServiceCode},
        line::{By, Command, Entry, Event, Facts, Line, Refusal, decide, event::EndReason, replay},
    },
    security::random,
    web::{context::RequestContext, state::WebState},
};
use actix_web::web::Data;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// A change of one line.
pub struct Wanted {
    /// Its word in the log.
    pub action: &'static str,
    /// Whose line.
    pub customer: CustomerId,
    /// What.
    pub what: What,
    /// Who, and why.
    pub by: By,
    /// Whether it is only told what would happen.
    pub dry_run: bool,
}

impl Wanted {
    /// One without personal data. `reason` is as it was typed.
    pub fn plain(
        action: &'static str,
        customer: CustomerId,
        command: Command,
        (caller, reason, dry_run): (&Caller, &str, bool),
    ) -> Result<Self, ProblemDetails> {
        let by = ask::by(caller, &ask::reason(reason)?);
        Ok(Self { action, customer, what: What::Plain(Box::new(command)), by, dry_run })
    }
}

/// A change that was made, or would be.
pub struct Made {
    /// What happened.
    pub entry: Arc<Entry>,
    /// The line afterwards; none where it cannot be looked at.
    pub line: Option<Arc<Line>>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// Rehearses the change or makes it, with its line in the log.
pub async fn change(
    context: &RequestContext,
    state: Data<WebState>,
    wanted: Wanted,
) -> Result<Made, ProblemDetails> {
    if wanted.dry_run {
        let view = look(context, &state, wanted.customer).await?;
        return rehearse(&view, &state, &wanted).map_err(|r| ProblemDetails::refused(&r));
    }
    let (own, action, customer) = (context.clone(), wanted.action, wanted.customer);
    let made = async move { make(&own, &state, wanted).await };
    let log = move |context: &RequestContext, made: &Result<Made, ProblemDetails>| {
        decision(action, context, made)
            .line(customer.to_string())
            .emit("an operator changed a line");
    };
    ask::to_its_end(context, made, log).await
}

/// What would happen, decided on the line as it stands; nothing is written.
pub fn rehearse(view: &LineView, state: &WebState, wanted: &Wanted) -> Result<Made, Refusal> {
    let at = view.time(state.decisions.now());
    let line = view.line.as_deref();
    let facts = Facts { now: at, receipt: None, source: None, defaults: state.defaults };
    let prepared = change::prepare(wanted.customer, line, &wanted.what, random::bytes::<32>);
    let events = decide(line, &prepared.command, &facts)?;
    let entry = Entry { at, by: wanted.by.clone(), request_id: None, events };
    let after = replay(line.cloned(), &entry).ok_or(Refusal::UnknownLine)?;
    Ok(Made { entry: Arc::new(entry), line: Some(Arc::new(after)), dry_run: true })
}

async fn make(
    context: &RequestContext,
    state: &WebState,
    wanted: Wanted,
) -> Result<Made, ProblemDetails> {
    let Wanted { customer, what, by, .. } = wanted;
    let request_id = Some(context.request_id.clone());
    let made = state.lines.make(customer, Change { what, by, source: None, request_id }).await;
    let done = made.map_err(|error| ProblemDetails::of_line(context, &error))?;
    let view = state.lines.look(customer).await.map(|view| view.line);
    let line = looked(view, &context.request_id);
    Ok(Made { entry: done.entry, line, dry_run: false })
}

/// The line after a change, where it can be looked at: the change is made, whatever comes of that.
fn looked(line: Result<Option<Arc<Line>>, Arc<LineError>>, request_id: &str) -> Option<Arc<Line>> {
    line.unwrap_or_else(|error| {
        tracing::warn!(request_id, %error, "a line was changed and cannot be looked at");
        None
    })
}

/// The answer to a change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineChangeTold")]
pub struct Told {
    /// Whether nothing was changed.
    dry_run: bool,
    /// When the change was made, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// None where the line cannot be looked at after its change.
    line: Option<LineState>,
    /// The contracts that it ends.
    pub(super) contracts_ended: Vec<Ended>,
    /// The passport IDs that it deletes, by number.
    pub(super) passport_ids_deleted: Vec<PassportNumber>,
}

impl From<Made> for Told {
    fn from(made: Made) -> Self {
        let Made { entry, line, dry_run } = made;
        let deleted = |event: &Event| match event {
            Event::PassportDeleted { passport } => Some(*passport),
            _ => None,
        };
        Self {
            dry_run,
            at: entry.at.rfc3339(),
            line: line.map(|line| LineState::of(&line, entry.at)),
            contracts_ended: entry.events.iter().filter_map(Ended::of).collect(),
            passport_ids_deleted: entry.events.iter().filter_map(deleted).collect(),
        }
    }
}

/// A contract that the change ends (R-144).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContractEnded")]
pub(super) struct Ended {
    contract: ContractNumber,
    passport: PassportNumber,
    provider: ProviderId,
    service: ServiceCode,
    last_charge_month: Month,
    reason: EndReason,
}

impl Ended {
    fn of(event: &Event) -> Option<Self> {
        let Event::ContractEnded {
            contract,
            passport,
            provider,
            service,
            last_charge_month,
            reason,
            ..
        } = event
        else {
            return None;
        };
        Some(Self {
            contract: *contract,
            passport: *passport,
            provider: provider.clone(),
            service: service.clone(),
            last_charge_month: *last_charge_month,
            reason: *reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actors::Overload, domain::calendar::Instant};
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
        let entry = Arc::new(entry);
        for error in [LineError::Stopping, LineError::Busy(Overload::Requests)] {
            let line = looked(Err(Arc::new(error)), "r1");
            let told = Told::from(Made { entry: Arc::clone(&entry), line, dry_run: false });
            let told = serde_json::to_value(told).expect("JSON");
            assert_eq!((&told["dry_run"], &told["line"]), (&json!(false), &json!(null)));
            assert_eq!(told["contracts_ended"][0]["contract"], "K-100000000016");
        }
    }
}
