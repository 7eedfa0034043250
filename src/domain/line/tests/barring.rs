//! 利用規制, the company's stop, a line that cannot be billed, and
//! deleting an ID.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Command, EndReason, Event, Refusal,
        command::{LoggedIn, Purchase},
        event::Barrier,
    },
};

const RESTRICTION: Barrier = Barrier::CustomerRestriction;
const STOP: Barrier = Barrier::CompanyStop;
const UNBILLABLE: Barrier = Barrier::Unbillable;

/// IDs 1 and 2 with a contract each, and one that ended before.
fn subscribed() -> Given {
    household().and_at(
        "2026-11-10T10:00:00",
        [
            bought(1, &monthly(1, "pack", 500)),
            bought(2, &monthly(2, "pack", 500)),
            bought(3, &monthly(2, "anime", 300)),
            cancelled(3),
        ],
    )
}

const fn logins_ended(passport: u32) -> Event {
    Event::SessionsEnded { passport: Some(PassportNumber(passport)) }
}

/// The purchase, after a login that came after one ending of logins.
fn after_new_login(purchase: Purchase) -> Purchase {
    let login = LoggedIn { epoch: 1, ..purchase.login };
    Purchase { login, ..purchase }
}

#[test]
fn a_restriction_has_five_effects_r_143_to_r_147() {
    let since = instant("2026-12-01T12:00:00");
    let line =
        subscribed().when(Command::RaiseBarrier(RESTRICTION)).at("2026-12-01T12:00:00").then([
            raised(RESTRICTION),
            ended(1, EndReason::Restriction),
            ended(2, EndReason::Restriction),
            logins_ended(1),
            logins_ended(2),
        ]);
    // every service is cancelled, and on the 1st the month is spared.
    assert!(line.live_contracts().is_empty());
    assert_eq!(line.used(1, "2026-12").by_line, yen(0));
    assert_eq!(line.used(1, "2026-11").by_line, yen(1_300));
    // no purchase with any ID; the logins from before are over.
    let mut line = line.when(once(1, "anime-1", 300)).then_refused(Refusal::LoginOver);
    for id in [1, 2] {
        let purchase = after_new_login(once(id, "anime-1", 300));
        line = line.when(purchase).then_refused(Refusal::Restricted { since });
    }
    // no additional ID.
    let line = line.when(registration()).then_refused(Refusal::Restricted { since });
    // the IDs stand and are usable again; what was cancelled does not come back.
    assert_eq!(line.line().live_passports().count(), 2);
    let line = line
        .when(Command::LiftBarrier(RESTRICTION))
        .at("2026-12-20T12:00:00")
        .then([lifted(RESTRICTION)]);
    assert!(line.live_contracts().is_empty());
    let line = line.when(once(1, "anime-1", 300)).then_refused(Refusal::LoginOver);
    line.when(after_new_login(monthly(1, "pack", 500))).then_accepted();
}

#[test]
fn while_restricted_limits_and_settings_stay_usable_r_151() {
    let line = subscribed().and([raised(RESTRICTION)]);
    let limits = vec![(PassportNumber(1), yen(500))];
    let line = line.when(Command::SetPassportLimits(limits)).then([limit_set(1, 500)]);
    let off = Command::SetLineAuthentication { passport: PassportNumber(1), on: false };
    line.when(off).then([line_authentication(1, false)]);
}

#[test]
fn a_stop_ends_no_contract_and_no_login_r_149() {
    let line = subscribed().when(Command::RaiseBarrier(STOP)).then([raised(STOP)]);
    assert_eq!(line.live_contracts(), [1, 2]);
    let line = line.when(Command::LiftBarrier(STOP)).then([lifted(STOP)]);
    line.when(once(1, "anime-1", 300)).then_accepted();
}

#[test]
fn what_cannot_be_billed_ends_the_contracts_and_keeps_the_ids_r_042() {
    let line = subscribed().when(Command::RaiseBarrier(UNBILLABLE)).then([
        raised(UNBILLABLE),
        ended(1, EndReason::Operator),
        ended(2, EndReason::Operator),
    ]);
    assert!(line.live_contracts().is_empty());
    assert_eq!(line.line().live_passports().count(), 2);
    let since = instant("2026-11-10T10:00:00");
    let line = line.when(once(1, "anime-1", 300)).then_refused(Refusal::Unbillable { since });
    let line = line.when(Command::LiftBarrier(UNBILLABLE)).then([lifted(UNBILLABLE)]);
    assert!(line.live_contracts().is_empty());
    line.when(once(1, "anime-1", 300)).then_accepted();
}

