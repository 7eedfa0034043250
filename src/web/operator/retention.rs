//! Erasure of personal data whose term is over: of one line, or line by line of all.

use super::{
    access::Caller, ask, lines::customer_id, maintenance::decision, problem::ProblemDetails,
};
use crate::{
    actors::{
        LineError,
        erasure::{Asked as Erasing, Counts},
    },
    domain::{ids::CustomerId, retention::DataClass},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Lines that one request looks at.
const MOST_LINES: usize = 500;
/// A request ends after so long with the lines it has done, so that its caller need not wait longer.
const LONGEST: Duration = Duration::from_secs(10);

/// What is asked for, of one line.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Erasure")]
pub(super) struct One {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would go and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is asked for, of all lines.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RetentionSweep")]
pub(super) struct Sweep {
    /// Go on after this line, as `next` of the answer before says.
    after: Option<CustomerId>,
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would go and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Erased")]
pub(super) struct Told {
    /// Whether nothing was changed.
    dry_run: bool,
    /// How many lines were looked at.
    lines_seen: usize,
    /// How many of them had something to erase.
    lines_erased: usize,
    /// How many rows of each class.
    rows: Vec<ClassCount>,
    /// Lines that could not be read; the log says why.
    failed: Vec<CustomerId>,
    /// The line to go on after; null at the end.
    next: Option<CustomerId>,
}

#[derive(Serialize, JsonSchema)]
struct ClassCount {
    class: DataClass,
    rows: u64,
}

#[derive(Default)]
struct Sums {
    counts: Counts,
    seen: usize,
    erased: usize,
    failed: Vec<CustomerId>,
}

impl Sums {
    fn add(&mut self, counts: Counts) {
        self.seen += 1;
        self.erased += usize::from(!counts.is_empty());
        for (class, rows) in counts {
            *self.counts.entry(class).or_default() += rows;
        }
    }

    fn told(self, dry_run: bool, next: Option<CustomerId>) -> Told {
        let rows = self.counts.into_iter().map(|(class, rows)| ClassCount { class, rows });
        Told {
            dry_run,
            lines_seen: self.seen,
            lines_erased: self.erased,
            rows: rows.collect(),
            failed: self.failed,
            next,
        }
    }
}

/// Erases what is due of one line.
pub async fn erase(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    customer: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let customer = customer_id(&customer)?;
    let One { reason, dry_run } = ask::read(&body)?;
    let erasing = erasing(&caller, &context, &state, &reason, dry_run)?;
    let own = context.clone();
    let making = async move {
        let counts = state.erasure.erase(customer, &erasing).await;
        let counts = counts.map_err(|error| ProblemDetails::of_line(&own, &error))?;
        let mut sums = Sums::default();
        sums.add(counts);
        Ok(sums.told(dry_run, None))
    };
    let log = move |context: &RequestContext, made: &Result<Told, ProblemDetails>| {
        if !dry_run {
            decision("erase_line", context, made)
                .line(customer.to_string())
                .emit("an operator erased personal data whose term is over");
        }
    };
    Ok(HttpResponse::Ok().json(ask::to_its_end(&context, making, log).await?))
}

/// Erases what is due, line by line; the answer says where to go on.
pub async fn sweep(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let Sweep { after, reason, dry_run } = ask::read(&body)?;
    let erasing = erasing(&caller, &context, &state, &reason, dry_run)?;
    let own = context.clone();
    let making = async move { sweep_from(&own, &state, after, &erasing).await };
    let log = move |context: &RequestContext, made: &Result<Told, ProblemDetails>| {
        if !dry_run {
            let emitted = decision("sweep_personal_data", context, made);
            emitted.emit("an operator erased personal data whose term is over");
        }
    };
    Ok(HttpResponse::Ok().json(ask::to_its_end(&context, making, log).await?))
}

fn erasing(
    caller: &Caller,
    context: &RequestContext,
    state: &WebState,
    reason: &str,
    dry_run: bool,
) -> Result<Erasing, ProblemDetails> {
    let by = ask::by(caller, &ask::reason(reason)?);
    let request_id = Some(context.request_id.clone());
    Ok(Erasing { by, request_id, now: state.decisions.now(), dry_run })
}

async fn sweep_from(
    context: &RequestContext,
    state: &WebState,
    after: Option<CustomerId>,
    erasing: &Erasing,
) -> Result<Told, ProblemDetails> {
    let began = Instant::now();
    let lines = state.bulk.lines_after(after, MOST_LINES).await;
    let lines = lines.map_err(|error| ProblemDetails::internal(context, &error))?;
    let is_last_page = lines.len() < MOST_LINES;
    let mut sums = Sums::default();
    for (index, customer) in lines.iter().enumerate() {
        match state.erasure.erase(*customer, erasing).await {
            Ok(counts) => sums.add(counts),
            // What stands in the store of one line keeps no other from being erased.
            Err(error) if matches!(*error, LineError::Store(_)) => {
                let request_id = context.request_id.as_str();
                tracing::error!(request_id, line = %customer, %error, "a line cannot be swept");
                sums.failed.push(*customer);
            }
            Err(error) => return Err(ProblemDetails::of_line(context, &error)),
        }
        if began.elapsed() > LONGEST && index + 1 < lines.len() {
            return Ok(sums.told(erasing.dry_run, Some(*customer)));
        }
    }
    let next = lines.last().copied().filter(|_| !is_last_page);
    Ok(sums.told(erasing.dry_run, next))
}
