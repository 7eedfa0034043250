//! A webhook receiver that fails, and a server that is killed: in which order and when messages come again,
//! that none is lost, and that nobody else waits (interfaces.md 1.4, reliability.md 24 and I7).

mod common;
mod webhook;

use common::{
    Browser,
    door::{figure, until},
    operator::{Operator, SAKURA},
    order,
    receiver::{Receiver, Reply, status, taken},
    unique,
};
use serde_json::json;
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};
use webhook::{add_service, buy, buy_of, demo, demo_on, message_of, run, secret, seen};

#[test]
fn a_message_that_a_provider_refuses_keeps_none_of_its_others_waiting() {
    let receiver = Receiver::with(|received, before| {
        static FIRST: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        if before == 0 {
            FIRST.get_or_init(|| received.id.clone());
        }
        if FIRST.get() == Some(&received.id) { status("400 Bad Request") } else { taken() }
    });
    let demo = demo(&receiver);
    let operator = Operator::of(&demo);
    let refused = message_of(&buy(&demo, "sakura01"));
    let tries = |id: &str| receiver.ids().iter().filter(|other| *other == id).count();
    until("it is refused four times", || (tries(&refused) >= 4).then_some(()));
    assert_eq!(seen(&operator)["state"], "open", "a refusal is an answer");
    for passport_id in ["sakura01", "sakura02", "sakura01"] {
        let bought = message_of(&buy(&demo, passport_id));
        let answered = Instant::now();
        let came = || receiver.received().into_iter().find(|received| received.id == bought);
        let took = until("the message", came).at.saturating_duration_since(answered);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

#[test]
fn a_message_that_fails_comes_again_under_its_id_and_its_contracts_end_waits_for_it() {
    let receiver = Receiver::with(|_, before| match before {
        0 => status("500 Internal Server Error"),
        1 => Reply::Close,
        2 => status("404 Not Found"),
        _ => taken(),
    });
    let demo = demo(&receiver);
    let operator = Operator::of(&demo);
    add_service(&operator, "b-sha", "pack-b", "monthly");
    let receipt = buy_of(&demo, "sakura01", "pack-b", 500);
    operator.restrict(SAKURA, "customer");
    let purchase = message_of(&receipt);
    let cancelled = purchase.replace("purchase", "cancelled");
    until("all of them", || receiver.ids().contains(&cancelled).then_some(()));
    let ids = receiver.ids();
    assert_eq!(ids, [&*purchase, &purchase, &purchase, &purchase, &cancelled]);
    let received = receiver.received();
    assert!(received.iter().all(|one| one.signed_by(secret(&demo)) == 1));
    assert!(received[0].timestamp_s < received[3].timestamp_s, "each try is signed anew");
    assert_eq!(received[0].body, received[3].body);
    // 1 s, less up to a half by chance.
    assert!(received[1].at - received[0].at >= Duration::from_millis(450), "{received:?}");
    until("nothing waits", || (seen(&operator)["messages"] == json!([])).then_some(()));
    for (series, count) in [
        ("linepass_webhook_delivered_total", 2),
        (r#"linepass_webhook_failed_total{reason="server_error"}"#, 1),
        (r#"linepass_webhook_failed_total{reason="refused"}"#, 1),
        (r#"linepass_webhook_failed_total{reason="no_answer"}"#, 1),
    ] {
        until(series, || (figure(&demo, series) == count).then_some(()));
    }
}

#[test]
fn a_dead_and_a_slow_receiver_keep_no_other_provider_waiting() {
    for reply in [Reply::Silence, Reply::Drip, Reply::Close] {
        let (bad, good) = (Receiver::with(move |_, _| reply.clone()), Receiver::taking());
        let demo = demo(&bad);
        let operator = Operator::of(&demo);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key").display().to_string();
        let url = good.url();
        let set =
            ["webhook", "set", "a-sha", "--url", &url, "--secret-file", &file, "--reason", "r"];
        let set = run(&operator, &set);
        assert_eq!(set.0, Some(0), "{set:?}");
        let key = std::fs::read_to_string(&file).expect("a key").trim().to_owned();
        add_service(&operator, "a-sha", "clip", "per_use");
        // The bad one has messages under way while the good one's come.
        buy(&demo, "sakura01");
        until("the bad one is asked", || (!bad.received().is_empty()).then_some(()));
        for count in 1..=4 {
            let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
            let flow = browser.arrive(&provider.push(Some(&order(&unique(), "clip", 1, 500))));
            browser.log_in(&flow, "sakura02", demo.password("sakura02"));
            let bought = browser.buy(&flow);
            assert_eq!(bought.status, 303, "{bought:?}");
            let answered = Instant::now();
            let received = until("the good one's", || good.received().get(count - 1).cloned());
            let took = received.at.saturating_duration_since(answered);
            assert!(took < Duration::from_secs(1), "{took:?}");
            assert_eq!(received.signed_by(&key), 1);
            // One more for the bad one, so that it always has something to be slow with.
            buy(&demo, "sakura01");
        }
        until("the bad one is found out", || (seen(&operator)["state"] == "silent").then_some(()));
    }
}

#[test]
fn a_kill_between_commit_and_delivery_loses_none() {
    let folder = tempfile::tempdir().expect("a folder");
    // A port that nobody listens on yet.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/webhook");
    let first = demo_on(Some(folder.path()), &url, &[]);
    let key = secret(&first).to_owned();
    let mut bought: Vec<String> = (0..6).map(|_| message_of(&buy(&first, "sakura01"))).collect();
    drop(first.kill());
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let receiver = Receiver::at(listener, |_, _| taken());
    let second = demo_on(Some(folder.path()), &url, &[]);
    assert_eq!(secret(&second), key, "the key is kept");
    let got = until("all of them", || {
        let mut ids = receiver.ids();
        ids.sort();
        ids.dedup();
        (ids.len() >= 6).then_some(ids)
    });
    bought.sort();
    assert_eq!(got, bought);
    assert!(receiver.received().iter().all(|one| one.signed_by(&key) == 1));
    // What was delivered is not told again by the next start, once the cursor is kept.
    let operator = Operator::of(&second);
    until("the cursor", || {
        let seen = seen(&operator);
        (seen["behind_blocks"] == 0 && seen["messages"] == json!([])).then_some(())
    });
    let count = receiver.received().len();
    let mut second = second;
    assert!(second.terminate().success());
    let third = demo_on(Some(folder.path()), &url, &[]);
    let last = message_of(&buy(&third, "sakura01"));
    until("the new one", || receiver.ids().contains(&last).then_some(()));
    assert_eq!(receiver.ids()[count..], [last]);
}

#[test]
fn an_address_that_is_gone_is_asked_no_more_until_it_is_set_anew() {
    let gone = Receiver::with(|_, _| status("410 Gone"));
    let demo = demo(&gone);
    let operator = Operator::of(&demo);
    let first = message_of(&buy(&demo, "sakura01"));
    until("it is gone", || (seen(&operator)["state"] == "gone").then_some(()));
    let second = message_of(&buy(&demo, "sakura02"));
    let listed = run(&operator, &["webhook", "list", "--provider", "b-sha"]);
    assert!(listed.0 == Some(0) && listed.1.contains("it is gone"), "{listed:?}");
    let moved = Receiver::taking();
    let set = run(&operator, &["webhook", "set", "b-sha", "--url", &moved.url(), "--reason", "r"]);
    assert_eq!(set.0, Some(0), "{set:?}");
    let mut both = until("both", || Some(moved.ids()).filter(|ids| ids.len() == 2));
    both.sort();
    assert_eq!(both, [first, second]);
    assert!(moved.received().iter().all(|one| one.signed_by(secret(&demo)) == 1));
    assert_eq!(gone.received().len(), 1);
}

#[test]
fn a_provider_that_asks_for_patience_gets_it() {
    let receiver = Receiver::with(|_, before| match before {
        0 => Reply::Answer("429 Too Many Requests", "retry-after: 2\r\n".into()),
        _ => taken(),
    });
    let demo = demo(&receiver);
    let first = message_of(&buy(&demo, "sakura01"));
    until("the first", || (!receiver.received().is_empty()).then_some(()));
    let bought = [first, message_of(&buy(&demo, "sakura02"))];
    let received = until("both", || Some(receiver.received()).filter(|all| all.len() == 3));
    let waited = received[1].at - received[0].at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    for id in &bought {
        assert!(receiver.ids()[1..].contains(id), "{id}");
    }
}

#[test]
fn what_was_given_up_is_listed_and_sent_again_by_an_operator() {
    let receiver = Receiver::with(|_, _| status("400 Bad Request"));
    let demo = demo_on(None, &receiver.url(), &[("LINEPASS__WEBHOOK__PARK_AFTER_S", "1")]);
    let operator = Operator::of(&demo);
    let message = message_of(&buy(&demo, "sakura01"));
    let parked = until("it is given up", || {
        let message = seen(&operator)["messages"][0].clone();
        (message["state"] == "parked").then_some(message)
    });
    assert_eq!((&parked["message"], &parked["status"]), (&json!(message), &json!(400)));
    assert_eq!((&parked["reason"], &parked["line"]), (&json!("refused"), &json!(SAKURA)));
    let line = until("its line", || demo.decisions("deliver_webhook").first().cloned());
    assert_eq!((&line["outcome"], &line["provider"]), (&json!("failed"), &json!("b-sha")));
    until("the figure", || (figure(&demo, "linepass_webhook_parked") == 1).then_some(()));

    receiver.behave(|_, _| taken());
    let replay = |more: &[&str]| {
        let fixed = ["webhook", "replay", "b-sha", "--reason", "ticket 88"];
        run(&operator, &[&fixed, more].concat())
    };
    let before = receiver.received().len();
    assert_eq!(replay(&["purchase-100000000024"]).0, Some(4));
    assert_eq!(replay(&[]).0, Some(2));
    let rehearsed = replay(&["--parked", "--dry-run"]);
    assert!(rehearsed.0 == Some(0) && rehearsed.1.contains("1 messages"), "{rehearsed:?}");
    assert_eq!(seen(&operator)["messages"][0]["state"], "parked");
    assert_eq!(replay(&["--parked"]).0, Some(0));
    until("it comes", || (receiver.ids()[before..] == [message.clone()]).then_some(()));
    until("nothing is listed", || (seen(&operator)["messages"] == json!([])).then_some(()));
    // Delivered or not, from an instant on, under the same ID.
    assert_eq!(replay(&["--since", "2099-01-01T00:00:00+09:00"]).0, Some(3));
    let since = replay(&["--since", "2020-01-01T00:00:00+09:00"]);
    assert_eq!(since.0, Some(0), "{since:?}");
    until("it comes again", || {
        (receiver.ids()[before..] == [message.clone(), message.clone()]).then_some(())
    });
    until("it is done", || (seen(&operator)["behind_blocks"] == 0).then_some(()));
    // Who asked for it, and why.
    let told = run(&operator, &["audit", "show", "--provider", "b-sha", "--json"]);
    assert!(told.1.contains("webhooks_replayed") && told.1.contains("ticket 88"), "{told:?}");
}
