//! What waits for a thread of the pool: whoever came first is hashed first.
//!
//! An ID's logins from one source come one after the other ([`crate::security::Throttle`]). Behind all that
//! came while it waited for its turn, each of them would wait for the whole of the pool's queue again, and a
//! few at once would take seconds.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::PoolError;

/// Jobs by when their requests came.
pub(super) struct Waiting<T> {
    jobs: Mutex<Jobs<T>>,
    /// How many there are, for whoever only asks.
    count: AtomicUsize,
}

struct Jobs<T> {
    by_age: BinaryHeap<Entry<T>>,
    /// How many have been added.
    added: u64,
    /// Threads that take them.
    threads: usize,
}

struct Entry<T> {
    came: Instant,
    number: u64,
    job: T,
}

impl<T> Waiting<T> {
    pub(super) const fn new() -> Self {
        let jobs = Jobs { by_age: BinaryHeap::new(), added: 0, threads: 0 };
        Self { jobs: Mutex::new(jobs), count: AtomicUsize::new(0) }
    }

    /// A thread that takes jobs, until the value is dropped.
    pub(super) fn thread(self: &Arc<Self>) -> Taking<T> {
        self.jobs().threads += 1;
        Taking(Arc::clone(self))
    }

    /// Adds a job whose request came then; `begins` is called where none waited.
    ///
    /// # Errors
    /// There are `most` already, or no thread is left.
    pub(super) fn push(
        &self,
        came: Instant,
        job: T,
        most: usize,
        begins: impl FnOnce(),
    ) -> Result<(), PoolError> {
        let mut jobs = self.jobs();
        if jobs.threads == 0 {
            return Err(PoolError::Stopped);
        }
        if jobs.by_age.len() >= most {
            return Err(PoolError::Overloaded);
        }
        if jobs.by_age.is_empty() {
            begins();
        }
        let number = jobs.added;
        jobs.added += 1;
        jobs.by_age.push(Entry { came, number, job });
        self.count(&jobs);
        Ok(())
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.count.load(atomic::Ordering::Relaxed)
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs<T>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, jobs: &Jobs<T>) {
        self.count.store(jobs.by_age.len(), atomic::Ordering::Relaxed);
    }
}

/// What one thread takes.
pub(super) struct Taking<T>(Arc<Waiting<T>>);

impl<T> Taking<T> {
    /// Takes the job whose request came first; of two that came at once, the one added first. `ends` is called
    /// where it was the last.
    pub(super) fn pop(&self, ends: impl FnOnce()) -> Option<T> {
        let mut jobs = self.0.jobs();
        let entry = jobs.by_age.pop()?;
        if jobs.by_age.is_empty() {
            ends();
        }
        self.0.count(&jobs);
        Some(entry.job)
    }
}

impl<T> Drop for Taking<T> {
    /// Whoever waits for the last thread waits for nothing: its job is dropped, and so it hears that.
    fn drop(&mut self) {
        let mut jobs = self.0.jobs();
        jobs.threads -= 1;
        if jobs.threads == 0 {
            jobs.by_age.clear();
            self.0.count(&jobs);
        }
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
            let (waiting, began) = (Arc::new(Waiting::new()), Instant::now());
            let thread = waiting.thread();
            let (mut expected, mut begun, mut ended) = (Vec::new(), 0, 0);
            for (number, age_ms) in ages_ms.into_iter().enumerate() {
                let came = began + Duration::from_millis(age_ms);
                let pushed = waiting.push(came, number, 40, || begun += 1);
                prop_assert_eq!(pushed, if number < 40 { Ok(()) } else { Err(PoolError::Overloaded) });
                if pushed.is_ok() {
                    expected.push((age_ms, number));
                }
                prop_assert_eq!(waiting.len(), expected.len());
            }
            expected.sort_unstable();
            let taken: Vec<usize> = std::iter::from_fn(|| thread.pop(|| ended += 1)).collect();
            let some = usize::from(!taken.is_empty());
            prop_assert_eq!((waiting.len(), begun, ended), (0, some, some));
            prop_assert_eq!(taken, expected.into_iter().map(|(_, number)| number).collect::<Vec<_>>());
        }
    }

    #[test]
    fn with_the_last_thread_go_all_that_wait_for_it_and_nobody_waits_any_more() {
        let waiting = Arc::new(Waiting::new());
        let threads = [(); 2].map(|()| waiting.thread());
        let job = Arc::new(());
        let push = || waiting.push(Instant::now(), Arc::clone(&job), 40, || ());
        assert_eq!(push(), Ok(()));
        let [one, other] = threads;
        drop(one);
        assert_eq!((push(), waiting.len()), (Ok(()), 2));
        drop(other);
        assert_eq!((waiting.len(), Arc::strong_count(&job)), (0, 1));
        assert_eq!(push(), Err(PoolError::Stopped));
    }
}
