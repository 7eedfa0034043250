//! Answers that cannot be kept or told: a change is never passed over in silence, and no file is left
//! that holds half of what it was made for.

mod common;
mod process;

use common::{
    Demo,
    operator::{Operator, answering},
};
use process::{Ended, linepass, run};
use serde_json::{Value, json};
use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
};

/// The commands that put what they were answered into a new file, with a whole answer for each.
fn commands() -> [(Vec<&'static str>, Value); 3] {
    let purchase = json!({
        "氏名": "西日本 花子", "住所": "大阪府", "連絡先電話番号": "0699998888",
        "課金電話番号": "0677776666", "利用した有料サービス名": "パック", "購入年月日": "2026-11-10",
    });
    [
        (
            vec!["token", "add", "--name", "desk-1", "--role", "desk", "--reason", "r", "--file"],
            json!({ "name": "desk-1", "role": "desk", "token": "T".repeat(43) }),
        ),
        (
            vec!["access-key", "reset", "CAF0000012573", "--reason", "r", "--file"],
            json!({ "customer_id": "CAF0000012573", "access_key": "12345678" }),
        ),
        (
            "overdue disclose CAF0000012573 --month 2026-11 --provider a-sha --reason r --out"
                .split(' ')
                .collect(),
            json!({ "customer_id": "CAF0000012573", "count": 1, "purchases": [purchase] }),
        ),
    ]
}

/// Runs a command against what answers so, where files may grow to `blocks` (of 512 bytes or more).
fn ask(arguments: &[&str], file: &Path, answer: &Value, blocks: &str) -> Ended {
    let folder = file.parent().expect("a folder");
    let token = folder.join("operator.token");
    // Without the signal's default, a write past the limit fails as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_linepass")]).args(arguments).arg(file);
    command.env("LINEPASS_OPERATOR_URL", answering(vec![answer.clone()]));
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", &token);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    run(&mut command)
}

fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("operator.token");
    std::fs::write(&token, "t".repeat(43)).expect("writes");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    folder
}

#[test]
fn what_is_to_be_made_and_is_there_already_is_refused_with_code_3_and_stays() {
    let folder = folder();
    let there = folder.path().join("there");
    std::fs::write(&there, b"mine").expect("writes");
    let more: [&[&str]; 4] = [
        &["token", "add", "--name", "a", "--role", "desk", "--reason", "r", "--dry-run", "--file"],
        &["provider", "rotate-secret", "a-sha", "--reason", "r", "--secret-file"],
        &["backup", "--out"],
        &["seed", "--lines", "1", "--seed", "1", "--credentials"],
    ];
    let all = commands().into_iter().map(|(arguments, _)| arguments);
    for arguments in all.chain(more.map(<[_]>::to_vec)) {
        let ended = ask(&arguments, &there, &json!({}), "unlimited");
        assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""), "{arguments:?}: {ended:?}");
        let named = there.display().to_string();
        assert!(ended.err.contains(&named) && ended.err.lines().count() == 1, "{ended:?}");
        assert_eq!(std::fs::read(&there).expect("reads"), b"mine", "{arguments:?}");
    }
    // A folder that is not there is another matter: once it is made, the same is done.
    for (arguments, _) in commands() {
        let ended = ask(&arguments, &folder.path().join("none/a"), &json!({}), "unlimited");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn an_answer_without_what_the_file_is_for_leaves_no_file_and_fails() {
    let folder = folder();
    let file = folder.path().join("kept");
    for (arguments, whole) in commands() {
        let ended = ask(&arguments, &file, &whole, "unlimited");
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        std::fs::remove_file(&file).expect("a file");
        let mut lacking = vec![json!({ "customer_id": "CAF0000012573", "count": 1 })];
        let mut half = whole.clone();
        if let Some(Value::Object(first)) = half.pointer_mut("/purchases/0") {
            first.remove("住所");
            lacking.push(half);
        }
        for answer in lacking {
            let ended = ask(&arguments, &file, &answer, "unlimited");
            assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{arguments:?}: {ended:?}");
            assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
            assert!(ended.err.contains(&file.display().to_string()), "{ended:?}");
            assert!(!file.exists(), "{arguments:?}: {answer}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_whole_goes_and_the_change_is_told() {
    let folder = folder();
    let file = folder.path().join("kept");
    for (arguments, whole) in commands() {
        let ended = ask(&arguments, &file, &whole, "0");
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains("File too large"), "{ended:?}");
        assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
        assert!(!ended.err.contains("花子") && !ended.err.contains("12345678"), "{ended:?}");
        assert!(!file.exists(), "{arguments:?}");
    }
}

#[test]
fn a_change_whose_answer_cannot_be_written_is_told_on_standard_error() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let full = |arguments: &[&str]| {
        let mut command = linepass(arguments);
        command.env("LINEPASS_OPERATOR_URL", &operator.url);
        command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
        command.stdout(File::options().write(true).open("/dev/full").expect("a full disk"));
        let output = command.output().expect("the binary runs");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let change = ["maintenance", "on", "--reason", "case 118"];
    for json in [&[][..], &["--json"]] {
        let (code, err) = full(&[&change[..], json].concat());
        assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
        assert!(err.contains("the change was made") && err.contains("No space left"), "{err}");
    }
    assert_eq!(operator.get("/maintenance").json()["on"], true);
    for arguments in [&["token", "list"][..], &["maintenance", "off", "--reason", "r", "--dry-run"]]
    {
        let (code, err) = full(arguments);
        assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
        assert!(err.contains("could not be written") && !err.contains("change was"), "{err}");
    }
}
