//! The token of a request, as RFC 6750 has it.

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderValue},
};

/// The challenge to whoever brought no token: no error is told (section 3.1).
pub const CHALLENGE: &str = "Bearer realm=\"linepass\"";
/// The challenge to a token that opens nothing.
pub const INVALID_TOKEN: &str = "Bearer realm=\"linepass\", error=\"invalid_token\"";

/// The token in the header (section 2.1); in a form or an address none is looked for. Whoever sends
/// the header twice has sent none: which of both counts would be anybody's guess.
pub fn token(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let (value, None) = (values.next()?, values.next()) else { return None };
    of(value)
}

/// The token that a header bears.
pub fn of(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn one_header_of_the_scheme_bears_a_token() {
        let table: [(&[&str], Option<&str>); 7] = [
            (&[], None),
            (&["Bearer a"], Some("a")),
            (&["bEARER a"], Some("a")),
            (&["Bearer"], None),
            (&["Basic a"], None),
            (&["Bearer a", "Bearer a"], None),
            (&["Basic a", "Bearer a"], None),
        ];
        for (values, expected) in table {
            let request = values.iter().fold(TestRequest::default(), |request, value| {
                request.append_header((header::AUTHORIZATION, *value))
            });
            assert_eq!(token(&request.to_http_request()), expected, "{values:?}");
        }
    }
}
