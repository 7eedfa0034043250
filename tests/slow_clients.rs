//! Slow, idle and crooked clients (security.md 69, 70), over plain HTTP and over TLS.

mod common;
mod process;
mod wire;

use common::{Demo, Http, Options};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use wire::{Served, Wire, serve};

const PAUSE: Duration = Duration::from_millis(40);
const HEAD: u64 = 600;
const BODY: u64 = 700;
const IDLE: u64 = 900;

/// Times that a test can wait for.
const SETTINGS: [(&str, &str); 4] = [
    ("LINEPASS__SERVER__REQUEST_HEADER_TIMEOUT_MS", "600"),
    ("LINEPASS__SERVER__REQUEST_BODY_TIMEOUT_MS", "700"),
    ("LINEPASS__SERVER__IDLE_TIMEOUT_MS", "900"),
    ("LINEPASS__TLS__HANDSHAKE_TIMEOUT_MS", "5000"),
];

fn demo(more: &[(&'static str, &str)]) -> Demo {
    let settings = SETTINGS.iter().chain(more);
    let env = settings.map(|(name, value)| (*name, (*value).to_owned())).collect();
    Demo::with(&Options { env, ..Options::default() })
}

fn address(demo: &Demo) -> &str {
    demo.issuer().strip_prefix("http://").expect("http")
}

/// Runs a check over plain HTTP and over TLS.
fn over_both(check: impl Fn(&dyn Fn() -> Wire)) {
    let plain = demo(&[]);
    check(&|| Wire::plain(address(&plain)));
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &SETTINGS);
    let certificate = folder.path().join("certs/server.crt");
    check(&|| Wire::tls(&served.listen, &certificate, b""));
}

/// How long something took, which is about `least` at least and far less than for good. The framework
/// counts from a time that it looked at up to half a second before.
#[track_caller]
fn took_about(least_ms: u64, what: impl FnOnce()) {
    let began = Instant::now();
    what();
    let took = began.elapsed();
    let least = Duration::from_millis(least_ms.saturating_sub(450));
    assert!(took >= least && took < Duration::from_secs(20), "it took {took:?}");
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[test]
fn a_slow_head_ends_the_connection_first_or_second() {
    over_both(|connect: &dyn Fn() -> Wire| {
        took_about(HEAD, || {
            let said = connect().send("GET / HTTP/1.1\r\nhost: x\r\nx: ").dribble(b"y", PAUSE);
            assert!(said.starts_with("HTTP/1.1 408"), "{said}");
        });
        // The framework times the first head alone.
        // Timed from before the answer, after which the server counts: a busy test may come late.
        let mut second = connect();
        took_about(HEAD, || {
            assert!(second.send(GET).answer().starts_with("http/1.1 200"));
            let said = second.send("GET / HTTP/1.1\r\nhost: x\r\nx: ").dribble(b"y", PAUSE);
            assert_eq!(said, "");
        });
        // A part of the next head that comes with a whole request.
        let mut part = connect();
        took_about(IDLE, || {
            part.send([GET, "GET / HT"].concat());
            assert!(part.rest().starts_with("HTTP/1.1 200"));
        });
    });
}

#[test]
fn an_idle_connection_is_closed() {
    over_both(|connect: &dyn Fn() -> Wire| {
        took_about(HEAD, || drop(connect().rest()));
        let mut used = connect();
        took_about(IDLE, || {
            assert!(used.send(GET).answer().starts_with("http/1.1 200"));
            assert_eq!(used.rest(), "");
        });
    });
}

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn slow_and_idle_http_2_is_closed_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &SETTINGS);
    let certificate = folder.path().join("certs/server.crt");
    let connect = || Wire::http_2(&served.listen, &certificate);
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, b"")].concat();
    // No preface; nothing after it; pings for good; a head whose end never comes.
    took_about(HEAD, || drop(connect().send(b"PRI * HT").rest()));
    took_about(IDLE, || drop(connect().send(&preface).rest()));
    let ping = frame(6, 0, 0, b"12345678");
    took_about(IDLE, || drop(connect().send(&preface).dribble(&ping, PAUSE)));
    let head = [preface, frame(1, 0, 1, b"\x82")].concat();
    let more = frame(9, 0, 1, b"\x84");
    took_about(0, || drop(connect().send(head).dribble(&more, PAUSE)));
}

#[test]
fn answers_that_nobody_takes_are_bounded_on_http_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &SETTINGS);
    let certificate = folder.path().join("certs/server.crt");
    // The page's address, whose refusal is bare, and a door's, which tells in its own form for a while.
    let door = b"\x82\x87\x41\x01x\x04\x0e/provider/v1/x";
    for (head, expected) in [(&b"\x82\x84\x87\x41\x01x"[..], (100, 150)), (door, (200, 50))] {
        assert_eq!(answers_with_and_without_body(&served, &certificate, head), expected);
    }
}

