//! What clients know of what they asked for, held against the store (I1, I2).
//!
//! A ledger is a file of JSON Lines, one for each order that a client made:
//!
//! ```json
//! {"order":{"client_id":"b-sha","reference":"r-1"},"kind":"purchase","customer_id":"CAF0000012573",
//!  "passport_id":"sakura01","service":"anime","amount_yen":300,"outcome":"acknowledged",
//!  "receipt_number":"100000000016"}
//! ```
//!
//! What was *acknowledged* is there, exactly as it was told. What was *refused* is not there. Of what
//! is *unknown*, since the answer was lost, either is right; where it is there, it is what was asked
//! for. A ledger that is complete names all orders of its providers: then nothing else of them is
//! there. Fields that a client does not know may be absent, but for the order, its kind and its
//! outcome.

use super::{
    Keyed,
    report::{Invariant, InvariantName},
};
use crate::{
    domain::{
        ids::{CustomerId, PassportNumber, ProviderId, ReceiptNumber, Reference, ServiceCode},
        line::{Entry, Event},
    },
    store::{
        Holder, Reservation, Section, Store, StoreError, Stream, key,
        record::{self, sha256},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashSet},
    io::{self, BufRead},
};

/// So many lines are held against the store at once.
pub const MOST_LINES: usize = 1_000;

/// Which order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LedgerOrder")]
pub struct OrderName {
    /// The provider that pushed it.
    pub client_id: ProviderId,
    /// Its reference.
    pub reference: Reference,
}

/// What was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LedgerKind")]
pub enum OrderKind {
    /// 購入.
    Purchase,
    /// 解約.
    Cancellation,
}

/// What the client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LedgerOutcome")]
pub enum ClientOutcome {
    /// That it is done.
    Acknowledged,
    /// That it is not.
    Refused,
    /// Nothing.
    Unknown,
}

/// What a client knows of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LedgerLine")]
pub struct LedgerLine {
    /// Which.
    pub order: OrderName,
    /// What was ordered.
    pub kind: OrderKind,
    /// The line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The passport ID's string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passport_id: Option<String>,
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceCode>,
    /// What it costs, in yen; of a purchase alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_yen: Option<u64>,
    /// What the client was told.
    pub outcome: ClientOutcome,
    /// The receipt number, where the client saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_number: Option<ReceiptNumber>,
}

/// A ledger that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFault {
    /// The file.
    #[error("the ledger cannot be read: {0}")]
    File(#[from] io::Error),
    /// A line of it.
    #[error("line {line} of the ledger: {what}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        what: serde_json::Error,
    },
}

/// The lines of a ledger; empty ones are passed over.
pub fn lines(file: impl BufRead) -> impl Iterator<Item = Result<LedgerLine, LedgerFault>> {
    file.lines().zip(1..).filter_map(|(text, line)| {
        let text = match text {
            Ok(text) if text.trim().is_empty() => return None,
            Ok(text) => text,
            Err(error) => return Some(Err(error.into())),
        };
        Some(serde_json::from_str(&text).map_err(|what| LedgerFault::Line { line, what }))
    })
}

/// What came of some of a ledger's lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LedgerHeld")]
pub struct Held {
    /// Lines whose orders must be there, or be there as they were asked for.
    pub kept: u64,
    /// What of them does not hold.
    pub kept_faults: Vec<String>,
    /// Lines whose orders must not be there.
    pub refused: u64,
    /// What of them does not hold.
    pub refused_faults: Vec<String>,
}

/// A page of a provider's completed orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CompletedOrders")]
pub struct OrderPage {
    /// Their references, in order.
    pub references: Vec<Reference>,
    /// Whether more come after them.
    pub more: bool,
}

/// Holds lines of a ledger against the store. Without `keyed`, passport IDs' strings are not compared.
///
/// # Errors
/// The store cannot be read.
pub async fn check(
    store: &dyn Store,
    keyed: Option<&dyn Keyed>,
    lines: &[LedgerLine],
) -> Result<Held, StoreError> {
    let mut held = Held::default();
    for line in lines {
        let there = completed(store, &line.order).await?;
        let name = format!("order {} of {}", line.order.reference, line.order.client_id);
        match (line.outcome, &there) {
            (ClientOutcome::Refused, None) => held.refused += 1,
            (ClientOutcome::Refused, Some(_)) => {
                held.refused += 1;
                held.refused_faults.push(format!("{name}: it was refused, and it is there"));
            }
            (ClientOutcome::Unknown, None) => held.kept += 1,
            (ClientOutcome::Acknowledged, None) => {
                held.kept += 1;
                held.kept_faults.push(format!("{name}: it was acknowledged, and it is not there"));
            }
            (_, Some(there)) => {
                held.kept += 1;
                for field in there.differs(store, keyed, line).await? {
                    held.kept_faults.push(format!("{name}: its {field}"));
                }
            }
        }
    }
    Ok(held)
}

