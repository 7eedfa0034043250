//! Japan time and its months: the one place where an instant becomes a day.
//!
//! Japan has kept UTC+9 without summer time since 1952, so the offset is a constant and no time
//! zone database and no setting of the host can change a bill.

use jiff::{Timestamp, civil, tz};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// UTC+9, all year.
const JAPAN: tz::Offset = tz::offset(9);

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// An instant from microseconds since the epoch, held inside the years 1 to 9998 so that
    /// every instant has a Japanese date.
    pub fn from_micros(micros: i64) -> Self {
        const YEAR_1: i64 = -62_135_596_800_000_000;
        const YEAR_9998: i64 = 253_339_228_800_000_000;
        Self(micros.clamp(YEAR_1, YEAR_9998))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// So many seconds later, held inside the same years.
    #[must_use]
    pub fn after_s(self, seconds: u64) -> Self {
        let later_us = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(later_us))
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The wall clock in Japan.
    pub fn in_japan(self) -> civil::DateTime {
        JAPAN.to_datetime(Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// The Japanese calendar month it falls in.
    pub fn month(self) -> Month {
        let date = self.in_japan().date();
        Month { year: date.year(), month: date.month() }
    }

    /// Whether it is the 1st of a month in Japan: the day on which a cancellation still spares
    /// the month.
    pub fn is_first_of_month(self) -> bool {
        self.in_japan().day() == 1
    }

    /// The Japanese calendar day it falls on.
    pub fn day(self) -> Day {
        Day(self.in_japan().date())
    }

    /// RFC 3339 in Japan time with whole seconds, as receipts carry it:
    /// `2026-11-23T21:00:00+09:00`.
    pub fn rfc3339(self) -> String {
        format!("{}+09:00", self.in_japan().strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        Self::from_micros(timestamp.as_microsecond())
    }
}

impl FromStr for Instant {
    type Err = jiff::Error;

    /// RFC 3339 with any offset.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>().map(Self::from)
    }
}

/// What [`Month`] reads; the year 0000 is none.
const MONTH_PATTERN: &str =
    "^([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-(0[1-9]|1[0-2])$";

/// Of what [`Day`] reads, its years above all: neither 0000 nor 9999. The rest is the format `date`.
const DAY_PATTERN: &str = concat!(
    "^([0-9]{3}[1-8]|([0-8][0-9]{2}|9[0-8][0-9]|99[0-8])9|",
    "[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-[0-9]{2}-[0-9]{2}$"
);

/// A month of the Japanese calendar, the accounting period. Written `2026-11`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[schemars(inline, with = "String", extend("pattern" = MONTH_PATTERN))]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    year: i16,
    month: i8,
}

/// What a text must look like to be a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a month is written YYYY-MM, from 0001-01 to 9999-12")]
pub struct NotAMonth;

impl Month {
    /// A month by year (1 to 9999) and number (1 to 12).
    pub fn new(year: i16, month: i8) -> Result<Self, NotAMonth> {
        let known = (1..=9999).contains(&year) && (1..=12).contains(&month);
        known.then_some(Self { year, month }).ok_or(NotAMonth)
    }

    /// The calendar year.
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The number of the month, 1 to 12.
    pub const fn number(self) -> i8 {
        self.month
    }

    /// The month after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }

    /// The month before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        match self.month {
            1 => Self { year: self.year - 1, month: 12 },
            month => Self { year: self.year, month: month - 1 },
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        match text.split_once('-') {
            Some((year, month))
                if year.len() == 4 && month.len() == 2 && digits(year) && digits(month) =>
            {
                let year = year.parse().map_err(|_| NotAMonth)?;
                Self::new(year, month.parse().map_err(|_| NotAMonth)?)
            }
            _ => Err(NotAMonth),
        }
    }
}

impl TryFrom<String> for Month {
    type Error = NotAMonth;

