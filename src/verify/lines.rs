//! Lines, one after the other: replay and account, the rows that each event wants, snapshots, and
//! what is awake.

use super::{
    ASKED_AGAIN, Opened, Step, Walk,
    account::Account,
    house::House,
    index::{Expected, Named, Want, Wanted},
    report::InvariantName,
    streams::{entry_of, of_line},
    told,
};
use crate::{
    domain::{
        calendar::Month,
        ids::{CustomerId, PassportNumber, ProviderId, ReceiptNumber},
        line::{Entry, Event, Line, RowRef, replay},
        notice,
    },
    store::{
        BillPlace, Holder, RawRow, ReceiptKey, ReceiptPlace, Reservation, Section, SnapshotRow,
        StoreError, Stream, StreamKind, key,
        raw::{ROWS_AT_ONCE, Rows},
        record,
    },
};
use ipnetwork::IpNetwork;
use std::collections::{BTreeMap, BTreeSet};

/// Looks at every line. What its events want of other rows was looked up; how many they were is told.
pub(super) async fn lines(walk: &mut Walk<'_>, house: &House) -> Result<Expected, StoreError> {
    let (from, to) = StreamKind::Lines.bounds();
    let mut rows = Rows::of(walk.store, Section::Events, Some(from.to_vec()));
    let mut snapshots = Rows::of(walk.store, Section::Snapshots, None);
    let mut expected = Expected::default();
    let mut now: Option<Look> = None;
    while let Some(row) = rows.next().await? {
        if row.key.as_slice() >= to {
            break;
        }
        let Some(Stream::Line(customer)) = key::stream_of_event(&row.key) else { continue };
        if now.as_ref().is_none_or(|look| look.customer != customer) {
            if let Some(before) = now.take() {
                before.end(walk, house, &mut expected).await?;
            }
            let own = snapshots_of(walk, &mut snapshots, customer).await?;
            now = Some(Look::new(customer, own));
        }
        let Some(look) = &mut now else { continue };
        look.row(walk, house, &mut expected, &row);
        expected.look_up_many(walk).await?;
        if walk.found.events.is_multiple_of(ROWS_AT_ONCE as u64) {
            walk.told(Step::Lines, walk.found.events.min(walk.events), walk.events);
        }
    }
    if let Some(before) = now.take() {
        before.end(walk, house, &mut expected).await?;
    }
    expected.look_up(walk).await?;
    while let Some(row) = snapshots.next().await? {
        stray_snapshot(walk, &row);
    }
    walk.told(Step::Lines, walk.events, walk.events);
    Ok(expected)
}

/// The snapshots of a line, and past those of lines that have no events.
async fn snapshots_of(
    walk: &mut Walk<'_>,
    rows: &mut Rows<'_>,
    customer: CustomerId,
) -> Result<BTreeMap<u64, RawRow>, StoreError> {
    let mut own = BTreeMap::new();
    while let Some(row) = rows.peek().await? {
        let line = match key::place_of_snapshot(&row.key) {
            Some((Stream::Line(line), seq)) => Some((line, seq)),
            _ => None,
        };
        if line.is_some_and(|(line, _)| line > customer) {
            break;
        }
        let Some(row) = rows.next().await? else { break };
        match line {
            Some((line, seq)) if line == customer => drop(own.insert(seq, row)),
            _ => stray_snapshot(walk, &row),
        }
    }
    Ok(own)
}

/// A snapshot of a line that has no events.
fn stray_snapshot(walk: &mut Walk<'_>, row: &RawRow) {
    if record::decode(&row.key, &row.row).is_ok_and(|(block, _)| block > walk.tip) {
        return;
    }
    let place = match key::place_of_snapshot(&row.key) {
        Some((stream, seq)) => format!("snapshot {seq} of {stream}"),
        None => key::readable(&row.key),
    };
    walk.found.fault(InvariantName::I9, format!("{place}: its line has no events"));
}

/// One line that is looked at.
struct Look {
    customer: CustomerId,
    /// The last event row that was taken.
    seq: u64,
    /// What the rows up to it come to.
    line: Option<Line>,
    account: Account,
    snapshots: BTreeMap<u64, RawRow>,
    /// Where the parts of its bills stand: a close that broke off was made anew.
    bills: BTreeMap<(Month, u32), u64>,
    names: BTreeSet<(PassportNumber, u32)>,
    networks: Vec<IpNetwork>,
    /// An event row is missing or cannot be read: what comes after is not known.
    is_broken: bool,
}

impl Look {
    fn new(customer: CustomerId, snapshots: BTreeMap<u64, RawRow>) -> Self {
        Self {
            customer,
            seq: 0,
            line: None,
            account: Account::new(customer.to_string()),
            snapshots,
            bills: BTreeMap::new(),
            names: BTreeSet::new(),
            networks: Vec::new(),
            is_broken: false,
        }
    }

