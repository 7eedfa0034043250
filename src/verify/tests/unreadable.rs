//! Stores of which a part cannot be read: the rest is looked at all the same.

use super::{Book, I1, I2, I7, I8, Report, book, customer, filled};
use crate::{
    domain::ids::CustomerId,
    store::{
        Batch, Holder, Put, Reservation, Section, Store, Stream,
        block::Block,
        group::Tip,
        key,
        raw::{RawRow, Rows},
        record,
        sled_store::{Import, SledStore},
        suite,
    },
    verify::{Options, verify},
};

async fn report(store: &dyn Store) -> Report {
    let keys = book::Keys;
    let options = Options { keyed: Some(&keys), ..Options::default() };
    verify(store, options, &mut |_| {}).await
}

async fn all(book: &Book) -> Vec<RawRow> {
    let mut rows = Rows::of(&book.store, Section::All, None);
    let mut all = Vec::new();
    while let Some(row) = rows.next().await.expect("reads") {
        all.push(row);
    }
    all
}

/// A row that still is JSON and says another sum than its block closed.
fn changed(row: &RawRow) -> Vec<u8> {
    let (block, body) = record::decode(&row.key, &row.row).expect("a row");
    let text = std::str::from_utf8(body).expect("text");
    let other = text.replace("\"amount\":300", "\"amount\":301");
    assert_ne!(other, text);
    record::encode(block, other.as_bytes())
}

/// The journal's own reading refuses a row that is not what its block closed: that ended the look.
#[tokio::test]
async fn one_line_that_cannot_be_read_ends_no_look_on_a_store_on_disk() {
    let book = filled().await;
    // Its holder's events are to be followed, and one of them is damaged.
    let reservation = Reservation::Network("10.9.0.0/24".parse().expect("a prefix"));
    let holder = Holder { customer: customer(1), passport: None, seq: None };
    let put = vec![Put::Reservation { reservation, holder }];
    book.commit(Batch { put, ..Batch::default() }).await;
    let number = book.store.durable_block();
    let hash = Block::hash(&book.store.row(&key::block(number)).expect("a block"));

    let folder = tempfile::tempdir().expect("a folder");
    let options = suite::options(&folder);
    let import = Import::begin(&options).expect("begins");
    let line: CustomerId = customer(1);
    let damaged = key::event(&Stream::Line(line), 4);
    let rows = all(&book).await.into_iter().map(|row| {
        let body = if row.key == damaged { changed(&row) } else { row.row.clone() };
        (row.key, Some(body))
    });
    import.put(rows.collect()).expect("puts");
    import.end(Tip { number, hash }).expect("ends");
    let store = SledStore::open_to_look(&options).expect("opens");
    store.events(&Stream::Line(line), 0, 99).await.expect_err("it is damaged");

    let found = report(&store).await;
    assert!(found.not_looked_at.is_empty() && !found.is_whole(), "{found:#?}");
    assert_eq!(found.lines, 2);
    let first = |name| found.of(name).map(|one| one.first.join("\n")).unwrap_or_default();
    assert!(first(I8).contains("event 4 of CAF0000000001"), "{found:#?}");
    assert!(first(I2).contains("row w/") && first(I2).contains("nothing that wants it"));
    assert!(found.of(I7).is_some_and(|one| one.checked > 5 && one.faults == 0), "{found:#?}");
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_told_as_not_looked_at_and_the_others_are() {
    for (section, what, whole) in [
        (Section::Orders, "orders", false),
        (Section::Mails, "mails", false),
        (Section::Keys, "keys", false),
        (Section::Snapshots, "lines", true),
    ] {
        let book = filled().await;
        book.store.spoil(section);
        let found = report(&book.store).await;
        let left: Vec<&str> = found.not_looked_at.iter().map(|left| left.what).collect();
        // Without the lines nobody knows which rows are to lead to them.
        let expected = if whole { vec![what, "rows that lead to events"] } else { vec![what] };
        assert_eq!(left, expected, "{found:#?}");
        assert!(!found.is_whole() && found.invariants.iter().all(|one| one.faults == 0));
        assert!(found.not_looked_at[0].why.contains("a page is damaged"));
        assert!(found.of(I7).is_some_and(|one| one.checked > 0));
        assert!(whole || found.of(I1).is_some_and(|one| one.checked > 0));
    }
}
