//! How the server and its store stand, for whoever operates it.

use super::problem::ProblemDetails;
use crate::{
    domain::{calendar::Instant, synthetic::SyntheticData},
    web::{context::RequestContext, state::WebState},
};
use actix_web::{HttpResponse, web::Data};
use schemars::JsonSchema;
use serde::Serialize;

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
    /// What the store's data were made from, where `linepass seed` made them up; null in a store of
    /// real lines.
    synthetic_data: Option<Synthetic>,
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
        synthetic_data: system.synthetic.map(Synthetic::from),
    }))
}
