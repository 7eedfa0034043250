//! What a single request may cost: the size of its head, the time of its body (security.md 69).

use super::{answer, context, page::Problem, provider, state::WebState};
use crate::net::{Activity, Held, UnderWay};
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::{ConnectionType, StatusCode, Version, header},
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::Stream;
use std::{
    cell::Cell,
    io::ErrorKind,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

/// More headers than these no client of ours needs; HTTP/1's parser has the same bound.
const MOST_HEADERS: usize = 96;
/// Requests at once on one HTTP/2 connection, each until its answer's body was taken, as RFC 9113 section 6.5.2 advises.
const MOST_AT_ONCE: usize = 100;
/// Past so many, a refusal has no body that a client could leave lying here.
const MOST_TOLD_AT_ONCE: usize = 2 * MOST_AT_ONCE;
/// Seconds after which a request past [`MOST_AT_ONCE`] may come again.
const RETRY_AFTER_S: u64 = 1;

/// Bounds each request.
pub async fn middleware(
    state: Data<WebState>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<HeldBody>, Error> {
    let activity = request.conn_data::<Rc<Activity>>().cloned();
    let under_way = activity.as_ref().map(Activity::begin);
    let held = activity.as_ref().map(Activity::hold);
    let listeners = request.app_data::<Refusing>().copied();
    // What the router goes by; `request.path()` has its escapes yet.
    let refusing = listeners.or_else(|| provider::refusing(request.match_info().as_str()));
    if let Some(status) = refused(&request, activity.as_deref(), state.limits.head_bytes) {
        let held_now = activity.as_ref().map_or(0, |activity| activity.held());
        let response = if held_now > MOST_TOLD_AT_ONCE {
            too_many()
        } else {
            refusal(request.request(), status, refusing)
        };
        return Ok(request.into_response(response).map_body(|_, body| HeldBody::new(body, held)));
    }
    let is_last = is_last(&request);
    if let Some(activity) = activity.filter(|_| is_last) {
        activity.end();
    }
    let is_late = time_body(&mut request, state.limits.body_time);
    let mut response = next.call(request).await?.map_body(|_, body| HeldBody::new(body, held));
    if listeners.is_some() {
        // Who may ask for a long answer may wait for its next piece too.
        response = response.map_body(|_, body| HeldBody { _under_way: under_way, ..body });
    }
    match refusing {
        Some(Refusing(refusal)) if is_late.get() => {
            let refusal = refusal(StatusCode::REQUEST_TIMEOUT);
            response =
                response.into_response(refusal).map_body(|_, body| HeldBody::new(body, None));
        }
        _ if is_late.get() => {
            *response.response_mut().status_mut() = StatusCode::REQUEST_TIMEOUT;
        }
        _ => {}
    }
    if is_last || is_late.get() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// The status of a request that is not looked at any further.
fn refused(
    request: &ServiceRequest,
    activity: Option<&Activity>,
    most_bytes: usize,
) -> Option<StatusCode> {
    if activity.is_some_and(Activity::is_over) {
        return Some(StatusCode::BAD_REQUEST);
    }
    if activity.is_some_and(|activity| activity.held() > MOST_AT_ONCE) {
        return Some(StatusCode::TOO_MANY_REQUESTS);
    }
    let is_too_large = is_head_too_large(request, most_bytes);
    is_too_large.then_some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
}

/// How a request is refused where it is not by a page: on the operators' listener, in its app's data,
/// and at the providers' doors.
#[derive(Clone, Copy)]
pub struct Refusing(pub fn(StatusCode) -> HttpResponse);

fn refusal(request: &HttpRequest, status: StatusCode, refusing: Option<Refusing>) -> HttpResponse {
    if let Some(Refusing(refusal)) = refusing {
        let mut response = refusal(status);
        if status != StatusCode::TOO_MANY_REQUESTS {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        return response;
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return too_many();
    }
    let (context, language) = (context::of(request), context::language(request, None));
    let mut response = answer::problem(&context, language, Problem::BadRequest);
    *response.status_mut() = status;
    response.head_mut().set_connection_type(ConnectionType::Close);
    response
}

/// Nothing that a client could leave lying here.
fn too_many() -> HttpResponse {
    let mut response = HttpResponse::TooManyRequests();
    response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S)).finish()
}

/// The scanner of HTTP/1 heads cannot follow a chunked body, so a connection ends with one: no
/// request hides behind it (security.md 70).
fn is_last(request: &ServiceRequest) -> bool {
    request.version() <= Version::HTTP_11
        && request.headers().contains_key(header::TRANSFER_ENCODING)
}

/// The head as HTTP/1 would write it.
fn is_head_too_large(request: &ServiceRequest, most_bytes: usize) -> bool {
    let line = request.uri().path_and_query().map_or(1, |path| path.as_str().len());
    let fields = request.headers().iter();
    let bytes: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    line + bytes > most_bytes || request.headers().len() > MOST_HEADERS
}

/// Gives the body its time; the flag tells whether it ran out.
fn time_body(request: &mut ServiceRequest, time: Duration) -> Rc<Cell<bool>> {
    let is_late = Rc::new(Cell::new(false));
    let payload: Payload = match request.take_payload() {
        Payload::None => Payload::None,
        inner => Payload::Stream {
            payload: Box::pin(TimedBody {
                inner,
                timer: Box::pin(sleep(time)),
                is_late: Rc::clone(&is_late),
            }),
        },
    };
    request.set_payload(payload);
    is_late
}

/// An answer's body; its request is held until it was sent or given up.
pub struct HeldBody {
    inner: BoxBody,
    _held: Option<Held>,
    /// Where the request is under way until its answer's last piece.
    _under_way: Option<UnderWay>,
}

impl HeldBody {
    fn new(inner: impl MessageBody + 'static, held: Option<Held>) -> Self {
        Self { inner: inner.boxed(), _held: held, _under_way: None }
    }
}

impl MessageBody for HeldBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.inner).poll_next(context)
    }
}

