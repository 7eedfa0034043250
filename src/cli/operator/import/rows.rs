//! The rows of an import's file, one after the other: CSV with a header, or a JSON object on each
//! line. What is held is one row, never the file.

use crate::domain::provisioning::{RowFault, unknown_column};
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::Value;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::{self, BufRead, BufReader, Read},
    rc::Rc,
};

/// No row is larger: a quote that is left open would make one of the rest of the file.
const MOST_ROW_BYTES: u64 = 256 * 1024;

/// What some programs write before UTF-8 text.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The columns of a kind of file.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// All that there are.
    pub all: &'static [&'static str],
    /// Those that a CSV file's header must have.
    pub needed: &'static [&'static str],
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// Its header names a column that does not exist, one twice, or not all that it must.
    #[error("header: {0}")]
    Header(RowFault),
    /// Nothing stands in it, or nothing but a header: a pipe whose other end failed looks so.
    #[error("it holds no row")]
    Empty,
    /// The system, or the form of the file beyond repair.
    #[error("{0}")]
    Unreadable(String),
}

/// A row as it stands in the file, or what is wrong with it.
pub struct FileRow {
    /// Its line, from 1.
    pub line: u64,
    /// Its fields by name.
    pub fields: Result<BTreeMap<String, String>, RowFault>,
    /// About how long it is.
    pub bytes: usize,
}

/// The rows of a CSV file.
pub struct CsvRows<R> {
    reader: csv::Reader<Bounded<R>>,
    header: Vec<String>,
    since_row: Rc<Cell<u64>>,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// The file cannot be read, or its header is not one of these columns.
    pub fn open(source: R, columns: Columns) -> Result<Self, FileFault> {
        let since_row = Rc::new(Cell::new(0));
        let bounded = Bounded { source, since_row: Rc::clone(&since_row) };
        let mut reader = csv::ReaderBuilder::new().from_reader(bounded);
        let header = reader.headers().map_err(|error| FileFault::Unreadable(error.to_string()))?;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        check_header(&header, columns).map_err(FileFault::Header)?;
        Ok(Self { reader, header, since_row })
    }
}

fn check_header(header: &[String], columns: Columns) -> Result<(), RowFault> {
    let mut seen = BTreeSet::new();
    for name in header {
        if !columns.all.contains(&name.as_str()) {
            return Err(unknown_column(name, columns.all));
        }
        if !seen.insert(name.as_str()) {
            return Err(RowFault::new(name, "stands twice"));
        }
    }
    let missing: Vec<&str> =
        columns.needed.iter().copied().filter(|name| !seen.contains(name)).collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(RowFault::new(one, "must be a column")),
        more => Err(RowFault::new(&more.join(", "), "must be columns")),
    }
}

impl<R: Read> Iterator for CsvRows<R> {
    type Item = Result<FileRow, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.since_row.set(0);
        let mut record = csv::StringRecord::new();
        let unreadable = |what: String| Some(Err(FileFault::Unreadable(what)));
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                let bytes = record.as_slice().len() + 32 * record.len();
                let values = record.iter().map(str::to_owned);
                let fields = self.header.iter().cloned().zip(values).collect();
                Some(Ok(FileRow { line, fields: Ok(fields), bytes }))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let allowed = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("must have the header's {expected_len} fields, and has {len}")
                    }
                    csv::ErrorKind::Utf8 { .. } => "must be UTF-8".to_owned(),
                    _ => return unreadable(error.to_string()),
                };
                Some(Ok(FileRow { line, fields: Err(RowFault::new("row", allowed)), bytes: 0 }))
            }
        }
    }
}

/// Ends a row that does not end.
struct Bounded<R> {
    source: R,
    since_row: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row.get() > MOST_ROW_BYTES {
            return Err(io::Error::other("a row is longer than 256 KiB: is a quote left open?"));
        }
        let read = self.source.read(buffer)?;
        self.since_row.set(self.since_row.get().saturating_add(read as u64));
        Ok(read)
    }
}

/// The rows of a file with a JSON object on each line; empty lines are passed over.
pub struct JsonRows<R> {
    reader: BufReader<R>,
    line: u64,
}

impl<R: Read> JsonRows<R> {
    /// From the first line on.
    pub fn open(source: R) -> Self {
        Self { reader: BufReader::new(source), line: 0 }
    }
}

impl<R: Read> Iterator for JsonRows<R> {
    type Item = Result<FileRow, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut text = Vec::new();
            let read = self.reader.by_ref().take(MOST_ROW_BYTES).read_until(b'\n', &mut text);
            match read {
                Ok(0) => return None,
                Err(error) => return Some(Err(FileFault::Unreadable(error.to_string()))),
                Ok(bytes) if bytes as u64 == MOST_ROW_BYTES => {
                    let what = format!("line {} is longer than 256 KiB", self.line + 1);
                    return Some(Err(FileFault::Unreadable(what)));
                }
                Ok(bytes) => {
                    if self.line == 0 && text.starts_with(BYTE_ORDER_MARK) {
                        text.drain(..BYTE_ORDER_MARK.len());
                    }
                    self.line += 1;
                    if !text.trim_ascii().is_empty() {
                        let row = FileRow { line: self.line, fields: json_fields(&text), bytes };
                        return Some(Ok(row));
                    }
                }
            }
        }
    }
}

/// An object's members as they stand, one that stands twice included.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

