//! The carrier's file of unpaid bills: what its rows must hold, read as an import's rows are.

use crate::{
    cli::operator::import::rows::{Columns, CsvRows, FileFault, FileRow, JsonRows},
    domain::{
        calendar::{Day, Month},
        ids::CustomerId,
        provisioning::{RowFault, unknown_column},
    },
};
use serde::Serialize;
use std::{collections::BTreeMap, fs::File, path::Path};

/// The names of a row's fields; each row has all of them.
const COLUMNS: &[&str] = &["customer_id", "month", "due", "status"];

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

/// All rows of a file, one after the other.
type Rows<T> = Box<dyn Iterator<Item = Result<T, FileFault>>>;

/// All rows of a file, good and bad.
///
/// # Errors
/// It cannot be opened, or is CSV with another header. A row is an error where nothing after it can
/// be read.
pub fn read(path: &Path) -> Result<Rows<Result<Numbered, BadRow>>, FileFault> {
    let file = File::open(path).map_err(|error| FileFault::Unreadable(error.to_string()))?;
    let is_csv = path.extension().is_some_and(|name| name.eq_ignore_ascii_case("csv"));
    let rows: Rows<FileRow> = if is_csv {
        Box::new(CsvRows::open(file, Columns { all: COLUMNS, needed: COLUMNS })?)
    } else {
        Box::new(JsonRows::open(file))
    };
    Ok(Box::new(rows.map(|row| row.map(checked))))
}

fn checked(row: FileRow) -> Result<Numbered, BadRow> {
    let FileRow { line, fields, .. } = row;
    let bad = |fault: RowFault| BadRow { line, reason: fault.to_string() };
    fields.and_then(bill).map(|row| Numbered { line, row }).map_err(bad)
}

fn bill(fields: BTreeMap<String, String>) -> Result<Row, RowFault> {
    if let Some(unknown) = fields.keys().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(unknown_column(unknown, COLUMNS));
    }
    let field = |name: &str| match fields.get(name).map(|value| value.trim()) {
        None | Some("") => Err(RowFault::new(name, "must be given")),
        Some(value) => Ok(value),
    };
    let status = field("status")?;
    if !matches!(status, "unpaid" | "paid") {
        return Err(RowFault::new("status", "must be unpaid or paid"));
    }
    Ok(Row {
        customer_id: parsed("customer_id", field("customer_id")?)?,
        month: parsed("month", field("month")?)?,
        due: parsed("due", field("due")?)?,
        status: status.to_owned(),
    })
}

fn parsed<T>(name: &str, value: &str) -> Result<T, RowFault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    value.parse().map_err(|error: T::Err| RowFault::new(name, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a file of this name: their line, and what is wrong with them.
    fn lines(name: &str, text: &str) -> Vec<(u64, Option<String>)> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        let rows = match read(&path) {
            Ok(rows) => rows,
            Err(fault) => return vec![(0, Some(fault.to_string()))],
        };
        rows.map(|row| match row {
            Ok(Ok(row)) => (row.line, None),
            Ok(Err(bad)) => (bad.line, Some(bad.reason)),
            Err(fault) => (0, Some(fault.to_string())),
        })
        .take(20)
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
                   CAF0000012573,2026-10,,unpaid\n\
                   CAF0000012573 , 2026-10,2026-12-31,paid\n";
        let read = lines("a.csv", csv);
        let numbers: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 8, 9]);
        let fields = [(1, "customer_id: "), (2, "month: "), (3, "row: "), (4, "due: ")];
        for (index, field) in fields.into_iter().chain([(5, "status: "), (6, "due: ")]) {
            let reason = read[index].1.as_deref().expect("bad");
            assert!(reason.starts_with(field), "{reason}");
        }
        assert!(read[0].1.is_none() && read[7].1.is_none());

        let good = r#"{"customer_id":"CAF0000012573","month":"2026-10","due":"2026-12-31","status":"paid"}"#;
        let more = good.replace('}', r#","note":"x"}"#);
        let json = format!("\u{feff}{good}\n\n{{\n{good}\n{more}\n{{}}\n{good}\n");
        let read = lines("a.jsonl", &json);
        let numbers: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [1, 3, 4, 5, 6, 7], "{read:?}");
        let good: Vec<bool> = read.iter().map(|(_, reason)| reason.is_none()).collect();
        assert_eq!(good, [true, false, true, false, false, true], "{read:?}");
        assert!(
            read[3].1.as_deref().is_some_and(|reason| reason.starts_with("note: is no column"))
        );
    }

    #[test]
    fn a_header_that_lacks_columns_names_them_and_a_row_without_an_end_ends_it() {
        let read = lines("a.csv", "customer_id,month\nCAF0000012573,2026-10\n");
        assert_eq!(read, [(0, Some("header: due, status: must be columns".to_owned()))]);
        let open = format!("customer_id,month,due,status\nCAF1,\"{}", "x".repeat(1 << 20));
        let read = lines("a.csv", &open);
        assert!(
            read[0].1.as_deref().is_some_and(|why| why.contains("quote left open")),
            "{read:?}"
        );
        let read = lines("a.jsonl", &"x".repeat(1 << 20));
        assert!(read[0].1.as_deref().is_some_and(|why| why.contains("256 KiB")), "{read:?}");
    }
}
