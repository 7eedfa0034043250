//! Each invariant, and stores that break it: what a look finds there, and that it finds nothing else.

#[cfg(test)]
mod bills;
#[cfg(test)]
mod book;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod unreadable;

use super::*;
use crate::{
    domain::{
        calendar::Instant,
        ids::{ContractNumber, PassportNumber},
        line::{
            EndReason, Event,
            event::{Barrier, ClosedItem, LineEndCause},
        },
        notice::NoticeKind,
        yen::Yen,
    },
    store::{
        Batch, BillPlace, Delete, Holder, MailId, MailPlace, MailRecord, MailRow, Put, ReceiptKey,
        ReceiptPlace, Reservation, Shelf, Stream, key, memory::MemoryStore, record,
    },
};
use InvariantName::{I1, I2, I3, I4, I5, I6, I7, I8, I9};
use book::{Book, at, customer, filled, passport, provider, receipt};

async fn report(store: &MemoryStore) -> Report {
    let keys = book::Keys;
    let options = Options { keyed: Some(&keys), ..Options::default() };
    verify(store, options, &mut |_| {}).await
}

/// What a plant breaks: each invariant's name and its faults.
async fn broken(store: &MemoryStore) -> Vec<(InvariantName, Vec<String>)> {
    let report = report(store).await;
    assert!(!report.is_whole(), "nothing was found");
    let broken = report.invariants.into_iter().filter(|one| one.faults > 0);
    broken.map(|one| (one.name, one.first)).collect()
}

/// The plant breaks this invariant and no other, and is named with these words.
async fn breaks(book: &Book, name: InvariantName, words: &[&str]) {
    breaks_all(book, &[name], words).await;
}

async fn breaks_all(book: &Book, names: &[InvariantName], words: &[&str]) {
    let broken = broken(&book.store).await;
    let found: Vec<_> = broken.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, names, "{broken:?}");
    let all = broken.iter().flat_map(|(_, first)| first).cloned().collect::<Vec<_>>().join("\n");
    for word in words {
        assert!(all.contains(word), "{word} is not in {all}");
    }
}

#[tokio::test]
async fn a_good_store_is_whole_and_every_invariant_was_looked_at() {
    let book = filled().await;
    let mut steps = Vec::new();
    let keys = book::Keys;
    let options = Options { keyed: Some(&keys), ..Options::default() };
    let report = verify(&book.store, options, &mut |progress| steps.push(progress.step)).await;
    assert!(report.is_whole(), "{report:#?}");
    for name in InvariantName::OF_STORE {
        let checked = report.of(name).map_or(0, |invariant| invariant.checked);
        assert!(checked > 0, "{name:?} looked at nothing");
    }
    assert_eq!((report.lines, report.snapshots), (2, 1));
    assert_eq!(report.blocks, book.store.durable_block());
    steps.dedup();
    assert!(steps.contains(&Step::Blocks) && steps.contains(&Step::Lines), "{steps:?}");
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["invariants"][0]["name"], "I1");
    assert_eq!(json["invariants"].as_array().map(Vec::len), Some(9));
}

#[tokio::test]
async fn an_empty_store_is_whole() {
    assert!(report(&MemoryStore::new()).await.is_whole());
}

#[tokio::test]
async fn i1_a_purchase_whose_order_or_number_leads_nowhere_is_named() {
    // A purchase without the rows by which it is found.
    for (without, row) in [(0, "o/a-sha/r-bare"), (1, "r/100000000909")] {
        let mut book = filled().await;
        let bought = book::bought("r-bare", 90, 1, "song", false, 10);
        let mut batch = book.batch(1, at("2026-12-20T10:00:00"), vec![bought]);
        match without {
            0 => batch.put.retain(|put| !matches!(put, Put::Reservation { .. })),
            _ => batch.put.retain(|put| !matches!(put, Put::Receipt { .. })),
        }
        book.commit(batch).await;
        breaks(&book, I1, &[&format!("row {row} is missing"), "of CAF0000000001"]).await;
    }
}

