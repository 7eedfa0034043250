//! The harness: the real binary with a store of its own, a browser's cookies, and a provider that
//! speaks raw HTTP. Every test has its own ports and folders.

#![allow(dead_code, reason = "each test binary uses a part of the harness")]

pub mod contracts;
pub mod door;
pub mod operator;
pub mod portal;
pub mod receiver;
pub mod status;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A password hash that costs next to nothing: a setting, not a code path.
const CHEAP: [(&str, &str); 2] =
    [("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64"), ("LINEPASS__PASSWORD__HASH_PASSES", "1")];

/// The one redirect address that every provider of these tests uses: it is registered for the
/// second sample provider, and nobody listens there.
pub const REDIRECT_URI: &str = "http://127.0.0.1:9876/callback";

/// A running `linepass demo`.
pub struct Demo {
    child: Child,
    /// The object it printed.
    pub said: Value,
    folder: PathBuf,
    /// Held so that the folder lives as long as the demo.
    own_folder: Option<TempDir>,
    errors: PathBuf,
}

/// How the demo is started.
#[derive(Default)]
pub struct Options<'a> {
    /// Its folder; one of its own if absent.
    pub folder: Option<&'a Path>,
    /// Where its clock starts.
    pub now: Option<&'a str>,
    /// More arguments.
    pub arguments: Vec<&'a str>,
    /// More environment.
    pub env: Vec<(&'a str, String)>,
}

impl Demo {
    /// Starts one with a folder of its own.
    pub fn start() -> Self {
        Self::with(&Options::default())
    }

    /// Starts one, and waits until it is ready.
    pub fn with(options: &Options<'_>) -> Self {
        let made = match options.folder {
            Some(_) => None,
            None => Some(tempfile::tempdir().expect("a folder")),
        };
        let folder = options.folder.or(made.as_ref().map(TempDir::path)).expect("a folder");
        let folder = folder.to_owned();
        let errors = folder.join(format!("stderr-{}.log", unique()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
        command.args(["demo", "--json", "--data"]).arg(&folder);
        command.args(options.now.iter().flat_map(|now| ["--now", *now]));
        command.args(&options.arguments);
        // One machine runs many demos side by side: the free space is the machine's business, and so is
        // how long requests wait for a thread.
        command.env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "16777216");
        command.env("LINEPASS__OVERLOAD__QUEUE_TARGET_MS", "1000");
        command.envs(CHEAP).envs(options.env.iter().map(|(key, value)| (*key, value.as_str())));
        let log = std::fs::File::create(&errors).expect("a log file");
        let mut child =
            command.stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("it prints");
        let said = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(&errors).unwrap_or_default();
            panic!("the demo did not start: {error}: {line:?}\n{log}")
        });
        Self { child, said, folder, own_folder: made, errors }
    }

    /// A text of what it printed, by JSON pointer.
    pub fn text(&self, pointer: &str) -> &str {
        self.said.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
    }

    /// Linepass's address.
    pub fn issuer(&self) -> &str {
        self.text("/issuer")
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process's ID.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.errors).expect("the log is there")
    }

    /// The decision lines of its log with this action.
    pub fn decisions(&self, action: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["action"] == action).collect()
    }

    /// A passport ID's password, by the ID.
    pub fn password(&self, passport_id: &str) -> &str {
        let lines = self.said["lines"].as_array().expect("lines");
        let ids = lines.iter().flat_map(|line| line["passport_ids"].as_array().expect("IDs"));
        let found = ids.into_iter().find(|id| id["passport_id"] == passport_id);
        found.and_then(|id| id["password"].as_str()).unwrap_or_else(|| panic!("{passport_id}"))
    }

    /// The provider's side: B社, whose redirect address is [`REDIRECT_URI`].
    pub fn provider(&self) -> Provider {
        self.provider_number(1, REDIRECT_URI.to_owned())
    }

    /// The provider's side of A社, whose only redirect address is the shop's.
    pub fn other_provider(&self) -> Provider {
        self.provider_number(0, self.text("/providers/0/redirect_uris/0").to_owned())
    }

    fn provider_number(&self, number: usize, redirect_uri: String) -> Provider {
        Provider {
            issuer: self.issuer().to_owned(),
            client_id: self.text(&format!("/providers/{number}/client_id")).to_owned(),
            client_secret: self.text(&format!("/providers/{number}/client_secret")).to_owned(),
            redirect_uri,
            http: Http::new(),
        }
    }

    /// Kills it as a power cut would: no signal it could handle.
    pub fn kill(mut self) -> Option<TempDir> {
        self.child.kill().expect("kills");
        self.child.wait().expect("ends");
        self.own_folder.take()
    }

    /// Asks it to end and tells how it did.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
        self.wait(Duration::from_secs(30))
    }

    /// Waits for its end.
    pub fn wait(&mut self, most: Duration) -> ExitStatus {
        wait_for_end(&mut self.child, most)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of a process by asking again and again, without a fixed sleep's guess.
pub fn wait_for_end(child: &mut Child, most: Duration) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("waits") {
            return status;
        }
        assert!(began.elapsed() < most, "it did not end within {most:?}");
        #[expect(clippy::disallowed_methods, reason = "asking again and again needs a pause")]
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A word that no other test draws.
pub fn unique() -> String {
    linepass::security::random::token(9)
}

/// HTTP without redirects and without errors for statuses.
#[derive(Clone)]
pub struct Http(pub ureq::Agent);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, names in small letters; several of one name in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Where it redirects to.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {self:?}"))
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A parameter of the address it redirects to.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.location()).expect("an absolute address");
        url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    }

    /// The value of the page's hidden `csrf` field.
    pub fn csrf(&self) -> String {
        let (_, rest) = self.body.split_once("name=\"csrf\" value=\"").expect("a hidden field");
        rest.split('"').next().expect("a value").to_owned()
    }
}

