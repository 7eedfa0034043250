//! Guessing at the real binary: what each attempt costs, what a spray from one source finds, and
//! what a flood of logins leaves for everybody else (security.md 3, 7, 10, 17).

mod common;

use common::{
    Answer, Browser, Demo, Flow, Http, Options, anime,
    door::{decision_of, decisions, figure, until},
    unique,
};
use std::time::{Duration, Instant};

fn demo_with(env: &[(&'static str, &str)]) -> Demo {
    let many = ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "100000");
    let env = env.iter().chain([&many]).map(|(key, value)| (*key, (*value).to_owned()));
    Demo::with(&Options { env: env.collect(), ..Options::default() })
}

/// A browser on its login page, which may be posted again and again.
struct Door {
    browser: Browser,
    flow: Flow,
    csrf: String,
}

impl Door {
    fn of(demo: &Demo) -> Self {
        let browser = Browser::new(demo.issuer());
        let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
        let csrf = browser.open(&format!("{}/login", flow.path)).csrf();
        Self { browser, flow, csrf }
    }

    /// Logs in from an address that a trusted proxy tells.
    fn log_in_from(&self, source: &str, id: &str, password: &str) -> Answer {
        let form = [("csrf", self.csrf.as_str()), ("passport_id", id), ("password", password)];
        let headers = [("origin", self.browser.issuer.as_str()), ("x-forwarded-for", source)];
        self.browser.post_with(&format!("{}/login", self.flow.path), &headers, &form)
    }

    fn log_in(&self, id: &str, password: &str) -> Answer {
        let form = [("csrf", self.csrf.as_str()), ("passport_id", id), ("password", password)];
        self.browser.post(&format!("{}/login", self.flow.path), &form)
    }
}

fn reason(demo: &Demo, answer: &Answer) -> String {
    let line = decision_of(demo, "login", answer);
    line["reason"].as_str().unwrap_or(line["outcome"].as_str().expect("one")).to_owned()
}

#[test]
fn every_login_costs_one_hash_whatever_the_cost_security_3() {
    // The IDs were registered at another cost than the one that the dummy is hashed at.
    let folder = tempfile::tempdir().expect("a folder");
    let demo_at = |kib: &str| {
        let env = vec![("LINEPASS__PASSWORD__HASH_MEMORY_KIB", kib.to_owned())];
        Demo::with(&Options { folder: Some(folder.path()), env, ..Options::default() })
    };
    demo_at("64").kill();
    let demo = demo_at("32");
    let door = Door::of(&demo);
    let long = "x".repeat(1_000);
    let cases = [
        ("nobody99", "wrong", "unknown_passport"),
        ("ＳＡＫＵＲＡ\u{0}", "wrong", "unknown_passport"),
        ("nobody98", &*long, "unknown_passport"),
        ("sakura02", "wrong", "wrong_password"),
        ("sakura02", &*long, "wrong_password"),
        ("momiji01", demo.password("momiji01"), "foreign_line"),
    ];
    let hashes = || figure(&demo, "linepass_password_hashes_total");
    for (id, password, expected) in cases {
        let before = hashes();
        assert_eq!(reason(&demo, &door.log_in(id, password)), expected);
        assert_eq!(hashes(), before + 1, "{id} {expected}");
    }
    // A missing password is told before any look-up, for both alike (security.md 2).
    let before = hashes();
    for id in ["nobody97", "ＳＡＫＵＲＡ\u{0}", "sakura02"] {
        assert_eq!(door.log_in(id, "").status, 422, "{id}");
    }
    assert_eq!(hashes(), before);
    for _ in 0..3 {
        door.log_in("sakura02", "wrong");
    }
    // Who is held costs none.
    let before = hashes();
    assert_eq!(reason(&demo, &door.log_in("sakura02", demo.password("sakura02"))), "throttled");
    assert_eq!(hashes(), before);
    // A right one costs one too; the other is the same password's at the cost of today, made
    // after the answer.
    assert_eq!(reason(&demo, &door.log_in("sakura01", demo.password("sakura01"))), "accepted");
    decisions(&demo, "upgrade_hash", 1);
    assert_eq!(hashes(), before + 2);
}

#[test]
fn four_failures_a_success_and_four_failures_hold_nobody_security_10() {
    let demo = demo_with(&[]);
    for _ in 0..2 {
        // A login changes the flow, and with it the form's token.
        let door = Door::of(&demo);
        for _ in 0..4 {
            assert_eq!(reason(&demo, &door.log_in("sakura01", "wrong")), "wrong_password");
        }
        assert_eq!(door.log_in("sakura01", demo.password("sakura01")).status, 303);
    }
    assert!(demo.decisions("place_hold").is_empty());
}

#[test]
fn one_password_over_many_ids_is_held_but_not_at_home_security_7() {
    let demo = demo_with(&[]);
    let door = Door::of(&demo);
    let spray = demo.password("sakura01");
    for n in 0..50 {
        let answer = door.log_in(&format!("nobody{n}"), spray);
        assert_eq!(reason(&demo, &answer), "unknown_passport", "{n}");
    }
    assert_eq!(reason(&demo, &door.log_in("nobody50", spray)), "throttled");
    assert_eq!(reason(&demo, &door.log_in("nobody50", "another")), "unknown_passport");
    // Its owner comes from the own line.
    assert_eq!(door.log_in("sakura01", spray).status, 303);
    assert_eq!(figure(&demo, "linepass_login_holds_total{scope=\"aggregate\"}"), 1);
}

#[test]
fn one_source_over_many_ids_is_held_after_a_hundred_failures_security_7() {
    let demo = demo_with(&[]);
    let door = Door::of(&demo);
    for n in 0..100 {
        assert_eq!(door.log_in(&format!("nobody{n}"), &unique()).status, 403);
    }
    assert_eq!(figure(&demo, "linepass_password_hashes_total"), hashes_at_start(&demo) + 100);
    assert_eq!(reason(&demo, &door.log_in("nobody100", &unique())), "throttled");
    let held = decisions(&demo, "login", 101);
    assert_eq!(held.iter().filter(|line| line["reason"] == "throttled").count(), 1);
}

/// 127.0.0.1 is a proxy that tells where requests come from.
const BEHIND_A_PROXY: (&str, &str) = ("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.1");

#[test]
fn an_outsiders_thousand_failures_do_not_stop_the_owner_at_home_security_6_8() {
    let demo = demo_with(&[BEHIND_A_PROXY]);
    let door = Door::of(&demo);
    let right = demo.password("momiji01");
    // Each from a network of its own: the hundredth failure holds the ID.
    for n in 0..100 {
        door.log_in_from(&format!("100.{n}.0.1"), "momiji01", &unique());
    }
    for _ in 0..900 {
        assert_eq!(door.log_in_from("100.200.0.1", "momiji01", &unique()).status, 403);
    }
    assert_eq!(figure(&demo, "linepass_login_holds_total{scope=\"id\"}"), 1);
    let elsewhere = door.log_in_from("100.201.0.1", "momiji01", right);
    assert_eq!(reason(&demo, &elsewhere), "throttled", "the 101st");
    assert_eq!(door.log_in_from("203.0.113.9", "momiji01", right).status, 303);
}

#[test]
fn a_network_is_held_but_no_line_in_it_security_7() {
    let demo = demo_with(&[BEHIND_A_PROXY]);
    let door = Door::of(&demo);
    let neighbour = |n: u32| format!("2001:db8:40:{n:x}::1");
    for n in 0x1000..0x1000 + 1_000 {
        door.log_in_from(&neighbour(n), &unique(), &unique());
    }
    assert_eq!(figure(&demo, "linepass_login_holds_total{scope=\"aggregate\"}"), 1);
    let answer = door.log_in_from(&neighbour(0x9000), &unique(), &unique());
    assert_eq!(reason(&demo, &answer), "throttled");
    // 2001:db8:40:300::/56 is the line of kaede001.
    let home = door.log_in_from(&neighbour(0x300), "kaede001", demo.password("kaede001"));
    assert_eq!(home.status, 303);
}

/// What the demo hashed for its sample: an access key for each line and a password for each ID.
fn hashes_at_start(_: &Demo) -> u64 {
    let fresh = demo_with(&[]);
    figure(&fresh, "linepass_password_hashes_total")
}

/// So many ask at once.
const FLOOD: u64 = 500;
/// What each hash of the flood takes.
const M_COST_KIB: u64 = 32_768;
/// So many are hashed at once; the pool keeps their memory.
const PERMITS: u64 = 2;
/// What a connection and its request may take beside, buffers included: far less than a hash.
const SLACK_PER_CONNECTION_KIB: u64 = 64;

/// A line of the kernel's account of a process, in KiB.
fn status_kib(process_id: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.unwrap_or_else(|| panic!("{name} in {status}"))
}

/// Has the kernel count the peak anew from what is resident now, which is told in KiB.
fn restart_peak_kib(process_id: u32) -> u64 {
    std::fs::write(format!("/proc/{process_id}/clear_refs"), "5").expect("Linux");
    status_kib(process_id, "VmRSS")
}

/// One of the flood: its status, whether it was told when to come again, and how long it took.
fn one_of_the_flood(door: &Door) -> (u16, bool, Duration) {
    let began = Instant::now();
    let answer = door.log_in(&unique(), &unique());
    (answer.status, answer.header("retry-after").is_some(), began.elapsed())
}

#[test]
fn a_flood_of_logins_is_turned_away_and_leaves_the_other_pages_alone_security_17() {
    let demo = demo_with(&[
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", &M_COST_KIB.to_string()),
        ("LINEPASS__PASSWORD__HASH_PASSES", "1"),
        ("LINEPASS__PASSWORD__HASH_THREADS", &PERMITS.to_string()),
        ("LINEPASS__PASSWORD__HASH_QUEUE_LIMIT", "16"),
    ]);
    let doors: Vec<Door> = (0..FLOOD)
        .scan(Door::of(&demo), |first, _| {
            let browser = Browser::new(demo.issuer());
            browser.cookies.borrow_mut().clone_from(&first.browser.cookies.borrow());
            Some(Door { browser, flow: first.flow.clone(), csrf: first.csrf.clone() })
        })
        .collect();
    let resident_kib = restart_peak_kib(demo.process_id());
    let (answers, pages) = std::thread::scope(|scope| {
        let flood: Vec<_> =
            doors.into_iter().map(|door| scope.spawn(move || one_of_the_flood(&door))).collect();
        let http = Http::new();
        let look = || {
            let began = Instant::now();
            assert_eq!(http.get(demo.issuer(), &[]).status, 200);
            began.elapsed()
        };
        let pages: Vec<Duration> = (0..20).map(|_| look()).collect();
        let answers: Vec<_> =
            flood.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        (answers, pages)
    });
    let grown_kib = status_kib(demo.process_id(), "VmHWM").saturating_sub(resident_kib);
    let most_kib = PERMITS * M_COST_KIB + FLOOD * SLACK_PER_CONNECTION_KIB;
    println!("{resident_kib} KiB before, at most {grown_kib} KiB more; allowed {most_kib} KiB");
    assert!(grown_kib <= most_kib, "the flood took {grown_kib} KiB, more than {most_kib}");
    let turned_away: Vec<_> = answers.iter().filter(|(status, ..)| *status == 503).collect();
    assert!(answers.iter().all(|(status, ..)| matches!(status, 403 | 503)), "{answers:?}");
    assert!(turned_away.len() > 200, "{} turned away", turned_away.len());
    assert!(turned_away.iter().all(|(_, retry_after, _)| *retry_after));
    let shed = figure(&demo, "linepass_shed_total{reason=\"hash_queue\"}");
    assert_eq!(usize::try_from(shed).expect("few"), turned_away.len());
    let slowest = pages.iter().max().expect("some");
    assert!(*slowest < Duration::from_secs(5), "a page took {slowest:?}");
    println!("{} turned away; the slowest page took {slowest:?}", turned_away.len());
    // Whoever reads warnings is told once that it began, not for each of them.
    let told = || -> Vec<serde_json::Value> {
        let log = demo.log();
        let lines = log.lines().filter(|line| line.contains("many passwords wait to be hashed"));
        lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let told = until("the warning", || Some(told()).filter(|lines| !lines.is_empty()));
    assert_eq!(
        (told.len(), &told[0]["level"], &told[0]["reason"]),
        (1, &"warn".into(), &"hash_queue".into())
    );
    // Once the flood is over, the owner gets in.
    assert_eq!(figure(&demo, "linepass_password_queue"), 0);
}
