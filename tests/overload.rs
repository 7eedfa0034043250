//! More comes than can be done: who is turned away first, who last, how, and that it is over when it is
//! over (reliability.md 8, 31 to 33).

mod common;
mod inside;
mod process;
mod wire;

use common::{
    Answer, Browser, Flow, anime,
    door::{push_with, request_uri, until},
    operator::SAKURA,
    unique,
};
use futures_util::{FutureExt, future::join_all};
use inside::Inside;
use linepass::{
    actors::{
        LineError,
        change::{Change, What},
    },
    domain::{
        calendar::Instant as Moment,
        line::{By, Command},
        yen::Yen,
    },
    security::Secret,
    store::{Batch, Put},
};
use process::PATIENCE;
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};
use wire::Wire;

/// So many tries are enough to meet what is so nearly always: a queue that a test holds full has room
/// for a moment each time that a group of it is done.
const TRIES: usize = 200;

/// Does something while something else goes on without an end.
fn meanwhile<T>(goes_on: impl Fn(&AtomicBool) + Sync, what: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| goes_on(&over));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what));
        over.store(true, Ordering::Relaxed);
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Does something while so many decisions wait for the disk.
fn while_writing<T>(server: &Inside, waiting: usize, what: impl FnOnce() -> T) -> T {
    let committer = server.state().committer.clone();
    let fill = |over: &AtomicBool| {
        while !over.load(Ordering::Relaxed) {
            while committer.waiting() < waiting {
                let cursor = Put::Cursor { follower: "test", block: 0 };
                let batch = Batch { put: vec![cursor], ..Batch::default() };
                // Queued when it is first asked for, whoever waits for it then.
                let _ = committer.commit(batch).now_or_never();
            }
            thread::yield_now();
        }
    };
    let done = meanwhile(fill, what);
    until("an empty queue", || (server.state().committer.waiting() == 0).then_some(()));
    done
}

/// A server for whose disk 16 decisions may wait.
fn with_a_short_queue() -> Inside {
    Inside::start(&[
        ("LINEPASS__STORE__WRITE_QUEUE_LIMIT", "16"),
        ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "10000"),
    ])
}

/// Asks again and again until this is the answer's status.
fn until_status(status: u16, ask: impl Fn() -> Answer) -> Answer {
    let found = (0..TRIES).map(|_| ask()).find(|answer| answer.status == status);
    found.unwrap_or_else(|| panic!("never {status} in {TRIES} tries: {:?}", ask()))
}

/// Asks until it is heard, as a browser or a provider does that is told to come again: not before the time
/// that it was told. Whoever is told so for longer than anything may take here was not heard.
fn until_heard(ask: impl Fn() -> Answer) -> Answer {
    let began = Instant::now();
    loop {
        let answer = ask();
        if answer.status != 503 {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "never heard: {answer:?}");
        #[expect(clippy::disallowed_methods, reason = "it comes when it was told to")]
        thread::sleep(retry_after(&answer));
    }
}

/// When somebody who was turned away may come again.
fn retry_after(answer: &Answer) -> Duration {
    let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(matches!(seconds, Some(2..=9)), "{answer:?}");
    Duration::from_secs(seconds.unwrap_or_default())
}

/// A browser whose flow is before its login. What begins may be turned away on the way here, whenever the
/// machine has other things to do, and comes again.
fn arrived(server: &Inside) -> (Browser, Flow) {
    let (provider, browser) = (server.provider(), Browser::new(&server.issuer));
    let order = anime(&unique());
    let pushed = until_heard(|| push_with(&provider, Some(&order), &[]));
    let url = provider.authorize_url(&request_uri(&pushed));
    let sent = until_heard(|| browser.open(&url));
    let path = sent.location().strip_suffix("/login").expect("the login page").to_owned();
    (browser, Flow { path })
}

