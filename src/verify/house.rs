//! What concerns the whole, beside all lines: receipt numbers, months that are closed, providers.

use super::{Walk, report::InvariantName};
use crate::{
    domain::{
        calendar::Month,
        ids::{ProviderId, ReceiptNumber},
        line::Entry,
        provider::{Provider, ProviderEvent},
        system::SystemEvent,
    },
    store::{Section, StoreError, Stream, StreamKind, key, raw::Rows, record},
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Streams that one look takes.
const PAGE: usize = 256;

/// What concerns the whole: receipt numbers, months that are closed, providers.
pub(super) struct House {
    /// Serials that were leased, from and to (not included), in their order.
    leases: Vec<(u64, u64)>,
    /// The first and the last month that are closed for all lines.
    pub(super) closed: Option<(Month, Month)>,
    /// Providers by their IDs.
    pub(super) providers: BTreeMap<ProviderId, Provider>,
}

/// Reads what concerns the whole.
pub(super) async fn read(walk: &mut Walk<'_>) -> Result<House, StoreError> {
    let mut house = House { leases: Vec::new(), closed: None, providers: BTreeMap::new() };
    for (_, entry) in entries::<SystemEvent>(walk, &Stream::System).await? {
        for event in entry.events {
            house.note(event, walk);
        }
    }
    let mut after = None;
    loop {
        let page = walk.store.streams(StreamKind::Providers, after.as_ref(), PAGE).await?;
        let Some(last) = page.last().cloned() else { return Ok(house) };
        after = Some(last);
        for stream in page {
            let Stream::Provider(id) = &stream else { continue };
            let mut provider = None;
            for (_, entry) in entries::<ProviderEvent>(walk, &stream).await? {
                let evolve = |state, event| Provider::evolve(state, id, event);
                provider = entry.events.into_iter().fold(provider, evolve);
            }
            house.providers.extend(provider.map(|provider| (id.clone(), provider)));
        }
    }
}

/// The entries of a short stream, up to the tip.
async fn entries<E: DeserializeOwned>(
    walk: &mut Walk<'_>,
    stream: &Stream,
) -> Result<Vec<(u64, Entry<E>)>, StoreError> {
    let (mut entries, mut seq) = (Vec::new(), 0);
    let mut rows = Rows::of(walk.store, Section::Events, Some(key::events_of(stream)));
    while let Some(row) = rows.next().await? {
        if key::stream_of_event(&row.key).as_ref() != Some(stream) {
            break;
        }
        let (Some(number), Ok((block, body))) =
            (key::seq_of_event(&row.key), record::decode(&row.key, &row.row))
        else {
            continue;
        };
        if block > walk.tip {
            continue;
        }
        seq += 1;
        match serde_json::from_slice(body) {
            Ok(entry) if seq == number => entries.push((number, entry)),
            Ok(_) => {
                let what = format!("event {seq} of {stream}: it is missing");
                walk.found.fault(InvariantName::I9, what);
                seq = number;
            }
            Err(error) => {
                let what = format!("{}: {error}", key::readable(&row.key));
                walk.found.fault(InvariantName::I9, what);
            }
        }
    }
    Ok(entries)
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
