//! A backup that somebody hands to `linepass restore` (`store::backup::format`): without the master key none is
//! taken, whatever its parts are, and rows that are read are those that were written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::store::backup::format::{Part, PartKind, Reader, Writer, decode, encode};
use std::ops::ControlFlow;

const KEY: [u8; 32] = [7; 32];

/// Whoever knows the format writes right hashes around anything; the key is what they lack.
fn written(bytes: &[u8]) -> Vec<u8> {
    let (rows, manifest) = bytes.split_at(bytes.len() / 2);
    let mut writer = Writer::begin(Vec::new()).expect("memory");
    for (kind, body) in [(PartKind::Rows, rows), (PartKind::Manifest, manifest)] {
        writer.put(&Part { kind, body: body.to_vec() }).expect("memory");
    }
    writer.end().expect("memory")
}

fn assert_refused(backup: &[u8]) {
    if let Ok(reader) = Reader::begin(backup) {
        assert!(reader.check(&KEY, &mut |_| ControlFlow::Continue(())).is_err(), "a forged backup");
    }
}

fuzz_target!(|bytes: &[u8]| {
    assert_refused(bytes);
    assert_refused(&written(bytes));
    if let Some(rows) = decode(bytes) {
        let again = encode(rows.iter().map(|(key, row)| (key.as_slice(), row.as_deref())));
        assert!(again == bytes, "it is written otherwise than it was read");
    }
});
