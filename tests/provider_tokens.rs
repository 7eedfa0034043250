//! From the pushed request to the token: what authorize begins and refuses, what a code is good
//! for and what it is not, and whom a completed order answers.

mod common;

use common::{
    Answer, Browser, Demo, Options, Provider, REDIRECT_URI, VERIFIER, anime,
    door::{
        assert_back, assert_error, assert_own_page, code, id_token, push_with, request_uri,
        tampered, userinfo,
    },
    purchase, unique,
};

/// Parameters of a form.
type Form<'a> = [(&'a str, &'a str)];

/// The `request_uri` of a push of a login alone.
fn pushed_uri(provider: &Provider) -> String {
    request_uri(&provider.push_form(&provider.parameters(None)))
}

fn authorize(provider: &Provider, client_id: &str, request_uri: &str) -> Answer {
    let other = Provider { client_id: client_id.to_owned(), ..provider.clone() };
    provider.http.get(&other.authorize_url(request_uri), &[])
}

#[test]
fn authorize_takes_only_what_was_pushed_by_this_client() {
    let demo = Demo::start();
    let provider = demo.provider();
    let (id, uri) = (provider.client_id.as_str(), pushed_uri(&provider));
    let code = code(&demo, &provider, "sakura01");
    let base = format!("{}/oauth/authorize", demo.issuer());
    assert_eq!(authorize(&provider, id, &uri).status, 303);
    // interfaces.md 1: every error that concerns client, order or redirect stays on our own page.
    let query = |query: &str| provider.http.get(&format!("{base}?{query}"), &[]);
    for refused in [
        authorize(&provider, id, "urn:ietf:params:oauth:request_uri:unknown"),
        authorize(&provider, id, &tampered(&uri)),
        authorize(&provider, id, &format!("urn:ietf:params:oauth:request_uri:{code}")),
        authorize(&provider, id, "https://evil.example/request"),
        authorize(&provider, "a-sha", &uri),
        authorize(&provider, "nobody", &uri),
        query(""),
        query("client_id=b-sha"),
        query(&format!("request_uri={uri}")),
        query(&format!("client_id=b-sha&client_id=b-sha&request_uri={uri}")),
        query(&format!("client_id=b-sha&response_type=code&redirect_uri={REDIRECT_URI}")),
    ] {
        assert_own_page(&refused, 400);
        assert_eq!(refused.header("set-cookie"), None);
    }
}

#[test]
fn authorize_by_post_goes_on_by_get_security_23() {
    let demo = Demo::start();
    let provider = demo.provider();
    let form =
        [("client_id", provider.client_id.as_str()), ("request_uri", &pushed_uri(&provider))];
    let url = format!("{}/oauth/authorize", demo.issuer());
    let headers = [("origin", "https://shop.example"), ("sec-fetch-site", "cross-site")];
    let sent = provider.http.post(&url, &headers, &form);
    assert_eq!(sent.status, 303, "{sent:?}");
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(sent.location());
    assert_eq!(browser.open(&format!("{}/login", flow.path)).status, 200);
}

#[test]
fn a_request_uri_opened_twice_makes_two_flows() {
    let demo = Demo::start();
    let (browser, url) = (Browser::new(demo.issuer()), demo.provider().push(None));
    let (one, other) = (browser.arrive(&url), browser.arrive(&url));
    assert_ne!(one.path, other.path);
    for flow in [one, other] {
        assert_eq!(browser.open(&format!("{}/login", flow.path)).status, 200);
    }
}

#[test]
fn prompt_none_gives_login_required() {
    let demo = Demo::start();
    let provider = demo.provider();
    let uri = request_uri(&push_with(&provider, None, &[("prompt", Some("none"))]));
    let sent = authorize(&provider, &provider.client_id, &uri);
    assert_back(&demo, &sent, "error", Some("login_required"));
}

