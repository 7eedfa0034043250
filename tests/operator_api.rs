//! The operator API and the commands that use it, against the real binary.

mod common;

use common::{
    Demo,
    door::{decision_of, decisions},
    operator::{Operator, SAKURA, assert_problem, journal, sample_path},
    unique,
};
use linepass::{store::Stream, web::operator::routes};
use serde_json::{Value, json};
use std::{io::Write, net::TcpStream, os::unix::fs::PermissionsExt};

#[test]
fn the_journal_keeps_who_changed_what_and_why() {
    let mut demo = Demo::start();
    let operator = Operator::of(&demo);
    operator.restrict(SAKURA, "company");
    let body = json!({ "reason": "release 1.4" });
    operator.change("PUT", "/maintenance", &body);
    operator.change("DELETE", "/maintenance", &body);
    let body = json!({ "kind": "sealing", "reason": "yearly rotation" });
    operator.change("POST", "/keys/rotate", &body);
    let rehearsed = json!({ "kind": "company", "reason": "rehearsed", "dry_run": true });
    operator.change("POST", &format!("/lines/{SAKURA}/lift"), &rehearsed);
    assert!(demo.terminate().success());

    let by_operators = |stream: Stream| -> Vec<(Value, Value)> {
        let entries = journal(demo.folder(), &stream).into_iter();
        let by_operators = entries.filter(|entry| entry["by"]["who"] == "operator");
        let checked = by_operators.inspect(|entry| {
            assert_eq!(entry["by"]["name"], "admin");
            assert!(entry["request_id"].is_string(), "{entry}");
        });
        checked
            .map(|entry| (entry["by"]["reason"].clone(), entry["events"][0]["event"].clone()))
            .collect()
    };
    let line = by_operators(Stream::Line(SAKURA.parse().expect("an ID")));
    assert_eq!(line, [(json!("form 2026-11-27/31"), json!("barrier_raised"))]);
    let system = by_operators(Stream::System);
    let expected = [
        ("release 1.4", "maintenance_began"),
        ("release 1.4", "maintenance_ended"),
        ("yearly rotation", "key_made"),
    ];
    assert_eq!(system, expected.map(|(reason, event)| (json!(reason), json!(event))));
}

#[test]
fn a_change_has_its_line_in_the_log_though_its_operator_went_away() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let host = operator.url.trim_start_matches("http://");
    let line = json!({ "kind": "company", "reason": "gone at once" }).to_string();
    let whole = json!({ "reason": "gone at once" }).to_string();
    let key = json!({ "kind": "signing", "reason": "gone at once" }).to_string();
    for (method, path, body, action) in [
        ("POST", format!("/lines/{SAKURA}/restrict"), &line, "restrict_line"),
        ("POST", format!("/lines/{SAKURA}/lift"), &line, "lift_line"),
        ("PUT", "/maintenance".to_owned(), &whole, "begin_maintenance"),
        ("DELETE", "/maintenance".to_owned(), &whole, "end_maintenance"),
        ("POST", "/keys/rotate".to_owned(), &key, "rotate_keys"),
    ] {
        let head = format!(
            "{method} /operator/v1{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            operator.token,
            body.len()
        );
        let mut stream = TcpStream::connect(host).expect("connects");
        stream.write_all(format!("{head}{body}").as_bytes()).expect("writes");
        drop(stream);
        let logged = decisions(&demo, action, 1);
        assert_eq!(logged[0]["outcome"], "accepted", "{logged:?}");
    }
}

#[test]
fn without_the_token_no_address_does_anything() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let lower = format!("Bearer {}", operator.token.to_lowercase());
    let basic = format!("Basic {}", operator.token);
    for route in routes::all() {
        let path = sample_path(route.path);
        let tries: [&[(&str, &str)]; 5] = [
            &[],
            &[("authorization", "Bearer ")],
            &[("authorization", &lower)],
            &[("authorization", &basic)],
            &[("authorization", &operator.token)],
        ];
        for headers in tries {
            let body = json!({ "kind": "customer", "reason": "none" }).to_string();
            let refused = operator.send_with(route.method.as_str(), &path, headers, &body);
            assert_problem(&refused, 401, "unauthorized");
            assert!(refused.header("www-authenticate").is_some_and(|v| v.starts_with("Bearer")));
        }
    }
    // Two are wrong by their form, whatever stands in them (RFC 6750 section 3.1).
    let right = format!("Bearer {}", operator.token);
    let two = [("authorization", &*right), ("authorization", &*right)];
    let refused = operator.send_with("GET", &format!("/lines/{SAKURA}"), &two, "");
    assert_problem(&refused, 400, "invalid_request");
    let expected = "Bearer realm=\"operator\", error=\"invalid_request\"";
    assert_eq!(refused.header("www-authenticate"), Some(expected));
    assert_eq!(operator.get(&format!("/lines/{SAKURA}")).json()["open"], true);
    assert!(!demo.log().contains(&operator.token), "a token never stands in the log");
    // security.md 65: nothing of it on the public listener.
    let public = common::Http::new();
    let url = format!("{}/operator/v1/lines/{SAKURA}", demo.issuer());
    let value = format!("Bearer {}", operator.token);
    assert_eq!(public.get(&url, &[("authorization", &value)]).status, 404);
}

