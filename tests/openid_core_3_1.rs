//! `OpenID` Connect Core 1.0, section 3.1: the authorization code flow, section by section, and what
//! it refers to of sections 2, 5.3 and 10.1.
//!
//! Proved elsewhere: 3.1.2.1 prompts and ages, `acr` (`provider_login`), 3.1.2.2 each wrong parameter
//! (`provider_door`), 3.1.2.6 `login_required` (`provider_tokens`), 3.1.3.2 what a code is bound to
//! (`provider_tokens`), 5.3.3 errors (`provider_tokens`), 8 pairwise subjects (`provider_tokens`).
//!
//! Does not apply: 3.1.2.4 a question of consent of its own (no claim but a pairwise subject and the
//! provider's own contracts is told, and the login page names the provider), 5.5 `claims` and 6
//! request objects (metadata says so), 7 self-issued, 9 `private_key_jwt`, 11 `offline_access`, 3.1.2.1
//! `id_token_hint` (no session to hint at: `prompt=none` is always `login_required`).

mod common;

use common::{
    Browser, Demo, claims,
    door::{
        arrive, assert_back, assert_error, assert_own_page, code, exchange_form, id_token, post,
        push_with, request_uri, send, tokens, userinfo, with,
    },
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

#[test]
fn the_authorization_endpoint_takes_get_and_post_alike_openid_core_3_1_2_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let uri = request_uri(&push_with(&provider, None, &[]));
    let form = [("client_id", provider.client_id.as_str()), ("request_uri", &uri)];
    let browser = Browser::new(demo.issuer());
    let sent = browser.post_with("/oauth/authorize", &[], &form);
    assert_eq!(sent.status, 303, "{sent:?}");
    assert_eq!(sent.location(), provider.authorize_url(&uri).replace(demo.issuer(), ""));
    browser.arrive(&provider.authorize_url(&uri));
    // What is wrong is told on a page, however it came.
    let base = format!("{}/oauth/authorize", demo.issuer());
    let twice = [form[0], form[0], form[1]];
    let page = provider.http.post(&base, &[], &twice);
    assert_own_page(&page, 400);
    assert!(page.body.contains("client_id: must stand once"), "{}", page.body);
    let refused = send(&provider.http, "PUT", &base, &[]);
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, POST")));
}

#[test]
fn hints_that_are_not_understood_are_no_error_openid_core_3_1_2_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let hints = [
        ("display", "touch"),
        ("display", "hologram"),
        ("login_hint", "sakura01"),
        ("id_token_hint", "eyJhbGciOiJub25lIn0.e30."),
        ("claims_locales", "ja en"),
        ("acr_values", "urn:example:none urn:example:other"),
        ("claims", "{\"userinfo\":{\"email\":null}}"),
        ("ui_locales", "fr-CA xx tlh"),
    ];
    for (name, value) in hints {
        let (browser, flow) = arrive(&demo, &provider, &[(name, Some(value))]);
        let page = browser.open(&format!("{}/login", flow.path));
        assert_eq!(page.status, 200, "{name}={value}");
        assert!(!page.body.contains("value=\"sakura01\""), "nobody's ID is filled in");
    }
    for (locales, language) in [("ja", "ja"), ("en", "en"), ("fr en ja", "en"), ("fr ja", "ja")] {
        let (browser, flow) = arrive(&demo, &provider, &[("ui_locales", Some(locales))]);
        let page = browser.open(&format!("{}/login", flow.path));
        assert!(page.body.contains(&format!("<html lang=\"{language}\">")), "{locales}");
    }
}

#[test]
fn prompt_none_shows_no_page_whatever_else_is_asked_openid_core_3_1_2_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let browser = Browser::new(demo.issuer());
    // Somebody is logged in in another flow of this browser: that is no session.
    let flow = browser.arrive(&provider.push(None));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    for more in [("max_age", "4294967295"), ("id_token_hint", "x"), ("login_hint", "sakura01")] {
        let changes = [("prompt", Some("none")), (more.0, Some(more.1))];
        let uri = request_uri(&push_with(&provider, None, &changes));
        let sent = browser.open(&provider.authorize_url(&uri));
        assert_back(&demo, &sent, "error", Some("login_required"));
        assert_eq!(sent.header("set-cookie"), None, "{sent:?}");
    }
}

