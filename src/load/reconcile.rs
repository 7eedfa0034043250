//! The providers' own question afterwards (interfaces.md 1.3): of the orders of this run, what the server
//! acknowledged is there exactly as it was told, and what it refused is not.

use super::{
    check,
    client::{Client, form},
    http::Request,
    ledger::{Entry, Kind, Outcome},
    world::World,
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::HashMap, rc::Rc};

/// Faults that are told in words.
const MOST_TOLD: usize = 10;

/// What was asked and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Orders of the run.
    pub orders: u64,
    /// Those that were asked for.
    pub asked: u64,
    /// Acknowledged ones that are there as they were told.
    pub acknowledged: u64,
    /// Refused ones that are not there.
    pub refused: u64,
    /// Ones without an answer that turned out to be there.
    pub unknown_there: u64,
    /// Ones without an answer that are not there.
    pub unknown_absent: u64,
    /// Questions that the server did not answer.
    pub unanswered: u64,
    /// Orders that are otherwise than was told.
    pub faults: u64,
    /// The first of them, in words.
    pub first: Vec<String>,
}

impl Reconciliation {
    fn fault(&mut self, what: String) {
        self.faults += 1;
        if self.first.len() < MOST_TOLD {
            self.first.push(what);
        }
    }
}

/// Asks the status API for a sample of the run's orders.
pub async fn reconcile(world: &Rc<World>, progress: &dyn Fn(u64, u64)) -> Reconciliation {
    let sample = world.ledger.borrow().sample();
    let orders = world.ledger.borrow().len();
    let mut found = Reconciliation { orders, ..Reconciliation::default() };
    let mut client = Client::new(world, None, 0x2_0000);
    let mut tokens = HashMap::new();
    for (number, entry) in sample.iter().enumerate() {
        let seller = entry.order.client_id.as_str();
        if !tokens.contains_key(seller) {
            let token = token(&mut client, seller).await;
            tokens.insert(seller.to_owned(), token);
        }
        match tokens.get(seller).and_then(Option::as_deref) {
            Some(token) => ask(&mut client, token, entry, &mut found).await,
            None => found.unanswered += 1,
        }
        progress(number as u64 + 1, sample.len() as u64);
    }
    found
}

/// A token of the provider's own.
async fn token(client: &mut Client, client_id: &str) -> Option<String> {
    let world = client.world.clone();
    let sellers = &world.credentials.providers;
    let seller = sellers.iter().find(|seller| seller.client_id == client_id)?;
    let fields = form(&[
        ("grant_type", "client_credentials"),
        ("scope", "purchases:read"),
        ("client_id", client_id),
        ("client_secret", &seller.client_secret),
    ]);
    let request = Request { path: "/oauth/token", form: Some(&fields), ..Request::default() };
    let answer = client.connection.send(&request).await.ok()?;
    let body: Value = serde_json::from_slice(client.body()).ok()?;
    let token = body["access_token"].as_str().filter(|_| answer.status == 200)?;
    Some(format!("Bearer {token}"))
}

async fn ask(client: &mut Client, token: &str, entry: &Entry, found: &mut Reconciliation) {
    let query = form(&[("reference", &entry.order.reference)]);
    let path = format!("/provider/v1/purchases?{query}");
    let request = Request { path: &path, authorization: token, ..Request::default() };
    let Ok(answer) = client.connection.send(&request).await else {
        found.unanswered += 1;
        return;
    };
    let receipt = match answer.status {
        200 => serde_json::from_slice::<Value>(client.body()).ok(),
        404 => None,
        _ => {
            found.unanswered += 1;
            return;
        }
    };
    found.asked += 1;
    judge(entry, receipt.as_ref(), found);
}

fn judge(entry: &Entry, receipt: Option<&Value>, found: &mut Reconciliation) {
    let reference = &entry.order.reference;
    if let Some(difference) = receipt.and_then(|receipt| difference(entry, receipt)) {
        found.fault(format!("{reference}: {difference}"));
        return;
    }
    match (entry.outcome, receipt.is_some()) {
        (Outcome::Acknowledged, true) => found.acknowledged += 1,
        (Outcome::Refused, false) => found.refused += 1,
        (Outcome::Unknown, true) => found.unknown_there += 1,
        (Outcome::Unknown, false) => found.unknown_absent += 1,
        (Outcome::Acknowledged, false) => {
            found.fault(format!("{reference}: it was acknowledged and is not there"));
        }
        (Outcome::Refused, true) => {
            found.fault(format!("{reference}: it was refused and is there"));
        }
    }
}

/// In what the receipt is another than was told.
fn difference(entry: &Entry, receipt: &Value) -> Option<String> {
    let number = receipt["receipt_number"].as_str().unwrap_or_default();
    let kind = match entry.kind {
        Kind::Purchase => "purchase",
        Kind::Cancellation => "cancellation",
    };
    if receipt["reference"] != entry.order.reference.as_str() || receipt["type"] != kind {
        return Some("the receipt is another order's".to_owned());
    }
    if !check::is_receipt_number(number) {
        return Some(format!("{number} is no receipt number"));
    }
    if entry.receipt_number.as_ref().is_some_and(|told| told != number) {
        return Some(format!("the number told was another than {number}"));
    }
    let is_same = |amount_yen| {
        receipt["amount"] == amount_yen && receipt["service"] == entry.service.as_str()
    };
    let differs = entry.amount_yen.is_some_and(|amount_yen| !is_same(amount_yen));
    differs.then(|| format!("{number} is of another service or amount"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ledger::OrderName;
    use serde_json::json;

    fn judged(outcome: Outcome, receipt: Option<Value>) -> Reconciliation {
        let entry = Entry {
            order: OrderName { client_id: "c".into(), reference: "r".into() },
            customer_id: String::new(),
            passport_id: String::new(),
            service: "x".into(),
            amount_yen: Some(300),
            outcome,
            receipt_number: Some("100000000016".into()),
            kind: Kind::Purchase,
        };
        let mut found = Reconciliation::default();
        judge(&entry, receipt.as_ref(), &mut found);
        found
    }

    /// Reliability I1 and I2, by what providers can see.
    #[test]
    fn what_is_otherwise_than_was_told_is_a_fault() {
        let there = |number: &str, amount: u64| {
            Some(json!({"type": "purchase", "reference": "r", "service": "x", "amount": amount,
                        "receipt_number": number}))
        };
        let good = there("100000000016", 300);
        assert_eq!(judged(Outcome::Acknowledged, good.clone()).acknowledged, 1);
        assert_eq!(judged(Outcome::Refused, None).refused, 1);
        assert_eq!(judged(Outcome::Unknown, good.clone()).unknown_there, 1);
        assert_eq!(judged(Outcome::Unknown, None).unknown_absent, 1);
        for (outcome, receipt) in [
            (Outcome::Acknowledged, None),
            (Outcome::Refused, good),
            (Outcome::Acknowledged, there("100000000024", 300)),
            (Outcome::Acknowledged, there("100000000017", 300)),
            (Outcome::Acknowledged, there("100000000016", 301)),
            (Outcome::Unknown, Some(json!({"type": "purchase", "reference": "other"}))),
        ] {
            let found = judged(outcome, receipt.clone());
            assert_eq!((found.faults, found.first.len()), (1, 1), "{outcome:?} {receipt:?}");
        }
    }
}