#[test]
fn the_token_is_made_once_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || common::Options { folder: Some(folder.path()), ..Default::default() };
    let mut demo = Demo::with(&options());
    let first = Operator::of(&demo);
    let file = demo.text("/operator_token_file").to_owned();
    assert_eq!(file, folder.path().join("operator.token").display().to_string());
    let mode = std::fs::metadata(&file).expect("there").permissions().mode() & 0o7777;
    assert_eq!((mode, first.token.len()), (0o600, 43));
    assert!(demo.terminate().success());
    let again = Demo::with(&options());
    assert_eq!(Operator::of(&again).token, first.token);
}

#[test]
fn a_restriction_is_made_seen_and_lifted() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let path = format!("/lines/{SAKURA}");
    let before = operator.get(&path).json();
    let ids = before["passports"].as_array().expect("IDs").iter();
    let ids: Vec<_> = ids.map(|id| (id["passport"].clone(), id["status"].clone())).collect();
    assert_eq!(ids, [(json!(1), json!("in_use")), (json!(2), json!("in_use"))]);
    assert_eq!(
        before,
        json!({
            "customer_id": SAKURA, "service": "hikari_next", "open": true, "restriction": null,
            "company_stop": null, "unbillable": null, "ended": false, "passport_ids": 2,
            "live_contracts": 0, "line_limit_yen": before["line_limit_yen"], "inquiries": 0,
            "ended_at": null, "ended_by": null, "billing": "telephone",
            "passports": before["passports"], "contracts": [], "unpaid": [],
        })
    );
    let body = json!({ "kind": "company", "reason": "misuse" }).to_string();
    let made = operator.send("POST", &format!("{path}/restrict"), &body);
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(
        (&made.json()["dry_run"], &made.json()["line"]["open"]),
        (&json!(false), &json!(false))
    );
    let line = decision_of(&demo, "restrict_line", &made);
    assert_eq!((&line["outcome"], &line["line"]), (&json!("accepted"), &json!(SAKURA)));
    let seen = operator.get(&path).json();
    assert!(seen["company_stop"].is_string() && seen["restriction"].is_null(), "{seen}");

    // What a rule says no to is 409 and changes nothing.
    let again = operator.send("POST", &format!("{path}/restrict"), &body);
    assert_problem(&again, 409, "barred_already");
    let refused = decision_of(&demo, "restrict_line", &again);
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&json!("refused"), &json!("barred_already"))
    );
    operator.lift(SAKURA, "company");
    assert_eq!(operator.get(&path).json(), before);
    let body = json!({ "kind": "customer", "reason": "none stands" }).to_string();
    assert_problem(&operator.send("POST", &format!("{path}/lift"), &body), 409, "not_barred");
}

