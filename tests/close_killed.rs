//! The month's close killed at any point, of the server and of the command, and run again: one set
//! of bills, the same bytes (checks/reliability.md 16).

mod common;
#[path = "../benches/fill/mod.rs"]
mod fill;
mod process;

use linepass::store::Store;
use process::{
    Started, copy_folder, linepass, send,
    server::{Server, pause},
};
use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Instant};

const LINES: u64 = 1_500;
const PURCHASES: u64 = 6;

/// The command that closes the month on a server.
fn close(server: &Server, out: &Path) -> Command {
    let mut command = linepass(&["bill", "close", "--month", "2026-10", "--reason", "month end"]);
    command
        .arg("--out")
        .arg(out)
        .env("LINEPASS_OPERATOR_URL", &server.url)
        .env("LINEPASS_OPERATOR_TOKEN_FILE", &server.token);
    command
}

/// A whole folder's files, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("reads"))
        })
        .collect()
}

#[test]
fn a_close_killed_at_any_point_and_run_again_writes_the_same_bytes() {
    let original = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = fill::open(original.path());
        fill::fill(&store, LINES, PURCHASES).await;
        store.close().await.expect("closes");
    });

    // Undisturbed: what it should come to, and how long it takes.
    let quiet = tempfile::tempdir().expect("a folder");
    copy_folder(original.path(), quiet.path());
    let out = quiet.path().join("bills");
    let server = Server::start(quiet.path());
    let began = Instant::now();
    let ended = process::run(&mut close(&server, &out));
    let took = began.elapsed();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    drop(server);
    let expected = files(&out);
    let manifest: serde_json::Value =
        serde_json::from_slice(&expected["manifest.json"]).expect("JSON");
    assert_eq!(manifest["summary"]["bills"], LINES);
    assert_eq!(manifest["summary"]["items"], LINES * PURCHASES);

    let killed = tempfile::tempdir().expect("a folder");
    copy_folder(original.path(), killed.path());
    let out = killed.path().join("bills");
    // The server dies with a close under way, each time further on.
    let mut broken = 0;
    for round in 1..=6 {
        let server = Server::start(killed.path());
        let command = Started::spawn(&mut close(&server, &out));
        let until = took * round / 7;
        let began = Instant::now();
        while began.elapsed() < until {
            pause();
        }
        send(server.child.id(), "KILL");
        drop(server);
        let ended = command.ended();
        assert!(ended.code == Some(1) || ended.code == Some(0), "round {round}: {ended:?}");
        broken += u32::from(ended.code == Some(1));
    }
    assert!(broken > 0, "no kill came while anything was under way");
    // The command dies while it writes, each time further on.
    for round in 1..=4 {
        let server = Server::start(killed.path());
        let command = close(&server, &out).spawn();
        let mut command = command.expect("the command starts");
        let began = Instant::now();
        while began.elapsed() < took * round / 5 {
            pause();
        }
        let _ = command.kill();
        let _ = command.wait();
    }
    for _ in 0..2 {
        let server = Server::start(killed.path());
        let ended = process::run(&mut close(&server, &out));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let written = files(&out);
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&written), names(&expected), "no partial file is left");
        for (name, bytes) in &expected {
            assert!(written[name] == *bytes, "{name} differs");
        }
    }
}
