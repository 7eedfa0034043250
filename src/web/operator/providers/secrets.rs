//! A provider's secrets: drawn, told once, and rotated.

use super::{Change, provider_id};
use crate::{
    domain::registration,
    security::provider_secret,
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
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::Deserialize;

/// What is asked for to rotate secrets, or the keys that sign webhooks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecretRotation", extend("anyOf" = [
    { "required": ["draw"], "properties": { "draw": { "const": true } } },
    { "required": ["retire_old"], "properties": { "retire_old": { "const": true } } },
]))]
pub struct Rotate {
    /// Why: 1 to 200 characters.
    #[schemars(with = "ask::Reason")]
    pub reason: String,
    /// Draw another secret, beside the one that stands.
    #[serde(default)]
    pub draw: bool,
    /// Retire what stood before: the old one of two, or with `draw` all.
    #[serde(default)]
    pub retire_old: bool,
    /// Tell what would happen and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl Rotate {
    /// Reads one that asks for something.
    pub fn read(body: &Body) -> Result<Self, ProblemDetails> {
        let asked: Self = ask::read(body)?;
        let is_asked = asked.draw || asked.retire_old;
        let nothing = || ProblemDetails::invalid("draw: must be true where retire_old is not");
        is_asked.then_some(asked).ok_or_else(nothing)
    }
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
    let change = Change::of("rotate_provider_secret", id, reason, dry_run);
    change
        .with_client_secret(secret)
        .make(&caller, &context, state, move |standing| {
            registration::rotate_secret(standing, sha256.as_deref(), retire_old)
        })
        .await
}

/// A new secret, and what is kept of it.
pub(super) fn drawn() -> (String, String) {
    let (secret, sha256) = provider_secret::generate();
    (secret.expose().to_owned(), URL_SAFE_NO_PAD.encode(sha256))
}
