//! What is used and what is left this month.
//!
//! A limit counts the calendar month's charges of the ID: live monthly contracts from the 1st on,
//! and per-use purchases. A renewal never ends anything; it only leaves less room. The line's own
//! total, deleted IDs included, may not pass the line limit either (decisions).

use super::{
    calendar::Month,
    charge,
    ids::{PassportNumber, ProviderId},
    line::{Contract, Line},
    order::PurchaseOrder,
    yen::Yen,
};

/// A month's charges of one passport ID and of its whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// What this passport ID is charged.
    pub by_passport: Yen,
    /// What the line is charged, deleted IDs included.
    pub by_line: Yen,
}

/// What `month` is charged, with the ID it is charged to: each of `contracts` as they stand or would
/// stand, and the sum of what the ID bought by use.
pub(in crate::domain) fn charges_of<'a>(
    line: &'a Line,
    contracts: impl IntoIterator<Item = &'a Contract>,
    month: Month,
) -> impl Iterator<Item = (PassportNumber, Yen)> {
    let monthly = charge::monthly_charges(contracts, month);
    let monthly = monthly.into_values().map(|charge| (charge.passport, charge.amount));
    monthly.chain(line.uses.sums_of(month))
}

/// What the whole line is charged in `month`, deleted IDs included.
pub fn used_by_line(line: &Line, month: Month) -> Yen {
    charges_of(line, line.contracts.values(), month).map(|(_, amount)| amount).sum()
}

/// What `month` is charged for, as far as it is known now.
pub fn used(line: &Line, passport: PassportNumber, month: Month) -> Used {
    let mut used = Used { by_passport: Yen::ZERO, by_line: Yen::ZERO };
    for (owner, amount) in charges_of(line, line.contracts.values(), month) {
        used.by_line = [used.by_line, amount].into_iter().sum();
        if owner == passport {
            used.by_passport = [used.by_passport, amount].into_iter().sum();
        }
    }
    used
}

/// What a purchase would make of a month's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Before it.
    pub used: Used,
    /// What it adds: nothing for a monthly service that the month is charged for already (R-024,
    ///
    pub added: Yen,
    /// Whether that is so.
    pub charged_already: bool,
}

impl Outlook {
    /// The outlook of `passport` buying `order` from `provider` in `month`; `monthly` as the
    /// catalogue has it.
    pub fn of(
        line: &Line,
        passport: PassportNumber,
        provider: &ProviderId,
        order: &PurchaseOrder,
        monthly: bool,
        month: Month,
    ) -> Self {
        let charged = charge::monthly_charges(line.contracts.values(), month);
        let charged_already =
            monthly && charged.contains_key(&(passport, provider, &order.service));
        let added = if charged_already { Yen::ZERO } else { order.amount };
        Self { used: used(line, passport, month), added, charged_already }
    }
}

/// Whether `added` still fits: exactly reaching a limit is allowed (R-115, 「超えて」).
pub fn fits(used: Yen, added: Yen, limit: Yen) -> bool {
    used.checked_add(added).is_some_and(|sum| sum <= limit)
}

/// The limit of a new passport ID: the smaller of the default and what the line limit leaves
/// beside the other IDs.
pub fn initial_limit(line: &Line, default: Yen) -> Yen {
    default.min(line.line_limit.left_after(sum_of_limits(line)))
}

/// The sum of the limits of the IDs that are not deleted: it may not pass the line's.
pub fn sum_of_limits(line: &Line) -> Yen {
    line.live_passports().map(|passport| passport.limit).sum()
}
