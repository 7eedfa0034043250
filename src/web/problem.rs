//! Problem details (RFC 9457): how the doors of other programs say no, the operators' and the
//! providers' alike.

use super::context::RequestContext;
use crate::telemetry::{Decision, Outcome};
use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use std::{borrow::Cow, fmt};

/// Seconds after which something that was too busy may be asked again, where nobody knows better.
const RETRY_AFTER_S: u64 = 2;

/// Why a request was not done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemDetails {
    status: StatusCode,
    /// What kind it is; it never changes, and scripts rely on it.
    code: &'static str,
    detail: Cow<'static, str>,
    challenge: Option<&'static str>,
    retry_after_s: Option<u64>,
}

/// A problem as it is told (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Body {
    /// `urn:linepass:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What kind of problem it is, in snake case. It never changes, and scripts rely on it.
    code: &'static str,
    /// A sentence; where a field cannot be taken, it begins with the field's name.
    detail: String,
}

impl ProblemDetails {
    /// The media type of problems.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// A problem with its status, its code (`snake_case`) and a sentence in English.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code, detail: detail.into(), challenge: None, retry_after_s: None }
    }

    /// The same with what the client should show instead: the value of `WWW-Authenticate`.
    #[must_use]
    pub fn challenged(self, challenge: &'static str) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// The same with the seconds after which it may be asked again.
    #[must_use]
    pub fn again_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// Something of ours failed; what, stands in the log under the request's ID.
    pub fn internal(context: &RequestContext, error: &dyn std::error::Error) -> Self {
        tracing::error!(request_id = context.request_id, %error, "a program's request failed");
        let detail = "the server failed; its log says why under the request's ID";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// What is too busy now and may be asked again.
    pub fn busy(what: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", format!("{what}: try again"))
    }

    /// What cost too much, as a listener's bounds tell it.
    pub fn bounded(status: StatusCode) -> HttpResponse {
        let (code, detail) = match status {
            StatusCode::REQUEST_TIMEOUT => ("too_slow", "the body took too long"),
            StatusCode::TOO_MANY_REQUESTS => ("too_many_requests", "too many requests at once"),
            StatusCode::SERVICE_UNAVAILABLE => {
                ("busy", "too many requests at once: ask again after Retry-After seconds")
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ("head_too_large", "the request's head is too large")
            }
            _ => ("bad_request", "the request cannot be read"),
        };
        let is_crowded = status == StatusCode::TOO_MANY_REQUESTS;
        let retry_after_s = is_crowded.then_some(1);
        Self { retry_after_s, ..Self::new(status, code, detail) }.error_response()
    }

    /// Its code.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The decision line of a request that ended like this.
    pub fn decision(&self, action: &'static str) -> Decision<'static> {
        let ours = self.status == StatusCode::INTERNAL_SERVER_ERROR;
        let outcome = if ours { Outcome::Failed } else { Outcome::Refused };
        Decision::new(action, outcome).reason(self.code)
    }

    fn body(&self) -> Body {
        Body {
            kind: format!("urn:linepass:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone().into_owned(),
        }
    }
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
    if let Ok(value) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

impl fmt::Display for ProblemDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for ProblemDetails {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type(Self::MEDIA_TYPE);
        if let Some(challenge) = self.challenge {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        let is_busy = self.status == StatusCode::SERVICE_UNAVAILABLE;
        if let Some(seconds) = self.retry_after_s.or(is_busy.then_some(RETRY_AFTER_S)) {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.body(serde_json::to_string(&self.body()).unwrap_or_default())
    }
}
