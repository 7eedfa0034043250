//! A mail server that hangs, breaks off, is away or refuses: no answer waits for it, no mail is lost, and
//! what it refused is parked until an operator has it tried again (R-193; reliability.md 23, I7).

mod common;
mod mailbox;

use common::{
    Demo, Options, door,
    operator::{Operator, SAKURA},
};
use mailbox::{Server, buy, listed, scraped, until};
use serde_json::{Value, json};
use std::time::Duration;

// ---------------------------------------------------------------------------------------------
// Nobody waits, nothing is lost

#[test]
fn no_answer_waits_for_a_server_that_hangs_and_the_mail_comes_later_r_193() {
    let server = Server::start();
    for verb in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END"] {
        // One of its own, which keeps no connection from before.
        let demo = server.demo();
        server.mood(&json!({ "verb": verb, "do": "hang" }));
        let failures = || scraped(&demo, "linepass_mail_failed_total{reason=\"no_answer\"}");
        let before = failures();
        let bought: Vec<(String, Duration)> =
            (0..3).map(|turn| buy(&demo, ["sakura01", "sakura02"][turn % 2])).collect();
        for (_, took) in &bought {
            // The shortest patience with the server is 1.5 s.
            assert!(*took < Duration::from_millis(1_200), "{verb}: {took:?}");
        }
        until("end of patience", || (failures() > before).then_some(()));
        server.behave();
        for (receipt, _) in &bought {
            server.mail_with(receipt);
        }
        until("empty outbox", || listed(&Operator::of(&demo), "").is_empty().then_some(()));
    }
}

#[test]
fn a_server_that_drops_or_is_away_gets_the_mails_when_it_is_back() {
    let server = Server::start();
    let demo = server.demo();
    for verb in ["CONNECT", "RCPT", "END"] {
        server.mood(&json!({ "verb": verb, "do": "drop", "keep": true }));
        let (receipt, _) = buy(&demo, "sakura01");
        server.behave();
        server.mail_with(&receipt);
    }
    // Away altogether, longer than the breaker needs to open.
    let port = server.port;
    drop(server);
    let mut receipts: Vec<String> = (0..4).map(|_| buy(&demo, "sakura01").0).collect();
    until("silence", || (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(()));
    receipts.extend((0..6).map(|_| buy(&demo, "sakura02").0));
    let operator = Operator::of(&demo);
    let told = operator.get("/mails").json();
    assert_eq!(told["server"], "silent");
    // The journal is the queue: no row for a mail that nobody tried.
    assert!(told["mails"].as_array().expect("mails").len() <= 5, "{told}");
    until("blocks that wait", || {
        (scraped(&demo, "linepass_mail_behind_blocks") > 0.0).then_some(())
    });
    let server = Server::with(port, &[]);
    for receipt in &receipts {
        server.mail_with(receipt);
    }
    until("answers", || (operator.get("/mails").json()["server"] == "answers").then_some(()));
}

#[test]
fn a_kill_between_the_commit_and_the_mail_loses_none_i7() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let env = server.env();
        Demo::with(&Options { folder: Some(folder.path()), env, ..Options::default() })
    };
    let mut receipts = Vec::new();
    // Killed while the server hangs, while it takes the message, and while all is well.
    for verb in ["RCPT", "END", ""] {
        server.mood(&json!({ "verb": verb, "do": "hang" }));
        let demo = start();
        receipts.extend((0..3).map(|_| buy(&demo, "sakura01").0));
        // SIGKILL at once: the answer came, so the purchase is durable.
        demo.kill();
        server.behave();
    }
    let demo = start();
    for receipt in &receipts {
        server.mail_with(receipt);
    }
    // The same mail twice has the same Message-ID.
    let mut seen = std::collections::BTreeMap::new();
    for mail in server.mails() {
        let text = mail["text"].as_str().expect("a text").to_owned();
        let own = receipts.iter().find(|receipt| text.contains(*receipt)).expect("a purchase's");
        let id = seen.entry(own.clone()).or_insert_with(|| mail["message_id"].clone());
        assert_eq!(*id, mail["message_id"]);
    }
    drop(demo);
}

#[test]
fn a_stop_while_the_server_hangs_is_clean_and_the_mail_comes_after_the_next_start() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let env = server.env();
        Demo::with(&Options { folder: Some(folder.path()), env, ..Options::default() })
    };
    let mut demo = start();
    server.mood(&json!({ "verb": "DATA", "do": "hang" }));
    let (receipt, _) = buy(&demo, "sakura01");
    assert!(demo.terminate().success());
    drop(demo);
    assert!(server.mails().is_empty());
    server.behave();
    let _demo = start();
    server.mail_with(&receipt);
}