fn json_fields(text: &[u8]) -> Result<BTreeMap<String, String>, RowFault> {
    // What serde says may repeat what stands in the row: only the place is told.
    let Members(members) = serde_json::from_slice(text).map_err(|error| {
        let allowed = format!("must be a JSON object on one line; column {}", error.column());
        RowFault::new("row", allowed)
    })?;
    let (mut fields, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for (name, value) in members {
        // Which of the two is meant is nobody's to guess.
        if !seen.insert(name.clone()) {
            let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(RowFault::new(&name, "stands twice"));
        }
        if let Some(text) = as_text(&name, value)? {
            fields.insert(name, text);
        }
    }
    Ok(fields)
}

/// Numbers and lists as the CSV file would have them.
fn as_text(name: &str, value: Value) -> Result<Option<String>, RowFault> {
    let wrong = || RowFault::new(name, "must be a text, a number or a list of texts");
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Array(parts) => {
            let texts = parts.iter().map(|part| part.as_str().ok_or_else(wrong));
            Ok(Some(texts.collect::<Result<Vec<_>, _>>()?.join(",")))
        }
        Value::Bool(_) | Value::Object(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provisioning::COLUMNS;

    const LINES: Columns = Columns { all: COLUMNS, needed: &["customer_id"] };

    fn told(rows: impl Iterator<Item = Result<FileRow, FileFault>>) -> Vec<String> {
        rows.map(|row| match row {
            Err(fault) => format!("end: {fault}"),
            Ok(FileRow { line, fields: Err(fault), .. }) => format!("{line}: {fault}"),
            Ok(FileRow { line, fields: Ok(fields), .. }) => format!("{line}: {fields:?}"),
        })
        .collect()
    }

    fn csv(text: &[u8]) -> Vec<String> {
        match CsvRows::open(text, LINES) {
            Ok(rows) => told(rows),
            Err(fault) => vec![fault.to_string()],
        }
    }

    #[test]
    fn both_forms_give_the_same_fields() {
        let csv = csv("\u{feff}customer_id,mail,networks\n\
                       CAF0000012573,a@b.jp,\"203.0.113.5,203.0.113.6\"\n"
            .as_bytes());
        let json = br#"
            {"customer_id":"CAF0000012573","mail":"a@b.jp","networks":["203.0.113.5","203.0.113.6"],"place":null}"#;
        let json = told(JsonRows::open(&json[1..]));
        assert_eq!(csv.len(), 1, "{csv:?}");
        assert_eq!(csv[0].split_once(": ").map(|row| row.1), json[0].split_once(": ").map(|r| r.1));
        assert_eq!(told(JsonRows::open(&br#"{"line_limit_yen":30000}"#[..])).len(), 1);
    }

    #[test]
    fn a_header_that_is_none_ends_it() {
        for (text, expected) in [
            ("customer_id,nickname\n", "header: nickname: is no column"),
            ("customer_id,mail,mail\n", "header: mail: stands twice"),
            ("mail\n", "header: customer_id: must be a column"),
            ("", "header: customer_id: must be a column"),
        ] {
            let said = csv(text.as_bytes());
            assert!(said[0].starts_with(expected), "{said:?}");
        }
    }

    #[test]
    fn a_header_names_all_that_it_lacks() {
        let columns = Columns { all: COLUMNS, needed: &["customer_id", "phone", "mail"] };
        let fault = CsvRows::open(&b"phone\n"[..], columns).map(drop).expect_err("no header");
        assert_eq!(fault.to_string(), "header: customer_id, mail: must be columns");
    }

    #[test]
    fn a_json_line_may_follow_a_byte_order_mark_and_has_each_key_once() {
        let rows = told(JsonRows::open("\u{feff}{\"a\":1}\n\u{feff}{\"a\":2}\n".as_bytes()));
        assert_eq!(rows[0], r#"1: {"a": "1"}"#);
        assert!(rows[1].starts_with("2: row: must be a JSON object"), "{rows:?}");
        let rows = told(JsonRows::open(&br#"{"mail":"a@b.jp","phone":"06","mail":null}"#[..]));
        assert_eq!(rows, ["1: mail: stands twice"]);
    }

    #[test]
    fn a_row_that_is_none_is_told_with_its_line_and_the_next_is_read() {
        let rows = csv(b"customer_id,mail\nCAF1,a\nCAF2\nCAF3,\xff\n\"CAF4\",\"b\n c\"\nCAF5,d\n");
        assert_eq!(rows[1], "3: row: must have the header's 2 fields, and has 1");
        assert_eq!(rows[2], "4: row: must be UTF-8");
        assert!(rows[3].starts_with("5: ") && rows[4].starts_with("7: "), "{rows:?}");
        let json =
            told(JsonRows::open(&b"{\"a\":1}\n\n[1]\n{\n{\"mail\":{}}\n{\"mail\":true}"[..]));
        assert_eq!(json[1], "3: row: must be a JSON object on one line; column 0");
        assert!(json[2].starts_with("4: row: must be a JSON object"), "{json:?}");
        assert_eq!(json[3], "5: mail: must be a text, a number or a list of texts");
    }

    #[test]
    fn a_row_without_an_end_ends_it_and_is_not_held() {
        let open = [&b"customer_id,mail\nCAF1,\""[..], &vec![b'x'; 1 << 20]].concat();
        let rows = csv(&open);
        assert!(rows.len() == 1 || rows[0].contains("quote left open"), "{rows:?}");
        let mut rows = CsvRows::open(&open[..], LINES).expect("a header");
        assert!(matches!(rows.next(), Some(Err(FileFault::Unreadable(_)))));
        let mut rows = JsonRows::open(&open[..]);
        assert!(rows.next().is_some());
        assert!(matches!(rows.next(), Some(Err(FileFault::Unreadable(_)))));
    }
}
