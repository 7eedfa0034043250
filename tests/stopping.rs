//! How the process ends: asked to, asked twice, or because what it needs is taken.

mod common;
mod process;

use common::{Browser, Demo, Flow, Http, Options, order, unique};
use process::{Started, demo_on, free_port, linepass, run};
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

/// Four threads press one purchase after the other until the server is gone.
const PRESSERS: usize = 4;
const MOST_ORDERS: usize = 12;

fn options(folder: &Path) -> Options<'_> {
    let unbound = "LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE";
    let env = vec![(unbound, "1000000".to_owned())];
    Options { folder: Some(folder), env, ..Options::default() }
}

/// A purchase that stands at the confirmation.
struct Prepared {
    details: String,
    flow: Flow,
    cookie: String,
    csrf: String,
}

fn prepare(demo: &Demo) -> Prepared {
    let browser = Browser::new(demo.issuer());
    let details = order(&unique(), "support", 1, 1);
    let flow = browser.arrive(&demo.provider().push(Some(&details)));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let csrf = browser.confirmation(&flow).csrf();
    let cookies = browser.cookies.borrow();
    let pairs: Vec<String> =
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Prepared { details, flow, cookie: pairs.join("; "), csrf }
}

/// Presses; whether the completion page was the answer. `Err` where nobody answers any more.
fn press(http: &Http, issuer: &str, prepared: &Prepared) -> Result<bool, ureq::Error> {
    let form = [("csrf", prepared.csrf.as_str()), ("consent", "yes")];
    let url = format!("{issuer}{}/confirm", prepared.flow.path);
    let answer = http.try_post(&url, &[("cookie", &prepared.cookie)], &form)?;
    let completed = answer.status == 303 && answer.location().ends_with("/complete");
    assert!(completed || answer.status == 503, "{answer:?}");
    Ok(completed)
}

/// Sends SIGTERM while purchases are pressed; the orders that were acknowledged.
fn terminate_under_load(demo: &mut Demo) -> Vec<String> {
    let issuer = demo.issuer().to_owned();
    let prepared: Vec<Vec<Prepared>> =
        (0..PRESSERS).map(|_| (0..MOST_ORDERS).map(|_| prepare(demo)).collect()).collect();
    let (ack, acks) = mpsc::channel();
    std::thread::scope(|scope| {
        for own in prepared {
            let (ack, issuer) = (ack.clone(), &issuer);
            scope.spawn(move || {
                let http = Http::new();
                for one in own {
                    match press(&http, issuer, &one) {
                        Ok(true) => drop(ack.send(one.details)),
                        Ok(false) => {}
                        Err(_) => return,
                    }
                }
            });
        }
        drop(ack);
        let mut acknowledged = Vec::new();
        while acknowledged.len() < PRESSERS * 2 {
            acknowledged.push(acks.recv_timeout(process::PATIENCE).expect("an acknowledgement"));
        }
        assert_eq!(demo.terminate().code(), Some(0), "{}", demo.log());
        acknowledged.extend(acks);
        acknowledged
    })
}

#[test]
fn a_stop_under_load_loses_no_acknowledged_purchase() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&options(folder.path()));
    let acknowledged = terminate_under_load(&mut demo);
    let log = demo.log();
    assert!(!log.contains("panic") && !log.contains("\"level\":\"ERROR\""), "{log}");
    assert!(log.contains("stopped"), "{log}");
    drop(demo);

    let demo = Demo::with(&options(folder.path()));
    for details in &acknowledged {
        let browser = Browser::new(demo.issuer());
        let flow = browser.arrive(&demo.provider().push(Some(details)));
        browser.log_in(&flow, "sakura01", demo.password("sakura01"));
        let answer = browser.confirmation(&flow);
        assert!(answer.status == 303 && answer.location().ends_with("/complete"), "{answer:?}");
    }
}

/// A request whose body never comes: it is under way until the server gives up on it, or until
/// the connection is dropped.
fn stalled_request(issuer: &str) -> TcpStream {
    let address = issuer.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).expect("connects");
    let head = "POST /oauth/par HTTP/1.1\r\nhost: linepass\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\
        expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("writes");
    // `100 Continue` says that the request has reached its handler.
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(process::PATIENCE)).expect("sets");
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100");
    stream.write_all(b"client_id=").expect("writes");
    stream
}

fn started(folder: &Path, shutdown_timeout_s: &str) -> (Started, serde_json::Value) {
    let mut command = demo_on(folder);
    command.env("LINEPASS__SERVER__SHUTDOWN_TIMEOUT_S", shutdown_timeout_s);
    Started::spawn(&mut command).ready().unwrap_or_else(|ended| panic!("{ended:?}"))
}

