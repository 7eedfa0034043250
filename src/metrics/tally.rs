//! A count that only grows, of one atomic.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The count; all clones share one.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicU64>);

impl Tally {
    /// Counts one more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
