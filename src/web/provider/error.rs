//! Errors as the RFCs have them: a code, and a description that names the field and what is
//! allowed. They tell nothing of limits, restriction, other providers or households.

use crate::{
    domain::order::OrderFault,
    telemetry::{Decision, Outcome},
    web::{bearer, context::RequestContext, form::FormFault},
};
use actix_web::{
    HttpResponse, Route,
    http::{StatusCode, header},
    web,
};
use serde::Serialize;
use std::borrow::Cow;

/// An error of the back channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// The error's code.
    pub code: Code,
    /// What is wrong, for the provider's developer.
    pub description: Cow<'static, str>,
    /// The status; the code's own, except for a body that is too large.
    pub status: StatusCode,
    /// When to come again, where that helps.
    pub retry_after_s: Option<u64>,
    /// What failed of ours: for the log alone.
    cause: Option<String>,
}

/// The codes in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// RFC 6749 section 5.2.
    InvalidRequest,
    /// RFC 6749 section 5.2.
    InvalidClient,
    /// RFC 6749 section 5.2.
    InvalidGrant,
    /// RFC 6749 section 5.2.
    InvalidScope,
    /// RFC 6749 section 5.2.
    UnsupportedGrantType,
    /// RFC 6749 section 4.1.2.1.
    UnsupportedResponseType,
    /// RFC 6749 section 4.1.2.1, as the pushed request's error.
    UnauthorizedClient,
    /// RFC 9396 section 5.
    InvalidAuthorizationDetails,
    /// `OpenID` Connect Core section 3.1.2.6.
    RequestNotSupported,
    /// RFC 6750 section 3.1.
    InvalidToken,
    /// RFC 6749 section 4.1.2.1, also for too many requests.
    TemporarilyUnavailable,
    /// RFC 6749 section 4.1.2.1.
    ServerError,
}

impl Code {
    /// The code as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::RequestNotSupported => "request_not_supported",
            Self::InvalidToken => "invalid_token",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Code,
    error_description: &'a str,
}

impl OAuthError {
    /// An error with its description.
    pub fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        let (status, description) = (code.status(), description.into());
        Self { code, description, status, retry_after_s: None, cause: None }
    }

    /// A parameter that is missing or wrong.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, description)
    }

    /// A body that could not be read: too large (413), or it broke off.
    pub fn unread_body(error: &actix_web::Error) -> Self {
        let status = error.as_response_error().status_code();
        let description = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "the body: is larger than this server takes",
            _ => "the body: could not be read",
        };
        Self { status, ..Self::invalid_request(description) }
    }

    /// Something of ours failed; what, stands in the log once the error [is logged](Self::log).
    pub fn server_error(error: &dyn std::error::Error) -> Self {
        let description = "the server failed; the request ID is in x-request-id";
        let cause = Some(error.to_string());
        Self { cause, ..Self::new(Code::ServerError, description) }
    }

    /// Logs what failed of ours, if it was that, under the request's ID.
    pub fn log(&self, context: &RequestContext) {
        if let Some(error) = &self.cause {
            tracing::error!(request_id = context.request_id, error, "a provider's request failed");
        }
    }

    /// The decision line of a request that ended like this, once what failed is logged.
    pub fn decision(&self, context: &RequestContext, action: &'static str) -> Decision<'static> {
        self.log(context);
        let ours = self.code == Code::ServerError;
        let outcome = if ours { Outcome::Failed } else { Outcome::Refused };
        Decision::new(action, outcome).reason(self.code.as_str())
    }

    /// Too much at once, of whoever it may be.
    pub fn busy(retry_after_s: u64) -> Self {
        let description = "too many requests; come again after Retry-After seconds";
        let error = Self::new(Code::TemporarilyUnavailable, description);
        Self { retry_after_s: Some(retry_after_s), ..error }
    }

    /// The response to a request with a token that is wrong by its form (RFC 6750 section 3.1).
    pub fn challenge(&self) -> HttpResponse {
        let challenge = header::HeaderValue::from_static(bearer::INVALID_REQUEST);
        let mut response = self.response();
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        response
    }

    /// The answer to a request without a token: a challenge, and no error code (RFC 6750 section
    /// 3.1).
    pub fn no_token() -> HttpResponse {
        HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, bearer::CHALLENGE))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish()
    }

    /// What cost too much, as a listener's bounds tell it.
    pub fn bounded(status: StatusCode) -> HttpResponse {
        let description = match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                return Self { status, ..Self::busy(1) }.response();
            }
            StatusCode::REQUEST_TIMEOUT => "the body: took too long",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the head: is too large",
            _ => "the request: cannot be read",
        };
        Self { status, ..Self::invalid_request(description) }.response()
    }

    /// Maintenance is on.
    pub fn maintenance(retry_after_s: u64) -> Self {
        let description = "system maintenance; come again after Retry-After seconds";
        let error = Self::new(Code::TemporarilyUnavailable, description);
        Self { retry_after_s: Some(retry_after_s), ..error }
    }

    /// The response (RFC 6749 section 5.2): JSON that nobody may keep.
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.code == Code::InvalidClient {
            response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"linepass\""));
        }
        if self.code == Code::InvalidToken {
            response.insert_header((header::WWW_AUTHENTICATE, bearer::INVALID_TOKEN));
        }
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        // RFC 6749 section 5.2 allows these characters in a description.
        let plain = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
        let description: String = self
            .description
            .chars()
            .map(|c| match c {
                '×' => '*',
                c if plain(c) => c,
                _ => '?',
            })
            .collect();
        response
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(Body { error: self.code, error_description: &description })
    }
}

/// A route for every method that an address does not take; `allowed` are those that it takes (RFC
/// 9110 section 15.5.6).
pub fn only(allowed: &'static str) -> Route {
    web::route().to(move || async move {
        let description = format!("the method: this address takes {allowed}");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let error = OAuthError { status, ..OAuthError::invalid_request(description) };
        let mut response = error.response();
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allowed));
        response
    })
}

impl From<FormFault> for OAuthError {
    fn from(fault: FormFault) -> Self {
        Self::invalid_request(fault.to_string())
    }
}

impl From<bearer::Doubled> for OAuthError {
    fn from(doubled: bearer::Doubled) -> Self {
        Self::invalid_request(doubled.to_string())
    }
}

impl From<OrderFault> for OAuthError {
    fn from(fault: OrderFault) -> Self {
        Self::new(Code::InvalidAuthorizationDetails, fault.to_string())
    }
}
