//! A count that only grows, and knows how much of it came in the last minute: for whoever asks a running
//! server and has no monitoring at hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// So many seconds are remembered.
const REMEMBERED: usize = 60;
const REMEMBERED_S: u64 = REMEMBERED as u64;
/// What has not happened for so many seconds is over; what happens again within them goes on.
const PAUSE_S: u64 = 10;

/// The count; all clones share one. Counting takes no lock.
#[derive(Debug, Clone)]
pub struct Lately(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Seconds are counted from here.
    from: Instant,
    total: AtomicU64,
    /// What came in each of the last seconds: the second in the upper half, how many in the lower.
    seconds: [AtomicU64; REMEMBERED],
    /// The second in which it began to go on.
    since_s: AtomicU64,
    /// The one after the last in which it happened; 0: it never did.
    until_s: AtomicU64,
}

impl Default for Lately {
    fn default() -> Self {
        Self(Arc::new(Inner {
            from: Instant::now(),
            total: AtomicU64::new(0),
            seconds: [const { AtomicU64::new(0) }; REMEMBERED],
            since_s: AtomicU64::new(0),
            until_s: AtomicU64::new(0),
        }))
    }
}

impl Lately {
    /// Counts one more.
    pub fn add(&self) {
        self.add_at(self.now_s());
    }

    /// How many there ever were.
    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// How many there were in the last minute.
    pub fn last_minute(&self) -> u64 {
        self.last_minute_at(self.now_s())
    }

    /// For how long it has gone on, without a pause of ten seconds; none where it does not now.
    pub fn goes_on(&self) -> Option<Duration> {
        self.goes_on_at(self.now_s()).map(Duration::from_secs)
    }

    fn now_s(&self) -> u64 {
        self.0.from.elapsed().as_secs()
    }

    fn add_at(&self, now_s: u64) {
        let Inner { total, seconds, since_s, until_s, .. } = &*self.0;
        total.fetch_add(1, Ordering::Relaxed);
        let add = |second: u64| {
            let is_same = second >> 32 == now_s;
            Some(if is_same { second + 1 } else { (now_s << 32) | 1 })
        };
        // It never gives up: `add` always has a value.
        let _ = second_of(seconds, now_s).fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        let before_s = until_s.swap(now_s + 1, Ordering::Relaxed);
        if before_s == 0 || now_s >= before_s + PAUSE_S {
            since_s.store(now_s, Ordering::Relaxed);
        }
    }

    fn last_minute_at(&self, now_s: u64) -> u64 {
        let seconds = self.0.seconds.iter().map(|second| second.load(Ordering::Relaxed));
        let lately = seconds.filter(|second| (second >> 32) + REMEMBERED_S > now_s);
        lately.map(|second| second & u64::from(u32::MAX)).sum()
    }

    fn goes_on_at(&self, now_s: u64) -> Option<u64> {
        let until_s = self.0.until_s.load(Ordering::Relaxed);
        let goes_on = until_s > 0 && now_s < until_s + PAUSE_S;
        goes_on.then(|| now_s.saturating_sub(self.0.since_s.load(Ordering::Relaxed)))
    }
}

fn second_of(seconds: &[AtomicU64; REMEMBERED], now_s: u64) -> &AtomicU64 {
    // What remains is less than 60, which any `usize` holds.
    &seconds[usize::try_from(now_s % REMEMBERED_S).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_a_minute_counts_in_the_total_alone() {
        let lately = Lately::default();
        // Each look is taken after what was counted up to then, as in life.
        for (now_s, expected) in [(0, 1), (0, 2), (3, 3), (59, 4), (60, 3), (62, 4), (119, 3)] {
            lately.add_at(now_s);
            assert_eq!(lately.last_minute_at(now_s), expected, "{now_s}");
        }
        assert_eq!(lately.last_minute_at(121), 2, "of 62 and 119");
        assert_eq!(lately.last_minute_at(122), 1);
        assert_eq!(lately.last_minute_at(179), 0);
        assert_eq!(lately.total(), 7);
    }

    #[test]
    fn what_pauses_for_less_than_ten_seconds_goes_on() {
        let lately = Lately::default();
        assert_eq!(lately.goes_on_at(0), None);
        for (now_s, goes_on_s) in [(0, 0), (9, 9), (19, 19), (30, 0), (31, 1)] {
            lately.add_at(now_s);
            assert_eq!(lately.goes_on_at(now_s), Some(goes_on_s), "{now_s}");
        }
        assert_eq!(lately.goes_on_at(41), Some(11));
        assert_eq!(lately.goes_on_at(42), None);
    }

    #[test]
    fn clones_count_together() {
        let lately = Lately::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|_| lately.clone().add()));
            }
        });
        assert_eq!((lately.total(), lately.last_minute()), (4_000, 4_000));
        assert!(lately.goes_on().is_some());
    }
}
