//! The month's bills through the commands, against a running server on clocks that the test moves
//! (R-034 to R-051).

mod common;
mod inside;

use common::{Browser, anime, operator::SAKURA, order, unique};
use inside::Inside;
use linepass::domain::calendar::Instant;
use serde_json::Value;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

fn japan(text: &str) -> Instant {
    format!("{text}+09:00").parse().expect("an instant")
}

/// How a command ended: its code, what it printed, what it said.
fn run(inside: &Inside, arguments: &[&str]) -> (i32, String, String) {
    let ended = inside.operator.run(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.code().expect("a code"), text(&ended.stdout), text(&ended.stderr))
}

fn json_of(inside: &Inside, arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(inside, arguments);
    let json = serde_json::from_str(&out);
    (code, json.unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}

fn close<'a>(month: &'a str, out: &'a str) -> [&'a str; 8] {
    ["bill", "close", "--month", month, "--out", out, "--reason", "month end"]
}

/// What the folder holds, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("reads"))
        })
        .collect()
}

/// A server in which the guide's sample was bought in November 2026 (golden fixture 2): A社 525円;
/// B社 名作アニメ1 300円 and 名作アニメ2 300円. The receipts.
fn golden() -> (Inside, Vec<Value>) {
    // From its first moment: the month of the store's first is the first that can be closed.
    let inside = Inside::start_at(japan("2026-11-10T10:00:00"), &[], |_| ());
    let (a_sha, b_sha) = (inside.other_provider(), inside.provider());
    let receipts = vec![
        inside.buy(&a_sha, "sakura01", &order(&unique(), "pack", 1, 525)),
        inside.buy(&b_sha, "sakura01", &anime(&unique())),
        inside.buy(&b_sha, "sakura02", &order(&unique(), "anime-2", 1, 300)),
    ];
    (inside, receipts)
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("bills").display().to_string();
    (folder, name)
}

