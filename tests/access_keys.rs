//! `linepass access-key reset`, `hold list` and `hold release` against the real binary.

mod common;

use common::{
    Demo,
    door::{decision_of, decisions},
    operator::{Operator, SAKURA},
    portal::{Household, access_key},
};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

type Ran = (Option<i32>, String, String);

fn run(operator: &Operator, arguments: &[&str]) -> Ran {
    let output = operator.run(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_server_draws_a_key_that_only_its_file_has_and_the_old_one_opens_nothing_r_058() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key.txt");
    let path = file.display().to_string();
    let reset = |customer: &str, more: &[&str]| {
        let fixed = ["access-key", "reset", customer, "--file", &path, "--reason", "lost, call 77"];
        run(&operator, &[&fixed, more].concat())
    };
    let household = Household::sakura(&demo);
    let (code, out, _) = reset(SAKURA, &["--dry-run"]);
    assert_eq!((code, file.exists()), (Some(0), false));
    assert!(out.contains("another access key, 1 sessions ended"), "{out}");
    household.see("");

    // No such line, no key, no file.
    let (code, _, talk) = reset("CAF0000099999", &[]);
    assert_eq!((code, file.exists()), (Some(4), false), "{talk}");

    let (code, out, talk) = reset(SAKURA, &["--json"]);
    assert_eq!((code, talk.as_str()), (Some(0), ""));
    let key = std::fs::read_to_string(&file).expect("the key").trim().to_owned();
    assert!(key.len() == 8 && key.bytes().all(|byte| byte.is_ascii_digit()), "{}", key.len());
    let mode = std::fs::metadata(&file).expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&told["sessions_ended"], &told["file"]), (&json!(1), &json!(path)));
    assert!(!out.contains(&key) && !demo.log().contains(&key), "it is told in the file alone");

    assert_eq!(household.open("").status, 303, "signed out");
    let household = Household::at(demo.issuer());
    assert_eq!(household.sign_in(SAKURA, access_key(&demo, SAKURA)).status, 403);
    household.enter(SAKURA, &key);

    // A file that is there is never written over, and then nothing is reset.
    let (code, _, talk) = reset(SAKURA, &[]);
    assert_eq!(code, Some(3));
    assert!(talk.contains("nothing was changed"), "{talk}");
    assert_eq!(reset(SAKURA, &["--dry-run"]).0, Some(3), "the rehearsal says so, too");
    assert_eq!(std::fs::read_to_string(&file).expect("the key").trim(), key);
    household.see("");
    assert_eq!(decisions(&demo, "reset_access_key", 1).len(), 1);
}

#[test]
fn holds_are_listed_and_released_in_memory_and_in_the_line() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let list = || {
        let (code, out, _) = run(&operator, &["hold", "list", SAKURA, "--json"]);
        assert_eq!(code, Some(0));
        serde_json::from_str::<Value>(&out).expect("JSON")["holds"].clone()
    };
    assert_eq!(list(), json!([]));
    let (code, out, _) = run(&operator, &["hold", "list", SAKURA]);
    assert_eq!((code, out), (Some(0), format!("{SAKURA}  no holds\n")));
    let release = |more: &[&str]| {
        run(&operator, &[&["hold", "release", SAKURA, "--reason", "r"], more].concat())
    };
    assert_eq!(release(&[]).0, Some(3), "nothing is held");

    let household = Household::at(demo.issuer());
    for _ in 0..5 {
        assert_eq!(household.sign_in(SAKURA, "00000000").status, 403);
    }
    decisions(&demo, "place_hold", 1);
    let held = list();
    assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
    assert_eq!((&held[0]["passport"], &held[0]["committed"]), (&Value::Null, &json!(true)));
    assert_eq!(held[0]["from"], "127.0.0.1/32", "{held}");
    let refused = household.sign_in(SAKURA, access_key(&demo, SAKURA));
    assert_eq!(decision_of(&demo, "sign_in", &refused)["reason"], "throttled");

    let (code, out, _) = release(&["--dry-run"]);
    assert_eq!((code, out.starts_with("Nothing was changed")), (Some(0), true), "{out}");
    assert_eq!(list().as_array().map(Vec::len), Some(1));
    assert_eq!(release(&["--passport", "1"]).0, Some(3), "another's hold");
    assert_eq!(release(&["--passport", "9"]).0, Some(4));
    let (code, out, _) = release(&[]);
    assert_eq!(code, Some(0));
    assert!(out.contains("access key  from 127.0.0.1/32  5 failures"), "{out}");
    assert_eq!(list(), json!([]));
    household.enter(SAKURA, access_key(&demo, SAKURA));
}
