//! Backups of a demo's store and what is restored from them, as the commands make them.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::{
    common::{Browser, Demo, Options, Provider, operator::Operator, order, unique},
    process::{Ended, PATIENCE, linepass, run},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};
use tempfile::TempDir;

/// Generous throttles: these tests log in far more often than a household.
pub fn options(folder: &Path) -> Options<'_> {
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
pub fn bought(issuer: &str, provider: &Provider, buyer: (&str, &str)) -> Value {
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

/// Takes a backup of a running server; what the command tells of it.
pub fn backup(operator: &Operator, to: &Path, more: &[&str]) -> Value {
    let to = to.to_str().expect("a path");
    let output = operator.run(&[&["backup", "--out", to, "--json"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Makes a store of a backup.
pub fn restore(file: &Path, store: &Path, master: &Path, more: &[&str]) -> Ended {
    let [file, store, master] = [file, store, master].map(|path| path.display().to_string());
    let fixed = ["restore", &file, "--store", &store, "--master-key-file", &master];
    run(&mut linepass(&[&fixed, more].concat()))
}

/// Waits for a condition, as long as anything may take here.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "no {what}");
        std::thread::yield_now();
    }
}

/// The names of what is in a folder.
pub fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("reads");
    entries.map(|entry| entry.expect("reads").file_name().to_string_lossy().into_owned()).collect()
}

/// The folder of a stopped demo in which something was bought, a backup of its store, and its master key.
pub fn filled() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    bought(demo.issuer(), &demo.provider(), ("sakura01", demo.password("sakura01")));
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

/// The arguments of a backup of a store that no server has.
pub fn offline(store: &Path, master: &Path, to: &Path) -> Ended {
    let [store, master, to] = [store, master, to].map(|path| path.display().to_string());
    let fixed = ["backup", "--offline", "--store", &store, "--master-key-file", &master];
    run(&mut linepass(&[&fixed[..], &["--out", &to]].concat()))
}
