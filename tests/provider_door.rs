//! The provider's door: metadata, keys, pushed requests and client authentication, each fault in
//! the shape of its RFC and naming its field.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    Answer, Browser, CHALLENGE, Demo, Http, Options, Provider, anime,
    door::{assert_error, assert_own_page, push_with, send},
    order, unique,
};
use std::collections::BTreeSet;

#[test]
fn metadata_has_what_discovery_and_rfc_8414_require() {
    let demo = Demo::start();
    let (http, issuer) = (Http::new(), demo.issuer());
    let oidc = http.get(&format!("{issuer}/.well-known/openid-configuration"), &[]);
    let oauth = http.get(&format!("{issuer}/.well-known/oauth-authorization-server"), &[]);
    assert_eq!((oidc.status, oidc.json()), (200, oauth.json()));
    let metadata = oidc.json();
    assert_eq!(metadata["issuer"], issuer);
    // OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2, RFC 9126 section 5.
    for endpoint in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        let url = metadata[endpoint].as_str().expect(endpoint);
        assert!(url.starts_with(&format!("{issuer}/")), "{endpoint}: {url}");
        assert_ne!(http.get(url, &[]).status, 404, "{endpoint}");
    }
    let lists = [
        ("response_types_supported", vec!["code"]),
        ("subject_types_supported", vec!["pairwise"]),
        ("id_token_signing_alg_values_supported", vec!["RS256", "ES256"]),
        ("code_challenge_methods_supported", vec!["S256"]),
        ("grant_types_supported", vec!["authorization_code", "client_credentials"]),
        ("scopes_supported", vec!["openid", "entitlements", "purchases:read"]),
        (
            "token_endpoint_auth_methods_supported",
            vec!["client_secret_basic", "client_secret_post"],
        ),
    ];
    for (name, values) in lists {
        assert_eq!(metadata[name], serde_json::json!(values), "{name}");
    }
    for name in
        ["require_pushed_authorization_requests", "authorization_response_iss_parameter_supported"]
    {
        assert_eq!(metadata[name], true, "{name}");
    }
    // What does not work is not named (details.md).
    for name in ["end_session_endpoint", "registration_endpoint", "introspection_endpoint"] {
        assert_eq!(metadata.get(name), None, "{name}");
    }
}

#[test]
fn keys_are_the_current_and_the_next_without_private_parts() {
    let demo = Demo::start();
    let jwks = Http::new().get(&format!("{}/oauth/jwks.json", demo.issuer()), &[]).json();
    let keys = jwks["keys"].as_array().expect("keys");
    let rsa: Vec<_> = keys.iter().filter(|key| key["kty"] == "RSA").collect();
    assert!(rsa.len() >= 2, "{jwks}");
    let kids: BTreeSet<_> = keys.iter().map(|key| key["kid"].as_str().expect("a kid")).collect();
    assert_eq!(kids.len(), keys.len());
    for key in keys {
        // RFC 7518 sections 6.2.2 and 6.3.2.
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(key.get(private), None, "{private}");
        }
    }
}

#[test]
fn each_wrong_parameter_of_a_push_is_named() {
    let demo = Demo::start();
    let provider = demo.provider();
    assert_eq!(provider.push_form(&provider.parameters(None)).status, 201);
    let long = |length: usize| "x".repeat(length);
    let (state, nonce, short, long_challenge) = (long(257), long(129), long(42), long(44));
    let cases: [(&str, Option<&str>, &str); 24] = [
        // RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1.
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", Some("code id_token"), "unsupported_response_type"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("response_mode", Some("form_post"), "invalid_request"),
        ("redirect_uri", None, "invalid_request"),
        ("scope", None, "invalid_scope"),
        ("scope", Some("entitlements"), "invalid_scope"),
        ("scope", Some("openid profile"), "invalid_scope"),
        // interfaces.md 1.
        ("state", Some(&state), "invalid_request"),
        ("state", Some("a\nb"), "invalid_request"),
        ("nonce", Some(&nonce), "invalid_request"),
        ("prompt", Some("create"), "invalid_request"),
        ("prompt", Some("none login"), "invalid_request"),
        // RFC 7636, RFC 9700 section 2.1.1.
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some(&short), "invalid_request"),
        ("code_challenge", Some(&long_challenge), "invalid_request"),
        ("code_challenge", Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), "invalid_request"),
        // RFC 9126 section 2.1.
        ("request_uri", Some("urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        ("request", Some("eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
        ("authorization_details", Some("{"), "invalid_authorization_details"),
        ("authorization_details", Some("[]"), "invalid_authorization_details"),
    ];
    for (name, value, code) in cases {
        assert_error(&push_with(&provider, None, &[(name, value)]), 400, code, name);
    }
    for (name, length) in [("state", 256), ("nonce", 128)] {
        let longest = long(length);
        assert_eq!(push_with(&provider, None, &[(name, Some(&longest))]).status, 201, "{name}");
    }
}

