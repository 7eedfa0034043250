//! What share of the requests is turned away, from how long they wait: pure, one value for each
//! thread that answers.
//!
//! The controller is PIE's (RFC 8033 section 4.2) with a share of requests in place of a probability
//! of dropping packets: it grows while requests wait longer than they should and while their wait
//! grows, and shrinks in the same way, so the wait settles at the target, the thread is never idle,
//! and no load that was turned away is missed. The share is taken from the lowest class first
//! (reliability.md 32), by what came of each class lately.

use super::class::Class;
use std::time::Duration;

/// What one class has of something.
pub type ByClass = [f64; Class::ALL.len()];

/// By how much the share grows with each window in which requests wait one second too long.
const FOR_DISTANCE: f64 = 1.0;
/// By how much it grows with each window in which their wait grew by one second.
const FOR_GROWTH: f64 = 5.0;
/// What is left of the share after each window in which a thread had next to nothing to do (RFC 8033
/// section 4.2 lets it decay likewise): of nearly all, a hundredth after two seconds.
const LEFT_AT_REST: f64 = 0.95;
/// Some are heard even then: only they tell that it is over.
const MOST_SHED: f64 = 0.98;
/// A smaller share is none.
const NEXT_TO_NONE: f64 = 0.01;
/// How much of what is remembered of the classes' parts is replaced with each window.
const NEWEST: f64 = 0.2;
/// A rush of so many windows is worked off, however long it makes wait (the burst allowance of RFC 8033
/// section 4.2): a tenth of a second.
const RUSH: f64 = 4.0;
/// A thread that was held up for longer counts for no more windows at once.
const LONGEST: f64 = 4.0;
/// A thread that gets fewer requests in a window has no load to turn away: what makes them wait is
/// another program.
const LEAST_COMING: f64 = 2.0;

/// What was seen in a time that should be one window, and is longer where the thread was held up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// How many it lasted.
    pub windows: f64,
    /// The shortest wait of a task that was ready in it, until the thread came to it.
    pub wait: Duration,
    /// Requests that came, by class.
    pub came: ByClass,
}

/// What came of each class in a window of late.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coming(ByClass);

impl Coming {
    /// Takes note of a window.
    pub fn note(&mut self, window: &Window) {
        for (coming, came) in self.0.iter_mut().zip(window.came) {
            *coming += NEWEST * (came / window.windows.max(1.0) - *coming);
        }
    }

    /// All classes together.
    pub fn all(&self) -> f64 {
        self.0.iter().sum()
    }

    /// One class.
    pub const fn of(&self, class: Class) -> f64 {
        self.0[class.place()]
    }

    /// Whether so much comes that it may be what makes it wait.
    pub fn is_load(&self) -> bool {
        self.all() >= LEAST_COMING
    }
}

/// The share that is turned away, and what it follows from.
#[derive(Debug, Clone)]
pub struct Shedding {
    target_s: f64,
    share: f64,
    wait_s: f64,
    /// For how many windows requests have waited too long, without a pause.
    rush: f64,
    coming: Coming,
}

impl Shedding {
    /// Turns nobody away; waits up to `target` are as they should be.
    pub const fn new(target: Duration) -> Self {
        let coming = Coming([0.0; Class::ALL.len()]);
        Self { target_s: target.as_secs_f64(), share: 0.0, wait_s: 0.0, rush: 0.0, coming }
    }

    /// Takes note of a window.
    pub fn note(&mut self, window: &Window) {
        self.coming.note(window);
        let wait_s = window.wait.as_secs_f64();
        let grown_s = wait_s - self.wait_s;
        self.wait_s = wait_s;
        let windows = window.windows.clamp(1.0, LONGEST);
        self.rush = if wait_s > self.target_s { self.rush + windows } else { 0.0 };
        if self.share <= 0.0 && self.rush <= RUSH {
            return;
        }
        if !self.coming.is_load() || wait_s < self.target_s / 2.0 {
            self.share *= LEFT_AT_REST.powf(windows);
            if self.share < NEXT_TO_NONE {
                self.share = 0.0;
            }
            return;
        }
        let distance = (wait_s - self.target_s) * windows;
        let change = FOR_DISTANCE.mul_add(distance, FOR_GROWTH * grown_s);
        self.share = (self.share + change).clamp(0.0, MOST_SHED);
    }

