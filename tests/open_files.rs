//! A process may open so many files: connections take no more of them than the others leave, operators come
//! in, and a server that had none left goes on when it has some again (reliability.md 9).

mod common;
mod process;

use common::{Browser, Demo, Http, anime, door::until, unique};
use process::{PATIENCE, Started};
use std::{
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A demo whose process may open so many files.
fn demo_with_open_files(folder: &Path, most: usize) -> (Started, serde_json::Value) {
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={most}:{most}"));
    command.arg(env!("CARGO_BIN_EXE_linepass")).args(["demo", "--json", "--data"]).arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "16777216");
    command.env("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64");
    command.env("LINEPASS__PASSWORD__HASH_PASSES", "1");
    Started::spawn(&mut command).ready().unwrap_or_else(|ended| panic!("{ended:?}"))
}

fn address(url: &str) -> &str {
    url.strip_prefix("http://").expect("http")
}

/// Waits until the server answers a fresh connection.
fn until_it_answers(url: &str) {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build();
    let agent: ureq::Agent = config.into();
    let began = Instant::now();
    while agent.get(url).call().is_err() {
        assert!(began.elapsed() < PATIENCE, "{url} never answers");
    }
}

#[test]
fn connections_take_no_more_files_than_the_limit_leaves_and_operators_come_in_check_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let (started, said) = demo_with_open_files(folder.path(), 448);
    let (public, operator) =
        (said["issuer"].as_str().expect("an address"), said["operator"].as_str().expect("one"));
    let crowd: Vec<TcpStream> = (0..300)
        .map(|_| TcpStream::connect(address(public)).expect("the backlog takes it"))
        .collect();
    let health = Http::new().get(&format!("{operator}/readyz"), &[]);
    assert_eq!(health.status, 200, "operators have files left: {health:?}");
    drop(crowd);
    until_it_answers(public);
    started.signal("TERM");
    let ended = started.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("server.max_connections"), "it is told: {}", ended.err);
    assert!(!ended.err.contains("Error accepting connection"), "{}", ended.err);
}

/// How many files a process has open.
fn open_files(process_id: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process_id}/fd")).expect("Linux").count()
}

#[test]
fn a_server_that_can_open_no_more_files_goes_on_when_it_can_again_check_9() {
    let demo = Demo::start();
    until_it_answers(demo.issuer());
    let process_id = demo.process_id();
    let limit = |most: usize| {
        let ran = Command::new("prlimit")
            .args([&format!("--pid={process_id}"), &format!("--nofile={most}:")])
            .status();
        assert!(ran.expect("prlimit runs").success());
    };
    limit(open_files(process_id) + 3);
    let crowd: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(address(demo.issuer())).expect("the backlog takes it"))
        .collect();
    until("the accept loop", || demo.log().contains("Error accepting connection").then_some(()));
    drop(crowd);
    limit(1_024);
    until_it_answers(demo.issuer());
    let browser = Browser::new(demo.issuer());
    common::purchase(&demo, &browser, "sakura01", &anime(&unique()));
}
