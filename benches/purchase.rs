//! Purchases over HTTPS on the whole server, generator in the same process: the press on 購入 of
//! flows that stand at their confirmation, and whole flows from the provider's push to its receipt.
//!
//! `cargo bench --bench purchase`; `LINEPASS_BENCH_LINES` (5000), `LINEPASS_BENCH_PRESSES` (20000
//! flows for each figure), `LINEPASS_BENCH_SECONDS` (8) for whole flows and `LINEPASS_BENCH_FOLDER`
//! change it. benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

mod wired;

use actix_web::{App, HttpRequest, HttpResponse, dev::ServerHandle, http::header, web};
use hdrhistogram::Histogram;
use linepass::{
    cli::demo::sample::SampleProvider,
    config::Config,
    net::{Certificates, Door, ServerLimits, activity::Patience, server},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    net::TcpListener,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use wired::{Answer, Connection, PASSWORD, Served, get, passport_id, post};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections that each have one request under way.
const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// Connections that bring flows to their confirmation, which is not measured.
const PREPARING: usize = 32;
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Limits that would turn this generator away, and hashes that cost nothing: those are measured by
/// `benches/login.rs`.
const LOOSE: [(&str, &str); 9] = [
    ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64"),
    ("LINEPASS__PASSWORD__HASH_PASSES", "1"),
    ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000000"),
    ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1000000"),
    ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "10000000"),
    ("LINEPASS__PROVIDER_LIMITS__REQUESTS_UNDER_WAY", "10000"),
    ("LINEPASS__PROVIDER_LIMITS__SHARE_PERCENT", "100"),
    ("LINEPASS__LINE__DEFAULT_PASSPORT_LIMIT_YEN", "9999999"),
    ("LINEPASS__LINE__DEFAULT_LINE_LIMIT_YEN", "9999999"),
];

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let folder = match std::env::var_os("LINEPASS_BENCH_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
    .expect("a folder");
    let lines = from_env("LINEPASS_BENCH_LINES", 5_000);
    let served = Served::start(folder.path(), lines, &LOOSE);
    let bare = Bare::start(folder.path());
    let generator = Generator {
        served: &served,
        provider: served.sample.providers[1].clone(),
        lines,
        number: Cell::new(0),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(presses(&generator, &bare));
    runtime.block_on(whole_flows(&generator));
    bare.stop();
}

// ---------------------------------------------------------------------------------------------
// The press alone

async fn presses(generator: &Generator<'_>, bare: &Bare) {
    println!(
        "\n{:>11} {:>10} {:>7} {:>7} {:>7} {:>12} {:>7} {:>7} {:>7} {:>6}",
        "connections",
        "presses/s",
        "p50 ms",
        "p99 ms",
        "cpu us",
        "bare/s",
        "p50 ms",
        "p99 ms",
        "cpu us",
        "ratio"
    );
    let count = from_env("LINEPASS_BENCH_PRESSES", 20_000);
    for connections in CONNECTIONS {
        // One press at a time is the disk's latency: a tenth says as much.
        let count = usize::try_from(if connections == 1 { count / 10 } else { count });
        let flows = generator.prepare(count.expect("fits")).await;
        let bare_flows = flows.clone();
        let pressed = press(&generator.served.host, connections, flows, generator).await;
        let ceiling = press(&bare.host, connections, bare_flows, generator).await;
        println!(
            "{connections:>11} {:>10.0} {:>7.2} {:>7.2} {:>7.1} {:>12.0} {:>7.2} {:>7.2} {:>7.1} {:>6.2}",
            pressed.per_second(),
            pressed.quantile_ms(0.5),
            pressed.quantile_ms(0.99),
            pressed.cpu_us_each(),
            ceiling.per_second(),
            ceiling.quantile_ms(0.5),
            ceiling.quantile_ms(0.99),
            ceiling.cpu_us_each(),
            pressed.per_second() / ceiling.per_second(),
        );
    }
}

/// Sends each of these requests once, over so many connections at once.
async fn press(
    host: &str,
    connections: usize,
    requests: VecDeque<Vec<u8>>,
    generator: &Generator<'_>,
) -> Figures {
    let open = (0..connections).map(|_| Connection::open(host, &generator.served.tls));
    let open = futures_util::future::join_all(open).await;
    let left = RefCell::new(requests);
    let rate = Rate::begin();
    let (queue, taken) = (&left, &rate);
    let pressing = open.into_iter().map(|mut connection| async move {
        loop {
            let Some(request) = queue.borrow_mut().pop_front() else { return };
            let began = Instant::now();
            let answer = connection.ask(&request).await;
            taken.took(began.elapsed());
            let is_done = answer.status == 303 && answer.location().ends_with("/complete");
            assert!(is_done, "{} {}", answer.status, answer.text());
        }
    });
    futures_util::future::join_all(pressing).await;
    rate.end()
}

// ---------------------------------------------------------------------------------------------
// Whole flows

async fn whole_flows(generator: &Generator<'_>) {
    println!(
        "\n{:>11} {:>10} {:>7} {:>7} {:>7}",
        "connections", "flows/s", "p50 ms", "p99 ms", "cpu us"
    );
    let length = Duration::from_secs(from_env("LINEPASS_BENCH_SECONDS", 8));
    for connections in CONNECTIONS {
        let rate = Rate::begin();
        let buying = (0..connections).map(|_| async {
            let mut connection = generator.connect().await;
            while rate.began.elapsed() < length {
                let began = Instant::now();
                generator.whole(&mut connection).await;
                rate.took(began.elapsed());
            }
        });
        futures_util::future::join_all(buying).await;
        let flows = rate.end();
        println!(
            "{connections:>11} {:>10.0} {:>7.2} {:>7.2} {:>7.1}",
            flows.per_second(),
            flows.quantile_ms(0.5),
            flows.quantile_ms(0.99),
            flows.cpu_us_each(),
        );
    }
}

/// Households and their provider.
struct Generator<'a> {
    served: &'a Served,
    provider: SampleProvider,
    lines: u64,
    number: Cell<u64>,
}

