//! What clients know, held against a store.

use super::book::{self, Book, Keys, at, filled};
use crate::verify::ledger::{AtHand, HoldError, LedgerFault, hold, lines};
use crate::verify::report::Invariant;

const BOUGHT: &str = r#"{"order":{"client_id":"a-sha","reference":"r-1"},"kind":"purchase","customer_id":"CAF0000000001","passport_id":"user1","service":"pack","amount_yen":500,"outcome":"acknowledged","receipt_number":"100000000016"}"#;

async fn held(book: &Book, text: &str, is_complete: bool) -> Result<[Invariant; 2], HoldError> {
    let mut at_hand = AtHand { store: &book.store, keyed: Some(&Keys) };
    hold(&mut at_hand, lines(text.as_bytes()), is_complete, &mut |_| {}).await
}

#[tokio::test]
async fn i1_what_was_acknowledged_is_there_exactly_as_it_was_told() {
    let mut book = filled().await;
    let end = book::ended(
        1,
        "pack",
        crate::domain::line::EndReason::Customer,
        "2026-12",
        Some(("c-1", 92)),
    );
    book.put(1, at("2026-12-20T10:00:00"), vec![end]).await;
    let cancelled = r#"{"order":{"client_id":"a-sha","reference":"c-1"},"kind":"cancellation","service":"pack","amount_yen":500,"outcome":"acknowledged","receipt_number":"100000000925"}"#;
    let [kept, only] =
        held(&book, &format!("{BOUGHT}\n\n{cancelled}\n"), false).await.expect("reads");
    assert_eq!((kept.checked, kept.faults, only.checked, only.faults), (2, 0, 0, 0), "{kept:?}");
    for (from, to, word) in [
        ("r-1", "r-none", "it was acknowledged, and it is not there"),
        ("\"purchase\"", "\"cancellation\"", "kind was cancellation, and is purchase"),
        ("CAF0000000001", "CAF0000000002", "line was CAF0000000002, and is CAF0000000001"),
        ("user1", "user2", "passport ID is not user2"),
        ("\"pack\"", "\"song\"", "service was song, and is pack"),
        ("500", "501", "amount in yen was 501, and is 500"),
        ("100000000016", "100000000024", "receipt number was 100000000024"),
    ] {
        let [kept, only] = held(&book, &BOUGHT.replace(from, to), false).await.expect("reads");
        assert_eq!((kept.faults, only.faults), (1, 0), "{to}: {kept:?}");
        assert!(kept.first[0].contains(word), "{kept:?}");
        // What nobody was told of may be there or not; where it is, it is what was asked for.
        let unknown = BOUGHT.replace(from, to).replace("acknowledged", "unknown");
        let [kept, only] = held(&book, &unknown, false).await.expect("reads");
        assert_eq!((kept.faults, only.faults), (u64::from(to != "r-none"), 0), "{to}: {kept:?}");
    }
}

#[tokio::test]
async fn i2_what_was_refused_is_not_there_nor_what_a_complete_ledger_does_not_name() {
    let book = filled().await;
    let refused = BOUGHT.replace("acknowledged", "refused");
    let [kept, only] = held(&book, &refused, false).await.expect("reads");
    assert_eq!((kept.faults, only.checked, only.faults), (0, 1, 1));
    assert!(only.first[0].contains("it was refused, and it is there"), "{only:?}");
    let nowhere = refused.replace("r-1", "r-none");
    let [_, only] = held(&book, &nowhere, false).await.expect("reads");
    assert_eq!((only.checked, only.faults), (1, 0));
    // Two orders of the provider are in no line.
    let [kept, only] = held(&book, BOUGHT, true).await.expect("reads");
    assert_eq!((kept.faults, only.checked, only.faults), (0, 3, 2), "{only:?}");
    assert!(only.first[0].contains("order r-2 of a-sha: it is there"), "{only:?}");
    let other = ["r-2", "r-3"].map(|reference| {
        format!(
            r#"{{"order":{{"client_id":"a-sha","reference":"{reference}"}},"kind":"purchase","outcome":"unknown"}}"#
        )
    });
    let all = format!("{BOUGHT}\n{}", other.join("\n"));
    let [_, only] = held(&book, &all, true).await.expect("reads");
    assert_eq!((only.checked, only.faults), (3, 0));
}

#[tokio::test]
async fn a_ledger_is_held_in_parts_of_which_none_is_lost() {
    let mut book = filled().await;
    let mut all = String::new();
    for number in 0..2_100_u64 {
        let reference = format!("n-{number}");
        if number < 60 {
            let bought = book::bought(&reference, 100 + number, 1, "song", false, 1);
            book.put(1, at("2026-12-21T10:00:00"), vec![bought]).await;
        }
        let line = format!(
            "{{\"order\":{{\"client_id\":\"a-sha\",\"reference\":\"{reference}\"}},\"kind\":\
             \"purchase\",\"outcome\":\"acknowledged\"}}\n"
        );
        all.push_str(&line);
    }
    let mut told = Vec::new();
    let mut at_hand = AtHand { store: &book.store, keyed: None };
    let held = hold(&mut at_hand, lines(all.as_bytes()), false, &mut |done| told.push(done)).await;
    let [kept, _] = held.expect("reads");
    assert_eq!((kept.checked, kept.faults, kept.first.len()), (2_100, 2_040, 10));
    assert_eq!(told, [1_000, 2_000, 2_100]);
}

#[tokio::test]
async fn a_line_that_is_none_is_named_by_its_number_and_field() {
    let book = filled().await;
    for (line, word) in [
        ("{}", "missing field `order`"),
        ("nonsense", "expected"),
        (&BOUGHT.replace("acknowledged", "perhaps"), "unknown variant `perhaps`"),
        (&BOUGHT.replace("\"kind\"", "\"sort\""), "unknown field `sort`"),
        (&BOUGHT.replace("100000000016", "100000000017"), "receipt number"),
    ] {
        let error = held(&book, &format!("{BOUGHT}\n{line}\n"), false).await.expect_err(line);
        assert!(matches!(error, HoldError::Ledger(LedgerFault::Line { line: 2, .. })), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
}
