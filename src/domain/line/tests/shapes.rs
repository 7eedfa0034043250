//! The stored shapes are final: committed samples of each are read and written back to the byte,
//! since a block's hash stands over these bytes.
//!
//! A sample is never changed. Where an event gains a field, it gains a new sample beside the old
//! ones, and the field a default under which the old ones are still written as they were.

use super::language::*;
use crate::domain::line::{
    By, EndReason, Entry, Event, LineService, RowRef,
    event::{Barrier, BillingRoute, LineEndCause},
    replay,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fmt::Debug};

/// One event a line.
const EVENTS: &str = include_str!("event_samples.jsonl");
/// One entry a line: one for each kind of asker.
const ENTRIES: &str = include_str!("entry_samples.jsonl");

/// Names the variants of an enum in one place: a variant that is missing does not compile, and
/// one without a sample fails the test.
macro_rules! variants {
    ($all:ident, $name_of:ident, $enum:ident: $($variant:ident)*) => {
        const $all: &[&str] = &[$(stringify!($variant)),*];
        const fn $name_of(value: &$enum) -> &'static str {
            match value { $($enum::$variant { .. } => stringify!($variant)),* }
        }
    };
}

variants!(EVENT_VARIANTS, event_name, Event:
    LineOpened RecordReplaced AccessKeySet NetworksSet LineLimitSet BillingSet PassportRegistered
    PassportRenamed PasswordSet ApplicantSet LineAuthenticationSet PassportLimitSet
    PassportDeleted Purchased ContractEnded BarrierRaised BarrierLifted SessionsEnded
    SignedInFromNewPlace PortalSessionOpened PortalSessionEnded HoldPlaced HoldReleased
    MonthClosed Corrected
    OverdueReported OverdueSettled CollectionStopped Disclosed InquiryReceived TransferContinued
    LineEnded PersonalRowsErased);

variants!(BY_VARIANTS, by_name, By: Passport Customer Operator System);

/// Reads each line, writes it back and compares the bytes.
fn read_back<T: Serialize + DeserializeOwned>(samples: &str) -> Vec<T> {
    let samples = samples.lines().filter(|line| !line.is_empty());
    samples
        .map(|sample| {
            let value: T = serde_json::from_str(sample)
                .unwrap_or_else(|fault| panic!("no longer read: {fault}: {sample}"));
            assert_eq!(serde_json::to_string(&value).expect("writes"), sample);
            value
        })
        .collect()
}

#[test]
fn every_event_has_a_sample_that_reads_and_writes_to_the_byte() {
    let events: Vec<Event> = read_back(EVENTS);
    let sampled: BTreeSet<&str> = events.iter().map(event_name).collect();
    assert_eq!(sampled, EVENT_VARIANTS.iter().copied().collect());
}

#[test]
fn every_kind_of_entry_has_a_sample_that_reads_and_writes_to_the_byte() {
    let entries: Vec<Entry> = read_back(ENTRIES);
    let sampled: BTreeSet<&str> = entries.iter().map(|entry| by_name(&entry.by)).collect();
    assert_eq!(sampled, BY_VARIANTS.iter().copied().collect());
    let line = entries.iter().fold(None, replay).expect("the entries make a line");
    assert_eq!(line.passports.len(), 1);
    assert_eq!(line.contracts.len(), 1);
}

#[test]
fn the_words_of_the_shapes_are_final() {
    fn words<T: Serialize + DeserializeOwned + PartialEq + Debug>(table: &[(T, &str)]) {
        for (value, word) in table {
            let json = format!("\"{word}\"");
            assert_eq!(serde_json::to_string(value).expect("writes"), json);
            assert_eq!(serde_json::from_str::<T>(&json).expect("reads"), *value);
        }
    }
    words(&[
        (LineService::HikariNext, "hikari_next"),
        (LineService::HikariLight, "hikari_light"),
        (LineService::HikariPremium, "hikari_premium"),
        (LineService::BFlets, "b_flets"),
        (LineService::FletsAdsl, "flets_adsl"),
        (LineService::FletsIsdn, "flets_isdn"),
    ]);
    words(&[
        (Barrier::CustomerRestriction, "customer_restriction"),
        (Barrier::CompanyStop, "company_stop"),
        (Barrier::Unbillable, "unbillable"),
    ]);
    words(&[
        (EndReason::Customer, "customer"),
        (EndReason::Restriction, "restriction"),
        (EndReason::PassportDeleted, "passport_deleted"),
        (EndReason::LineEnded, "line_ended"),
        (EndReason::Operator, "operator"),
    ]);
    words(&[
        (BillingRoute::Telephone, "telephone"),
        (BillingRoute::CustomerNumber, "customer_number"),
        (BillingRoute::Combined, "combined"),
        (BillingRoute::Bulk, "bulk"),
    ]);
    words(&[
        (LineEndCause::Moved, "moved"),
        (LineEndCause::ItemChanged, "item_changed"),
        (LineEndCause::MenuChanged, "menu_changed"),
        (LineEndCause::Terminated, "terminated"),
        (LineEndCause::Transferred, "transferred"),
    ]);
}

#[test]
fn a_commitment_is_64_hexadecimal_digits_and_nothing_else() {
    let read = |commitment: &str| {
        serde_json::from_str::<RowRef>(&format!(r#"{{"row":1,"commitment":"{commitment}"}}"#))
    };
    assert_eq!(read(&"07".repeat(32)).expect("reads"), row(1));
    for wrong in ["", "07", &"07".repeat(33), &"0g".repeat(32), &"+7".repeat(32), &"é".repeat(32)]
    {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_line_survives_json_and_rows_are_numbered_on() {
    let line = household().and([bought(1, &monthly(1, "pack", 500)), cancelled(1)]);
    let line = line.and([bought(2, &once(1, "anime-1", 300)), raised(Barrier::CompanyStop)]);
    let json = serde_json::to_string(line.line()).expect("writes");
    assert_eq!(
        serde_json::from_str::<crate::domain::line::Line>(&json).expect("reads"),
        *line.line()
    );
    assert_eq!(line.line().next_row, 9);
}

#[test]
fn events_before_the_opening_change_nothing() {
    assert!(given([registered(1, 1), bought(1, &monthly(1, "pack", 500))]).is_absent());
}
