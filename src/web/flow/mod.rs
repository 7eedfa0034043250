//! A household's way through login, confirmation and completion, sent here by a provider.
//!
//! The flow is sealed into a cookie of its own; the address carries a short ID. So two flows in
//! two tabs keep apart, an abandoned flow costs nothing, and an address alone continues nobody's.
//!
//! | file | address |
//! |---|---|
//! | [`login`] | `/flow/{id}/login` |
//! | [`success`] | `/flow/{id}/success` |
//! | [`confirm`] | `/flow/{id}/confirm` |
//! | [`buying`], [`cancelling`] | what the confirmation shows and its button does |
//! | [`complete`] | `/flow/{id}/complete` |
//! | [`leave`] | `/flow/{id}/return`, `/flow/{id}/back` |
//! | [`sealed`] | the flow as it is sealed |
//! | [`cookie`] | its cookie |
//! | [`visit`] | what each of these pages begins with: the flow, the language, the provider |
//! | [`shown`] | orders and limits as pages show them |
//! | [`refused`] | which page a refusal gets |

pub mod buying;
pub mod cancelling;
pub mod complete;
pub mod confirm;
pub mod cookie;
pub mod leave;
pub mod login;
pub mod refused;
pub mod sealed;
pub mod shown;
pub mod success;
pub mod visit;

use super::answer::{get, only};
use actix_web::web::{self, ServiceConfig};

/// The pages.
pub fn routes(service: &mut ServiceConfig) {
    service
        .service(
            web::resource("/flow/{id}/login")
                .route(get().to(login::form))
                .route(web::post().to(login::submit))
                .default_service(only("GET, HEAD, POST")),
        )
        .service(
            web::resource("/flow/{id}/success")
                .route(get().to(success::page))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/flow/{id}/confirm")
                .route(get().to(confirm::form))
                .route(web::post().to(confirm::submit))
                .default_service(only("GET, HEAD, POST")),
        )
        .service(
            web::resource("/flow/{id}/complete")
                .route(get().to(complete::page))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/flow/{id}/return")
                .route(get().to(leave::with_code))
                .default_service(only("GET, HEAD")),
        )
        .service(
            web::resource("/flow/{id}/back")
                .route(get().to(leave::without))
                .default_service(only("GET, HEAD")),
        );
}
