//! What a request hears that is turned away: 503 with `Retry-After`, in the form of its door. Pages are
//! rendered once for each language and time, so that a refusal costs next to nothing.

use crate::{
    security::random,
    text::Language,
    web::{
        context,
        page::{self, Problem, ProblemPage, Shell},
        provider,
    },
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Bytes,
};
use std::sync::OnceLock;

/// The shortest time after which somebody who was turned away may come again, in seconds.
const SOONEST_S: u64 = 2;
/// The times differ by so many seconds, so that those who were turned away together do not come back
/// together (reliability.md 33); a power of two.
const SPREAD_S: u64 = 8;

/// Seconds after which somebody who was turned away may come again: drawn for each.
pub fn retry_after_s() -> u64 {
    let [drawn] = random::bytes::<1>();
    SOONEST_S + u64::from(drawn) % SPREAD_S
}

/// The answer to a request that is not heard.
pub fn response(request: &HttpRequest) -> HttpResponse {
    let retry_after_s = retry_after_s();
    let mut response = match provider::refusing(request.match_info().as_str()) {
        Some(refusing) => (refusing.0)(StatusCode::SERVICE_UNAVAILABLE),
        None => HttpResponse::ServiceUnavailable()
            .content_type("text/html; charset=utf-8")
            .body(page(context::language(request, None), retry_after_s)),
    };
    response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
    response
}

/// The page, which leads back to itself by GET.
fn page(language: Language, retry_after_s: u64) -> Bytes {
    static PAGES: OnceLock<Vec<(Language, u64, Bytes)>> = OnceLock::new();
    let pages = PAGES.get_or_init(|| {
        let each = |language| (SOONEST_S..SOONEST_S + SPREAD_S).map(move |s| (language, s));
        let all = Language::ALL.into_iter().flat_map(each);
        all.map(|(language, s)| (language, s, render(language, s))).collect()
    });
    let is_it = |(other, s, _): &&(Language, u64, Bytes)| *other == language && *s == retry_after_s;
    pages.iter().find(is_it).map(|(_, _, page)| page.clone()).unwrap_or_default()
}

fn render(language: Language, retry_after_s: u64) -> Bytes {
    let shell = Shell { language, ..Shell::default() };
    // An empty address is the page's own.
    let problem = Problem::Overloaded { retry_path: Some(String::new()), retry_after_s };
    // A template of ours fails only when memory does; then the status has to be enough.
    page::render(&ProblemPage { shell, problem }).map(Bytes::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{body::to_bytes, test::TestRequest};

    #[test]
    fn those_who_are_turned_away_together_do_not_come_back_together_check_33() {
        let drawn: std::collections::BTreeSet<u64> = (0..1_000).map(|_| retry_after_s()).collect();
        assert_eq!(drawn, (SOONEST_S..SOONEST_S + SPREAD_S).collect());
    }

    #[actix_web::test]
    async fn each_door_hears_it_in_its_own_form_and_language() {
        for (path, accept, kind, words) in [
            ("/flow/a1/confirm", "ja", "text/html; charset=utf-8", "<html lang=\"ja\">"),
            ("/wso/login", "en", "text/html; charset=utf-8", "<html lang=\"en\">"),
            ("/wso/statement?lang=en", "ja", "text/html; charset=utf-8", "<html lang=\"en\">"),
            ("/oauth/token", "ja", "application/json", "\"error\":\"temporarily_unavailable\""),
            ("/provider/v1/purchases", "ja", "application/problem+json", "\"code\":\"busy\""),
        ] {
            let request =
                TestRequest::with_uri(path).insert_header((header::ACCEPT_LANGUAGE, accept));
            let response = response(&request.to_http_request());
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
            let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(header(header::CONTENT_TYPE), Some(kind), "{path}");
            let seconds: u64 =
                header(header::RETRY_AFTER).expect("a time").parse().expect("seconds");
            assert!((SOONEST_S..SOONEST_S + SPREAD_S).contains(&seconds), "{path}: {seconds}");
            let body = to_bytes(response.into_body()).await.expect("a body");
            let body = std::str::from_utf8(&body).expect("text");
            assert!(body.contains(words), "{path}: {body}");
            if kind.starts_with("text/html") {
                assert!(body.contains(&seconds.to_string()), "{path}: the page says it too");
                assert!(body.contains("href=\"\""), "{path}: it leads back to itself");
            }
        }
    }
}