#[test]
fn each_parameter_stands_once_rfc_6749_3_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let details = anime(&unique());
    let parameters = provider.parameters(Some(&details));
    for (doubled, value) in &parameters {
        let mut form: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        form.push((doubled, value));
        let url = format!("{}/oauth/par", provider.issuer);
        assert_error(&provider.http.post(&url, &[], &form), 400, "invalid_request", doubled);
    }
}

#[test]
fn bodies_of_another_type_or_size_are_refused_in_json() {
    let demo = Demo::start();
    let provider = demo.provider();
    for path in ["par", "token"] {
        let url = format!("{}/oauth/{path}", provider.issuer);
        let large = "x".repeat(65_537);
        let refused = provider.http.try_post_raw(&url, &[], &large).expect("an answer");
        assert_error(&refused, 413, "invalid_request", "body");
        let send = provider.http.0.post(&url).header("content-type", "application/json");
        let refused = common::answer(send.send("{}").expect("an answer"));
        assert_error(&refused, 400, "invalid_request", "Content-Type");
        let refused = provider.http.try_post_raw(&url, &[], "a=%ff").expect("an answer");
        assert_error(&refused, 400, "invalid_request", "a: must be UTF-8");
    }
}

#[test]
fn only_a_registered_pair_is_a_client() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = format!("{}/oauth/par", provider.issuer);
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let (id, secret) = (provider.client_id.as_str(), provider.client_secret.as_str());
    let right = basic(&format!("{id}:{secret}"));
    let push = |header: Option<&str>, id: Option<&str>, secret: Option<&str>| {
        let mut parameters = provider.parameters(None);
        parameters.remove("client_id");
        parameters.remove("client_secret");
        parameters.extend(id.map(|id| ("client_id".to_owned(), id.to_owned())));
        parameters.extend(secret.map(|secret| ("client_secret".to_owned(), secret.to_owned())));
        let form: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers: Vec<_> = header.map(|header| ("authorization", header)).into_iter().collect();
        provider.http.post(&url, &headers, &form)
    };
    for accepted in [
        push(Some(&right), None, None),
        push(Some(&right), Some(id), None),
        push(None, Some(id), Some(secret)),
    ] {
        assert_eq!(accepted.status, 201, "{accepted:?}");
    }
    let other = demo.other_provider();
    let refused: [(Answer, u16, &str, &str); 11] = [
        (push(None, Some(id), Some("wrong")), 401, "invalid_client", "client_secret"),
        (push(None, Some("c-sha"), Some(secret)), 401, "invalid_client", "client_id"),
        (push(None, Some(id), Some(&other.client_secret)), 401, "invalid_client", "client_secret"),
        (push(None, Some(id), None), 401, "invalid_client", "client_secret"),
        (push(None, None, None), 401, "invalid_client", "client_secret"),
        (push(None, None, Some(secret)), 401, "invalid_client", "client_id"),
        (push(Some("Basic !!!"), None, None), 401, "invalid_client", "Authorization"),
        (push(Some("Bearer x"), None, None), 401, "invalid_client", "Authorization"),
        (push(Some(&basic("no-colon")), None, None), 401, "invalid_client", "Authorization"),
        (push(Some(&right), None, Some(secret)), 400, "invalid_request", "client_secret"),
        (push(Some(&right), Some("a-sha"), None), 400, "invalid_request", "client_id"),
    ];
    for (answer, status, code, field) in &refused {
        assert_error(answer, *status, code, field);
    }
}

