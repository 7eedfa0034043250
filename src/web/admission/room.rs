//! Whether there is room for one more request of a class: pure, by how full the house's queues are.
//!
//! Each class has less of a queue than the one above it, so what a rush of the lower fills leaves room
//! for the higher (reliability.md 32). The last of it is left for operators, who come in by another
//! door and are not asked here.

use super::class::Class;

/// How full the queues are now.
#[derive(Debug, Clone, Copy)]
pub struct Fill {
    /// Requests that wait for lines.
    pub asking: Queue,
    /// Decisions that wait for the disk.
    pub writing: Queue,
    /// Whether no more passwords can be taken.
    pub is_hashing_full: bool,
}

/// One queue.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// What is in it.
    pub waiting: usize,
    /// What may be.
    pub most: usize,
}

impl Queue {
    /// Whether so many percent of it are full.
    const fn has(self, percent: usize) -> bool {
        self.waiting.saturating_mul(100) >= self.most.saturating_mul(percent)
    }
}

/// What was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// Requests wait too long for the thread that answers.
    Wait,
    /// Too many requests wait for lines.
    Requests,
    /// Too many decisions wait for the disk.
    CommitQueue,
    /// Too many passwords wait to be hashed.
    HashQueue,
}

impl TooMuch {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Wait, Self::Requests, Self::CommitQueue, Self::HashQueue];

    /// Its word in the metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wait => "queue_time",
            Self::Requests => "requests",
            Self::CommitQueue => "commit_queue",
            Self::HashQueue => "hash_queue",
        }
    }
}

/// Percent of the queue for lines that are full when a class is no longer heard.
const fn of_lines(class: Class) -> usize {
    match class {
        Class::Statement => 50,
        Class::Login => 75,
        Class::Confirmation => 90,
    }
}

/// The same of the queue for the disk; who only reads waits for no disk.
const fn of_disk(class: Class) -> Option<usize> {
    match class {
        Class::Statement => None,
        Class::Login => Some(75),
        Class::Confirmation => Some(90),
    }
}

/// Whether a request is heard; `hashes` where it wants a password hashed.
pub fn hear(class: Class, hashes: bool, fill: &Fill) -> Result<(), TooMuch> {
    if hashes && fill.is_hashing_full {
        return Err(TooMuch::HashQueue);
    }
    if of_disk(class).is_some_and(|percent| fill.writing.has(percent)) {
        return Err(TooMuch::CommitQueue);
    }
    if fill.asking.has(of_lines(class)) {
        return Err(TooMuch::Requests);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(asking: usize, writing: usize, is_hashing_full: bool) -> Fill {
        let queue = |waiting| Queue { waiting, most: 100 };
        Fill { asking: queue(asking), writing: queue(writing), is_hashing_full }
    }

    #[test]
    fn a_queue_that_fills_turns_away_statements_first_and_confirmations_last_check_32() {
        use Class::{Confirmation, Login, Statement};
        use TooMuch::{CommitQueue, HashQueue, Requests};
        for (class, hashes, fill, expected) in [
            (Statement, false, fill(49, 100, true), Ok(())),
            (Statement, false, fill(50, 0, false), Err(Requests)),
            (Login, false, fill(74, 74, true), Ok(())),
            (Login, true, fill(0, 0, true), Err(HashQueue)),
            (Login, true, fill(74, 74, false), Ok(())),
            (Login, false, fill(75, 0, false), Err(Requests)),
            (Login, false, fill(0, 75, false), Err(CommitQueue)),
            (Confirmation, false, fill(89, 89, true), Ok(())),
            (Confirmation, false, fill(90, 0, false), Err(Requests)),
            (Confirmation, false, fill(0, 90, false), Err(CommitQueue)),
        ] {
            assert_eq!(hear(class, hashes, &fill), expected, "{class:?} {fill:?}");
        }
    }

    #[test]
    fn what_one_class_is_refused_for_no_lower_one_is_heard_with() {
        for asking in 0..=100 {
            for writing in 0..=100 {
                let fill = fill(asking, writing, false);
                let [statement, login, confirmation] =
                    Class::ALL.map(|class| hear(class, false, &fill).is_ok());
                assert!(confirmation || !login, "{fill:?}");
                // A statement waits for no disk.
                assert!(login || !statement || writing >= 75, "{fill:?}");
            }
        }
    }

    #[test]
    fn an_unlimited_or_empty_queue_overflows_nothing() {
        let most = Queue { waiting: 0, most: usize::MAX };
        assert!(!most.has(1));
        assert!(Queue { waiting: usize::MAX, most: usize::MAX }.has(90));
        assert!(Queue { waiting: 0, most: 0 }.has(1), "what takes nothing is full");
    }
}
