//! The statuses of what is not done, as components that each operation refers to.

use crate::web::operator::problem::ProblemDetails;
use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

/// What any operation may answer.
const OF_ALL: &[(StatusCode, &str)] = &[
    (StatusCode::BAD_REQUEST, "The request cannot be read."),
    (StatusCode::UNAUTHORIZED, "It has no operator's token that is not revoked (RFC 6750)."),
    (StatusCode::FORBIDDEN, "The role of the token may not do this."),
    (StatusCode::NOT_FOUND, "What it names does not exist."),
    (StatusCode::METHOD_NOT_ALLOWED, "The address does not take the method."),
    (StatusCode::CONFLICT, "A rule refuses it as things stand."),
    (StatusCode::UNPROCESSABLE_ENTITY, "A field or a parameter cannot be taken."),
    (StatusCode::TOO_MANY_REQUESTS, "Too many requests at once."),
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Its head is too large."),
    (StatusCode::INTERNAL_SERVER_ERROR, "The server failed, and its log says why."),
    (StatusCode::SERVICE_UNAVAILABLE, "The server is too busy, or is stopping."),
];

/// What an operation with a body may answer besides.
const OF_BODIES: &[(StatusCode, &str)] = &[
    (StatusCode::REQUEST_TIMEOUT, "The body took too long."),
    (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not of the media type described here."),
];

/// The refusals of an operation by status.
pub(super) fn of(has_body: bool) -> Map<String, Value> {
    let bodies = OF_BODIES.iter().filter(|_| has_body);
    let one = |(status, _): &(StatusCode, &str)| {
        let reference = format!("#/components/responses/{}", name(*status));
        (status.as_str().to_owned(), json!({ "$ref": reference }))
    };
    OF_ALL.iter().chain(bodies).map(one).collect()
}

/// The refusals by name; each is a problem (RFC 9457) of this schema.
pub(super) fn components(problem: &schemars::Schema) -> Value {
    let one = |(status, when): &(StatusCode, &str)| {
        let mut told = json!({
            "description": format!("{when} Nothing was changed."),
            "content": { ProblemDetails::MEDIA_TYPE: { "schema": problem } },
        });
        if let Some((header, schema, what)) = header(*status) {
            let described = json!({ "description": what, "required": true, "schema": schema });
            told["headers"] = json!({ header: described });
        }
        (name(*status), told)
    };
    OF_ALL.iter().chain(OF_BODIES).map(one).collect::<Map<_, _>>().into()
}

/// A status's own words in one.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}

/// The header that goes with a status, its schema, and what it says.
fn header(status: StatusCode) -> Option<(&'static str, Value, &'static str)> {
    match status {
        StatusCode::UNAUTHORIZED => {
            Some(("WWW-Authenticate", json!({ "type": "string" }), "How to ask."))
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            Some(("Allow", json!({ "type": "string" }), "The methods that the address takes."))
        }
        StatusCode::SERVICE_UNAVAILABLE => Some((
            "Retry-After",
            json!({ "type": "integer", "minimum": 0 }),
            "Seconds after which it may be asked again.",
        )),
        _ => None,
    }
}