/// Asks until the answer is the wanted one.
fn wait_for_status(url: &str, wanted: u16) {
    let began = Instant::now();
    let http = Http::new();
    while http.get(url, &[]).status != wanted {
        assert!(began.elapsed() < process::PATIENCE, "{url} never answered {wanted}");
    }
}

#[test]
fn while_it_stops_it_is_not_ready_and_a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (started, said) = started(folder.path(), "600");
    let text = |key: &str| said[key].as_str().expect("an address").to_owned();
    let readyz = format!("{}/readyz", text("operator"));
    assert_eq!(Http::new().get(&readyz, &[]).status, 200);
    let stalled = stalled_request(&text("issuer"));
    started.signal("TERM");
    wait_for_status(&readyz, 503);
    let healthz = format!("{}/healthz", text("operator"));
    assert_eq!(Http::new().get(&healthz, &[]).status, 200, "it is alive all the same");

    let asked_again = Instant::now();
    started.signal("TERM");
    let ended = started.ended();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(asked_again.elapsed() < Duration::from_secs(10), "the rest was waited for");
    // The last line says why, in the file too.
    let file = folder.path().join("logs/linepass.log");
    for written in [ended.err, std::fs::read_to_string(file).expect("the log")] {
        let last = written.lines().last().expect("a line");
        assert!(last.contains("a second signal came"), "{written}");
    }
    drop(stalled);
}

#[test]
fn a_request_that_never_ends_is_given_up_after_the_configured_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (started, said) = started(folder.path(), "1");
    let stalled = stalled_request(said["issuer"].as_str().expect("an address"));
    started.signal("INT");
    let ended = started.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.err.contains("panic"), "{ended:?}");
    drop(stalled);
}

#[test]
fn a_second_process_on_the_same_folder_ends_at_once_and_harms_nothing() {
    let demo = Demo::start();
    let ended = run(&mut demo_on(demo.folder()));
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("in use by another process"), "{ended:?}");
    let store = demo.folder().join("store");
    assert!(ended.err.contains(&store.display().to_string()), "{ended:?}");
    common::purchase(&demo, &Browser::new(demo.issuer()), "sakura01", &common::anime(&unique()));
}

#[test]
fn a_port_in_use_is_named() {
    let demo = Demo::start();
    let port = demo.issuer().rsplit(':').next().expect("a port").to_owned();
    for option in ["--port", "--shop-port", "--operator-port"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = demo_on(folder.path());
        let ended = run(command.args([option, &port]));
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{option}: {ended:?}");
        let address = format!("cannot listen on 127.0.0.1:{port}");
        assert!(ended.err.contains(&address), "{option}: {ended:?}");
    }
}

/// `linepass serve` with a file that names these listeners.
fn serve(folder: &Path, listen: &str, operator: &str) -> Started {
    let file = folder.join("linepass.toml");
    let text = format!(
        "[server]\nissuer = \"http://{listen}\"\nlisten = \"{listen}\"\n\n\
         [operator]\nlisten = \"{operator}\"\ntoken_file = \"{}\"\n\n\
         [log]\nfolder = \"\"\n\n[store]\npath = \"{}\"\n\n[keys]\nmaster_key_file = \"{}\"\n",
        folder.join("operator.token").display(),
        folder.join("store").display(),
        folder.join("master.key").display(),
    );
    std::fs::write(&file, text).expect("writes");
    let mut command = linepass(&["serve", "--config"]);
    Started::spawn(command.arg(file))
}

#[test]
fn serve_answers_on_the_configured_addresses_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let listen = format!("127.0.0.1:{}", free_port());
    let operator = format!("127.0.0.1:{}", free_port());
    let mut started = serve(folder.path(), &listen, &operator);
    let began = Instant::now();
    while TcpStream::connect(&operator).is_err() {
        assert!(started.runs() && began.elapsed() < process::PATIENCE, "{:?}", started.ended());
    }
    assert_eq!(Http::new().get(&format!("http://{operator}/healthz"), &[]).status, 200);
    let discovery = format!("http://{listen}/.well-known/openid-configuration");
    assert_eq!(Http::new().get(&discovery, &[]).json()["issuer"], format!("http://{listen}"));
    let on_public = Http::new().get(&format!("http://{listen}/healthz"), &[]);
    assert_eq!(on_public.status, 404, "the operators' pages are on their listener alone");
    started.signal("TERM");
    let ended = started.ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
    assert!(!ended.err.contains("panic"), "{ended:?}");
}

#[test]
fn serve_refuses_an_address_that_is_not_loopback() {
    let folder = tempfile::tempdir().expect("a folder");
    let operator = format!("127.0.0.1:{}", free_port());
    let ended = serve(folder.path(), "0.0.0.0:8480", &operator).ended();
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    for named in ["linepass.toml:3", "server.listen", "a loopback address and a port"] {
        assert!(ended.err.contains(named), "{named}: {ended:?}");
    }
    assert!(!folder.path().join("store").exists(), "nothing was made");
}
