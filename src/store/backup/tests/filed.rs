//! Every changed, missing and added byte of a backup's file is noticed.

use super::{
    super::{
        Reader, Writer,
        format::{BackupFault, MAGIC, Part, PartKind, decode, encode},
    },
    KEY, go_on, written,
};
use proptest::prelude::*;

fn fault_of(bytes: &[u8], key: &[u8; 32]) -> Option<BackupFault> {
    Reader::begin(bytes).and_then(|reader| reader.check(key, &mut go_on)).err()
}

#[tokio::test]
async fn every_byte_that_was_changed_cut_or_added_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _, manifest) = written(folder.path()).await;
    let bytes = std::fs::read(path).expect("reads");
    assert!(fault_of(&bytes, &KEY).is_none());
    for place in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[place] ^= bit;
            let fault = fault_of(&changed, &KEY);
            let named = match fault {
                Some(BackupFault::Foreign | BackupFault::Newer(_)) => place < MAGIC.len(),
                Some(BackupFault::Changed(part) | BackupFault::Cut(part)) => {
                    part <= manifest.parts && place >= MAGIC.len()
                }
                _ => false,
            };
            assert!(named, "byte {place}, bit {bit}: {fault:?}");
        }
    }
    for length in 0..bytes.len() {
        let fault = fault_of(&bytes[..length], &KEY);
        let named = match fault {
            Some(BackupFault::Foreign) => length == 0,
            Some(BackupFault::Cut(_)) => length > 0,
            _ => false,
        };
        assert!(named, "{length} bytes: {fault:?}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(matches!(fault_of(&longer, &KEY), Some(BackupFault::Longer)));
    assert!(matches!(fault_of(&bytes, &[8; 32]), Some(BackupFault::Mac)));
}

/// The same with other rows and their right hashes, by somebody who has no key.
pub(super) fn forged(bytes: &[u8]) -> Vec<u8> {
    let mut reader = Reader::begin(bytes).expect("begins");
    let mut forged = Writer::begin(Vec::new()).expect("begins");
    while let Some(mut part) = reader.part().expect("reads") {
        if part.kind == PartKind::Rows {
            let last = part.body.len() - 1;
            part.body[last] ^= 1;
        }
        forged.put(&part).expect("writes");
    }
    forged.end().expect("ends")
}

#[tokio::test]
async fn a_backup_that_was_made_up_with_right_hashes_has_no_right_mac() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, ..) = written(folder.path()).await;
    let forged = forged(&std::fs::read(path).expect("reads"));
    assert!(matches!(fault_of(&forged, &KEY), Some(BackupFault::Mac)));
    // A part of a stranger's form is told as that, and never panics.
    let mut odd = Writer::begin(Vec::new()).expect("begins");
    odd.put(&Part { kind: PartKind::Rows, body: vec![0, 9, 1] }).expect("writes");
    assert!(matches!(fault_of(&odd.end().expect("ends"), &KEY), Some(BackupFault::Form(0, _))));
}

proptest! {
    #[test]
    fn rows_keep_their_bytes_and_rubbish_is_no_rows(
        rows in proptest::collection::vec(
            (
                proptest::collection::vec(any::<u8>(), 0..40),
                proptest::option::of(proptest::collection::vec(any::<u8>(), 0..90)),
            ),
            0..20,
        ),
        rubbish in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let borrowed = rows.iter().map(|(key, row)| (key.as_slice(), row.as_deref()));
        assert_eq!(decode(&encode(borrowed)), Some(rows));
        // Whatever comes of it, nothing panics and nothing large is asked for.
        drop(decode(&rubbish));
        drop(fault_of(&[&MAGIC[..], &rubbish].concat(), &KEY));
    }
}
