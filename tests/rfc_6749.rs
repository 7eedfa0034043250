//! RFC 6749, The OAuth 2.0 Authorization Framework, section by section: what it asks of an
//! authorization server with the code flow and `client_credentials`.
//!
//! Proved elsewhere: 2.3.1 pairs (`provider_door`), 3.1.2 exact addresses (`provider_door`, security
//! 30), 3.1 and 3.2 doubled parameters (`provider_parameters`), 4.1.2 single use and 4.1.3 binding
//! (`provider_tokens`), 4.4 (`provider_login`), 10.12 (`flow_security`), 10.13 (`rfc_9700`).
//!
//! Does not apply: 1.6 and 3.1 TLS (the demo is loopback; `network`), 2.1 and 2.2 (every client is
//! confidential and registered by an operator), 2.3.1 guessing (a secret has 256 random bits), 3.1.2.3
//! partial addresses (none are registered), 4.2 and 4.3 (refused, see here), 4.5 and 8 (no
//! extension), 6 and 10.4 (no refresh token), 7 (RFC 6750: `provider_tokens`), 9 and 10.9 (clients).

mod common;
mod process;

use common::{
    Browser, Demo, Options, Provider, REDIRECT_URI,
    door::{
        arrive, assert_error, assert_own_page, basic, code, code_with, exchange_form, id_token,
        own_form, post, push_with, request_uri, send, tokens, with, without,
    },
    operator::Operator,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Everything that `state` may hold (appendix A.5).
fn printable() -> String {
    (' '..='~').collect()
}

#[test]
fn a_client_authenticates_by_one_method_rfc_6749_2_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let header = basic(&provider.client_id, &provider.client_secret);
    let parameters: Vec<_> = provider.parameters(None).into_iter().collect();
    for (endpoint, form) in [("par", parameters), ("token", own_form(&provider))] {
        let both = post(&provider, endpoint, &[("authorization", &header)], &form);
        assert_error(&both, 400, "invalid_request", "client_secret");
        let alone = without(&form, "client_secret");
        let two = [("authorization", &*header), ("authorization", &*header)];
        let twice = post(&provider, endpoint, &two, &alone);
        assert_error(&twice, 400, "invalid_request", "Authorization");
        let answer = post(&provider, endpoint, &two[..1], &alone);
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }
}

#[test]
fn a_secret_is_never_taken_from_the_address_rfc_6749_2_3_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let parameters: Vec<_> = provider.parameters(None).into_iter().collect();
    for (endpoint, form) in [("par", parameters), ("token", own_form(&provider))] {
        let (id, secret) = (&provider.client_id, &provider.client_secret);
        let address = format!("{endpoint}?client_id={id}&client_secret={secret}");
        let refused = post(&provider, &address, &[], &without(&form, "client_secret"));
        assert_error(&refused, 401, "invalid_client", "client_secret");
    }
}

#[test]
fn both_parts_of_basic_are_form_encoded_rfc_6749_2_3_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let form = without(&own_form(&provider), "client_secret");
    let escape = |text: &str| {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        bytes.concat()
    };
    let header = basic(&escape(&provider.client_id), &escape(&provider.client_secret));
    let taken = post(&provider, "token", &[("authorization", &header)], &form);
    assert_eq!(taken.status, 200, "{taken:?}");
    let header = basic(&provider.client_id, "%ZZ&client_id=a-sha");
    let refused = post(&provider, "token", &[("authorization", &header)], &form);
    assert_error(&refused, 401, "invalid_client", "Authorization");
    // Section 5.2: the challenge has the scheme that was tried.
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Basic realm="), "{challenge}");
}

#[test]
fn what_has_no_value_is_left_away_and_what_is_unknown_is_ignored_rfc_6749_3_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let empty = [("state", Some("")), ("nonce", Some("")), ("prompt", Some("")), ("x", Some(""))];
    let unknown = [("resource", Some("https://a.example")), ("名", Some("x"))];
    let (browser, flow) = arrive(&demo, &provider, &[&empty[..], &unknown].concat());
    let password = demo.password("sakura01");
    assert_eq!(browser.log_in(&flow, "sakura01", password).status, 303);
    let back = browser.go_back(&flow);
    assert_eq!(back.parameter("state"), None, "{back:?}");
    let code = back.parameter("code").expect("a code");
    let form = with(&exchange_form(&provider, &code), "audience", "x");
    let answer = post(&provider, "token", &[], &with(&form, "scope", "")).json();
    assert_eq!(id_token(&answer).get("nonce"), None, "{answer}");
    // Required ones are missing then.
    for name in ["response_type", "redirect_uri", "code_challenge", "code_challenge_method"] {
        let refused = push_with(&provider, None, &[(name, Some(""))]);
        assert_error(&refused, 400, "invalid_request", name);
    }
    let uri = request_uri(&push_with(&provider, None, &[]));
    let more = format!("{}&resource=x&%E5%90%8D=", provider.authorize_url(&uri));
    Browser::new(demo.issuer()).arrive(&more);
}

