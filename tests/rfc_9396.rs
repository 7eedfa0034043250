//! RFC 9396, Rich Authorization Requests, section by section, with the types `purchase` and
//! `cancellation`.
//!
//! Proved elsewhere: 5 values that are not allowed (`provider_door`), 3 the household sees what it
//! agrees to (`flow_security`, the browser's tests).
//!
//! Does not apply: 2.2 common fields (neither type has any), 3.2 `resource` (RFC 8707 is not offered),
//! 6.1 and 7 subsets (one order, whole or not at all), 9 (no resource server of others, no
//! introspection), 10 client metadata (no registration by clients). Section 8's error is asked for
//! with section 6.

mod common;

use common::{
    Browser, Demo, Provider, anime,
    contracts::{cancellation, receipt, subscribe},
    door::{assert_error, code, exchange_form, own_form, post, push_with, quiet, stored, with},
    purchase, unique,
};
use serde_json::{Value, json};

fn purchase_order() -> Value {
    json!({
        "type": "purchase", "reference": unique(), "service": "anime-1", "quantity": 1,
        "amount": 300, "currency": "JPY", "description": "名作アニメ1"
    })
}

fn cancellation_order() -> Value {
    json!({ "type": "cancellation", "reference": unique(), "contract": "K-100000000016" })
}

fn refused(provider: &Provider, details: &str, field: &str) {
    let answer = push_with(provider, Some(details), &[]);
    assert_error(&answer, 400, "invalid_authorization_details", field);
}

#[test]
fn details_are_an_array_of_objects_with_a_type_rfc_9396_2() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let order = purchase_order();
    for order in [&order, &cancellation_order()] {
        assert_eq!(push_with(&provider, Some(&json!([order]).to_string()), &[]).status, 201);
    }
    let nested = "[".repeat(8_000);
    let whole = format!("{{\"type\":{}", "{\"a\":".repeat(1_500));
    for wrong in [
        &*order.to_string(),
        "null",
        "\"purchase\"",
        "[null]",
        "[[]]",
        "[\"purchase\"]",
        "[{\"type\":\"purchase\"}",
        "[{}] [{}]",
        "\u{feff}[]",
        &nested,
        &whole,
    ] {
        refused(&provider, wrong, "authorization_details");
    }
    for kind in [json!(null), json!(1), json!(["purchase"]), json!("Purchase"), json!("")] {
        let mut order = order.clone();
        order["type"] = kind;
        refused(&provider, &json!([order]).to_string(), "type");
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn scope_and_details_are_both_processed_rfc_9396_3_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    for scope in [None, Some("purchase"), Some("openid purchase")] {
        let answer = push_with(&provider, Some(&anime(&unique())), &[("scope", scope)]);
        assert_error(&answer, 400, "invalid_scope", "scope");
    }
}

#[test]
fn each_member_missing_unknown_or_of_another_kind_is_named_rfc_9396_5() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    for order in [purchase_order(), cancellation_order()] {
        let push = |order: &Value, field: &str| {
            refused(&provider, &json!([order]).to_string(), field);
        };
        for (name, value) in order.as_object().expect("an object") {
            if name != "description" {
                let mut without = order.clone();
                without.as_object_mut().expect("an object").remove(name);
                push(&without, name);
            }
            let others = [json!(null), json!(true), json!([]), json!({}), json!(""), json!(1.5)];
            let kinds = others.into_iter().chain([json!([value]), json!({ "value": value })]);
            for other in kinds {
                let mut changed = order.clone();
                changed[name] = other;
                push(&changed, name);
            }
        }
        for unknown in ["locations", "actions", "datatypes", "identifier", "privileges", "x"] {
            let mut more = order.clone();
            more[unknown] = json!(["https://evil.example"]);
            push(&more, "unknown field");
        }
    }
    // Members of the other type are unknown to this one.
    let mut mixed = cancellation_order();
    mixed["amount"] = json!(1);
    refused(&provider, &json!([mixed]).to_string(), "unknown field");
    assert_eq!(stored(&demo), before);
}

