//! What concerns the whole, beside all lines: receipt numbers, months that are closed, keys, providers.

use super::{Walk, report::InvariantName};
use crate::{
    domain::{
        calendar::Month,
        ids::{ProviderId, ReceiptNumber},
        line::Entry,
        provider::{Provider, ProviderEvent},
        system::SystemEvent,
    },
    store::{RawRow, Section, StoreError, Stream, StreamKind, key, raw::Rows, record},
};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// What concerns the whole: receipt numbers, months that are closed, keys, providers.
#[derive(Default)]
pub(super) struct House {
    /// Serials that were leased, from and to (not included), in their order.
    leases: Vec<(u64, u64)>,
    /// The first and the last month that are closed for all lines.
    pub(super) closed: Option<(Month, Month)>,
    /// Keys of the house's own that were made and not retired, by their IDs.
    pub(super) keys: BTreeSet<String>,
    /// Providers by their IDs.
    pub(super) providers: BTreeMap<ProviderId, Provider>,
}

/// Reads what concerns the whole.
pub(super) async fn read(walk: &mut Walk<'_>) -> Result<House, StoreError> {
    let mut house = House::default();
    let mut system = Entries::of(Stream::System);
    let mut rows = Rows::of(walk.store, Section::Events, Some(key::events_of(&Stream::System)));
    while let Some(row) = rows.next().await? {
        if key::stream_of_event(&row.key) != Some(Stream::System) {
            break;
        }
        if let Some(entry) = system.take::<SystemEvent>(walk, &row) {
            entry.events.into_iter().for_each(|event| house.note(event, walk));
        }
    }
    let (from, to) = StreamKind::Providers.bounds();
    let mut rows = Rows::of(walk.store, Section::Events, Some(from.to_vec()));
    let mut now: Option<Entries> = None;
    while let Some(row) = rows.next().await? {
        if row.key.as_slice() >= to {
            break;
        }
        let Some(stream) = key::stream_of_event(&row.key) else { continue };
        let Stream::Provider(id) = &stream else { continue };
        let id = id.clone();
        let entries = match &mut now {
            Some(entries) if entries.stream == stream => entries,
            _ => now.insert(Entries::of(stream)),
        };
        let Some(entry) = entries.take::<ProviderEvent>(walk, &row) else { continue };
        let before = house.providers.remove(&id);
        let after = entry
            .events
            .into_iter()
            .fold(before, |state, event| Provider::evolve(state, &id, event));
        house.providers.extend(after.map(|provider| (id, provider)));
    }
    Ok(house)
}

/// The entries of a short stream, up to the tip.
struct Entries {
    stream: Stream,
    /// The last event that was taken.
    seq: u64,
}

impl Entries {
    const fn of(stream: Stream) -> Self {
        Self { stream, seq: 0 }
    }

    /// The entry of the stream's next row; none where it is new, or no entry.
    fn take<E: DeserializeOwned>(&mut self, walk: &mut Walk<'_>, row: &RawRow) -> Option<Entry<E>> {
        let number = key::seq_of_event(&row.key)?;
        let (block, body) = match record::decode(&row.key, &row.row) {
            Ok(decoded) => decoded,
            Err(error) => {
                self.seq = number;
                walk.found.fault(InvariantName::I9, error.to_string());
                return None;
            }
        };
        if block > walk.tip {
            return None;
        }
        self.seq += 1;
        if self.seq != number {
            let what = format!("event {} of {}: it is missing", self.seq, self.stream);
            walk.found.fault(InvariantName::I9, what);
            self.seq = number;
        }
        let entry = serde_json::from_slice(body);
        entry
            .map_err(|error| {
                let what = format!("{}: {error}", key::readable(&row.key));
                walk.found.fault(InvariantName::I9, what);
            })
            .ok()
    }
}

impl House {
    fn note(&mut self, event: SystemEvent, walk: &mut Walk<'_>) {
        match event {
            SystemEvent::ReceiptNumbersLeased { first_serial, count } => {
                let end = first_serial.saturating_add(count);
                if self.leases.last().is_some_and(|(_, last)| first_serial < *last) {
                    let what = format!("receipt serials from {first_serial} on were leased twice");
                    walk.found.fault(InvariantName::I2, what);
                }
                self.leases.push((first_serial, end));
            }
            SystemEvent::KeyMade { kid } => drop(self.keys.insert(kid)),
            SystemEvent::KeyRetired { kid } => drop(self.keys.remove(&kid)),
            SystemEvent::MonthCloseFinished { month } => {
                let from = self.closed.map_or(month, |(from, _)| from);
                self.closed = Some((from, month));
            }
            _ => {}
        }
    }

    /// Whether a receipt number is of twelve digits, the last of which makes them valid (ISO/IEC
    /// 7812-1 annex B), and of a range that was leased.
    pub(super) fn gave(&self, number: ReceiptNumber) -> Result<(), String> {
        let text = number.to_string();
        let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(10)).collect();
        let weighed = digits.iter().rev().zip([1, 2].into_iter().cycle());
        let sum: u32 =
            weighed.map(|(digit, weight)| digit * weight % 10 + digit * weight / 10).sum();
        if text.len() != 12 || digits.len() != 12 || !sum.is_multiple_of(10) {
            return Err(format!("{text} is no receipt number"));
        }
        let serial = number.serial();
        let at = self.leases.partition_point(|(first, _)| *first <= serial);
        let lease = at.checked_sub(1).and_then(|at| self.leases.get(at));
        if lease.is_some_and(|(_, end)| serial < *end) {
            return Ok(());
        }
        Err(format!("{text} is of no range of receipt numbers that was leased"))
    }
}
