//! A household's flow under attack: forged forms, other people's cookies, skipped steps, hostile
//! names, and the headers of every answer.

mod common;

use common::{
    Answer, Browser, Demo, Flow, Http, Options, anime,
    door::{assert_own_page, press, push_with, send},
    order, unique,
};
use std::collections::BTreeSet;

/// A browser that has logged in and stands before 購入.
fn before_confirm(demo: &Demo, passport_id: &str, details: &str) -> (Browser, Flow) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(details)));
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    (browser, flow)
}

/// Asserts that the flow's order is not bought: its confirmation is still to come.
fn assert_not_bought(browser: &Browser, flow: &Flow) {
    assert_eq!(browser.confirmation(flow).status, 200);
    let complete = browser.open(&format!("{}/complete", flow.path));
    assert_eq!(complete.location(), format!("{}/confirm", flow.path));
}

#[test]
fn a_form_without_its_own_token_changes_nothing_security_24() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let login = format!("{}/login", flow.path);
    let before_login = browser.open(&login).csrf();
    let (other, other_flow) = before_confirm(&demo, "sakura01", &anime(&unique()));
    let others_login = other.open(&format!("{}/login", other_flow.path)).csrf();
    let others_confirm = other.confirmation(&other_flow).csrf();
    let password = demo.password("sakura01");
    for token in ["", "x", &others_login, &others_confirm] {
        let form = [("csrf", token), ("passport_id", "sakura01"), ("password", password)];
        assert_own_page(&browser.post(&login, &form), 403);
    }
    let form = [("passport_id", "sakura01"), ("password", password)];
    assert_own_page(&browser.post(&login, &form), 403);
    assert_eq!(browser.confirmation(&flow).location(), login, "nobody is logged in");

    assert_eq!(browser.log_in(&flow, "sakura01", password).status, 303);
    let login_again = browser.open(&login).csrf();
    let earlier = browser.confirmation(&flow).csrf();
    assert_eq!(browser.log_in(&flow, "sakura01", password).status, 303);
    let own = browser.confirmation(&flow).csrf();
    assert_ne!(earlier, own, "a login draws new tokens (security.md 19)");
    // Of the same flow and the same step, but of the other form.
    let login_now = browser.open(&login).csrf();
    for token in ["", &others_confirm, &before_login, &login_again, &earlier, &login_now] {
        assert_own_page(&press(&browser, &flow.path, token), 403);
    }
    let form = [("csrf", own.as_str()), ("passport_id", "sakura01"), ("password", password)];
    assert_own_page(&browser.post(&login, &form), 403);
    assert_not_bought(&browser, &flow);
    assert_eq!(press(&browser, &flow.path, &own).status, 303, "the right one buys");
}

#[test]
fn a_form_from_elsewhere_changes_nothing_security_25() {
    let demo = Demo::start();
    let (browser, flow) = before_confirm(&demo, "sakura01", &anime(&unique()));
    let path = format!("{}/confirm", flow.path);
    let csrf = browser.confirmation(&flow).csrf();
    let form = [("csrf", csrf.as_str()), ("consent", "yes")];
    let issuer = demo.issuer();
    let extended = format!("{issuer}.evil.example");
    let path_too = format!("{issuer}/");
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "")],
        vec![("origin", extended.as_str())],
        vec![("origin", path_too.as_str())],
        vec![("origin", "http://127.0.0.1:9876")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", issuer), ("sec-fetch-site", "cross-site")],
    ] {
        let refused = browser.post_with(&path, &headers, &form);
        assert_own_page(&refused, 403);
        assert_not_bought(&browser, &flow);
    }
    assert_eq!(browser.post_with(&path, &[], &form).status, 303, "a client that says nothing");
}

#[test]
fn steps_come_in_order_security_38() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let at = |page: &str| format!("{}/{page}", flow.path);
    for page in ["success", "confirm", "complete", "return"] {
        assert_eq!(browser.open(&at(page)).location(), at("login"), "{page}");
    }
    let csrf = browser.open(&at("login")).csrf();
    assert_eq!(press(&browser, &flow.path, &csrf).location(), at("login"));

    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    for page in ["complete", "return"] {
        assert_eq!(browser.open(&at(page)).location(), at("confirm"), "{page}");
    }
    let csrf = browser.confirmation(&flow).csrf();
    for consent in [&[][..], &[("consent", "")], &[("consent", "no")], &[("consent", "on")]] {
        let form = [&[("csrf", csrf.as_str())], consent].concat();
        assert_own_page(&browser.post(&at("confirm"), &form), 422);
    }
    assert_not_bought(&browser, &flow);
    // Reading, however it is asked for, buys nothing (ASVS 3.5.3).
    let query = format!("{}?csrf={csrf}&consent=yes", at("confirm"));
    assert_eq!(browser.open(&query).status, 200);
    assert_not_bought(&browser, &flow);
    let back = browser.open(&at("back"));
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"));
}

