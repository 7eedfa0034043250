//! Who did what, when and why; and the walk over the whole chain.

use super::{
    access::Caller,
    lines::customer_id,
    maintenance::{decision, problem},
    problem::ProblemDetails,
};
use crate::{
    actors::audit::{self, Told, Walk},
    domain::calendar::Instant,
    store::Stream,
    web::{context::RequestContext, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Entries of an answer where nobody says how many, and the most.
const ENTRIES: u64 = 20;
const MOST_ENTRIES: u64 = 200;

/// Which entries are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// A line's customer ID.
    line: Option<String>,
    /// A provider's ID.
    provider: Option<String>,
    /// Linepass as a whole.
    #[serde(default)]
    system: bool,
    /// The first sequence number; the last entries where absent.
    from: Option<u64>,
    /// How many at most.
    n: Option<u64>,
}

/// Begins a walk over the whole chain, or joins the one that is under way.
pub async fn begin(
    _: Caller,
    context: RequestContext,
    state: Data<WebState>,
) -> Result<HttpResponse, ProblemDetails> {
    state.audits.begin();
    let begun: Result<(), ProblemDetails> = Ok(());
    decision("verify_audit", &context, &begun).emit("an operator has the journal verified");
    Ok(HttpResponse::Accepted().json(told_walk(&state.audits.last())))
}

/// Tells how the last walk stands.
pub async fn status(state: Data<WebState>) -> HttpResponse {
    HttpResponse::Ok().json(told_walk(&state.audits.last()))
}

/// Lists the entries of a stream, in their order.
pub async fn entries(
    context: RequestContext,
    state: Data<WebState>,
    asked: Result<Query<Asked>, actix_web::Error>,
) -> Result<HttpResponse, ProblemDetails> {
    let asked = asked.map_err(|error| ProblemDetails::invalid(error.to_string()))?;
    let (stream, unknown) = stream(&asked)?;
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
    Ok(HttpResponse::Ok().json(json!({
        "stream": stream.to_string(),
        "last": page.last,
        "entries": page.entries.into_iter().map(told).collect::<Vec<_>>(),
        "next": next,
    })))
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

fn told(told: Told) -> Value {
    let Told { seq, block, mut entry, changed } = told;
    legible(&mut entry);
    let mut told = json!({ "seq": seq, "block": block });
    for field in ["at", "by", "request_id", "events"] {
        told[field] = entry[field].take();
    }
    if let Some(changed) = changed {
        let mut changed = json!(changed);
        legible(&mut changed);
        told["changed"] = changed;
    }
    told
}

/// The journal keeps instants as microseconds since 1970; people read RFC 3339. No other number in
/// it is as large as those of the years 2001 to 2099.
fn legible(value: &mut Value) {
    const INSTANTS: std::ops::Range<i64> = 1_000_000_000_000_000..4_102_444_800_000_000;
    match value {
        Value::Array(values) => values.iter_mut().for_each(legible),
        Value::Object(members) => members.values_mut().for_each(legible),
        Value::Number(number) => {
            let micros = number.as_i64().filter(|micros| INSTANTS.contains(micros));
            if let Some(micros) = micros {
                *value = json!(Instant::from_micros(micros).rfc3339());
            }
        }
        _ => {}
    }
}

fn told_walk(walk: &Walk) -> Value {
    match walk {
        Walk::Never => json!({ "state": "never" }),
        Walk::Running(None) => json!({ "state": "running" }),
        Walk::Running(Some(progress)) => json!({
            "state": "running",
            "step": progress.step,
            "done": progress.done,
            "of": progress.of,
        }),
        Walk::Done { report, at } => {
            let mut told = json!(report.as_ref());
            told["state"] = json!("done");
            told["whole"] = json!(report.is_whole());
            told["first_broken_block"] = json!(report.first_broken_block());
            told["ended_at"] = json!(at.rfc3339());
            told
        }
    }
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
