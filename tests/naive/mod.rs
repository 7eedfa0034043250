//! A naive model of the guide, written from its rules alone: a flat list of what was bought, and
//! months found by walking over days. It is slow and plain on purpose, and knows nothing of how
//! the product counts. Only the names of refusals are the product's.

pub mod steps;

use std::collections::{BTreeMap, BTreeSet};

/// Days of the months from November 2026 to April 2027 (Japan time).
const MONTH_LENGTHS: [u32; 6] = [30, 31, 31, 28, 31, 30];
/// Seconds from 2026-11-01T00:00:00 in Japan.
pub type Moment = u32;
/// 0 is November 2026.
pub type MonthIndex = usize;

const DAY: Moment = 86_400;

/// The month and the day of the month (1 is the 1st) that a day falls in.
fn month_and_day(mut day: u32) -> (MonthIndex, u32) {
    for (month, length) in MONTH_LENGTHS.into_iter().enumerate() {
        if day < length {
            return (month, day + 1);
        }
        day -= length;
    }
    panic!("the model's calendar ends with April 2027")
}

/// The month that a moment falls in.
pub fn month_of(moment: Moment) -> MonthIndex {
    month_and_day(moment / DAY).0
}

/// The first moment of the month after this one.
pub fn next_first(moment: Moment) -> Moment {
    let mut day = moment / DAY + 1;
    while month_and_day(day).1 != 1 {
        day += 1;
    }
    day * DAY
}

/// What is charged once a month: an ID, a provider, a service.
pub type Key = (u32, u8, u8);

/// Something that was bought.
#[derive(Debug, Clone)]
pub struct Bought {
    pub key: Key,
    pub monthly: bool,
    /// Of the whole purchase.
    pub price: u64,
    pub at: Moment,
    pub ended: Option<Moment>,
}

impl Bought {
    /// The months a monthly contract is charged for, seen from the end of the calendar: each day
    /// from 購入 to 解約 charges its month, except 解約 on a 1st of a month that does not hold
    /// 購入.
    fn months(&self) -> BTreeSet<MonthIndex> {
        let bought_day = self.at / DAY;
        let last_day = self.ended.map_or(MONTH_LENGTHS.iter().sum::<u32>() - 1, |end| end / DAY);
        let mut months = BTreeSet::new();
        for day in bought_day..=last_day {
            let (month, day_of_month) = month_and_day(day);
            let spares = self.ended.is_some() && day == last_day && day_of_month == 1;
            if !(spares && month != month_and_day(bought_day).0) {
                months.insert(month);
            }
        }
        months
    }
}

/// A passport ID.
#[derive(Debug, Clone)]
pub struct Id {
    pub limit: u64,
    pub deleted: bool,
    pub line_authentication: bool,
    /// How often its logins were ended.
    pub endings: u32,
    /// How many passwords it has had.
    pub passwords: u32,
}

/// A login and where it comes from, as a purchase or a cancellation brings it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four ways to be wrong, drawn one by one")]
pub struct Visit {
    pub id: u32,
    /// Whether the login is older than the last ending of logins.
    pub stale: bool,
    /// Whether the request comes from another line.
    pub foreign: bool,
    /// Whether the provider asks that the line be checked.
    pub require_line: bool,
    /// Whether the page that the household agreed to named another month.
    pub turned: bool,
}

/// The line as the guide tells it.
#[derive(Debug, Clone)]
pub struct Model {
    pub premium: bool,
    pub line_limit: u64,
    /// Number 1 first; deleted ones stay.
    pub ids: Vec<Id>,
    pub bought: Vec<Bought>,
    /// 利用規制, the company's stop, 利用不可.
    pub bars: [bool; 3],
    pub anything_closed: bool,
}

/// The reasons that speak against a command; none, and it must be accepted.
pub type Reasons = BTreeSet<&'static str>;

impl Model {
    pub fn new(premium: bool, line_limit: u64) -> Self {
        let (ids, bought) = (Vec::new(), Vec::new());
        Self { premium, line_limit, ids, bought, bars: [false; 3], anything_closed: false }
    }

