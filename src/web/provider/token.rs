//! `POST /oauth/token`: a code becomes an `id_token`, an access token and the receipt, once. A
//! provider that asks for itself goes on in [`client_credentials`].

use super::{
    client, client_credentials,
    code::AuthorizationCode,
    discovery::{ACR_LINE, ACR_PASSWORD},
    error::{Code, OAuthError},
    limits::{self, Door},
};
use crate::{
    actors::{LineError, orders},
    domain::{
        ids::{CustomerId, ProviderId},
        line::{
            Line,
            login::{Intent, may_use},
        },
        order::Order,
        provider::{IdTokenAlgorithm, Provider},
        receipt::Receipt,
    },
    security::{Purpose, SealError, SigningAlgorithm, mac},
    telemetry::{Decision, Outcome},
    web::{
        answer,
        context::RequestContext,
        form::{Body, Form},
        state::WebState,
    },
};
use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

/// Exchanges a code, or gives a provider a token of its own.
pub async fn exchange(
    request: HttpRequest,
    context: RequestContext,
    state: Data<WebState>,
    body: Body,
) -> HttpResponse {
    let mut known = Known::default();
    let exchanged = grant(&request, &context, &state, &body, &mut known).await;
    log(&context, &known, &exchanged);
    exchanged.unwrap_or_else(|error| error.response())
}

/// What is known of an exchange so far, for the log.
#[derive(Default)]
struct Known {
    for_itself: bool,
    provider: Option<ProviderId>,
    customer: Option<CustomerId>,
}

fn log(context: &RequestContext, known: &Known, exchanged: &Result<HttpResponse, OAuthError>) {
    let action = if known.for_itself { "issue_provider_token" } else { "exchange_code" };
    let mut decision = match exchanged {
        Ok(_) => Decision::new(action, Outcome::Accepted),
        Err(error) => error.decision(context, action),
    };
    if let Some(provider) = &known.provider {
        decision = decision.provider(provider.as_str());
    }
    if let Some(customer) = known.customer {
        decision = decision.line(customer.to_string());
    }
    decision
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("a provider asked for a token");
}

async fn grant(
    request: &HttpRequest,
    context: &RequestContext,
    state: &WebState,
    body: &Body,
    known: &mut Known,
) -> Result<HttpResponse, OAuthError> {
    let (form, provider) = client::identify(request, context, state, body, Door::Token)?;
    known.provider = Some(provider.id.clone());
    let _admitted = limits::admit(state, &provider.id, Door::Token).await?;
    client::may_ask(&provider)?;
    match form.get("grant_type") {
        Some("authorization_code") => exchange_code(state, &provider, &form, known).await,
        Some("client_credentials") => {
            known.for_itself = true;
            client_credentials::grant(state, &provider, &form)
        }
        None => Err(OAuthError::invalid_request("grant_type: is missing")),
        Some(_) => {
            let description = "grant_type: must be authorization_code or client_credentials";
            Err(OAuthError::new(Code::UnsupportedGrantType, description))
        }
    }
}

async fn exchange_code(
    state: &WebState,
    provider: &Provider,
    form: &Form,
    known: &mut Known,
) -> Result<HttpResponse, OAuthError> {
    let code = fitting_code(state, provider, form)?;
    known.customer = Some(code.subject.customer);
    still_stands(state, &code).await?;
    let receipt = receipt(state, &code, form.get("authorization_details")).await?;
    let answer = answer_with(state, provider, &code, receipt)?;
    // Last: whatever failed before this, the provider may come again with its code.
    use_up(state, &code)?;
    Ok(answer)
}

/// The code, whose every property must fit.
fn fitting_code(
    state: &WebState,
    provider: &Provider,
    form: &Form,
) -> Result<AuthorizationCode, OAuthError> {
    let refused = |description: &'static str| OAuthError::new(Code::InvalidGrant, description);
    let token = required(form, "code")?;
    let redirect_uri = required(form, "redirect_uri")?;
    let code_verifier = required(form, "code_verifier")?;
    let over = || refused("code: is not one of ours, or has expired");
    let (code, expired) = open_code(state, token).ok_or_else(over)?;
    if code.subject.client != provider.id {
        return Err(refused("code: was given to another client"));
    }
    if code.run != state.run {
        return Err(refused("code: is from before the server's last start"));
    }
    if redirect_uri != code.redirect_uri {
        return Err(refused("redirect_uri: must be the one the code was sent to"));
    }
    if !verifies(code_verifier, &code.code_challenge) {
        return Err(refused("code_verifier: does not fit the code_challenge"));
    }
    if expired {
        state.redeemed.came_again(&code.subject.code_id);
        return Err(over());
    }
    Ok(code)
}

/// A parameter that the exchange of a code cannot be without (RFC 6749 section 5.2).
fn required<'a>(form: &'a Form, name: &'static str) -> Result<&'a str, OAuthError> {
    form.get(name).ok_or_else(|| OAuthError::invalid_request(format!("{name}: is missing")))
}

/// The code, and whether its time is over: one that was exchanged in time and comes again late ends
/// its access token all the same.
fn open_code(state: &WebState, token: &str) -> Option<(AuthorizationCode, bool)> {
    let open = |now_s| state.keys.sealer().open(Purpose::AuthorizationCode, token, now_s);
    match open(state.now_s()) {
        Ok(code) => Some((code, false)),
        Err(SealError::Expired) => open(i64::MIN).ok().map(|code| (code, true)),
        Err(SealError::Malformed) => None,
    }
}

