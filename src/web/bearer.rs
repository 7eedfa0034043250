//! The token of a request, as RFC 6750 has it.

use super::problem::ProblemDetails;
use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};

/// The challenge to whoever brought no token: no error is told (section 3.1).
pub const CHALLENGE: &str = "Bearer realm=\"linepass\"";
/// The challenge to a token that opens nothing.
pub const INVALID_TOKEN: &str = "Bearer realm=\"linepass\", error=\"invalid_token\"";

/// The challenge to a request whose token is wrong by its form.
pub const INVALID_REQUEST: &str = "Bearer realm=\"linepass\", error=\"invalid_request\"";

/// `Authorization` stands twice: which of both counts would be anybody's guess, and others may go by
/// another of them than we (RFC 6749 section 3.2, RFC 6750 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Authorization: must stand once")]
pub struct Doubled;

impl Doubled {
    /// The same as problem details, with the challenge of the door.
    pub fn problem(self, challenge: &'static str) -> ProblemDetails {
        ProblemDetails::new(StatusCode::BAD_REQUEST, "invalid_request", self.to_string())
            .challenged(challenge)
    }
}

/// The request's one `Authorization`.
pub fn authorization(request: &HttpRequest) -> Result<Option<&HeaderValue>, Doubled> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(Doubled),
    }
}

/// The token in the header (section 2.1); in a form or an address none is looked for.
pub fn token(request: &HttpRequest) -> Result<Option<&str>, Doubled> {
    Ok(authorization(request)?.and_then(of))
}

/// The token that a header bears.
fn of(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn one_header_of_the_scheme_bears_a_token() {
        type Row = (&'static [&'static str], Result<Option<&'static str>, Doubled>);
        let table: [Row; 7] = [
            (&[], Ok(None)),
            (&["Bearer a"], Ok(Some("a"))),
            (&["bEARER a"], Ok(Some("a"))),
            (&["Bearer"], Ok(None)),
            (&["Basic a"], Ok(None)),
            (&["Bearer a", "Bearer a"], Err(Doubled)),
            (&["Basic a", "Bearer a"], Err(Doubled)),
        ];
        for (values, expected) in table {
            let request = values.iter().fold(TestRequest::default(), |request, value| {
                request.append_header((header::AUTHORIZATION, *value))
            });
            assert_eq!(token(&request.to_http_request()), expected, "{values:?}");
        }
    }
}
