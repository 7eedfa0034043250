//! How many passwords may wait: many in a rush, few while always one waits.
//!
//! A queue that is there for a rush must not stand full for as long as more come than can be hashed:
//! then each login would wait for the whole of it, and no more would be answered (the standing queue
//! of `CoDel`, RFC 8289). So once it was not empty for a while, and for some seconds after, no more wait than
//! can be hashed in the time that a login may wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a rush may take.
const RUSH: Duration = Duration::from_millis(500);
/// After a queue that stood there is no rush for so long: it is empty now and then while what begins is held
/// back for it, and each time a rush would let it grow as long as ever (RFC 8289 section 4.2 remembers for
/// sixteen intervals).
const REMEMBERED: Duration = RUSH.saturating_mul(16);
/// As long as that lasts, a queue that was not empty for so long, and for some hashes, makes it last anew.
const AGAIN: Duration = Duration::from_millis(100);
/// Costly hashes one after another are no crowd.
const AGAIN_HASHES: u32 = 4;

/// What is known of the queue; all of it approximate, and none of it locked. Times are microseconds after
/// `began`.
#[derive(Debug)]
pub(super) struct Standing {
    began: Instant,
    /// When somebody came to wait where nobody did.
    since_us: AtomicU64,
    /// Until when no rush is taken for one.
    remembered_until_us: AtomicU64,
    /// What a hash takes of late, in microseconds.
    hash_us: AtomicU64,
}

impl Standing {
    pub(super) fn new() -> Self {
        let [since_us, remembered_until_us, hash_us] = [0; 3].map(AtomicU64::new);
        Self { began: Instant::now(), since_us, remembered_until_us, hash_us }
    }

    /// Somebody waits where nobody did.
    pub(super) fn begins(&self) {
        self.begins_at(self.began.elapsed());
    }

    /// Nobody waits any more.
    pub(super) fn ends(&self) {
        self.ends_at(self.began.elapsed());
    }

    fn begins_at(&self, now: Duration) {
        self.since_us.store(micros(now), Ordering::Relaxed);
    }

    fn ends_at(&self, now: Duration) {
        let again = AGAIN.max(AGAIN_HASHES * self.hash());
        let long = if self.is_remembered(now) { again } else { RUSH };
        if self.waits(now) >= long {
            self.remembered_until_us.store(micros(now + REMEMBERED), Ordering::Relaxed);
        }
    }

    /// Whether the queue has not been empty for a rush's time, or was so lately.
    fn stands_at(&self, now: Duration) -> bool {
        self.waits(now) >= RUSH || self.is_remembered(now)
    }

    fn waits(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_micros(self.since_us.load(Ordering::Relaxed)))
    }

    fn is_remembered(&self, now: Duration) -> bool {
        micros(now) < self.remembered_until_us.load(Ordering::Relaxed)
    }

    /// A hash was made.
    pub(super) fn hashed(&self, took: Duration) {
        let before = self.hash_us.load(Ordering::Relaxed);
        let took_us = micros(took);
        let of_late = if before == 0 { took_us } else { (before * 7 + took_us) / 8 };
        self.hash_us.store(of_late, Ordering::Relaxed);
    }

    /// What one takes of late.
    fn hash(&self) -> Duration {
        Duration::from_micros(self.hash_us.load(Ordering::Relaxed))
    }

    /// How many may wait now, of `most` in a rush, with so many threads.
    pub(super) fn most(&self, most: usize, threads: usize, longest_wait: Duration) -> usize {
        let stands = self.stands_at(self.began.elapsed());
        most_waiting(stands, self.hash(), most, threads, longest_wait)
    }
}

/// The rule: how many may wait in a queue that stands or does not, where a hash takes `hash`.
fn most_waiting(
    stands: bool,
    hash: Duration,
    most: usize,
    threads: usize,
    longest_wait: Duration,
) -> usize {
    if !stands || hash.is_zero() {
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

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_rush_may_fill_the_queue_and_what_stands_is_kept_short_check_31() {
        for (stands, hash, most, threads, longest_wait, expected) in [
            (false, 20 * MS, 64, 2, 100 * MS, 64),
            (true, 20 * MS, 64, 2, 100 * MS, 10),
            (true, 20 * MS, 8, 2, 100 * MS, 8),
            (true, 200 * MS, 64, 2, 100 * MS, 2),
            (true, 200 * MS, 1, 2, 100 * MS, 1),
            (true, Duration::ZERO, 64, 2, 100 * MS, 64),
            (true, 20 * MS, 64, 2, Duration::MAX, 64),
        ] {
            let found = most_waiting(stands, hash, most, threads, longest_wait);
            assert_eq!(found, expected, "{stands} {hash:?} {most} {threads} {longest_wait:?}");
        }
    }

    #[test]
    fn a_queue_that_was_not_empty_for_a_rush_stands_and_is_remembered_check_31() {
        let standing = Standing::new();
        // Rushes, each worked off in time.
        for second in 1..100 {
            standing.begins_at(second * 1_000 * MS);
            assert!(!standing.stands_at((second * 1_000 + 499) * MS));
            standing.ends_at((second * 1_000 + 499) * MS);
        }
        standing.begins_at(100_000 * MS);
        assert!(standing.stands_at(100_500 * MS));
        standing.ends_at(100_600 * MS);
        // What begins anew is no rush, as long as it is remembered.
        for (begins, ends, stands) in [
            (100_601, 100_602, true),
            (108_500, 108_599, true),
            (108_601, 108_602, false),
            (109_000, 109_600, true),
            // Long enough to make it last anew.
            (117_400, 117_500, true),
            (125_400, 125_499, true),
            (125_501, 125_502, false),
            (126_000, 126_600, true),
        ] {
            standing.begins_at(begins * MS);
            assert_eq!(standing.stands_at(ends * MS), stands, "{begins}");
            standing.ends_at(ends * MS);
        }
        // Where a hash takes 80 ms, three after another are nothing that stands.
        standing.hashed(80 * MS);
        standing.begins_at(134_000 * MS);
        standing.ends_at(134_319 * MS);
        standing.begins_at(134_700 * MS);
        assert!(!standing.stands_at(134_701 * MS));
    }

    #[test]
    fn what_a_hash_takes_is_learnt() {
        let standing = Standing::new();
        assert_eq!(standing.most(64, 1, Duration::ZERO), 64);
        standing.hashed(80 * MS);
        standing.hashed(160 * MS);
        assert_eq!(standing.hash_us.load(Ordering::Relaxed), 90_000);
        standing.begins();
        while standing.most(64, 1, Duration::ZERO) == 64 {
            std::hint::spin_loop();
        }
        assert_eq!(standing.most(64, 1, Duration::ZERO), 1);
    }
}
