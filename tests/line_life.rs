//! The billing number, passport IDs, contracts and the screen of one line, by their commands against
//! the real binary; and many changes of one line at once.

mod common;

use common::{
    Answer, Browser, Demo, Options, Provider, anime,
    operator::{Operator, SAKURA},
    order,
    portal::{CHANGED_MAIL, Household, PASSWORD, wanted},
    unique,
};
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Command, Stdio},
    thread,
};

/// Exit code, standard output, standard error.
fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = operator.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn subscribe(demo: &Demo, provider: &Provider, passport_id: &str) -> Answer {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(Some(&order(&unique(), "pack", 1, 525))));
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    browser.buy(&flow)
}

fn line(operator: &Operator) -> Value {
    operator.get(&format!("/lines/{SAKURA}")).json()
}

#[test]
fn one_screen_tells_how_a_line_stands_and_nothing_personal_but_places() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    subscribe(&demo, &demo.other_provider(), "sakura01");
    let (code, out, talk) = run(&operator, &["line", "show", SAKURA]);
    assert_eq!((code, talk.as_str()), (Some(0), ""));
    for expected in [
        "hikari_next  open",
        "billing                 telephone",
        "ID 1  in_use  525 of 10000 yen this month  line authentication on",
        "ID 2  in_use  0 of 10000 yen",
        "pack of a-sha  525 yen a month",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    for personal in ["sakura", "西日本", "0600000000", "example.jp"] {
        assert!(!out.contains(personal), "{personal}: {out}");
    }
    // The sign-in is written after the answer.
    common::door::decisions(&demo, "purchase", 1);
    let told = || operator.get(&format!("/lines/{SAKURA}/sign-ins")).json()["sign_ins"].clone();
    let began = std::time::Instant::now();
    while told() == json!([]) {
        assert!(began.elapsed().as_secs() < 30, "no sign-in is told");
    }
    assert_eq!((&told()[0]["from"], &told()[0]["to"]), (&json!("127.0.0.1"), &json!("a-sha")));
    let (_, out, _) = run(&operator, &["line", "show", SAKURA, "--json"]);
    let shown: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(shown["sign_ins"], told());
}

#[test]
fn passport_ids_are_shown_and_deleted_and_their_strings_stay_taken() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    subscribe(&demo, &demo.other_provider(), "sakura01");
    let (code, out, _) = run(&operator, &["passport", "show", SAKURA]);
    assert!(code == Some(0) && out.contains("2 passport IDs") && !out.contains("sakura"), "{out}");
    let (_, out, _) = run(&operator, &["passport", "show", SAKURA, "--names"]);
    assert!(out.contains("ID 1  sakura01  in_use") && out.contains("ID 2  sakura02"), "{out}");
    assert!(!demo.log().contains("sakura01"), "a passport ID is personal");

    let delete = |customer: &str, number: &str, more: &[&str]| {
        let fixed =
            ["passport", "delete", customer, "--passport", number, "--reason", "inquiry 12"];
        run(&operator, &[&fixed[..], more].concat())
    };
    let before = line(&operator);
    let (code, out, _) = delete(SAKURA, "1", &["--dry-run"]);
    assert!(code == Some(0) && out.contains("Nothing was changed"), "{out}");
    assert!(
        out.contains("(pack of a-sha), charged through") && out.contains("deletes passport ID 1")
    );
    assert_eq!(line(&operator), before);
    let (code, out, _) = delete(SAKURA, "1", &["--json"]);
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(code, Some(0));
    assert_eq!(told["contracts_ended"][0]["reason"], "passport_deleted", "R-106");
    assert_eq!(told["passport_ids_deleted"], json!([1]));
    for (customer, number) in [(SAKURA, "1"), (SAKURA, "9"), ("CAF0000099999", "1")] {
        assert_eq!(delete(customer, number, &[]).0, Some(4), "{customer} {number}");
    }
    assert_eq!(delete(SAKURA, "one", &[]).0, Some(2));

    // security.md 39 and R-107: the string is never given out again, to nobody.
    let household = Household::sakura(&demo);
    household.register_up_to_input();
    let taken = household.submit("register/id", &wanted("sakura01", PASSWORD, CHANGED_MAIL[0].1));
    assert_eq!(taken.status, 422, "{taken:?}");
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    assert_eq!(browser.log_in(&flow, "sakura01", demo.password("sakura01")).status, 403);
}

#[test]
fn a_contract_is_ended_by_name() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    subscribe(&demo, &demo.other_provider(), "sakura01");
    let contract = line(&operator)["contracts"][0]["contract"].as_str().expect("one").to_owned();
    let end = |contract: &str, line: &str, more: &[&str]| {
        let fixed = ["contract", "end", contract, "--line", line, "--reason", "case 118"];
        run(&operator, &[&fixed[..], more].concat())
    };
    assert_eq!(end(&contract, SAKURA, &["--dry-run"]).0, Some(0));
    assert_eq!(line(&operator)["live_contracts"], 1);
    let (code, out, _) = end(&contract, SAKURA, &["--json"]);
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!((code, &told["contracts_ended"][0]["reason"]), (Some(0), &json!("operator")));
    assert_eq!(line(&operator)["live_contracts"], 0);
    assert_eq!(end(&contract, SAKURA, &[]).0, Some(3), "it has ended");
    assert_eq!(end(&contract, "CAF0000020101", &[]).0, Some(4), "another line's");
    assert_eq!(end("K-1", SAKURA, &[]).0, Some(2));
}

