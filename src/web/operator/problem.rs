//! Problem details (RFC 9457): how the operator API says no.

use crate::{
    actors::LineError,
    domain::line::Refusal,
    telemetry::{Decision, Outcome},
    web::context::RequestContext,
};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// Seconds after which something that was too busy may be asked again.
const RETRY_AFTER_S: u64 = 2;

/// Why a request of the operator API was not done. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemDetails {
    status: StatusCode,
    /// What kind it is; it never changes, and scripts rely on it.
    code: &'static str,
    detail: String,
}

/// A problem as it is told (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Body {
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
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    /// A field whose value cannot be taken; the sentence begins with the field's name.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail)
    }

    /// Something of ours failed; what, stands in the log under the request's ID.
    pub fn internal(context: &RequestContext, error: &dyn std::error::Error) -> Self {
        tracing::error!(request_id = context.request_id, %error, "an operator's request failed");
        let detail = "the server failed; its log says why under the request's ID";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// What is too busy now and may be asked again.
    pub fn busy(what: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", format!("{what}: try again"))
    }

    fn body(&self) -> Body {
        Body {
            kind: format!("urn:linepass:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone(),
        }
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

    /// A rule's refusal: 404 for what does not exist, 409 for what may not be (details.md).
    pub fn refused(refusal: &Refusal) -> Self {
        let status = match refusal {
            Refusal::UnknownLine | Refusal::UnknownPassport | Refusal::UnknownContract => {
                StatusCode::NOT_FOUND
            }
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.code(), refusal.to_string())
    }

    /// Why a line did not do it.
    pub fn of_line(context: &RequestContext, error: &LineError) -> Self {
        match error {
            LineError::Refused(refusal) => Self::refused(refusal),
            LineError::Busy(what) => Self::busy(&what.to_string()),
            LineError::Stopping => Self::busy("the server is stopping"),
            LineError::Store(error) => Self::internal(context, error),
        }
    }
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
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750 section 3.
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"operator\""));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        }
        response.body(serde_json::to_string(&self.body()).unwrap_or_default())
    }
}
