//! The command line as scripts meet it: exit codes, what goes where, what is written to disk, and
//! what `--now` does to months.

mod common;
mod process;

use common::{Browser, Demo, Options, anime, order, purchase, unique};
use process::{Ended, Started, demo_on, linepass, run};
use serde_json::Value;
use std::{os::unix::fs::PermissionsExt, path::Path};

fn run_with(arguments: &[&str]) -> Ended {
    run(&mut linepass(arguments))
}

#[test]
fn a_wrong_command_line_is_exit_code_2_and_says_what_is_allowed() {
    let correct = |charged, difference| -> Vec<&str> {
        let fixed = "bill correct CAF0000012573 --month 2026-10 --receipt 100000000016 --reason r";
        fixed.split(' ').chain([charged, difference]).collect()
    };
    let delete = "passport delete CAF0000012573 --passport 0 --reason r".split(' ');
    let delete: Vec<&str> = delete.collect();
    let release: Vec<&str> =
        "hold release CAF0000012573 --passport 0 --reason r".split(' ').collect();
    let (good, bad) = ("--difference-yen=-1", "--difference-yen=-10000000");
    let load =
        "load --url http://127.0.0.1:1 --credentials c --rate 1 --scenario mix=portal:2,login";
    let load: Vec<&str> = load.split(' ').collect();
    let table: [(&[&str], &str); 17] = [
        (&load, "login has no weight, as in login:3; allowed is"),
        (&correct("--charged-yen=-1", good), "0..=9999999"),
        (&correct("--charged-yen=10000000", good), "0..=9999999"),
        (&correct("--charged-yen=300", bad), "-9999999..=9999999"),
        (&delete, "1.."),
        (&release, "1.."),
        (&["maintenance", "on", "--reason", "a\u{202e}b"], "bidi formatting"),
        (&[], "Usage"),
        (&["buy"], "unrecognized subcommand"),
        (&["demo", "--fast"], "unexpected argument '--fast'"),
        (&["demo", "--now", "yesterday"], "RFC 3339"),
        (&["demo", "--now", "2026-11-30"], "RFC 3339"),
        (&["demo", "--redirect-uri", "/callback"], "an absolute http or https address"),
        (&["demo", "--port", "65536"], "65535"),
        (
            &["demo", "--webhook-url", "foo"],
            "--webhook-url \"foo\": write an absolute https address",
        ),
        (&["demo", "--port", "9", "--shop-port", "9"], "--port and --shop-port: both are 9"),
        (&["config", "show", "--config"], "a value is required"),
    ];
    for (arguments, expected) in table {
        let ended = run_with(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(expected), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn help_goes_to_standard_output_with_examples() {
    for arguments in [&["demo", "--help"][..], &["serve", "--help"], &["config", "check", "--help"]]
    {
        let ended = run_with(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(ended.out.contains("Examples:"), "{arguments:?}: {}", ended.out);
    }
    let help = run_with(&["--help"]);
    assert!(help.out.contains("Exit codes") && help.out.contains("demo"), "{help:?}");
    let version = run_with(&["--version"]);
    assert_eq!(version.out, format!("linepass {}\n", env!("CARGO_PKG_VERSION")));
}

/// A configuration file of its own folder.
fn configuration(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("linepass.toml");
    std::fs::write(&file, text).expect("writes");
    let name = file.display().to_string();
    (folder, name)
}

#[test]
fn config_check_names_every_error_with_its_file_line_and_key() {
    let (_folder, file) =
        configuration("[server]\nlisten = \"0.0.0.0:80\"\nworkers = 0\n\n[store]\npaths = \"x\"\n");
    let ended = run_with(&["config", "check", "--config", &file]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    for (line, key) in [(2, "server.listen"), (3, "server.workers"), (6, "store.paths")] {
        let place = format!("{file}:{line}: {key}: ");
        assert!(ended.err.contains(&place), "{place}: {ended:?}");
    }

    let ended = run_with(&["config", "check", "--json", "--config", &file]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""), "{ended:?}");
    let report = one_line_of_json(&ended.out);
    assert_eq!(report["ok"], false);
    let keys: Vec<&str> = report["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|error| error["key"].as_str())
        .collect();
    assert_eq!(keys.len(), 3, "{report}");
}

#[test]
fn config_check_passes_a_good_file_and_fails_on_one_that_is_not_there() {
    let (_folder, file) = configuration("[server]\nworkers = 4\n");
    let ended = run_with(&["config", "check", "--config", &file]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
    let ended = run_with(&["config", "check", "--config", "/nowhere/linepass.toml"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("/nowhere/linepass.toml"), "{ended:?}");
}

/// The binary in 4 GiB of addresses: what has no end must not be held.
fn bounded(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -v 4194304; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_linepass")]);
    command.args(arguments).stdin(std::process::Stdio::null());
    command.env("LINEPASS_OPERATOR_URL", "http://127.0.0.1:9");
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", file_of_token(folder));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    run(&mut command)
}

#[test]
fn a_file_without_an_end_is_one_clear_line_in_bounded_memory() {
    let table: [(&[&str], &str); 5] = [
        (&["config", "check", "--config", "/dev/zero"], "longer than 1 MiB"),
        (&["config", "show", "--config", "/dev/zero"], "longer than 1 MiB"),
        (&["line", "import", "/dev/zero", "--reason", "r"], "longer than 256 KiB"),
        (
            &["line", "import", "/dev/zero", "--format", "jsonl", "--reason", "r"],
            "longer than 256 KiB",
        ),
        (&["overdue", "import", "/dev/zero", "--reason", "r"], "longer than 256 KiB"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, said) in table {
        let ended = bounded(folder.path(), arguments);
        assert_eq!((ended.code, ended.err.lines().count()), (Some(1), 1), "{ended:?}");
        assert!(ended.err.contains("/dev/zero") && ended.err.contains(said), "{ended:?}");
    }
}

#[test]
fn an_import_without_a_row_says_so_and_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.display().to_string()
    };
    let (empty, blank) = (file("empty.jsonl", ""), file("blank.jsonl", "\n\n"));
    let lines = file("lines.csv", "customer_id,mail\n");
    let bills = file("bills.csv", "customer_id,month,due,status\n");
    let (headless, partial) = (file("empty.csv", ""), file("partial.csv", "customer_id,due\n"));
    let (none, columns) = ("it holds no row", "header: month, status: must be columns");
    for (command, file, said) in [
        ("line", &empty, none),
        ("line", &blank, none),
        ("line", &lines, none),
        ("overdue", &empty, none),
        ("overdue", &blank, none),
        ("overdue", &bills, none),
        ("line", &headless, "header: customer_id: must be a column"),
        ("overdue", &headless, "header: customer_id, month, due, status: must be columns"),
        ("overdue", &partial, columns),
    ] {
        // Nobody is asked: there is nothing to ask.
        let mut asked = linepass(&[command, "import", file, "--reason", "r"]);
        let token = file_of_token(folder.path());
        asked.env("LINEPASS_OPERATOR_URL", "http://127.0.0.1:9");
        asked.env("LINEPASS_OPERATOR_TOKEN_FILE", token);
        let ended = run(&mut asked);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{command} {file}: {ended:?}");
        assert_eq!(ended.err, format!("linepass: {file}: {said}\n"), "{command}");
    }
}

/// A token's file, as a server would have made it.
fn file_of_token(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("operator.token");
    std::fs::write(&path, "t".repeat(43)).expect("writes");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    path
}

#[test]
fn config_show_hides_the_master_key_and_tells_where_values_come_from() {
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [42; 32]);
    for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
        let mut command = linepass(arguments);
        command.env("LINEPASS__KEYS__MASTER_KEY", &key).env("LINEPASS__SERVER__WORKERS", "3");
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!format!("{ended:?}").contains(&key), "{ended:?}");
        assert!(ended.out.contains("***"), "{ended:?}");
    }
    let mut command = linepass(&["config", "show"]);
    let shown = run(command.env("LINEPASS__SERVER__WORKERS", "3")).out;
    let line = shown.lines().find(|line| line.starts_with("workers = ")).expect("the key");
    assert!(line.contains('3') && line.contains("LINEPASS__SERVER__WORKERS"), "{line}");
}

/// Standard output that is one object on one line, and nothing else.
fn one_line_of_json(out: &str) -> Value {
    assert!(out.ends_with('\n') && out.lines().count() == 1, "{out:?}");
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// The demo on a folder, with what it printed.
fn ready(folder: &Path) -> (Started, Value) {
    Started::spawn(&mut demo_on(folder)).ready().unwrap_or_else(|ended| panic!("{ended:?}"))
}

#[test]
fn the_demo_prints_one_object_and_nothing_more_and_no_secret_into_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let (started, said) = ready(folder.path());
    started.signal("TERM");
    let ended = started.ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
    assert!(!ended.err.is_empty(), "the log goes to standard error");
    for pointer in
        ["/providers/0/client_secret", "/lines/0/access_key", "/lines/0/passport_ids/0/password"]
    {
        let secret = said.pointer(pointer).and_then(Value::as_str).expect("a secret");
        assert!(!ended.err.contains(secret), "{pointer} in the log");
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .permissions()
        .mode()
        & 0o7777
}

#[test]
fn what_the_demo_makes_is_for_its_owner_alone() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("new");
    let (_started, _) = ready(&folder);
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("store")), 0o700);
    assert_eq!(mode(&folder.join("demo.json")), 0o600);
    assert_eq!(mode(&folder.join("master.key")), 0o600);
}

#[test]
fn a_wrong_call_makes_nothing_and_what_is_no_folder_is_told_as_that() {
    let parent = tempfile::tempdir().expect("a folder");
    let new = parent.path().join("new");
    let ended = run(demo_on(&new).args(["--webhook-url", "http://shop.example/"]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!new.exists());
    let file = parent.path().join("file");
    std::fs::write(&file, "").expect("writes");
    for (place, code) in [(Path::new("/dev/null"), 3), (&file, 3), (&file.join("within"), 1)] {
        let ended = run(&mut demo_on(place));
        let told = format!("linepass: --data {}: it has to be a folder", place.display());
        assert!(ended.code == Some(code) && ended.err.starts_with(&told), "{ended:?}");
        assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    }
}

#[test]
fn a_master_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (started, _) = ready(folder.path());
    started.signal("TERM");
    assert_eq!(started.ended().code, Some(0));
    let key = folder.path().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("sets");
    let ended = run(&mut demo_on(folder.path()));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("master.key") && ended.err.contains("600"), "{ended:?}");
}

