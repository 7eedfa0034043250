//! Every parameter of the provider's endpoints, wrong, missing, doubled, too large, no text, and
//! unknown: each gets its RFC's error with a description that names it, and nothing is stored (RFC
//! 6749 sections 3.1, 3.2, 4.1.2.1 and 5.2; security.md 44).

mod common;

use common::{
    Answer, Browser, Provider, anime,
    door::{
        Pairs, assert_error, assert_own_page, exchange_form, own_form, post, push_with, quiet,
        request_uri, settled_code, stored, twice, userinfo, with, without,
    },
    unique,
};

/// What a parameter may not be and what that is answered with, and what its absence is.
type Row = (&'static str, &'static str, Option<(&'static str, &'static str)>, Option<&'static str>);

const CLIENT: &str = "invalid_client";
const REQUEST: &str = "invalid_request";
const DETAILS: &str = "invalid_authorization_details";

/// Of `/oauth/par`: a value that is allowed, one that is not with its error, the error of none.
const PUSHED: [Row; 18] = [
    ("client_id", "b-sha", Some(("nobody", CLIENT)), Some(CLIENT)),
    ("client_secret", "", Some(("wrong", CLIENT)), Some(CLIENT)),
    ("response_type", "code", Some(("token", "unsupported_response_type")), Some(REQUEST)),
    ("response_mode", "query", Some(("fragment", REQUEST)), None),
    ("redirect_uri", common::REDIRECT_URI, Some(("https://evil.example", REQUEST)), Some(REQUEST)),
    ("scope", "openid", Some(("profile", "invalid_scope")), Some("invalid_scope")),
    ("state", "s", Some(("a\nb", REQUEST)), None),
    ("nonce", "n", Some(("名", REQUEST)), None),
    ("code_challenge", common::CHALLENGE, Some(("short", REQUEST)), Some(REQUEST)),
    ("code_challenge_method", "S256", Some(("plain", REQUEST)), Some(REQUEST)),
    ("prompt", "login", Some(("create", REQUEST)), None),
    ("max_age", "60", Some(("-1", REQUEST)), None),
    ("acr_values", "urn:linepass:acr:password", None, None),
    ("ui_locales", "en", None, None),
    ("authorization_details", "", Some(("[]", DETAILS)), None),
    ("request", "", Some(("e30.e30.", "request_not_supported")), None),
    ("request_uri", "", Some(("urn:x", REQUEST)), None),
    ("unknown", "x", None, None),
];

/// Of `/oauth/token` with a code.
const EXCHANGED: [Row; 8] = [
    ("grant_type", "", Some(("password", "unsupported_grant_type")), Some(REQUEST)),
    ("code", "", Some(("x", "invalid_grant")), Some(REQUEST)),
    ("redirect_uri", "", Some(("https://evil.example", "invalid_grant")), Some(REQUEST)),
    ("code_verifier", "", Some(("x", "invalid_grant")), Some(REQUEST)),
    ("client_id", "", Some(("nobody", CLIENT)), Some(CLIENT)),
    ("client_secret", "", Some(("wrong", CLIENT)), Some(CLIENT)),
    ("authorization_details", "", Some(("[]", DETAILS)), None),
    ("unknown", "x", None, None),
];

/// Of `/oauth/token` for the provider itself.
const OWN: [Row; 6] = [
    ("grant_type", "", Some(("x", "unsupported_grant_type")), Some(REQUEST)),
    ("scope", "purchases:read", Some(("openid", "invalid_scope")), None),
    ("client_id", "", Some(("nobody", CLIENT)), Some(CLIENT)),
    ("client_secret", "", Some(("wrong", CLIENT)), Some(CLIENT)),
    ("authorization_details", "", Some(("[]", DETAILS)), None),
    ("unknown", "x", None, None),
];

/// Whatever the table says of one row, and what holds for all of them: doubled, too large, no text.
fn check(provider: &Provider, endpoint: &str, form: &Pairs, row: &Row) {
    let (name, allowed, wrong, missing) = *row;
    let ask = |form: &Pairs| post(provider, endpoint, &[], form);
    let refused = |form: &Pairs, code: &str, told: &str| {
        let status = if code == CLIENT { 401 } else { 400 };
        assert_error(&ask(form), status, code, told);
    };
    if let Some((value, code)) = wrong {
        refused(&with(form, name, value), code, name);
    }
    if let Some(code) = missing {
        refused(&without(form, name), code, name);
        refused(&with(form, name, ""), code, name);
    }
    let own = form.iter().find(|(other, _)| other == name).map_or(allowed, |(_, own)| own.as_str());
    let stands = with(form, name, own);
    // The same, another, none: which one others go by is nobody's to say.
    for second in [own, "other", ""] {
        let told = format!("{name}: must stand once");
        refused(&twice(&stands, name, second), REQUEST, &told);
    }
    let told = format!("{name}: has more than 8192 bytes");
    refused(&with(form, name, &"x".repeat(8_193)), REQUEST, &told);
    let rest = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(without(form, name))
        .finish();
    let url = format!("{}/oauth/{endpoint}", provider.issuer);
    let answer = provider.http.try_post_raw(&url, &[], &format!("{rest}&{name}=%ff%fe"));
    let answer: Answer = answer.expect("an answer");
    assert_error(&answer, 400, REQUEST, &format!("{name}: must be UTF-8"));
}

#[test]
fn each_parameter_of_a_push_is_checked_and_named_rfc_9126_2_3() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let form: Pairs = provider.parameters(None).into_iter().collect();
    for row in &PUSHED {
        check(&provider, "par", &form, row);
        let (name, allowed, _, missing) = *row;
        if missing.is_none() {
            let pushed = post(&provider, "par", &[], &with(&form, name, allowed));
            assert_eq!(pushed.status, 201, "{name}: {pushed:?}");
            assert_eq!(post(&provider, "par", &[], &without(&form, name)).status, 201, "{name}");
        }
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn each_parameter_of_an_exchange_is_checked_and_named_rfc_6749_5_2() {
    let demo = quiet();
    let provider = demo.provider();
    let form = exchange_form(&provider, &settled_code(&demo, &provider));
    let before = stored(&demo);
    for row in &EXCHANGED {
        check(&provider, "token", &form, row);
    }
    // The code is good yet: nothing of all that used it up.
    let unknown = with(&form, "unknown", "x");
    assert_eq!(post(&provider, "token", &[], &unknown).status, 200);
    assert_eq!(stored(&demo), before, "nor is an exchange stored");
}

#[test]
fn each_parameter_of_a_providers_own_token_is_checked_and_named_rfc_6749_5_2() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let form = own_form(&provider);
    for row in &OWN {
        check(&provider, "token", &form, row);
    }
    assert_eq!(post(&provider, "token", &[], &with(&form, "unknown", "x")).status, 200);
    assert_eq!(stored(&demo), before);
}

#[test]
fn each_parameter_of_an_authorization_request_is_checked_and_named_rfc_6749_4_1_2_1() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let uri = request_uri(&push_with(&provider, Some(&anime(&unique())), &[]));
    let browser = Browser::new(demo.issuer());
    let right = [("client_id", provider.client_id.as_str()), ("request_uri", &uri)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = |form: &Pairs| {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        browser.open(&format!("/oauth/authorize?{query}"))
    };
    let refused = |page: &Answer, told: &str| {
        assert_own_page(page, 400);
        assert_eq!(page.header("set-cookie"), None, "{page:?}");
        assert!(page.body.contains(told), "{told}: {}", page.body);
    };
    let long = "x".repeat(3_000);
    for (name, wrong) in [
        ("client_id", vec!["nobody", "a-sha", "B-SHA", &long]),
        ("request_uri", vec!["urn:x", "https://evil.example", &uri[..uri.len() - 1], &long]),
    ] {
        let field = format!("<code>{name}</code>");
        refused(&query(&without(&right, name)), &field);
        refused(&query(&with(&right, name, "")), &field);
        for value in wrong {
            refused(&query(&with(&right, name, value)), &field);
        }
    }
    let object = with(&right, "request", "e30.e30.");
    refused(&query(&object), "<code>request</code>");
    refused(&post(&provider, "authorize", &[], &object), "<code>request</code>");
    for (name, value) in [right[0].clone(), right[1].clone(), ("unknown".into(), "x".into())] {
        let form = twice(&with(&right, &name, &value), &name, "");
        let told = format!("{name}: must stand once");
        refused(&query(&form), &told);
        // By POST alike.
        refused(&post(&provider, "authorize", &[], &form), &told);
        let large = with(&right, &name, &"x".repeat(8_193));
        let told = format!("{name}: has more than 8192 bytes");
        refused(&post(&provider, "authorize", &[], &large), &told);
        refused(&query(&large), &told);
    }
    refused(&browser.open("/oauth/authorize?client_id=%ff"), "client_id: must be UTF-8");
    assert_eq!(query(&with(&right, "unknown", "x")).status, 303);
    assert_eq!(stored(&demo), before, "nor is an arrival stored");
}

#[test]
fn a_body_is_a_form_whatever_the_spelling_of_its_type_rfc_6749_appendix_b() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let typed = |endpoint: &str, form: &Pairs, kind: Option<&str>| {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = provider.http.0.post(format!("{}/oauth/{endpoint}", provider.issuer));
        let request = kind.into_iter().fold(request, |to, kind| to.header("content-type", kind));
        common::answer(request.send(body.as_bytes()).expect("an answer"))
    };
    let parameters: Pairs = provider.parameters(None).into_iter().collect();
    for (endpoint, form) in [("par", parameters), ("token", own_form(&provider))] {
        for kind in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-URLEncoded; charset=UTF-8",
        ] {
            assert!(matches!(typed(endpoint, &form, Some(kind)).status, 200 | 201), "{kind}");
        }
        for kind in [None, Some(""), Some("text/plain"), Some("multipart/form-data; boundary=x")] {
            let refused = typed(endpoint, &form, kind);
            assert_error(&refused, 400, REQUEST, "Content-Type");
        }
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn each_way_to_bring_a_token_wrong_is_told_rfc_6750_3_1() {
    let demo = quiet();
    let provider = demo.provider();
    let answer = provider.exchange(&settled_code(&demo, &provider)).json();
    let token = answer["access_token"].as_str().expect("a token");
    let before = stored(&demo);
    let long = "x".repeat(5_000);
    for wrong in ["x", &token[1..], &token[..token.len() - 1], &format!("{token} {token}"), &long] {
        assert_error(&userinfo(&provider, wrong), 401, "invalid_token", "token");
    }
    let url = format!("{}/oauth/userinfo", demo.issuer());
    let right = format!("Bearer {token}");
    let header = ("authorization", right.as_str());
    for second in [header, ("authorization", "Bearer x"), ("authorization", "")] {
        let refused = provider.http.get(&url, &[header, second]);
        assert_eq!(refused.status, 400, "{refused:?}");
        let told = refused.json();
        assert_eq!(
            (&told["error"], refused.header("cache-control")),
            (&REQUEST.into(), Some("no-store"))
        );
        assert!(
            told["error_description"].as_str().is_some_and(|text| text.contains("Authorization"))
        );
        let challenge = "Bearer realm=\"linepass\", error=\"invalid_request\"";
        assert_eq!(refused.header("www-authenticate"), Some(challenge));
    }
    // What is unknown is ignored, in the address and in a form.
    let told = provider.http.post(&format!("{url}?a=1&a=2"), &[header], &[("schema", "openid")]);
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(stored(&demo), before);
}
