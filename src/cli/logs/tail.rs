//! One file, read line by line, as far as it is written; notices when it was cut (copytruncate).

use super::files::{HEAD_BYTES, identity, read_at};
use std::fs::File;
use std::io::Result;

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 64 * 1_024;
/// A line that is longer comes in pieces.
const MOST_LINE_BYTES: usize = 1_024 * 1_024;

/// What reading a piece came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Something was read; there may be more.
    Some,
    /// All that is written was read.
    End,
    /// The file was cut since, and what stands there now is not what was read before.
    Cut,
}

/// A file that is being read.
#[derive(Debug)]
pub struct Tail {
    file: File,
    /// Device and inode.
    pub identity: (u64, u64),
    /// As far as it was read.
    pub offset: u64,
    /// A line whose end has not been written yet.
    rest: Vec<u8>,
    /// Its beginning, as far as it was read.
    pub head: Vec<u8>,
    /// How it began when it was looked at before anything was read.
    announced: Vec<u8>,
    /// What stands before `offset`.
    before: Vec<u8>,
}

impl Tail {
    /// The file from its beginning on.
    pub fn new(file: File) -> Result<Self> {
        let identity = identity(&file.metadata()?);
        let (rest, head, before) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { file, identity, offset: 0, rest, head, announced: Vec::new(), before })
    }

    /// Looks how it begins, where nothing of it was read yet; false where nothing stands there.
    pub fn announce(&mut self) -> Result<bool> {
        self.announced = read_at(&self.file, 0, HEAD_BYTES)?;
        Ok(!self.announced.is_empty())
    }

    /// The same stream of lines in another file, which a copy of this one is: where it begins and
    /// goes on like this one.
    pub fn goes_on_in(&self, copy: &File) -> Result<bool> {
        let at = self.offset - self.before.len() as u64;
        Ok(self.offset > 0
            && read_at(copy, 0, self.head.len())? == self.head
            && read_at(copy, at, self.before.len())? == self.before)
    }

    /// How it begins now, and how long it is.
    pub fn beginning(&self, bytes: usize) -> Result<(Vec<u8>, u64)> {
        Ok((read_at(&self.file, 0, bytes)?, self.file.metadata()?.len()))
    }

    /// Goes on in that file.
    pub fn go_on_in(&mut self, copy: File) -> Result<()> {
        self.identity = identity(&copy.metadata()?);
        self.file = copy;
        Ok(())
    }

    /// Begins anew in the same file, which was cut, and gives what was read of the one before it.
    pub fn begin_anew(&mut self) -> Result<Self> {
        let anew = Self::new(self.file.try_clone()?)?;
        Ok(std::mem::replace(self, anew))
    }

    /// Reads a piece and hands on its whole lines, without their ends.
    pub fn read(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<Piece> {
        if self.file.metadata()?.len() < self.offset {
            return Ok(Piece::Cut);
        }
        let read = read_at(&self.file, self.offset, CHUNK_BYTES)?;
        if read.is_empty() {
            return Ok(Piece::End);
        }
        // What stands before it is looked at after it was read: where it is still the same, the
        // file was not cut until then, and what was read is what follows.
        let at = self.offset - self.before.len() as u64;
        let is_other = self.offset == 0 && !read.starts_with(&self.announced);
        if is_other || read_at(&self.file, at, self.before.len())? != self.before {
            return Ok(Piece::Cut);
        }
        self.remember(&read);
        let mut rest = std::mem::take(&mut self.rest);
        for part in read.split_inclusive(|byte| *byte == b'\n') {
            rest.extend_from_slice(part);
            if part.ends_with(b"\n") || rest.len() >= MOST_LINE_BYTES {
                line(rest.strip_suffix(b"\n").unwrap_or(&rest))?;
                rest.clear();
            }
        }
        self.rest = rest;
        Ok(Piece::Some)
    }

    /// Hands on a last line that has no end, where nothing more will come.
    pub fn finish(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Ok(()) } else { line(&rest) }
    }

    fn remember(&mut self, read: &[u8]) {
        self.offset += read.len() as u64;
        let missing = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(read.iter().take(missing));
        self.before.extend_from_slice(read);
        let surplus = self.before.len().saturating_sub(HEAD_BYTES);
        self.before.drain(..surplus);
    }
}
