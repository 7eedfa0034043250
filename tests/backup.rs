//! `linepass backup`, `restore` and the drill against the real binary, under load (reliability 13): what
//! was acknowledged before the backup's block is there, what is restored is whole, nobody waited.

mod common;
mod process;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    Browser, Demo, Options, Provider,
    door::decisions,
    operator::{Operator, SAKURA, answering, answering_or_not, assert_problem, journal},
    order, unique,
};
use linepass::store::{
    Stream,
    backup::{Part, PartKind, Writer},
};
use process::{Ended, Started, linepass, rows, run};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};
use tempfile::TempDir;

/// Generous throttles: these tests log in far more often than a household.
fn options(folder: &Path) -> Options<'_> {
    let unbound = |key| (key, "1000000".to_owned());
    Options {
        folder: Some(folder),
        env: vec![
            unbound("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE"),
            unbound("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND"),
        ],
        ..Options::default()
    }
}

/// A purchase of 1 yen through to its receipt, as a line of a ledger.
fn bought(issuer: &str, provider: &Provider, buyer: (&str, &str)) -> Value {
    let (browser, reference) = (Browser::new(issuer), unique());
    let flow = browser.arrive(&provider.push(Some(&order(&reference, "support", 1, 1))));
    let login = browser.log_in(&flow, buyer.0, buyer.1);
    assert_eq!(login.status, 303, "{login:?}");
    let bought = browser.buy(&flow);
    assert!(bought.location().ends_with("/complete"), "{bought:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = provider.exchange(&code).json()["authorization_details"][0].clone();
    json!({
        "order": { "client_id": provider.client_id, "reference": reference },
        "kind": "purchase", "passport_id": buyer.0, "service": "support", "amount_yen": 1,
        "outcome": "acknowledged", "receipt_number": receipt["receipt_number"],
    })
}

fn provider(demo: &Demo) -> Provider {
    demo.provider()
}

fn ledger(folder: &Path, lines: &[Value]) -> String {
    let path = folder.join(format!("{}.jsonl", unique()));
    let text = lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
    fs::write(&path, text).expect("writes");
    path.display().to_string()
}

fn backup(operator: &Operator, to: &Path, more: &[&str]) -> Value {
    let to = to.to_str().expect("a path");
    let output = operator.run(&[&["backup", "--out", to, "--json"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn restore(file: &Path, store: &Path, master: &Path, more: &[&str]) -> Ended {
    let [file, store, master] = [file, store, master].map(|path| path.display().to_string());
    let fixed = ["restore", &file, "--store", &store, "--master-key-file", &master];
    run(&mut linepass(&[&fixed, more].concat()))
}

fn verify(store: &Path, master: &Path, more: &[&str]) -> Value {
    let [store, master] = [store, master].map(|path| path.display().to_string());
    let fixed = ["verify", "--offline", "--store", &store, "--master-key-file", &master, "--json"];
    let ended = run(&mut linepass(&[&fixed, more].concat()));
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// Waits for a condition, as long as anything may take here.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < process::PATIENCE, "no {what}");
        std::thread::yield_now();
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("reads");
    entries.map(|entry| entry.expect("reads").file_name().to_string_lossy().into_owned()).collect()
}

/// Reliability 13, I6, I9: several households buy while the backup is taken.
#[test]
fn a_backup_under_load_has_all_that_was_acknowledged_before_it_and_stops_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    let buyers = ["sakura01", "sakura02", "tsubaki1"].map(|id| (id, demo.password(id).to_owned()));
    let (ended, made) = (AtomicBool::new(false), AtomicU64::new(0));
    let issuer = demo.issuer().to_owned();
    let out = tempfile::tempdir().expect("a folder");
    let file = out.path().join("a.backup");
    let (taken, before, during, after) = std::thread::scope(|scope| {
        let writers: Vec<_> = buyers
            .iter()
            .map(|(id, password)| {
                let (ended, made, issuer) = (&ended, &made, &issuer);
                let provider = provider(&demo);
                scope.spawn(move || {
                    let mut bought_here = Vec::new();
                    while !ended.load(Ordering::Relaxed) {
                        bought_here.push(bought(issuer, &provider, (id, password)));
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                    bought_here
                })
            })
            .collect();
        until("purchases", || made.load(Ordering::Relaxed) >= 6);
        // What is acknowledged now is before the block of a backup that begins now.
        let first = bought(&issuer, &provider(&demo), ("sakura01", &buyers[0].1));
        let before = made.load(Ordering::Relaxed);
        let mut all = Vec::new();
        // Until somebody's purchase was committed between its first part and its last page.
        let during = loop {
            let _ = fs::remove_file(&file);
            let taken = backup(&operator, &file, &[]);
            let during = taken["changes"].as_u64().unwrap_or_default();
            all.push(taken);
            if during > 0 || all.len() > 200 {
                break during;
            }
        };
        let last = bought(&issuer, &provider(&demo), ("sakura02", &buyers[1].1));
        ended.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("buys");
        }
        (all.pop().expect("taken"), (first, before), during, last)
    });
    assert!(during > 0 && taken["block"].as_u64() > taken["begun_block"].as_u64(), "{taken}");
    assert!(before.1 >= 6 && taken["told"] == true, "{taken}");
    let mode = fs::metadata(&file).expect("there").permissions().mode() & 0o7777;
    assert_eq!(
        (mode, taken["bytes"].as_u64()),
        (0o600, Some(fs::metadata(&file).expect("").len()))
    );
    assert_eq!(names(out.path()), BTreeSet::from(["a.backup".to_owned()]));
    assert!(demo.terminate().success());

    let master = folder.path().join("master.key");
    let store = out.path().join("store");
    let restored = restore(&file, &store, &master, &["--json"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    let restored: Value = serde_json::from_str(&restored.out).expect("JSON");
    assert_eq!(restored["verify"]["whole"], true, "{restored}");
    assert_eq!(restored["block"], taken["block"]);
    // What was acknowledged before it is there, what came after its block is not.
    let kept = ledger(out.path(), &[before.0]);
    assert_eq!(verify(&store, &master, &["--ledger", &kept])["whole"], true);
    let lost = ledger(out.path(), &[after]);
    assert_eq!(verify(&store, &master, &["--ledger", &lost])["whole"], false);

    // Row by row it is the store at that block, but for what the restore itself wrote: every row of
    // the server's store that was not written since is there, and none else.
    let block = taken["block"].as_u64().expect("a block");
    let at = |rows: Vec<process::Row>| -> Vec<process::Row> {
        let of_backup = |(key, row): &process::Row| {
            let number = linepass::store::key::number_of_block(key);
            let written = linepass::store::record::decode(key, row).map(|(block, _)| block);
            number.or(written.ok()).is_some_and(|number| number <= block)
        };
        rows.into_iter().filter(of_backup).collect()
    };
    let (own, theirs) = (at(rows(&folder.path().join("store"))), at(rows(&store)));
    let theirs: std::collections::BTreeMap<_, _> = theirs.into_iter().collect();
    assert!(own.len() > 50);
    for (key, row) in &own {
        assert_eq!(theirs.get(key), Some(row), "{}", key.escape_ascii());
    }
    // A server starts on it, and takes purchases with numbers that nobody had.
    let again = tempfile::tempdir().expect("a folder");
    for name in ["master.key", "demo.json", "operator.token"] {
        let from = folder.path().join(name);
        if from.exists() {
            fs::copy(from, again.path().join(name)).expect("copies");
        }
    }
    fs::rename(&store, again.path().join("store")).expect("moves");
    let mut second = Demo::with(&options(again.path()));
    let line =
        bought(second.issuer(), &provider(&second), ("sakura01", second.password("sakura01")));
    let number: u64 = line["receipt_number"].as_str().expect("one").parse().expect("digits");
    assert!(number > 100_100_000_000, "ten million numbers are left out: {number}");
    assert!(second.terminate().success());
    let system = journal(again.path(), &Stream::System);
    let told = |event: &str| {
        let events = system.iter().flat_map(|entry| entry["events"].as_array().expect("events"));
        events.filter(|told| told["event"] == event).count()
    };
    assert_eq!(told("store_restored"), 1);
}

fn filled() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    bought(demo.issuer(), &provider(&demo), ("sakura01", demo.password("sakura01")));
    assert!(demo.terminate().success());
    let (store, master) = (folder.path().join("store"), folder.path().join("master.key"));
    let file = folder.path().join("a.backup");
    let taken = offline(&store, &master, &file);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert!(taken.out.contains("a.backup\n  block "), "{taken:?}");
    // One disk that fails would take the store and the backup.
    assert!(taken.err.contains("on the same disk as the store"), "{taken:?}");
    assert_eq!(taken.err.lines().count(), 1, "{taken:?}");
    (folder, file, master)
}

#[test]
fn a_backup_of_a_stopped_store_is_it_row_by_row() {
    let (folder, file, master) = filled();
    let store = folder.path().join("restored");
    let said = restore(&file, &store, &master, &["--skip-receipt-numbers", "0", "--no-verify"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("not looked at") && said.out.contains("is gone"), "{said:?}");
    let (own, theirs) = (rows(&folder.path().join("store")), rows(&store));
    // The restore's own event and its block come after all else of their kind.
    assert_eq!(theirs.len(), own.len() + 2);
    let theirs: std::collections::BTreeMap<_, _> = theirs.into_iter().collect();
    for (key, row) in &own {
        assert_eq!(theirs.get(key), Some(row), "{}", key.escape_ascii());
    }
    assert_eq!(verify(&store, &master, &[])["whole"], true);
}

/// Truncated, flipped in each region, another key, a folder that is not empty: named, and nothing made.
#[test]
fn what_cannot_be_restored_is_named_and_leaves_nothing() {
    let (folder, file, master) = filled();
    let bytes = fs::read(&file).expect("reads");
    let store = folder.path().join("restored");
    let before = names(folder.path());
    let refused = |bytes: &[u8], master: &Path, word: &str| {
        let spoilt = folder.path().join("spoilt.backup");
        fs::write(&spoilt, bytes).expect("writes");
        let ended = restore(&spoilt, &store, master, &[]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains(word) && ended.err.contains("spoilt.backup"), "{ended:?}");
        fs::remove_file(spoilt).expect("goes");
        assert_eq!(names(folder.path()), before);
    };
    let flipped = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        bytes
    };
    let middle = bytes.len() / 2;
    for (place, word) in [
        (0, "no backup"),
        (15, "format"),
        (16, "part 0"),
        (18, "part 0"),
        (40, "part 0 was changed"),
        (middle, "was changed"),
        (bytes.len() - 40, "was changed"),
        (bytes.len() - 1, "was changed"),
    ] {
        refused(&flipped(place), &master, word);
    }
    for length in [1, 16, middle, bytes.len() - 1] {
        refused(&bytes[..length], &master, "cut off");
    }
    refused(b"", &master, "no backup");
    refused(&[&bytes[..], b"x"].concat(), &master, "after its manifest");
    let wrong = folder.path().join("wrong.key");
    linepass::security::MasterKey::load_or_create(&wrong).expect("another key");
    let ended = restore(&file, &store, &wrong, &[]);
    assert!(ended.code == Some(1) && ended.err.contains("another master key"), "{ended:?}");
    let ended = restore(&file, &folder.path().join("store"), &master, &[]);
    assert!(ended.code == Some(3) && ended.err.contains("is not empty"), "{ended:?}");
    // Nor inside another store, which would take it for a part of itself.
    let before = names(folder.path());
    for place in ["store/new", "store/sled", "store/none/new", "none/../store/new"] {
        let within = folder.path().join(place);
        let ended = restore(&file, &within, &master, &[]);
        let told = format!("linepass: --store {}: it is inside the store at ", within.display());
        assert!(ended.code == Some(3) && ended.err.starts_with(&told), "{ended:?}");
    }
    assert_eq!(names(folder.path()), before);
    let ended = restore(&file, &master, &master, &[]);
    assert!(ended.code == Some(3) && ended.err.contains("master.key is no folder"), "{ended:?}");
    let ended = restore(&folder.path().join("nowhere"), &store, &master, &[]);
    assert!(ended.code == Some(1) && ended.err.contains("nowhere"), "{ended:?}");
    assert!(!store.exists());
}

/// The arguments of a backup of a store that no server has.
fn offline(store: &Path, master: &Path, to: &Path) -> Ended {
    let [store, master, to] = [store, master, to].map(|path| path.display().to_string());
    let fixed = ["backup", "--offline", "--store", &store, "--master-key-file", &master];
    run(&mut linepass(&[&fixed[..], &["--out", &to]].concat()))
}

#[test]
fn a_store_that_lost_its_tail_is_not_backed_up_as_a_whole_one() {
    let (folder, _, master) = filled();
    let store = folder.path().join("store");
    process::with_engine(&store, |db| {
        let last = db.scan_prefix("b/").next_back().expect("a block").expect("reads");
        db.remove(last.0).expect("writes");
        db.flush().expect("writes");
    });
    let to = folder.path().join("lost.backup");
    let ended = offline(&store, &master, &to);
    assert!(ended.code == Some(1) && ended.err.contains("a tail is lost"), "{ended:?}");
    assert!(!to.exists());
}

#[test]
fn a_store_without_its_keys_is_neither_whole_nor_given_new_ones() {
    let (folder, _, master) = filled();
    let store = folder.path().join("store");
    process::with_engine(&store, |db| {
        for row in db.scan_prefix("k/") {
            db.remove(row.expect("reads").0).expect("writes");
        }
        db.flush().expect("writes");
    });
    let [store, master, data] =
        [&store, &master, &folder.path().to_path_buf()].map(|path| path.display().to_string());
    let looked = ["verify", "--offline", "--store", &store, "--master-key-file", &master];
    for arguments in [&looked[..], &["demo", "--json", "--data", &data]] {
        let ended = run(&mut linepass(arguments));
        assert!(ended.code == Some(1) && ended.err.contains("keys were made"), "{ended:?}");
    }
}

/// What is restored is looked at before it has its name.
#[test]
fn a_backup_of_a_broken_store_is_not_put_in_place_unless_it_is_asked_for() {
    let (folder, file, master) = filled();
    fs::remove_file(&file).expect("goes");
    let store = folder.path().join("store");
    process::with_engine(&store, |db| {
        let stray = db.scan_prefix("o/").next().expect("an order").expect("reads");
        db.insert(b"o/b-sha/r-stray", stray.1).expect("writes");
        db.flush().expect("writes");
    });
    let taken = offline(&store, &master, &file);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    let restored = folder.path().join("restored");
    let ended = restore(&file, &restored, &master, &[]);
    assert!(ended.code == Some(1) && ended.err.contains("o/b-sha/r-stray"), "{ended:?}");
    assert!(ended.err.contains("--no-verify") && !restored.exists(), "{ended:?}");
    let ended = restore(&file, &restored, &master, &["--no-verify"]);
    assert!(ended.code == Some(0) && restored.exists(), "{ended:?}");
}

#[test]
fn a_drill_tells_how_long_each_took_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    bought(demo.issuer(), &provider(&demo), ("sakura01", demo.password("sakura01")));
    let scratch = tempfile::tempdir().expect("a folder");
    let (place, master) = (scratch.path().display().to_string(), folder.path().join("master.key"));
    // A drill that was killed has left a copy of the store, which nobody holds any more.
    fs::create_dir_all(scratch.path().join(".linepass-drill-1/store")).expect("makes");
    let fixed = ["backup", "drill", "--folder", &place, "--master-key-file"];
    let drill = [&fixed[..], &[master.to_str().expect("a path")]].concat();
    let output = operator.run(&[&drill[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["whole"], true, "{told}");
    for part in ["backup", "restore"] {
        assert!(told[part]["seconds"].as_f64() > Some(0.0), "{told}");
    }
    assert!(names(scratch.path()).is_empty());
    let output = operator.run(&drill);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.starts_with("backup to block ") && said.contains("\nwhole: "), "{said}");
    let value = |name: &str| -> f64 {
        let url = format!("{}/metrics", demo.text("/operator"));
        let scrape = common::Http::new().get(&url, &[]).body;
        let line = scrape.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name}")).parse().expect("a number")
    };
    // A drill keeps nothing: whoever looks whether backups are taken is not to be calmed by it.
    assert!(value("linepass_backup_last_timestamp_seconds") < 1.0);
    backup(&operator, scratch.path(), &["--reason", "nightly"]);
    // Who took it and why is in the journal, its end and its size in the figures.
    let logged = decisions(&demo, "begin_backup", 3);
    assert_eq!(logged[0]["outcome"], "accepted", "{logged:?}");
    let entries = operator.get("/audit/entries?system=true&n=200").json();
    let events: Vec<(String, String)> = entries["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| {
            let event = entry["events"][0]["event"].as_str().expect("an event").to_owned();
            (event, entry["by"]["reason"].as_str().unwrap_or_default().to_owned())
        })
        .filter(|(event, _)| event.starts_with("backup_"))
        .collect();
    let expected = [
        ("backup_begun", "linepass backup drill"),
        ("backup_begun", "linepass backup drill"),
        ("backup_begun", "nightly"),
        ("backup_taken", "nightly"),
    ];
    assert_eq!(events, expected.map(|(event, reason)| (event.to_owned(), reason.to_owned())));
    assert!(value("linepass_backup_last_timestamp_seconds") > 1.0e9);
    assert!(value("linepass_backup_last_bytes") > 1_000.0);
}

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

/// Reading a large backup takes minutes, and waits for nothing.
#[test]
fn ctrl_c_ends_a_restore_that_reads_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (endless, master) = (folder.path().join("endless"), folder.path().join("master.key"));
    linepass::security::MasterKey::load_or_create(&master).expect("a key");
    let made = std::process::Command::new("mkfifo").arg(&endless).status().expect("runs");
    assert!(made.success());
    let before = names(folder.path());
    for signal in ["INT", "TERM"] {
        let parts = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let pipe = fs::OpenOptions::new().write(true).open(&endless).expect("opens");
                let mut writer = Writer::begin(pipe).expect("writes");
                let part = Part { kind: PartKind::Rows, body: Vec::new() };
                // Until nobody reads any more.
                while writer.put(&part).is_ok() {
                    parts.fetch_add(1, Ordering::Relaxed);
                }
            });
            let store = folder.path().join("restored").display().to_string();
            let [file, key] = [&endless, &master].map(|path| path.display().to_string());
            let arguments = ["restore", &file, "--store", &store, "--master-key-file", &key];
            let running = Started::spawn(&mut linepass(&arguments));
            // More than a pipe holds: it reads.
            until("reading", || parts.load(Ordering::Relaxed) > 10_000);
            running.signal(signal);
            let ended = running.ended();
            assert!(ended.code == Some(130) && ended.err.contains("interrupted"), "{ended:?}");
        });
        assert_eq!(names(folder.path()), before);
    }
}