#[test]
fn what_a_form_adds_is_ignored_and_what_it_doubles_is_refused_security_34_43_44() {
    let demo = Demo::start();
    let (browser, flow) = before_confirm(&demo, "sakura01", &anime(&unique()));
    let path = format!("{}/confirm", flow.path);
    let csrf = browser.confirmation(&flow).csrf();
    let form = [("csrf", csrf.as_str()), ("consent", "yes")];
    for doubled in [("consent", "yes"), ("csrf", csrf.as_str())] {
        assert_own_page(&browser.post(&path, &[&form[..], &[doubled]].concat()), 400);
    }
    assert_not_bought(&browser, &flow);
    let more = [("amount", "1"), ("service", "support"), ("quantity", "99"), ("line_limit", "0")];
    assert_eq!(browser.post(&path, &[&form[..], &more].concat()).status, 303);
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = demo.provider().exchange(&code).json()["authorization_details"][0].clone();
    let bought = (&receipt["service"], &receipt["quantity"], &receipt["amount"]);
    assert_eq!(bought, (&"anime-1".into(), &1.into(), &300.into()));
}

#[test]
fn twenty_presses_with_room_for_two_are_two_purchases_security_41() {
    let env = vec![("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000".to_owned())];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let support = |amount| order(&unique(), "support", 1, amount);
    // a new ID may spend 10,000 yen a month.
    let (browser, flow) = before_confirm(&demo, "sakura01", &support(9_000));
    assert_eq!(browser.buy(&flow).status, 303);
    let ready: Vec<(Browser, Flow, String)> = (0..20)
        .map(|_| {
            let (browser, flow) = before_confirm(&demo, "sakura01", &support(500));
            let csrf = browser.confirmation(&flow).csrf();
            (browser, flow, csrf)
        })
        .collect();
    let pressed: Vec<u16> = std::thread::scope(|scope| {
        let press = |(browser, flow, csrf): (Browser, Flow, String)| {
            move || press(&browser, &flow.path, &csrf).status
        };
        let threads: Vec<_> = ready.into_iter().map(|one| scope.spawn(press(one))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let bought = pressed.iter().filter(|status| **status == 303).count();
    assert_eq!(bought, 2, "{pressed:?}");
    assert!(pressed.iter().all(|status| matches!(status, 303 | 409 | 503)), "{pressed:?}");
    let (browser, flow) = before_confirm(&demo, "sakura01", &support(1));
    assert_eq!(browser.buy(&flow).status, 409, "all of the 10,000 yen are used");
}

#[test]
fn cookies_are_bound_as_far_as_loopback_allows_security_22() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let sent = browser.open(&demo.provider().push(None));
    let path = sent.location().strip_suffix("/login").expect("the login page").to_owned();
    let flow = Flow { path };
    let login = browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let switched = browser.open(&format!("{}/success?lang=en", flow.path));
    for answer in [&sent, &login, &switched] {
        let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        assert!(pair.starts_with(&format!("lp_{}=", &flow.path["/flow/".len()..])), "{pair}");
        let attributes: BTreeSet<&str> = attributes.split("; ").collect();
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(attribute), "{cookie}");
        }
        let has = |start: &str| attributes.iter().any(|attribute| attribute.starts_with(start));
        assert!(has("Max-Age=") && !has("Domain") && !has("Secure"), "{cookie}");
    }
    let values: BTreeSet<_> = [&sent, &login].map(|answer| answer.header("set-cookie")).into();
    assert_eq!(values.len(), 2, "a login seals anew (security.md 19)");
}

#[test]
fn a_browser_keeps_three_flows_and_the_oldest_gives_way() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let provider = demo.provider();
    let flows: Vec<Flow> = (0..5).map(|_| browser.arrive(&provider.push(None))).collect();
    let statuses: Vec<u16> =
        flows.iter().map(|flow| browser.open(&format!("{}/login", flow.path)).status).collect();
    assert_eq!(statuses, [400, 400, 200, 200, 200]);
    assert_eq!(browser.cookies.borrow().len(), 3);
}

