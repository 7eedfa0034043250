//! Logins that are turned away by the throttle, over HTTPS: how many a second, beside a bare
//! actix-web handler that answers a page of the same size over the same TLS, in one run, generator
//! included; and what each costs the server.
//!
//! `cargo bench --bench refusals`; `LINEPASS_BENCH_SECONDS` (20) is the length of each figure.
//! benches/README.md says how to read it. The servers are this program again, each in a process of
//! its own, so that the kernel tells what a request cost whom.

#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

mod figures;
mod setup;
mod wired;

use actix_web::{App, HttpRequest, HttpResponse, dev::Service as _, web};
use linepass::{
    cli::demo::sample::SampleProvider,
    config::Config,
    net::{Certificates, Door, ServerLimits, activity::Patience, server},
    telemetry,
};
use serde_json::{Value, json};
use setup::{from_env, runtime, verdict};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tokio_rustls::TlsConnector;
use wired::{Connection, Served, configure, connector, host_of, household::AtLogin, listener};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Refused logins a second on two cores, generator included.
const FLOOR: f64 = 10_000.0;
/// Threads that ask, and connections of each.
const THREADS: usize = 2;
const CONNECTIONS: usize = 32;
/// Turns of the real server and the bare one, one after the other.
const TURNS: u32 = 4;

fn main() {
    linepass::app::memory::take_small_pages();
    let role = std::env::var("LINEPASS_BENCH_ROLE").unwrap_or_default();
    match role.as_str() {
        "server" => serve(),
        "bare" => actix_web::rt::System::new().block_on(serve_bare()),
        _ => compare(),
    }
}

fn compare() {
    let length = Duration::from_secs(from_env("LINEPASS_BENCH_SECONDS", 20));
    println!("Refusals over HTTPS, {THREADS} threads of {CONNECTIONS} connections that ask\n");
    println!(
        "    what                     bytes   per s   bare/s   ratio   us each   bare us   generator us   free cores"
    );
    for kind in &KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let real = Server::start("server", folder.path(), kind.env);
        let page = Page::of(&real, kind);
        let bare = Server::start("bare", folder.path(), &[("BARE_BYTES", page.bytes)]);
        let (mut of_real, mut of_bare) = (Measured::default(), Measured::default());
        for _ in 0..TURNS {
            of_real.add(&load(&real, &page.request, 403, length / TURNS / 2));
            of_bare.add(&load(&bare, &page.request, 200, length / TURNS / 2));
        }
        println!(
            "    {:<22}   {:>5}   {:>5.0}   {:>6.0}   {:>5.2}   {:>7.1}   {:>7.1}   {:>12.1}   {:>10.0}{}",
            kind.name,
            page.bytes,
            of_real.rate(),
            of_bare.rate(),
            of_real.rate() / of_bare.rate(),
            of_real.server_us(),
            of_bare.server_us(),
            of_real.own_us(),
            of_real.on_free_cores(),
            verdict(of_real.rate() >= FLOOR),
        );
    }
}

// ---------------------------------------------------------------------------------------------
// What is asked

/// How a login comes to be refused without a hash.
struct Kind {
    name: &'static str,
    env: &'static [(&'static str, usize)],
    /// Wrong passwords before anything is measured.
    failures: usize,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "login, ID held",
        env: &[("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", 1_000_000)],
        failures: 6,
    },
    Kind {
        name: "login, source too often",
        env: &[("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", 1)],
        failures: 2,
    },
];

/// The request that is sent again and again, and what is answered.
struct Page {
    request: Vec<u8>,
    bytes: usize,
}

impl Page {
    /// Goes the way of a browser up to the login page, and fails there as often as it has to.
    fn of(server: &Server, kind: &Kind) -> Self {
        runtime().block_on(async {
            let mut connection = server.connect().await;
            let flow = AtLogin::reach(&mut connection, &server.host, &server.provider(), 0).await;
            let request = flow.login("sakura01", "wrong");
            for _ in 0..kind.failures {
                assert_eq!(connection.ask(&request).await.status, 403);
            }
            let refused = connection.ask(&request).await;
            assert_eq!(refused.status, 403, "{}", refused.text());
            Self { request, bytes: refused.body.len() }
        })
    }
}

// ---------------------------------------------------------------------------------------------
// Asking

/// What a turn, or several, came to.
#[derive(Default)]
struct Measured {
    answers: f64,
    seconds: f64,
    server_s: f64,
    own_s: f64,
}

impl Measured {
    fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.seconds += other.seconds;
        self.server_s += other.server_s;
        self.own_s += other.own_s;
    }

    fn rate(&self) -> f64 {
        self.answers / self.seconds
    }

    fn server_us(&self) -> f64 {
        self.server_s * 1e6 / self.answers
    }

    /// How many a second two processors could answer and ask for that have nothing else to do.
    fn on_free_cores(&self) -> f64 {
        2.0 * self.answers / (self.server_s + self.own_s)
    }

    fn own_us(&self) -> f64 {
        self.own_s * 1e6 / self.answers
    }
}