/// An order as the store has it.
struct There {
    customer: CustomerId,
    passport: PassportNumber,
    kind: OrderKind,
    service: ServiceCode,
    amount: Option<u64>,
    receipt: Option<ReceiptNumber>,
}

async fn completed(store: &dyn Store, order: &OrderName) -> Result<Option<There>, StoreError> {
    let OrderName { client_id, reference } = order;
    let (provider, wanted) = (client_id.clone(), reference.clone());
    let reservation = Reservation::Order { provider, reference: wanted };
    let Some(Holder { customer, seq: Some(seq), .. }) = store.holder(&reservation).await? else {
        return Ok(None);
    };
    let rows = store.events(&Stream::Line(customer), seq.saturating_sub(1), 1).await?;
    let Some(row) = rows.first().filter(|row| row.seq == seq) else { return Ok(None) };
    let place = format!("event {seq} of {customer}");
    let entry: Entry = record::from_json(&place, &row.entry)?;
    Ok(entry.events.iter().find_map(|event| There::of(customer, event, client_id, reference)))
}

impl There {
    fn of(
        customer: CustomerId,
        event: &Event,
        client_id: &ProviderId,
        wanted: &Reference,
    ) -> Option<Self> {
        match event {
            Event::Purchased {
                provider, reference, passport, service, amount, receipt, ..
            } if provider == client_id && reference == wanted => Some(Self {
                customer,
                passport: *passport,
                kind: OrderKind::Purchase,
                service: service.clone(),
                amount: Some(amount.get()),
                receipt: Some(*receipt),
            }),
            Event::ContractEnded {
                provider,
                reference: Some(reference),
                passport,
                service,
                receipt,
                ..
            } if provider == client_id && reference == wanted => Some(Self {
                customer,
                passport: *passport,
                kind: OrderKind::Cancellation,
                service: service.clone(),
                amount: None,
                receipt: *receipt,
            }),
            _ => None,
        }
    }

    /// What is other than the client has it.
    async fn differs(
        &self,
        store: &dyn Store,
        keyed: Option<&dyn Keyed>,
        line: &LedgerLine,
    ) -> Result<Vec<String>, StoreError> {
        let mut fields = Vec::new();
        let mut compare = |field: &str, told: Option<String>, there: Option<String>| {
            if let Some(told) = told.filter(|told| Some(told) != there.as_ref()) {
                let there = there.unwrap_or_else(|| "nothing".to_owned());
                fields.push(format!("{field} was {told}, and is {there}"));
            }
        };
        let kind = |kind: OrderKind| match kind {
            OrderKind::Purchase => "purchase".to_owned(),
            OrderKind::Cancellation => "cancellation".to_owned(),
        };
        compare("kind", Some(kind(line.kind)), Some(kind(self.kind)));
        let text = |number: Option<ReceiptNumber>| number.map(|number| number.to_string());
        compare(
            "line",
            line.customer_id.map(|customer| customer.to_string()),
            Some(self.customer.to_string()),
        );
        compare(
            "service",
            line.service.as_ref().map(ToString::to_string),
            Some(self.service.to_string()),
        );
        let is_purchase = line.kind == OrderKind::Purchase;
        let told = line.amount_yen.filter(|_| is_purchase);
        compare(
            "amount in yen",
            told.map(|yen| yen.to_string()),
            self.amount.map(|yen| yen.to_string()),
        );
        compare("receipt number", text(line.receipt_number), text(self.receipt));
        if let Some((keyed, name)) = keyed.zip(line.passport_id.as_deref()) {
            let reservation = Reservation::PassportName(keyed.name_hash(name));
            let holder = store.holder(&reservation).await?;
            let is_it = holder.is_some_and(|holder| {
                (holder.customer, holder.passport) == (self.customer, Some(self.passport))
            });
            if !is_it {
                fields.push(format!("passport ID is not {name}"));
            }
        }
        Ok(fields)
    }
}

