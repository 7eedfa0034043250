//! 利用規制 by the customer and the company's stop, set by an
//! operator in the running server and met on the pages.

mod common;

use common::{
    Answer, Browser, Demo, Flow, Options, Provider, anime,
    door::{assert_own_page, decision_of, decisions, press, userinfo},
    operator::{Operator, SAKURA},
    order, unique,
};
use serde_json::{Value, json};
use std::path::Path;

const BY_CUSTOMER: &str = "お客さまからのお申し込みにより、サービスのご利用を規制しています。";
const NEUTRAL: &str = "現在、サービスのご利用を規制しています。";

fn cancellation(contract: &str) -> String {
    json!([{"type": "cancellation", "reference": unique(), "contract": contract}]).to_string()
}

/// Buys パックサービス of A社; the token answer with the contract's receipt.
fn subscribe(demo: &Demo, passport_id: &str) -> Value {
    let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let details = order(&unique(), "pack", 1, 525);
    let mut parameters = provider.parameters(Some(&details));
    parameters.insert("scope".into(), "openid entitlements".into());
    let pushed = provider.push_form(&parameters).json();
    let url = provider.authorize_url(pushed["request_uri"].as_str().expect("a request_uri"));
    let flow = browser.arrive(&url);
    let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
    assert_eq!(login.status, 303, "{login:?}");
    let bought = browser.buy(&flow);
    assert!(bought.status == 303 && bought.location().ends_with("/complete"), "{bought:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    provider.exchange(&code).json()
}

fn contract_of(answer: &Value) -> String {
    let contract = &answer["authorization_details"][0]["contract"];
    contract.as_str().unwrap_or_else(|| panic!("no contract in {answer}")).to_owned()
}

/// A login for these details in a browser of its own.
fn log_in(
    demo: &Demo,
    provider: &Provider,
    details: Option<&str>,
    who: (&str, &str),
) -> (Browser, Flow, Answer) {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(details));
    let answer = browser.log_in(&flow, who.0, who.1);
    (browser, flow, answer)
}

/// 利用規制中 with this sentence, and its way back, which tells the provider nothing.
fn assert_barred(browser: &Browser, flow: &Flow, page: &Answer, sentence: &str) {
    assert_own_page(page, 403);
    assert!(page.body.contains("利用規制中"), "{}", page.body);
    assert!(page.body.contains("利用規制/解除方法について"), "{}", page.body);
    for other in [BY_CUSTOMER, NEUTRAL] {
        assert_eq!(page.body.contains(other), other == sentence, "{other}: {}", page.body);
    }
    for told in ["未払", "お支払いが", "滞納", "料金が支払"] {
        assert!(!page.body.contains(told), "a bill is nobody's business: {}", page.body);
    }
    let back = browser.open(&format!("{}/back", flow.path));
    assert_eq!(back.parameter("error").as_deref(), Some("access_denied"), "{back:?}");
}

#[test]
fn a_restriction_is_told_after_a_right_password_alone_r_173() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let contract = contract_of(&subscribe(&demo, "sakura01"));
    operator.restrict(SAKURA, "customer");
    let provider = demo.other_provider();
    let orders = [Some(order(&unique(), "pack", 1, 525)), Some(cancellation(&contract)), None];
    for details in &orders {
        let details = details.as_deref();
        let (_, _, guess) = log_in(&demo, &provider, details, ("sakura01", "not-the-password"));
        assert_own_page(&guess, 403);
        assert!(guess.body.contains("ログインエラー") && !guess.body.contains("利用規制中"));
        // Every ID of the line, not the one alone.
        for id in ["sakura01", "sakura02"] {
            let who = (id, demo.password(id));
            let (browser, flow, page) = log_in(&demo, &provider, details, who);
            assert_barred(&browser, &flow, &page, BY_CUSTOMER);
        }
    }
    // Another line goes on.
    let who = ("tsubaki1", demo.password("tsubaki1"));
    assert_eq!(log_in(&demo, &provider, None, who).2.status, 303);
}

