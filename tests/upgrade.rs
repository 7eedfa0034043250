//! `linepass upgrade`: what a newer version wrote is refused, shortcuts of another one go, and it can
//! end anywhere and be run again (reliability.md 12).

mod common;
mod process;

use common::{
    Browser, Demo, Options, anime,
    contracts::{cancel, subscribe},
    purchase, unique,
};
use linepass::{
    domain::line::FOLD_VERSION,
    store::{key, record},
};
use process::{Ended, Started, linepass, run};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

type Row = (Vec<u8>, Vec<u8>);

fn raw<T>(folder: &Path, act: impl FnOnce(&sled::Db) -> T) -> T {
    process::with_engine(&folder.join("store"), act)
}

fn rows(folder: &Path) -> Vec<Row> {
    let pair = |row: sled::Result<(sled::IVec, sled::IVec)>| {
        row.map(|(key, row)| (key.to_vec(), row.to_vec())).expect("reads")
    };
    raw(folder, |db| db.iter().map(pair).collect())
}

/// A stopped demo's folder with a purchase, a live contract and ended ones, and with snapshots that another version of the fold made.
fn filled(foreign: u64) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    purchase(&demo, &Browser::new(demo.issuer()), "sakura01", &anime(&unique()));
    for passport_id in ["sakura01", "sakura02"] {
        let contract = subscribe(&demo, passport_id).contract();
        cancel(&demo, passport_id, &contract);
    }
    subscribe(&demo, "sakura01");
    assert!(demo.terminate().success());
    let stream = "CAF0000012573".parse().expect("a stream");
    raw(folder.path(), |db| {
        for seq in 1_000..1_000 + foreign {
            let body = format!("{{\"fold\":{},\"block\":1,\"mac\":\"\"}}\n{{}}", FOLD_VERSION - 1);
            let row = record::encode(1, body.as_bytes());
            db.insert(key::snapshot(&stream, seq), row).expect("puts");
        }
    });
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = linepass(&[&["upgrade"], arguments].concat());
    command.env("LINEPASS__STORE__PATH", folder.join("store"));
    command.env("LINEPASS__KEYS__MASTER_KEY_FILE", folder.join("master.key"));
    command.env("LINEPASS__OPERATOR__TOKEN_FILE", folder.join("operator.token"));
    command
}

fn upgrade(folder: &Path, arguments: &[&str]) -> Ended {
    run(&mut command(folder, arguments))
}

fn snapshots(rows: &[Row]) -> usize {
    rows.iter().filter(|(key, _)| key.starts_with(b"s/")).count()
}

