//! The scripts of `tests/load/` for those who bring a load generator of their own walk whole purchases:
//! wrk runs its own, and k6's is run by a stand-in for k6 (`tests/shim/k6`).

mod common;
mod process;

use process::{
    run,
    server::{Server, on_folder},
};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

/// A seeded store, served as docs/load.md says; its credentials are in `seed.jsonl`.
fn seeded() -> (TempDir, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    // So many that none comes to its limit within seconds.
    let words = "seed --lines 2000 --seed 7 --credentials seed.jsonl";
    let words: Vec<&str> = words.split_whitespace().collect();
    let ended = run(&mut on_folder(&words, folder.path()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let server = Server::configured(folder.path(), "config/load.toml");
    (folder, server)
}

/// What became of a stopped server's store, which is whole: how many purchases it has.
fn bought(folder: &Path, server: Server) -> u64 {
    server.stop();
    let ended = run(&mut on_folder(&["verify", "--offline", "--json"], folder));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let orders = process::rows(&folder.join("store"));
    orders.iter().filter(|(key, _)| key.starts_with(b"o/")).count() as u64
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name).display().to_string()
}

/// What a tool printed, and whether it ended well.
fn told_by(tool: &mut Command, folder: &Path) -> (bool, String) {
    let name = tool.get_program().display().to_string();
    let ran = tool.current_dir(folder).output();
    let ran =
        ran.unwrap_or_else(|_| panic!("no {name}; tests/run installs it (apt-get install {name})"));
    let told = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&told).into_owned())
}

/// So many purchases by k6's script, one after the other: whether all went well, and what is known of them.
fn by_k6(folder: &Path, server: &Server, purchases: u64) -> (bool, Value) {
    let credentials = folder.join("seed.jsonl").display().to_string();
    let mut node = Command::new("node");
    node.args([script("shim/k6/run.mjs"), script("load/purchase.k6.js"), purchases.to_string()])
        .envs([
            ("URL", server.issuer.as_str()),
            ("CREDENTIALS", credentials.as_str()),
            ("RATE", "50"),
        ]);
    let (good, told) = told_by(&mut node, folder);
    (good, serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}")))
}

#[test]
fn the_script_for_k6_walks_whole_purchases_and_checks_each_answer() {
    let (folder, server) = seeded();
    let (good, found) = by_k6(folder.path(), &server, 12);
    assert!(good && found["failures"] == json!([]), "{found}");
    let checks = found["checks"].as_object().expect("checks");
    assert_eq!(checks.len(), 10, "each request's status is checked: {checks:?}");
    for (name, counts) in checks {
        assert_eq!(counts, &json!({ "passes": 12, "fails": 0 }), "{name}");
    }
    assert_eq!(found["metrics"]["press_ms"].as_array().map(Vec::len), Some(12), "{found}");
    let purchase = &found["options"]["scenarios"]["purchase"];
    assert_eq!(
        (&purchase["executor"], &purchase["rate"]),
        (&json!("constant-arrival-rate"), &json!(50))
    );
    assert_eq!(bought(folder.path(), server), 12);
}

#[test]
fn the_script_for_k6_tells_what_is_answered_otherwise() {
    let (folder, server) = seeded();
    let file = folder.path().join("seed.jsonl");
    let text = fs::read_to_string(&file).expect("a file");
    // No password is this one.
    fs::write(&file, text.replace("\"password\":\"", "\"password\":\"no")).expect("writes");
    let (good, found) = by_k6(folder.path(), &server, 2);
    assert!(!good, "{found}");
    assert_eq!(
        found["checks"]["login is answered 303"],
        json!({ "passes": 0, "fails": 2 }),
        "{found}"
    );
    assert_eq!(bought(folder.path(), server), 0);
}

#[test]
fn the_script_for_wrk_walks_whole_purchases() {
    let (folder, server) = seeded();
    let mut wrk = Command::new("wrk");
    wrk.args(["-t2", "-c2", "-d2s", "-s", &script("load/purchase.lua"), &server.issuer])
        .env("LINEPASS_CREDENTIALS", "seed.jsonl");
    let (good, printed) = told_by(&mut wrk, folder.path());
    let told = printed.lines().find(|line| line.starts_with("purchases: ")).filter(|_| good);
    let told = told.unwrap_or_else(|| panic!("{printed}"));
    assert!(told.ends_with("otherwise: 0 "), "{told}");
    let counted = told["purchases: ".len()..].split(',').next().and_then(|text| text.parse().ok());
    let counted: u64 = counted.unwrap_or_else(|| panic!("{told}"));
    // The purchase that was under way when time was up is bought, and its tokens were not waited for.
    let bought = bought(folder.path(), server);
    assert!(counted > 0 && (counted..=counted + 2).contains(&bought), "{told}, {bought} bought");
}
