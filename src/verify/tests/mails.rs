//! Mails, cursors and providers' rows that nothing owes (I7).

use super::*;

fn mail(seq: u64, kind: NoticeKind, accepted_at: Instant, place_at: i64) -> Put {
    let mail = MailId { customer: customer(1), seq, kind, row: 4 };
    let record = MailRecord {
        accepted_at,
        since: accepted_at,
        attempts: 1,
        reason: "later".to_owned(),
        code: Some(451),
    };
    let at = Instant::from_micros(place_at);
    Put::Mail(MailRow { place: MailPlace { shelf: Shelf::Waiting, at, mail }, record })
}

#[tokio::test]
async fn i7_a_mail_that_its_event_does_not_owe_or_that_stands_twice_is_named() {
    use NoticeKind::{Cancelled, Purchased};
    let bought_at = at("2026-11-20T10:00:00");
    for (puts, word) in [
        (vec![mail(4, Cancelled, bought_at, 1)], "its event owes no such mail"),
        (vec![mail(99, Purchased, bought_at, 1)], "its event is not there"),
        (vec![mail(4, Purchased, at("2026-11-21T10:00:00"), 1)], "another time"),
        (
            vec![mail(4, Purchased, bought_at, 1), mail(4, Purchased, bought_at, 2)],
            "it stands twice",
        ),
    ] {
        let book = filled().await;
        book.commit(Batch { put: puts, ..Batch::default() }).await;
        breaks(&book, I7, &[word]).await;
    }
    let book = filled().await;
    let put = vec![mail(4, Purchased, bought_at, 1)];
    book.commit(Batch { put, ..Batch::default() }).await;
    assert!(report(&book.store).await.is_whole());
}

#[tokio::test]
async fn i7_a_cursor_or_a_providers_row_that_is_ahead_or_refers_to_nothing_is_named() {
    let book = filled().await;
    let put = vec![Put::Cursor { follower: "mail", block: 999 }];
    book.commit(Batch { put, ..Batch::default() }).await;
    breaks(&book, I7, &["row c/mail: it is done with block 999"]).await;

    for (spoil, word) in book::spoilt_webhooks() {
        let book = filled().await;
        let block = book.block_of(1, 4).await;
        let mut state = book::webhooks(block);
        spoil(&mut state);
        let put = vec![Put::Webhooks { provider: provider(), epoch: 0, state }];
        book.commit(Batch { put, ..Batch::default() }).await;
        breaks(&book, I7, &[word]).await;
    }
    for epoch in [0, 1] {
        let book = filled().await;
        let state = book::webhooks(book.block_of(1, 4).await);
        let put = vec![Put::Webhooks { provider: provider(), epoch, state: state.clone() }];
        book.commit(Batch { put, ..Batch::default() }).await;
        if epoch == 0 {
            assert!(report(&book.store).await.is_whole());
        } else {
            breaks(&book, I7, &["its provider wants no webhooks by it"]).await;
        }
    }
    let book = filled().await;
    let delete = vec![Delete::Webhooks { provider: provider(), epoch: 0 }];
    book.commit(Batch { delete, ..Batch::default() }).await;
    breaks(&book, I7, &["webhooks of a-sha: it is not known how far they are"]).await;
}

#[tokio::test]
async fn i7_mails_that_are_sent_and_of_which_nobody_knows_how_far_they_are_are_named() {
    let look = async |book: &Book| {
        let options = Options { mails: true, ..Options::default() };
        verify(&book.store, options, &mut |_| {}).await
    };
    let book = filled().await;
    assert!(look(&book).await.is_whole());
    let delete = vec![Delete::Cursor { follower: "mail" }];
    book.commit(Batch { delete, ..Batch::default() }).await;
    let found = look(&book).await;
    let i7 = found.of(I7).expect("I7");
    assert!(i7.faults == 1 && i7.first[0].contains("some may be lost"), "{found:#?}");
    // Where mails are not sent nobody keeps it.
    assert!(report(&book.store).await.is_whole());
}