#[test]
fn the_companys_stop_is_put_neutrally_and_leaves_cancelling_open_r_149() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let provider = demo.other_provider();
    let subscribed = subscribe(&demo, "sakura01");
    let contract = contract_of(&subscribed);
    let stopped = operator.restrict(SAKURA, "company");
    assert_eq!(stopped["contracts_ended"], json!([]), "contracts go on");
    assert_eq!(stopped["line"]["live_contracts"], 1);
    let who = ("sakura01", demo.password("sakura01"));
    for details in [Some(anime(&unique())), None] {
        let (browser, flow, page) = log_in(&demo, &demo.provider(), details.as_deref(), who);
        assert_barred(&browser, &flow, &page, NEUTRAL);
    }
    // What was sold is still the household's to use.
    let token = subscribed["access_token"].as_str().expect("a token");
    let claims = userinfo(&provider, token).json();
    assert_eq!(claims["entitlements"][0]["contract"], contract.as_str());

    let (browser, flow, login) = log_in(&demo, &provider, Some(&cancellation(&contract)), who);
    assert_eq!(login.status, 303, "{login:?}");
    let csrf = browser.confirmation(&flow).csrf();
    let pressed = press(&browser, &flow.path, &csrf);
    assert!(pressed.location().ends_with("/complete"), "{pressed:?}");
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = &provider.exchange(&code).json()["authorization_details"][0];
    assert_eq!(
        (&receipt["type"], &receipt["contract"]),
        (&json!("cancellation"), &json!(contract))
    );
    assert_eq!(operator.get(&format!("/lines/{SAKURA}")).json()["live_contracts"], 0);
}

#[test]
fn what_comes_between_the_page_and_the_press_is_refused_at_the_commit_security_40() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let who = ("sakura01", demo.password("sakura01"));
    for (kind, reason) in [("company", "stopped"), ("customer", "login_over")] {
        let details = anime(&unique());
        let (browser, flow, login) = log_in(&demo, &demo.provider(), Some(&details), who);
        assert_eq!(login.status, 303, "{login:?}");
        let csrf = browser.confirmation(&flow).csrf();
        operator.restrict(SAKURA, kind);
        let refused = press(&browser, &flow.path, &csrf);
        let decision = decision_of(&demo, "purchase", &refused);
        assert_eq!(decision["outcome"], "refused");
        assert_eq!(decision["reason"], reason);
        if kind == "company" {
            assert_barred(&browser, &flow, &refused, NEUTRAL);
        } else {
            // The login has ended with the restriction; a new one is told why.
            assert!(refused.location().contains("/login?"), "{refused:?}");
            let page = browser.log_in(&flow, who.0, who.1);
            assert_barred(&browser, &flow, &page, BY_CUSTOMER);
        }
        operator.lift(SAKURA, kind);
        // Nothing was bought: the order is open for whoever logs in now.
        let (browser, flow, login) = log_in(&demo, &demo.provider(), Some(&details), who);
        assert_eq!(login.status, 303, "{login:?}");
        let bought = browser.buy(&flow);
        assert!(bought.location().ends_with("/complete"), "{bought:?}");
    }
}

