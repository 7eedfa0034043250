//! `linepass verify` against the real binary: every invariant of a store, beside its server and
//! without one, and a ledger of what clients know held against it (reliability: I1 to I9).

mod common;
mod process;

use common::{
    Browser, Demo, Options, anime,
    door::decisions,
    operator::{Operator, SAKURA, answering},
    purchase, unique,
};
use linepass::store::{key, record};
use process::{Ended, linepass, rows, run};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

fn verify_offline(folder: &Path, more: &[&str]) -> Ended {
    process::offline(&["verify"], folder, more)
}

/// What the command says of a stopped store, and that it ends as it says.
fn report(folder: &Path) -> Value {
    process::offline_report(&["verify"], folder)
}

fn live(operator: &Operator, more: &[&str]) -> (Option<i32>, Value) {
    let output = operator.run(&[&["verify", "--json"], more].concat());
    let answer = serde_json::from_slice(&output.stdout);
    (output.status.code(), answer.unwrap_or_else(|_| panic!("{output:?}")))
}

/// The names of the invariants that do not hold, and the first that each says.
fn broken(report: &Value) -> Vec<(String, String)> {
    let invariants = report["invariants"].as_array().expect("invariants").iter();
    let broken = invariants.filter(|one| one["faults"] != 0);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    broken.map(|one| (text(&one["name"]), text(&one["first"][0]))).collect()
}

fn options(folder: &Path) -> Options<'_> {
    Options { folder: Some(folder), ..Options::default() }
}

/// A purchase, and the line of a ledger for it.
fn bought(demo: &Demo, passport_id: &str) -> Value {
    let (browser, reference) = (Browser::new(demo.issuer()), unique());
    let flow = purchase(demo, &browser, passport_id, &anime(&reference));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = demo.provider().exchange(&code).json()["authorization_details"][0].clone();
    json!({
        "order": { "client_id": demo.provider().client_id, "reference": reference },
        "kind": "purchase", "customer_id": SAKURA, "passport_id": passport_id,
        "service": receipt["service"], "amount_yen": receipt["amount"],
        "outcome": "acknowledged", "receipt_number": receipt["receipt_number"],
    })
}

fn ledger(folder: &TempDir, lines: &[Value]) -> String {
    let path = folder.path().join(unique());
    let text = lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
    std::fs::write(&path, text).expect("writes");
    path.display().to_string()
}

#[test]
fn a_good_store_is_whole_beside_its_server_and_without_one_i1_to_i9() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    assert_eq!(operator.get("/verify").json(), json!({ "state": "never" }));
    let orders = [bought(&demo, "sakura01"), bought(&demo, "sakura02")];
    operator.restrict(SAKURA, "customer");
    operator.lift(SAKURA, "customer");
    let (code, online) = live(&operator, &[]);
    assert_eq!((code, &online["whole"]), (Some(0), &json!(true)), "{online}");
    let invariants = online["invariants"].as_array().expect("invariants");
    assert_eq!(invariants.len(), 9);
    // No month was closed; of all else there was something to look at.
    for invariant in invariants {
        assert!(invariant["checked"].as_u64() > Some(0) || invariant["name"] == "I6", "{online}");
    }
    assert!(online["awake_lines"].as_u64() > Some(0), "the line that bought is awake: {online}");
    let logged = decisions(&demo, "verify", 1);
    assert_eq!(logged[0]["outcome"], "accepted", "{logged:?}");
    let by = |line: &Value| (line["operator"].clone(), line["operator_reason"].clone());
    assert_eq!(by(&logged[0]), (json!("admin"), json!("linepass verify")), "{logged:?}");
    let said = operator.run(&["verify"]);
    let said = String::from_utf8(said.stdout).expect("text");
    assert!(said.starts_with("whole: ") && said.lines().count() == 10, "{said}");

    let good = ledger(&folder, &orders);
    let refused = verify_offline(folder.path(), &[]);
    assert!(refused.code == Some(1) && refused.err.contains("is in use"), "{refused:?}");
    let (code, held) = live(&operator, &["--ledger", &good]);
    assert_eq!((code, held["invariants"][9]["checked"].as_u64()), (Some(0), Some(2)), "{held}");
    // Whoever reads what clients ordered is in the log too, with why.
    let logged = decisions(&demo, "verify_ledger", 1);
    assert_eq!(by(&logged[0]), (json!("admin"), json!("linepass verify")), "{logged:?}");
    let provider = &demo.provider().client_id;
    assert_eq!(operator.get(&format!("/verify/orders?provider={provider}")).status, 200);
    let logged = decisions(&demo, "list_orders", 1);
    assert_eq!(
        (&logged[0]["operator"], &logged[0]["provider"]),
        (&json!("admin"), &json!(provider))
    );
    assert!(demo.terminate().success());

    let offline = report(folder.path());
    assert_eq!((&offline["whole"], &offline["awake_lines"]), (&json!(true), &json!(0)));
    assert!(offline["events"].as_u64() >= online["events"].as_u64(), "{offline}");
    let said = verify_offline(folder.path(), &["--ledger", &good]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.out.contains("I1 ledger holds"), "{said:?}");
}

