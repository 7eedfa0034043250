//! The file of a backup. All numbers are big-endian.
//!
//! ```text
//! file      "linepass-backup" | format 1 (ASCII '1')
//!           part …
//!           manifest, the last part; nothing comes after it
//! part      kind 1 | length of its body 4 | body | hash 32
//!           hash: SHA-256 over the hash before it (of the first part: of the file's first 16 bytes),
//!           the part's number 8, from 0, its kind, its length and its body
//! rows      kind 1: each row as key's length 2 | key | row's length 4 | row
//! changes   kind 2: the same; a length of 2^32 - 1 says that the row is gone, and nothing follows it
//! manifest  kind 3: JSON | HMAC-SHA-256 32 over the hash before it and the JSON, with a key that is
//!           derived from the store's master key
//! ```
//!
//! Rows are as the store has them: personal data and keys lie in a backup as they lie in the store.
//! Whoever reads the parts in their order, a later row in place of an earlier one, has the store.

use super::super::{notes::Change, record::sha256};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::{
    io::{self, ErrorKind, Read, Write},
    ops::ControlFlow,
};

/// How a backup begins.
pub const MAGIC: &[u8; 16] = b"linepass-backup1";
/// The largest body of a part.
pub const MOST_PART_BYTES: usize = 8 << 20;
/// The row's length that says that it is gone.
const GONE: u32 = u32::MAX;
const HASH: usize = 32;

/// What is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupFault {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It does not begin like one.
    #[error("it is no backup of a Linepass store")]
    Foreign,
    /// Another version wrote it.
    #[error("it is a backup of format {0}; this program reads format 1")]
    Newer(char),
    /// It ends before its manifest.
    #[error("it ends within part {0}: it was cut off, or its writing was")]
    Cut(u64),
    /// A part is not what was written.
    #[error("part {0} was changed: its hash is another")]
    Changed(u64),
    /// Something comes after the manifest.
    #[error("something was added after its manifest")]
    Longer,
    /// The manifest's MAC is another.
    #[error("its MAC does not fit: it was changed, or it is of a store with another master key")]
    Mac,
    /// A part has no form that any version wrote, though its hash is right.
    #[error("part {0} cannot be read: {1}")]
    Form(u64, String),
    /// Whoever hears how far it is said so.
    #[error("its reading was stopped")]
    Stopped,
}

/// Hears of bytes that were read, and says whether to go on.
pub type Told<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// What a part holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// Rows as they were read.
    Rows,
    /// Rows that were committed meanwhile.
    Changes,
    /// The end.
    Manifest,
}

impl PartKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Rows => 1,
            Self::Changes => 2,
            Self::Manifest => 3,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Rows),
            2 => Some(Self::Changes),
            3 => Some(Self::Manifest),
            _ => None,
        }
    }
}

/// A part.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// What it holds.
    pub kind: PartKind,
    /// It.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Part {
    /// Personal data and keys do not print.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({:?}, {} bytes)", self.kind, self.body.len())
    }
}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The block that was durable when it was begun.
    pub begun_block: u64,
    /// The store's last block in it.
    pub block: u64,
    /// That block's hash, in hexadecimal digits; zeros before the first block.
    pub block_hash: String,
    /// Parts before this one.
    pub parts: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that were committed meanwhile.
    pub changes: u64,
    /// When it was made, microseconds since 1970.
    pub made_at: i64,
}

/// The hash that chains the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    number: u64,
    hash: [u8; HASH],
}

impl Default for Chain {
    fn default() -> Self {
        Self { number: 0, hash: sha256(MAGIC) }
    }
}

impl Chain {
    /// Goes on to the next part. Its hash.
    pub fn add(&mut self, part: &Part) -> [u8; HASH] {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        context.update(&self.hash);
        context.update(&self.number.to_be_bytes());
        context.update(&[part.kind.byte()]);
        context.update(&length(&part.body));
        context.update(&part.body);
        self.hash.copy_from_slice(context.finish().as_ref());
        self.number += 1;
        self.hash
    }

    /// How many parts there were.
    pub const fn parts(&self) -> u64 {
        self.number
    }

    /// The manifest's part.
    ///
    /// # Panics
    /// Never: a manifest is JSON.
    pub fn manifest(&self, manifest: &Manifest, key: &[u8; 32]) -> Part {
        let mut body = serde_json::to_vec(manifest).expect("our own types are always JSON");
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &self.under_mac(&body));
        body.extend_from_slice(mac.as_ref());
        Part { kind: PartKind::Manifest, body }
    }

    fn under_mac(&self, json: &[u8]) -> Vec<u8> {
        [&self.hash, json].concat()
    }

    /// Reads the manifest, if its MAC is right.
    fn open(&self, part: &Part, key: &[u8; 32]) -> Result<Manifest, BackupFault> {
        let (json, mac) = part.body.split_last_chunk::<HASH>().ok_or(BackupFault::Mac)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::verify(&key, &self.under_mac(json), mac).map_err(|_| BackupFault::Mac)?;
        serde_json::from_slice(json)
            .map_err(|error| BackupFault::Form(self.number, error.to_string()))
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// The body of a part of rows.
pub fn encode<'a>(rows: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, row) in rows {
        body.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
        body.extend_from_slice(key);
        match row {
            Some(row) => {
                body.extend_from_slice(&length(row));
                body.extend_from_slice(row);
            }
            None => body.extend_from_slice(&GONE.to_be_bytes()),
        }
    }
    body
}