impl Http {
    /// A client.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self(config.into())
    }

    /// GET with headers.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(self.0.get(url), |request, (name, value)| request.header(*name, *value));
        answer(request.call().unwrap_or_else(|error| panic!("{url}: {error}")))
    }

    /// POST of a form with headers.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        self.try_post(url, headers, form).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// The same where no answer may come.
    pub fn try_post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.try_post_raw(url, headers, &body)
    }

    /// POST of a form's raw text.
    pub fn try_post_raw(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, ureq::Error> {
        let request = self.0.post(url).header("content-type", "application/x-www-form-urlencoded");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send(body).map(answer)
    }
}

/// Reads a response whole.
pub fn answer(response: ureq::http::Response<ureq::Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut text = String::new();
    body.into_reader().read_to_string(&mut text).expect("a text body");
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(header).collect(),
        body: text,
    }
}

/// A provider site that speaks raw HTTP.
#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uri: String,
    pub http: Http,
}

/// The verifier of RFC 7636 appendix B, and its challenge.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An order of one 名作アニメ1 for 300 yen.
pub fn anime(reference: &str) -> String {
    order(reference, "anime-1", 1, 300)
}

/// An order as `authorization_details`.
pub fn order(reference: &str, service: &str, quantity: u32, amount: u64) -> String {
    serde_json::json!([{
        "type": "purchase", "reference": reference, "service": service,
        "quantity": quantity, "amount": amount, "currency": "JPY"
    }])
    .to_string()
}

impl Provider {
    /// The parameters of a correct push; change them before [`Provider::push_form`].
    pub fn parameters(&self, details: Option<&str>) -> BTreeMap<String, String> {
        let mut parameters: BTreeMap<String, String> = [
            ("client_id", &*self.client_id),
            ("client_secret", &self.client_secret),
            ("response_type", "code"),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid"),
            ("state", "state-1"),
            ("nonce", "nonce-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        if let Some(details) = details {
            parameters.insert("authorization_details".into(), details.into());
        }
        parameters
    }

    /// Pushes these parameters.
    pub fn push_form(&self, parameters: &BTreeMap<String, String>) -> Answer {
        let form: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.http.post(&format!("{}/oauth/par", self.issuer), &[], &form)
    }

    /// Pushes an order and gives the address to send the browser to.
    pub fn push(&self, details: Option<&str>) -> String {
        let pushed = self.push_form(&self.parameters(details));
        assert_eq!(pushed.status, 201, "{pushed:?}");
        self.authorize_url(pushed.json()["request_uri"].as_str().expect("a request_uri"))
    }

    /// The address that begins a flow.
    pub fn authorize_url(&self, request_uri: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .append_pair("request_uri", request_uri)
            .finish();
        format!("{}/oauth/authorize?{query}", self.issuer)
    }

    /// Exchanges a code.
    pub fn exchange(&self, code: &str) -> Answer {
        self.exchange_with(code, VERIFIER, &self.redirect_uri)
    }

    /// Exchanges a code with everything open to change.
    pub fn exchange_with(&self, code: &str, verifier: &str, redirect_uri: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ];
        self.http.post(&format!("{}/oauth/token", self.issuer), &[], &form)
    }
}

