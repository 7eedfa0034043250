//! `POST /oauth/par`: a request is checked whole when it is pushed (RFC 9126), so that nothing in
//! a browser can change it and the household meets no error it cannot understand.

use super::{
    client,
    discovery::{ACR_LINE, ACR_PASSWORD},
    error::{Code, OAuthError},
    limits::{self, Door},
    request::PushedRequest,
};
use crate::{
    actors::orders,
    domain::{
        order::{Order, OrderFault},
        provider::Provider,
    },
    security::Purpose,
    telemetry::{Decision, Outcome},
    web::{
        answer,
        context::RequestContext,
        form::{Body, Form},
        state::WebState,
    },
};
use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use serde_json::json;
use std::sync::Arc;

/// The prefix of a `request_uri` (RFC 9126 section 2.2).
pub const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// The most characters of `state`.
const LONGEST_STATE: usize = 256;
/// The most characters of `nonce`.
const LONGEST_NONCE: usize = 128;

/// Takes a pushed request.
pub async fn push(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> HttpResponse {
    let mut provider = None;
    let pushed = accept(&request, &context, &state, &body, &mut provider).await;
    match pushed.and_then(|pushed| Ok((seal(&state, &pushed)?, pushed))) {
        Ok((token, pushed)) => {
            accepted(&context, &pushed);
            HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
                "request_uri": format!("{REQUEST_URI_PREFIX}{token}"),
                "expires_in": state.lifetimes.pushed_order_lifetime_s,
            }))
        }
        Err(error) => {
            refused(&context, provider.as_deref(), &error);
            error.response()
        }
    }
}

fn seal(state: &WebState, pushed: &PushedRequest) -> Result<String, OAuthError> {
    let expires_at_s = state.expiry(state.lifetimes.pushed_order_lifetime_s);
    let sealed = answer::seal(&state.keys, Purpose::PushedOrder, pushed, expires_at_s);
    sealed.map_err(|error| OAuthError::server_error(&error))
}

fn refused(context: &RequestContext, provider: Option<&Provider>, error: &OAuthError) {
    let mut decision = error.decision(context, "push_order");
    if let Some(provider) = provider {
        decision = decision.provider(provider.id.as_str());
    }
    decision
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("a provider's request was refused");
}

fn accepted(context: &RequestContext, pushed: &PushedRequest) {
    let mut decision = Decision::new("push_order", Outcome::Accepted)
        .provider(pushed.client.as_str())
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id);
    if let Some(Order::Purchase(order)) = &pushed.order {
        let amount_yen = i64::try_from(order.amount.get()).unwrap_or(i64::MAX);
        decision = decision.service(order.service.as_str()).amount_yen(amount_yen);
    }
    decision.emit("a provider's request was taken");
}

/// Checks the request; `known` becomes the provider as soon as it is known, for the log.
async fn accept(
    request: &HttpRequest,
    context: &RequestContext,
    state: &WebState,
    body: &Body,
    known: &mut Option<Arc<Provider>>,
) -> Result<PushedRequest, OAuthError> {
    let (form, provider) = client::identify(request, context, state, body, Door::Par)?;
    *known = Some(Arc::clone(&provider));
    let _admitted = limits::admit(state, &provider.id, Door::Par).await?;
    client::may_ask(&provider)?;
    let pushed = read(&form, &provider)?;
    if let Some(order) = &pushed.order {
        check_order(state, &provider, order).await?;
    }
    Ok(pushed)
}

/// Reads the parameters of a pushed request of this provider's (RFC 9126 section 2.1); nothing is looked
/// up, so its order stands against no catalogue yet.
///
/// # Errors
/// The first parameter that is missing or wrong, with what is allowed.
pub fn read(form: &Form, provider: &Provider) -> Result<PushedRequest, OAuthError> {
    // RFC 9126 section 2.1 forbids the one, and the other stands for a pushed object we do not take.
    if form.get("request_uri").is_some() {
        return Err(OAuthError::invalid_request("request_uri: must not be pushed"));
    }
    if form.get("request").is_some() {
        let description = "request: push the parameters themselves";
        return Err(OAuthError::new(Code::RequestNotSupported, description));
    }
    match form.get("response_type") {
        Some("code") => {}
        None => return Err(OAuthError::invalid_request("response_type: is missing; use code")),
        Some(_) => {
            let description = "response_type: must be code";
            return Err(OAuthError::new(Code::UnsupportedResponseType, description));
        }
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(OAuthError::invalid_request("response_mode: must be query"));
    }
    // Each flow logs in, so every age is young enough; what is no age is refused all the same.
    if form.get("max_age").is_some_and(|age| age.parse::<u32>().is_err()) {
        return Err(OAuthError::invalid_request("max_age: must be a whole number of seconds"));
    }
    let order = form.get("authorization_details").map(Order::parse).transpose()?;
    let prompts = form.get("prompt").unwrap_or_default();
    Ok(PushedRequest {
        client: provider.id.clone(),
        redirect_uri: redirect_uri(form, provider)?,
        state: short(form, "state", LONGEST_STATE)?,
        nonce: short(form, "nonce", LONGEST_NONCE)?,
        code_challenge: code_challenge(form)?,
        entitlements: scope(form)?,
        require_line: requires_line(form),
        prompt_none: prompt_none(prompts)?,
        ui_locales: ui_locales(form),
        order,
    })
}

