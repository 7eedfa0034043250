//! Whose token a question bears: one that the provider got for itself by `client_credentials`.

use crate::{
    domain::provider::Provider,
    security::{Purpose, SealError},
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

/// Why nobody is heard.
pub enum Unheard {
    /// What came opens nothing: anybody can send it, so it counts for its source.
    Stranger(ProblemDetails),
    /// A token that we gave out, and that is not good for this or not any more. Whoever holds it
    /// guesses nothing.
    Known(ProblemDetails),
}

/// The provider that asks.
pub fn caller(state: &WebState, request: &HttpRequest) -> Result<Arc<Provider>, Unheard> {
    let doubled = |two: bearer::Doubled| two.problem(bearer::INVALID_REQUEST);
    let token = bearer::token(request).map_err(|two| Unheard::Stranger(doubled(two)))?;
    let token = token.ok_or_else(|| Unheard::Stranger(no_token()))?;
    let (sealer, now_s) = (state.keys.sealer(), state.now_s());
    let ProviderAccess { client } =
        sealer.open(Purpose::ProviderAccessToken, token, now_s).map_err(|error| match error {
            SealError::Expired => Unheard::Known(invalid_token()),
            // A household's token is one of ours too, for another question.
            SealError::Malformed => {
                match sealer.open::<Subject>(Purpose::AccessToken, token, now_s) {
                    Ok(_) => Unheard::Known(insufficient_scope()),
                    Err(SealError::Expired) => Unheard::Known(invalid_token()),
                    Err(SealError::Malformed) => Unheard::Stranger(invalid_token()),
                }
            }
        })?;
    let provider = state.providers.get(&client).filter(|provider| !provider.suspended);
    provider.ok_or_else(|| Unheard::Known(invalid_token()))
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
