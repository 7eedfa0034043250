//! A pool that is full: orders are turned away before the logins they would bring, and who was heard and is
//! turned away in the midst of the work is told of like those who were not heard (reliability.md 31, 32,
//! checks/experience.md 34). The log is the whole process's, so this has one of its own.

mod common;
mod inside;
mod process;
mod wire;

use common::{
    Answer, Http,
    door::{push_with, until},
};
use inside::Inside;
use linepass::{
    config::{LogConfig, LogStderr},
    security::Secret,
    telemetry,
    web::admission::room::TooMuch,
};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};
use wire::Wire;

/// So many tries are enough to meet a pool that is full nearly always.
const TRIES: usize = 20;

/// Ends what goes on until then, however it is left.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A server with one thread that answers, one that hashes, and one place to wait for it.
fn one_place() -> Inside {
    Inside::start(&[
        ("LINEPASS__SERVER__WORKERS", "1"),
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "16384"),
        ("LINEPASS__PASSWORD__HASH_PASSES", "4"),
        ("LINEPASS__PASSWORD__HASH_THREADS", "1"),
        ("LINEPASS__PASSWORD__HASH_QUEUE_LIMIT", "1"),
        // Nobody is turned away because this machine is slow.
        ("LINEPASS__OVERLOAD__QUEUE_TARGET_MS", "1000"),
    ])
}

/// Does something while the pool is full but for the moments between two hashes.
fn while_hashing<T>(server: &Inside, what: impl FnOnce() -> T) -> T {
    let (pool, over) = (&server.state().passwords, AtomicBool::new(false));
    let done = thread::scope(|scope| {
        let _over = Over(&over);
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // Turned away itself, it tries again.
                    let _ = inside::wait(pool.verify(Secret::from("a1b2"), None));
                    thread::yield_now();
                }
            });
        }
        until("a full pool", || (pool.queued() >= pool.most_waiting()).then_some(()));
        what()
    });
    until("an empty pool", || (pool.queued() == 0).then_some(()));
    done
}

/// The status of a login that was heard before the pool was full, and has its body there afterwards.
fn late_login(server: &Inside) -> u16 {
    let (browser, flow) = server.arrived();
    let path = format!("{}/login", flow.path);
    let csrf = browser.open(&path).csrf();
    let body = format!("csrf={csrf}&passport_id=momiji01&password=not-this-one");
    let (first, rest) = body.split_at(4);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\norigin: {}\r\ncookie: {}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{first}",
        server.issuer,
        browser.cookie_header(),
        body.len()
    );
    let mut wire = Wire::plain(server.issuer.strip_prefix("http://").expect("http"));
    wire.send(head);
    // There is one thread that answers: what it has answered by now came later.
    let later: Answer = Http::new().get(&format!("{}/help/errors", server.issuer), &[]);
    assert_eq!(later.status, 200, "{later:?}");
    let answer = while_hashing(server, || wire.send(rest).answer());
    let status = answer.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3));
    status.and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn a_login_that_was_heard_and_finds_the_pool_full_begins_the_warning_of_logins() {
    let server = one_place();
    let folder = tempfile::tempdir().expect("a folder");
    let (log, stderr) = (folder.path().display().to_string(), LogStderr::Off);
    let log = LogConfig { folder: log, stderr, ..server.config.log.clone() };
    let _logging = telemetry::init(&log, false).expect("it begins");
    let turned_away = (0..TRIES).any(|_| late_login(&server) == 503);
    assert!(turned_away, "the pool was never full");
    let not_heard = server.state().admission.turned_away_for(TooMuch::HashQueue).total();
    assert_eq!(not_heard, 0, "each was heard, so it is the pool's own refusal that is told");
    until("the warning", || {
        let written = fs::read_to_string(folder.path().join(telemetry::CURRENT_FILE)).ok()?;
        written.contains("many passwords wait to be hashed").then_some(())
    });
}

/// reliability.md 31, 32
#[test]
fn while_passwords_wait_orders_are_turned_away_and_statements_are_not() {
    let server = one_place();
    let provider = server.provider();
    let push = || push_with(&provider, None, &[]).status;
    let refused = || server.state().admission.turned_away_for(TooMuch::HashQueue).total();
    while_hashing(&server, || {
        let statuses: Vec<u16> = (0..60).map(|_| push()).collect();
        let taken = statuses.iter().filter(|status| **status == 201).count();
        assert!(statuses.iter().all(|status| [201, 503].contains(status)), "{statuses:?}");
        assert!(taken >= 1 && refused() >= 1, "{taken}: {statuses:?}");
        let looked: Answer = Http::new().get(&format!("{}/help/errors", server.issuer), &[]);
        assert_eq!(looked.status, 200, "{looked:?}");
    });
    assert_eq!(push(), 201, "once none waits, all begin");
}
