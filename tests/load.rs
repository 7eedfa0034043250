//! `linepass load` against the real binary: what it counts adds up, what is wrong is told as wrong, and
//! what the generator itself could not do is told too (reliability 20, 31, 33; interfaces.md 3).

mod common;
mod process;

use common::{Demo, Options, door::until};
use process::{Ended, Started, free_port, linepass, run};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
    time::Duration,
};

/// A demo that takes a generator for what it is: what `config/load.toml` sets, as far as the demo's few
/// lines need it.
fn demo_with(more: &[(&'static str, &str)]) -> Demo {
    let mut env: Vec<(&str, String)> = [
        ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000000"),
        ("LINEPASS__PROVIDER_LIMITS__SHARE_PERCENT", "100"),
        ("LINEPASS__LINE__QUEUED_COMMANDS_PER_LINE", "1000"),
        ("LINEPASS__MAIL__TRANSPORT", "none"),
    ]
    .map(|(key, value)| (key, value.to_owned()))
    .into();
    env.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
    Demo::with(&Options { env, ..Options::default() })
}

/// Its credentials as a file: what it printed.
fn credentials(demo: &Demo) -> String {
    let file = demo.folder().join("credentials.json");
    fs::write(&file, demo.said.to_string()).expect("writes");
    file.display().to_string()
}

/// A load of a server, to its end.
fn load(url: &str, credentials: &str, arguments: &[&str]) -> Ended {
    let fixed = ["load", "--url", url, "--credentials", credentials, "--warmup", "0s", "--json"];
    run(&mut linepass(&[&fixed[..], arguments].concat()))
}

/// The result of a load of a demo that nobody verifies, and its exit code.
fn result_of(demo: &Demo, arguments: &[&str]) -> (Value, Option<i32>) {
    let arguments = [&["--no-verify"], arguments].concat();
    let ended = load(demo.issuer(), &credentials(demo), &arguments);
    (parsed(&ended), ended.code)
}

fn parsed(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

/// What holds for every result, whatever became of it.
fn assert_adds_up(result: &Value) {
    for phase in result["phases"].as_array().expect("phases") {
        let mut asked = 0;
        for (name, scenario) in phase["scenarios"].as_object().expect("scenarios") {
            let count = |field: &str| number(scenario, &format!("/counts/{field}"));
            let ended = ["ok", "refused", "shed", "failed", "wrong", "cut"].map(count);
            assert_eq!(count("asked"), count("begun") + count("not_begun"), "{name}: {scenario}");
            assert_eq!(count("begun"), ended.iter().sum::<u64>(), "{name}: {scenario}");
            assert_eq!(number(scenario, "/latency/count"), count("ok"), "{name}: {scenario}");
            let turned_away = count("refused") + count("shed");
            assert_eq!(number(scenario, "/turned_away/count"), turned_away, "{name}: {scenario}");
            asked += count("asked");
        }
        assert_eq!(number(phase, "/counts/asked"), asked);
        assert_eq!(number(phase, "/generator_lag/count"), asked);
        assert_eq!(number(phase, "/queueing/count"), number(phase, "/counts/begun"));
    }
    // All was measured, so the seconds have the same starts as the phases.
    let sum = |rows: &Value, field: &str| -> u64 {
        rows.as_array().expect("rows").iter().map(|row| number(row, field)).sum()
    };
    assert_eq!(sum(&result["seconds"], "/asked"), sum(&result["phases"], "/counts/asked"));
    assert_eq!(sum(&result["seconds"], "/ok"), sum(&result["phases"], "/counts/ok"));
}

/// The step's count in the only phase.
fn steps(result: &Value, scenario: &str) -> Vec<(String, u64)> {
    let steps = &result["phases"][0]["scenarios"][scenario]["steps"];
    let steps = steps.as_object().unwrap_or_else(|| panic!("{scenario}: {result}"));
    steps.iter().map(|(name, step)| (name.clone(), number(step, "/count"))).collect()
}

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
        let arguments =
            ["--scenario", scenario, "--rate", "15", "--duration", "1s", "--lines", "1"];
        let (result, code) = result_of(&demo, &[&arguments[..], &["--sessions", "3"]].concat());
        assert_adds_up(&result);
        let counts = &result["phases"][0]["counts"];
        assert_eq!((code, number(counts, "/wrong"), number(counts, "/failed")), (Some(0), 0, 0));
        let ok = number(counts, "/ok");
        assert!(ok > 0, "{scenario}: {result}");
        let steps = steps(&result, scenario);
        let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{scenario}");
        // The demo's second ID may spend nothing, so a press may be refused, and only that.
        assert!(steps.iter().all(|(_, count)| *count >= ok), "{scenario}: {steps:?}");
        assert_eq!(steps.iter().map(|(_, count)| *count).min(), Some(ok), "{scenario}: {steps:?}");
        assert_eq!(result["verdict"], "unverified");
        assert_eq!(number(&result, "/reconciliation/faults"), 0, "{scenario}: {result}");
    }
}

#[test]
fn a_cancellation_ends_contracts_that_were_bought_before_and_the_ledger_has_both_r_124() {
    let demo = demo_with(&[]);
    let ledger = demo.folder().join("ledger.jsonl");
    let name = ledger.display().to_string();
    let arguments = ["--scenario", "cancellation", "--clients", "1", "--prepare", "2"];
    let more = ["--duration", "20s", "--ledger", &name];
    let (result, code) = result_of(&demo, &[&arguments[..], &more].concat());
    assert_adds_up(&result);
    let counts = &result["phases"][0]["counts"];
    assert_eq!(
        (code, number(counts, "/ok"), number(counts, "/begun")),
        (Some(0), 2, 2),
        "{result}"
    );
    let warned = result["warnings"].to_string();
    assert!(warned.contains("was used up"), "{warned}");
    let lines = lines(&ledger);
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
    assert_eq!(number(&result, "/reconciliation/orders"), 4);
    assert_eq!(number(&result, "/reconciliation/acknowledged"), 4);
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The demo's line at 203.0.113.0/24 in the form of a seeded store: its households come from there, by
/// what a proxy says.
fn forwarded_credentials(demo: &Demo) -> String {
    let line = &demo.said["lines"][1];
    let provider = &demo.said["providers"][1];
    let rows = [
        json!({ "kind": "seed", "seed": 1, "lines": 1 }),
        json!({
            "kind": "provider", "client_id": provider["client_id"],
            "client_secret": provider["client_secret"], "redirect_uri": common::REDIRECT_URI,
            "services": provider["services"],
        }),
        json!({
            "kind": "line", "customer_id": line["customer_id"], "access_key": line["access_key"],
            "service": line["service"], "network": "203.0.113.7/32", "state": "open",
            "passport_ids": line["passport_ids"],
        }),
    ];
    let file = demo.folder().join("credentials.jsonl");
    let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
    fs::write(&file, rows.join("\n")).expect("writes");
    file.display().to_string()
}

#[test]
fn attacks_are_turned_away_and_slow_clients_wait_for_nobody_else() {
    let demo = demo_with(&[
        ("LINEPASS__SERVER__REQUEST_HEADER_TIMEOUT_MS", "2000"),
        ("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.0/8"),
    ]);
    let arguments = ["--scenario", "mix=attack:9,login:1", "--rate", "60", "--duration", "2s"];
    // So few connections would all be taken by slow clients, if those waited for them.
    let more = ["--connections", "6", "--no-verify"];
    let credentials = forwarded_credentials(&demo);
    let ended = load(demo.issuer(), &credentials, &[&arguments[..], &more].concat());
    let result = parsed(&ended);
    assert_adds_up(&result);
    let counts = |scenario: &str, field: &str| {
        number(&result, &format!("/phases/0/scenarios/{scenario}/counts/{field}"))
    };
    assert_eq!((ended.code, counts("attack", "wrong")), (Some(0), 0), "{result}");
    assert_eq!(counts("attack", "ok"), counts("attack", "begun"), "{result}");
    // Who comes from the line itself logs in, whatever is guessed at its ID from elsewhere.
    assert_eq!(counts("login", "ok"), counts("login", "begun"), "{result}");
    assert!(counts("login", "ok") > 0, "{result}");
    let names: Vec<String> = steps(&result, "attack").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["crooked", "foreign_source", "guess", "slow", "unknown_id"]);
}

#[test]
fn latencies_are_counted_from_the_intended_start_and_a_generator_that_cannot_keep_up_says_so() {
    let demo = demo_with(&[]);
    // One connection does far fewer logins a second than these.
    let arguments = ["--scenario", "login", "--rate", "2000", "--duration", "2s"];
    let (result, code) = result_of(&demo, &[&arguments[..], &["--connections", "1"]].concat());
    assert_adds_up(&result);
    assert_eq!(code, Some(0), "{result}");
    let phase = &result["phases"][0];
    assert!(number(phase, "/counts/not_begun") > 0, "{phase}");
    let warned = result["warnings"].to_string();
    assert!(warned.contains("all 1 were busy"), "{warned}");
    let (asked, achieved) = (&phase["asked_per_s"], &phase["achieved_per_s"]);
    let (asked, achieved) = (asked.as_f64().expect("a rate"), achieved.as_f64().expect("a rate"));
    assert!(achieved < asked / 2.0, "{achieved} of {asked}");
    // Whoever was begun late waited since it was due: far longer than its own requests took.
    let steps = phase["scenarios"]["login"]["steps"].as_object().expect("steps");
    let without_push = steps.iter().filter(|(name, _)| *name != "push");
    let own: u64 = without_push.map(|(_, step)| number(step, "/p50_us")).sum();
    let whole = number(phase, "/scenarios/login/latency/p50_us");
    assert!(whole > 5 * own, "{whole} of {own}");
}

#[test]
fn a_ladder_writes_a_report_that_needs_nothing_else() {
    let demo = demo_with(&[]);
    let folder = demo.folder().join("out");
    let out = folder.display().to_string();
    let pid = demo.process_id().to_string();
    let arguments = ["--scenario", "login", "--ladder", "50,100,150", "--capacity", "20"];
    let more = ["--duration", "1s", "--out", &out, "--server-pid", &pid, "--spacing", "even"];
    let (result, code) = result_of(&demo, &[&arguments[..], &more].concat());
    assert_adds_up(&result);
    assert_eq!(code, Some(0));
    let percents: Vec<&Value> = result["phases"]
        .as_array()
        .expect("phases")
        .iter()
        .map(|phase| &phase["percent"])
        .collect();
    assert_eq!(percents, [50, 100, 150, 50]);
    let asked: Vec<u64> =
        (0..4).map(|n| number(&result, &format!("/phases/{n}/counts/asked"))).collect();
    assert_eq!(asked, [10, 20, 30, 10]);
    assert!(result["seconds"][0]["server_rss_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    let file = |name: &str| {
        fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    let written: Value = serde_json::from_str(&file("result.json")).expect("JSON");
    assert_eq!(written, result);
    let hgrm = file("login.hgrm");
    let count: u64 = (0..4).map(|n| number(&result, &format!("/phases/{n}/counts/ok"))).sum();
    assert!(hgrm.contains(&format!("Total count    = {count:12}]")), "{hgrm}");
    assert!(file("ledger.jsonl").is_empty(), "a login orders nothing");
    assert_is_self_contained(&file("report.html"));
    // An older run's files would be taken for this one's.
    let again = load(
        demo.issuer(),
        &credentials(&demo),
        &[&["--no-verify"], &arguments[..], &more].concat(),
    );
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("--out") && again.err.contains("not empty"), "{again:?}");
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
    let (file, out) = (credentials(&demo), folder.display().to_string());
    let mut command = linepass(&[
        "load",
        "--url",
        demo.issuer(),
        "--credentials",
        &file,
        "--scenario",
        "purchase",
        "--rate",
        "20",
        "--warmup",
        "0s",
        "--duration",
        "10m",
        "--no-verify",
        "--json",
        "--out",
        &out,
        "--lines",
        "1",
    ]);
    let started = Started::spawn(&mut command);
    // Something was ordered: then it is under way for certain.
    let ordered = || demo.decisions("purchase").len() >= 3;
    until("orders", || ordered().then_some(()));
    started.signal("INT");
    let ended = started.ended();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    let result = parsed(&ended);
    assert_adds_up(&result);
    assert_eq!(result["is_cut_short"], true);
    assert!(number(&result, "/phases/0/counts/ok") > 0);
    let report = fs::read_to_string(folder.join("report.html")).expect("a report");
    assert!(report.contains("Cut short."));
    // What was pressed and not answered is unknown, and nothing of it contradicts the server.
    let ledger = lines(&folder.join("ledger.jsonl"));
    assert!(ledger.len() >= 3);
    assert_eq!(number(&result, "/reconciliation/faults"), 0);
}

// ---------------------------------------------------------------------------------------------
// What is wrong is told

/// A relay before a server that replaces `from` by `to`, of the same length, in every piece of an answer.
fn lying_relay(server: &str, from: &'static str, to: &'static str) -> String {
    assert_eq!(from.len(), to.len());
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(upstream) = TcpStream::connect(&server) else { return };
            let (mut to_server, mut from_client) = pair(&upstream, &client);
            thread::spawn(move || {
                let _ = std::io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(Shutdown::Write);
            });
            thread::spawn(move || {
                let (mut from_server, mut to_client) = pair(&upstream, &client);
                let mut piece = vec![0; 256 * 1024];
                while let Ok(length @ 1..) = from_server.read(&mut piece) {
                    let lied = replaced(&piece[..length], from.as_bytes(), to.as_bytes());
                    if to_client.write_all(&lied).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

fn pair(one: &TcpStream, other: &TcpStream) -> (TcpStream, TcpStream) {
    (one.try_clone().expect("clones"), other.try_clone().expect("clones"))
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn a_fast_wrong_answer_is_a_failure() {
    let demo = demo_with(&[]);
    let file = credentials(&demo);
    let number = "translate=\"no\">1000 0000 0";
    let table = [
        // A receipt number with another digit has no right check digit.
        ("purchase", "completion", number, "translate=\"no\">1000 0000 9", "check digit"),
        // A press that leads somewhere else was not answered as it must be.
        ("press", "press", "/complete\r\n", "/Complete\r\n", "it leads to"),
        // A page of another household.
        ("statement", "statement", "CAF0000012573", "CAF0000012572", "does not name the line"),
        // The token's answer tells another amount than was ordered.
        ("purchase", "exchange", "\"amount\":1,", "\"amount\":2,", "not the one on the page"),
    ];
    for (scenario, step, from, to, told) in table {
        let relay = lying_relay(demo.issuer(), from, to);
        let arguments = ["--scenario", scenario, "--rate", "10", "--duration", "1s", "--no-verify"];
        let ended =
            load(&relay, &file, &[&arguments[..], &["--lines", "1", "--sessions", "1"]].concat());
        assert_eq!(ended.code, Some(1), "{from}: {ended:?}");
        let result = parsed(&ended);
        assert_adds_up(&result);
        assert_eq!(result["verdict"], "failed");
        let reasons = result["reasons"].to_string();
        assert!(reasons.contains(step) && reasons.contains(told), "{from}: {reasons}");
    }
}

/// Reliability I1: what was acknowledged is asked for again, and is otherwise.
#[test]
fn an_order_that_is_otherwise_afterwards_is_a_failure() {
    let demo = demo_with(&[]);
    let (from, to) = ("\"service\":\"support\"", "\"service\":\"sapport\"");
    let relay = lying_relay(demo.issuer(), from, to);
    let arguments = ["--scenario", "press", "--rate", "10", "--duration", "1s", "--no-verify"];
    let ended = load(&relay, &credentials(&demo), &[&arguments[..], &["--lines", "1"]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let result = parsed(&ended);
    assert_eq!(number(&result, "/phases/0/counts/wrong"), 0, "the press itself was right");
    assert!(number(&result, "/reconciliation/faults") > 0);
    assert!(result["reasons"].to_string().contains("otherwise than the server said"), "{result}");
}

/// A server that answers the first request with the first of these heads and bodies and so on, and
/// from then on with the last.
fn stub(answers: Vec<(String, Value)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let mut answers = answers.into_iter();
        let mut last = (String::new(), Value::Null);
        for client in listener.incoming().map_while(Result::ok) {
            last = answers.next().unwrap_or(last);
            answer_one(client, &last.0, &last.1);
        }
    });
    format!("http://{address}")
}

const OK: &str = "200 OK\r\ncontent-type: application/json";

/// An operator API that knows nothing but verify, and says this at its end.
fn operator_stub(answers: Vec<Value>) -> String {
    stub(answers.into_iter().map(|answer| (OK.to_owned(), answer)).collect())
}

/// Reads one request and answers it; then the connection is closed.
fn answer_one(mut client: TcpStream, head: &str, answer: &Value) {
    client.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    let (mut asked, mut piece) = (Vec::new(), [0; 4096]);
    while !is_whole(&asked) {
        match client.read(&mut piece) {
            Ok(length @ 1..) => asked.extend_from_slice(&piece[..length]),
            _ => return,
        }
    }
    let body = answer.to_string();
    let length = body.len();
    let _ = write!(
        client,
        "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}

/// Reliability 31 and 33: a server without room says when to come again, and who was turned away comes
/// back so often and no oftener.
#[test]
fn what_is_turned_away_is_tried_again_three_times_and_counted_as_no_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made_up_credentials(folder.path());
    let discovery = || (OK.to_owned(), json!({ "issuer": "http://127.0.0.1" }));
    let arguments =
        ["--scenario", "login", "--rate", "10", "--spacing", "even", "--duration", "1s"];
    let with = |refusal: &str, more: &[&str]| {
        let server = stub(vec![discovery(), (refusal.to_owned(), json!({}))]);
        let ended = load(&server, &file, &[&["--no-verify"], &arguments[..], more].concat());
        let result = parsed(&ended);
        assert_adds_up(&result);
        assert_eq!(ended.code, Some(1), "nothing ended as it should: {result}");
        result
    };
    let count = |result: &Value, field: &str| number(result, &format!("/phases/0/counts/{field}"));
    let busy = "503 Service Unavailable\r\nretry-after: 0";
    let again = with(busy, &["--retry"]);
    assert_eq!((count(&again, "shed"), count(&again, "retries")), (10, 30), "{again}");
    let once = with(busy, &[]);
    assert_eq!((count(&once, "shed"), count(&once, "retries")), (10, 0), "{once}");
    let mute = with("503 Service Unavailable", &["--retry"]);
    assert_eq!((count(&mute, "wrong"), count(&mute, "retries")), (10, 0), "{mute}");
    assert!(mute["reasons"].to_string().contains("503 without Retry-After"), "{mute}");
    let failing = with("500 Internal Server Error", &[]);
    assert_eq!((count(&failing, "failed"), count(&failing, "wrong")), (10, 0), "{failing}");
}

#[test]
fn a_run_ends_with_verify_and_a_broken_invariant_is_a_failure() {
    let demo = demo_with(&[]);
    let (file, token) = (credentials(&demo), demo.text("/operator_token_file").to_owned());
    let report = |whole: bool, faults: u64| {
        json!({ "state": "done", "whole": whole, "invariants": [
            { "name": "I1", "what": "all is there", "checked": 9, "faults": faults, "first": [] }] })
    };
    let held = |fault: &[&str]| json!({ "kept": 1, "kept_faults": fault, "refused": 0, "refused_faults": [] });
    let running = || json!({ "state": "running", "done": 1, "of": 2 });
    let never = || json!({ "state": "never" });
    let table = [
        (vec![never(), running(), report(true, 0), held(&[])], Some(0), "passed"),
        (vec![never(), report(false, 1), held(&[])], Some(1), "failed"),
        (vec![never(), report(true, 0), held(&["r-1 is gone"])], Some(1), "failed"),
        (vec![never(), running(), never()], Some(1), "failed"),
    ];
    for (answers, code, verdict) in table {
        let said = json!(answers).to_string();
        let mut command = linepass(&[
            "load",
            "--url",
            demo.issuer(),
            "--credentials",
            &file,
            "--scenario",
            "press",
            "--rate",
            "5",
            "--spacing",
            "even",
            "--warmup",
            "0s",
            "--duration",
            "1s",
            "--json",
            "--lines",
            "1",
        ]);
        command.env("LINEPASS_OPERATOR_URL", operator_stub(answers));
        command.env("LINEPASS_OPERATOR_TOKEN_FILE", &token);
        let ended = run(&mut command);
        assert_eq!(ended.code, code, "{said}: {ended:?}");
        assert_eq!(parsed(&ended)["verdict"], verdict, "{said}");
    }
}

#[test]
fn a_run_that_could_not_be_verified_does_not_begin() {
    let demo = demo_with(&[]);
    let file = credentials(&demo);
    let mut command = linepass(&[
        "load",
        "--url",
        demo.issuer(),
        "--credentials",
        &file,
        "--rate",
        "5",
        "--duration",
        "1s",
    ]);
    command.env("LINEPASS_OPERATOR_URL", "http://127.0.0.1:1");
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
    let ended = run(&mut command);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(
        ended.err.contains("ends with verify") && ended.err.contains("--no-verify"),
        "{ended:?}"
    );
}

// ---------------------------------------------------------------------------------------------
// What cannot be run is told

/// Credentials of nobody, which are of the right form.
fn made_up_credentials(folder: &Path) -> String {
    let file = folder.join("made-up.json");
    let made_up = json!({
        "lines": [{
            "customer_id": "CAF0000000001", "access_key": "1", "service": "hikari_next", "networks": [],
            "passport_ids": [{ "passport_id": "a", "password": "b", "line_authentication": false }],
        }],
        "providers": [{
            "client_id": "c", "client_secret": "s", "redirect_uris": ["http://a/"], "services": [],
        }],
    });
    fs::write(&file, made_up.to_string()).expect("writes");
    file.display().to_string()
}

#[test]
fn the_configuration_for_load_tests_is_good() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/load.toml");
    let ended = run(&mut linepass(&["config", "check", "--config", &file.display().to_string()]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_wrong_argument_is_named_with_what_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = |file: &str| folder.path().join(file).display().to_string();
    let (empty, none) = (name("empty.jsonl"), name("none"));
    let good = made_up_credentials(folder.path());
    fs::write(&empty, "{\"kind\":\"seed\",\"seed\":1,\"lines\":0}\n").expect("writes");
    let here = "http://127.0.0.1:1";
    let usual = ["--url", here, "--credentials", &good, "--rate", "1"];
    let with = |more: &[&'static str]| [&usual[..], more].concat();
    let table: Vec<(Vec<&str>, &str)> = vec![
        (vec!["--url", here, "--credentials", &good], "--rate"),
        (
            vec!["--url", here, "--credentials", &good, "--rate", "1", "--clients", "1"],
            "cannot be used with",
        ),
        (vec!["--url", here, "--credentials", &good, "--rate", "0"], "0.1 to 1000000"),
        (
            vec!["--url", here, "--credentials", &good, "--scenario", "buy", "--rate", "1"],
            "allowed is one of login",
        ),
        (
            vec!["--url", "https://pay.example.jp", "--credentials", &good, "--rate", "1"],
            "--i-own-this-host",
        ),
        (vec!["--url", here, "--credentials", &empty, "--rate", "1"], "no line with a passport ID"),
        (vec!["--url", here, "--credentials", &none, "--rate", "1"], "--credentials"),
        (usual.to_vec(), "no answer: no connection"),
        (with(&["--capacity", "9"]), "--capacity: only a ladder"),
        (with(&["--attacks", "guess"]), "--attacks: nothing of --scenario"),
        (with(&["--ca", "none.pem"]), "--ca: http:// has no certificate"),
        (with(&["--insecure-ca"]), "--insecure-ca: http:// has no"),
        (with(&["--config", "none.toml"]), "--config: it is for verify alone"),
        (with(&["--lines", "2000000"]), "--lines: 2000000 are more than"),
        (with(&["--lines", "-1"]), "'--lines <N>': allowed is a whole number from 1"),
        (with(&["--connections", "x"]), "'--connections <N>': allowed is a whole number"),
        (with(&["--seed", "1e3"]), "'--seed <N>': allowed is a whole number from 0"),
        (with(&["--duration", "-1s"]), "'--duration <TIME>': write a length of time"),
        (with(&["--duration", "100000h"]), "allowed is a length of time up to 7d"),
        (
            vec![
                "--url",
                here,
                "--credentials",
                &good,
                "--rate",
                "1",
                "--server-pid",
                "4294967295",
            ],
            "--server-pid",
        ),
        (
            vec![
                "--url",
                "https://10.0.0.1",
                "--i-own-this-host",
                "--insecure-ca",
                "--credentials",
                &good,
                "--rate",
                "1",
            ],
            "loopback only",
        ),
    ];
    for (arguments, expected) in table {
        let arguments = [&["load", "--no-verify"], &arguments[..]].concat();
        let ended = run(&mut linepass(&arguments));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(expected), "{expected}: {ended:?}");
    }
}

#[test]
fn a_server_behind_tls_is_loaded_with_its_certificate_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let port = free_port();
    let issuer = format!("https://127.0.0.1:{port}");
    let (certificate, key) = (path("server.crt"), path("server.key"));
    let (listen, operator) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", free_port()));
    let mut serve = linepass(&["serve"]);
    serve.envs([
        ("LINEPASS__SERVER__ISSUER", issuer.as_str()),
        ("LINEPASS__SERVER__LISTEN", &listen),
        ("LINEPASS__OPERATOR__LISTEN", &operator),
        ("LINEPASS__OPERATOR__TOKEN_FILE", &path("operator.token")),
        ("LINEPASS__TLS__ENABLED", "true"),
        ("LINEPASS__TLS__CERTIFICATE_FILE", &certificate),
        ("LINEPASS__TLS__KEY_FILE", &key),
        ("LINEPASS__STORE__PATH", &path("store")),
        ("LINEPASS__KEYS__MASTER_KEY_FILE", &path("master.key")),
        ("LINEPASS__LOG__FOLDER", ""),
    ]);
    let _server = Started::spawn(&mut serve);
    until("its certificate", || {
        let made = fs::read_to_string(&certificate).ok()?;
        made.contains("END CERTIFICATE").then_some(())
    });
    until("it listens", || TcpStream::connect(&listen).ok());
    // Crooked requests need no line and no provider.
    let file = made_up_credentials(folder.path());
    let arguments = ["--scenario", "mix=attack:1", "--attacks", "crooked", "--rate", "30"];
    let arguments =
        [&arguments[..], &["--duration", "1s", "--no-verify", "--sources", "3"]].concat();
    for trust in [&["--ca", certificate.as_str()][..], &["--insecure-ca"]] {
        let ended = load(&issuer, &file, &[&arguments[..], trust].concat());
        assert_eq!(ended.code, Some(0), "{trust:?}: {ended:?}");
        let result = parsed(&ended);
        assert_adds_up(&result);
        let counts = &result["phases"][0]["counts"];
        assert_eq!(number(counts, "/ok"), number(counts, "/asked"), "{result}");
    }
    let ended = load(&issuer, &file, &arguments);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("no TLS: invalid peer certificate"), "{ended:?}");
}
