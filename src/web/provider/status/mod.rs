//! What a provider asks afterwards: its completed orders and its contracts, with a token of its own
//! (interfaces.md 1.3). What is another's does not exist here, to the byte and to the read.
//!
//! | file | what |
//! |---|---|
//! | [`access`] | whose token it is |
//! | [`look`] | the questions and their answers |
//! | [`openapi`] | the addresses as an OpenAPI 3.1 document |

pub mod access;
pub mod look;
pub mod openapi;

use crate::{
    domain::{contract_status::ContractStatus, receipt::Receipt},
    web::{
        answer,
        openapi::{Content, Document, Shape, json, of},
        problem::{no_such_route, not_allowed},
    },
};
use actix_web::{
    Route,
    web::{self, ServiceConfig},
};
use std::future::ready;

/// Below which address the API stands.
pub const PREFIX: &str = "/provider/v1";

/// What every address takes: questions change nothing.
const METHODS: &str = "GET, HEAD";

/// An address of the API.
pub struct StatusRoute {
    /// The address below [`PREFIX`], with its parameters in braces.
    pub path: &'static str,
    /// What it tells, in one sentence.
    pub summary: &'static str,
    /// What its query must say; nothing else is taken.
    pub query: Option<Shape>,
    /// What it answers.
    pub answer: Content,
    /// Whether it is told to everybody, without a token.
    pub is_public: bool,
    /// What answers.
    pub handler: fn(Route) -> Route,
}

/// Every address of the API.
pub static ROUTES: &[StatusRoute] = &[
    StatusRoute {
        path: "/openapi.json",
        summary: "Describe this API as an OpenAPI 3.1 document",
        query: None,
        answer: json::<Document>(),
        is_public: true,
        handler: |route| route.to(openapi::show),
    },
    StatusRoute {
        path: "/purchases",
        summary: "Tell the receipt of the completed order with a reference of yours",
        query: Some(of::<look::ByReference>),
        answer: json::<Receipt>(),
        is_public: false,
        handler: |route| route.to(look::order_by_reference),
    },
    StatusRoute {
        path: "/purchases/{receipt_number}",
        summary: "Tell the receipt with this number: of a purchase or of a cancellation",
        query: None,
        answer: json::<Receipt>(),
        is_public: false,
        handler: |route| route.to(look::order_by_number),
    },
    StatusRoute {
        path: "/contracts/{contract}",
        summary: "Tell how a contract stands, and when and why it ended",
        query: None,
        answer: json::<ContractStatus>(),
        is_public: false,
        handler: |route| route.to(look::contract),
    },
];

/// Registers the table.
pub fn register(service: &mut ServiceConfig) {
    let mut scope = web::scope(PREFIX).default_service(web::route().to(no_such_route));
    for route in ROUTES {
        let only = web::route().to(|| ready(not_allowed(METHODS)));
        let resource = web::resource(route.path).route((route.handler)(answer::get()));
        scope = scope.service(resource.default_service(only));
    }
    service.service(scope);
}
