//! Every address of the operator API, in one table: who may use it, what it is for, what it takes
//! and what it answers.
//!
//! Routes are registered from this table and described by it (`openapi`), so none can exist
//! without a role and a description. Who adds one adds an entry here and its roles in the test.

use super::{
    access::admit,
    audit, bars, billing, bills, change, disclosures, holds, imports, inquiries, keys, lines, log,
    mails, maintenance,
    openapi::{self, Content, Shape, json, of},
    overdue, passports,
    problem::ProblemDetails,
    providers, provisioning, retention, sign_ins, tokens, transfers,
};
use crate::{
    domain::operator::Role::{self, Admin, Billing, Desk},
    web::answer,
};
use actix_web::{
    HttpResponse, ResponseError, Route,
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

/// Every address of the API.
pub static ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: Method::GET,
        path: "/openapi.json",
        roles: &[Desk, Billing],
        summary: "Describe this API as an OpenAPI 3.1 document",
        query: None,
        body: None,
        answer: json::<openapi::Document>(),
        handler: |route| route.to(openapi::show),
    },
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}",
        roles: &[Desk, Billing],
        summary: "Tell how a line stands; nothing personal",
        query: None,
        body: None,
        answer: json::<lines::LineState>(),
        handler: |route| route.to(lines::show),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/restrict",
        roles: &[Desk],
        summary: "Restrict a line: by its customer (ends every contract) or by the company",
        query: None,
        body: Some(json::<bars::Restrict>()),
        answer: json::<change::Told>(),
        handler: |route| route.to(bars::restrict),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/lift",
        roles: &[Desk],
        summary: "Lift one of what bars a line",
        query: None,
        body: Some(json::<bars::Lift>()),
        answer: json::<change::Told>(),
        handler: |route| route.to(bars::lift),
    },
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}/inquiries",
        roles: &[Desk],
        summary: "Tell what the line's household wrote to the desk; personal",
        query: None,
        body: None,
        answer: json::<inquiries::Inquiries>(),
        handler: |route| route.to(inquiries::list),
    },
    ApiRoute {
        method: Method::GET,
        path: "/bills/{month}",
        roles: &[Billing],
        summary: "Tell whether a month is closed, and how far its close is",
        query: None,
        body: None,
        answer: json::<bills::MonthState>(),
        handler: |route| route.to(bills::status),
    },
    ApiRoute {
        method: Method::GET,
        path: "/bills/{month}/preview",
        roles: &[Billing],
        summary: "Tell the bills that a month that is not closed would have now, page by page",
        query: Some(of::<bills::Paging>),
        body: None,
        answer: json::<bills::Page>(),
        handler: |route| route.to(bills::preview),
    },
    ApiRoute {
        method: Method::POST,
        path: "/bills/{month}/close",
        roles: &[Billing],
        summary: "Close a month, or go on with its close",
        query: None,
        body: Some(json::<bills::Close>()),
        answer: json::<bills::MonthState>(),
        handler: |route| route.to(bills::close),
    },
    ApiRoute {
        method: Method::GET,
        path: "/bills/{month}/lines",
        roles: &[Billing],
        summary: "Tell the bills of a closed month, page by page",
        query: Some(of::<bills::Paging>),
        body: None,
        answer: json::<bills::Page>(),
        handler: |route| route.to(bills::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/bills/{month}/corrections",
        roles: &[Billing],
        summary: "Correct a charge of a closed month in the running month",
        query: None,
        body: Some(json::<bills::Correction>()),
        answer: json::<bills::Corrected>(),
        handler: |route| route.to(bills::correct),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/transfer",
        roles: &[Admin],
        summary: "Transfer a line by the table of the guide",
        query: None,
        body: Some(json::<transfers::Asked>()),
        answer: json::<transfers::Told>(),
        handler: |route| route.to(transfers::transfer),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/billing",
        roles: &[Billing],
        summary: "Change the billing number of a line",
        query: None,
        body: Some(json::<billing::Asked>()),
        answer: json::<billing::Told>(),
        handler: |route| route.to(billing::change_number),
    },
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}/passports",
        roles: &[Desk],
        summary: "Tell how the passport IDs of a line stand",
        query: Some(of::<passports::Listing>),
        body: None,
        answer: json::<passports::Passports>(),
        handler: |route| route.to(passports::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/passports/{passport}/delete",
        roles: &[Desk],
        summary: "Delete a passport ID, which ends its contracts",
        query: None,
        body: Some(json::<passports::Asked>()),
        answer: json::<change::Told>(),
        handler: |route| route.to(passports::delete),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/contracts/{contract}/end",
        roles: &[Desk],
        summary: "End a contract",
        query: None,
        body: Some(json::<passports::Asked>()),
        answer: json::<change::Told>(),
        handler: |route| route.to(passports::end_contract),
    },
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}/sign-ins",
        roles: &[Desk],
        summary: "Tell where a household signed in last; personal",
        query: None,
        body: None,
        answer: json::<sign_ins::SignIns>(),
        handler: |route| route.to(sign_ins::list),
    },
    ApiRoute {
        method: Method::GET,
        path: "/overdue",
        roles: &[Billing],
        summary: "List lines with unpaid bills",
        query: Some(of::<overdue::Listing>),
        body: None,
        answer: json::<overdue::Listed>(),
        handler: |route| route.to(overdue::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/overdue/import",
        roles: &[Billing],
        summary: "Take over which bills are unpaid and which are paid",
        query: None,
        body: Some(json::<overdue::Import>()),
        answer: json::<overdue::Imported>(),
        handler: |route| route.to(overdue::import),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/stop-collecting",
        roles: &[Billing],
        summary: "Stop collecting an unpaid bill",
        query: None,
        body: Some(json::<overdue::StopCollecting>()),
        answer: json::<change::Told>(),
        handler: |route| route.to(overdue::stop_collecting),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/disclose",
        roles: &[Billing],
        summary: "Disclose an unpaid bill to a provider; personal",
        query: None,
        body: Some(json::<disclosures::Asked>()),
        answer: json::<disclosures::Told>(),
        handler: |route| route.to(disclosures::disclose),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/erase",
        roles: &[Admin],
        summary: "Erase what is past its term of one line",
        query: None,
        body: Some(json::<retention::One>()),
        answer: json::<retention::Told>(),
        handler: |route| route.to(retention::erase),
    },
    ApiRoute {
        method: Method::POST,
        path: "/retention/sweep",
        roles: &[Admin],
        summary: "Erase what is past its term, line by line",
        query: None,
        body: Some(json::<retention::Sweep>()),
        answer: json::<retention::Told>(),
        handler: |route| route.to(retention::sweep),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/import",
        roles: &[Admin],
        summary: "Open or update lines, each row for itself; the same row again changes nothing",
        query: None,
        body: Some(json::<imports::ImportRows>()),
        answer: json::<imports::Imported>(),
        handler: |route| route.to(imports::take),
    },
    ApiRoute {
        method: Method::PUT,
        path: "/lines/{customer}/networks",
        roles: &[Admin],
        summary: "Set a line's own address prefixes, and take them from whoever has them",
        query: None,
        body: Some(json::<provisioning::SetNetworks>()),
        answer: json::<provisioning::LineNetworks>(),
        handler: |route| route.to(provisioning::set_networks),
    },
    ApiRoute {
        method: Method::PUT,
        path: "/lines/{customer}/limit",
        roles: &[Admin],
        summary: "Set what a line may be charged in a month",
        query: None,
        body: Some(json::<provisioning::SetLimit>()),
        answer: json::<provisioning::Limit>(),
        handler: |route| route.to(provisioning::set_limit),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/access-key/reset",
        roles: &[Desk],
        summary: "Draw another access key for a line and tell it this once",
        query: None,
        body: Some(json::<provisioning::Reset>()),
        answer: json::<provisioning::NewAccessKey>(),
        handler: |route| route.to(provisioning::reset_access_key),
    },
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}/holds",
        roles: &[Desk],
        summary: "List the waits that guessing at the line's IDs and access key was met with",
        query: None,
        body: None,
        answer: json::<holds::LineHolds>(),
        handler: |route| route.to(holds::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/holds/release",
        roles: &[Desk],
        summary: "Release the waits of a passport ID, or of the access key",
        query: None,
        body: Some(json::<holds::Release>()),
        answer: json::<holds::HoldsReleased>(),
        handler: |route| route.to(holds::release),
    },
    ApiRoute {
        method: Method::GET,
        path: "/providers",
        roles: &[Desk, Billing],
        summary: "List the providers",
        query: None,
        body: None,
        answer: json::<providers::Listed>(),
        handler: |route| route.to(providers::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/providers",
        roles: &[Admin],
        summary: "Register a provider and tell its secret this once",
        query: None,
        body: Some(json::<providers::Register>()),
        answer: json::<providers::Kept>(),
        handler: |route| route.to(providers::register),
    },
    ApiRoute {
        method: Method::GET,
        path: "/providers/{provider}",
        roles: &[Desk, Billing],
        summary: "Tell what a provider registered, and its catalogue",
        query: None,
        body: None,
        answer: json::<providers::ProviderState>(),
        handler: |route| route.to(providers::show),
    },
    ApiRoute {
        method: Method::PATCH,
        path: "/providers/{provider}",
        roles: &[Admin],
        summary: "Change a provider's name, contact or redirect addresses, suspend or resume it",
        query: None,
        body: Some(json::<providers::Set>()),
        answer: json::<providers::Kept>(),
        handler: |route| route.to(providers::set),
    },
    ApiRoute {
        method: Method::POST,
        path: "/providers/{provider}/secrets/rotate",
        roles: &[Admin],
        summary: "Draw another secret beside a provider's own, or retire the old one",
        query: None,
        body: Some(json::<providers::Rotate>()),
        answer: json::<providers::Kept>(),
        handler: |route| route.to(providers::rotate),
    },
    ApiRoute {
        method: Method::POST,
        path: "/providers/{provider}/services",
        roles: &[Admin],
        summary: "Put services into a provider's catalogue; what is there already is no change",
        query: None,
        body: Some(json::<providers::AddServices>()),
        answer: json::<providers::Kept>(),
        handler: |route| route.to(providers::add_services),
    },
    ApiRoute {
        method: Method::POST,
        path: "/providers/{provider}/services/{service}/retire",
        roles: &[Admin],
        summary: "Take a service off sale; its contracts go on",
        query: None,
        body: Some(json::<providers::Retire>()),
        answer: json::<providers::Kept>(),
        handler: |route| route.to(providers::retire_service),
    },
    ApiRoute {
        method: Method::GET,
        path: "/maintenance",
        roles: &[Desk, Billing],
        summary: "Tell whether maintenance is on",
        query: None,
        body: None,
        answer: json::<maintenance::Told>(),
        handler: |route| route.to(maintenance::status),
    },
    ApiRoute {
        method: Method::PUT,
        path: "/maintenance",
        roles: &[Admin],
        summary: "Put maintenance on, or another notice up",
        query: None,
        body: Some(json::<maintenance::Begin>()),
        answer: json::<maintenance::Told>(),
        handler: |route| route.to(maintenance::begin),
    },
    ApiRoute {
        method: Method::DELETE,
        path: "/maintenance",
        roles: &[Admin],
        summary: "Put maintenance off",
        query: None,
        body: Some(json::<maintenance::End>()),
        answer: json::<maintenance::Told>(),
        handler: |route| route.to(maintenance::end),
    },
    ApiRoute {
        method: Method::GET,
        path: "/log",
        roles: &[Desk, Billing],
        summary: "Tell how the log is written",
        query: None,
        body: None,
        answer: json::<log::Told>(),
        handler: |route| route.to(log::show),
    },
    ApiRoute {
        method: Method::PUT,
        path: "/log",
        roles: &[Admin],
        summary: "Change the log's level and form until the next start, or for a time",
        query: None,
        body: Some(json::<log::Change>()),
        answer: json::<log::Told>(),
        handler: |route| route.to(log::change),
    },
    ApiRoute {
        method: Method::GET,
        path: "/mails",
        roles: &[Desk],
        summary: "List mails that wait for another try and those that are parked; no address",
        query: Some(of::<mails::Listing>),
        body: None,
        answer: json::<mails::Listed>(),
        handler: |route| route.to(mails::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/mails/retry",
        roles: &[Desk],
        summary: "Have one parked mail, or all of them, tried again",
        query: None,
        body: Some(json::<mails::Again>()),
        answer: json::<mails::Retried>(),
        handler: |route| route.to(mails::retry),
    },
    ApiRoute {
        method: Method::POST,
        path: "/keys/rotate",
        roles: &[Admin],
        summary: "Rotate the keys that sign or those that seal",
        query: None,
        body: Some(json::<keys::Rotate>()),
        answer: json::<keys::Told>(),
        handler: |route| route.to(keys::rotate),
    },
    ApiRoute {
        method: Method::GET,
        path: "/tokens",
        roles: &[Admin],
        summary: "List the live tokens of operators; no token and no hash",
        query: None,
        body: None,
        answer: json::<tokens::Listed>(),
        handler: |route| route.to(tokens::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/tokens",
        roles: &[Admin],
        summary: "Add a token with a name and a role; it is told this once",
        query: None,
        body: Some(json::<tokens::Add>()),
        answer: json::<tokens::Added>(),
        handler: |route| route.to(tokens::add),
    },
    ApiRoute {
        method: Method::DELETE,
        path: "/tokens/{token_name}",
        roles: &[Admin],
        summary: "Revoke a token: it opens nothing from the next request on",
        query: None,
        body: Some(json::<tokens::Revoke>()),
        answer: json::<tokens::Revoked>(),
        handler: |route| route.to(tokens::revoke),
    },
    ApiRoute {
        method: Method::GET,
        path: "/audit/entries",
        roles: &[Desk, Billing],
        summary: "Tell who did what, when and why: entries of a line, a provider or the system",
        query: Some(of::<audit::Asked>),
        body: None,
        answer: json::<audit::StreamPage>(),
        handler: |route| route.to(audit::entries),
    },
    ApiRoute {
        method: Method::GET,
        path: "/audit/verify",
        roles: &[Admin],
        summary: "Tell how the last walk over the whole chain stands",
        query: None,
        body: None,
        answer: json::<audit::WalkTold>(),
        handler: |route| route.to(audit::status),
    },
    ApiRoute {
        method: Method::POST,
        path: "/audit/verify",
        roles: &[Admin],
        summary: "Begin a walk over the whole chain, or join the one that is under way",
        query: None,
        body: Some(json::<audit::Begin>()),
        answer: json::<audit::WalkTold>(),
        handler: |route| route.to(audit::begin),
    },
];

/// Registers the table.
pub fn register(service: &mut ServiceConfig) {
    let mut paths: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    // A fixed name stands before a parameter in its place, for `{` comes after all letters.
    paths.sort_unstable();
    paths.dedup();
    let mut scope = web::scope(PREFIX).default_service(web::route().to(no_such_route));
    for path in paths {
        scope = scope.service(resource(path));
    }
    service.service(scope.wrap(from_fn(admit)));
}

/// One address with its methods; the others are answered 405 with those that there are.
fn resource(path: &str) -> actix_web::Resource {
    let own = || ROUTES.iter().filter(move |route| route.path == path);
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
    resource.default_service(web::route().to(move || ready(not_allowed(&allowed))))
}

/// Nothing stands at this address.
pub async fn no_such_route() -> HttpResponse {
    let detail = "nothing stands at this address";
    ProblemDetails::new(StatusCode::NOT_FOUND, "no_such_route", detail).error_response()
}

/// What this address does not take; `allowed` are the methods that it takes (RFC 9110 section 15.5.6).
pub fn not_allowed(allowed: &str) -> HttpResponse {
    let problem = ProblemDetails::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("the methods of this address are {allowed}"),
    );
    let mut response = problem.error_response();
    if let Ok(value) = header::HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as it is meant: who adds a route says here who may use it.
    #[test]
    fn every_route_has_the_roles_it_is_meant_to_have() {
        let meant: &[(&str, &str, &[Role])] = &[
            ("GET", "/openapi.json", &[Desk, Billing]),
            ("GET", "/lines/{customer}", &[Desk, Billing]),
            ("POST", "/lines/{customer}/restrict", &[Desk]),
            ("POST", "/lines/{customer}/lift", &[Desk]),
            ("GET", "/lines/{customer}/inquiries", &[Desk]),
            ("GET", "/bills/{month}", &[Billing]),
            ("GET", "/bills/{month}/preview", &[Billing]),
            ("POST", "/bills/{month}/close", &[Billing]),
            ("GET", "/bills/{month}/lines", &[Billing]),
            ("POST", "/bills/{month}/corrections", &[Billing]),
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
            ("POST", "/keys/rotate", &[Admin]),
            ("GET", "/tokens", &[Admin]),
            ("POST", "/tokens", &[Admin]),
            ("DELETE", "/tokens/{token_name}", &[Admin]),
            ("GET", "/audit/entries", &[Desk, Billing]),
            ("GET", "/audit/verify", &[Admin]),
            ("POST", "/audit/verify", &[Admin]),
        ];
        let there: Vec<_> =
            ROUTES.iter().map(|route| (route.method.as_str(), route.path, route.roles)).collect();
        assert_eq!(there, meant);
    }
}
