//! Purchases over HTTPS on the whole server, generator in the same process: the press on 購入 of
//! flows that stand at their confirmation, and whole flows from the provider's push to its receipt.
//!
//! `cargo bench --bench purchase`; `LINEPASS_BENCH_LINES` (5000), `LINEPASS_BENCH_PRESSES` (20000
//! flows for each figure), `LINEPASS_BENCH_SECONDS` (8) for whole flows and `LINEPASS_BENCH_FOLDER`
//! change it. benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

mod figures;
mod setup;
mod wired;

use actix_web::{App, HttpRequest, HttpResponse, dev::ServerHandle, http::header, web};
use figures::{Figures, Rate};
use linepass::{
    config::Config,
    net::{Certificates, Door, ServerLimits, activity::Patience, server},
};
use setup::{from_env, runtime, verdict};
use std::{
    net::TcpListener,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use wired::{
    Answer, Connection, Served,
    household::{CHEAP, Generator, LOOSE},
    sending::Sending,
};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the p99 may be at half of capacity.
const FLOOR_P99_MS: f64 = 25.0;
/// From the push to the exchange, without the page that tells of the login.
const REQUESTS_OF_A_FLOW: u32 = 9;
/// Of the presses at half of capacity, the part that may find no room.
const MOST_WITHOUT_ROOM: f64 = 0.001;
/// Connections that each have one request under way.
const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];

fn main() {
    linepass::app::memory::take_small_pages();
    let folder = setup::folder();
    let lines = from_env("LINEPASS_BENCH_LINES", 5_000);
    let served = Served::start(folder.path(), lines, &[LOOSE.as_slice(), &CHEAP].concat());
    let bare = Bare::start(folder.path());
    let generator = Generator::new(&served, lines);
    let runtime = runtime();
    runtime.block_on(presses(&generator, &bare));
    runtime.block_on(whole_flows(&generator, &bare));
    bare.stop();
}

// ---------------------------------------------------------------------------------------------
// The press alone

async fn presses(generator: &Generator<'_>, bare: &Bare) {
    print_heading("presses/s", "no room");
    let count = from_env("LINEPASS_BENCH_PRESSES", 20_000);
    let mut capacity = 0.0;
    for connections in CONNECTIONS {
        // One press at a time is the disk's latency: a tenth says as much.
        let count = usize::try_from(if connections == 1 { count / 10 } else { count });
        let flows = generator.presses(count.expect("fits")).await;
        let bare_flows = flows.clone();
        let sending = Sending { connections, rate: None };
        let pressed = sending.send(generator.served.door(), flows, is_done).await;
        let bare_door = (bare.host.as_str(), &generator.served.tls);
        let ceiling = sending.send(bare_door, bare_flows, is_done).await;
        print_row(connections, &pressed, &ceiling);
        setup::print_json(connections, pressed.per_second(), ceiling.per_second());
        if connections == 64 {
            capacity = pressed.per_second();
        }
    }
    at_half(generator, capacity).await;
}

/// What the press answers.
fn is_done(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().ends_with("/complete")
}

/// Presses that come at half of what 64 connections made, each timed from when it should have begun.
async fn at_half(generator: &Generator<'_>, capacity: f64) {
    let rate = capacity / 2.0;
    let count = usize::try_from(from_env("LINEPASS_BENCH_PRESSES", 20_000)).expect("fits");
    let flows = generator.presses(count).await;
    let sending = Sending { connections: 256, rate: Some(rate) };
    let figures = sending.send(generator.served.door(), flows, is_done).await;
    println!(
        "\nat half of capacity, one press each {:.0} us: {:.0}/s, {} without room, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms{}",
        1e6 / rate,
        figures.per_second(),
        figures.turned_away,
        figures.quantile_ms(0.5),
        figures.quantile_ms(0.99),
        figures.quantile_ms(1.0),
        verdict(
            figures.quantile_ms(0.99) < FLOOR_P99_MS
                && figures.turned_away as f64 <= MOST_WITHOUT_ROOM * count as f64
        ),
    );
}

// ---------------------------------------------------------------------------------------------
// Whole flows

async fn whole_flows(generator: &Generator<'_>, bare: &Bare) {
    print_heading("flows/s", "again");
    let length = Duration::from_secs(from_env("LINEPASS_BENCH_SECONDS", 8));
    let press = generator.presses(1).await.pop_front().expect("one");
    let (press, bare_door) = (&press, (bare.host.as_str(), &generator.served.tls));
    for connections in CONNECTIONS {
        let open = async || generator.connect().await;
        let whole = async |connection: &mut Connection| generator.whole(connection).await;
        let flows = for_a_while(length, connections, open, whole).await;
        let open = async || Connection::open(bare_door.0, bare_door.1).await;
        let nine = async |connection: &mut Connection| {
            for _ in 0..REQUESTS_OF_A_FLOW {
                assert!(is_done(&connection.ask(press).await));
            }
        };
        let ceiling = for_a_while(length, connections, open, nine).await;
        print_row(connections, &flows, &ceiling);
    }
}

/// The same again and again on each of so many connections.
async fn for_a_while(
    length: Duration,
    connections: usize,
    open: impl AsyncFn() -> Connection,
    one: impl AsyncFn(&mut Connection),
) -> Figures {
    let opening = (0..connections).map(|_| open());
    let opened = futures_util::future::join_all(opening).await;
    let rate = Rate::begin();
    let (one, taken) = (&one, &rate);
    let repeating = opened.into_iter().map(|mut connection| async move {
        while taken.began.elapsed() < length {
            let began = Instant::now();
            one(&mut connection).await;
            taken.took(began.elapsed());
        }
        taken.turned_away(connection.turned_away);
    });
    futures_util::future::join_all(repeating).await;
    rate.end()
}

/// What stands over a table of this many and those that found no room, beside the ceiling.
fn print_heading(done: &str, turned_away: &str) {
    println!(
        "\n{:>11} {:>10} {:>7} {:>7} {:>7} {:>7} {:>12} {:>7} {:>7} {:>7} {:>6}",
        "connections",
        done,
        turned_away,
        "p50 ms",
        "p99 ms",
        "cpu us",
        "bare/s",
        "p50 ms",
        "p99 ms",
        "cpu us",
        "ratio"
    );
}

fn print_row(connections: usize, done: &Figures, ceiling: &Figures) {
    println!(
        "{connections:>11} {:>10.0} {:>7} {:>7.2} {:>7.2} {:>7.1} {:>12.0} {:>7.2} {:>7.2} {:>7.1} {:>6.2}",
        done.per_second(),
        done.turned_away,
        done.quantile_ms(0.5),
        done.quantile_ms(0.99),
        done.cpu_us_each(),
        ceiling.per_second(),
        ceiling.quantile_ms(0.5),
        ceiling.quantile_ms(0.99),
        ceiling.cpu_us_each(),
        done.per_second() / ceiling.per_second(),
    );
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
        // Nothing here tells a connection that its request has come, so each head would seem to go on for ever.
        let patience = Patience { head: Duration::from_hours(1), idle: Duration::from_mins(1) };
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
        runtime().block_on(stopping);
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
