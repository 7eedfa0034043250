//! What `linepass backup` and `restore` do not take, and what breaks off: it is named, and no half file and
//! no half store is left (reliability 13).

mod backups;
mod common;
mod process;

use backups::{backup, filled, names, offline, restore, until};
use common::{
    Demo,
    operator::{Operator, answering},
};
use linepass::store::backup::{Part, PartKind, Writer};
use process::{Started, linepass, run};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

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
