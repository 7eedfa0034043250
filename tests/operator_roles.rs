//! Who may do what on the operator API, over the whole table of routes, and the tokens with their
//! roles: added into a file, listed, revoked (security.md 66).

mod common;

use common::{
    Demo, Options,
    door::decision_of,
    operator::{Operator, SAKURA, assert_problem, journal, sample_path},
};
use linepass::{domain::operator::Role, store::Stream, web::operator::routes};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

/// Adds a token by the command; the operator who holds it.
fn add(admin: &Operator, folder: &Path, name: &str, role: Role) -> Operator {
    let file = folder.join(format!("{name}.token"));
    let output = run_add(admin, name, role, &file, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    Operator::at(admin.url.clone(), &file)
}

fn run_add(admin: &Operator, name: &str, role: Role, file: &Path, more: &[&str]) -> Output {
    let file = file.to_str().expect("a path");
    let fixed = ["token", "add", "--name", name, "--role", role.as_str(), "--file", file];
    admin.run(&[&fixed[..], &["--reason", "new desk"], more].concat())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// An address as somebody writes it who hopes that the guard reads it otherwise than the router:
/// the first letter of each part that has one, in percent-encoding (RFC 3986 section 2.4).
fn disguised(path: &str) -> String {
    let part = |part: &str| match part.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => {
            format!("%{:02x}{}", first as u32, &part[1..])
        }
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// security.md 66: whatever stands in the table is asked for its role, and whatever changes
/// something for its reason. New routes are walked by themselves.
#[test]
fn every_route_refuses_a_lower_role_and_every_change_wants_its_reason() {
    let demo = Demo::start();
    let admin = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let others = [Role::Desk, Role::Billing];
    let others = others.map(|role| (role, add(&admin, folder.path(), role.as_str(), role)));
    let (mut refused, mut let_in) = (0, 0);
    for route in routes::all() {
        let (method, path) = (route.method.as_str(), sample_path(route.path));
        assert!(!route.roles.is_empty(), "{method} {path} names no role");
        let is_change = method != "GET";
        for (role, operator) in &others {
            // Without a reason nothing is changed by whoever is let in.
            let answer =
                if is_change { operator.send(method, &path, "{}") } else { operator.get(&path) };
            if route.roles.contains(role) {
                assert_ne!(answer.status, 401, "{method} {path} {role}: {answer:?}");
                assert_ne!(answer.status, 403, "{method} {path} {role}: {answer:?}");
                let_in += 1;
            } else {
                assert_problem(&answer, 403, "forbidden");
                let line = decision_of(&demo, "operator_access", &answer);
                assert_eq!(
                    (&line["outcome"], &line["reason"]),
                    (&json!("refused"), &json!("forbidden"))
                );
                refused += 1;
                // However the address is written, its role is asked for.
                let disguised = disguised(&path);
                assert_ne!(disguised, path);
                let answer = operator.send(method, &disguised, "{}");
                assert_problem(&answer, 403, "forbidden");
            }
            if !is_change {
                let head = operator.send(method.replace("GET", "HEAD").as_str(), &path, "");
                assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "HEAD {path}");
            }
        }
        if is_change {
            let answer = admin.send(method, &path, "{}");
            assert_problem(&answer, 422, "invalid_request");
            let detail = answer.json()["detail"].as_str().expect("a sentence").to_owned();
            assert!(detail.contains("reason"), "{method} {path}: {detail}");
        }
    }
    assert!(refused > 10 && let_in > 5, "{refused} {let_in}");
}

#[test]
fn a_token_is_written_for_its_owner_alone_and_stands_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let options = || Options { folder: Some(&data), ..Options::default() };
    let mut demo = Demo::with(&options());
    let admin = Operator::of(&demo);
    let file = folder.path().join("desk.token");

    // A rehearsal and a refusal leave no file.
    let rehearsed = run_add(&admin, "desk-1", Role::Desk, &file, &["--dry-run"]);
    assert_eq!(rehearsed.status.code(), Some(0), "{rehearsed:?}");
    assert!(said(&rehearsed).starts_with("Nothing was changed"), "{rehearsed:?}");
    let taken = run_add(&admin, "admin", Role::Desk, &file, &[]);
    assert_eq!(taken.status.code(), Some(3), "{taken:?}");
    assert!(!file.exists());

    let added = run_add(&admin, "desk-1", Role::Desk, &file, &["--json"]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let mode = fs::metadata(&file).expect("a file").permissions().mode() & 0o7777;
    let token = fs::read_to_string(&file).expect("a token").trim().to_owned();
    assert_eq!((mode, token.len()), (0o600, 43), "256 bits for its owner alone");
    let out: Value = serde_json::from_slice(&added.stdout).expect("JSON");
    let file_name = file.display().to_string();
    assert_eq!(
        out,
        json!({ "name": "desk-1", "role": "desk", "dry_run": false, "file": file_name })
    );
    assert!(!said(&added).contains(&token), "a token is not printed");

    // What is there is never written over, and then nothing is added.
    let over = run_add(&admin, "desk-2", Role::Desk, &file, &[]);
    assert_eq!(over.status.code(), Some(3), "{over:?}");
    let rehearsed = run_add(&admin, "desk-2", Role::Desk, &file, &["--dry-run"]);
    assert_eq!(rehearsed.status.code(), Some(3), "{rehearsed:?}");
    assert_eq!(fs::read_to_string(&file).expect("a token").trim(), token);
    let nowhere = folder.path().join("none/desk.token");
    assert_eq!(run_add(&admin, "desk-2", Role::Desk, &nowhere, &[]).status.code(), Some(1));
    // A live name is one token's.
    let other = folder.path().join("other.token");
    let again = run_add(&admin, "desk-1", Role::Admin, &other, &[]);
    assert_eq!((again.status.code(), other.exists()), (Some(3), false), "{again:?}");
    for wrong in ["Desk", "a b", "", &"a".repeat(33)] {
        let output = run_add(&admin, wrong, Role::Desk, &other, &[]);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {output:?}");
    }

    let listed = admin.get("/tokens").json();
    let names: Vec<_> = listed["tokens"].as_array().expect("tokens").iter().collect();
    assert_eq!(names.len(), 2, "{listed}");
    assert_eq!(*names[0], json!({ "name": "admin", "role": "admin", "since": null }));
    assert_eq!((&names[1]["name"], &names[1]["role"]), (&json!("desk-1"), &json!("desk")));
    let list = said(&admin.run(&["token", "list"]));
    assert!(list.contains("desk-1") && list.contains("since 20"), "{list}");
    assert!(!listed.to_string().contains(&token) && !demo.log().contains(&token));

    // It lives on over a restart, and its name stands at what it changed.
    assert!(demo.terminate().success());
    let mut again = Demo::with(&options());
    let desk = Operator::at(Operator::of(&again).url.clone(), &file);
    desk.restrict(SAKURA, "company");
    assert!(again.terminate().success());
    let line = journal(&data, &Stream::Line(SAKURA.parse().expect("an ID")));
    let by = &line.last().expect("an entry")["by"];
    assert_eq!((&by["who"], &by["name"]), (&json!("operator"), &json!("desk-1")), "{by}");
    let system = journal(&data, &Stream::System);
    let added = system.iter().find(|entry| entry["events"][0]["event"] == "operator_token_added");
    let added = added.expect("it is journalled");
    assert_eq!(
        (&added["by"]["name"], &added["by"]["reason"]),
        (&json!("admin"), &json!("new desk"))
    );
    assert_eq!(added["events"][0]["sha256"].as_str().map(str::len), Some(43));
    assert!(!json!(system).to_string().contains(&token), "its hash alone is kept");
}

#[test]
fn a_revoked_token_opens_nothing_from_the_next_request_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start();
    let admin = Operator::of(&demo);
    let desk = add(&admin, folder.path(), "desk-1", Role::Desk);
    let line = format!("/lines/{SAKURA}");
    assert_eq!(desk.get(&line).status, 200);
    let ends = |arguments: &[&str]| desk.run(arguments).status.code();
    assert_eq!(ends(&["token", "list"]), Some(3), "its role may not, and never may");
    let revoke = |name: &str, more: &[&str]| {
        let fixed = ["token", "revoke", name, "--reason", "left the desk"];
        admin.run(&[&fixed[..], more].concat()).status.code()
    };
    assert_eq!(revoke("desk-1", &["--dry-run"]), Some(0));
    assert_eq!(desk.get(&line).status, 200, "a rehearsal changes nothing");
    assert_eq!(revoke("desk-1", &[]), Some(0));
    assert_problem(&desk.get(&line), 401, "unauthorized");
    assert_eq!(ends(&["line", "show", SAKURA]), Some(1), "another token may");
    assert_eq!(revoke("desk-1", &[]), Some(4), "there is none of that name now");
    assert_eq!(revoke("admin", &[]), Some(3), "the first token stands in the server's file");
    assert_eq!(admin.get(&line).status, 200);
    // The name is free again, and the old token stays dead.
    fs::remove_file(folder.path().join("desk-1.token")).expect("removes");
    let other = add(&admin, folder.path(), "desk-1", Role::Billing);
    assert_eq!((other.get(&line).status, desk.get(&line).status), (200, 401));
    let body = json!({ "kind": "company", "reason": "misuse" }).to_string();
    assert_problem(&other.send("POST", &format!("{line}/restrict"), &body), 403, "forbidden");
}
