//! The whole log as one stream of lines: finished files in order, then the one that is written,
//! through rotation by rename and by copytruncate without a line lost or told twice
//! (reliability.md 29).
//!
//! A file is known by its beginning and its length, not by its name, which rotation changes, and not
//! by its inode, which a new file may get again.

use super::files::{Finished, HEAD_BYTES, Listing, identity, list};
use super::tail::{Piece, Tail};
use crate::telemetry::CURRENT_FILE;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Lines may stand so much out of the order of time.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// What was read to its end: how it begins, and how long it is.
#[derive(Debug)]
struct Seen {
    head: Vec<u8>,
    length: u64,
}

/// The log of one folder.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    current: Option<Tail>,
    seen: Vec<Seen>,
    /// The last look found another file under the name, or none.
    is_elsewhere: bool,
    /// What could not be read, once each.
    pub passed_over: Vec<String>,
    /// Packed files, which are not read.
    pub packed: Vec<String>,
    /// What of a listing was told already.
    told: BTreeSet<String>,
}

impl Reader {
    /// Opens a folder. Finished files whose lines are all before
    /// `since` are passed over.
    pub fn open(folder: &Path, since: Option<Timestamp>) -> Result<(Self, Vec<Finished>)> {
        // This one first: where it is renamed meanwhile, the list has it under its new name.
        let current = open_current(folder)?;
        let mut reader = Self {
            folder: folder.to_owned(),
            current,
            seen: Vec::new(),
            is_elsewhere: false,
            passed_over: Vec::new(),
            packed: Vec::new(),
            told: BTreeSet::new(),
        };
        let mut finished = reader.listed()?;
        let own = reader.current.as_ref().map(|current| current.identity);
        if let Some(at) = finished.iter().position(|file| Some(file.identity) == own) {
            // Renamed just now: what is newer comes when it was read.
            finished.truncate(at);
        }
        // What stands before a file whose beginning is too old is too old as well.
        let is_old = |file: &Finished| {
            let first = file.first.and_then(|first| first.checked_add(TOLERANCE).ok());
            since.zip(first).is_some_and(|(since, first)| first < since)
        };
        let old = finished.iter().rposition(is_old).unwrap_or(0);
        let old: Vec<_> = finished.drain(..old).collect();
        reader
            .seen
            .extend(old.into_iter().map(|file| Seen { head: file.head, length: file.length }));
        Ok((reader, finished))
    }

    /// The finished files; what of the folder is not read is noted, the first time that it is met.
    fn listed(&mut self) -> Result<Vec<Finished>> {
        let Listing { finished, packed, passed_over } = list(&self.folder)?;
        let told = &mut self.told;
        self.packed.extend(packed.into_iter().filter(|name| told.insert(name.clone())));
        self.passed_over.extend(passed_over.into_iter().filter(|what| told.insert(what.clone())));
        Ok(finished)
    }

    /// Reads these finished files, and then the one that is written as far as it goes.
    pub fn read_all(
        &mut self,
        finished: Vec<Finished>,
        line: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.read_finished(finished, line)?;
        while self.current.is_some() {
            match self.read_piece(line)? {
                Piece::Some => {}
                Piece::End => break,
                Piece::Cut => self.go_on_after_cut(line)?,
            }
        }
        Ok(())
    }

