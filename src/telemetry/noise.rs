//! What comes too often is left out and counted, so that a flood of refusals neither fills the disk
//! nor hides what else happens (checks/experience.md 34).
//!
//! A kind of line is where it is logged, its action and its reason. Of each kind so many are written
//! in a second; the next one that is written says how many were left out before it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Kinds that are remembered: actions and reasons are our own codes, so there are far fewer.
const MOST_KINDS: usize = 4_096;

/// How many lines of each kind came lately: by where they are logged, action and reason.
#[derive(Debug)]
pub(super) struct Noise<P> {
    lately: Mutex<HashMap<(P, String, String), Lately>>,
    /// Lines of one kind that are written in a second.
    most_in_a_second: u32,
}

impl<P> Noise<P> {
    /// Nothing came yet.
    pub(super) fn new(most_in_a_second: u32) -> Self {
        Self { lately: Mutex::default(), most_in_a_second }
    }
}

#[derive(Debug, Default)]
struct Lately {
    second: i64,
    written: u32,
    left_out: u64,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is written, and tells how many before it were not.
    Written { left_out: u64 },
    /// It is not.
    LeftOut,
}

impl<P: Eq + Hash> Noise<P> {
    /// Counts a line of this kind, and tells whether it is written.
    pub(super) fn admit(&self, (place, action, reason): (P, &str, &str), second: i64) -> Admitted {
        let mut kinds = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() >= MOST_KINDS {
            kinds.clear();
        }
        let lately = kinds.entry((place, action.to_owned(), reason.to_owned())).or_default();
        if lately.second != second {
            (lately.second, lately.written) = (second, 0);
        }
        if lately.written == self.most_in_a_second {
            lately.left_out += 1;
            return Admitted::LeftOut;
        }
        lately.written += 1;
        Admitted::Written { left_out: std::mem::take(&mut lately.left_out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_cut_and_counted_and_others_go_on() {
        let noise = Noise::new(5);
        let refused = ("decision", "login", "throttled");
        let admitted = |second| noise.admit(refused, second);
        for _ in 0..5 {
            assert_eq!(admitted(1), Admitted::Written { left_out: 0 });
        }
        for _ in 0..7 {
            assert_eq!(admitted(1), Admitted::LeftOut);
        }
        let other = ("decision", "login", "wrong_password");
        assert_eq!(noise.admit(other, 1), Admitted::Written { left_out: 0 });
        assert_eq!(admitted(2), Admitted::Written { left_out: 7 });
        assert_eq!(admitted(2), Admitted::Written { left_out: 0 });
    }
}
