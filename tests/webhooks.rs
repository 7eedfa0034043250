//! Webhooks against the real binary (interfaces.md 1.4, security.md 45): what is told to whom, how it is
//! signed, and that nobody is told who asked for nothing.

mod common;
mod webhook;

use common::{
    Browser, Demo,
    door::{decisions, until},
    operator::{Operator, SAKURA},
    receiver::Receiver,
    unique,
};
use serde_json::{Value, json};
use std::path::Path;
use webhook::{add_service, buy, buy_of, demo, message_of, run, secret};

#[test]
fn a_purchase_is_told_with_the_receipt_of_the_token_and_a_signature() {
    let receiver = Receiver::taking();
    let demo = demo(&receiver);
    let receipt = buy(&demo, "sakura01");
    let received = until("the message", || receiver.received().first().cloned());
    assert_eq!(received.id, message_of(&receipt));
    let body = received.json();
    assert_eq!((&body["type"], &body["data"]), (&json!("purchase.completed"), &receipt));
    assert_eq!(body["timestamp"], receipt["completed_at"]);
    // The request is the one that stands in the log.
    let pressed = decisions(&demo, "purchase", 1);
    assert!(pressed.iter().any(|line| line["request_id"] == body["request_id"]), "{pressed:?}");
    assert_eq!(received.signed_by(secret(&demo)), 1);
    #[expect(clippy::disallowed_methods, reason = "a receiver goes by its own clock")]
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_s = i64::try_from(now_s.expect("after 1970").as_secs()).expect("small");
    assert!((now_s - received.timestamp_s).abs() < 30, "{received:?}");
    // Nothing of the household.
    assert!(!received.body.contains("CAF") && !received.body.contains("sakura"), "{received:?}");
    assert!(!demo.log().contains(secret(&demo)));
}

#[test]
fn every_ending_reaches_the_provider_with_its_reason() {
    let receiver = Receiver::taking();
    let demo = demo(&receiver);
    let operator = Operator::of(&demo);
    let (service, price) = ("pack-b", 500);
    add_service(&operator, "b-sha", service, "monthly");
    let last_ending = |count: usize| {
        until("the ending", || {
            let received = receiver.received();
            let endings = received.iter().filter(|one| one.id.starts_with("cancelled-"));
            endings.clone().nth(count - 1).map(|one| {
                assert_eq!(one.signed_by(secret(&demo)), 1);
                one.json()
            })
        })
    };
    // By an operator's command.
    let contract = buy_of(&demo, "sakura01", service, price)["contract"].clone();
    let contract = contract.as_str().expect("a contract");
    let ended =
        run(&operator, &["contract", "end", contract, "--line", SAKURA, "--reason", "case 118"]);
    assert_eq!(ended.0, Some(0), "{ended:?}");
    let body = last_ending(1);
    assert_eq!(
        (&body["type"], &body["data"]["reason"], &body["data"]["contract"]),
        (&json!("contract.cancelled"), &json!("operator"), &json!(contract))
    );
    assert_eq!(body["data"]["service"], service);
    assert!(body["data"].get("receipt").is_none(), "{body}");
    // By the deletion of its ID.
    buy_of(&demo, "sakura02", service, price);
    let deleted = run(
        &operator,
        &["passport", "delete", SAKURA, "--passport", "2", "--reason", "inquiry 12"],
    );
    assert_eq!(deleted.0, Some(0), "{deleted:?}");
    assert_eq!(last_ending(2)["data"]["reason"], "passport_deleted");
    // By the household itself, with the receipt of its cancellation.
    let contract = buy_of(&demo, "sakura01", service, price)["contract"].clone();
    let receipt = cancel(&demo, "sakura01", contract.as_str().expect("a contract"));
    let body = last_ending(3);
    assert_eq!((&body["data"]["reason"], &body["data"]["receipt"]), (&json!("customer"), &receipt));
    assert_eq!(body["data"]["last_charge_month"], receipt["last_charge_month"]);
    // By the household's restriction.
    buy_of(&demo, "sakura01", service, price);
    operator.restrict(SAKURA, "customer");
    let body = last_ending(4);
    assert_eq!(body["data"]["reason"], "restriction");
    assert!(body["data"]["last_charge_month"].is_string() && body["data"]["ended_at"].is_string());
    // By the line's end.
    operator.lift(SAKURA, "customer");
    buy_of(&demo, "sakura01", service, price);
    let transfer =
        ["line", "transfer", SAKURA, "--kind", "termination", "--yes", "--reason", "form"];
    let ended = run(&operator, &transfer);
    assert_eq!(ended.0, Some(0), "{ended:?}");
    assert_eq!(last_ending(5)["data"]["reason"], "line_ended");
}

