//! Who was heard and is turned away in the midst of the work is told of like those who were not heard
//! (reliability.md 31, checks/experience.md 34). The log is the whole process's, so this has one of its own.

mod common;
mod inside;
mod process;
mod wire;

use common::{Answer, Http, door::until};
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
    let server = Inside::start(&[
        ("LINEPASS__SERVER__WORKERS", "1"),
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "16384"),
        ("LINEPASS__PASSWORD__HASH_PASSES", "4"),
        ("LINEPASS__PASSWORD__HASH_THREADS", "1"),
        ("LINEPASS__PASSWORD__HASH_QUEUE_LIMIT", "1"),
    ]);
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
        written.contains("no more passwords are taken to be hashed").then_some(())
    });
    let status = server.operator.get("/status").json();
    assert_eq!(status["overload"]["turning_away"], true, "{status}");
}
