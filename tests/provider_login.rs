//! What a provider learns of a login alone: `acr`, `amr`, prompts and ages, entitlements; and the
//! tokens that a provider asks for itself.

mod common;

use common::{
    Answer, Browser, Demo, Options, Provider,
    door::{
        arrive, assert_error, code, decisions, id_token, own_form, post, push_with, request_uri,
        tokens, userinfo, with, without,
    },
    order, unique,
};
use serde_json::{Value, json};

const LINE: &str = "urn:linepass:acr:line";
const PASSWORD: &str = "urn:linepass:acr:password";

#[test]
fn acr_says_what_was_checked() {
    let demo = Demo::start();
    let provider = demo.provider();
    let both = format!("{LINE} {PASSWORD}");
    // tsubaki1 does not use line authentication; 光プレミアム, kaede001's, has none.
    let table = [
        ("sakura01", None, LINE),
        ("sakura01", Some(LINE), LINE),
        ("sakura01", Some(PASSWORD), LINE),
        ("tsubaki1", None, PASSWORD),
        ("tsubaki1", Some(&both), PASSWORD),
        ("tsubaki1", Some("urn:example:other"), PASSWORD),
        ("kaede001", Some(PASSWORD), PASSWORD),
    ];
    for (id, asked, acr) in table {
        let claims = id_token(&tokens(&demo, &provider, id, &[("acr_values", asked)]));
        assert_eq!(claims["acr"], acr, "{id} {asked:?}");
        // RFC 8176: the line is told by `acr`, the method was the password.
        assert_eq!(claims["amr"], json!(["pwd"]));
        let time = |name: &str| claims[name].as_i64().expect("a time");
        assert!((0..=60).contains(&(time("iat") - time("auth_time"))), "{claims}");
    }
}

#[test]
fn a_login_that_cannot_be_what_is_required_is_told_after_the_right_password_alone() {
    let demo = Demo::start();
    let provider = demo.provider();
    for id in ["tsubaki1", "kaede001"] {
        let (browser, flow) = arrive(&demo, &provider, &[("acr_values", Some(LINE))]);
        let error = || browser.open(&format!("{}/back", flow.path)).parameter("error");
        assert_eq!(browser.log_in(&flow, id, "not-the-password").status, 403);
        assert_eq!(error().as_deref(), Some("access_denied"), "{id}");
        assert_eq!(browser.log_in(&flow, id, demo.password(id)).status, 403);
        assert_eq!(error().as_deref(), Some("unmet_authentication_requirements"), "{id}");
        for page in ["success", "return"] {
            let sent = browser.open(&format!("{}/{page}", flow.path));
            assert!(sent.location().ends_with("/login"), "{page}: {sent:?}");
        }
    }
}

#[test]
fn each_flow_logs_in_whatever_prompt_and_age_say() {
    let demo = Demo::start();
    let provider = demo.provider();
    let browser = Browser::new(demo.issuer());
    let asked = [
        ("prompt", "login"),
        ("prompt", "login consent"),
        ("prompt", "select_account"),
        ("max_age", "0"),
        ("max_age", "4294967295"),
    ];
    for (name, value) in asked {
        let uri = request_uri(&push_with(&provider, None, &[(name, Some(value))]));
        // The same browser, logged in a moment ago: it meets the form all the same.
        let flow = browser.arrive(&provider.authorize_url(&uri));
        let early = browser.go_back(&flow);
        assert!(early.location().ends_with("/login"), "{name}={value}: {early:?}");
        browser.log_in(&flow, "sakura01", demo.password("sakura01"));
        assert!(browser.go_back(&flow).parameter("code").is_some(), "{name}={value}");
    }
    for age in ["-1", "1.5", "soon", "4294967296"] {
        let refused = push_with(&provider, None, &[("max_age", Some(age))]);
        assert_error(&refused, 400, "invalid_request", "max_age");
    }
    for prompt in ["create", "none login", "login none", "LOGIN"] {
        let refused = push_with(&provider, None, &[("prompt", Some(prompt))]);
        assert_error(&refused, 400, "invalid_request", "prompt");
    }
}

/// Buys パックサービス or cancels; gives the contract of the receipt.
fn ordered(demo: &Demo, provider: &Provider, id: &str, details: &str) -> String {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(Some(details)));
    browser.log_in(&flow, id, demo.password(id));
    assert_eq!(browser.buy(&flow).status, 303);
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = &provider.exchange(&code).json()["authorization_details"][0];
    receipt["contract"].as_str().expect("a contract").to_owned()
}

