//! What the log tells of itself, for monitoring: one for the process, as its log is.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Level;

/// Counts since the start of the process.
#[derive(Debug)]
pub struct Figures {
    lines: [AtomicU64; 5],
    left_out: AtomicU64,
    panics: AtomicU64,
}

static FIGURES: Figures = Figures {
    lines: [const { AtomicU64::new(0) }; 5],
    left_out: AtomicU64::new(0),
    panics: AtomicU64::new(0),
};

/// The process's own.
pub fn figures() -> &'static Figures {
    &FIGURES
}

/// The levels from the most important one on, with their words.
pub const LEVELS: [(Level, &str); 5] = [
    (Level::ERROR, "error"),
    (Level::WARN, "warn"),
    (Level::INFO, "info"),
    (Level::DEBUG, "debug"),
    (Level::TRACE, "trace"),
];

impl Figures {
    /// Lines of this level that were handed to the log.
    pub fn lines(&self, level: Level) -> u64 {
        let counts = LEVELS.iter().zip(&self.lines);
        counts.filter(|((own, _), _)| *own == level).map(|(_, count)| read(count)).sum()
    }

    /// Lines that were left out because too many of their kind came.
    pub fn left_out(&self) -> u64 {
        read(&self.left_out)
    }

    /// Panics of threads.
    pub fn panics(&self) -> u64 {
        read(&self.panics)
    }

    pub(super) fn count(&self, level: Level) {
        let counts = LEVELS.iter().zip(&self.lines);
        counts.filter(|((own, _), _)| *own == level).for_each(|(_, count)| add(count));
    }

    pub(super) fn leave_out(&self) {
        add(&self.left_out);
    }

    pub(super) fn panicked(&self) {
        add(&self.panics);
    }
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}
