//! Runs of `linepass load` against a demo, and servers that answer otherwise than one does.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::common::{self, Demo, Options};
use crate::process::{Ended, linepass, run};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A demo that takes a generator for what it is: what `config/load.toml` sets, as far as the demo's few
/// lines need it.
pub fn demo_with(more: &[(&'static str, &str)]) -> Demo {
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
pub fn credentials(demo: &Demo) -> String {
    let file = demo.folder().join("credentials.json");
    fs::write(&file, demo.said.to_string()).expect("writes");
    file.display().to_string()
}

/// The demo's line at 203.0.113.0/24 in the form of a seeded store: its households come from there, by
/// what a proxy says.
pub fn forwarded_credentials(demo: &Demo) -> String {
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

/// Credentials of nobody, which are of the right form.
pub fn made_up_credentials(folder: &Path) -> String {
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

/// `linepass load` of a server with these words, measured from its first moment unless they say otherwise.
pub fn load_command(url: &str, credentials: &str, words: &str) -> Command {
    let warmup = if words.contains("--warmup ") { &[][..] } else { &["--warmup", "0s"][..] };
    let fixed = [&["load", "--url", url, "--credentials", credentials], warmup].concat();
    let words: Vec<&str> = words.split_whitespace().collect();
    linepass(&[&fixed[..], &words].concat())
}

/// One that the operator API at this address, which a demo's token opens, verifies in the end.
pub fn load_verified_by(operator_url: &str, demo: &Demo, credentials: &str, words: &str) -> Ended {
    let mut command = load_command(demo.issuer(), credentials, &format!("--json {words}"));
    command.env("LINEPASS_OPERATOR_URL", operator_url);
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", demo.text("/operator_token_file"));
    run(&mut command)
}

/// What an operator API says of a store that it has verified.
pub fn verified(whole: bool, faults: u64) -> Value {
    json!({ "state": "done", "whole": whole, "invariants": [
        { "name": "I1", "what": "all is there", "checked": 9, "faults": faults, "first": [] }] })
}

/// One that nobody verifies, to its end.
pub fn load(url: &str, credentials: &str, words: &str) -> Ended {
    run(&mut load_command(url, credentials, &format!("--no-verify --json {words}")))
}

/// What a load found.
pub struct Found {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its result, which adds up.
    pub result: Value,
}

impl Found {
    /// What is found by a load that has ended.
    #[track_caller]
    pub fn by(ended: &Ended) -> Self {
        let result = serde_json::from_str(&ended.out);
        let result = result.unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        assert_adds_up(&result);
        Self { code: ended.code, result }
    }

    /// What is found by a load of a server that nobody verifies.
    #[track_caller]
    pub fn at(url: &str, credentials: &str, words: &str) -> Self {
        Self::by(&load(url, credentials, words))
    }

    /// What is found by a load of a demo, with its own credentials, that nobody verifies.
    #[track_caller]
    pub fn of(demo: &Demo, words: &str) -> Self {
        Self::at(demo.issuer(), &credentials(demo), words)
    }

    /// A whole number of the result, by JSON pointer.
    #[track_caller]
    pub fn number(&self, pointer: &str) -> u64 {
        number(&self.result, pointer)
    }

    /// A count of the first phase.
    #[track_caller]
    pub fn count(&self, field: &str) -> u64 {
        self.number(&format!("/phases/0/counts/{field}"))
    }

    /// A count of a scenario of the first phase.
    #[track_caller]
    pub fn count_of(&self, scenario: &str, field: &str) -> u64 {
        self.number(&format!("/phases/0/scenarios/{scenario}/counts/{field}"))
    }

    /// The phases.
    pub fn phases(&self) -> &[Value] {
        self.result["phases"].as_array().expect("phases")
    }

    /// The steps of a scenario of the first phase, each with how often it was answered.
    pub fn steps(&self, scenario: &str) -> Vec<(String, u64)> {
        let steps = &self.phases()[0]["scenarios"][scenario]["steps"];
        let steps = steps.as_object().unwrap_or_else(|| panic!("{scenario}: {self}"));
        steps.iter().map(|(name, step)| (name.clone(), number(step, "/count"))).collect()
    }

    /// Why it failed, as one text.
    pub fn reasons(&self) -> String {
        self.result["reasons"].to_string()
    }

    /// What it warns of, as one text.
    pub fn warnings(&self) -> String {
        self.result["warnings"].to_string()
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.result.fmt(f)
    }
}

/// A whole number of an object, by JSON pointer.
pub fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}: {value}"))
}

/// What holds for every result, whatever became of it.
pub fn assert_adds_up(result: &Value) {
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
        let errors = phase["errors"].as_array().expect("errors").iter();
        for ending in ["refused", "shed", "failed"] {
            let of = errors.clone().filter(|error| error["ending"] == ending);
            let told: u64 = of.map(|error| number(error, "/count")).sum();
            assert_eq!(number(phase, &format!("/counts/{ending}")), told, "{ending}: {phase}");
        }
        assert_eq!(number(phase, "/generator_lag/count"), asked);
        assert_eq!(number(phase, "/queueing/count"), number(phase, "/counts/begun"));
    }
    // All was measured, so the seconds have the same starts as the phases.
    let sum = |rows: &Value, field: &str| -> u64 {
        rows.as_array().expect("rows").iter().map(|row| number(row, field)).sum()
    };
    assert_eq!(sum(&result["seconds"], "/asked"), sum(&result["phases"], "/counts/asked"));
    assert_eq!(sum(&result["seconds"], "/ok"), sum(&result["phases"], "/counts/ok"));
    assert_eq!(sum(&result["seconds"], "/not_begun"), sum(&result["phases"], "/counts/not_begun"));
}

/// The rows of a file of JSON Lines.
pub fn rows_of(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A relay before a server that replaces `from` by `to`, of the same length, in every piece of an answer.
pub fn lying_relay(server: &str, from: &'static str, to: &'static str) -> String {
    assert_eq!(from.len(), to.len());
    relay(server, move |piece| replaced(piece, from.as_bytes(), to.as_bytes()))
}

/// A relay before a server from which every piece of an answer takes so long.
pub fn slow_relay(server: &str, pause: Duration) -> String {
    relay(server, move |piece| {
        #[expect(clippy::disallowed_methods, reason = "slowness is what it is for")]
        thread::sleep(pause);
        piece.to_vec()
    })
}

/// A relay before a server, and how many connections it has taken.
pub fn counting_relay(server: &str) -> (String, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    (relay_counted(server, <[u8]>::to_vec, Arc::clone(&taken)), taken)
}

/// A relay before a server that passes on what is made of each piece of an answer.
fn relay(server: &str, change: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static) -> String {
    relay_counted(server, change, Arc::default())
}

fn relay_counted(
    server: &str,
    change: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static,
    taken: Arc<AtomicUsize>,
) -> String {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            taken.fetch_add(1, Ordering::Relaxed);
            let Ok(upstream) = TcpStream::connect(&server) else { return };
            let (mut to_server, mut from_client) = pair(&upstream, &client);
            let change = change.clone();
            thread::spawn(move || {
                let _ = std::io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(Shutdown::Write);
            });
            thread::spawn(move || {
                let (mut from_server, mut to_client) = pair(&upstream, &client);
                let mut piece = vec![0; 256 * 1024];
                while let Ok(length @ 1..) = from_server.read(&mut piece) {
                    if to_client.write_all(&change(&piece[..length])).is_err() {
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

/// A server that says who it is, and then answers everything with this head.
pub fn issuer_that_answers(head: &str) -> String {
    let discovery = (OK.to_owned(), json!({ "issuer": "http://127.0.0.1" }));
    stub(vec![discovery, (head.to_owned(), json!({}))])
}

/// A server that answers everything with this head.
pub fn always_answers(head: &str) -> String {
    stub(vec![(head.to_owned(), json!({}))])
}

/// The head of an answer in JSON.
const OK: &str = "200 OK\r\ncontent-type: application/json";

/// An operator API whose store was made from this, which has never verified it and then says this.
pub fn operator_stub(synthetic_data: &Value, verifying: Vec<Value>) -> String {
    let before = [json!({ "state": "never" }), json!({ "synthetic_data": synthetic_data })];
    let answers = before.into_iter().chain(verifying);
    stub(answers.map(|answer| (OK.to_owned(), answer)).collect())
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
