//! How many requests one thread works on while more begin than it can do: pure.
//!
//! What begins now asks for most of its work later: an order that is pushed brings nine requests behind it.
//! A share of what begins, turned away by how long requests wait now, therefore comes too late, and then
//! lasts too long. A number that may be worked on at once is held to at once: where it is reached, one begins
//! when one is done. The number is found as TCP finds its window (additive increase, multiplicative
//! decrease, RFC 5681 section 3.1): it shrinks while requests wait longer than they should, and grows while
//! they do not.
//!
//! What goes on is not held to it, for turned away then it would have cost all that came before. So a household
//! that thinks for a minute between two pages comes back whatever has begun meanwhile: the limit
//! holds for requests, not for orders, and what comes back all at once is met by [`super::shedding`].

use super::{
    class::Class,
    shedding::{Coming, Window},
};
use std::time::Duration;

/// It never shrinks below this, however many waits there are.
const LEAST: f64 = 4.0;
/// What is left of the limit after a window in which requests waited too long.
const LESS: f64 = 0.93;
/// How many more there may be after a window in which they did not and somebody was turned away.
const MORE: f64 = 0.25;
/// By how much the limit grows after a window in which they did not and all were taken: ten become three
/// hundred in two seconds.
const GIVEN_UP: f64 = 1.05;
/// A thread that was held up for longer counts for no more windows at once.
const LONGEST: f64 = 4.0;
/// A part of what comes that is smaller is not why it waits: nobody is turned away for what others do.
const LEAST_PART: f64 = 0.05;
/// Of those that would be turned away each one of so many is taken: whatever else a thread does, some begin.
const TAKEN_OF: u32 = 50;

/// The limit, and what it follows from.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    target: Duration,
    /// Infinite where nobody has waited too long yet.
    most: f64,
    coming: Coming,
    /// Those that would have been turned away since one was taken.
    passed_over: u32,
}

impl Limit {
    /// Requests should wait no longer than this; nobody is turned away yet.
    pub fn new(target: Duration) -> Self {
        Self { target, most: f64::INFINITY, coming: Coming::default(), passed_over: 0 }
    }

    /// Nothing came for long: what waited before tells nothing of what will.
    pub fn forget(&mut self) {
        *self = Self::new(self.target);
    }

    /// How many may be worked on before no more orders and first pages begin; infinite where nobody has
    /// waited too long lately.
    pub const fn most(&self) -> f64 {
        self.most
    }

    /// Takes note of a window, of how many were worked on at most in it, and whether anybody was turned away.
    pub fn note(&mut self, window: &Window, peak: f64, turned_away: bool) {
        self.coming.note(window);
        let windows = window.windows.clamp(1.0, LONGEST);
        let begins = self.coming.of(Class::Statement) + self.coming.of(Class::Arrival);
        let is_why = self.coming.is_load() && begins >= LEAST_PART * self.coming.all();
        let most = if window.wait > self.target && is_why {
            // A limit above what was worked on has not been tried (RFC 7661 section 4.3).
            self.most.min(peak) * LESS.powf(windows)
        } else if turned_away {
            self.most + MORE
        } else {
            self.most * GIVEN_UP.powf(windows)
        };
        self.most = most.max(LEAST);
    }