fn redirect_uri(form: &Form, provider: &Provider) -> Result<String, OAuthError> {
    let uri = form.get("redirect_uri").unwrap_or_default();
    if !provider.may_redirect_to(uri) {
        let description = "redirect_uri: must be one of your registered addresses, to the letter";
        return Err(OAuthError::invalid_request(description));
    }
    Ok(uri.to_owned())
}

fn short(form: &Form, name: &'static str, longest: usize) -> Result<Option<String>, OAuthError> {
    let Some(value) = form.get(name) else { return Ok(None) };
    if value.len() > longest || !value.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        let description = format!("{name}: at most {longest} printable ASCII characters");
        return Err(OAuthError::invalid_request(description));
    }
    Ok(Some(value.to_owned()))
}

/// PKCE is required, and S256 the only method (RFC 9700 section 2.1.1).
fn code_challenge(form: &Form) -> Result<String, OAuthError> {
    if form.get("code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request("code_challenge_method: must be S256"));
    }
    let challenge = form.get("code_challenge").unwrap_or_default();
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if challenge.len() != 43 || !challenge.bytes().all(base64url) {
        let description = "code_challenge: must be SHA-256 of the verifier, 43 characters";
        return Err(OAuthError::invalid_request(description));
    }
    Ok(challenge.to_owned())
}

/// Whether `entitlements` is among the scopes; `openid` must be.
fn scope(form: &Form) -> Result<bool, OAuthError> {
    let scopes: Vec<&str> = form.get("scope").unwrap_or_default().split(' ').collect();
    let known = scopes.iter().all(|scope| matches!(*scope, "openid" | "entitlements"));
    if !scopes.contains(&"openid") || !known {
        let description = "scope: must have openid and may have entitlements, nothing else";
        return Err(OAuthError::new(Code::InvalidScope, description));
    }
    Ok(scopes.contains(&"entitlements"))
}

/// `acr_values` is an order of preference (`OpenID` Connect Core section 3.1.2.1); whoever asks for
/// the line alone must get it, whoever would take the password too need not.
fn requires_line(form: &Form) -> bool {
    let asked: Vec<&str> = form.get("acr_values").unwrap_or_default().split(' ').collect();
    asked.contains(&ACR_LINE) && !asked.contains(&ACR_PASSWORD)
}

/// Each flow logs in anyway; `none` cannot be done and cannot stand beside others.
fn prompt_none(prompts: &str) -> Result<bool, OAuthError> {
    let prompts: Vec<&str> = prompts.split(' ').filter(|prompt| !prompt.is_empty()).collect();
    let known = |prompt: &&str| matches!(*prompt, "none" | "login" | "consent" | "select_account");
    let none = prompts.contains(&"none");
    if !prompts.iter().all(known) || (none && prompts.len() > 1) {
        return Err(OAuthError::invalid_request("prompt: must be login, or none alone"));
    }
    Ok(none)
}

/// The first few languages; more would only make the cookie long.
fn ui_locales(form: &Form) -> Option<String> {
    let locales = form.get("ui_locales")?;
    Some(locales.chars().filter(char::is_ascii).take(32).collect())
}

/// The order against the catalogue, and against what its reference completed before.
async fn check_order(
    state: &WebState,
    provider: &Provider,
    order: &Order,
) -> Result<(), OAuthError> {
    let completed = orders::completed(state.store.as_ref(), &provider.id, order.reference()).await;
    match completed.map_err(|error| OAuthError::server_error(&error))? {
        // The same order again: whoever bought it gets its receipt, whatever the catalogue says.
        Some(completed) if completed.is_of(order) => Ok(()),
        Some(_) => {
            let allowed = "another reference: this one was completed with other content";
            Err(OrderFault { field: "reference", allowed }.into())
        }
        None => match order {
            Order::Purchase(purchase) => Ok(purchase.check(provider.offer(&purchase.service))?),
            // Whose contract it is the household's login tells: a provider learns nothing of it.
            Order::Cancellation(_) => Ok(()),
        },
    }
}