#[test]
fn an_address_alone_continues_nobodys_flow() {
    let demo = Demo::start();
    let provider = demo.provider();
    let (browser, flow) = before_confirm(&demo, "sakura01", &anime(&unique()));
    let stranger = Browser::new(demo.issuer());
    let own = stranger.arrive(&provider.push(None));
    let name = |flow: &Flow| format!("lp_{}", &flow.path["/flow/".len()..]);
    let sealed = browser.cookies.borrow()[&name(&flow)].clone();
    let strangers = stranger.cookies.borrow()[&name(&own)].clone();
    let middle = sealed.len() / 2;
    let other = if sealed[middle..].starts_with('A') { "B" } else { "A" };
    let tampered = format!("{}{other}{}", &sealed[..middle], &sealed[middle + 1..]);
    let values = [None, Some(strangers.as_str()), Some(&tampered), Some(""), Some("x.y")];
    for value in values {
        let cookies = value.map(|value| (name(&flow), value.to_owned()));
        *stranger.cookies.borrow_mut() = cookies.into_iter().collect();
        for page in ["login", "success", "confirm", "complete", "return", "back"] {
            assert_own_page(&stranger.open(&format!("{}/{page}", flow.path)), 400);
        }
        let csrf = browser.confirmation(&flow).csrf();
        assert_own_page(&press(&stranger, &flow.path, &csrf), 400);
    }
    assert_not_bought(&browser, &flow);
}

/// The nonce of an answer's policy.
fn nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{answer:?}"));
    for part in ["default-src 'none'", "base-uri 'none'", "object-src 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"));
    assert!(!policy.contains("unsafe-"), "{policy}");
    let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
    rest.split('\'').next().expect("a nonce").to_owned()
}

#[test]
fn every_answer_carries_the_same_protection_security_46_to_49() {
    let demo = Demo::start();
    let (provider, http) = (demo.provider(), Http::new());
    let at = |path: &str| format!("{}{path}", demo.issuer());
    let (browser, flow) =
        before_confirm(&demo, "sakura01", &order(&unique(), "support", 1, 10_001));
    let confirm = format!("{}/confirm", flow.path);
    let csrf = browser.confirmation(&flow).csrf();
    let large = "x".repeat(65_537);
    let answers = [
        (200, http.get(&at("/"), &[])),
        (200, browser.confirmation(&flow)),
        (303, browser.open(&provider.push(None))),
        (400, http.get(&at(&confirm), &[])),
        (403, press(&browser, &flow.path, "x")),
        (404, http.get(&at("/nothing"), &[])),
        (405, send(&http, "DELETE", &at(&confirm), &[])),
        (409, press(&browser, &flow.path, &csrf)),
        (
            413,
            http.try_post_raw(&at(&confirm), &[("cookie", &browser.cookie_header())], &large)
                .expect("an answer"),
        ),
        (422, browser.post(&confirm, &[("csrf", &csrf)])),
        (201, provider.push_form(&provider.parameters(None))),
        (400, push_with(&provider, None, &[("scope", None)])),
        (401, http.get(&at("/oauth/userinfo"), &[])),
    ];
    let mut nonces = BTreeSet::new();
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status, "{answer:?}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
        }
        // 22 characters of base64url are 132 bits (ASVS 7.2.3).
        let nonce = nonce(answer);
        assert!(nonce.len() >= 22, "{nonce}");
        assert!(nonces.insert(nonce.clone()), "a nonce came twice");
        let is_page =
            answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if is_page && !answer.body.is_empty() {
            assert!(answer.body.contains(&format!("nonce=\"{nonce}\"")), "{answer:?}");
            assert!(!answer.body.contains(" style=") && !answer.body.contains(" onclick="));
        }
    }
}