#[test]
fn each_fault_of_an_order_is_named_rfc_9396_5() {
    let demo = Demo::start();
    let provider = demo.provider();
    let good = anime("r-1");
    let cases = [
        ("\"purchase\"", "\"gift\"", "type"),
        ("\"currency\"", "\"line_limit\":999999,\"currency\"", "unknown field"),
        ("anime-1", "anime-9", "service"),
        ("anime-1", "pack", "service"),
        (":300", ":299", "amount"),
        (":300", ":\"300\"", "amount"),
        (":300", ":-300", "amount"),
        (":300", ":10000000", "amount"),
        ("\"quantity\":1", "\"quantity\":0", "quantity"),
        ("\"quantity\":1", "\"quantity\":100", "quantity"),
        ("\"quantity\":1", "\"quantity\":2", "amount"),
        (":300", ":300,\"amount\":9", "amount"),
        ("\"currency\"", "\"service\":\"support\",\"currency\"", "service"),
        ("JPY", "USD", "currency"),
        ("r-1", "", "reference"),
        ("r-1", "注文", "reference"),
    ];
    for (from, to, field) in cases {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        let refused = push_with(&provider, Some(&changed), &[]);
        assert_error(&refused, 400, "invalid_authorization_details", field);
    }
    let two = format!("[{0},{0}]", &good[1..good.len() - 1]);
    let long = "あ".repeat(101);
    let described = good.replacen('{', &format!("{{\"description\":\"{long}\","), 1);
    for (details, field) in [(two, "one order"), (described, "description")] {
        let refused = push_with(&provider, Some(&details), &[]);
        assert_error(&refused, 400, "invalid_authorization_details", field);
    }
    // R-007: a monthly service has quantity 1.
    let refused = push_with(&demo.other_provider(), Some(&order("r", "pack", 2, 1050)), &[]);
    assert_error(&refused, 400, "invalid_authorization_details", "quantity");
}

#[test]
fn redirects_are_compared_to_the_letter_security_30() {
    let demo = Demo::start();
    let provider = demo.provider();
    for variant in [
        "http://127.0.0.1:9876/callback/",
        "http://127.0.0.1:9876/callback?x",
        "http://127.0.0.1:9876/callback#f",
        "HTTP://127.0.0.1:9876/callback",
        "http://127.0.0.1:9876@evil.example/callback",
        "http://127.0.0.1:9876\\evil.example/callback",
        "//127.0.0.1:9876/callback",
        "http://127.0.0.1:9876/a/%2e%2e/callback",
        "http://127.0.0.1:9877/callback",
        "https://127.0.0.1:9876/callback",
        "http://localhost:9876/callback",
        " http://127.0.0.1:9876/callback",
        "javascript:alert(1)",
    ] {
        let refused = push_with(&provider, None, &[("redirect_uri", Some(variant))]);
        assert_error(&refused, 400, "invalid_request", "redirect_uri");
        assert_eq!(refused.header("location"), None, "{variant}");
    }
    // Another provider's address is none of this one's.
    let refused = demo.other_provider();
    let refused = Provider { redirect_uri: provider.redirect_uri, ..refused };
    let refused = refused.push_form(&refused.parameters(None));
    assert_error(&refused, 400, "invalid_request", "redirect_uri");
}

