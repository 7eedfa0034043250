//! Completed orders, looked up by the provider's reference: what makes a repeated order harmless.

use crate::{
    domain::{
        ids::{ProviderId, Reference},
        line::Entry,
        receipt::Completed,
    },
    store::{Reservation, Store, StoreError, Stream, record},
};

/// The completed order of a provider's reference, or `None` as long as nothing was bought.
pub async fn completed(
    store: &dyn Store,
    provider: &ProviderId,
    reference: &Reference,
) -> Result<Option<Completed>, StoreError> {
    let reservation =
        Reservation::Order { provider: provider.clone(), reference: reference.clone() };
    let Some(holder) = store.holder(&reservation).await? else { return Ok(None) };
    let place = format!("order {reference} of {provider}");
    let lost = || StoreError::damaged(&*place, "the event that completed it is missing");
    let after = holder.seq.and_then(|seq| seq.checked_sub(1)).ok_or_else(lost)?;
    let rows = store.events(&Stream::Line(holder.customer), after, 1).await?;
    let row = rows.first().ok_or_else(lost)?;
    let entry: Entry = record::from_json(&place, &row.entry)?;
    Completed::of(holder.customer, &entry, provider, reference).map(Some).ok_or_else(lost)
}