    /// A piece of the file that is written. Before its first one, what was finished until then is
    /// read: a file may be copied and cut again before anything of it was read here.
    fn read_piece(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<Piece> {
        let Some(current) = &mut self.current else { return Ok(Piece::End) };
        if current.offset == 0 && current.announce()? {
            self.catch_up(line)?;
        }
        self.current.as_mut().map_or(Ok(Piece::End), |current| current.read(line))
    }

    fn go_on_after_cut(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let before = current.begin_anew()?;
        self.read_copy(before, line)?;
        self.catch_up(line)
    }

    /// Hands on what is new. The second of two calls that find another file under the name goes on
    /// there: a writer that had looked at the name before the rename has written by then.
    pub fn read_new(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        loop {
            if self.current.is_none() {
                self.current = open_current(&self.folder)?;
                if self.current.is_none() {
                    return Ok(());
                }
                self.catch_up(line)?;
            }
            match self.read_piece(line)? {
                Piece::Some => {}
                Piece::Cut => self.go_on_after_cut(line)?,
                Piece::End if !self.is_replaced()? => {
                    self.is_elsewhere = false;
                    return Ok(());
                }
                Piece::End if !self.is_elsewhere => {
                    self.is_elsewhere = true;
                    return Ok(());
                }
                Piece::End => {
                    self.is_elsewhere = false;
                    self.put_away(line)?;
                    self.current = open_current(&self.folder)?;
                    self.catch_up(line)?;
                }
            }
        }
    }

    /// Hands on a last line without an end.
    pub fn finish(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.current.as_mut().map_or(Ok(()), |current| current.finish(line))
    }

    /// Whether a new file stands under the name of the one that is read.
    fn is_replaced(&self) -> Result<bool> {
        let own = self.current.as_ref().map(|current| current.identity);
        match fs::metadata(self.folder.join(CURRENT_FILE)) {
            Ok(data) => Ok(Some(identity(&data)) != own),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put_away(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if let Some(mut current) = self.current.take() {
            current.finish(line)?;
            self.see(current);
        }
        Ok(())
    }

    fn see(&mut self, tail: Tail) {
        self.seen.push(Seen { head: tail.head, length: tail.offset });
    }

    /// Reads what a copy has that was cut away before it was read here.
    fn read_copy(
        &mut self,
        mut before: Tail,
        line: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut found: Option<(u64, File)> = None;
        for file in self.listed()? {
            let length = file.length;
            let longest = found.as_ref().is_none_or(|(found, _)| length > *found);
            if !longest || length < before.offset || file.identity == before.identity {
                continue;
            }
            let Ok(file) = file.into_file() else { continue };
            if before.goes_on_in(&file)? {
                found = Some((length, file));
            }
        }
        match found {
            Some((_, copy)) => {
                before.go_on_in(copy)?;
                while before.read(line)? == Piece::Some {}
            }
            None if before.offset > 0 => {
                let what = "the file was cut and no copy goes on: lines may be missing here";
                self.passed_over.push(format!("{CURRENT_FILE}: {what}"));
            }
            None => {}
        }
        before.finish(line)?;
        self.see(before);
        Ok(())
    }

    /// Reads finished files that came since.
    fn catch_up(&mut self, line: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let own = self.current.as_ref().map(|current| current.identity);
        let mut finished = self.listed()?;
        if let Some(at) = finished.iter().position(|file| Some(file.identity) == own) {
            finished.truncate(at);
        }
        self.read_finished(finished, line)
    }

    fn read_finished(
        &mut self,
        finished: Vec<Finished>,
        line: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        for file in finished {
            if self.is_seen(&file)? {
                continue;
            }
            let name = file.path.display().to_string();
            let mut tail = match file.into_file().and_then(Tail::new) {
                Ok(tail) => tail,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    self.passed_over.push(format!("{name}: {error}"));
                    continue;
                }
            };
            while tail.read(line)? == Piece::Some {}
            tail.finish(line)?;
            self.see(tail);
        }
        Ok(())
    }

    /// Whether this is one of those that were read, or a copy of one of them or of the one that is
    /// written.
    fn is_seen(&self, file: &Finished) -> Result<bool> {
        let begins =
            |head: &[u8], length: u64| file.length <= length && head.starts_with(&file.head);
        let current = match &self.current {
            Some(current) => current.beginning(HEAD_BYTES)?,
            None => (Vec::new(), 0),
        };
        Ok(begins(&current.0, current.1)
            || self.seen.iter().any(|seen| begins(&seen.head, seen.length)))
    }
}

fn open_current(folder: &Path) -> Result<Option<Tail>> {
    let path = folder.join(CURRENT_FILE);
    match fs::metadata(&path) {
        // Anything but a file might wait for somebody.
        Ok(data) if data.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    match File::open(path) {
        Ok(file) => Tail::new(file).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