#[test]
fn the_golden_bill_by_provider_in_the_bills_own_columns_r_043_to_r_046() {
    let (inside, _) = golden();
    inside.set(japan("2026-12-01T00:00:05"));
    let (_keep, out) = folder();
    let (code, told, err) = run(&inside, &close("2026-11", &out));
    assert_eq!(code, 0, "{err}");
    assert!(told.contains("bills 1   charges 3   corrections 0   total 1,125 yen"), "{told}");
    assert!(told.contains("difference 0 yen"), "{told}");
    let text = fs::read_to_string(Path::new(&out).join("bills-telephone.csv")).expect("a file");
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        rows[1..],
        [
            "CAF0000012573,0600000000,2026年12月ご請求分,,料金回収代行サービスご利用分,1125,,,",
            "CAF0000012573,0600000000,2026年12月ご請求分,a-sha,フレッツ・まとめて支払い料金,,525,A社ご利用分。,",
            "CAF0000012573,0600000000,2026年12月ご請求分,b-sha,フレッツ・まとめて支払い料金,,600,B社ご利用分。,",
            "",
        ]
    );
    // With NTT西日本ご利用分 5,670円 the 小計 is 6,795円 (R-044).
    let manifest: Value =
        serde_json::from_slice(&files(Path::new(&out))["manifest.json"]).expect("JSON");
    assert_eq!(5_670 + manifest["summary"]["total_yen"].as_i64().expect("yen"), 6_795);
    assert_eq!(manifest["files"]["bills-telephone.json"]["rows"], 1);
    assert_eq!(manifest["files"]["charges-telephone.csv"]["rows"], 3);
    for (name, bytes) in files(Path::new(&out)) {
        let mode = fs::metadata(Path::new(&out).join(&name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(name == "manifest.json" || !bytes.is_empty());
    }
    let bills: Value =
        serde_json::from_slice(&files(Path::new(&out))["bills-telephone.json"]).expect("JSON");
    assert_eq!(bills[0]["providers"][1]["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_close_writes_what_the_preview_did_and_again_the_same_bytes_r_050() {
    let (inside, _) = golden();
    let (_keep, out) = folder();
    let preview = format!("{out}-preview");
    let (code, ..) = run(&inside, &["bill", "preview", "--month", "2026-11", "--out", &preview]);
    assert_eq!(code, 0);
    inside.set(japan("2026-12-05T10:00:00"));
    let (code, told, _) = run(&inside, &close("2026-11", &out));
    assert!(code == 0 && told.starts_with("2026-11  closed\n"), "{told}");
    let first = files(Path::new(&out));
    assert_eq!(files(Path::new(&preview)), first);
    // What happens afterwards changes nothing of it, and a second close closes nothing.
    inside.buy(&inside.provider(), "sakura01", &anime(&unique()));
    let (code, told, _) = run(&inside, &close("2026-11", &out));
    assert!(code == 0 && told.contains("was closed already; nothing was closed again"), "{told}");
    assert_eq!(files(Path::new(&out)), first);
    let (code, december) = json_of(&inside, &["bill", "preview", "--month", "2026-12", "--json"]);
    assert_eq!((code, &december["summary"]["total_yen"]), (0, &(525 + 300).into()));
}

#[test]
fn what_may_not_be_closed_is_refused_and_changes_nothing_r_034() {
    let (inside, _) = golden();
    let (_keep, out) = folder();
    inside.set(japan("2026-11-30T23:59:59"));
    let before = inside.operator.get("/bills/2026-11").json();
    let (code, told, err) = run(&inside, &close("2026-11", &out));
    assert_eq!((code, told.as_str()), (3, ""), "{err}");
    assert!(err.contains("2026-11 has not ended in Japan"), "{err}");
    assert!(!Path::new(&out).exists());
    let (code, problem) = json_of(
        &inside,
        &["bill", "close", "--month", "2026-11", "--reason", "r", "--dry-run", "--json"],
    );
    assert_eq!((code, &problem["code"]), (3, &"month_unfinished".into()));
    inside.set(japan("2027-01-01T00:00:00"));
    // November is charged and open: December waits, and its rehearsal says so.
    let december = ["bill", "close", "--month", "2026-12", "--reason", "r", "--dry-run"];
    let (code, _, err) = run(&inside, &december);
    assert!(code == 3 && err.contains("2026-11 is not closed yet"), "{err}");
    let long_ago = ["bill", "close", "--month", "1999-01", "--reason", "r"];
    let (code, _, err) = run(&inside, &long_ago);
    assert!(code == 3 && err.contains("before the first month here"), "{err}");
    let (code, _, err) = run(&inside, &close("2026-12", &out));
    assert!(code == 3 && err.contains("2026-11 is not closed yet; close it first"), "{err}");
    let after = inside.operator.get("/bills/2026-11").json();
    assert_eq!((&before["state"], &after["state"]), (&"open".into(), &"open".into()));
    // Wrong months are the command line's fault.
    for month in ["2026-13", "2026/11", "november", ""] {
        assert_eq!(run(&inside, &close(month, &out)).0, 2, "{month}");
    }
    assert_eq!(run(&inside, &["bill", "close", "--month", "2026-11"]).0, 2, "no reason");
    // A rehearsal changes nothing.
    let rehearsal = ["bill", "close", "--month", "2026-11", "--reason", "r", "--dry-run"];
    let (code, told, _) = run(&inside, &rehearsal);
    assert!(code == 0 && told.contains("can be closed"), "{told}");
    assert_eq!(inside.operator.get("/bills/2026-11").json(), after);
    assert_eq!(run(&inside, &close("2026-11", &out)).0, 0);
    assert_eq!(run(&inside, &close("2026-12", &out)).0, 0);
    let (code, _, err) = run(&inside, &close("2026-10", &out));
    assert!(code == 3 && err.contains("before the first month here"), "{err}");
}

/// checks/reliability.md 14: no clock makes a decision fall into a closed month.
#[test]
fn nothing_is_decided_inside_a_closed_month_however_the_clock_jumps_r_050() {
    let (inside, _) = golden();
    inside.set(japan("2026-12-02T10:00:00"));
    let (_keep, out) = folder();
    assert_eq!(run(&inside, &close("2026-11", &out)).0, 0);
    let closed = files(Path::new(&out));
    inside.set(japan("2026-11-20T10:00:00"));
    // The line of tsubaki1 has had no decision that would hold its clock.
    for id in ["sakura02", "tsubaki1"] {
        let browser = Browser::new(&inside.issuer);
        let details = order(&unique(), "anime-1", 1, 300);
        let flow = browser.arrive(&inside.provider().push(Some(&details)));
        assert_eq!(browser.log_in(&flow, id, inside.password(id)).status, 303, "{id}");
        let page = browser.confirmation(&flow).body;
        assert!(page.contains("12月") && !page.contains("11月分"), "{id}: {page}");
        assert_eq!(browser.buy(&flow).status, 303, "{id}");
    }
    inside.set(japan("2026-12-03T10:00:00"));
    assert_eq!(run(&inside, &close("2026-11", &out)).0, 0);
    assert_eq!(files(Path::new(&out)), closed);
    let (_, december) = json_of(&inside, &["bill", "preview", "--month", "2026-12", "--json"]);
    assert_eq!(december["summary"]["items"], 3, "the pack and both purchases: {december}");
}

#[test]
fn a_correction_is_an_entry_of_the_running_month_that_names_what_it_corrects_r_050() {
    let (inside, receipts) = golden();
    let anime = receipts[1]["receipt_number"].as_str().expect("a number").to_owned();
    let correct = |receipt: &str, charged: &str, difference: &str, more: &[&'static str]| {
        let difference = format!("--difference-yen={difference}");
        let mut arguments: Vec<String> =
            ["bill", "correct", SAKURA, "--month", "2026-11"].map(str::to_owned).to_vec();
        arguments.extend(["--receipt".into(), receipt.into(), difference]);
        arguments.extend(["--charged-yen".into(), charged.into()]);
        arguments.extend(["--reason".into(), "case 118".into()]);
        arguments.extend(more.iter().map(|one| (*one).to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&inside, &arguments)
    };
    let (code, _, err) = correct(&anime, "300", "-300", &[]);
    assert!(code == 3 && err.contains("no closed bill for 2026-11"), "{err}");
    inside.set(japan("2026-12-02T10:00:00"));
    let (_keep, out) = folder();
    assert_eq!(run(&inside, &close("2026-11", &out)).0, 0);
    let (code, told, _) = correct(&anime, "300", "-300", &["--dry-run"]);
    assert!(code == 0 && told.starts_with("Nothing was changed"), "{told}");
    let (code, told, err) = correct(&anime, "300", "-300", &[]);
    assert!(code == 0 && told.contains("-300 yen, billed with 2026-12"), "{told}{err}");
    // Given again, as after a lost answer, it is not made twice.
    let (code, _, err) = correct(&anime, "300", "-300", &[]);
    assert!(code == 3 && err.contains("corrected already"), "{err}");
    let (code, _, err) = correct(&anime, "0", "-1", &[]);
    assert!(code == 3 && err.contains("0 yen with its corrections"), "{err}");
    let (code, _, err) = correct("100000000099", "300", "-1", &[]);
    assert!(code == 2 || code == 4, "{err}");
    let (_, december) = json_of(&inside, &["bill", "preview", "--month", "2026-12", "--json"]);
    let b_sha = &december["summary"]["providers"]["b-sha"];
    assert_eq!((&b_sha["corrections"], &b_sha["total_yen"]), (&1.into(), &(-300).into()));
    // November's bill stays as it was.
    let before = files(Path::new(&out));
    assert_eq!(run(&inside, &close("2026-11", &out)).0, 0);
    assert_eq!(files(Path::new(&out)), before);
    inside.set(japan("2027-01-02T10:00:00"));
    let later = format!("{out}-12");
    assert_eq!(run(&inside, &close("2026-12", &later)).0, 0);
    let charges = String::from_utf8(files(Path::new(&later))["charges-telephone.csv"].clone());
    let charges = charges.expect("text");
    let row = charges.lines().find(|line| line.contains(&anime)).expect("a row");
    assert!(row.contains("'-300") || row.contains(",-300,"), "{row}");
    assert!(row.trim_end().ends_with("2026-11"), "it names what it corrects: {row}");
}

#[test]
fn providers_are_owed_what_was_billed_to_the_yen() {
    let (inside, _) = golden();
    inside.set(japan("2026-12-02T10:00:00"));
    let (_keep, out) = folder();
    let settle = ["bill", "settle", "--month", "2026-11", "--bills", &out];
    let (code, _, err) = run(&inside, &settle);
    assert!(code == 1 && err.contains("manifest.json: it is not there; --bills"), "{err}");
    assert_eq!(run(&inside, &close("2026-11", &out)).0, 0);
    let (code, told, _) = run(&inside, &settle);
    assert!(code == 0 && told.contains("reconciled to the yen"), "{told}");
    let (_, data) = json_of(&inside, &[&settle[..], &["--json"]].concat());
    let owed: Vec<_> = data["providers"].as_array().expect("providers").iter().collect();
    assert_eq!((&owed[0]["owed_yen"], &owed[1]["owed_yen"]), (&525.into(), &600.into()));
    // A file that somebody changed is named.
    let file = Path::new(&out).join("bills-telephone.csv");
    let text = fs::read_to_string(&file).expect("reads").replace(",525,", ",524,");
    fs::write(&file, text).expect("writes");
    let (code, _, err) = run(&inside, &settle);
    assert!(code == 1 && err.contains("bills-telephone.csv") && err.contains("manifest"), "{err}");
    // An open month is nobody's yet.
    let (code, _, err) = run(&inside, &["bill", "settle", "--month", "2026-12", "--bills", &out]);
    assert!(code == 1 || code == 3, "{err}");
}

/// What cannot hold the files is found before the month is closed, which is for good (R-050).
#[test]
fn a_close_whose_files_have_no_folder_closes_nothing_r_050() {
    let (inside, _) = golden();
    inside.set(japan("2026-12-02T10:00:00"));
    let (keep, _) = folder();
    let file = keep.path().join("bills");
    fs::write(&file, "a file of somebody's").expect("writes");
    let below = file.join("2026-11");
    for (place, expected) in [(&file, 3), (&below, 1)] {
        let out = place.display().to_string();
        let closing = close("2026-11", &out);
        let rehearsal = [&closing[..], &["--dry-run"]].concat();
        let preview = ["bill", "preview", "--month", "2026-11", "--out", &out];
        for call in [&closing[..], &rehearsal, &preview] {
            let (code, told, err) = run(&inside, call);
            assert_eq!((code, told.as_str(), err.lines().count()), (expected, "", 1), "{err}");
            assert!(err.contains(&out), "{err}");
            assert_eq!(inside.operator.get("/bills/2026-11").json()["state"], "open", "{err}");
        }
    }
    // A rehearsal that would succeed leaves nothing behind.
    let new = keep.path().join("new");
    let new_name = new.display().to_string();
    let (code, _, err) = run(&inside, &[&close("2026-11", &new_name)[..], &["--dry-run"]].concat());
    assert_eq!((code, new.exists()), (0, false), "{err}");
    let (_, _, err) = run(&inside, &close("2026-11", &file.display().to_string()));
    assert!(err.contains("is no folder"), "{err}");
    assert_eq!(fs::read_to_string(&file).expect("reads"), "a file of somebody's");
}

#[test]
fn a_close_whose_files_fail_says_that_it_is_closed_and_how_to_write_them_r_050() {
    let (inside, _) = golden();
    inside.set(japan("2026-12-02T10:00:00"));
    let (_keep, out) = folder();
    // The name of the manifest is taken by a folder: what is written last cannot be.
    fs::create_dir_all(Path::new(&out).join("manifest.json/in-the-way")).expect("makes");
    let (code, told, err) = run(&inside, &close("2026-11", &out));
    assert_eq!((code, told.as_str(), err.lines().count()), (1, "", 1), "{err}");
    for part in ["2026-11 is closed", "not written", "linepass bill close --month 2026-11 --out"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    assert_eq!(inside.operator.get("/bills/2026-11").json()["state"], "closed");
    let other = format!("{out}-other");
    let (code, _, err) = run(&inside, &close("2026-11", &other));
    assert_eq!(code, 0, "{err}");
    assert!(files(Path::new(&other)).contains_key("manifest.json"));
}

/// checks/reliability.md 15: the same bills in every time zone of the host.
#[test]
fn a_months_edge_is_japans_r_028() {
    let inside = Inside::start_at(japan("2026-11-30T23:59:59"), &[], |_| ());
    inside.buy(&inside.provider(), "sakura01", &anime(&unique()));
    inside.set(japan("2026-12-01T00:00:00"));
    inside.buy(&inside.provider(), "sakura01", &anime(&unique()));
    for month in ["2026-11", "2026-12"] {
        let (code, told) = json_of(&inside, &["bill", "preview", "--month", month, "--json"]);
        assert_eq!((code, &told["summary"]["items"]), (0, &1.into()), "{month}");
    }
}