/// A file that is there, a folder that is not, a server that breaks off, Ctrl-C: no file is left.
#[test]
fn no_half_file_is_left_and_none_is_written_over() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("there");
    fs::write(&there, b"mine").expect("writes");
    let refused = operator.run(&["backup", "--out", there.to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(3) && said.contains("writes over nothing"), "{said}");
    assert_eq!(fs::read(&there).expect("reads"), b"mine");
    let refused = operator.run(&["backup", "--out", "/nowhere/a.backup"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.lines().count() == 1, "{said}");
    let told = "linepass: --out /nowhere/a.backup: there is no folder /nowhere: make it first\n";
    assert_eq!(said, told);
    // The server's own store is no place for it, though nobody named a configuration.
    let store = demo.folder().join("store");
    let inside = [store.join("a.backup"), store.clone(), store.join("sled")];
    for place in inside.map(|place| place.display().to_string()) {
        for (option, call) in [("--out", &["backup"][..]), ("--folder", &["backup", "drill"])] {
            let refused = operator.run(&[call, &[option, &place]].concat());
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            let told = format!("linepass: {option} {place}: it is inside the store at ");
            assert!(refused.status.code() == Some(3) && said.starts_with(&told), "{said}");
        }
    }
    let is_foreign = |name: &String| name.contains(".backup") || name.contains("drill");
    assert!(!names(&store).iter().any(is_foreign), "{:?}", names(&store));
    // In a folder it has a name of its own.
    let taken = backup(&operator, folder.path(), &["--reason", "nightly"]);
    let file = PathBuf::from(taken["file"].as_str().expect("a file"));
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("linepass-") && name.ends_with(".backup"), "{name}");
    // So has the next one, be it within the same second, and both are there.
    let next = backup(&operator, folder.path(), &[]);
    let next = PathBuf::from(next["file"].as_str().expect("a file"));
    assert!(next != file && next.exists() && file.exists(), "{next:?}");
    let before = names(folder.path());
    let token = demo.text("/operator_token_file");
    // A disk that takes no more: as a shell makes one for a single command.
    let mut bounded = std::process::Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" backup --out \"$1\"";
    let full = folder.path().join("full.backup").display().to_string();
    bounded.args(["-c", script, env!("CARGO_BIN_EXE_linepass"), &full]);
    bounded.env("LINEPASS_OPERATOR_URL", &operator.url).env("LINEPASS_OPERATOR_TOKEN_FILE", token);
    let ended = bounded.output().expect("the shell runs");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(1) && said.contains("full.backup"), "{ended:?}");
    assert_eq!(names(folder.path()), before);
    let to = folder.path().join("b.backup").display().to_string();
    let against = |url: &str| {
        let mut command = linepass(&["backup", "--out", &to]);
        command.env("LINEPASS_OPERATOR_URL", url).env("LINEPASS_OPERATOR_TOKEN_FILE", token);
        command
    };
    // What comes is no part, or one whose body is none.
    let odd = [json!({ "backup": "x" }), json!({ "kind": "rows", "body": "%" })];
    let ended = run(&mut against(&answering(odd.to_vec())));
    assert!(ended.code == Some(1) && ended.err.contains("no part of a backup"), "{ended:?}");
    assert_eq!(names(folder.path()), before);
    // A server that never comes to the end, and Ctrl-C.
    let endless = [json!({ "backup": "x" }), json!({ "kind": "rows", "body": "" })];
    for signal in ["INT", "TERM"] {
        let running = Started::spawn(&mut against(&answering(endless.to_vec())));
        let is_half = |name: &String| name.starts_with(".b.backup.");
        until("a half file", || names(folder.path()).iter().any(is_half));
        running.signal(signal);
        let ended = running.ended();
        assert!(ended.code == Some(130) && ended.err.contains("interrupted"), "{ended:?}");
        assert_eq!(names(folder.path()), before);
    }
}
