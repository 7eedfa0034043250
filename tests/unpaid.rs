//! Unpaid bills (R-181, R-182): taken over from the carrier's file, a stop by an operator's decision,
//! and disclosures, each by its command against a running application.

mod common;
mod inside;

use common::{
    Browser, Provider,
    operator::{Operator, SAKURA},
    order, unique,
};
use inside::{Inside, japan, wait};
use linepass::{
    actors::change::What,
    store::{Stream, record},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::Path};

const RECORD: [(&str, &str); 5] = [
    ("contractor", "西日本 花子"),
    ("place", "大阪府大阪市中央区1-2-3"),
    ("contact_phone", "0699998888"),
    ("billing_number", "0677776666"),
    ("mail", "hanako@ngn.example"),
];

/// Exit code, standard output, standard error.
fn run(operator: &Operator, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = operator.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn buy(inside: &Inside, provider: &Provider, service: &str, amount: u64) {
    let browser = Browser::new(&inside.issuer);
    let flow = browser.arrive(&provider.push(Some(&order(&unique(), service, 1, amount))));
    assert_eq!(browser.log_in(&flow, "sakura01", inside.password("sakura01")).status, 303);
    let bought = browser.buy(&flow);
    assert!(bought.location().ends_with("/complete"), "{bought:?}");
}

/// November is billed: a subscription of A社 and a use of B社.
fn billed() -> Inside {
    let inside = Inside::start_at(japan("2026-11-10T10:00:00"), &[], |_| ());
    let record = RECORD.map(|(name, value)| (name.to_owned(), value.to_owned()));
    inside.make(SAKURA, What::ReplaceRecord(BTreeMap::from(record)));
    buy(&inside, &inside.provider(), "anime-1", 300);
    buy(&inside, &inside.provider_number(0), "pack", 525);
    inside.set(japan("2026-12-02T10:00:00"));
    inside.close(SAKURA, "2026-11".parse().expect("a month"));
    inside
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("writes");
    path.display().to_string()
}

fn import(inside: &Inside, file: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let fixed = ["overdue", "import", file, "--reason", "list of 2027-01-05"];
    run(&inside.operator, &[&fixed[..], more].concat())
}

fn unpaid(inside: &Inside) -> Value {
    inside.operator.get(&format!("/lines/{SAKURA}")).json()["unpaid"].clone()
}

fn report(inside: &Inside) {
    let body = json!({
        "reason": "list", "rows": [{
            "customer_id": SAKURA, "month": "2026-11", "due": "2026-12-31", "status": "unpaid",
        }],
    });
    let told = inside.operator.change("POST", "/overdue/import", &body);
    assert_eq!(told["rows"][0]["outcome"], "reported");
}

#[test]
fn a_file_is_taken_over_row_by_row_and_again_without_harm() {
    let inside = billed();
    let folder = tempfile::tempdir().expect("a folder");
    let csv = format!(
        "customer_id,month,due,status\n{SAKURA},2026-11,2026-12-31,unpaid\n\
         CAF0000099999,2026-11,2026-12-31,unpaid\n{SAKURA},2026-10,2026-11-30,unpaid\n\
         {SAKURA},2026-11,31.12.2026,unpaid\nCAF0000020101,2026-11,2026-12-31,paid\n"
    );
    let file = write(folder.path(), "unpaid.csv", &csv);
    let (code, out, _) = import(&inside, &file, &["--dry-run"]);
    assert!(code == Some(1) && out.starts_with("Nothing was changed"), "{out}");
    assert!(out.ends_with("1 reported, 0 settled, 0 unchanged, 4 bad\n"), "{out}");
    assert_eq!(unpaid(&inside), json!([]));

    let (code, out, talk) = import(&inside, &file, &["--json"]);
    assert_eq!(code, Some(1));
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!((&told["reported"], &told["dry_run"]), (&json!(1), &json!(false)));
    for line in [
        "line 3: no such line",
        "line 4: the line has no closed bill for 2026-10",
        "line 5: due: a day is written YYYY-MM-DD",
        "line 6: no unpaid bill of 2026-11 was reported",
    ] {
        assert!(talk.contains(line), "{line}: {talk}");
    }
    assert_eq!(unpaid(&inside)[0]["due"], "2026-12-31");
    assert_eq!(unpaid(&inside)[0]["total_yen"], 825);
    let (_, again, _) = import(&inside, &file, &[]);
    assert_eq!(again, "0 reported, 0 settled, 1 unchanged, 4 bad\n");
    let (code, listed, _) = run(&inside.operator, &["overdue", "list"]);
    assert_eq!(code, Some(0));
    assert_eq!(listed, format!("{SAKURA}  unpaid 2026-11  due 2026-12-31\n"));

    let row = json!({
        "customer_id": SAKURA, "month": "2026-11", "due": "2026-12-31", "status": "paid",
    });
    let file = write(folder.path(), "paid.jsonl", &format!("{row}\n"));
    let (code, out, _) = import(&inside, &file, &[]);
    assert_eq!((code, out.as_str()), (Some(0), "0 reported, 1 settled, 0 unchanged, 0 bad\n"));
    assert_eq!(unpaid(&inside), json!([]));
    let (code, _, talk) = import(&inside, "/nowhere/unpaid.csv", &[]);
    assert!(code == Some(1) && talk.contains("/nowhere/unpaid.csv"), "{talk}");
}

#[test]
fn use_is_stopped_by_a_decision_from_the_day_after_the_due_date_r_182() {
    let inside = billed();
    let stop = |month: &str| {
        let fixed = ["line", "restrict", SAKURA, "--kind", "company", "--reason", "unpaid"];
        run(&inside.operator, &[&fixed[..], &["--cause", "overdue", "--month", month]].concat())
    };
    assert_eq!(stop("2026-11").0, Some(3), "nothing was reported");
    report(&inside);
    inside.set(japan("2026-12-31T23:59:59"));
    let (code, _, talk) = stop("2026-11");
    assert!(code == Some(3) && talk.contains("2026-12-31"), "{talk}");
    inside.set(japan("2027-01-01T00:00:00"));
    // Nothing stopped by itself.
    let path = format!("/lines/{SAKURA}");
    assert_eq!(inside.operator.get(&path).json()["open"], true);
    let (code, out, talk) = stop("2026-11");
    assert!(code == Some(0) && out.contains("company's stop          since 2027-01-01"), "{talk}");
    assert_eq!(inside.operator.get(&path).json()["live_contracts"], 1, "contracts go on (R-149)");
    let table = [
        &["--kind", "company", "--cause", "overdue"][..],
        &["--kind", "company", "--month", "2026-11"],
        &["--kind", "company", "--cause", "overdue", "--month", "2026-13"],
    ];
    for wrong in table {
        let fixed = ["line", "restrict", SAKURA, "--reason", "r"];
        assert_eq!(run(&inside.operator, &[&fixed[..], wrong].concat()).0, Some(2), "{wrong:?}");
    }
    for wrong in [
        json!({ "kind": "customer", "cause": "misuse", "reason": "r" }),
        json!({ "kind": "company", "cause": "overdue", "reason": "r" }),
        json!({ "kind": "company", "month": "2026-11", "reason": "r" }),
        json!({ "kind": "unbillable", "reason": "r" }),
    ] {
        let refused = inside.operator.send("POST", &format!("{path}/restrict"), &wrong.to_string());
        assert_eq!(refused.status, 422, "{wrong}: {refused:?}");
    }
}

fn disclose(inside: &Inside, provider: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let fixed = ["overdue", "disclose", SAKURA, "--provider", provider, "--reason", "request 7"];
    run(&inside.operator, &[&fixed[..], more].concat())
}

/// What the line's journal holds of disclosures, with who and why.
fn disclosures(inside: &Inside) -> Vec<Value> {
    let stream = Stream::Line(SAKURA.parse().expect("an ID"));
    let store = &inside.state().store;
    let rows = wait(store.events(&stream, 0, 256)).expect("the journal");
    let entries = rows.iter().map(|row| record::from_json("a row", &row.entry).expect("JSON"));
    entries.filter(|entry: &Value| entry["events"][0]["event"] == "disclosed").collect()
}

#[test]
fn a_bill_is_disclosed_from_day_61_with_six_fields_of_the_own_services_alone_r_181() {
    let inside = billed();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (csv, json_file) = (path("a.csv"), path("b.json"));
    report(&inside);
    inside.set(japan("2027-03-01T23:59:59"));
    let asked = ["--month", "2026-11", "--out", &csv];
    let (code, _, talk) = disclose(&inside, "a-sha", &asked);
    assert!(code == Some(3) && talk.contains("from 2027-03-02"), "{talk}");
    assert!(!Path::new(&csv).exists(), "nothing is left of what was refused");

    inside.set(japan("2027-03-02T00:00:00"));
    let (code, out, _) = disclose(&inside, "a-sha", &["--month", "2026-11", "--dry-run"]);
    assert!(code == Some(0) && out.starts_with("Nothing was disclosed"), "{out}");
    assert_eq!(disclosures(&inside), Vec::<Value>::new());
    let (code, out, talk) = disclose(&inside, "a-sha", &asked);
    assert_eq!(code, Some(0), "{talk}");
    assert!(out.contains("1 purchases of 2026-11, because 60 days have passed"), "{out}");
    for (_, personal) in RECORD {
        assert!(!out.contains(personal) && !talk.contains(personal), "{personal} is for the file");
    }
    let mode = std::fs::metadata(&csv).expect("a file").permissions().mode() & 0o777;
    let text = std::fs::read_to_string(&csv).expect("text");
    assert_eq!(mode, 0o600);
    let expected = "\u{feff}氏名,住所,連絡先電話番号,課金電話番号,利用した有料サービス名,購入年月日\r\n\
                    西日本 花子,大阪府大阪市中央区1-2-3,0699998888,0677776666,パックサービス,2026-11-10\r\n";
    assert_eq!(text, expected);

    // A file that is there is left alone, and nothing is disclosed.
    let (code, _, talk) = disclose(&inside, "a-sha", &asked);
    assert!(code == Some(3) && talk.contains("nothing was disclosed"), "{talk}");
    let rehearsed = [&asked[..], &["--dry-run"]].concat();
    assert_eq!(disclose(&inside, "a-sha", &rehearsed).0, Some(3), "the rehearsal says so, too");
    let asked = ["--month", "2026-11", "--format", "json", "--out", &json_file, "--json"];
    assert_eq!(disclose(&inside, "b-sha", &asked).0, Some(0));
    let text = std::fs::read_to_string(&json_file).expect("text");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let fields: Vec<_> = told[0].as_object().expect("fields").keys().cloned().collect();
    assert_eq!((told.as_array().map(Vec::len), fields.len()), (Some(1), 6), "{fields:?}");
    assert_eq!(told[0]["利用した有料サービス名"], "名作アニメ1");

    let recorded = disclosures(&inside);
    let to: Vec<_> = recorded.iter().map(|entry| entry["events"][0]["provider"].clone()).collect();
    assert_eq!(to, [json!("a-sha"), json!("b-sha")]);
    for entry in &recorded {
        let by = (&entry["by"]["name"], &entry["by"]["reason"]);
        assert_eq!(by, (&json!("admin"), &json!("request 7")));
        assert!(!entry.to_string().contains("花子"));
    }
    assert_eq!(unpaid(&inside)[0]["disclosed"].as_array().map(Vec::len), Some(2));

    let out = path("none.csv");
    let wrong = |provider, month| disclose(&inside, provider, &["--month", month, "--out", &out]).0;
    assert_eq!(wrong("c-sha", "2026-11"), Some(4));
    assert_eq!(wrong("a-sha", "2026-10"), Some(3));
    assert_eq!(wrong("a-sha", "2026-13"), Some(2));
    assert_eq!(disclose(&inside, "a-sha", &["--month", "2026-11"]).0, Some(2), "no file");
    assert!(!Path::new(&out).exists());
}

#[test]
fn a_stopped_collection_is_the_second_trigger_r_181() {
    let inside = billed();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a.csv").display().to_string();
    let stop = |month: &str, more: &[&str]| {
        let fixed =
            ["overdue", "stop-collecting", SAKURA, "--month", month, "--reason", "case 118"];
        run(&inside.operator, &[&fixed[..], more].concat())
    };
    let asked = ["--month", "2026-11", "--out", &*out];
    assert_eq!(stop("2026-10", &[]).0, Some(3), "it was never billed");
    assert_eq!(stop("2026-11", &["--dry-run"]).0, Some(0));
    assert_eq!(disclose(&inside, "a-sha", &asked).0, Some(3));
    assert_eq!(stop("2026-11", &[]).0, Some(0));
    let (code, told, talk) = disclose(&inside, "a-sha", &asked);
    assert!(code == Some(0) && told.contains("because collection was stopped"), "{talk}");
}
