//! Completed orders and contracts, looked up by what their provider knows of them: what makes a
//! repeated order harmless, and what a provider is told afterwards. No line is woken for it.

use crate::{
    domain::{
        contract_status::{Contract, ContractStatus},
        ids::{ContractNumber, CustomerId, ProviderId, ReceiptNumber, Reference},
        line::{Entry, Event},
        receipt::Completed,
    },
    store::{Put, ReceiptKey, ReceiptPlace, Reservation, Store, StoreError, Stream, record},
};

/// The completed order of a provider's reference, or `None` as long as nothing was bought.
pub async fn completed(
    store: &dyn Store,
    provider: &ProviderId,
    reference: &Reference,
) -> Result<Option<Completed>, StoreError> {
    let reservation =
        Reservation::Order { provider: provider.clone(), reference: reference.clone() };
    let Some((holder, row)) = store.taken(&reservation).await? else { return Ok(None) };
    let place = format!("order {reference} of {provider}");
    let row = row.ok_or_else(|| lost(&place))?;
    let entry: Entry = record::from_json(&place, &row.entry)?;
    let completed = Completed::of(holder.customer, &entry, provider, reference);
    completed.map(Some).ok_or_else(|| lost(&place))
}

/// The completed order of a provider's that has this receipt number. Another provider's is found
/// no more than one that does not exist, by the same single read.
pub async fn by_number(
    store: &dyn Store,
    provider: &ProviderId,
    number: ReceiptNumber,
) -> Result<Option<Completed>, StoreError> {
    let Some(found) = own(store, provider, ReceiptKey::Order(number)).await? else {
        return Ok(None);
    };
    let place = format!("receipt {number}");
    let entry = entry(store, &place, found.customer, found.seq).await?;
    let completed = Completed::numbered(found.customer, &entry, provider, number);
    completed.map(Some).ok_or_else(|| lost(&place))
}

/// How a provider's contract stands, with its line; `None` as for [`by_number`], and where the
/// number is that of another kind of order.
pub async fn contract(
    store: &dyn Store,
    provider: &ProviderId,
    number: ContractNumber,
) -> Result<Option<(CustomerId, ContractStatus)>, StoreError> {
    let Some(found) = own(store, provider, ReceiptKey::Order(number.0)).await? else {
        return Ok(None);
    };
    let place = format!("contract {number}");
    let opened = entry(store, &place, found.customer, found.seq).await?;
    let Some(contract) = Contract::opened_by(&opened, provider, number) else { return Ok(None) };
    let status = match store.receipt(ReceiptKey::End(number)).await? {
        None => ContractStatus::Live(contract),
        // Who sold a contract ended it too: a row of another's is no end that may be passed over.
        Some(end) if end.provider != *provider => return Err(lost(&place)),
        Some(end) => {
            let entry = entry(store, &place, end.customer, end.seq).await?;
            ContractStatus::Ended(contract.ended_by(&entry).ok_or_else(|| lost(&place))?)
        }
    };
    Ok(Some((found.customer, status)))
}

/// The rows by which what these events completed and ended is found: they are put with the events,
/// and `upgrade` adds them to those of a store that has none yet.
pub fn index_rows(customer: CustomerId, seq: u64, events: &[Event]) -> Vec<Put> {
    let put = |key, provider: &ProviderId| Put::Receipt {
        key,
        place: ReceiptPlace { provider: provider.clone(), customer, seq },
    };
    let mut rows = Vec::new();
    for event in events {
        match event {
            Event::Purchased { receipt, provider, .. } => {
                rows.push(put(ReceiptKey::Order(*receipt), provider));
            }
            Event::ContractEnded { contract, provider, receipt, .. } => {
                rows.extend(receipt.map(|number| put(ReceiptKey::Order(number), provider)));
                rows.push(put(ReceiptKey::End(*contract), provider));
            }
            _ => {}
        }
    }
    rows
}

/// Where something with a receipt number stands, if it is this provider's.
async fn own(
    store: &dyn Store,
    provider: &ProviderId,
    key: ReceiptKey,
) -> Result<Option<ReceiptPlace>, StoreError> {
    Ok(store.receipt(key).await?.filter(|place| place.provider == *provider))
}

/// The entry that a row names; `place` names it in errors.
async fn entry(
    store: &dyn Store,
    place: &str,
    customer: CustomerId,
    seq: u64,
) -> Result<Entry, StoreError> {
    let after = seq.checked_sub(1).ok_or_else(|| lost(place))?;
    let rows = store.events(&Stream::Line(customer), after, 1).await?;
    let row = rows.first().filter(|row| row.seq == seq).ok_or_else(|| lost(place))?;
    record::from_json(place, &row.entry)
}

fn lost(place: &str) -> StoreError {
    StoreError::damaged(place, "the event that its row names is missing, or is another")
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
