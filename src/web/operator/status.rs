//! How the server and its store stand, for whoever operates it.

use super::problem::ProblemDetails;
use crate::{
    domain::{calendar::Instant, synthetic::SyntheticData},
    web::{
        admission::refused::{by_reason, last_minute},
        context::RequestContext,
        state::WebState,
    },
};
use actix_web::{HttpResponse, web::Data};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// How the server stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Status")]
pub(super) struct Told {
    /// The version that runs.
    version: &'static str,
    /// The number of the last durable block.
    durable_block: u64,
    /// Whether maintenance is on.
    maintenance: bool,
    /// Whether more comes than can be done.
    overload: Overload,
    /// What the store's data were made from, where `linepass seed` made them up; null in a store of
    /// real lines.
    synthetic_data: Option<Synthetic>,
}

/// Whether requests are turned away with 503 and `Retry-After`, because more comes than can be done.
#[derive(Serialize, JsonSchema)]
struct Overload {
    /// Whether some were in the last ten seconds.
    turning_away: bool,
    /// Since when some are, for whatever reason, without a pause of ten seconds, RFC 3339; null where none
    /// are turned away now.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    /// What is behind it, as far as threads that answer turn some away at this moment: `disk` (it is slow),
    /// `processors` (more comes than they do) or `under_way` (more is under way than is done in time, and
    /// it is not the disk). Empty where none does: a queue that is full stands in `last_minute` alone.
    causes: Vec<Cause>,
    /// How many were in the last minute, by what was too much; reasons without any are left out.
    last_minute: Vec<TurnedAway>,
}

/// What is behind it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverloadCause", extend("enum" = ["disk", "processors", "under_way"]))]
struct Cause(&'static str);

/// Requests that were turned away for one reason.
#[derive(Serialize, JsonSchema)]
struct TurnedAway {
    /// What was too much: a reason of `linepass_shed_total` in the metrics.
    reason: &'static str,
    /// How many.
    requests: u64,
}

impl Overload {
    fn of(state: &WebState) -> Self {
        let counts = by_reason(&state.admission, &state.lines, &state.passwords);
        let lasts = state.admission.refusals().goes_on();
        let since = |lasts: Duration| {
            let lasts_us = i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX);
            Instant::from_micros(state.host.now().micros().saturating_sub(lasts_us)).rfc3339()
        };
        let turned_away = counts
            .iter()
            .map(|(reason, counts)| TurnedAway { reason, requests: last_minute(counts) });
        Self {
            turning_away: lasts.is_some(),
            since: lasts.map(since),
            causes: state.admission.causes().into_iter().map(|cause| Cause(cause.code())).collect(),
            last_minute: turned_away.filter(|one| one.requests > 0).collect(),
        }
    }
}

/// What made-up data were made from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SyntheticData")]
struct Synthetic {
    /// The number that everything was drawn from.
    seed: u64,
    /// How many lines.
    lines: u64,
    /// How many purchases.
    purchases: u64,
    /// Nothing of them happened later, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    until: String,
}

impl From<SyntheticData> for Synthetic {
    fn from(SyntheticData { seed, lines, purchases, until, .. }: SyntheticData) -> Self {
        Self { seed, lines, purchases, until: Instant::rfc3339(until) }
    }
}

/// Tells it.
pub async fn show(
    context: RequestContext,
    state: Data<WebState>,
) -> Result<HttpResponse, ProblemDetails> {
    let system = state.system.state().await;
    let system = system.map_err(|error| ProblemDetails::internal(&context, &error))?;
    Ok(HttpResponse::Ok().json(Told {
        version: env!("CARGO_PKG_VERSION"),
        durable_block: state.store.durable_block(),
        maintenance: system.maintenance.is_some(),
        overload: Overload::of(&state),
        synthetic_data: system.synthetic.map(Synthetic::from),
    }))
}
