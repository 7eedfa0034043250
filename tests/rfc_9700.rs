//! RFC 9700, Best Current Practice for OAuth 2.0 Security, section by section.
//!
//! Proved elsewhere: 2.1 and 4.1.3 exact addresses (`provider_door`), 2.1.1 and 4.5 PKCE and single
//! use (`rfc_7636`, `provider_tokens`), 2.1 and 4.4 `iss` (`rfc_9207`), 2.3 and 4.10.2 a token for
//! one audience and purpose (`provider_tokens`, `provider_login`), 4.7 forged forms (`flow_security`),
//! 4.13 what a proxy adds (`network`), 4.15 no client passes for a household (`provider_login`: its
//! own token opens no userinfo, `sub` is drawn by the server).
//!
//! Does not apply: 2.2.1 sender-constrained tokens (recommended only; tokens live ten minutes), 2.2.2
//! and 4.14 (no refresh token), 2.5 asymmetric client authentication (recommended only;
//! `private_key_jwt` is not offered), 4.1.3 native applications (none), 4.3.1 (nothing that is good
//! twice stands in an address), 4.17 (no window messages). Section 4.2.4 would have no link to others
//! on any page of the flow: the confirmation links to the provider's terms, and its address
//! holds nothing that a referrer could tell.

mod common;

use common::{
    Answer, Browser, Demo, Http, anime,
    door::{
        arrive, assert_error, exchange_form, own_form, post, press, push_with, send, tokens, with,
    },
    order, unique,
};

#[test]
fn no_token_is_given_in_the_front_channel_rfc_9700_2_1_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    for kind in
        ["token", "id_token", "id_token token", "code token", "code id_token", "none", "Code"]
    {
        let refused = push_with(&provider, None, &[("response_type", Some(kind))]);
        assert_error(&refused, 400, "unsupported_response_type", "response_type");
    }
    for mode in ["fragment", "form_post", "query.jwt", "web_message", "Query"] {
        let refused = push_with(&provider, None, &[("response_mode", Some(mode))]);
        assert_error(&refused, 400, "invalid_request", "response_mode");
    }
}

#[test]
fn no_password_is_taken_by_the_token_endpoint_rfc_9700_2_4() {
    let demo = Demo::start();
    let provider = demo.provider();
    let form = with(&own_form(&provider), "grant_type", "password");
    let form = with(&form, "username", "sakura01");
    let form = with(&form, "password", demo.password("sakura01"));
    let refused = post(&provider, "token", &[], &form);
    assert_error(&refused, 400, "unsupported_grant_type", "grant_type");
}

#[test]
fn the_authorization_endpoint_is_closed_to_scripts_of_others_rfc_9700_2_6() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = provider.push(None);
    let origin = ("origin", "https://evil.example");
    let asked = [origin, ("access-control-request-method", "GET")];
    let (browser, flow) = arrive(&demo, &provider, &[]);
    let login = format!("{}{}/login", demo.issuer(), flow.path);
    let cookie = browser.cookie_header();
    let answers: [Answer; 4] = [
        send(&provider.http, "OPTIONS", &url, &asked),
        provider.http.get(&url, &[origin]),
        provider.http.post(&url, &[origin], &[]),
        provider.http.get(&login, &[origin, ("cookie", &cookie)]),
    ];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [405, 303, 303, 200]);
    for answer in &answers {
        let open = answer.headers.iter().find(|(name, _)| name.starts_with("access-control-"));
        assert_eq!(open, None, "{answer:?}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
    }
}

#[test]
fn pages_of_the_flow_load_nothing_from_others_and_tell_no_referrer_rfc_9700_4_2_4() {
    let demo = Demo::start();
    let (browser, flow) = arrive(&demo, &demo.provider(), &[]);
    let login = browser.open(&format!("{}/login", flow.path));
    let refused = browser.open("/oauth/authorize?client_id=nobody");
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let success = browser.open(&format!("{}/success", flow.path));
    for page in [&login, &refused, &success] {
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for piece in page.body.split(attribute).skip(1) {
                let value = piece.split('"').next().expect("a value");
                assert!(value.starts_with(['/', '#']) && !value.starts_with("//"), "{value}");
            }
        }
    }
    let back = browser.go_back(&flow);
    assert_eq!(back.header("referrer-policy"), Some("same-origin"), "{back:?}");
}

