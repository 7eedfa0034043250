//! Whether there is room for one more request of a class: pure, by how full the house's queues are.
//!
//! Each class has less of a queue than the one above it that waits in it too, so what a rush of the lower
//! fills leaves room for the higher (reliability.md 32). For passwords that wait to be hashed those are
//! logins, and what begins and will bring one. The last of it is left for operators, who come in by another
//! door and are not asked here.

use super::class::Class;

/// How full the queues are now.
#[derive(Debug, Clone, Copy)]
pub struct Fill {
    /// Requests that wait for lines.
    pub asking: Queue,
    /// Decisions that wait for the disk.
    pub writing: Queue,
    /// Reads that wait for a thread.
    pub reading: Queue,
    /// Passwords that wait to be hashed.
    pub hashing: Queue,
    /// Attempts that wait for their turn at an ID.
    pub guarding: Queue,
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
    /// One that nobody waits in.
    pub const EMPTY: Self = Self { waiting: 0, most: usize::MAX };

    /// Whether so many percent of it are full.
    const fn has(self, percent: usize) -> bool {
        self.waiting.saturating_mul(100) >= self.most.saturating_mul(percent)
    }
}

/// What a request needs of the house, as far as its address tells.
#[derive(Debug, Clone, Copy)]
pub struct Needs {
    /// How soon it is turned away.
    pub class: Class,
    /// Whether it wants a password hashed.
    pub hashes: bool,
    /// Whether what it decides waits for the disk.
    pub commits: bool,
}

/// What was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// Requests wait too long for the thread that answers.
    Wait,
    /// The thread that answers works on as many as it can without letting them wait, so no more begin.
    Limit,
    /// The thread that answers works on too many already.
    UnderWay,
    /// Too many requests wait for lines.
    Requests,
    /// Too many decisions wait for the disk.
    CommitQueue,
    /// Too many reads wait for the store.
    ReadQueue,
    /// Too many passwords wait to be hashed.
    HashQueue,
}

impl TooMuch {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Wait,
        Self::Limit,
        Self::UnderWay,
        Self::Requests,
        Self::CommitQueue,
        Self::ReadQueue,
        Self::HashQueue,
    ];

    /// Its word in the metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wait => "queue_time",
            Self::Limit => "limit",
            Self::UnderWay => "under_way",
            Self::Requests => "requests",
            Self::CommitQueue => "commit_queue",
            Self::ReadQueue => "read_queue",
            Self::HashQueue => "hash_queue",
        }
    }
}

/// Percent of a queue that are full when a class is no longer heard.
const fn most_percent(class: Class) -> usize {
    match class {
        Class::Statement => 50,
        Class::Arrival => 65,
        Class::Login => 75,
        Class::Confirmation => 90,
    }
}

/// Of the orders and first pages that passwords that wait would turn away, each one of so many is taken: a
/// flood of logins alone must not end all that begins.
pub const TAKEN_OF: u64 = 10;

/// Whether a request is heard. Who only reads waits for no disk.
pub fn hear(needs: Needs, fill: &Fill) -> Result<(), TooMuch> {
    let percent = most_percent(needs.class);
    let (is_hashing_full, is_guarding_full) = (fill.hashing.has(100), fill.guarding.has(100));
    if needs.hashes && (is_hashing_full || is_guarding_full) {
        return Err(TooMuch::HashQueue);
    }
    if needs.commits && fill.writing.has(percent) {
        return Err(TooMuch::CommitQueue);
    }
    if fill.reading.has(percent) {
        return Err(TooMuch::ReadQueue);
    }
    if fill.asking.has(percent) {
        return Err(TooMuch::Requests);
    }
    // What begins comes back with a password. It is turned away now rather than then, when it has cost
    // several requests more. Last, so that whoever is taken all the same has room wherever else it waits.
    if needs.class == Class::Arrival && fill.hashing.has(percent) {
        return Err(TooMuch::HashQueue);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(asking: usize, writing: usize, reading: usize) -> Fill {
        let queue = |waiting| Queue { waiting, most: 100 };
        let [asking, writing, reading] = [asking, writing, reading].map(queue);
        Fill { asking, writing, reading, hashing: Queue::EMPTY, guarding: Queue::EMPTY }
    }

    #[test]
    fn a_queue_that_fills_turns_away_statements_first_and_confirmations_last_check_32() {
        use Class::{Arrival, Confirmation, Login, Statement};
        use TooMuch::{CommitQueue, ReadQueue, Requests};
        for (class, commits, fill, expected) in [
            (Statement, false, fill(49, 100, 49), Ok(())),
            (Statement, false, fill(50, 0, 0), Err(Requests)),
            (Statement, false, fill(0, 0, 50), Err(ReadQueue)),
            (Arrival, false, fill(64, 100, 64), Ok(())),
            (Arrival, false, fill(65, 0, 0), Err(Requests)),
            (Login, true, fill(74, 74, 74), Ok(())),
            (Login, false, fill(0, 100, 0), Ok(())),
            (Login, true, fill(75, 0, 0), Err(Requests)),
            (Login, true, fill(0, 75, 0), Err(CommitQueue)),
            (Login, true, fill(0, 0, 75), Err(ReadQueue)),
            (Confirmation, true, fill(89, 89, 89), Ok(())),
            (Confirmation, true, fill(90, 0, 0), Err(Requests)),
            (Confirmation, true, fill(0, 90, 0), Err(CommitQueue)),
            (Confirmation, true, fill(0, 0, 90), Err(ReadQueue)),
            (Confirmation, false, fill(0, 100, 0), Ok(())),
        ] {
            let needs = Needs { class, hashes: false, commits };
            assert_eq!(hear(needs, &fill), expected, "{needs:?} {fill:?}");
        }
    }

    #[test]
    fn passwords_that_wait_turn_away_who_would_bring_one_before_who_brings_it() {
        use Class::{Arrival, Confirmation, Login, Statement};
        let queue = |waiting| Queue { waiting, most: 20 };
        for (class, hashes, hashing, guarding, is_heard) in [
            (Arrival, false, 12, 0, true),
            (Arrival, false, 13, 0, false),
            // One ID that many guess at is no reason to turn others away.
            (Arrival, false, 0, 20, true),
            (Login, true, 19, 19, true),
            (Login, true, 20, 0, false),
            (Login, true, 0, 20, false),
            (Arrival, true, 13, 0, false),
            (Login, false, 20, 20, true),
            (Confirmation, false, 20, 20, true),
            (Statement, false, 20, 20, true),
        ] {
            let needs = Needs { class, hashes, commits: hashes };
            let (hashing, guarding) = (queue(hashing), queue(guarding));
            let expected = if is_heard { Ok(()) } else { Err(TooMuch::HashQueue) };
            let fill = Fill { hashing, guarding, ..fill(0, 0, 0) };
            assert_eq!(hear(needs, &fill), expected, "{needs:?} {fill:?}");
        }
    }

    #[test]
    fn what_one_class_is_refused_for_no_lower_one_is_heard_with_that_needs_the_same() {
        for number in 0..=100 {
            for commits in [false, true] {
                for fill in [fill(number, 0, 0), fill(0, number, 0), fill(0, 0, number)] {
                    let heard =
                        |class| hear(Needs { class, hashes: false, commits }, &fill).is_ok();
                    let heard = Class::ALL.map(heard);
                    assert!(heard.is_sorted(), "{fill:?}: {heard:?}");
                }
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