fn assert_whole(folder: &Path) {
    let mut command = linepass(&["audit", "verify", "--offline", "--store"]);
    command.arg(folder.join("store")).arg("--master-key-file").arg(folder.join("master.key"));
    let ended = run(&mut command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// The rows by which receipts are found; the body alone, since a row says in which block it was
/// written.
fn receipts(folder: &Path) -> Vec<Row> {
    let of = |(key, _): &Row| key.starts_with(b"r/");
    rows(folder).into_iter().filter(of).map(|(key, row)| (key, row[9..].to_vec())).collect()
}

/// Makes it a store of a version that had no such rows.
fn without_receipts(folder: &Path) -> Vec<Row> {
    let before = receipts(folder);
    assert_eq!(before.len(), 8, "four purchases, two cancellations, two ends");
    raw(folder, |db| {
        for (key, _) in &before {
            db.remove(key).expect("removes");
        }
    });
    before
}

#[test]
fn a_rehearsal_changes_no_row_and_the_run_takes_the_shortcuts_away() {
    let folder = filled(1_200);
    let path = folder.path();
    let (before, head) = (rows(path), std::fs::read(path.join("store/head")).expect("a head"));
    let own = snapshots(&before) - 1_200;
    let rehearsed = upgrade(path, &["--dry-run", "--json"]);
    assert_eq!(rehearsed.code, Some(0), "{rehearsed:?}");
    let told: Value = serde_json::from_str(&rehearsed.out).expect("one object");
    assert_eq!((&told["dry_run"], &told["snapshots_dropped"]), (&json!(true), &json!(1_200)));
    assert_eq!((&told["rows"], &told["snapshots"]), (&json!(before.len()), &json!(own)));
    assert!(rows(path) == before, "a rehearsal writes no row");
    assert_eq!(std::fs::read(path.join("store/head")).expect("a head"), head);
    let pretty = upgrade(path, &["--dry-run"]);
    assert!(pretty.out.starts_with("Nothing was changed; it would be:\n"), "{pretty:?}");
    assert!(pretty.out.contains("1200 would go"), "{pretty:?}");

    let done = upgrade(path, &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("1200 gone") && done.out.contains("ready for linepass serve"));
    let after = rows(path);
    assert_eq!(snapshots(&after), own);
    let lasting = |rows: &[Row]| -> Vec<Row> {
        let stays = |key: &[u8]| !key.starts_with(b"s/") && !key.starts_with(b"b/");
        rows.iter().filter(|(key, _)| stays(key)).cloned().collect()
    };
    assert!(lasting(&after) == lasting(&before), "nothing of what happened is written anew");
    assert_whole(path);
    let again = upgrade(path, &["--json"]);
    let told: Value = serde_json::from_str(&again.out).expect("one object");
    assert_eq!(told["snapshots_dropped"], 0);
    assert!(rows(path) == after, "there was nothing left to do");
    let demo = Demo::with(&Options { folder: Some(path), ..Options::default() });
    let refused = upgrade(path, &[]);
    assert!(refused.code == Some(1) && refused.err.contains("is in use: stop"), "{refused:?}");
    drop(demo);
}

#[test]
fn receipts_of_a_store_that_had_no_rows_for_them_are_found_afterwards() {
    let folder = filled(0);
    let path = folder.path();
    let before = without_receipts(path);
    let rehearsed = upgrade(path, &["--dry-run", "--json"]);
    let told: Value = serde_json::from_str(&rehearsed.out).expect("one object");
    assert_eq!(told["receipts_indexed"], before.len());
    assert_eq!(receipts(path), []);
    let done = upgrade(path, &[]);
    assert!(done.out.contains(&format!("are found: {} added", before.len())), "{done:?}");
    assert_eq!(receipts(path), before);
    assert_whole(path);
    let again = upgrade(path, &["--json"]);
    let told: Value = serde_json::from_str(&again.out).expect("one object");
    assert_eq!(told["receipts_indexed"], 0);
}

#[test]
fn killed_anywhere_it_is_run_again() {
    let folder = filled(6_000);
    let path = folder.path();
    let whole_receipts = without_receipts(path);
    let ended = |(key, _): &&Row| key.ends_with(b"/end");
    let ends: Vec<_> = whole_receipts.iter().filter(ended).map(|(key, _)| key.clone()).collect();
    let (began, mut rounds) = (std::time::Instant::now(), 0_u32);
    // The whole run takes a while; each one before it is killed somewhere on its way.
    let whole = {
        let other = filled(6_000);
        without_receipts(other.path());
        let began = std::time::Instant::now();
        assert_eq!(upgrade(other.path(), &[]).code, Some(0));
        began.elapsed()
    };
    for part in 1..=5 {
        let mut started = Started::spawn(&mut command(path, &[]));
        let until = std::time::Instant::now() + whole * part / 6;
        while std::time::Instant::now() < until && started.runs() {
            std::thread::yield_now();
        }
        rounds += u32::from(started.runs());
        started.signal_if_running("KILL");
        started.ended();
        assert_whole(path);
        let found: Vec<_> = receipts(path).into_iter().map(|(key, _)| key).collect();
        for end in &ends {
            let order = end.strip_suffix(b"/end").expect("an end");
            let stands = |key: &[u8]| found.iter().any(|found| found == key);
            assert!(stands(end) || !stands(order), "{}", end.escape_ascii());
        }
    }
    assert!(rounds > 0, "none was killed within {:?}", began.elapsed());
    let done = upgrade(path, &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_whole(path);
    assert_eq!(receipts(path), whole_receipts);
    let foreign = |(key, row): &&Row| {
        let version = format!("{{\"fold\":{},", FOLD_VERSION - 1);
        key.starts_with(b"s/") && row[9..].starts_with(version.as_bytes())
    };
    assert_eq!(rows(path).iter().filter(foreign).count(), 0);
}

#[test]
fn a_store_that_a_newer_version_wrote_is_refused_as_it_is() {
    let folder = filled(3);
    let path = folder.path();
    let good = rows(path);
    let of = |begins: &[u8]| {
        good.iter().rfind(|(key, _)| key.starts_with(begins)).expect("a row").clone()
    };
    for (begins, said) in [
        (&b"e/CAF"[..], "event "),
        (b"p/CAF", "personal row "),
        (b"b/", "block "),
        (b"k/", "row k/"),
        (b"s/", "row s/"),
    ] {
        // The last block is the one that the head names; a newer version's head would fit it.
        let (key, row) = match begins {
            b"b/" => good.iter().find(|(key, _)| *key == key::block(3)).expect("there").clone(),
            _ => of(begins),
        };
        let mut newer = row.clone();
        newer[0] = 2;
        raw(path, |db| db.insert(&key, newer)).expect("puts");
        let before = rows(path);
        for arguments in [&[][..], &["--dry-run"]] {
            let refused = upgrade(path, arguments);
            assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{refused:?}");
            assert!(refused.err.starts_with(&format!("linepass: {said}")), "{refused:?}");
            let what = "its version is 2; this program reads version 1; a newer Linepass wrote it";
            assert!(refused.err.contains(what), "{refused:?}");
        }
        assert!(rows(path) == before, "{said}: nothing was changed");
        // A server of this version does not start on a block that it cannot read either.
        if begins == b"b/" {
            let refused = process::run(&mut process::demo_on(path));
            assert!(refused.code == Some(1) && refused.err.contains("version is 2"), "{refused:?}");
        }
        raw(path, |db| db.insert(&key, row)).expect("puts back");
    }
    assert!(rows(path) == good);
}
