//! `linepass load` against the real binary: what it counts adds up, and what the generator itself could not do is
//! told (reliability 20, 31, 33; interfaces.md 3).

mod common;
mod loading;
mod process;

use common::{
    Demo,
    door::{decisions, figure, until},
};
use loading::{
    Found, counting_relay, credentials, demo_with, forwarded_credentials, load, load_command,
    number, operator_stub, rows_of, slow_relay,
};
use process::{Started, run};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

#[test]
fn every_scenario_walks_all_its_steps_and_all_counts_add_up() {
    let demo = demo_with(&[]);
    let table: [(&str, &[&str]); 5] = [
        ("login", &["arrive", "exchange", "login", "login_page", "push", "return", "success"]),
        (
            "purchase",
            &[
                "arrive",
                "completion",
                "confirmation",
                "exchange",
                "login",
                "login_page",
                "press",
                "push",
                "return",
                "success",
            ],
        ),
        ("press", &["press"]),
        ("statement", &["statement"]),
        ("portal", &["details", "entrance", "menu", "sign_in", "sign_out", "statement"]),
    ];
    for (scenario, expected) in table {
        let found =
            Found::of(&demo, &format!("--scenario {scenario} --rate 15 --duration 1s --lines 1"));
        let wrong_or_failed = (found.count("wrong"), found.count("failed"));
        assert_eq!((found.code, wrong_or_failed), (Some(0), (0, 0)), "{found}");
        let ok = found.count("ok");
        assert!(ok > 0, "{scenario}: {found}");
        let steps = found.steps(scenario);
        let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{scenario}");
        // The demo's second ID may spend nothing, so a press may be refused, and only that.
        assert!(steps.iter().all(|(_, count)| *count >= ok), "{scenario}: {steps:?}");
        assert_eq!(steps.iter().map(|(_, count)| *count).min(), Some(ok), "{scenario}: {steps:?}");
        assert_eq!(found.result["verdict"], "unverified");
        assert_eq!(found.number("/reconciliation/faults"), 0, "{scenario}: {found}");
    }
}

#[test]
fn a_cancellation_ends_contracts_that_were_bought_before_and_the_ledger_has_both_r_124() {
    let demo = demo_with(&[]);
    let ledger = demo.folder().join("ledger.jsonl");
    let words = "--scenario cancellation --clients 1 --prepare 2 --duration 20s";
    let found = Found::of(&demo, &format!("{words} --ledger {}", ledger.display()));
    let done = (found.code, found.count("ok"), found.count("begun"));
    assert_eq!(done, (Some(0), 2, 2), "{found}");
    assert_eq!(found.number("/config/connections"), 1, "one for its client");
    assert!(found.warnings().contains("was used up"), "{found}");
    let lines = rows_of(&ledger);
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of("purchase").len(), of("cancellation").len()), (2, 2), "{lines:?}");
    for line in &lines {
        assert_eq!(line["outcome"], "acknowledged", "{line}");
        assert_eq!(line["receipt_number"].as_str().map(str::len), Some(12), "{line}");
        assert_eq!(line["amount_yen"].is_null(), line["kind"] == "cancellation", "{line}");
    }
    let mode = fs::metadata(&ledger).expect("the ledger").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Every order of the run was asked for again by its provider.
    assert_eq!(found.number("/reconciliation/orders"), 4);
    assert_eq!(found.number("/reconciliation/acknowledged"), 4);
}

#[test]
fn attacks_are_turned_away_and_slow_clients_wait_for_nobody_else() {
    let demo = demo_with(&[
        ("LINEPASS__SERVER__REQUEST_HEADER_TIMEOUT_MS", "2000"),
        ("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.0/8"),
    ]);
    // So few connections would all be taken by slow clients, if those waited for them.
    let words = "--scenario mix=attack:9,login:1 --rate 60 --duration 2s --connections 6";
    let found = Found::at(demo.issuer(), &forwarded_credentials(&demo), words);
    assert_eq!((found.code, found.count_of("attack", "wrong")), (Some(0), 0), "{found}");
    assert_eq!(found.count_of("attack", "ok"), found.count_of("attack", "begun"), "{found}");
    // Who comes from the line itself logs in, whatever is guessed at its ID from elsewhere.
    assert_eq!(found.count_of("login", "ok"), found.count_of("login", "begun"), "{found}");
    assert!(found.count_of("login", "ok") > 0, "{found}");
    let names: Vec<String> = found.steps("attack").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["crooked", "foreign_source", "guess", "slow", "unknown_id"]);
}

