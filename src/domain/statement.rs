//! ⑦ ご利用明細: a month's rows, what months came to, and how the account stands.
//!
//! The open months are told from the line's state. A closed month is told from its itemisation in
//! the journal, which was fixed when it was closed; [`itemised`] says which that is.

mod account;
mod paging;
mod search;

pub use account::{Account, LiveContract, MonthTotal, PassportUse, account, month_totals};
pub use paging::{PAGE_LINKS, PAGE_ROWS, Paging};
pub use search::{MonthFault, Search, SearchFaults, month_from_text, search};

use super::{
    bill::{LineBill, signed_yen},
    calendar::{Instant, Month},
    ids::{PassportNumber, ProviderId, ReceiptNumber},
    line::{
        ClosedMonth, Line, ProviderTotal,
        event::{ClosedCorrection, ClosedItem},
    },
    yen::Yen,
};

/// One row of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// 申込受付番号.
    pub receipt: ReceiptNumber,
    /// フレッツ・パスポートID, by its number: the row follows the ID, not its string.
    pub passport: PassportNumber,
    /// Who sold.
    pub provider: ProviderId,
    /// 事業者名, as it stood at the purchase.
    pub provider_name: String,
    /// コンテンツ名, as it stood at the purchase.
    pub service_name: String,
    /// 単価.
    pub unit_price: Yen,
    /// 数量.
    pub quantity: u32,
    /// 金額: price times pieces.
    pub amount: Yen,
    /// 利用開始日: the purchase, in every month that a contract is charged for.
    pub started_at: Instant,
}

/// The itemisation that tells of `month`, where the month is closed and anything was billed; the
/// rows then stand in the journal, and [`rows_of_itemisation`] reads them.
pub fn itemised(line: &Line, month: Month) -> Option<&ClosedMonth> {
    line.closed.get(&month).filter(|_| is_closed(line, month))
}

/// Whether the month is fixed as billed.
pub fn is_closed(line: &Line, month: Month) -> bool {
    line.closed_through >= Some(month)
}

/// The rows of a month that is not closed, in the statement's order: contracts charged for it, one
/// for each ID and service, with the first contract's price and start, and what was bought
/// per use in it. A closed month has none here.
pub fn open_rows(line: &Line, month: Month) -> Vec<Row> {
    if is_closed(line, month) {
        return Vec::new();
    }
    rows_of_itemisation(&LineBill::of_open_month(line, month).items)
}

/// The rows of a closed month's itemisation, in the statement's order.
pub fn rows_of_itemisation(items: &[ClosedItem]) -> Vec<Row> {
    in_order(items.iter().map(Row::from).collect())
}

/// The rows of one ID, or of all IDs that the line ever had.
pub fn of_passport(rows: Vec<Row>, passport: Option<PassportNumber>) -> Vec<Row> {
    let wanted = |row: &Row| passport.is_none_or(|number| row.passport == number);
    rows.into_iter().filter(wanted).collect()
}

/// What rows come to.
pub fn total(rows: &[Row]) -> Yen {
    rows.iter().map(|row| row.amount).sum()
}

/// The corrections of earlier months' bills that a month's bill carries, of one ID or of all: they
/// name the month that was wrong.
pub fn corrections(
    line: &Line,
    month: Month,
    passport: Option<PassportNumber>,
) -> Vec<&ClosedCorrection> {
    let wanted = |one: &&ClosedCorrection| {
        one.at.month() == month && passport.is_none_or(|number| one.item.passport == number)
    };
    line.corrections.iter().filter(wanted).collect()
}

/// What a month is billed, in yen: its rows and the corrections that it carries.
pub fn billed_yen(rows: &[Row], corrections: &[&ClosedCorrection]) -> i64 {
    let corrected = corrections.iter().map(|one| one.difference_yen);
    corrected.fold(signed_yen(total(rows)), i64::saturating_add)
}

/// What rows come to for each provider, in the order of the providers' IDs.
pub fn provider_totals(rows: &[Row]) -> Vec<ProviderTotal> {
    let mut totals = Vec::new();
    for row in rows {
        ProviderTotal::add(&mut totals, &row.provider, &row.provider_name, row.amount);
    }
    totals.sort_by(|one, other| one.provider.cmp(&other.provider));
    totals
}

/// By 利用開始日, then by 申込受付番号.
fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| (row.started_at, row.receipt));
    rows
}

impl From<&ClosedItem> for Row {
    /// An itemisation gives the sum; the price of one is a whole part of it, since an order's
    /// amount is its price times its pieces.
    fn from(item: &ClosedItem) -> Self {
        Self {
            receipt: item.receipt,
            passport: item.passport,
            provider: item.provider.clone(),
            provider_name: item.provider_name.clone(),
            service_name: item.service_name.clone(),
            unit_price: Yen::new(item.amount.get() / u64::from(item.quantity.max(1))),
            quantity: item.quantity,
            amount: item.amount,
            started_at: item.bought_at,
        }
    }
}