#[test]
fn the_line_is_open_when_no_bar_is_left_r_149() {
    let since = instant("2026-11-10T10:00:00");
    let refusals = [
        (RESTRICTION, Refusal::Restricted { since }),
        (STOP, Refusal::Stopped { since }),
        (UNBILLABLE, Refusal::Unbillable { since }),
    ];
    for (lifted_first, _) in &refusals {
        for (left, refusal) in &refusals {
            if left == lifted_first {
                continue;
            }
            subscribed()
                .and([raised(*lifted_first), raised(*left)])
                .when(Command::LiftBarrier(*lifted_first))
                .then([lifted(*lifted_first)])
                .when(once(1, "anime-1", 300))
                .then_refused(refusal.clone())
                .when(Command::LiftBarrier(*left))
                .then([lifted(*left)])
                .when(once(1, "anime-1", 300))
                .then_accepted();
        }
    }
}

#[test]
fn the_customer_can_still_restrict_a_stopped_line_r_149() {
    subscribed().and([raised(STOP)]).when(Command::RaiseBarrier(RESTRICTION)).then([
        raised(RESTRICTION),
        ended(1, EndReason::Restriction),
        ended(2, EndReason::Restriction),
        logins_ended(1),
        logins_ended(2),
    ]);
}

#[test]
fn a_bar_is_raised_once_and_lifted_once() {
    for barrier in [RESTRICTION, STOP, UNBILLABLE] {
        subscribed()
            .when(Command::LiftBarrier(barrier))
            .then_refused(Refusal::NotBarred)
            .when(Command::RaiseBarrier(barrier))
            .then_accepted()
            .when(Command::RaiseBarrier(barrier))
            .then_refused(Refusal::BarredAlready)
            .when(Command::LiftBarrier(barrier))
            .then([lifted(barrier)])
            .when(Command::LiftBarrier(barrier))
            .then_refused(Refusal::NotBarred);
    }
}

#[test]
fn a_deleted_ids_logins_are_not_ended_twice() {
    subscribed().and([deleted(2)]).when(Command::RaiseBarrier(RESTRICTION)).then([
        raised(RESTRICTION),
        ended(1, EndReason::Restriction),
        ended(2, EndReason::Restriction),
        logins_ended(1),
    ]);
}

#[test]
fn deleting_an_id_ends_what_it_bought_and_nothing_else_r_106() {
    let line = subscribed()
        .when(Command::DeletePassport(PassportNumber(2)))
        .at("2026-11-20T10:00:00")
        .then([ended(2, EndReason::PassportDeleted), deleted(2)]);
    assert_eq!(line.live_contracts(), [1]);
    assert_eq!(line.used(2, "2026-11").by_passport, yen(800), "R-137: still on the bill");
    assert_eq!(line.used(2, "2026-12").by_passport, yen(0));
    let unknown = Refusal::UnknownPassport;
    let line = line.when(Command::DeletePassport(PassportNumber(2))).then_refused(unknown.clone());
    let line = line.when(Command::DeletePassport(PassportNumber(3))).then_refused(unknown.clone());
    line.when(after_new_login(once(2, "anime-1", 300))).then_refused(unknown);
}

#[test]
fn an_id_can_be_deleted_while_new_use_is_barred_r_104() {
    subscribed()
        .and([raised(STOP)])
        .when(Command::DeletePassport(PassportNumber(1)))
        .then([ended(1, EndReason::PassportDeleted), deleted(1)]);
}

#[test]
fn a_deletion_charges_its_month_but_for_the_first_r_106_r_016_r_017() {
    // When ID 2, which bought in November, is deleted; the last month it is charged for.
    for (at, last) in [
        ("2026-11-30T23:59:59", "2026-11"),
        ("2026-12-01T00:00:00", "2026-11"),
        ("2026-12-01T23:59:59", "2026-11"),
        ("2026-12-02T00:00:00", "2026-12"),
    ] {
        let deletion = subscribed().when(Command::DeletePassport(PassportNumber(2))).at(at);
        let events = deletion.answer().expect("accepted");
        let told = events.iter().find_map(|event| match event {
            Event::ContractEnded { last_charge_month, reason, .. } => {
                Some((*last_charge_month, *reason))
            }
            _ => None,
        });
        assert_eq!(told, Some((month(last), EndReason::PassportDeleted)), "{at}");
        let line = deletion.then_accepted();
        let december = if last == "2026-12" { 500 } else { 0 };
        assert_eq!(line.used(2, "2026-12").by_passport, yen(december), "{at}");
        assert_eq!(line.used(1, "2026-12").by_passport, yen(500), "{at}: the other ID's");
    }
}