/// How many of 250 answers on one connection have a body, while none is taken, and how many have
/// none.
fn answers_with_and_without_body(
    served: &Served,
    certificate: &Path,
    head: &[u8],
) -> (usize, usize) {
    // SETTINGS_INITIAL_WINDOW_SIZE 0: a body waits for good.
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let mut bytes = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), settings].concat();
    for request in 0..250 {
        bytes.extend(frame(1, 5, 2 * request + 1, head));
    }
    let said = Wire::http_2(&served.listen, certificate).send(bytes).rest_bytes();
    let (mut with_body, mut without) = (0, 0);
    let mut rest = said.as_slice();
    while let [a, b, c, kind, flags, _, _, _, _, more @ ..] = rest {
        match (kind, flags & 1) {
            (1, 0) => with_body += 1,
            (1, _) => without += 1,
            _ => {}
        }
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        rest = more.get(length..).unwrap_or_default();
    }
    (with_body, without)
}

#[test]
fn a_slow_body_is_answered_408() {
    let head = "POST /oauth/par HTTP/1.1\r\nhost: x\r\n\
                content-type: application/x-www-form-urlencoded\r\n";
    over_both(|connect: &dyn Fn() -> Wire| {
        took_about(BODY, || {
            let head = format!("{head}content-length: 1000\r\n\r\n");
            let said = connect().send(head).dribble(b"a", PAUSE);
            assert!(said.starts_with("HTTP/1.1 408"), "{said}");
            // In the form of every error of that door (RFC 6749 section 5.2).
            assert!(said.contains("content-type: application/json"), "{said}");
            assert!(said.contains("\"error\":\"invalid_request\""), "{said}");
        });
        took_about(BODY, || {
            let head = format!("{head}transfer-encoding: chunked\r\n\r\n");
            let said = connect().send(head).dribble(b"1\r\na\r\n", PAUSE);
            assert!(said.starts_with("HTTP/1.1 408"), "{said}");
        });
        // A body that nobody asked for holds nothing either.
        for length in ["content-length: 1000", "transfer-encoding: chunked"] {
            let head = format!("GET / HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n");
            let said = connect().send(head).dribble(b"1\r\na\r\n", PAUSE);
            assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        }
    });
}

/// As many as a thread works on at once, and more, that say they are at their confirmation.
#[test]
fn bodies_that_never_come_take_no_place_from_anybody() {
    let demo = demo(&[("LINEPASS__SERVER__WORKERS", "1")]);
    let head = "POST /flow/a1/confirm HTTP/1.1\r\nhost: x\r\ncookie: lp_a1=x\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\n";
    let connect = || {
        let mut wire = Wire::plain(address(&demo));
        wire.send(head);
        wire
    };
    let slow: Vec<Wire> = (0..300).map(|_| connect()).collect();
    for path in ["/help/errors", "/flow/a1/confirm"] {
        let mut wire = Wire::plain(address(&demo));
        let said = wire.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).answer();
        assert!(!said.starts_with("http/1.1 503"), "{path}: {said}");
    }
    drop(slow);
}

#[test]
fn large_heads_and_bodies_are_refused() {
    let many = "x: y\r\n".repeat(200);
    let heads = [
        format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(20_000)),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(20_000)),
        format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(1_000_000)),
    ];
    over_both(|connect: &dyn Fn() -> Wire| {
        for head in &heads {
            let mut wire = connect();
            // The server may close before it has all.
            let _ = wire.try_send(head.as_bytes());
            let said = wire.rest();
            let status = said.get(..12).unwrap_or_default();
            let too_large = status == "HTTP/1.1 431" || (status.is_empty() && head.len() > 200_000);
            assert!(too_large, "{} bytes: {said}", head.len());
        }
        // At a door of other programs in the form of its other errors.
        for (line, media_type, told) in [
            ("POST /oauth/par", "application/json", "\"error\":\"invalid_request\""),
            ("POST /oauth/t%6fken", "application/json", "\"error\":\"invalid_request\""),
            ("GET /oauth/userinfo", "application/json", "\"error\":\"invalid_request\""),
            ("GET /provider/v1/x", "application/problem+json", "\"code\":\"head_too_large\""),
        ] {
            let head = format!("{line} HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(20_000));
            let mut wire = connect();
            let _ = wire.try_send(head.as_bytes());
            let said = wire.rest();
            assert!(said.starts_with("HTTP/1.1 431"), "{line}: {said}");
            assert!(said.contains(&format!("content-type: {media_type}\r\n")), "{line}: {said}");
            assert!(said.contains(told), "{line}: {said}");
        }
        let mut wire = connect();
        wire.send(
            "POST /oauth/par HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n",
        );
        let said = wire.rest();
        assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    });
}

