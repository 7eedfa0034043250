//! The operator's side: its API over raw HTTP, and the commands that use it.

use super::{Answer, Demo, Http, answer};
use linepass::{
    security::MasterKey,
    store::{
        Store, Stream, record,
        sled_store::{SledOptions, SledStore},
    },
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

/// お客さまID of the sample line with sakura01 and sakura02.
pub const SAKURA: &str = "CAF0000012573";

/// An address of the API's table with samples for its parameters. A new parameter gets its sample
/// here, and all tests that walk the table know it.
pub fn sample_path(path: &str) -> String {
    let part = |part: &str| match part {
        "{customer}" => SAKURA.to_owned(),
        "{token_name}" => "nobody".to_owned(),
        "{passport}" => "1".to_owned(),
        "{contract}" => "K-100000000016".to_owned(),
        "{provider}" => "a-sha".to_owned(),
        "{service}" => "pack".to_owned(),
        "{token}" => "no-such-token".to_owned(),
        "{month}" => "2026-01".to_owned(),
        unknown if unknown.starts_with('{') => panic!("no sample for {unknown} of {path}"),
        fixed => fixed.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// An operator of a demo.
#[derive(Clone)]
pub struct Operator {
    /// The operator listener.
    pub url: String,
    /// Its token.
    pub token: String,
    token_file: String,
    http: Http,
}

impl Operator {
    /// The demo's own.
    pub fn of(demo: &Demo) -> Self {
        Self::at(demo.text("/operator").to_owned(), Path::new(demo.text("/operator_token_file")))
    }

    /// One of the server with this operator listener, and the token in this file.
    pub fn at(url: String, token_file: &Path) -> Self {
        let token = std::fs::read_to_string(token_file).expect("a token").trim().to_owned();
        let token_file = token_file.display().to_string();
        Self { url, token, token_file, http: Http::new() }
    }

    /// A request with these headers beside the body's type, without a token of its own.
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let url = format!("{}/operator/v1{path}", self.url);
        let request = ureq::http::Request::builder().method(method).uri(&url);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let sent = self.http.0.run(request.expect("a request"));
        answer(sent.unwrap_or_else(|error| panic!("{method} {url}: {error}")))
    }

    /// A request with the token and a raw body.
    pub fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let value = format!("Bearer {}", self.token);
        self.send_with(method, path, &[("authorization", &value)], body)
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        let value = format!("Bearer {}", self.token);
        self.http.get(&format!("{}/operator/v1{path}", self.url), &[("authorization", &value)])
    }

    /// A change that must be made; what was answered.
    pub fn change(&self, method: &str, path: &str, body: &Value) -> Value {
        let made = self.send(method, path, &body.to_string());
        assert_eq!(made.status, 200, "{method} {path}: {made:?}");
        made.json()
    }

    /// Restricts a line.
    pub fn restrict(&self, customer: &str, kind: &str) -> Value {
        let body = json!({ "kind": kind, "reason": "form 2026-11-27/31" });
        self.change("POST", &format!("/lines/{customer}/restrict"), &body)
    }

    /// Lifts what bars a line.
    pub fn lift(&self, customer: &str, kind: &str) -> Value {
        let body = json!({ "kind": kind, "reason": "form 2026-12-02/7" });
        self.change("POST", &format!("/lines/{customer}/lift"), &body)
    }

    /// Runs a command of `linepass` against this server.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
        command.args(arguments);
        command.env("LINEPASS_OPERATOR_URL", &self.url);
        command.env("LINEPASS_OPERATOR_TOKEN_FILE", &self.token_file);
        command.output().expect("the binary runs")
    }
}

/// Something that answers requests as no server of this version does: each with the next answer, and
/// with the last one for good; a problem (RFC 9457) with the status that stands in it. Its address; it
/// lives as long as the test's process.
pub fn answering(answers: Vec<Value>) -> String {
    answering_or_not(answers.into_iter().map(Some).collect())
}

/// The same; where there is no answer, the connection is closed without one.
pub fn answering_or_not(answers: Vec<Option<Value>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let last = answers.last().cloned();
        let mut bodies = answers
            .into_iter()
            .chain(std::iter::repeat_with(move || last.clone().expect("an answer")));
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let (mut line, mut length) = (String::new(), 0_u64);
            while stream.read_line(&mut line).expect("a line") > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink()).expect("a body");
            let Some(body) = bodies.next().expect("no end") else { continue };
            let status = body["status"].as_u64().unwrap_or(200);
            let body = body.to_string();
            let head = "content-type: application/json\r\nconnection: close";
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status} -\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.get_mut().write_all(answer.as_bytes()).expect("answers");
        }
    });
    url
}

/// What a server answers to that which it cannot do for a reason of its own (RFC 9457).
pub fn internal_problem() -> Value {
    json!({ "status": 500, "code": "internal", "title": "-", "detail": "something of ours failed" })
}

/// What a stopped demo's journal holds of a stream.
pub fn journal(folder: &Path, stream: &Stream) -> Vec<Value> {
    let master = MasterKey::load_or_create(&folder.join("master.key")).expect("the master key");
    let options = SledOptions {
        folder: folder.join("store"),
        head_key: master.derive("linepass/store/head/v1"),
        cache_bytes: 1 << 20,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = SledStore::open(&options).expect("the store");
        let rows = store.events(stream, 0, 256).await.expect("the journal");
        rows.iter().map(|row| record::from_json("a row", &row.entry).expect("JSON")).collect()
    })
}

/// Asserts a problem (RFC 9457) of this status and code.
pub fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
    assert_eq!(problem["type"], format!("urn:linepass:problem:{code}"));
    assert!(problem["detail"].is_string() && problem["title"].is_string(), "{problem}");
}
