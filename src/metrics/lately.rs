//! A count that only grows, and knows how much of it came in the last minute and since when it goes on: for
//! whoever asks a running server and has no monitoring at hand.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// So many seconds are remembered.
const REMEMBERED: usize = 60;
const REMEMBERED_S: u64 = REMEMBERED as u64;
/// What has not happened for so long is over; what happens again sooner goes on.
const PAUSE: Duration = Duration::from_secs(10);

/// The count; all clones share one. Counting takes a lock for as long as adding takes, so that whoever
/// reads never sees half of it: it is for what happens once for a request that is turned away.
#[derive(Debug, Clone)]
pub struct Lately(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Times are counted from here.
    from: Instant,
    kept: Mutex<Kept>,
    /// What this is a part of.
    whole: Option<Lately>,
}

#[derive(Debug)]
struct Kept {
    total: u64,
    /// Each of the last seconds, and what came in it.
    seconds: [(u64, u64); REMEMBERED],
    lasts: Option<Lasts>,
}

/// How long it goes on without a pause.
#[derive(Debug, Clone, Copy)]
struct Lasts {
    since: Duration,
    until: Duration,
}

impl Default for Lately {
    fn default() -> Self {
        Self::new(Instant::now(), None)
    }
}

impl Lately {
    fn new(from: Instant, whole: Option<Self>) -> Self {
        let kept = Kept { total: 0, seconds: [(0, 0); REMEMBERED], lasts: None };
        Self(Arc::new(Inner { from, kept: Mutex::new(kept), whole }))
    }

    /// A count of its own, of which everything is counted in the whole too.
    #[must_use]
    pub fn part_of(whole: &Self) -> Self {
        Self::new(whole.0.from, Some(whole.clone()))
    }

    /// Counts one more.
    pub fn add(&self) {
        self.add_at(self.0.from.elapsed());
    }

    /// How many there ever were.
    pub fn total(&self) -> u64 {
        self.kept().total
    }

    /// How many there were in the last minute.
    pub fn last_minute(&self) -> u64 {
        self.last_minute_at(self.0.from.elapsed())
    }

    /// For how long it has gone on, without a pause of ten seconds; none where it does not now.
    pub fn goes_on(&self) -> Option<Duration> {
        self.goes_on_at(self.0.from.elapsed())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_at(&self, now: Duration) {
        if let Some(whole) = &self.0.whole {
            whole.add_at(now);
        }
        self.kept().add(now);
    }

    fn last_minute_at(&self, now: Duration) -> u64 {
        let seconds = self.kept().seconds;
        let lately = seconds.iter().filter(|(second, _)| second + REMEMBERED_S > now.as_secs());
        lately.map(|(_, number)| number).sum()
    }

    fn goes_on_at(&self, now: Duration) -> Option<Duration> {
        let lasts = self.kept().lasts.filter(|lasts| lasts.goes_on(now));
        lasts.map(|lasts| now.saturating_sub(lasts.since))
    }
}

impl Kept {
    fn add(&mut self, now: Duration) {
        // A thread that was held up on the way here counts with the last one: what is newer than it stays.
        let now = self.lasts.map_or(now, |lasts| now.max(lasts.until));
        self.total += 1;
        let now_s = now.as_secs();
        // What remains is less than 60, which any `usize` holds.
        let place = usize::try_from(now_s % REMEMBERED_S).unwrap_or_default();
        let (second, number) = &mut self.seconds[place];
        (*second, *number) = if *second == now_s { (now_s, *number + 1) } else { (now_s, 1) };
        let goes_on = self.lasts.filter(|lasts| lasts.goes_on(now));
        let since = goes_on.map_or(now, |lasts| lasts.since);
        self.lasts = Some(Lasts { since, until: now });
    }
}

impl Lasts {
    fn goes_on(&self, now: Duration) -> bool {
        now < self.until + PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_older_than_a_minute_counts_in_the_total_alone() {
        let lately = Lately::default();
        // Each look is taken after what was counted up to then, as in life.
        for (now_s, expected) in [(0, 1), (0, 2), (3, 3), (59, 4), (60, 3), (62, 4), (119, 3)] {
            lately.add_at(s(now_s));
            assert_eq!(lately.last_minute_at(s(now_s)), expected, "{now_s}");
        }
        assert_eq!(lately.last_minute_at(s(121)), 2, "of 62 and 119");
        assert_eq!(lately.last_minute_at(s(122)), 1);
        assert_eq!(lately.last_minute_at(s(179)), 0);
        assert_eq!(lately.total(), 7);
    }

    #[test]
    fn what_pauses_for_less_than_ten_seconds_goes_on() {
        let lately = Lately::default();
        assert_eq!(lately.goes_on_at(s(0)), None);
        for (now_s, goes_on_s) in [(1, 0), (10, 9), (19, 18), (29, 0), (30, 1)] {
            lately.add_at(s(now_s));
            assert_eq!(lately.goes_on_at(s(now_s)), Some(s(goes_on_s)), "{now_s}");
        }
        assert_eq!(lately.goes_on_at(s(39)), Some(s(10)));
        assert_eq!(lately.goes_on_at(s(40)), None);
    }

    #[test]
    fn a_part_that_ends_while_another_begins_is_no_pause_of_the_whole() {
        let whole = Lately::default();
        let [one, other] = [(); 2].map(|()| Lately::part_of(&whole));
        for now_s in [5, 12] {
            one.add_at(s(now_s));
        }
        for now_s in [20, 27] {
            other.add_at(s(now_s));
        }
        let now = s(30);
        assert_eq!(one.goes_on_at(now), None);
        assert_eq!(other.goes_on_at(now), Some(s(10)));
        assert_eq!(whole.goes_on_at(now), Some(s(25)));
        assert_eq!((one.total(), other.total(), whole.total()), (2, 2, 4));
        assert_eq!(whole.last_minute_at(s(71)), 3, "of 12, 20 and 27");
    }

    #[test]
    fn a_thread_that_was_held_up_takes_nothing_back_and_overwrites_nothing() {
        let lately = Lately::default();
        for now_s in [100, 105, 113] {
            lately.add_at(s(now_s));
        }
        // Each took its time before and comes now: in the place of 105, and of a minute before 113.
        for late_s in [104, 53, 45] {
            lately.add_at(s(late_s));
        }
        assert_eq!(lately.goes_on_at(s(122)), Some(s(22)));
        assert_eq!((lately.total(), lately.last_minute_at(s(113))), (6, 6));
        assert_eq!(
            lately.last_minute_at(s(165)),
            4,
            "those of 113, with which the late ones count"
        );
        // The same after a pause: what begins is not dated back.
        lately.add_at(s(130));
        lately.add_at(s(119));
        assert_eq!(lately.goes_on_at(s(131)), Some(s(1)));
    }

    #[test]
    fn clones_count_together_and_nobody_reads_an_earlier_beginning() {
        let lately = Lately::default();
        lately.add_at(s(0));
        let from = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        // After a pause, as if an hour had gone by.
                        let now = s(3_600) + from.elapsed();
                        lately.clone().add_at(now);
                        let goes_on = lately.goes_on_at(s(3_600) + from.elapsed());
                        assert!(goes_on.is_some_and(|goes_on| goes_on < s(3_000)), "{goes_on:?}");
                    }
                });
            }
        });
        assert_eq!(lately.total(), 4_001);
    }
}
