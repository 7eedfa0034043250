//! What is wrong in a run of `linepass load` makes it a failure: a fast wrong answer, an order that is
//! otherwise afterwards, a broken invariant, a ledger that is not whole; what is turned away does not
//! (reliability 20, 31; interfaces.md 3).

mod common;
mod loading;
mod process;

use loading::{
    Found, credentials, demo_with, issuer_that_answers, load_command, load_verified_by,
    lying_relay, made_up_credentials, number, operator_stub, verified,
};
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn a_fast_wrong_answer_is_a_failure() {
    let demo = demo_with(&[]);
    let file = credentials(&demo);
    let number = "translate=\"no\">1000 0000 0";
    let table = [
        // A receipt number with another digit has no right check digit.
        ("purchase", "completion", number, "translate=\"no\">1000 0000 9", "check digit"),
        // A press that leads somewhere else was not answered as it must be.
        ("press", "press", "/complete\r\n", "/Complete\r\n", "it leads to"),
        // A page of another household.
        ("statement", "statement", "CAF0000012573", "CAF0000012572", "does not name the line"),
        // The token's answer tells another amount than was ordered.
        ("purchase", "exchange", "\"amount\":1,", "\"amount\":2,", "not the one on the page"),
    ];
    for (scenario, step, from, to, told) in table {
        let relay = lying_relay(demo.issuer(), from, to);
        let words = format!("--scenario {scenario} --rate 10 --duration 1s --lines 1");
        let found = Found::at(&relay, &file, &words);
        assert_eq!(found.code, Some(1), "{from}: {found}");
        assert_eq!(found.result["verdict"], "failed");
        let reasons = found.reasons();
        assert!(reasons.contains(step) && reasons.contains(told), "{from}: {reasons}");
    }
}

/// Reliability I1: what was acknowledged is asked for again, and is otherwise.
#[test]
fn an_order_that_is_otherwise_afterwards_is_a_failure() {
    let demo = demo_with(&[]);
    let (from, to) = ("\"service\":\"support\"", "\"service\":\"sapport\"");
    let relay = lying_relay(demo.issuer(), from, to);
    let words = "--scenario press --rate 10 --duration 1s --lines 1";
    let found = Found::at(&relay, &credentials(&demo), words);
    assert_eq!(found.code, Some(1), "{found}");
    assert_eq!(found.count("wrong"), 0, "the press itself was right");
    assert!(found.number("/reconciliation/faults") > 0);
    assert!(found.reasons().contains("otherwise than the server said"), "{found}");
}

/// What was measured is told all the same: whoever loaded for hours does so once.
#[test]
fn a_ledger_that_cannot_be_written_is_a_failure_and_costs_no_figures() {
    let demo = demo_with(&[]);
    let ledger = demo.folder().join("asked.jsonl");
    let words = format!(
        "--scenario purchase --rate 20 --duration 1s --no-verify --json --ledger {}",
        ledger.display()
    );
    let load = load_command(demo.issuer(), &credentials(&demo), &words);
    // No file may have more than a block, and whoever writes more is told so.
    let mut bounded = Command::new("sh");
    bounded.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
    bounded.arg(load.get_program()).args(load.get_args());
    let ran = bounded.output().expect("sh runs");
    let result: Value = serde_json::from_slice(&ran.stdout).expect("its figures");
    assert_eq!((ran.status.code(), &result["verdict"]), (Some(1), &json!("failed")), "{result}");
    assert!(result["reasons"].to_string().contains("the ledger is not whole"), "{result}");
    assert!(number(&result, "/phases/0/counts/ok") > 0, "{result}");
}

/// Reliability 31 and 33: a server without room says when to come again, and who was turned away comes
/// back so often and no oftener.
#[test]
fn what_is_turned_away_is_tried_again_three_times_and_counted_as_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made_up_credentials(folder.path());
    let with = |refusal: &str, more: &str| {
        let server = issuer_that_answers(refusal);
        let words = format!("--scenario login --rate 10 --spacing even --duration 1s {more}");
        let found = Found::at(&server, &file, &words);
        assert_eq!(found.code, Some(1), "{found}");
        assert!(found.reasons().contains("nothing ended as it should: none of 10"), "{found}");
        found
    };
    let busy = "503 Service Unavailable\r\nretry-after: 0";
    let again = with(busy, "--retry");
    assert_eq!((again.count("shed"), again.count("retries")), (10, 30), "{again}");
    let once = with(busy, "");
    assert_eq!((once.count("shed"), once.count("retries")), (10, 0), "{once}");
    let mute = with("503 Service Unavailable", "--retry");
    assert_eq!((mute.count("wrong"), mute.count("retries")), (10, 0), "{mute}");
    assert!(mute.reasons().contains("503 without Retry-After"), "{mute}");
    let failing = with("500 Internal Server Error", "");
    assert_eq!((failing.count("failed"), failing.count("wrong")), (10, 0), "{failing}");
}

#[test]
fn a_crooked_request_that_is_throttled_is_turned_away_and_not_answered_wrongly() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made_up_credentials(folder.path());
    let words = "--scenario mix=attack:1 --attacks crooked --rate 10 --spacing even --duration 1s";
    let with = |throttled: &str| Found::at(&issuer_that_answers(throttled), &file, words);
    let throttled = with("429 Too Many Requests\r\nretry-after: 7");
    assert_eq!((throttled.count("shed"), throttled.count("wrong")), (10, 0), "{throttled}");
    assert_eq!(throttled.code, Some(0), "{throttled}");
    let mute = with("429 Too Many Requests");
    assert_eq!((mute.count("shed"), mute.count("wrong")), (0, 10), "{mute}");
    assert!(mute.reasons().contains("429 without Retry-After"), "{mute}");
}

#[test]
fn a_run_ends_with_verify_and_a_broken_invariant_is_a_failure() {
    let demo = demo_with(&[]);
    let held = |fault: &[&str]| json!({ "kept": 1, "kept_faults": fault, "refused": 0, "refused_faults": [] });
    let running = || json!({ "state": "running", "done": 1, "of": 2 });
    let lost = json!({ "state": "never" });
    let table = [
        (vec![running(), verified(true, 0), held(&[])], Some(0), "passed"),
        (vec![verified(false, 1), held(&[])], Some(1), "failed"),
        (vec![verified(true, 0), held(&["r-1 is gone"])], Some(1), "failed"),
        (vec![running(), lost], Some(1), "failed"),
    ];
    for (answers, code, verdict) in table {
        let said = json!(answers).to_string();
        let words = "--scenario press --rate 5 --spacing even --duration 1s --lines 1";
        let operator = operator_stub(&Value::Null, answers);
        let ended = load_verified_by(&operator, &demo, &credentials(&demo), words);
        let found = Found::by(&ended);
        assert_eq!(found.code, code, "{said}: {ended:?}");
        assert_eq!(found.result["verdict"], verdict, "{said}");
    }
}