#[test]
fn the_token_endpoint_takes_post_alone_rfc_6749_3_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let url = format!("{}/oauth/token?grant_type=client_credentials", demo.issuer());
        let refused = send(&provider.http, method, &url, &[]);
        assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[test]
fn a_scope_is_told_with_the_token_whatever_its_order_rfc_6749_3_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let table = [
        ("openid", "openid"),
        ("openid entitlements", "openid entitlements"),
        ("entitlements openid", "openid entitlements"),
        ("openid openid", "openid"),
    ];
    for (asked, told) in table {
        let answer = tokens(&demo, &provider, "sakura01", &[("scope", Some(asked))]);
        assert_eq!(answer["scope"], told, "{asked}");
    }
    // The names are compared to the letter, and parted by one space.
    for wrong in ["OpenID", "openid,entitlements", "openid  entitlements", " openid", "openid\t"] {
        let refused = push_with(&provider, None, &[("scope", Some(wrong))]);
        assert_error(&refused, 400, "invalid_scope", "scope");
    }
}

#[test]
fn the_way_back_keeps_the_registered_query_and_the_state_rfc_6749_4_1_2() {
    let uri = "http://127.0.0.1:9876/callback?shop=1&next=%2Fa%20b";
    let arguments = vec!["--redirect-uri", uri];
    let demo = Demo::with(&Options { arguments, ..Options::default() });
    let provider = Provider { redirect_uri: uri.to_owned(), ..demo.provider() };
    let state = printable();
    let (browser, flow) = arrive(&demo, &provider, &[("state", Some(&state))]);
    let denied = browser.open(&format!("{}/back", flow.path));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    for (back, name) in [(denied, "error"), (browser.go_back(&flow), "code")] {
        assert_eq!(back.status, 303);
        // Section 3.1.2: the query stays as it was registered, and ours comes after it.
        let rest = back.location().strip_prefix(&format!("{uri}&")).expect("the same query");
        assert!(!rest.contains(['#', '?', ' ', '"', '<', '\'']), "{rest}");
        let parsed: Vec<_> = url::form_urlencoded::parse(rest.as_bytes()).collect();
        let names: Vec<&str> = parsed.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, [name, "state", "iss"]);
        assert_eq!(parsed[1].1, state);
    }
}

#[test]
fn no_code_can_be_set_to_live_longer_than_ten_minutes_rfc_6749_4_1_2() {
    let checked = |seconds: &str| {
        let mut command = process::linepass(&["config", "check"]);
        process::run(command.env("LINEPASS__FLOW__CODE_LIFETIME_S", seconds))
    };
    let refused = checked("601");
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(format!("{refused:?}").contains("flow.code_lifetime_s"), "{refused:?}");
    assert!(!format!("{:?}", checked("600")).contains("flow.code_lifetime_s"));
}

#[test]
fn nobody_is_sent_to_an_address_that_is_missing_or_wrong_rfc_6749_4_1_2_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let base = format!("{}/oauth/authorize", demo.issuer());
    let uri = request_uri(&push_with(&provider, None, &[]));
    let evil = "redirect_uri=https%3A%2F%2Fevil.example%2Fcb&state=s&response_type=code";
    for query in [
        evil.to_owned(),
        format!("client_id=b-sha&{evil}"),
        format!("client_id=nobody&request_uri={uri}&{evil}"),
        format!("request_uri={uri}&{evil}"),
        format!("client_id=b-sha&request_uri=https%3A%2F%2Fevil.example%2Frequest&{evil}"),
        format!("client_id=b-sha&request_uri={uri}&request_uri={uri}&{evil}"),
    ] {
        let page = provider.http.get(&format!("{base}?{query}"), &[]);
        assert_own_page(&page, 400);
        // Nor does the page hold a way there; its language switch has the query as it came.
        assert!(!page.body.contains("://evil.example"), "{query}: {}", page.body);
    }
}

