//! The running server's log: its level and form are changed without a restart, and a log that
//! cannot be written costs lines and no service (checks/experience.md 34, reliability.md 28).

mod common;
mod process;

use common::{Browser, Demo, Http, Options, anime, door, operator::Operator, purchase, unique};
use process::{PATIENCE, Started, demo_on};
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    time::Instant,
};

fn in_force(operator: &Operator) -> Value {
    let told = operator.get("/log");
    assert_eq!(told.status, 200, "{told:?}");
    told.json()
}

/// Makes the server write a decision's line.
fn be_refused(demo: &Demo) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    assert_eq!(browser.log_in(&flow, &unique()[..8], "wrong").status, 403);
}

#[test]
fn the_level_changes_in_the_running_server_and_a_restart_returns_experience_34() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { folder: Some(folder.path()), ..Options::default() };
    let mut demo = Demo::with(&options());
    let operator = Operator::of(&demo);
    let shown = operator.run(&["log", "level"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.starts_with("info\n  form        auto\n  configured  info, auto\n"), "{shown}");
    be_refused(&demo);
    assert_eq!(door::decisions(&demo, "login", 1).len(), 1);

    let made = operator.run(&["log", "level", "error", "--reason", "too much", "--json"]);
    assert!(made.status.success(), "{made:?}");
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!((&made["level"], &made["until"]), (&json!("error"), &Value::Null));
    be_refused(&demo);
    let made = operator.run(&["log", "level", "info", "--reason", "ticket 118"]);
    assert!(made.status.success(), "{made:?}");
    be_refused(&demo);
    // Decisions stand in their order: where the third login's is, the second one's would be.
    door::decisions(&demo, "login", 2);
    let logins = demo.decisions("login").len();
    assert_eq!(logins, 2, "nothing below error was written meanwhile");
    let changed = demo.decisions("change_log");
    assert_eq!(changed.len(), 1, "the change to error hides its own line: {changed:?}");
    assert_eq!(changed[0]["outcome"], "accepted");

    operator.change("PUT", "/log", &json!({ "level": "debug", "reason": "ticket 118" }));
    assert_eq!(demo.terminate().code(), Some(0));
    let demo = Demo::with(&options());
    assert_eq!(in_force(&Operator::of(&demo))["level"], "info");
}

#[test]
fn a_change_for_a_time_ends_by_itself_unless_another_came() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let began = Instant::now();
    let made = operator.run(&["log", "level", "debug", "--for", "1s", "--reason", "r", "--json"]);
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert!(made["level"] == "debug" && made["until"].is_string(), "{made}");
    while in_force(&operator)["level"] != "info" {
        assert!(began.elapsed() < PATIENCE, "it does not end");
    }
    assert!(began.elapsed().as_millis() >= 900, "{:?}", began.elapsed());
    door::decisions(&demo, "end_log_change", 1);
    // The end of an earlier change leaves a later one alone.
    operator.change("PUT", "/log", &json!({ "level": "debug", "for_s": 1, "reason": "r" }));
    operator.change("PUT", "/log", &json!({ "level": "trace", "for_s": 2, "reason": "r" }));
    let began = Instant::now();
    loop {
        let level = in_force(&operator)["level"].clone();
        if level == "info" {
            break;
        }
        assert_eq!(level, "trace");
        assert!(began.elapsed() < PATIENCE, "it does not end");
    }
    assert!(began.elapsed().as_millis() >= 1_500, "{:?}", began.elapsed());
}

#[test]
fn a_change_without_a_time_leaves_the_return_that_was_set() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let timed = json!({ "level": "debug", "for_s": 2, "reason": "r" });
    let until = operator.change("PUT", "/log", &timed)["until"].clone();
    let next = json!({ "level": "trace", "reason": "r" });
    let rehearsed = json!({ "level": "trace", "reason": "r", "dry_run": true });
    assert_eq!(operator.change("PUT", "/log", &rehearsed)["until"], until);
    let made = operator.change("PUT", "/log", &next);
    assert_eq!((&made["level"], &made["until"]), (&json!("trace"), &until));
    let began = Instant::now();
    while in_force(&operator)["level"] != "info" {
        assert!(began.elapsed() < PATIENCE, "it does not return");
    }
    assert_eq!(in_force(&operator)["until"], Value::Null);
}

