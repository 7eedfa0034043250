//! RFC 9207, Authorization Server Issuer Identification, section by section.
//!
//! Does not apply: 2's `https` (the demo is loopback; every other issuer has to be https:
//! `config::tests`), 2.4 (clients, and JARM: there is no `response` parameter).

mod common;

use common::{
    Browser, Demo, Http, anime,
    door::{arrive, assert_back, assert_own_page, id_token, push_with, request_uri, tokens},
    operator::Operator,
    order, purchase, unique,
};
use serde_json::json;

const LINE: &str = "urn:linepass:acr:line";

#[test]
fn each_way_back_names_the_issuer_once_rfc_9207_2() {
    let demo = Demo::start();
    let provider = demo.provider();
    // What somebody else puts there is not what we say.
    let forged = [("iss", Some("https://evil.example"))];
    let (browser, flow) = arrive(&demo, &provider, &forged);
    let back = |page: &str| browser.open(&format!("{}/{page}", flow.path));
    assert_back(&demo, &back("back"), "error", Some("access_denied"));
    assert_back(&demo, &back("back?iss=https://evil.example"), "error", Some("access_denied"));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    assert_back(&demo, &back("return"), "code", None);
    assert_back(&demo, &back("return?iss=x&state=y&code=z"), "code", None);

    let buyer = Browser::new(demo.issuer());
    let bought = purchase(&demo, &buyer, "sakura01", &anime(&unique()));
    assert_back(&demo, &buyer.go_back(&bought), "code", None);

    let uri = request_uri(&push_with(&provider, None, &[("prompt", Some("none"))]));
    let silent = provider.http.get(&provider.authorize_url(&uri), &[]);
    assert_back(&demo, &silent, "error", Some("login_required"));

    let (other, unmet) = arrive(&demo, &provider, &[("acr_values", Some(LINE))]);
    assert_eq!(other.log_in(&unmet, "tsubaki1", demo.password("tsubaki1")).status, 403);
    let told = other.open(&format!("{}/back", unmet.path));
    assert_back(&demo, &told, "error", Some("unmet_authentication_requirements"));

    // A refusal by a rule.
    let over = buyer.arrive(&provider.push(Some(&order(&unique(), "support", 1, 10_001))));
    buyer.log_in(&over, "sakura01", demo.password("sakura01"));
    assert_eq!(buyer.buy(&over).status, 409);
    let told = buyer.open(&format!("{}/back", over.path));
    assert_back(&demo, &told, "error", Some("access_denied"));

    Operator::of(&demo).change("PUT", "/maintenance", &json!({ "reason": "release" }));
    let told = other.open(&format!("{}/back", unmet.path));
    assert_back(&demo, &told, "error", Some("temporarily_unavailable"));
}

#[test]
fn the_issuer_is_the_one_of_metadata_and_tokens_rfc_9207_2_3() {
    let demo = Demo::start();
    let issuer = demo.issuer();
    for document in ["openid-configuration", "oauth-authorization-server"] {
        let url = format!("{issuer}/.well-known/{document}");
        let metadata = Http::new().get(&url, &[]).json();
        assert_eq!(metadata["issuer"], issuer, "{document}");
        assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    }
    let url = url::Url::parse(issuer).expect("an address");
    assert_eq!((url.query(), url.fragment()), (None, None));
    let answer = tokens(&demo, &demo.provider(), "sakura01", &[]);
    assert_eq!(id_token(&answer)["iss"], issuer);
}

#[test]
fn no_registered_address_brings_an_issuer_of_its_own_rfc_9207_2() {
    let demo = Demo::start();
    let (operator, provider) = (Operator::of(&demo), demo.provider());
    for name in ["iss", "i%73s", "code", "state", "error"] {
        let uri = format!("https://shop.example/callback?shop=1&{name}=https://evil.example");
        let arguments =
            ["provider", "set", &provider.client_id, "--redirect-uri", &uri, "--reason", "case 4"];
        let refused = operator.run(&arguments);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("redirect_uri"), "{name}: {told}");
    }
    assert_eq!(push_with(&provider, None, &[]).status, 201, "the old one stays");
    let nobody = Browser::new(demo.issuer()).open("/oauth/authorize?iss=https://evil.example");
    assert_own_page(&nobody, 400);
}