#[test]
fn many_idle_connections_are_bounded_and_give_way() {
    let demo =
        demo(&[("LINEPASS__SERVER__MAX_CONNECTIONS", "16"), ("LINEPASS__SERVER__WORKERS", "2")]);
    let mut idle: Vec<Wire> = (0..100).map(|_| Wire::plain(address(&demo))).collect();
    // Whoever waits behind them is served when their time is over.
    let discovery = format!("{}/.well-known/openid-configuration", demo.issuer());
    assert_eq!(Http::new().get(&discovery, &[]).status, 200);
    for wire in &mut idle {
        let _ = wire.rest();
    }
    // No more than the bound are looked at, each worker's share of it, until their time is over.
    let mut asking: Vec<Wire> = (0..100).map(|_| Wire::plain(address(&demo))).collect();
    for wire in &mut asking {
        wire.send(GET);
    }
    let until = Instant::now() + Duration::from_millis(IDLE / 2);
    let answered = asking.iter_mut().map(|wire| wire.is_answered(until)).filter(|is| *is).count();
    assert!((1..=16).contains(&answered), "{answered} were answered");
}

#[test]
fn a_client_that_takes_no_answer_is_let_go() {
    let demo = demo(&[]);
    let mut wire = Wire::plain(address(&demo));
    let began = Instant::now();
    // More answers than the sockets' buffers hold; past them the server waits, then closes.
    while wire.try_send(GET.repeat(50).as_bytes()).is_ok() {
        assert!(began.elapsed() < process::PATIENCE, "it takes requests for good");
    }
}

#[test]
fn a_client_that_says_nothing_of_tls_is_let_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &SETTINGS);
    took_about(500, || assert_eq!(Wire::plain(&served.listen).rest(), ""));
    took_about(500, || {
        let said = Wire::plain(&served.listen).send(b"\x16\x03\x01").dribble(b"\x02", PAUSE);
        assert!(!said.contains("HTTP"), "{said}");
    });
}

/// security.md 70
#[test]
fn requests_that_two_readers_may_read_in_two_ways_are_refused_and_closed() {
    let post = "POST /oauth/par HTTP/1.1\r\nhost: x\r\n";
    let crooked = [
        format!("{post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding : chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n"),
        format!("{post}content-length: 5\r\ncontent-length: 6\r\n\r\naaaaaa"),
        format!("{post}content-length: 5\r\ncontent-length: 5\r\n\r\naaaaa"),
        format!("{post}content-length: +5\r\n\r\naaaaa"),
        format!("{post}content-length: 5, 5\r\n\r\naaaaa"),
        format!("{post}content-length: 0x5\r\n\r\naaaaa"),
        format!("{post}content-length: -1\r\n\r\n"),
        format!("{post}content-length: {}5\r\n\r\naaaaa", "0".repeat(40)),
        format!("{post}content-length: 5{}\r\n\r\naaaaa", " ".repeat(40)),
        "POST /oauth/par HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        // obs-fold
        format!("{post}x: a\r\n b\r\n\r\n"),
        format!("{post} x: a\r\n\r\n"),
        format!("{post}transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        // Bare line feeds and carriage returns
        "GET / HTTP/1.1\nhost: x\n\n".into(),
        "GET / HTTP/1.1\r\nhost: x\nx: y\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhost: x\r\n\nGET /x HTTP/1.1\r\nhost: x\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhost: x\rx: y\r\n\r\n".into(),
        "\nGET / HTTP/1.1\r\nhost: x\r\n\r\n".into(),
        // Hosts
        "GET / HTTP/1.1\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhost: x\0y\r\n\r\n".into(),
    ];
    over_both(|connect: &dyn Fn() -> Wire| {
        for bytes in &crooked {
            let said =
                connect().send([bytes, "GET /help HTTP/1.1\r\nhost: x\r\n\r\n"].concat()).rest();
            assert!(said.starts_with("HTTP/1.1 400"), "{bytes:?}: {said}");
            assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{bytes:?}: {said}");
        }
        // Also where the crooked one comes second, with the first or after it.
        let second = "GET / HTTP/1.1\r\nhost: x\n\r\n";
        let together = connect().send([GET, second].concat()).rest();
        assert!(together.contains("HTTP/1.1 400"), "{together}");
        let mut apart = connect();
        assert!(apart.send(GET).answer().starts_with("http/1.1 200"));
        assert!(apart.send(second).rest().starts_with("HTTP/1.1 400"));
        // A length behind many blanks hides nothing after its body.
        for (blanks, body) in [(40, "aaaaa"), (32, "aaaaaaaaaa")] {
            let length = [" ".repeat(blanks), body.len().to_string()].concat();
            let first = format!("GET / HTTP/1.1\r\nhost: x\r\ncontent-length:{length}\r\n\r\n");
            let all = [&first, body, "GET /x HTTP/1.1\nhost: x\n\n"].concat();
            let said = connect().send(all).rest();
            assert!(said.starts_with("HTTP/1.1 200"), "{said}");
            assert!(said.contains("HTTP/1.1 400"), "{blanks}: {said}");
        }
        // A chunked request ends its connection, so nothing can hide behind it.
        let chunked = "POST /oauth/par HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
                       0\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let said = connect().send(chunked).rest();
        assert!(!said.contains("HTTP/1.1 200"), "{said}");
    });
}
