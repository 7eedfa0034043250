//! A line's account kept once more, from its events and the guide alone: what is charged in which
//! month, within which limits, and what goes on after a restriction. It shares no
//! code with `domain::charge`, `bill` and `limit`.
//!
//! A contract is charged for each month from that of 購入 to that of 解約; not for the last where 解約
//! falls on its 1st and 購入 does not fall into it. One ID pays once a month for one
//! service, at the price of the month's first contract.

use super::{
    calendar::{CountedMonth, month_and_day},
    report::{Found, InvariantName},
};
use crate::domain::{
    calendar::{Instant, Month},
    ids::{ProviderId, ReceiptNumber, ServiceCode},
    line::{
        Entry, Event, RowRef,
        event::{Barrier, BillingRoute, ClosedCorrection, ClosedItem},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// A monthly contract.
struct Bought {
    item: ClosedItem,
    month: CountedMonth,
    /// The last month that it is charged for, where it has ended.
    last: Option<CountedMonth>,
}

impl Bought {
    fn is_charged(&self, month: CountedMonth) -> bool {
        self.month <= month && self.last.is_none_or(|last| month <= last)
    }
}

struct Id {
    limit: u64,
    is_deleted: bool,
}

/// A month's close that is under way: the parts that were written.
struct Closing {
    month: Month,
    items: Vec<ClosedItem>,
    corrections: Vec<ClosedCorrection>,
}

/// What bars new use, and what ends what was bought.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "four bars, each with its own cause (R-149)")]
struct Bars {
    restricted: bool,
    stopped: bool,
    unbillable: bool,
    ended: bool,
}

impl Bars {
    fn set(&mut self, barrier: Barrier, stands: bool) {
        match barrier {
            Barrier::CustomerRestriction => self.restricted = stands,
            Barrier::CompanyStop => self.stopped = stands,
            Barrier::Unbillable => self.unbillable = stands,
        }
    }

    /// Why no contract may be live, where none may.
    const fn ends_contracts(&self) -> Option<&'static str> {
        match self {
            Self { restricted: true, .. } => Some("the line is restricted by its customer"),
            Self { unbillable: true, .. } => Some("the line's billing number carries no charges"),
            Self { ended: true, .. } => Some("the line has ended"),
            Self { .. } => None,
        }
    }
}

/// One line's account.
pub struct Account {
    place: String,
    line_limit: u64,
    ids: BTreeMap<u32, Id>,
    /// Contracts that a month which is not closed may be charged for.
    contracts: BTreeMap<ReceiptNumber, Bought>,
    /// Those of them that the running month may be charged for.
    current: Vec<ReceiptNumber>,
    /// What was bought per use in months that are not closed.
    uses: Vec<(CountedMonth, ClosedItem)>,
    /// What each ID bought per use in a month, summed up.
    used: BTreeMap<(CountedMonth, u32), u64>,
    corrections: Vec<(CountedMonth, ClosedCorrection)>,
    bars: Bars,
    route: BillingRoute,
    record: Option<RowRef>,
    closed: BTreeSet<CountedMonth>,
    closing: Option<Closing>,
}

/// The last month that a contract is charged for.
fn last_month(bought: Instant, ended: Instant) -> CountedMonth {
    let ((first, _), (month, day)) = (month_and_day(bought), month_and_day(ended));
    if day == 1 && first != month { month.before() } else { month }
}

impl Account {
    /// The account of a line of which nothing is known; `place` names it in faults.
    pub fn new(place: String) -> Self {
        Self {
            place,
            line_limit: 0,
            ids: BTreeMap::new(),
            contracts: BTreeMap::new(),
            current: Vec::new(),
            uses: Vec::new(),
            used: BTreeMap::new(),
            corrections: Vec::new(),
            bars: Bars::default(),
            route: BillingRoute::default(),
            record: None,
            closed: BTreeSet::new(),
            closing: None,
        }
    }

    /// Takes the line's next entry.
    pub(super) fn take(&mut self, seq: u64, entry: &Entry, found: &mut Found) {
        for event in &entry.events {
            self.note(event);
            self.note_bought(seq, event, entry.at, found);
        }
        // Limits and restrictions are decided on as a whole.
        for event in &entry.events {
            if let Event::Purchased { passport, .. } = event {
                self.check_limits(seq, passport.0, entry.at, found);
            }
        }
        self.check_sum_of_limits(seq, found);
        let buys = entry.events.iter().any(|event| matches!(event, Event::Purchased { .. }));
        self.check_nothing_goes_on(seq, buys, found);
    }

    /// All entries were taken: nothing is left open in a month that is closed for all lines.
    pub(super) fn end(&mut self, closed_for_all: Option<(Month, Month)>, found: &mut Found) {
        let Some((from, through)) = closed_for_all else { return };
        let (mut month, through) = (CountedMonth::from(from), CountedMonth::from(through));
        while month <= through {
            let is_open = !self.closed.contains(&month);
            if is_open && !(self.items_of(month).is_empty() && self.corrected_in(month).is_empty())
            {
                let what = format!("{month} is closed, and what it is charged was not billed");
                found.fault(InvariantName::I6, format!("{}: {what}", self.place));
            }
            month = month.next();
        }
    }

    fn fault(&self, found: &mut Found, name: InvariantName, seq: u64, what: &str) {
        found.fault(name, format!("event {seq} of {}: {what}", self.place));
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::LineOpened { line_limit, billing, record, .. } => {
                self.line_limit = line_limit.get();
                (self.route, self.record) = (*billing, Some(*record));
            }
            Event::RecordReplaced { record } => self.record = Some(*record),
            Event::BillingSet { billing } => self.route = *billing,
            Event::LineLimitSet { line_limit } => self.line_limit = line_limit.get(),
            Event::PassportRegistered { passport, limit, .. } => {
                self.ids.insert(passport.0, Id { limit: limit.get(), is_deleted: false });
            }
            Event::PassportLimitSet { passport, limit } => {
                if let Some(id) = self.ids.get_mut(&passport.0) {
                    id.limit = limit.get();
                }
            }
            Event::PassportDeleted { passport } => {
                if let Some(id) = self.ids.get_mut(&passport.0) {
                    id.is_deleted = true;
                }
            }
            Event::BarrierRaised { barrier } => self.bars.set(*barrier, true),
            Event::BarrierLifted { barrier } => self.bars.set(*barrier, false),
            Event::LineEnded { .. } => self.bars.ended = true,
            _ => {}
        }
    }

    fn note_bought(&mut self, seq: u64, event: &Event, at: Instant, found: &mut Found) {
        match event {
            Event::Purchased { .. } => self.bought(seq, event, at, found),
            Event::ContractEnded { .. } => self.ended(seq, event, at, found),
            Event::Corrected { month, difference_yen, item: Some(item), .. } => {
                let (month, difference_yen) = (*month, *difference_yen);
                let made = ClosedCorrection { at, month, difference_yen, item: (**item).clone() };
                self.corrections.push((month_and_day(at).0, made));
            }
            Event::MonthClosed {
                month, part, parts, items, corrections, billing, record, ..
            } => {
                let closing = match self.closing.take() {
                    Some(closing) if *part > 1 && closing.month == *month => closing,
                    _ => Closing { month: *month, items: Vec::new(), corrections: Vec::new() },
                };
                let Closing { items: mut all, corrections: mut corrected, .. } = closing;
                all.extend_from_slice(items);
                corrected.extend_from_slice(corrections);
                let closing = Closing { month: *month, items: all, corrections: corrected };
                if part == parts {
                    self.close(seq, &closing, (*billing, *record), found);
                } else {
                    self.closing = Some(closing);
                }
            }
            _ => {}
        }
    }

    fn bought(&mut self, seq: u64, event: &Event, at: Instant, found: &mut Found) {
        let Event::Purchased {
            receipt,
            passport,
            provider,
            provider_name,
            service,
            service_name,
            monthly,
            unit_price,
            quantity,
            amount,
            ..
        } = event
        else {
            return;
        };
        let month = month_and_day(at).0;
        let price = unit_price.get().checked_mul(u64::from(*quantity));
        if price != Some(amount.get()) {
            let what = format!("{unit_price} yen times {quantity} is not {amount} yen");
            self.fault(found, InvariantName::I6, seq, &what);
        }
        if self.closed.last().is_some_and(|closed| month <= *closed) {
            let what = format!("it was bought in {month}, which was closed before");
            self.fault(found, InvariantName::I6, seq, &what);
        }
        let item = ClosedItem {
            receipt: *receipt,
            passport: *passport,
            provider: provider.clone(),
            provider_name: provider_name.clone(),
            service: service.clone(),
            service_name: service_name.clone(),
            quantity: if *monthly { 1 } else { *quantity },
            amount: if *monthly { *unit_price } else { *amount },
            bought_at: at,
        };
        if *monthly {
            self.current.push(*receipt);
            self.contracts.insert(*receipt, Bought { item, month, last: None });
        } else {
            *self.used.entry((month, passport.0)).or_default() += amount.get();
            self.uses.push((month, item));
        }
    }

    fn ended(&mut self, seq: u64, event: &Event, at: Instant, found: &mut Found) {
        let Event::ContractEnded {
            contract, passport, provider, service, last_charge_month, ..
        } = event
        else {
            return;
        };
        let known = self.contracts.get_mut(&contract.0).filter(|bought| bought.last.is_none());
        let Some(bought) = known else {
            let what = format!("{contract} is no live contract of the line");
            return self.fault(found, InvariantName::I2, seq, &what);
        };
        let last = last_month(bought.item.bought_at, at);
        bought.last = Some(last);
        let of = (bought.item.passport, &bought.item.provider, &bought.item.service);
        let is_its_own = of == (*passport, provider, service);
        found.count(InvariantName::I6, 1);
        if !is_its_own {
            let what = format!("{contract} was bought by another ID, or is another service");
            self.fault(found, InvariantName::I6, seq, &what);
        }
        if CountedMonth::from(*last_charge_month) != last {
            let what = format!(
                "{contract} is charged up to {last}, and the event says {last_charge_month}"
            );
            self.fault(found, InvariantName::I6, seq, &what);
        }
    }

    /// I3: the month's charges after a purchase.
    fn check_limits(&mut self, seq: u64, id: u32, at: Instant, found: &mut Found) {
        found.count(InvariantName::I3, 1);
        let month = month_and_day(at).0;
        let Some(Id { limit, is_deleted: false }) = self.ids.get(&id) else {
            return self.fault(found, InvariantName::I3, seq, "the buyer is no ID of the line");
        };
        let limit = *limit;
        let charged = self.charged_now(month);
        let of_id = charged.get(&id).copied().unwrap_or_default();
        let of_line = charged.values().fold(0_u64, |sum, yen| sum.saturating_add(*yen));
        if of_id > limit {
            let what = format!("{month} comes to {of_id} yen for ID {id}, whose limit is {limit}");
            self.fault(found, InvariantName::I3, seq, &what);
        }
        if of_line > self.line_limit {
            let limit = self.line_limit;
            let what = format!("{month} comes to {of_line} yen for the line; its limit is {limit}");
            self.fault(found, InvariantName::I3, seq, &what);
        }
    }

    /// What each ID is charged in the running month.
    fn charged_now(&mut self, month: CountedMonth) -> BTreeMap<u32, u64> {
        let contracts = &self.contracts;
        // What was last charged in an earlier month never counts again: time does not go back.
        self.current.retain(|number| {
            let last = contracts.get(number).map(|bought| bought.last);
            last.is_some_and(|last| last.is_none_or(|last| last >= month))
        });
        let current = self.current.iter().filter_map(|number| contracts.get(number));
        let mut charged: BTreeMap<u32, u64> = BTreeMap::new();
        for item in monthly_items(current, month) {
            *charged.entry(item.passport.0).or_default() += item.amount.get();
        }
        for ((_, id), yen) in self.used.range((month, 0)..=(month, u32::MAX)) {
            *charged.entry(*id).or_default() += yen;
        }
        charged
    }

    /// I4.
    fn check_sum_of_limits(&self, seq: u64, found: &mut Found) {
        found.count(InvariantName::I4, 1);
        let live = self.ids.values().filter(|id| !id.is_deleted);
        let sum = live.fold(0_u64, |sum, id| sum.saturating_add(id.limit));
        if sum > self.line_limit {
            let limit = self.line_limit;
            let what = format!("its IDs' limits come to {sum} yen; the line's limit is {limit}");
            self.fault(found, InvariantName::I4, seq, &what);
        }
    }

    /// I5.
    fn check_nothing_goes_on(&self, seq: u64, buys: bool, found: &mut Found) {
        let ends = self.bars.ends_contracts();
        if (ends.is_some() || self.bars.stopped) && buys {
            self.fault(found, InvariantName::I5, seq, "it was bought while the line is barred");
        }
        found.count(InvariantName::I5, 1);
        if ends.is_none() && !self.ids.values().any(|id| id.is_deleted) {
            return;
        }
        let is_deleted = |id| self.ids.get(&id).is_none_or(|id| id.is_deleted);
        let live = self.current.iter().filter_map(|number| self.contracts.get(number));
        for bought in live.filter(|bought| bought.last.is_none()) {
            let deleted = is_deleted(bought.item.passport.0).then_some("its ID was deleted");
            if let Some(why) = ends.or(deleted) {
                let what = format!("K-{} is live, and {why}", bought.item.receipt);
                self.fault(found, InvariantName::I5, seq, &what);
            }
        }
    }

    /// The charges of a month that is not closed, in a bill's order.
    fn items_of(&self, month: CountedMonth) -> Vec<ClosedItem> {
        let monthly = monthly_items(self.contracts.values(), month);
        let uses = self.uses.iter().filter(|(of, _)| *of == month).map(|(_, item)| item);
        let mut items: Vec<ClosedItem> = monthly.into_iter().chain(uses).cloned().collect();
        items.sort_by_key(|item| (item.bought_at, item.receipt));
        items
    }

    fn corrected_in(&self, month: CountedMonth) -> Vec<ClosedCorrection> {
        let made = self.corrections.iter().filter(|(in_month, _)| *in_month == month);
        made.map(|(_, correction)| correction.clone()).collect()
    }

    /// I6.
    fn close(
        &mut self,
        seq: u64,
        closing: &Closing,
        (route, record): (BillingRoute, RowRef),
        found: &mut Found,
    ) {
        let month = CountedMonth::from(closing.month);
        let items = self.items_of(month);
        found.count(InvariantName::I6, 1 + items.len() as u64);
        if self.closed.contains(&month) {
            self.fault(found, InvariantName::I6, seq, &format!("{month} is closed a second time"));
        } else if self.closed.last().is_some_and(|last| month < *last) {
            let what = format!("{month} is closed after a later month");
            self.fault(found, InvariantName::I6, seq, &what);
        } else if items != closing.items {
            let what = difference(month, &items, &closing.items);
            self.fault(found, InvariantName::I6, seq, &what);
        }
        if self.corrected_in(month) != closing.corrections {
            let what = format!("{month} is billed with other corrections than were made in it");
            self.fault(found, InvariantName::I6, seq, &what);
        }
        if (route, Some(record)) != (self.route, self.record) {
            let what = format!("{month} is not billed by the route and the record of its close");
            self.fault(found, InvariantName::I6, seq, &what);
        }
        self.closed.insert(month);
        self.uses.retain(|(of, _)| *of > month);
        self.used.retain(|(of, _), _| *of > month);
        self.contracts.retain(|_, bought| bought.last.is_none_or(|last| last > month));
    }
}