    fn row(&mut self, walk: &mut Walk<'_>, house: &House, expected: &mut Expected, row: &RawRow) {
        let Some(seq) = key::seq_of_event(&row.key) else { return };
        let (block, body) = match record::decode(&row.key, &row.row) {
            Ok(decoded) => decoded,
            Err(error) => return self.broken(walk, &error.to_string()),
        };
        // What was committed meanwhile, or of nobody's doing: the chain's walk tells which.
        if block > walk.tip || self.is_broken {
            return;
        }
        if seq != self.seq + 1 {
            let missing = format!("event {} of {}: it is missing", self.seq + 1, self.customer);
            return self.broken(walk, &missing);
        }
        self.seq = seq;
        walk.found.events += 1;
        match serde_json::from_slice::<Entry>(body) {
            Ok(entry) => self.take(walk, house, expected, block, &entry),
            Err(error) => {
                let what = format!("event {seq} of {}: {error}", self.customer);
                self.broken(walk, &what);
            }
        }
    }

    fn broken(&mut self, walk: &mut Walk<'_>, what: &str) {
        if !std::mem::replace(&mut self.is_broken, true) {
            walk.found.fault(InvariantName::I9, format!("{what}; what comes after is not known"));
        }
    }

    fn take(
        &mut self,
        walk: &mut Walk<'_>,
        house: &House,
        expected: &mut Expected,
        block: u64,
        entry: &Entry,
    ) {
        self.account.take(self.seq, entry, &mut walk.found);
        let before = notice::needs_line_before(entry).then(|| self.line.clone()).flatten();
        self.line = replay(self.line.take(), entry);
        let around = (self.line.as_ref(), before.as_ref());
        told::entry((self.customer, self.seq), entry, around, &mut walk.found);
        let mut receipts = BTreeSet::new();
        for event in &entry.events {
            self.want(event, block, expected);
            if let Some(number) = numbers_of(event) {
                walk.found.count(InvariantName::I2, 1);
                if let Err(what) = house.gave(number) {
                    self.fault(walk, InvariantName::I2, &what);
                }
                if !receipts.insert(number) {
                    let what = format!("it has the receipt number {number} twice");
                    self.fault(walk, InvariantName::I2, &what);
                }
            }
        }
        self.compare_snapshot(walk, block);
    }

    fn fault(&self, walk: &mut Walk<'_>, name: InvariantName, what: &str) {
        walk.found.fault(name, format!("event {} of {}: {what}", self.seq, self.customer));
    }

    /// The rows that lead to an event.
    fn want(&mut self, event: &Event, block: u64, expected: &mut Expected) {
        let (customer, seq) = (self.customer, self.seq);
        let mut want = |name, key, want| {
            expected.want(Wanted { name, key, want, customer, seq, block });
        };
        let place = |provider: &ProviderId| {
            Want::Receipt(ReceiptPlace { provider: provider.clone(), customer, seq })
        };
        let order = |provider: &ProviderId, reference: &_| {
            let (provider, reference) = (provider.clone(), Clone::clone(reference));
            key::reservation(&Reservation::Order { provider, reference })
        };
        let holder = |passport| Holder { customer, passport: Some(passport), seq: Some(seq) };
        match event {
            Event::Purchased { receipt, provider, reference, passport, .. } => {
                let number = key::receipt(ReceiptKey::Order(*receipt));
                want(InvariantName::I1, number, place(provider));
                let order = order(provider, reference);
                want(InvariantName::I1, order, Want::Order(holder(*passport)));
            }
            Event::ContractEnded { contract, provider, receipt, reference, passport, .. } => {
                let end = key::receipt(ReceiptKey::End(*contract));
                want(InvariantName::I1, end, place(provider));
                if let Some(receipt) = receipt {
                    let number = key::receipt(ReceiptKey::Order(*receipt));
                    want(InvariantName::I1, number, place(provider));
                }
                if let Some(reference) = reference {
                    let order = order(provider, reference);
                    want(InvariantName::I1, order, Want::Order(holder(*passport)));
                }
            }
            Event::PassportRegistered { passport, name: RowRef { row, .. }, .. }
            | Event::PassportRenamed { passport, name: RowRef { row, .. } } => {
                self.names.insert((*passport, *row));
            }
            Event::NetworksSet { networks } => self.networks.clone_from(networks),
            Event::MonthClosed { month, part, .. } => {
                self.bills.insert((*month, *part), seq);
            }
            _ => {}
        }
    }