    /// Whether one more of a class is taken. Only what begins is held to the limit, and what is only looked
    /// at leaves a quarter of it to orders and first pages (reliability.md 32).
    pub fn takes(&mut self, class: Class, worked_on: f64) -> bool {
        let part = match class {
            Class::Statement => 0.75,
            Class::Arrival => 1.0,
            Class::Login | Class::Confirmation => return true,
        };
        if worked_on < self.most * part {
            return true;
        }
        self.passed_over += 1;
        let is_taken = self.passed_over == TAKEN_OF;
        if is_taken {
            self.passed_over = 0;
        }
        is_taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admission::shedding::ByClass;
    use std::collections::VecDeque;

    /// As it is by default.
    const TARGET: Duration = Duration::from_micros(300);

    /// A tenth of what comes begins something.
    fn window(wait: Duration) -> Window {
        Window { windows: 1.0, wait, came: [0.0, 10.0, 40.0, 50.0] }
    }

    fn short() -> Window {
        window(Duration::from_micros(200))
    }

    fn long() -> Window {
        window(Duration::from_micros(400))
    }

    fn takes(limit: &Limit, worked_on: f64) -> [bool; 4] {
        Class::ALL.map(|class| limit.clone().takes(class, worked_on))
    }

    #[test]
    fn where_nobody_waits_nobody_is_held_to_it() {
        let mut limit = Limit::new(TARGET);
        for _ in 0..10_000 {
            limit.note(&short(), 2_000.0, false);
        }
        assert_eq!(takes(&limit, 1e6), [true; 4]);
    }

    #[test]
    fn it_shrinks_below_what_was_worked_on_and_what_goes_on_is_never_held_to_it_check_32() {
        let mut limit = Limit::new(TARGET);
        limit.note(&long(), 20.0, false);
        assert_eq!(takes(&limit, 13.0), [true; 4]);
        assert_eq!(takes(&limit, 17.0), [false, true, true, true]);
        assert_eq!(takes(&limit, 18.6), [false, false, true, true]);
        for _ in 0..1_000 {
            limit.note(&long(), 200.0, true);
        }
        assert_eq!(takes(&limit, 3.0), [false, true, true, true]);
        assert_eq!(takes(&limit, 4.0), [false, false, true, true]);
    }

    #[test]
    fn some_begin_however_much_else_is_worked_on() {
        let mut limit = Limit::new(TARGET);
        for _ in 0..1_000 {
            limit.note(&long(), 200.0, true);
        }
        let taken = (0..1_000).filter(|_| limit.takes(Class::Arrival, 200.0)).count();
        assert_eq!(taken, 20);
    }

    #[test]
    fn it_grows_slowly_while_somebody_is_turned_away_and_is_given_up_when_nobody_is_check_31() {
        let mut limit = Limit::new(TARGET);
        limit.note(&long(), 20.0, false);
        for _ in 0..10 {
            limit.note(&short(), 20.0, true);
        }
        assert!((limit.most - 21.1).abs() < 1e-9, "{}", limit.most);
        for _ in 0..80 {
            limit.note(&short(), 5.0, false);
        }
        assert!(takes(&limit, 1_000.0)[1], "{}", limit.most);
    }

    #[test]
    fn what_begins_is_not_turned_away_for_what_others_do() {
        for (came, is_held) in [
            // A thread with next to nothing to do, held up by another program.
            ([0.0, 1.0, 0.0, 0.5], false),
            // Households on their own pages, and hardly an order.
            ([0.0, 2.0, 98.0, 0.0], false),
            ([0.0, 10.0, 90.0, 0.0], true),
            ([10.0, 0.0, 90.0, 0.0], true),
        ] {
            let mut limit = Limit::new(TARGET);
            for _ in 0..100 {
                limit.note(&Window { came, ..long() }, 20.0, false);
            }
            assert_eq!(takes(&limit, 30.0)[1], !is_held, "{came:?}");
        }
    }

    #[test]
    fn a_thread_that_was_held_up_shrinks_it_by_no_more_than_four_windows() {
        let (mut held_up, mut four) = (Limit::new(TARGET), Limit::new(TARGET));
        let came = long().came.map(|came| came * 400.0);
        held_up.note(&Window { windows: 400.0, came, ..long() }, 100.0, false);
        for _ in 0..4 {
            four.note(&long(), 100.0, false);
        }
        assert!((held_up.most - four.most).abs() < 1e-9, "{held_up:?} {four:?}");
    }

    /// A thread that does one step each tick of a tenth of a millisecond. An order takes ten requests of two
    /// steps each; between the two it waits for another thread, between requests for its household.
    struct Thread {
        limit: Limit,
        /// What is ready: when its order began, and which step it is.
        ready: VecDeque<(u32, u32)>,
        /// What waits for another thread, and what waits for its household: when it is ready, and what it is.
        waits: [VecDeque<(u32, (u32, u32))>; 2],
        under_way: f64,
        came: ByClass,
        took: Vec<u32>,
        turned_away: u32,
    }

    const STEPS: u32 = 20;
    const OTHER_THREAD: u32 = 12;
    const BEAT: u32 = 50;
    const WINDOW: u32 = 250;

    impl Thread {
        /// Orders come each so many ticks, of households that think for so many; one that holds the thread up
        /// for so many comes twice a second.
        fn run(each: u32, think: u32, stall: u32, ticks: u32) -> Self {
            let (ready, waits, took) = (VecDeque::new(), <[_; 2]>::default(), Vec::new());
            let (limit, came) = (Limit::new(TARGET), ByClass::default());
            let mut thread =
                Self { limit, ready, waits, under_way: 0.0, came, took, turned_away: 0 };
            let (mut shortest, mut peak, mut before, mut busy_until) = (u32::MAX, 0.0_f64, 0, 0);
            for now in 0..ticks {
                for waits in &mut thread.waits {
                    while waits.front().is_some_and(|(at, _)| *at <= now) {
                        thread.ready.extend(waits.pop_front().map(|(_, step)| step));
                    }
                }
                if now % each == 0 {
                    thread.ready.push_back((now, 0));
                }
                if now % BEAT == 0 {
                    // A beat waits for all that is ready, and for whatever holds the thread up.
                    let ready = u32::try_from(thread.ready.len()).expect("few");
                    shortest = shortest.min(ready + busy_until.max(now) - now);
                }
                if now % 5_000 == 4_999 {
                    busy_until = now + stall;
                }
                if now >= busy_until {
                    thread.step(now, think);
                }
                peak = peak.max(thread.under_way);
                if now % WINDOW == WINDOW - 1 {
                    let wait = Duration::from_micros(u64::from(shortest) * 100);
                    let came = std::mem::take(&mut thread.came);
                    let turned_away = thread.turned_away > before;
                    thread.limit.note(&Window { windows: 1.0, wait, came }, peak, turned_away);
                    (shortest, peak, before) = (u32::MAX, thread.under_way, thread.turned_away);
                }
            }
            thread
        }

        /// Turning one away takes a step too, which is dear.
        fn step(&mut self, now: u32, think: u32) {
            let Some((began, step)) = self.ready.pop_front() else { return };
            let is_first = step % 2 == 0;
            let class = if step == 0 { Class::Arrival } else { Class::Confirmation };
            if is_first {
                self.came[class.place()] += 1.0;
                if !self.limit.takes(class, self.under_way) {
                    self.turned_away += 1;
                    return;
                }
            }
            self.under_way += if is_first { 1.0 } else { -1.0 };
            if step + 1 == STEPS {
                self.took.push(now - began - think * (STEPS / 2 - 1));
                return;
            }
            let waits = if is_first { OTHER_THREAD } else { think };
            self.waits[usize::from(!is_first)].push_back((now + waits, (began, step + 1)));
        }

        /// In ticks, of the second half, without the household's own time.
        fn p99(&self) -> u32 {
            let mut took = self.took[self.took.len() / 2..].to_vec();
            took.sort_unstable();
            took[took.len() * 99 / 100]
        }
    }

    #[test]
    fn of_twice_the_capacity_nine_tenths_of_what_refusals_leave_are_done_in_time_check_31() {
        // The longer households think, the later comes what was let in.
        for (think, stall) in [(8, 0), (8, 80), (300, 0)] {
            // Twenty seconds; an order takes twenty ticks of the thread.
            let few = Thread::run(29, think, stall, 200_000);
            let twice = Thread::run(10, think, stall, 200_000);
            assert_eq!(few.turned_away, 0, "seven tenths are all taken");
            let (done, turned_away) = (twice.took.len(), twice.turned_away as usize);
            // What is left of ten thousand orders when a tick is taken off for each refusal.
            let capacity = (200_000 - turned_away - 40 * stall as usize) / STEPS as usize;
            assert!(done * 10 > capacity * 9, "{think} {stall}: {done} of {capacity}");
            assert!(twice.p99() < 3 * few.p99(), "{think} {stall}: {} {}", twice.p99(), few.p99());
        }
    }
}
