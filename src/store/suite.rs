//! What every backend must do, once for all of them.

#[cfg(test)]
mod prefixes;

use super::{
    Batch, BillPlace, Block, Broken, Delete, Holder, MailPlace, MailRecord, MailRow, Outcome,
    PersonalRow, Put, RawRow, ReceiptKey, ReceiptPlace, Reservation, Section, Shelf, Store, Stream,
    StreamKind, WebhookState, key,
    memory::MemoryStore,
    record::{self, Personal},
    sled_store::{SledOptions, SledStore},
};
use crate::domain::{
    calendar::{Instant, Month},
    ids::{ContractNumber, PassportNumber, ProviderId},
};
use prefixes::{owners_of_a_prefix_are_found, prefixes_never_overlap};
use tempfile::TempDir;

/// Options for a store in a folder of the test's own.
pub(crate) fn options(folder: &TempDir) -> SledOptions {
    SledOptions {
        folder: folder.path().join("store"),
        head_key: [1; 32],
        cache_bytes: 16 << 20,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 1,
    }
}

/// Runs the test on both backends.
macro_rules! on_every_backend {
    ($($name:ident),+ $(,)?) => {
        mod memory_backend {
            $(#[tokio::test] async fn $name() { super::$name(&super::MemoryStore::new()).await })+
        }
        mod sled_backend {
            $(#[tokio::test] async fn $name() {
                let folder = tempfile::tempdir().expect("a folder");
                let store = super::SledStore::open(&super::options(&folder)).expect("opens");
                super::$name(&store).await;
            })+
        }
    };
}

on_every_backend!(
    a_committed_row_is_read_back,
    a_reservation_without_its_row_has_none,
    a_stream_that_moved_on_refuses,
    a_gap_in_a_stream_refuses,
    a_reservation_is_taken_once_even_within_a_group,
    a_refused_batch_leaves_nothing_and_hurts_no_neighbour,
    blocks_chain_and_name_every_event,
    a_group_of_refusals_makes_no_block,
    personal_rows_and_keys_come_and_go,
    events_come_in_pages,
    providers_are_listed_once_each,
    lines_are_listed_once_each,
    bills_are_found_by_month_line_and_part,
    what_has_a_receipt_number_is_found_by_it,
    prefixes_never_overlap,
    owners_of_a_prefix_are_found,
    a_row_that_is_too_large_is_refused,
    the_newest_snapshot_is_found_and_old_ones_go,
    a_followers_cursor_is_kept,
    mails_stand_in_order_and_come_in_pages,
    how_far_webhooks_are_is_kept_for_each_provider,
    several_rows_of_a_stream_come_with_one_batch,
    the_last_row_of_a_stream_is_told,
    rows_are_given_as_they_are_stored,
    the_audit_finds_what_was_committed_whole,
);

pub(super) fn line(number: u64) -> Stream {
    format!("CAF{number:010}").parse().expect("a customer ID")
}

pub(super) fn at() -> Instant {
    Instant::from_micros(1_790_000_000_000_000)
}

pub(super) fn event(stream: &Stream, last: u64) -> Batch {
    Batch::event(stream.clone(), last, format!("{{\"n\":{last}}}").into_bytes())
}

async fn commit(store: &impl Store, group: Vec<Batch>) -> Vec<Outcome> {
    store.commit(group, at()).await.expect("commits")
}

fn order(reference: &str) -> Reservation {
    let provider = "a-sha".parse().expect("a provider");
    Reservation::Order { provider, reference: reference.parse().expect("a reference") }
}

fn holder(number: u64) -> Holder {
    let Stream::Line(customer) = line(number) else { panic!("a line") };
    Holder { customer, passport: Some(PassportNumber(1)), seq: Some(1) }
}

