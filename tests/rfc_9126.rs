//! RFC 9126, Pushed Authorization Requests, section by section.
//!
//! Proved elsewhere: 2.1 and 2.3 each wrong parameter (`provider_door`, `provider_parameters`), 2.2
//! bound to the client (`provider_tokens`), 4 expiry (`provider_tokens`). A `request_uri` opened twice
//! makes two flows (`provider_tokens`): section 4 allows that for a reload, and each of them logs
//! in.
//!
//! Does not apply: 1.1, 3 and 2.1's assertions (no request object, no `private_key_jwt`), 2.4
//! (no address that was not registered), 6 (no registration by clients). Section 2.1's `client_id`
//! may be left away beside Basic credentials, which name the same client.

mod common;

use common::{
    Answer, Browser, CHALLENGE, Demo, Options,
    door::{
        Pairs, assert_back, assert_error, assert_own_page, basic, own_form, post, push_with, quiet,
        request_uri, send, stored, with, without,
    },
    operator::Operator,
};
use std::collections::BTreeSet;

/// Parameters and what they are instead.
type Changes<'a> = &'a [(&'a str, &'a str)];

#[test]
fn a_push_authenticates_as_the_token_endpoint_does_rfc_9126_2_1() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let (id, secret) = (provider.client_id.as_str(), provider.client_secret.as_str());
    let (right, wrong) = (basic(id, secret), basic(id, "wrong"));
    let changes: [(Option<&str>, Changes<'_>); 7] = [
        (None, &[("client_secret", "wrong")]),
        (None, &[("client_secret", "")]),
        (None, &[("client_id", "")]),
        (None, &[("client_id", "nobody"), ("client_secret", secret)]),
        (Some(&wrong), &[("client_secret", "")]),
        (Some(&right), &[("client_secret", secret)]),
        (Some(&right), &[("client_secret", ""), ("client_id", "a-sha")]),
    ];
    for (header, changes) in changes {
        let headers: Vec<_> = header.map(|value| ("authorization", value)).into_iter().collect();
        let ask = |endpoint, form: Pairs| {
            let form = changes.iter().fold(form, |form, (name, value)| with(&form, name, value));
            let refused: Answer = post(&provider, endpoint, &headers, &form);
            (refused.status, refused.header("www-authenticate").map(str::to_owned), refused.body)
        };
        let pushed = ask("par", provider.parameters(None).into_iter().collect());
        assert!(matches!(pushed.0, 400 | 401), "{changes:?}: {pushed:?}");
        assert_eq!(pushed, ask("token", own_form(&provider)), "{changes:?}");
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn a_request_uri_is_not_pushed_rfc_9126_2_1() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let own = request_uri(&push_with(&provider, None, &[]));
    for uri in [own.as_str(), "https://evil.example/request", "x"] {
        let refused = push_with(&provider, None, &[("request_uri", Some(uri))]);
        assert_error(&refused, 400, "invalid_request", "request_uri");
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn a_push_is_answered_with_what_nobody_guesses_or_keeps_rfc_9126_2_2() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let mut drawn = BTreeSet::new();
    for _ in 0..8 {
        // Of the same content each time.
        let pushed = push_with(&provider, None, &[]);
        assert_eq!(pushed.status, 201, "{pushed:?}");
        assert_eq!(pushed.header("content-type"), Some("application/json"));
        assert_eq!(pushed.header("cache-control"), Some("no-store"));
        assert_eq!(pushed.json()["expires_in"].as_u64(), Some(600));
        let uri = request_uri(&pushed);
        let own = uri.strip_prefix("urn:ietf:params:oauth:request_uri:").expect("a URN");
        assert!(own.len() >= 64 && !own.contains(CHALLENGE), "{own}");
        drawn.insert(uri);
    }
    assert_eq!(drawn.len(), 8);
    assert_eq!(stored(&demo), before, "a push stores nothing");
}

#[test]
fn another_method_and_a_body_too_large_have_their_status_rfc_9126_2_3() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let url = format!("{}/oauth/par", demo.issuer());
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let refused = send(&provider.http, method, &url, &[]);
        assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")), "{method}");
    }
    let form =
        with(&provider.parameters(None).into_iter().collect::<Pairs>(), "x", &"x".repeat(65_537));
    assert_error(&post(&provider, "par", &[], &form), 413, "invalid_request", "body");
    assert_eq!(stored(&demo), before);
}

