//! Providers and their catalogue: registered, looked at, changed. A secret is drawn here and told
//! once; what is kept of it is its SHA-256.

use super::{access::Caller, ask, maintenance::decision, problem::ProblemDetails};
use crate::{
    actors::{LineError, providers::ProviderError},
    domain::{
        ids::{ProviderId, ServiceCode},
        provider::{IdTokenAlgorithm, LONGEST_REDIRECT_URI, Provider, ProviderEvent},
        registration::{
            self, LONGEST_CONTACT, LONGEST_NAME, LONGEST_URL, MOST_REDIRECT_URIS, ProviderData,
            ProviderRefusal, RegistrationFault, ServiceEntry,
        },
        shape::{OneLine, PageAddress},
    },
    security::{KeyRecord, provider_secret},
    web::{context::RequestContext, form::Body, state::WebState},
};
use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The largest catalogue of one request, in bytes.
pub const MOST_BODY_BYTES: usize = 1024 * 1024;
/// The most services of one request.
const MOST_SERVICES: usize = 1_000;

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

/// How `id_token`s are signed.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IdTokenAlgorithm")]
enum Algorithm {
    /// RSA with SHA-256.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
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

/// What is asked for to rotate secrets, or the keys that sign webhooks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecretRotation", extend("anyOf" = [
    { "required": ["draw"], "properties": { "draw": { "const": true } } },
    { "required": ["retire_old"], "properties": { "retire_old": { "const": true } } },
]))]
pub(super) struct Rotate {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    pub(super) reason: String,
    /// Draw another secret, beside the one that stands.
    #[serde(default)]
    pub(super) draw: bool,
    /// Retire what stood before: the old one of two, or with `draw` all.
    #[serde(default)]
    pub(super) retire_old: bool,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
}

impl Rotate {
    /// Reads one that asks for something.
    pub(super) fn read(body: &Body) -> Result<Self, ProblemDetails> {
        let asked: Self = ask::read(body)?;
        let is_asked = asked.draw || asked.retire_old;
        let nothing = || ProblemDetails::invalid("draw: must be true where retire_old is not");
        is_asked.then_some(asked).ok_or_else(nothing)
    }
}

