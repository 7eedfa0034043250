//! The rows of an import's file, CSV or JSON Lines (`cli::operator::import::rows`), and a service of a
//! catalogue as an operator sends it (`domain::registration`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::{
    cli::operator::import::rows::{Columns, CsvRows, FileFault, FileRow, JsonRows},
    domain::{
        provisioning::{COLUMNS, LineRow},
        registration::ServiceEntry,
    },
};

const ALL: Columns = Columns { all: COLUMNS, needed: &["customer_id"] };

fn check(rows: impl Iterator<Item = Result<FileRow, FileFault>>, bytes: usize) {
    let (mut count, mut last) = (0, 0);
    for row in rows {
        count += 1;
        assert!(count <= bytes + 2, "more rows than bytes: it does not end");
        let Ok(row) = row else { continue };
        assert!(row.line >= last, "lines go back");
        last = row.line;
        if let Ok(fields) = row.fields {
            let size: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
            assert!(size <= 2 * 256 * 1024 + 64 * fields.len(), "a row beyond all bounds");
            let _ = LineRow::parse(fields).map(drop);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(rows) = CsvRows::open(bytes, ALL) {
        check(rows, bytes.len());
    }
    check(JsonRows::open(bytes), bytes.len());
    if let Ok(service) = serde_json::from_slice::<ServiceEntry>(bytes) {
        let _ = service.check("services[0]").map(drop);
    }
});