#[test]
fn a_token_is_answered_so_that_nobody_keeps_it_rfc_6749_5_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let code = code(&demo, &provider, "sakura01");
    for form in [exchange_form(&provider, &code), own_form(&provider)] {
        let answer = post(&provider, "token", &[], &form);
        assert_eq!(answer.status, 200, "{answer:?}");
        for (name, value) in [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            ("pragma", "no-cache"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        let body = answer.json();
        assert!(body["access_token"].as_str().is_some_and(|token| token.len() > 40), "{body}");
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
        assert_eq!(body.get("refresh_token"), None, "sections 1.5 and 4.4.3");
    }
}

#[test]
fn each_error_of_the_token_endpoint_has_its_code_rfc_6749_5_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    let form = exchange_form(&provider, &code(&demo, &provider, "sakura01"));
    for name in ["grant_type", "code", "redirect_uri", "code_verifier"] {
        let refused = post(&provider, "token", &[], &without(&form, name));
        assert_error(&refused, 400, "invalid_request", &format!("{name}: is missing"));
        assert_eq!(post(&provider, "token", &[], &with(&form, name, "")).status, 400, "{name}");
    }
    for grant in
        ["password", "refresh_token", "implicit", "authorization_code ", "AUTHORIZATION_CODE"]
    {
        let refused = post(&provider, "token", &[], &with(&form, "grant_type", grant));
        assert_error(&refused, 400, "unsupported_grant_type", "grant_type");
    }
    let refused = post(&provider, "token", &[], &with(&own_form(&provider), "scope", "openid"));
    assert_error(&refused, 400, "invalid_scope", "scope");
    // What is told has these characters alone, whatever was sent.
    let hostile = [("grant_type", "x"), ("\"\\\n\u{202e}名", "1"), ("\"\\\n\u{202e}名", "2")];
    let url = format!("{}/oauth/token", demo.issuer());
    let refused = provider.http.post(&url, &[], &hostile);
    assert_error(&refused, 400, "invalid_request", "must stand once");
    let told = refused.json()["error_description"].as_str().expect("one").to_owned();
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(told.bytes().all(allowed), "{told}");
    // None of these used up the code.
    assert_eq!(post(&provider, "token", &[], &form).status, 200);
}

#[test]
fn a_suspended_client_is_unauthorized_rfc_6749_5_2() {
    let demo = Demo::start();
    let (provider, operator) = (demo.provider(), Operator::of(&demo));
    let form = exchange_form(&provider, &code(&demo, &provider, "sakura01"));
    let set = |how: &str| {
        operator.run(&["provider", "set", &provider.client_id, how, "--reason", "case 4"])
    };
    assert!(set("--suspend").status.success());
    for form in [&form, &own_form(&provider)] {
        let refused = post(&provider, "token", &[], form);
        assert_error(&refused, 400, "unauthorized_client", "suspended");
    }
    assert_error(&push_with(&provider, None, &[]), 400, "unauthorized_client", "suspended");
    assert!(set("--resume").status.success());
    assert_eq!(post(&provider, "token", &[], &form).status, 200);
}

#[test]
fn no_two_codes_or_tokens_are_alike_rfc_6749_10_10() {
    let demo = Demo::start();
    let provider = demo.provider();
    let (browser, flow) = arrive(&demo, &provider, &[]);
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let mut drawn = BTreeSet::new();
    for _ in 0..8 {
        let code = browser.go_back(&flow).parameter("code").expect("a code");
        let answer = provider.exchange(&code).json();
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let own = post(&provider, "token", &[], &own_form(&provider)).json();
        let own = own["access_token"].as_str().map(str::to_owned).expect("a token");
        let uri = request_uri(&push_with(&provider, None, &[]));
        drawn.extend([code, token, own, uri]);
    }
    assert_eq!(drawn.len(), 32);
    // 160 bits are 27 characters of base64url.
    assert!(drawn.iter().all(|text| text.len() >= 64), "{drawn:?}");
}

#[test]
fn what_is_sent_back_is_checked_before_it_is_kept_rfc_6749_10_14() {
    let demo = Demo::start();
    let provider = demo.provider();
    for name in ["state", "nonce"] {
        for wrong in ["a\r\nset-cookie: x=y", "a\0b", "\u{7f}", "名", "\u{202e}"] {
            let refused = push_with(&provider, None, &[(name, Some(wrong))]);
            assert_error(&refused, 400, "invalid_request", name);
        }
    }
    let hostile = "\"><script>alert(1)</script>&code=x#f";
    let changes = [("state", Some(hostile)), ("nonce", Some(hostile))];
    let answer: Value = tokens(&demo, &provider, "sakura01", &changes);
    assert_eq!(id_token(&answer)["nonce"], hostile);
    let (browser, flow) = arrive(&demo, &provider, &changes);
    let back = browser.open(&format!("{}/back", flow.path));
    assert!(back.location().starts_with(&format!("{REDIRECT_URI}?")), "{back:?}");
    assert_eq!(back.parameter("state").as_deref(), Some(hostile));
    let code = code_with(&demo, &provider, "sakura01", &changes);
    assert_eq!(provider.exchange(&code).status, 200);
}
