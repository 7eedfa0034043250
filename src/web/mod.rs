//! What people and other programs meet, one folder for each audience. Handlers gather, ask the
//! rules, commit, answer; each answer is rendered once, after the decision.
//!
//! | folder | audience |
//! |---|---|
//! | [`provider`] | provider sites: OAuth 2.0 and `OpenID Connect` |
//! | [`flow`] | households sent here by a provider: login, confirmation, completion |
//! | [`portal`] | households on their own pages, サービス申込受付ページ |
//! | [`public`] | everybody: landing page, help, assets |
//! | [`operator`] | operators and their monitoring, on a listener of its own |
//! | [`page`] | every page as a struct of plain data |
//!
//! | file | what all of them use |
//! |---|---|
//! | [`state`] | what handlers reach |
//! | [`context`] | request ID, nonce, source, and the headers of every response |
//! | [`limits`] | what one request may cost: head, body, time |
//! | [`admission`] | who is heard when more comes than can be done |
//! | [`maintenance`] | what the public listener answers while maintenance is on (R-171) |
//! | [`form`] | parameters, read strictly |
//! | [`posted`] | a form that a page of ours posted |
//! | [`afterwards`] | what a login leaves to do after its answer |
//! | [`answer`] | pages and problems as responses |
//! | [`problem`] | problem details (RFC 9457), for programs |
//! | [`openapi`] | tables of routes as `OpenAPI` documents |
//! | [`bearer`] | the token of a request |

pub mod admission;
pub mod afterwards;
pub mod answer;
pub mod assets;
pub mod bearer;
pub mod context;
pub mod flow;
pub mod form;
pub mod limits;
pub mod maintenance;
pub mod openapi;
pub mod operator;
pub mod page;
pub mod portal;
pub mod posted;
pub mod problem;
pub mod provider;
pub mod public;
pub mod state;

use actix_web::web::ServiceConfig;

/// All routes of the public listener.
pub fn public_listener(service: &mut ServiceConfig) {
    provider::routes(service);
    flow::routes(service);
    portal::routes(service);
    public::routes(service);
    service.default_service(actix_web::web::route().to(answer::not_found));
}

/// All routes of the operator listener.
pub fn operator_listener(service: &mut ServiceConfig) {
    operator::addresses(service);
    service
        .default_service(actix_web::web::route().to(problem::no_such_route))
        .app_data(limits::Refusing(problem::ProblemDetails::bounded));
}
