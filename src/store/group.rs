//! A group of batches made into writes: what all backends share, so that they agree on what holds.

use super::{
    StoreError,
    batch::{Batch, Broken, Delete, Expect, Outcome, Put},
    block::{Block, BlockEntry},
    key::{self, Stream},
    record,
};
use crate::domain::calendar::Instant;
use lru::LruCache;
use std::{collections::HashMap, num::NonZeroUsize};

/// The last block of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its number; 0 before the first.
    pub number: u64,
    /// Its hash; zeros before the first.
    pub hash: [u8; 32],
}

impl Tip {
    /// Before the first block.
    pub const GENESIS: Self = Self { number: 0, hash: [0; 32] };
}

/// The last sequence numbers of streams written lately. Only whoever commits writes streams, and a
/// group that fails ends the process, so what is remembered is true.
pub struct Tails(LruCache<Stream, u64>);

impl Default for Tails {
    fn default() -> Self {
        Self(LruCache::new(REMEMBERED_TAILS))
    }
}

/// About 16 MiB.
const REMEMBERED_TAILS: NonZeroUsize = NonZeroUsize::new(131_072).unwrap();

/// A group ready to be written.
#[derive(Debug)]
pub struct Writes {
    /// One outcome for each batch.
    pub outcomes: Vec<Outcome>,
    /// Rows to put (`Some`) and to delete (`None`), at most once for each key, the block's own
    /// row included; empty where every batch was refused or put nothing.
    pub rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// The chain's new tip.
    pub tip: Tip,
}

/// Checks each batch against what is stored and the earlier batches of the group, and makes the
/// writes of those that hold, closed by one block.
///
/// `is_stored` tells whether a row exists in the store; `tails` remembers the last sequence number
/// of streams that were written lately, which spares the look-ups of most batches.
pub fn assemble(
    group: &[Batch],
    tip: Tip,
    at: Instant,
    tails: &mut Tails,
    is_stored: impl Fn(&[u8]) -> Result<bool, StoreError>,
) -> Result<Writes, StoreError> {
    let number = tip.number + 1;
    let rows = HashMap::with_capacity(group.len() * 2 + 1);
    let mut open = Open { number, rows, entries: Vec::new(), tails, is_stored };
    let mut outcomes = Vec::with_capacity(group.len());
    for batch in group {
        outcomes.push(if let Some(broken) = open.first_broken(batch)? {
            Outcome::Refused(broken)
        } else {
            open.take(batch);
            Outcome::Committed { block: number }
        });
    }
    let Open { mut rows, entries, .. } = open;
    if rows.is_empty() {
        return Ok(Writes { outcomes, rows, tip });
    }
    let block = Block { number, previous: tip.hash, at, entries }.encode();
    let tip = Tip { number, hash: Block::hash(&block) };
    rows.insert(key::block(number), Some(block));
    Ok(Writes { outcomes, rows, tip })
}

struct Open<'a, F> {
    number: u64,
    tails: &'a mut Tails,
    rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
    entries: Vec<BlockEntry>,
    is_stored: F,
}

impl<F: Fn(&[u8]) -> Result<bool, StoreError>> Open<'_, F> {
    fn exists(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.rows.get(key) {
            Some(row) => Ok(row.is_some()),
            None => (self.is_stored)(key),
        }
    }

    /// Whether `seq` is the stream's last sequence number.
    fn ends_at(&mut self, stream: &Stream, seq: u64) -> Result<bool, StoreError> {
        if let Some(last) = self.tails.0.get(stream) {
            return Ok(*last == seq);
        }
        let moved_on = self.exists(&key::event(stream, seq + 1))?;
        Ok(!moved_on && (seq == 0 || self.exists(&key::event(stream, seq))?))
    }

    fn first_broken(&mut self, batch: &Batch) -> Result<Option<Broken>, StoreError> {
        for expect in &batch.expect {
            let broken = match expect {
                Expect::Last { stream, seq } => {
                    let holds = self.ends_at(stream, *seq)?;
                    (!holds).then(|| Broken::Sequence(stream.clone()))
                }
                Expect::Free(reservation) => self
                    .exists(&key::reservation(reservation))?
                    .then(|| Broken::Taken(reservation.clone())),
            };
            if broken.is_some() {
                return Ok(broken);
            }
        }
        Ok(None)
    }

    fn take(&mut self, batch: &Batch) {
        for delete in &batch.delete {
            let key = match delete {
                Delete::Reservation(reservation) => key::reservation(reservation),
                Delete::Personal { customer, row } => key::personal(*customer, *row),
                Delete::Key { kid } => key::key(kid),
            };
            self.rows.insert(key, None);
        }
        for put in &batch.put {
            let (key, row) = self.row(put);
            self.rows.insert(key, Some(row));
        }
    }

    fn row(&mut self, put: &Put) -> (Vec<u8>, Vec<u8>) {
        match put {
            Put::Event { stream, seq, entry } => {
                let row = record::encode(self.number, entry);
                let hash = record::sha256(&row);
                self.entries.push(BlockEntry { stream: stream.clone(), seq: *seq, hash });
                self.tails.0.put(stream.clone(), *seq);
                (key::event(stream, *seq), row)
            }
            Put::Reservation { reservation, holder } => {
                let body = serde_json::to_vec(holder).unwrap_or_default();
                (key::reservation(reservation), record::encode(self.number, &body))
            }
            Put::Personal { customer, row, body } => {
                (key::personal(*customer, *row), record::encode(self.number, &body.to_bytes()))
            }
            Put::Key { kid, record } => (key::key(kid), record::encode(self.number, record)),
        }
    }
}
