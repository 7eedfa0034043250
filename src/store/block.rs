//! A block closes each group commit: its number, the previous block's hash, and the (stream,
//! sequence number, hash) of every event row in the group. It is the one ordered thing in the
//! house: followers and the audit check each follow it with a cursor of their own.
//!
//! Fixed binary, all numbers big-endian, so that 1,000 entries stay within 64 KiB:
//!
//! ```text
//! version 1 | shard 4 | number 8 | previous hash 32 | at, microseconds 8 | count 4
//! then for each entry: stream, padded with zeros 24 | seq 8 | SHA-256 of the row 32
//! ```

use super::{StoreError, key, key::LONGEST_STREAM, key::Stream, record::sha256};
use crate::domain::calendar::Instant;

/// The version this program writes.
pub const VERSION: u8 = 1;
const HEADER: usize = 57;
const ENTRY: usize = LONGEST_STREAM + 40;

/// The most event rows a block may hold.
pub const MOST_EVENTS: usize = 1_000;

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its number; the first is 1.
    pub number: u64,
    /// The previous block's hash; zeros for the first.
    pub previous: [u8; 32],
    /// When its group was closed.
    pub at: Instant,
    /// The event rows of its group.
    pub entries: Vec<BlockEntry>,
}

/// One event row of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockEntry {
    /// Whose.
    pub stream: Stream,
    /// Its sequence number.
    pub seq: u64,
    /// SHA-256 of the stored row.
    pub hash: [u8; 32],
}

impl Block {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.entries.len() * ENTRY);
        bytes.push(VERSION);
        bytes.extend_from_slice(&key::SHARD.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(&self.at.micros().to_be_bytes());
        bytes.extend_from_slice(
            &u32::try_from(self.entries.len()).unwrap_or(u32::MAX).to_be_bytes(),
        );
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.encode());
        }
        bytes
    }

    /// Reads the stored form of block `number`.
    pub fn decode(number: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        Self::read(number, bytes).ok_or_else(|| {
            let what = match bytes.first() {
                Some(version) if *version > VERSION => {
                    format!("its version is {version}; this program reads version {VERSION}")
                }
                _ => "it is not of a block's form".to_owned(),
            };
            StoreError::damaged(format!("block {number}"), what)
        })
    }

    fn read(number: u64, bytes: &[u8]) -> Option<Self> {
        let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
        let (shard, rest) = rest.split_first_chunk()?;
        let (stored_number, rest) = rest.split_first_chunk()?;
        let (previous, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let right = u32::from_be_bytes(*shard) == key::SHARD
            && u64::from_be_bytes(*stored_number) == number
            && rest.len() == usize::try_from(u32::from_be_bytes(*count)).ok()? * ENTRY;
        let entries = rest.chunks_exact(ENTRY).map(BlockEntry::read).collect::<Option<Vec<_>>>()?;
        let at = Instant::from_micros(i64::from_be_bytes(*at));
        right.then_some(Self { number, previous: *previous, at, entries })
    }

    /// Whether a stored block names this row, whatever it was when its group was closed.
    pub fn names(encoded: &[u8], stream: &Stream, seq: u64) -> bool {
        let wanted = BlockEntry { stream: stream.clone(), seq, hash: [0; 32] }.encode();
        let name = |entry: &[u8]| entry[..LONGEST_STREAM + 8] == wanted[..LONGEST_STREAM + 8];
        encoded.get(HEADER..).unwrap_or_default().chunks_exact(ENTRY).any(name)
    }

    /// Whether a stored block closed this row, found without reading the others.
    pub fn closes(encoded: &[u8], stream: &Stream, seq: u64, hash: &[u8; 32]) -> bool {
        let wanted = BlockEntry { stream: stream.clone(), seq, hash: *hash }.encode();
        let entries = encoded.get(HEADER..).unwrap_or_default();
        entries.chunks_exact(ENTRY).any(|entry| entry == wanted)
    }

    /// The blocks after number `after` whose stored form is somewhere in these bytes: of each its number,
    /// the previous block's hash and its own. Nothing of them is proven but that they have the form of one.
    /// Numbers far beyond are no block's: rows of other kinds look like one with such a number.
    pub fn all_in(bytes: &[u8], after: u64) -> Vec<(u64, [u8; 32], [u8; 32])> {
        let mut begins = [0; 5];
        begins[0] = VERSION;
        begins[1..].copy_from_slice(&key::SHARD.to_be_bytes());
        let found = memchr::memmem::find_iter(bytes, &begins);
        found.filter_map(|at| Self::begins_at(&bytes[at..], after)).collect()
    }

    fn begins_at(bytes: &[u8], after: u64) -> Option<(u64, [u8; 32], [u8; 32])> {
        let header = bytes.first_chunk::<HEADER>()?;
        let number = u64::from_be_bytes(header[5..13].try_into().ok()?);
        if number <= after || number - after > u64::from(u32::MAX) / 2 {
            return None;
        }
        let count = u32::from_be_bytes(header[HEADER - 4..].try_into().ok()?);
        let count = usize::try_from(count).ok().filter(|count| *count <= 2 * MOST_EVENTS)?;
        let encoded = bytes.get(..HEADER + count * ENTRY)?;
        let block = Self::read(number, encoded)?;
        Some((number, block.previous, Self::hash(encoded)))
    }

    /// The hash by which the next block names it.
    pub fn hash(encoded: &[u8]) -> [u8; 32] {
        sha256(encoded)
    }
}

