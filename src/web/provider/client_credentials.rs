//! `grant_type=client_credentials` (RFC 6749 section 4.4): the provider asks for itself, to read the
//! status of its own purchases.

use super::{
    code::ProviderAccess,
    error::{Code, OAuthError},
    token::{issued, not_granted},
};
use crate::{
    domain::provider::Provider,
    security::Purpose,
    web::{answer, form::Form, state::WebState},
};
use actix_web::HttpResponse;
use serde_json::json;

/// The only scope that a provider can have for itself.
pub const PURCHASES_READ: &str = "purchases:read";

/// An access token for the provider's own orders. No refresh token (RFC 6749 section 4.4.3) and no
/// `id_token`: nobody has logged in.
pub fn grant(
    state: &WebState,
    provider: &Provider,
    form: &Form,
) -> Result<HttpResponse, OAuthError> {
    check_scope(form.get("scope"))?;
    if form.get("authorization_details").is_some() {
        return Err(not_granted());
    }
    let access = ProviderAccess { client: provider.id.clone() };
    let lifetime_s = state.lifetimes.access_token_lifetime_s;
    let expires_at_s = state.expiry(lifetime_s);
    let token = answer::seal(&state.keys, Purpose::ProviderAccessToken, &access, expires_at_s);
    let access_token = token.map_err(|error| OAuthError::server_error(&error))?;
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime_s,
        "scope": PURCHASES_READ,
    });
    Ok(issued(&body))
}

/// Left away, the scope is the one there is (RFC 6749 section 3.3).
fn check_scope(scope: Option<&str>) -> Result<(), OAuthError> {
    let fits = scope.is_none_or(|scope| scope == PURCHASES_READ);
    let wrong = || OAuthError::new(Code::InvalidScope, "scope: must be purchases:read");
    fits.then_some(()).ok_or_else(wrong)
}
