//! How many passwords may wait: many in a rush, few while always one waits.
//!
//! A queue that is there for a rush must not stand full for as long as more come than can be hashed:
//! then each login would wait for the whole of it, and no more would be answered (the standing queue
//! of `CoDel`, RFC 8289). So once it was not empty for a while, no more wait than can be hashed in the
//! time that a login may wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a rush may take.
const RUSH: Duration = Duration::from_millis(500);

/// What is known of the queue; all of it approximate, and none of it locked.
#[derive(Debug)]
pub(super) struct Standing {
    began: Instant,
    /// Microseconds after `began`.
    last_empty_us: AtomicU64,
    /// What a hash takes of late, in microseconds.
    hash_us: AtomicU64,
}

impl Standing {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), last_empty_us: AtomicU64::new(0), hash_us: AtomicU64::new(0) }
    }

    /// Nothing waits now.
    pub(super) fn is_empty(&self) {
        self.last_empty_us.store(micros(self.began.elapsed()), Ordering::Relaxed);
    }

    /// A hash was made.
    pub(super) fn hashed(&self, took: Duration) {
        let before = self.hash_us.load(Ordering::Relaxed);
        let took_us = micros(took);
        let of_late = if before == 0 { took_us } else { (before * 7 + took_us) / 8 };
        self.hash_us.store(of_late, Ordering::Relaxed);
    }

    /// How many may wait now, of `most` in a rush, with so many threads.
    pub(super) fn most(&self, most: usize, threads: usize, longest_wait: Duration) -> usize {
        let last_empty_us = self.last_empty_us.load(Ordering::Relaxed);
        let standing_us = micros(self.began.elapsed()).saturating_sub(last_empty_us);
        let hash = Duration::from_micros(self.hash_us.load(Ordering::Relaxed));
        most_at(Duration::from_micros(standing_us), hash, most, threads, longest_wait)
    }
}

/// The rule: how many may wait in a queue that has not been empty for `standing`, where a hash takes
/// `hash`.
fn most_at(
    standing: Duration,
    hash: Duration,
    most: usize,
    threads: usize,
    longest_wait: Duration,
) -> usize {
    if standing < RUSH || hash.is_zero() {
        return most;
    }
    let in_time = longest_wait.as_micros() / hash.as_micros().max(1) * threads as u128;
    usize::try_from(in_time).unwrap_or(usize::MAX).clamp(threads, most.max(threads)).min(most)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rush_may_fill_the_queue_and_what_stands_is_kept_short_check_31() {
        let ms = Duration::from_millis;
        for (standing, hash, most, threads, longest_wait, expected) in [
            (ms(0), ms(20), 64, 2, ms(100), 64),
            (ms(499), ms(20), 64, 2, ms(100), 64),
            (ms(500), ms(20), 64, 2, ms(100), 10),
            (ms(60_000), ms(20), 64, 2, ms(100), 10),
            (ms(500), ms(20), 8, 2, ms(100), 8),
            (ms(500), ms(200), 64, 2, ms(100), 2),
            (ms(500), ms(200), 1, 2, ms(100), 1),
            (ms(500), ms(0), 64, 2, ms(100), 64),
            (ms(500), ms(20), 64, 2, Duration::MAX, 64),
        ] {
            let found = most_at(standing, hash, most, threads, longest_wait);
            assert_eq!(found, expected, "{standing:?} {hash:?} {most} {threads} {longest_wait:?}");
        }
    }

    #[test]
    fn what_a_hash_takes_is_learnt_and_an_empty_queue_begins_anew() {
        let standing = Standing::new();
        assert_eq!(standing.most(64, 1, Duration::ZERO), 64);
        standing.hashed(Duration::from_millis(80));
        standing.hashed(Duration::from_millis(160));
        assert_eq!(standing.hash_us.load(Ordering::Relaxed), 90_000);
        standing.last_empty_us.store(0, Ordering::Relaxed);
        while standing.most(64, 1, Duration::ZERO) == 64 {
            std::hint::spin_loop();
        }
        assert_eq!(standing.most(64, 1, Duration::ZERO), 1);
        standing.is_empty();
        assert_eq!(standing.most(64, 1, Duration::ZERO), 64);
    }
}
