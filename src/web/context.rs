//! What every request has, and what every response carries: a request ID from the page to the
//! log, a nonce, the source address, and the security headers (security.md 46 to 49).

use super::state::WebState;
use crate::{
    security::{Peer, Seen, Source, SourcePolicy, random},
    text::Language,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use std::{
    future::Ready,
    net::{IpAddr, Ipv6Addr},
    time::Instant,
};

/// What every request has.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// 128 drawn bits; shown on error pages, written to the log and the journal.
    pub request_id: String,
    /// The nonce of this response's CSP.
    pub nonce: String,
    /// Where it comes from: throttles count by it, and the log names it.
    pub source: Source,
    /// Where the language switch of an error's page leads: the request's own address.
    pub page: Option<String>,
    /// The address that may prove an access line, where it is sure.
    pub line_source: Option<IpAddr>,
    /// When it arrived.
    pub began: Instant,
}

impl RequestContext {
    /// A context for a request from there.
    pub fn new(seen: Seen) -> Self {
        let (request_id, nonce) = (random::token(16), random::token(16));
        let (source, began) = (seen.source, Instant::now());
        let line_source = seen.proves_line.then(|| source.address());
        Self { request_id, nonce, source, page: None, line_source, began }
    }
}

impl FromRequest for RequestContext {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(of(request)))
    }
}

/// The context that the middleware gave the request.
pub fn of(request: &HttpRequest) -> RequestContext {
    let given = request.extensions().get::<RequestContext>().cloned();
    given.unwrap_or_else(|| RequestContext::new(seen(request, &SourcePolicy::default())))
}

/// Where a request comes from: the connection knows its peer, the policy whom to believe. A
/// connection without an address (there is none on TCP) belongs to no line.
fn seen(request: &HttpRequest, policy: &SourcePolicy) -> Seen {
    let peer = request.conn_data::<Peer>().copied().unwrap_or_else(|| {
        let address = request.peer_addr().map(|peer| peer.ip());
        let unknown = || Peer::without_client(Ipv6Addr::UNSPECIFIED.into());
        address.map_or_else(unknown, Peer::direct)
    });
    let forwarded = request.headers().get_all(header::X_FORWARDED_FOR);
    policy.see(peer, forwarded.map(HeaderValue::as_bytes))
}

/// The longest address that an error's page repeats in its language switch, in bytes: one with a
/// `request_uri` fits.
const LONGEST_PAGE: usize = 4 * 1024;

/// The address to open again in another language. What was posted is not repeated; a path that
/// begins with two slashes would be another host's.
fn page_of(request: &HttpRequest) -> Option<String> {
    let path = request.path().trim_start_matches(['/', '\\']);
    let other = |pair: &&str| !pair.is_empty() && !pair.starts_with("lang=");
    let query: Vec<&str> = request.query_string().split('&').filter(other).collect();
    let page = match (request.method(), query.is_empty()) {
        (&Method::GET, false) => format!("/{path}?{}", query.join("&")),
        _ => format!("/{path}"),
    };
    (page.len() <= LONGEST_PAGE).then_some(page)
}

/// The page's language: chosen by `?lang=`, asked for by the provider, or the browser's.
pub fn language(request: &HttpRequest, ui_locales: Option<&str>) -> Language {
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    Language::negotiate(chosen_language(request).as_deref(), ui_locales, accepted)
}

/// What the language switch asks for.
pub fn chosen_language(request: &HttpRequest) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.into_iter().find(|(name, _)| name == "lang").map(|(_, value)| value.into_owned())
}

/// Gives each request its context and each response its headers.
pub async fn middleware(
    state: web::Data<WebState>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let page = page_of(request.request());
    let seen = seen(request.request(), &state.sources);
    let context = RequestContext { page, ..RequestContext::new(seen) };
    request.extensions_mut().insert(context.clone());
    let mut response = next.call(request).await?;
    count(&state, &context, &response);
    add_headers(response.headers_mut(), &context, state.is_https());
    Ok(response)
}

/// Counts the answer under the pattern of its address, never under the address itself.
fn count<B>(state: &WebState, context: &RequestContext, response: &ServiceResponse<B>) {
    let request = response.request();
    let (method, route) = (request.method().as_str(), request.match_pattern());
    state.metrics.request(method, route, response.status().as_u16(), context.began.elapsed());
}

/// Headers that stand on every response alike.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: with it browsers post our own forms with `Origin: null` (Fetch standard,
    // "append a request Origin header"), which no form of ours may come from.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

fn add_headers(headers: &mut HeaderMap, context: &RequestContext, https: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self' 'nonce-{}'; \
         img-src 'self' data:; form-action 'self'; base-uri 'none'; object-src 'none'; \
         frame-ancestors 'none'",
        context.nonce
    );
    insert(headers, header::CONTENT_SECURITY_POLICY, &policy);
    insert(headers, HeaderName::from_static("x-request-id"), &context.request_id);
    if https {
        let value = "max-age=31536000; includeSubDomains";
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(value));
    }
    // Whoever did not say how long an answer may be kept meant not at all.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_language_switch_of_an_error_stays_on_this_host() {
        let page = |address: &str| page_of(&TestRequest::with_uri(address).to_http_request());
        let cases = [
            ("/", "/"),
            ("/flow/1/confirm?lang=en", "/flow/1/confirm"),
            (
                "/oauth/authorize?client_id=a&lang=ja&request_uri=u",
                "/oauth/authorize?client_id=a&request_uri=u",
            ),
            ("//evil.example/x", "/evil.example/x"),
            ("///evil.example", "/evil.example"),
        ];
        for (address, same) in cases {
            assert_eq!(page(address).as_deref(), Some(same), "{address}");
        }
        assert_eq!(page(&format!("/{}", "x".repeat(LONGEST_PAGE))), None);
        let posted = TestRequest::post().uri("/flow/1/login?again=1").to_http_request();
        assert_eq!(page_of(&posted).as_deref(), Some("/flow/1/login"));
    }
}
