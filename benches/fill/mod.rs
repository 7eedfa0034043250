//! A store with many lines and what they bought in October 2026, made without a server: for the
//! benchmark of the month's close, and for the test that kills it.

use linepass::{
    domain::{
        calendar::Instant,
        ids::{CustomerId, PassportNumber, ReceiptNumber},
        line::{By, Entry, Event, LineService, event::BillingRoute},
        system::SystemEvent,
        yen::Yen,
    },
    security::MasterKey,
    store::{
        Batch, Outcome, PersonalRow, Put, Store, Stream,
        record::{Personal, to_json},
        sled_store::{SledOptions, SledStore},
    },
};
use std::{collections::BTreeMap, path::Path};

/// Event rows of one group commit.
const GROUP: usize = 900;
/// The first moment of October 2026 in Japan, in microseconds.
const OCTOBER_US: i64 = 1_790_780_400_000_000;

/// The store of a folder that a server can be started on: `store` with `master.key` beside it.
pub fn open(folder: &Path) -> SledStore {
    let master = MasterKey::load_or_create(&folder.join("master.key")).expect("a master key");
    let options = SledOptions {
        folder: folder.join("store"),
        head_key: master.derive("linepass/store/head/v1"),
        cache_bytes: 256 << 20,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 2,
    };
    SledStore::open(&options).expect("the store opens")
}

/// The n-th customer ID.
pub fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("a customer ID")
}

/// Opens `lines` lines that bought `purchases` times each in October 2026: one monthly contract,
/// the others per use, of two providers.
pub async fn fill(store: &SledStore, lines: u64, purchases: u64) {
    let mut group = Vec::new();
    let mut serial = ReceiptNumber::FIRST_SERIAL;
    let leased =
        SystemEvent::ReceiptNumbersLeased { first_serial: serial, count: lines * purchases };
    group.push(Batch::event(Stream::System, 0, entry(0, vec![leased])));
    for number in 1..=lines {
        let customer = customer(number);
        group.push(opening(customer, number));
        for purchase in 0..purchases {
            let bought = bought(serial, purchase);
            serial += 1;
            let body = entry(1 + i64::try_from(purchase).expect("small"), vec![bought]);
            group.push(Batch::event(Stream::Line(customer), purchase + 1, body));
        }
        if group.len() >= GROUP {
            commit(store, std::mem::take(&mut group)).await;
        }
    }
    commit(store, group).await;
}

/// Commits a group that must be committed whole.
pub async fn commit(store: &SledStore, group: Vec<Batch>) {
    let at = Instant::from_micros(OCTOBER_US);
    for chunk in group.chunks(GROUP) {
        let outcomes = store.commit(chunk.to_vec(), at).await.expect("commits");
        assert!(
            outcomes.iter().all(|one| matches!(one, Outcome::Committed { .. })),
            "{outcomes:?}"
        );
    }
}

/// An entry so many hours after the month began.
fn entry<E: serde::Serialize>(hours: i64, events: Vec<E>) -> Vec<u8> {
    let at = Instant::from_micros(OCTOBER_US + hours * 3_600_000_000);
    to_json(&Entry { at, by: By::System, request_id: None, events })
}

fn opening(customer: CustomerId, number: u64) -> Batch {
    let salt = |row: u8| [row ^ u8::try_from(number % 251).expect("small"); 32];
    let fields = BTreeMap::from([("billing_number".to_owned(), format!("06{number:08}"))]);
    let rows = [
        PersonalRow::new(salt(1), Personal::LineRecord { fields }),
        PersonalRow::new(salt(2), Personal::AccessKey { hash: "none".into() }),
        PersonalRow::new(salt(3), Personal::Credential { hash: "none".into() }),
    ];
    let [record, access_key, credential] =
        [0, 1, 2].map(|row: u32| rows[row as usize].reference(row));
    let billing = BillingRoute::ALL[usize::try_from(number % 4).expect("small")];
    let events = vec![
        Event::LineOpened {
            customer,
            service: LineService::HikariNext,
            line_limit: Yen::new(30_000),
            billing,
            record,
            access_key,
        },
        Event::PassportRegistered {
            passport: PassportNumber(1),
            name: credential,
            credential,
            applicant: credential,
            limit: Yen::new(30_000),
            line_authentication: true,
            active_from: None,
        },
    ];
    let mut batch = Batch::event(Stream::Line(customer), 0, entry(1, events));
    for (row, body) in (0..).zip(rows) {
        batch.put.push(Put::Personal { customer, row, body });
    }
    batch
}

fn bought(serial: u64, purchase: u64) -> Event {
    let receipt = ReceiptNumber::from_serial(serial).expect("a serial");
    let monthly = purchase == 0;
    let (provider, name, service, service_name, price) = if monthly {
        ("a-sha", "A社", "pack", "パックサービス", 525)
    } else {
        ("b-sha", "B社", "anime-1", "名作アニメ1", 300)
    };
    Event::Purchased {
        receipt,
        passport: PassportNumber(1),
        provider: provider.parse().expect("a provider"),
        provider_name: name.into(),
        reference: format!("order-{serial}").parse().expect("a reference"),
        service: service.parse().expect("a service"),
        service_name: service_name.into(),
        monthly,
        unit_price: Yen::new(price),
        quantity: 1,
        amount: Yen::new(price),
        usage_period: None,
        description: None,
        line_checked: true,
    }
}
