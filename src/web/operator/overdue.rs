//! Unpaid bills: reported and settled by the carrier's file, listed, and no longer collected (R-181,
//! Nothing stops by itself: a stop is `restrict` with its cause.

use super::{
    access::Caller,
    ask,
    change::{Made, Told, Wanted, change, rehearse},
    lines::{UnpaidState, customer_id},
    maintenance::decision,
    problem::ProblemDetails,
};
use crate::{
    actors::{
        LineError,
        change::{Change, What},
    },
    domain::{
        calendar::{Day, Month},
        ids::CustomerId,
        line::{By, Command, Refusal},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows of one request at most; a larger file comes in several.
const MOST_ROWS: usize = 64;
/// Lines that one answer of the list looks at.
const LINES_OF_A_PAGE: usize = 500;

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OverdueImport")]
pub(super) struct Import {
    /// At most 64.
    #[schemars(length(max = MOST_ROWS))]
    rows: Vec<Row>,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A bill, as the carrier's file has it.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OverdueRow")]
struct Row {
    customer_id: CustomerId,
    /// The month of the charges.
    month: Month,
    /// When it was due.
    due: Day,
    status: Status,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OverdueStatus")]
enum Status {
    Unpaid,
    Paid,
}

impl Row {
    const fn command(self) -> Command {
        match self.status {
            Status::Unpaid => Command::ReportOverdue { month: self.month, due: self.due },
            Status::Paid => Command::SettleOverdue(self.month),
        }
    }
}

/// The answer to an import.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverdueImported")]
pub(super) struct Imported {
    /// Whether nothing was changed.
    dry_run: bool,
    /// What became of each row, in order.
    rows: Vec<RowTold>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverdueRowTold")]
struct RowTold {
    /// `reported`, `settled`, `unchanged` or `refused`.
    #[schemars(extend("enum" = ["reported", "settled", "unchanged", "refused"]))]
    outcome: &'static str,
    /// Why it was refused.
    code: Option<&'static str>,
    /// The same as a sentence.
    detail: Option<String>,
}

impl RowTold {
    fn of(row: Row, changed: Result<bool, Refusal>) -> Self {
        let outcome = match (&changed, row.status) {
            (Ok(true), Status::Unpaid) => "reported",
            (Ok(true), Status::Paid) => "settled",
            (Ok(false), _) => "unchanged",
            (Err(_), _) => "refused",
        };
        let refusal = changed.err();
        let code = refusal.as_ref().map(Refusal::code);
        Self { outcome, code, detail: refusal.map(|refusal| refusal.to_string()) }
    }
}

/// Takes rows of the carrier's file. A row that a rule refuses is told, and the others are kept;
/// the same rows once more change nothing.
pub async fn import(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let Import { rows, reason, dry_run } = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&reason)?);
    if rows.len() > MOST_ROWS {
        return Err(ProblemDetails::invalid(format!("rows: at most {MOST_ROWS} at once")));
    }
    let own = context.clone();
    let taking = async move { take(&own, &state, rows, by, dry_run).await };
    let log = |context: &RequestContext, made: &Result<Imported, ProblemDetails>| {
        decision("import_overdue", context, made).emit("an operator imported unpaid bills");
    };
    let imported =
        if dry_run { taking.await? } else { ask::to_its_end(&context, taking, log).await? };
    Ok(HttpResponse::Ok().json(imported))
}

async fn take(
    context: &RequestContext,
    state: &WebState,
    rows: Vec<Row>,
    by: By,
    dry_run: bool,
) -> Result<Imported, ProblemDetails> {
    let mut told = Vec::with_capacity(rows.len());
    for row in rows {
        let changed = match take_row(context, state, row, &by, dry_run).await {
            Ok(changed) => Ok(changed),
            Err(RowError::Refused(refusal)) => Err(refusal),
            Err(RowError::Problem(problem)) => return Err(problem),
        };
        told.push(RowTold::of(row, changed));
    }
    Ok(Imported { dry_run, rows: told })
}

enum RowError {
    Refused(Refusal),
    Problem(ProblemDetails),
}

/// Whether the row changes anything.
async fn take_row(
    context: &RequestContext,
    state: &WebState,
    row: Row,
    by: &By,
    dry_run: bool,
) -> Result<bool, RowError> {
    let failed = |error: &LineError| match error {
        LineError::Refused(refusal) => RowError::Refused(refusal.clone()),
        other => RowError::Problem(ProblemDetails::of_line(context, other)),
    };
    let (customer, what) = (row.customer_id, What::Plain(Box::new(row.command())));
    let by = by.clone();
    if dry_run {
        let view = state.bulk.look(customer).await.map_err(|error| failed(&error))?;
        let wanted = Wanted { action: "import_overdue", customer, what, by, dry_run };
        let made = rehearse(&view, state, &wanted).map_err(RowError::Refused)?;
        return Ok(!made.entry.events.is_empty());
    }
    let request_id = Some(context.request_id.clone());
    let change = Change { what, by, source: None, request_id };
    let done = state.bulk.make(customer, change).await.map_err(|error| failed(&error))?;
    Ok(!done.entry.events.is_empty())
}

/// From where the list goes on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OverdueListing")]
pub struct Listing {
    /// Go on after this line, as `next` of the answer before says.
    #[schemars(with = "Option<CustomerId>")]
    after: Option<String>,
}

/// A part of the list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverdueBills")]
pub(super) struct Listed {
    lines: Vec<UnpaidLine>,
    /// Lines that could not be read, whose bills are not told; the log says why.
    unreadable: Vec<CustomerId>,
    /// The line to go on after; null at the end.
    next: Option<CustomerId>,
}

#[derive(Serialize, JsonSchema)]
struct UnpaidLine {
    customer_id: CustomerId,
    unpaid: Vec<UnpaidState>,
}

/// Lists lines with unpaid bills. An answer may be empty and still name where to go on.
pub async fn list(
    context: RequestContext,
    state: Data<WebState>,
    listing: Result<Query<Listing>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let listing = listing.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let after = listing.after.as_deref().map(customer_id).transpose()?;
    let found = state.bulk.lines_after(after, LINES_OF_A_PAGE).await;
    let found = found.map_err(|error| ProblemDetails::internal(&context, &error))?;
    let (mut lines, mut unreadable) = (Vec::new(), Vec::new());
    for customer in &found {
        let view = match state.bulk.look(*customer).await {
            Ok(view) => view,
            // What stands in the store of one line keeps no other from being listed.
            Err(error) if matches!(*error, LineError::Store(_)) => {
                let request_id = context.request_id.as_str();
                tracing::error!(request_id, line = %customer, %error, "a line cannot be listed");
                unreadable.push(*customer);
                continue;
            }
            Err(error) => return Err(ProblemDetails::of_line(&context, &error)),
        };
        let Some(line) = view.line else { continue };
        let open = line.unpaid.iter().filter(|(_, bill)| bill.settled_at.is_none());
        let unpaid: Vec<_> =
            open.map(|(month, bill)| UnpaidState::of(&line, *month, bill)).collect();
        if !unpaid.is_empty() {
            lines.push(UnpaidLine { customer_id: *customer, unpaid });
        }
    }
    let next = found.last().copied().filter(|_| found.len() >= LINES_OF_A_PAGE);
    Ok(HttpResponse::Ok().json(Listed { lines, unreadable, next }))
}

/// What is asked for, to stop collecting.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CollectionStop")]
pub(super) struct StopCollecting {
    /// The month of the charges.
    month: Month,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Stops collecting a bill: the second trigger of a disclosure.
pub async fn stop_collecting(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let asked: StopCollecting = ask::read(&body)?;
    let by = (&caller, &*asked.reason, asked.dry_run);
    let command = Command::StopCollection(asked.month);
    let wanted = Wanted::plain("stop_collecting", customer, command, by)?;
    let made: Made = change(&context, state, wanted).await?;
    Ok(HttpResponse::Ok().json(Told::from(made)))
}