#[test]
fn changes_at_once_follow_from_each_other_in_the_journal() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    std::thread::scope(|scope| {
        for levels in [["debug", "info"], ["trace", "warn"], ["error", "info"], ["warn", "debug"]] {
            let operator = Operator::of(&demo);
            scope.spawn(move || {
                for n in 0..20 {
                    let body = json!({ "level": levels[n % 2], "reason": "r" });
                    operator.change("PUT", "/log", &body);
                }
            });
        }
    });
    let entries = operator.get("/audit/entries?system=true&n=200").json();
    let entries = entries["entries"].as_array().expect("entries").clone();
    let changes: Vec<&Value> = entries
        .iter()
        .flat_map(|entry| entry["events"].as_array().expect("events"))
        .filter(|event| event["event"] == "log_changed")
        .collect();
    assert_eq!(changes.len(), 80);
    for pair in changes.windows(2) {
        assert_eq!(pair[0]["after"], pair[1]["before"], "{changes:?}");
    }
    let last = changes[79]["after"].as_str().expect("words");
    assert!(last.starts_with(in_force(&operator)["level"].as_str().expect("a level")), "{last}");
}

#[test]
fn the_form_changes_for_standard_error_and_files_stay_json() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    operator.change("PUT", "/log", &json!({ "format": "pretty", "reason": "reading along" }));
    be_refused(&demo);
    let file = demo.folder().join("logs/linepass.log");
    let began = Instant::now();
    while !demo.log().contains("action=login") {
        assert!(began.elapsed() < PATIENCE, "{}", demo.log());
    }
    let text = loop {
        let text = fs::read_to_string(&file).expect("is there");
        if text.contains("\"action\":\"login\"") {
            break text;
        }
        assert!(began.elapsed() < PATIENCE, "{text}");
    };
    assert!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
}

#[test]
fn what_is_not_allowed_changes_nothing() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let before = in_force(&operator);
    let refused = [
        (json!({ "reason": "r" }), 422, "level, format"),
        (json!({ "level": "loud", "reason": "r" }), 422, "loud"),
        (json!({ "level": "debug" }), 422, "reason"),
        (json!({ "level": "debug", "reason": "" }), 422, "reason"),
        (json!({ "level": "debug", "reason": "r", "for_s": 0 }), 422, "for_s"),
        (json!({ "level": "debug", "reason": "r", "for_s": 604_801 }), 422, "for_s"),
        (json!({ "level": "debug", "reason": "r", "more": 1 }), 422, "more"),
    ];
    for (body, status, word) in refused {
        let answer = operator.send("PUT", "/log", &body.to_string());
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(answer.json()["detail"].as_str().expect("a sentence").contains(word), "{answer:?}");
    }
    assert_eq!(operator.send_with("PUT", "/log", &[], "{}").status, 401);
    let rehearsed = operator.run(&["log", "level", "trace", "--reason", "r", "--dry-run"]);
    let said = String::from_utf8_lossy(&rehearsed.stdout).into_owned();
    assert!(said.starts_with("Nothing was changed; it would be:\ntrace\n"), "{said}");
    for usage in [&["log", "level", "debug"][..], &["log", "level", "--reason", "r"]] {
        assert_eq!(operator.run(usage).status.code(), Some(2), "{usage:?}");
    }
    assert_eq!(in_force(&operator), before);
}

/// The value of a series of `/metrics`.
fn figure(operator: &str, series: &str) -> u64 {
    let text = Http::new().get(&format!("{operator}/metrics"), &[]).body;
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{series}\n{text}")).parse().expect("a number")
}

/// reliability.md 28
#[test]
fn a_full_disk_of_the_log_costs_lines_and_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("logs")).expect("makes");
    symlink("/dev/full", folder.path().join("logs/linepass.log")).expect("links");
    let mut demo = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    purchase(&demo, &Browser::new(demo.issuer()), "sakura01", &anime(&unique()));
    let operator = demo.text("/operator").to_owned();
    let began = Instant::now();
    let lost = "linepass_log_lines_dropped_total{output=\"files\"}";
    while figure(&operator, lost) == 0 {
        assert!(began.elapsed() < PATIENCE, "nothing was counted");
    }
    assert_eq!(figure(&operator, "linepass_log_lines_dropped_total{output=\"stderr\"}"), 0);
    let written = door::decisions(&demo, "purchase", 1).len();
    assert_eq!(written, 1, "standard error has its lines");
    assert_eq!(demo.terminate().code(), Some(0));

    let mut command = demo_on(folder.path());
    command.stderr(OpenOptions::new().write(true).open("/dev/full").expect("opens"));
    command.env("LINEPASS__LOG__FOLDER", folder.path().join("other"));
    let mut child = command.spawn().expect("starts");
    let said = first_line(&mut child);
    let operator = said["operator"].as_str().expect("an address").to_owned();
    while figure(&operator, "linepass_log_lines_dropped_total{output=\"stderr\"}") == 0 {
        let id = said["issuer"].as_str().expect("an address");
        Http::new().post(&format!("{id}/oauth/token"), &[], &[("grant_type", "x")]);
        assert!(began.elapsed() < PATIENCE * 2, "nothing was counted");
    }
    process::send(child.id(), "TERM");
    assert_eq!(common::wait_for_end(&mut child, PATIENCE).code(), Some(0));
    assert!(folder.path().join("other/linepass.log").exists());
}