/// A browser whose flow is at its confirmation.
fn at_confirmation(server: &Inside) -> (Browser, Flow) {
    let (browser, flow) = arrived(server);
    let login = format!("{}/login", flow.path);
    let csrf = until_heard(|| browser.open(&login)).csrf();
    let password = server.password("sakura01");
    let typed = [("csrf", &*csrf), ("passport_id", "sakura01"), ("password", password)];
    let logged_in = until_heard(|| browser.post(&login, &typed));
    assert_eq!(logged_in.status, 303, "{logged_in:?}");
    (browser, flow)
}

fn assert_turned_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    retry_after(answer);
    for name in ["content-security-policy", "x-frame-options", "x-request-id"] {
        assert!(answer.header(name).is_some(), "{name}: {answer:?}");
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert!(answer.header("set-cookie").is_none(), "{answer:?}");
}

#[test]
fn a_queue_for_the_disk_that_fills_turns_logins_away_before_confirmations_check_32() {
    let server = with_a_short_queue();
    let overload = || server.operator.get("/status").json()["overload"].clone();
    let none = json!({ "turning_away": false, "since": null, "causes": [], "last_minute": [] });
    assert_eq!(overload(), none);
    let (browser, flow) = at_confirmation(&server);
    let (guest, guests) = arrived(&server);
    let login = format!("{}/login", guests.path);
    let read = || {
        assert_eq!(browser.open("/help/errors").status, 200);
        assert_eq!(guest.open(&login).status, 200, "the page itself waits for no disk");
    };
    while_writing(&server, 12, || {
        assert_turned_away(&until_status(503, || guest.post(&login, &[("csrf", "x")])));
        read();
        let bought = until_status(303, || browser.buy(&flow));
        assert!(bought.location().ends_with("/complete"), "{bought:?}");
    });
    let (other, flow) = at_confirmation(&server);
    let confirm = format!("{}/confirm", flow.path);
    while_writing(&server, 15, || {
        assert_turned_away(&until_status(503, || other.post(&confirm, &[("csrf", "x")])));
        assert_eq!(other.confirmation(&flow).status, 200, "it waits for no disk");
        read();
        // What is left of the queue is the operators'.
        let body = json!({ "kind": "customer", "reason": "form 2026-11-27/31" });
        let restrict = format!("/lines/{SAKURA}/restrict");
        let restricted =
            until_status(200, || server.operator.send("POST", &restrict, &body.to_string()));
        assert_eq!(restricted.json()["dry_run"], false, "{restricted:?}");
    });
    let told = overload();
    assert_eq!(told["turning_away"], true, "{told}");
    let since: Moment = told["since"].as_str().expect("a time").parse().expect("RFC 3339");
    assert!(since <= server.host.now(), "{told}");
    let reasons = told["last_minute"].as_array().expect("reasons");
    let of_the_disk = reasons.iter().find(|one| one["reason"] == "commit_queue");
    assert!(of_the_disk.is_some_and(|one| one["requests"].as_u64() >= Some(2)), "{told}");
    let shed = |class: &str| is_turned_away(&server, &format!("{{class=\"{class}\"}}"));
    assert!(shed("login") && shed("confirmation") && !shed("statement"));
}

/// Two seconds, as far as a time that is told in whole ones tells them from none.
const TOLD: Duration = Duration::from_secs(2);

