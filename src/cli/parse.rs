//! Values on the command line, read with a sentence that says what is allowed.

use jiff::{Span, SpanRelativeTo, Timestamp, tz::Offset};
use std::time::Duration;

/// Reads an instant with its offset; the years are those whose months the calendar pages know.
pub fn parse_time(text: &str) -> Result<Timestamp, String> {
    const ALLOWED: &str = "write RFC 3339 with an offset, such as 2026-11-30T23:59:50+09:00, in \
                           the years 2000 to 2099";
    let time: Timestamp = text.parse().map_err(|_| ALLOWED.to_owned())?;
    let year = Offset::constant(9).to_datetime(time).year();
    if (2000..2100).contains(&year) { Ok(time) } else { Err(ALLOWED.to_owned()) }
}

/// Reads a length of time such as `10m`, `2h 30m` or `1d`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let length = parse_any_duration(text)?;
    let told = || format!("zero is too short: {LENGTHS}");
    (!length.is_zero()).then_some(length).ok_or_else(told)
}

/// Reads a length of time that may be none, such as `0s`; a bare zero needs no unit.
pub fn parse_any_duration(text: &str) -> Result<Duration, String> {
    if is_zero(text) {
        return Ok(Duration::ZERO);
    }
    let span: Span = text.parse().map_err(|_| LENGTHS.to_owned())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    length.ok().and_then(|length| Duration::try_from(length).ok()).ok_or_else(|| LENGTHS.to_owned())
}

/// What is allowed for a length of time.
const LENGTHS: &str = "write a length of time, such as 45s, 10m, 2h or 7d";

/// Reads a whole number from `LEAST` to `MOST`, whatever else is typed in its place.
pub fn parse_whole<T: TryFrom<u64>, const LEAST: u64, const MOST: u64>(
    text: &str,
) -> Result<T, String> {
    let number = text.parse::<u64>().ok().filter(|number| (LEAST..=MOST).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    let allowed = || format!("allowed is a whole number from {LEAST} to {MOST}");
    number.ok_or_else(|| with_zero_told(text, &allowed()))
}

/// What is allowed, and that a zero is none of it where one was typed.
pub fn with_zero_told(text: &str, allowed: &str) -> String {
    let has_zero = text.split("..").flat_map(|part| part.split(',')).any(is_zero);
    if has_zero { format!("{allowed}; zero is too few") } else { allowed.to_owned() }
}

fn is_zero(number: &str) -> bool {
    number.trim().parse::<f64>().is_ok_and(|number| number == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_told_as_the_fault_with_what_is_allowed() {
        for zero in ["0s", "0m", "0h 0s", "0", "00", "0.0"] {
            let told = parse_duration(zero).expect_err("it is none");
            assert!(told.starts_with("zero is too short: write a length of time"), "{told}");
            assert_eq!(parse_any_duration(zero), Ok(Duration::ZERO));
        }
        for no_length in ["", "1", "-1s", "soon"] {
            assert_eq!(parse_duration(no_length).expect_err("it is none"), LENGTHS);
        }
        let told = parse_whole::<u16, 1, 9>("0").expect_err("it is too few");
        assert_eq!(told, "allowed is a whole number from 1 to 9; zero is too few");
        for other in ["10", "-1", "x", "0x0"] {
            let told = parse_whole::<u16, 1, 9>(other).expect_err("it is not allowed");
            assert_eq!(told, "allowed is a whole number from 1 to 9");
        }
        assert_eq!(parse_whole::<u16, 0, 9>("0"), Ok(0));
        for zero in ["0", "0.0", "0..5", "5..0", "25,0"] {
            assert_eq!(with_zero_told(zero, "more"), "more; zero is too few", "{zero}");
        }
        for other in ["10..20", "0.5", "100", "0x"] {
            assert_eq!(with_zero_told(other, "more"), "more", "{other}");
        }
    }
}
