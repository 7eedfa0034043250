//! The checks 30 to 44 of `security.md` on the way from a push to its result, that no other test
//! bears in its name. The rest: 30 `provider_door`, 32 `rfc_9700`, 34, 38, 41 and the confirmation's
//! form of 43 and 44 `flow_security`, 39 `cancellation` and `line_life`, 40 `restriction`, 42 to 44 of
//! a household's own pages `portal_lines`, doubled parameters of a provider `provider_parameters`.

mod common;
mod inside;
mod process;
mod wire;

use common::{
    Answer, Browser, Demo, Provider, REDIRECT_URI, VERIFIER, anime,
    contracts::{cancellation, subscribe},
    door::{
        arrive, assert_back, assert_error, assert_own_page, decision_of, decisions, id_token,
        press, tampered, until, userinfo, without_own,
    },
    operator::Operator,
    purchase, unique,
};
use inside::{Inside, after_s};
use linepass::domain::ids::ReceiptNumber;
use serde_json::{Value, json};
use wire::Wire;

const PAGES: [&str; 6] = ["login", "success", "confirm", "complete", "return", "back"];

#[test]
fn no_page_leads_to_an_address_that_is_no_longer_registered_security_31() {
    let demo = Demo::start();
    let (operator, provider) = (Operator::of(&demo), demo.provider());
    let (browser, before) = arrive(&demo, &provider, &[]);
    let logged_in = browser.arrive(&provider.push(Some(&anime(&unique()))));
    browser.log_in(&logged_in, "sakura01", demo.password("sakura01"));
    let form = browser.open(&format!("{}/login", before.path)).csrf();
    let button = browser.confirmation(&logged_in).csrf();
    // While it is registered, an error's page has a link and goes nowhere by itself.
    let error = browser.log_in(&before, "sakura01", "not-the-password");
    assert_own_page(&error, 403);
    assert!(!error.body.contains("http-equiv") && error.header("refresh").is_none());

    let uri = "https://elsewhere.example/callback";
    let set = ["provider", "set", &provider.client_id, "--redirect-uri", uri, "--reason", "case 4"];
    assert!(operator.run(&set).status.success());
    let nowhere = |page: &Answer, status: u16| {
        assert_own_page(page, status);
        for address in [REDIRECT_URI, "127.0.0.1:9876", "elsewhere.example", "/back\""] {
            assert!(!page.body.contains(address), "{address}: {}", page.body);
        }
    };
    for flow in [&before, &logged_in] {
        for page in PAGES {
            nowhere(&browser.open(&format!("{}/{page}", flow.path)), 400);
        }
    }
    let login = [("csrf", form.as_str()), ("passport_id", "sakura01"), ("password", "x")];
    nowhere(&browser.post(&format!("{}/login", before.path), &login), 400);
    nowhere(&press(&browser, &logged_in.path, &button), 400);
    operator.change("PUT", "/maintenance", &json!({ "reason": "release" }));
    nowhere(&browser.open(&format!("{}/login", before.path)), 503);
    nowhere(&browser.open(&format!("{}/back", before.path)), 400);
}

#[test]
fn a_press_ends_on_a_page_of_ours_whose_link_leads_back_security_33() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let page = browser.confirmation(&flow);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self';"), "{policy}");
    let pressed = press(&browser, &flow.path, &page.csrf());
    assert_eq!((pressed.status, pressed.location()), (303, &*format!("{}/complete", flow.path)));
    let slip = browser.open(pressed.location());
    assert_eq!(slip.status, 200);
    assert!(slip.body.contains(&format!("href=\"{}/return\"", flow.path)), "{}", slip.body);
    assert_back(&demo, &browser.go_back(&flow), "code", None);
}

#[test]
fn an_order_whose_time_is_over_is_charged_to_nobody_security_35() {
    let inside = Inside::start(&[]);
    let provider = inside.provider();
    let (pushed_s, flow_s) = (600, 3_600);
    let began = inside.host.now();
    let details = anime(&unique());
    let pushed = provider.push(Some(&details));
    let browser = Browser::new(&inside.issuer);
    inside.set(after_s(began, pushed_s - 1));
    let flow = browser.arrive(&pushed);
    assert_eq!(browser.log_in(&flow, "sakura01", inside.password("sakura01")).status, 303);
    let csrf = browser.confirmation(&flow).csrf();
    // RFC 9126 section 4: an expired request_uri must be rejected.
    inside.set(after_s(began, pushed_s));
    let late = browser.open(&pushed);
    assert_own_page(&late, 400);
    assert!(late.body.contains("has expired"), "{}", late.body);
    // The flow that it began goes on, until its own time is over.
    inside.set(after_s(began, pushed_s + flow_s - 2));
    assert_eq!(browser.confirmation(&flow).status, 200);
    inside.set(after_s(began, pushed_s + flow_s));
    assert_own_page(&press(&browser, &flow.path, &csrf), 400);
    for page in PAGES {
        assert_own_page(&browser.open(&format!("{}/{page}", flow.path)), 400);
    }
    let again = inside.buy(&provider, "sakura01", &details);
    assert_eq!(again["status"], "completed", "it was open, and is bought now");
}

