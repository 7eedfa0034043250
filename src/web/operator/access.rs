//! Who may do what: every route of the operator API with its role, and the one place that asks.
//!
//! Routes are registered from the table, so none can exist without a role; what the table does not
//! know is refused.

use super::{audit, inquiries, keys, lines, mails, maintenance, problem::ProblemDetails};
use crate::web::{
    context::{self, RequestContext},
    state::WebState,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, Route,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::{Next, from_fn},
    web::{self, Data, ServiceConfig},
};
use std::future::{Ready, ready};

/// Below which address the API stands.
pub const PREFIX: &str = "/operator/v1";
/// The largest body of a request, in bytes: a reason and a message.
const MOST_BODY_BYTES: usize = 16 * 1024;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The contact desk: lines and their passport IDs.
    Desk,
    /// Bills, settlement and unpaid bills.
    Billing,
    /// Everything: maintenance, keys, providers too.
    Admin,
}

impl Role {
    /// Whether this role may use what needs `needed`.
    pub fn may(self, needed: Self) -> bool {
        self == needed || self == Self::Admin
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name, which the journal keeps.
    pub name: String,
    /// What it may.
    pub role: Role,
}

/// An address of the API.
pub struct ApiRoute {
    /// The method.
    pub method: Method,
    /// The address below [`PREFIX`], with its parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub role: Role,
    handler: fn(Route) -> Route,
}

/// Every address of the API.
pub static ROUTES: &[ApiRoute] = &[
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}",
        role: Role::Desk,
        handler: |route| route.to(lines::show),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/restrict",
        role: Role::Desk,
        handler: |route| route.to(lines::restrict),
    },
    ApiRoute {
        method: Method::POST,
        path: "/lines/{customer}/lift",
        role: Role::Desk,
        handler: |route| route.to(lines::lift),
    },
    ApiRoute {
        method: Method::GET,
        path: "/lines/{customer}/inquiries",
        role: Role::Desk,
        handler: |route| route.to(inquiries::list),
    },
    ApiRoute {
        method: Method::GET,
        path: "/maintenance",
        role: Role::Desk,
        handler: |route| route.to(maintenance::status),
    },
    ApiRoute {
        method: Method::PUT,
        path: "/maintenance",
        role: Role::Admin,
        handler: |route| route.to(maintenance::begin),
    },
    ApiRoute {
        method: Method::DELETE,
        path: "/maintenance",
        role: Role::Admin,
        handler: |route| route.to(maintenance::end),
    },
    ApiRoute {
        method: Method::GET,
        path: "/mails",
        role: Role::Desk,
        handler: |route| route.to(mails::list),
    },
    ApiRoute {
        method: Method::POST,
        path: "/mails/retry",
        role: Role::Desk,
        handler: |route| route.to(mails::retry),
    },
    ApiRoute {
        method: Method::POST,
        path: "/keys/rotate",
        role: Role::Admin,
        handler: |route| route.to(keys::rotate),
    },
    ApiRoute {
        method: Method::GET,
        path: "/audit/entries",
        role: Role::Desk,
        handler: |route| route.to(audit::entries),
    },
    ApiRoute {
        method: Method::GET,
        path: "/audit/verify",
        role: Role::Admin,
        handler: |route| route.to(audit::status),
    },
    ApiRoute {
        method: Method::POST,
        path: "/audit/verify",
        role: Role::Admin,
        handler: |route| route.to(audit::begin),
    },
];

/// Registers the table.
pub fn routes(service: &mut ServiceConfig) {
    let mut paths: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    paths.dedup();
    let mut scope = web::scope(PREFIX)
        .app_data(web::PayloadConfig::new(MOST_BODY_BYTES))
        .default_service(web::route().to(no_such_route));
    for path in paths {
        scope = scope.service(resource(path));
    }
    service.service(scope.wrap(from_fn(admit)));
}

