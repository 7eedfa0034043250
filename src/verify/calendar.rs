//! Japan's months and days once more, by arithmetic alone: a fault of the product's calendar
//! must not hide behind itself.

use crate::domain::calendar::{Instant, Month};
use std::fmt;

/// A month, counted: twelve times the year and the months before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedMonth(i64);

impl CountedMonth {
    /// The next one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The one before.
    pub const fn before(self) -> Self {
        Self(self.0 - 1)
    }
}

impl From<Month> for CountedMonth {
    fn from(month: Month) -> Self {
        Self(i64::from(month.year()) * 12 + i64::from(month.number()) - 1)
    }
}

impl fmt::Display for CountedMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// The month that an instant falls in, in Japan, and the day of the month, from 1.
pub fn month_and_day(at: Instant) -> (CountedMonth, i64) {
    const NINE_HOURS_S: i64 = 9 * 3_600;
    const DAY_S: i64 = 86_400;
    let mut day = (at.micros().div_euclid(1_000_000) + NINE_HOURS_S).div_euclid(DAY_S);
    // Whole years from 1970 on or back, then months: each is as long as the calendar says.
    let mut year = 1970;
    while day < 0 {
        year -= 1;
        day += days_of_year(year);
    }
    while day >= days_of_year(year) {
        day -= days_of_year(year);
        year += 1;
    }
    let mut month = 0;
    while day >= days_of_month(year, month) {
        day -= days_of_month(year, month);
        month += 1;
    }
    (CountedMonth(year * 12 + month), day + 1)
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// Of the month with this number, 0 for January.
const fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        1 if is_leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_many_years_is_the_calendars_r_028() {
        let day_us = 86_400_000_000;
        let first: Instant = "1999-12-31T15:00:00Z".parse().expect("an instant");
        for day in (0..36_525).step_by(7).chain(0..1_500) {
            for within in [0, day_us - 1] {
                let at = Instant::from_micros(first.micros() + day * day_us + within);
                let (month, number) = month_and_day(at);
                assert_eq!(month, CountedMonth::from(at.month()), "{}", at.rfc3339());
                assert_eq!(number, i64::from(at.in_japan().day()), "{}", at.rfc3339());
                assert_eq!(month.to_string(), at.month().to_string());
            }
        }
        let before_1970: Instant = "1969-12-31T14:59:59Z".parse().expect("an instant");
        assert_eq!(month_and_day(before_1970).0.to_string(), "1969-12");
        let december = CountedMonth::from(before_1970.month());
        assert_eq!(december.next().before(), december);
        assert_eq!(december.next().to_string(), "1970-01");
    }
}
