//! What the engine's file says of the last blocks, read without the engine.
//!
//! The head is written once a second, so after a kill the blocks of the last second stand in no head.
//! Where a byte of these was damaged besides, the engine takes the rest of its log for a torn tail,
//! drops it and opens. But nothing of a block is written before the block in front of it is synced: where
//! the bytes of two are in the file and the later one names the earlier one's hash, the earlier one was
//! durable. So the head is raised to the newest such block, and the check on opening finds what was
//! dropped; at the next start too, when the engine has overwritten what told it. A block that nothing
//! follows proves nothing: it may be torn.

use super::SEGMENT_BYTES;
use crate::store::{Block, group::Tip};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{ErrorKind, Result},
    os::unix::fs::FileExt,
    path::Path,
};

/// So many of the newest segments are read: more than is written between two heads.
const NEWEST_SEGMENTS: usize = 16;
/// The engine's segment header: CRC-32 of the rest, LSN, highest stable LSN; each inverted so that
/// zeros are no header.
const HEADER: usize = 20;

/// The newest block after `head` that the bytes of the engine's file prove to have been durable; `None`
/// where there is none, or no file.
pub(super) fn proven(engine: &Path, head: Tip) -> Result<Option<Tip>> {
    let file = match File::open(engine.join("db")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut blocks = BTreeSet::new();
    let mut named = BTreeSet::new();
    for segment in newest_segments(&file)? {
        for (number, previous, hash) in Block::all_in(&read(&file, segment)?, head.number) {
            blocks.insert((number, hash));
            named.insert((number - 1, previous));
        }
    }
    let newest = blocks.intersection(&named).last();
    Ok(newest.map(|(number, hash)| Tip { number: *number, hash: *hash }))
}

/// Where the newest segments begin, and those whose header cannot be read.
fn newest_segments(file: &File) -> Result<Vec<u64>> {
    let length = file.metadata()?.len();
    let mut segments = Vec::new();
    for start in (0..length).step_by(SEGMENT_BYTES) {
        let mut header = [0; HEADER];
        match file.read_exact_at(&mut header, start) {
            Ok(()) => segments.push((lsn(&header).unwrap_or(u64::MAX), start)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
    }
    segments.sort_unstable();
    let unreadable = segments.iter().filter(|(lsn, _)| *lsn == u64::MAX).count();
    let newest = segments.iter().rev().take(unreadable + NEWEST_SEGMENTS);
    Ok(newest.map(|(_, start)| *start).collect())
}

/// A segment's LSN, where its header is whole.
fn lsn(header: &[u8; HEADER]) -> Option<u64> {
    let (sum, rest) = header.split_first_chunk()?;
    let (lsn, _) = rest.split_first_chunk()?;
    let whole = u32::from_le_bytes(*sum) == !crc32(rest);
    whole.then(|| u64::from_le_bytes(*lsn) ^ (u64::MAX >> 1))
}

/// CRC-32 as in IEEE 802.3, of a few bytes.
fn crc32(bytes: &[u8]) -> u32 {
    let shift = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    let add = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| shift(sum));
    !bytes.iter().fold(u32::MAX, add)
}

/// A segment, as much of it as there is.
fn read(file: &File, start: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; SEGMENT_BYTES];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], start + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
