//! The statuses of what is not done, as components that each operation refers to.

use crate::web::openapi::Refusal;

/// What an operation without a body may answer.
const OF_QUESTIONS: &[(&str, &str)] = &[
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("405", "MethodNotAllowed"),
    ("409", "Conflict"),
    ("422", "UnprocessableContent"),
    ("429", "TooManyRequests"),
    ("431", "HeadTooLarge"),
    ("500", "Failed"),
    ("503", "Unavailable"),
];

/// What one with a body may answer.
const OF_CHANGES: &[(&str, &str)] = &[
    ("400", "BadRequest"),
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("404", "NotFound"),
    ("405", "MethodNotAllowed"),
    ("408", "BodyTooSlow"),
    ("409", "Conflict"),
    ("413", "BodyTooLarge"),
    ("415", "UnsupportedMediaType"),
    ("422", "UnprocessableContent"),
    ("429", "TooManyRequests"),
    ("431", "HeadTooLarge"),
    ("500", "Failed"),
    ("503", "Unavailable"),
];

/// The refusals of an operation by status, as [`all`] names them.
pub(super) const fn of(has_body: bool) -> &'static [(&'static str, &'static str)] {
    if has_body { OF_CHANGES } else { OF_QUESTIONS }
}

/// All of them; after each, nothing was changed.
pub(super) fn all() -> Vec<Refusal> {
    let refusal = |name, description, headers| Refusal { name, description, headers };
    vec![
        refusal("BadRequest", "The request cannot be read.", &[]),
        refusal(
            "Unauthorized",
            "It has no operator's token that is not revoked.",
            &[("WWW-Authenticate", "The challenge of RFC 6750 section 3.")],
        ),
        refusal("Forbidden", "The role of the token may not do this.", &[]),
        refusal("NotFound", "What it names does not exist.", &[]),
        refusal(
            "MethodNotAllowed",
            "The address takes other methods.",
            &[("Allow", "The methods that it takes.")],
        ),
        refusal("BodyTooSlow", "The body took too long.", &[]),
        refusal("Conflict", "A rule refuses it as things stand.", &[]),
        refusal("BodyTooLarge", "The body is too large.", &[]),
        refusal("UnsupportedMediaType", "The body is not of the media type described here.", &[]),
        refusal(
            "UnprocessableContent",
            "A field or a parameter cannot be taken; the detail begins with its name.",
            &[],
        ),
        refusal("TooManyRequests", "Too many requests at once.", &[]),
        refusal("HeadTooLarge", "The request's head is too large.", &[]),
        refusal("Failed", "The server failed; its log says why under x-request-id.", &[]),
        refusal(
            "Unavailable",
            "The server is too busy, or is stopping.",
            &[("Retry-After", "Seconds after which to ask again.")],
        ),
    ]
}
