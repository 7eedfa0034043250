//! `OpenID` Connect Discovery 1.0 and RFC 8414, section by section: metadata that is whole, and names
//! nothing that does not work.
//!
//! Proved elsewhere: 3 required members and lists (`provider_door`), keys without private halves
//! (`provider_door`), a rotation (`rotation`), maintenance (`maintenance`).
//!
//! Does not apply: 2 `WebFinger` (a provider knows its only issuer), 7.1 TLS (the demo is loopback;
//! `network`), RFC 8414 section 2.1 signed metadata, and section 3's path for an issuer with a path
//! (no issuer has one: `config::tests`).

mod common;

use common::{
    Answer, Browser, Demo, Http, Provider,
    door::{
        arrive, assert_error, basic, code, exchange_form, own_form, post, push_with, send, tokens,
        userinfo, with, without,
    },
};
use serde_json::Value;
use std::collections::BTreeSet;

const DOCUMENTS: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

fn metadata(demo: &Demo) -> Value {
    Http::new().get(&format!("{}{}", demo.issuer(), DOCUMENTS[0]), &[]).json()
}

fn texts(metadata: &Value, name: &str) -> Vec<String> {
    let all = metadata[name].as_array().unwrap_or_else(|| panic!("{name}: {metadata}"));
    all.iter().map(|one| one.as_str().expect("text").to_owned()).collect()
}

#[test]
fn each_member_has_its_kind_and_none_is_empty_openid_discovery_3() {
    let demo = Demo::start();
    let metadata = metadata(&demo);
    for (name, value) in metadata.as_object().expect("an object") {
        match value {
            Value::String(url) => assert!(url.starts_with(demo.issuer()), "{name}: {url}"),
            // Section 4.2: a claim with no elements is left away.
            Value::Array(_) => {
                let all = texts(&metadata, name);
                assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{name}");
                assert!(!all.is_empty() && name.ends_with("_supported"), "{name}");
            }
            Value::Bool(_) => {}
            other => panic!("{name}: {other}"),
        }
    }
    let has =
        |name: &str, one: &str| assert!(texts(&metadata, name).contains(&one.into()), "{name}");
    has("scopes_supported", "openid");
    has("id_token_signing_alg_values_supported", "RS256");
    has("response_types_supported", "code");
    // Not named is not harmless: request_uri_parameter_supported is true by default.
    for name in [
        "request_parameter_supported",
        "request_uri_parameter_supported",
        "claims_parameter_supported",
    ] {
        assert_eq!(metadata[name], false, "{name}");
    }
}

#[test]
fn what_is_named_works_openid_discovery_3() {
    let demo = Demo::start();
    let (provider, metadata) = (demo.provider(), metadata(&demo));
    let push = |name: &str, value: &str| push_with(&provider, None, &[(name, Some(value))]).status;
    let pushed = [
        ("response_types_supported", "response_type"),
        ("response_modes_supported", "response_mode"),
        ("code_challenge_methods_supported", "code_challenge_method"),
        ("prompt_values_supported", "prompt"),
        ("acr_values_supported", "acr_values"),
        ("ui_locales_supported", "ui_locales"),
    ];
    for (list, parameter) in pushed {
        for value in texts(&metadata, list) {
            assert_eq!(push(parameter, &value), 201, "{parameter}={value}");
        }
    }
    for scope in texts(&metadata, "scopes_supported") {
        let own =
            post(&provider, "token", &[], &with(&own_form(&provider), "scope", &scope)).status;
        let works = own == 200 || push("scope", &format!("openid {scope}")) == 201;
        assert!(works, "{scope}");
    }
    for method in texts(&metadata, "token_endpoint_auth_methods_supported") {
        let form = without(&own_form(&provider), "client_secret");
        let header = basic(&provider.client_id, &provider.client_secret);
        let answer = match method.as_str() {
            "client_secret_basic" => post(&provider, "token", &[("authorization", &header)], &form),
            "client_secret_post" => post(&provider, "token", &[], &own_form(&provider)),
            other => panic!("{other}"),
        };
        assert_eq!(answer.status, 200, "{method}");
    }
    for grant in texts(&metadata, "grant_types_supported") {
        let form = match grant.as_str() {
            "authorization_code" => exchange_form(&provider, &code(&demo, &provider, "sakura01")),
            "client_credentials" => own_form(&provider),
            other => panic!("{other}"),
        };
        assert_eq!(post(&provider, "token", &[], &form).status, 200, "{grant}");
    }
    let scope = [("scope", Some("openid entitlements"))];
    let answer = tokens(&demo, &provider, "sakura01", &scope);
    let told = userinfo(&provider, answer["access_token"].as_str().expect("one")).json();
    let signed = common::door::id_token(&answer);
    for claim in texts(&metadata, "claims_supported") {
        assert!(signed.get(&claim).or(told.get(&claim)).is_some(), "{claim}: {signed} {told}");
    }
}