fn first_line(child: &mut std::process::Child) -> Value {
    use std::io::{BufRead as _, BufReader};
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut line).expect("it prints");
    serde_json::from_str(&line).expect("JSON")
}

/// reliability.md 28
#[test]
fn a_stalled_log_stalls_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("logs")).expect("makes");
    let pipe = folder.path().join("logs/linepass.log");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
    // Held open and never read: it takes 64 KiB and then nothing.
    let _reader: File = OpenOptions::new().read(true).write(true).open(&pipe).expect("opens");
    // Nobody reads standard error either.
    let mut command = demo_on(folder.path());
    let mut child = command.spawn().expect("starts");
    let said = first_line(&mut child);
    let text = |name: &str| said[name].as_str().expect("a text").to_owned();
    let (http, url) = (Http::new(), text("operator"));
    let operator = Operator::at(url.clone(), Path::new(&text("operator_token_file")));
    let body = json!({ "level": "info", "reason": "a reason that is as long as any other one" });
    // More than 200 bytes a line in each: far more than both pipes hold. What was accepted is never
    // left out.
    for _ in 0..800 {
        operator.change("PUT", "/log", &body);
    }
    assert!(figure(&url, "linepass_log_lines_total{level=\"info\"}") >= 800);
    assert_eq!(http.get(&format!("{url}/healthz"), &[]).status, 200);
    let began = Instant::now();
    process::send(child.id(), "TERM");
    assert_eq!(common::wait_for_end(&mut child, PATIENCE).code(), Some(0));
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

/// checks/experience.md 34
#[test]
fn a_flood_of_refusals_is_left_out_and_counted() {
    let env = vec![("LINEPASS__LOG__ALIKE_PER_SECOND", "100".to_owned())];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let operator = demo.text("/operator").to_owned();
    let left_out = "linepass_log_lines_left_out_total";
    let began = Instant::now();
    let http = Http::new();
    while figure(&operator, left_out) == 0 {
        for _ in 0..300 {
            let url = format!("{operator}/operator/v1/log");
            assert_eq!(http.get(&url, &[]).status, 401);
        }
        assert!(began.elapsed() < PATIENCE, "nothing is left out");
    }
    // The next one that is written tells of those before it.
    while !demo.decisions("operator_access").iter().any(|line| line["left_out"].is_u64()) {
        http.get(&format!("{operator}/operator/v1/log"), &[]);
        assert!(began.elapsed() < PATIENCE, "nobody tells of them");
    }
}

#[test]
fn a_folder_that_cannot_be_used_stops_the_start_with_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), "").expect("writes");
    let mut command = demo_on(folder.path());
    command.env("LINEPASS__LOG__FOLDER", folder.path().join("file"));
    let ended = Started::spawn(&mut command).ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("log.folder: ") && ended.err.lines().count() == 1, "{ended:?}");
}

#[test]
fn standard_error_is_as_quiet_as_it_is_asked_to_be_and_the_files_have_all() {
    for stderr in ["error", "off"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = demo_on(folder.path());
        command.env("LINEPASS__LOG__STDERR", stderr);
        let (server, _) = Started::spawn(&mut command).ready().expect("it starts");
        server.signal("TERM");
        let ended = server.ended();
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{stderr}: {ended:?}");
        let log = fs::read_to_string(folder.path().join("logs/linepass.log")).expect("a log");
        assert!(log.contains("stopping; a second signal ends at once"), "{log}");
    }
}

#[test]
fn what_stops_a_start_is_told_on_standard_error_however_quiet_that_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("an address").to_string();
    let path = |name: &str| folder.path().join(name);
    for stderr in ["all", "error", "off"] {
        let mut command = process::linepass(&["serve"]);
        command.envs([
            ("LINEPASS__LOG__STDERR", stderr),
            ("LINEPASS__SERVER__LISTEN", &address),
            ("LINEPASS__SERVER__ISSUER", &format!("http://{address}")),
        ]);
        command.env("LINEPASS__LOG__FOLDER", path("logs"));
        command.env("LINEPASS__STORE__PATH", path("store"));
        let ended = process::run(&mut command);
        let told = format!("cannot listen on {address}: ");
        assert_eq!((ended.code, ended.err.matches(&told).count()), (Some(1), 1), "{ended:?}");
        let log = fs::read_to_string(path("logs/linepass.log")).expect("a log");
        assert!(log.contains(&told), "{log}");
        // Without files no decision would be left.
        let ended = process::run(command.env("LINEPASS__LOG__FOLDER", ""));
        let is_told = ended.err.contains("LINEPASS__LOG__STDERR: log.stderr: without files");
        assert_eq!((ended.code, is_told), (Some(1), stderr != "all"), "{ended:?}");
    }
}
