//! The second part of the walk: all rows in the order of their streams, personal rows beside the
//! events that committed to them.

use super::{CommittedRows, Fault, FaultKind, Step, Walk};
use crate::{
    domain::{
        ids::CustomerId,
        line::{Entry, rows::CommittedRow},
    },
    store::{
        StoreError, Stream,
        block::Block,
        key,
        raw::{ROWS_AT_ONCE, RawRow, Rows, Section},
        record::{self, SIGN_INS_ROW},
    },
};
use std::collections::BTreeMap;

/// What the events of the line that is read now committed to.
#[derive(Default)]
struct Committed {
    rows: CommittedRows,
    /// The block of each event row, by sequence number.
    blocks: BTreeMap<u64, u64>,
}

impl Committed {
    fn take(&mut self, seq: u64, block: u64, entry: &Entry) {
        self.rows.take(seq, entry);
        self.blocks.insert(seq, block);
    }
}

/// A line's personal rows as they stand.
type There = BTreeMap<u32, Vec<u8>>;

/// What a look at one line's personal rows came to.
#[derive(Default)]
struct Looked {
    right: u64,
    gone: u64,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    /// All event rows, and all personal rows.
    pub(super) async fn rows(&mut self) {
        let mut events = Rows::of(self.store, Section::Events, None);
        let mut personal = Rows::of(self.store, Section::Personal, None);
        if let Err(error) = self.all_rows(&mut events, &mut personal).await {
            let after = [events.place(), personal.place()];
            let what = format!("beyond {} and {}: {error}", after[0], after[1]);
            self.fault(None, FaultKind::Unreadable, "rows", what);
        }
    }

    async fn all_rows(
        &mut self,
        events: &mut Rows<'_>,
        personal: &mut Rows<'_>,
    ) -> Result<(), StoreError> {
        let mut now: Option<(Stream, Committed)> = None;
        let (mut closed, mut odd) = (0, false);
        while let Some(row) = events.next().await? {
            let Some((stream, seq)) =
                key::stream_of_event(&row.key).zip(key::seq_of_event(&row.key))
            else {
                let what = "its key names no stream";
                self.fault(None, FaultKind::RowUnclosed, key::readable(&row.key), what);
                continue;
            };
            if now.as_ref().is_none_or(|(before, _)| *before != stream) {
                if let Some((before, committed)) = now.take() {
                    self.end_of(&before, committed, personal).await?;
                }
                now = Some((stream.clone(), Committed::default()));
                self.report.streams += 1;
            }
            // What a block named was held against its hash; what none named is looked for below.
            let Ok((block, body)) = record::decode(&row.key, &row.row) else {
                odd = true;
                continue;
            };
            if block > self.tip {
                odd |= !self.live || block > self.store.durable_block() + 1;
                continue;
            }
            closed += 1;
            if closed % ROWS_AT_ONCE as u64 == 0 {
                self.told(Step::Rows, closed.min(self.closed), self.closed);
            }
            if let (Stream::Line(_), Some((_, committed))) = (&stream, &mut now) {
                match serde_json::from_slice(body) {
                    Ok(entry) => committed.take(seq, block, &entry),
                    Err(error) => self.unreadable_entry(&row.key, block, &stream, &error),
                }
            }
        }
        if let Some((before, committed)) = now {
            self.end_of(&before, committed, personal).await?;
        }
        while let Some(row) = personal.next().await? {
            self.stranger(&row);
        }
        self.told(Step::Rows, self.closed, self.closed);
        if odd || closed != self.closed {
            self.unclosed().await?;
        }
        Ok(())
    }

    fn unreadable_entry(
        &mut self,
        key: &[u8],
        block: u64,
        stream: &Stream,
        error: &serde_json::Error,
    ) {
        let place = key::readable(key);
        self.damaged.insert(stream.clone());
        if !self.report.names(&place) {
            self.fault(Some(block), FaultKind::Unreadable, place, error.to_string());
        }
    }

    /// All events of a stream were read: a line's personal rows are held against them.
    async fn end_of(
        &mut self,
        stream: &Stream,
        committed: Committed,
        personal: &mut Rows<'_>,
    ) -> Result<(), StoreError> {
        let Stream::Line(customer) = *stream else { return Ok(()) };
        let mut there = There::new();
        while let Some(row) = personal.peek().await? {
            match key::place_of_personal(&row.key) {
                Some((other, _)) if other.as_str() > customer.as_str() => break,
                Some((other, number)) if other == customer => {
                    there.extend(personal.next().await?.map(|row| (number, row.row)));
                }
                _ => {
                    if let Some(row) = personal.next().await? {
                        self.stranger(&row);
                    }
                }
            }
        }
        let last = committed.blocks.last_key_value().map_or(0, |(seq, _)| *seq);
        let mut looked = self.look(customer, committed, &there, last);
        if self.live && !looked.faults.is_empty() {
            looked = self.look_again(customer, last).await?;
        }
        self.report.personal_rows += looked.right;
        self.report.personal_rows_gone += looked.gone;
        for fault in looked.faults {
            self.report.add(fault);
        }
        Ok(())
    }