    /// I9: what the events come to is what a snapshot says.
    fn compare_snapshot(&mut self, walk: &mut Walk<'_>, block: u64) {
        let Some(row) = self.snapshots.remove(&self.seq) else { return };
        let Some(keyed) = walk.options.keyed else { return };
        let place = key::readable(&row.key);
        let body = match record::decode(&row.key, &row.row) {
            Ok((written, _)) if written > walk.tip => return,
            Ok((written, _)) if written < block => {
                let what = format!(
                    "snapshot {} of {}: it is older than its event",
                    self.seq, self.customer
                );
                return walk.found.fault(InvariantName::I9, what);
            }
            Ok((_, body)) => body.to_vec(),
            Err(error) => return walk.found.fault(InvariantName::I9, error.to_string()),
        };
        let opened = keyed.open(self.customer, &SnapshotRow { seq: self.seq, body });
        walk.found.count(InvariantName::I9, 1);
        walk.found.snapshots += 1;
        let what = match opened {
            Opened::AnotherFold => return,
            Opened::Line(line) if self.line.as_ref() == Some(&*line) => return,
            Opened::Line(_) => "it is not what the events up to it come to",
            Opened::Wrong(what) => what,
        };
        let what = format!("snapshot {} of {} ({place}): {what}", self.seq, self.customer);
        walk.found.fault(InvariantName::I9, what);
    }

    /// All of the line's rows were read.
    async fn end(
        mut self,
        walk: &mut Walk<'_>,
        house: &House,
        expected: &mut Expected,
    ) -> Result<(), StoreError> {
        // It was opened meanwhile.
        if self.seq == 0 && !self.is_broken {
            return Ok(());
        }
        walk.found.lines += 1;
        walk.found.count(InvariantName::I9, 1);
        let (customer, seq, block) = (self.customer, self.seq, walk.tip);
        for ((month, part), seq) in &self.bills {
            let key = key::bill(*month, &BillPlace { customer, part: *part });
            let (name, want, seq) = (InvariantName::I6, Want::Bill(*seq), *seq);
            expected.want(Wanted { name, key, want, customer, seq, block });
        }
        for network in &self.networks {
            let key = key::reservation(&Reservation::Network(*network));
            let want = Want::Network(Holder { customer, passport: None, seq: None });
            let name = InvariantName::I2;
            expected.want(Wanted { name, key, want, customer, seq, block });
        }
        self.want_names(expected);
        expected.look_up_many(walk).await?;
        if self.is_broken {
            return Ok(());
        }
        self.account.end(house.closed, &mut walk.found);
        for (seq, row) in std::mem::take(&mut self.snapshots) {
            let is_new =
                record::decode(&row.key, &row.row).is_ok_and(|(block, _)| block > walk.tip);
            if !is_new {
                let what = format!("snapshot {seq} of {customer}: it stands after no event");
                walk.found.fault(InvariantName::I9, what);
            }
        }
        self.compare_awake(walk).await
    }

    /// The reservations of its IDs' strings.
    fn want_names(&self, expected: &mut Expected) {
        let (customer, seq) = (self.customer, self.seq);
        let mut seen = BTreeSet::new();
        for (passport, row) in &self.names {
            expected.names_at_least += u64::from(seen.insert(*passport));
            expected.names_at_most += 1;
            expected.name(Named { customer, passport: *passport, row: *row, seq });
        }
    }

    /// I9: what the events come to is what a running server has in memory.
    async fn compare_awake(self, walk: &mut Walk<'_>) -> Result<(), StoreError> {
        let Some(lines) = walk.options.awake else { return Ok(()) };
        let Self { customer, mut seq, mut line, .. } = self;
        let mut asked = 0;
        let (awake, at) = loop {
            let Some(told) = lines.awake(customer).await else { return Ok(()) };
            asked += 1;
            // Its last commit is durable, and it has not heard of it yet.
            if told.1 >= seq || asked > ASKED_AGAIN {
                break told;
            }
        };
        let mut rows = of_line(walk, customer, seq);
        while seq < at
            && let Some((number, entry)) = rows.next().await?.as_ref().and_then(entry_of)
        {
            line = replay(line, &entry);
            seq = number;
        }
        walk.found.awake_lines += 1;
        walk.found.count(InvariantName::I9, 1);
        if seq != at || line.as_ref() != awake.as_deref() {
            let what = format!(
                "{customer}: the line in memory at event {at} is not what its events up to {seq} \
                 come to"
            );
            walk.found.fault(InvariantName::I9, what);
        }
        Ok(())
    }
}

/// The receipt numbers that an event gives.
fn numbers_of(event: &Event) -> Option<ReceiptNumber> {
    match event {
        Event::Purchased { receipt, .. } => Some(*receipt),
        Event::ContractEnded { receipt, .. } => *receipt,
        _ => None,
    }
}