#[test]
fn a_temporary_folder_is_gone_afterwards() {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut command = linepass(&["demo", "--json"]);
    let spawned = Started::spawn(command.env("TMPDIR", temporary.path()));
    let (started, _) = spawned.ready().unwrap_or_else(|ended| panic!("{ended:?}"));
    let count = || std::fs::read_dir(temporary.path()).expect("reads").count();
    assert_eq!(count(), 1);
    started.signal("INT");
    assert_eq!(started.ended().code, Some(0));
    assert_eq!(count(), 0);
}

/// A demo on a folder that exists already.
fn demo(folder: &Path, now: Option<&str>, time_zone: &str) -> Demo {
    let env = vec![("TZ", time_zone.to_owned())];
    Demo::with(&Options { folder: Some(folder), now, env, ..Options::default() })
}

#[test]
fn the_same_folder_goes_on_with_credentials_and_purchases() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = demo(folder.path(), None, "UTC");
    let details = anime(&unique());
    let flow = purchase(&first, &Browser::new(first.issuer()), "sakura01", &details);
    assert!(flow.path.starts_with("/flow/"));
    let before = first.said.clone();
    assert_eq!(first.terminate().code(), Some(0));

    let again = demo(folder.path(), None, "UTC");
    assert_eq!(again.said["lines"], before["lines"]);
    for pointer in ["/providers/0/client_secret", "/providers/1/client_secret"] {
        assert_eq!(again.said.pointer(pointer), before.pointer(pointer), "{pointer}");
    }
    let browser = Browser::new(again.issuer());
    let flow = browser.arrive(&again.provider().push(Some(&details)));
    browser.log_in(&flow, "sakura01", again.password("sakura01"));
    let answer = browser.confirmation(&flow);
    assert!(answer.status == 303 && answer.location().ends_with("/complete"), "{answer:?}");
}

