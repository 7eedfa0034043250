//! What clients know: each attempt with its outcome, each order with its receipt. An answer that
//! never came is an outcome of its own: the change may have been made or not.

use super::{disk::Disk, world::Counts};
use linepass::{
    actors::{
        LineError, Overload,
        line::{Answer, Done},
    },
    domain::{
        ids::{ContractNumber, CustomerId, PassportNumber, ProviderId, ReceiptNumber, Reference},
        line::command::{Cancel, Purchase},
    },
    store::{Stream, key, record::to_json},
};
use std::collections::BTreeMap;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody knows.
    Unknown,
    /// It was acknowledged: its entry, as JSON.
    Made(Vec<u8>),
    /// It was acknowledged that nothing was changed by it.
    NotMade,
}

/// One attempt to change something.
pub struct Attempt {
    pub outcome: Outcome,
    /// It may come to more than one entry: a close or an erasure.
    pub of_many: bool,
    /// The string that it registers.
    pub name: Option<String>,
}

/// What is ordered, and by whom.
#[derive(Clone)]
pub enum Ordered {
    Purchase(Purchase),
    Cancel(Cancel),
}

/// An order of a provider's.
#[derive(Clone)]
pub struct OrderState {
    pub customer: CustomerId,
    pub ordered: Ordered,
    /// Its receipt, once somebody was told of it.
    pub receipt: Option<ReceiptNumber>,
    /// Nobody was ever told how it ended: with a receipt, or refused by a rule.
    pub is_open: bool,
}

/// The name of an order.
pub type OrderKey = (ProviderId, Reference);

/// A contract that somebody was told of.
pub type KnownContract = (CustomerId, PassportNumber, ProviderId, ContractNumber);

/// All that clients know.
#[derive(Default)]
pub struct Ledger {
    pub attempts: BTreeMap<String, Attempt>,
    pub orders: BTreeMap<OrderKey, OrderState>,
    /// Contracts that somebody was told of.
    pub contracts: Vec<KnownContract>,
    /// Changes that were turned away because the disk was full.
    no_room: u64,
    /// What must not be.
    pub violations: Vec<String>,
}

impl Ledger {
    /// An attempt begins; its ID goes with it into the journal.
    pub fn begin(&mut self, kind: &str, of_many: bool) -> String {
        let id = format!("{kind}-{}", self.attempts.len());
        let attempt = Attempt { outcome: Outcome::Unknown, of_many, name: None };
        self.attempts.insert(id.clone(), attempt);
        id
    }

    pub fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// Takes an answer into account. Whoever answers must have it on the disk.
    pub fn answered(
        &mut self,
        id: &str,
        customer: CustomerId,
        answer: &Answer,
        (disk, has_faults): (&Disk, bool),
    ) {
        let is_full = |error: &LineError| matches!(error, LineError::Busy(Overload::NoRoom));
        self.no_room += u64::from(answer.as_ref().is_err_and(|error| is_full(error)));
        match answer {
            Ok(done) => self.made(id, customer, done, disk),
            Err(error) => match &**error {
                LineError::Refused(_) | LineError::Busy(_) => self.settle(id, Outcome::NotMade),
                LineError::Stopping => {
                    self.violation(format!("{id}: answered as by a server that stops"));
                }
                // A process whose disk has failed may fail to read; the next one may not.
                LineError::Store(_) if has_faults => {}
                LineError::Store(error) => self.violation(format!("{id}: {error}")),
            },
        }
    }

    fn settle(&mut self, id: &str, outcome: Outcome) {
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.outcome = outcome;
        }
    }

    fn made(&mut self, id: &str, customer: CustomerId, done: &Done, disk: &Disk) {
        let own = !done.repeated && !done.entry.events.is_empty();
        let made_by = done.entry.request_id.as_deref().unwrap_or(id);
        let events = key::events_of(&Stream::Line(customer));
        let wanted = match &done.completed {
            Some(completed) => Some(completed.receipt.number().to_string()),
            None => own.then(|| format!("\"{made_by}\"")),
        };
        if wanted.is_some_and(|text| !disk.keeps_row_with(&events, &text)) {
            self.violation(format!("{id}: acknowledged before it was durable"));
        }
        let outcome = if own { Outcome::Made(to_json(&*done.entry)) } else { Outcome::NotMade };
        self.settle(id, outcome);
    }

    /// What it comes to.
    pub fn count(&self, counts: &mut Counts) {
        let outcomes = |wanted: fn(&Outcome) -> bool| {
            self.attempts.values().filter(|attempt| wanted(&attempt.outcome)).count() as u64
        };
        counts.unknown += outcomes(|outcome| matches!(outcome, Outcome::Unknown));
        counts.no_room += self.no_room;
        counts.refused += outcomes(|outcome| matches!(outcome, Outcome::NotMade));
        counts.purchases +=
            self.orders.values().filter(|order| order.receipt.is_some()).count() as u64;
    }

    /// An order was refused by a rule.
    pub fn refused(&mut self, order: &OrderKey) {
        if let Some(state) = self.orders.get_mut(order) {
            state.is_open = false;
        }
    }

    /// An order was answered with its receipt.
    pub fn told(&mut self, order: &OrderKey, receipt: ReceiptNumber) {
        let Some(state) = self.orders.get_mut(order) else { return };
        state.is_open = false;
        match state.receipt {
            Some(before) if before != receipt => {
                self.violations.push(format!("{order:?} has two receipts, {before} and {receipt}"));
            }
            _ => state.receipt = Some(receipt),
        }
    }
}
