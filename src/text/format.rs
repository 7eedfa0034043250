//! How amounts, instants, months and numbers are written for a reader.
//!
//! Pure: every function gets the language and a plain value. Instants are microseconds since the
//! Unix epoch in UTC and are shown in Japan time, months are Japan's.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::Language;
use crate::domain::calendar;

/// Japan time has had no other offset since 1951.
const JAPAN: Offset = Offset::constant(9);

const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A calendar month in Japan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// The year, such as 2026.
    pub year: i16,
    /// The month of the year, 1 to 12.
    pub month: u8,
}

impl From<calendar::Month> for Month {
    fn from(month: calendar::Month) -> Self {
        Self { year: month.year(), month: month.number().unsigned_abs() }
    }
}

/// An amount in the pieces that a page sets in different sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YenParts {
    /// The sign before the figure: `¥` in English, nothing in Japanese.
    pub before: &'static str,
    /// The figure with its commas.
    pub figure: String,
    /// The unit after the figure: 円 in Japanese, nothing in English.
    pub after: &'static str,
}

/// The same of a number that may be negative: `-1,234`.
pub fn signed_grouped(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// Writes a number with a comma after each three digits: `1,234`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// An amount in yen, in pieces; put together it is what [`yen`] writes.
pub fn yen_parts(language: Language, amount_yen: u64) -> YenParts {
    let (before, after) = match language {
        Language::Ja => ("", "円"),
        Language::En => ("¥", ""),
    };
    YenParts { before, figure: grouped(amount_yen), after }
}

/// An amount in yen: `1,234円` or `¥1,234`.
pub fn yen(language: Language, amount_yen: u64) -> String {
    let YenParts { before, figure, after } = yen_parts(language, amount_yen);
    format!("{before}{figure}{after}")
}

/// An instant in Japan time, to the minute: `2026年11月23日 21:00 (日本時間)` or
/// `23 Nov 2026, 21:00 (JST)`. An instant that no calendar holds is written as a dash.
pub fn instant(language: Language, unix_us: i64) -> String {
    let Some(local) = japan_time(unix_us) else {
        return String::from("–");
    };
    let (hour, minute) = (local.hour(), local.minute());
    let date = date(language, local);
    match language {
        Language::Ja => format!("{date} {hour:02}:{minute:02} (日本時間)"),
        Language::En => format!("{date}, {hour:02}:{minute:02} (JST)"),
    }
}

/// An instant in Japan time, to the second: `2009年01月02日 10:45:53 (JST)` or
/// `2 Jan 2009, 10:45:53 (JST)`.
pub fn moment(language: Language, unix_us: i64) -> String {
    let Some(local) = japan_time(unix_us) else {
        return String::from("–");
    };
    match language {
        Language::Ja => local.strftime("%Y年%m月%d日 %H:%M:%S (JST)").to_string(),
        Language::En => format!("{}, {} (JST)", date(language, local), local.strftime("%H:%M:%S")),
    }
}

/// An instant for the `datetime` attribute: RFC 3339 with +09:00 and whole seconds.
pub fn instant_rfc3339(unix_us: i64) -> String {
    japan_time(unix_us)
        .map_or_else(String::new, |local| format!("{}+09:00", local.strftime("%Y-%m-%dT%H:%M:%S")))
}

/// A day of a statement in Japan time: `2009/11/02` or `2 Nov 2009`.
pub fn day(language: Language, unix_us: i64) -> String {
    match (japan_time(unix_us), language) {
        (None, _) => String::from("–"),
        (Some(local), Language::Ja) => local.strftime("%Y/%m/%d").to_string(),
        (Some(local), Language::En) => date(language, local),
    }
}

/// A month as it is typed: `2026/11`.
pub fn month_typed(month: Month) -> String {
    let Month { year, month } = month;
    format!("{year:04}/{month:02}")
}

/// A month: `2026年11月` or `Nov 2026`.
pub fn month(language: Language, month: Month) -> String {
    let Month { year, month } = month;
    match language {
        Language::Ja => format!("{year}年{month}月"),
        Language::En => format!("{} {year}", month_name(month)),
    }
}

/// A telephone number of digits alone, grouped where its parts are known: mobile numbers by 3-4-4,
/// Tokyo's and Osaka's by 2-4-4, free ones by 4-3-3. Others stand as they are.
pub fn phone(digits: &str) -> String {
    let (first, second) = match digits.len() {
        11 => (3, 7),
        10 if digits.starts_with("03") || digits.starts_with("06") => (2, 6),
        10 if digits.starts_with("0120") => (4, 7),
        _ => return digits.to_owned(),
    };
    match (digits.get(..first), digits.get(first..second), digits.get(second..)) {
        (Some(area), Some(office), Some(number)) => format!("{area}-{office}-{number}"),
        _ => digits.to_owned(),
    }
}

/// A receipt number (申込受付番号) grouped by four: `1000 0000 0016`.
pub fn receipt_number(number: &str) -> String {
    let mut written = String::with_capacity(number.len() + number.len() / 4);
    for (index, character) in number.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            written.push(' ');
        }
        written.push(character);
    }
    written
}

