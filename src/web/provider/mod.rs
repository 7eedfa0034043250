//! The provider's door: `OpenID Connect` authorization code flow with PKCE, pushed requests
//! (RFC 9126), rich authorization requests (RFC 9396) and the issuer in the response (RFC 9207),
//! under the rules of RFC 9700.
//!
//! | file | endpoint |
//! |---|---|
//! | [`discovery`] | metadata and keys |
//! | [`par`] | `POST /oauth/par` |
//! | [`authorize`] | `GET /oauth/authorize` |
//! | [`token`] | `POST /oauth/token` |
//! | [`userinfo`] | `GET /oauth/userinfo` |
//! | [`client_credentials`] | the same for a provider itself |
//! | [`client`] | who the provider is |
//! | [`limits`] | what one provider may ask, so that others have room |
//! | [`error`](mod@error) | errors as the RFCs have them |
//! | [`request`] | a pushed request, as it is sealed |
//! | [`code`] | an authorization code and the access tokens, as they are sealed |
//! | [`redeemed`] | codes that were exchanged |
//! | [`status`] | what a provider asks afterwards, below `/provider/v1` |

pub mod authorize;
pub mod client;
pub mod client_credentials;
pub mod code;
pub mod discovery;
pub mod error;
pub mod limits;
pub mod par;
pub mod redeemed;
pub mod request;
pub mod status;
pub mod token;
pub mod userinfo;

use super::{
    answer::{get, only},
    limits::Refusing,
    problem::ProblemDetails,
};
use actix_web::web::{self, ServiceConfig};

/// How the bounds that stand before the routes refuse what comes to this address (as the router reads
/// it), where another program asks: in the form of all its other errors.
pub fn refusing(path: &str) -> Option<Refusing> {
    let is_read_by_programs = path == "/oauth/jwks.json" || path.starts_with("/.well-known/");
    if is_read_by_programs || matches!(path, "/oauth/par" | "/oauth/token" | "/oauth/userinfo") {
        return Some(Refusing(error::OAuthError::bounded));
    }
    let below = path.strip_prefix(status::PREFIX)?;
    let is_there = below.is_empty() || below.starts_with('/');
    is_there.then_some(Refusing(ProblemDetails::bounded))
}

/// The endpoints.
pub fn routes(service: &mut ServiceConfig) {
    let metadata = || get().to(discovery::metadata);
    service
        .service(
            web::resource("/.well-known/openid-configuration")
                .route(metadata())
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/.well-known/oauth-authorization-server")
                .route(metadata())
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/oauth/jwks.json")
                .route(get().to(discovery::keys))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/oauth/par")
                .route(web::post().to(par::push))
                .default_service(error::only("POST")),
        )
        .service(
            web::resource("/oauth/authorize")
                .route(get().to(authorize::by_get))
                .route(web::post().to(authorize::by_post))
                .default_service(only("GET, HEAD, POST")),
        )
        .service(
            web::resource("/oauth/token")
                .route(web::post().to(token::exchange))
                .default_service(error::only("POST")),
        )
        .service(
            web::resource("/oauth/userinfo")
                .route(get().to(userinfo::tell))
                .route(web::post().to(userinfo::tell))
                .default_service(error::only("GET, HEAD, POST")),
        )
        .configure(status::register);
}