/// A body that has to be there in time, however it comes.
struct TimedBody {
    inner: Payload,
    timer: Pin<Box<Sleep>>,
    is_late: Rc<Cell<bool>>,
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(item) = Pin::new(&mut this.inner).poll_next(context) {
            return Poll::Ready(item);
        }
        this.timer.as_mut().poll(context).map(|()| {
            this.is_late.set(true);
            Some(Err(PayloadError::Io(ErrorKind::TimedOut.into())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Patience;
    use actix_web::{body::to_bytes, test::TestRequest};

    #[actix_web::test]
    async fn each_door_is_refused_in_its_own_form() {
        let form = |path: &str, status| {
            let request = TestRequest::with_uri(path).to_http_request();
            let response = refusal(&request, status, provider::refusing(path));
            assert_eq!(response.status(), status, "{path}");
            let header = |name| {
                let value = response.headers().get(name).map(|value| value.to_str().expect("text"));
                value.map(str::to_owned)
            };
            (header(header::CONTENT_TYPE), header(header::RETRY_AFTER))
        };
        let (json, problem, page) =
            ("application/json", "application/problem+json", "text/html; charset=utf-8");
        for (path, expected) in [
            ("/oauth/par", json),
            ("/oauth/token", json),
            ("/oauth/userinfo", json),
            ("/provider/v1", problem),
            ("/provider/v1/contracts/x", problem),
            ("/provider/v10", page),
            ("/oauth/authorize", page),
            ("/", page),
        ] {
            for status in [400, 408, 431] {
                let status = StatusCode::from_u16(status).expect("a status");
                assert_eq!(form(path, status), (Some(expected.to_owned()), None), "{path}");
            }
            let (kind, again) = form(path, StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(kind.as_deref(), (expected != page).then_some(expected), "{path}");
            assert_eq!(again.as_deref(), Some("1"), "{path}");
        }
    }

    #[actix_web::test]
    async fn a_request_is_held_until_its_body_was_sent_or_given_up() {
        let patience = Patience { head: Duration::MAX, idle: Duration::from_secs(1) };
        let activity = Activity::new(patience, false);
        let body = || HeldBody::new("body", Some(activity.hold()));
        let (given_up, sent) = (body(), body());
        assert_eq!((activity.held(), sent.size()), (2, BodySize::Sized(4)));
        drop(given_up);
        assert_eq!(activity.held(), 1);
        assert_eq!(to_bytes(sent).await.unwrap(), "body");
        assert_eq!(activity.held(), 0);
    }
}
