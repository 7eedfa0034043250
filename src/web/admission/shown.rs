//! What a thread that answers lets others see: its figures, and in words why it turns some away.

use super::room::TooMuch;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A disk that takes so long for a group of decisions is slow: whatever waits for it is answered late, and
/// all at once.
const SLOW_SYNC: Duration = Duration::from_millis(100);

/// The limit of a thread and what it works on, for other threads to read.
#[derive(Debug)]
pub struct Shown {
    /// Both are the bits of an `f64`.
    most: AtomicU64,
    worked_on: AtomicU64,
}

impl Default for Shown {
    fn default() -> Self {
        let bits = |value: f64| AtomicU64::new(value.to_bits());
        Self { most: bits(f64::INFINITY), worked_on: bits(0.0) }
    }
}

impl Shown {
    /// How many the thread may work on before no more orders and first pages begin; infinite where nothing
    /// limits it.
    pub fn most(&self) -> f64 {
        f64::from_bits(self.most.load(Ordering::Relaxed))
    }

    /// How many it works on, without those that wait for a hash or for their provider's share.
    pub fn worked_on(&self) -> f64 {
        f64::from_bits(self.worked_on.load(Ordering::Relaxed))
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
