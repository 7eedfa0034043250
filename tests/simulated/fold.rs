//! A line's journal told again by a reader that knows the guide and nothing of the product: rows as
//! JSON, months by counting days, charges by a plain list. What it finds wrong breaks an invariant
//! of checks/reliability.md.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Months since the year 0.
type Month = i64;

/// The month of a moment in Japan, and the day of the month, by counting days (proleptic Gregorian
/// calendar).
fn month_and_day(micros: i64) -> (Month, i64) {
    let days = (micros.div_euclid(1_000_000) + 9 * 3_600).div_euclid(86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    ((year + era * 400) * 12 + from_march + 2, day)
}

/// `2026-11`.
fn month_named(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

/// Whether a moment falls into a month, `2026-11`, or before it.
pub fn is_in_or_before(micros: i64, month: &str) -> bool {
    month_named(month).is_some_and(|month| month_and_day(micros).0 <= month)
}

struct Bought {
    passport: u64,
    what: (String, String),
    monthly: bool,
    amount: u64,
    at: (Month, i64),
    ended: Option<(Month, i64)>,
}

impl Bought {
    /// from the month of 購入 to that of 解約, which a 1st spares unless it is the
    /// month of 購入.
    fn is_charged_in(&self, month: Month) -> bool {
        if !self.monthly {
            return self.at.0 == month;
        }
        let spares = |end: (Month, i64)| end.1 == 1 && end.0 != self.at.0;
        let last = self.ended.map(|end| end.0 - i64::from(spares(end)));
        self.at.0 <= month && last.is_none_or(|last| month <= last)
    }
}

/// A line as its rows tell.
#[derive(Default)]
pub struct Told {
    line_limit: u64,
    /// Live IDs and their limits.
    limits: BTreeMap<u64, u64>,
    bought: BTreeMap<String, Bought>,
    bars: BTreeSet<String>,
    last_at: i64,
    closed_through: Option<Month>,
    /// What was billed of a month so far, and which part is next.
    closing: Option<(Month, u64, u64)>,
    /// Its address prefixes.
    pub networks: Vec<String>,
    /// Receipt numbers that it used.
    pub receipts: Vec<String>,
    /// Orders that it completed: provider and reference.
    pub orders: Vec<(String, String, String)>,
    /// What is wrong.
    pub faults: Vec<String>,
}

fn text(event: &Value, field: &str) -> String {
    match &event[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn number(event: &Value, field: &str) -> u64 {
    event[field].as_u64().unwrap_or_else(|| panic!("{field} of {event}"))
}

impl Told {
    /// Takes the next row.
    pub fn take(&mut self, entry: &Value) {
        let at = entry["at"].as_i64().unwrap_or_else(|| panic!("no time: {entry}"));
        if at < self.last_at {
            self.fault("an entry is dated before the one before it (R-029)");
        }
        self.last_at = at;
        for event in entry["events"].as_array().into_iter().flatten() {
            self.happened(event, at);
        }
        self.check(at);
    }

    fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    fn happened(&mut self, event: &Value, at: i64) {
        match event["event"].as_str().unwrap_or_default() {
            "line_opened" | "line_limit_set" => self.line_limit = number(event, "line_limit"),
            "passport_registered" | "passport_limit_set" => {
                self.limits.insert(number(event, "passport"), number(event, "limit"));
            }
            "passport_deleted" => {
                self.limits.remove(&number(event, "passport"));
            }
            "networks_set" => {
                let networks = event["networks"].as_array().into_iter().flatten();
                self.networks = networks.filter_map(|one| one.as_str().map(String::from)).collect();
            }
            "barrier_raised" => {
                self.bars.insert(text(event, "barrier"));
            }
            "barrier_lifted" => {
                self.bars.remove(&text(event, "barrier"));
            }
            "purchased" => self.purchased(event, at),
            "contract_ended" => self.ended(event, at),
            "month_closed" => self.closed(event, at),
            _ => {}
        }
    }

    fn completes(&mut self, event: &Value) {
        let receipt = text(event, "receipt");
        self.receipts.push(receipt.clone());
        self.orders.push((text(event, "provider"), text(event, "reference"), receipt));
    }

    fn purchased(&mut self, event: &Value, at: i64) {
        self.completes(event);
        let passport = number(event, "passport");
        let bought = Bought {
            passport,
            what: (text(event, "provider"), text(event, "service")),
            monthly: event["monthly"] == true,
            amount: number(event, "amount"),
            at: month_and_day(at),
            ended: None,
        };
        if !self.bars.is_empty() {
            self.fault("something was bought on a line that is barred (R-149)");
        }
        self.bought.insert(text(event, "receipt"), bought);
        let (by_passport, by_line) = self.used(passport, month_and_day(at).0);
        let limit = self.limits.get(&passport).copied();
        if limit.is_none_or(|limit| by_passport > limit) {
            self.fault(format!("I3: ID {passport} uses {by_passport} of {limit:?}"));
        }
        if by_line > self.line_limit {
            self.fault(format!("I3: the line uses {by_line} of {}", self.line_limit));
        }
    }

    fn ended(&mut self, event: &Value, at: i64) {
        if event["receipt"].is_string() {
            self.completes(event);
        }
        let receipt = text(event, "contract").trim_start_matches("K-").to_owned();
        match self.bought.get_mut(&receipt) {
            Some(bought) if bought.monthly && bought.ended.is_none() => {
                bought.ended = Some(month_and_day(at));
            }
            _ => self.fault(format!("a contract ended that was not live: {receipt}")),
        }
    }

    fn closed(&mut self, event: &Value, at: i64) {
        let month = month_named(&text(event, "month")).unwrap_or_else(|| panic!("{event}"));
        let (part, parts) = (number(event, "part"), number(event, "parts"));
        let items = event["items"].as_array().into_iter().flatten();
        let billed: u64 = items.map(|item| number(item, "amount")).sum();
        let (open, before, next) = self.closing.take().unwrap_or((month, 0, 1));
        if (open, next) != (month, part) || self.closed_through.is_some_and(|to| month <= to) {
            self.fault(format!("part {part} of a month that is closed, or out of turn"));
        }
        if part < parts {
            self.closing = Some((month, before + billed, part + 1));
            return;
        }
        self.closed_through = Some(month);
        let (_, charged) = self.used(0, month);
        if before + billed != charged {
            self.fault(format!("I6: {} billed, {charged} charged", before + billed));
        }
        if month_and_day(at).0 <= month {
            self.fault("a month was closed before its end");
        }
    }

    /// What an ID and the whole line are charged in a month: monthly services once, at the price of
    /// the first contract, and each use.
    fn used(&self, passport: u64, month: Month) -> (u64, u64) {
        let mut seen = BTreeSet::new();
        let (mut by_passport, mut by_line) = (0, 0);
        for bought in self.bought.values().filter(|bought| bought.is_charged_in(month)) {
            if bought.monthly && !seen.insert((bought.passport, &bought.what)) {
                continue;
            }
            by_line += bought.amount;
            by_passport += if bought.passport == passport { bought.amount } else { 0 };
        }
        (by_passport, by_line)
    }

    /// What holds after each entry.
    fn check(&mut self, at: i64) {
        let sum: u64 = self.limits.values().sum();
        if sum > self.line_limit {
            self.fault(format!("I4: limits of {sum} on a line of {}", self.line_limit));
        }
        let live = self.bought.values().any(|bought| bought.monthly && bought.ended.is_none());
        if live && self.bars.contains("customer_restriction") {
            self.fault("I5: a restricted line has a live contract");
        }
        if self.closed_through.is_some_and(|closed| month_and_day(at).0 <= closed) {
            self.fault("something was decided inside a closed month (R-050)");
        }
    }
}

#[test]
fn the_readers_calendar_is_japans() {
    for (text, month, day) in [
        ("1970-01-01T08:59:59+09:00", "1970-01", 1),
        ("2026-11-30T23:59:59.999999+09:00", "2026-11", 30),
        ("2026-12-01T00:00:00+09:00", "2026-12", 1),
        ("2028-02-29T12:00:00+09:00", "2028-02", 29),
    ] {
        let at: linepass::domain::calendar::Instant = text.parse().expect("an instant");
        assert_eq!(
            month_and_day(at.micros()),
            (month_named(month).expect("a month"), day),
            "{text}"
        );
    }
}
