//! What is found by a receipt number, and by whom.

use super::*;
use crate::{
    domain::{calendar::Instant, receipt::Receipt},
    store::{Batch, memory::MemoryStore},
};

const BOUGHT: &str = r#"{"at":1790000000000000,"by":{"who":"passport","passport":1},"events":[
    {"event":"purchased","receipt":"100000000016","passport":1,"provider":"a-sha",
     "provider_name":"A","reference":"order-1","service":"pack","service_name":"P","monthly":true,
     "unit_price":525,"quantity":1,"amount":525,"line_checked":true},
    {"event":"purchased","receipt":"100000000024","passport":1,"provider":"a-sha",
     "provider_name":"A","reference":"order-2","service":"anime-1","service_name":"M",
     "monthly":false,"unit_price":300,"quantity":1,"amount":300,"line_checked":true}]}"#;
const ENDED: &str = r#"{"at":1790000000000001,"by":{"who":"passport","passport":1},"events":[
    {"event":"contract_ended","contract":"K-100000000016","passport":1,"provider":"a-sha",
     "service":"pack","reason":"customer","last_charge_month":"2026-11",
     "receipt":"100000000032","reference":"cancel-1"}]}"#;

fn customer() -> CustomerId {
    "CAF0000012573".parse().expect("a customer ID")
}

async fn put(store: &MemoryStore, seq: u64, entry: &str, indexed: bool) {
    let read: Entry = serde_json::from_str(entry).expect("an entry");
    let stream = Stream::Line(customer());
    let mut batch = Batch::event(stream, seq - 1, record::to_json(&read));
    if indexed {
        batch.put.extend(index_rows(customer(), seq, &read.events));
    }
    store.commit(vec![batch], Instant::from_micros(1)).await.expect("commits");
}

fn number(text: &str) -> ReceiptNumber {
    text.parse().expect("a number")
}

#[tokio::test]
async fn a_purchase_a_cancellation_and_a_contract_are_found_by_their_own_provider_alone() {
    let store = MemoryStore::new();
    let (own, other) = ("a-sha".parse().expect("one"), "b-sha".parse().expect("one"));
    put(&store, 1, BOUGHT, true).await;
    let contract_of = |text: &str| ContractNumber(number(text));
    let live = contract(&store, &own, contract_of("100000000016")).await.expect("reads");
    let (line, status) = live.expect("there");
    assert_eq!(line, customer());
    assert!(matches!(status, ContractStatus::Live(_)), "{status:?}");
    put(&store, 2, ENDED, true).await;
    for (text, reference) in
        [("100000000016", "order-1"), ("100000000024", "order-2"), ("100000000032", "cancel-1")]
    {
        let found = by_number(&store, &own, number(text)).await.expect("reads").expect("there");
        assert_eq!(found.customer, customer());
        assert_eq!(found.receipt.reference().as_str(), reference);
        assert_eq!(found.receipt.number(), number(text));
        let cancels = matches!(found.receipt, Receipt::Cancellation(_));
        assert_eq!(cancels, text == "100000000032");
        assert_eq!(by_number(&store, &other, number(text)).await.expect("reads"), None);
    }
    let ended = contract(&store, &own, contract_of("100000000016")).await.expect("reads");
    assert!(matches!(ended, Some((_, ContractStatus::Ended(_)))), "{ended:?}");
    // Another's, per use, a cancellation's number, none at all.
    let known = contract_of("100000000016");
    assert_eq!(contract(&store, &other, known).await.expect("reads"), None);
    for text in ["100000000024", "100000000032", "100000000040"] {
        assert_eq!(contract(&store, &own, contract_of(text)).await.expect("reads"), None, "{text}");
    }
}

#[tokio::test]
async fn a_row_that_leads_to_something_else_is_damage_and_no_answer() {
    let store = MemoryStore::new();
    let own: ProviderId = "a-sha".parse().expect("one");
    put(&store, 1, BOUGHT, true).await;
    put(&store, 2, ENDED, false).await;
    let (wrong, known) = (number("100000000040"), ContractNumber(number("100000000016")));
    // No event, the purchase, none yet.
    for seq in [0, 1, 9] {
        let place = ReceiptPlace { provider: own.clone(), customer: customer(), seq };
        let lead = |key| Put::Receipt { key, place: place.clone() };
        let put = [ReceiptKey::Order(wrong), ReceiptKey::End(known)].map(lead).to_vec();
        let batch = Batch { put, ..Batch::default() };
        store.commit(vec![batch], Instant::from_micros(1)).await.expect("commits");
        let found = by_number(&store, &own, wrong).await;
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{seq}: {found:?}");
        let status = contract(&store, &own, known).await;
        assert!(matches!(status, Err(StoreError::Damaged { .. })), "{seq}: {status:?}");
    }
    // An end that would be another provider's, though its event is the right one.
    let place =
        ReceiptPlace { provider: "b-sha".parse().expect("one"), customer: customer(), seq: 2 };
    let put = vec![Put::Receipt { key: ReceiptKey::End(known), place }];
    let batch = Batch { put, ..Batch::default() };
    store.commit(vec![batch], Instant::from_micros(1)).await.expect("commits");
    let status = contract(&store, &own, known).await;
    assert!(matches!(status, Err(StoreError::Damaged { .. })), "{status:?}");
}
