//! How many requests one thread works on while more begin than it can do: pure.
//!
//! What begins now asks for most of its work later: an order that is pushed brings nine requests behind it.
//! A share of what begins, turned away by how long requests wait now, therefore comes too late, and then
//! lasts too long. A number that may be worked on at once does not: where it is reached, one begins when
//! one is done. The number is found as TCP finds its window (additive increase, multiplicative
//! decrease, RFC 5681 section 3.1): it shrinks while requests wait longer than they should, and grows while
//! they do not. What goes on is not held to it, and a load that is done at once, without being worked on, is
//! met by [`super::shedding`].

use super::{
    class::Class,
    shedding::{ByClass, Window},
};
use std::time::Duration;

/// So many begin in any case.
const LEAST: f64 = 4.0;
/// More are never worked on; and so many are where nobody has waited too long yet.
const MOST: f64 = 256.0;
/// What is left of the limit after a window in which requests waited too long.
const LESS: f64 = 0.95;
/// How many more there may be after a window in which they did not and somebody was turned away.
const MORE: f64 = 0.5;
/// By how much the limit grows after a window in which they did not and all were taken: it is given up
/// within two seconds.
const GIVEN_UP: f64 = 1.05;
/// A thread that was held up for longer counts for no more windows at once.
const LONGEST: f64 = 4.0;

/// The limit, and what it follows from.
#[derive(Debug, Clone)]
pub struct Limit {
    target: Duration,
    most: f64,
    /// The wait in the window before.
    waited: Duration,
}

impl Limit {
    /// Requests should wait no longer than this; nobody is turned away yet.
    pub const fn new(target: Duration) -> Self {
        Self { target, most: MOST, waited: Duration::ZERO }
    }

    /// Nothing came for long: what waited before tells nothing of what will.
    pub const fn forget(&mut self) {
        *self = Self::new(self.target);
    }

    /// Takes note of a window, of how many were worked on at most in it, and whether anybody was turned away.
    pub fn note(&mut self, window: &Window, peak: f64, turned_away: bool) {
        let windows = window.windows.clamp(1.0, LONGEST);
        // What another program does in one window, or a rush, is over in the next.
        let wait = window.wait.min(std::mem::replace(&mut self.waited, window.wait));
        let most = if wait > self.target {
            // A limit above what was worked on has not been tried (RFC 7661 section 4.3).
            self.most.min(peak.max(LEAST)) * LESS.powf(windows)
        } else if turned_away {
            self.most + MORE
        } else {
            self.most * GIVEN_UP.powf(windows)
        };
        self.most = most.clamp(LEAST, MOST);
    }