#[test]
fn each_endpoint_is_there_and_takes_its_own_method_openid_discovery_3() {
    let demo = Demo::start();
    let (http, metadata) = (Http::new(), metadata(&demo));
    for (endpoint, method, allowed) in [
        ("authorization_endpoint", "PUT", "GET, HEAD, POST"),
        ("token_endpoint", "GET", "POST"),
        ("pushed_authorization_request_endpoint", "GET", "POST"),
        ("userinfo_endpoint", "PUT", "GET, HEAD, POST"),
        ("jwks_uri", "POST", "GET, HEAD"),
    ] {
        let url = metadata[endpoint].as_str().expect(endpoint);
        let refused = send(&http, method, url, &[]);
        assert_eq!((refused.status, refused.header("allow")), (405, Some(allowed)), "{endpoint}");
        // Where another program asks, in the form of all other errors (RFC 6749 section 5.2).
        if !matches!(endpoint, "authorization_endpoint" | "jwks_uri") {
            assert_error(&refused, 405, "invalid_request", "the method");
        }
    }
}

#[test]
fn metadata_is_json_that_may_be_kept_a_while_openid_discovery_4_2() {
    let demo = Demo::start();
    let http = Http::new();
    let get = |path: &str| -> Answer { http.get(&format!("{}{path}", demo.issuer()), &[]) };
    for path in DOCUMENTS {
        let answer = get(path);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("max-age=300"));
        assert_eq!(answer.header("set-cookie"), None);
        for other in [format!("{path}/"), path.to_uppercase(), format!("{path}/x")] {
            assert_eq!(get(&other).status, 404, "{other}");
        }
        let refused = send(&http, "POST", &format!("{}{path}", demo.issuer()), &[]);
        assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    }
}

#[test]
fn the_issuer_is_the_address_it_was_asked_at_openid_discovery_4_3() {
    let demo = Demo::start();
    let metadata = metadata(&demo);
    assert_eq!(metadata["issuer"], demo.issuer());
    // Whatever host a client or a proxy names (security.md 50).
    let forged = [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
    for headers in [&forged[..], &[("host", "evil.example")]] {
        for path in DOCUMENTS {
            let told = Http::new().get(&format!("{}{path}", demo.issuer()), headers);
            assert_eq!(told.json(), metadata, "{headers:?}");
        }
    }
    let (browser, flow) = arrive(&demo, &demo.provider(), &[]);
    let url = format!("{}{}/back", demo.issuer(), flow.path);
    let cookie = browser.cookie_header();
    let back = browser.http.get(&url, &[("host", "evil.example"), ("cookie", &cookie)]);
    assert_eq!(back.parameter("iss").as_deref(), Some(demo.issuer()));
}

#[test]
fn each_key_says_what_it_is_for_openid_discovery_3() {
    let demo = Demo::start();
    let answer = Browser::new(demo.issuer()).open("/oauth/jwks.json");
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("max-age=300"));
    let jwks = answer.json();
    let keys = jwks["keys"].as_array().expect("keys");
    let named = texts(&metadata(&demo), "id_token_signing_alg_values_supported");
    let algorithms: BTreeSet<_> = keys.iter().map(|key| key["alg"].as_str()).collect();
    assert_eq!(algorithms, named.iter().map(|name| Some(&**name)).collect());
    assert!(keys.iter().all(|key| key["use"] == "sig" && key["kid"].is_string()), "{jwks}");
}

#[test]
fn both_documents_serve_any_client_without_a_login_openid_discovery_4_1() {
    let demo = Demo::start();
    let stranger: Provider = Provider { client_secret: String::new(), ..demo.provider() };
    for path in DOCUMENTS {
        let url = format!("{}{path}?client_id=nobody", stranger.issuer);
        assert_eq!(stranger.http.get(&url, &[("authorization", "Bearer x")]).status, 200);
    }
}