impl Generator<'_> {
    async fn connect(&self) -> Connection {
        Connection::open(&self.served.host, &self.served.tls).await
    }

    /// So many flows that only lack the press, as the requests that make it.
    async fn prepare(&self, count: usize) -> VecDeque<Vec<u8>> {
        let flows = RefCell::new(VecDeque::with_capacity(count));
        let begun = Cell::new(0);
        let preparing = (0..PREPARING).map(|_| async {
            let mut connection = self.connect().await;
            while begun.get() < count {
                begun.set(begun.get() + 1);
                let (request, ..) = self.at_confirmation(&mut connection).await;
                flows.borrow_mut().push_back(request);
            }
        });
        futures_util::future::join_all(preparing).await;
        flows.into_inner()
    }

    /// From the provider's push to the confirmation: the request of the press, the flow's path and
    /// its cookie.
    async fn at_confirmation(&self, connection: &mut Connection) -> (Vec<u8>, String, String) {
        let host = &self.served.host;
        let number = self.number.get();
        self.number.set(number + 1);
        let pushed = connection.ask(&self.push(number)).await;
        assert_eq!(pushed.status, 201, "{}", pushed.text());
        let pushed: serde_json::Value = serde_json::from_slice(&pushed.body).expect("JSON");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.provider.client_id)
            .append_pair("request_uri", pushed["request_uri"].as_str().expect("a request_uri"))
            .finish();
        let arrived = connection.ask(&get(host, &format!("/oauth/authorize?{query}"), "")).await;
        let path = arrived.location().strip_suffix("/login").expect("the login page").to_owned();
        let cookie = cookie(&arrived);
        let login = format!("{path}/login");
        let csrf = connection.ask(&get(host, &login, &cookie)).await.field("csrf");
        let id = passport_id(1 + number % self.lines);
        let form = [("csrf", &*csrf), ("passport_id", &*id), ("password", PASSWORD)];
        let logged_in = connection.ask(&post(host, &login, &cookie, &form)).await;
        assert_eq!(logged_in.status, 303, "{}", logged_in.text());
        let cookie = self::cookie(&logged_in);
        let confirm = format!("{path}/confirm");
        let page = connection.ask(&get(host, &confirm, &cookie)).await;
        let (csrf, month) = (page.field("csrf"), page.field("month"));
        let form = [("csrf", &*csrf), ("month", &*month), ("consent", "yes")];
        (post(host, &confirm, &cookie, &form), path, cookie)
    }

    /// A whole flow, through to the provider's receipt.
    async fn whole(&self, connection: &mut Connection) {
        let host = &self.served.host;
        let (press, path, cookie) = self.at_confirmation(connection).await;
        assert_eq!(connection.ask(&press).await.status, 303);
        let done = connection.ask(&get(host, &format!("{path}/complete"), &cookie)).await;
        assert_eq!(done.status, 200, "{}", done.text());
        let back = connection.ask(&get(host, &format!("{path}/return"), &cookie)).await;
        let back = url::Url::parse(back.location()).expect("the way back");
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &self.provider.redirect_uris[0]),
            ("code_verifier", VERIFIER),
            ("client_id", &self.provider.client_id),
            ("client_secret", &self.provider.client_secret),
        ];
        let tokens = connection.ask(&post(host, "/oauth/token", "", &form)).await;
        assert_eq!(tokens.status, 200, "{}", tokens.text());
    }

    fn push(&self, number: u64) -> Vec<u8> {
        let details = serde_json::json!([{
            "type": "purchase", "reference": format!("bench-{number}"), "service": "support",
            "quantity": 1, "amount": 1, "currency": "JPY"
        }]);
        let details = details.to_string();
        let form = [
            ("client_id", self.provider.client_id.as_str()),
            ("client_secret", &self.provider.client_secret),
            ("response_type", "code"),
            ("redirect_uri", &self.provider.redirect_uris[0]),
            ("scope", "openid"),
            ("state", "state-1"),
            ("nonce", "nonce-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("authorization_details", &details),
        ];
        post(&self.served.host, "/oauth/par", "", &form)
    }
}

