//! Cancelling a monthly contract and the months it leaves charged (R-014 to
//! R-030), from the command to the charge.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Command, EndReason, Event, LineService, Refusal,
        command::{Cancel, LoggedIn},
        event::Barrier,
    },
};

const BOUGHT: &str = "2026-11-10T10:00:00";

fn subscribed() -> Given {
    household().and_at(BOUGHT, [bought(1, &monthly(1, "pack", 500))])
}

#[test]
fn patterns_one_to_six_from_the_command_on_r_016_to_r_027() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    // The rule, (購入, 解約) one after another, the months charged; golden fixture 1, N = 2026-11.
    let table: [Case<'_>; 9] = [
        ("R-020", &[(BOUGHT, "2027-01-15T10:00:00")], &["2026-11", "2026-12", "2027-01"]),
        ("R-021", &[(BOUGHT, "2026-12-15T10:00:00")], &["2026-11", "2026-12"]),
        ("R-022", &[(BOUGHT, "2026-11-20T10:00:00")], &["2026-11"]),
        ("R-023", &[("2026-12-10T10:00:00", "2027-01-20T10:00:00")], &["2026-12", "2027-01"]),
        (
            "R-024",
            &[("2026-12-10T10:00:00", "2027-01-10T10:00:00"), ("2027-01-20T10:00:00", "")],
            &["2026-12", "2027-01", "2027-02"],
        ),
        ("R-025", &[(BOUGHT, "2026-12-01T10:00:00")], &["2026-11"]),
        ("R-018", &[("2026-11-01T10:00:00", "2026-11-01T10:00:01")], &["2026-11"]),
        ("R-019", &[(BOUGHT, "2027-02-01T00:00:00")], &["2026-11", "2026-12", "2027-01"]),
        (
            "R-027",
            &[(BOUGHT, "2026-12-01T10:00:00"), ("2026-12-01T11:00:00", "2026-12-01T12:00:00")],
            &["2026-11", "2026-12"],
        ),
    ];
    for (rule, spans, months) in table {
        let mut line = household();
        for (serial, (buy_at, cancel_at)) in (1..).zip(spans) {
            let pack = monthly(1, "pack", 500);
            line = line.when(pack).at(buy_at).with_receipt(serial).then_accepted();
            if !cancel_at.is_empty() {
                line = line.when(cancel(1, serial)).at(cancel_at).then([cancelled(serial)]);
            }
        }
        for month in ["2026-10", "2026-11", "2026-12", "2027-01", "2027-02"] {
            let charged = if months.contains(&month) { 500 } else { 0 };
            assert_eq!(line.used(1, month).by_line, yen(charged), "{rule} in {month}");
        }
    }
}

#[test]
fn a_cancellation_keeps_its_order_and_its_receipt() {
    let line =
        subscribed().when(cancel(1, 1)).at("2026-11-23T21:00:00").then([Event::ContractEnded {
            contract: contract(1),
            passport: PassportNumber(1),
            provider: "a-sha".parse().expect("a provider"),
            service: "pack".parse().expect("a service"),
            reason: EndReason::Customer,
            last_charge_month: "2026-11".parse().expect("a month"),
            receipt: Some(receipt(NEXT_SERIAL)),
            reference: Some("cancel-1".parse().expect("a reference")),
        }]);
    let end = line.line().contracts[&contract(1)].end.expect("ended");
    assert_eq!((end.at, end.reason), (instant("2026-11-23T21:00:00"), EndReason::Customer));
}

#[test]
fn only_the_id_that_bought_may_cancel_r_124() {
    subscribed().when(cancel(2, 1)).then_refused(Refusal::AnotherIdsContract);
    subscribed().when(cancel(3, 1)).then_refused(Refusal::UnknownPassport);
    // Renamed, it is the same ID.
    let renamed = Event::PassportRenamed { passport: PassportNumber(1), name: row(50) };
    subscribed().and([renamed]).when(cancel(1, 1)).then([cancelled(1)]);
}

#[test]
fn the_same_string_registered_again_is_another_id_r_124() {
    // A store should not give the string out again; the contract would not follow it.
    let again = Event::PassportRegistered {
        passport: PassportNumber(3),
        name: row(3),
        credential: row(60),
        applicant: row(61),
        limit: yen(1_000),
        line_authentication: true,
        active_from: None,
    };
    subscribed()
        .and([deleted(1), again])
        .when(cancel(3, 1))
        .then_refused(Refusal::AnotherIdsContract)
        .when(cancel(1, 1))
        .then_refused(Refusal::UnknownPassport);
}

