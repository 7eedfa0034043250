//! What must hold whenever a server has started, and at the end: what clients were told against
//! what is on the disk, the disk against the rules, the live lines against the disk.

use super::{
    disk::Disk,
    fold::{Told, is_in_or_before},
    ledger::{Ledger, Outcome},
    process::Process,
};
use ipnetwork::IpNetwork;
use linepass::{
    actors::{
        orders,
        snapshot::{ANOTHER_FOLD, Snapshots},
    },
    domain::{
        ids::CustomerId,
        line::{Entry, replay},
    },
    store::{Reservation, SnapshotRow, Stream, key, record},
    verify::{Keyed, Opened, Options, verify},
};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// An event row on the disk.
pub struct Row {
    stream: Stream,
    /// The block that closed its group.
    block: u64,
    body: Vec<u8>,
    entry: Value,
}

/// The journal as the disk has it, and what is wrong with it.
pub struct Checker<'a> {
    process: &'a Process,
    ledger: &'a RefCell<Ledger>,
    rows: Vec<Row>,
    told: BTreeMap<CustomerId, Told>,
    faults: Vec<String>,
}

/// All that is wrong.
pub async fn check(process: &Process, disk: &Disk, ledger: &RefCell<Ledger>) -> Vec<String> {
    let (rows, faults) = read(disk);
    let mut checker = Checker { process, ledger, rows, told: BTreeMap::new(), faults };
    checker.fold();
    checker.attempts();
    checker.once();
    checker.closed_months();
    checker.orders().await;
    checker.networks().await;
    checker.live().await;
    checker.verified().await;
    checker.faults
}

/// Rows by stream, their numbers without a gap.
fn read(disk: &Disk) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut last: Option<(Stream, u64)> = None;
    for (key, row) in disk.kept(b"e/") {
        let stream = key::stream_of_event(&key).expect("an event's key");
        let seq = key::seq_of_event(&key).expect("an event's key");
        let before = last.take().filter(|(before, _)| *before == stream).map_or(0, |(_, seq)| seq);
        if seq != before + 1 {
            faults.push(format!("{stream}: event {seq} follows {before}"));
        }
        // A version byte and the block's number stand before the entry.
        let block = u64::from_be_bytes(row[1..9].try_into().expect("eight bytes"));
        let body = row[9..].to_vec();
        let entry = serde_json::from_slice(&body).expect("JSON");
        rows.push(Row { stream: stream.clone(), block, body, entry });
        last = Some((stream, seq));
    }
    (rows, faults)
}

