//! A group of batches made into writes: what all backends share, so that they agree on what holds.

use super::{
    StoreError,
    batch::{Batch, Broken, Delete, Expect, MOST_ROW_BYTES, Outcome, Put, Reservation},
    block::{Block, BlockEntry},
    key::{self, Stream},
    record,
};
use crate::domain::calendar::Instant;
use ipnetwork::IpNetwork;
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
/// `stored` tells what exists in the store; `tails` remembers the last sequence number
/// of streams that were written lately, which spares the look-ups of most batches.
pub fn assemble(
    group: &[Batch],
    tip: Tip,
    at: Instant,
    tails: &mut Tails,
    stored: &impl Stored,
) -> Result<Writes, StoreError> {
    let number = tip.number + 1;
    let rows = HashMap::with_capacity(group.len() * 2 + 1);
    let mut open = Open { number, rows, entries: Vec::new(), tails, stored };
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

/// What a backend tells about the rows it has.
pub trait Stored {
    /// Whether there is a row with this key.
    fn has(&self, key: &[u8]) -> Result<bool, StoreError>;
    /// The keys from the first to the second, both included.
    fn between(&self, from: &[u8], to: &[u8]) -> Result<Vec<Vec<u8>>, StoreError>;
}

/// The keys of prefixes that share addresses with this one, the prefix itself included.
pub fn overlapping(network: &IpNetwork, stored: &impl Stored) -> Result<Vec<Vec<u8>>, StoreError> {
    let (from, to) = key::networks_inside(network);
    let mut keys = stored.between(&from, &to)?;
    // The prefix itself is one of those inside.
    for wider in key::networks_around(network).filter(|key| !keys.contains(key)).collect::<Vec<_>>()
    {
        if stored.has(&wider)? {
            keys.push(wider);
        }
    }
    Ok(keys)
}

struct Open<'a, S> {
    number: u64,
    tails: &'a mut Tails,
    rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
    entries: Vec<BlockEntry>,
    stored: &'a S,
}

impl<S: Stored> Open<'_, S> {
    fn exists(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.rows.get(key) {
            Some(row) => Ok(row.is_some()),
            None => self.stored.has(key),
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

    /// Whether any address of a prefix belongs to somebody: by the prefix itself, by one that holds
    /// it, or by one inside it. What the batch itself gives up does not count.
    fn is_owned(&self, network: &IpNetwork, given_up: &[Delete]) -> Result<bool, StoreError> {
        let given_up: Vec<Vec<u8>> = given_up
            .iter()
            .filter_map(|delete| match delete {
                Delete::Reservation(reservation) => Some(key::reservation(reservation)),
                _ => None,
            })
            .collect();
        for around in key::networks_around(network) {
            if !given_up.contains(&around) && self.exists(&around)? {
                return Ok(true);
            }
        }
        let (from, to) = key::networks_inside(network);
        let written = self.rows.keys().filter(|key| (&from..=&to).contains(key)).cloned();
        for inside in self.stored.between(&from, &to)?.into_iter().chain(written) {
            if !given_up.contains(&inside) && self.exists(&inside)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn first_broken(&mut self, batch: &Batch) -> Result<Option<Broken>, StoreError> {
        if let Some(bytes) =
            batch.put.iter().map(Put::body_bytes).find(|bytes| *bytes > MOST_ROW_BYTES)
        {
            return Ok(Some(Broken::TooLarge { bytes }));
        }
        for expect in &batch.expect {
            let broken = match expect {
                Expect::Last { stream, seq } => {
                    let holds = self.ends_at(stream, *seq)?;
                    (!holds).then(|| Broken::Sequence(stream.clone()))
                }
                Expect::Unowned(network) => {
                    let owned = self.is_owned(network, &batch.delete)?;
                    owned.then_some(Broken::Taken(Reservation::Network(*network)))
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
                Delete::Snapshot { stream, seq } => key::snapshot(stream, *seq),
                Delete::Key { kid } => key::key(kid),
                Delete::Cursor { follower } => key::cursor(follower),
                Delete::Mail(place) => key::mail(place),
                Delete::Webhooks { provider, epoch } => key::webhooks(provider, *epoch),
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
                let body = record::to_json(holder);
                (key::reservation(reservation), record::encode(self.number, &body))
            }
            Put::Personal { customer, row, body } => {
                (key::personal(*customer, *row), record::encode(self.number, &body.to_bytes()))
            }
            Put::Snapshot { stream, seq, body } => {
                (key::snapshot(stream, *seq), record::encode(self.number, body))
            }
            Put::Key { kid, record } => (key::key(kid), record::encode(self.number, record)),
            Put::Cursor { follower, block } => {
                (key::cursor(follower), record::encode(self.number, &record::to_json(block)))
            }
            Put::Bill { month, place, seq } => {
                (key::bill(*month, place), record::encode(self.number, &record::to_json(seq)))
            }
            Put::Webhooks { provider, epoch, state } => (
                key::webhooks(provider, *epoch),
                record::encode(self.number, &record::to_json(state)),
            ),
            Put::Receipt { key, place } => {
                (key::receipt(*key), record::encode(self.number, &record::to_json(place)))
            }
            Put::Mail(row) => {
                let body = record::to_json(&row.record);
                (key::mail(&row.place), record::encode(self.number, &body))
            }
        }
    }
}
