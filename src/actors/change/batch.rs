//! A decision, made into one batch.

use super::What;
use crate::{
    actors::orders,
    domain::{
        ids::{CustomerId, ProviderId, Reference},
        line::{Entry, Event, Line},
    },
    store::{
        Batch, BillPlace, Delete, Holder, PersonalRow, Put, Reservation, Stream,
        record::{SIGN_INS_ROW, to_json},
    },
};
use ipnetwork::IpNetwork;

/// One batch for a decision: the entry, its personal rows, and the reservations that its events
/// take or give up.
pub fn batch(
    customer: CustomerId,
    line: Option<&Line>,
    last: u64,
    entry: &Entry,
    what: &What,
    rows: &[(u32, PersonalRow)],
) -> Batch {
    let body = to_json(entry);
    let mut batch = Batch::event(Stream::Line(customer), last, body);
    batch.put.extend(orders::index_rows(customer, last + 1, &entry.events));
    for (row, body) in rows {
        batch.put.push(Put::Personal { customer, row: *row, body: body.clone() });
    }
    let order_holder =
        |passport| Holder { customer, passport: Some(passport), seq: Some(last + 1) };
    for event in &entry.events {
        match event {
            Event::Purchased { provider, reference, passport, .. }
            | Event::ContractEnded { provider, reference: Some(reference), passport, .. } => {
                batch.reserve(order(provider, reference), order_holder(*passport));
            }
            Event::PassportRegistered { passport, .. } => {
                if let What::Register(registration) = what {
                    let holder = Holder { customer, passport: Some(*passport), seq: None };
                    batch.reserve(Reservation::PassportName(registration.name_hash), holder);
                }
            }
            // The old string's reservation stays: it is never given out again.
            Event::PassportRenamed { passport, .. } => {
                if let What::ChangePassport(changes) = what {
                    let hash = changes.name.as_ref().and_then(|renaming| renaming.name_hash);
                    let holder = Holder { customer, passport: Some(*passport), seq: None };
                    if let Some(hash) = hash {
                        batch.reserve(Reservation::PassportName(hash), holder);
                    }
                }
            }
            // Where a session came from is nobody's business once it is over.
            Event::PortalSessionEnded { session } => {
                let ended = line.and_then(|line| line.sessions.get(session));
                let origin = ended.and_then(|session| session.origin);
                batch
                    .delete
                    .extend(origin.map(|origin| Delete::Personal { customer, row: origin.row }));
            }
            // A hash that was replaced is needed by nobody any more.
            Event::AccessKeySet { .. } => {
                let replaced = line.map(|line| line.rows.access_key.row);
                batch.delete.extend(replaced.map(|row| Delete::Personal { customer, row }));
            }
            Event::PasswordSet { passport, .. } => {
                let replaced = line.and_then(|line| line.passports.get(passport));
                batch.delete.extend(replaced.map(|replaced| Delete::Personal {
                    customer,
                    row: replaced.rows.credential.row,
                }));
            }
            Event::PersonalRowsErased { rows } => {
                let ended = line.is_some_and(|line| line.ended.is_some());
                let sign_ins = ended.then_some(SIGN_INS_ROW);
                let rows = rows.iter().copied().chain(sign_ins);
                batch.delete.extend(rows.map(|row| Delete::Personal { customer, row }));
            }
            // A month's bills are found in order by where their parts stand.
            Event::MonthClosed { month, part, .. } => {
                let place = BillPlace { customer, part: *part };
                batch.put.push(Put::Bill { month: *month, place, seq: last + 1 });
            }
            Event::NetworksSet { networks } => {
                let held = line.map_or(&[][..], |line| &line.networks);
                reserve_networks(&mut batch, customer, held, networks);
            }
            _ => {}
        }
    }
    batch
}

fn order(provider: &ProviderId, reference: &Reference) -> Reservation {
    Reservation::Order { provider: provider.clone(), reference: reference.clone() }
}

/// New prefixes must be free, and those given up become free, in one commit.
fn reserve_networks(
    batch: &mut Batch,
    customer: CustomerId,
    held: &[IpNetwork],
    wanted: &[IpNetwork],
) {
    for network in held.iter().filter(|network| !wanted.contains(network)) {
        batch.delete.push(Delete::Reservation(Reservation::Network(*network)));
    }
    for network in wanted.iter().filter(|network| !held.contains(network)) {
        let holder = Holder { customer, passport: None, seq: None };
        batch.reserve(Reservation::Network(*network), holder);
    }
}