/// Asks for so long, on all connections as fast as answers come.
fn load(server: &Server, request: &[u8], status: u16, length: Duration) -> Measured {
    let (server_before, own_before) = (cpu_s(server.child.id()), cpu_s(std::process::id()));
    let began = Instant::now();
    let answers: u64 = thread::scope(|scope| {
        let ask = || runtime().block_on(ask_on_all(server, request, status, began, length));
        let asking: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asking| asking.join().expect("no panic")).sum()
    });
    Measured {
        answers: answers as f64,
        seconds: began.elapsed().as_secs_f64(),
        server_s: cpu_s(server.child.id()) - server_before,
        own_s: cpu_s(std::process::id()) - own_before,
    }
}

async fn ask_on_all(
    server: &Server,
    request: &[u8],
    status: u16,
    began: Instant,
    length: Duration,
) -> u64 {
    let one = || async {
        let mut connection = server.connect().await;
        let mut answers = 0;
        while began.elapsed() < length {
            assert_eq!(connection.ask(request).await.status, status);
            answers += 1;
        }
        answers
    };
    let all = (0..CONNECTIONS).map(|_| one());
    futures_util::future::join_all(all).await.into_iter().sum()
}

/// Processor seconds that a process has used.
fn cpu_s(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let ticks: f64 = fields.split(' ').skip(11).take(2).map(|t| t.parse::<f64>().expect("t")).sum();
    // The kernel's unit for it, whatever its own timer does (proc(5), `sysconf(_SC_CLK_TCK)`).
    ticks / 100.0
}

// ---------------------------------------------------------------------------------------------
// Servers

/// A server in a process of its own.
struct Server {
    child: Child,
    said: Value,
    /// `localhost` and its port.
    host: String,
    tls: TlsConnector,
}

impl Server {
    fn start(role: &str, folder: &Path, env: &[(&str, usize)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env("LINEPASS_BENCH_ROLE", role).env("LINEPASS_BENCH_FOLDER", folder);
        command.envs(env.iter().map(|(key, value)| (*key, value.to_string())));
        let errors = std::fs::File::create(folder.join(format!("{role}.log"))).expect("a file");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("it prints");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!(
                "{role}: {error}: {:?}",
                std::fs::read_to_string(folder.join(format!("{role}.log")))
            )
        });
        let host = format!("localhost:{}", said["port"].as_u64().expect("a port"));
        Self { child, said, host, tls: connector(&folder.join("server.crt")) }
    }

    async fn connect(&self) -> Connection {
        Connection::open(&self.host, &self.tls).await
    }

    fn provider(&self) -> SampleProvider {
        serde_json::from_value(self.said["provider"].clone()).expect("a provider")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder that the environment names.
fn own_folder() -> PathBuf {
    std::env::var_os("LINEPASS_BENCH_FOLDER").expect("a folder").into()
}

/// The configuration of a server there, and what the environment says.
fn configured(listener: &TcpListener) -> Config {
    let folder = own_folder();
    let own = [
        ("STORE__MIN_FREE_SPACE_BYTES", "16777216".to_owned()),
        ("LOG__FOLDER", folder.join("logs").display().to_string()),
        // As many as can be are asked for here, and each is to be answered by the throttle.
        ("OVERLOAD__QUEUE_TARGET_MS", "1000".to_owned()),
        ("THROTTLE__FIRST_WAIT_S", "3600".to_owned()),
        ("THROTTLE__LONGEST_WAIT_S", "86400".to_owned()),
    ];
    let given: Vec<(String, String)> =
        std::env::vars().filter(|(name, _)| name.starts_with("LINEPASS__")).collect();
    let given = given.iter().map(|(name, value)| (name.as_str(), value.clone()));
    configure(&folder, &host_of(listener), own.into_iter().chain(given))
}

/// The whole application with its log, as `linepass serve` has it.
fn serve() {
    let public = listener();
    let port = public.local_addr().expect("an address").port();
    let config = configured(&public);
    let _logging = telemetry::init(&config.log, false).expect("a log");
    let served = Served::on(public, config, &own_folder(), 0);
    println!("{}", json!({ "port": port, "provider": served.sample.providers[1] }));
    loop {
        thread::park();
    }
}

/// A handler that answers so many bytes, on the same pipeline of connections.
async fn serve_bare() {
    let listener = listener();
    let port = listener.local_addr().expect("an address").port();
    let config = configured(&listener);
    let tls = Certificates::open(&config).expect("the server's certificate").server_config();
    let bytes = std::env::var("BARE_BYTES").ok().and_then(|text| text.parse().ok()).expect("bytes");
    let page = web::Bytes::from(vec![b'x'; bytes]);
    let patience = Patience { head: Duration::from_secs(5), idle: Duration::from_secs(15) };
    let limits =
        ServerLimits { workers: 2, most_connections: 10_000, patience, shutdown_timeout_s: 1 };
    let door = Door {
        tls: Some(tls.expect("TLS")),
        handshake_timeout: Duration::from_secs(5),
        balancers: None,
        header_timeout: Duration::ZERO,
    };
    let server = server::build(limits, vec![(listener, door)], move || {
        let page = page.clone();
        let answer = move |_: HttpRequest, _: web::Bytes| {
            let page = page.clone();
            async move { HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page) }
        };
        App::new()
            .wrap_fn(|request, service| service.call(request))
            .default_service(web::route().to(answer))
    });
    println!("{}", json!({ "port": port }));
    server.expect("serves").await.expect("serves");
}