#[test]
fn the_status_tells_since_when_some_are_turned_away_wherever_it_is_done() {
    let server = Inside::start(&[
        ("LINEPASS__STORE__WRITE_QUEUE_LIMIT", "16"),
        ("LINEPASS__PASSWORD__HASH_QUEUE_LIMIT", "1"),
        ("LINEPASS__LINE__QUEUED_COMMANDS_PER_LINE", "1"),
    ]);
    let (state, browser) = (server.state(), Browser::new(&server.issuer));
    let hash = || async { state.passwords.hash(Secret::from("a")).await.is_err() };
    let change = |yen| async move {
        let limit = What::Plain(Box::new(Command::SetLineLimit(Yen::new(yen))));
        let change = Change { what: limit, by: By::System, source: None, request_id: None };
        let made = state.lines.make(SAKURA.parse().expect("an ID"), change).await;
        made.is_err_and(|error| matches!(*error, LineError::Busy(_)))
    };
    // In the midst of the work, by the pool and by the lines; and before any.
    let ways: [(&str, &dyn Fn()); 3] = [
        ("hash_queue", &|| {
            let refused = inside::wait(join_all((0..100).map(|_| hash())));
            assert!(refused.contains(&true));
        }),
        ("line_queue", &|| {
            // No less than the limits of its IDs together, or a rule refuses each before it waits.
            let refused = inside::wait(join_all((20_001..20_101).map(change)));
            assert!(refused.contains(&true));
        }),
        ("commit_queue", &|| {
            let login = || browser.post("/flow/a1/login", &[("csrf", "x")]);
            while_writing(&server, 15, || assert_turned_away(&until_status(503, login)));
        }),
    ];
    let overload = || server.operator.get("/status").json()["overload"].clone();
    assert_eq!(overload()["turning_away"], false);
    let began = Instant::now();
    let (mut first, mut reasons) = (None, Vec::new());
    for (reason, turn_away) in ways {
        let before = state.admission.refusals().total();
        turn_away();
        assert!(state.admission.refusals().total() > before, "{reason}");
        let first = first.get_or_insert_with(Instant::now);
        reasons.push(reason);
        let later = Instant::now();
        until("a time that can be told", || (later.elapsed() > TOLD).then_some(()));
        // The server's clock stands; what goes on is timed by one that does not.
        let (least, told, most) = (first.elapsed(), overload(), began.elapsed());
        let since: Moment = told["since"].as_str().expect("a time").parse().expect("RFC 3339");
        let us = server.host.now().micros() - since.micros();
        let lasts = Duration::from_micros(us.try_into().expect("not in the future"));
        assert!(lasts >= least && lasts < most + Duration::from_secs(1), "{least:?}: {told}");
        let told = told["last_minute"].as_array().expect("reasons").iter();
        let told: Vec<_> = told.filter_map(|one| one["reason"].as_str()).collect();
        assert!(reasons.iter().all(|reason| told.contains(reason)), "{told:?}");
    }
}

/// Whether any request of a class was turned away since the start.
fn is_turned_away(server: &Inside, class: &str) -> bool {
    counted(server, &format!("linepass_requests_turned_away_total{class}")) > 0
}

/// What a counter has counted.
fn counted(server: &Inside, series: &str) -> u64 {
    let metrics = server.state().metrics.encode().expect("writes");
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no {series}"))
}

/// So many connections at once ask for a page as soon as they have been answered.
fn crowd(server: &Inside, over: &AtomicBool) {
    let address = server.issuer.strip_prefix("http://").expect("http");
    let ask = || {
        let mut wire = Wire::plain(address);
        while !over.load(Ordering::Relaxed) {
            let answer = wire.send("GET /help/errors HTTP/1.1\r\nhost: x\r\n\r\n").answer();
            let status = answer.get(..12).unwrap_or_default();
            assert!(matches!(status, "http/1.1 200" | "http/1.1 503"), "{answer}");
        }
    };
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(ask);
        }
    });
}

#[test]
fn more_than_the_threads_can_do_turns_away_statements_while_purchases_go_on_check_31_32() {
    let server = Inside::start(&[
        ("LINEPASS__OVERLOAD__QUEUE_TARGET_MS", "5"),
        ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "10000"),
    ]);
    assert!(!is_turned_away(&server, "{class=\"statement\"}"));
    let guest = Browser::new(&server.issuer);
    meanwhile(
        |over| crowd(&server, over),
        || {
            let answer = until("a refusal", || {
                Some(guest.open("/help/errors")).filter(|answer| answer.status == 503)
            });
            assert_turned_away(&answer);
            for _ in 0..3 {
                let (browser, flow) = at_confirmation(&server);
                let bought = browser.buy(&flow);
                assert!(bought.location().ends_with("/complete"), "{bought:?}");
            }
            assert_eq!(server.operator.get("/status").status, 200);
        },
    );
    // What is only looked at is turned away by the limit first, and by shares where that is not enough.
    let shed = ["limit", "queue_time"]
        .map(|reason| counted(&server, &format!("linepass_shed_total{{reason=\"{reason}\"}}")));
    assert!(shed.iter().sum::<u64>() > 0, "{shed:?}");
    assert!(!is_turned_away(&server, "{class=\"confirmation\"}"));
    // It is over when it is over: of many in a row none is turned away, and soon.
    until("no refusal any more", || {
        (0..50).all(|_| guest.open("/help/errors").status == 200).then_some(())
    });
}

