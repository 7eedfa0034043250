//! A purchase from the provider's order to its receipt, against the real binary over HTTP.

mod common;

use common::{
    Browser, Demo, Options, anime, claims,
    door::{decisions, until},
    order, purchase, unique,
};
use std::io::Write;

#[test]
fn a_household_buys_and_the_provider_holds_a_receipt() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let reference = unique();
    let flow = purchase(&demo, &browser, "sakura01", &anime(&reference));

    let slip = browser.open(&format!("{}/complete", flow.path));
    assert_eq!(slip.status, 200);
    let back = browser.go_back(&flow);
    assert_eq!(back.parameter("state").as_deref(), Some("state-1"));
    assert_eq!(back.parameter("iss").as_deref(), Some(demo.issuer()));

    let provider = demo.provider();
    let exchanged = provider.exchange(&back.parameter("code").expect("a code"));
    assert_eq!(exchanged.status, 200, "{exchanged:?}");
    let tokens = exchanged.json();
    let receipt = &tokens["authorization_details"][0];
    assert_eq!(receipt["reference"], reference.as_str());
    assert_eq!((&receipt["amount"], &receipt["status"]), (&300.into(), &"completed".into()));
    assert_eq!(receipt["contract"], serde_json::Value::Null);
    let number = receipt["receipt_number"].as_str().expect("a number");
    assert!(number.parse::<linepass::domain::ids::ReceiptNumber>().is_ok());

    let claims = claims(tokens["id_token"].as_str().expect("a token"));
    assert_eq!(claims["acr"], "urn:linepass:acr:line");
    assert_eq!(claims["nonce"], "nonce-1");
    assert_eq!(claims["aud"], provider.client_id.as_str());
}

#[test]
fn fifty_posts_of_one_confirmation_are_one_charge_and_one_receipt_reliability_19() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let reference = unique();
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&reference))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let csrf = browser.confirmation(&flow).csrf();
    let cookies = browser.cookies.borrow().clone();
    let press = || {
        let other = Browser::new(demo.issuer());
        *other.cookies.borrow_mut() = cookies.clone();
        let form = [("csrf", csrf.as_str()), ("consent", "yes")];
        let pressed = other.post(&format!("{}/confirm", flow.path), &form);
        assert_eq!(pressed.status, 303, "{pressed:?}");
        let slip = other.open(pressed.location());
        assert_eq!(slip.status, 200, "{slip:?}");
        receipt_numbers(&slip.body)
    };
    let numbers: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(press)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    assert_eq!(used_after(&demo, "sakura01"), 300);
    let pressed = decisions(&demo, "purchase", 50);
    let pressed = pressed.iter().filter(|one| one["amount_yen"] == 300);
    let made = pressed.filter(|one| one["outcome"] == "accepted" && one["reason"].is_null());
    assert_eq!(made.count(), 1, "the log counts a purchase once");
}

#[test]
fn a_press_whose_answer_is_lost_is_found_completed_by_the_next_reliability_20() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let csrf = browser.confirmation(&flow).csrf();
    let address = demo.issuer().trim_start_matches("http://");
    let (path, cookie) = (&flow.path, browser.cookie_header());
    let form = format!("csrf={csrf}&consent=yes");
    let press = format!(
        "POST {path}/confirm HTTP/1.1\r\nhost: {address}\r\norigin: {}\r\n\
         sec-fetch-site: same-origin\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        demo.issuer(),
        form.len()
    );
    // The connection is gone before anything is answered.
    let mut socket = std::net::TcpStream::connect(address).expect("connects");
    socket.write_all(press.as_bytes()).expect("writes");
    socket.shutdown(std::net::Shutdown::Both).expect("shuts");
    drop(socket);
    until("the purchase", || {
        let made = demo.decisions("purchase");
        made.iter().any(|line| line["outcome"] == "accepted").then_some(())
    });
    let again = browser.post(&format!("{path}/confirm"), &[("csrf", &csrf), ("consent", "yes")]);
    assert_eq!(again.status, 303, "{again:?}");
    let slip = browser.open(again.location());
    assert_eq!(slip.status, 200, "{slip:?}");
    assert_eq!(receipt_numbers(&browser.open(again.location()).body), receipt_numbers(&slip.body));
    assert_eq!(used_after(&demo, "sakura01"), 300);
}

