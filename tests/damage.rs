//! Damaged files: what is cut, changed or missing is noticed and named, or costs nothing that was
//! acknowledged; never a silent loss, a panic or a wait without end (checks/reliability.md 3, 4, 5).
//! The same in process, byte by byte, is in `tests/torn_tail.rs`.

mod common;
mod harness;
mod process;

use harness::{
    count,
    draw::Draw,
    outcomes::Outcomes,
    server::refusal,
    stocked::{EndedBy, Stocked, flip, open},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The engine's log, below a folder of data.
const LOG: &str = "store/sled/db";

#[test]
fn leftovers_of_a_crash_do_not_stop_the_next_start() {
    let mut stocked = Stocked::new();
    let folder = stocked.copy();
    let store = folder.path().join("store");
    fs::write(store.join("head.new"), "linepass-head-1 7 to").expect("writes");
    let torn = store.join("sled/snap.0000000000000123.generating");
    fs::write(&torn, [0xff; 100]).expect("writes");
    let server = open(folder.path()).unwrap_or_else(|ended| panic!("{ended:?}"));
    assert!(stocked.check(&server.house) && !torn.exists());
}

#[test]
fn a_head_that_is_missing_or_changed_is_refused_by_name() {
    let stocked = Stocked::new();
    let missing = stocked.refused(|folder| {
        fs::remove_file(folder.join("store/head")).expect("removes");
    });
    assert!(missing.contains("head") && missing.contains("missing"), "{missing}");
    let length = fs::read(stocked.folder.path().join("store/head")).expect("reads").len();
    for place in [0, length / 2, length - 2] {
        let changed = stocked.refused(|folder| flip(&folder.join("store/head"), place, 0x20));
        assert!(changed.contains("store/head") && changed.contains("MAC"), "{place}: {changed}");
    }
    let empty = stocked.refused(|folder| {
        fs::write(folder.join("store/head"), "").expect("writes");
    });
    assert!(empty.contains("store/head"), "{empty}");
}

#[test]
fn a_store_of_another_master_key_is_refused() {
    let stocked = Stocked::new();
    let error = stocked.refused(|folder| {
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]);
        fs::write(folder.join("master.key"), format!("{key}\n")).expect("writes");
    });
    assert!(error.contains("master key"), "{error}");
    // A head that is older than the key cannot be told from a changed one; a lost key is a new one.
    let lost = stocked.refused(|folder| {
        fs::remove_file(folder.join("master.key")).expect("removes");
    });
    assert!(lost.contains("master key"), "{lost}");
    for place in [0, 20, 43] {
        let changed = stocked.refused(|folder| flip(&folder.join("master.key"), place, 0x01));
        assert!(changed.contains("master"), "{place}: {changed}");
    }
}

/// Where the last byte that is not zero ends.
fn used_bytes(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

#[test]
fn a_log_that_is_cut_within_what_was_closed_cleanly_is_refused() {
    let stocked = Stocked::new();
    let used = used_bytes(&fs::read(stocked.folder.path().join(LOG)).expect("reads"));
    for kept in [used * 9 / 10, used / 2, 1_000, 0] {
        let error = stocked.refused(|folder| cut(&folder.join(LOG), kept));
        assert_named(&error);
    }
}

fn cut(file: &Path, length: usize) {
    let file = fs::OpenOptions::new().write(true).open(file).expect("opens");
    file.set_len(length.try_into().expect("small")).expect("cuts");
}

/// The kind of a refusal: its cause without numbers and paths.
fn kind_of(error: &str) -> String {
    let known = [
        ("the head names it", "the head names a block that is not there: a tail is lost"),
        ("its MAC does not fit", "the head's MAC does not fit"),
        ("cannot read its files", "the engine cannot read its files"),
        ("is not the row that block", "a row is not what its block closed"),
        ("block", "a block"),
        ("master", "the master key's file"),
    ];
    let found = known.iter().find(|(words, _)| error.contains(words));
    format!("refused: {}", found.map_or(error, |(_, kind)| kind))
}

/// The files of a store that a bit may turn over in.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("master.key"), PathBuf::from("store/head")];
    for entry in fs::read_dir(folder.join("store/sled")).expect("reads") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a kind").is_file() {
            found.push(PathBuf::from("store/sled").join(entry.file_name()));
        }
    }
    found.sort();
    found
}

/// A refusal names the place and, where it is the store's, the page that tells what to do.
#[track_caller]
fn assert_named(error: &str) {
    let of_the_store = error.contains("damaged at") && error.contains("runbook/store-damaged.md");
    assert!(of_the_store || error.contains("master"), "{error}");
}

/// A damaged copy, started by the binary: everything is there, or it is refused with a place.
#[track_caller]
fn started(stocked: &mut Stocked, folder: &Path) -> String {
    match open(folder) {
        Ok(server) => {
            if stocked.check(&server.house) {
                "starts, everything is there".to_owned()
            } else {
                "starts without the last groups before the kill".to_owned()
            }
        }
        Err(ended) => {
            let error = refusal(&ended);
            assert_named(&error);
            kind_of(&error)
        }
    }
}

#[test]
fn a_changed_bit_in_any_file_never_makes_an_acknowledged_purchase_vanish() {
    let mut draw = Draw::seeded();
    let mut outcomes = Outcomes::default();
    for how in [EndedBy::Term, EndedBy::Kill] {
        let mut stocked = Stocked::ended_by(how);
        for file in files(stocked.folder.path()) {
            let bytes = fs::read(stocked.folder.path().join(&file)).expect("reads");
            let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
            let most = count("LINEPASS_DAMAGE_DRAWS", if bytes.len() > 1_000 { 12 } else { 5 });
            for _ in 0..most {
                let place = written[draw.below(written.len())];
                let bit = 1 << draw.below(8);
                let copy = stocked.copy();
                flip(&copy.path().join(&file), place, bit);
                println!("{how:?} {} byte {place} bit {bit}", file.display());
                let outcome = started(&mut stocked, copy.path());
                outcomes.note(&format!("bit of {}, after {how:?}", name_of(&file)), &outcome);
            }
        }
    }
    outcomes.tell();
}

/// A file's name without the number that the engine gives it.
fn name_of(file: &Path) -> String {
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    name.split_once('.').filter(|(name, _)| *name == "snap").map_or(name.clone(), |_| "snap".into())
}