/// One address with its methods; the others are answered 405 with those that there are.
fn resource(path: &str) -> actix_web::Resource {
    let own = || ROUTES.iter().filter(move |route| route.path == path);
    let allowed: Vec<&str> = own().map(|route| route.method.as_str()).collect();
    let allowed = allowed.join(", ");
    let resource = own().fold(web::resource(path), |resource, route| {
        resource.route((route.handler)(web::method(route.method.clone())))
    });
    resource.default_service(web::route().to(move || ready(not_allowed(&allowed))))
}

async fn no_such_route() -> HttpResponse {
    let detail = "nothing stands at this address";
    ProblemDetails::new(StatusCode::NOT_FOUND, "no_such_route", detail).error_response()
}

fn not_allowed(allowed: &str) -> HttpResponse {
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

/// Lets a request through whose token has the role that its address needs.
async fn admit(
    state: Data<WebState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match caller(&state, request.request()).and_then(|caller| permitted(&request, caller)) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => {
            log(&context::of(request.request()), &problem);
            Ok(request.into_response(problem.error_response()))
        }
    }
}

fn log(context: &RequestContext, problem: &ProblemDetails) {
    problem
        .decision("operator_access")
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("a request of the operator API was turned away");
}

/// Whose token the request carries (RFC 6750 section 2.1). There is one token for now.
fn caller(state: &WebState, request: &HttpRequest) -> Result<Caller, ProblemDetails> {
    let value = request.headers().get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && state.operator_token.is(token) {
        return Ok(Caller { name: "admin".to_owned(), role: Role::Admin });
    }
    let detail = "wanted is the operator's token: Authorization: Bearer …";
    Err(ProblemDetails::new(StatusCode::UNAUTHORIZED, "unauthorized", detail))
}

/// An address that the table does not know has no handler either, so nobody is let in by that.
fn permitted(request: &ServiceRequest, caller: Caller) -> Result<Caller, ProblemDetails> {
    let pattern = request.match_pattern().unwrap_or_default();
    let path = pattern.strip_prefix(PREFIX).unwrap_or_default();
    let known = ROUTES.iter().find(|route| route.path == path && route.method == request.method());
    match known {
        Some(route) if !caller.role.may(route.role) => {
            let detail = "the token's role may not do this";
            Err(ProblemDetails::new(StatusCode::FORBIDDEN, "forbidden", detail))
        }
        _ => Ok(caller),
    }
}

impl FromRequest for Caller {
    type Error = ProblemDetails;
    type Future = Ready<Result<Self, ProblemDetails>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let detail = "the request was not asked for its token";
        let missing = ProblemDetails::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
        ready(request.extensions().get::<Self>().cloned().ok_or(missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as it is meant: who adds a route says here who may use it.
    #[test]
    fn every_route_has_the_role_it_is_meant_to_have() {
        let meant = [
            ("GET", "/lines/{customer}", Role::Desk),
            ("POST", "/lines/{customer}/restrict", Role::Desk),
            ("POST", "/lines/{customer}/lift", Role::Desk),
            ("GET", "/lines/{customer}/inquiries", Role::Desk),
            ("GET", "/maintenance", Role::Desk),
            ("PUT", "/maintenance", Role::Admin),
            ("DELETE", "/maintenance", Role::Admin),
            ("GET", "/mails", Role::Desk),
            ("POST", "/mails/retry", Role::Desk),
            ("POST", "/keys/rotate", Role::Admin),
            ("GET", "/audit/entries", Role::Desk),
            ("GET", "/audit/verify", Role::Admin),
            ("POST", "/audit/verify", Role::Admin),
        ];
        let there: Vec<_> =
            ROUTES.iter().map(|route| (route.method.as_str(), route.path, route.role)).collect();
        assert_eq!(there, meant);
    }

    #[test]
    fn a_role_may_its_own_and_the_admin_may_all() {
        let all = [Role::Desk, Role::Billing, Role::Admin];
        for role in all {
            for needed in all {
                let expected = role == needed || role == Role::Admin;
                assert_eq!(role.may(needed), expected, "{role:?} for {needed:?}");
            }
        }
    }
}
