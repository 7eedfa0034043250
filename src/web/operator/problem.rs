//! Problem details (RFC 9457): how the operator API says no.

pub use crate::web::problem::ProblemDetails;

use crate::{
    actors::{LineError, Overload},
    domain::line::Refusal,
    web::context::RequestContext,
};
use actix_web::http::StatusCode;

impl ProblemDetails {
    /// A field whose value cannot be taken; the sentence begins with the field's name.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", detail.into())
    }

    /// A request that does not show whose it is (RFC 6750 section 3).
    pub fn unauthorized(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .challenged("Bearer realm=\"operator\"")
    }

    /// A rule's refusal: 404 for what does not exist, 409 for what may not be (details.md).
    pub fn refused(refusal: &Refusal) -> Self {
        let status = match refusal {
            Refusal::UnknownLine
            | Refusal::UnknownPassport
            | Refusal::UnknownContract
            | Refusal::UnknownCharge { .. } => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.code(), refusal.to_string())
    }

    /// Why a line did not do it.
    pub fn of_line(context: &RequestContext, error: &LineError) -> Self {
        match error {
            LineError::Refused(refusal) => Self::refused(refusal),
            LineError::Busy(what @ Overload::NoRoom) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                format!("{what}; free some, and try again"),
            ),
            LineError::Busy(what) => Self::busy(&what.to_string()),
            LineError::Stopping => Self::busy("the server is stopping"),
            LineError::Store(error) => Self::internal(context, error),
        }
    }
}
