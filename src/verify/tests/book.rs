//! Lines with a past of a few months, written as the product writes it, and ways to write it wrong.

use crate::{
    actors::{
        orders,
        snapshot::{Place, Snapshots},
    },
    domain::{
        bill::LineBill,
        calendar::Instant,
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{ContractNumber, CustomerId, PassportNumber, ProviderId, ReceiptNumber},
        language::Language,
        line::{
            By, EndReason, Entry, Event, Line, LineService, RowRef, event::BillingRoute, replay,
        },
        provider::{IdTokenAlgorithm, ProviderContact, ProviderEvent},
        system::SystemEvent,
        yen::Yen,
    },
    security::mac,
    store::{
        Batch, BillPlace, Delete, Holder, KeptMessage, PersonalRow, Put, Reservation, SnapshotRow,
        Store, Stream, WebhookState,
        memory::MemoryStore,
        record::{self, Personal, to_json},
    },
    verify::{Keyed, Opened},
};
use std::collections::BTreeMap;

pub fn at(text: &str) -> Instant {
    format!("{text}+09:00").parse().expect("a time")
}

pub fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("a customer ID")
}

pub const fn passport() -> PassportNumber {
    PassportNumber(1)
}

pub fn provider() -> ProviderId {
    "a-sha".parse().expect("a provider")
}

pub fn receipt(serial: u64) -> ReceiptNumber {
    ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL - 1 + serial).expect("a serial")
}

/// What whoever has the keys can do, with keys of the tests' own.
pub struct Keys;

fn snapshots() -> Snapshots {
    Snapshots { key: [5; 32], every_events: 1 }
}

impl Keyed for Keys {
    fn open(&self, customer: CustomerId, row: &SnapshotRow) -> Opened {
        match snapshots().open(customer, row) {
            Ok(opened) => Opened::Line(Box::new(opened.line)),
            Err(_) => Opened::Wrong("it is not what was written"),
        }
    }

    fn name_hash(&self, name: &str) -> [u8; 32] {
        mac::tag(b"names", "name", &[name.as_bytes()])
    }
}

pub fn bought(
    reference: &str,
    serial: u64,
    id: u32,
    service: &str,
    monthly: bool,
    yen: u64,
) -> Event {
    Event::Purchased {
        receipt: receipt(serial),
        passport: PassportNumber(id),
        provider: provider(),
        provider_name: "A社".into(),
        reference: reference.parse().expect("a reference"),
        service: service.parse().expect("a service"),
        service_name: "名作".into(),
        monthly,
        unit_price: Yen::new(yen),
        quantity: 1,
        amount: Yen::new(yen),
        usage_period: None,
        description: None,
        line_checked: false,
    }
}

pub fn ended(
    serial: u64,
    service: &str,
    reason: EndReason,
    last: &str,
    order: Option<(&str, u64)>,
) -> Event {
    Event::ContractEnded {
        contract: ContractNumber(receipt(serial)),
        passport: passport(),
        provider: provider(),
        service: service.parse().expect("a service"),
        reason,
        last_charge_month: last.parse().expect("a month"),
        receipt: order.map(|(_, serial)| receipt(serial)),
        reference: order.map(|(reference, _)| reference.parse().expect("a reference")),
    }
}

/// A store and what was written into it.
pub struct Book {
    pub store: MemoryStore,
    lines: BTreeMap<CustomerId, (Line, u64)>,
    rows: BTreeMap<CustomerId, u32>,
    system: u64,
}

impl Book {
    async fn new() -> Self {
        let store = MemoryStore::new();
        let mut book = Self { store, lines: BTreeMap::new(), rows: BTreeMap::new(), system: 0 };
        book.lease(1).await;
        book.keys().await;
        let events = vec![
            ProviderEvent::ProviderRegistered {
                name: "A社".into(),
                contact: ProviderContact::default(),
                id_token_algorithm: IdTokenAlgorithm::default(),
            },
            ProviderEvent::WebhookSet { url: Some("https://a.example/".into()) },
            ProviderEvent::WebhookKeyAdded { kid: "hook".into() },
        ];
        let entry = to_json(&entry(at("2026-11-01T00:00:00"), events));
        let mut batch = Batch::event(Stream::Provider(provider()), 0, entry);
        let state = WebhookState::after(book.store.durable_block());
        batch.put.push(Put::Webhooks { provider: provider(), epoch: 0, state });
        batch.put.push(Put::Key { kid: "hook".into(), record: b"{}".to_vec() });
        book.commit(batch).await;
        book
    }

    /// Two keys are made, and one of them is retired.
    async fn keys(&mut self) {
        for kid in ["names", "seal"] {
            self.system(SystemEvent::KeyMade { kid: kid.into() }).await;
            let put = vec![Put::Key { kid: kid.into(), record: b"{}".to_vec() }];
            self.commit(Batch { put, ..Batch::default() }).await;
        }
        self.system(SystemEvent::KeyRetired { kid: "seal".into() }).await;
        let delete = vec![Delete::Key { kid: "seal".into() }];
        self.commit(Batch { delete, ..Batch::default() }).await;
    }