#[test]
fn the_billing_number_changes_as_the_configuration_says_r_041_r_042() {
    let env = vec![("LINEPASS__BILLING__BULK_BILLING", "unavailable".to_owned())];
    let demo = Demo::with(&Options { env, ..Default::default() });
    let operator = Operator::of(&demo);
    subscribe(&demo, &demo.other_provider(), "sakura01");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.display().to_string()
    };
    let (phone, wrong) = (file("phone", "06-7777-6666\n"), file("wrong", "12\n"));
    let change = |row: &str, more: &[&str]| {
        let fixed = ["line", "billing", SAKURA, "--change", row, "--reason", "order 33"];
        run(&operator, &[&fixed[..], more].concat())
    };
    let before = line(&operator);
    let (code, out, _) = change("bulk", &["--dry-run"]);
    assert!(code == Some(0) && out.starts_with("まとめて支払い cannot go on"), "{out}");
    let (code, _, talk) = change("billed-number", &["--number-file", &phone]);
    assert!(code == Some(3) && talk.contains("same name"), "{talk}");
    let (code, _, talk) = change("phone-number", &["--number-file", &wrong]);
    assert!(code == Some(3) && talk.contains("number: must be a telephone number"), "{talk}");
    assert_eq!(change("phone-number", &["--number-file", "/nowhere/number"]).0, Some(1));
    assert_eq!(change("phone", &[]).0, Some(2));
    assert_eq!(line(&operator), before);

    let (code, out, _) =
        change("billed-number", &["--same-name-and-place", "--number-file", &phone, "--json"]);
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(
        (code, &told["number_replaced"], &told["continues"]),
        (Some(0), &json!(true), &json!(true))
    );
    // From standard input, and never in what is printed or logged.
    let mut child = Command::new(env!("CARGO_BIN_EXE_linepass"))
        .args(["line", "billing", SAKURA, "--change", "customer-number-00", "--reason", "order 34"])
        .args(["--number-file", "-"])
        .env("LINEPASS_OPERATOR_URL", &operator.url)
        .env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    child.stdin.take().expect("a pipe").write_all(b"0055554444\n").expect("writes");
    let output = child.wait_with_output().expect("ends");
    let out = String::from_utf8(output.stdout).expect("text");
    assert!(
        output.status.success() && out.contains("billing                 customer_number"),
        "{out}"
    );
    for number in ["0055554444", "0677776666"] {
        assert!(!out.contains(number) && !demo.log().contains(number));
    }
    assert_eq!(line(&operator)["live_contracts"], 1);

    let (code, _, _) = change("bulk", &[]);
    let barred = line(&operator);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&barred["live_contracts"], &barred["passport_ids"]),
        (&json!(0), &json!(2)),
        "R-042"
    );
    assert!(barred["unbillable"].is_string() && barred["billing"] == "bulk", "{barred}");
    let lift = ["line", "lift", SAKURA, "--kind", "unbillable", "--reason", "number found"];
    assert_eq!(run(&operator, &lift).0, Some(0));
    assert_eq!(line(&operator)["open"], true);
    assert_eq!(run(&operator, &lift).0, Some(3));
}

/// reliability.md 22: whatever comes in between, a line is one of the states that one change after
/// the other leads to.
#[test]
fn a_cancelling_a_restriction_a_transfer_and_limits_at_once_leave_one_line() {
    for round in 0..4 {
        let demo = Demo::start();
        let operator = Operator::of(&demo);
        subscribe(&demo, &demo.other_provider(), "sakura01");
        let contract =
            line(&operator)["contracts"][0]["contract"].as_str().expect("one").to_owned();
        let household = Household::sakura(&demo);
        household.step("limits", &[("limit_1", "9,000")], "limits/confirm");
        let limits = household.hidden("limits/confirm");
        let reason = "at once";
        let mut changes = vec![
            ("transfer", json!({ "transfer": "succession", "reason": reason })),
            ("restrict", json!({ "kind": "customer", "reason": reason })),
            ("restrict", json!({ "kind": "company", "reason": reason })),
        ];
        changes.rotate_left(round % 3);
        let end = format!("contracts/{contract}/end");
        changes.push((&end, json!({ "reason": reason })));
        let ended: Vec<usize> = thread::scope(|scope| {
            let sent: Vec<_> = changes
                .iter()
                .map(|(verb, body)| {
                    let operator = Operator::of(&demo);
                    scope.spawn(move || {
                        let path = format!("/lines/{SAKURA}/{verb}");
                        operator.send("POST", &path, &body.to_string())
                    })
                })
                .collect();
            let pairs = common::portal::pairs(&limits);
            let answer = household.post("limits/confirm", &pairs);
            assert!(answer.status < 500, "{answer:?}");
            let count = |answer: Answer| {
                assert!(matches!(answer.status, 200 | 409), "{answer:?}");
                let told = answer.json();
                told["contracts_ended"].as_array().map(Vec::len).unwrap_or_default()
            };
            sent.into_iter().map(|one| count(one.join().expect("answered"))).collect()
        });
        assert_eq!(ended.iter().sum::<usize>(), 1, "a contract ends once");
        let after = line(&operator);
        assert_eq!(
            (&after["ended"], &after["live_contracts"], &after["passport_ids"]),
            (&json!(true), &json!(0), &json!(0)),
            "{after}"
        );
        let page = household.open("statement");
        assert_eq!(page.status, 303, "its sessions are over");
    }
}