/// The receipt number as the slip groups it: `1000 0000 0016`.
fn receipt_numbers(page: &str) -> String {
    let is_number = |text: &&str| {
        text.len() == 14
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 | 9 => byte == b' ',
                _ => byte.is_ascii_digit(),
            })
    };
    let starts = page.char_indices().map(|(start, _)| start);
    let found = starts.filter_map(|start| page.get(start..start + 14)).find(|text| is_number(text));
    found.unwrap_or_else(|| panic!("no receipt number: {page}")).to_owned()
}

/// What a passport ID has used this month, found by what still fits: its limit is 10,000 yen, and
/// exactly reaching it is allowed (R-115).
fn used_after(demo: &Demo, passport_id: &str) -> u64 {
    let browser = Browser::new(demo.issuer());
    let fits = |amount: u64| {
        let details = order(&unique(), "support", 1, amount);
        let flow = browser.arrive(&demo.provider().push(Some(&details)));
        browser.log_in(&flow, passport_id, demo.password(passport_id));
        let csrf = browser.confirmation(&flow).csrf();
        let form = [("csrf", csrf.as_str()), ("consent", "yes")];
        browser.post(&format!("{}/confirm", flow.path), &form).status == 303
    };
    let candidates = [0, 300, 525, 600, 825, 900];
    let used = candidates.into_iter().find(|used| !fits(10_001 - used) && fits(10_000 - used));
    used.expect("one of the sums")
}

#[test]
fn the_same_item_bought_twice_is_charged_twice_r_033() {
    let demo = Demo::start();
    let browser = Browser::new(demo.issuer());
    purchase(&demo, &browser, "sakura01", &anime(&unique()));
    purchase(&demo, &browser, "sakura01", &anime(&unique()));
    assert_eq!(used_after(&demo, "sakura01"), 600);
}

#[test]
fn a_purchase_that_was_acknowledged_survives_a_kill() {
    let demo = Demo::start();
    let reference = unique();
    purchase(&demo, &Browser::new(demo.issuer()), "sakura01", &anime(&reference));
    let folder = demo.kill().expect("its own folder");
    let again = Demo::with(&Options { folder: Some(folder.path()), ..Default::default() });
    assert_eq!(used_after(&again, "sakura01"), 300);
}

#[test]
fn two_orders_under_one_reference_are_one_purchase_and_the_other_is_refused_reliability_21() {
    let demo = Demo::start();
    let (browser, provider, reference) = (Browser::new(demo.issuer()), demo.provider(), unique());
    let arrive = |service| {
        let flow = browser.arrive(&provider.push(Some(&order(&reference, service, 1, 300))));
        browser.log_in(&flow, "sakura01", demo.password("sakura01"));
        flow
    };
    let (first, second) = (arrive("anime-1"), arrive("anime-2"));
    let open_before = browser.confirmation(&second).csrf();
    assert_eq!(browser.buy(&first).status, 303);
    // The page opened afterwards and the press on the one opened before say the same.
    assert_eq!(browser.confirmation(&second).status, 409);
    let form = [("csrf", open_before.as_str()), ("consent", "yes")];
    assert_eq!(browser.post(&format!("{}/confirm", second.path), &form).status, 409);
    assert_eq!(used_after(&demo, "sakura01"), 300);
}

#[test]
fn a_month_that_turned_before_the_press_is_shown_before_it_is_charged() {
    let options = Options { now: Some("2026-11-30T12:00:00+09:00"), ..Options::default() };
    let demo = Demo::with(&options);
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let page = browser.confirmation(&flow);
    assert!(page.body.contains(r#"name="month" value="2026-11""#), "{}", page.body);
    let path = format!("{}/confirm", flow.path);
    let press = |month| {
        let csrf = browser.confirmation(&flow).csrf();
        browser.post(&path, &[("csrf", &csrf), ("consent", "yes"), ("month", month)])
    };
    // As from a page of October that stayed open: nothing is bought, the page comes again.
    assert_eq!(press("2026-10").location(), path);
    assert_eq!(press("October").status, 400);
    assert_eq!(press("2026-11").status, 303);
}