/// The monthly charges of a month: for each ID and service the month's first contract.
fn monthly_items<'a>(
    contracts: impl Iterator<Item = &'a Bought>,
    month: CountedMonth,
) -> Vec<&'a ClosedItem> {
    type Key<'a> = (u32, &'a ProviderId, &'a ServiceCode);
    let mut first: BTreeMap<Key<'a>, &'a ClosedItem> = BTreeMap::new();
    for item in contracts.filter(|bought| bought.is_charged(month)).map(|bought| &bought.item) {
        let key = (item.passport.0, &item.provider, &item.service);
        let known = first.entry(key).or_insert(item);
        if (item.bought_at, item.receipt) < (known.bought_at, known.receipt) {
            *known = item;
        }
    }
    first.into_values().collect()
}

/// The first charge in which a bill differs from what the events come to.
fn difference(month: CountedMonth, events: &[ClosedItem], billed: &[ClosedItem]) -> String {
    let told = |items: &[ClosedItem], place: usize| match items.get(place) {
        Some(item) => format!("{} at {} yen", item.receipt, item.amount),
        None => "nothing".to_owned(),
    };
    let most = events.len().max(billed.len());
    let place = (0..most).find(|place| events.get(*place) != billed.get(*place)).unwrap_or(most);
    format!(
        "{month} is billed otherwise than the events come to: charge {} is {}, and should be {}",
        place + 1,
        told(billed, place),
        told(events, place),
    )
}