async fn a_committed_row_is_read_back(store: &impl Store) {
    assert_eq!(store.durable_block(), 0);
    let mut batch = event(&line(1), 0);
    batch.reserve(order("r-1"), holder(1));
    assert_eq!(commit(store, vec![batch]).await, [Outcome::Committed { block: 1 }]);
    assert_eq!(store.durable_block(), 1);
    let rows = store.events(&line(1), 0, 10).await.expect("reads");
    assert_eq!((rows.len(), rows[0].seq, rows[0].block), (1, 1, 1));
    assert_eq!(rows[0].entry, b"{\"n\":0}");
    assert_eq!(store.holder(&order("r-1")).await.expect("reads"), Some(holder(1)));
    assert_eq!(store.holder(&order("r-2")).await.expect("reads"), None);
    let taken = store.taken(&order("r-1")).await.expect("reads");
    assert_eq!(taken, Some((holder(1), rows.into_iter().next())));
    assert_eq!(store.taken(&order("r-2")).await.expect("reads"), None);
}

async fn a_reservation_without_its_row_has_none(store: &impl Store) {
    let mut batch = event(&line(1), 0);
    batch.reserve(order("names none"), Holder { seq: None, ..holder(1) });
    batch.reserve(order("names one that is not there"), Holder { seq: Some(2), ..holder(1) });
    batch.reserve(order("names what cannot be"), Holder { seq: Some(0), ..holder(1) });
    commit(store, vec![batch]).await;
    for reference in ["names none", "names one that is not there", "names what cannot be"] {
        let taken = store.taken(&order(reference)).await.expect("reads");
        assert_eq!(taken.map(|(_, row)| row), Some(None), "{reference}");
    }
}

async fn a_stream_that_moved_on_refuses(store: &impl Store) {
    let first = commit(store, vec![event(&line(1), 0), event(&line(1), 0)]).await;
    let moved_on = Outcome::Refused(Broken::Sequence(line(1)));
    assert_eq!(first, [Outcome::Committed { block: 1 }, moved_on.clone()]);
    assert_eq!(commit(store, vec![event(&line(1), 0)]).await, [moved_on]);
}

async fn a_gap_in_a_stream_refuses(store: &impl Store) {
    let refused = Outcome::Refused(Broken::Sequence(line(1)));
    assert_eq!(commit(store, vec![event(&line(1), 5)]).await, [refused]);
    let both = commit(store, vec![event(&line(1), 0), event(&line(1), 1)]).await;
    assert_eq!(both, [Outcome::Committed { block: 1 }, Outcome::Committed { block: 1 }]);
}

async fn a_reservation_is_taken_once_even_within_a_group(store: &impl Store) {
    let buying = |number| {
        let mut batch = event(&line(number), 0);
        batch.reserve(order("same"), holder(number));
        batch
    };
    let taken = Outcome::Refused(Broken::Taken(order("same")));
    let outcomes = commit(store, vec![buying(1), buying(2)]).await;
    assert_eq!(outcomes, [Outcome::Committed { block: 1 }, taken.clone()]);
    assert_eq!(commit(store, vec![buying(3)]).await, [taken]);
    assert_eq!(store.holder(&order("same")).await.expect("reads"), Some(holder(1)));
}

async fn a_refused_batch_leaves_nothing_and_hurts_no_neighbour(store: &impl Store) {
    let mut refused = event(&line(1), 7);
    refused.reserve(order("r-1"), holder(1));
    let outcomes = commit(store, vec![event(&line(2), 0), refused, event(&line(3), 0)]).await;
    assert!(matches!(outcomes[1], Outcome::Refused(_)));
    assert_eq!(outcomes[2], Outcome::Committed { block: 1 });
    assert_eq!(store.holder(&order("r-1")).await.expect("reads"), None);
    assert!(store.events(&line(1), 0, 10).await.expect("reads").is_empty());
}

