//! A real SMTP server beside the tests, and what they do again and again to have something mailed.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use crate::common::{Browser, Demo, Http, Options, anime, operator::Operator, unique};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a mail may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(40);

/// `tests/smtp_server.py`, running.
pub struct Server {
    child: Child,
    pub port: u16,
    folder: TempDir,
}

/// What `tests/run` installs it into, a Python that is named, or the machine's own.
fn python() -> PathBuf {
    let deps = std::env::current_exe().expect("this test has a path");
    let own = deps.ancestors().nth(3).map(|target| target.join("python-tools/bin/python"));
    let named = std::env::var_os("LINEPASS_TEST_PYTHON").map(PathBuf::from);
    let python = named.or(own.filter(|own| own.exists())).unwrap_or_else(|| "python3".into());
    let can = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
    assert!(
        can.is_ok_and(|can| can.success()),
        "no aiosmtpd for {}: run tests/run, which installs it, or\n  \
         python3 -m venv DIR && DIR/bin/pip install 'aiosmtpd==1.4.*' && \
         export LINEPASS_TEST_PYTHON=DIR/bin/python",
        python.display()
    );
    python
}

impl Server {
    pub fn start() -> Self {
        Self::with(0, &[])
    }

    pub fn with(port: u16, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp_server.py");
        let mut command = Command::new(python());
        command.arg(script).arg(folder.path()).args(["--port", &port.to_string()]);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("it prints");
        let port = line.trim().parse().expect("its port");
        Self { child, port, folder }
    }

    /// Bad manners at a step.
    pub fn mood(&self, mood: &Value) {
        let (new, file) =
            (self.folder.path().join("mood.new"), self.folder.path().join("mood.json"));
        fs::write(&new, mood.to_string()).expect("writes");
        fs::rename(new, file).expect("renames");
    }

    pub fn refuse(&self, verb: &str, reply: &str) {
        self.mood(&json!({ "verb": verb, "do": "refuse", "reply": reply }));
    }

    pub fn behave(&self) {
        self.mood(&json!({}));
    }

    /// What it took so far, in no order.
    pub fn mails(&self) -> Vec<Value> {
        let files = fs::read_dir(self.folder.path()).expect("reads");
        let names = files.map(|file| file.expect("a file").path());
        let mails = names.filter(|name| name.extension().is_some_and(|end| end == "mail"));
        mails
            .map(|file| serde_json::from_slice(&fs::read(file).expect("reads")).expect("JSON"))
            .collect()
    }

    /// Waits until one with this text is there.
    #[track_caller]
    pub fn mail_with(&self, text: &str) -> Value {
        let has = |mail: &Value| mail["text"].as_str().is_some_and(|body| body.contains(text));
        until(text, || self.mails().into_iter().find(has))
    }

    /// How the server is told to Linepass, with short pauses.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![
            ("LINEPASS__MAIL__TRANSPORT", "smtp".to_owned()),
            ("LINEPASS__MAIL__HOST", "127.0.0.1".to_owned()),
            ("LINEPASS__MAIL__PORT", self.port.to_string()),
            ("LINEPASS__MAIL__TLS", "none".to_owned()),
            ("LINEPASS__MAIL__FROM_ADDRESS", "noreply@pay.example.jp".to_owned()),
        ];
        for (key, value) in [
            ("LINEPASS__MAIL__CONNECT_TIMEOUT_MS", 500),
            ("LINEPASS__MAIL__COMMAND_TIMEOUT_MS", 1_500),
            ("LINEPASS__MAIL__DATA_TIMEOUT_MS", 1_500),
            ("LINEPASS__MAIL__RETRY_FIRST_S", 1),
            ("LINEPASS__MAIL__RETRY_LONGEST_S", 1),
            ("LINEPASS__MAIL__PROBE_LONGEST_S", 1),
        ] {
            env.push((key, value.to_string()));
        }
        env
    }

    pub fn demo(&self) -> Demo {
        Demo::with(&Options { env: self.env(), ..Options::default() })
    }

    pub fn demo_with(&self, more: &[(&'static str, &str)]) -> Demo {
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let env = self.env().into_iter().chain(more).collect();
        Demo::with(&Options { env, ..Options::default() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer.
#[track_caller]
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "no {what} within {PATIENCE:?}");
        #[expect(clippy::disallowed_methods, reason = "asking again and again needs a pause")]
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Buys an anime and gives the receipt number as the mail prints it, and how long 購入 took.
pub fn buy(demo: &Demo, passport_id: &str) -> (String, Duration) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    let began = Instant::now();
    let bought = browser.buy(&flow);
    let took = began.elapsed();
    assert_eq!(bought.status, 303, "{bought:?}");
    (receipt(&browser.open(&format!("{}/complete", flow.path)).body), took)
}

/// The receipt number of a completion page, grouped by four.
fn receipt(page: &str) -> String {
    let digits = |text: &str| {
        let groups: Vec<&str> = text.split(' ').collect();
        groups.len() == 3
            && groups.iter().all(|group| group.len() == 4 && group.parse::<u16>().is_ok())
    };
    let found = page.split(['<', '>']).map(str::trim).find(|text| digits(text));
    found.unwrap_or_else(|| panic!("no receipt number: {page}")).to_owned()
}

pub fn listed(operator: &Operator, query: &str) -> Vec<Value> {
    let answer = operator.get(&format!("/mails{query}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["mails"].as_array().expect("mails").clone()
}

pub fn scraped(demo: &Demo, series: &str) -> f64 {
    let text = Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]).body;
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{series}\n{text}")).parse().expect("a number")
}