#[test]
fn latencies_are_counted_from_the_intended_start_and_a_generator_that_cannot_keep_up_says_so() {
    let demo = demo_with(&[]);
    // One connection does far fewer logins a second than these.
    let words = "--scenario login --rate 2000 --duration 2s --connections 1";
    let found = Found::of(&demo, words);
    assert_eq!(found.code, Some(0), "{found}");
    assert!(found.count("not_begun") > 0, "{found}");
    assert!(found.warnings().contains("all 1 were busy"), "{found}");
    let phase = &found.phases()[0];
    let rate = |name: &str| phase[name].as_f64().expect("a rate");
    assert!(rate("achieved_per_s") < rate("asked_per_s") / 2.0, "{phase}");
    // Whoever was begun late waited since it was due: far longer than its own requests took.
    let steps = phase["scenarios"]["login"]["steps"].as_object().expect("steps");
    let without_push = steps.iter().filter(|(name, _)| *name != "push");
    let own: u64 = without_push.map(|(_, step)| number(step, "/p50_us")).sum();
    let whole = number(phase, "/scenarios/login/latency/p50_us");
    assert!(whole > 5 * own, "{whole} of {own}");
}

#[test]
fn the_connection_that_was_used_last_goes_first_so_that_few_are_opened_where_few_are_needed() {
    let demo = demo_with(&[]);
    let (relay, opened) = counting_relay(demo.issuer());
    // Were each free one taken in turn, all 64 would be opened.
    let words = "--scenario statement --rate 40 --spacing even --duration 3s --connections 64 \
                 --lines 1 --sessions 1";
    let found = Found::at(&relay, &credentials(&demo), words);
    assert_eq!((found.code, found.count("ok")), (Some(0), 120), "{found}");
    let opened = opened.load(Ordering::Relaxed);
    assert!((1..32).contains(&opened), "{opened}: {found}");
}

#[test]
fn what_is_printed_tells_what_was_never_begun_and_marks_percentiles_of_few_answers() {
    let demo = demo_with(&[]);
    // One connection does far fewer logins than these, and far fewer than the thousand that p99.9 takes.
    let words =
        "--scenario login --rate 2000 --spacing even --duration 1s --connections 1 --no-verify";
    let ended = run(&mut load_command(demo.issuer(), &credentials(&demo), words));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (head, rest) = ended.out.split_once('\n').expect("a table");
    assert!(head.contains("achieved/s not begun       ok  refused"), "{head}");
    let row = rest.lines().next().filter(|row| row.starts_with("2000/s")).expect("a row");
    let counts = row.split_whitespace().skip(4).take(6);
    let counts: Vec<u64> = counts.map(|cell| cell.parse().expect("a count")).collect();
    assert!(counts[0] > 0, "{row}");
    assert_eq!(counts.iter().sum::<u64>(), 2_000, "{row}");
    assert!(row.contains(" too few ") && rest.contains("p99.9 takes 1,000"), "{}", ended.out);
}

/// The server keeps ten sessions of a line: one more ends the oldest.
#[test]
fn a_popular_line_is_signed_in_no_oftener_than_the_server_keeps_sessions_of_it() {
    let demo = demo_with(&[]);
    let words =
        "--scenario statement --rate 40 --spacing even --duration 1s --lines 1 --sessions 30";
    let found = Found::of(&demo, words);
    assert_eq!(
        (found.code, found.count("ok"), found.count("refused")),
        (Some(0), 40, 0),
        "{found}"
    );
    assert_eq!(decisions(&demo, "sign_in", 10).len(), 10, "{found}");
}

