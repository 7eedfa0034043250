//! A month's bill of one line: what is charged, by provider, and how it is billed.
//!
//! The bill of an open month is told from the line's state; the close fixes exactly that, so a
//! preview and the close that follows it agree to the byte.

use super::{
    calendar::Month,
    charge,
    ids::ProviderId,
    line::{
        Contract, Line, PerUseCharge, RowRef,
        event::{BillingRoute, ClosedCorrection, ClosedItem},
    },
};

/// What one line is billed for a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineBill {
    /// The month of the charges.
    pub month: Month,
    /// How it is billed: the route valid at the close, also where it changed meanwhile.
    pub route: BillingRoute,
    /// The record with the billing number valid at the close.
    pub record: RowRef,
    /// The charges, by 利用開始日 and receipt.
    pub items: Vec<ClosedItem>,
    /// Corrections of earlier months' bills, in the order in which they were made.
    pub corrections: Vec<ClosedCorrection>,
}

/// One provider's line of a bill: never one for each item or ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderBill<'a> {
    /// Who sold.
    pub provider: &'a ProviderId,
    /// Its name as the bill prints it.
    pub name: &'a str,
    /// What its items and corrections come to, in yen; corrections may make it negative.
    pub amount_yen: i64,
    /// The charges.
    pub items: Vec<&'a ClosedItem>,
    /// The corrections.
    pub corrections: Vec<&'a ClosedCorrection>,
}

/// A part of an itemisation that fits into one row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The charges of this part.
    pub items: Vec<ClosedItem>,
    /// The corrections of this part.
    pub corrections: Vec<ClosedCorrection>,
}

/// So much JSON one part may take, in bytes: well below the largest row.
const PART_BYTES: usize = 40_000;
/// What an item's JSON takes beside its texts, in bytes, at most.
const ITEM_BYTES: usize = 320;

/// An amount as a signed number; none comes near the bound.
pub fn signed_yen(amount: super::yen::Yen) -> i64 {
    i64::try_from(amount.get()).unwrap_or(i64::MAX)
}

impl LineBill {
    /// The bill of a month that is not closed, as it stands now: contracts charged for it, one for
    /// each ID and service, what was bought per use in it, and the corrections made in it.
    pub fn of_open_month(line: &Line, month: Month) -> Self {
        let charges = charge::monthly_charges(line.contracts.values(), month);
        let contracts = charges.values().filter_map(|charge| line.contracts.get(&charge.contract));
        let uses = line.uses.of(month).map(ClosedItem::from);
        let mut items: Vec<ClosedItem> = contracts.map(ClosedItem::from).chain(uses).collect();
        items.sort_by_key(|item| (item.bought_at, item.receipt));
        let made_in_it = |correction: &&ClosedCorrection| correction.at.month() == month;
        let corrections = line.corrections.iter().filter(made_in_it).cloned().collect();
        let (route, record) = (line.billing, line.rows.record);
        Self { month, route, record, items, corrections }
    }

