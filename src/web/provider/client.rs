//! Who the provider is: `client_secret_basic` or `client_secret_post` (`OpenID` Connect Core
//! section 9), one of them and not both.

use super::{
    error::{Code, OAuthError},
    limits::{self, Door},
};
use crate::{
    actors::providers::Providers,
    domain::provider::Provider,
    security::{Secret, provider_secret},
    web::{
        bearer,
        context::RequestContext,
        form::{Body, Form},
        state::WebState,
    },
};
use actix_web::{HttpRequest, http::header};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use std::sync::Arc;

/// The form of a back-channel request, and whose it is. A body that cannot be read and credentials
/// that are nobody's count for their source; so does nothing else, as a client that authenticates
/// in two ways at once.
pub fn identify(
    request: &HttpRequest,
    context: &RequestContext,
    state: &WebState,
    body: &Body,
    door: Door,
) -> Result<(Form, Arc<Provider>), OAuthError> {
    let unknown = |error| limits::unknown(state, &context.source, door, error);
    let mut form = read_form(request, body).map_err(unknown)?;
    match authenticate(request, &mut form, &state.providers) {
        Ok(provider) => Ok((form, provider)),
        Err(error) if error.code == Code::InvalidClient => Err(unknown(error)),
        Err(error) => Err(error),
    }
}

/// A suspended provider is told so, once it is known and heard: within its own budget, and with its
/// name in the log.
pub fn may_ask(provider: &Provider) -> Result<(), OAuthError> {
    let suspended = || OAuthError::new(Code::UnauthorizedClient, "the provider is suspended");
    (!provider.suspended).then_some(()).ok_or_else(suspended)
}

/// Reads a back-channel form.
fn read_form(request: &HttpRequest, body: &Body) -> Result<Form, OAuthError> {
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let description = "Content-Type: must be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(description));
    }
    Ok(Form::read(body.as_ref().map_err(OAuthError::unread_body)?)?)
}

/// Authenticates the provider by what stands in the header or the form.
fn authenticate(
    request: &HttpRequest,
    form: &mut Form,
    providers: &Providers,
) -> Result<Arc<Provider>, OAuthError> {
    let (client_id, secret) = credentials(request, form)?;
    let refused = || {
        OAuthError::new(
            Code::InvalidClient,
            "client_id and client_secret must be a registered pair",
        )
    };
    let id = client_id.parse().map_err(|_| refused())?;
    let provider = providers.get(&id).ok_or_else(refused)?;
    let known = provider.secrets.iter().filter_map(|kept| decode(kept));
    // Every live secret is compared, so that the time does not tell which one it was.
    let matches = known.filter(|kept| provider_secret::matches(&secret, kept)).count();
    if matches == 0 {
        return Err(refused());
    }
    Ok(provider)
}

/// A kept hash.
fn decode(kept: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(kept).ok()?.try_into().ok()
}

fn credentials(request: &HttpRequest, form: &mut Form) -> Result<(String, Secret), OAuthError> {
    let posted = form.take("client_secret").map(Secret::new);
    let named = form.get("client_id").map(str::to_owned);
    match (bearer::authorization(request)?, posted) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request(
            "client_secret: use the Authorization header or the form, not both",
        )),
        (Some(value), None) => {
            let basic = value.to_str().ok().and_then(basic).ok_or_else(|| {
                OAuthError::new(Code::InvalidClient, "Authorization: must be Basic credentials")
            })?;
            match named {
                Some(named) if named != basic.0 => Err(OAuthError::invalid_request(
                    "client_id: must be the one of the Authorization header",
                )),
                _ => Ok(basic),
            }
        }
        (None, Some(secret)) => {
            let missing = || OAuthError::new(Code::InvalidClient, "client_id: is missing");
            Ok((named.ok_or_else(missing)?, secret))
        }
        (None, None) => Err(OAuthError::new(
            Code::InvalidClient,
            "client_secret: authenticate by client_secret_basic or client_secret_post",
        )),
    }
}

/// Reads Basic credentials, both parts form-encoded (RFC 6749 section 2.3.1).
pub fn basic(value: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decode(id)?, Secret::new(form_decode(secret)?)))
}

fn form_decode(text: &str) -> Option<String> {
    let pair = format!("v={text}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    let (_, value) = pairs.next()?;
    pairs.next().is_none().then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded_rfc_6749_2_3_1() {
        let header = format!("Basic {}", STANDARD.encode("a-sha:s%2Be%3Ac"));
        let (id, secret) = basic(&header).expect("reads");
        assert_eq!((id.as_str(), secret.expose()), ("a-sha", "s+e:c"));
        for wrong in ["Basic", "Bearer x", "Basic !!", "Basic YQ=="] {
            assert!(basic(wrong).is_none(), "{wrong}");
        }
    }
}
