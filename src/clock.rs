//! The one place that asks what time it is. Everything else is told.

use crate::domain::{calendar::Instant, line::Uptime};
use rustix::time::{ClockId, clock_gettime};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

/// Where Linux tells which start of the machine this is.
const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// Where the time comes from: the host's clock, or one moved by a fixed step so that month
/// boundaries can be seen (`demo --now`), or one that a test sets.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    floor: Option<Floor>,
}

/// A time before which a clock never shows: nothing is decided inside a closed month.
#[derive(Clone, Debug)]
pub struct Floor(Arc<AtomicI64>);

impl Default for Floor {
    /// None yet.
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl Floor {
    /// From now on nothing is earlier than this; a floor never goes down.
    pub fn raise(&self, to: Instant) {
        self.0.fetch_max(to.micros(), Ordering::SeqCst);
    }
}

#[derive(Clone, Debug)]
enum Source {
    Host { moved_by_micros: i64 },
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The host's clock.
    pub const fn host() -> Self {
        Self { source: Source::Host { moved_by_micros: 0 }, floor: None }
    }

    /// A clock that shows `now` now and goes on from there.
    pub fn starting_at(now: Instant) -> Self {
        let moved_by_micros = now.micros() - host_micros();
        Self { source: Source::Host { moved_by_micros }, floor: None }
    }

    /// A clock that stands until [`Clock::set`] moves it.
    pub fn standing_at(now: Instant) -> Self {
        Self { source: Source::Set(Arc::new(AtomicI64::new(now.micros()))), floor: None }
    }

    /// Moves a standing clock; the host's clock cannot be moved.
    pub fn set(&self, now: Instant) {
        if let Source::Set(micros) = &self.source {
            micros.store(now.micros(), Ordering::SeqCst);
        }
    }

    /// Now by the clock that the machine counts from its start: the same however the host's clock
    /// is moved, by whomever. None where a test sets the time or the system does not tell.
    pub fn uptime(&self) -> Option<Uptime> {
        static BOOT: OnceLock<Option<u64>> = OnceLock::new();
        let Source::Host { .. } = self.source else { return None };
        let boot = (*BOOT.get_or_init(|| read_boot(&std::fs::read_to_string(BOOT_ID_FILE).ok()?)))?;
        let now = clock_gettime(ClockId::Boottime);
        let (s, ns) = (u64::try_from(now.tv_sec).ok()?, u64::try_from(now.tv_nsec).ok()?);
        Some(Uptime { boot, micros: s.saturating_mul(1_000_000).saturating_add(ns / 1_000) })
    }

    /// The same clock, never before the floor.
    #[must_use]
    pub fn above(self, floor: Floor) -> Self {
        Self { floor: Some(floor), ..self }
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        let now = match &self.source {
            Source::Host { moved_by_micros } => host_micros().saturating_add(*moved_by_micros),
            Source::Set(micros) => micros.load(Ordering::SeqCst),
        };
        let floor = self.floor.as_ref().map_or(i64::MIN, |floor| floor.0.load(Ordering::SeqCst));
        Instant::from_micros(now.max(floor))
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
fn host_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A UUID's two halves in one number: as random, and short enough for any JSON.
fn read_boot(uuid: &str) -> Option<u64> {
    let digits = uuid.trim().replace('-', "");
    let both = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
    let [high, low] = [both >> 64, both & u128::from(u64::MAX)].map(u64::try_from);
    Some(high.ok()? ^ low.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_clock_is_the_same_under_a_moved_one() {
        let moved = Clock::starting_at("2030-01-01T00:00:00+09:00".parse().expect("an instant"));
        let (before, after) = (Clock::host().uptime(), moved.uptime());
        let (before, after) = (before.expect("Linux"), after.expect("Linux"));
        assert!(before.boot == after.boot && before.micros <= after.micros, "{before:?} {after:?}");
        assert!(after.micros - before.micros < 60_000_000);
        assert_eq!(Clock::standing_at(Instant::from_micros(0)).uptime(), None);
    }

    #[test]
    fn a_start_is_told_by_a_uuid_and_by_nothing_else() {
        let uuid = "00000000-0000-4001-8000-000000000002\n";
        assert_eq!(read_boot(uuid), Some(0x8000_0000_0000_4003));
        for other in ["", "4001", "no", "-1000000-0000-4001-8000-000000000002x"] {
            assert_eq!(read_boot(other), None, "{other}");
        }
    }
}