    /// Holds the rows that are there against what the events up to `last` committed to.
    fn look(
        &self,
        customer: CustomerId,
        Committed { rows, blocks }: Committed,
        there: &There,
        last: u64,
    ) -> Looked {
        let is_damaged = self.damaged.contains(&Stream::Line(customer));
        let mut looked = Looked::default();
        let rows = rows.into_rows();
        let place = |number: u32| key::readable(&key::personal(customer, number));
        for (number, CommittedRow { reference, seq, may_be_gone }) in &rows {
            let kind = match there.get(number).map(|row| record::decode(b"", row)) {
                // One batch holds the row and its event: they say the same block. A row that says
                // another one would be hidden from those who read it.
                Some(Ok((block, body)))
                    if record::sha256(body) == reference.commitment
                        && blocks.get(seq) == Some(&block) =>
                {
                    looked.right += 1;
                    continue;
                }
                Some(_) => FaultKind::PersonalChanged,
                None if *may_be_gone => {
                    looked.gone += 1;
                    continue;
                }
                // The event that would explain it may be the damaged one, or not be read yet.
                None if is_damaged || *seq > last => continue,
                None => FaultKind::PersonalMissing,
            };
            let what = match kind {
                FaultKind::PersonalMissing => format!(
                    "event {seq} committed to it; it is missing, and no event says that it was \
                     erased or replaced"
                ),
                _ => format!("it is not the row that event {seq} committed to"),
            };
            let block = blocks.get(seq).copied();
            looked.faults.push(Fault { block, kind, place: place(*number), what });
        }
        for (number, row) in there {
            let known = rows.contains_key(number) || *number == SIGN_INS_ROW;
            let block = record::decode(b"", row).ok().map(|(block, _)| block);
            let is_new = self.live && block > Some(self.tip);
            if !known && !is_new && !is_damaged {
                let what = "no event committed to it".to_owned();
                let kind = FaultKind::PersonalUnknown;
                looked.faults.push(Fault { block, kind, place: place(*number), what });
            }
        }
        looked
    }

    /// Rows went away between the look at the events and the look at them: the rows first, then the
    /// events, which then have all that explains it.
    async fn look_again(&self, customer: CustomerId, last: u64) -> Result<Looked, StoreError> {
        let stream = Stream::Line(customer);
        let mut there = There::new();
        let begins = format!("p/{customer}/").into_bytes();
        let mut rows = Rows::of(self.store, Section::Personal, Some(begins));
        while let Some(row) = rows.next().await? {
            match key::place_of_personal(&row.key) {
                Some((other, number)) if other == customer => drop(there.insert(number, row.row)),
                _ => break,
            }
        }
        let mut committed = Committed::default();
        let mut rows = Rows::of(self.store, Section::Events, Some(key::events_of(&stream)));
        while let Some(row) = rows.next().await? {
            if key::stream_of_event(&row.key).as_ref() != Some(&stream) {
                break;
            }
            let seq = key::seq_of_event(&row.key).unwrap_or_default();
            let decoded = record::decode(&row.key, &row.row).ok();
            let entry = decoded.and_then(|(block, body)| {
                Some((block, serde_json::from_slice::<Entry>(body).ok()?))
            });
            if let Some((block, entry)) = entry {
                committed.take(seq, block, &entry);
            }
        }
        Ok(self.look(customer, committed, &there, last))
    }

    /// A personal row of a line that has no events, or none that can be read.
    fn stranger(&mut self, row: &RawRow) {
        let line = key::place_of_personal(&row.key).map(|(line, _)| Stream::Line(line));
        if line.is_some_and(|line| self.damaged.contains(&line)) {
            return;
        }
        let block = record::decode(&row.key, &row.row).ok().map(|(block, _)| block);
        if self.live && block > Some(self.tip) {
            return;
        }
        let what = "its line has no events";
        self.fault(block, FaultKind::PersonalUnknown, key::readable(&row.key), what);
    }

    /// There are other rows than those that blocks name: each is asked for in its block.
    async fn unclosed(&mut self) -> Result<(), StoreError> {
        let mut rows = Rows::of(self.store, Section::Events, None);
        while let Some(row) = rows.next().await? {
            let place = key::readable(&row.key);
            let known = key::stream_of_event(&row.key).zip(key::seq_of_event(&row.key));
            let Some((stream, seq)) = known else { continue };
            let says = record::decode(&row.key, &row.row).map(|(block, _)| block);
            let block = says.as_ref().ok().copied();
            let under_way = self.live
                && block.is_some_and(|block| {
                    block > self.tip && block <= self.store.durable_block() + 1
                });
            let in_doubt = self
                .unusable
                .iter()
                .any(|(from, to)| block.is_some_and(|block| (*from..=*to).contains(&block)));
            if under_way || in_doubt || self.report.names(&place) {
                continue;
            }
            let closed = match block.filter(|block| *block <= self.tip) {
                Some(block) => self.store.raw(vec![key::block(block)]).await?.pop().flatten(),
                None => None,
            };
            if closed.is_some_and(|closed| Block::names(&closed, &stream, seq)) {
                continue;
            }
            let what = match says {
                Ok(block) => format!("no block closed it; it says that block {block} did"),
                Err(error) => format!("no block closed it, and it cannot be read: {error}"),
            };
            self.fault(block, FaultKind::RowUnclosed, place, what);
        }
        Ok(())
    }
}