#[test]
fn hostile_names_are_text_on_every_page_security_47_48() {
    // The sample's names are given, so they are changed where the demo keeps them.
    let first = Demo::start();
    let folder = first.kill().expect("its own folder");
    let file = folder.path().join("demo.json");
    let text = std::fs::read_to_string(&file).expect("the sample");
    let mut sample: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let hostile = "\"'><script>alert(1)</script>\u{202e}&amp;";
    // Without width, over several lines, and 10 kB long (security.md 48).
    let endless = format!("{hostile}\u{200b}\u{feff}\n{}", "長".repeat(3_400));
    sample["providers"][1]["name"] = endless.into();
    sample["providers"][1]["services"][0]["name"] = hostile.into();
    std::fs::write(&file, sample.to_string()).expect("writes");
    std::fs::remove_dir_all(folder.path().join("store")).expect("removes");
    std::fs::remove_file(folder.path().join("master.key")).expect("removes");
    let demo = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });

    let details = serde_json::json!([{
        "type": "purchase", "reference": format!("<script>'\"{}", unique()), "service": "anime-1",
        "quantity": 1, "amount": 300, "currency": "JPY", "description": hostile
    }]);
    let (browser, flow) = before_confirm(&demo, "sakura01", &details.to_string());
    let typed = "\"><script>alert(2)</script>";
    let csrf = browser.open(&format!("{}/login", flow.path)).csrf();
    let form = [("csrf", csrf.as_str()), ("passport_id", typed)];
    let mut pages = vec![
        browser.post(&format!("{}/login", flow.path), &form),
        browser.confirmation(&flow),
        browser.open(&format!("{}/login", flow.path)),
        browser.open("/flow/%3Cscript%3Ealert(3)%3C/script%3E/login"),
        browser.open("/oauth/authorize?client_id=%22%3E%3Cscript%3Ealert(4)%3C/script%3E"),
    ];
    assert_eq!(browser.buy(&flow).status, 303);
    pages.push(browser.open(&format!("{}/complete", flow.path)));
    for page in &pages {
        assert!(page.body.contains("</html>"), "{page:?}");
        assert!(!page.body.contains("<script>"), "{page:?}");
        assert!(!page.body.contains(['\u{202e}', '\u{200b}', '\u{feff}']), "{page:?}");
        assert!(!page.body.contains(&"長".repeat(121)), "{page:?}");
    }
    let log = demo.log();
    assert!(!log.contains(['\u{202e}', '\u{200b}', '\u{feff}']) && !log.contains("長長"), "{log}");
    // They are shown, not dropped: the test would see nothing otherwise.
    let shown = pages.iter().filter(|page| page.body.contains("script&#62;alert(")).count();
    assert!(shown >= 4, "{shown}");
}

#[test]
fn a_post_from_elsewhere_finds_no_flow_without_its_cookie_security_23() {
    let demo = Demo::start();
    let (browser, flow) = before_confirm(&demo, "sakura01", &anime(&unique()));
    let csrf = browser.confirmation(&flow).csrf();
    // What a browser sends across sites: no Lax cookie, and it says where it comes from.
    let stranger = Browser::new(demo.issuer());
    let headers = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let form = [("csrf", csrf.as_str()), ("consent", "yes")];
    for page in ["login", "confirm"] {
        let refused = stranger.post_with(&format!("{}/{page}", flow.path), &headers, &form);
        assert_own_page(&refused, 400);
        assert_eq!(refused.header("set-cookie"), None);
    }
    assert_not_bought(&browser, &flow);
}

#[test]
fn after_a_purchase_every_page_before_it_leads_to_the_slip() {
    let demo = Demo::start();
    let (browser, flow) = before_confirm(&demo, "sakura01", &anime(&unique()));
    assert_eq!(browser.open(&format!("{}/success", flow.path)).status, 200);
    assert_eq!(browser.buy(&flow).status, 303);
    for page in ["confirm", "success", "back"] {
        let sent = browser.open(&format!("{}/{page}", flow.path));
        assert_eq!(sent.location(), format!("{}/complete", flow.path), "{page}");
    }
}

#[test]
fn pages_of_errors_and_refusals_can_be_read_in_the_other_language() {
    let demo = Demo::start();
    let (browser, flow) =
        before_confirm(&demo, "sakura01", &order(&unique(), "support", 1, 10_001));
    let at = |page: &str| format!("{}/{page}", flow.path);
    let csrf = browser.confirmation(&flow).csrf();
    let authorize = "/oauth/authorize?client_id=nobody&request_uri=x";
    let pages = [
        (browser.open("/nowhere?lang=ja"), "/nowhere?lang=en".to_owned()),
        (browser.open(authorize), format!("{authorize}&lang=en")),
        (press(&browser, &flow.path, &csrf), format!("{}?lang=en", at("confirm"))),
        (browser.post(&at("login"), &[("csrf", "x")]), format!("{}?lang=en", at("login"))),
        (Browser::new(demo.issuer()).open(&at("login")), format!("{}?lang=en", at("login"))),
    ];
    for (page, switch) in &pages {
        assert!(page.status >= 400, "{page:?}");
        let html = page.body.replace("&#38;", "&");
        assert!(html.contains(&format!("href=\"{switch}\"")), "{switch}: {html}");
    }
    assert!(browser.open("/nowhere?lang=en").body.contains("<html lang=\"en\">"));
}
