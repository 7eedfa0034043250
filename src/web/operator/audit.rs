//! Who did what, when and why; and the walk over the whole chain.

use super::{
    access::Caller, lines::customer_id, look, maintenance::problem, problem::ProblemDetails,
};
use crate::{
    actors::audit::{self, Stands, Told},
    domain::{
        calendar::Instant,
        ids::{CustomerId, ProviderId},
        operator::Role,
    },
    store::{
        Stream,
        audit::{Progress, Report},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Entries of an answer where nobody says how many, and the most.
const ENTRIES: u64 = 20;
const MOST_ENTRIES: u64 = 200;

/// Which entries are asked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AuditEntriesAsked")]
pub struct Asked {
    /// A line's customer ID.
    #[schemars(with = "Option<CustomerId>")]
    line: Option<String>,
    /// A provider's ID.
    #[schemars(with = "Option<ProviderId>")]
    provider: Option<String>,
    /// Linepass as a whole.
    #[serde(default)]
    system: bool,
    /// The first sequence number; the last entries where absent.
    #[schemars(range(min = 1))]
    from: Option<u64>,
    /// How many at most.
    #[schemars(range(min = 1, max = MOST_ENTRIES))]
    n: Option<u64>,
}

/// Entries of a stream.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEntries")]
pub(super) struct StreamPage {
    /// Whose.
    stream: String,
    /// The stream's last sequence number.
    last: u64,
    /// In their order.
    entries: Vec<EntryTold>,
    /// Where the next page begins; none where there is none.
    next: Option<u64>,
}

/// One entry of the journal; nothing personal stands in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
struct EntryTold {
    /// Its sequence number in the stream.
    seq: u64,
    /// The block that closed it.
    block: u64,
    /// When, RFC 3339.
    at: Value,
    /// Who, and an operator's reason.
    by: Value,
    /// The request it came with.
    request_id: Value,
    /// What happened.
    events: Value,
    /// What an operator changed of a line, field by field: before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Value>,
}

/// Begins a walk over the whole chain, or has one follow that is under way.
pub async fn begin(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let line = ("verify_audit", "an operator has the journal verified");
    let number = look::begin((&caller, &context), &body, line, || state.audits.begin())?;
    Ok(HttpResponse::Ok().json(told_walk(&state.audits.last()).asked(number)))
}

/// Tells how the last walk stands, or the one that is asked for.
pub async fn status(
    state: Data<WebState>,
    asked: look::AskedQuery,
) -> Result<HttpResponse, ProblemDetails> {
    Ok(HttpResponse::Ok().json(told_walk(&look::of(state.audits.last(), asked)?)))
}

/// Lists the entries of a stream, in their order; those of the system are the administrator's.
pub async fn entries(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    asked: Result<Query<Asked>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let asked = asked.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let (stream, unknown) = stream(&asked)?;
    if stream == Stream::System && caller.role != Role::Admin {
        let detail = "the entries of the system are the administrator's";
        return Err(ProblemDetails::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    let from = asked.from.filter(|from| *from > 0);
    if from != asked.from {
        return Err(ProblemDetails::invalid("from: must be 1 or more"));
    }
    let most = asked.n.unwrap_or(ENTRIES);
    if !(1..=MOST_ENTRIES).contains(&most) {
        let detail = format!("n: must be 1 to {MOST_ENTRIES}");
        return Err(ProblemDetails::invalid(detail));
    }
    let page = audit::entries(state.store.as_ref(), &stream, from, most).await;
    let page = page.map_err(|error| problem(&context, error.into()))?;
    let page = page.ok_or_else(|| {
        let detail = format!("there is no {}", unknown.replace('_', " ").replace("unknown ", ""));
        ProblemDetails::new(StatusCode::NOT_FOUND, unknown, detail)
    })?;
    let next = page.entries.last().map(|told| told.seq + 1).filter(|next| *next <= page.last);
    let (stream, last) = (stream.to_string(), page.last);
    let entries = page.entries.into_iter().map(told).collect();
    Ok(HttpResponse::Ok().json(StreamPage { stream, last, entries, next }))
}

/// The stream, and the code of the answer where there is none.
fn stream(asked: &Asked) -> Result<(Stream, &'static str), ProblemDetails> {
    match (&asked.line, &asked.provider, asked.system) {
        (Some(line), None, false) => Ok((Stream::Line(customer_id(line)?), "unknown_line")),
        (None, Some(provider), false) => {
            let provider = provider.parse();
            let provider = provider.map_err(|error| ProblemDetails::invalid(format!("{error}")))?;
            Ok((Stream::Provider(provider), "unknown_provider"))
        }
        (None, None, true) => Ok((Stream::System, "unknown_stream")),
        _ => Err(ProblemDetails::invalid("wanted is one of line, provider and system=true")),
    }
}

fn told(told: Told) -> EntryTold {
    let Told { seq, block, mut entry, changed } = told;
    legible(&mut entry);
    let [at, by, request_id, events] =
        ["at", "by", "request_id", "events"].map(|field| entry[field].take());
    let changed = changed.map(|changed| {
        let mut changed = json!(changed);
        legible(&mut changed);
        changed
    });
    EntryTold { seq, block, at, by, request_id, events, changed }
}

/// The journal keeps instants as microseconds since 1970; people read RFC 3339. No other number in
/// it is as large as those of the years 2001 to 2099.
fn legible(value: &mut Value) {
    const INSTANTS: std::ops::Range<i64> = 1_000_000_000_000_000..4_102_444_800_000_000;
    match value {
        Value::Array(values) => values.iter_mut().for_each(legible),
        Value::Object(members) => {
            // What a secret or a token is known by is nobody's to read.
            members.remove("sha256");
            members.values_mut().for_each(legible);
        }
        Value::Number(number) => {
            let micros = number.as_i64().filter(|micros| INSTANTS.contains(micros));
            if let Some(micros) = micros {
                *value = json!(Instant::from_micros(micros).rfc3339());
            }
        }
        _ => {}
    }
}

fn told_walk(stands: &Stands) -> look::LookTold {
    let far = |progress: &Progress| (json!(progress.step), progress.done, progress.of);
    let found = |report: &Report| {
        let block = report.first_broken_block();
        (report.is_whole(), look::with(report, "first_broken_block", &block))
    };
    look::told(stands, far, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_legibly_and_sums_as_they_are() {
        let mut entry = json!({
            "at": 1_790_000_000_000_000_i64,
            "events": [{ "amount": 9_999_999_999_i64, "until": [1_790_000_000_500_000_i64, null] }],
        });
        legible(&mut entry);
        assert_eq!(entry["at"], "2026-09-21T23:13:20+09:00");
        assert_eq!(entry["events"][0]["amount"], 9_999_999_999_i64);
        assert!(entry["events"][0]["until"][0].is_string());
    }
}
