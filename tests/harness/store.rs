//! The store while no server has it: the audit's word, and every order of the books held against the
//! journal, read without the server.

use super::{
    books::{Books, outcome},
    house::House,
    order::{Kind, Outcome},
};
use crate::process::{copy_folder, offline, offline_report};
use linepass::{
    domain::line::{Entry, Event},
    security::MasterKey,
    store::{
        Store, Stream, StreamKind, record,
        sled_store::{SledOptions, SledStore},
    },
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// How a store with its master key beside it is opened.
pub fn options(folder: &Path) -> SledOptions {
    let master = MasterKey::load_or_create(&folder.join("master.key")).expect("the master key");
    SledOptions {
        folder: folder.join("store"),
        head_key: master.derive("linepass/store/head/v1"),
        cache_bytes: 64 << 20,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 1,
    }
}

/// A copy of the store and its key, for whoever looks at it: the engine tidies its files at every
/// opening, and the next start is to find what the crash left.
pub fn copy(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    copy_folder(&folder.join("store"), &copy.path().join("store"));
    std::fs::copy(folder.join("master.key"), copy.path().join("master.key")).expect("copies");
    copy
}

/// `linepass audit verify --offline` on a folder: the whole chain must be there.
#[track_caller]
pub fn assert_chain_whole(folder: &Path) {
    let report = offline_report(&["audit", "verify"], folder);
    assert_eq!(report["whole"], true, "{report}");
}

/// The same, and `linepass verify`: every invariant (I1 to I9) must hold.
#[track_caller]
pub fn assert_whole(folder: &Path) {
    assert_chain_whole(folder);
    let report = offline_report(&["verify"], folder);
    assert_eq!(report["whole"], true, "{report}");
}

/// `linepass verify --offline` on a folder: every invariant (I1 to I9) holds, and what clients know is
/// what is there, no more and no less.
#[track_caller]
pub fn verify(folder: &Path, house: &House, books: &Books) {
    let ledger = folder.join("ledger.jsonl");
    books.write_ledger(house, &ledger);
    let ledger = ledger.display().to_string();
    let ended = offline(&["verify"], folder, &["--json", "--ledger-complete", "--ledger", &ledger]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    let invariants = report["invariants"].as_array().expect("invariants");
    // I1 to I9, and the ledger against the store.
    assert!(report["whole"] == true && invariants.len() > 9, "{report}");
    // Each was looked at: nothing is whole because there was nothing to see.
    for one in invariants {
        assert!(one["checked"].as_u64() > Some(0), "{one}");
    }
}

/// An order as the journal has it.
struct Found {
    number: String,
    customer: String,
    amount_yen: Option<u64>,
}

/// Holds all orders against the journal (I1, I2): each that was acknowledged stands there once, as it
/// was told; none stands there that nobody ordered, or that was refused.
#[track_caller]
pub fn check_journal(folder: &Path, books: &Books) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut found = runtime.expect("a runtime").block_on(async {
        let store = SledStore::open_to_look(&options(folder)).expect("the store opens");
        orders_of(&store).await
    });
    for order in books.orders() {
        let there = found.remove(&order.reference);
        match (outcome(order), there) {
            (Outcome::Acknowledged, Some(there)) => {
                assert_eq!(Some(&there.number), order.number.as_ref(), "{}", order.reference);
                assert_eq!(there.customer, order.buyer.customer, "{}", order.reference);
                let amount = there.amount_yen.unwrap_or(0);
                assert!(order.kind == Kind::Cancellation || amount == order.amount_yen());
            }
            (Outcome::Refused, None) => {}
            (Outcome::Acknowledged, None) => panic!("{} was lost", order.reference),
            (Outcome::Refused, Some(_)) => panic!("{} was not to be bought", order.reference),
        }
    }
    let is_known =
        |reference: &str| books.bought_before.is_some_and(|begins| reference.starts_with(begins));
    let stranger = found.keys().find(|reference| !is_known(reference));
    assert_eq!(stranger, None, "an order that nobody submitted");
}

/// Every order in the journals of all lines, by its reference; each once, times and numbers in order.
async fn orders_of(store: &SledStore) -> BTreeMap<String, Found> {
    let mut found = BTreeMap::new();
    let mut after: Option<Stream> = None;
    loop {
        let streams = store.streams(StreamKind::Lines, after.as_ref(), 500).await.expect("streams");
        let Some(last) = streams.last().cloned() else { return found };
        for stream in &streams {
            orders_of_line(store, stream, &mut found).await;
        }
        after = Some(last);
    }
}

async fn orders_of_line(store: &SledStore, stream: &Stream, found: &mut BTreeMap<String, Found>) {
    let (mut seq, mut at) = (0, i64::MIN);
    loop {
        let rows = store.events(stream, seq, 500).await.expect("the journal");
        if rows.is_empty() {
            return;
        }
        for row in rows {
            assert_eq!(row.seq, seq + 1, "{stream}: a gap");
            seq = row.seq;
            let entry: Entry = record::from_json("a row", &row.entry).expect("an entry");
            assert!(entry.at.micros() >= at, "{stream}: entry {seq} is dated before the last");
            at = entry.at.micros();
            for event in &entry.events {
                let Some((reference, order)) = order_of(stream, event) else { continue };
                let twice = found.insert(reference.clone(), order);
                assert!(twice.is_none(), "{reference} stands twice in the journal");
            }
        }
    }
}

fn order_of(stream: &Stream, event: &Event) -> Option<(String, Found)> {
    let (reference, receipt, amount_yen) = match event {
        Event::Purchased { reference, receipt, amount, .. } => {
            (reference, receipt, Some(amount.get()))
        }
        Event::ContractEnded { reference, receipt, .. } => {
            (reference.as_ref()?, receipt.as_ref()?, None)
        }
        _ => return None,
    };
    let (number, customer) = (receipt.to_string(), stream.to_string());
    Some((reference.to_string(), Found { number, customer, amount_yen }))
}
