//! How providers stand: listed, and told one by one. No secret is told.

use super::{provider_id, refused};
use crate::{
    domain::{
        ids::ProviderId,
        provider::{IdTokenAlgorithm, Provider},
        registration::{ProviderRefusal, ServiceEntry},
    },
    web::{operator::problem::ProblemDetails, state::WebState},
};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All providers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Providers")]
pub struct Listed {
    providers: Vec<ProviderState>,
}

/// A provider as it stands. No secret is told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
pub struct ProviderState {
    provider: ProviderId,
    name: String,
    contact_phone: Option<String>,
    contact_url: Option<String>,
    contact_hours: Option<String>,
    id_token_algorithm: Algorithm,
    redirect_uris: Vec<String>,
    /// How many secrets open something.
    secrets: usize,
    /// Where its webhooks go.
    webhook_url: Option<String>,
    /// How many keys sign them.
    webhook_keys: usize,
    /// Whether it is barred from pushing orders.
    suspended: bool,
    /// Its catalogue, what is off sale included.
    services: Vec<CatalogueEntry>,
}

/// An entry of a catalogue, as it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CatalogueEntry")]
struct CatalogueEntry {
    /// As it was written.
    entry: ServiceEntry,
    /// Whether it can be bought.
    offered: bool,
}

/// How `id_token`s are signed.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IdTokenAlgorithm")]
pub(super) enum Algorithm {
    /// RSA with SHA-256.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
}

impl From<Algorithm> for IdTokenAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 => Self::Rs256,
            Algorithm::Es256 => Self::Es256,
        }
    }
}

impl From<IdTokenAlgorithm> for Algorithm {
    fn from(algorithm: IdTokenAlgorithm) -> Self {
        match algorithm {
            IdTokenAlgorithm::Rs256 => Self::Rs256,
            IdTokenAlgorithm::Es256 => Self::Es256,
        }
    }
}

impl ProviderState {
    pub(super) fn of(provider: &Provider) -> Self {
        let entry =
            |service| CatalogueEntry { entry: ServiceEntry::of(service), offered: service.offered };
        Self {
            provider: provider.id.clone(),
            name: provider.name.clone(),
            contact_phone: provider.contact.phone.clone(),
            contact_url: provider.contact.url.clone(),
            contact_hours: provider.contact.hours.clone(),
            id_token_algorithm: provider.id_token_algorithm.into(),
            redirect_uris: provider.redirect_uris.clone(),
            secrets: provider.secrets.len(),
            webhook_url: provider.webhook_url.clone(),
            webhook_keys: provider.webhook_keys.len(),
            suspended: provider.suspended,
            services: provider.services.values().map(entry).collect(),
        }
    }
}

/// Lists them.
pub async fn list(state: Data<WebState>) -> HttpResponse {
    let providers = state.providers.all();
    let providers = providers.iter().map(|provider| ProviderState::of(provider)).collect();
    HttpResponse::Ok().json(Listed { providers })
}

/// Tells one.
pub async fn show(
    state: Data<WebState>,
    provider: Path<String>,
) -> Result<HttpResponse, ProblemDetails> {
    let id = provider_id(&provider)?;
    let provider = state.providers.get(&id).ok_or_else(|| refused(ProviderRefusal::Unknown))?;
    Ok(HttpResponse::Ok().json(ProviderState::of(&provider)))
}
