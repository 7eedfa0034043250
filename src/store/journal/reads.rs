//! What is read: rows that are durable, each held against the block that closed it.

use super::Journal;
use crate::{
    domain::calendar::Month,
    store::{
        BillPlace, Block, EventRow, Holder, MailPlace, MailRow, RawRow, Section, Shelf,
        SnapshotRow, StoreError, Stream, StreamKind,
        engine::{Engine, Files, Pair},
        group, key, raw, record,
    },
};
use ipnetwork::IpNetwork;
use serde::de::DeserializeOwned;
use std::{ops::Bound, sync::atomic::Ordering};

impl<E: Engine, F: Files> Journal<E, F> {
    /// A row's body, unless its group is not durable yet.
    pub(super) fn body(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(row) = self.engine.get(key)? else { return Ok(None) };
        let (block, body) = record::decode(key, row.as_ref())?;
        Ok((block <= self.durable.load(Ordering::Acquire)).then(|| body.to_vec()))
    }

    /// The same as a value.
    pub(super) fn json<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let body = self.body(key)?;
        body.map(|body| record::from_json(&key::readable(key), &body)).transpose()
    }

    pub(super) fn events(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError> {
        let durable = self.durable.load(Ordering::Acquire);
        let from = key::event(stream, after.saturating_add(1));
        let to = key::event(stream, u64::MAX);
        let mut rows = Vec::new();
        let mut closing = None;
        for row in self.engine.range(Bound::Included(&from), Bound::Included(&to)).take(limit) {
            let (key, row) = row?;
            let (key, row) = (key.as_ref(), row.as_ref());
            let (block, entry) = record::decode(key, row)?;
            if block > durable {
                break;
            }
            let seq = key::seq_of_event(key).unwrap_or_default();
            self.check_row(stream, seq, block, row, &mut closing)?;
            rows.push(EventRow { seq, block, entry: entry.to_vec() });
        }
        Ok(rows)
    }

    /// A row is what its block closed: damage older than the blocks checked at opening is found
    /// by whoever reads it. `closing` is the block that was read last: the rows of a line that was
    /// opened at once stand in one, and reading it again may mean reading it from the disk.
    fn check_row(
        &self,
        stream: &Stream,
        seq: u64,
        block: u64,
        row: &[u8],
        closing: &mut Option<(u64, E::Bytes)>,
    ) -> Result<(), StoreError> {
        if closing.as_ref().is_none_or(|(number, _)| *number != block) {
            let read = self.engine.get(&key::block(block))?;
            *closing = read.map(|read| (block, read));
        }
        let hash = record::sha256(row);
        let closes = |closed: &E::Bytes| Block::closes(closed.as_ref(), stream, seq, &hash);
        if closing.as_ref().is_some_and(|(_, closed)| closes(closed)) {
            return Ok(());
        }
        let what = format!("it is not the row that block {block} closed");
        Err(StoreError::damaged(format!("event {seq} of {stream}"), what))
    }

    /// The last row that is durable: one at most, of the group under way, stands beyond it.
    pub(super) fn last_seq(&self, stream: &Stream) -> Result<u64, StoreError> {
        let durable = self.durable.load(Ordering::Acquire);
        for row in self.engine.prefix(&key::events_of(stream)).rev() {
            let (key, row) = row?;
            if record::decode(key.as_ref(), row.as_ref())?.0 <= durable {
                return Ok(key::seq_of_event(key.as_ref()).unwrap_or_default());
            }
        }
        Ok(0)
    }

    /// Rows as they are, of the engine's own order.
    pub(super) fn raw_rows(
        &self,
        section: Section,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        let from = after.map_or(Bound::Included(section.prefix()), Bound::Excluded);
        let rows = self.engine.range(from, Bound::Unbounded);
        let within = |row: &Pair<E::Bytes>| {
            row.as_ref().map_or(true, |(key, _)| key.as_ref().starts_with(section.prefix()))
        };
        let rows = rows.take_while(within).map(|row| {
            let (key, row) = row?;
            Ok(RawRow { key: key.as_ref().to_vec(), row: row.as_ref().to_vec() })
        });
        raw::page(rows, limit)
    }

    pub(super) fn newest_snapshot(&self, stream: &Stream) -> Option<SnapshotRow> {
        let durable = self.durable.load(Ordering::Acquire);
        let rows = self.engine.prefix(&key::snapshots_of(stream)).rev();
        // An engine that fails to read may fail again for ever: whoever reads the events finds out.
        record::newest_snapshot(rows.map_while(Result::ok), durable)
    }

    /// Streams, each found by skipping over the events of the one before.
    pub(super) fn streams(
        &self,
        kind: StreamKind,
        after: Option<&Stream>,
        limit: usize,
    ) -> Result<Vec<Stream>, StoreError> {
        let (from, to) = kind.bounds();
        let mut from = after.map_or_else(|| from.to_vec(), |s| key::event(s, u64::MAX));
        let mut streams = Vec::new();
        while streams.len() < limit {
            let next = self.engine.range(Bound::Excluded(&from), Bound::Excluded(to)).next();
            let Some((key, row)) = next.transpose()? else { break };
            let (key, row) = (key.as_ref(), row.as_ref());
            let stream = key::stream_of_event(key)
                .ok_or_else(|| StoreError::damaged(key::readable(key), "no stream's key"))?;
            from = key::event(&stream, u64::MAX);
            // A stream whose first row is not durable yet is not there yet.
            if record::decode(key, row)?.0 <= self.durable.load(Ordering::Acquire) {
                streams.push(stream);
            }
        }
        Ok(streams)
    }

    /// Parts of a month's bills; one whose group is not durable yet is not there yet.
    pub(super) fn bills(
        &self,
        month: Month,
        after: Option<BillPlace>,
        limit: usize,
    ) -> Result<Vec<(BillPlace, u64)>, StoreError> {
        let prefix = key::bills_of(month);
        let mut from = after.map_or_else(|| prefix.clone(), |after| key::bill(month, &after));
        // No key is the last one's successor and shorter than it.
        from.push(0);
        let mut rows = Vec::new();
        for row in self.engine.range(Bound::Included(&from), Bound::Unbounded).take(limit) {
            let (key, row) = row?;
            let (key, row) = (key.as_ref(), row.as_ref());
            if !key.starts_with(&prefix) {
                break;
            }
            let (block, body) = record::decode(key, row)?;
            if block <= self.durable.load(Ordering::Acquire) {
                rows.push(record::bill_row(key, body)?);
            }
        }
        Ok(rows)
    }

    /// Prefixes that share addresses; one whose group is not durable yet is not there yet.
    pub(super) fn owners(
        &self,
        network: &IpNetwork,
    ) -> Result<Vec<(IpNetwork, Holder)>, StoreError> {
        let mut owners = Vec::new();
        for key in group::overlapping(network, &self.engine)? {
            if let Some(body) = self.body(&key)? {
                owners.push(record::owner_row(&key, &body)?);
            }
        }
        Ok(owners)
    }

    pub(super) fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut bodies = Vec::new();
        for row in self.engine.prefix(key::KEYS) {
            let (key, _) = row?;
            bodies.extend(self.body(key.as_ref())?);
        }
        Ok(bodies)
    }

    /// Rows of a shelf of the outbox; one whose group is not durable yet is not there yet.
    pub(super) fn mails(
        &self,
        shelf: Shelf,
        after: Option<&MailPlace>,
        limit: usize,
    ) -> Result<Vec<MailRow>, StoreError> {
        let prefix = key::mails_of(shelf);
        let mut from = after.map_or_else(|| prefix.clone(), key::mail);
        let mut rows = Vec::new();
        while rows.len() < limit {
            let next = self.engine.range(Bound::Excluded(&from), Bound::Unbounded).next();
            let Some((key, _)) = next.transpose()? else { break };
            let key = key.as_ref();
            if !key.starts_with(&prefix) {
                break;
            }
            if let Some(body) = self.body(key)? {
                rows.push(record::mail_row(key, &body)?);
            }
            from = key.to_vec();
        }
        Ok(rows)
    }

    pub(super) fn block(&self, number: u64) -> Result<Option<Block>, StoreError> {
        if number > self.durable.load(Ordering::Acquire) {
            return Ok(None);
        }
        let row = self.engine.get(&key::block(number))?;
        row.map(|bytes| Block::decode(number, bytes.as_ref())).transpose()
    }
}
