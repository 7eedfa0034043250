//! Which personal rows have served their term.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{By, Command, Entry, Event, LineService, command::EraseRows, event::LineEndCause},
    retention::{DataClass, Inventory, Terms},
};

const TERMS: Terms =
    Terms { ended_line_days: 1_825, replaced_days: 365, sign_in_days: 180, inquiry_days: 365 };

struct History {
    line: Given,
    inventory: Inventory,
}

impl History {
    fn new() -> Self {
        let (line, inventory) = (given_nothing(), Inventory::default());
        let opened = opened(LineService::HikariNext).into_iter().chain([registered(1, 10_000)]);
        Self { line, inventory }.at(START, opened)
    }

    fn at(mut self, japan: &str, events: impl IntoIterator<Item = Event>) -> Self {
        let events: Vec<Event> = events.into_iter().collect();
        let (at, by) = (instant(japan), By::System);
        self.inventory.take(&Entry { at, by, request_id: None, events: events.clone() });
        self.line = self.line.and_at(japan, events);
        self
    }

    fn due(&self, japan: &str) -> Vec<(u32, DataClass)> {
        self.inventory.due(self.line.line(), TERMS, instant(japan))
    }
}

#[test]
fn a_living_line_keeps_what_it_uses_and_loses_what_it_used_once_r_188() {
    let history = History::new().at(
        "2026-11-02T09:00:00",
        [
            Event::ApplicantSet { passport: PassportNumber(1), applicant: row(10) },
            Event::InquiryReceived { inquiry: row(11) },
            Event::SignedInFromNewPlace { passport: None, sign_in: row(12) },
        ],
    );
    assert_eq!(history.due("2026-11-03T09:00:00"), []);
    assert_eq!(history.due("2027-05-01T09:00:00"), [(12, DataClass::SignIn)]);
    let later = history.due("2027-11-02T09:00:00");
    let expected = [(5, DataClass::Applicant), (11, DataClass::Inquiry), (12, DataClass::SignIn)];
    assert_eq!(later, expected, "the former applicant's row is 5");
    let rows = later.iter().map(|(row, _)| *row).collect();
    let history = history.at("2027-11-02T09:00:00", [Event::PersonalRowsErased { rows }]);
    assert_eq!(history.due("2040-01-01T09:00:00"), []);
    assert!(history.line.line().inquiries.is_empty());
}

#[test]
fn a_row_that_went_with_its_successor_is_not_erased_again_r_188() {
    let opened = Event::PortalSessionOpened {
        session: 1,
        expires_at: instant("2026-11-03T09:00:00"),
        origin: Some(row(10)),
    };
    let (passport, rehash) = (PassportNumber(1), false);
    let history = History::new().at("2026-11-02T09:00:00", [opened]).at(
        "2026-11-02T10:00:00",
        [
            Event::PortalSessionEnded { session: 1 },
            Event::AccessKeySet { access_key: row(11) },
            Event::PasswordSet { passport, credential: row(12), rehash },
        ],
    );
    assert_eq!(history.due("2040-01-01T09:00:00"), []);
    // Of a deleted ID the applicant and the hash go; its string explains its bills.
    let history = history.at("2026-11-03T09:00:00", [Event::PassportDeleted { passport }]);
    assert_eq!(history.due("2027-11-03T08:59:59"), []);
    let gone = [(5, DataClass::Applicant), (12, DataClass::Credential)];
    assert_eq!(history.due("2027-11-03T09:00:00"), gone);
}

#[test]
fn an_ended_line_is_erased_whole_after_its_term_once_it_is_billed_and_paid_r_188() {
    let end = Event::LineEnded { cause: LineEndCause::Transferred };
    let history = History::new()
        .at("2026-11-10T09:00:00", [bought(1, &once(1, "anime-1", 300))])
        .at("2026-11-20T09:00:00", [end]);
    // November is not billed yet.
    assert_eq!(history.due("2036-01-01T09:00:00"), []);
    let history = history.at("2026-12-02T09:00:00", [billed("2026-11", 1, 1, vec![])]);
    assert_eq!(history.due("2031-11-19T08:59:59"), []);
    let rows: Vec<u32> = history.due("2031-11-19T09:00:00").iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [0, 1, 3, 4, 5]);
    let due = "2026-12-31".parse().expect("a day");
    let unpaid = Event::OverdueReported { month: month("2026-11"), due };
    let history = history.at("2027-01-05T09:00:00", [unpaid]);
    assert_eq!(history.due("2036-01-01T09:00:00"), [], "an unpaid bill keeps it");
}

fn erase(rows: &[u32], of_settled_line: bool) -> Command {
    Command::EraseRows(EraseRows { rows: rows.to_vec(), of_settled_line })
}

/// What was due when the line was looked at may not be so when the rows go.
#[test]
fn rows_that_are_no_longer_due_stay_r_188() {
    // The record, the access key, and what an ID that lives is known by are in use.
    for used in [0, 1] {
        household().when(erase(&[used, 11], false)).then([]);
    }
    let end = Event::LineEnded { cause: LineEndCause::Transferred };
    household().when(erase(&[0, 1], true)).then([]);
    let ended = || household().and_at("2026-11-20T09:00:00", [end.clone()]);
    let erased = Event::PersonalRowsErased { rows: vec![0, 1] };
    ended().when(erase(&[0, 1], true)).then([erased]);
    let due = "2026-12-31".parse().expect("a day");
    let unpaid = Event::OverdueReported { month: month("2026-11"), due };
    ended().and_at("2027-01-05T09:00:00", [unpaid]).when(erase(&[0, 1], true)).then([]);
}

#[test]
fn erasing_is_an_event_that_names_rows_r_188() {
    let erased = Event::PersonalRowsErased { rows: vec![10, 11] };
    household().when(erase(&[10, 11], false)).then([erased]);
    household().when(erase(&[], false)).then([]);
}