    /// 100,000 receipt numbers from this one on.
    pub async fn lease(&mut self, first: u64) {
        let first_serial = receipt(first).serial();
        self.system(SystemEvent::ReceiptNumbersLeased { first_serial, count: 100_000 }).await;
    }

    async fn system(&mut self, event: SystemEvent) {
        let entry = to_json(&entry(at("2026-11-01T00:00:00"), vec![event]));
        self.commit(Batch::event(Stream::System, self.system, entry)).await;
        self.system += 1;
    }

    /// A month is closed for all lines.
    pub async fn finish_close(&mut self, month: &str) {
        let month = month.parse().expect("a month");
        self.system(SystemEvent::MonthCloseFinished { month }).await;
    }

    /// Commits a batch, which must hold.
    pub async fn commit(&self, batch: Batch) {
        let outcomes = self.store.commit(vec![batch], at("2026-12-31T00:00:00")).await;
        let outcomes = outcomes.expect("commits");
        let held = matches!(outcomes[..], [crate::store::Outcome::Committed { .. }]);
        assert!(held, "{outcomes:?}");
    }

    fn row(&mut self, line: u64, data: Personal, put: &mut Vec<Put>) -> RowRef {
        let customer = customer(line);
        let number = self.rows.entry(customer).or_default();
        let body = PersonalRow::new([u8::try_from(*number).expect("few rows"); 32], data);
        let reference = body.reference(*number);
        put.push(Put::Personal { customer, row: *number, body });
        *number += 1;
        reference
    }

    /// The batch of a decision, with all rows that the product puts beside it.
    pub fn batch(&mut self, line: u64, at: Instant, events: Vec<Event>) -> Batch {
        let customer = customer(line);
        let (state, seq) = self.lines.remove(&customer).unzip();
        let last = seq.unwrap_or(0);
        let entry = entry(at, events);
        let mut batch = Batch::event(Stream::Line(customer), last, to_json(&entry));
        batch.put.extend(orders::index_rows(customer, last + 1, &entry.events));
        for event in &entry.events {
            match event {
                Event::Purchased { provider, reference, passport, .. }
                | Event::ContractEnded { provider, reference: Some(reference), passport, .. } => {
                    let (provider, reference) = (provider.clone(), reference.clone());
                    let (passport, seq) = (Some(*passport), Some(last + 1));
                    let holder = Holder { customer, passport, seq };
                    batch.reserve(Reservation::Order { provider, reference }, holder);
                }
                Event::MonthClosed { month, part, .. } => {
                    let place = BillPlace { customer, part: *part };
                    batch.put.push(Put::Bill { month: *month, place, seq: last + 1 });
                }
                _ => {}
            }
        }
        let after = replay(state, &entry).expect("the line is open");
        self.lines.insert(customer, (after, last + 1));
        batch
    }

    pub async fn put(&mut self, line: u64, at: Instant, events: Vec<Event>) {
        let batch = self.batch(line, at, events);
        self.commit(batch).await;
    }

    /// A line takes other prefixes.
    pub fn moving(&mut self, line: u64, at: Instant, set: Event) -> Batch {
        let held = self.lines[&customer(line)].0.networks.clone();
        let mut batch = self.batch(line, at, vec![set.clone()]);
        let held =
            held.into_iter().map(|network| Delete::Reservation(Reservation::Network(network)));
        batch.delete.extend(held);
        if let Event::NetworksSet { networks } = set {
            for network in networks {
                let holder = Holder { customer: customer(line), passport: None, seq: None };
                batch.reserve(Reservation::Network(network), holder);
            }
        }
        batch
    }

    async fn open_line(&mut self, line: u64) {
        let mut put = Vec::new();
        let fields = BTreeMap::from([("contractor".to_owned(), "電電太郎".to_owned())]);
        let record = self.row(line, Personal::LineRecord { fields }, &mut put);
        let access_key = self.row(line, Personal::AccessKey { hash: "h".into() }, &mut put);
        let opened = Event::LineOpened {
            customer: customer(line),
            service: LineService::HikariNext,
            line_limit: Yen::new(30_000),
            billing: BillingRoute::Telephone,
            record,
            access_key,
        };
        let network = format!("10.0.0.{line}/32").parse().expect("a prefix");
        let networks = Event::NetworksSet { networks: vec![network] };
        let mut batch = self.batch(line, at("2026-11-10T10:00:00"), vec![opened, networks]);
        let holder = Holder { customer: customer(line), passport: None, seq: None };
        batch.reserve(Reservation::Network(network), holder);
        batch.put.extend(put);
        self.commit(batch).await;
    }

