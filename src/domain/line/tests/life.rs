//! A line's life in operators' hands: transfers, the billing number (R-041,
//! R-042), the access key, holds, the company's stop.

use super::language::*;
use crate::domain::{
    calendar::Month,
    charge,
    ids::PassportNumber,
    line::{
        Command, EndReason, Event, LineService, Refusal, RowRef,
        command::{ChangeBilling, NewRecord, StopCause, UpdateLine},
        event::{Barrier, BillingRoute, LineEndCause},
        may_buy,
    },
    transfer::{BillingChange, Fate, Transfer},
};

/// A household of this service with a monthly contract since 10 November.
fn household_of(service: LineService) -> Given {
    given(opened(service))
        .and([registered(1, 10_000), registered(2, 10_000)])
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 525))])
}

fn charged_months(line: &Given) -> Vec<Month> {
    let contract = &line.line().contracts[&contract(1)];
    let months = ["2026-11", "2026-12", "2027-01"].map(month);
    months.into_iter().filter(|month| charge::is_charged(contract, *month)).collect()
}

/// All 24 cells on 2026-12-15, for a line that holds a monthly contract since November.
#[test]
fn each_cell_of_the_transfer_table_keeps_ends_or_is_refused_r_160_to_r_168() {
    let mut kept = 0;
    let mut over = 0;
    let mut refused = 0;
    let services = [LineService::HikariNext, LineService::HikariLight, LineService::HikariPremium];
    let columns = Transfer::ALL.into_iter().filter(|one| *one != Transfer::MoveToNttEast);
    for (service, transfer) in columns.flat_map(|column| services.map(|service| (service, column)))
    {
        let asked =
            household_of(service).when(Command::Transfer(transfer)).at("2026-12-15T10:00:00");
        match transfer.fate(service) {
            Fate::Continues => {
                let line = asked.then([Event::TransferContinued { transfer }]);
                assert_eq!(line.live_contracts(), [1], "{service:?} {transfer:?}");
                assert!(line.line().ended.is_none());
                assert_eq!(line.line().live_passports().count(), 2);
                kept += 1;
            }
            Fate::Ends(cause) => {
                let line = asked.then([
                    ended(1, EndReason::LineEnded),
                    deleted(1),
                    deleted(2),
                    Event::NetworksSet { networks: Vec::new() },
                    Event::LineEnded { cause },
                ]);
                // December is charged, January is not.
                assert_eq!(charged_months(&line), ["2026-11", "2026-12"].map(month));
                assert_eq!(line.line().live_passports().count(), 0);
                assert!(line.line().networks.is_empty());
                assert_eq!(line.line().portal_epoch, 1, "sessions are over (R-168)");
                assert!(line.line().passports.values().all(|id| id.epoch > 0));
                line.when(registration()).then_refused(Refusal::LineEnded);
                over += 1;
            }
            Fate::Impossible => {
                asked.then_refused(Refusal::ImpossibleTransfer);
                refused += 1;
            }
        }
    }
    assert_eq!((kept, over, refused), (7, 15, 2));
}

#[test]
fn a_transfer_on_the_first_spares_that_month_r_017_r_166() {
    let line = household_of(LineService::HikariNext)
        .when(Command::Transfer(Transfer::Succession))
        .at("2026-12-01T10:00:00")
        .then_accepted();
    assert_eq!(charged_months(&line), ["2026-11"].map(month));
}

#[test]
fn a_restriction_is_carried_over_a_transfer_that_keeps_the_line_r_150_r_161() {
    let line = household_of(LineService::HikariNext)
        .and([raised(Barrier::CustomerRestriction)])
        .when(Command::Transfer(Transfer::MoveKeepingId))
        .then_accepted();
    assert!(line.line().barriers.restriction.is_some());
}

#[test]
fn a_line_that_ended_ends_once() {
    let line = household().when(Command::Transfer(Transfer::Termination)).then_accepted();
    line.when(Command::Transfer(Transfer::Termination)).then_refused(Refusal::LineEnded);
}

fn billing(change: BillingChange, continues: bool) -> Command {
    let (same_name_and_place, record) = (true, None);
    Command::ChangeBilling(ChangeBilling { change, continues, same_name_and_place, record })
}

#[test]
fn each_row_of_the_billing_table_does_what_the_configuration_says_r_041_r_042() {
    let rows = [
        (BillingChange::PhoneNumberChanged, BillingRoute::Telephone),
        (BillingChange::BilledNumberChanged, BillingRoute::Telephone),
        (BillingChange::CustomerNumber00, BillingRoute::CustomerNumber),
        (BillingChange::BulkBilling, BillingRoute::Bulk),
        (BillingChange::NoRingingService, BillingRoute::Telephone),
    ];
    for (change, route) in rows {
        let asked = household_of(LineService::HikariNext).when(billing(change, true));
        let line = asked.then_accepted();
        assert_eq!((line.line().billing, line.live_contracts()), (route, vec![1]), "{change:?}");
        assert!(line.line().barriers.none());

        // 利用不可: contracts end, purchases stop, the IDs stay.
        let line =
            household_of(LineService::HikariNext).when(billing(change, false)).then_accepted();
        assert_eq!(line.line().billing, route, "{change:?}");
        assert!(line.live_contracts().is_empty());
        let end = line.line().contracts[&contract(1)].end.expect("ended");
        assert_eq!(end.reason, EndReason::Operator, "what the provider is told");
        assert_eq!(line.line().live_passports().count(), 2);
        let since = line.line().barriers.unbillable.expect("barred");
        let asked = monthly(1, "pack", 525);
        let refused = may_buy(line.line(), &asked, &facts(instant("2026-11-11T00:00:00")));
        assert_eq!(refused.err(), Some(Refusal::Unbillable { since }));
        // A number that can be billed again lifts it; what ended stays ended.
        let line = line.when(billing(BillingChange::CustomerNumber00, true)).then_accepted();
        assert!(line.line().barriers.none() && line.live_contracts().is_empty());
    }
}

