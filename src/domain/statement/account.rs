//! How the account stands: this month's total, each ID's use of its limit, live contracts, and what
//! the last months came to (beyond the guide; experience.md 26 and 27).

use super::{is_closed, open_rows, provider_totals, total};
use crate::domain::{
    calendar::{Instant, Month},
    charge,
    ids::{ContractNumber, PassportNumber},
    limit,
    line::{Contract, Line, ProviderTotal},
    yen::Yen,
};

/// Months that the graph shows, the running one last.
const GRAPH_MONTHS: usize = 12;

/// What a month came to, or comes to as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthTotal {
    /// Which month.
    pub month: Month,
    /// What all of it comes to.
    pub total: Yen,
    /// The same for each provider, in the order of their IDs.
    pub providers: Vec<ProviderTotal>,
}

/// The last twelve months up to that of `now`, the oldest first. Months before the line was opened
/// come to nothing.
pub fn month_totals(line: &Line, now: Instant) -> Vec<MonthTotal> {
    let last = now.month();
    let back = std::iter::successors(Some(last), |month| Some(month.previous()));
    let mut totals: Vec<_> =
        back.take(GRAPH_MONTHS).map(|month| month_total(line, month)).collect();
    totals.reverse();
    totals
}

fn month_total(line: &Line, month: Month) -> MonthTotal {
    if is_closed(line, month) {
        let closed = line.closed.get(&month);
        let total = closed.map_or(Yen::ZERO, |closed| closed.total);
        let mut providers = closed.map_or_else(Vec::new, |closed| closed.providers.clone());
        providers.sort_by(|one, other| one.provider.cmp(&other.provider));
        return MonthTotal { month, total, providers };
    }
    let rows = open_rows(line, month);
    MonthTotal { month, total: total(&rows), providers: provider_totals(&rows) }
}

/// What an ID has used of its limit this month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassportUse {
    /// Which ID.
    pub passport: PassportNumber,
    /// What it is charged this month.
    pub used: Yen,
    /// What it may be charged in a month.
    pub limit: Yen,
}

/// A monthly contract that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveContract {
    /// Its number.
    pub number: ContractNumber,
    /// Whose it is: that ID alone may cancel it.
    pub passport: PassportNumber,
    /// Who sold it.
    pub provider_name: String,
    /// What it is.
    pub service_name: String,
    /// What it costs a month.
    pub unit_price: Yen,
    /// Since when.
    pub bought_at: Instant,
    /// The last month it would be charged for if it ended now.
    pub last_month_if_ended_now: Month,
    /// The first month that ending it would spare: it is charged from that month's 1st on, and a
    /// cancellation on that day still spares it.
    pub next_charge: Month,
}

/// The account at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The running month.
    pub month: Month,
    /// What it comes to so far, deleted IDs included.
    pub total: Yen,
    /// What the line may be charged in a month.
    pub line_limit: Yen,
    /// Each ID that is not deleted, in the order of their numbers.
    pub passports: Vec<PassportUse>,
    /// The part of the total that deleted IDs bought.
    pub deleted_used: Yen,
    /// Live contracts, the oldest first.
    pub contracts: Vec<LiveContract>,
    /// The last twelve months, this one last.
    pub months: Vec<MonthTotal>,
}

/// How the line's account stands at `now`.
pub fn account(line: &Line, now: Instant) -> Account {
    let month = now.month();
    let use_of = |passport: PassportNumber, limit: Yen| PassportUse {
        passport,
        used: limit::used(line, passport, month).by_passport,
        limit,
    };
    let passports: Vec<_> = line.live_passports().map(|id| use_of(id.number, id.limit)).collect();
    let months = month_totals(line, now);
    let total = months.last().map_or(Yen::ZERO, |this| this.total);
    let by_live: Yen = passports.iter().map(|id| id.used).sum();
    let mut live: Vec<&Contract> = line.contracts.values().filter(|one| one.is_live()).collect();
    live.sort_by_key(|contract| (contract.bought_at, contract.number));
    Account {
        month,
        total,
        line_limit: line.line_limit,
        passports,
        deleted_used: total.left_after(by_live),
        contracts: live.into_iter().map(|contract| live_contract(contract, now)).collect(),
        months,
    }
}

fn live_contract(contract: &Contract, now: Instant) -> LiveContract {
    let last = charge::last_charged_month(contract.bought_at, now);
    LiveContract {
        number: contract.number,
        passport: contract.passport,
        provider_name: contract.provider_name.clone(),
        service_name: contract.service_name.clone(),
        unit_price: contract.unit_price,
        bought_at: contract.bought_at,
        last_month_if_ended_now: last,
        next_charge: last.next(),
    }
}