#[test]
fn a_restriction_ends_every_login_that_was_there_before() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let token = subscribe(&demo, "sakura02")["access_token"].as_str().expect("one").to_owned();
    let ids = ["sakura01", "sakura02"];
    let open: Vec<_> = ids
        .iter()
        .map(|id| {
            let details = anime(&unique());
            log_in(&demo, &demo.provider(), Some(&details), (id, demo.password(id)))
        })
        .collect();
    let who = ("sakura01", demo.password("sakura01"));
    let (alone, alone_flow, _) = log_in(&demo, &demo.provider(), None, who);
    let code = common::door::code(&demo, &demo.provider(), "sakura01");
    operator.restrict(SAKURA, "customer");
    operator.lift(SAKURA, "customer");
    // Even lifted at once, nothing that was opened before goes on.
    for (browser, flow, _) in &open {
        assert!(browser.confirmation(flow).location().contains("/login?"));
    }
    let ended = alone.open(&format!("{}/return", alone_flow.path));
    assert!(ended.location().contains("/login?"), "{ended:?}");
    let exchanged = demo.provider().exchange(&code);
    assert_eq!((exchanged.status, &exchanged.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(userinfo(&demo.other_provider(), &token).status, 401);
    // The IDs themselves are good again.
    for id in ids {
        let login = log_in(&demo, &demo.provider(), None, (id, demo.password(id))).2;
        assert_eq!(login.status, 303, "{id}: {login:?}");
    }
}

#[test]
fn both_stand_together_and_each_is_lifted_alone_r_149() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    subscribe(&demo, "sakura01");
    operator.restrict(SAKURA, "company");
    let both = operator.restrict(SAKURA, "customer");
    assert_eq!(both["contracts_ended"].as_array().map(Vec::len), Some(1));
    let who = ("sakura01", demo.password("sakura01"));
    let meets = |sentence: &str| {
        let (browser, flow, page) = log_in(&demo, &demo.provider(), None, who);
        assert_barred(&browser, &flow, &page, sentence);
    };
    meets(BY_CUSTOMER);
    let left = operator.lift(SAKURA, "customer")["line"].clone();
    assert!(left["restriction"].is_null() && left["company_stop"].is_string(), "{left}");
    assert_eq!(left["open"], false);
    meets(NEUTRAL);
    operator.restrict(SAKURA, "customer");
    let left = operator.lift(SAKURA, "company")["line"].clone();
    assert!(left["restriction"].is_string() && left["company_stop"].is_null(), "{left}");
    meets(BY_CUSTOMER);
    let open = operator.lift(SAKURA, "customer")["line"].clone();
    assert_eq!((&open["open"], &open["live_contracts"]), (&json!(true), &json!(0)), "R-147");
    // What ended does not come back, and can be bought again.
    subscribe(&demo, "sakura01");
}

#[test]
fn both_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { folder: Some(folder.path()), ..Default::default() };
    let mut demo = Demo::with(&options());
    let operator = Operator::of(&demo);
    operator.restrict(SAKURA, "company");
    let before = operator.restrict(SAKURA, "customer")["line"].clone();
    assert!(demo.terminate().success());
    let demo = Demo::with(&options());
    assert_eq!(Operator::of(&demo).get(&format!("/lines/{SAKURA}")).json(), before);
}

/// A demo whose clock starts then, on a host with this time zone.
fn demo_at(folder: &Path, now: &str, time_zone: &str) -> Demo {
    let env = vec![("TZ", time_zone.to_owned())];
    Demo::with(&Options { folder: Some(folder), now: Some(now), env, ..Default::default() })
}

/// What a restriction at that time ends of a contract of November and one of the same day.
fn restricted_at(now: &str, time_zone: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = demo_at(folder.path(), "2026-11-23T21:00:00+09:00", time_zone);
    let november = contract_of(&subscribe(&demo, "sakura01"));
    assert!(demo.terminate().success());
    let demo = demo_at(folder.path(), now, time_zone);
    let same_day = contract_of(&subscribe(&demo, "sakura02"));
    let ended = Operator::of(&demo).restrict(SAKURA, "customer")["contracts_ended"].clone();
    let ended = ended.as_array().expect("a list");
    let names: Vec<_> = ended.iter().map(|end| end["contract"].as_str().expect("one")).collect();
    assert_eq!(names, [&november, &same_day], "all of them (R-144)");
    assert!(ended.iter().all(|end| end["reason"] == "restriction"), "{ended:?}");
    decisions(&demo, "restrict_line", 1);
    ended.iter().map(|end| end["last_charge_month"].clone()).collect()
}

#[test]
fn the_month_of_a_restriction_is_charged_from_the_2nd_on_r_016_r_017() {
    for time_zone in ["UTC", "America/New_York"] {
        // On the 1st the month before was the last; bought on the same day, it is this one.
        let first = restricted_at("2026-12-01T12:00:00+09:00", time_zone);
        assert_eq!(first, ["2026-11", "2026-12"], "{time_zone}");
        let second = restricted_at("2026-12-02T12:00:00+09:00", time_zone);
        assert_eq!(second, ["2026-12", "2026-12"], "{time_zone}");
    }
}
