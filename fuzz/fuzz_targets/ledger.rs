//! The ledger of a provider or of a load test that `linepass verify --ledger` takes (`verify::ledger`): each line
//! is read, or named with its number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::verify::ledger::{LedgerFault, LedgerLine, lines};

fuzz_target!(|bytes: &[u8]| {
    let most = bytes.split(|byte| *byte == b'\n').count() as u64;
    for line in lines(bytes) {
        match line {
            Ok(line) => {
                let written = serde_json::to_string(&line).expect("JSON");
                assert!(
                    serde_json::from_str::<LedgerLine>(&written).is_ok_and(|again| again == line)
                );
            }
            Err(LedgerFault::Line { line, .. }) => assert!((1..=most).contains(&line)),
            Err(LedgerFault::File(_)) => {}
        }
    }
});