async fn blocks_chain_and_name_every_event(store: &impl Store) {
    commit(store, vec![event(&line(1), 0), event(&line(2), 0)]).await;
    commit(store, vec![event(&line(1), 1)]).await;
    let first = store.block(1).await.expect("reads").expect("there");
    let second = store.block(2).await.expect("reads").expect("there");
    assert_eq!(first.previous, [0; 32]);
    assert_eq!(second.previous, Block::hash(&first.encode()));
    let named: Vec<_> =
        first.entries.iter().map(|entry| (entry.stream.clone(), entry.seq)).collect();
    assert_eq!(named, [(line(1), 1), (line(2), 1)]);
    let row = &store.events(&line(1), 1, 1).await.expect("reads")[0];
    let stored = record::encode(row.block, &row.entry);
    assert_eq!(second.entries[0].hash, record::sha256(&stored));
    assert_eq!(store.block(3).await.expect("reads"), None);
}

async fn a_group_of_refusals_makes_no_block(store: &impl Store) {
    commit(store, vec![event(&line(1), 4)]).await;
    assert_eq!(store.durable_block(), 0);
}

async fn personal_rows_and_keys_come_and_go(store: &impl Store) {
    let customer = holder(1).customer;
    let body = PersonalRow::new([3; 32], Personal::Credential { hash: "h".into() });
    let mut batch = event(&line(1), 0);
    batch.put.push(Put::Personal { customer, row: 0, body: body.clone() });
    batch.put.push(Put::Key { kid: "k1".into(), record: b"{}".to_vec() });
    commit(store, vec![batch]).await;
    assert_eq!(store.personal(customer, 0).await.expect("reads"), Some(body));
    assert_eq!(store.keys().await.expect("reads"), [b"{}".to_vec()]);

    let mut erasing = event(&line(1), 1);
    erasing.delete.push(Delete::Personal { customer, row: 0 });
    erasing.delete.push(Delete::Key { kid: "k1".into() });
    commit(store, vec![erasing]).await;
    assert_eq!(store.personal(customer, 0).await.expect("reads"), None);
    assert!(store.keys().await.expect("reads").is_empty());
}

async fn events_come_in_pages(store: &impl Store) {
    for last in 0..5 {
        commit(store, vec![event(&line(1), last), event(&line(2), last)]).await;
    }
    let seqs = |rows: Vec<super::EventRow>| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(seqs(store.events(&line(1), 0, 2).await.expect("reads")), [1, 2]);
    assert_eq!(seqs(store.events(&line(1), 2, 9).await.expect("reads")), [3, 4, 5]);
    assert!(store.events(&line(1), 5, 9).await.expect("reads").is_empty());
    assert!(store.events(&line(1), u64::MAX, 9).await.expect("reads").is_empty());
}

async fn providers_are_listed_once_each(store: &impl Store) {
    let provider = |name: &str| format!("@{name}").parse::<Stream>().expect("a provider");
    let (a, ab, b) = (provider("a"), provider("a-b"), provider("b"));
    commit(store, vec![event(&b, 0), event(&a, 0), event(&ab, 0), event(&line(1), 0)]).await;
    commit(store, vec![event(&a, 1)]).await;
    let mut all = store.streams(StreamKind::Providers, None, 10).await.expect("reads");
    let page = store.streams(StreamKind::Providers, Some(&all[0]), 1).await.expect("reads");
    assert_eq!(page, [all[1].clone()]);
    all.sort();
    assert_eq!(all, [a, ab, b]);
}

async fn lines_are_listed_once_each(store: &impl Store) {
    let provider: Stream = "@a".parse().expect("a provider");
    commit(store, vec![event(&line(2), 0), event(&provider, 0), event(&line(1), 0)]).await;
    commit(store, vec![event(&line(1), 1), event(&Stream::System, 0)]).await;
    let all = store.streams(StreamKind::Lines, None, 10).await.expect("reads");
    assert_eq!(all, [line(1), line(2)]);
    let page = store.streams(StreamKind::Lines, Some(&all[0]), 10).await.expect("reads");
    assert_eq!(page, [line(2)]);
    assert!(store.streams(StreamKind::Lines, Some(&page[0]), 10).await.expect("reads").is_empty());
}