/// The flow's cookie, as a browser would send it.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers("set-cookie").next().expect("a cookie");
    set.split(';').next().unwrap_or_default().to_owned()
}

// ---------------------------------------------------------------------------------------------
// The ceiling: the same connections, requests and answers, and nothing done

struct Bare {
    host: String,
    handle: ServerHandle,
    serving: thread::JoinHandle<()>,
}

impl Bare {
    /// The house's own pipeline with the house's certificate, before a handler that only reads.
    fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("binds");
        let host = format!("localhost:{}", listener.local_addr().expect("an address").port());
        let path = |name: &str| folder.join(name).display().to_string();
        let own = [
            ("LINEPASS__SERVER__ISSUER".to_owned(), format!("https://{host}")),
            ("LINEPASS__TLS__ENABLED".to_owned(), "true".to_owned()),
            ("LINEPASS__TLS__CERTIFICATE_FILE".to_owned(), path("server.crt")),
            ("LINEPASS__TLS__KEY_FILE".to_owned(), path("server.key")),
        ];
        let config =
            Config::load(None, own.into_iter()).unwrap_or_else(|errors| panic!("{errors}"));
        let tls = Certificates::open(&config).expect("a certificate").server_config();
        let door = Door {
            tls: Some(tls.expect("TLS")),
            handshake_timeout: Duration::from_secs(5),
            balancers: None,
            header_timeout: Duration::from_secs(5),
        };
        let patience = Patience { head: Duration::from_secs(5), idle: Duration::from_secs(60) };
        let limits = ServerLimits {
            workers: config.server.workers,
            most_connections: 10_000,
            patience,
            shutdown_timeout_s: 1,
        };
        let (say, hear) = mpsc::channel();
        let serving = thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let app = || App::new().default_service(web::route().to(bare_answer));
                let server = server::build(limits, vec![(listener, door)], app).expect("starts");
                say.send(server.handle()).expect("somebody waits");
                server.await.expect("serves");
            });
        });
        Self { host, handle: hear.recv().expect("it starts"), serving }
    }

    fn stop(self) {
        let stopping = self.handle.stop(false);
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(stopping);
        self.serving.join().expect("no panic");
    }
}

/// The body read, and an answer with as many headers as the house's.
async fn bare_answer(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    std::hint::black_box(&body);
    let complete = request.path().replace("/confirm", "/complete");
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, complete))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"))
        .insert_header((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"))
        .finish()
}

// ---------------------------------------------------------------------------------------------
// Figures

/// What is being counted.
struct Rate {
    latency_us: RefCell<Histogram<u64>>,
    began: Instant,
    cpu_before_us: u64,
}

/// What was counted.
struct Figures {
    latency_us: Histogram<u64>,
    took: Duration,
    cpu_us: u64,
}

impl Rate {
    fn begin() -> Self {
        let histogram = Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds");
        Self { latency_us: RefCell::new(histogram), began: Instant::now(), cpu_before_us: cpu_us() }
    }

    fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.borrow_mut().saturating_record(micros);
    }

    fn end(self) -> Figures {
        Figures {
            latency_us: self.latency_us.into_inner(),
            took: self.began.elapsed(),
            cpu_us: cpu_us() - self.cpu_before_us,
        }
    }
}

impl Figures {
    fn per_second(&self) -> f64 {
        self.latency_us.len() as f64 / self.took.as_secs_f64()
    }

    fn quantile_ms(&self, quantile: f64) -> f64 {
        self.latency_us.value_at_quantile(quantile) as f64 / 1_000.0
    }

    fn cpu_us_each(&self) -> f64 {
        self.cpu_us as f64 / self.latency_us.len() as f64
    }
}

/// Processor time this process has used so far: user and kernel time in ticks of 10 ms, the 14th
/// and 15th field of /proc/self/stat (proc(5)).
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().expect("a number") * 10_000).sum()
}
