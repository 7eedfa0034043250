//! The store in memory: the same groups, blocks and outcomes, gone with the process.

use super::{
    Batch, BillPlace, Block, EventRow, Holder, MailPlace, MailRow, Outcome, PersonalRow, RawRow,
    ReceiptKey, ReceiptPlace, Reservation, Section, Shelf, SnapshotRow, Store, StoreError, Stream,
    StreamKind, WebhookState,
    group::{self, Stored, Tails, Tip},
    key,
    notes::{NoteBook, Noted, Noting},
    raw, record,
};
use crate::domain::{
    calendar::{Instant, Month},
    ids::{CustomerId, ProviderId},
};
use ipnetwork::IpNetwork;
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Rows that are copied at once: half a megabyte or so.
const COPIED_AT_ONCE: usize = 1_000;

/// A store for tests and benchmarks of what stands above it.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

struct State {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    tip: Tip,
    tails: Tails,
    noting: Noting,
    #[cfg(test)]
    spoilt: Option<Section>,
    #[cfg(test)]
    is_full: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            tip: Tip::GENESIS,
            tails: Tails::default(),
            noting: Noting::default(),
            #[cfg(test)]
            spoilt: None,
            #[cfg(test)]
            is_full: false,
        }
    }
}

impl Stored for BTreeMap<Vec<u8>, Vec<u8>> {
    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.contains_key(key))
    }

    fn between(&self, from: &[u8], to: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let keys = self.range::<[u8], _>((Bound::Included(from), Bound::Included(to)));
        Ok(keys.map(|(key, _)| key.clone()).collect())
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store with all that another one holds, so that the same can be measured without its engine. Nobody
    /// commits to the other one meanwhile.
    ///
    /// # Errors
    /// The other one's: a row of it cannot be read.
    pub async fn copy_of(other: &dyn Store) -> Result<Self, StoreError> {
        let copy = Self::new();
        let tip = other.head().await?.unwrap_or(Tip::GENESIS);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = other.raw_rows(Section::All, after.as_deref(), COPIED_AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key.clone());
            copy.state().rows.extend(rows.into_iter().map(|row| (row.key, row.row)));
        }
        copy.state().tip = tip;
        Ok(copy)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row as it is stored, for tests of what notices damage.
    #[cfg(test)]
    pub(crate) fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.state().rows.get(key).cloned()
    }

    /// Puts or takes away a row behind the chain's back.
    #[cfg(test)]
    pub(crate) fn edit(&self, key: &[u8], row: Option<Vec<u8>>) {
        let mut state = self.state();
        match row {
            Some(row) => state.rows.insert(key.to_vec(), row),
            None => state.rows.remove(key),
        };
    }

    /// From now on rows of this part cannot be read, as of an engine whose page is damaged.
    #[cfg(test)]
    pub(crate) fn spoil(&self, section: Section) {
        self.state().spoilt = Some(section);
    }

    /// From now on it has no room for commits.
    #[cfg(test)]
    pub(crate) fn fill_up(&self) {
        self.state().is_full = true;
    }

    /// Whether groups are noted for somebody.
    #[cfg(test)]
    pub(crate) fn is_noting(&self) -> bool {
        self.state().noting.wanted().is_some()
    }

    fn rows_after(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError> {
        let range = key::event(stream, after.saturating_add(1))..=key::event(stream, u64::MAX);
        let state = self.state();
        let rows = state.rows.range(range).take(limit).map(|(key, row)| {
            let (block, entry) = record::decode(key, row)?;
            let seq = key::seq_of_event(key).unwrap_or_default();
            Ok(EventRow { seq, block, entry: entry.to_vec() })
        });
        rows.collect()
    }

    fn body(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state();
        let Some(row) = state.rows.get(key) else { return Ok(None) };
        Ok(Some(record::decode(key, row)?.1.to_vec()))
    }

    fn json<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let body = self.body(key)?;
        body.map(|body| record::from_json(&key::readable(key), &body)).transpose()
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    async fn commit(&self, group: Vec<Batch>, at: Instant) -> Result<Vec<Outcome>, StoreError> {
        let mut state = self.state();
        let State { rows, tip, tails, noting, .. } = &mut *state;
        let writes = group::assemble(&group, *tip, at, tails, rows)?;
        if let Some(book) = noting.wanted() {
            book.add(writes.rows.clone());
        }
        for (key, row) in writes.rows {
            match row {
                Some(row) => state.rows.insert(key, row),
                None => state.rows.remove(&key),
            };
        }
        state.tip = writes.tip;
        Ok(writes.outcomes)
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn durable_block(&self) -> u64 {
        self.state().tip.number
    }

    #[cfg(not(test))]
    fn has_room(&self) -> bool {
        true
    }

    #[cfg(test)]
    fn has_room(&self) -> bool {
        !self.state().is_full
    }

    async fn events(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError> {
        self.rows_after(stream, after, limit)
    }

    async fn last_seq(&self, stream: &Stream) -> Result<u64, StoreError> {
        let state = self.state();
        let last = state.rows.range(key::event(stream, 0)..=key::event(stream, u64::MAX));
        Ok(last.last().and_then(|(key, _)| key::seq_of_event(key)).unwrap_or_default())
    }

    async fn newest_snapshot(&self, stream: &Stream) -> Result<Option<SnapshotRow>, StoreError> {
        let state = self.state();
        let rows = state.rows.range(key::snapshot(stream, 0)..=key::snapshot(stream, u64::MAX));
        let rows = rows.rev().map(|(key, row)| (key.as_slice(), row.as_slice()));
        Ok(record::newest_snapshot(rows, u64::MAX))
    }

    async fn streams(
        &self,
        kind: StreamKind,
        after: Option<&Stream>,
        limit: usize,
    ) -> Result<Vec<Stream>, StoreError> {
        let (from, to) = kind.bounds();
        let state = self.state();
        let keys = state.rows.range(from.to_vec()..to.to_vec());
        let mut streams: Vec<Stream> =
            keys.filter_map(|(key, _)| key::stream_of_event(key)).collect();
        streams.dedup();
        // Pages follow the keys' order, in which `@a-b/` stands before `@a/`.
        let beyond = |after| move |stream: &Stream| key::events_of(stream) > key::events_of(after);
        streams.retain(|stream| after.is_none_or(|after| beyond(after)(stream)));
        streams.truncate(limit);
        Ok(streams)
    }

    async fn bills(
        &self,
        month: Month,
        after: Option<BillPlace>,
        limit: usize,
    ) -> Result<Vec<(BillPlace, u64)>, StoreError> {
        let prefix = key::bills_of(month);
        let from = after.map_or_else(|| prefix.clone(), |after| key::bill(month, &after));
        let state = self.state();
        let rows = state.rows.range::<[u8], _>((Bound::Excluded(&*from), Bound::Unbounded));
        let rows = rows.take_while(|(key, _)| key.starts_with(&prefix)).take(limit);
        rows.map(|(key, row)| record::bill_row(key, record::decode(key, row)?.1)).collect()
    }

    async fn holder(&self, reservation: &Reservation) -> Result<Option<Holder>, StoreError> {
        let key = key::reservation(reservation);
        self.json(&key)
    }

    async fn taken(
        &self,
        reservation: &Reservation,
    ) -> Result<Option<(Holder, Option<EventRow>)>, StoreError> {
        let holder = self.json::<Holder>(&key::reservation(reservation))?;
        let with_row =
            |holder: Holder| holder.with_row(|line, after| self.rows_after(line, after, 1));
        holder.map(with_row).transpose()
    }

    async fn receipt(&self, key: ReceiptKey) -> Result<Option<ReceiptPlace>, StoreError> {
        let key = key::receipt(key);
        self.json(&key)
    }

    async fn owners(&self, network: IpNetwork) -> Result<Vec<(IpNetwork, Holder)>, StoreError> {
        let keys = group::overlapping(&network, &self.state().rows)?;
        let owner = |key: &Vec<u8>| {
            let body = self.body(key)?;
            body.map(|body| record::owner_row(key, &body)).transpose()
        };
        keys.iter().filter_map(|key| owner(key).transpose()).collect()
    }

    async fn personal(
        &self,
        customer: CustomerId,
        row: u32,
    ) -> Result<Option<PersonalRow>, StoreError> {
        let place = format!("personal row {row} of {customer}");
        let body = self.body(&key::personal(customer, row))?;
        body.map(|body| record::from_json(&place, &body)).transpose()
    }

    async fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let state = self.state();
        let keys = state.rows.range(key::KEYS.to_vec()..);
        let keys = keys.take_while(|(key, _)| key.starts_with(key::KEYS));
        keys.map(|(key, row)| Ok(record::decode(key, row)?.1.to_vec())).collect()
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, StoreError> {
        let state = self.state();
        let row = state.rows.get(&key::block(number));
        row.map(|bytes| Block::decode(number, bytes)).transpose()
    }

    async fn cursor(&self, follower: &str) -> Result<Option<u64>, StoreError> {
        self.json(&key::cursor(follower))
    }

    async fn webhooks(
        &self,
        provider: &ProviderId,
        epoch: u32,
    ) -> Result<Option<WebhookState>, StoreError> {
        self.json(&key::webhooks(provider, epoch))
    }

    async fn mails(
        &self,
        shelf: Shelf,
        after: Option<&MailPlace>,
        limit: usize,
    ) -> Result<Vec<MailRow>, StoreError> {
        let prefix = key::mails_of(shelf);
        let from = after.map_or_else(|| prefix.clone(), key::mail);
        let state = self.state();
        let rows = state.rows.range::<[u8], _>((Bound::Excluded(&*from), Bound::Unbounded));
        let rows = rows.take_while(|(key, _)| key.starts_with(&prefix)).take(limit);
        rows.map(|(key, row)| record::mail_row(key, record::decode(key, row)?.1)).collect()
    }

    async fn head(&self) -> Result<Option<Tip>, StoreError> {
        Ok(Some(self.state().tip).filter(|tip| *tip != Tip::GENESIS))
    }

    async fn raw_rows(
        &self,
        section: Section,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        let state = self.state();
        #[cfg(test)]
        if state.spoilt == Some(section) {
            return Err(StoreError::Engine("a page is damaged".into()));
        }
        let from = after.map_or(Bound::Included(section.prefix()), Bound::Excluded);
        let rows = state.rows.range::<[u8], _>((from, Bound::Unbounded));
        let rows = rows.take_while(|(key, _)| key.starts_with(section.prefix()));
        raw::page(rows.map(|(key, row)| Ok(RawRow { key: key.clone(), row: row.clone() })), limit)
    }

    async fn raw(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let state = self.state();
        Ok(keys.iter().map(|key| state.rows.get(key).cloned()).collect())
    }

    async fn begin_notes(&self, most_bytes: usize) -> Result<(NoteBook, u64), StoreError> {
        let mut state = self.state();
        Ok((state.noting.begin(most_bytes), state.tip.number))
    }

    async fn take_notes(&self, book: &NoteBook) -> Result<Noted, StoreError> {
        let state = self.state();
        Ok(Noted { tip: state.tip, changes: book.take() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn a_copy_holds_all_that_the_other_one_does_and_goes_on_with_its_chain() {
        let store = MemoryStore::new();
        let stream = Stream::Line("CAF0000000001".parse().expect("an ID"));
        let at = "2025-01-01T00:00:00+09:00".parse().expect("an instant");
        let event = |last| vec![Batch::event(stream.clone(), last, vec![7; 8])];
        // More rows than are copied at once.
        for last in 0..1_500 {
            store.commit(event(last), at).await.expect("commits");
        }
        let copy = MemoryStore::copy_of(&store).await.expect("copies");
        assert_eq!(copy.state().rows, store.state().rows);
        for store in [&copy, &store] {
            store.commit(event(1_500), at).await.expect("commits");
        }
        assert_eq!(copy.head().await.expect("reads"), store.head().await.expect("reads"));
    }
}