#[test]
fn a_ladder_writes_a_report_that_needs_nothing_else() {
    let demo = demo_with(&[]);
    let folder = demo.folder().join("out");
    let words = format!(
        "--scenario login --ladder 50,100,150 --capacity 20 --duration 1s --spacing even --out {} \
         --server-pid {}",
        folder.display(),
        demo.process_id()
    );
    let found = Found::of(&demo, &words);
    assert_eq!(found.code, Some(0));
    let percents: Vec<&Value> = found.phases().iter().map(|phase| &phase["percent"]).collect();
    assert_eq!(percents, [50, 100, 150, 50]);
    let each = |field: &str| -> Vec<u64> {
        found.phases().iter().map(|phase| number(phase, &format!("/counts/{field}"))).collect()
    };
    assert_eq!(each("asked"), [10, 20, 30, 10]);
    assert!(found.number("/seconds/0/server_rss_bytes") > 0);
    let file = |name: &str| {
        fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    let written: Value = serde_json::from_str(&file("result.json")).expect("JSON");
    assert_eq!(written, found.result);
    let (hgrm, count) = (file("login.hgrm"), each("ok").iter().sum::<u64>());
    assert!(hgrm.contains(&format!("Total count    = {count:12}]")), "{hgrm}");
    assert!(file("ledger.jsonl").is_empty(), "a login orders nothing");
    assert_is_self_contained(&file("report.html"));
    // So few answers have no 99th percentile, so there is no knee; a busy machine may have fallen short.
    let untold = found.result["untold_percents"].as_array().expect("steps").len();
    let marks = file("report.html").matches("cannot be told: too few answers</span>").count();
    assert_eq!((&found.result["knee"], marks), (&Value::Null, untold), "{found}");
    // An older run's files would be taken for this one's.
    let again = load(demo.issuer(), &credentials(&demo), &words);
    assert_eq!(again.code, Some(3), "{again:?}");
    assert!(again.err.contains("--out") && again.err.contains("not empty"), "{again:?}");
    let ledger = format!("--scenario login --rate 1 --ledger {}", credentials(&demo));
    let again = load(demo.issuer(), &credentials(&demo), &ledger);
    assert!(again.code == Some(3) && again.err.contains("a file that is not there"), "{again:?}");
}

/// A flow at its confirmation takes a login, so what the search presses is prepared once and shared out.
#[test]
fn the_search_for_a_capacity_is_prepared_once_and_each_of_its_loops_has_an_equal_part() {
    let demo = demo_with(&[]);
    let words = "--scenario press --ladder 2,4 --connections 16 --duration 2s --lines 1 --prepare";
    let found = Found::of(&demo, &format!("{words} 64"));
    assert_eq!(found.code, Some(0), "{found}");
    let asked = |is_probe: bool| -> Vec<u64> {
        let phases = found.phases().iter().filter(|phase| phase["is_probe"] == is_probe);
        phases.map(|phase| number(phase, "/counts/asked")).collect()
    };
    assert_eq!(asked(true), [32, 32], "{found}");
    assert!(found.result["capacity_per_s"].as_f64() > Some(0.0), "{found}");
    assert!(found.warnings().contains("(probe, 4 clients; probe, 16 clients)"), "{found}");
    let logins = figure(&demo, "linepass_logins_total{outcome=\"accepted\",reason=\"none\"}");
    assert_eq!(logins, 64 + asked(false).iter().sum::<u64>(), "{found}");

    // Three of four clients find nothing, so that the search was over before the one was answered.
    let ended = load(demo.issuer(), &credentials(&demo), &format!("{words} 1"));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("used up the 1 that were prepared"), "{ended:?}");
    assert!(ended.err.contains("--prepare 320 would do"), "{ended:?}");
}

/// A press is over in a millisecond: a warm-up that took all flows would leave nothing to be measured.
#[test]
fn a_warm_up_ends_when_it_has_used_a_quarter_of_what_was_prepared() {
    let demo = demo_with(&[]);
    let words = "--scenario press --clients 2 --prepare 40 --lines 1 --warmup 60s --duration 60s";
    let ended = load(demo.issuer(), &credentials(&demo), words);
    let result: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(number(&result, "/phases/0/counts/asked"), 30, "{result}");
    assert_eq!(number(&result, "/phases/0/counts/wrong"), 0, "{result}");
    assert!(result["phases"][0]["achieved_per_s"].as_f64() > Some(0.0), "{result}");
    assert!(result["phases"][0]["warmup_s"].as_f64() < Some(60.0), "{result}");
    assert!(result["warnings"].to_string().contains("It ended early"), "{result}");
}

/// The loop that does most may use its part up before each client has done one; what a slower one did is no
/// capacity then.
#[test]
fn a_search_whose_fastest_loop_could_not_be_measured_ends_and_claims_no_slower_ones_rate() {
    let demo = demo_with(&[]);
    // Four clients press their 15 flows in four turns, three of which are measured; 16 do in one.
    let relay = slow_relay(demo.issuer(), Duration::from_millis(400));
    let words =
        "--scenario press --ladder 2,4 --connections 16 --duration 2s --lines 1 --warmup 1s";
    let ended = load(&relay, &credentials(&demo), &format!("{words} --prepare 30"));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("used up the 30 that were prepared"), "{ended:?}");
    let bought = decisions(&demo, "purchase", 30);
    assert_eq!(bought.len(), 30, "both loops ran, and no step of the ladder: {ended:?}");
}

/// Elements that have no end.
const VOID: [&str; 7] = ["meta", "br", "line", "rect", "polyline", "circle", "path"];

