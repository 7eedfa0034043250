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
    const ALLOWED: &str = "write a length of time, such as 45s, 10m, 2h or 7d";
    let span: Span = text.parse().map_err(|_| ALLOWED.to_owned())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let length = length.ok().and_then(|length| Duration::try_from(length).ok());
    length.filter(|length| !length.is_zero()).ok_or_else(|| ALLOWED.to_owned())
}

/// Reads a whole number from `LEAST` to `MOST`, whatever else is typed in its place.
pub fn parse_whole<T: TryFrom<u64>, const LEAST: u64, const MOST: u64>(
    text: &str,
) -> Result<T, String> {
    let number = text.parse::<u64>().ok().filter(|number| (LEAST..=MOST).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("allowed is a whole number from {LEAST} to {MOST}"))
}