#[test]
fn a_code_used_twice_ends_its_access_token_rfc_6749_4_1_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    let code = code(&demo, &provider, "sakura01");
    let tokens = provider.exchange(&code);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(tokens.header("cache-control"), Some("no-store"));
    let tokens = tokens.json();
    let access_token = tokens["access_token"].as_str().expect("a token");
    let told = userinfo(&provider, access_token);
    // OpenID Connect Core section 5.3.2: the same subject as in the id_token.
    assert_eq!((told.status, &told.json()["sub"]), (200, &id_token(&tokens)["sub"]));
    assert_error(&provider.exchange(&code), 400, "invalid_grant", "code");
    assert_error(&userinfo(&provider, access_token), 401, "invalid_token", "token");
}

#[test]
fn a_code_is_bound_to_its_verifier_address_and_provider() {
    let demo = Demo::start();
    let provider = demo.provider();
    let code = code(&demo, &provider, "sakura01");
    let other = Provider { redirect_uri: provider.redirect_uri.clone(), ..demo.other_provider() };
    let cases = [
        // RFC 7636 section 4.6.
        (provider.exchange_with(&code, &"x".repeat(43), REDIRECT_URI), "code_verifier"),
        // RFC 6749 section 4.1.3.
        (provider.exchange_with(&code, VERIFIER, "http://127.0.0.1:9876/"), "redirect_uri"),
        (other.exchange(&code), "client"),
        (provider.exchange(&tampered(&code)), "code"),
        (provider.exchange("garbage"), "code"),
    ];
    for (refused, field) in &cases {
        assert_error(refused, 400, "invalid_grant", field);
    }
    // None of these used it up: a guess of a stranger's must not cost the provider its code.
    let tokens = provider.exchange(&code);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    // What is sealed for one purpose is nothing for another.
    let access_token = tokens.json()["access_token"].as_str().expect("one").to_owned();
    assert_error(&provider.exchange(&access_token), 400, "invalid_grant", "code");
    assert_error(&userinfo(&provider, &code), 401, "invalid_token", "token");
}

#[test]
fn the_token_endpoint_names_what_is_missing_rfc_6749_5_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = format!("{}/oauth/token", demo.issuer());
    let client = [
        ("client_id", provider.client_id.as_str()),
        ("client_secret", provider.client_secret.as_str()),
    ];
    let cases: [(&Form<'_>, &str, &str); 4] = [
        (&[], "invalid_request", "grant_type"),
        (&[("grant_type", "password")], "unsupported_grant_type", "grant_type"),
        (&[("grant_type", "authorization_code")], "invalid_request", "code"),
        (
            &[("grant_type", "authorization_code"), ("code", "a"), ("code", "b")],
            "invalid_request",
            "code",
        ),
    ];
    for (more, code, field) in cases {
        let form = [&client[..], more].concat();
        assert_error(&provider.http.post(&url, &[], &form), 400, code, field);
    }
    let form = [("grant_type", "authorization_code"), ("code", "a"), ("client_id", "b-sha")];
    assert_error(&provider.http.post(&url, &[], &form), 401, "invalid_client", "client_secret");
}

#[test]
fn userinfo_answers_none_but_a_bearer_rfc_6750_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = format!("{}/oauth/userinfo", demo.issuer());
    let refused = provider.http.get(&url, &[("authorization", "Bearer garbage")]);
    assert_error(&refused, 401, "invalid_token", "token");
    let challenge = "Bearer realm=\"linepass\", error=\"invalid_token\"";
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    // Section 3.1: whoever brought no token is challenged, and told of no error.
    for headers in [
        vec![],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Basic YTpi")],
        vec![("authorization", "DPoP garbage")],
    ] {
        let refused = provider.http.get(&url, &headers);
        assert_eq!((refused.status, refused.body.as_str()), (401, ""), "{headers:?}");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"linepass\""));
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
}

fn sub(demo: &Demo, provider: &Provider, passport_id: &str) -> String {
    let tokens = provider.exchange(&code(demo, provider, passport_id)).json();
    id_token(&tokens)["sub"].as_str().expect("a sub").to_owned()
}