#[tokio::test]
async fn i1_an_order_a_number_and_an_end_that_lead_to_nothing_are_named() {
    let order = Reservation::Order {
        provider: provider(),
        reference: "r-nobody".parse().expect("a reference"),
    };
    let holder = Holder { customer: customer(1), passport: Some(passport()), seq: Some(1) };
    let place = || ReceiptPlace { provider: provider(), customer: customer(1), seq: 1 };
    for (put, place) in [
        (Put::Reservation { reservation: order, holder }, "o/a-sha/r-nobody"),
        (Put::Receipt { key: ReceiptKey::Order(receipt(95)), place: place() }, "r/100000000958"),
        (
            Put::Receipt { key: ReceiptKey::End(ContractNumber(receipt(96))), place: place() },
            "r/100000000966/end",
        ),
    ] {
        let book = filled().await;
        book.commit(Batch { put: vec![put], ..Batch::default() }).await;
        breaks(&book, I1, &[&format!("row {place}: it leads to nothing that wants it")]).await;
    }
}

#[tokio::test]
async fn i2_a_receipt_number_that_was_given_twice_or_never_leased_is_named() {
    let mut book = filled().await;
    let bought = book::bought("r-again", 2, 1, "song", false, 10);
    book.put(1, at("2026-12-20T10:00:00"), vec![bought]).await;
    // The row can lead to one of both alone.
    breaks(&book, I1, &["row r/100000000024 leads elsewhere"]).await;

    let mut book = filled().await;
    let twice = ["r-a", "r-b"].map(|reference| book::bought(reference, 90, 1, "song", false, 10));
    book.put(1, at("2026-12-20T10:00:00"), twice.to_vec()).await;
    let broken = broken(&book.store).await;
    assert!(broken.iter().any(|(name, _)| *name == I2), "{broken:?}");

    let mut book = filled().await;
    let bought = book::bought("r-beyond", 500_000, 1, "song", false, 10);
    book.put(1, at("2026-12-20T10:00:00"), vec![bought]).await;
    breaks(&book, I2, &["of no range of receipt numbers that was leased"]).await;

    let mut book = filled().await;
    book.lease(50).await;
    breaks(&book, I2, &["were leased twice"]).await;
}

#[tokio::test]
async fn i2_an_order_that_was_completed_twice_is_named() {
    let mut book = filled().await;
    let again = book::bought("r-2", 91, 1, "song", false, 10);
    let mut batch = book.batch(1, at("2026-12-20T10:00:00"), vec![again]);
    batch.expect.retain(|expect| !matches!(expect, crate::store::Expect::Free(_)));
    book.commit(batch).await;
    // The order's row can lead to the later one alone.
    breaks(&book, I1, &["row o/a-sha/r-2 leads elsewhere"]).await;
}

#[tokio::test]
async fn i2_strings_and_prefixes_that_are_nobodys_or_anothers_are_named() {
    let book = filled().await;
    let reservation = Reservation::PassportName([9; 32]);
    let holder = Holder { customer: customer(1), passport: Some(PassportNumber(9)), seq: None };
    book.commit(Batch { put: vec![Put::Reservation { reservation, holder }], ..Batch::default() })
        .await;
    breaks(&book, I2, &["it leads to nothing that wants it"]).await;

    let book = filled().await;
    let own = Reservation::PassportName(book::Keys.name_hash("user1"));
    book.commit(Batch { delete: vec![Delete::Reservation(own)], ..Batch::default() }).await;
    breaks(&book, I2, &["is missing", "reservations of strings"]).await;

    let network = |text: &str| Reservation::Network(text.parse().expect("a prefix"));
    let holder = |line| Holder { customer: customer(line), passport: None, seq: None };
    for (put, words) in [
        // A prefix of the first line that the second is said to have.
        ((network("10.0.0.1/32"), holder(2)), "leads elsewhere"),
        ((network("10.9.0.0/24"), holder(2)), "leads to nothing"),
        ((network("10.0.0.0/30"), holder(2)), "overlap"),
    ] {
        let book = filled().await;
        let (reservation, holder) = put;
        let put = vec![Put::Reservation { reservation, holder }];
        book.commit(Batch { put, ..Batch::default() }).await;
        breaks(&book, I2, &[words]).await;
    }
}