    /// Whether one more of a class is taken. Only what begins is held to the limit, and what is only looked
    /// at leaves room for it (reliability.md 32).
    pub fn takes(&self, class: Class, under_way: ByClass) -> bool {
        let part = match class {
            Class::Statement => 0.75,
            Class::Arrival => 1.0,
            Class::Login | Class::Confirmation => return true,
        };
        under_way.iter().sum::<f64>() < self.most * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const TARGET: Duration = Duration::from_millis(1);

    fn window(wait: Duration) -> Window {
        Window { windows: 1.0, wait, came: ByClass::default() }
    }

    fn short() -> Window {
        window(Duration::from_micros(900))
    }

    fn long() -> Window {
        window(Duration::from_micros(1_100))
    }

    fn takes(limit: &Limit, under_way: f64) -> [bool; 4] {
        Class::ALL.map(|class| limit.takes(class, [0.0, 0.0, 0.0, under_way]))
    }

    #[test]
    fn who_waits_for_nothing_is_not_held_to_it() {
        let mut limit = Limit::new(TARGET);
        for _ in 0..1_000 {
            limit.note(&short(), 200.0, false);
        }
        assert_eq!(takes(&limit, 191.0), [true; 4]);
        assert_eq!(takes(&limit, 255.0), [false, true, true, true]);
    }

    #[test]
    fn it_shrinks_below_what_was_worked_on_and_what_goes_on_is_never_held_to_it_check_32() {
        let mut limit = Limit::new(TARGET);
        limit.note(&long(), 20.0, false);
        assert_eq!(takes(&limit, 190.0), [true; 4], "one window tells nothing");
        limit.note(&long(), 20.0, false);
        assert_eq!(takes(&limit, 14.0), [true; 4]);
        assert_eq!(takes(&limit, 18.0), [false, true, true, true]);
        assert_eq!(takes(&limit, 19.0), [false, false, true, true]);
        for _ in 0..1_000 {
            limit.note(&long(), 200.0, true);
        }
        assert_eq!(takes(&limit, 3.0), [false, true, true, true], "some are heard even then");
        assert_eq!(takes(&limit, 4.0), [false, false, true, true]);
    }

    #[test]
    fn it_grows_slowly_while_somebody_is_turned_away_and_is_given_up_when_nobody_is_check_31() {
        let mut limit = Limit::new(TARGET);
        limit.note(&long(), 20.0, false);
        limit.note(&long(), 20.0, false);
        for _ in 0..10 {
            limit.note(&short(), 20.0, true);
        }
        assert!((limit.most - 24.0).abs() < 1e-9, "{}", limit.most);
        for _ in 0..80 {
            limit.note(&short(), 5.0, false);
        }
        assert!(takes(&limit, 255.0)[1], "{}", limit.most);
    }

    #[test]
    fn a_thread_that_was_held_up_shrinks_it_by_no_more_than_four_windows() {
        let (mut held_up, mut four) = (Limit::new(TARGET), Limit::new(TARGET));
        held_up.note(&long(), 100.0, false);
        four.note(&long(), 100.0, false);
        held_up.note(&Window { windows: 400.0, ..long() }, 100.0, false);
        for _ in 0..4 {
            four.note(&long(), 100.0, false);
        }
        assert!((held_up.most - four.most).abs() < 1e-9, "{held_up:?} {four:?}");
    }

    /// A thread that does one step each tick of a tenth of a millisecond. An order takes twenty, each of
    /// them some ticks after the last was done.
    struct Thread {
        limit: Limit,
        /// What is ready: when its order began, and which step it is.
        ready: VecDeque<(u32, u32)>,
        /// What will be: when, and what.
        waits: VecDeque<(u32, (u32, u32))>,
        under_way: f64,
        took: Vec<u32>,
        turned_away: u32,
    }

    const STEPS: u32 = 20;
    const GAP: u32 = 8;
    const BEAT: u32 = 50;
    const WINDOW: u32 = 250;

    impl Thread {
        /// Orders come each so many ticks; a stall of this length comes twice a second.
        fn run(each: u32, stall: u32, ticks: u32) -> Self {
            let limit = Limit::new(TARGET);
            let (ready, waits, took) = (VecDeque::new(), VecDeque::new(), Vec::new());
            let mut thread = Self { limit, ready, waits, under_way: 0.0, took, turned_away: 0 };
            let (mut shortest, mut peak, mut before, mut busy_until) = (u32::MAX, 0.0_f64, 0, 0);
            for now in 0..ticks {
                while thread.waits.front().is_some_and(|(at, _)| *at <= now) {
                    thread.ready.extend(thread.waits.pop_front().map(|(_, step)| step));
                }
                if now % each == 0 {
                    thread.ready.push_back((now, 0));
                }
                if now % BEAT == 0 {
                    // A beat waits for all that is ready, and for whatever holds the thread up.
                    let wait =
                        u32::try_from(thread.ready.len()).expect("few") + busy_until.max(now) - now;
                    shortest = shortest.min(wait);
                }
                if now % 5_000 == 4_999 {
                    busy_until = now + stall;
                }
                if now >= busy_until {
                    thread.step(now);
                }
                peak = peak.max(thread.under_way);
                if now % WINDOW == WINDOW - 1 {
                    let wait = Duration::from_micros(u64::from(shortest) * 100);
                    let turned_away = thread.turned_away > before;
                    thread.limit.note(&window(wait), peak, turned_away);
                    (shortest, peak, before) = (u32::MAX, 0.0, thread.turned_away);
                }
            }
            thread
        }

        /// Turning one away takes a step too, which is dear.
        fn step(&mut self, now: u32) {
            let Some((began, step)) = self.ready.pop_front() else { return };
            if step == 0 && !self.limit.takes(Class::Arrival, [0.0, self.under_way, 0.0, 0.0]) {
                self.turned_away += 1;
                return;
            }
            self.under_way += if step == 0 { 1.0 } else { 0.0 };
            if step + 1 == STEPS {
                self.under_way -= 1.0;
                self.took.push(now - began);
            } else {
                self.waits.push_back((now + GAP, (began, step + 1)));
            }
        }

        /// In ticks, of the second half.
        fn p99(&self) -> u32 {
            let mut took = self.took[self.took.len() / 2..].to_vec();
            took.sort_unstable();
            took[took.len() * 99 / 100]
        }
    }

    #[test]
    fn twice_the_capacity_is_met_by_nine_tenths_of_it_and_in_three_times_the_time_check_31() {
        for stall in [0, 80] {
            // Ten seconds; an order takes twenty ticks of the thread.
            let few = Thread::run(29, stall, 100_000);
            let twice = Thread::run(10, stall, 100_000);
            assert_eq!(few.turned_away, 0, "seven tenths are all taken");
            let (done, turned_away) = (twice.took.len(), twice.turned_away as usize);
            // What is left of five thousand orders when a tick is taken off for each refusal.
            let capacity = (100_000 - turned_away - 20 * stall as usize) / STEPS as usize;
            assert!(done * 10 > capacity * 9, "{stall}: {done} of {capacity}");
            assert!(twice.p99() < 3 * few.p99(), "{stall}: {} {}", twice.p99(), few.p99());
        }
    }
}