/// I1, I2 with what clients know: the same through the server and at a store that nobody has.
#[test]
fn a_ledger_that_the_store_does_not_keep_is_named_order_by_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    let (first, second) = (bought(&demo, "sakura01"), bought(&demo, "sakura02"));
    let with = |line: &Value, field: &str, value: Value| {
        let mut line = line.clone();
        line[field] = value;
        line
    };
    let reference = |line: &Value| line["order"]["reference"].as_str().expect("text").to_owned();
    let nowhere = json!({ "client_id": first["order"]["client_id"], "reference": "r-nowhere" });
    let cases = [
        (vec![with(&first, "order", nowhere)], vec![], "I1 ledger", "it is not there"),
        (vec![with(&first, "amount_yen", json!(1))], vec![], "I1 ledger", "amount in yen was 1"),
        (
            vec![with(&first, "passport_id", json!("sakura02"))],
            vec![],
            "I1 ledger",
            "its passport ID is not sakura02",
        ),
        (vec![with(&first, "outcome", json!("refused"))], vec![], "I2 ledger", "it is there"),
        (vec![first.clone()], vec!["--ledger-complete"], "I2 ledger", "does not have it"),
    ];
    let files = cases.each_ref().map(|(lines, ..)| ledger(&folder, lines));
    let check = |answer: &Value, name: &str, word: &str| {
        let broken = broken(answer);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].0 == name && broken[0].1.contains(word), "{broken:?}");
    };
    for ((_, more, name, word), file) in cases.iter().zip(&files) {
        let (code, answer) = live(&operator, &[&["--ledger", file], &more[..]].concat());
        assert_eq!(code, Some(1), "{answer}");
        check(&answer, name, word);
    }
    let complete = ledger(&folder, &[first.clone(), second.clone()]);
    let (code, answer) = live(&operator, &["--ledger", &complete, "--ledger-complete"]);
    assert_eq!(code, Some(0), "{answer}");
    let nonsense = folder.path().join("nonsense");
    std::fs::write(&nonsense, format!("{first}\n{{\"order\":1}}\n")).expect("writes");
    let said = operator.run(&["verify", "--ledger", nonsense.to_str().expect("a path")]);
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.code() == Some(1) && told.contains("line 2 of the ledger"), "{told}");
    // What names no order would pass, and nothing would have been looked at.
    let [empty, blank] = [("empty", ""), ("blank", "\n \n")].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.display().to_string()
    });
    let here = folder.path().display().to_string();
    for (file, what) in [
        ("/nowhere/ledger", "No such file or directory"),
        (here.as_str(), "the ledger cannot be read: Is a directory"),
        (&empty, "it has no order, so there is nothing to hold against the store"),
        (&blank, "it has no order, so there is nothing to hold against the store"),
    ] {
        let said = operator.run(&["verify", "--ledger", file, "--ledger-complete"]);
        let told = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(1), &b""[..]), "{told}");
        assert!(told.starts_with(&format!("linepass: --ledger {file}: {what}")), "{told}");
    }
    assert!(demo.terminate().success());
    for ((_, more, name, word), file) in cases.iter().zip(&files) {
        let ended =
            verify_offline(folder.path(), &[&["--json", "--ledger", file], &more[..]].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        check(&serde_json::from_str(&ended.out).expect("JSON"), name, word);
    }
    assert_ne!(reference(&first), reference(&second));
}

