//! Whose request it is behind proxies and balancers (security.md 50 to 55, 58).

mod common;
mod process;
mod wire;

use common::{Browser, Demo, Flow, Http, Options, anime, unique};
use process::{free_port, linepass, run};
use std::time::{Duration, Instant};
use wire::Wire;

/// A demo with these settings; a line's own address is checked, the throttles stand aside.
fn demo(settings: &[(&'static str, &str)]) -> Demo {
    let mut env: Vec<_> =
        settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    env.push(("LINEPASS__THROTTLE__FAILURES_BEFORE_WAIT", "100".to_owned()));
    env.push(("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000000".to_owned()));
    Demo::with(&Options { env, ..Options::default() })
}

const TRUSTED: (&str, &str) = ("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8");

/// A login with these headers, and what the log said of it.
fn log_in(demo: &Demo, passport_id: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let path = format!("{}/login", flow.path);
    let csrf = browser.open(&path).csrf();
    let form =
        [("csrf", &*csrf), ("passport_id", passport_id), ("password", demo.password(passport_id))];
    let mut all = vec![("origin", demo.issuer()), ("sec-fetch-site", "same-origin")];
    all.extend(headers);
    let answer = browser.post_with(&path, &all, &form);
    let request_id = answer.header("x-request-id").expect("an ID").to_owned();
    (answer.status, logged_source(demo, &request_id))
}

/// The source in the decision line of a request; the log is written beside the answer.
fn logged_source(demo: &Demo, request_id: &str) -> String {
    let began = Instant::now();
    loop {
        let decisions = demo.decisions("login");
        if let Some(line) = decisions.iter().find(|line| line["request_id"] == request_id) {
            return line["source"].as_str().expect("a source").to_owned();
        }
        assert!(began.elapsed() < process::PATIENCE, "no decision line of {request_id}");
    }
}

/// momiji01's line is 203.0.113.0/24. security.md 51, 55.
#[test]
fn a_trusted_proxy_tells_the_line_and_nobody_else_does() {
    type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    const FOR: &str = "X-Forwarded-For";
    let (own, own_6) = ("203.0.113.9", "::FFFF:203.0.113.9");
    let other = "198.51.100.1";
    let table: &[Case<'_>] = &[
        (&[(FOR, own)], 303, own),
        (&[(FOR, own_6)], 303, own),
        (&[(FOR, "203.0.113.9, 10.1.2.3")], 303, own),
        (&[(FOR, "rubbish"), (FOR, own)], 403, own),
        // What the client wrote stands left of what the proxy appended, in one header or two.
        (&[(FOR, "203.0.113.9, 198.51.100.1")], 403, other),
        (&[(FOR, own), (FOR, other)], 403, other),
        (&[(FOR, other), (FOR, own)], 303, own),
        (&[(FOR, "203.0.113.9, rubbish")], 403, "127.0.0.1"),
        (&[(FOR, "")], 403, "127.0.0.1"),
        (&[], 403, "127.0.0.1"),
    ];
    let trusting = demo(&[TRUSTED]);
    for (headers, status, source) in table {
        let expected = (*status, (*source).to_owned());
        assert_eq!(log_in(&trusting, "momiji01", headers), expected, "{headers:?}");
    }
    // The proxy's own address proves nothing: sakura01's line is 127.0.0.1.
    assert_eq!(log_in(&trusting, "sakura01", &[]).0, 403);
    let doubting = demo(&[]);
    for (headers, ..) in table {
        let expected = (403, "127.0.0.1".to_owned());
        assert_eq!(log_in(&doubting, "momiji01", headers), expected, "{headers:?}");
    }
    assert_eq!(log_in(&doubting, "sakura01", &[(FOR, other)]).0, 303);
}

/// security.md 52
#[test]
fn other_headers_of_the_kind_are_never_believed() {
    let demo = demo(&[TRUSTED]);
    let own = "203.0.113.9";
    let others = [
        ("Forwarded", "for=203.0.113.9"),
        ("X-Real-IP", own),
        ("True-Client-IP", own),
        ("CF-Connecting-IP", own),
        ("X-Client-IP", own),
    ];
    for header in others {
        assert_eq!(log_in(&demo, "momiji01", &[header]).0, 403, "{header:?}");
        let beside = [header, ("X-Forwarded-For", "198.51.100.1")];
        assert_eq!(log_in(&demo, "momiji01", &beside), (403, "198.51.100.1".into()), "{header:?}");
    }
}

/// security.md 54
#[test]
fn trusting_everybody_stops_the_start() {
    for variable in ["LINEPASS__SERVER__TRUSTED_PROXIES", "LINEPASS__PROXY_PROTOCOL__TRUSTED_PEERS"]
    {
        for value in ["", "0.0.0.0/0", "::/0", "10.0.0.0/8,"] {
            let ended = run(linepass(&["serve"]).env(variable, value));
            assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{value}: {ended:?}");
            for named in [variable, "trusted_", "allowed: a list of IP addresses and networks"] {
                assert!(ended.err.contains(named), "{named}: {ended:?}");
            }
        }
    }
}

/// security.md 58
#[test]
fn an_address_that_households_share_proves_no_line() {
    let shared = ("LINEPASS__LINE__SHARED_IPV4_NETWORKS", "203.0.113.0/25");
    let demo = demo(&[TRUSTED, shared]);
    let inside = [("X-Forwarded-For", "203.0.113.9")];
    assert_eq!(log_in(&demo, "momiji01", &inside), (403, "203.0.113.9".into()));
    assert_eq!(log_in(&demo, "momiji01", &[("X-Forwarded-For", "203.0.113.200")]).0, 303);
}

/// security.md 50
#[test]
fn forged_hosts_change_no_link() {
    let demo = demo(&[TRUSTED]);
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example"),
    ];
    let url = format!("{}/.well-known/openid-configuration", demo.issuer());
    let honest = Http::new().get(&url, &[]).json();
    assert_eq!(Http::new().get(&url, &forged).json(), honest);
    let address = demo.issuer().strip_prefix("http://").expect("http");
    for path in ["/.well-known/openid-configuration", "/", "/help/purchase"] {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        let answer = Wire::plain(address).send(head).rest();
        assert!(!answer.contains("evil.example"), "{answer}");
    }
}

// ---------------------------------------------------------------------------------------------
// PROXY protocol

/// A PROXY header, version 2.
fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).expect("short").to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, body].concat()
}

