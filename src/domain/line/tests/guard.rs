//! Waits that survive a restart, and hashes made anew (details.md "Throttle").

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Command, Event, RowRef,
        command::{PlaceHold, UpgradeHash},
        guard::{HOLDS_OF_IDS_A_DAY, HOLDS_OF_SOURCES_A_DAY, Uptime},
    },
};

const ID: PassportNumber = PassportNumber(1);

fn hold(from: Option<&str>) -> PlaceHold {
    let from = from.map(|from| from.parse().expect("a network"));
    PlaceHold { passport: Some(ID), from, failures: 5, wait_s: 60, uptime: None }
}

fn placed(from: Option<&str>, until: &str) -> Event {
    let PlaceHold { passport, from, failures, .. } = hold(from);
    Event::HoldPlaced { passport, from, failures, until: instant(until), until_uptime: None }
}

/// The same by the machine's own clock, `micros` after its start.
fn placed_by(boot: u64, micros: u64, from: Option<&str>, until: &str) -> Event {
    let PlaceHold { passport, from, failures, .. } = hold(from);
    let until_uptime = Some(Uptime { boot, micros });
    Event::HoldPlaced { passport, from, failures, until: instant(until), until_uptime }
}

/// What is left of the waits at ID 1, in seconds.
fn left(given: &Given, now: &str) -> Vec<u64> {
    left_by(given, now, None)
}

fn left_by(given: &Given, now: &str, uptime: Option<Uptime>) -> Vec<u64> {
    let holds = given.line().holds.of(Some(ID), instant(now), uptime);
    holds.map(|(_, left)| left / 1_000_000).collect()
}

#[test]
fn a_hold_lasts_its_length_and_is_forgotten_when_it_is_over() {
    let from = Some("198.51.100.7/32");
    let command = Command::PlaceHold(hold(from));
    household().when(command).at("2026-11-23T21:00:00").then([placed(from, "2026-11-23T21:01:00")]);
    let held = household().and_at("2026-11-23T21:00:00", [placed(from, "2026-11-23T21:01:00")]);
    assert_eq!(left(&held, "2026-11-23T21:00:59"), [1]);
    assert_eq!(left(&held, "2026-11-23T21:01:00"), [0; 0]);
    // The same pair again takes its place; another is beside it.
    let held = held.and_at("2026-11-23T21:00:30", [placed(from, "2026-11-23T21:02:30")]);
    let held = held.and([placed(None, "2026-11-23T21:03:30")]);
    assert_eq!(left(&held, "2026-11-23T21:00:30"), [120, 180]);
}

#[test]
fn the_machines_own_clock_counts_and_a_changed_wall_clock_does_not_security_12() {
    let at_s = |boot, s: u64| Uptime { boot, micros: s * 1_000_000 };
    let command = PlaceHold { uptime: Some(at_s(7, 1_000)), ..hold(None) };
    let (start, until) = ("2026-11-23T21:00:00", "2026-11-23T21:01:00");
    let placed = || placed_by(7, 1_060_000_000, None, until);
    household().when(Command::PlaceHold(command)).at(start).then([placed()]);
    let held = household().and_at(start, [placed()]);
    for day in ["2026-11-22T21:00:00", start, "2026-11-24T21:00:00"] {
        assert_eq!(left_by(&held, day, Some(at_s(7, 1_050))), [10], "{day}");
        assert_eq!(left_by(&held, day, Some(at_s(7, 1_060))), [0; 0], "{day}");
    }
    // After the machine's next start the wall clock has to do.
    assert_eq!(left_by(&held, "2026-11-23T21:00:59", Some(at_s(8, 5))), [1]);
    assert_eq!(left_by(&held, "2026-11-24T21:00:00", Some(at_s(8, 5))), [0; 0]);
    // Under a clock that was set forward another wait ends none, and the same one takes its place.
    let other = placed_by(7, 1_110_000_000, Some("198.51.100.7/32"), "2026-11-24T21:01:00");
    let held = held.and_at("2026-11-24T21:00:00", [other]);
    assert_eq!(left_by(&held, "2026-11-24T21:00:00", Some(at_s(7, 1_050))), [10, 60]);
    let later = placed_by(7, 1_180_000_000, Some("198.51.100.8/32"), "2026-11-24T21:02:10");
    let held = held.and_at("2026-11-24T21:01:10", [later]);
    assert_eq!(left_by(&held, "2026-11-24T21:01:10", Some(at_s(7, 1_120))), [60]);
}