#[tokio::test]
async fn i3_a_purchase_over_an_ids_limit_or_the_lines_is_named_r_115_r_153() {
    // 10,000 yen is the limit of the ID; 500 of a contract and 300 are used in December.
    let mut book = filled().await;
    let within = book::bought("r-fits", 90, 1, "song", false, 9_200);
    book.put(1, at("2026-12-20T10:00:00"), vec![within]).await;
    assert!(report(&book.store).await.is_whole());
    let over = book::bought("r-over", 91, 1, "song", false, 1);
    book.put(1, at("2026-12-20T10:00:01"), vec![over]).await;
    breaks(&book, I3, &["2026-12 comes to 10001 yen for ID 1, whose limit is 10000"]).await;

    // The next month counts the contract alone.
    let mut book = filled().await;
    let within = book::bought("r-fits", 90, 1, "song", false, 9_500);
    book.put(1, at("2027-01-01T00:00:00"), vec![within]).await;
    assert!(report(&book.store).await.is_whole());

    // An ID that was deleted leaves less room for the others.
    let mut book = filled().await;
    let lower = Event::LineLimitSet { line_limit: Yen::new(10_000) };
    book.put(1, at("2026-12-19T10:00:00"), vec![lower]).await;
    let over = book::bought("r-over", 90, 1, "song", false, 9_201);
    book.put(1, at("2026-12-20T10:00:00"), vec![over]).await;
    breaks(&book, I3, &["for ID 1, whose limit", "for the line; its limit is 10000"]).await;

    let mut book = filled().await;
    let stranger = book::bought("r-stranger", 90, 7, "song", false, 1);
    book.put(1, at("2026-12-20T10:00:00"), vec![stranger]).await;
    let broken = broken(&book.store).await;
    assert!(broken.iter().any(|(name, _)| *name == I3), "{broken:?}");
}

#[tokio::test]
async fn i3_a_month_counts_a_service_once_at_its_first_price_r_024() {
    let mut book = filled().await;
    // 名作 is cancelled and bought again at another price: December counts 500 of it, not 1,100.
    let end = book::ended(1, "pack", EndReason::Customer, "2026-12", Some(("c-1", 92)));
    book.put(1, at("2026-12-10T10:00:00"), vec![end]).await;
    let again = book::bought("r-again", 93, 1, "pack", true, 600);
    book.put(1, at("2026-12-11T10:00:00"), vec![again]).await;
    let within = book::bought("r-fits", 94, 1, "song", false, 9_200);
    book.put(1, at("2026-12-20T10:00:00"), vec![within]).await;
    let report = report(&book.store).await;
    assert!(report.is_whole(), "{report:#?}");
}

#[tokio::test]
async fn i4_limits_that_come_to_more_than_the_lines_are_named_r_153_r_159() {
    let mut book = filled().await;
    let more = Event::PassportLimitSet { passport: passport(), limit: Yen::new(30_001) };
    book.put(1, at("2026-12-20T10:00:00"), vec![more]).await;
    breaks(&book, I4, &["limits come to 30001 yen; the line's limit is 30000"]).await;
    let mut book = filled().await;
    let less = Event::LineLimitSet { line_limit: Yen::new(9_999) };
    book.put(1, at("2026-12-20T10:00:00"), vec![less]).await;
    breaks(&book, I4, &["limits come to 10000 yen; the line's limit is 9999"]).await;
}