/// The flow is looked at when the head of a press has come, and again when its body has.
#[test]
fn a_flow_that_expires_while_its_press_is_still_coming_buys_nothing_security_35() {
    let inside = Inside::start(&[]);
    let address = inside.issuer.strip_prefix("http://").expect("http").to_owned();
    for (late_s, expected) in [(0, "http/1.1 303"), (1, "http/1.1 400")] {
        let (browser, flow) = inside.arrived();
        let began = inside.host.now();
        assert_eq!(browser.log_in(&flow, "sakura01", inside.password("sakura01")).status, 303);
        let body = format!("csrf={}&consent=yes", browser.confirmation(&flow).csrf());
        let mut wire = Wire::plain(&address);
        wire.send(format!(
            "POST {}/confirm HTTP/1.1\r\nhost: x\r\norigin: {}\r\nsec-fetch-site: same-origin\r\n\
             cookie: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
             expect: 100-continue\r\n\r\n",
            flow.path,
            inside.issuer,
            browser.cookie_header(),
            body.len()
        ));
        // Sent when the request has been looked at as far as goes without its body.
        assert_eq!(wire.head(), "http/1.1 100 continue\r\n\r\n");
        // Its lifetime is an hour of whole seconds.
        inside.set(after_s(began, 3_599 + late_s));
        let answer = wire.send(&body).answer();
        assert!(answer.starts_with(expected), "{late_s}: {answer}");
        inside.set(began);
        let bought = browser.open(&format!("{}/complete", flow.path)).status == 200;
        assert_eq!(bought, late_s == 0, "what is refused has bought nothing");
    }
}

#[test]
fn a_completed_order_shows_its_result_and_is_charged_once_security_35() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let csrf = browser.confirmation(&flow).csrf();
    let receipt = || {
        let code = browser.go_back(&flow).parameter("code").expect("a code");
        demo.provider().exchange(&code).json()["authorization_details"][0].clone()
    };
    let complete = format!("{}/complete", flow.path);
    assert_eq!(press(&browser, &flow.path, &csrf).location(), complete);
    let first = receipt();
    assert_eq!(press(&browser, &flow.path, &csrf).location(), complete);
    assert_eq!(browser.confirmation(&flow).location(), complete);
    assert_eq!(receipt(), first);
    let pressed = decisions(&demo, "purchase", 2);
    let reasons: Vec<_> = pressed.iter().map(|line| &line["reason"]).collect();
    assert_eq!(reasons, [&json!(null), &json!("repeated")], "charged once");
}

#[test]
fn a_result_is_fetched_once_and_by_its_own_provider_security_36() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = purchase(&demo, &browser, "sakura01", &anime(&unique()));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let own = demo.provider();
    let thief = Provider { redirect_uri: own.redirect_uri.clone(), ..demo.other_provider() };
    for redirect_uri in [&own.redirect_uri, &demo.other_provider().redirect_uri] {
        let refused = thief.exchange_with(&code, VERIFIER, redirect_uri);
        assert_error(&refused, 400, "invalid_grant", "another client");
        assert_eq!(refused.json().get("authorization_details"), None);
    }
    let answer = own.exchange(&code).json();
    assert_eq!(answer["authorization_details"][0]["status"], "completed");
    assert_error(&own.exchange(&code), 400, "invalid_grant", "was used before");
    let token = answer["access_token"].as_str().expect("a token");
    assert_error(&userinfo(&own, token), 401, "invalid_token", "token");
}