/// A ledger of more than a part, and a part that is larger than any may be.
#[test]
fn the_server_takes_a_ledger_in_parts_of_a_thousand() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let line = |number: usize| {
        json!({ "order": { "client_id": "b-sha", "reference": format!("n-{number}") },
                "kind": "purchase", "outcome": "refused" })
    };
    let many: Vec<Value> = (0..2_500).map(line).collect();
    let (code, held) = live(&operator, &["--ledger", &ledger(&folder, &many)]);
    assert_eq!((code, &held["invariants"][10]["checked"]), (Some(0), &json!(2_500)), "{held}");
    let body = json!({ "reason": "too many", "lines": &many[..1_001] });
    let refused = operator.send("POST", "/verify/ledger", &body.to_string());
    let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert!(refused.status == 422 && detail.contains("lines: must be 1000"), "{refused:?}");
}

#[test]
fn what_was_done_to_a_store_behind_the_rules_is_named_with_its_invariant() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    let order = bought(&demo, "sakura01");
    assert!(demo.terminate().success());
    let store = folder.path().join("store");
    let reference = order["order"]["reference"].as_str().expect("text");
    let receipt = order["receipt_number"].as_str().expect("text");
    let own = format!("o/{}/{reference}", demo.provider().client_id).into_bytes();
    let all = rows(&store);
    let row = |wanted: &[u8]| all.iter().find(|(key, _)| key == wanted).expect("there").1.clone();
    let block = |wanted: &[u8]| record::decode(wanted, &row(wanted)).expect("a row").0;
    let stray =
        record::encode(block(&own), br#"{"customer":"CAF0000012573","passport":1,"seq":1}"#);
    let ahead = record::encode(block(&own), b"999999");
    let edits = [
        (own.clone(), None, "I1", "is missing"),
        (b"o/b-sha/r-stray".to_vec(), Some(stray), "I1", "leads to nothing"),
        (format!("r/{receipt}").into_bytes(), None, "I1", "is missing"),
        (key::cursor("mail"), Some(ahead), "I7", "it is done with block 999999"),
    ];
    for (key, edited, name, word) in edits {
        let before = all.iter().find(|(other, _)| *other == key).map(|(_, row)| row.clone());
        put(&store, &key, edited.as_deref());
        let found = broken(&report(folder.path()));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == name && found[0].1.contains(word), "{found:?}");
        put(&store, &key, before.as_deref());
    }
    assert_eq!(report(folder.path())["whole"], true);
    let wrong = folder.path().join("wrong.key");
    linepass::security::MasterKey::load_or_create(&wrong).expect("another key");
    let [store, wrong] = [store, wrong].map(|path| path.display().to_string());
    let arguments = ["verify", "--offline", "--store", &store, "--master-key-file", &wrong];
    let ended = run(&mut linepass(&arguments));
    assert!(ended.code == Some(1) && ended.out.is_empty(), "{ended:?}");
}

fn put(store: &Path, key: &[u8], row: Option<&[u8]>) {
    process::with_engine(store, |db| {
        match row {
            Some(row) => drop(db.insert(key, row).expect("writes")),
            None => drop(db.remove(key).expect("writes")),
        }
        db.flush().expect("writes");
    });
}

#[test]
fn a_look_that_is_lost_says_nothing_of_the_store() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let url = answering(vec![json!({ "state": "running" }), json!({ "state": "never" })]);
    let mut command = linepass(&["verify"]);
    command.env("LINEPASS_OPERATOR_URL", url);
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
    let ended = run(&mut command);
    assert!(ended.code == Some(1) && ended.err.contains("begin again"), "{ended:?}");
    // Nor does the look of a server that was started again, which counts anew.
    let url = answering(vec![
        json!({ "state": "running", "look": 4, "asked": 5 }),
        json!({ "state": "done", "whole": true, "look": 1 }),
    ]);
    let ended = run(command.env("LINEPASS_OPERATOR_URL", url));
    assert!(ended.code == Some(1) && ended.err.contains("begin again"), "{ended:?}");
    assert_eq!(operator.get("/verify").json(), json!({ "state": "never" }));
}
