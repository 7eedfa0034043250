//! The log's files in the order of time: finished ones of any rotation's naming, then the one that
//! is written.

use crate::telemetry::CURRENT_FILE;
use jiff::Timestamp;
use serde_json::Value;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The beginning of a file by which its copies are known. Lines begin with their time in
/// microseconds' or other fields, so no two files begin alike.
pub const HEAD_BYTES: usize = 1_024;

/// How far a file is looked into for its first time.
const LOOK_BYTES: usize = 16 * 1_024;

/// Files that are held open at once; older ones are opened when their turn comes.
const MOST_OPEN: usize = 200;

/// How packed files end; they are told and passed over.
const PACKED: [&str; 5] = [".gz", ".zst", ".xz", ".bz2", ".zip"];

/// A finished file.
#[derive(Debug)]
pub struct Finished {
    /// Where it was when it was listed.
    pub path: PathBuf,
    /// Held open, so that no rename and no removal takes it away.
    file: Option<File>,
    /// Its length then.
    pub length: u64,
    /// Its beginning.
    pub head: Vec<u8>,
    /// Device and inode.
    pub identity: (u64, u64),
    /// The time of its first line that has one.
    pub first: Option<Timestamp>,
    order: (Timestamp, PathBuf),
}

impl Finished {
    fn open(path: PathBuf) -> Result<Self> {
        // Anything but a file might wait for somebody.
        let is_file = fs::metadata(&path)?.is_file();
        let file =
            if is_file { File::open(&path)? } else { return Err(ErrorKind::NotFound.into()) };
        let data = file.metadata()?;
        let beginning = read_at(&file, 0, LOOK_BYTES)?;
        let modified = data.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let first = first_time(&beginning);
        let place = first.or(modified).unwrap_or(Timestamp::MIN);
        let mut head = beginning;
        head.truncate(HEAD_BYTES);
        let (identity, order) = (identity(&data), (place, path.clone()));
        Ok(Self { path, file: Some(file), length: data.len(), head, identity, first, order })
    }

    /// The file, to be read.
    pub fn into_file(self) -> Result<File> {
        self.file.map_or_else(|| File::open(&self.path), Ok)
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// Finished files, the oldest first.
    pub finished: Vec<Finished>,
    /// Packed files, which are not read.
    pub packed: Vec<String>,
    /// Files that cannot be read, and why.
    pub passed_over: Vec<String>,
}

/// Lists a folder's finished files. One that goes away meanwhile is not listed.
pub fn list(folder: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.filter(|name| is_finished(name)) else { continue };
        if PACKED.iter().any(|end| name.ends_with(end)) {
            listing.packed.push(name);
            continue;
        }
        match Finished::open(path) {
            Ok(file) => listing.finished.push(file),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => listing.passed_over.push(format!("{name}: {error}")),
        }
    }
    listing.finished.sort_by(|a, b| a.order.cmp(&b.order));
    let old = listing.finished.len().saturating_sub(MOST_OPEN);
    listing.finished.iter_mut().take(old).for_each(|file| file.file = None);
    listing.passed_over.sort();
    Ok(listing)
}

/// Our own names, and those that logrotate gives: `linepass.log.1`, `linepass.log-20261130`.
fn is_finished(name: &str) -> bool {
    let others = name.strip_prefix(CURRENT_FILE);
    let own = name.strip_prefix("linepass-");
    others.is_some_and(|rest| rest.starts_with(['.', '-']))
        || own.is_some_and(|rest| rest.contains(".log"))
}

/// The time of the first line that has one.
fn first_time(beginning: &[u8]) -> Option<Timestamp> {
    beginning.split(|byte| *byte == b'\n').find_map(|line| {
        let object: Value = serde_json::from_slice(line).ok()?;
        object.get("time")?.as_str()?.parse().ok()
    })
}

/// Device and inode.
pub fn identity(data: &Metadata) -> (u64, u64) {
    (data.dev(), data.ino())
}

/// At most `length` bytes from `offset` on.
pub fn read_at(file: &File, offset: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
