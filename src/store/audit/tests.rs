//! Each kind of damage, named with its block; on the store in memory, whose rows are edited.

use super::*;
use crate::{
    domain::{
        calendar::Instant,
        ids::CustomerId,
        line::{By, Entry, Event, LineService, event::BillingRoute},
        yen::Yen,
    },
    store::{
        Batch, Delete, PersonalRow, Put, Stream, memory::MemoryStore, record::Personal, suite,
    },
};

fn customer() -> CustomerId {
    "CAF0000012573".parse().expect("a customer ID")
}

fn stream() -> Stream {
    Stream::Line(customer())
}

fn row(salt: u8) -> PersonalRow {
    PersonalRow::new([salt; 32], Personal::AccessKey { hash: "h".into() })
}

fn put(number: u32) -> Put {
    let salt = u8::try_from(number).expect("few rows");
    Put::Personal { customer: customer(), row: number, body: row(salt) }
}

fn entry(last: u64, events: Vec<Event>) -> Batch {
    let at = Instant::from_micros(1_790_000_000_000_000);
    let entry = Entry { at, by: By::Customer, request_id: None, events };
    Batch::event(stream(), last, record::to_json(&entry))
}

/// Six blocks: a line with three personal rows, of which one was replaced, and other streams.
async fn filled() -> MemoryStore {
    let store = MemoryStore::new();
    let commit = async |group| {
        let committed = store.commit(group, suite::at()).await.expect("commits");
        let all =
            committed.iter().all(|one| matches!(one, crate::store::Outcome::Committed { .. }));
        assert!(all, "{committed:?}");
    };
    let opened = Event::LineOpened {
        customer: customer(),
        service: LineService::HikariNext,
        line_limit: Yen::new(30_000),
        billing: BillingRoute::Telephone,
        record: row(0).reference(0),
        access_key: row(1).reference(1),
    };
    let mut opening = entry(0, vec![opened]);
    opening.put.extend([put(0), put(1)]);
    commit(vec![opening]).await;
    let provider = "@a-sha".parse().expect("a provider");
    commit(vec![suite::event(&Stream::System, 0), suite::event(&provider, 0)]).await;
    let mut replacing = entry(1, vec![Event::AccessKeySet { access_key: row(2).reference(2) }]);
    replacing.put.push(put(2));
    replacing.delete.push(Delete::Personal { customer: customer(), row: 1 });
    commit(vec![replacing]).await;
    for last in 1..4 {
        commit(vec![suite::event(&Stream::System, last)]).await;
    }
    store
}

async fn report(store: &MemoryStore) -> Report {
    verify(store, false, &mut |_| {}).await
}

/// What is wrong after an edit: kind, block, and the whole sentence.
async fn after(edit: impl FnOnce(&MemoryStore)) -> Vec<(FaultKind, Option<u64>, String)> {
    let store = filled().await;
    edit(&store);
    let report = report(&store).await;
    assert!(!report.is_whole());
    assert_eq!(report.fault_count, report.faults.len() as u64);
    report.faults.iter().map(|fault| (fault.kind, fault.block, fault.to_string())).collect()
}

fn flip(store: &MemoryStore, key: &[u8], place: usize) {
    let mut row = store.row(key).expect("there");
    row[place] ^= 1;
    store.edit(key, Some(row));
}

#[tokio::test]
async fn a_good_store_is_whole_and_counted() {
    let store = filled().await;
    let mut told = Vec::new();
    let report = verify(&store, true, &mut |progress| told.push(progress)).await;
    assert!(report.is_whole(), "{:?}", report.faults);
    let counts = (report.blocks, report.entries, report.streams, report.personal_rows);
    assert_eq!((counts, report.personal_rows_gone), ((6, 7, 3, 2), 1));
    assert_eq!(told.last(), Some(&Progress { step: Step::Rows, done: 7, of: 7 }));
    assert!(told.contains(&Progress { step: Step::Blocks, done: 6, of: 6 }), "{told:?}");
}

#[tokio::test]
async fn an_empty_store_is_whole() {
    assert_eq!(report(&MemoryStore::new()).await, Report::default());
}

#[tokio::test]
async fn a_changed_block_is_named_by_its_own_number() {
    // The time of block 3, which nothing else holds.
    let found = after(|store| flip(store, &key::block(3), 52)).await;
    let what = "block 3: it was changed: block 4 follows from what it was";
    assert_eq!(found, [(FaultKind::BlockChanged, Some(3), what.to_owned())]);
    // Its link back: then neither of its links holds.
    let found = after(|store| flip(store, &key::block(3), 20)).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1, Some(3), "{found:?}");
    // The first, and the last, which the head names.
    for (number, place) in [(1, 52), (1, 20), (6, 52), (6, 20)] {
        let found = after(|store| flip(store, &key::block(number), place)).await;
        assert!(found.iter().all(|fault| fault.1 == Some(number)), "{number}, {place}: {found:?}");
    }
}