#[test]
fn one_more_redirect_address_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = demo_on(folder.path());
    let uri = "http://127.0.0.1:4000/cb?x=1";
    let spawned = Started::spawn(command.args(["--redirect-uri", uri]));
    let (_started, said) = spawned.ready().unwrap_or_else(|ended| panic!("{ended:?}"));
    let uris = said["providers"][1]["redirect_uris"].as_array().expect("addresses");
    assert!(uris.contains(&uri.into()) && uris.contains(&common::REDIRECT_URI.into()), "{uris:?}");
}

/// Buys the monthly pack of A社; the receipt.
fn buy_pack(demo: &Demo, passport_id: &str) -> Value {
    let provider = demo.other_provider();
    let browser = Browser::new(demo.issuer());
    let details = order(&unique(), "pack", 1, 525);
    let flow = browser.arrive(&provider.push(Some(&details)));
    browser.log_in(&flow, passport_id, demo.password(passport_id));
    let bought = browser.buy(&flow);
    assert_eq!(bought.status, 303, "{bought:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let exchanged = provider.exchange(&code);
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    exchanged.json()["authorization_details"][0].clone()
}

#[test]
fn now_dates_receipts_in_japan_time_whatever_the_machines_time_zone() {
    // The same instant in each spelling: 23:59 on 30 November in Japan is the afternoon in UTC and
    // the morning in New York; 0:00 on 1 December in Japan is still November in both (R-029).
    let table = [
        ("2026-11-30T23:55:00+09:00", "2026-11-30T23:5", "2026-11"),
        ("2026-11-30T14:55:00Z", "2026-11-30T23:5", "2026-11"),
        ("2026-12-01T00:00:00+09:00", "2026-12-01T00:0", "2026-12"),
        ("2026-11-30T10:00:00-05:00", "2026-12-01T00:0", "2026-12"),
    ];
    for time_zone in ["Asia/Tokyo", "America/New_York", "UTC"] {
        for (now, completed_at, month) in table {
            let folder = tempfile::tempdir().expect("a folder");
            let demo = demo(folder.path(), Some(now), time_zone);
            let receipt = buy_pack(&demo, "sakura01");
            let at = receipt["completed_at"].as_str().expect("a time");
            assert!(at.starts_with(completed_at) && at.ends_with("+09:00"), "{now}: {receipt}");
            assert_eq!(receipt["first_charge_month"], month, "{now} in {time_zone}");
        }
    }
}

#[test]
fn a_clock_that_goes_back_over_a_restart_dates_nothing_before_what_happened_r_029() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = demo(folder.path(), Some("2026-12-01T00:00:10+09:00"), "UTC");
    let before = buy_pack(&first, "sakura01");
    assert_eq!(before["first_charge_month"], "2026-12");
    assert_eq!(first.terminate().code(), Some(0));

    let second = demo(folder.path(), Some("2026-11-15T12:00:00+09:00"), "UTC");
    // The page says the month that the press is going to charge.
    let browser = Browser::new(second.issuer());
    let flow = browser.arrive(&second.provider().push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura02", second.password("sakura02"));
    let page = browser.confirmation(&flow);
    assert!(page.body.contains("12月") && !page.body.contains("11月分"), "{}", page.body);
    let after = buy_pack(&second, "sakura02");
    let at = |receipt: &Value| receipt["completed_at"].as_str().expect("a time").to_owned();
    assert!(at(&after) >= at(&before), "{before} before {after}");
    assert_eq!(after["first_charge_month"], "2026-12");
    assert!(second.log().contains("the clock is behind"), "{}", second.log());
}
