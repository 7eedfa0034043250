//! How long something takes that is done again and again by one thread, for whoever asks meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What ended before that tells nothing of now, in microseconds.
const LATELY_US: u64 = 1_000_000;

/// The last time and the one under way; all clones share them, and asking takes no lock.
#[derive(Debug, Clone)]
pub struct Lasting(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    from: Instant,
    last_us: AtomicU64,
    /// When that ended.
    ended_us: AtomicU64,
    /// When the one under way began, in microseconds after `from`; 0: none is.
    began_us: AtomicU64,
}

impl Default for Lasting {
    fn default() -> Self {
        let [last_us, ended_us, began_us] = [const { AtomicU64::new(0) }; 3];
        Self(Arc::new(Inner { from: Instant::now(), last_us, ended_us, began_us }))
    }
}

impl Lasting {
    /// It begins.
    pub fn begin(&self) {
        self.0.began_us.store(self.now_us(), Ordering::Relaxed);
    }

    /// It is done.
    pub fn end(&self) {
        let began_us = self.0.began_us.swap(0, Ordering::Relaxed);
        let now_us = self.now_us();
        self.0.last_us.store(now_us.saturating_sub(began_us), Ordering::Relaxed);
        self.0.ended_us.store(now_us, Ordering::Relaxed);
    }

    /// How long it takes: the last one, if it ended within a second, or the one under way where that has
    /// taken longer already.
    pub fn lasts(&self) -> Duration {
        Duration::from_micros(self.lasts_at(self.now_us()))
    }

    fn lasts_at(&self, now_us: u64) -> u64 {
        let [last_us, ended_us, began_us] = [&self.0.last_us, &self.0.ended_us, &self.0.began_us]
            .map(|of| of.load(Ordering::Relaxed));
        let is_lately = now_us.saturating_sub(ended_us) < LATELY_US;
        let last_us = if is_lately { last_us } else { 0 };
        let under_way_us = if began_us == 0 { 0 } else { now_us.saturating_sub(began_us) };
        last_us.max(under_way_us)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.0.from.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_told_while_it_lasts_and_then_until_the_next_is_done() {
        let (lasting, long) = (Lasting::default(), Duration::from_millis(20));
        assert_eq!(lasting.lasts(), Duration::ZERO);
        lasting.begin();
        while lasting.clone().lasts() < long {
            std::thread::yield_now();
        }
        lasting.end();
        let (last_us, ended_us) = (lasting.0.last_us.load(Ordering::Relaxed), lasting.now_us());
        assert!(Duration::from_micros(last_us) >= long);
        assert_eq!(lasting.lasts_at(ended_us), last_us);
        // A shorter one takes its place.
        lasting.begin();
        lasting.end();
        assert!(lasting.lasts_at(ended_us) < last_us, "{last_us}");
    }

    #[test]
    fn what_ended_more_than_a_second_ago_tells_nothing_of_now() {
        let lasting = Lasting::default();
        lasting.0.last_us.store(150_000, Ordering::Relaxed);
        lasting.0.ended_us.store(1_000, Ordering::Relaxed);
        assert_eq!(lasting.lasts_at(1_000 + LATELY_US - 1), 150_000);
        assert_eq!(lasting.lasts_at(1_000 + LATELY_US), 0);
        lasting.0.began_us.store(900_000, Ordering::Relaxed);
        assert_eq!(lasting.lasts_at(1_000 + LATELY_US), 101_000, "the one under way");
    }
}
