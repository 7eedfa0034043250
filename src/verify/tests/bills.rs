//! Bills and charges that are not what their events come to (I6).

use super::*;

/// The close of November as the store has it, changed.
async fn closed_otherwise(change: impl FnOnce(&mut Vec<ClosedItem>)) -> Book {
    let mut book = book::open().await;
    let mut close = book.close_of(1, "2026-11");
    if let Event::MonthClosed { items, .. } = &mut close {
        change(items);
    }
    book.put(1, at("2026-12-01T00:10:00"), vec![close]).await;
    book
}

#[tokio::test]
async fn i6_a_bill_that_its_events_do_not_come_to_is_named_r_050() {
    let book = closed_otherwise(|_| ()).await;
    assert!(report(&book.store).await.is_whole());
    let dearer = closed_otherwise(|items| items[0].amount = Yen::new(501)).await;
    breaks(&dearer, I6, &["charge 1 is 100000000016 at 501 yen", "100000000016 at 500 yen"]).await;
    let less = closed_otherwise(|items| drop(items.pop())).await;
    breaks(&less, I6, &["charge 2 is nothing, and should be 100000000024 at 300 yen"]).await;
    let more = closed_otherwise(|items| items.push(items[0].clone())).await;
    breaks(&more, I6, &["charge 3 is 100000000016", "should be nothing"]).await;
    let swapped = closed_otherwise(|items| items.swap(0, 1)).await;
    breaks(&swapped, I6, &["billed otherwise"]).await;
}

#[tokio::test]
async fn i6_a_month_that_is_closed_for_all_and_not_for_a_line_is_named() {
    let mut book = book::open().await;
    book.finish_close("2026-11").await;
    breaks(&book, I6, &["CAF0000000001: 2026-11 is closed, and what it is charged was not billed"])
        .await;
}

#[tokio::test]
async fn i6_a_part_that_is_not_found_or_leads_nowhere_is_named() {
    let place = BillPlace { customer: customer(1), part: 1 };
    let month = "2026-11".parse().expect("a month");
    let mut book = book::open().await;
    let close = book.close_of(1, "2026-11");
    let mut batch = book.batch(1, at("2026-12-01T00:10:00"), vec![close]);
    batch.put.retain(|put| !matches!(put, Put::Bill { .. }));
    book.commit(batch).await;
    breaks(&book, I6, &["i/2026-11/CAF0000000001/", "is missing"]).await;

    let book = filled().await;
    let strayed = Put::Bill { month, place: BillPlace { part: 2, ..place }, seq: 1 };
    book.commit(Batch { put: vec![strayed], ..Batch::default() }).await;
    breaks(&book, I6, &["it leads to nothing that wants it"]).await;
}

#[tokio::test]
async fn i6_what_is_charged_longer_or_shorter_than_the_guide_says_is_named_r_016_to_r_019() {
    for (ended, said, is) in [
        ("2026-12-31T23:59:59", "2026-11", "2026-12"),
        ("2027-01-01T00:00:00", "2027-01", "2026-12"),
        ("2027-01-02T00:00:00", "2026-12", "2027-01"),
    ] {
        let mut book = filled().await;
        let end = book::ended(1, "pack", EndReason::Customer, said, Some(("c-1", 92)));
        book.put(1, at(ended), vec![end]).await;
        let words = format!("is charged up to {is}, and the event says {said}");
        breaks(&book, I6, &[&words]).await;
    }
    // Nothing is bought inside a closed month, and price times pieces is the amount.
    let mut book = filled().await;
    let late = book::bought("r-late", 90, 1, "song", false, 10);
    book.put(1, at("2026-11-30T23:59:59"), vec![late]).await;
    breaks(&book, I6, &["it was bought in 2026-11, which was closed before"]).await;
    let mut book = filled().await;
    let mut wrong = book::bought("r-wrong", 90, 1, "song", false, 10);
    if let Event::Purchased { quantity, .. } = &mut wrong {
        *quantity = 2;
    }
    book.put(1, at("2026-12-20T10:00:00"), vec![wrong]).await;
    breaks(&book, I6, &["10 yen times 2 is not 10 yen"]).await;
}
