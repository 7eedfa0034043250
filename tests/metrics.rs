//! What monitoring reads on the operator listener (checks/experience.md 38), and what it does not:
//! no ID, no address, nothing that somebody typed (security.md 62, 64, 65).

mod common;

use common::{Answer, Browser, Demo, Http, Options, anime, door, purchase, unique};
use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
};

fn scrape(demo: &Demo) -> String {
    let answer = Http::new().get(&format!("{}/metrics", demo.text("/operator")), &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let media_type = answer.header("content-type").expect("a type");
    assert!(media_type.starts_with("application/openmetrics-text; version=1.0.0"), "{media_type}");
    assert!(answer.body.ends_with("# EOF\n"));
    answer.body
}

/// The value of a series, by its name with its labels in the order of the text.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series}\n{text}")).parse().expect("a number")
}

/// Names with labels, without values.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect()
}

#[test]
fn every_part_tells_its_figures_experience_38() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    purchase(&demo, &browser, "sakura01", &anime(&unique()));
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let refused: Vec<Answer> = (0..6).map(|_| browser.log_in(&flow, "sakura02", "wrong")).collect();
    assert!(refused.iter().all(|answer| answer.status == 403));
    // The hold is committed after its answer.
    door::decisions(&demo, "place_hold", 1);
    let text = scrape(&demo);
    let cases = [
        ("linepass_logins_total{outcome=\"accepted\",reason=\"none\"}", 1.0),
        ("linepass_logins_total{outcome=\"refused\",reason=\"wrong_password\"}", 5.0),
        ("linepass_logins_total{outcome=\"refused\",reason=\"throttled\"}", 1.0),
        ("linepass_login_holds_total{scope=\"source\"}", 1.0),
        (
            "linepass_http_requests_total{method=\"POST\",route=\"/flow/{id}/login\",status=\"403\"}",
            6.0,
        ),
        (
            "linepass_http_request_duration_seconds_count{method=\"POST\",route=\"/flow/{id}/confirm\"}",
            1.0,
        ),
        ("linepass_password_queue", 0.0),
        ("linepass_commit_queue", 0.0),
        ("linepass_line_queue", 0.0),
        ("linepass_store_has_room", 1.0),
        ("linepass_throttle_tracked_pairs", 1.0),
        ("linepass_shed_total{reason=\"hash_queue\"}", 0.0),
        ("linepass_shed_total{reason=\"line_queue\"}", 0.0),
        ("linepass_shed_total{reason=\"limit\"}", 0.0),
        // Nobody is asking now.
        ("linepass_thread_requests_under_way{thread=\"0\"}", 0.0),
    ];
    for (name, expected) in cases {
        let found = value(&text, name);
        assert!((found - expected).abs() < f64::EPSILON, "{name}: {found}, not {expected}");
    }
    let limit = value(&text, "linepass_thread_requests_limit{thread=\"0\"}");
    assert!(limit >= 4.0, "it never shrinks below: {limit}");
    let shortest = "linepass_request_wait_seconds_bucket{le=\"0.00005\"}";
    assert!(value(&text, shortest) >= 0.0);
    for name in [
        "linepass_lines_awake",
        "linepass_durable_block",
        "linepass_commit_sync_seconds_count",
        "linepass_commit_group_batches_sum",
        "linepass_password_hashes_total",
        "linepass_password_wait_seconds_count",
        "linepass_start_time_seconds",
    ] {
        assert!(value(&text, name) > 0.0, "{name}\n{text}");
    }
    // Each family says what it is, and units are base units.
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = family.split(' ').next().expect("a name");
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
        assert!(!name.ends_with("_ms") && !name.ends_with("_us"), "{name}");
    }
}

/// A request with a method that no client library sends.
fn strange_method(demo: &Demo) -> String {
    let host = demo.issuer().strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(host).expect("connects");
    let request = format!("CANARY / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    answer
}

#[test]
fn labels_are_bounded_and_name_nobody_security_64() {
    let env = vec![("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "10000".to_owned())];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let browser = Browser::new(demo.issuer());
    let http = Http::new();
    let visit = || {
        let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
        browser.log_in(&flow, &format!("canary-{}", unique()), "canary-password");
        browser.log_in(&flow, &format!("a@canary.example{}", unique()), "canary-password");
        http.get(&format!("{}/canary/{}", demo.issuer(), unique()), &[]);
        http.get(&format!("{}/flow/{}/login", demo.issuer(), unique()), &[]);
        assert!(strange_method(&demo).starts_with("HTTP/1.1 4"));
    };
    visit();
    scrape(&demo);
    let before = series(&scrape(&demo));
    for _ in 0..20 {
        visit();
    }
    let after = scrape(&demo);
    assert_eq!(series(&after), before);
    assert!(before.len() < 1_000, "{}", before.len());
    for word in ["canary", "CANARY", "CAF00000", "sakura", "127.0.0.1", "@"] {
        assert!(!after.contains(word), "{word}\n{after}");
    }
}

#[test]
fn the_public_listener_has_no_metrics_security_65() {
    let demo = Demo::start();
    for path in ["/metrics", "/debug", "/healthz", "/readyz"] {
        let answer = Http::new().get(&format!("{}{path}", demo.issuer()), &[]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("linepass_"), "{path}");
    }
}
