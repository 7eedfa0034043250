//! A table as CSV (RFC 4180), for spreadsheets of both languages.

use csv::{Terminator, WriterBuilder};

/// The mark by which spreadsheets take a file for UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes rows of cells: UTF-8 with its mark, lines ended by CR LF, and no cell that a spreadsheet
/// would take for a formula.
pub fn write(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, csv::Error> {
    let mut file = Vec::from(BYTE_ORDER_MARK);
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(&mut file);
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(file)
}

/// A cell that no spreadsheet runs: one that begins like a formula gets an apostrophe before it,
/// the full-width forms that Japanese spreadsheets read alike included (security.md 47).
pub fn harmless(cell: &str) -> String {
    const BEGINS_A_FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    // A number below nothing is a number.
    let is_number = cell.parse::<i64>().is_ok() && !cell.starts_with('+');
    if cell.starts_with(BEGINS_A_FORMULA) && !is_number {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rows: impl IntoIterator<Item = Vec<String>>) -> String {
        String::from_utf8(write(rows).expect("writes")).expect("UTF-8")
    }

    fn written(cells: &[&str]) -> String {
        text([cells.iter().map(|cell| (*cell).to_owned()).collect()])
    }

    #[test]
    fn lines_end_by_cr_lf_after_the_mark() {
        let rows = [vec!["申込受付番号".into(), "金額(円)".into()], vec!["1".into(), "300".into()]];
        assert_eq!(text(rows), "\u{feff}申込受付番号,金額(円)\r\n1,300\r\n");
        assert_eq!(text([]), "\u{feff}");
    }

    #[test]
    fn what_would_end_a_cell_is_quoted() {
        for (cell, expected) in [
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("it's plain; too", "it's plain; too"),
            ("", ""),
        ] {
            let (row, expected) = ([cell, "x"], format!("\u{feff}{expected},x\r\n"));
            assert_eq!(written(&row), expected, "{cell:?}");
        }
    }

    /// security.md 47: names come from others.
    #[test]
    fn no_cell_begins_a_formula() {
        for cell in [
            "=1+1",
            "+81",
            "-2+3",
            "@SUM(A1)",
            "\tx",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "=HYPERLINK(\"x\")",
        ] {
            let text = written(&[cell]);
            let first = text.trim_start_matches(['\u{feff}', '"']);
            assert!(first.starts_with('\''), "{cell:?} is {text:?}");
        }
        assert_eq!(written(&["a=1", "3-2", "-300"]), "\u{feff}a=1,3-2,-300\r\n");
    }
}
