//! What operators and their monitoring reach, on a listener of its own.
//!
//! | file | what |
//! |---|---|
//! | [`routes`] | every route of the operator API: who may, what it takes and answers |
//! | [`access`] | asks for the token and its role |
//! | [`openapi`] | the routes as an OpenAPI 3.1 document |
//! | [`ask`] | JSON bodies, the reason of a change |
//! | [`bills`] | a month's bills: preview, close, corrections |
//! | [`audit`] | who did what, when and why; whether the chain is whole |
//! | [`backup`](mod@backup) | a backup of the store, part by part |
//! | [`look`] | long looks at the store: begun, told |
//! | [`verify`] | the invariants of the store; what clients know, held against it |
//! | [`log`] | level and form of the log, changed while the server runs |
//! | [`change`] | a change of one line: rehearsed or made, logged, told |
//! | [`lines`] | how a line stands |
//! | [`bars`] | restriction, company's stop, lift |
//! | [`transfers`] | transfers of a line |
//! | [`billing`] | a change of the billing number |
//! | [`passports`] | a line's passport IDs, their deletion; the end of a contract |
//! | [`sign_ins`] | where a line's household signed in last |
//! | [`overdue`] | unpaid bills: import, list, no longer collected |
//! | [`disclosures`] | an unpaid bill disclosed to a provider |
//! | [`retention`] | erasure of personal data whose term is over |
//! | [`holds`] | waits that guessing was met with, listed and released |
//! | [`imports`] | rows of an import |
//! | [`inquiries`] | what a line's household wrote to the desk |
//! | [`keys`] | rotation of signing and sealing keys |
//! | [`mails`] | mails that wait or are parked, and another try for them |
//! | [`maintenance`] | maintenance on and off |
//! | [`status`] | how the server and its store stand |
//! | [`tokens`] | the tokens of operators |
//! | [`providers`] | providers and their catalogue |
//! | [`webhooks`] | where a provider is told of what happens, and the keys that sign it |
//! | [`provisioning`] | a line's prefixes, limit and access key |
//! | [`problem`] | problem details (RFC 9457) |

pub mod access;
pub mod ask;
pub mod audit;
pub mod backup;
pub mod bars;
pub mod billing;
pub mod bills;
pub mod change;
pub mod disclosures;
pub mod holds;
pub mod imports;
pub mod inquiries;
pub mod keys;
pub mod lines;
pub mod log;
mod look;
pub mod mails;
pub mod maintenance;
pub mod openapi;
pub mod overdue;
pub mod passports;
pub mod problem;
pub mod providers;
pub mod provisioning;
pub mod retention;
pub mod routes;
pub mod sign_ins;
pub mod status;
pub mod tokens;
pub mod transfers;
pub mod verify;
pub mod webhooks;

use super::{answer, problem as problems, state::WebState};
use crate::metrics;
use actix_web::{
    HttpResponse, Resource, Route,
    http::StatusCode,
    web::{self, Data, ServiceConfig},
};
use serde_json::json;
use std::{future::ready, sync::atomic::Ordering};

/// The addresses.
pub fn addresses(service: &mut ServiceConfig) {
    service
        .service(question("/healthz", |route| route.to(healthz)))
        .service(question("/metrics", |route| route.to(all_metrics)))
        .service(question("/readyz", |route| route.to(readyz)))
        .configure(routes::register);
}

/// An address that is asked by GET and HEAD.
fn question(path: &str, handler: fn(Route) -> Route) -> Resource {
    let only = web::route().to(|| ready(problems::not_allowed("GET, HEAD")));
    web::resource(path).route(handler(answer::get())).default_service(only)
}

/// The process is there, its store answers and its committer runs: restart it when this fails.
async fn healthz(state: Data<WebState>) -> HttpResponse {
    let block = state.store.durable_block();
    let reads = state.store.block(block).await;
    let (code, status) = match reads {
        Ok(_) if state.committer.is_running() => (StatusCode::OK, "ok"),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the committer has ended"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
    };
    HttpResponse::build(code).json(json!({ "status": status, "durable_block": block }))
}

/// What monitoring reads, in the `OpenMetrics` text format.
async fn all_metrics(state: Data<WebState>) -> HttpResponse {
    match state.metrics.encode() {
        Ok(text) => HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written down");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// The process takes requests: send it none while this fails.
async fn readyz(state: Data<WebState>) -> HttpResponse {
    let starting_or_stopping = !state.ready.load(Ordering::Relaxed);
    let reason = match (starting_or_stopping, state.store.has_room()) {
        (true, _) => Some("starting or stopping"),
        (false, false) => Some("the store has no room: purchases are refused"),
        (false, true) => None,
    };
    match reason {
        // Maintenance stays ready: it is this server that shows the page, and whoever took it out
        // of service would show households an error of its own instead.
        None => {
            let maintenance = state.maintenance.notice().is_some();
            HttpResponse::Ok().json(json!({ "status": "ready", "maintenance": maintenance }))
        }
        Some(reason) => HttpResponse::ServiceUnavailable()
            .json(json!({ "status": "not_ready", "reason": reason })),
    }
}
