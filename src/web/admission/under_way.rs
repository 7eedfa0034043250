//! How many requests one thread works on at once: pure.
//!
//! Little's law: what is worked on at once is what is done in a time, times how long each takes. So
//! whoever is the last of as many as were lately done in the time that a request may take is answered
//! in that time, and whoever would come behind those waits for nothing. This bounds what a rush or a
//! disk that stands still piles up; what is turned away while more comes than can be done, for as long
//! as it does, is the business of [`super::shedding`].

use super::{class::Class, shedding::ByClass};

/// So many may be worked on in any case: a thread that has rested has done nothing lately.
const FLOOR: f64 = 256.0;
/// How much of what is remembered of the pace is replaced with each window.
const NEWEST: f64 = 0.2;
/// How much is left of the fastest pace after a window: a tenth is gone after two and a half seconds.
const KEPT: f64 = 0.999;

/// The bound, and what it follows from.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The time that a request may take, in windows.
    patience: f64,
    /// What is done in a window of late.
    pace: f64,
    /// The fastest that was, which fades.
    fastest: f64,
}

impl Bound {
    /// For requests that may take so many windows.
    pub const fn new(patience: f64) -> Self {
        Self { patience, pace: 0.0, fastest: 0.0 }
    }

    /// Takes note of so many windows, in which so many requests were done.
    pub fn note(&mut self, done: f64, windows: f64) {
        self.pace += NEWEST * (done / windows.max(1.0) - self.pace);
        self.fastest = (self.fastest * KEPT.powf(windows)).max(self.pace);
    }

    /// How many may be worked on.
    pub fn most(&self) -> f64 {
        (self.fastest * self.patience).max(FLOOR)
    }

    /// Whether one more of a class is taken. Each class leaves room for those above it
    /// (reliability.md 32).
    pub fn takes(&self, class: Class, under_way: ByClass) -> bool {
        let part = match class {
            Class::Statement => 0.5,
            Class::Arrival => 0.65,
            Class::Login => 0.75,
            Class::Confirmation => 1.0,
        };
        under_way.iter().sum::<f64>() < self.most() * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tenth of a second.
    const PATIENCE: f64 = 4.0;

    #[test]
    fn a_rush_on_a_thread_at_rest_is_taken_up_to_the_floor_confirmations_last_check_32() {
        let bound = Bound::new(PATIENCE);
        for (under_way, expected) in [
            (0.0, [true, true, true, true]),
            (127.0, [true, true, true, true]),
            (128.0, [false, true, true, true]),
            (167.0, [false, false, true, true]),
            (191.0, [false, false, true, true]),
            (192.0, [false, false, false, true]),
            (255.0, [false, false, false, true]),
            (256.0, [false, false, false, false]),
        ] {
            let takes = Class::ALL.map(|class| bound.takes(class, [0.0, under_way, 0.0, 0.0]));
            assert_eq!(takes, expected, "{under_way}");
        }
    }

    #[test]
    fn a_thread_works_on_as_many_as_it_did_lately_in_the_time_that_each_may_take() {
        let mut bound = Bound::new(PATIENCE);
        for _ in 0..100 {
            bound.note(200.0, 1.0);
        }
        assert!((790.0..=800.0).contains(&bound.most()), "{}", bound.most());
        // The disk stands still for a second: what piles up does not grow, nor does what may.
        for _ in 0..40 {
            bound.note(0.0, 1.0);
        }
        assert!((740.0..=800.0).contains(&bound.most()), "{}", bound.most());
        // A minute with next to nothing is forgotten.
        bound.note(1.0, 2_400.0);
        assert!((bound.most() - FLOOR).abs() < 1e-9, "{}", bound.most());
    }

    #[test]
    fn what_is_done_at_once_after_a_long_window_was_not_done_in_one() {
        let mut bound = Bound::new(PATIENCE);
        bound.note(4_000.0, 20.0);
        assert!(bound.most() <= FLOOR, "{}", bound.most());
    }
}