#[test]
fn entitlements_are_the_live_contracts_of_that_id_with_that_provider() {
    let demo = Demo::start();
    let (seller, other) = (demo.other_provider(), demo.provider());
    let contract = ordered(&demo, &seller, "sakura01", &order(&unique(), "pack", 1, 525));
    let scope = [("scope", Some("openid entitlements"))];
    let told = |tokens: &Value| {
        let told = userinfo(&seller, tokens["access_token"].as_str().expect("a token"));
        assert_eq!(told.status, 200, "{told:?}");
        told.json()
    };
    let own = tokens(&demo, &seller, "sakura01", &scope);
    assert_eq!(own["scope"], "openid entitlements");
    let live = json!([{ "service": "pack", "contract": contract }]);
    assert_eq!(told(&own)["entitlements"], live);
    // Another ID of the line, another provider, and nobody who did not ask.
    assert_eq!(told(&tokens(&demo, &seller, "sakura02", &scope))["entitlements"], json!([]));
    assert_eq!(told(&tokens(&demo, &other, "sakura01", &scope))["entitlements"], json!([]));
    let plain = tokens(&demo, &seller, "sakura01", &[]);
    assert_eq!(plain["scope"], "openid");
    assert_eq!(told(&plain).get("entitlements"), None);
    // The same token after the cancellation.
    let cancel = json!([{"type": "cancellation", "reference": unique(), "contract": contract}]);
    ordered(&demo, &seller, "sakura01", &cancel.to_string());
    assert_eq!(told(&own)["entitlements"], json!([]));
}

/// Asks for a token for the provider itself.
fn for_itself(provider: &Provider, secret: &str, scope: Option<&str>) -> Answer {
    let form = without(&with(&own_form(provider), "client_secret", secret), "scope");
    let form = scope.map_or_else(|| form.clone(), |scope| with(&form, "scope", scope));
    post(provider, "token", &[], &form)
}

#[test]
fn a_provider_gets_a_token_for_its_own_purchases_rfc_6749_4_4() {
    let demo = Demo::start();
    let provider = demo.provider();
    let secret = provider.client_secret.as_str();
    for scope in [None, Some("purchases:read")] {
        let answer = for_itself(&provider, secret, scope);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!(
            (&body["token_type"], &body["scope"]),
            (&"Bearer".into(), &"purchases:read".into())
        );
        assert_eq!(body["expires_in"], 600);
        // RFC 6749 section 4.4.3; nobody logged in.
        assert_eq!((body.get("refresh_token"), body.get("id_token")), (None, None));
        // Of a purpose of its own: no login's token, and no code.
        let token = body["access_token"].as_str().expect("a token");
        assert_error(&userinfo(&provider, token), 401, "invalid_token", "token");
        assert_error(&provider.exchange(token), 400, "invalid_grant", "code");
    }
    for scope in ["openid", "entitlements", "purchases:read openid", "purchases:write"] {
        assert_error(&for_itself(&provider, secret, Some(scope)), 400, "invalid_scope", "scope");
    }
    assert_error(&for_itself(&provider, "wrong", None), 401, "invalid_client", "client_secret");
    let lines = decisions(&demo, "issue_provider_token", 6);
    let accepted = lines.iter().filter(|line| line["outcome"] == "accepted").count();
    assert_eq!((lines.len(), accepted), (6, 2), "{lines:?}");
    assert!(lines.iter().all(|line| line["provider"] == provider.client_id.as_str()));
}

#[test]
fn id_tokens_are_signed_as_the_client_is_registered() {
    let demo = Demo::start();
    let algorithm = |demo: &Demo| {
        let provider = demo.provider();
        let code = code(demo, &provider, "sakura01");
        let token = provider.exchange(&code).json()["id_token"].as_str().expect("one").to_owned();
        let header = jsonwebtoken::decode_header(&token).expect("a header");
        let keys = provider.http.get(&format!("{}/oauth/jwks.json", demo.issuer()), &[]).json();
        let kid = header.kid.expect("a kid");
        let own = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == *kid);
        let own = own.expect("its key is published").clone();
        (own["alg"].as_str().expect("one").to_owned(), own["kty"].as_str().expect("one").to_owned())
    };
    assert_eq!(algorithm(&demo), ("RS256".to_owned(), "RSA".to_owned()));
    let folder = demo.kill().expect("its own folder");
    let file = folder.path().join("demo.json");
    let text = std::fs::read_to_string(&file).expect("the sample");
    let mut sample: Value = serde_json::from_str(&text).expect("JSON");
    sample["providers"][1]["id_token_signed_response_alg"] = "ES256".into();
    std::fs::write(&file, sample.to_string()).expect("writes");
    let again = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    assert_eq!(algorithm(&again), ("ES256".to_owned(), "EC".to_owned()));
}