/// What was recorded between the reading of a record and its commit is not lost.
#[test]
fn a_record_that_was_made_from_another_one_is_refused() {
    let stands = household().line().rows.record;
    let of = |made_from| Some(NewRecord { row: row(9), made_from });
    for change in [
        Command::ChangeBilling(ChangeBilling {
            change: BillingChange::PhoneNumberChanged,
            continues: true,
            same_name_and_place: true,
            record: of(row(8)),
        }),
        Command::UpdateLine(Box::new(UpdateLine { record: of(row(8)), ..UpdateLine::default() })),
    ] {
        household().when(change).then_refused(Refusal::RecordChanged);
    }
    let update = UpdateLine { record: of(stands), ..UpdateLine::default() };
    let line = household().when(Command::UpdateLine(Box::new(update)));
    line.then([Event::RecordReplaced { record: row(9) }]);
}

#[test]
fn row_2_is_for_the_same_name_at_the_same_place_alone_r_041() {
    let (continues, same_name_and_place) = (true, false);
    let made_from = household().line().rows.record;
    let record = Some(NewRecord { row: row(9), made_from });
    for change in BillingChange::ALL {
        let asked = ChangeBilling { change, continues, same_name_and_place, record };
        let asked = household().when(Command::ChangeBilling(asked));
        if change == BillingChange::BilledNumberChanged {
            asked.then_refused(Refusal::AnotherNameOrPlace);
        } else {
            let line = asked.then_accepted();
            assert_eq!(line.line().rows.record, row(9));
        }
    }
}

#[test]
fn another_access_key_ends_what_the_old_one_opened() {
    let key: RowRef = row(40);
    let line = household()
        .when(Command::ResetAccessKey(key))
        .then([Event::AccessKeySet { access_key: key }, Event::SessionsEnded { passport: None }]);
    assert_eq!((line.line().rows.access_key, line.line().portal_epoch), (key, 1));
}

#[test]
fn the_desk_releases_holds_of_ids_that_exist() {
    let release = |number| Command::ReleaseHolds(Some(PassportNumber(number)));
    household().when(release(1)).then([Event::HoldReleased { passport: Some(PassportNumber(1)) }]);
    household().when(release(3)).then_refused(Refusal::UnknownPassport);
    household().when(Command::ReleaseHolds(None)).then([Event::HoldReleased { passport: None }]);
}

#[test]
fn use_is_stopped_for_an_unpaid_bill_from_the_day_after_it_was_due_r_182() {
    let due = "2026-12-31".parse().expect("a day");
    let november = month("2026-11");
    let overdue = || {
        household_of(LineService::HikariNext)
            .and_at("2026-12-02T10:00:00", [billed("2026-11", 1, 1, vec![item(1, "a-sha", 525)])])
            .and_at("2027-01-05T10:00:00", [Event::OverdueReported { month: november, due }])
    };
    let stop = || Command::StopUse(StopCause::Overdue(november));
    overdue().when(stop()).at("2026-12-31T23:59:59").then_refused(Refusal::NotPastDue { due });
    let line = overdue().when(stop()).at("2027-01-01T00:00:00").then_accepted();
    // Contracts go on, and the household may still cancel them.
    assert_eq!(line.live_contracts(), [1]);
    line.when(cancel(1, 1)).then_accepted();
    let settled = overdue().and([Event::OverdueSettled { month: november }]);
    settled.when(stop()).then_refused(Refusal::NotOverdue { month: november });
    household().when(stop()).then_refused(Refusal::NotOverdue { month: november });
    household().when(Command::StopUse(StopCause::Misuse)).then([raised(Barrier::CompanyStop)]);
}

#[test]
fn a_transfer_tells_why_a_line_ended() {
    for (transfer, cause) in [
        (Transfer::MoveWithNewId, LineEndCause::Moved),
        (Transfer::ItemChangeWithNewId, LineEndCause::ItemChanged),
        (Transfer::MenuChange, LineEndCause::MenuChanged),
        (Transfer::MoveToNttEast, LineEndCause::Terminated),
        (Transfer::Succession, LineEndCause::Transferred),
    ] {
        let line = household().when(Command::Transfer(transfer)).then_accepted();
        assert_eq!(line.line().ended.map(|end| end.cause), Some(cause));
    }
}
