//! Many lines' bills, page by page: those of a closed month from the journal, found by where the
//! close put them; those of an open month from the lines as they stand.

use super::{LineError, bulk::Bulk, personal};
use crate::{
    domain::{
        bill::LineBill,
        calendar::Month,
        ids::CustomerId,
        line::{Entry, Event, RowRef},
        statement::is_closed,
    },
    store::{BillPlace, Store, StoreError, Stream, record, record::Personal},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

/// Lines that are read side by side.
const SIDE_BY_SIDE: usize = 64;
/// The name under which the record has the billing number.
const BILLING_NUMBER: &str = "billing_number";

/// A line's bill with what is needed to hand it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressedBill {
    /// Whose.
    pub customer: CustomerId,
    /// 請求先お客さま番号 of the record valid at the close; none where the record has none, or was
    /// erased after its term.
    pub billing_number: Option<String>,
    /// The bill.
    pub bill: LineBill,
}

/// A page of bills, by customer ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillPage {
    /// The bills; a page of an open month may have none and yet not be the last.
    pub bills: Vec<AddressedBill>,
    /// After whom the next page begins; none after the last.
    pub next: Option<CustomerId>,
}

/// Bills of a closed month, of at most about `limit` lines after `after`.
pub async fn closed(
    store: &dyn Store,
    month: Month,
    after: Option<CustomerId>,
    limit: usize,
) -> Result<BillPage, StoreError> {
    let after = after.map(|customer| BillPlace { customer, part: u32::MAX });
    let mut parts = store.bills(month, after, limit).await?;
    let is_full = parts.len() >= limit;
    // The last line's other parts are its bill too.
    while let Some((last, _)) = parts.last().copied().filter(|_| is_full) {
        let more = store.bills(month, Some(last), 1).await?;
        let same = more.into_iter().filter(|(place, _)| place.customer == last.customer);
        let before = parts.len();
        parts.extend(same);
        if parts.len() == before {
            break;
        }
    }
    let next = parts.last().map(|(place, _)| place.customer).filter(|_| is_full);
    let of_lines: Vec<(CustomerId, Vec<u64>)> = parts
        .chunk_by(|(one, _), (other, _)| one.customer == other.customer)
        .map(|parts| (parts[0].0.customer, parts.iter().map(|(_, seq)| *seq).collect()))
        .collect();
    let bills = stream::iter(of_lines)
        .map(|(customer, seqs)| closed_bill(store, month, customer, seqs))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    Ok(BillPage { bills, next })
}

async fn closed_bill(
    store: &dyn Store,
    month: Month,
    customer: CustomerId,
    seqs: Vec<u64>,
) -> Result<AddressedBill, StoreError> {
    let line = Stream::Line(customer);
    let damaged =
        || StoreError::damaged(format!("the bill of {customer} for {month}"), "it is missing");
    let mut bill: Option<LineBill> = None;
    for seq in seqs {
        let rows = store.events(&line, seq - 1, 1).await?;
        let row = rows.into_iter().find(|row| row.seq == seq).ok_or_else(damaged)?;
        let entry: Entry = record::from_json(&format!("event {seq} of {line}"), &row.entry)?;
        for event in entry.events {
            let Event::MonthClosed { month: of, billing, record, items, corrections, .. } = event
            else {
                continue;
            };
            if of == month {
                let bill = bill.get_or_insert_with(|| LineBill {
                    month,
                    route: billing,
                    record,
                    items: Vec::new(),
                    corrections: Vec::new(),
                });
                bill.items.extend(items);
                bill.corrections.extend(corrections);
            }
        }
    }
    let bill = bill.ok_or_else(damaged)?;
    let billing_number = billing_number(store, customer, bill.record).await?;
    Ok(AddressedBill { customer, billing_number, bill })
}

/// The bills that a month that is not closed would have now: of those among the next `limit` lines
/// that are charged.
pub async fn open(
    bulk: &Bulk,
    store: &dyn Store,
    month: Month,
    after: Option<CustomerId>,
    limit: usize,
) -> Result<BillPage, Arc<LineError>> {
    let lines = bulk.lines_after(after, limit).await;
    let lines = lines.map_err(|error| Arc::new(LineError::Store(error)))?;
    let next = lines.last().copied().filter(|_| lines.len() >= limit);
    let bills: Vec<Option<AddressedBill>> = stream::iter(lines)
        .map(|customer| open_bill(bulk, store, month, customer))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    Ok(BillPage { bills: bills.into_iter().flatten().collect(), next })
}

async fn open_bill(
    bulk: &Bulk,
    store: &dyn Store,
    month: Month,
    customer: CustomerId,
) -> Result<Option<AddressedBill>, Arc<LineError>> {
    let view = bulk.look(customer).await?;
    let line = view.line.as_deref().filter(|line| !is_closed(line, month));
    let bill = line.map(|line| LineBill::of_open_month(line, month));
    let Some(bill) = bill.filter(|bill| !bill.is_empty()) else { return Ok(None) };
    let billing_number = billing_number(store, customer, bill.record).await;
    let billing_number = billing_number.map_err(|error| Arc::new(LineError::Store(error)))?;
    Ok(Some(AddressedBill { customer, billing_number, bill }))
}

async fn billing_number(
    store: &dyn Store,
    customer: CustomerId,
    record: RowRef,
) -> Result<Option<String>, StoreError> {
    if store.personal(customer, record.row).await?.is_none() {
        return Ok(None);
    }
    match personal::committed(store, customer, record).await?.data {
        Personal::LineRecord { mut fields } => Ok(fields.remove(BILLING_NUMBER)),
        _ => Err(StoreError::damaged(
            format!("personal row {} of {customer}", record.row),
            "it is of another kind",
        )),
    }
}

/// One line's bill of a closed month; none where it was not billed.
pub async fn closed_of_line(
    store: &dyn Store,
    month: Month,
    customer: CustomerId,
) -> Result<Option<AddressedBill>, StoreError> {
    let (mut seqs, mut after) = (Vec::new(), BillPlace { customer, part: 0 });
    loop {
        let next = store.bills(month, Some(after), 1).await?;
        let Some((place, seq)) = next.into_iter().find(|(place, _)| place.customer == customer)
        else {
            break;
        };
        seqs.push(seq);
        after = place;
    }
    if seqs.is_empty() {
        return Ok(None);
    }
    closed_bill(store, month, customer, seqs).await.map(Some)
}