    fn try_from(text: String) -> Result<Self, NotAMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl Month {
    /// Its first moment, in Japan.
    pub fn begins_at(self) -> Instant {
        let first = civil::date(self.year, self.month, 1).at(0, 0, 0, 0);
        JAPAN.to_timestamp(first).map_or(Instant(0), Instant::from)
    }
}

/// A day of the Japanese calendar, such as a bill's due date. Written `2026-12-31`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[schemars(inline, with = "String", extend("format" = "date", "pattern" = DAY_PATTERN))]
#[serde(try_from = "String", into = "String")]
pub struct Day(civil::Date);

/// What a text must look like to be a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a day is written YYYY-MM-DD, from 0001-01-01 to 9998-12-31")]
pub struct NotADay;

impl Day {
    /// So many days later, held inside the same years.
    #[must_use]
    pub fn after_days(self, days: u16) -> Self {
        let later = self.0.checked_add(jiff::Span::new().days(i64::from(days)));
        Self(later.unwrap_or(self.0))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(NotADay) };
        let digits = |part: &str, length| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return Err(NotADay);
        }
        let number = |part: &str| part.parse::<i16>().map_err(|_| NotADay);
        let small = |part: &str| part.parse::<i8>().map_err(|_| NotADay);
        let date = civil::Date::new(number(year)?, small(month)?, small(day)?);
        date.ok().filter(|date| (1..9999).contains(&date.year())).map(Self).ok_or(NotADay)
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;

    fn try_from(text: String) -> Result<Self, NotADay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_japans_and_are_counted_over_months() {
        let due: Day = "2026-12-31".parse().expect("a day");
        assert_eq!(due.after_days(60).to_string(), "2027-03-01");
        assert_eq!(at("2026-12-31T15:00:00Z").day().to_string(), "2027-01-01");
        assert_eq!("2028-02-29".parse::<Day>().map(|day| day.to_string()), Ok("2028-02-29".into()));
        for text in ["2027-02-29", "2026-13-01", "2026-1-01", "2026/12/31", "", "9999-01-01"] {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text}");
        }
    }

    #[test]
    fn a_month_begins_at_midnight_in_japan_r_028() {
        let november = Month::new(2026, 11).expect("a month");
        assert_eq!(november.begins_at(), at("2026-10-31T15:00:00Z"));
        assert_eq!(november.begins_at().month(), november);
    }

    fn at(text: &str) -> Instant {
        text.parse().expect("a test's instant")
    }

    #[test]
    fn months_and_days_are_japans_r_028() {
        let cases = [
            ("2013-06-30T15:00:00Z", "2013-07", true),
            ("2013-06-30T14:59:59.999999Z", "2013-06", false),
            ("2026-11-30T23:59:59+09:00", "2026-11", false),
            ("2026-12-01T00:00:00+09:00", "2026-12", true),
            ("2024-02-29T12:00:00+09:00", "2024-02", false),
            ("2026-12-31T15:00:00Z", "2027-01", true),
            ("2038-01-19T03:14:08Z", "2038-01", false),
        ];
        for (instant, month, first) in cases {
            assert_eq!(at(instant).month().to_string(), month, "{instant}");
            assert_eq!(at(instant).is_first_of_month(), first, "{instant}");
        }
    }

    #[test]
    fn receipts_carry_japan_time_with_whole_seconds() {
        assert_eq!(at("2026-11-23T12:00:00.999Z").rfc3339(), "2026-11-23T21:00:00+09:00");
    }

    #[test]
    fn months_go_over_the_year_both_ways() {
        let december = Month::new(2026, 12).expect("a month");
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.next().previous(), december);
    }

    #[test]
    fn only_yyyy_mm_is_a_month() {
        for text in ["2026-13", "2026-00", "26-01", "2026-1", "2026/01", "", "2026-+1", "0000-01"] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
    }

    #[test]
    fn extreme_instants_still_have_a_date() {
        for micros in [i64::MIN, i64::MAX, 0] {
            let instant = Instant::from_micros(micros);
            assert!(instant.rfc3339().ends_with("+09:00"));
            assert!(instant.month().next() > instant.month());
            assert!(instant.after_s(u64::MAX) >= instant.after_s(1));
        }
    }
}