#[test]
fn what_is_not_there_cannot_be_cancelled_r_032() {
    let per_use = bought(2, &once(1, "anime-1", 300));
    let elsewhere = Cancel { provider: "b-sha".parse().expect("a provider"), ..cancel(1, 1) };
    let line = subscribed().and([per_use]);
    let line = line.when(cancel(1, 3)).then_refused(Refusal::UnknownContract);
    let line = line.when(cancel(1, 2)).then_refused(Refusal::PerUsePurchase);
    line.when(elsewhere).then_refused(Refusal::UnknownContract);
}

#[test]
fn another_providers_contract_is_unknown_to_whoever_asks() {
    // The same answer for the owner, another ID and an ended contract: nothing is told.
    let elsewhere = |id| Cancel { provider: "b-sha".parse().expect("one"), ..cancel(id, 1) };
    for id in [1, 2] {
        subscribed().when(elsewhere(id)).then_refused(Refusal::UnknownContract);
        let over = subscribed().and([cancelled(1)]);
        over.when(elsewhere(id)).then_refused(Refusal::UnknownContract);
    }
}

#[test]
fn what_ended_is_not_ended_again() {
    let line = subscribed().when(cancel(1, 1)).at("2026-11-20T10:00:00").then([cancelled(1)]);
    let over = Refusal::ContractEnded { last_charge_month: "2026-11".parse().expect("a month") };
    let line = line.when(cancel(1, 1)).at("2026-12-20T10:00:00").then_refused(over.clone());
    let line = line.when(Command::EndContract(contract(1))).then_refused(over.clone());
    // An event that came in twice would not move the end.
    let line = line.and_at("2027-01-20T10:00:00", [ended(1, EndReason::Operator)]);
    let end = line.line().contracts[&contract(1)].end.expect("ended");
    assert_eq!((end.at, end.reason), (instant("2026-11-20T10:00:00"), EndReason::Customer));
}

#[test]
fn a_stop_leaves_cancelling_open_r_149() {
    let line = subscribed().and([raised(Barrier::CompanyStop)]);
    assert_eq!(line.live_contracts(), [1]);
    let line = line
        .when(monthly(1, "other", 1))
        .at("2026-11-20T10:00:00")
        .then_refused(Refusal::Stopped { since: instant(BOUGHT) });
    line.when(cancel(1, 1)).at("2026-11-20T10:00:00").then([cancelled(1)]);
}

#[test]
fn cancelling_is_bound_to_the_line_too_r_180() {
    subscribed().when(cancel(1, 1)).from(FOREIGN).then_refused(Refusal::ForeignLine);
    subscribed().when(cancel(1, 1)).from("").then_refused(Refusal::ForeignLine);
    let off = || subscribed().and([line_authentication(1, false)]);
    off().when(cancel(1, 1)).from(FOREIGN).then([cancelled(1)]);
    let asked = Cancel { require_line: true, ..cancel(1, 1) };
    off().when(asked.clone()).from(FOREIGN).then_refused(Refusal::LineNotChecked);
    given(opened(LineService::HikariPremium))
        .and([registered(1, 10_000), bought(1, &monthly(1, "pack", 500))])
        .when(asked)
        .then_refused(Refusal::LineNotChecked);
}

#[test]
fn a_login_that_is_over_cancels_nothing() {
    let stale = LoggedIn { passport: PassportNumber(1), epoch: 7 };
    subscribed().when(Cancel { login: stale, ..cancel(1, 1) }).then_refused(Refusal::LoginOver);
    subscribed().and([deleted(1)]).when(cancel(1, 1)).then_refused(Refusal::UnknownPassport);
}

#[test]
fn without_a_receipt_number_nothing_is_cancelled() {
    subscribed().when(cancel(1, 1)).without_receipt().then_refused(Refusal::NoReceiptNumber);
}

#[test]
fn an_operator_ends_one_contract_without_a_receipt_r_149() {
    let line = subscribed().and([bought(2, &monthly(2, "pack", 500))]);
    let line = line.when(Command::EndContract(contract(3))).then_refused(Refusal::UnknownContract);
    let line = line
        .when(Command::EndContract(contract(1)))
        .from("")
        .without_receipt()
        .then([ended(1, EndReason::Operator)]);
    assert_eq!(line.live_contracts(), [2]);
}

#[test]
fn no_later_month_is_charged_than_the_page_said_r_126_r_017() {
    // Bought in November; the page was opened on the 1st of December and said November.
    let agreed = |text: &str| Cancel { agreed_last_month: Some(month(text)), ..cancel(1, 1) };
    let press = |agreed_to: &str, at: &str| subscribed().when(agreed(agreed_to)).at(at);
    press("2026-11", "2026-12-01T23:59:59").then_accepted();
    let now = month("2026-12");
    press("2026-11", "2026-12-02T00:00:00").then_refused(Refusal::MonthTurned { now });
    press("2026-12", "2026-12-02T00:00:00").then_accepted();
}
