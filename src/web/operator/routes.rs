//! Every address of the operator API, in one table: who may use it, what it is for, what it takes
//! and what it answers.
//!
//! | file | what |
//! |---|---|
//! | [`house`] | what concerns the whole: bills, providers, maintenance, keys, tokens, the journal |
//! | [`lines`] | what concerns lines: the desk, provisioning, unpaid bills, personal data |
//!
//! Routes are registered from this table and described by it (`openapi`), so none can exist
//! without a role and a description. Who adds one adds an entry here and its roles in the test.

mod house;
mod lines;

use super::{
    access::{admit, permit},
    openapi::{Content, Shape},
};
use crate::{
    domain::operator::Role,
    web::{
        answer,
        problem::{ProblemDetails, no_such_route, not_allowed},
    },
};
use actix_web::{
    Route,
    dev::{HttpServiceFactory, RequestHead},
    http::{Method, StatusCode, header},
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use std::future::ready;

/// Below which address the API stands.
pub const PREFIX: &str = "/operator/v1";

/// An address of the API.
pub struct ApiRoute {
    /// The method. What is read by GET can be asked for by HEAD too.
    pub method: Method,
    /// The address below [`PREFIX`], with its parameters in braces.
    pub path: &'static str,
    /// Who may, besides the administrator.
    pub roles: &'static [Role],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What its query may say.
    pub query: Option<Shape>,
    /// What its body must say.
    pub body: Option<Content>,
    /// What it answers.
    pub answer: Content,
    /// What does it.
    pub handler: fn(Route) -> Route,
}

impl ApiRoute {
    /// Whether a request says nothing that nobody would read: an address without a query is asked
    /// without one, or a change with `?dry_run=true` would be made; a body is of the media type
    /// that the description names (RFC 9110 section 15.5.16).
    pub fn fits(&self, head: &RequestHead) -> Result<(), ProblemDetails> {
        if self.query.is_none() && head.uri.query().is_some_and(|query| !query.is_empty()) {
            let detail = "query: this address takes none; what a change says stands in its body";
            return Err(ProblemDetails::invalid(detail));
        }
        let Some(body) = &self.body else { return Ok(()) };
        let given = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = given.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case(body.media_type) {
            return Ok(());
        }
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let detail = format!("content-type: must be {}", body.media_type);
        Err(ProblemDetails::new(status, "unsupported_media_type", detail))
    }
}

/// Every address of the API.
pub fn all() -> impl Iterator<Item = &'static ApiRoute> {
    house::ROUTES.iter().chain(lines::ROUTES)
}

/// Registers the table.
pub fn register(service: &mut ServiceConfig) {
    let mut paths: Vec<&str> = all().map(|route| route.path).collect();
    // A fixed name stands before a parameter in its place, for `{` comes after all letters.
    paths.sort_unstable();
    paths.dedup();
    let mut scope = web::scope(PREFIX).default_service(web::route().to(no_such_route));
    for path in paths {
        scope = scope.service(resource(path));
    }
    service.service(scope.wrap(from_fn(admit)));
}