/// The claims of a JWT, not verified: who made it is another test's business.
pub fn claims(jwt: &str) -> Value {
    let payload = jwt.split('.').nth(1).expect("a payload");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// A browser: cookies, and nothing else.
pub struct Browser {
    pub issuer: String,
    pub http: Http,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

/// Where a flow stands, as its address tells.
#[derive(Debug, Clone)]
pub struct Flow {
    /// `/flow/{id}`.
    pub path: String,
}

impl Browser {
    /// A browser without cookies.
    pub fn new(issuer: &str) -> Self {
        Self { issuer: issuer.to_owned(), http: Http::new(), cookies: RefCell::default() }
    }

    /// What it sends of its cookies.
    pub fn cookie_header(&self) -> String {
        let cookies = self.cookies.borrow();
        let pairs: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep(&self, answer: Answer) -> Answer {
        for (name, value) in &answer.headers {
            if name != "set-cookie" {
                continue;
            }
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            let mut cookies = self.cookies.borrow_mut();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name)
            } else {
                cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        answer
    }

    /// Opens an address, absolute or of Linepass.
    pub fn open(&self, address: &str) -> Answer {
        let url = if address.starts_with('/') {
            format!("{}{address}", self.issuer)
        } else {
            address.to_owned()
        };
        self.keep(self.http.get(&url, &[("cookie", &self.cookie_header())]))
    }

    /// Posts a form as the page's own.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let headers = [("origin", self.issuer.as_str()), ("sec-fetch-site", "same-origin")];
        self.post_with(path, &headers, form)
    }

    /// Posts a form with these headers.
    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        let cookie = self.cookie_header();
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        self.keep(self.http.post(&format!("{}{path}", self.issuer), &headers, form))
    }

    /// Comes from the provider: the flow begins.
    pub fn arrive(&self, authorize_url: &str) -> Flow {
        let sent = self.open(authorize_url);
        assert_eq!(sent.status, 303, "{sent:?}");
        let path = sent.location().strip_suffix("/login").expect("the login page").to_owned();
        Flow { path }
    }

    /// Types ID and password.
    pub fn log_in(&self, flow: &Flow, passport_id: &str, password: &str) -> Answer {
        let path = format!("{}/login", flow.path);
        let page = self.open(&path);
        assert_eq!(page.status, 200, "{page:?}");
        let csrf = page.csrf();
        self.post(&path, &[("csrf", &csrf), ("passport_id", passport_id), ("password", password)])
    }

    /// Opens the confirmation page.
    pub fn confirmation(&self, flow: &Flow) -> Answer {
        self.open(&format!("{}/confirm", flow.path))
    }

    /// Ticks 承諾する and presses 購入.
    pub fn buy(&self, flow: &Flow) -> Answer {
        let page = self.confirmation(flow);
        assert_eq!(page.status, 200, "{page:?}");
        let csrf = page.csrf();
        self.post(&format!("{}/confirm", flow.path), &[("csrf", &csrf), ("consent", "yes")])
    }

    /// Presses サービスを利用する: the answer redirects to the provider.
    pub fn go_back(&self, flow: &Flow) -> Answer {
        self.open(&format!("{}/return", flow.path))
    }
}

/// A whole purchase up to the completion page; the flow it went through.
pub fn purchase(demo: &Demo, browser: &Browser, passport_id: &str, details: &str) -> Flow {
    let flow = browser.arrive(&demo.provider().push(Some(details)));
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    let bought = browser.buy(&flow);
    assert_eq!(bought.status, 303, "{bought:?}");
    assert!(bought.location().ends_with("/complete"), "{bought:?}");
    flow
}