#[tokio::test]
async fn i5_a_contract_that_goes_on_after_a_restriction_or_an_end_is_named_r_144_r_106_r_162() {
    let restricted = Event::BarrierRaised { barrier: Barrier::CustomerRestriction };
    let unbillable = Event::BarrierRaised { barrier: Barrier::Unbillable };
    let deleted = Event::PassportDeleted { passport: passport() };
    let ended = Event::LineEnded { cause: LineEndCause::Moved };
    for (event, word) in [
        (restricted, "is restricted by its customer"),
        (unbillable, "carries no charges"),
        (deleted, "its ID was deleted"),
        (ended, "the line has ended"),
    ] {
        let mut book = filled().await;
        book.put(1, at("2026-12-20T10:00:00"), vec![event]).await;
        breaks(&book, I5, &["K-100000000016 is live", word]).await;
    }
    // The company's stop ends none; nothing is bought while it stands.
    let mut book = filled().await;
    let stop = Event::BarrierRaised { barrier: Barrier::CompanyStop };
    book.put(1, at("2026-12-20T10:00:00"), vec![stop]).await;
    assert!(report(&book.store).await.is_whole());
    let bought = book::bought("r-late", 90, 1, "song", false, 10);
    book.put(1, at("2026-12-20T10:00:01"), vec![bought]).await;
    breaks(&book, I5, &["it was bought while the line is barred"]).await;
}

#[tokio::test]
async fn i2_a_contract_that_ends_twice_is_named() {
    let mut book = filled().await;
    let end =
        |reference| book::ended(1, "pack", EndReason::Customer, "2026-12", Some((reference, 92)));
    book.put(1, at("2026-12-20T10:00:00"), vec![end("c-1")]).await;
    assert!(report(&book.store).await.is_whole());
    let again = book::ended(1, "pack", EndReason::Operator, "2026-12", None);
    book.put(1, at("2026-12-21T10:00:00"), vec![again]).await;
    breaks_all(&book, &[I1, I2], &["K-100000000016 is no live contract of the line"]).await;
}

#[tokio::test]
async fn i8_a_row_that_was_changed_is_named_with_its_block() {
    let book = filled().await;
    let key = key::event(&Stream::System, 1);
    let mut row = book.store.row(&key).expect("there");
    let last = row.len() - 2;
    row[last] ^= 1;
    book.store.edit(&key, Some(row));
    let broken = broken(&book.store).await;
    assert!(broken.iter().any(|(name, _)| *name == I8), "{broken:?}");
}

#[tokio::test]
async fn i9_a_snapshot_that_the_events_do_not_come_to_is_named() {
    let stream = Stream::Line(customer(1));
    let book = filled().await;
    // The second event's state under the third event's number.
    let wrong = book.snapshot_at(1, 2, 3).await;
    book.commit(Batch { put: vec![wrong], ..Batch::default() }).await;
    breaks(&book, I9, &["it is not what the events up to it come to"]).await;

    let book = filled().await;
    let put = vec![Put::Snapshot { stream: stream.clone(), seq: 3, body: b"forged".to_vec() }];
    book.commit(Batch { put, ..Batch::default() }).await;
    breaks(&book, I9, &["it is not what was written"]).await;

    let book = filled().await;
    let beyond = book.snapshot_at(1, 2, 99).await;
    book.commit(Batch { put: vec![beyond], ..Batch::default() }).await;
    breaks(&book, I9, &["snapshot 99 of CAF0000000001: it stands after no event"]).await;

    let book = filled().await;
    let stranger = Stream::Line(customer(7));
    let put = vec![Put::Snapshot { stream: stranger, seq: 3, body: b"x".to_vec() }];
    book.commit(Batch { put, ..Batch::default() }).await;
    breaks(&book, I9, &["its line has no events"]).await;
}

#[tokio::test]
async fn i9_an_event_that_is_missing_or_unreadable_is_named_and_hides_nothing_else() {
    let book = filled().await;
    book.store.edit(&key::event(&Stream::Line(customer(1)), 3), None);
    let broken = broken(&book.store).await;
    let i9 = broken.iter().find(|(name, _)| *name == I9).expect("I9");
    assert!(i9.1[0].starts_with("event 3 of CAF0000000001: it is missing"), "{broken:?}");

    let book = filled().await;
    let batch = Batch::event(Stream::Line(customer(2)), 2, b"{}".to_vec());
    book.commit(batch).await;
    let found = self::broken(&book.store).await;
    assert!(found.iter().any(|(name, first)| *name == I9 && first[0].contains("event 3 of")));
}