/// What part of `whole` is used, in whole per cent, rounded down so that 100 is reached only when
/// all is used. A whole of 0 is full.
pub fn per_cent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 100;
    }
    u64::try_from(u128::from(part) * 100 / u128::from(whole)).unwrap_or(u64::MAX)
}

fn japan_time(unix_us: i64) -> Option<DateTime> {
    let timestamp = Timestamp::from_microsecond(unix_us).ok()?;
    Some(JAPAN.to_datetime(timestamp))
}

fn date(language: Language, local: DateTime) -> String {
    let (year, day) = (local.year(), local.day());
    match language {
        Language::Ja => format!("{year}年{}月{day}日", local.month()),
        Language::En => {
            let month = u8::try_from(local.month()).unwrap_or_default();
            format!("{day} {} {year}", month_name(month))
        }
    }
}

fn month_name(month: u8) -> &'static str {
    let index = usize::from(month).wrapping_sub(1);
    MONTHS_EN.get(index).copied().unwrap_or("–")
}

#[cfg(test)]
mod tests {
    use super::Language::{En, Ja};
    use super::*;

    /// 2026-11-23T21:00:00+09:00.
    const EVENING_US: i64 = 1_795_435_200_000_000;

    #[test]
    fn amounts_have_commas_and_the_languages_own_sign() {
        for (amount_yen, ja, en) in [
            (0, "0円", "¥0"),
            (525, "525円", "¥525"),
            (1_234, "1,234円", "¥1,234"),
            (9_999_999, "9,999,999円", "¥9,999,999"),
            (u64::MAX, "18,446,744,073,709,551,615円", "¥18,446,744,073,709,551,615"),
        ] {
            assert_eq!((yen(Ja, amount_yen), yen(En, amount_yen)), (ja.into(), en.into()));
        }
    }

    #[test]
    fn instants_are_shown_in_japan_time() {
        // 2013-06-30T15:00:00Z is 1 July in Japan.
        let july_us = 1_372_604_400_000_000;
        assert_eq!(instant(Ja, july_us), "2013年7月1日 00:00 (日本時間)");
        assert_eq!(instant_rfc3339(july_us), "2013-07-01T00:00:00+09:00");
        assert_eq!(instant(Ja, EVENING_US), "2026年11月23日 21:00 (日本時間)");
        assert_eq!(instant(En, EVENING_US), "23 Nov 2026, 21:00 (JST)");
        assert_eq!(instant(En, i64::MAX), "–");
    }

    #[test]
    fn days_and_typed_months_are_the_statements_r_132() {
        // 2009-11-01T15:00:00Z is the 2nd in Japan.
        let second_us = 1_257_087_600_000_000;
        assert_eq!(day(Ja, second_us), "2009/11/02");
        assert_eq!(day(En, second_us), "2 Nov 2009");
        assert_eq!(day(Ja, i64::MIN), "–");
        assert_eq!(month_typed(Month { year: 2009, month: 1 }), "2009/01");
    }

    #[test]
    fn months_and_receipt_numbers() {
        let november = Month { year: 2026, month: 11 };
        assert_eq!(month(Ja, november), "2026年11月");
        assert_eq!(month(En, november), "Nov 2026");
        assert_eq!(month(En, Month { year: 2026, month: 13 }), "– 2026");
        assert_eq!(receipt_number("100000000016"), "1000 0000 0016");
        assert_eq!(receipt_number(""), "");
    }

    #[test]
    fn a_hundred_per_cent_means_all_of_it() {
        let cases = [(0, 10, 0), (9_999, 10_000, 99), (10_000, 10_000, 100), (0, 0, 100)];
        for (part, whole, expected) in cases {
            assert_eq!(per_cent(part, whole), expected, "{part} of {whole}");
        }
    }
}