// ---------------------------------------------------------------------------------------------
// What is refused

#[test]
fn a_refused_mail_is_parked_and_an_operator_has_it_tried_again() {
    let server = Server::start();
    let demo = server.demo();
    let operator = Operator::of(&demo);
    let cases = [
        ("RCPT", "550 5.1.1 <sakura01@example.jp> no such mailbox", 550),
        ("DATA", "554 5.7.1 no", 554),
        ("END", "552 5.2.2 mailbox full", 552),
    ];
    for (verb, reply, code) in cases {
        server.refuse(verb, reply);
        let (receipt, _) = buy(&demo, "sakura01");
        let parked = until("parked mail", || listed(&operator, "?state=parked").first().cloned());
        assert_eq!(parked["code"], code, "{parked}");
        assert_eq!((&parked["kind"], &parked["line"]), (&json!("purchased"), &json!(SAKURA)));
        assert_eq!((&parked["attempts"], &parked["reason"]), (&json!(1), &json!("refused")));
        assert!(!parked.to_string().contains("example.jp"), "no address: {parked}");
        until("parked figure", || (scraped(&demo, "linepass_mail_parked") > 0.5).then_some(()));
        let mail = parked["mail"].as_str().expect("a name");
        server.behave();
        let told = operator.run(&["mail", "list"]);
        assert!(told.status.success(), "{told:?}");
        let told = String::from_utf8(told.stdout).expect("text");
        assert!(told.contains(mail) && told.contains(&code.to_string()), "{told}");
        let rehearsed = operator.run(&["mail", "retry", mail, "--reason", "x", "--dry-run"]);
        assert!(rehearsed.status.success(), "{rehearsed:?}");
        assert_eq!(listed(&operator, "?state=parked").len(), 1, "a rehearsal changes nothing");
        let which: &[&str] = if verb == "END" { &["--all"] } else { &[mail] };
        let retry = [&["mail", "retry", "--reason", "mailbox opened", "--json"], which].concat();
        let tried = operator.run(&retry);
        assert!(tried.status.success(), "{tried:?}");
        let tried: Value = serde_json::from_slice(&tried.stdout).expect("JSON");
        assert_eq!(tried["mails"], 1);
        server.mail_with(&receipt);
        until("empty outbox", || listed(&operator, "").is_empty().then_some(()));
    }
    let told = door::decisions(&demo, "mail", 3);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line["line"] == SAKURA && line["reason"] == "refused"));
    assert_eq!(door::decisions(&demo, "retry_mails", 3).len(), 3);
    let unknown =
        operator.run(&["mail", "retry", "CAF0000012573-999-purchased-4", "--reason", "x"]);
    assert_eq!(unknown.status.code(), Some(4), "{unknown:?}");
}

#[test]
fn a_mail_that_is_put_off_comes_later_or_is_parked_after_its_term() {
    let server = Server::start();
    let demo = server.demo_with(&[("LINEPASS__MAIL__PARK_AFTER_S", "4")]);
    let operator = Operator::of(&demo);
    server.refuse("RCPT", "451 4.7.1 greylisted");
    let (receipt, _) = buy(&demo, "sakura01");
    let waiting = until("waiting mail", || listed(&operator, "?state=waiting").first().cloned());
    assert_eq!((&waiting["code"], &waiting["reason"]), (&json!(451), &json!("later")));
    until("waiting figure", || (scraped(&demo, "linepass_mail_waiting") > 0.5).then_some(()));
    server.behave();
    server.mail_with(&receipt);
    // Others are not held up by one that is put off, and the server is not held to be silent.
    server.refuse("RCPT", "451 4.7.1 greylisted");
    buy(&demo, "sakura02");
    let parked = until("parked mail", || listed(&operator, "?state=parked").first().cloned());
    assert!(parked["attempts"].as_u64().expect("a number") >= 2, "{parked}");
    assert_eq!((&parked["code"], &parked["reason"]), (&json!(451), &json!("later")));
    assert_eq!(operator.get("/mails").json()["server"], "answers");
    door::decisions(&demo, "mail", 1);
}

#[test]
fn a_server_that_refuses_us_parks_nothing() {
    let server = Server::start();
    let demo = server.demo();
    for (verb, reply) in [("CONNECT", "554 5.7.1 not you"), ("MAIL", "550 5.7.1 not you")] {
        server.refuse(verb, reply);
        let receipts: Vec<String> = (0..4).map(|_| buy(&demo, "sakura01").0).collect();
        until("silence", || (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(()));
        assert!(listed(&Operator::of(&demo), "?state=parked").is_empty());
        server.behave();
        for receipt in &receipts {
            server.mail_with(receipt);
        }
    }
}
