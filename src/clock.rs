//! The one place that asks what time it is. Everything else is told.

use crate::domain::calendar::Instant;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Where the time comes from: the host's clock, or one moved by a fixed step so that month
/// boundaries can be seen (`demo --now`), or one that a test sets.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Host { moved_by_micros: i64 },
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// The host's clock.
    pub const fn host() -> Self {
        Self { source: Source::Host { moved_by_micros: 0 } }
    }

    /// A clock that shows `now` now and goes on from there.
    pub fn starting_at(now: Instant) -> Self {
        let moved_by_micros = now.micros() - host_micros();
        Self { source: Source::Host { moved_by_micros } }
    }

    /// A clock that stands until [`Clock::set`] moves it.
    pub fn standing_at(now: Instant) -> Self {
        Self { source: Source::Set(Arc::new(AtomicI64::new(now.micros()))) }
    }

    /// Moves a standing clock; the host's clock cannot be moved.
    pub fn set(&self, now: Instant) {
        if let Source::Set(micros) = &self.source {
            micros.store(now.micros(), Ordering::SeqCst);
        }
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        match &self.source {
            Source::Host { moved_by_micros } => {
                Instant::from_micros(host_micros().saturating_add(*moved_by_micros))
            }
            Source::Set(micros) => Instant::from_micros(micros.load(Ordering::SeqCst)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks")]
fn host_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}