/// One address with its methods and their roles; other methods are answered 405 with those that
/// there are.
fn resource(path: &'static str) -> impl HttpServiceFactory + 'static {
    let own = || all().filter(move |route| route.path == path);
    let allowed = own().map(|route| match route.method {
        Method::GET => "GET, HEAD",
        ref other => other.as_str(),
    });
    let allowed = allowed.collect::<Vec<_>>().join(", ");
    let bodies = own().filter_map(|route| route.body.as_ref().map(|body| body.most_bytes));
    let most_bytes = bodies.max().unwrap_or_default();
    let bounded = web::resource(path).app_data(web::PayloadConfig::new(most_bytes));
    let resource = own().fold(bounded, |resource, route| {
        let guarded = match route.method {
            Method::GET => answer::get(),
            ref other => web::method(other.clone()),
        };
        resource.route((route.handler)(guarded))
    });
    resource
        .default_service(web::route().to(move || ready(not_allowed(&allowed))))
        .wrap(from_fn(move |request, next| permit(path, request, next)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Admin, Billing, Desk};

    /// The table as it is meant: who adds a route says here who may use it.
    #[test]
    fn every_route_has_the_roles_it_is_meant_to_have() {
        let meant: &[(&str, &str, &[Role])] = &[
            ("GET", "/openapi.json", &[Desk, Billing]),
            ("GET", "/status", &[Desk, Billing]),
            ("GET", "/bills/{month}", &[Billing]),
            ("GET", "/bills/{month}/preview", &[Billing]),
            ("POST", "/bills/{month}/close", &[Billing]),
            ("GET", "/bills/{month}/lines", &[Billing]),
            ("POST", "/bills/{month}/corrections", &[Billing]),
            ("GET", "/providers", &[Desk, Billing]),
            ("POST", "/providers", &[Admin]),
            ("GET", "/providers/{provider}", &[Desk, Billing]),
            ("PATCH", "/providers/{provider}", &[Admin]),
            ("POST", "/providers/{provider}/secrets/rotate", &[Admin]),
            ("POST", "/providers/{provider}/services", &[Admin]),
            ("POST", "/providers/{provider}/services/{service}/retire", &[Admin]),
            ("GET", "/maintenance", &[Desk, Billing]),
            ("PUT", "/maintenance", &[Admin]),
            ("DELETE", "/maintenance", &[Admin]),
            ("GET", "/log", &[Desk, Billing]),
            ("PUT", "/log", &[Admin]),
            ("GET", "/mails", &[Desk]),
            ("POST", "/mails/retry", &[Desk]),
            ("POST", "/providers/{provider}/webhook", &[Admin]),
            ("POST", "/providers/{provider}/webhook/keys/rotate", &[Admin]),
            ("GET", "/webhooks", &[Desk]),
            ("POST", "/webhooks/replay", &[Desk]),
            ("POST", "/keys/rotate", &[Admin]),
            ("GET", "/tokens", &[Admin]),
            ("POST", "/tokens", &[Admin]),
            ("DELETE", "/tokens/{token_name}", &[Admin]),
            ("GET", "/audit/entries", &[Desk]),
            ("GET", "/audit/verify", &[Admin]),
            ("POST", "/audit/verify", &[Admin]),
            ("GET", "/verify", &[Admin]),
            ("POST", "/verify", &[Admin]),
            ("POST", "/verify/ledger", &[Admin]),
            ("GET", "/verify/orders", &[Admin]),
            ("POST", "/backup", &[Admin]),
            ("POST", "/backup/end", &[Admin]),
            ("GET", "/backup/parts", &[Admin]),
            ("GET", "/lines/{customer}", &[Desk, Billing]),
            ("POST", "/lines/{customer}/restrict", &[Desk]),
            ("POST", "/lines/{customer}/lift", &[Desk]),
            ("GET", "/lines/{customer}/inquiries", &[Desk]),
            ("POST", "/lines/{customer}/transfer", &[Admin]),
            ("POST", "/lines/{customer}/billing", &[Billing]),
            ("GET", "/lines/{customer}/passports", &[Desk]),
            ("POST", "/lines/{customer}/passports/{passport}/delete", &[Desk]),
            ("POST", "/lines/{customer}/contracts/{contract}/end", &[Desk]),
            ("GET", "/lines/{customer}/sign-ins", &[Desk]),
            ("GET", "/overdue", &[Billing]),
            ("POST", "/overdue/import", &[Billing]),
            ("POST", "/lines/{customer}/stop-collecting", &[Billing]),
            ("POST", "/lines/{customer}/disclose", &[Billing]),
            ("POST", "/lines/{customer}/erase", &[Admin]),
            ("POST", "/retention/sweep", &[Admin]),
            ("POST", "/lines/import", &[Admin]),
            ("PUT", "/lines/{customer}/networks", &[Admin]),
            ("PUT", "/lines/{customer}/limit", &[Admin]),
            ("POST", "/lines/{customer}/access-key/reset", &[Desk]),
            ("GET", "/lines/{customer}/holds", &[Desk]),
            ("POST", "/lines/{customer}/holds/release", &[Desk]),
        ];
        let there: Vec<_> =
            all().map(|route| (route.method.as_str(), route.path, route.roles)).collect();
        assert_eq!(there, meant);
    }
}
