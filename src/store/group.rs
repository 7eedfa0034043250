//! A group of batches made into writes: what all backends share, so that they agree on what holds.

use super::{
    StoreError,
    batch::{Batch, Broken, Delete, Expect, Outcome, Put},
    block::{Block, BlockEntry},
    key, record,
};
use crate::domain::calendar::Instant;
use std::collections::HashMap;

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
/// `is_stored` tells whether a row exists in the store.
pub fn assemble(
    group: &[Batch],
    tip: Tip,
    at: Instant,
    is_stored: impl Fn(&[u8]) -> Result<bool, StoreError>,
) -> Result<Writes, StoreError> {
    let number = tip.number + 1;
    let mut open = Open { number, rows: HashMap::new(), entries: Vec::new(), is_stored };
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

struct Open<F> {
    number: u64,
    rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
    entries: Vec<BlockEntry>,
    is_stored: F,
}

impl<F: Fn(&[u8]) -> Result<bool, StoreError>> Open<F> {
    fn exists(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.rows.get(key) {
            Some(row) => Ok(row.is_some()),
            None => (self.is_stored)(key),
        }
    }

    fn first_broken(&self, batch: &Batch) -> Result<Option<Broken>, StoreError> {
        for expect in &batch.expect {
            let broken = match expect {
                Expect::Last { stream, seq } => {
                    let moved_on = self.exists(&key::event(stream, seq + 1))?;
                    let reached = *seq == 0 || self.exists(&key::event(stream, *seq))?;
                    (moved_on || !reached).then(|| Broken::Sequence(stream.clone()))
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
