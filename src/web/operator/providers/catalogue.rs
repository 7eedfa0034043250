//! A provider's catalogue: services are listed, and go off sale.

use super::{Change, invalid, provider_id};
use crate::{
    domain::{
        ids::ServiceCode,
        registration::{self, ServiceEntry},
    },
    web::{
        context::RequestContext,
        form::Body,
        operator::{access::Caller, ask, problem::ProblemDetails},
        state::WebState,
    },
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// The largest catalogue of one request, in bytes.
pub const MOST_BODY_BYTES: usize = 1024 * 1024;
/// The most services of one request.
const MOST_SERVICES: usize = 1_000;

/// What is asked for to list services.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceListing")]
pub struct AddServices {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Entries; one whose code is there replaces that.
    #[schemars(length(min = 1, max = MOST_SERVICES))]
    services: Vec<ServiceEntry>,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is asked for to retire a service.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceRetirement")]
pub struct Retire {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Lists services.
pub async fn add_services(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    provider: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let id = provider_id(&provider)?;
    let asked: AddServices = ask::read(&body)?;
    if !(1..=MOST_SERVICES).contains(&asked.services.len()) {
        return Err(ProblemDetails::invalid(format!("services: must be 1 to {MOST_SERVICES}")));
    }
    let entries = asked.services.into_iter().enumerate();
    let check = |(index, entry): (usize, ServiceEntry)| entry.check(&format!("services[{index}]"));
    let services = entries.map(check).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
    let mut codes: Vec<&ServiceCode> = services.iter().map(|service| &service.code).collect();
    codes.sort_unstable();
    let twice = codes.iter().zip(codes.iter().skip(1)).find(|(one, next)| one == next);
    if let Some((code, _)) = twice {
        return Err(ProblemDetails::invalid(format!("services: {code} stands twice")));
    }
    let (reason, dry_run) = (asked.reason, asked.dry_run);
    let change = Change::of("list_services", id, reason, dry_run);
    change
        .make(&caller, &context, state, move |standing| {
            registration::add_services(standing, &services)
        })
        .await
}

/// Retires a service.
pub async fn retire_service(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    path: Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let (provider, service) = path.into_inner();
    let id = provider_id(&provider)?;
    let code: ServiceCode =
        service.parse().map_err(|error| ProblemDetails::invalid(format!("{error}")))?;
    let asked: Retire = ask::read(&body)?;
    let (reason, dry_run) = (asked.reason, asked.dry_run);
    let change = Change::of("retire_service", id, reason, dry_run);
    change
        .make(&caller, &context, state, move |standing| {
            registration::retire_service(standing, &code)
        })
        .await
}