/// Cancels a contract of B社; the receipt.
fn cancel(demo: &Demo, passport_id: &str, contract: &str) -> Value {
    let order = json!([{ "type": "cancellation", "reference": unique(), "contract": contract }]);
    let (provider, browser) = (demo.provider(), Browser::new(demo.issuer()));
    let flow = browser.arrive(&provider.push(Some(&order.to_string())));
    browser.log_in(&flow, passport_id, demo.password(passport_id));
    let page = browser.confirmation(&flow);
    let pressed = browser.post(&format!("{}/confirm", flow.path), &[("csrf", &page.csrf())]);
    assert!(pressed.location().ends_with("/complete"), "{pressed:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    provider.exchange(&code).json()["authorization_details"][0].clone()
}

#[test]
fn two_keys_sign_during_a_rotation_security_45() {
    let receiver = Receiver::taking();
    let demo = demo(&receiver);
    let operator = Operator::of(&demo);
    let old = secret(&demo).to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("new").display().to_string();
    let rotate = |more: &[&str]| {
        let fixed = ["webhook", "rotate-key", "b-sha", "--reason", "yearly"];
        run(&operator, &[&fixed, more].concat())
    };
    let next = |count: usize| {
        buy(&demo, "sakura01");
        until("the message", || receiver.received().get(count).cloned())
    };
    // Nothing to retire yet, and a rehearsal draws nothing.
    assert_eq!(rotate(&["--retire-old"]).0, Some(3));
    assert_eq!(rotate(&["--secret-file", &file, "--dry-run"]).0, Some(0));
    assert!(!Path::new(&file).exists());
    assert_eq!(next(0).signed_by(&old), 1);
    let rotated = rotate(&["--secret-file", &file]);
    assert_eq!(rotated.0, Some(0), "{rotated:?}");
    let new = std::fs::read_to_string(&file).expect("a key").trim().to_owned();
    assert!(!rotated.1.contains(&new) && rotated.1.contains("2 keys"), "{rotated:?}");
    let both = next(1);
    assert_eq!((both.signed_by(&old), both.signed_by(&new)), (1, 1), "{both:?}");
    let third = folder.path().join("third").display().to_string();
    assert_eq!(rotate(&["--secret-file", &third]).0, Some(3), "two are enough");
    assert!(!Path::new(&third).exists());
    assert_eq!(rotate(&["--retire-old"]).0, Some(0));
    let one = next(2);
    assert_eq!((one.signed_by(&old), one.signed_by(&new)), (0, 1), "{one:?}");
}

#[test]
fn a_provider_that_wants_none_is_told_nothing_and_a_wrong_wish_changes_nothing() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key").display().to_string();
    assert_eq!(demo.said["providers"][1]["webhook_secret"], Value::Null);
    let listed = run(&operator, &["webhook", "list"]);
    assert_eq!(listed.1, "no webhook address is set\n");
    let refused = |arguments: &[&str], code: i32, word: &str| {
        let told = run(&operator, arguments);
        assert!(told.0 == Some(code) && told.1.contains(word), "{arguments:?}: {told:?}");
    };
    let url = "https://shop.example/webhook";
    let reason = ["--reason", "r"];
    let with = |words: &[&str]| -> Vec<String> {
        words.iter().chain(&reason).map(|word| (*word).to_owned()).collect()
    };
    for (words, code, word) in [
        (vec!["webhook", "set", "b-sha", "--url", url], 3, "no webhook key stands yet"),
        (
            vec!["webhook", "set", "nobody", "--url", url, "--secret-file", &file],
            4,
            "no such provider",
        ),
        (vec!["webhook", "rotate-key", "b-sha", "--secret-file", &file], 3, "no webhook address"),
        (vec!["webhook", "replay", "b-sha", "--parked"], 3, "no webhook address"),
        (vec!["webhook", "set", "b-sha", "--url", "http://shop.example/"], 3, "https"),
        (vec!["webhook", "set", "b-sha"], 2, "required"),
        (vec!["webhook", "replay", "b-sha", "order-1"], 2, "purchase-100000000016"),
    ] {
        let words = with(&words);
        refused(&words.iter().map(String::as_str).collect::<Vec<_>>(), code, word);
    }
    refused(&["webhook", "list", "--provider", "b-sha"], 0, "no webhook address is set");
    refused(&["webhook", "list", "--provider", "nobody"], 4, "no such provider");
    assert!(!Path::new(&file).exists(), "no file is left");
    // What happened before an address was set is told to nobody.
    let early = message_of(&buy(&demo, "sakura01"));
    let receiver = Receiver::taking();
    let address = receiver.url();
    let set =
        ["webhook", "set", "b-sha", "--url", &address, "--secret-file", &file, "--reason", "r"];
    assert_eq!(run(&operator, &set).0, Some(0));
    let late = message_of(&buy(&demo, "sakura01"));
    until("the late one", || receiver.ids().contains(&late).then_some(()));
    assert!(!receiver.ids().contains(&early), "{early}");
    // And nothing once it is stopped.
    assert_eq!(run(&operator, &["webhook", "set", "b-sha", "--stop", "--reason", "r"]).0, Some(0));
    let count = receiver.received().len();
    buy(&demo, "sakura01");
    until("nothing is listed", || {
        (operator.get("/webhooks").json()["webhooks"] == json!([])).then_some(())
    });
    assert_eq!(receiver.received().len(), count);
}