/// The page's elements are closed in order, and nothing in it leads to another file.
fn assert_is_self_contained(page: &str) {
    for foreign in
        ["<script", "<link", "<img", "<iframe", " src=", " href=", "url(", "@import", "@font-face"]
    {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let (_, body) = page.split_once("</style>").expect("a style");
    let mut open = Vec::new();
    for tag in body.split('<').skip(1) {
        let tag = tag.split('>').next().expect("an end");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        if tag.starts_with('/') {
            let last = open.pop();
            assert!(last == Some(name) || name == "head" || name == "html", "{name} ends {last:?}");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "all elements are closed");
    for part in [
        "<h1>",
        "<svg class=\"drawing\"",
        "role=\"img\"",
        "<caption>",
        "Not verified",
        "class=\"alarm\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // What a chart shows stands in a table too.
    assert!(page.contains("The same as a table") && page.contains("The run over time"));
}

#[test]
fn an_interrupted_run_ends_in_order_with_what_it_has_so_far() {
    let demo = demo_with(&[]);
    let folder = demo.folder().join("cut");
    let words = "--scenario purchase --rate 20 --duration 10m --no-verify --json --lines 1";
    let words = format!("{words} --out {}", folder.display());
    let mut command = load_command(demo.issuer(), &credentials(&demo), &words);
    let started = Started::spawn(&mut command);
    // Something was ordered: then it is under way for certain.
    let ordered = || demo.decisions("purchase").len() >= 3;
    until("orders", || ordered().then_some(()));
    started.signal("INT");
    let ended = started.ended();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let found = Found::by(&ended);
    assert_eq!(found.result["is_cut_short"], true);
    assert!(found.count("ok") > 0);
    let report = fs::read_to_string(folder.join("report.html")).expect("a report");
    assert!(report.contains("Cut short."));
    // What was pressed and not answered is unknown, and nothing of it contradicts the server.
    let ledger = rows_of(&folder.join("ledger.jsonl"));
    assert!(ledger.len() >= 3);
    assert_eq!(found.number("/reconciliation/faults"), 0);
}

#[test]
fn a_run_that_is_cut_short_while_it_warms_up_says_that_nothing_was_measured() {
    let demo = demo_with(&[]);
    let words = "--scenario purchase --rate 20 --warmup 10m --no-verify --lines 1";
    let started = Started::spawn(&mut load_command(demo.issuer(), &credentials(&demo), words));
    decisions(&demo, "purchase", 1);
    started.signal("INT");
    let ended = started.ended();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let told = "cut short: these are the results so far\nnothing was measured\n";
    assert!(ended.out.ends_with(told), "{ended:?}");
}

/// A run of purchases that has begun and would go on for minutes.
fn purchasing(demo: &Demo, more: &str, change: impl FnOnce(&mut Command)) -> Started {
    let words = format!("--scenario purchase --rate 20 --duration 10m --json --lines 1 {more}");
    let mut command = load_command(demo.issuer(), &credentials(demo), &words);
    change(&mut command);
    let started = Started::spawn(&mut command);
    decisions(demo, "purchase", 1);
    started
}

/// `timeout` sends SIGTERM twice at once, to the process and to its group.
#[test]
fn a_signal_that_is_repeated_at_once_is_the_same_one() {
    let demo = demo_with(&[]);
    let run = purchasing(&demo, "--no-verify", |_| ());
    run.signal("TERM");
    run.signal("TERM");
    let ended = run.ended();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(Found::by(&ended).result["is_cut_short"], true);
}

#[test]
fn a_signal_that_comes_later_than_a_second_after_the_first_ends_a_run_at_once() {
    let demo = demo_with(&[]);
    // Its verify never ends, so that it is still there for a later signal.
    let running = json!({ "state": "running", "done": 1, "of": 2 });
    let operator = operator_stub(&Value::Null, vec![running]);
    let run = RefCell::new(purchasing(&demo, "", |command| {
        command.env("LINEPASS_OPERATOR_URL", &operator);
        command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
    }));
    let first = Instant::now();
    until("its end", || {
        let mut run = run.borrow_mut();
        run.signal_if_running("TERM");
        (!run.runs()).then_some(())
    });
    let ended = run.into_inner().ended();
    assert!(first.elapsed() > Duration::from_secs(1), "a repeat is no second signal: {ended:?}");
    assert_eq!((ended.code, ended.out.as_str()), (Some(130), ""), "{ended:?}");
    let told = "linepass: a second signal ended the run at once: nothing was checked or written\n";
    assert!(ended.err.ends_with(told), "{ended:?}");
}