impl Checker<'_> {
    /// The rules, I3 to I6, line by line.
    fn fold(&mut self) {
        for row in &self.rows {
            let Stream::Line(customer) = row.stream else { continue };
            self.told.entry(customer).or_default().take(&row.entry);
        }
        for (customer, told) in &mut self.told {
            let faults = told.faults.drain(..);
            self.faults.extend(faults.map(|fault| format!("{customer}: {fault}")));
        }
    }

    /// I1 and I2: what was acknowledged is there word for word, what was refused is not, and
    /// nothing is there that nobody asked for.
    fn attempts(&mut self) {
        let ledger = self.ledger.borrow();
        let mut found: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            let id = row.entry["request_id"].as_str().unwrap_or_default();
            if matches!(row.stream, Stream::Line(_)) {
                found.entry(id).or_default().push(row);
            }
        }
        for (id, rows) in &found {
            let Some(attempt) = ledger.attempts.get(*id) else {
                self.faults.push(format!("I2: nobody asked for {id:?}"));
                continue;
            };
            if rows.len() > 1 && !attempt.of_many {
                self.faults.push(format!("I2: {id} was made {} times", rows.len()));
            }
            if attempt.outcome == Outcome::NotMade && !attempt.of_many {
                self.faults.push(format!("I2: {id} was refused, and is there"));
            }
        }
        for (id, attempt) in &ledger.attempts {
            let Outcome::Made(entry) = &attempt.outcome else { continue };
            let rows = found.get(id.as_str()).map_or(&[][..], Vec::as_slice);
            if !rows.iter().any(|row| row.body == *entry) {
                self.faults.push(format!("I1: {id} was acknowledged, and is not there"));
            }
        }
    }

    /// Each receipt number, order and passport ID's string stands once.
    fn once(&mut self) {
        let (mut receipts, mut orders, mut names) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for told in self.told.values() {
            for receipt in &told.receipts {
                if !receipts.insert(receipt) {
                    self.faults.push(format!("receipt {receipt} was given twice"));
                }
            }
            for (provider, reference, _) in &told.orders {
                if !orders.insert((provider, reference)) {
                    self.faults.push(format!("I2: order {reference} of {provider} stands twice"));
                }
            }
        }
        let ledger = self.ledger.borrow();
        for row in &self.rows {
            let id = row.entry["request_id"].as_str().unwrap_or_default();
            let name = ledger.attempts.get(id).and_then(|attempt| attempt.name.as_ref());
            if name.is_some_and(|name| !names.insert(name)) {
                self.faults.push(format!("{name:?} was registered twice"));
            }
        }
    }

    /// Once a month's close is finished, nothing is decided inside it.
    fn closed_months(&mut self) {
        let system = self.rows.iter().filter(|row| row.stream == Stream::System);
        let finished = system.flat_map(|row| {
            let events = row.entry["events"].as_array().into_iter().flatten();
            let finished = events.filter(|event| event["event"] == "month_close_finished");
            finished.map(|event| (row.block, event["month"].as_str().unwrap_or_default()))
        });
        for (block, month) in finished {
            let lines = self.rows.iter().filter(|row| matches!(row.stream, Stream::Line(_)));
            for row in lines.filter(|row| row.block > block) {
                let at = row.entry["at"].as_i64().unwrap_or_default();
                if is_in_or_before(at, month) {
                    self.faults
                        .push(format!("{}: decided inside {month}, which is closed", row.stream));
                }
            }
        }
    }

    /// What providers are told of each order is what stands.
    async fn orders(&mut self) {
        let stored = self.told.values().flat_map(|told| &told.orders);
        let stored: BTreeMap<_, _> = stored.map(|(p, r, n)| ((&**p, &**r), n)).collect();
        let known: Vec<_> = {
            let ledger = self.ledger.borrow();
            ledger.orders.iter().map(|(order, state)| (order.clone(), state.receipt)).collect()
        };
        for (order, receipt) in known {
            let (provider, reference) = &order;
            let stands = stored.get(&(provider.as_str(), reference.as_str()));
            let known = receipt.map(|receipt| receipt.to_string());
            if known.is_some() && known.as_ref() != stands.copied() {
                self.faults.push(format!("I1: {order:?}: told {known:?}, there {stands:?}"));
            }
            let asked = orders::completed(self.process.store.as_ref(), provider, reference).await;
            let asked = asked.map(|done| done.map(|done| done.receipt.number().to_string()));
            if asked.as_ref().ok().and_then(Option::as_ref) != stands.copied() || asked.is_err() {
                self.faults.push(format!("{order:?}: asked {asked:?}, there {stands:?}"));
            }
        }
    }

    /// A prefix has one owner, and the reservations say the same as the lines.
    async fn networks(&mut self) {
        let held = self.told.iter().flat_map(|(customer, told)| {
            told.networks.iter().map(|one| (one.parse::<IpNetwork>().expect("a prefix"), *customer))
        });
        let held: Vec<_> = held.collect();
        for (at, (network, customer)) in held.iter().enumerate() {
            let shares = |(other, _): &&(IpNetwork, CustomerId)| {
                other.contains(network.network()) || network.contains(other.network())
            };
            if let Some((other, owner)) = held[at + 1..].iter().find(shares) {
                self.faults.push(format!("{network} of {customer} meets {other} of {owner}"));
            }
            let reservation = Reservation::Network(*network);
            let holder = self.process.store.holder(&reservation).await;
            if !matches!(&holder, Ok(Some(holder)) if holder.customer == *customer) {
                self.faults.push(format!("{network} of {customer} is held by {holder:?}"));
            }
        }
    }

    /// I9: a line that answers is the fold of its rows.
    async fn live(&mut self) {
        let customers: Vec<CustomerId> = self.told.keys().copied().collect();
        for customer in customers {
            let own = self.rows.iter().filter(|row| row.stream == Stream::Line(customer));
            let entries = own.map(|row| record::from_json::<Entry>("a row", &row.body));
            let line = entries.fold(None, |line, entry| replay(line, &entry.expect("an entry")));
            match self.process.lines.look(customer).await {
                Ok(view) if view.line.as_deref() == line.as_ref() => {}
                Ok(_) => self.faults.push(format!("I9: {customer} answers from another state")),
                Err(error) => self.faults.push(format!("I9: {customer}: {error}")),
            }
        }
    }

    /// What `linepass verify` finds: I1 to I9 by the product's own look, I8 by it alone. Snapshots are
    /// opened, and lines that are awake are held against their replay.
    async fn verified(&mut self) {
        let (keyed, awake) = (Keys(&self.process.snapshots), &self.process.lines);
        let options = Options { live: true, keyed: Some(&keyed), awake: Some(awake), mails: false };
        let report = verify(self.process.store.as_ref(), options, &mut |_| {}).await;
        for invariant in &report.invariants {
            let faults = invariant.first.iter().take(3);
            self.faults.extend(faults.map(|fault| format!("{:?}: {fault}", invariant.name)));
        }
        let left = report.not_looked_at.iter();
        self.faults.extend(left.map(|left| format!("not looked at: {}: {}", left.what, left.why)));
    }
}

/// What whoever has the master key can do.
struct Keys<'a>(&'a Snapshots);

impl Keyed for Keys<'_> {
    fn open(&self, customer: CustomerId, row: &SnapshotRow) -> Opened {
        match self.0.open(customer, row) {
            Ok(opened) => Opened::Line(Box::new(opened.line)),
            Err(ANOTHER_FOLD) => Opened::AnotherFold,
            Err(what) => Opened::Wrong(what),
        }
    }

    fn name_hash(&self, name: &str) -> [u8; 32] {
        record::sha256(name.as_bytes())
    }
}