#[test]
fn too_many_pushes_of_one_client_are_429_rfc_9126_2_3() {
    let env = vec![
        ("LINEPASS__MAIL__TRANSPORT", "none".to_owned()),
        ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1".to_owned()),
        ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "3".to_owned()),
    ];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let (provider, before) = (demo.provider(), stored(&demo));
    // A slow machine earns another push a second.
    let mut pushes = (0..200).map(|_| push_with(&provider, None, &[]));
    let refused = pushes.find(|pushed| pushed.status != 201).expect("a refusal");
    assert_error(&refused, 429, "temporarily_unavailable", "Retry-After");
    let seconds = refused.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{refused:?}");
    // No other client waits for it.
    assert_eq!(push_with(&demo.other_provider(), None, &[]).status, 201);
    assert_eq!(stored(&demo), before);
}

#[test]
fn a_request_that_was_not_pushed_is_refused_rfc_9126_4() {
    let demo = Demo::start();
    let provider = demo.provider();
    let parameters =
        without(&provider.parameters(None).into_iter().collect::<Pairs>(), "client_secret");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(&parameters).finish();
    let refused = provider.http.get(&format!("{}/oauth/authorize?{query}", demo.issuer()), &[]);
    assert_own_page(&refused, 400);
    assert!(refused.body.contains("request_uri"), "{}", refused.body);
}

#[test]
fn what_stands_beside_the_request_uri_changes_nothing_rfc_9126_4() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = provider.authorize_url(&request_uri(&push_with(&provider, None, &[])));
    let beside = "redirect_uri=https%3A%2F%2Fevil.example&state=evil&prompt=none&scope=openid+x\
                  &response_type=token&nonce=evil&code_challenge=x&authorization_details=%5B%5D";
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&format!("{url}&{beside}"));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let back = browser.go_back(&flow);
    assert_back(&demo, &back, "code", None);
    let answer = provider.exchange(&back.parameter("code").expect("a code")).json();
    let claims = common::claims(answer["id_token"].as_str().expect("a token"));
    assert_eq!((&claims["nonce"], &answer["scope"]), (&"nonce-1".into(), &"openid".into()));
    // A request object is neither the one nor the other (RFC 9101 section 5).
    let refused = browser.open(&format!("{url}&request=eyJhbGciOiJub25lIn0.e30."));
    assert_own_page(&refused, 400);
    assert!(refused.body.contains("<code>request</code>"), "{}", refused.body);
}

#[test]
fn metadata_names_the_endpoint_and_that_it_is_required_rfc_9126_5() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = format!("{}/.well-known/oauth-authorization-server", demo.issuer());
    let metadata = provider.http.get(&url, &[]).json();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    let endpoint = metadata["pushed_authorization_request_endpoint"].as_str().expect("one");
    let form = provider.parameters(None);
    let form: Vec<_> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(provider.http.post(endpoint, &[], &form).status, 201);
}

#[test]
fn a_push_opens_no_way_to_an_address_that_is_not_registered_rfc_9126_7_2() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    for uri in
        ["https://evil.example/cb", "http://127.0.0.1:9876/callback?x=1", "urn:x", "/callback"]
    {
        let refused = push_with(&provider, None, &[("redirect_uri", Some(uri))]);
        assert_error(&refused, 400, "invalid_request", "redirect_uri");
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn what_a_client_may_do_is_looked_at_again_on_arrival_rfc_9126_7_4() {
    let demo = Demo::start();
    let (provider, operator) = (demo.provider(), Operator::of(&demo));
    let set = |how: &[&str]| {
        let fixed = ["provider", "set", &provider.client_id, "--reason", "case 4"];
        let output = operator.run(&[&fixed[..], how].concat());
        assert!(output.status.success(), "{output:?}");
    };
    let browser = Browser::new(demo.issuer());
    let url = provider.push(None);
    let prompt_none = push_with(&provider, None, &[("prompt", Some("none"))]);
    let silent = provider.authorize_url(&request_uri(&prompt_none));
    let refused = |field: &str| {
        for url in [&url, &silent] {
            let page = browser.open(url);
            assert_own_page(&page, 400);
            assert_eq!(page.header("set-cookie"), None, "{page:?}");
            assert!(page.body.contains(&format!("<code>{field}</code>")), "{}", page.body);
        }
    };
    set(&["--suspend"]);
    refused("client_id");
    set(&["--resume"]);
    set(&["--redirect-uri", "https://elsewhere.example/callback"]);
    refused("redirect_uri");
    set(&["--redirect-uri", common::REDIRECT_URI]);
    browser.arrive(&url);
}