#[test]
fn a_token_is_taken_from_the_header_alone_rfc_9700_4_3_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    let answer = tokens(&demo, &provider, "sakura01", &[]);
    let token = answer["access_token"].as_str().expect("a token");
    let url = format!("{}/oauth/userinfo", demo.issuer());
    for refused in [
        provider.http.get(&format!("{url}?access_token={token}"), &[]),
        provider.http.post(&url, &[], &[("access_token", token)]),
    ] {
        assert_eq!((refused.status, refused.body.as_str()), (401, ""), "{refused:?}");
    }
}

#[test]
fn no_code_of_a_request_without_a_challenge_exists_rfc_9700_4_8_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    let none = [("code_challenge", None), ("code_challenge_method", None)];
    let refused = push_with(&provider, None, &none);
    assert_error(&refused, 400, "invalid_request", "code_challenge");
    // Taken out of the browser's request, it is still in the pushed one.
    let url = format!("{}&code_challenge=&code_challenge_method=", provider.push(None));
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&url);
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let form = exchange_form(&provider, &code);
    let refused = post(&provider, "token", &[], &with(&form, "code_verifier", ""));
    assert_error(&refused, 400, "invalid_request", "code_verifier");
}

#[test]
fn nobody_is_sent_on_before_somebody_logged_in_rfc_9700_4_11_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    // Each of these would make the server a springboard, if it sent the browser back by itself.
    for (name, value) in [
        ("acr_values", "urn:linepass:acr:line"),
        ("prompt", "login"),
        ("max_age", "0"),
        ("ui_locales", "xx"),
    ] {
        let (browser, flow) = arrive(&demo, &provider, &[(name, Some(value))]);
        for page in ["success", "confirm", "complete", "return"] {
            let sent = browser.open(&format!("{}/{page}", flow.path));
            assert_eq!(sent.location(), format!("{}/login", flow.path), "{name} {page}");
        }
        let login = browser.open(&format!("{}/login", flow.path));
        assert_eq!(login.status, 200);
        assert!(!login.body.contains("http-equiv"), "never by itself");
    }
}

#[test]
fn each_redirect_is_303_rfc_9700_4_12_security_32() {
    let demo = Demo::start();
    let provider = demo.provider();
    let browser = Browser::new(demo.issuer());
    let password = demo.password("sakura01");
    let url = provider.push(Some(&anime(&unique())));
    let posted = {
        let (_, query) = url.split_once('?').expect("a query");
        let form: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (&**name, &**value)).collect();
        browser.post("/oauth/authorize", &form)
    };
    let flow = browser.arrive(posted.location());
    let at = |page: &str| format!("{}/{page}", flow.path);
    let mut redirects = vec![posted, browser.open(&url), browser.open(&at("confirm"))];
    redirects.push(browser.log_in(&flow, "sakura01", password));
    redirects.push(browser.open(&at("complete")));
    redirects.push(browser.buy(&flow));
    redirects.push(browser.confirmation(&flow));
    redirects.push(browser.go_back(&flow));
    // A press whose login is over, and one on a flow that has no login.
    let other = browser.arrive(&provider.push(Some(&anime(&unique()))));
    redirects.push(press(&browser, &other.path, "x"));
    redirects.push(browser.open(&format!("{}/back", other.path)));
    for redirect in &redirects {
        assert_eq!(redirect.status, 303, "{redirect:?}");
        // Nothing of a form goes on with it.
        assert!(!redirect.location().contains(password), "{redirect:?}");
        assert_eq!(redirect.body, "");
    }
}

#[test]
fn no_page_of_the_flow_can_be_framed_rfc_9700_4_16() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&order(&unique(), "support", 1, 500))));
    let at = |page: &str| format!("{}/{page}", flow.path);
    let mut pages = vec![browser.open(&at("login")), browser.open("/oauth/authorize")];
    pages.push(browser.log_in(&flow, "sakura01", "not-the-password"));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    pages.extend([browser.open(&at("success")), browser.confirmation(&flow)]);
    pages.extend([browser.buy(&flow), browser.open(&at("complete")), browser.go_back(&flow)]);
    pages.push(Http::new().get(&format!("{}/oauth/userinfo", demo.issuer()), &[]));
    for page in &pages {
        let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{page:?}"));
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{page:?}");
    }
}