#[tokio::test]
async fn i9_a_key_that_was_made_and_is_missing_or_stands_by_nobodys_doing_is_named() {
    // One of the house's and one of a provider's.
    for kid in ["names", "hook"] {
        let book = filled().await;
        let key = key::key(kid);
        assert!(book.store.row(&key).is_some());
        book.store.edit(&key, None);
        breaks(&book, I9, &[&format!("row k/{kid}: it is missing"), "says that it was made"]).await;
    }
    // The third was retired; a fourth nobody made.
    for kid in ["seal", "stray"] {
        let book = filled().await;
        assert!(book.store.row(&key::key(kid)).is_none());
        let put = vec![Put::Key { kid: kid.into(), record: b"{}".to_vec() }];
        book.commit(Batch { put, ..Batch::default() }).await;
        breaks(&book, I9, &[&format!("row k/{kid}: nobody made it, or it was retired")]).await;
    }
}

/// A line in memory that is not what its events come to.
struct Memory(u64, Option<Arc<Line>>);

#[async_trait::async_trait(?Send)]
impl AwakeLines for Memory {
    async fn awake(&self, asked: CustomerId) -> Option<(Option<Arc<Line>>, u64)> {
        (asked == customer(1)).then(|| (self.1.clone(), self.0))
    }
}

#[tokio::test]
async fn i9_a_line_in_memory_that_is_not_its_replay_is_named() {
    let book = filled().await;
    let (line, seq) = book.line(1).await;
    let look = async |memory: Memory| {
        let options = Options { live: true, awake: Some(&memory), ..Options::default() };
        verify(&book.store, options, &mut |_| {}).await
    };
    let good = look(Memory(seq, Some(Arc::new(line.clone())))).await;
    assert!(good.is_whole() && good.awake_lines == 1, "{good:#?}");
    let mut other = line.clone();
    other.line_limit = Yen::new(1);
    let found = look(Memory(seq, Some(Arc::new(other)))).await;
    let faults: Vec<_> = found.invariants.iter().filter(|one| one.faults > 0).collect();
    assert_eq!((faults.len(), faults[0].name), (1, I9));
    assert!(faults[0].first[0].contains("the line in memory at event"), "{faults:?}");
    // One that has lost its last event for good.
    let late = look(Memory(seq - 1, Some(Arc::new(line)))).await;
    assert!(!late.is_whole());
}

#[tokio::test]
async fn what_is_committed_while_a_live_look_goes_on_is_no_fault() {
    let mut book = filled().await;
    let bought = book::bought("r-now", 90, 1, "song", false, 10);
    let batch = book.batch(1, at("2026-12-20T10:00:00"), vec![bought]);
    let moved = Event::NetworksSet { networks: vec!["10.7.0.0/24".parse().expect("a prefix")] };
    let moving = book.moving(2, at("2026-12-20T10:00:00"), moved);
    let later = std::sync::Mutex::new(vec![batch, moving]);
    let store = &book.store;
    let mut commit = |progress: Progress| {
        if progress.step == Step::Blocks {
            for batch in std::mem::take(&mut *later.lock().expect("no panic")) {
                let committed = store.commit(vec![batch], at("2026-12-20T10:00:00"));
                let committed = futures_util::FutureExt::now_or_never(committed);
                assert!(matches!(committed, Some(Ok(_))), "the store in memory waits for nothing");
            }
        }
    };
    let options = Options { live: true, ..Options::default() };
    let report = verify(store, options, &mut commit).await;
    assert!(report.is_whole(), "{report:#?}");
    assert!(report.blocks < store.durable_block());
    assert!(record::decode(b"", &store.row(b"o/a-sha/r-now").expect("there")).is_ok());
}
