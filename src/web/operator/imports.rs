//! Rows of an import. One request has as many as fit into its body; each row is answered
//! for itself, and those that are good are kept whatever becomes of the others.

use super::{access::Caller, ask, maintenance::decision, problem::ProblemDetails};
use crate::{
    actors::{
        networks::TakenFrom,
        provisioning::{Asked, Import, KeyOutcome, NumberedRow, RowAnswer, RowOutcome},
    },
    domain::{ids::CustomerId, shape},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{HttpResponse, web::Data};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most rows of one request.
pub const MOST_ROWS: usize = 1_000;
/// The largest body of one, in bytes.
pub const MOST_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What is asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineImport")]
pub(super) struct ImportRows {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Put another access key in the place of a line's own; otherwise that is kept.
    #[serde(default)]
    replace_access_keys: bool,
    /// At most 1000.
    #[schemars(length(max = MOST_ROWS))]
    rows: Vec<GivenRow>,
}

/// A row with its place in the file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LineImportRow")]
struct GivenRow {
    /// The line of the file, from 1.
    #[serde(deserialize_with = "shape::whole")]
    line: u64,
    /// Its fields by name; what is left out or empty is not touched.
    fields: BTreeMap<String, String>,
}

/// Takes the rows.
pub async fn take(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let given: ImportRows = ask::read(&body)?;
    let by = ask::by(&caller, &ask::reason(&given.reason)?);
    if given.rows.len() > MOST_ROWS {
        return Err(ProblemDetails::invalid(format!("rows: at most {MOST_ROWS}")));
    }
    let (dry_run, replace_access_keys) = (given.dry_run, given.replace_access_keys);
    let request_id = Some(context.request_id.clone());
    let asked = Asked { by, request_id, dry_run, replace_access_keys };
    let row = |row: GivenRow| NumberedRow { line: row.line, fields: row.fields };
    let rows: Vec<NumberedRow> = given.rows.into_iter().map(row).collect();
    let own = context.clone();
    let made = async move {
        let import = Import::new(state.bulk.clone(), state.passwords.clone());
        let answers = import.take(rows, &asked).await;
        let answers = answers.map_err(|error| ProblemDetails::of_line(&own, &error))?;
        release_replaced(&state, &answers, asked.dry_run);
        Ok(Imported::of(answers, asked.dry_run))
    };
    if dry_run {
        return Ok(HttpResponse::Ok().json(made.await?));
    }
    let log = |context: &RequestContext, made: &Result<Imported, ProblemDetails>| {
        decision("import_lines", context, made).emit("an operator imported lines");
    };
    let imported = ask::to_its_end(&context, made, log).await?;
    Ok(HttpResponse::Ok().json(imported))
}

/// Waits that guessing at the old key was met with end with it, as they do in the line.
fn release_replaced(state: &WebState, answers: &[RowAnswer], dry_run: bool) {
    let replaced = answers.iter().filter(|answer| answer.access_key == KeyOutcome::Replaced);
    for customer in replaced.filter(|_| !dry_run).filter_map(|answer| answer.customer) {
        state.throttle.release(state.access_key_id(customer));
    }
}

/// What became of the rows.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LinesImported")]
pub(super) struct Imported {
    dry_run: bool,
    opened: usize,
    updated: usize,
    unchanged: usize,
    /// Rows that a rule refused.
    refused: usize,
    /// Rows with a field that cannot be taken.
    malformed: usize,
    /// Rows whose other access key was not taken over.
    access_keys_kept: usize,
    /// The rows of which there is something to tell: bad ones, kept access keys, prefixes taken.
    rows: Vec<ToldRow>,
}

/// A row of which there is something to tell.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineImported")]
struct ToldRow {
    /// The line of the file.
    line: u64,
    customer_id: Option<CustomerId>,
    outcome: Outcome,
    /// The field that cannot be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    /// Why a rule refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What is allowed, or why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    access_key: Key,
    /// Other lines that lost prefixes to this one.
    taken_from: Vec<Taken>,
}

/// What became of a row.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LineImportOutcome")]
enum Outcome {
    Opened,
    Updated,
    Unchanged,
    Refused,
    Malformed,
}

/// What became of a row's access key.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ImportedAccessKey")]
enum Key {
    /// None was given, or it is the line's own.
    AsItWas,
    /// Another one was given and the line's own kept.
    Kept,
    /// Another one took its place.
    Replaced,
}

/// A line that lost prefixes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NetworksTaken")]
pub(super) struct Taken {
    customer_id: CustomerId,
    networks: Vec<String>,
}

impl Taken {
    pub(super) fn of(taken: &TakenFrom) -> Self {
        let networks = taken.networks.iter().map(ToString::to_string).collect();
        Self { customer_id: taken.customer, networks }
    }
}

impl Imported {
    fn of(answers: Vec<RowAnswer>, dry_run: bool) -> Self {
        let count = |is: fn(&RowOutcome) -> bool| {
            answers.iter().filter(|answer| is(&answer.outcome)).count()
        };
        let kept = answers.iter().filter(|answer| answer.access_key == KeyOutcome::Kept).count();
        let silent = |answer: &RowAnswer| {
            let good = !matches!(answer.outcome, RowOutcome::Malformed(_) | RowOutcome::Refused(_));
            good && answer.access_key == KeyOutcome::AsItWas && answer.taken.is_empty()
        };
        Self {
            dry_run,
            opened: count(|outcome| *outcome == RowOutcome::Opened),
            updated: count(|outcome| *outcome == RowOutcome::Updated),
            unchanged: count(|outcome| *outcome == RowOutcome::Unchanged),
            refused: count(|outcome| matches!(outcome, RowOutcome::Refused(_))),
            malformed: count(|outcome| matches!(outcome, RowOutcome::Malformed(_))),
            access_keys_kept: kept,
            rows: answers.iter().filter(|answer| !silent(answer)).map(ToldRow::of).collect(),
        }
    }
}

impl ToldRow {
    fn of(answer: &RowAnswer) -> Self {
        let (outcome, column, code, detail) = match &answer.outcome {
            RowOutcome::Opened => (Outcome::Opened, None, None, None),
            RowOutcome::Updated => (Outcome::Updated, None, None, None),
            RowOutcome::Unchanged => (Outcome::Unchanged, None, None, None),
            RowOutcome::Malformed(fault) => {
                let (column, allowed) = (fault.column.clone(), fault.allowed.clone());
                (Outcome::Malformed, Some(column), None, Some(allowed))
            }
            RowOutcome::Refused(refusal) => {
                (Outcome::Refused, None, Some(refusal.code()), Some(refusal.to_string()))
            }
        };
        let access_key = match answer.access_key {
            KeyOutcome::AsItWas => Key::AsItWas,
            KeyOutcome::Kept => Key::Kept,
            KeyOutcome::Replaced => Key::Replaced,
        };
        let (line, customer_id) = (answer.line, answer.customer);
        let taken_from = answer.taken.iter().map(Taken::of).collect();
        Self { line, customer_id, outcome, column, code, detail, access_key, taken_from }
    }
}
