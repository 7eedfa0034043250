//! Personal rows as their events committed to them.

use crate::{
    domain::{ids::CustomerId, line::RowRef},
    store::{PersonalRow, Store, StoreError},
};

/// A personal row, held against the commitment in its event.
///
/// # Errors
/// It is missing, or not the row that its event committed to.
pub async fn committed(
    store: &dyn Store,
    customer: CustomerId,
    reference: RowRef,
) -> Result<PersonalRow, StoreError> {
    let row = store.personal(customer, reference.row).await?;
    let what = match row {
        Some(row) if row.reference(reference.row) == reference => return Ok(row),
        Some(_) => "it is not the row that its event committed to",
        None => "it is missing",
    };
    Err(StoreError::damaged(format!("personal row {} of {customer}", reference.row), what))
}