/// A page of a provider's completed orders after this one, by their references.
///
/// # Errors
/// The store cannot be read.
pub async fn orders(
    store: &dyn Store,
    provider: &ProviderId,
    after: Option<&Reference>,
) -> Result<OrderPage, StoreError> {
    let prefix = format!("o/{provider}/").into_bytes();
    let from =
        after.map_or_else(|| prefix.clone(), |after| [&prefix, after.as_str().as_bytes()].concat());
    let rows = store.raw_rows(Section::Orders, Some(&from), MOST_LINES).await?;
    let durable = store.durable_block();
    let more = rows.last().is_some_and(|row| row.key.starts_with(&prefix));
    let mut page = OrderPage { references: Vec::new(), more };
    for row in rows.iter().take_while(|row| row.key.starts_with(&prefix)) {
        let reference = std::str::from_utf8(&row.key[prefix.len()..]).ok();
        let reference = reference.and_then(|reference| reference.parse().ok());
        let (block, _) = record::decode(&row.key, &row.row)?;
        // Of a group that is not durable yet nobody was told.
        if block <= durable {
            let what = "its key names no reference";
            let known = reference.ok_or_else(|| StoreError::damaged(key::readable(&row.key), what));
            page.references.push(known?);
        }
    }
    Ok(page)
}

/// Who holds lines against a store: the store itself, or a server that is asked.
#[async_trait::async_trait(?Send)]
pub trait Holding {
    /// Why it cannot.
    type Error: From<LedgerFault>;

    /// What came of these lines, at most [`MOST_LINES`].
    async fn check(&mut self, lines: &[LedgerLine]) -> Result<Held, Self::Error>;

    /// A page of a provider's completed orders after this one.
    async fn orders(
        &mut self,
        provider: &ProviderId,
        after: Option<&Reference>,
    ) -> Result<OrderPage, Self::Error>;
}

/// Holds a whole ledger against a store: the two invariants of what clients know. `told` hears how
/// many lines are done.
///
/// A complete ledger's orders are remembered by a hash of 16 bytes each: this memory grows with the
/// ledger.
///
/// # Errors
/// The ledger cannot be read, or whoever holds it cannot.
pub async fn hold<H: Holding>(
    holding: &mut H,
    lines: impl Iterator<Item = Result<LedgerLine, LedgerFault>>,
    is_complete: bool,
    told: &mut dyn FnMut(u64),
) -> Result<[Invariant; 2], H::Error> {
    let mut invariants = [InvariantName::LedgerKept, InvariantName::LedgerOnly].map(Invariant::new);
    let (mut providers, mut named) = (BTreeSet::new(), HashSet::new());
    let mut part = Vec::with_capacity(MOST_LINES);
    let mut done = 0;
    for line in lines {
        let line = line?;
        if is_complete {
            providers.insert(line.order.client_id.clone());
            named.insert(name(&line.order.client_id, &line.order.reference));
        }
        part.push(line);
        if part.len() == MOST_LINES {
            take(&mut invariants, holding.check(&part).await?);
            done += part.len() as u64;
            told(done);
            part.clear();
        }
    }
    if !part.is_empty() {
        take(&mut invariants, holding.check(&part).await?);
        told(done + part.len() as u64);
    }
    for provider in &providers {
        let mut after = None;
        loop {
            let page = holding.orders(provider, after.as_ref()).await?;
            for reference in &page.references {
                invariants[1].checked += 1;
                if !named.contains(&name(provider, reference)) {
                    let what = "it is there, and the ledger does not have it";
                    invariants[1].fault(format!("order {reference} of {provider}: {what}"));
                }
            }
            after = page.references.last().cloned().or(after);
            if !page.more || page.references.is_empty() {
                break;
            }
        }
    }
    Ok(invariants)
}

fn take(invariants: &mut [Invariant; 2], held: Held) {
    invariants[0].checked += held.kept;
    invariants[1].checked += held.refused;
    held.kept_faults.into_iter().for_each(|fault| invariants[0].fault(fault));
    held.refused_faults.into_iter().for_each(|fault| invariants[1].fault(fault));
}

fn name(provider: &ProviderId, reference: &Reference) -> [u8; 16] {
    let digest = sha256(format!("{provider}/{reference}").as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}

/// A store that is at hand.
pub struct AtHand<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// Without it, passport IDs' strings are not compared.
    pub keyed: Option<&'a dyn Keyed>,
}

/// Why a ledger cannot be held against a store at hand.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerFault),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait::async_trait(?Send)]
impl Holding for AtHand<'_> {
    type Error = HoldError;

    async fn check(&mut self, lines: &[LedgerLine]) -> Result<Held, HoldError> {
        Ok(check(self.store, self.keyed, lines).await?)
    }

    async fn orders(
        &mut self,
        provider: &ProviderId,
        after: Option<&Reference>,
    ) -> Result<OrderPage, HoldError> {
        Ok(orders(self.store, provider, after).await?)
    }
}
