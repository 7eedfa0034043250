//! The sample provider site of `linepass demo`: a small shop that sells through Linepass exactly as
//! an outside provider would, over HTTP and with nothing but its client ID and secret.
//!
//! | part | holds |
//! |---|---|
//! | `oidc` | the protocol, pure: read this one to integrate a site of your own |
//! | `backchannel` | the requests, server to server |
//! | `handlers` | the shop's addresses, and how a flow begins and ends |
//! | `memory` | flows under way and purchases, bounded, gone with the demo |
//! | `pages`, `text`, `templates/`, `shop.css` | what the shopper sees |
//! | `error` | what can go wrong |

mod backchannel;
mod error;
mod handlers;
mod memory;
mod oidc;
mod pages;
mod text;

#[cfg(test)]
mod flow_tests;

use std::fmt;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, middleware, web};

use self::backchannel::Backchannel;
use self::handlers::Shop;

/// What the shop needs to know to sell.
#[derive(Debug, Clone)]
pub struct ShopConfig {
    /// Linepass's address, exactly as its metadata gives it, e.g. `http://127.0.0.1:8080`.
    pub issuer: String,
    /// One shelf for each, in this order.
    pub providers: Vec<ShopProvider>,
}

/// A provider that sells in this shop, with a registration of its own at Linepass.
#[derive(Clone)]
pub struct ShopProvider {
    /// Shown above its shelf, e.g. `A社`.
    pub name: String,
    /// From its registration at Linepass.
    pub client_id: String,
    /// From its registration at Linepass. Never in `Debug` output.
    pub client_secret: String,
    /// Its shelf.
    pub services: Vec<ShopService>,
}

impl fmt::Debug for ShopProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShopProvider")
            .field("name", &self.name)
            .field("client_id", &self.client_id)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// One card on a shelf: an entry of the provider's catalogue at Linepass.
#[derive(Debug, Clone)]
pub struct ShopService {
    /// The catalogue's key, e.g. `anime-1`.
    pub service: String,
    /// Its name, shown on the card and sent as the order's description.
    pub name: String,
    /// 月額定額 when true, 都度課金 when false.
    pub monthly: bool,
    /// Tax included, in yen. Nothing when the price is set at each purchase: the card then offers a
    /// few amounts. A monthly service always has one; without it, it is not shown.
    pub unit_price_yen: Option<u64>,
    /// A sentence for the card.
    pub description: String,
}

/// The address that has to be registered at Linepass for each provider of a shop at `base_url`.
pub fn redirect_uri(base_url: &str) -> String {
    format!("{}/callback", base_url.trim_end_matches('/'))
}

/// Starts to serve the shop on a listener that is bound already.
///
/// Await the returned server to run it; its handle stops it. Signals are left to the caller.
///
/// # Errors
///
/// When the listener cannot be put to use.
pub fn run(listener: TcpListener, base_url: &str, config: ShopConfig) -> std::io::Result<Server> {
    let redirect_uri = redirect_uri(base_url);
    let issuer = config.issuer.clone();
    let shop = web::Data::new(Shop::new(config));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shop.clone())
            .app_data(web::Data::new(Backchannel::new(&issuer, &redirect_uri)))
            .wrap(security_headers())
            .configure(handlers::routes)
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

/// On every answer. The pages have no script, no frame and no form.
fn security_headers() -> middleware::DefaultHeaders {
    middleware::DefaultHeaders::new()
        .add((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
        ))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Cache-Control", "no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_keeps_the_secret() {
        let provider = ShopProvider {
            name: "A社".to_owned(),
            client_id: "a".to_owned(),
            client_secret: "do-not-tell".to_owned(),
            services: Vec::new(),
        };
        let shown = format!("{provider:?}");
        assert!(shown.contains("A社") && !shown.contains("do-not-tell"), "{shown}");
    }

    #[test]
    fn the_redirect_address_has_one_slash() {
        assert_eq!(redirect_uri("http://127.0.0.1:9000"), "http://127.0.0.1:9000/callback");
        assert_eq!(redirect_uri("http://127.0.0.1:9000/"), "http://127.0.0.1:9000/callback");
    }
}
