//! A demo that tells a receiver of what is bought, and what tests of webhooks do again and again.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::common::{
    Browser, Demo, Options, operator::Operator, order, purchase, receiver::Receiver, unique,
};
use serde_json::Value;
use std::path::Path;

/// A demo whose second provider has this webhook address, with short pauses.
pub fn demo_on(folder: Option<&Path>, url: &str, more: &[(&'static str, &str)]) -> Demo {
    let short = [
        ("LINEPASS__WEBHOOK__RETRY_AFTER_S", "1"),
        ("LINEPASS__WEBHOOK__PROBE_LONGEST_S", "1"),
        ("LINEPASS__WEBHOOK__TIMEOUT_S", "2"),
    ];
    let env = short.iter().chain(more).map(|(key, value)| (*key, (*value).to_owned())).collect();
    let arguments = vec!["--webhook-url", url];
    Demo::with(&Options { folder, arguments, env, ..Options::default() })
}

/// The same with this receiver.
pub fn demo(receiver: &Receiver) -> Demo {
    demo_on(None, &receiver.url(), &[])
}

/// The key that B社's messages are signed with.
pub fn secret(demo: &Demo) -> &str {
    demo.text("/providers/1/webhook_secret")
}

/// Buys one 名作アニメ1 of B社; the receipt's number.
pub fn buy(demo: &Demo, passport_id: &str) -> Value {
    buy_of(demo, passport_id, "anime-1", 300)
}

/// The same of any service of B社.
pub fn buy_of(demo: &Demo, passport_id: &str, service: &str, amount: u64) -> Value {
    let browser = Browser::new(demo.issuer());
    let flow = purchase(demo, &browser, passport_id, &order(&unique(), service, 1, amount));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    demo.provider().exchange(&code).json()["authorization_details"][0].clone()
}

/// The ID of the message about a purchase.
pub fn message_of(receipt: &Value) -> String {
    format!("purchase-{}", receipt["receipt_number"].as_str().expect("a number"))
}

/// Runs a command: its exit code, and what it printed and said.
pub fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String) {
    let output = operator.run(arguments);
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).expect("text"))
}

/// What the operator sees of B社's webhooks.
pub fn seen(operator: &Operator) -> Value {
    operator.get("/webhooks?provider=b-sha").json()["webhooks"][0].clone()
}

/// Puts a service of 500 yen into a provider's catalogue.
pub fn add_service(operator: &Operator, provider: &str, service: &str, kind: &str) {
    let name = ["--name", "見放題", "--kind", kind, "--unit-price-yen", "500"];
    let add = [&["service", "add", provider, "--service", service, "--reason", "r"], &name[..]];
    let added = run(operator, &add.concat());
    assert_eq!(added.0, Some(0), "{added:?}");
}