async fn bills_are_found_by_month_line_and_part(store: &impl Store) {
    let month = |text: &str| text.parse::<Month>().expect("a month");
    let place = |number: u64, part| BillPlace { customer: holder(number).customer, part };
    let bill = |of: &str, number, part, seq| Batch {
        put: vec![Put::Bill { month: month(of), place: place(number, part), seq }],
        ..Batch::default()
    };
    let bills = [
        bill("2026-12", 1, 1, 9),
        bill("2026-11", 2, 1, 5),
        bill("2026-11", 1, 2, 4),
        bill("2026-11", 1, 1, 3),
    ];
    commit(store, bills.to_vec()).await;
    let expected = [(place(1, 1), 3), (place(1, 2), 4), (place(2, 1), 5)];
    let november = month("2026-11");
    assert_eq!(store.bills(november, None, 10).await.expect("reads"), expected);
    let mut after = None;
    for one in expected {
        assert_eq!(store.bills(november, after, 1).await.expect("reads"), [one]);
        after = Some(one.0);
    }
    assert!(store.bills(november, after, 1).await.expect("reads").is_empty());
}

async fn what_has_a_receipt_number_is_found_by_it(store: &impl Store) {
    let contract = |text: &str| text.parse::<ContractNumber>().expect("a contract");
    let (own, other) = (contract("K-100000000016"), contract("K-100000000024"));
    let place = |seq| ReceiptPlace {
        provider: "a-sha".parse().expect("a provider"),
        customer: holder(1).customer,
        seq,
    };
    let put = |key, seq| Put::Receipt { key, place: place(seq) };
    let mut bought = event(&line(1), 0);
    bought.put.push(put(ReceiptKey::Order(own.0), 1));
    commit(store, vec![bought]).await;
    let told = async |key| store.receipt(key).await.expect("reads");
    assert_eq!(told(ReceiptKey::Order(own.0)).await, Some(place(1)));
    assert_eq!(told(ReceiptKey::End(own)).await, None);
    assert_eq!(told(ReceiptKey::Order(other.0)).await, None);
    let mut ended = event(&line(1), 1);
    ended.put.push(put(ReceiptKey::End(own), 2));
    commit(store, vec![ended]).await;
    assert_eq!(told(ReceiptKey::Order(own.0)).await, Some(place(1)));
    assert_eq!(told(ReceiptKey::End(own)).await, Some(place(2)));
    // What was refused left no row.
    let mut late = event(&line(1), 1);
    late.put.push(put(ReceiptKey::Order(other.0), 2));
    assert!(matches!(commit(store, vec![late]).await[..], [Outcome::Refused(_)]));
    assert_eq!(told(ReceiptKey::Order(other.0)).await, None);
}

async fn a_row_that_is_too_large_is_refused(store: &impl Store) {
    let entry = vec![b' '; super::MOST_ROW_BYTES + 1];
    let outcomes = commit(store, vec![Batch::event(line(1), 0, entry), event(&line(2), 0)]).await;
    let bytes = super::MOST_ROW_BYTES + 1;
    assert_eq!(outcomes[0], Outcome::Refused(Broken::TooLarge { bytes }));
    assert!(matches!(outcomes[1], Outcome::Committed { .. }));
}

async fn the_newest_snapshot_is_found_and_old_ones_go(store: &impl Store) {
    let snapshot = |number: u64, seq: u64| Put::Snapshot {
        stream: line(number),
        seq,
        body: format!("{number} after {seq}").into_bytes(),
    };
    let put = |put: Vec<Put>, delete: Vec<Delete>| Batch { expect: Vec::new(), put, delete };
    assert_eq!(store.newest_snapshot(&line(1)).await.expect("reads"), None);
    // Sequence numbers whose bytes would sort otherwise, and a neighbour.
    let group = vec![put(vec![snapshot(1, 9), snapshot(1, 300), snapshot(2, 1_000)], vec![])];
    commit(store, group).await;
    let newest = async || store.newest_snapshot(&line(1)).await.expect("reads");
    let found = newest().await.expect("there");
    assert_eq!((found.seq, found.body), (300, b"1 after 300".to_vec()));
    let gone = Delete::Snapshot { stream: line(1), seq: 300 };
    commit(store, vec![put(vec![], vec![gone])]).await;
    assert_eq!(newest().await.map(|found| found.seq), Some(9));
    // It is no event: the stream has not moved.
    assert_eq!(store.events(&line(1), 0, 10).await.expect("reads"), []);
    let block = store.block(store.durable_block()).await.expect("reads").expect("there");
    assert_eq!(block.entries, []);
}

