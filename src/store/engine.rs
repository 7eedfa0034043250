//! What the store asks of whatever keeps its rows and its files: the seam below our own order of
//! writing, so that the same code runs on sled and on a simulated disk that tears and forgets.

use super::{Reads, StoreError};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write},
    ops::Bound,
    path::{Path, PathBuf},
};

/// Rows to put (`Some`) and to delete (`None`), by their keys.
pub type Rows = HashMap<Vec<u8>, Option<Vec<u8>>>;

/// A row with its key, as an engine tells it.
pub type Pair<B> = Result<(B, B), StoreError>;

/// Keeps rows in the order of their keys. Writes come from one caller, one after the other; each is
/// an error or done when it returns.
pub trait Engine: Send + Sync + 'static {
    /// A key or a row.
    type Bytes: AsRef<[u8]> + Send;
    /// Rows of a range in order, from either end.
    type Scan: DoubleEndedIterator<Item = Pair<Self::Bytes>>;

    /// Writes all of these rows or none. They are visible from then on, and nothing more.
    fn apply(&self, rows: Rows) -> Result<(), StoreError>;

    /// Hands what was applied to the system: it outlives the process, and a power cut loses it.
    fn flush(&self) -> Result<(), StoreError>;

    /// Puts what was flushed on the disk: it outlives a power cut.
    fn sync(&self) -> Result<(), StoreError>;

    /// The time that the next sync takes, where it is not the call itself that waits: a simulated
    /// disk's. Others read meanwhile.
    fn disk_time(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// The row with this key.
    fn get(&self, key: &[u8]) -> Result<Option<Self::Bytes>, StoreError>;

    /// Whether there is one.
    fn has(&self, key: &[u8]) -> Result<bool, StoreError>;

    /// The rows between these bounds.
    fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Self::Scan;

    /// The rows whose keys begin so.
    fn prefix(&self, prefix: &[u8]) -> Self::Scan {
        let mut end = prefix.to_vec();
        while end.pop_if(|last| *last == u8::MAX).is_some() {}
        match end.last_mut() {
            Some(last) => {
                *last += 1;
                self.range(Bound::Included(prefix), Bound::Excluded(&end))
            }
            None => self.range(Bound::Included(prefix), Bound::Unbounded),
        }
    }
}

/// The few small files beside the rows, and the room that is left.
pub trait Files: Send + Sync + 'static {
    /// What a file says.
    fn read(&self, name: &str) -> io::Result<String>;

    /// Makes a file, or empties one that is there, and writes this into it.
    fn write(&self, name: &str, text: &str) -> io::Result<()>;

    /// Puts a file's contents on the disk.
    fn sync(&self, name: &str) -> io::Result<()>;

    /// Gives a file another name, in the place of whatever has it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Puts the folder's names on the disk.
    fn sync_folder(&self) -> io::Result<()>;

    /// Bytes that are free.
    fn free_bytes(&self) -> io::Result<u64>;

    /// Where a file stands, for whoever reads an error.
    fn path(&self, name: &str) -> PathBuf;
}

/// Runs reads where they keep nobody waiting: `get` of an engine may wait for the disk.
pub trait Readers: Send + Sync + 'static {
    /// What the read gave.
    fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// How many reads wait for their turn.
    fn reads(&self) -> Reads {
        Reads::unbounded()
    }
}

/// A folder of the host's file system.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Files for Folder {
    fn read(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.0.join(name))
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        File::create(self.0.join(name))?.write_all(text.as_bytes())
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        File::open(self.0.join(name))?.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let space = rustix::fs::statvfs(&self.0)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}