    /// Nothing came for long: what came before tells nothing of what will.
    pub fn forget(&mut self) {
        *self = Self::new(Duration::from_secs_f64(self.target_s));
    }

    /// The share of all requests that is turned away, from 0 to 1.
    pub const fn share(&self) -> f64 {
        self.share
    }

    /// The share of each class that is turned away, from 0 to 1: of a class only when nothing is left
    /// of those below it.
    pub fn shares(&self) -> ByClass {
        let mut left = self.share * self.coming.all();
        self.coming.0.map(|coming| {
            let from_it = left.min(coming);
            left -= from_it;
            if coming > 0.0 { from_it / coming } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGET: Duration = Duration::from_millis(10);
    const WINDOW_S: f64 = 0.025;
    /// Requests that one thread can do in a window.
    const CAPACITY: f64 = 50.0;
    /// What turning one away costs beside doing it.
    const REFUSAL: f64 = 0.05;

    /// A thread that works through its queue; `load` is by class, 1.0 in all its capacity.
    struct Thread {
        shedding: Shedding,
        wait_s: f64,
        /// Done of each class.
        done: ByClass,
        turned_away: ByClass,
    }

    impl Thread {
        fn new() -> Self {
            let shedding = Shedding::new(TARGET);
            Self { shedding, wait_s: 0.0, done: [0.0; 4], turned_away: [0.0; 4] }
        }

        fn run(&mut self, load: ByClass, windows: u32) {
            (self.done, self.turned_away) = ([0.0; 4], [0.0; 4]);
            for _ in 0..windows {
                let shares = self.shedding.shares();
                let mut work = 0.0;
                for (place, load) in load.into_iter().enumerate() {
                    let away = load * shares[place];
                    work += (load - away) + REFUSAL * away;
                    self.turned_away[place] += away;
                    self.done[place] += load - away;
                }
                self.wait_s = WINDOW_S.mul_add(work - 1.0, self.wait_s).max(0.0);
                let came = load.map(|load| load * CAPACITY);
                let wait = Duration::from_secs_f64(self.wait_s);
                self.shedding.note(&Window { windows: 1.0, wait, came });
            }
        }

        fn done(&self, windows: u32) -> f64 {
            self.done.iter().sum::<f64>() / f64::from(windows)
        }
    }

    #[test]
    fn nobody_is_turned_away_below_capacity() {
        let mut thread = Thread::new();
        thread.run([0.2, 0.1, 0.1, 0.5], 4_000);
        assert!(thread.turned_away.iter().all(|share| *share == 0.0));
    }

    #[test]
    fn twice_the_capacity_of_any_mix_is_met_by_nine_tenths_of_it_check_31() {
        for mix in
            [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.2, 0.2, 0.1, 0.5], [0.5, 0.0, 0.0, 0.5]]
        {
            let mut thread = Thread::new();
            let twice = mix.map(|part: f64| 2.0 * part);
            let mut longest_s = 0.0_f64;
            for _ in 0..40 {
                thread.run(twice, 1);
                longest_s = longest_s.max(thread.wait_s);
            }
            assert!(longest_s < 0.2, "{mix:?}: {longest_s}");
            thread.run(twice, 4_000);
            assert!(thread.done(4_000) > 0.9, "{mix:?}: {}", thread.done(4_000));
            assert!((0.001..0.015).contains(&thread.wait_s), "{mix:?}: {}", thread.wait_s);
        }
    }

    #[test]
    fn statements_go_before_what_begins_and_that_before_what_goes_on_check_32() {
        let mut thread = Thread::new();
        thread.run([0.4, 0.4, 0.2, 0.2], 400);
        thread.run([0.4, 0.4, 0.2, 0.2], 400);
        let [statement, arrival, login, confirmation] = thread.turned_away.map(|away| away / 400.0);
        assert!(statement > 0.15 && statement < 0.4, "{statement}");
        let above = arrival + login + confirmation;
        assert!(above < 0.01, "{arrival} {login} {confirmation}");
        thread.run([0.7, 0.7, 0.3, 0.3], 400);
        thread.run([0.7, 0.7, 0.3, 0.3], 400);
        let [statement, arrival, login, confirmation] = thread.turned_away.map(|away| away / 400.0);
        assert!(statement > 0.68 && arrival > 0.2 && arrival < 0.5, "{statement} {arrival}");
        assert!(login + confirmation < 0.01, "{login} {confirmation}");
    }

    #[test]
    fn three_seconds_after_the_load_fell_everybody_is_heard_check_31() {
        let mut thread = Thread::new();
        thread.run([0.8, 0.8, 0.8, 1.6], 4_000);
        assert!(thread.shedding.share() > 0.7);
        thread.run([0.1, 0.1, 0.2, 0.3], 120);
        assert!(thread.shedding.share() <= 0.0, "{}", thread.shedding.share());
    }

    #[test]
    fn a_thread_that_another_program_holds_up_turns_nobody_away() {
        let mut shedding = Shedding::new(TARGET);
        for _ in 0..1_000 {
            let wait = Duration::from_secs(1);
            shedding.note(&Window { windows: 1.0, wait, came: [0.0, 1.0, 0.0, 0.5] });
            assert!(shedding.shares().iter().all(|share| *share <= 0.0));
        }
    }

    #[test]
    fn a_rush_of_a_tenth_of_a_second_is_worked_off_and_a_longer_one_is_not() {
        for (rush, is_worked_off) in [(4, true), (5, false)] {
            let mut shedding = Shedding::new(TARGET);
            for _ in 0..rush {
                let wait = Duration::from_millis(80);
                shedding.note(&Window { windows: 1.0, wait, came: [0.0, 100.0, 0.0, 0.0] });
            }
            assert_eq!(shedding.share() <= 0.0, is_worked_off, "{rush}");
        }
    }

    #[test]
    fn what_was_turned_away_before_a_rest_is_heard_after_it() {
        let mut shedding = Shedding::new(TARGET);
        for _ in 0..100 {
            let wait = Duration::from_millis(80);
            shedding.note(&Window { windows: 1.0, wait, came: [0.0, 100.0, 0.0, 0.0] });
        }
        assert!(shedding.share() > 0.5);
        shedding.forget();
        assert!(shedding.shares().iter().all(|share| *share <= 0.0));
    }

    proptest! {
        #[test]
        fn shares_stay_shares_and_the_order_of_the_classes_holds(
            windows in proptest::collection::vec(
                (1_u32..100, 0..5_000_u64, [0..200_u32, 0..200, 0..200, 0..200]),
                1..60,
            )
        ) {
            let mut shedding = Shedding::new(TARGET);
            for (windows, wait_ms, came) in windows {
                let (windows, wait) = (f64::from(windows), Duration::from_millis(wait_ms));
                shedding.note(&Window { windows, wait, came: came.map(f64::from) });
                let shares = shedding.shares();
                prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
                let total = shedding.coming.all();
                let away: f64 = shares.iter().zip(shedding.coming.0).map(|(a, b)| a * b).sum();
                prop_assert!((away - shedding.share() * total).abs() < 1e-6);
                for (below, above) in [(0, 1), (1, 2), (2, 3)] {
                    let above = shares[above] * shedding.coming.0[above];
                    let below_is_gone =
                        (1.0 - shares[below]) * shedding.coming.0[below] < 1e-6;
                    prop_assert!(above <= 1e-6 || below_is_gone, "{shares:?}");
                }
            }
        }
    }
}
