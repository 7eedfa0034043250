//! What a household asks of its statement: 年月 and フレッツ・パスポートID.

use crate::domain::{
    calendar::{Instant, Month},
    ids::PassportNumber,
    line::Line,
};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// The charged month.
    pub month: Month,
    /// The ID; all that the line ever had where absent.
    pub passport: Option<PassportNumber>,
}

/// Why a month is none to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthFault {
    /// 年月 is required.
    Missing,
    /// It is not a month.
    Malformed,
    /// It has not begun.
    Future,
    /// It ended before the line was opened here.
    BeforeOpening,
}

/// What is wrong with a search, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchFaults {
    /// 年月.
    pub month: Option<MonthFault>,
    /// The ID is none of the line's.
    pub unknown_passport: bool,
}

/// Reads a search as it was typed. A month that was not asked for at all is the month of `now`;
/// one that was left empty is missing.
pub fn search(
    line: &Line,
    now: Instant,
    month: Option<&str>,
    passport: Option<&str>,
) -> Result<Search, SearchFaults> {
    let month = month.map_or_else(|| Ok(now.month()), |text| month_asked(line, now, text));
    let passport = passport.filter(|text| !text.is_empty()).map(|text| passport_asked(line, text));
    match (month, passport) {
        (Ok(month), None) => Ok(Search { month, passport: None }),
        (Ok(month), Some(Some(number))) => Ok(Search { month, passport: Some(number) }),
        (month, passport) => {
            let unknown_passport = passport == Some(None);
            Err(SearchFaults { month: month.err(), unknown_passport })
        }
    }
}

fn month_asked(line: &Line, now: Instant, text: &str) -> Result<Month, MonthFault> {
    if text.trim().is_empty() {
        return Err(MonthFault::Missing);
    }
    match month_from_text(text).ok_or(MonthFault::Malformed)? {
        month if month > now.month() => Err(MonthFault::Future),
        month if month < line.opened_at.month() => Err(MonthFault::BeforeOpening),
        month => Ok(month),
    }
}

/// Deleted IDs are the line's too.
fn passport_asked(line: &Line, text: &str) -> Option<PassportNumber> {
    let number = PassportNumber(text.parse().ok()?);
    line.passports.contains_key(&number).then_some(number)
}

/// A month as people type it: `2009/01`, with full-width digits and signs too, with a
/// hyphen, or with a month of one digit.
pub fn month_from_text(text: &str) -> Option<Month> {
    let plain: String = text.trim().chars().map(half_width).collect();
    let (year, month) = plain.split_once(['/', '-'])?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let written = year.len() == 4 && matches!(month.len(), 1 | 2) && digits(year) && digits(month);
    if !written {
        return None;
    }
    Month::new(year.parse().ok()?, month.parse().ok()?).ok()
}

/// The half-width form of what a Japanese keyboard writes for digits, slash and hyphen.
fn half_width(character: char) -> char {
    match character {
        '０'..='９' | '／' | '－' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        '‐' | '−' | 'ー' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_as_people_type_them_r_129() {
        let january = Month::new(2009, 1).ok();
        for text in [
            "2009/01",
            "2009/1",
            "2009-01",
            "２００９／０１",
            "２００９－１",
            " 2009/01　",
            "2009ー01",
        ] {
            assert_eq!(month_from_text(text), january, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_month_is_none_r_138() {
        for text in [
            "",
            "/",
            "2009",
            "200901",
            "2009/00",
            "2009/13",
            "09/01",
            "2009/001",
            "2009/1/1",
            "二〇〇九/一",
            "2009/+1",
            "-2009/1",
            "0000/01",
            "2009年1月",
            "99999/01",
            "2009/ 1",
        ] {
            assert_eq!(month_from_text(text), None, "{text:?}");
        }
    }
}
