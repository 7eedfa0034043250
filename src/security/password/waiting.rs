//! What waits for a thread of the pool: whoever came first is hashed first.
//!
//! An ID's logins from one source come one after the other ([`crate::security::Throttle`]). Behind all that
//! came while it waited for its turn, each of them would wait for the whole of the pool's queue again, and a
//! few at once would take seconds.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Jobs by when their requests came.
pub(super) struct Waiting<T>(Mutex<Jobs<T>>);

struct Jobs<T> {
    by_age: BinaryHeap<Entry<T>>,
    /// How many have been added.
    added: u64,
}

struct Entry<T> {
    came: Instant,
    number: u64,
    job: T,
}

impl<T> Waiting<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Jobs { by_age: BinaryHeap::new(), added: 0 }))
    }

    /// Adds a job whose request came then. False where there are `most` already.
    pub(super) fn push(&self, came: Instant, job: T, most: usize) -> bool {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.by_age.len() >= most {
            return false;
        }
        let number = jobs.added;
        jobs.added += 1;
        jobs.by_age.push(Entry { came, number, job });
        true
    }

    /// Takes the one whose request came first; of two that came at once, the one added first.
    pub(super) fn pop(&self) -> Option<T> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.by_age.pop().map(|entry| entry.job)
    }
}

impl<T> Ord for Entry<T> {
    /// The greatest is taken first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.came, other.number).cmp(&(self.came, self.number))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        /// Against a sorted list.
        #[test]
        fn whoever_came_first_is_taken_first_and_no_more_than_may_wait(ages_ms in prop::collection::vec(0_u64..20, 0..50)) {
            let (waiting, began) = (Waiting::new(), Instant::now());
            let mut expected = Vec::new();
            for (number, age_ms) in ages_ms.into_iter().enumerate() {
                let came = began + Duration::from_millis(age_ms);
                let is_taken = waiting.push(came, number, 40);
                prop_assert_eq!(is_taken, number < 40);
                if is_taken {
                    expected.push((age_ms, number));
                }
            }
            expected.sort_unstable();
            let taken: Vec<usize> = std::iter::from_fn(|| waiting.pop()).collect();
            prop_assert_eq!(taken, expected.into_iter().map(|(_, number)| number).collect::<Vec<_>>());
        }
    }
}