#[test]
fn what_is_not_supported_is_told_by_its_own_code_openid_core_3_1_2_6() {
    let demo = Demo::start();
    let provider = demo.provider();
    let refused = push_with(&provider, None, &[("request", Some("eyJhbGciOiJub25lIn0.e30."))]);
    assert_error(&refused, 400, "request_not_supported", "request");
}

#[test]
fn a_token_response_has_all_it_must_openid_core_3_1_3_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let form = exchange_form(&provider, &code(&demo, &provider, "sakura01"));
    let answer = post(&provider, "token", &[], &form);
    assert_eq!(
        (answer.header("cache-control"), answer.header("pragma")),
        (Some("no-store"), Some("no-cache"))
    );
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    for name in ["access_token", "id_token"] {
        assert!(body[name].is_string(), "{name}: {body}");
    }
    // Section 3.1.3.4.
    let again = post(&provider, "token", &[], &with(&form, "code", "x"));
    assert_error(&again, 400, "invalid_grant", "code");
}

/// The claims, verified as a client has to (section 3.1.3.7).
fn verified(demo: &Demo, token: &str) -> Value {
    let jwks = Browser::new(demo.issuer()).open("/oauth/jwks.json").json();
    let keys: JwkSet = serde_json::from_value(jwks).expect("keys");
    let header = decode_header(token).expect("a header");
    // Section 10.1: among several keys, it names its own.
    let key = keys.find(&header.kid.expect("a kid")).expect("it is published");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[&demo.provider().client_id]);
    validation.set_issuer(&[demo.issuer()]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    let key = DecodingKey::from_jwk(key).expect("a key");
    decode::<Value>(token, &key, &validation).expect("it verifies").claims
}

#[test]
fn an_id_token_has_the_claims_it_must_and_verifies_openid_core_3_1_3_6() {
    let demo = Demo::start();
    let provider = demo.provider();
    let nonce = "n-0S6_WzA2Mj \"%+&=/~";
    let asked = [("nonce", Some(nonce)), ("max_age", Some("60"))];
    let answer = tokens(&demo, &provider, "sakura01", &asked);
    let token = answer["id_token"].as_str().expect("a token");
    let claims = verified(&demo, token);
    assert_eq!(claims, id_token(&answer));
    assert_eq!(claims["nonce"], nonce, "as it was, to the letter");
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(demo.issuer()), &json!(provider.client_id))
    );
    let sub = claims["sub"].as_str().expect("a subject");
    assert!((1..=255).contains(&sub.len()) && sub.is_ascii() && !sub.contains("sakura"), "{sub}");
    let time = |name: &str| claims[name].as_i64().expect("a whole number");
    // Section 2: auth_time is required where max_age was asked for.
    assert!(time("auth_time") <= time("iat") && time("exp") == time("iat") + 300, "{claims}");
    assert!(claims["acr"].is_string() && claims["amr"] == json!(["pwd"]), "{claims}");
    assert!(claims.get("azp").is_none_or(|azp| *azp == claims["aud"]), "{claims}");
    // Nobody signs in the place of the server.
    for forged in [tampered_payload(token), format!("eyJhbGciOiJub25lIn0.{}.", payload(token))] {
        let answer = userinfo(&provider, &forged);
        assert_error(&answer, 401, "invalid_token", "token");
    }
    let without = tokens(&demo, &provider, "sakura01", &[("nonce", None)]);
    assert_eq!(id_token(&without).get("nonce"), None);
}

fn payload(token: &str) -> &str {
    token.split('.').nth(1).expect("a payload")
}

fn tampered_payload(token: &str) -> String {
    common::door::tampered(token)
}

#[test]
fn userinfo_takes_get_and_post_and_tells_the_same_subject_openid_core_5_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let answer = tokens(&demo, &provider, "sakura01", &[]);
    let bearer = format!("Bearer {}", answer["access_token"].as_str().expect("a token"));
    let url = format!("{}/oauth/userinfo", demo.issuer());
    let headers = [("authorization", &*bearer)];
    for told in [provider.http.get(&url, &headers), provider.http.post(&url, &headers, &[])] {
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!(told.header("content-type"), Some("application/json"));
        assert_eq!(told.header("cache-control"), Some("no-store"));
        let subject = &claims(answer["id_token"].as_str().expect("a token"))["sub"];
        // Section 5.3.2: the same subject, and nothing that was not granted.
        assert_eq!(told.json(), json!({ "sub": subject }));
    }
    let refused = send(&provider.http, "DELETE", &url, &headers);
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, POST")));
}