/// What is asked for to list services.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceListing")]
pub(super) struct AddServices {
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
pub(super) struct Retire {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    reason: String,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// All providers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Providers")]
pub(super) struct Listed {
    providers: Vec<ProviderState>,
}

/// A provider as it stands. No secret is told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
pub(super) struct ProviderState {
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

/// A provider after a change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderKept")]
pub(super) struct Kept {
    dry_run: bool,
    /// How many things changed; none where all of it stood already.
    changes: usize,
    /// A new secret, told this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// A new webhook key, told this once: `whsec_` and base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<String>,
    /// How it stands then.
    provider: ProviderState,
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
    let algorithm = match asked.id_token_algorithm {
        Algorithm::Rs256 => IdTokenAlgorithm::Rs256,
        Algorithm::Es256 => IdTokenAlgorithm::Es256,
    };
    let (secret, sha256) = drawn();
    let change = Change {
        client_secret: Some(secret),
        ..Change::of("register_provider", id, asked.reason, asked.dry_run)
    };
    change
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

/// Rotates its secrets.
pub async fn rotate(
    caller: Caller,
    context: RequestContext,
    state: Data<WebState>,
    provider: Path<String>,
    body: Body,
) -> Result<HttpResponse, ProblemDetails> {
    let id = provider_id(&provider)?;
    let asked = Rotate::read(&body)?;
    let (secret, sha256) = asked.draw.then(drawn).unzip();
    let (reason, dry_run, retire_old) = (asked.reason, asked.dry_run, asked.retire_old);
    let change = Change {
        client_secret: secret,
        ..Change::of("rotate_provider_secret", id, reason, dry_run)
    };
    change
        .make(&caller, &context, state, move |standing| {
            registration::rotate_secret(standing, sha256.as_deref(), retire_old)
        })
        .await
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

/// A new secret, and what is kept of it.
fn drawn() -> (String, String) {
    let (secret, sha256) = provider_secret::generate();
    (secret.expose().to_owned(), URL_SAFE_NO_PAD.encode(sha256))
}

/// A change of a provider.
pub(super) struct Change {
    /// Its word in the log.
    action: &'static str,
    /// Of whom.
    id: ProviderId,
    reason: String,
    dry_run: bool,
    /// A new secret, to be told.
    client_secret: Option<String>,
    /// A new webhook key, to be told.
    webhook_secret: Option<String>,
    /// The same, to be stored.
    key: Option<KeyRecord>,
}

impl Change {
    /// A change that draws nothing.
    pub(super) const fn of(
        action: &'static str,
        id: ProviderId,
        reason: String,
        dry_run: bool,
    ) -> Self {
        Self { action, id, reason, dry_run, client_secret: None, webhook_secret: None, key: None }
    }

    /// The same with a webhook key that was drawn for it.
    pub(super) fn with_webhook_key(self, secret: Option<String>, key: Option<KeyRecord>) -> Self {
        Self { webhook_secret: secret, key, ..self }
    }

    /// Decides, commits, and tells how the provider stands then.
    pub(super) async fn make(
        self,
        caller: &Caller,
        context: &RequestContext,
        state: Data<WebState>,
        decide: impl FnOnce(Option<&Provider>) -> Result<Vec<ProviderEvent>, ProviderRefusal> + 'static,
    ) -> Result<HttpResponse, ProblemDetails> {
        let Self { action, id, reason, dry_run, client_secret, webhook_secret, key } = self;
        let by = ask::by(caller, &ask::reason(&reason)?);
        let (provider, changes) = if dry_run {
            let standing = state.providers.get(&id);
            let events = decide(standing.as_deref()).map_err(refused)?;
            let changes = events.len();
            let state = standing.as_deref().cloned();
            let evolve = |state, event| Provider::evolve(state, &id, event);
            let then = events.into_iter().fold(state, evolve);
            (then.map(Arc::new), changes)
        } else {
            let (own, name) = (context.clone(), id.to_string());
            let request_id = Some(context.request_id.clone());
            let making = async move {
                let made =
                    state.providers.decide(&id, by, request_id, key.as_slice(), decide).await;
                let changes = made.map_err(|error| problem(&own, error))?;
                Ok((state.providers.get(&id), changes))
            };
            let log = move |context: &RequestContext, made: &Result<_, ProblemDetails>| {
                decision(action, context, made)
                    .provider(name)
                    .emit("an operator changed a provider");
            };
            ask::to_its_end(context, making, log).await?
        };
        let provider = provider.ok_or_else(|| refused(ProviderRefusal::Unknown))?;
        let provider = ProviderState::of(&provider);
        let client_secret = client_secret.filter(|_| !dry_run);
        let webhook_secret = webhook_secret.filter(|_| !dry_run);
        let kept = Kept { dry_run, changes, client_secret, webhook_secret, provider };
        Ok(HttpResponse::Ok().json(kept))
    }
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

impl ProviderState {
    fn of(provider: &Provider) -> Self {
        let entry =
            |service| CatalogueEntry { entry: ServiceEntry::of(service), offered: service.offered };
        Self {
            provider: provider.id.clone(),
            name: provider.name.clone(),
            contact_phone: provider.contact.phone.clone(),
            contact_url: provider.contact.url.clone(),
            contact_hours: provider.contact.hours.clone(),
            id_token_algorithm: match provider.id_token_algorithm {
                IdTokenAlgorithm::Rs256 => Algorithm::Rs256,
                IdTokenAlgorithm::Es256 => Algorithm::Es256,
            },
            redirect_uris: provider.redirect_uris.clone(),
            secrets: provider.secrets.len(),
            webhook_url: provider.webhook_url.clone(),
            webhook_keys: provider.webhook_keys.len(),
            suspended: provider.suspended,
            services: provider.services.values().map(entry).collect(),
        }
    }
}
