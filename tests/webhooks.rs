//! Webhooks against the real binary (interfaces.md 1.4, reliability.md 24 and I7, security.md 45):
//! what is told, in which order, how it is signed, and what a receiver that fails does to whom.

mod common;

use common::{
    Browser, Demo, Options,
    door::{decisions, figure, until},
    operator::Operator,
    order, purchase,
    receiver::{Receiver, Reply, status, taken},
    unique,
};
use rustls::ServerConfig;
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const SAKURA: &str = "CAF0000012573";

/// A demo whose second provider has this webhook address, with short pauses.
fn demo_on(folder: Option<&Path>, url: &str, more: &[(&'static str, &str)]) -> Demo {
    let short = [
        ("LINEPASS__WEBHOOK__RETRY_AFTER_S", "1"),
        ("LINEPASS__WEBHOOK__PROBE_LONGEST_S", "1"),
        ("LINEPASS__WEBHOOK__TIMEOUT_S", "2"),
    ];
    let env = short.iter().chain(more).map(|(key, value)| (*key, (*value).to_owned())).collect();
    let arguments = vec!["--webhook-url", url];
    Demo::with(&Options { folder, arguments, env, ..Options::default() })
}

fn demo(receiver: &Receiver) -> Demo {
    demo_on(None, &receiver.url(), &[])
}

fn secret(demo: &Demo) -> &str {
    demo.text("/providers/1/webhook_secret")
}

/// Buys one 名作アニメ1 of B社; the receipt's number.
fn buy(demo: &Demo, passport_id: &str) -> Value {
    buy_of(demo, passport_id, "anime-1", 300)
}

fn buy_of(demo: &Demo, passport_id: &str, service: &str, amount: u64) -> Value {
    let browser = Browser::new(demo.issuer());
    let flow = purchase(demo, &browser, passport_id, &order(&unique(), service, 1, amount));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    demo.provider().exchange(&code).json()["authorization_details"][0].clone()
}

/// The ID of the message about a purchase.
fn message_of(receipt: &Value) -> String {
    format!("purchase-{}", receipt["receipt_number"].as_str().expect("a number"))
}

fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String) {
    let output = operator.run(arguments);
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).expect("text"))
}

/// What the operator sees of B社's webhooks.
fn seen(operator: &Operator) -> Value {
    operator.get("/webhooks?provider=b-sha").json()["webhooks"][0].clone()
}

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

/// Puts a service of 500 yen into a provider's catalogue.
fn add_service(operator: &Operator, provider: &str, service: &str, kind: &str) {
    let name = ["--name", "見放題", "--kind", kind, "--unit-price-yen", "500"];
    let add = [&["service", "add", provider, "--service", service, "--reason", "r"], &name[..]];
    let added = run(operator, &add.concat());
    assert_eq!(added.0, Some(0), "{added:?}");
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
fn a_redirect_is_not_followed_security_45() {
    let inside = Receiver::taking();
    let location = format!("location: {}\r\n", inside.url());
    let receiver =
        Receiver::with(move |_, _| Reply::Answer("307 Temporary Redirect", location.clone()));
    let demo = demo(&receiver);
    buy(&demo, "sakura01");
    until("three tries", || (receiver.received().len() >= 3).then_some(()));
    assert_eq!(inside.connections(), 0);
    until("the figure", || {
        (figure(&demo, r#"linepass_webhook_failed_total{reason="redirect"}"#) >= 3).then_some(())
    });
}

#[test]
fn an_address_inside_a_network_is_neither_registered_nor_called_security_45() {
    let receiver = Receiver::taking();
    // A name that stands for this machine, whose network nobody allowed.
    let url = format!("https://localhost:{}/webhook", receiver.port());
    let closed = [("LINEPASS__WEBHOOK__ALLOWED_NETWORKS", "10.255.255.0/24")];
    let demo = demo_on(None, &url, &closed);
    let operator = Operator::of(&demo);
    buy(&demo, "sakura01");
    until("it is refused", || {
        (figure(&demo, r#"linepass_webhook_failed_total{reason="address_not_allowed"}"#) >= 2)
            .then_some(())
    });
    assert_eq!(receiver.connections(), 0);
    assert_eq!(seen(&operator)["messages"][0]["reason"], "address_not_allowed");
    for address in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://0x7f000001/",
        "https://10.0.0.1:8443/",
        "http://shop.example/",
        "http://1.1.1.1/",
        "https://u:p@shop.example/",
        "shop.example",
    ] {
        let body = json!({ "reason": "r", "url": address }).to_string();
        let answer = operator.send("POST", "/providers/b-sha/webhook", &body);
        assert_eq!(answer.status, 422, "{address}: {answer:?}");
        let detail = answer.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.starts_with("url: "), "{address}: {detail}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_gets_no_message_reliability_24() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, made.cert.pem()).expect("writes");
    let key = made.signing_key.serialize_der().try_into().expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let receiver = Receiver::over_tls(Arc::new(config));
    let url = format!("https://localhost:{}/webhook", receiver.port());

    let stranger = demo_on(None, &url, &[]);
    buy(&stranger, "sakura01");
    until("it is refused", || {
        (figure(&stranger, r#"linepass_webhook_failed_total{reason="tls"}"#) >= 2).then_some(())
    });
    assert_eq!(receiver.received().len(), 0);
    let authority = authority.display().to_string();
    let known = demo_on(None, &url, &[("LINEPASS__WEBHOOK__CA_FILE", &authority)]);
    let message = message_of(&buy(&known, "sakura01"));
    let received = until("the message", || receiver.received().first().cloned());
    assert_eq!((received.id.as_str(), received.signed_by(secret(&known))), (&*message, 1));
    // Another name on the certificate is a stranger's too.
    let elsewhere = format!("https://127.0.0.1:{}/webhook", receiver.port());
    let wrong_name = demo_on(None, &elsewhere, &[("LINEPASS__WEBHOOK__CA_FILE", &authority)]);
    buy(&wrong_name, "sakura01");
    until("it is refused", || {
        (figure(&wrong_name, r#"linepass_webhook_failed_total{reason="tls"}"#) >= 1).then_some(())
    });
    assert_eq!(receiver.received().len(), 1);
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
