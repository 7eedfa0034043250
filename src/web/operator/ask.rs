//! What an operator's request says: JSON, read strictly, with the reason of a change; and how a
//! change is carried to its end.

use super::{access::Caller, problem::ProblemDetails};
pub use crate::domain::reason::Reason;
use crate::{
    domain::{line::By, reason::NotAReason},
    web::{context::RequestContext, form::Body},
};
use actix_web::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::future::Future;

/// Reads a change's body; a field that nobody knows is refused, so that no misspelt one is passed
/// over. Where there is no reason, that is what is told, whatever else is the matter.
pub fn read<T: DeserializeOwned>(body: &Body) -> Result<T, ProblemDetails> {
    let body = body.as_ref().map_err(|error| {
        let status = error.as_response_error().status_code();
        ProblemDetails::new(status, "unreadable_body", "the body cannot be read")
    })?;
    serde_json::from_slice(body).map_err(|error| {
        let (status, code) = match error.classify() {
            serde_json::error::Category::Data => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_request")
            }
            _ => (StatusCode::BAD_REQUEST, "not_json"),
        };
        let detail = if lacks_reason(body) {
            format!("reason: is missing; {NotAReason}")
        } else {
            error.to_string()
        };
        ProblemDetails::new(status, code, detail)
    })
}

/// Whether this is an object without a reason.
fn lacks_reason(body: &[u8]) -> bool {
    let object: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    object.is_some_and(|fields| fields.get("reason").is_none_or(Value::is_null))
}

/// The reason of a change.
pub fn reason(text: &str) -> Result<Reason, ProblemDetails> {
    text.parse().map_err(|error| ProblemDetails::invalid(format!("reason: {error}")))
}

/// Who changes something and why, as the journal keeps it.
pub fn by(caller: &Caller, reason: &Reason) -> By {
    By::Operator { name: caller.name.clone(), reason: reason.as_str().to_owned() }
}

/// Carries a change to its end, with its line in the log, even where whoever asked has gone away
/// meanwhile, which drops the handler: what was journalled must count in the running server too.
pub async fn to_its_end<T: 'static>(
    context: &RequestContext,
    change: impl Future<Output = Result<T, ProblemDetails>> + 'static,
    log: impl FnOnce(&RequestContext, &Result<T, ProblemDetails>) + 'static,
) -> Result<T, ProblemDetails> {
    let own = context.clone();
    let logged = actix_rt::spawn(async move {
        // A task of its own once more, so that even a panic has its line.
        let made = actix_rt::spawn(change).await;
        let made = made.unwrap_or_else(|error| Err(ProblemDetails::internal(&own, &error)));
        log(&own, &made);
        made
    });
    logged.await.unwrap_or_else(|error| Err(ProblemDetails::internal(context, &error)))
}