/// A code is used once; used again, its access token ends (RFC 6749 section 4.1.2).
fn use_up(state: &WebState, code: &AuthorizationCode) -> Result<(), OAuthError> {
    let forget_at_s = state.expiry(state.lifetimes.access_token_lifetime_s)
        + i64::try_from(state.lifetimes.code_lifetime_s).unwrap_or(0);
    let first = state.redeemed.redeem(&code.subject.code_id, state.now_s(), forget_at_s);
    let used = || OAuthError::new(Code::InvalidGrant, "code: was used before");
    first.then_some(()).ok_or_else(used)
}

/// PKCE with S256 (RFC 7636 section 4.6).
fn verifies(verifier: &str, challenge: &str) -> bool {
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let hashed = URL_SAFE_NO_PAD.encode(mac::sha256(verifier.as_bytes()));
    well_formed && bool::from(hashed.as_bytes().ct_eq(challenge.as_bytes()))
}

/// The login has not been ended since: a restriction or a deletion ends what is older, and a login
/// alone ends with the company's stop too. A receipt is told all the same.
async fn still_stands(state: &WebState, code: &AuthorizationCode) -> Result<(), OAuthError> {
    let subject = &code.subject;
    let view = state.lines.look(subject.customer).await.map_err(|error| line_error(&error))?;
    let stands = |line: &Line| {
        let passport = line.live_passport(subject.passport);
        let same = passport.is_some_and(|passport| passport.epoch == subject.epoch);
        same && (code.reference.is_some() || may_use(line, Intent::LoginOnly).is_ok())
    };
    let ended = || OAuthError::new(Code::InvalidGrant, "code: the login has ended");
    view.line.as_deref().is_some_and(stands).then_some(()).ok_or_else(ended)
}

/// A line that cannot answer is nobody's fault but ours.
pub fn line_error(error: &LineError) -> OAuthError {
    match error {
        LineError::Busy(_) | LineError::Stopping => OAuthError::busy(1),
        other => OAuthError::server_error(other),
    }
}

/// The receipt of the code's order. Whoever names an order here must name that one (RFC 9396
/// section 6).
async fn receipt(
    state: &WebState,
    code: &AuthorizationCode,
    named: Option<&str>,
) -> Result<Option<Receipt>, OAuthError> {
    let named = named.map(Order::parse).transpose()?;
    let Some(reference) = &code.reference else {
        return named.map_or(Ok(None), |_| Err(not_granted()));
    };
    let completed = orders::completed(state.store.as_ref(), &code.subject.client, reference).await;
    let completed = completed.map_err(|error| OAuthError::server_error(&error))?;
    let gone = || OAuthError::new(Code::InvalidGrant, "code: its order is not completed");
    let completed = completed.ok_or_else(gone)?;
    if named.is_some_and(|order| !completed.is_of(&order)) {
        return Err(not_granted());
    }
    Ok(Some(completed.receipt))
}

/// An order is named that this token is not for.
pub fn not_granted() -> OAuthError {
    let description = "authorization_details: must be the completed order, or left away";
    OAuthError::new(Code::InvalidAuthorizationDetails, description)
}

/// The claims of an `id_token` (`OpenID` Connect Core section 2).
#[derive(Serialize)]
struct IdToken<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    acr: &'static str,
    amr: [&'static str; 1],
}

fn answer_with(
    state: &WebState,
    provider: &Provider,
    code: &AuthorizationCode,
    receipt: Option<Receipt>,
) -> Result<HttpResponse, OAuthError> {
    let subject = &code.subject;
    let sub =
        state.keys.subject(provider.id.as_str(), subject.customer.as_str(), subject.passport.0);
    let claims = IdToken {
        iss: &state.issuer,
        sub: &sub,
        aud: provider.id.as_str(),
        exp: state.expiry(state.lifetimes.id_token_lifetime_s),
        iat: state.now_s(),
        auth_time: code.auth_time_s,
        nonce: code.nonce.as_deref(),
        acr: if code.line_checked { ACR_LINE } else { ACR_PASSWORD },
        amr: ["pwd"],
    };
    let algorithm = match provider.id_token_algorithm {
        IdTokenAlgorithm::Rs256 => SigningAlgorithm::Rs256,
        IdTokenAlgorithm::Es256 => SigningAlgorithm::Es256,
    };
    let id_token = state.keys.sign(algorithm, &claims);
    let id_token = id_token.map_err(|error| OAuthError::server_error(&error))?;
    let lifetime_s = state.lifetimes.access_token_lifetime_s;
    let expires_at_s = state.expiry(lifetime_s);
    let access_token = answer::seal(&state.keys, Purpose::AccessToken, subject, expires_at_s);
    let access_token = access_token.map_err(|error| OAuthError::server_error(&error))?;
    let mut body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime_s,
        "scope": if subject.entitlements { "openid entitlements" } else { "openid" },
        "id_token": id_token,
    });
    if let Some(receipt) = receipt {
        body["authorization_details"] = json!([receipt]);
    }
    Ok(issued(&body))
}

/// The response with a token, which nobody may keep (RFC 6749 section 5.1).
pub fn issued(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::PRAGMA, "no-cache"))
        .json(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_rfc_7636_appendix_b_fits_its_challenge() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verifies("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge));
        for wrong in ["", "short", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"] {
            assert!(!verifies(wrong, challenge), "{wrong}");
        }
        // A verifier too short for RFC 7636 section 4.1, though its hash would fit.
        let short = URL_SAFE_NO_PAD.encode(mac::sha256(b"short"));
        assert!(!verifies("short", &short));
    }
}
