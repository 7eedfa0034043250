//! Signing in to the household's own pages under attack: one page for every cause, and guesses at the
//! access key that are counted and met with waits (security.md 1, 3, 7, 9, 11, 16).

mod common;

use common::{
    Answer, Browser, Demo, Options, anime,
    door::{assert_own_page, decision_of, decisions, figure, own_headers, without_own},
    operator::SAKURA,
    portal::{Household, KAEDE, MOMIJI, access_key, demo_with},
    unique,
};
use std::time::{Duration, Instant};

/// The code that the log has of an attempt.
fn reason(demo: &Demo, answer: &Answer) -> String {
    let line = decision_of(demo, "sign_in", answer);
    line["reason"].as_str().unwrap_or(line["outcome"].as_str().expect("one")).to_owned()
}

/// A key that opens no line.
fn wrong_key(right: &str) -> String {
    let other = if right.ends_with('0') { '1' } else { '0' };
    format!("{}{other}", &right[..right.len() - 1])
}

/// Someone at the entrance who tries again and again on one form.
struct Guesser {
    household: Household,
    csrf: String,
}

impl Guesser {
    fn at(demo: &Demo) -> Self {
        let household = Household::at(demo.issuer());
        let csrf = household.csrf("login");
        Self { household, csrf }
    }

    fn guess(&self, customer: &str, key: &str) -> Answer {
        let form = [("csrf", &*self.csrf), ("customer_id", customer), ("access_key", key)];
        self.household.post("login", &form)
    }
}