/// The largest request that is allowed, with what JSON writes at double length.
fn largest(redirect_uri: &str) -> Vec<(String, String)> {
    let details = serde_json::json!([{
        "type": "purchase", "reference": "\"".repeat(64), "service": "support", "quantity": 99,
        "amount": 9_999_990, "currency": "JPY", "description": "𠮷".repeat(100)
    }]);
    [
        ("redirect_uri", redirect_uri.to_owned()),
        ("state", "\"".repeat(256)),
        ("nonce", "\\".repeat(128)),
        ("scope", "openid entitlements".into()),
        ("acr_values", "urn:linepass:acr:line".into()),
        ("ui_locales", "x".repeat(200)),
        ("code_challenge", CHALLENGE.into()),
        ("authorization_details", details.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[test]
fn the_largest_requests_fit_into_addresses_and_cookies() {
    let uri = format!("http://127.0.0.1:9876/{}", "c".repeat(378));
    let arguments = vec!["--redirect-uri", uri.as_str()];
    let demo = Demo::with(&Options { arguments, ..Options::default() });
    let provider = demo.provider();
    let mut parameters = provider.parameters(None);
    parameters.extend(largest(&uri));
    let browser = Browser::new(demo.issuer());
    for _ in 0..4 {
        let pushed = provider.push_form(&parameters);
        assert_eq!(pushed.status, 201, "{pushed:?}");
        let request_uri = pushed.json()["request_uri"].as_str().expect("one").to_owned();
        // interfaces.md 1: at most 3 KiB.
        assert!(request_uri.len() <= 3 * 1024, "{}", request_uri.len());
        let flow = browser.arrive(&provider.authorize_url(&request_uri));
        let cookies = browser.cookie_header();
        assert!(cookies.len() < 7 * 1024, "{}", cookies.len());
        for (name, value) in &*browser.cookies.borrow() {
            // RFC 6265 section 6.1: 4,096 bytes for name, value and attributes.
            assert!(name.len() + value.len() + 80 <= 4096, "{name}");
        }
        // The newest flow goes on, whichever gave way.
        assert_eq!(browser.open(&format!("{}/login", flow.path)).status, 200);
    }
}

#[test]
fn other_methods_are_answered_405_with_what_is_allowed_rfc_9110_15_5_6() {
    let demo = Demo::start();
    let http = Http::new();
    let flow = Browser::new(demo.issuer()).arrive(&demo.provider().push(None));
    let cases = [
        ("GET", "/oauth/par".to_owned(), "POST"),
        ("GET", "/oauth/token".to_owned(), "POST"),
        ("DELETE", "/oauth/authorize".to_owned(), "GET, HEAD, POST"),
        ("DELETE", "/oauth/jwks.json".to_owned(), "GET, HEAD"),
        ("DELETE", "/.well-known/openid-configuration".to_owned(), "GET, HEAD"),
        ("DELETE", "/".to_owned(), "GET, HEAD"),
        ("DELETE", format!("{}/confirm", flow.path), "GET, HEAD, POST"),
        ("DELETE", format!("{}/complete", flow.path), "GET, HEAD"),
    ];
    for (method, path, allowed) in cases {
        let refused = send(&http, method, &format!("{}{path}", demo.issuer()), &[]);
        // A program is told in the form of its other errors, a household on a page.
        if matches!(&*path, "/oauth/par" | "/oauth/token") {
            assert_error(&refused, 405, "invalid_request", "the method");
        } else {
            assert_own_page(&refused, 405);
        }
        assert_eq!(refused.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[test]
fn head_is_answered_as_get_without_the_body_rfc_9110_9_3_2() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(None));
    let cookie = browser.cookie_header();
    for path in [
        "/".to_owned(),
        "/help/notes".to_owned(),
        "/oauth/jwks.json".to_owned(),
        "/.well-known/openid-configuration".to_owned(),
        "/nowhere".to_owned(),
        format!("{}/login", flow.path),
        format!("{}/return", flow.path),
    ] {
        let url = format!("{}{path}", demo.issuer());
        let headers = [("cookie", cookie.as_str())];
        let (got, head) =
            (browser.http.get(&url, &headers), send(&browser.http, "HEAD", &url, &headers));
        assert_eq!((head.status, head.body.as_str()), (got.status, ""), "{path}");
        for name in ["content-type", "content-length", "location"] {
            assert_eq!(head.header(name), got.header(name), "{path} {name}");
        }
    }
}
