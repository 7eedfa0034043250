//! What a request hears that is turned away: 503 with `Retry-After`, in the form of its door. Pages are
//! rendered once for each language and time, so that a refusal costs next to nothing.

use crate::{
    security::random,
    text::Language,
    web::{
        context::{self, RequestContext},
        page::{self, Problem, ProblemPage, Shell},
        provider,
    },
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
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

/// The answer to a request that is not heard, in the language that its household has read so far.
pub fn response(request: &HttpRequest, language: Option<&str>) -> HttpResponse {
    let retry_after_s = retry_after_s();
    let path = request.match_info().as_str();
    let mut response = if let Some(refusing) = provider::refusing(path) {
        (refusing.0)(StatusCode::SERVICE_UNAVAILABLE)
    } else {
        let language = context::language(request, language);
        // What is only posted to cannot be opened again.
        let is_opened = !path.ends_with("/logout");
        let page = page(Told { language, retry_after_s, is_opened }, request);
        HttpResponse::ServiceUnavailable().content_type("text/html; charset=utf-8").body(page)
    };
    response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
    response
}

/// What differs between the pages, beside the request's ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    language: Language,
    retry_after_s: u64,
    /// Whether the page leads back to itself by GET.
    is_opened: bool,
}

/// Stands where a request's ID will; nothing else on a page is written so.
const ID: &str = "{request-id}";

/// The page with the request's ID.
fn page(told: Told, request: &HttpRequest) -> Bytes {
    static PAGES: OnceLock<Vec<(Told, String)>> = OnceLock::new();
    let pages = PAGES.get_or_init(|| {
        let mut all = Vec::new();
        for language in Language::ALL {
            for retry_after_s in SOONEST_S..SOONEST_S + SPREAD_S {
                for is_opened in [true, false] {
                    let told = Told { language, retry_after_s, is_opened };
                    all.push((told, render(told)));
                }
            }
        }
        all
    });
    let page = pages.iter().find(|(other, _)| *other == told).map(|(_, page)| page.as_str());
    let (before, after) = page.and_then(|page| page.split_once(ID)).unwrap_or_default();
    let id = request.extensions().get::<RequestContext>().map(|its| its.request_id.clone());
    [before, &id.unwrap_or_default(), after].concat().into()
}

fn render(told: Told) -> String {
    let Told { language, retry_after_s, is_opened } = told;
    let shell = Shell { language, request_id: Some(ID.into()), ..Shell::default() };
    // An empty address is the page's own.
    let problem = Problem::Overloaded { retry_path: is_opened.then(String::new), retry_after_s };
    // A template of ours fails only when memory does; then the status has to be enough.
    page::render(&ProblemPage { shell, problem }).unwrap_or_default()
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
        let (page, json) = ("text/html; charset=utf-8", "application/json");
        let error = "\"error\":\"temporarily_unavailable\"";
        for (path, accept, read_so_far, kind, words) in [
            ("/flow/a1/confirm", "ja", None, page, "<html lang=\"ja\">"),
            ("/flow/a1/confirm", "ja", Some("en"), page, "<html lang=\"en\">"),
            ("/wso/login", "en", None, page, "<html lang=\"en\">"),
            ("/wso/statement?lang=en", "ja", None, page, "<html lang=\"en\">"),
            ("/wso/logout", "ja", None, page, "<html lang=\"ja\">"),
            ("/oauth/token", "ja", None, json, error),
            ("/oauth/jwks.json", "ja", None, json, error),
            ("/.well-known/openid-configuration", "ja", None, json, error),
            ("/provider/v1/purchases", "ja", None, "application/problem+json", "\"code\":\"busy\""),
        ] {
            let request =
                TestRequest::with_uri(path).insert_header((header::ACCEPT_LANGUAGE, accept));
            let request = request.to_http_request();
            let context = context::of(&request);
            request.extensions_mut().insert(context.clone());
            let response = response(&request, read_so_far);
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
                let leads_back = body.contains("href=\"\"");
                assert_eq!(leads_back, !path.ends_with("/logout"), "{path}");
                assert!(body.contains(&context.request_id), "{path}: {body}");
                assert!(!body.contains(ID), "{path}: {body}");
            }
        }
    }
}
