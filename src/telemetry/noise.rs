//! What comes too often is left out and counted, so that a flood of refusals neither fills the disk
//! nor hides what else happens (checks/experience.md 34).
//!
//! A kind of line is where it is logged, its action and its reason. Of each kind so many are written
//! in a second; the next one that is written says how many were left out before it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tracing::callsite::Identifier;

/// Lines of one kind that are written in a second.
pub(super) const MOST_IN_A_SECOND: u32 = 100;

/// Kinds that are remembered: actions and reasons are our own codes, so there are far fewer.
const MOST_KINDS: usize = 4_096;

/// Where a line is logged, its action and its reason.
type Kind = (Identifier, String, String);

/// How many lines of each kind came lately.
#[derive(Debug, Default)]
pub(super) struct Noise(Mutex<HashMap<Kind, Lately>>);

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

impl Noise {
    /// Counts a line of this kind, and tells whether it is written.
    pub(super) fn admit(
        &self,
        (place, action, reason): (Identifier, &str, &str),
        second: i64,
    ) -> Admitted {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() >= MOST_KINDS {
            kinds.clear();
        }
        let lately = kinds.entry((place, action.to_owned(), reason.to_owned())).or_default();
        if lately.second != second {
            (lately.second, lately.written) = (second, 0);
        }
        if lately.written == MOST_IN_A_SECOND {
            lately.left_out += 1;
            return Admitted::LeftOut;
        }
        lately.written += 1;
        Admitted::Written { left_out: std::mem::take(&mut lately.left_out) }
    }
}