    /// Whether there is nothing to bill: no charge and no correction. A service that is free is
    /// itemised at 0 yen.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.corrections.is_empty()
    }

    /// What the line is billed, in yen.
    pub fn total_yen(&self) -> i64 {
        let items = self.items.iter().map(|item| signed_yen(item.amount));
        items
            .chain(self.corrections.iter().map(|one| one.difference_yen))
            .fold(0, i64::saturating_add)
    }

    /// One line for each provider, by its ID.
    pub fn providers(&self) -> Vec<ProviderBill<'_>> {
        let items = self.items.iter().map(|item| (item, None));
        let corrections = self.corrections.iter().map(|one| (&one.item, Some(one)));
        let mut bills: Vec<ProviderBill<'_>> = Vec::new();
        for (item, correction) in items.chain(corrections) {
            let at = bills.iter().position(|bill| *bill.provider == item.provider);
            let at = at.unwrap_or_else(|| {
                bills.push(ProviderBill {
                    provider: &item.provider,
                    name: &item.provider_name,
                    amount_yen: 0,
                    items: Vec::new(),
                    corrections: Vec::new(),
                });
                bills.len() - 1
            });
            let Some(bill) = bills.get_mut(at) else { continue };
            let amount_yen = if let Some(correction) = correction {
                bill.corrections.push(correction);
                correction.difference_yen
            } else {
                bill.items.push(item);
                signed_yen(item.amount)
            };
            bill.amount_yen = bill.amount_yen.saturating_add(amount_yen);
        }
        bills.sort_by(|one, other| one.provider.cmp(other.provider));
        bills
    }

    /// The itemisation in parts that fit into a row each, always the same for the same bill; one
    /// part at least. The corrections stand in the first.
    pub fn into_parts(self) -> Vec<Part> {
        let mut parts = vec![Part { items: Vec::new(), corrections: Vec::new() }];
        let mut bytes = 0;
        let items = self.items.into_iter().map(|item| (item, None));
        let corrections = self.corrections.into_iter().map(|one| (one.item.clone(), Some(one)));
        for (item, correction) in corrections.chain(items) {
            let own = ITEM_BYTES + texts_bytes(&item);
            if bytes + own > PART_BYTES && bytes > 0 {
                parts.push(Part { items: Vec::new(), corrections: Vec::new() });
                bytes = 0;
            }
            bytes += own;
            if let Some(part) = parts.last_mut() {
                match correction {
                    Some(correction) => part.corrections.push(correction),
                    None => part.items.push(item),
                }
            }
        }
        parts
    }
}

/// JSON writes a quote or a backslash as two bytes; control characters stand in no name.
fn texts_bytes(item: &ClosedItem) -> usize {
    let texts =
        [item.provider.as_str(), &item.provider_name, item.service.as_str(), &item.service_name];
    texts.iter().map(|text| text.len() * 2).sum()
}

impl From<&Contract> for ClosedItem {
    fn from(contract: &Contract) -> Self {
        Self {
            receipt: contract.number.0,
            passport: contract.passport,
            provider: contract.provider.clone(),
            provider_name: contract.provider_name.clone(),
            service: contract.service.clone(),
            service_name: contract.service_name.clone(),
            quantity: 1,
            amount: contract.unit_price,
            bought_at: contract.bought_at,
        }
    }
}

impl From<&PerUseCharge> for ClosedItem {
    fn from(charged: &PerUseCharge) -> Self {
        let sold = &charged.sold;
        Self {
            receipt: charged.receipt,
            passport: charged.passport,
            provider: sold.provider.clone(),
            provider_name: sold.provider_name.clone(),
            service: sold.service.clone(),
            service_name: sold.service_name.clone(),
            quantity: charged.quantity,
            amount: charged.amount,
            bought_at: charged.at,
        }
    }
}

/// The first month that is not closed and for which the line is charged, where there is one before
/// `month`: it must be closed first, since a close forgets what was last charged up to it.
pub fn earlier_open_month(line: &Line, month: Month) -> Option<Month> {
    let first_open = |from: Month| match line.closed_through {
        Some(closed) if from <= closed => closed.next(),
        _ => from,
    };
    let uses = line.uses.iter().map(|charged| first_open(charged.at.month()));
    let corrections = line.corrections.iter().map(|one| one.at.month());
    let corrections = corrections.filter(|made| line.closed_through.is_none_or(|c| *made > c));
    let contracts = line.contracts.values().filter_map(|contract| {
        let open = first_open(contract.bought_at.month());
        charge::is_charged(contract, open).then_some(open)
    });
    uses.chain(corrections).chain(contracts).filter(|open| *open < month).min()
}

/// The month in which a month's charges are billed: the next by default, by route.
pub fn issue_month(month: Month, months_later: u8) -> Month {
    (0..months_later).fold(month, |month, _| month.next())
}
