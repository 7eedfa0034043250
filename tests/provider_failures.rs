//! What a provider is told, and what the log says, when something of ours has failed (security.md 68).

mod common;
mod process;

use common::{
    Answer, Demo, Options, anime,
    door::{assert_error, decision_of, push_with, until},
    status::assert_problem,
};
use linepass::store::{key, record};
use serde_json::{Value, json};

const RECEIPT: &str = "100000000016";

/// A demo whose store names an event that is not there, by a reference and by a receipt number.
fn damaged(folder: &std::path::Path) -> Demo {
    let options = || Options { folder: Some(folder), ..Options::default() };
    assert!(Demo::with(&options()).terminate().success());
    let order = linepass::store::Reservation::Order {
        provider: "b-sha".parse().expect("a provider"),
        reference: "broken".parse().expect("a reference"),
    };
    let number = linepass::store::ReceiptKey::Order(RECEIPT.parse().expect("a number"));
    let holder = br#"{"customer":"CAF0000012573","seq":9999}"#;
    let place = br#"{"provider":"b-sha","customer":"CAF0000012573","seq":9999}"#;
    process::with_engine(&folder.join("store"), |db| {
        db.insert(key::reservation(&order), record::encode(1, holder)).expect("puts");
        db.insert(key::receipt(number), record::encode(1, place)).expect("puts");
    });
    Demo::with(&options())
}

/// The error's own line in the log.
fn error_of(demo: &Demo, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("a request ID");
    until("the error", || {
        let log = demo.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.find(|line| line["level"] == "error" && line["request_id"] == id)
    })
}

#[test]
fn a_failure_of_ours_is_failed_in_the_log_under_the_requests_id_and_tells_nobody_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = damaged(folder.path());
    let provider = demo.provider();
    let pushed = push_with(&provider, Some(&anime("broken")), &[]);
    assert_error(&pushed, 500, "server_error", "x-request-id");
    let token = provider.own_token();
    let asked = provider.ask(&token, &format!("/purchases/{RECEIPT}"));
    assert_problem(&asked, 500, "internal", "");
    for (answer, action, place) in [
        (&pushed, "push_order", "order broken of b-sha"),
        (&asked, "look_up_order", "receipt 100000000016"),
    ] {
        let line = decision_of(&demo, action, answer);
        assert_eq!((&line["outcome"], &line["provider"]), (&json!("failed"), &json!("b-sha")));
        let error = error_of(&demo, answer)["error"].as_str().expect("a cause").to_owned();
        assert!(error.contains(place), "{error}");
        assert!(!answer.body.contains("9999") && !answer.body.contains("CAF"), "{answer:?}");
    }
}