fn tcp4(source: [u8; 4]) -> Vec<u8> {
    header(0x21, 0x11, &[&source[..], &[10, 0, 0, 1, 0x12, 0x34, 0x1f, 0x90]].concat())
}

fn tcp6(source: &str) -> Vec<u8> {
    let source: std::net::Ipv6Addr = source.parse().expect("an address");
    header(0x21, 0x21, &[&source.octets()[..], &[0; 16], &[0, 1, 0, 2]].concat())
}

const PEERS: &str = "LINEPASS__PROXY_PROTOCOL__TRUSTED_PEERS";

/// A demo that believes loopback's PROXY headers, and that listener's address.
fn balanced(peers: &str, more: &[(&'static str, &str)]) -> (Demo, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let mut settings = vec![("LINEPASS__PROXY_PROTOCOL__LISTEN", &*listen), (PEERS, peers)];
    settings.extend(more);
    (demo(&settings), listen)
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A login whose form goes over the balancer's listener after these bytes.
fn log_in_behind(demo: &Demo, listen: &str, before: &[u8], more: &str) -> String {
    let browser = Browser::new(demo.issuer());
    let flow: Flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let path = format!("{}/login", flow.path);
    let csrf = browser.open(&path).csrf();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf", &csrf)
        .append_pair("passport_id", "momiji01")
        .append_pair("password", demo.password("momiji01"))
        .finish();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: {}\r\n\
         sec-fetch-site: same-origin\r\ncookie: {}\r\n{more}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        demo.issuer(),
        browser.cookie_header(),
        body.len(),
    );
    let answer = Wire::plain(listen).send(before).send(head).rest();
    answer.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

/// security.md 53
#[test]
fn a_proxy_header_tells_the_line() {
    let (demo, listen) = balanced("127.0.0.0/8", &[]);
    let local = header(0x20, 0x11, &tcp4([203, 0, 113, 9])[16..]);
    let table = [
        (tcp4([203, 0, 113, 9]), "", "303"),
        (tcp6("::ffff:203.0.113.9"), "", "303"),
        (tcp4([198, 51, 100, 1]), "", "403"),
        (tcp6("2001:db8::1"), "", "403"),
        // LOCAL and UNSPEC are the balancer's own, which is no line.
        (local, "", "403"),
        (header(0x20, 0x00, &[]), "", "403"),
        (header(0x21, 0x00, &[]), "", "403"),
        // The client's own header is not believed beside it.
        (tcp4([198, 51, 100, 1]), "x-forwarded-for: 203.0.113.9\r\n", "403"),
        (header(0x20, 0x00, &[]), "x-forwarded-for: 203.0.113.9\r\n", "403"),
    ];
    for (before, more, status) in table {
        let answered = log_in_behind(&demo, &listen, &before, more);
        assert_eq!(answered, status, "{before:?} {more}");
    }
    let sakura = log_in(&demo, "sakura01", &[]);
    assert_eq!(sakura.0, 303, "the other listener stands as it was");
}

/// security.md 53
#[test]
fn without_a_good_proxy_header_the_connection_is_closed() {
    let (_demo, listen) = balanced("127.0.0.1", &[]);
    let bad = [
        GET.as_bytes().to_vec(),
        b"PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        header(0x21, 0x00, &[0; 2049]),
        header(0x31, 0x11, &[0; 12]),
        header(0x21, 0x11, &[0; 11]),
    ];
    for bytes in bad {
        assert_eq!(Wire::plain(&listen).send(&bytes).rest(), "", "{bytes:?}");
    }
    let good = [tcp4([203, 0, 113, 9]), GET.into()].concat();
    assert!(Wire::plain(&listen).send(good).rest().starts_with("HTTP/1.1 200"));
    // What comes after the one header is the client's, and no request.
    let seconds = [tcp4([203, 0, 113, 9]), b"PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n\r\n".to_vec()];
    for second in seconds {
        let bytes = [tcp4([198, 51, 100, 1]), second, GET.into()].concat();
        let answer = Wire::plain(&listen).send(bytes).rest();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    }
}

/// security.md 53
#[test]
fn a_balancer_that_is_not_trusted_is_closed_before_it_is_read() {
    let (demo, listen) = balanced("10.9.9.9", &[]);
    assert_eq!(Wire::plain(&listen).rest(), "", "nothing was sent, and it closes");
    // The log is written beside the answer.
    let began = Instant::now();
    while !demo.log().contains("proxy_protocol.trusted_peers") {
        assert!(began.elapsed() < process::PATIENCE, "{}", demo.log());
    }
}

/// security.md 53
#[test]
fn a_balancer_has_its_time_for_the_header_and_no_more() {
    let (_demo, listen) =
        balanced("127.0.0.1", &[("LINEPASS__PROXY_PROTOCOL__HEADER_TIMEOUT_MS", "300")]);
    for part in [0, 5, 20] {
        let began = Instant::now();
        let bytes = tcp4([203, 0, 113, 9]);
        assert_eq!(Wire::plain(&listen).send(&bytes[..part]).rest(), "");
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(30), "{took:?}");
    }
    let defaults = linepass::config::Config::default();
    assert_eq!(defaults.proxy_protocol.header_timeout_ms, 5000);
}

#[test]
fn a_proxy_listener_without_trusted_peers_stops_the_start() {
    let ended =
        run(linepass(&["serve"]).env("LINEPASS__PROXY_PROTOCOL__LISTEN", "127.0.0.1:18443"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("proxy_protocol.listen"), "{ended:?}");
    assert!(ended.err.contains("allowed: one address or network at least"), "{ended:?}");
}
