//! Who may do what: the one place that asks for the token and its role.
//!
//! The scope asks for the token, the address for the role. Only the address that answers knows
//! which one it is: what a request's path says can be written in many ways (`%74okens`), and the
//! router reads them all.

use super::{
    problem::ProblemDetails,
    routes::{ApiRoute, all},
};
use crate::{
    domain::operator::Role,
    web::{
        bearer,
        context::{self, RequestContext},
        state::WebState,
    },
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
    web::Data,
};
use std::future::{Ready, ready};

/// The challenge to a request whose token is wrong by its form (RFC 6750 section 3.1).
const INVALID_REQUEST: &str = "Bearer realm=\"operator\", error=\"invalid_request\"";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name, which the journal keeps.
    pub name: String,
    /// What it may.
    pub role: Role,
}

/// Lets a request through that has a token.
pub(super) async fn admit(
    state: Data<WebState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match caller(&state, request.request()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(turned_away(request, &problem)),
    }
}

/// Lets a request through whose token has the role that `path` of the table needs, and that says
/// nothing the table does not know.
pub(super) async fn permit(
    path: &str,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let caller = request.extensions().get::<Caller>().cloned().ok_or_else(unasked);
    let route = caller.and_then(|caller| permitted(path, request.method(), &caller));
    match route.and_then(|route| route.map_or(Ok(()), |route| route.fits(request.head()))) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => Ok(turned_away(request, &problem)),
    }
}

fn turned_away(request: ServiceRequest, problem: &ProblemDetails) -> ServiceResponse<BoxBody> {
    log(&context::of(request.request()), problem);
    request.into_response(problem.error_response())
}

fn log(context: &RequestContext, problem: &ProblemDetails) {
    problem
        .decision("operator_access")
        .source(context.source.address())
        .latency(context.began.elapsed())
        .request_id(&*context.request_id)
        .emit("a request of the operator API was turned away");
}

/// Whose token the request carries (RFC 6750).
fn caller(state: &WebState, request: &HttpRequest) -> Result<Caller, ProblemDetails> {
    let token = bearer::token(request).map_err(|two| two.problem(INVALID_REQUEST))?;
    let known = token.and_then(|token| state.operators.who(token));
    let detail = "wanted is an operator's token that is not revoked: Authorization: Bearer …";
    let (name, role) = known.ok_or_else(|| ProblemDetails::unauthorized(detail))?;
    Ok(Caller { name: name.as_ref().to_owned(), role })
}

/// The table's entry. A method that the table does not know at this address meets its 405, and no
/// handler.
fn permitted(
    path: &str,
    method: &Method,
    caller: &Caller,
) -> Result<Option<&'static ApiRoute>, ProblemDetails> {
    // HEAD is answered by what answers GET.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let known = all().find(|route| route.path == path && route.method == *method);
    match known {
        Some(route) if !caller.role.is_one_of(route.roles) => {
            let detail = format!("the role of your token, {}, may not do this", caller.role);
            Err(ProblemDetails::new(StatusCode::FORBIDDEN, "forbidden", detail))
        }
        known => Ok(known),
    }
}

fn unasked() -> ProblemDetails {
    ProblemDetails::unauthorized("the request was not asked for its token")
}

impl FromRequest for Caller {
    type Error = ProblemDetails;
    type Future = Ready<Result<Self, ProblemDetails>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(unasked))
    }
}