    pub fn id(&self, number: u32) -> Option<&Id> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.ids.get(index).filter(|id| !id.deleted)
    }

    pub fn id_mut(&mut self, number: u32) -> Option<&mut Id> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.ids.get_mut(index).filter(|id| !id.deleted)
    }

    pub fn live_ids(&self) -> impl Iterator<Item = &Id> {
        self.ids.iter().filter(|id| !id.deleted)
    }

    pub fn sum_of_limits(&self) -> u64 {
        self.live_ids().map(|id| id.limit).sum()
    }

    /// The monthly charges of every month: once for each ID, service and month, at the price of
    /// the month's first contract.
    pub fn monthly_charges(&self) -> BTreeMap<(MonthIndex, Key), u64> {
        let mut charges = BTreeMap::new();
        for bought in self.bought.iter().filter(|bought| bought.monthly) {
            for month in bought.months() {
                charges.entry((month, bought.key)).or_insert(bought.price);
            }
        }
        charges
    }

    /// What an ID and the whole line are charged in a month, per-use purchases included.
    pub fn used(&self, id: u32, month: MonthIndex) -> (u64, u64) {
        let monthly = self.monthly_charges().into_iter();
        let monthly = monthly.filter(|((in_month, _), _)| *in_month == month);
        let uses = self.bought.iter().filter(|b| !b.monthly && month_of(b.at) == month);
        let all = monthly.map(|((_, key), price)| (key.0, price));
        let all: Vec<_> = all.chain(uses.map(|b| (b.key.0, b.price))).collect();
        let of_id = all.iter().filter(|(owner, _)| *owner == id).map(|(_, price)| price).sum();
        (of_id, all.iter().map(|(_, price)| price).sum())
    }

    fn bar_reasons(&self) -> Reasons {
        let names = ["restricted", "stopped", "unbillable"];
        names.into_iter().zip(self.bars).filter_map(|(name, bar)| bar.then_some(name)).collect()
    }

    fn visit_reasons(&self, visit: Visit) -> Result<Reasons, Reasons> {
        let id = self.id(visit.id).ok_or_else(|| Reasons::from(["unknown_passport"]))?;
        let mut reasons = Reasons::new();
        if visit.stale {
            reasons.insert("login_over");
        }
        if id.line_authentication && !self.premium && visit.foreign {
            reasons.insert("foreign_line");
        }
        if visit.require_line && (self.premium || visit.foreign) {
            reasons.insert("line_not_checked");
        }
        Ok(reasons)
    }

    ///
    pub fn against_registering(&self) -> Reasons {
        let mut reasons = self.bar_reasons();
        if self.live_ids().count() >= 5 {
            reasons.insert("too_many_passports");
        }
        reasons
    }

    ///
    pub fn register(&mut self) {
        let limit = (self.line_limit - self.sum_of_limits()).min(10_000);
        let line_authentication = !self.premium;
        let (deleted, endings, passwords) = (false, 0, 1);
        self.ids.push(Id { limit, deleted, line_authentication, endings, passwords });
    }

    /// `changed`: the catalogue no longer sells it so.
    pub fn against_buying(&self, visit: Visit, order: &Bought, changed: bool) -> Reasons {
        let mut reasons = match self.visit_reasons(visit) {
            Ok(reasons) => reasons,
            Err(alone) => return alone,
        };
        reasons.extend(self.bar_reasons());
        if visit.turned {
            reasons.insert("month_turned");
        }
        if changed {
            reasons.insert("offer_changed");
        }
        let twin = |b: &Bought| b.monthly && b.ended.is_none() && b.key == order.key;
        if order.monthly && self.bought.iter().any(twin) {
            reasons.insert("live_contract");
        }
        // What the month would cost if it were bought.
        let mut after = self.clone();
        after.bought.push(order.clone());
        let (of_id, of_line) = after.used(visit.id, month_of(order.at));
        if self.id(visit.id).is_some_and(|id| of_id > id.limit) {
            reasons.insert("over_limit");
        }
        if of_line > self.line_limit {
            reasons.insert("over_line_limit");
        }
        reasons
    }

    /// 最終課金月 of a contract that is cancelled now: the last month that its days charge.
    pub fn last_month(&self, which: usize, now: Moment) -> Option<MonthIndex> {
        let bought = self.bought.get(which).filter(|bought| bought.monthly)?;
        Bought { ended: Some(now), ..bought.clone() }.months().pop_last()
    }

    /// restriction and stop do not stand against it.
    pub fn against_cancelling(&self, visit: Visit, which: usize, provider: u8) -> Reasons {
        let mut reasons = match self.visit_reasons(visit) {
            Ok(reasons) => reasons,
            Err(alone) => return alone,
        };
        let Some(bought) = self.bought.get(which).filter(|b| b.monthly && b.key.1 == provider)
        else {
            reasons.insert("unknown_contract");
            // A per-use purchase is told as what it is, until its month is closed and forgotten.
            if self.bought.get(which).is_some_and(|bought| !bought.monthly) {
                reasons.insert("per_use_purchase");
            }
            return reasons;
        };
        if visit.turned {
            reasons.insert("month_turned");
        }
        if bought.key.0 != visit.id {
            reasons.insert("another_ids_contract");
        }
        reasons.extend(self.ended_reasons(bought));
        reasons
    }

    /// A contract that has ended may be forgotten once a month was closed.
    fn ended_reasons(&self, bought: &Bought) -> Reasons {
        match (bought.ended, self.anything_closed) {
            (None, _) => Reasons::new(),
            (Some(_), false) => Reasons::from(["contract_ended"]),
            (Some(_), true) => Reasons::from(["contract_ended", "unknown_contract"]),
        }
    }

    /// An operator ends a contract.
    pub fn against_ending(&self, which: usize) -> Reasons {
        match self.bought.get(which).filter(|bought| bought.monthly) {
            Some(bought) => self.ended_reasons(bought),
            None => Reasons::from(["unknown_contract"]),
        }
    }

    /// which contracts a bar ends, and whose logins.
    pub fn bar(&mut self, bar: usize, now: Moment) {
        self.bars[bar] = true;
        if bar != 1 {
            self.end_where(now, |_| true);
        }
        if bar == 0 {
            for id in self.ids.iter_mut().filter(|id| !id.deleted) {
                id.endings += 1;
            }
        }
    }

    /// `switches`: whether the form sets 回線認証機能.
    pub fn against_changing(&self, number: u32, switches: bool) -> Reasons {
        let mut reasons = Reasons::new();
        if self.id(number).is_none() {
            reasons.insert("unknown_passport");
        }
        if switches && self.premium {
            reasons.insert("no_line_authentication");
        }
        reasons
    }

    /// A new password ends the ID's logins; a new string, applicant or setting ends none.
    pub fn change(&mut self, number: u32, password: bool, line_authentication: Option<bool>) {
        if let Some(id) = self.id_mut(number) {
            id.endings += u32::from(password);
            id.passwords += u32::from(password);
            id.line_authentication = line_authentication.unwrap_or(id.line_authentication);
        }
    }

    ///
    pub fn delete(&mut self, number: u32, now: Moment) {
        self.end_where(now, |bought| bought.key.0 == number);
        if let Some(id) = self.id_mut(number) {
            id.deleted = true;
        }
    }

    pub fn end_where(&mut self, now: Moment, which: impl Fn(&Bought) -> bool) {
        for bought in self.bought.iter_mut().filter(|b| b.monthly && b.ended.is_none()) {
            if which(bought) {
                bought.ended = Some(now);
            }
        }
    }

    ///
    pub fn against_limits(&self, limits: &[(u32, u64)]) -> Reasons {
        let mut reasons = Reasons::new();
        if limits.iter().any(|(number, _)| self.id(*number).is_none()) {
            reasons.insert("unknown_passport");
        }
        let mut after = self.clone();
        after.set_limits(limits);
        if after.sum_of_limits() > self.line_limit {
            reasons.insert("limits_over_line");
        }
        reasons
    }

    pub fn set_limits(&mut self, limits: &[(u32, u64)]) {
        for (number, limit) in limits {
            if let Some(id) = self.id_mut(*number) {
                id.limit = *limit;
            }
        }
    }
}