#[test]
fn the_address_tells_nothing_of_the_result_and_proves_nothing_security_37() {
    let demo = Demo::start();
    let (browser, provider) = (Browser::new(demo.issuer()), demo.provider());
    let reference = unique();
    let flow = browser.arrive(&provider.push(Some(&anime(&reference))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    // Before the press there is no code, whatever the address claims.
    for claimed in ["return?status=ok", "return?code=x", "complete?status=completed"] {
        let sent = browser.open(&format!("{}/{claimed}", flow.path));
        assert_eq!(sent.location(), format!("{}/confirm", flow.path), "{claimed}");
    }
    let denied = browser.open(&format!("{}/back?status=ok", flow.path));
    assert_eq!(denied.parameter("error").as_deref(), Some("access_denied"));
    assert_eq!(browser.buy(&flow).status, 303);
    let back = browser.go_back(&flow);
    let url = url::Url::parse(back.location()).expect("an address");
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    for told in [reference.as_str(), "sakura01", "anime", "completed", "1000000"] {
        assert!(!back.location().contains(told), "{told}: {back:?}");
    }
    let code = back.parameter("code").expect("a code");
    assert_error(&provider.exchange(&tampered(&code)), 400, "invalid_grant", "code");
    assert_eq!(provider.exchange(&code).status, 200);
}

#[test]
fn a_contract_and_a_flow_of_others_cannot_be_told_from_none_security_42() {
    let demo = Demo::start();
    let contract = subscribe(&demo, "sakura01").contract();
    let seller = demo.other_provider();
    let ask = |id: &str, contract: &str| {
        let browser = Browser::new(demo.issuer());
        let flow = browser.arrive(&seller.push(Some(&cancellation(contract))));
        browser.log_in(&flow, id, demo.password(id));
        let page = browser.confirmation(&flow);
        assert_own_page(&page, 409);
        without_own(&page).replace(&flow.path, "").replace(contract, "")
    };
    let none = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + 99_999).expect("a number");
    // Another line's, and the other ID's of the line that bought it.
    for id in ["tsubaki1", "sakura02"] {
        assert_eq!(ask(id, &contract), ask(id, &format!("K-{none}")), "{id}");
    }
    let noted = |reason: &str| {
        let log = demo.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told = "a household asked to cancel a contract that is not its own";
        lines.filter(|line| line["message"] == told && line["reason"] == reason).count()
    };
    for (reason, count) in [("another_ids_contract", 1), ("unknown_contract", 3)] {
        until(reason, || (noted(reason) == count).then_some(()));
    }

    let browser = Browser::new(demo.issuer());
    let own = browser.arrive(&seller.push(None));
    let stranger = Browser::new(demo.issuer());
    for page in PAGES {
        let look = |path: &str| {
            let answer = stranger.open(&format!("{path}/{page}"));
            assert_own_page(&answer, 400);
            without_own(&answer).replace(path, "")
        };
        let other = format!("{}x", &own.path[..own.path.len() - 1]);
        assert_eq!(look(&own.path), look(&other), "{page}");
    }
}

#[test]
fn what_a_login_form_or_a_push_adds_is_ignored_security_43() {
    let demo = Demo::start();
    let provider = demo.provider();
    let more = [
        ("line_checked", Some("true")),
        ("customer", Some("CAF0000012573")),
        ("require_line", Some("false")),
        ("sub", Some("x")),
        ("acr", Some("urn:linepass:acr:line")),
        ("expires_in", Some("999999")),
    ];
    let (browser, flow) = arrive(&demo, &provider, &more);
    let path = format!("{}/login", flow.path);
    let csrf = browser.open(&path).csrf();
    let password = demo.password("tsubaki1");
    let mut form = vec![("csrf", &*csrf), ("passport_id", "tsubaki1"), ("password", password)];
    form.extend(more.map(|(name, value)| (name, value.expect("one"))));
    let login = browser.post(&path, &form);
    assert_eq!(login.status, 303, "{login:?}");
    assert_eq!(decision_of(&demo, "login", &login)["outcome"], "accepted");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let answer = provider.exchange(&code).json();
    let claims = id_token(&answer);
    assert_eq!(
        (&claims["acr"], &answer["expires_in"]),
        (&json!("urn:linepass:acr:password"), &json!(600))
    );
    assert_ne!(claims["sub"], "x");
}

#[test]
fn what_a_login_form_doubles_logs_nobody_in_security_44() {
    let demo = Demo::start();
    let (browser, flow) = arrive(&demo, &demo.provider(), &[]);
    let path = format!("{}/login", flow.path);
    let csrf = browser.open(&path).csrf();
    let form = [
        ("csrf", csrf.as_str()),
        ("passport_id", "sakura01"),
        ("password", demo.password("sakura01")),
    ];
    for doubled in [form[0], form[1], form[2], ("passport_id", "sakura02"), ("password", "")] {
        assert_own_page(&browser.post(&path, &[&form[..], &[doubled]].concat()), 400);
        let sent = browser.go_back(&flow);
        assert_eq!(sent.location(), path, "nobody is logged in: {doubled:?}");
    }
    assert!(demo.decisions("login").is_empty(), "no password was looked at");
    assert_eq!(browser.post(&path, &form).status, 303);
}
