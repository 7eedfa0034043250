//! A cancellation from the provider's order to its receipt, against the real binary over HTTP.

mod common;

use common::{
    Browser, Demo, Options,
    contracts::{cancel, cancellation, subscribe, to_confirmation},
    unique,
};
use linepass::domain::ids::ReceiptNumber;

#[test]
fn the_id_that_bought_cancels_and_the_provider_holds_a_receipt() {
    let demo =
        Demo::with(&Options { now: Some("2026-11-23T21:00:00+09:00"), ..Default::default() });
    let contract = subscribe(&demo, "sakura01").contract();
    let receipt = cancel(&demo, "sakura01", &contract);
    let receipt = receipt.0;
    assert_eq!(receipt["type"], "cancellation");
    assert_eq!(receipt["contract"], contract.as_str());
    assert_eq!(receipt["last_charge_month"], "2026-11");
    assert_eq!(receipt["status"], "completed");
    // The ID may subscribe again (R-119, R-024).
    assert_ne!(subscribe(&demo, "sakura01").contract(), contract);
}

#[test]
fn who_may_not_cancel_is_told_so_and_nothing_changes_security_39() {
    let demo = Demo::start();
    let contract = subscribe(&demo, "sakura01").contract();
    let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let try_as = |passport_id: &str, contract: &str| {
        to_confirmation(&demo, &provider, &browser, passport_id, contract).1.status
    };
    // Each is a page that says so and leads back; pressed all the same, nothing ends.
    for id in ["sakura02", "tsubaki1"] {
        let (flow, page) = to_confirmation(&demo, &provider, &browser, id, &contract);
        assert_eq!((page.status, page.body.contains("解約できません")), (409, true), "{page:?}");
        assert!(!page.body.contains(r#"name="csrf""#), "no button: {page:?}");
        // Without a form there is no token to press with.
        let pressed = browser.post(&format!("{}/confirm", flow.path), &[("csrf", "guessed")]);
        assert_eq!(pressed.status, 403);
        let back = browser.open(&format!("{}/back", flow.path));
        assert_eq!(back.parameter("error").as_deref(), Some("access_denied"));
    }
    assert_eq!(try_as("sakura02", &contract), 409, "another ID of the line (R-124)");
    assert_eq!(try_as("tsubaki1", &contract), 409, "another line's ID");
    let none = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + 99_999).expect("a number");
    assert_eq!(try_as("sakura01", &format!("K-{none}")), 409, "no contract at all");
    cancel(&demo, "sakura01", &contract);
    assert_eq!(try_as("sakura01", &contract), 409, "it has ended");
    let page = to_confirmation(&demo, &provider, &browser, "sakura01", &contract).1;
    assert!(page.body.contains("解約できません"), "{}", page.body);
}

#[test]
fn another_providers_contract_is_none_of_its_business() {
    let demo = Demo::start();
    let contract = subscribe(&demo, "sakura01").contract();
    let browser = Browser::new(demo.issuer());
    let page = to_confirmation(&demo, &demo.provider(), &browser, "sakura01", &contract).1;
    assert_eq!(page.status, 409);
    cancel(&demo, "sakura01", &contract);
}

#[test]
fn a_per_use_purchase_cannot_be_cancelled_r_032() {
    let demo = Demo::start();
    let provider = demo.provider();
    let details = cancellation("100000000016");
    let refused = provider.push_form(&provider.parameters(Some(&details)));
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (400, &"invalid_authorization_details".into())
    );
    let description = refused.json()["error_description"].to_string();
    assert!(description.contains("per-use purchases cannot be cancelled"), "{description}");

    // Written as if it were a contract, it is told to the household as what it is.
    let browser = Browser::new(demo.issuer());
    let flow = common::purchase(&demo, &browser, "sakura01", &common::anime(&unique()));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let receipt = provider.exchange(&code).json()["authorization_details"][0].clone();
    let contract = format!("K-{}", receipt["receipt_number"].as_str().expect("a number"));
    let page = to_confirmation(&demo, &provider, &browser, "sakura01", &contract).1;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("解約できません。"), "{}", page.body);
}

#[test]
fn the_last_charged_month_over_month_boundaries_in_any_host_time_zone() {
    // Bought 2026-11-30T23:59:59, cancelled on 12-01: November; on 12-02: December (R-016, R-017).
    // Bought and cancelled on the same 1st: that month (R-018).
    let cases = [
        ("2026-11-30T23:59:50+09:00", "2026-12-01T12:00:00+09:00", "2026-11"),
        ("2026-11-30T23:59:50+09:00", "2026-12-02T00:00:00+09:00", "2026-12"),
        ("2027-02-01T09:00:00+09:00", "2027-02-01T10:00:00+09:00", "2027-02"),
    ];
    for zone in ["UTC", "America/New_York"] {
        for (bought, cancelled, last) in cases {
            let folder = tempfile::tempdir().expect("a folder");
            let start = |now| {
                Demo::with(&Options {
                    folder: Some(folder.path()),
                    now: Some(now),
                    env: vec![("TZ", zone.to_owned())],
                    ..Default::default()
                })
            };
            let contract = {
                let mut demo = start(bought);
                let contract = subscribe(&demo, "sakura01").contract();
                assert!(demo.terminate().success());
                contract
            };
            let receipt = cancel(&start(cancelled), "sakura01", &contract);
            assert_eq!(
                receipt.text("last_charge_month"),
                last,
                "{bought} to {cancelled} in {zone}"
            );
        }
    }
}

#[test]
fn a_day_that_turned_before_the_press_is_shown_before_it_is_charged_r_017_r_126() {
    let demo =
        Demo::with(&Options { now: Some("2026-11-23T21:00:00+09:00"), ..Default::default() });
    let contract = subscribe(&demo, "sakura01").contract();
    let (provider, browser) = (demo.other_provider(), Browser::new(demo.issuer()));
    let (flow, page) = to_confirmation(&demo, &provider, &browser, "sakura01", &contract);
    assert!(page.body.contains(r#"name="month" value="2026-11""#), "{}", page.body);
    let path = format!("{}/confirm", flow.path);
    let press = |month| {
        let csrf = browser.confirmation(&flow).csrf();
        browser.post(&path, &[("csrf", &csrf), ("month", month)])
    };
    // As from a page that stayed open since an earlier month: nothing ends, the page comes again.
    assert_eq!(press("2026-10").location(), path);
    assert_eq!(press("soon").status, 400);
    assert!(press("2026-11").location().ends_with("/complete"));
}
