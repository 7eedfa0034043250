//! What a thread that answers lets others see: its figures, and in words why it turns some away.

use super::room::TooMuch;
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// A disk that takes so long for a group of decisions is slow: whatever waits for it is answered late, and
/// all at once. Only what waits for the disk itself is timed ([`Store::sync_time`]), not what the processors
/// do for a group before; where those are busy, the thread that was woken by its disk waits for one too, but
/// for a few milliseconds, since who slept goes first: far less than this.
///
/// [`Store::sync_time`]: crate::store::Store::sync_time
const SLOW_SYNC: Duration = Duration::from_millis(100);

/// The limit of a thread and what it works on, for other threads to read.
#[derive(Debug)]
pub struct Shown {
    /// The thread's number among those of its server.
    number: AtomicUsize,
    /// Both are the bits of an `f64`.
    most: AtomicU64,
    worked_on: AtomicU64,
    /// The place of a [`Why`] in all of them, from 1; 0 where there is none.
    cause: AtomicUsize,
}

impl Default for Shown {
    fn default() -> Self {
        let bits = |value: f64| AtomicU64::new(value.to_bits());
        Self {
            number: AtomicUsize::new(0),
            most: bits(f64::INFINITY),
            worked_on: bits(0.0),
            cause: AtomicUsize::new(0),
        }
    }
}

impl Shown {
    /// The number by which metrics and the log call the thread.
    pub fn number(&self) -> usize {
        self.number.load(Ordering::Relaxed)
    }

    /// The thread is called by this number.
    pub fn be_called(&self, number: usize) {
        self.number.store(number, Ordering::Relaxed);
    }

    /// How many the thread may work on before no more orders and first pages begin; infinite where nothing
    /// limits it.
    pub fn most(&self) -> f64 {
        f64::from_bits(self.most.load(Ordering::Relaxed))
    }

    /// How many it works on, without those that wait for a hash or for their provider's share.
    pub fn worked_on(&self) -> f64 {
        f64::from_bits(self.worked_on.load(Ordering::Relaxed))
    }

    /// Why it turns some away now; none where it does not.
    pub fn cause(&self) -> Option<Why> {
        let place = self.cause.load(Ordering::Relaxed);
        place.checked_sub(1).and_then(|place| Why::ALL.get(place)).copied()
    }

    /// This is why the thread turns some away now, if it does.
    pub fn turn_away(&self, cause: Option<Why>) {
        self.cause.store(cause.map_or(0, |cause| cause as usize + 1), Ordering::Relaxed);
    }

    /// The thread's limit is this now.
    pub fn limit(&self, most: f64) {
        self.most.store(most.to_bits(), Ordering::Relaxed);
    }

    /// The thread works on so many now.
    pub fn work_on(&self, worked_on: f64) {
        self.worked_on.store(worked_on.to_bits(), Ordering::Relaxed);
    }
}

/// Why a thread turns some away, as far as it can be told from inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The disk is slow, and what waits for it piles up.
    Disk,
    /// More comes than the processors do.
    Processors,
    /// More is under way than is done in time, and it is not the disk that it waits for.
    UnderWay,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Disk, Self::Processors, Self::UnderWay];

    /// Its word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Processors => "processors",
            Self::UnderWay => "under_way",
        }
    }

    /// What is behind a refusal for this reason, while a group of decisions takes so long to become durable.
    /// Those that a slow disk lets go on all at once then wait for their thread too, so it is looked at first.
    pub fn of(why: TooMuch, sync: Duration) -> Self {
        match why {
            _ if sync >= SLOW_SYNC => Self::Disk,
            TooMuch::UnderWay => Self::UnderWay,
            _ => Self::Processors,
        }
    }

    /// It in words, for the log.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Disk => "the disk is slow, and what waits for it piles up",
            Self::Processors => "more comes than the processors can do",
            Self::UnderWay => "more is under way at once than is done in time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_see_why_a_thread_turns_some_away_as_long_as_it_does() {
        let shown = Shown::default();
        assert_eq!(shown.cause(), None);
        for why in Why::ALL {
            shown.turn_away(Some(why));
            assert_eq!(shown.cause(), Some(why));
        }
        shown.turn_away(None);
        assert_eq!(shown.cause(), None);
    }

    #[test]
    fn a_slow_disk_is_told_from_processors_that_are_not_enough() {
        let (quick, slow) = (Duration::from_millis(99), Duration::from_millis(100));
        for (why, sync, expected) in [
            (TooMuch::Limit, quick, Why::Processors),
            (TooMuch::Wait, quick, Why::Processors),
            (TooMuch::UnderWay, quick, Why::UnderWay),
            (TooMuch::UnderWay, slow, Why::Disk),
            (TooMuch::Limit, slow, Why::Disk),
        ] {
            assert_eq!(Why::of(why, sync), expected, "{why:?} {sync:?}");
        }
    }
}
