//! The journal as webhooks follow it: which blocks tell which provider what. All lanes read the same
//! few blocks at about the same time, so each is read once.

use crate::{
    actors::reading::entry,
    domain::{
        calendar::Instant,
        ids::{CustomerId, ProviderId},
        webhook::{Message, MessageId, messages},
    },
    store::{Store, StoreError, Stream},
};
use lru::LruCache;
use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The last blocks are remembered; whoever is further behind reads alone.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Clocks of hosts may have been set back by as much between blocks: [`Journal::last_before`] looks so
/// much further back, since telling twice is allowed and losing is not.
const CLOCK_MARGIN_S: i64 = 3_600;

/// A message that stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// To whom.
    pub provider: ProviderId,
    /// Which.
    pub id: MessageId,
    /// The line whose entry it is made of.
    pub line: CustomerId,
    /// The entry's sequence number.
    pub seq: u64,
    /// When the entry was accepted.
    pub at: Instant,
}

/// The journal, for all lanes.
pub struct Journal {
    store: Arc<dyn Store>,
    read: Mutex<LruCache<u64, Arc<[Found]>>>,
    /// Entries that could not be read.
    lost: Arc<AtomicU64>,
}

impl Journal {
    /// The journal of this store; `lost` counts the entries that cannot be read.
    pub fn new(store: Arc<dyn Store>, lost: Arc<AtomicU64>) -> Self {
        Self { store, read: Mutex::new(LruCache::new(REMEMBERED)), lost }
    }

    /// What a durable block tells, in order. An entry that cannot be read tells nothing, and the log
    /// says so: it must not keep the others waiting.
    ///
    /// # Errors
    /// The block cannot be read.
    pub async fn block(&self, number: u64) -> Result<Arc<[Found]>, StoreError> {
        let known = self.read().get(&number).cloned();
        if let Some(found) = known {
            return Ok(found);
        }
        let found: Arc<[Found]> = self.look(number).await?.into();
        let is_recent = number + REMEMBERED.get() as u64 > self.store.durable_block();
        if is_recent {
            self.read().put(number, Arc::clone(&found));
        }
        Ok(found)
    }

    /// Never held while anything is waited for.
    fn read(&self) -> MutexGuard<'_, LruCache<u64, Arc<[Found]>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(&self, number: u64) -> Result<Vec<Found>, StoreError> {
        let block = self.store.block(number).await?;
        let block =
            block.ok_or_else(|| StoreError::damaged(format!("block {number}"), "it is missing"))?;
        let mut found = Vec::new();
        for place in block.entries {
            let Stream::Line(line) = place.stream else { continue };
            match entry(self.store.as_ref(), line, place.seq).await {
                Ok(entry) => found.extend(messages(&entry).into_iter().map(|message| {
                    let Message { id, provider, .. } = message;
                    Found { provider, id, line, seq: place.seq, at: entry.at }
                })),
                Err(StoreError::Damaged { place, what }) => {
                    tracing::error!(%line, place, what, "an entry's webhooks are lost");
                    self.lost.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The message of an entry; `None` where the entry has no such message.
    ///
    /// # Errors
    /// The entry cannot be read.
    pub async fn message(
        &self,
        line: CustomerId,
        seq: u64,
        id: MessageId,
    ) -> Result<Option<Message>, StoreError> {
        let entry = entry(self.store.as_ref(), line, seq).await?;
        Ok(messages(&entry).into_iter().find(|message| message.id == id))
    }

    /// A block that was closed before this instant, and so was every block before it; 0 where the
    /// first was not.
    ///
    /// # Errors
    /// A block cannot be read.
    pub async fn last_before(&self, at: Instant) -> Result<u64, StoreError> {
        let at = Instant::from_micros(at.micros().saturating_sub(CLOCK_MARGIN_S * 1_000_000));
        let (mut before, mut not_before) = (0, self.store.durable_block() + 1);
        while not_before - before > 1 {
            let middle = before + (not_before - before) / 2;
            let block = self.store.block(middle).await?;
            let missing = || StoreError::damaged(format!("block {middle}"), "it is missing");
            if block.ok_or_else(missing)?.at < at {
                before = middle;
            } else {
                not_before = middle;
            }
        }
        Ok(before)
    }
}
