//! What a request costs the load generator itself: its own client beside the general one that this crate
//! has too, each on one thread, against the same answers, in one run.
//!
//! `cargo bench --bench load_client`; `LINEPASS_BENCH_SECONDS` (5) is the length of each turn.
//! benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "figures are printed with few digits")]

use actix_web::{App, HttpResponse, HttpServer, web};
use linepass::load::{
    host::thread_time,
    http::{Connection, Request},
    target::Target,
};
use std::{
    net::{SocketAddr, TcpListener},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns of each, one after the other, so that a machine whose speed drifts hits both.
const TURNS: u32 = 3;
/// As large as a page of a flow.
const PAGE_BYTES: usize = 8 * 1024;
/// As long as a flow's cookie.
const COOKIE_BYTES: usize = 900;

/// Processor time of this thread and requests.
#[derive(Default)]
struct Spent {
    time: Duration,
    requests: u32,
}

impl Spent {
    fn us_for_each(&self) -> f64 {
        self.time.as_secs_f64() * 1e6 / f64::from(self.requests.max(1))
    }
}

fn main() {
    let seconds = std::env::var("LINEPASS_BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    let turn = Duration::from_secs(seconds.unwrap_or(5));
    let address = serve();
    let system = actix_rt::System::new();
    let (mut own, mut general) = (Spent::default(), Spent::default());
    for _ in 0..TURNS {
        system.block_on(own_client(address, turn, &mut own));
        system.block_on(general_client(address, turn, &mut general));
    }
    println!("processor time of the generator for one request, pages of {PAGE_BYTES} bytes");
    println!("    own client   {:>7.1} us   {:>9} requests", own.us_for_each(), own.requests);
    println!(
        "    awc          {:>7.1} us   {:>9} requests",
        general.us_for_each(),
        general.requests
    );
    println!("    ratio        {:>7.2}", own.us_for_each() / general.us_for_each());
}

/// A server on threads of its own.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let page = "x".repeat(PAGE_BYTES);
        let answer = move || {
            let page = page.clone();
            async move { HttpResponse::Ok().insert_header(("set-cookie", "a=b")).body(page) }
        };
        let app = move || App::new().route("/", web::post().to(answer.clone()));
        let server = HttpServer::new(app).workers(1).listen(listener).expect("listens").run();
        actix_rt::System::new().block_on(server)
    });
    address
}

async fn own_client(address: SocketAddr, turn: Duration, spent: &mut Spent) {
    let target = Target {
        origin: format!("http://{address}"),
        authority: address.to_string(),
        address,
        tls: None,
    };
    let mut connection = Connection::new(Rc::new(target), None, Duration::from_secs(5));
    let cookie = format!("lp_a={}", "c".repeat(COOKIE_BYTES));
    let request = Request { path: "/", cookie: &cookie, form: Some("a=b"), ..Request::default() };
    let (began, before) = (Instant::now(), thread_time());
    while began.elapsed() < turn {
        let answer = connection.send(&request).await.expect("an answer");
        assert_eq!((answer.status, connection.body().len()), (200, PAGE_BYTES));
        spent.requests += 1;
    }
    spent.time += thread_time().saturating_sub(before);
}

async fn general_client(address: SocketAddr, turn: Duration, spent: &mut Spent) {
    let client =
        awc::Client::builder().timeout(Duration::from_secs(5)).disable_redirects().finish();
    let url = format!("http://{address}/");
    let cookie = format!("lp_a={}", "c".repeat(COOKIE_BYTES));
    let (began, before) = (Instant::now(), thread_time());
    while began.elapsed() < turn {
        let asked = client
            .post(&url)
            .insert_header(("cookie", cookie.as_str()))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .send_body("a=b");
        let mut answer = asked.await.expect("an answer");
        let body = answer.body().await.expect("a body");
        assert_eq!((answer.status().as_u16(), body.len()), (200, PAGE_BYTES));
        spent.requests += 1;
    }
    spent.time += thread_time().saturating_sub(before);
}
