//! Metadata (`OpenID` Connect Discovery, RFC 8414) and keys (RFC 7517). It names what works.

use super::client_credentials::PURCHASES_READ;
use crate::web::state::WebState;
use actix_web::{HttpResponse, http::header, web};
use serde_json::json;

/// How long a client may keep the keys, in seconds.
pub const JWKS_MAX_AGE_S: u64 = 300;

/// `acr` when the line itself was checked.
pub const ACR_LINE: &str = "urn:linepass:acr:line";
/// `acr` when only the password was.
pub const ACR_PASSWORD: &str = "urn:linepass:acr:password";

/// `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub async fn metadata(state: web::Data<WebState>) -> HttpResponse {
    let at = |path: &str| format!("{}{path}", state.issuer);
    let client_authentication = json!(["client_secret_basic", "client_secret_post"]);
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "max-age=300")).json(json!({
        "issuer": state.issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "jwks_uri": at("/oauth/jwks.json"),
        "pushed_authorization_request_endpoint": at("/oauth/par"),
        "require_pushed_authorization_requests": true,
        "authorization_response_iss_parameter_supported": true,
        "authorization_details_types_supported": ["purchase", "cancellation"],
        "scopes_supported": ["openid", "entitlements", PURCHASES_READ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": client_authentication,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [ACR_LINE, ACR_PASSWORD],
        "claims_supported":
            ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "entitlements"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["login", "none"],
        "ui_locales_supported": ["ja", "en"],
    }))
}

/// `/oauth/jwks.json`: the current and the next keys, so that a rotation fails no verification.
pub async fn keys(state: web::Data<WebState>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, format!("max-age={JWKS_MAX_AGE_S}")))
        .content_type("application/jwk-set+json")
        .json(state.keys.jwks())
}
