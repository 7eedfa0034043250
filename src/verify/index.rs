//! The rows by which others find what lines did, both ways: each event has its rows, and each row
//! leads to such an event.
//!
//! The first way is looked up row by row. For the other it is enough that there are no more rows than
//! events want, since each has its own: only where there are, each row is followed to its event.

use super::{
    Step, Walk,
    report::InvariantName,
    streams::{entry_of, of_line},
};
use crate::{
    domain::{
        ids::{CustomerId, PassportNumber},
        line::{Entry, Event},
    },
    store::{
        Holder, PersonalRow, RawRow, ReceiptKey, ReceiptPlace, Reservation, Section, StoreError,
        Stream, key,
        raw::{ROWS_AT_ONCE, Rows},
        record::{self, Personal},
    },
};
use ipnetwork::IpNetwork;

/// What a row must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// Where something with a receipt number stands.
    Receipt(ReceiptPlace),
    /// Who completed an order.
    Order(Holder),
    /// Whose a passport ID's string is.
    Name(Holder),
    /// Whose an address prefix is.
    Network(Holder),
    /// Where a part of a bill stands.
    Bill(u64),
}

/// A row that an event wants.
pub(super) struct Wanted {
    pub(super) name: InvariantName,
    pub(super) key: Vec<u8>,
    pub(super) want: Want,
    pub(super) customer: CustomerId,
    pub(super) seq: u64,
    /// No row that it wants was written after this block by anybody else.
    pub(super) block: u64,
}

/// A passport ID's string, whose reservation is looked up.
pub(super) struct Named {
    pub(super) customer: CustomerId,
    pub(super) passport: PassportNumber,
    /// The personal row that the string stands in.
    pub(super) row: u32,
    /// The last event of the line that was read.
    pub(super) seq: u64,
}

/// How many rows of each section events want, and have.
#[derive(Default)]
pub(super) struct Expected {
    /// Rows that are looked up soon, many at once.
    wanted: Vec<Wanted>,
    /// Strings whose reservations are looked up soon.
    named: Vec<Named>,
    orders: u64,
    receipts: u64,
    networks: u64,
    bills: u64,
    /// Each ID has its first string's reservation, and one more for each other string.
    pub(super) names_at_least: u64,
    pub(super) names_at_most: u64,
}

impl Expected {
    /// An event wants a row.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted.push(wanted);
    }

    /// An ID was given a string.
    pub(super) fn name(&mut self, named: Named) {
        self.named.push(named);
    }

    /// Looks up what is wanted so far, once it is enough to be worth it.
    pub(super) async fn look_up_many(&mut self, walk: &mut Walk<'_>) -> Result<(), StoreError> {
        let is_much = self.wanted.len() >= ROWS_AT_ONCE || self.named.len() >= ROWS_AT_ONCE;
        if is_much { self.look_up(walk).await } else { Ok(()) }
    }

    /// Looks up all that is wanted.
    pub(super) async fn look_up(&mut self, walk: &mut Walk<'_>) -> Result<(), StoreError> {
        self.look_names_up(walk).await?;
        let wanted = std::mem::take(&mut self.wanted);
        for wanted in wanted.chunks(ROWS_AT_ONCE) {
            let keys = wanted.iter().map(|wanted| wanted.key.clone()).collect();
            let rows = walk.store.raw(keys).await?;
            for (wanted, row) in wanted.iter().zip(rows) {
                self.compare(walk, wanted, row.as_deref()).await?;
            }
        }
        Ok(())
    }

    /// The reservations of strings, as far as the strings are not erased.
    async fn look_names_up(&mut self, walk: &Walk<'_>) -> Result<(), StoreError> {
        let named = std::mem::take(&mut self.named);
        let Some(keyed) = walk.options.keyed else { return Ok(()) };
        for named in named.chunks(ROWS_AT_ONCE) {
            let keys: Vec<_> =
                named.iter().map(|named| key::personal(named.customer, named.row)).collect();
            let rows = walk.store.raw(keys.clone()).await?;
            for ((Named { customer, passport, seq, .. }, key), row) in
                named.iter().zip(&keys).zip(rows)
            {
                let body = row.as_deref().and_then(|row| record::decode(key, row).ok());
                let row: Option<PersonalRow> =
                    body.and_then(|(_, body)| serde_json::from_slice(body).ok());
                let Some(PersonalRow { data: Personal::PassportName { name }, .. }) = row else {
                    continue;
                };
                let hash = Reservation::PassportName(keyed.name_hash(name.as_str()));
                let (customer, seq) = (*customer, *seq);
                let holder = Holder { customer, passport: Some(*passport), seq: None };
                self.wanted.push(Wanted {
                    name: InvariantName::I2,
                    key: key::reservation(&hash),
                    want: Want::Name(holder),
                    customer,
                    seq,
                    block: walk.tip,
                });
            }
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        walk: &mut Walk<'_>,
        wanted: &Wanted,
        row: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let decoded = row.map(|row| record::decode(&wanted.key, row)).transpose();
        let (block, is_right) = match decoded {
            Ok(Some((block, body))) => (Some(block), wanted.want.is(body)),
            _ => (None, false),
        };
        // What can change hands did so after the walk began.
        let can_move = matches!(wanted.want, Want::Network(_) | Want::Bill(_));
        if can_move && walk.options.live && block > Some(wanted.block) {
            return Ok(());
        }
        walk.found.count(wanted.name, 1);
        if is_right {
            self.count(&wanted.want);
            return Ok(());
        }
        if can_move && walk.options.live && moved_on(walk, wanted).await? {
            return Ok(());
        }
        let (customer, seq, place) = (wanted.customer, wanted.seq, key::readable(&wanted.key));
        let what = if row.is_none() { "is missing" } else { "leads elsewhere" };
        let what = format!("event {seq} of {customer}: its {place} {what}");
        walk.found.fault(wanted.name, what);
        Ok(())
    }

    const fn count(&mut self, want: &Want) {
        let counted = match want {
            Want::Receipt(_) => &mut self.receipts,
            Want::Order(_) => &mut self.orders,
            Want::Network(_) => &mut self.networks,
            Want::Bill(_) => &mut self.bills,
            // Some strings may be erased: they are counted where they are registered.
            Want::Name(_) => return,
        };
        *counted += 1;
    }
}