#[test]
fn every_refused_sign_in_is_one_page_security_1_9_16() {
    let demo = demo_with(&[]);
    let guesser = Guesser::at(&demo);
    let (sakura, kaede) = (access_key(&demo, SAKURA), access_key(&demo, KAEDE));
    let wrong = wrong_key(sakura);
    let wide: String = sakura.chars().filter_map(|c| char::from_u32(c as u32 + 0xFEE0)).collect();
    let (spaced, long) = (format!("{sakura} "), "1".repeat(1_000));
    let mut attempts: Vec<(&str, &str, &str)> = vec![
        ("CAF9999999999", sakura, "unknown_line"),
        ("CAF00000125730", sakura, "unknown_line"),
        ("sakura01", sakura, "unknown_line"),
        ("ＣＡＦ0000012573", sakura, "unknown_line"),
        ("CAF0000012573\u{0}", sakura, "unknown_line"),
        ("CAF0000012573' OR 1=1", &long, "unknown_line"),
        (SAKURA, &wrong, "wrong_access_key"),
        (SAKURA, &spaced, "wrong_access_key"),
        (SAKURA, &wide, "wrong_access_key"),
        (SAKURA, &long, "wrong_access_key"),
        (MOMIJI, sakura, "wrong_access_key"),
    ];
    // security.md 9: held, even with the right key; unknown lines are counted alike.
    attempts.extend([(KAEDE, &*wrong, "wrong_access_key"); 5]);
    attempts.extend([(KAEDE, kaede, "throttled"), ("caf0000040303", kaede, "throttled")]);
    attempts.extend([("CAF8888888888", &*wrong, "unknown_line"); 5]);
    attempts.push(("CAF8888888888", &wrong, "throttled"));
    attempts.extend([("nobody", &*wrong, "unknown_line"); 5]);
    attempts.push(("NOBODY", &wrong, "throttled"));
    let answers: Vec<Answer> =
        attempts.iter().map(|(customer, key, _)| guesser.guess(customer, key)).collect();
    for ((customer, _, expected), answer) in attempts.iter().zip(&answers) {
        assert_eq!(reason(&demo, answer), *expected, "{customer:?}");
        assert_own_page(answer, 403);
        assert_eq!(own_headers(answer), own_headers(&answers[0]), "{customer:?}");
        assert_eq!(without_own(answer), without_own(&answers[0]), "{customer:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    // The right one is taken as households type it, and is held by none of this.
    let entered = Guesser::at(&demo).guess(" caf0000012573 ", sakura);
    assert_eq!((entered.status, entered.location()), (303, "/wso/"), "{entered:?}");
}

#[test]
fn a_missing_field_is_named_and_no_key_comes_back() {
    let demo = Demo::start();
    let guesser = Guesser::at(&demo);
    for (customer, key) in [("", ""), (SAKURA, ""), ("", "87654321"), ("  ", "87654321")] {
        let page = guesser.guess(customer, key);
        assert_own_page(&page, 422);
        for (field, value) in [("customer_id", customer.trim()), ("access_key", key)] {
            let error = format!("id=\"{field}-error\"");
            assert_eq!(page.body.contains(&error), value.is_empty(), "{field}: {page:?}");
        }
        assert!(!page.body.contains("87654321"), "{page:?}");
    }
    assert!(demo.decisions("sign_in").is_empty(), "told before any look-up");
}

#[test]
fn a_guess_costs_one_hash_and_a_held_one_none_security_3_16() {
    let demo = demo_with(&[]);
    let guesser = Guesser::at(&demo);
    let right = access_key(&demo, SAKURA);
    let hashes = || figure(&demo, "linepass_password_hashes_total");
    let wrong = wrong_key(right);
    for (customer, key) in
        [("CAF9999999999", right), ("nobody", right), (MOMIJI, right), (MOMIJI, &wrong)]
    {
        let before = hashes();
        assert_eq!(guesser.guess(customer, key).status, 403);
        assert_eq!(hashes(), before + 1, "{customer}");
    }
    for _ in 0..5 {
        guesser.guess(SAKURA, &wrong);
    }
    let before = hashes();
    for _ in 0..20 {
        let answer = guesser.guess(SAKURA, right);
        assert_eq!(reason(&demo, &answer), "throttled");
    }
    assert_eq!(hashes(), before, "who is held is not looked at");
    assert_eq!(figure(&demo, "linepass_login_holds_total{scope=\"source\"}"), 1);
    let tried = |outcome: &str, reason: &str| {
        let labels = format!("{{outcome=\"{outcome}\",reason=\"{reason}\"}}");
        figure(&demo, &format!("linepass_logins_total{labels}"))
    };
    assert_eq!(tried("refused", "wrong_access_key"), 7);
    assert_eq!(tried("refused", "unknown_line"), 2);
    assert_eq!(tried("refused", "throttled"), 20);
    // The hold is of the access key, not of the line's passport IDs, nor of other lines.
    let (browser, provider) = (Browser::new(demo.issuer()), demo.provider());
    let flow = browser.arrive(&provider.push(Some(&anime(&unique()))));
    assert_eq!(browser.log_in(&flow, "sakura01", demo.password("sakura01")).status, 303);
    assert_eq!(guesser.guess(MOMIJI, access_key(&demo, MOMIJI)).status, 303);
}

/// Guesses until a guess is looked at again; how long that took, from `held_since`.
fn until_heard(demo: &Demo, guesser: &Guesser, key: &str, held_since: Instant) -> Duration {
    let before = figure(demo, "linepass_password_hashes_total");
    loop {
        assert_eq!(guesser.guess(SAKURA, key).status, 403);
        if figure(demo, "linepass_password_hashes_total") > before {
            return held_since.elapsed();
        }
        assert!(held_since.elapsed() < Duration::from_mins(1), "it is held for ever");
        #[expect(clippy::disallowed_methods, reason = "asking again and again needs a pause")]
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_wait_grows_with_each_further_guess_security_16() {
    let demo = demo_with(&[("LINEPASS__THROTTLE__FIRST_WAIT_S", "1")]);
    let guesser = Guesser::at(&demo);
    let wrong = wrong_key(access_key(&demo, SAKURA));
    for _ in 0..4 {
        guesser.guess(SAKURA, &wrong);
    }
    let fifth = Instant::now();
    guesser.guess(SAKURA, &wrong);
    let first_wait = until_heard(&demo, &guesser, &wrong, fifth);
    assert!(first_wait >= Duration::from_secs(1), "{first_wait:?}");
    let sixth = Instant::now();
    let second_wait = until_heard(&demo, &guesser, &wrong, sixth);
    // `sixth` is a moment later than the guess that began the wait.
    assert!(second_wait >= Duration::from_millis(1_800), "{second_wait:?}");
    assert_eq!(figure(&demo, "linepass_login_holds_total{scope=\"source\"}"), 3);
}

#[test]
fn one_source_over_many_lines_is_held_after_a_hundred_failures_security_7_16() {
    let demo = demo_with(&[]);
    let guesser = Guesser::at(&demo);
    for n in 0..100 {
        let answer = guesser.guess(&format!("CAF55555{n:05}"), &format!("{n:08}"));
        assert_eq!(answer.status, 403);
    }
    let before = figure(&demo, "linepass_password_hashes_total");
    // The right key of a line elsewhere, and keys of lines that were never asked for.
    let right = |customer| (customer, access_key(&demo, customer));
    for (customer, key) in [right(MOMIJI), right(KAEDE), ("CAF6666666666", "1234")] {
        let answer = guesser.guess(customer, key);
        assert_own_page(&answer, 403);
        assert_eq!(reason(&demo, &answer), "throttled", "{customer}");
    }
    assert_eq!(figure(&demo, "linepass_password_hashes_total"), before);
    assert_eq!(figure(&demo, "linepass_login_holds_total{scope=\"aggregate\"}"), 1);
}

#[test]
fn so_many_attempts_a_minute_and_no_more_whatever_they_ask() {
    let env = vec![("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "3".to_owned())];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let guesser = Guesser::at(&demo);
    let refused: Vec<Answer> = (0..3).map(|_| guesser.guess("CAF9999999999", "1234")).collect();
    let held = guesser.guess(SAKURA, access_key(&demo, SAKURA));
    assert_eq!(reason(&demo, &held), "throttled_source");
    assert_eq!(without_own(&held), without_own(&refused[0]));
}

#[test]
fn a_hold_at_the_access_key_survives_kill_9_security_11() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    let demo = start();
    let right = access_key(&demo, SAKURA).to_owned();
    let guesser = Guesser::at(&demo);
    for _ in 0..5 {
        guesser.guess(SAKURA, &wrong_key(&right));
    }
    decisions(&demo, "place_hold", 1);
    demo.kill();
    let demo = start();
    let held = Guesser::at(&demo).guess(SAKURA, &right);
    assert_eq!(reason(&demo, &held), "throttled");
    assert_eq!(Guesser::at(&demo).guess(MOMIJI, access_key(&demo, MOMIJI)).status, 303);
}