#[test]
fn a_press_that_was_turned_away_bought_nothing_and_buys_once_when_it_is_repeated_check_8() {
    let server = with_a_short_queue();
    let (browser, flow) = at_confirmation(&server);
    let csrf = browser.confirmation(&flow).csrf();
    let path = format!("{}/confirm", flow.path);
    let press = || browser.post(&path, &[("csrf", &csrf), ("consent", "yes")]);
    let details = |answer: &Answer| {
        answer.json()["authorization_details"][0]["receipt_number"].as_str().map(str::to_owned)
    };
    let first = while_writing(&server, 16, || (0..TRIES).map(|_| press()).collect::<Vec<_>>());
    for answer in &first {
        assert!(matches!(answer.status, 303 | 503), "{answer:?}");
    }
    assert!(first.iter().any(|answer| answer.status == 503), "the queue was never full");
    // Whether one of them was taken or not: there is one purchase, and the next press tells of it.
    let pressed = press();
    assert!(pressed.location().ends_with("/complete"), "{pressed:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = details(&server.provider().exchange(&code)).expect("a receipt");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    assert_eq!(details(&server.provider().exchange(&code)), Some(receipt), "bought once");
}

#[test]
fn a_full_hashing_pool_turns_logins_away_at_once_and_purchases_go_on_check_32() {
    let server = Inside::start(&[
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "16384"),
        ("LINEPASS__PASSWORD__HASH_PASSES", "4"),
        ("LINEPASS__PASSWORD__HASH_THREADS", "1"),
        ("LINEPASS__PASSWORD__HASH_QUEUE_LIMIT", "1"),
    ]);
    let (browser, flow) = at_confirmation(&server);
    let (guest, guests) = arrived(&server);
    let login = format!("{}/login", guests.path);
    let csrf = guest.open(&login).csrf();
    let typed = [("csrf", &*csrf), ("passport_id", "momiji01"), ("password", "not-this-one")];
    let pool = server.state().passwords.clone();
    // One more than are hashed and wait.
    let fill = |over: &AtomicBool| {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        // Turned away itself, it tries again.
                        let _ = inside::wait(pool.verify(Secret::from("a1b2"), None));
                        thread::yield_now();
                    }
                });
            }
        });
    };
    let hashes = server.state().passwords.hashes_total();
    meanwhile(fill, || {
        assert_turned_away(&until_status(503, || guest.post(&login, &typed)));
        let portal = until_status(503, || guest.post("/wso/login", &[("csrf", "x")]));
        assert_turned_away(&portal);
        assert_eq!(guest.open(&login).status, 200, "the page itself needs no hash");
        assert_eq!(browser.open("/help/errors").status, 200);
        let bought = browser.buy(&flow);
        assert!(bought.location().ends_with("/complete"), "{bought:?}");
    });
    assert!(server.state().passwords.hashes_total() > hashes);
    // Once it is over, logins are taken again.
    at_confirmation(&server);
}

#[test]
fn a_refusal_leaves_the_connection_open_for_what_comes_next() {
    let server = with_a_short_queue();
    let address = server.issuer.strip_prefix("http://").expect("http").to_owned();
    let body = "client_id=nobody&client_secret=none";
    let push = format!(
        "POST /wso/login HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    while_writing(&server, 16, || {
        let mut wire = Wire::plain(&address);
        let turned_away = (0..TRIES).filter(|_| {
            // Were it closed, the next one would get no answer.
            wire.send(&push).answer().starts_with("http/1.1 503")
        });
        assert!(turned_away.count() > 0, "the queue was never full");
        assert!(
            wire.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").answer().starts_with("http/1.1 200")
        );
    });
}
