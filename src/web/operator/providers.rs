//! Providers and their catalogue: registered, looked at, changed. A secret is drawn here and told
//! once; what is kept of it is its SHA-256.
//!
//! | file | what |
//! |---|---|
//! | `state` | how providers stand |
//! | `catalogue` | services listed, and off sale |
//! | `secrets` | secrets drawn and rotated |
//! | `change` | what all changes share: decided, logged, told |

mod catalogue;
mod change;
mod secrets;
mod state;

pub(super) use catalogue::{AddServices, Retire};
pub use catalogue::{MOST_BODY_BYTES, add_services, retire_service};
pub(super) use change::{Change, Kept};
pub(super) use secrets::Rotate;
pub use secrets::rotate;
pub(super) use state::{Listed, ProviderState};
pub use state::{list, show};

use super::{access::Caller, ask, problem::ProblemDetails};
use crate::{
    actors::{LineError, providers::ProviderError},
    domain::{
        ids::ProviderId,
        provider::LONGEST_REDIRECT_URI,
        registration::{
            self, LONGEST_CONTACT, LONGEST_NAME, LONGEST_URL, MOST_REDIRECT_URIS, ProviderData,
            ProviderRefusal, RegistrationFault,
        },
        shape::{OneLine, PageAddress},
    },
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use schemars::JsonSchema;
use secrets::drawn;
use serde::Deserialize;
use state::Algorithm;

/// What is asked for to register a provider.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProviderRegistration")]
pub(super) struct Register {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Its ID, the OAuth `client_id`: 1 to 23 small letters, digits and hyphens.
    #[schemars(with = "ProviderId")]
    provider: String,
    /// Its name as households and bills read it.
    #[schemars(with = "OneLine<LONGEST_NAME>")]
    name: String,
    /// A telephone number for households.
    #[schemars(with = "Option<OneLine<LONGEST_CONTACT>>")]
    contact_phone: Option<String>,
    /// An address of its pages.
    #[schemars(with = "Option<PageAddress<LONGEST_URL>>")]
    contact_url: Option<String>,
    /// When somebody answers.
    #[schemars(with = "Option<OneLine<LONGEST_CONTACT>>")]
    contact_hours: Option<String>,
    /// Exact addresses to go back to, 1 to 10.
    #[schemars(with = "Vec<PageAddress<LONGEST_REDIRECT_URI>>", length(min = 1, max = MOST_REDIRECT_URIS))]
    redirect_uris: Vec<String>,
    /// How its `id_token`s are signed: `RS256` where absent, or `ES256`.
    #[serde(default)]
    id_token_algorithm: Algorithm,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What is asked for to change one. What is absent stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProviderChange")]
pub(super) struct Set {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Its name from now on; what was bought before keeps the name it was bought under.
    #[schemars(with = "Option<OneLine<LONGEST_NAME>>")]
    name: Option<String>,
    /// A telephone number for households.
    #[schemars(with = "Option<OneLine<LONGEST_CONTACT>>")]
    contact_phone: Option<String>,
    /// An address of its pages.
    #[schemars(with = "Option<PageAddress<LONGEST_URL>>")]
    contact_url: Option<String>,
    /// When somebody answers.
    #[schemars(with = "Option<OneLine<LONGEST_CONTACT>>")]
    contact_hours: Option<String>,
    /// Exact addresses to go back to, all of them.
    #[schemars(with = "Option<Vec<PageAddress<LONGEST_REDIRECT_URI>>>", length(min = 1, max = MOST_REDIRECT_URIS))]
    redirect_uris: Option<Vec<String>>,
    /// Whether it is barred from pushing orders; its contracts go on.
    suspended: Option<bool>,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Registers one.
pub async fn register(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let asked: Register = ask::read(&body)?;
    let id = provider_id(&asked.provider)?;
    let data = ProviderData {
        name: Some(asked.name),
        contact_phone: asked.contact_phone,
        contact_url: asked.contact_url,
        contact_hours: asked.contact_hours,
        redirect_uris: Some(asked.redirect_uris),
        suspended: None,
    };
    let data = data.check().map_err(invalid)?;
    let algorithm = asked.id_token_algorithm.into();
    let (secret, sha256) = drawn();
    let change = Change::of("register_provider", id, asked.reason, asked.dry_run);
    change
        .with_client_secret(Some(secret))
        .make(&caller, &context, state, move |standing| {
            registration::register(standing, &data, algorithm, &sha256)
        })
        .await
}

/// Changes one.
pub async fn set(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    provider: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let id = provider_id(&provider)?;
    let asked: Set = ask::read(&body)?;
    let data = ProviderData {
        name: asked.name,
        contact_phone: asked.contact_phone,
        contact_url: asked.contact_url,
        contact_hours: asked.contact_hours,
        redirect_uris: asked.redirect_uris,
        suspended: asked.suspended,
    };
    let data = data.check().map_err(invalid)?;
    let (reason, dry_run) = (asked.reason, asked.dry_run);
    let change = Change::of("set_provider", id, reason, dry_run);
    change.make(&caller, &context, state, move |standing| registration::set(standing, &data)).await
}

pub(super) fn provider_id(text: &str) -> Result<ProviderId, ProblemDetails> {
    text.parse().map_err(|error| ProblemDetails::invalid(format!("{error}")))
}

pub(super) fn invalid(fault: RegistrationFault) -> ProblemDetails {
    ProblemDetails::invalid(fault.to_string())
}

pub(super) fn refused(refusal: ProviderRefusal) -> ProblemDetails {
    let status = match refusal {
        ProviderRefusal::Unknown | ProviderRefusal::UnknownService => StatusCode::NOT_FOUND,
        _ => StatusCode::CONFLICT,
    };
    ProblemDetails::new(status, refusal.code(), refusal.to_string())
}

pub(super) fn problem(context: &RequestContext, error: ProviderError) -> ProblemDetails {
    match error {
        ProviderError::Unknown => refused(ProviderRefusal::Unknown),
        ProviderError::Refused(refusal) => refused(refusal),
        ProviderError::Commit(error) => ProblemDetails::of_line(context, &LineError::from(error)),
        ProviderError::Store(error) => ProblemDetails::internal(context, &error),
    }
}
