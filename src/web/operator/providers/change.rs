//! A change of a provider: rehearsed or made, logged, told.

use super::{problem, refused, state::ProviderState};
use crate::{
    domain::{
        ids::ProviderId,
        provider::{Provider, ProviderEvent},
        registration::ProviderRefusal,
    },
    security::KeyRecord,
    web::{
        context::RequestContext,
        operator::{access::Caller, ask, maintenance::decision, problem::ProblemDetails},
        state::WebState,
    },
};
use actix_web::{HttpResponse, web::Data};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// A provider after a change.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProviderKept")]
pub struct Kept {
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

/// A change of a provider.
pub struct Change {
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
    pub const fn of(action: &'static str, id: ProviderId, reason: String, dry_run: bool) -> Self {
        Self { action, id, reason, dry_run, client_secret: None, webhook_secret: None, key: None }
    }

    /// The same with a secret that was drawn for it.
    pub(super) fn with_client_secret(self, secret: Option<String>) -> Self {
        Self { client_secret: secret, ..self }
    }

    /// The same with a webhook key that was drawn for it.
    pub fn with_webhook_key(self, secret: Option<String>, key: Option<KeyRecord>) -> Self {
        Self { webhook_secret: secret, key, ..self }
    }

    /// Decides, commits, and tells how the provider stands then.
    pub async fn make(
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