/// The rows of a part; `None` where it has another form.
pub fn decode(mut body: &[u8]) -> Option<Vec<Change>> {
    let mut rows = Vec::new();
    while !body.is_empty() {
        let (key_length, rest) = body.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_at_checked(u16::from_be_bytes(*key_length).into())?;
        let (row_length, rest) = rest.split_first_chunk::<4>()?;
        let (row, rest) = match u32::from_be_bytes(*row_length) {
            GONE => (None, rest),
            length => {
                let (row, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Some(row.to_vec()), rest)
            }
        };
        rows.push((key.to_vec(), row));
        body = rest;
    }
    Some(rows)
}

/// Writes a backup, part by part.
pub struct Writer<W> {
    to: W,
    chain: Chain,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Begins one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(mut to: W) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Self { to, chain: Chain::default(), bytes: MAGIC.len() as u64 })
    }

    /// Writes the next part. Its hash.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&mut self, part: &Part) -> io::Result<[u8; HASH]> {
        let hash = self.chain.add(part);
        self.to.write_all(&[part.kind.byte()])?;
        self.to.write_all(&length(&part.body))?;
        self.to.write_all(&part.body)?;
        self.to.write_all(&hash)?;
        self.bytes += (1 + 4 + part.body.len() + HASH) as u64;
        Ok(hash)
    }

    /// How many bytes were written.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it was written to.
    ///
    /// # Errors
    /// It cannot be written to its end.
    pub fn end(mut self) -> io::Result<W> {
        self.to.flush()?;
        Ok(self.to)
    }
}

/// Reads a backup, part by part, each held against its hash.
pub struct Reader<R> {
    from: R,
    chain: Chain,
    has_ended: bool,
}

impl<R: Read> Reader<R> {
    /// Begins to read one.
    ///
    /// # Errors
    /// It is none, or one of another format.
    pub fn begin(mut from: R) -> Result<Self, BackupFault> {
        let mut magic = [0; MAGIC.len()];
        let read = read_most(&mut from, &mut magic)?;
        if read < magic.len() {
            let begins = MAGIC.starts_with(&magic[..read]) && read > 0;
            return Err(if begins { BackupFault::Cut(0) } else { BackupFault::Foreign });
        }
        let (name, format) = magic.split_at(MAGIC.len() - 1);
        if !MAGIC.starts_with(name) {
            return Err(BackupFault::Foreign);
        }
        if magic != *MAGIC {
            return Err(BackupFault::Newer(char::from(format[0])));
        }
        Ok(Self { from, chain: Chain::default(), has_ended: false })
    }

    /// The next part; none after the manifest.
    ///
    /// # Errors
    /// It is cut or was changed, or cannot be read.
    pub fn part(&mut self) -> Result<Option<Part>, BackupFault> {
        let number = self.chain.parts();
        if self.has_ended {
            let more = read_most(&mut self.from, &mut [0])?;
            return if more == 0 { Ok(None) } else { Err(BackupFault::Longer) };
        }
        let mut head = [0; 5];
        self.fill(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let kind = PartKind::of(kind).ok_or(BackupFault::Changed(number))?;
        if length > MOST_PART_BYTES {
            return Err(BackupFault::Changed(number));
        }
        let mut body = vec![0; length];
        self.fill(&mut body)?;
        let mut hash = [0; HASH];
        self.fill(&mut hash)?;
        let part = Part { kind, body };
        let mut chain = self.chain.clone();
        if chain.add(&part) != hash {
            return Err(BackupFault::Changed(number));
        }
        self.has_ended = kind == PartKind::Manifest;
        if !self.has_ended {
            // The manifest's MAC is over the hash before it.
            self.chain = chain;
        }
        Ok(Some(part))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), BackupFault> {
        let read = read_most(&mut self.from, buffer)?;
        if read == buffer.len() { Ok(()) } else { Err(BackupFault::Cut(self.chain.parts())) }
    }

    /// Reads to the end: every hash, and the manifest's MAC.
    ///
    /// # Errors
    /// Something is wrong with it, or `told` says to stop.
    pub fn check(mut self, key: &[u8; 32], told: Told<'_>) -> Result<Manifest, BackupFault> {
        let mut manifest = None;
        while let Some(part) = self.part()? {
            if told(part.body.len() as u64).is_break() {
                return Err(BackupFault::Stopped);
            }
            match part.kind {
                PartKind::Manifest => manifest = Some(self.manifest_of(&part, key)?),
                PartKind::Rows | PartKind::Changes => drop(self.rows_of(&part)?),
            }
        }
        manifest.ok_or(BackupFault::Cut(self.chain.parts()))
    }

    /// The manifest of the part that was read last, if its MAC over all that was read is right.
    ///
    /// # Errors
    /// It is not.
    pub fn manifest_of(&self, part: &Part, key: &[u8; 32]) -> Result<Manifest, BackupFault> {
        self.chain.open(part, key)
    }

    /// The rows of the part that was read last.
    ///
    /// # Errors
    /// It has another form.
    pub fn rows_of(&self, part: &Part) -> Result<Vec<Change>, BackupFault> {
        let number = self.chain.parts().saturating_sub(1);
        decode(&part.body).ok_or_else(|| BackupFault::Form(number, "it is of no rows".to_owned()))
    }
}

/// Reads until the buffer is full or nothing is left.
fn read_most(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match from.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
