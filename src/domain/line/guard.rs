//! Against guessing (details.md "Throttle"): waits that survive a restart, and hashes that are made
//! anew when the cost of hashing changes.
//!
//! Anybody can make guesses at an ID, so anybody could make a line's journal grow. Waits are
//! committed up to [`HOLDS_OF_SOURCES_A_DAY`] and [`HOLDS_OF_IDS_A_DAY`] for a line; each further
//! one of that day is kept in memory alone, where it holds just as long unless the process ends.

use super::{
    command::{Facts, PlaceHold, UpgradeHash},
    event::Event,
    state::Line,
};
use crate::domain::{calendar::Instant, ids::PassportNumber};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

/// Waits of single sources that one line commits in a day: 24 of 60 rows of a few hundred bytes.
pub const HOLDS_OF_SOURCES_A_DAY: u32 = 24;
/// Waits of an ID from everywhere but its line that one line commits in a day.
pub const HOLDS_OF_IDS_A_DAY: u32 = 24;
/// A day in microseconds. Which hour it begins at is of no account.
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// A moment on the clock that a machine counts from its start. Nobody can set that clock, and it
/// goes on while no process runs, but it says nothing after the machine's next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// Which start, drawn at random by the system.
    pub boot: u64,
    /// Microseconds since it.
    pub micros: u64,
}

/// A wait that guessing was met with, as it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedHold {
    /// Against guessing at this ID; at the access key where absent.
    pub passport: Option<PassportNumber>,
    /// From this prefix; from everywhere but the own line where absent.
    pub from: Option<IpNetwork>,
    /// The failures that led to it.
    pub failures: u32,
    /// Until when.
    pub until: Instant,
    /// The same by the machine's own clock, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_uptime: Option<Uptime>,
}

impl PlacedHold {
    /// What is left of it in microseconds: by the machine's own clock as long as that is the same,
    /// so that a changed wall clock neither ends nor lengthens it (security.md 12).
    fn left_us(&self, now: Instant, uptime: Option<Uptime>) -> Option<u64> {
        let left = match (self.until_uptime, uptime) {
            (Some(until), Some(now)) if until.boot == now.boot => {
                until.micros.checked_sub(now.micros)
            }
            _ => u64::try_from(self.until.micros().saturating_sub(now.micros())).ok(),
        };
        left.filter(|left| *left > 0)
    }

    /// When it was placed at `at`, by the machine's own clock.
    fn placed_at_uptime(&self, at: Instant) -> Option<Uptime> {
        let until = self.until_uptime?;
        let wait_us = u64::try_from(self.until.micros().saturating_sub(at.micros())).ok()?;
        Some(Uptime { micros: until.micros.saturating_sub(wait_us), ..until })
    }
}

/// The line's committed waits that are not over, and how many were committed today.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Holds {
    placed: Vec<PlacedHold>,
    /// The day that is counted, in days since 1970.
    day: i64,
    of_sources: u32,
    of_ids: u32,
}

impl Holds {
    /// The waits at an ID, or at the access key, that are not over, each with the microseconds that
    /// are left of it; `uptime` is now by the machine's own clock, where it has one.
    pub fn of(
        &self,
        passport: Option<PassportNumber>,
        now: Instant,
        uptime: Option<Uptime>,
    ) -> impl Iterator<Item = (&PlacedHold, u64)> {
        let here = self.placed.iter().filter(move |hold| hold.passport == passport);
        here.filter_map(move |hold| hold.left_us(now, uptime).map(|left| (hold, left)))
    }

    /// Whether one more of this kind may be committed at `now`.
    fn has_room(&self, from: Option<IpNetwork>, now: Instant) -> bool {
        let today = self.day == day(now);
        let (placed, most) = match from {
            Some(_) => (self.of_sources, HOLDS_OF_SOURCES_A_DAY),
            None => (self.of_ids, HOLDS_OF_IDS_A_DAY),
        };
        !today || placed < most
    }

    /// A wait was committed at `at`. What is over is forgotten, so that the list stays as short as
    /// a day's worth.
    pub(super) fn place(&mut self, hold: PlacedHold, at: Instant) {
        if self.day != day(at) {
            (self.day, self.of_sources, self.of_ids) = (day(at), 0, 0);
        }
        match hold.from {
            Some(_) => self.of_sources += 1,
            None => self.of_ids += 1,
        }
        let same = |other: &PlacedHold| (other.passport, other.from) == (hold.passport, hold.from);
        let uptime = hold.placed_at_uptime(at);
        self.placed.retain(|other| other.left_us(at, uptime).is_some() && !same(other));
        self.placed.push(hold);
    }

    /// The waits at an ID, or at the access key, are over: released, or a new secret was set.
    pub(super) fn release(&mut self, passport: Option<PassportNumber>) {
        self.placed.retain(|hold| hold.passport != passport);
    }
}

const fn day(at: Instant) -> i64 {
    at.micros().div_euclid(DAY_US)
}

/// Commits a wait while the day has room; otherwise nothing happens.
pub(super) fn place(line: &Line, hold: &PlaceHold, facts: &Facts) -> Vec<Event> {
    let exists = hold.passport.is_none_or(|passport| line.live_passport(passport).is_some());
    if !exists || !line.holds.has_room(hold.from, facts.now) {
        return Vec::new();
    }
    let wait_us = hold.wait_s.saturating_mul(1_000_000);
    let until = facts.now.micros().saturating_add_unsigned(wait_us);
    let after = |now: Uptime| Uptime { micros: now.micros.saturating_add(wait_us), ..now };
    vec![Event::HoldPlaced {
        passport: hold.passport,
        from: hold.from,
        failures: hold.failures,
        until: Instant::from_micros(until),
        until_uptime: hold.uptime.map(after),
    }]
}

/// Takes a hash of the same password at the cost of today, if the credential is still the one that
/// was verified; where it was changed meanwhile, nothing happens. No login ends by it.
pub(super) fn upgrade(line: &Line, upgrade: &UpgradeHash) -> Vec<Event> {
    let Some(number) = upgrade.passport else {
        let still = line.rows.access_key == upgrade.verified;
        let set = || Event::AccessKeySet { access_key: upgrade.credential };
        return still.then(set).into_iter().collect();
    };
    let passport = line.live_passport(number);
    let still = passport.is_some_and(|passport| passport.rows.credential == upgrade.verified);
    let (passport, credential) = (number, upgrade.credential);
    let set = || Event::PasswordSet { passport, credential, rehash: true };
    still.then(set).into_iter().collect()
}
