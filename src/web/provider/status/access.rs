//! Whose token a question bears: one that the provider got for itself by `client_credentials`.

use crate::{
    domain::provider::Provider,
    security::Purpose,
    web::{
        bearer,
        problem::ProblemDetails,
        provider::code::{ProviderAccess, Subject},
        state::WebState,
    },
};
use actix_web::{HttpRequest, http::StatusCode};
use std::sync::Arc;

/// The challenge to a token that is good for other questions (RFC 6750 section 3.1).
const INSUFFICIENT_SCOPE: &str =
    "Bearer realm=\"linepass\", error=\"insufficient_scope\", scope=\"purchases:read\"";

/// The provider that asks.
pub fn caller(state: &WebState, request: &HttpRequest) -> Result<Arc<Provider>, ProblemDetails> {
    let token = bearer::token(request).map_err(|two| two.problem(bearer::INVALID_REQUEST))?;
    let token = token.ok_or_else(no_token)?;
    let sealer = state.keys.sealer();
    let opened = sealer.open(Purpose::ProviderAccessToken, token, state.now_s());
    let Ok(ProviderAccess { client }) = opened else {
        // A household's token is one of ours too, for another question.
        let household = sealer.open::<Subject>(Purpose::AccessToken, token, state.now_s());
        return Err(household.map_or_else(|_| invalid_token(), |_| insufficient_scope()));
    };
    let provider = state.providers.get(&client).filter(|provider| !provider.suspended);
    provider.ok_or_else(invalid_token)
}

/// Whoever brought no token is challenged, and told of no error (RFC 6750 section 3.1).
fn no_token() -> ProblemDetails {
    let detail = "wanted is an access token of client_credentials: Authorization: Bearer …";
    ProblemDetails::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .challenged(bearer::CHALLENGE)
}

fn invalid_token() -> ProblemDetails {
    let detail = "the access token is not valid, or not any more: ask for another";
    ProblemDetails::new(StatusCode::UNAUTHORIZED, "invalid_token", detail)
        .challenged(bearer::INVALID_TOKEN)
}

fn insufficient_scope() -> ProblemDetails {
    let detail = "wanted is a token of client_credentials with the scope purchases:read";
    ProblemDetails::new(StatusCode::FORBIDDEN, "insufficient_scope", detail)
        .challenged(INSUFFICIENT_SCOPE)
}
