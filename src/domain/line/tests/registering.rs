//! Opening a line and registering passport IDs.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Command, Event, LineService, Refusal,
        event::{Barrier, LineEndCause},
    },
};

fn new_id(passport: u32, limit: u64, line_authentication: bool) -> Event {
    Event::PassportRegistered {
        passport: PassportNumber(passport),
        name: row(30),
        credential: row(31),
        applicant: row(32),
        limit: yen(limit),
        line_authentication,
        active_from: None,
    }
}

#[test]
fn a_line_is_opened_once_whatever_its_service() {
    for service in LineService::ALL {
        given_nothing()
            .when(opening(service))
            .then(opened(service))
            .when(opening(service))
            .then_refused(Refusal::LineAlreadyOpen);
    }
}

#[test]
fn a_line_that_is_not_there_answers_nothing() {
    given_nothing().when(registration()).then_refused(Refusal::UnknownLine);
    given_nothing().when(monthly(1, "pack", 500)).then_refused(Refusal::UnknownLine);
    given_nothing().when(cancel(1, 1)).then_refused(Refusal::UnknownLine);
}

#[test]
fn a_line_that_ended_answers_nothing_r_162() {
    let over = || household().and([Event::LineEnded { cause: LineEndCause::Transferred }]);
    over().when(registration()).then_refused(Refusal::LineEnded);
    over().when(monthly(1, "pack", 500)).then_refused(Refusal::LineEnded);
    over().when(cancel(1, 1)).then_refused(Refusal::LineEnded);
    over().when(opening(LineService::HikariNext)).then_refused(Refusal::LineAlreadyOpen);
}

#[test]
fn who_may_have_ids_and_buy_r_004_r_005_r_082() {
    // Service, eligible, line authentication of a new ID.
    let table = [
        (LineService::HikariNext, true, true),
        (LineService::HikariLight, true, true),
        (LineService::HikariPremium, true, false),
        (LineService::BFlets, false, false),
        (LineService::FletsAdsl, false, false),
        (LineService::FletsIsdn, false, false),
    ];
    assert_eq!(table.map(|(service, ..)| service), LineService::ALL);
    for (service, eligible, line_authentication) in table {
        let line = given(opened(service));
        if eligible {
            line.when(registration())
                .then([new_id(1, 10_000, line_authentication)])
                .when(monthly(1, "pack", 500))
                .then_accepted();
        } else {
            line.when(registration())
                .then_refused(Refusal::IneligibleLine)
                .and([registered(1, 10_000)])
                .when(monthly(1, "pack", 500))
                .then_refused(Refusal::IneligibleLine);
        }
    }
}

#[test]
fn five_ids_and_no_sixth_r_010() {
    let four = given(opened(LineService::HikariNext)).and((1..=4).map(|id| registered(id, 1000)));
    let five = four.when(registration()).then([new_id(5, 10_000, true)]);
    let five = five.when(registration()).then_refused(Refusal::TooManyPassports { allowed: 5 });
    five.when(registration()).with_passports_per_line(6).then_accepted();
}

#[test]
fn a_deleted_id_leaves_its_place_but_not_its_number_r_010_r_107() {
    given(opened(LineService::HikariNext))
        .and((1..=5).map(|id| registered(id, 1000)))
        .and([deleted(5)])
        .when(registration())
        .then([new_id(6, 10_000, true)]);
}

#[test]
fn no_new_id_while_anything_bars_new_use_r_079_r_146() {
    let since = instant(START);
    let table = [
        (Barrier::CustomerRestriction, Refusal::Restricted { since }),
        (Barrier::CompanyStop, Refusal::Stopped { since }),
        (Barrier::Unbillable, Refusal::Unbillable { since }),
    ];
    for (barrier, refusal) in table {
        household()
            .and([raised(barrier)])
            .when(registration())
            .then_refused(refusal)
            .when(Command::LiftBarrier(barrier))
            .then([lifted(barrier)])
            .when(registration())
            .then_accepted();
    }
}

#[test]
fn a_new_id_starts_with_the_default_or_what_the_line_has_left_r_081() {
    // The other IDs' limits, the new one's.
    let table: [(&[u64], u64); 6] = [
        (&[], 10_000),
        (&[10_000], 10_000),
        (&[10_001], 9_999),
        (&[15_000], 5_000),
        (&[10_000, 10_000], 0),
        (&[200, 2_000], 10_000),
    ];
    for (others, limit) in table {
        let others = (1..).zip(others).map(|(id, limit)| registered(id, *limit));
        let line = given(opened(LineService::HikariNext)).and(others);
        let number = u32::try_from(line.line().passports.len()).expect("few") + 1;
        line.when(registration()).then([new_id(number, limit, true)]);
    }
}

#[test]
fn a_deleted_ids_limit_is_free_again_r_081() {
    household().and([deleted(1)]).when(registration()).then([new_id(3, 10_000, true)]);
}

#[test]
fn an_id_that_is_not_active_yet_buys_nothing_r_065_r_078() {
    let line = given(opened(LineService::HikariNext))
        .when(registration())
        .with_activation_delay_s(24 * 60 * 60)
        .then_accepted();
    let line = line
        .when(monthly(1, "pack", 500))
        .at("2026-11-02T08:59:59.999999")
        .then_refused(Refusal::NotYetActive);
    line.when(monthly(1, "pack", 500)).at("2026-11-02T09:00:00").then_accepted();
}