#[tokio::test]
async fn a_missing_block_and_one_that_is_none_are_named() {
    let found = after(|store| store.edit(&key::block(3), None)).await;
    let expected = (FaultKind::BlockMissing, Some(3), "block 3: it is missing".to_owned());
    assert_eq!(found, [expected]);
    let found = after(|store| (2..=4).for_each(|n| store.edit(&key::block(n), None))).await;
    let what = "block 2: it is missing, and so are all up to block 4".to_owned();
    assert_eq!(found, [(FaultKind::BlockMissing, Some(2), what)]);
    let found = after(|store| store.edit(&key::block(3), Some(b"rubbish".to_vec()))).await;
    assert_eq!((found.len(), found[0].0, found[0].1), (1, FaultKind::BlockMalformed, Some(3)));
}

#[tokio::test]
async fn an_event_row_that_was_changed_or_taken_away_is_named_with_its_block() {
    let event = key::event(&Stream::System, 1);
    let found = after(|store| flip(store, &event, 12)).await;
    let what = "block 2: event 1 of !system: it is not the row that block 2 closed";
    assert_eq!(found, [(FaultKind::RowChanged, Some(2), what.to_owned())]);
    let found = after(|store| store.edit(&event, None)).await;
    let what = "block 2: event 1 of !system: block 2 closed it; it is missing";
    assert_eq!(found, [(FaultKind::RowMissing, Some(2), what.to_owned())]);
    // The block's number in a row's head, which readers go by.
    for place in 0..9 {
        let found = after(|store| flip(store, &event, place)).await;
        assert_eq!((found.len(), found[0].1), (1, Some(2)), "{place}: {found:?}");
    }
    // An opening that is gone: what it said of personal rows is not known, and not guessed at.
    let found = after(|store| store.edit(&key::event(&stream(), 1), None)).await;
    assert_eq!((found.len(), found[0].0, found[0].1), (1, FaultKind::RowMissing, Some(1)));
}

#[tokio::test]
async fn an_event_row_that_no_block_closed_is_named() {
    for says in [3, 99] {
        let forged = record::encode(says, b"{}");
        let key = key::event(&Stream::System, 5);
        let found = after(|store| store.edit(&key, Some(forged))).await;
        let what = format!(
            "block {says}: event 5 of !system: no block closed it; it says that block {says} did"
        );
        assert_eq!(found, [(FaultKind::RowUnclosed, Some(says), what)]);
    }
}

#[tokio::test]
async fn a_personal_row_is_what_its_event_committed_to_or_gone_with_a_reason() {
    let personal = |row| key::personal(customer(), row);
    let found = after(|store| flip(store, &personal(0), 20)).await;
    let what =
        "block 1: personal row 0 of CAF0000012573: it is not the row that event 1 committed to";
    assert_eq!(found, [(FaultKind::PersonalChanged, Some(1), what.to_owned())]);
    // The block's number in the row's head: the row would be hidden from those who read it.
    for place in 0..9 {
        let found = after(|store| flip(store, &personal(0), place)).await;
        assert_eq!((found.len(), found[0].0), (1, FaultKind::PersonalChanged), "{place}");
    }
    let found = after(|store| store.edit(&personal(2), None)).await;
    assert_eq!((found.len(), found[0].0, found[0].1), (1, FaultKind::PersonalMissing, Some(3)));
    let stranger = record::encode(4, &row(9).to_bytes());
    let found = after(|store| store.edit(&personal(9), Some(stranger.clone()))).await;
    let what = "block 4: personal row 9 of CAF0000012573: no event committed to it";
    assert_eq!(found, [(FaultKind::PersonalUnknown, Some(4), what.to_owned())]);
    for other in ["CAA0000000001", "CZZ0000000001"] {
        let key = key::personal(other.parse().expect("a customer ID"), 0);
        let found = after(|store| store.edit(&key, Some(stranger.clone()))).await;
        assert_eq!((found.len(), found[0].0), (1, FaultKind::PersonalUnknown), "{found:?}");
    }
    // The line's last sign-ins stand beside all events.
    let store = filled().await;
    store.edit(&personal(record::SIGN_INS_ROW), Some(stranger));
    assert!(report(&store).await.is_whole());
}

#[tokio::test]
async fn erased_rows_are_fine_and_the_erasure_is_what_tells_them_from_damage() {
    let store = filled().await;
    let mut erasing = entry(2, vec![Event::PersonalRowsErased { rows: vec![0, 2] }]);
    erasing.delete = [0, 2].map(|row| Delete::Personal { customer: customer(), row }).to_vec();
    store.commit(vec![erasing], suite::at()).await.expect("commits");
    let report = report(&store).await;
    assert!(report.is_whole(), "{:?}", report.faults);
    assert_eq!((report.personal_rows, report.personal_rows_gone), (0, 3));
}

#[tokio::test]
async fn the_first_broken_block_is_named_though_much_is_broken() {
    let store = filled().await;
    for number in 100..400 {
        store.edit(&key::personal(customer(), number), Some(record::encode(5, b"{}")));
    }
    store.edit(&key::event(&Stream::System, 1), None);
    let report = report(&store).await;
    assert_eq!((report.fault_count, report.faults.len()), (301, 100));
    assert_eq!(report.first_broken_block(), Some(2));
}