#[test]
fn a_restart_keeps_the_subject_and_ends_codes() {
    let demo = Demo::start();
    let provider = demo.provider();
    let subject = sub(&demo, &provider, "sakura01");
    assert_eq!(sub(&demo, &provider, "sakura01"), subject, "stable between logins");
    assert_ne!(sub(&demo, &provider, "sakura02"), subject, "another ID of the line");
    // OpenID Connect Core section 8.1.
    assert_ne!(sub(&demo, &demo.other_provider(), "sakura01"), subject, "pairwise");
    let from_before = code(&demo, &provider, "sakura01");
    let folder = demo.kill().expect("its own folder");
    let again = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    let provider = again.provider();
    assert_eq!(sub(&again, &provider, "sakura01"), subject, "stable over a restart");
    assert_error(&provider.exchange(&from_before), 400, "invalid_grant", "start");
}

#[test]
fn what_has_expired_is_refused_as_such() {
    let seconds = "5".to_owned();
    let env = vec![
        ("LINEPASS__FLOW__PUSHED_ORDER_LIFETIME_S", seconds.clone()),
        ("LINEPASS__FLOW__CODE_LIFETIME_S", seconds),
    ];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let provider = demo.provider();
    let exchanged = code(&demo, &provider, "sakura01");
    let tokens = provider.exchange(&exchanged).json();
    let access_token = tokens["access_token"].as_str().expect("a token");
    let code = code(&demo, &provider, "sakura01");
    let uri = pushed_uri(&provider);
    assert_eq!(authorize(&provider, &provider.client_id, &uri).status, 303);
    #[expect(clippy::disallowed_methods, reason = "the shortest lifetime that can be set")]
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert_own_page(&authorize(&provider, &provider.client_id, &uri), 400);
    assert_error(&provider.exchange(&code), 400, "invalid_grant", "expired");
    // A code that was exchanged in time and comes again late ends its token (RFC 6749 4.1.2).
    assert_eq!(userinfo(&provider, access_token).status, 200);
    assert_error(&provider.exchange(&exchanged), 400, "invalid_grant", "expired");
    assert_error(&userinfo(&provider, access_token), 401, "invalid_token", "token");
}

#[test]
fn a_completed_order_answers_whoever_bought_it_and_nobody_else() {
    let demo = Demo::start();
    let provider = demo.provider();
    let details = anime(&unique());
    let browser = Browser::new(demo.issuer());
    let flow = purchase(&demo, &browser, "sakura01", &details);
    let receipt = |browser: &Browser, flow| {
        let code = browser.go_back(flow).parameter("code").expect("a code");
        provider.exchange(&code).json()["authorization_details"][0].clone()
    };
    let first = receipt(&browser, &flow);
    assert_eq!(first["status"], "completed");

    // Other content under the same reference.
    for changed in
        [details.replace("anime-1", "anime-2"), details.replace('}', ",\"description\":\"x\"}")]
    {
        let refused = push_with(&provider, Some(&changed), &[]);
        assert_error(&refused, 400, "invalid_authorization_details", "reference");
    }
    // The same content, the same passport ID: its receipt, and nothing to confirm again.
    let again = Browser::new(demo.issuer());
    let flow = again.arrive(&provider.push(Some(&details)));
    again.log_in(&flow, "sakura01", demo.password("sakura01"));
    let confirm = again.confirmation(&flow);
    assert_eq!((confirm.status, confirm.location()), (303, &*format!("{}/complete", flow.path)));
    assert_eq!(receipt(&again, &flow), first);

    // The same content, another passport ID: no receipt, and the provider learns nothing.
    let other = Browser::new(demo.issuer());
    let flow = other.arrive(&provider.push(Some(&details)));
    other.log_in(&flow, "sakura02", demo.password("sakura02"));
    let refused = other.confirmation(&flow);
    assert_own_page(&refused, 409);
    let number = first["receipt_number"].as_str().expect("a number");
    for page in ["complete", "return"] {
        let sent = other.open(&format!("{}/{page}", flow.path));
        assert!(sent.location().ends_with("/confirm"), "{page}: {sent:?}");
    }
    assert!(!refused.body.contains(number) && !refused.body.contains(&number[..4]));
    let back = other.open(&format!("{}/back", flow.path));
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(back.parameter("code"), None);
}