#[test]
fn the_token_request_may_name_the_granted_order_and_no_other_rfc_9396_6() {
    let demo = Demo::start();
    let (provider, browser) = (demo.provider(), Browser::new(demo.issuer()));
    let details = anime(&unique());
    let flow = purchase(&demo, &browser, "sakura01", &details);
    let bought = browser.go_back(&flow).parameter("code").expect("a code");
    let logged_in = code(&demo, &provider, "sakura01");
    let ask = |form: &[(String, String)], details: &str| {
        post(&provider, "token", &[], &with(form, "authorization_details", details))
    };
    let form = exchange_form(&provider, &bought);
    for other in [
        &anime(&unique()),
        &details.replace("anime-1", "anime-2"),
        &details.replace(":300", ":3000"),
        &cancellation("K-100000000016"),
        "[]",
        "{",
        "[{\"type\":\"x\"}]",
    ] {
        let refused = ask(&form, other);
        assert_error(&refused, 400, "invalid_authorization_details", "authorization_details");
    }
    for form in [&exchange_form(&provider, &logged_in), &own_form(&provider)] {
        let refused = ask(form, &details);
        assert_error(&refused, 400, "invalid_authorization_details", "authorization_details");
    }
    // The codes are good yet.
    let taken = ask(&form, &details);
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(taken.json()["authorization_details"][0]["status"], "completed");
    assert_eq!(provider.exchange(&logged_in).status, 200);
}

#[test]
fn the_token_comes_with_the_details_as_granted_and_enriched_rfc_9396_7() {
    let demo = Demo::start();
    let (provider, browser) = (demo.provider(), Browser::new(demo.issuer()));
    let order = purchase_order();
    let flow = purchase(&demo, &browser, "sakura01", &json!([order]).to_string());
    let answer = provider.exchange(&browser.go_back(&flow).parameter("code").expect("a code"));
    let granted = answer.json()["authorization_details"].clone();
    assert_eq!(granted.as_array().map(Vec::len), Some(1), "{granted}");
    for name in ["type", "reference", "service", "quantity", "amount", "currency"] {
        assert_eq!(granted[0][name], order[name], "{name}");
    }
    // Section 7.1: what only the server can tell.
    assert!(granted[0]["receipt_number"].is_string() && granted[0]["completed_at"].is_string());

    let contract = subscribe(&demo, "sakura01").contract();
    let (seller, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let flow = browser.arrive(&seller.push(Some(&cancellation(&contract))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    assert_eq!(browser.buy(&flow).status, 303);
    let granted = receipt(&seller, &browser, &flow).0;
    assert_eq!(
        (&granted["type"], &granted["contract"]),
        (&json!("cancellation"), &json!(contract))
    );
    let alone = provider.exchange(&code(&demo, &provider, "sakura01")).json();
    assert_eq!(alone.get("authorization_details"), None, "a login orders nothing");
}

#[test]
fn metadata_names_each_type_that_is_taken_rfc_9396_10() {
    let demo = Demo::start();
    let provider = demo.provider();
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    let named =
        provider.http.get(&url, &[]).json()["authorization_details_types_supported"].clone();
    assert_eq!(named, json!(["purchase", "cancellation"]));
}

#[test]
fn an_order_does_not_stand_in_the_browser_rfc_9396_12() {
    let demo = Demo::start();
    let provider = demo.provider();
    let reference = unique();
    // Pushed, so that nobody reads or changes it on its way: no part of it is in the address.
    let url = provider.push(Some(&anime(&reference)));
    assert!(!url.contains(&reference) && !url.contains("anime"), "{url}");
    let query = format!("authorization_details={}", "%5B%7B%22type%22%3A%22purchase%22%7D%5D");
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&format!("{url}&{query}"));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    assert!(browser.confirmation(&flow).body.contains("300円"), "what was pushed is shown");
}
