//! Receipt numbers come from ranges that the system stream leases, so that a number is never
//! given twice, whatever happens; what is left of a range when the server ends is never used.

use super::committer::{CommitError, Committer};
use crate::{
    clock::Clock,
    domain::{
        ids::ReceiptNumber,
        line::{By, Entry},
        system::{SystemEvent, SystemState},
    },
    store::{Batch, Outcome, Store, StoreError, Stream, record},
};
use std::{
    ops::Range,
    sync::{Arc, PoisonError},
};
use tokio::sync::Mutex;

/// Numbers in a range.
const RANGE: u64 = 100_000;

/// The numbers this run of the server may give.
pub struct ReceiptNumbers {
    range: std::sync::Mutex<Range<u64>>,
    lease: Mutex<Lease>,
}

struct Lease {
    store: Arc<dyn Store>,
    committer: Committer,
    clock: Clock,
}

/// Why no range could be leased. Nothing was given out.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Nothing was written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReceiptNumbers {
    /// Numbers that are leased when the first is asked for: a store without room can still be
    /// started and read.
    pub fn new(store: Arc<dyn Store>, committer: Committer, clock: Clock) -> Self {
        let lease = Mutex::new(Lease { store, committer, clock });
        Self { range: std::sync::Mutex::new(0..0), lease }
    }

    /// The next number of the range at hand, without waiting; `None` where one must be leased
    /// first.
    pub fn next_at_hand(&self) -> Option<ReceiptNumber> {
        self.draw().and_then(ReceiptNumber::from_serial)
    }

    /// The next number, or `None` when all numbers of twelve digits are used up; another range is
    /// leased when this one is.
    pub async fn next(&self) -> Result<Option<ReceiptNumber>, LeaseError> {
        if let Some(serial) = self.draw() {
            return Ok(ReceiptNumber::from_serial(serial));
        }
        let lease = self.lease.lock().await;
        // Whoever waited for the lock finds the range that the one before has leased.
        if let Some(serial) = self.draw() {
            return Ok(ReceiptNumber::from_serial(serial));
        }
        let mut range = lease.next_range().await?;
        let serial = range.next().unwrap_or(u64::MAX);
        *self.range.lock().unwrap_or_else(PoisonError::into_inner) = range;
        Ok(ReceiptNumber::from_serial(serial))
    }

    fn draw(&self) -> Option<u64> {
        self.range.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

impl Lease {
    async fn next_range(&self) -> Result<Range<u64>, LeaseError> {
        loop {
            let (state, seq) = read_system(self.store.as_ref()).await?;
            let first_serial = state.next_serial.unwrap_or(ReceiptNumber::FIRST_SERIAL);
            let event = SystemEvent::ReceiptNumbersLeased { first_serial, count: RANGE };
            let batch = system_batch(seq, self.clock.now(), vec![event]);
            if let Outcome::Committed { .. } = self.committer.commit(batch).await? {
                return Ok(first_serial..first_serial + RANGE);
            }
        }
    }
}

/// The system stream's state and last sequence number.
pub async fn read_system(store: &dyn Store) -> Result<(SystemState, u64), StoreError> {
    let (mut state, mut seq) = (SystemState::default(), 0);
    loop {
        let rows = store.events(&Stream::System, seq, 256).await?;
        let Some(last) = rows.last() else { return Ok((state, seq)) };
        seq = last.seq;
        for row in &rows {
            let entry: Entry<SystemEvent> = record::from_json("the system stream", &row.entry)?;
            state = entry.events.iter().fold(state, SystemState::evolve);
        }
    }
}

/// Notes in a store that it was restored from a backup, and leaves receipt numbers out that may have
/// been given after the backup's block: a number is never given twice, whatever happens.
///
/// # Errors
/// The store cannot be read or written.
pub async fn note_restore(
    store: &dyn Store,
    block: u64,
    skipped: u64,
    at: crate::domain::calendar::Instant,
) -> Result<(), StoreError> {
    let (state, seq) = read_system(store).await?;
    let mut events = vec![SystemEvent::StoreRestored { block }];
    let first_serial = state.next_serial.unwrap_or(ReceiptNumber::FIRST_SERIAL);
    let left = (ReceiptNumber::LAST_SERIAL + 1).saturating_sub(first_serial);
    let count = skipped.min(left);
    if count > 0 {
        events.push(SystemEvent::ReceiptNumbersLeased { first_serial, count });
    }
    match store.commit(vec![system_batch(seq, at, events)], at).await?.as_slice() {
        [Outcome::Committed { .. }] => Ok(()),
        refused => Err(StoreError::damaged("the system stream", format!("{refused:?}"))),
    }
}

/// A batch of system events.
pub fn system_batch(
    last: u64,
    at: crate::domain::calendar::Instant,
    events: Vec<SystemEvent>,
) -> Batch {
    let entry = Entry { at, by: By::System, request_id: None, events };
    Batch::event(Stream::System, last, record::to_json(&entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::committer::CommitterOptions, domain::calendar::Instant, store::memory::MemoryStore,
    };
    use std::collections::HashSet;

    fn numbers(store: &Arc<dyn Store>) -> ReceiptNumbers {
        let clock = Clock::standing_at(Instant::from_micros(0));
        let options = CommitterOptions { group_max_events: 10, most_waiting: 10 };
        let (committer, _) =
            Committer::start(Arc::clone(store), clock.clone(), options, |error| panic!("{error}"))
                .expect("starts");
        ReceiptNumbers::new(Arc::clone(store), committer, clock)
    }

    #[tokio::test]
    async fn numbers_that_may_have_been_given_after_a_backup_are_left_out() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let first = numbers(&store).next().await.expect("leases").expect("left");
        let at = crate::domain::calendar::Instant::from_micros(1);
        note_restore(store.as_ref(), 1, 10_000_000, at).await.expect("notes");
        let next = numbers(&store).next().await.expect("leases").expect("left");
        assert_eq!(next.serial(), first.serial() + RANGE + 10_000_000);
        // None left out is none leased; more than there are is as many as there are.
        let before = read_system(store.as_ref()).await.expect("reads").0.next_serial;
        note_restore(store.as_ref(), 1, 0, at).await.expect("notes");
        assert_eq!(read_system(store.as_ref()).await.expect("reads").0.next_serial, before);
        note_restore(store.as_ref(), 1, u64::MAX, at).await.expect("notes");
        let state = read_system(store.as_ref()).await.expect("reads").0;
        assert_eq!(state.next_serial, Some(ReceiptNumber::LAST_SERIAL + 1));
    }

    #[tokio::test]
    async fn no_number_is_given_twice_over_ranges_and_restarts() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let mut given = HashSet::new();
        for run in 0..2 {
            let numbers = numbers(&store);
            for _ in 0..=RANGE {
                let number = numbers.next().await.expect("leases").expect("left");
                assert!(given.insert(number), "{number} in run {run}");
            }
        }
    }
}