async fn a_followers_cursor_is_kept(store: &impl Store) {
    assert_eq!(store.cursor("mail").await.expect("reads"), None);
    for block in [7, 1_000] {
        let put = vec![Put::Cursor { follower: "mail", block }];
        commit(store, vec![Batch { put, ..Batch::default() }]).await;
        assert_eq!(store.cursor("mail").await.expect("reads"), Some(block));
    }
    assert_eq!(store.cursor("webhook").await.expect("reads"), None);
    let delete = vec![Delete::Cursor { follower: "mail" }];
    commit(store, vec![Batch { delete, ..Batch::default() }]).await;
    assert_eq!(store.cursor("mail").await.expect("reads"), None);
}

async fn how_far_webhooks_are_is_kept_for_each_provider(store: &impl Store) {
    let (one, other) = ("a-sha".parse().expect("an ID"), "a-sh".parse().expect("an ID"));
    assert_eq!(store.webhooks(&one, 0).await.expect("reads"), None);
    for block in [7, 8] {
        let state = WebhookState::after(block);
        let provider = ProviderId::clone(&one);
        let put = vec![Put::Webhooks { provider, epoch: 0, state: state.clone() }];
        commit(store, vec![Batch { put, ..Batch::default() }]).await;
        assert_eq!(store.webhooks(&one, 0).await.expect("reads"), Some(state));
    }
    assert_eq!(store.webhooks(&other, 0).await.expect("reads"), None);
    assert_eq!(store.webhooks(&one, 1).await.expect("reads"), None);
    let delete = vec![Delete::Webhooks { provider: one.clone(), epoch: 0 }];
    commit(store, vec![Batch { delete, ..Batch::default() }]).await;
    assert_eq!(store.webhooks(&one, 0).await.expect("reads"), None);
}

async fn several_rows_of_a_stream_come_with_one_batch(store: &impl Store) {
    let rows = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let first = Batch::events(line(1), 0, rows(&["a", "b", "c"]));
    commit(store, vec![first, Batch::events(line(1), 3, rows(&["d"]))]).await;
    let stored = store.events(&line(1), 0, 9).await.expect("reads");
    let stored: Vec<_> = stored.iter().map(|row| (row.seq, &*row.entry)).collect();
    assert_eq!(stored, [(1, &b"a"[..]), (2, b"b"), (3, b"c"), (4, b"d")]);
    let late = Batch::events(line(1), 2, rows(&["x", "y"]));
    let outcomes = store.commit(vec![late], Instant::from_micros(1)).await.expect("commits");
    assert!(matches!(outcomes[..], [Outcome::Refused(Broken::Sequence(_))]), "{outcomes:?}");
    assert_eq!(store.last_seq(&line(1)).await.expect("reads"), 4);
}

fn mail(shelf: Shelf, at: i64, seq: u64) -> MailRow {
    let mail = format!("CAF0000000001-{seq}-purchased-4").parse().expect("a mail");
    let record = MailRecord {
        accepted_at: Instant::from_micros(1),
        since: Instant::from_micros(2),
        attempts: 1,
        reason: "later".into(),
        code: Some(451),
    };
    MailRow { place: MailPlace { shelf, at: Instant::from_micros(at), mail }, record }
}