#[test]
fn what_cannot_be_taken_is_a_problem_and_changes_nothing() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let path = format!("/lines/{SAKURA}/restrict");
    let long = "あ".repeat(201);
    let table = [
        ("", 400, "not_json"),
        ("{", 400, "not_json"),
        ("{}", 422, "invalid_request"),
        (r#"{"kind":"customer"}"#, 422, "invalid_request"),
        (r#"{"kind":"customer","reason":""}"#, 422, "invalid_request"),
        (r#"{"kind":"customer","reason":" \n "}"#, 422, "invalid_request"),
        (&format!(r#"{{"kind":"customer","reason":"{long}"}}"#), 422, "invalid_request"),
        (r#"{"kind":"nobody","reason":"r"}"#, 422, "invalid_request"),
        (r#"{"kind":"customer","reason":"r","dryrun":true}"#, 422, "invalid_request"),
        (r#"{"kind":"customer","kind":"company","reason":"r"}"#, 422, "invalid_request"),
        (&"x".repeat(20_000), 413, "unreadable_body"),
    ];
    for (body, status, code) in table {
        assert_problem(&operator.send("POST", &path, body), status, code);
    }
    let body = json!({ "kind": "customer", "reason": "r" }).to_string();
    assert_problem(&operator.send("POST", "/lines/caf1/restrict", &body), 422, "invalid_request");
    let unknown = operator.send("POST", "/lines/CAF0000099999/restrict", &body);
    assert_problem(&unknown, 404, "unknown_line");
    assert_problem(&operator.get("/lines/CAF0000099999"), 404, "unknown_line");
    assert_problem(&operator.get("/nothing"), 404, "no_such_route");
    let wrong_method = operator.get(&path);
    assert_problem(&wrong_method, 405, "method_not_allowed");
    assert_eq!(wrong_method.header("allow"), Some("POST"));
    assert_eq!(operator.get(&format!("/lines/{SAKURA}")).json()["open"], true);
}

/// Exit code, standard output, standard error.
fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = operator.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn bar<'a>(verb: &'a str, customer: &'a str, kind: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["line", verb, customer, "--kind", kind, "--reason", "case 118"];
    arguments.extend(more);
    arguments
}

#[test]
fn the_commands_end_with_the_codes_that_scripts_rely_on() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let (code, out, talk) = run(&operator, &["line", "show", SAKURA, "--json"]);
    assert_eq!((code, talk.as_str(), out.lines().count()), (Some(0), "", 1), "{talk}");
    let mut shown: Value = serde_json::from_str(&out).expect("JSON");
    let sign_ins = shown.as_object_mut().expect("an object").remove("sign_ins");
    assert_eq!((&shown["customer_id"], sign_ins), (&json!(SAKURA), Some(json!([]))));

    // A rehearsal tells and changes nothing.
    let (code, out, _) = run(&operator, &bar("restrict", SAKURA, "customer", &["--dry-run"]));
    assert!(code == Some(0) && out.starts_with("Nothing was changed"), "{out}");
    assert_eq!(operator.get(&format!("/lines/{SAKURA}")).json(), shown);

    let (code, out, talk) = run(&operator, &bar("restrict", SAKURA, "customer", &[]));
    assert_eq!((code, talk.as_str()), (Some(0), ""));
    assert!(out.contains("barred") && out.contains("customer's restriction  since 20"), "{out}");
    let (code, out, talk) = run(&operator, &bar("restrict", SAKURA, "customer", &[]));
    assert_eq!((code, out.as_str()), (Some(3), ""), "refused by a rule");
    assert!(talk.contains("barred by this already"), "{talk}");
    let (code, out, _) = run(&operator, &bar("restrict", SAKURA, "customer", &["--json"]));
    let problem: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &problem["code"]), (Some(3), &json!("barred_already")));
    assert_eq!(run(&operator, &bar("lift", SAKURA, "customer", &[])).0, Some(0));
    assert_eq!(run(&operator, &bar("lift", "CAF0000099999", "customer", &[])).0, Some(4));
    assert_eq!(run(&operator, &["line", "show", "CAF0000099999"]).0, Some(4));

    for usage in [
        &["line"][..],
        &["line", "show", "caf"],
        &["line", "restrict", SAKURA, "--kind", "customer"],
        &["line", "restrict", SAKURA, "--kind", "customer", "--reason", ""],
        &["line", "restrict", SAKURA, "--kind", "both", "--reason", "r"],
        &["line", "restrict", SAKURA, "--reason", "r"],
    ] {
        assert_eq!(run(&operator, usage).0, Some(2), "{usage:?}");
    }
}

#[test]
fn the_commands_find_the_server_by_the_configuration_and_never_send_a_token_out() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("linepass.toml");
    let listen = operator.url.trim_start_matches("http://");
    let token_file = demo.text("/operator_token_file");
    let text = format!("[operator]\nlisten = \"{listen}\"\ntoken_file = \"{token_file}\"\n");
    std::fs::write(&file, text).expect("writes");
    let show = |url: Option<&str>, token_file: Option<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_linepass"));
        command.args(["line", "show", SAKURA, "--config"]).arg(&file);
        command.envs(url.map(|url| ("LINEPASS_OPERATOR_URL", url)));
        command.envs(token_file.map(|file| ("LINEPASS_OPERATOR_TOKEN_FILE", file)));
        command.output().expect("runs")
    };
    assert_eq!(show(None, None).status.code(), Some(0));
    let out_of_house = show(Some("http://192.0.2.1:8481"), None);
    assert_eq!(out_of_house.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out_of_house.stderr).contains("loopback"));

    // A file that is not there is no silent default, though the environment says all.
    for command in [&["line", "show", SAKURA][..], &["verify"], &["backup", "--out", "/nowhere/a"]]
    {
        let ended = operator.run(&[command, &["--config", "/nowhere/none.toml"]].concat());
        assert_eq!(
            (ended.status.code(), ended.stdout.as_slice()),
            (Some(1), &b""[..]),
            "{ended:?}"
        );
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(told.starts_with("linepass: /nowhere/none.toml: cannot be read: "), "{told}");
    }
    // Where nobody listens, that is told, with what to do.
    let nobody = show(Some("http://127.0.0.1:1"), None);
    let told = String::from_utf8_lossy(&nobody.stderr);
    assert!(told.contains("is the server running?; --config names the server"), "{told}");

    // Another token is refused; a token that others can read is not even sent.
    let other = folder.path().join("other.token");
    std::fs::write(&other, format!("{}{}", unique(), unique())).expect("writes");
    let name = other.display().to_string();
    std::fs::set_permissions(&other, PermissionsExt::from_mode(0o644)).expect("chmod");
    let shared = show(None, Some(&name));
    assert_eq!(shared.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&shared.stderr).contains("0600"), "{shared:?}");
    std::fs::set_permissions(&other, PermissionsExt::from_mode(0o600)).expect("chmod");
    let wrong = show(None, Some(&name));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("operator's token"), "{wrong:?}");
}
