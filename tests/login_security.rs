//! Logging in under attack: one page for every cause, guesses that are counted, sources that are
//! not believed, and a log that tells decisions and no secrets.

mod common;

use common::{
    Answer, Browser, Demo, Flow, Options, VERIFIER, anime,
    door::{assert_own_page, decision_of, decisions, own_headers, without_own},
    unique,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Parameters of a form.
type Form<'a> = [(&'a str, &'a str)];

/// A demo where so many logins a minute from one machine are nothing strange.
fn busy_demo() -> Demo {
    let env = vec![("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "10000".to_owned())];
    Demo::with(&Options { env, ..Options::default() })
}

/// A browser with a flow before its login.
fn arrived(demo: &Demo) -> (Browser, Flow) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    (browser, flow)
}

/// The reasons of the log's logins in the order of their answers.
fn reasons(demo: &Demo, answers: &[Answer]) -> Vec<String> {
    let reason = |answer: &Answer| {
        let line = decision_of(demo, "login", answer);
        line["reason"].as_str().unwrap_or(line["outcome"].as_str().expect("one")).to_owned()
    };
    answers.iter().map(reason).collect()
}

#[test]
fn every_refused_login_is_one_page_security_1() {
    let demo = busy_demo();
    let (browser, flow) = arrived(&demo);
    let right = |id: &str| demo.password(id).to_owned();
    let spaced = format!("{} ", right("sakura02"));
    let unknown_charset = "ＳＡＫＵＲＡ\u{0}";
    let long = "x".repeat(1_000);
    // Right after wrong on one ID in between, so that no cause depends on another's count.
    let mut attempts = vec![
        ("nobody99", right("sakura01"), "unknown_passport"),
        (unknown_charset, right("sakura01"), "unknown_passport"),
        ("sakura02", "wrong".into(), "wrong_password"),
        // security.md 14, 15: verified exactly as received.
        ("sakura02", long, "wrong_password"),
        ("sakura02", spaced, "wrong_password"),
        ("sakura02", right("sakura02").to_uppercase(), "wrong_password"),
        ("momiji01", right("momiji01"), "foreign_line"),
        ("momiji01", "wrong".into(), "wrong_password"),
    ];
    attempts.extend((0..5).map(|_| ("sakura01", "wrong".to_owned(), "wrong_password")));
    // security.md 9: held, even with the right password; unknown IDs are counted alike.
    attempts.push(("sakura01", right("sakura01"), "throttled"));
    attempts.extend((0..4).map(|_| ("nobody99", "wrong".to_owned(), "unknown_passport")));
    attempts.push(("nobody99", "wrong".into(), "throttled"));
    let answers: Vec<Answer> =
        attempts.iter().map(|(id, password, _)| browser.log_in(&flow, id, password)).collect();
    let expected: Vec<&str> = attempts.iter().map(|(_, _, reason)| *reason).collect();
    assert_eq!(reasons(&demo, &answers), expected);
    for answer in &answers {
        assert_own_page(answer, 403);
        assert_eq!(own_headers(answer), own_headers(&answers[0]));
        assert_eq!(without_own(answer), without_own(&answers[0]));
    }
    // Another ID is held by none of this.
    assert_eq!(browser.log_in(&flow, "sakura02", demo.password("sakura02")).status, 303);
}

#[test]
fn a_missing_field_is_named_and_no_password_comes_back() {
    let demo = Demo::start();
    let (browser, flow) = arrived(&demo);
    let path = format!("{}/login", flow.path);
    let cases: [(&Form<'_>, [bool; 2]); 5] = [
        (&[], [true, true]),
        (&[("passport_id", "sakura01")], [false, true]),
        (&[("passport_id", "sakura01"), ("password", "")], [false, true]),
        (&[("password", "canary-7f3a")], [true, false]),
        (&[("passport_id", "  "), ("password", "canary-7f3a")], [true, false]),
    ];
    for (typed, missing) in cases {
        let csrf = browser.open(&path).csrf();
        let page = browser.post(&path, &[&[("csrf", csrf.as_str())], typed].concat());
        assert_own_page(&page, 422);
        for (field, is_missing) in ["passport_id", "password"].into_iter().zip(missing) {
            let error = format!("id=\"{field}-error\"");
            assert_eq!(page.body.contains(&error), is_missing, "{typed:?}: {field}");
        }
        assert!(!page.body.contains("canary-7f3a"), "{typed:?}");
        let kept = page.body.contains("value=\"sakura01\"");
        assert_eq!(kept, typed.contains(&("passport_id", "sakura01")), "{typed:?}");
    }
    // Told before any look-up (details.md).
    assert_eq!(demo.decisions("login"), Vec::<Value>::new());
}

/// Logs in so often at once, each from a browser of its own.
fn at_once(demo: &Demo, count: usize, password: &str) -> Vec<Answer> {
    let ready: Vec<(Browser, Flow)> = (0..count).map(|_| arrived(demo)).collect();
    std::thread::scope(|scope| {
        let log_in =
            |(browser, flow): (Browser, Flow)| move || browser.log_in(&flow, "sakura01", password);
        let threads: Vec<_> = ready.into_iter().map(|one| scope.spawn(log_in(one))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn fifty_guesses_at_once_are_five_guesses_security_4() {
    let demo = busy_demo();
    let answers = at_once(&demo, 50, "wrong");
    assert!(answers.iter().all(|answer| answer.status == 403), "{answers:?}");
    let reasons = reasons(&demo, &answers);
    let count = |code: &str| reasons.iter().filter(|reason| *reason == code).count();
    assert_eq!((count("wrong_password"), count("throttled")), (5, 45), "{reasons:?}");
}

#[test]
fn twenty_right_logins_at_once_all_succeed_security_5() {
    let demo = busy_demo();
    let answers = at_once(&demo, 20, demo.password("sakura01"));
    assert!(answers.iter().all(|answer| answer.status == 303), "{answers:?}");
}

#[test]
fn a_source_is_the_peer_and_nothing_that_a_header_says_security_51_52() {
    let demo = busy_demo();
    let (browser, flow) = arrived(&demo);
    let path = format!("{}/login", flow.path);
    let log_in = |header: (&str, &str), id: &str| {
        let csrf = browser.open(&path).csrf();
        let password = demo.password(id);
        let form = [("csrf", csrf.as_str()), ("passport_id", id), ("password", password)];
        browser.post_with(&path, &[header], &form)
    };
    // 203.0.113.0/24 is the line of momiji01, 198.51.100.0/24 another's.
    for header in [
        ("x-forwarded-for", "203.0.113.5"),
        ("x-forwarded-for", "127.0.0.1, 203.0.113.5"),
        ("forwarded", "for=203.0.113.5"),
        ("x-real-ip", "203.0.113.5"),
        ("true-client-ip", "203.0.113.5"),
    ] {
        let refused = log_in(header, "momiji01");
        assert_own_page(&refused, 403);
        assert_eq!(reasons(&demo, &[refused]), ["foreign_line"], "{header:?}");
    }
    // A right password from elsewhere waits like a wrong one, so that the wait tells nothing.
    let held = log_in(("cf-connecting-ip", "203.0.113.5"), "momiji01");
    assert_eq!(reasons(&demo, &[held]), ["throttled"]);
    // Nor does a header take the own line away.
    assert_eq!(log_in(("x-forwarded-for", "198.51.100.1"), "sakura01").status, 303);
    let sources: BTreeSet<String> = decisions(&demo, "login", 7)
        .iter()
        .map(|line| line["source"].as_str().expect("a source").to_owned())
        .collect();
    assert_eq!(sources, BTreeSet::from(["127.0.0.1".to_owned()]));
}

#[test]
fn every_decision_has_its_line_with_the_request_id() {
    let demo = Demo::start();
    let provider = demo.provider();
    let pushed = provider.push_form(&provider.parameters(Some(&anime(&unique()))));
    let uri = pushed.json()["request_uri"].as_str().expect("one").to_owned();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.authorize_url(&uri));
    let refused = browser.log_in(&flow, "sakura01", "wrong");
    let login = browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let bought = browser.buy(&flow);
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let exchanged = provider.exchange(&code);
    let twice = provider.exchange(&code);
    // What the line and the reason are, where there are any (interfaces.md 4).
    let cases = [
        ("push_order", &pushed, "accepted", None, None),
        ("login", &refused, "refused", Some("wrong_password"), Some("CAF0000012573")),
        ("login", &login, "accepted", None, Some("CAF0000012573")),
        ("purchase", &bought, "accepted", None, Some("CAF0000012573")),
        ("exchange_code", &exchanged, "accepted", None, Some("CAF0000012573")),
        ("exchange_code", &twice, "refused", Some("invalid_grant"), Some("CAF0000012573")),
    ];
    for (action, answer, outcome, reason, line) in cases {
        let logged = decision_of(&demo, action, answer);
        assert_eq!(logged["outcome"], outcome, "{logged}");
        assert_eq!(logged.get("reason").and_then(Value::as_str), reason, "{logged}");
        assert_eq!(logged.get("line").and_then(Value::as_str), line, "{logged}");
        assert_eq!(logged["provider"], "b-sha", "{logged}");
        assert_eq!(logged["source"], "127.0.0.1", "{logged}");
        assert!(logged["latency_us"].as_u64().is_some_and(|latency| latency > 0), "{logged}");
    }
    let purchase = &decisions(&demo, "purchase", 1)[0];
    assert_eq!((&purchase["service"], &purchase["amount_yen"]), (&"anime-1".into(), &300.into()));
}

#[test]
fn no_secret_and_no_name_is_logged_security_62() {
    let env = vec![("LINEPASS__LOG__LEVEL", "trace".to_owned())];
    let mut demo = Demo::with(&Options { env, ..Options::default() });
    let provider = demo.provider();
    let reference = unique();
    let pushed = provider.push_form(&provider.parameters(Some(&anime(&reference)))).json();
    let uri = pushed["request_uri"].as_str().expect("one").to_owned();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.authorize_url(&uri));
    let mut secrets = vec![uri, "canary-wrong-password".to_owned(), "canary-unknown-id".to_owned()];
    let cookies = |secrets: &mut Vec<String>| {
        secrets.extend(browser.cookies.borrow().values().cloned());
    };
    cookies(&mut secrets);
    secrets.push(browser.open(&format!("{}/login", flow.path)).csrf());
    browser.log_in(&flow, "sakura01", "canary-wrong-password");
    browser.log_in(&flow, "canary-unknown-id", "x");
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    cookies(&mut secrets);
    secrets.push(browser.confirmation(&flow).csrf());
    assert_eq!(browser.buy(&flow).status, 303);
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let tokens = provider.exchange(&code).json();
    for token in ["access_token", "id_token"] {
        secrets.push(tokens[token].as_str().expect("a token").to_owned());
    }
    let access_token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(common::door::userinfo(&provider, access_token).status, 200);
    provider.exchange(&code);
    secrets.extend([code, VERIFIER.to_owned(), "state-1".to_owned(), "nonce-1".to_owned()]);
    secrets.extend(
        [demo.text("/providers/0/client_secret"), &provider.client_secret].map(str::to_owned),
    );
    for line in demo.said["lines"].as_array().expect("lines") {
        secrets.push(line["access_key"].as_str().expect("a key").to_owned());
        for id in line["passport_ids"].as_array().expect("IDs") {
            let text = |field: &str| id[field].as_str().expect(field).to_owned();
            secrets.extend([text("passport_id"), text("password")]);
        }
    }
    // The sample's mail addresses, phone and name.
    secrets.extend(["@example.jp", "0600000000", "06-0000-0000", "西日本"].map(str::to_owned));
    decisions(&demo, "exchange_code", 2);
    assert!(demo.terminate().success());
    let log = demo.log();
    assert!(log.contains("CAF0000012573"), "the log is the one of these requests");
    for secret in secrets {
        assert!(secret.len() > 4 && !log.contains(&secret), "{secret}");
    }
}

#[test]
fn typed_text_cannot_write_lines_of_its_own_security_63() {
    let demo = busy_demo();
    let (browser, flow) = arrived(&demo);
    let typed =
        ["a\n{\"action\":\"login\",\"outcome\":\"accepted\"}", "a\u{1b}[31mred", "a\r\nINFO"];
    let answers: Vec<Answer> =
        typed.iter().map(|id| browser.log_in(&flow, id, "wrong\n\u{1b}[2J")).collect();
    assert_eq!(reasons(&demo, &answers), ["unknown_passport"; 3]);
    // Services and references come from outside too.
    let provider = demo.provider();
    let hostile = anime("r").replace("anime-1", "a\\n\\u001b[31m");
    common::door::push_with(&provider, Some(&hostile), &[]);
    decisions(&demo, "push_order", 2);
    let log = demo.log();
    assert!(!log.contains('\u{1b}'), "{log}");
    for line in log.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(parsed["time"].is_string() && parsed["level"].is_string(), "{line}");
    }
}