#[test]
fn a_new_password_and_the_desk_end_holds_and_a_rehash_does_not() {
    let held = || household().and([placed(None, "2026-12-01T00:00:00")]);
    let set = |rehash| Event::PasswordSet { passport: ID, credential: row(40), rehash };
    assert_eq!(left(&held().and([set(true)]), START).len(), 1);
    assert_eq!(left(&held().and([set(false)]), START).len(), 0);
    let released = |passport| Event::HoldReleased { passport };
    assert_eq!(left(&held().and([released(Some(ID))]), START).len(), 0);
    assert_eq!(left(&held().and([released(None)]), START).len(), 1);
}

#[test]
fn guesses_make_the_journal_grow_by_so_much_a_day() {
    let day = |given: Given, at: &str| {
        let kinds = [(Some("198.51.100.7/32"), HOLDS_OF_SOURCES_A_DAY), (None, HOLDS_OF_IDS_A_DAY)];
        kinds.into_iter().fold(given, |given, (from, most)| {
            let full = (0..most).fold(given, |given, _| given.and_at(at, [placed(from, at)]));
            full.when(Command::PlaceHold(hold(from))).then([])
        })
    };
    let given = day(household(), "2026-11-23T12:00:00");
    // The day's end is UTC's.
    day(given, "2026-11-24T12:00:00");
}

#[test]
fn nobody_is_held_at_an_id_that_does_not_exist() {
    let unknown = PlaceHold { passport: Some(PassportNumber(9)), ..hold(None) };
    household().when(Command::PlaceHold(unknown)).then([]);
    household().and([deleted(1)]).when(Command::PlaceHold(hold(None))).then([]);
}

#[test]
fn a_hash_is_made_anew_only_for_the_credential_that_was_verified() {
    let credential = |given: &Given| given.line().passports[&ID].rows.credential;
    let upgrade = |verified: RowRef| {
        Command::UpgradeHash(UpgradeHash { passport: Some(ID), verified, credential: row(50) })
    };
    let verified = credential(&household());
    let set = |rehash| Event::PasswordSet { passport: ID, credential: row(50), rehash };
    household().when(upgrade(verified)).then([set(true)]);
    // Changed, made anew by another login, or deleted meanwhile: left alone.
    for meanwhile in [set(false), set(true), deleted(1)] {
        household().and([meanwhile]).when(upgrade(verified)).then([]);
    }
    // Who logged in before goes on.
    let (before, after) = (household(), household().and([set(true)]));
    let standing = |given: &Given| {
        let id = &given.line().passports[&ID];
        (id.epoch, id.credential_version)
    };
    assert_eq!(standing(&before), standing(&after));
    assert_eq!(credential(&after), row(50));
}

#[test]
fn an_access_keys_hash_is_made_anew_only_while_it_is_the_one_that_was_verified() {
    let upgrade = |verified| {
        Command::UpgradeHash(UpgradeHash { passport: None, verified, credential: row(50) })
    };
    let set = Event::AccessKeySet { access_key: row(50) };
    let line = household().when(upgrade(row(1))).then([set]);
    line.when(upgrade(row(1))).then([]);
}

#[test]
fn waits_at_the_access_key_are_its_own() {
    let at_the_key = PlaceHold { passport: None, ..hold(Some("198.51.100.7/32")) };
    let line = household().when(Command::PlaceHold(at_the_key)).then_accepted();
    assert_eq!(left(&line, START), Vec::<u64>::new(), "none at ID 1");
    assert_eq!(line.line().holds.of(None, instant(START), None).count(), 1);
    let line = line.and([Event::AccessKeySet { access_key: row(60) }]);
    assert_eq!(line.line().holds.of(None, instant(START), None).count(), 0);
}