    async fn register(&mut self, line: u64) {
        let mut put = Vec::new();
        let name = format!("user{line}");
        let known = PassportName::parse(&name).expect("a name");
        let name_row = self.row(line, Personal::PassportName { name: known }, &mut put);
        let credential = self.row(line, Personal::Credential { hash: "h".into() }, &mut put);
        let applicant = Personal::Applicant {
            name: PersonName::parse("電電太郎").expect("a name"),
            phone: PhoneNumber::parse("0312345678").expect("a phone"),
            mail: MailAddress::parse("a@b.jp").expect("an address"),
            is_contractor: true,
            language: Language::Ja,
        };
        let applicant = self.row(line, applicant, &mut put);
        let registered = Event::PassportRegistered {
            passport: passport(),
            name: name_row,
            credential,
            applicant,
            limit: Yen::new(10_000),
            line_authentication: true,
            active_from: None,
        };
        let mut batch = self.batch(line, at("2026-11-10T11:00:00"), vec![registered]);
        let holder = Holder { customer: customer(line), passport: Some(passport()), seq: None };
        batch.reserve(Reservation::PassportName(Keys.name_hash(&name)), holder);
        batch.put.extend(put);
        self.commit(batch).await;
    }

    /// The close of a month of a line, as the product makes it.
    pub fn close_of(&self, line: u64, month: &str) -> Event {
        let month = month.parse().expect("a month");
        let bill = LineBill::of_open_month(&self.lines[&customer(line)].0, month);
        let (billing, record) = (bill.route, bill.record);
        let part = bill.into_parts().remove(0);
        let (items, corrections) = (part.items, part.corrections);
        Event::MonthClosed {
            month,
            block: 1,
            billing,
            record,
            part: 1,
            parts: 1,
            items,
            corrections,
        }
    }

    /// A line as it stands, and its last event.
    pub async fn line(&self, line: u64) -> (Line, u64) {
        self.lines[&customer(line)].clone()
    }

    pub async fn block_of(&self, line: u64, seq: u64) -> u64 {
        let stream = Stream::Line(customer(line));
        let rows = self.store.events(&stream, seq - 1, 1).await.expect("reads");
        rows[0].block
    }

    /// A snapshot of a line after its event `seq`, put as that after event `said`.
    pub async fn snapshot_at(&self, line: u64, seq: u64, said: u64) -> Put {
        let stream = Stream::Line(customer(line));
        let rows = self.store.events(&stream, 0, 99).await.expect("reads");
        let state = rows.iter().take(usize::try_from(seq).expect("few")).fold(None, |line, row| {
            replay(line, &record::from_json("an event", &row.entry).expect("an entry"))
        });
        let mut place = Place { seq: said, block: 1, ..Place::default() };
        let due = snapshots().when_due(&state.expect("open"), &mut place).expect("due");
        due.batch.put.into_iter().next().expect("a snapshot")
    }
}

fn entry<E>(at: Instant, events: Vec<E>) -> Entry<E> {
    Entry { at, by: By::Customer, request_id: None, events }
}

/// Two lines; the first has a contract of 500 yen a month from November on, and in November and in
/// December one purchase of 300 yen. November is not closed.
pub async fn open() -> Book {
    let mut book = Book::new().await;
    for line in [1, 2] {
        book.open_line(line).await;
        book.register(line).await;
    }
    let pack = bought("r-1", 1, 1, "pack", true, 500);
    book.put(1, at("2026-11-15T10:00:00"), vec![pack]).await;
    let song = bought("r-2", 2, 1, "song", false, 300);
    book.put(1, at("2026-11-20T10:00:00"), vec![song]).await;
    book
}

/// The same with November closed, a snapshot, a cursor, and mails and webhooks under way.
pub async fn filled() -> Book {
    let mut book = open().await;
    let close = book.close_of(1, "2026-11");
    book.put(1, at("2026-12-01T00:10:00"), vec![close]).await;
    book.finish_close("2026-11").await;
    let song = bought("r-3", 3, 1, "song", false, 300);
    book.put(1, at("2026-12-05T10:00:00"), vec![song]).await;
    let snapshot = book.snapshot_at(1, 4, 4).await;
    let put = vec![snapshot, Put::Cursor { follower: "mail", block: 3 }];
    book.commit(Batch { put, ..Batch::default() }).await;
    book
}

/// How far webhooks are, with one that waits: that of the first line's fourth event.
pub fn webhooks(block: u64) -> WebhookState {
    let accepted_at = at("2026-11-20T10:00:00");
    let message = KeptMessage {
        id: format!("purchase-{}", receipt(2)).parse().expect("an ID"),
        line: customer(1),
        seq: 4,
        block,
        accepted_at,
        since: accepted_at,
        attempts: 1,
        at: accepted_at,
        reason: "server_error".into(),
        status: Some(500),
    };
    WebhookState { begins_after: 1, block, waiting: vec![message], ..WebhookState::after(1) }
}

/// What spoils a provider's row.
pub type Spoil = fn(&mut WebhookState);

/// Ways in which a provider's row is wrong, and how each is named.
pub fn spoilt_webhooks() -> Vec<(Spoil, &'static str)> {
    vec![
        (|state| state.block = 999, "they are done with block 999"),
        (|state| state.begins_after = state.block + 1, "they begin after"),
        (|state| state.parked.push(state.waiting[0].clone()), "is kept twice"),
        (|state| state.waiting[0].seq = 99, "its event is not there"),
        (|state| state.waiting[0].seq = 3, "owes this provider no such message"),
        (|state| state.waiting[0].block -= 1, "it names another block than its event"),
        (|state| state.waiting[0].accepted_at = at("2026-11-21T10:00:00"), "another time"),
    ]
}
