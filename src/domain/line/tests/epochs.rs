//! What ends whose logins: a new password and a deletion the ID's own, a restriction those of all
//! IDs, a transfer everything, and nothing else anybody's (architecture: Sealed, not stored; R-168).

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Event,
        event::{Barrier, LineEndCause},
    },
};

const ID: PassportNumber = PassportNumber(1);

/// By how much the epochs of ID 1, of ID 2 and of the portal rise.
fn risen(event: Event) -> (u32, u32, u32) {
    let line = household().and([bought(1, &monthly(1, "pack", 500))]).and([event]);
    let line = line.line();
    let epoch = |number| line.passports[&PassportNumber(number)].epoch;
    (epoch(1), epoch(2), line.portal_epoch)
}

#[test]
fn each_event_ends_the_logins_it_should_and_no_others() {
    let password = |rehash| Event::PasswordSet { passport: ID, credential: row(9), rehash };
    let transfer = |cause| Event::LineEnded { cause };
    let table = [
        (password(false), (1, 0, 0)),
        (password(true), (0, 0, 0)),
        (deleted(1), (1, 0, 0)),
        (Event::SessionsEnded { passport: Some(ID) }, (1, 0, 0)),
        (Event::SessionsEnded { passport: None }, (0, 0, 1)),
        (transfer(LineEndCause::Moved), (1, 1, 1)),
        (transfer(LineEndCause::Terminated), (1, 1, 1)),
        (transfer(LineEndCause::Transferred), (1, 1, 1)),
        (Event::PassportRenamed { passport: ID, name: row(9) }, (0, 0, 0)),
        (Event::ApplicantSet { passport: ID, applicant: row(9) }, (0, 0, 0)),
        (line_authentication(1, false), (0, 0, 0)),
        (limit_set(1, 1), (0, 0, 0)),
        (raised(Barrier::CompanyStop), (0, 0, 0)),
        (raised(Barrier::Unbillable), (0, 0, 0)),
        (lifted(Barrier::CustomerRestriction), (0, 0, 0)),
        (cancelled(1), (0, 0, 0)),
        (Event::AccessKeySet { access_key: row(9) }, (0, 0, 0)),
        (Event::NetworksSet { networks: Vec::new() }, (0, 0, 0)),
    ];
    for (event, expected) in table {
        assert_eq!(risen(event.clone()), expected, "{event:?}");
    }
}

#[test]
fn a_restriction_ends_the_logins_of_all_ids_and_leaves_the_portal() {
    use crate::domain::line::Command;
    let line = household().when(Command::RaiseBarrier(Barrier::CustomerRestriction));
    let line = line.then_accepted();
    let epochs: Vec<u32> = line.line().passports.values().map(|id| id.epoch).collect();
    assert_eq!((epochs, line.line().portal_epoch), (vec![1, 1], 0));
}
