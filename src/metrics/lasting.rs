//! How long something takes that is done again and again by one thread, for whoever asks meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The last time and the one under way; all clones share them, and asking takes no lock.
#[derive(Debug, Clone)]
pub struct Lasting(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    from: Instant,
    last_us: AtomicU64,
    /// When the one under way began, in microseconds after `from`; 0: none is.
    began_us: AtomicU64,
}

impl Default for Lasting {
    fn default() -> Self {
        let (from, last_us, began_us) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { from, last_us, began_us }))
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
        self.0.last_us.store(self.now_us().saturating_sub(began_us), Ordering::Relaxed);
    }

    /// How long it takes: the last one, or the one under way where that has taken longer already.
    pub fn lasts(&self) -> Duration {
        let last_us = self.0.last_us.load(Ordering::Relaxed);
        let under_way_us = match self.0.began_us.load(Ordering::Relaxed) {
            0 => 0,
            began_us => self.now_us().saturating_sub(began_us),
        };
        Duration::from_micros(last_us.max(under_way_us))
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
        let last = lasting.lasts();
        assert!(last >= long && lasting.lasts() == last, "{last:?}");
        // A shorter one takes its place.
        lasting.begin();
        lasting.end();
        assert!(lasting.lasts() < last, "{last:?}");
    }
}
