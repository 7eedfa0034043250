//! `linepass backup`, `restore` and the drill against the real binary, under load (reliability 13): what
//! was acknowledged before the backup's block is there, what is restored is whole. (That others commit while it
//! is taken, `backup_parts` shows from part to part.)

mod backups;
mod common;
mod process;

use backups::{backup, bought, filled, names, options, restore, until};
use common::{
    Demo,
    door::decisions,
    operator::{Operator, journal},
    unique,
};
use linepass::store::Stream;
use process::{linepass, rows, run};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

fn ledger(folder: &Path, lines: &[Value]) -> String {
    let path = folder.join(format!("{}.jsonl", unique()));
    let text = lines.iter().fold(String::new(), |text, line| format!("{text}{line}\n"));
    fs::write(&path, text).expect("writes");
    path.display().to_string()
}

fn verify(store: &Path, master: &Path, more: &[&str]) -> Value {
    let [store, master] = [store, master].map(|path| path.display().to_string());
    let fixed = ["verify", "--offline", "--store", &store, "--master-key-file", &master, "--json"];
    let ended = run(&mut linepass(&[&fixed, more].concat()));
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
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
                let provider = demo.provider();
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
        let first = bought(&issuer, &demo.provider(), ("sakura01", &buyers[0].1));
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
        let last = bought(&issuer, &demo.provider(), ("sakura02", &buyers[1].1));
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
        bought(second.issuer(), &second.provider(), ("sakura01", second.password("sakura01")));
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

#[test]
fn a_drill_tells_how_long_each_took_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::with(&options(folder.path()));
    let operator = Operator::of(&demo);
    bought(demo.issuer(), &demo.provider(), ("sakura01", demo.password("sakura01")));
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
    let looked_at_s = told["restore"]["verify_seconds"].as_f64();
    assert!(looked_at_s > Some(0.0) && looked_at_s < told["restore"]["seconds"].as_f64(), "{told}");
    assert!(names(scratch.path()).is_empty());
    let output = operator.run(&drill);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.starts_with("backup to block ") && said.contains("\nwhole: "), "{said}");
    assert!(said.contains("\nrestored: ") && said.contains("\nlooked at: "), "{said}");
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
