//! The statement against a naive model that keeps everything that ever happened and walks over all
//! of it for each month.

use super::language::*;
use crate::domain::{
    calendar::{Instant, Month},
    line::event::ClosedItem,
    statement::{Row, itemised, month_totals, open_rows, rows_of_itemisation, total},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const HOUR_US: i64 = 3_600_000_000;

#[derive(Debug, Clone)]
enum Step {
    Monthly { passport: u32, service: usize, price: u64 },
    Once { passport: u32, service: usize, price: u64, quantity: u32 },
    End { which: usize },
    Close,
}

fn step() -> impl Strategy<Value = (i64, Step)> {
    let monthly = (1..=2_u32, 0..3_usize, 0..900_u64)
        .prop_map(|(passport, service, price)| Step::Monthly { passport, service, price });
    let once = (1..=2_u32, 0..3_usize, 0..900_u64, 1..4_u32).prop_map(
        |(passport, service, price, quantity)| Step::Once { passport, service, price, quantity },
    );
    let end = (0..20_usize).prop_map(|which| Step::End { which });
    let what = prop_oneof![3 => monthly, 3 => once, 3 => end, 1 => Just(Step::Close)];
    (0..500_i64, what)
}

/// Everything that was ever bought.
struct Bought {
    serial: u64,
    passport: u32,
    service: usize,
    monthly: bool,
    price: u64,
    quantity: u32,
    at: Instant,
    ended: Option<Instant>,
}

impl Bought {
    fn is_charged(&self, month: Month) -> bool {
        let first = self.at.month();
        if !self.monthly {
            return first == month;
        }
        let Some(ended) = self.ended else { return first <= month };
        let last = ended.month();
        let spared = ended.in_japan().day() == 1 && first < last;
        first <= month && if spared { month < last } else { month <= last }
    }
}

/// What the month's rows must be: (serial, price, pieces, amount, start).
fn naive(all: &[Bought], month: Month) -> Vec<(u64, u64, u32, u64, Instant)> {
    let mut firsts = BTreeSet::new();
    let mut rows = Vec::new();
    for bought in all.iter().filter(|bought| bought.is_charged(month)) {
        let key = (bought.passport, bought.service);
        if bought.monthly && !firsts.insert(key) {
            continue;
        }
        let amount = bought.price * u64::from(bought.quantity);
        rows.push((bought.serial, bought.price, bought.quantity, amount, bought.at));
    }
    rows.sort_by_key(|row| (row.4, row.0));
    rows
}

fn told(rows: &[Row]) -> Vec<(u64, u64, u32, u64, Instant)> {
    let serial = |row: &Row| row.receipt.serial() - receipt(0).serial();
    let told = |row: &Row| {
        (serial(row), row.unit_price.get(), row.quantity, row.amount.get(), row.started_at)
    };
    rows.iter().map(told).collect()
}

/// A household, all that it ever bought, and what its closed months were billed.
struct Played {
    line: Given,
    all: Vec<Bought>,
    now: Instant,
    closed: BTreeMap<Month, Vec<ClosedItem>>,
}

impl Played {
    fn begun() -> Self {
        let now = instant(START);
        Self { line: household(), all: Vec::new(), now, closed: BTreeMap::new() }
    }

    fn happen(&mut self, event: crate::domain::line::Event) {
        let japan = self.now.rfc3339();
        let line = std::mem::replace(&mut self.line, given_nothing());
        self.line = line.and_at(japan.trim_end_matches("+09:00"), [event]);
    }

    fn take(&mut self, (hours, step): &(i64, Step)) {
        // Whole seconds: what the model holds is what the events say.
        self.now = Instant::from_micros(self.now.micros() + hours * HOUR_US);
        match *step {
            Step::Monthly { passport, service, price } => {
                self.buy(passport, service, true, price, 1);
            }
            Step::Once { passport, service, price, quantity } => {
                self.buy(passport, service, false, price, quantity);
            }
            Step::End { which } => self.end(which),
            Step::Close => self.close(),
        }
    }

    fn buy(&mut self, passport: u32, service: usize, monthly: bool, price: u64, quantity: u32) {
        let live = |one: &Bought| {
            one.monthly && one.ended.is_none() && (one.passport, one.service) == (passport, service)
        };
        if monthly && self.all.iter().any(live) {
            return;
        }
        let serial = self.all.len() as u64 + 1;
        let name = format!("{}-{service}", if monthly { "m" } else { "u" });
        let mut purchase = if monthly {
            super::language::monthly(passport, &name, price)
        } else {
            once(passport, &name, price)
        };
        purchase.order.quantity = quantity;
        purchase.order.amount = yen(price * u64::from(quantity));
        let at = self.now;
        let bought =
            Bought { serial, passport, service, monthly, price, quantity, at, ended: None };
        self.all.push(bought);
        self.happen(super::language::bought(serial, &purchase));
    }

    fn end(&mut self, which: usize) {
        let live = self.all.iter_mut().filter(|one| one.monthly && one.ended.is_none());
        let Some(one) = live.into_iter().nth(which % 4) else { return };
        one.ended = Some(self.now);
        let serial = one.serial;
        self.happen(cancelled(serial));
    }

    /// The month before this one is closed, once, with what the model says.
    fn close(&mut self) {
        let month = self.now.month().previous();
        if self.closed.contains_key(&month) || month < instant(START).month() {
            return;
        }
        let item = |row: (u64, u64, u32, u64, Instant)| {
            let mut item = item(row.0, "a-sha", row.3);
            (item.quantity, item.bought_at) = (row.2, row.4);
            item
        };
        let items: Vec<_> = naive(&self.all, month).into_iter().map(item).collect();
        self.closed.insert(month, items.clone());
        self.happen(billed(&month.to_string(), 1, 1, items));
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let line = self.line.line();
        // A close goes through all months before it.
        let closed_through = self.closed.keys().last().copied();
        let mut month = instant(START).month();
        for _ in 0..30 {
            let expected = naive(&self.all, month);
            if closed_through < Some(month) {
                prop_assert_eq!(told(&open_rows(line, month)), expected, "{}", month);
                prop_assert!(itemised(line, month).is_none());
            } else if let Some(items) = self.closed.get(&month) {
                prop_assert_eq!(told(&rows_of_itemisation(items)), expected, "{}", month);
                let sum = itemised(line, month).map(|closed| closed.total);
                prop_assert_eq!(sum, Some(total(&rows_of_itemisation(items))));
            }
            month = month.next();
        }
        self.check_graph()
    }

    fn check_graph(&self) -> Result<(), TestCaseError> {
        let closed_through = self.closed.keys().last().copied();
        for shown in month_totals(self.line.line(), self.now) {
            let skipped =
                closed_through >= Some(shown.month) && !self.closed.contains_key(&shown.month);
            let expected: u64 = naive(&self.all, shown.month).iter().map(|row| row.3).sum();
            let expected = if skipped { 0 } else { expected };
            prop_assert_eq!(shown.total, yen(expected), "{}", shown.month);
            let split: u64 = shown.providers.iter().map(|one| one.amount.get()).sum();
            prop_assert_eq!(split, expected, "{}", shown.month);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rows_and_sums_are_those_of_all_events(steps in prop::collection::vec(step(), 0..40)) {
        let mut played = Played::begun();
        for step in &steps {
            played.take(step);
        }
        played.check()?;
    }
}
