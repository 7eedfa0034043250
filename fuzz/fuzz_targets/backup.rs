//! A backup that somebody hands to `linepass restore` (`store::backup::format`): without the master key none is
//! taken, and rows that are read are those that were written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::store::backup::format::{Reader, decode, encode};
use std::ops::ControlFlow;

const KEY: [u8; 32] = [7; 32];

fuzz_target!(|bytes: &[u8]| {
    if let Ok(reader) = Reader::begin(bytes) {
        assert!(reader.check(&KEY, &mut |_| ControlFlow::Continue(())).is_err(), "a forged backup");
    }
    if let Some(rows) = decode(bytes) {
        let again = encode(rows.iter().map(|(key, row)| (key.as_slice(), row.as_deref())));
        assert!(again == bytes, "it is written otherwise than it was read");
    }
});
