//! The carrier's file of unpaid bills, read row by row: CSV with a head, or JSON Lines.

use crate::domain::{
    calendar::{Day, Month},
    ids::CustomerId,
};
use csv::{ReaderBuilder, StringRecord, Trim};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 4_096;

/// A row that cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line of the file, from 1.
    pub line: u64,
    /// Why; the sentence begins with the field's name.
    pub reason: String,
}

/// A good row.
#[derive(Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The line of the file, from 1.
    pub line: u64,
    /// What the server is told.
    pub row: Row,
}

/// A bill.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    customer_id: CustomerId,
    month: Month,
    due: Day,
    status: String,
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    customer_id: String,
    month: String,
    due: String,
    status: String,
}

/// All rows of a file, one after the other.
///
/// # Errors
/// It cannot be opened.
pub fn read(path: &Path) -> io::Result<Box<dyn Iterator<Item = Result<Numbered, BadRow>>>> {
    let file = File::open(path)?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        Ok(Box::new(of_csv(file)))
    } else {
        Ok(Box::new(of_json_lines(BufReader::new(file))))
    }
}

fn of_csv(file: impl Read) -> impl Iterator<Item = Result<Numbered, BadRow>> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let bad = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            BadRow { line, reason: error.to_string() }
        };
        let head = match reader.headers() {
            Ok(head) => head.clone(),
            Err(error) => {
                ended = true;
                return Some(Err(bad(error)));
            }
        };
        let mut record = StringRecord::new();
        match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(1, csv::Position::line);
                let typed = record.deserialize::<Typed>(Some(&head));
                Some(typed.map_err(bad).and_then(|typed| checked(line, &typed)))
            }
            Err(error) => {
                ended = error.is_io_error();
                Some(Err(bad(error)))
            }
        }
    })
}

fn of_json_lines(mut file: impl BufRead) -> impl Iterator<Item = Result<Numbered, BadRow>> {
    let mut line = 0;
    let mut ended = false;
    std::iter::from_fn(move || {
        loop {
            if ended {
                return None;
            }
            line += 1;
            let bad = |reason: &str| Some(Err(BadRow { line, reason: reason.to_owned() }));
            let mut text = Vec::new();
            match (&mut file).take(LONGEST_LINE).read_until(b'\n', &mut text) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    ended = true;
                    return bad(&error.to_string());
                }
            }
            if text.len() as u64 == LONGEST_LINE && !text.ends_with(b"\n") {
                ended = true;
                return bad("the line is longer than 4096 bytes; the rest is not read");
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            return Some(match serde_json::from_slice::<Typed>(&text) {
                Ok(typed) => checked(line, &typed),
                Err(error) => Err(BadRow { line, reason: error.to_string() }),
            });
        }
    })
}

fn checked(line: u64, typed: &Typed) -> Result<Numbered, BadRow> {
    let bad = |field: &str, what: &dyn std::fmt::Display| BadRow {
        line,
        reason: format!("{field}: {what}"),
    };
    let status = typed.status.as_str();
    if !matches!(status, "unpaid" | "paid") {
        return Err(bad("status", &"must be unpaid or paid"));
    }
    let row = Row {
        customer_id: typed.customer_id.parse().map_err(|error| bad("customer_id", &error))?,
        month: typed.month.parse().map_err(|error| bad("month", &error))?,
        due: typed.due.parse().map_err(|error| bad("due", &error))?,
        status: status.to_owned(),
    };
    Ok(Numbered { line, row })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: impl Iterator<Item = Result<Numbered, BadRow>>) -> Vec<(u64, Option<String>)> {
        rows.map(|row| match row {
            Ok(row) => (row.line, None),
            Err(bad) => (bad.line, Some(bad.reason)),
        })
        .collect()
    }

    #[test]
    fn good_rows_are_read_and_bad_ones_told_by_line() {
        let csv = "customer_id,month,due,status\n\
                   CAF0000012573,2026-10,2026-12-31,unpaid\n\
                   CAF1,2026-10,2026-12-31,unpaid\n\
                   CAF0000012573,2026-13,2026-12-31,unpaid\n\
                   CAF0000012573,2026-10\n\
                   CAF0000012573,2026-10,2026-12-32,unpaid\n\
                   CAF0000012573,2026-10,2026-12-31,late\n\
                   CAF0000012573 , 2026-10,2026-12-31,paid\n";
        let read = lines(of_csv(csv.as_bytes()));
        let numbers: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 8]);
        for (index, field) in [(1, "customer_id: "), (2, "month: "), (4, "due: "), (5, "status: ")]
        {
            let reason = read[index].1.as_deref().expect("bad");
            assert!(reason.starts_with(field), "{reason}");
        }
        assert!(read[0].1.is_none() && read[3].1.is_some() && read[6].1.is_none());

        let good = r#"{"customer_id":"CAF0000012573","month":"2026-10","due":"2026-12-31","status":"paid"}"#;
        let long = "x".repeat(5_000);
        let json = format!("{good}\n\n{{\n{good}\n{long}\n{good}\n");
        let read = lines(of_json_lines(io::Cursor::new(json)));
        let numbers: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [1, 3, 4, 5]);
        assert!(read[0].1.is_none() && read[1].1.is_some() && read[2].1.is_none());
        assert!(read[3].1.as_deref().is_some_and(|reason| reason.contains("longer")));
    }
}
