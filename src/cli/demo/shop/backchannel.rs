//! The shop's requests to Linepass, server to server: the only place that sends any.
//!
//! One [`Backchannel`] for each worker thread, because `awc` clients stay on theirs. Nothing is
//! shared with Linepass but its address: the sample shop is as far outside as any provider.

use std::cell::RefCell;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use awc::Client;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ShopProvider;
use super::error::{IdTokenProblem, ShopError, Step};
use super::oidc::{self, Asked, FlowSecrets, Metadata, TokenAnswer};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes; each is a few KiB.
const ANSWER_LIMIT: usize = 256 * 1024;

/// The client side of Linepass's back-channel endpoints.
pub struct Backchannel {
    client: Client,
    issuer: String,
    redirect_uri: String,
    metadata: RefCell<Option<Metadata>>,
    keys: RefCell<Option<JwkSet>>,
}

/// What the PAR endpoint answers (RFC 9126 section 2.2).
#[derive(Deserialize)]
struct PushAnswer {
    request_uri: String,
}

/// An OAuth error answer (RFC 6749 section 5.2).
#[derive(Deserialize)]
struct OAuthError {
    error: String,
    error_description: Option<String>,
}

impl Backchannel {
    /// A client of `issuer` whose flows come back to `redirect_uri`.
    pub fn new(issuer: &str, redirect_uri: &str) -> Self {
        Self {
            client: Client::builder().timeout(TIMEOUT).disable_redirects().finish(),
            issuer: issuer.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            metadata: RefCell::new(None),
            keys: RefCell::new(None),
        }
    }

    /// Whose answers are believed.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Pushes what is asked for (or a login) and gives the address to send the browser to.
    pub async fn push(
        &self,
        provider: &ShopProvider,
        secrets: &FlowSecrets,
        asked: Option<&Asked>,
        ui_locale: &str,
    ) -> Result<String, ShopError> {
        let metadata = self.metadata().await?;
        let form = oidc::par_form(&self.redirect_uri, secrets, asked, ui_locale)?;
        let endpoint = &metadata.pushed_authorization_request_endpoint;
        let answer: PushAnswer = self.post(endpoint, provider, &form, Step::Push).await?;
        let endpoint = &metadata.authorization_endpoint;
        oidc::authorize_url(endpoint, &provider.client_id, &answer.request_uri)
    }

    /// Exchanges the code. Call it once for each code: a second time ends what the first one gave.
    pub async fn exchange(
        &self,
        provider: &ShopProvider,
        code: &str,
        verifier: &str,
    ) -> Result<TokenAnswer, ShopError> {
        let metadata = self.metadata().await?;
        let form = oidc::token_form(code, &self.redirect_uri, verifier);
        self.post(&metadata.token_endpoint, provider, &form, Step::Token).await
    }

    /// The published key with that ID. An ID that is not known yet has the set read again, so that
    /// the issuer may change its keys at any time.
    pub async fn signing_key(&self, kid: Option<&str>) -> Result<Jwk, ShopError> {
        let known = self.keys.borrow().as_ref().and_then(|set| oidc::find_key(set, kid).cloned());
        if let Some(key) = known {
            return Ok(key);
        }
        let metadata = self.metadata().await?;
        let fresh: JwkSet = self.get(&metadata.jwks_uri, Step::Keys).await?;
        let key = oidc::find_key(&fresh, kid).cloned();
        self.keys.replace(Some(fresh));
        key.ok_or(IdTokenProblem::Key.into())
    }

    /// The issuer's metadata: read once, and read again at the next need after a failure.
    async fn metadata(&self) -> Result<Metadata, ShopError> {
        if let Some(known) = self.metadata.borrow().clone() {
            return Ok(known);
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        let fresh: Metadata = self.get(&url, Step::Discovery).await?;
        let fresh = fresh.checked(&self.issuer)?;
        self.metadata.replace(Some(fresh.clone()));
        Ok(fresh)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str, step: Step) -> Result<T, ShopError> {
        let answer = self.client.get(url).send().await;
        let mut answer = answer.map_err(|_| ShopError::Unreachable(step))?;
        let body = answer.body().limit(ANSWER_LIMIT).await;
        read(answer.status(), &body.map_err(|_| ShopError::Unreachable(step))?, step)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        url: &str,
        provider: &ShopProvider,
        form: &[(&'static str, String)],
        step: Step,
    ) -> Result<T, ShopError> {
        let credentials = oidc::basic_credentials(&provider.client_id, &provider.client_secret);
        let request = self.client.post(url).insert_header((header::AUTHORIZATION, credentials));
        let answer = request.send_form(&form).await;
        let mut answer = answer.map_err(|_| ShopError::Unreachable(step))?;
        let body = answer.body().limit(ANSWER_LIMIT).await;
        read(answer.status(), &body.map_err(|_| ShopError::Unreachable(step))?, step)
    }
}

/// Reads an answer: JSON of the expected shape, an OAuth error, or nothing of use.
fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8], step: Step) -> Result<T, ShopError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(|_| ShopError::Unreachable(step));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Err(ShopError::Maintenance);
    }
    let error: OAuthError =
        serde_json::from_slice(body).map_err(|_| ShopError::Unreachable(step))?;
    Err(ShopError::Refused {
        error: oidc::short(&error.error),
        description: error.error_description.as_deref().map(oidc::short),
    })
}
