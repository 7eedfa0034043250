//! The parts of a backup as the operator API gives them: one backup at a time, its parts in their order, a
//! lost one again, and all that was committed until the last page (reliability 13, I9).

mod common;
mod process;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    Demo,
    door::decisions,
    operator::{Operator, SAKURA, answering_or_not, assert_problem},
};
use process::{linepass, run};
use serde_json::{Value, json};

#[test]
fn one_backup_is_taken_at_a_time_and_its_parts_in_their_order() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let begun = operator.change("POST", "/backup", &json!({ "reason": "by hand" }));
    let name = begun["backup"].as_str().expect("a name").to_owned();
    let part = |number: u64| operator.get(&format!("/backup/parts?backup={name}&part={number}"));
    let second = operator.send("POST", "/backup", r#"{"reason":"another"}"#);
    assert_problem(&second, 409, "backup_under_way");
    // It passes by itself, so the command may be tried again.
    let folder = tempfile::tempdir().expect("a folder");
    let ended = operator.run(&["backup", "--out", folder.path().to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        ended.status.code() == Some(1) && said.contains("another backup is under way"),
        "{said}"
    );
    assert_problem(&part(1), 409, "part_out_of_turn");
    let first = part(0);
    assert_eq!((first.status, &first.json()["kind"]), (200, &json!("rows")));
    assert_eq!(part(0).body, first.body, "an answer that was lost is given again");
    let mut number = 1;
    while part(number).json()["kind"] != "manifest" {
        number += 1;
    }
    assert_eq!(part(number).json()["kind"], "manifest");
    assert_problem(&part(number + 1), 409, "part_out_of_turn");
    let end = |backup: &str, kept: bool| {
        let body = json!({ "reason": "by hand", "backup": backup, "kept": kept });
        operator.send("POST", "/backup/end", &body.to_string())
    };
    assert_problem(&end("nobody", true), 404, "unknown_backup");
    for _ in 0..2 {
        // An answer that was lost is given again.
        assert_eq!(end(&name, true).json(), json!({ "backup": name, "kept": true }));
    }
    let unknown = operator.get("/backup/parts?backup=nobody&part=0");
    assert_problem(&unknown, 404, "unknown_backup");
    let odd = operator.get("/backup/parts?backup=nobody&part=x");
    assert_problem(&odd, 422, "invalid_request");
    // It has ended: the next may begin; and one that is given up makes room for another at once.
    let begin = || operator.change("POST", "/backup", &json!({ "reason": "the next" }));
    let next = begin()["backup"].as_str().expect("a name").to_owned();
    assert_problem(&end(&next, true), 409, "backup_not_given");
    assert_eq!(end(&next, false).status, 200);
    begin();
    assert_eq!(decisions(&demo, "end_backup", 5).len(), 5);
}

/// I9 at each moment: what is committed between two parts is in the backup, up to its last page.
#[test]
fn what_is_committed_between_consecutive_parts_is_in_the_backup() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let begun = operator.change("POST", "/backup", &json!({ "reason": "by hand" }));
    let name = begun["backup"].as_str().expect("a name").to_owned();
    let (mut kinds, mut blocks) = (Vec::new(), Vec::new());
    let manifest = loop {
        let path = format!("/backup/parts?backup={name}&part={}", kinds.len());
        let part = operator.get(&path).json();
        kinds.push(part["kind"].as_str().expect("a kind").to_owned());
        if part["kind"] == "manifest" {
            let body = STANDARD.decode(part["body"].as_str().expect("a body")).expect("base64");
            break serde_json::from_slice::<Value>(&body[..body.len() - 32]).expect("JSON");
        }
        operator.restrict(SAKURA, "company");
        operator.lift(SAKURA, "company");
        let status = operator.get("/status").json();
        blocks.push(status["durable_block"].as_u64().expect("a block"));
    };
    // The one page of a demo's rows, what was committed after it, and the end.
    assert_eq!(kinds, ["rows", "changes", "manifest"]);
    // What follows the journal may commit how far it is at any time.
    let block = manifest["block"].as_u64().expect("a block");
    assert!((blocks[0]..blocks[1]).contains(&block), "{manifest} {blocks:?}");
    assert!(manifest["begun_block"].as_u64() < Some(blocks[0]), "{manifest} {blocks:?}");
    // The line's events, its head rows and the blocks of both groups.
    assert!(manifest["changes"].as_u64() >= Some(4), "{manifest}");
}

/// The body of a part that nobody made: a manifest with any MAC, which the restore would refuse.
fn any_manifest() -> Value {
    let manifest = json!({ "begun_block": 1, "block": 1, "block_hash": "0".repeat(64), "parts": 1,
                           "rows": 0, "changes": 0, "made_at": 0 });
    let body = STANDARD.encode([manifest.to_string().as_bytes(), &[0; 32][..]].concat());
    json!({ "kind": "manifest", "body": body })
}

/// A server that closes a connection has not lost the backup: the same part is asked for again.
#[test]
fn a_part_whose_answer_was_lost_is_asked_for_again() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().expect("a folder");
    let rows = json!({ "kind": "rows", "body": "" });
    let answers = [Some(json!({ "backup": "x" })), None, Some(rows), Some(any_manifest()), None];
    let ended = Some(json!({ "backup": "x", "kept": true }));
    let url = answering_or_not(answers.into_iter().chain([ended]).collect());
    let to = folder.path().join("a.backup").display().to_string();
    let mut command = linepass(&["backup", "--json", "--out", &to]);
    command.env("LINEPASS_OPERATOR_URL", url);
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
    let ended = run(&mut command);
    let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!((ended.code, &told["told"], &told["parts"]), (Some(0), &json!(true), &json!(1)));
}