async fn mails_stand_in_order_and_come_in_pages(store: &impl Store) {
    use Shelf::{Parked, Waiting};
    assert!(store.mails(Waiting, None, 9).await.expect("reads").is_empty());
    let rows =
        [mail(Waiting, 300, 1), mail(Waiting, 5, 2), mail(Parked, 1, 3), mail(Waiting, 5, 4)];
    let put = rows.iter().cloned().map(Put::Mail).collect();
    commit(store, vec![Batch { put, ..Batch::default() }]).await;
    let seqs = |rows: &[MailRow]| rows.iter().map(|row| row.place.mail.seq).collect::<Vec<_>>();
    let first = store.mails(Waiting, None, 2).await.expect("reads");
    assert_eq!(first, [rows[1].clone(), rows[3].clone()]);
    let next = store.mails(Waiting, Some(&first[1].place), 2).await.expect("reads");
    assert_eq!(seqs(&next), [1]);
    assert!(store.mails(Waiting, Some(&next[0].place), 2).await.expect("reads").is_empty());
    assert_eq!(seqs(&store.mails(Parked, None, 9).await.expect("reads")), [3]);
    // From one shelf to the other, and away.
    let parked = mail(Parked, 9, 2);
    let moving = Batch {
        put: vec![Put::Mail(parked)],
        delete: vec![Delete::Mail(rows[1].place), Delete::Mail(rows[3].place)],
        ..Batch::default()
    };
    commit(store, vec![moving]).await;
    assert_eq!(seqs(&store.mails(Waiting, None, 9).await.expect("reads")), [1]);
    assert_eq!(seqs(&store.mails(Parked, None, 9).await.expect("reads")), [3, 2]);
}

async fn the_last_row_of_a_stream_is_told(store: &impl Store) {
    assert_eq!(store.last_seq(&line(1)).await.expect("reads"), 0);
    for last in 0..300 {
        commit(store, vec![event(&line(1), last)]).await;
    }
    commit(store, vec![event(&line(2), 0)]).await;
    assert_eq!(store.last_seq(&line(1)).await.expect("reads"), 300);
    assert_eq!(store.last_seq(&line(2)).await.expect("reads"), 1);
    assert_eq!(store.last_seq(&Stream::System).await.expect("reads"), 0);
}

async fn rows_are_given_as_they_are_stored(store: &impl Store) {
    let customer = holder(1).customer;
    let body = PersonalRow::new([3; 32], Personal::Credential { hash: "h".into() });
    let mut first = event(&line(1), 0);
    first.put.push(Put::Personal { customer, row: 7, body: body.clone() });
    commit(store, vec![first, event(&line(2), 0)]).await;
    commit(store, vec![event(&line(1), 1)]).await;
    let keys = async |section, after: Option<&[u8]>, limit| {
        let rows = store.raw_rows(section, after, limit).await.expect("reads");
        rows.into_iter().map(|row: RawRow| row.key).collect::<Vec<_>>()
    };
    let events = [key::event(&line(1), 1), key::event(&line(1), 2), key::event(&line(2), 1)];
    let all = keys(Section::All, None, 99).await;
    let expected = [&[key::block(1), key::block(2)][..], &events, &[key::personal(customer, 7)]];
    assert_eq!(all, expected.concat());
    assert_eq!(keys(Section::Events, None, 2).await, events[..2]);
    assert_eq!(keys(Section::Events, Some(&events[1]), 9).await, events[2..]);
    assert!(keys(Section::Events, Some(&events[2]), 9).await.is_empty());
    assert_eq!(keys(Section::Blocks, Some(&key::block(1)), 9).await, [key::block(2)]);
    let asked = vec![key::personal(customer, 7), key::personal(customer, 8)];
    let rows = store.raw(asked).await.expect("reads");
    assert_eq!(rows, [Some(record::encode(1, &body.to_bytes())), None]);
}

async fn the_audit_finds_what_was_committed_whole(store: &impl Store) {
    let system = Stream::System;
    for last in 0..150 {
        commit(store, vec![event(&system, last)]).await;
    }
    store.close().await.expect("writes its head");
    let report = super::audit::verify(store, false, &mut |_| {}).await;
    assert!(report.is_whole(), "{:?}", report.faults);
    assert_eq!((report.blocks, report.entries, report.streams), (150, 150, 1));
}