impl BlockEntry {
    fn encode(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let text = self.stream.to_string();
        let (stream, rest) = bytes.split_at_mut(LONGEST_STREAM);
        stream[..text.len()].copy_from_slice(text.as_bytes());
        rest[..8].copy_from_slice(&self.seq.to_be_bytes());
        rest[8..].copy_from_slice(&self.hash);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (stream, rest) = bytes.split_first_chunk::<LONGEST_STREAM>()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let text = stream.split(|byte| *byte == 0).next()?;
        Some(Self {
            stream: std::str::from_utf8(text).ok()?.parse().ok()?,
            seq: u64::from_be_bytes(*seq),
            hash: rest.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(entries: usize) -> Block {
        let entry = |seq| BlockEntry {
            stream: "CAF0000012573".parse().expect("a stream"),
            seq,
            hash: [7; 32],
        };
        Block {
            number: 3,
            previous: [1; 32],
            at: Instant::from_micros(1_700_000_000_000_000),
            entries: (1..=entries as u64).map(entry).collect(),
        }
    }

    #[test]
    fn a_full_block_stays_within_64_kib_and_reads_back() {
        let full = block(MOST_EVENTS);
        let bytes = full.encode();
        assert!(bytes.len() <= 65_536, "{}", bytes.len());
        assert_eq!(Block::decode(3, &bytes).expect("reads"), full);
        let stream = "CAF0000012573".parse().expect("a stream");
        assert!(Block::closes(&bytes, &stream, 1_000, &[7; 32]));
        assert!(!Block::closes(&bytes, &stream, 1_001, &[7; 32]));
        assert!(!Block::closes(&bytes, &stream, 1_000, &[8; 32]));
        assert!(Block::names(&bytes, &stream, 1_000) && !Block::names(&bytes, &stream, 1_001));
    }

    #[test]
    fn blocks_are_found_among_other_bytes_and_a_cut_one_is_none() {
        let blocks = [(3, 2), (5, 0), (4, 1)].map(|(number, entries)| {
            let previous = [u8::try_from(number).expect("small"); 32];
            Block { number, previous, ..block(entries) }.encode()
        });
        let found = |number: u8, place: usize| {
            (u64::from(number), [number; 32], Block::hash(&blocks[place]))
        };
        let row = super::super::record::encode(7, br#"{"at":1}"#);
        let bytes = [&[1, 0, 0][..], &blocks[0], &row, &blocks[1], &[0; 80], &blocks[2]].concat();
        assert_eq!(Block::all_in(&bytes, 0), [found(3, 0), found(5, 1), found(4, 2)]);
        assert_eq!(Block::all_in(&bytes, 4), [found(5, 1)]);
        let cut = [&blocks[0][..], &blocks[1][..56]].concat();
        assert_eq!(Block::all_in(&cut, 0), [found(3, 0)]);
        assert_eq!(Block::all_in(&[], 0), []);
    }

    #[test]
    fn a_block_under_another_number_or_cut_is_damaged() {
        let bytes = block(2).encode();
        assert!(Block::decode(4, &bytes).is_err());
        for length in 0..bytes.len() {
            assert!(Block::decode(3, &bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn every_byte_counts_in_the_hash() {
        let bytes = block(1).encode();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_ne!(Block::hash(&changed), Block::hash(&bytes), "{place}");
        }
    }
}