impl Want {
    fn is(&self, body: &[u8]) -> bool {
        match self {
            Self::Receipt(place) => serde_json::from_slice(body).ok().as_ref() == Some(place),
            Self::Order(holder) | Self::Name(holder) | Self::Network(holder) => {
                serde_json::from_slice(body).ok().as_ref() == Some(holder)
            }
            Self::Bill(seq) => serde_json::from_slice(body).ok().as_ref() == Some(seq),
        }
    }
}

/// Whether the line gave up what it is asked for, after the walk began.
async fn moved_on(walk: &Walk<'_>, wanted: &Wanted) -> Result<bool, StoreError> {
    let is_it = |event: &Event| match wanted.want {
        Want::Network(_) => matches!(event, Event::NetworksSet { .. }),
        _ => matches!(event, Event::MonthClosed { .. }),
    };
    let mut rows = of_line(walk, wanted.customer, wanted.seq);
    while let Some(row) = rows.next().await? {
        if entry_of(&row).is_some_and(|(_, entry)| entry.events.iter().any(is_it)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Looks for rows that lead to no event, in each section for itself.
pub(super) async fn rows(walk: &mut Walk<'_>, expected: &Expected) {
    let exactly = |count| (count, count);
    let names = (expected.names_at_least, expected.names_at_most);
    for (what, section, name, bounds) in [
        ("orders", Section::Orders, InvariantName::I1, exactly(expected.orders)),
        ("receipt numbers", Section::Receipts, InvariantName::I1, exactly(expected.receipts)),
        ("reservations of strings", Section::Names, InvariantName::I2, names),
        ("prefixes", Section::Networks, InvariantName::I2, exactly(expected.networks)),
        ("parts of bills", Section::Bills, InvariantName::I6, exactly(expected.bills)),
    ] {
        let looked = rows_of(walk, section, name, bounds).await;
        walk.reached(what, looked);
    }
    let looked = overlaps(walk).await;
    walk.reached("overlaps of prefixes", looked);
}

async fn rows_of(
    walk: &mut Walk<'_>,
    section: Section,
    name: InvariantName,
    (least, most): (u64, u64),
) -> Result<(), StoreError> {
    let there = count(walk, section).await?;
    walk.found.count(name, there);
    if there > most {
        follow(walk, section, name).await?;
    }
    if section == Section::Names && there < least {
        let what = format!("{least} passport IDs have {there} reservations of strings");
        walk.found.fault(name, what);
    }
    Ok(())
}

/// How many rows of a section were there when the walk began.
async fn count(walk: &mut Walk<'_>, section: Section) -> Result<u64, StoreError> {
    let mut rows = Rows::of(walk.store, section, None);
    let mut count = 0_u64;
    while let Some(row) = rows.next().await? {
        if is_of_walk(walk, &row) {
            count += 1;
            if count.is_multiple_of(ROWS_AT_ONCE as u64) {
                walk.told(Step::Index, count, 0);
            }
        }
    }
    Ok(count)
}

/// Whether a row was there when the walk began; one that cannot be read is looked at too.
fn is_of_walk(walk: &Walk<'_>, row: &RawRow) -> bool {
    record::decode(&row.key, &row.row).map_or(true, |(block, _)| block <= walk.tip)
}

/// Follows each row to its event.
async fn follow(
    walk: &mut Walk<'_>,
    section: Section,
    name: InvariantName,
) -> Result<(), StoreError> {
    let mut rows = Rows::of(walk.store, section, None);
    while let Some(row) = rows.next().await? {
        if is_of_walk(walk, &row) && !leads(walk, section, &row).await? {
            let place = key::readable(&row.key);
            // It may have gone, or gone elsewhere, since it was read.
            let again = walk.store.raw(vec![row.key.clone()]).await?.pop().flatten();
            if again.as_ref() == Some(&row.row) {
                walk.found.fault(name, format!("{place}: it leads to nothing that wants it"));
            }
        }
    }
    Ok(())
}

/// Whether a row leads to an event that wants it.
async fn leads(walk: &Walk<'_>, section: Section, row: &RawRow) -> Result<bool, StoreError> {
    let Ok((_, body)) = record::decode(&row.key, &row.row) else { return Ok(false) };
    match section {
        Section::Orders => {
            let Ok(Holder { customer, seq: Some(seq), .. }) = serde_json::from_slice(body) else {
                return Ok(false);
            };
            let entry = entry(walk, customer, seq).await?;
            Ok(entry
                .is_some_and(|(_, entry)| entry.events.iter().any(|event| is_order(event, row))))
        }
        Section::Receipts => {
            let Ok(place) = serde_json::from_slice::<ReceiptPlace>(body) else { return Ok(false) };
            let entry = entry(walk, place.customer, place.seq).await?;
            let is_it = |event: &Event| has_number(event, &row.key);
            Ok(entry.is_some_and(|(_, entry)| entry.events.iter().any(is_it)))
        }
        Section::Bills => {
            let Some((place, seq)) =
                key::bill_place(&row.key).zip(serde_json::from_slice::<u64>(body).ok())
            else {
                return Ok(false);
            };
            let entry = entry(walk, place.customer, seq).await?;
            let is_it = |event: &Event| match event {
                Event::MonthClosed { month, part, .. } => {
                    *part == place.part && row.key.starts_with(&key::bills_of(*month))
                }
                _ => false,
            };
            Ok(entry.is_some_and(|(_, entry)| entry.events.iter().any(is_it)))
        }
        _ => holds(walk, section, row, body).await,
    }
}

/// Whether a holder has what it is said to hold: its whole stream tells.
async fn holds(
    walk: &Walk<'_>,
    section: Section,
    row: &RawRow,
    body: &[u8],
) -> Result<bool, StoreError> {
    let Ok(holder) = serde_json::from_slice::<Holder>(body) else { return Ok(false) };
    let network = key::network_of_key(&row.key);
    let mut has = false;
    let mut rows = of_line(walk, holder.customer, 0);
    while let Some(row) = rows.next().await? {
        // One that cannot be read is told where lines are looked at.
        let Some((_, entry)) = entry_of(&row) else { continue };
        for event in &entry.events {
            match event {
                Event::NetworksSet { networks } if section == Section::Networks => {
                    has = network.is_some_and(|network| networks.contains(&network));
                }
                Event::PassportRegistered { passport, .. } if section == Section::Names => {
                    has |= holder.passport == Some(*passport);
                }
                _ => {}
            }
        }
    }
    Ok(has)
}

/// An event row by its place, with its block.
pub(super) async fn entry(
    walk: &Walk<'_>,
    customer: CustomerId,
    seq: u64,
) -> Result<Option<(u64, Entry)>, StoreError> {
    let key = key::event(&Stream::Line(customer), seq);
    let row = walk.store.raw(vec![key.clone()]).await?.pop().flatten();
    let decoded = row.as_deref().and_then(|row| record::decode(&key, row).ok());
    Ok(decoded.and_then(|(block, body)| Some((block, serde_json::from_slice(body).ok()?))))
}

fn is_order(event: &Event, row: &RawRow) -> bool {
    let (Event::Purchased { provider, reference, .. }
    | Event::ContractEnded { provider, reference: Some(reference), .. }) = event
    else {
        return false;
    };
    row.key == format!("o/{provider}/{reference}").as_bytes()
}

fn has_number(event: &Event, key: &[u8]) -> bool {
    match event {
        Event::Purchased { receipt, .. } => key == key::receipt(ReceiptKey::Order(*receipt)),
        Event::ContractEnded { contract, receipt, .. } => {
            let order = receipt.map(|receipt| key::receipt(ReceiptKey::Order(receipt)));
            key == key::receipt(ReceiptKey::End(*contract)) || order.is_some_and(|own| key == own)
        }
        _ => false,
    }
}

/// Prefixes never overlap (security.md 57). They stand in the order of their addresses, a wider one
/// before those inside it.
async fn overlaps(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    let mut rows = Rows::of(walk.store, Section::Networks, None);
    let mut around: Option<(IpNetwork, RawRow)> = None;
    while let Some(row) = rows.next().await? {
        let Some(network) = key::network_of_key(&row.key) else { continue };
        match &around {
            Some((wider, other)) if wider.contains(network.ip()) => {
                let keys = vec![other.key.clone(), row.key.clone()];
                let still = walk.store.raw(keys).await?;
                if still == [Some(other.row.clone()), Some(row.row.clone())] {
                    let what = format!("the prefixes {wider} and {network} overlap");
                    walk.found.fault(InvariantName::I2, what);
                }
            }
            _ => around = Some((network, row)),
        }
    }
    Ok(())
}
