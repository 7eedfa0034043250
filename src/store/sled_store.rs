//! sled 0.34 as it really behaves; each of these was read in its source and measured:
//!
//! | fact | so |
//! |---|---|
//! | `flush` only calls `sync_file_range`: a power cut may lose what was flushed | `sync_data` on a handle of our own before anybody is answered |
//! | without a periodic flush, space is never reclaimed | `flush_every_ms` stays set |
//! | two flushes in flight can deadlock | one committer, one group at a time |
//! | many trees bloat | one tree |
//! | a page of up to 16 rows that is larger than a quarter of a segment becomes a file that is never synced | rows of 64 KiB at most, and segments large enough for 16 of them |
//! | rows that are not yet synced are already visible | readers stop at the durable block |
//! | recovery can drop a damaged tail and open | the head file tells |
//! | `get` can wait behind `apply_batch` | reads have threads of their own |
//! | a power cut while it makes its files leaves some that it refuses for good | they are made beside their place and moved there whole |
//! | a crash while opening leaves `snap.*.generating`, and every later open fails | it is deleted before opening |
//! | damaged files can make it panic, at opening or at a later page | the panic becomes an error; of a commit, one that ends the process |

mod import;
mod opening;
mod tail;

pub use import::Import;

use super::{
    Reads, StoreError,
    engine::{Engine, Folder, Pair, Readers, Rows},
    head::HeadFile,
    journal::{Journal, JournalStore, Place, Purpose},
};
use std::{
    fs::File,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::runtime::Runtime;

/// sled writes a page of up to 16 rows at once, and one larger than a quarter of a segment into a
/// file of its own that it never syncs. 16 rows of 64 KiB and their keys stay well below a quarter
/// of this. sled fixes the size when the store is made.
const SEGMENT_BYTES: usize = 8 << 20;
/// How often the head file and the free space are looked at.
const KEEPING_INTERVAL: Duration = Duration::from_secs(1);

/// Reads that should wait at most for a reading thread: most take some ten microseconds.
const MOST_READS_WAITING: usize = 4_096;

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct SledOptions {
    /// The store's folder; it is created.
    pub folder: PathBuf,
    /// The key of the head file's MAC.
    pub head_key: [u8; 32],
    /// sled's cache.
    pub cache_bytes: u64,
    /// sled's own periodic flush.
    pub flush_every_ms: u64,
    /// Writes stop while less than this is free; reads stay.
    pub min_free_space_bytes: u64,
    /// Threads that read.
    pub read_threads: usize,
}

/// The store on sled.
pub type SledStore = JournalStore<SledEngine, Folder, Threads>;

impl SledStore {
    /// Opens the store, or says where it is damaged or that another process has it.
    pub fn open(options: &SledOptions) -> Result<Self, StoreError> {
        opening::create_private_folder(&options.folder)?;
        Self::open_for(options, Purpose::Use)
    }

    /// Whether a store may be in this folder: not where the engine's file is surely missing.
    pub fn may_be_in(folder: &Path) -> bool {
        engine_file(folder).try_exists().unwrap_or(true)
    }

    /// Whether a store is surely in this folder.
    pub fn is_in(folder: &Path) -> bool {
        engine_file(folder).is_file()
    }

    /// Opens a store that is there, to look at what stands in it: a damaged one too, as far as the
    /// engine can read its files. No row is written, and a commit is refused. The engine itself may
    /// tidy its own files, as it does at every opening: so the head is raised before to what the log's
    /// own bytes prove, which would be known to nobody afterwards.
    pub fn open_to_look(options: &SledOptions) -> Result<Self, StoreError> {
        let engine = engine_file(&options.folder);
        std::fs::metadata(&engine).map_err(file_error(&engine))?;
        Self::open_for(options, Purpose::Look)
    }

    fn open_for(options: &SledOptions, purpose: Purpose) -> Result<Self, StoreError> {
        let engine = SledEngine::open(options, purpose)?;
        let place = Place {
            files: Folder::new(&options.folder),
            head_key: options.head_key,
            min_free_space_bytes: options.min_free_space_bytes,
        };
        let journal = Arc::new(Journal::open(engine, place, purpose)?);
        let threads = Threads::start(&journal, options.read_threads);
        let threads = threads.map_err(file_error(&options.folder))?;
        Ok(Self::new(journal, threads))
    }
}

/// What sled keeps a store's rows in.
fn engine_file(folder: &Path) -> PathBuf {
    folder.join("sled").join("db")
}

/// sled and its file.
pub struct SledEngine {
    pub(super) db: sled::Db,
    /// sled's file, opened once more only to sync it.
    data: File,
    folder: PathBuf,
    /// Held as long as the store is open.
    _lock: File,
}

impl SledEngine {
    fn open(options: &SledOptions, purpose: Purpose) -> Result<Self, StoreError> {
        let folder = options.folder.clone();
        let lock = opening::lock(&folder)?;
        let engine = folder.join("sled");
        if purpose == Purpose::Use {
            opening::make_engine(&folder, options)?;
        }
        opening::remove_unfinished_snapshots(&engine)?;
        let head = HeadFile::new(Folder::new(&folder), &options.head_key);
        opening::raise_head(&head, &engine, purpose)?;
        opening::wait_until_free(&engine);
        let db = opening::open_engine(&engine, options)?;
        let data = File::open(engine.join("db")).map_err(file_error(&engine))?;
        Ok(Self { db, data, folder, _lock: lock })
    }
}

impl Engine for SledEngine {
    type Bytes = sled::IVec;
    type Scan = std::iter::Map<sled::Iter, fn(sled::Result<Row>) -> Pair<sled::IVec>>;

    fn apply(&self, rows: Rows) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, row) in rows {
            match row {
                Some(row) => batch.insert(key, row),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(engine_error)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(engine_error)?;
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.data.sync_data().map_err(file_error(&self.folder))
    }

    fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.db.get(key).map_err(engine_error)
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.db.contains_key(key).map_err(engine_error)
    }

    fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Self::Scan {
        let told: fn(sled::Result<Row>) -> Pair<sled::IVec> = |row| row.map_err(engine_error);
        self.db.range::<&[u8], _>((from, to)).map(told)
    }
}

/// A key and its row.
type Row = (sled::IVec, sled::IVec);

/// The threads beside the committer's: those that read, and one that keeps the head.
pub struct Threads {
    journal: Arc<Journal<SledEngine, Folder>>,
    reads: Option<Runtime>,
    reads_waiting: Arc<AtomicUsize>,
    keeper: Option<JoinHandle<()>>,
    stopping: Arc<Stopping>,
}

#[derive(Default)]
struct Stopping {
    now: Mutex<bool>,
    changed: Condvar,
}

impl Stopping {
    /// Keeps the store until it stops.
    fn keep(&self, journal: &Journal<SledEngine, Folder>) {
        let mut stop = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stop {
            let waited = self.changed.wait_timeout(stop, KEEPING_INTERVAL);
            stop = waited.unwrap_or_else(PoisonError::into_inner).0;
            journal.keep();
        }
    }
}

impl Threads {
    fn start(
        journal: &Arc<Journal<SledEngine, Folder>>,
        read_threads: usize,
    ) -> std::io::Result<Self> {
        let reads = opening::reading_threads(read_threads)?;
        let stopping = Arc::new(Stopping::default());
        let keeper = {
            let (stopping, journal) = (Arc::clone(&stopping), Arc::clone(journal));
            let thread = std::thread::Builder::new().name("store-keeper".into());
            thread.spawn(move || stopping.keep(&journal))?
        };
        let journal = Arc::clone(journal);
        let reads_waiting = Arc::default();
        Ok(Self { journal, reads: Some(reads), reads_waiting, keeper: Some(keeper), stopping })
    }
}

impl Readers for Threads {
    async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Engine("the store is closed".into());
        let runtime = self.reads.as_ref().ok_or_else(closed)?;
        self.reads_waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Arc::clone(&self.reads_waiting);
        // It takes its turn also when whoever asked has gone away.
        let read = runtime.spawn_blocking(move || {
            waiting.fetch_sub(1, Ordering::Relaxed);
            read()
        });
        let read = read.await;
        read.map_err(|error| {
            if error.is_panic() {
                StoreError::Engine("it panicked while it read".into())
            } else {
                closed()
            }
        })?
    }

    fn reads(&self) -> Reads {
        Reads { waiting: self.reads_waiting.load(Ordering::Relaxed), most: MOST_READS_WAITING }
    }
}

impl Drop for Threads {
    /// The last head is written when everything is flushed.
    fn drop(&mut self) {
        *self.stopping.now.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stopping.changed.notify_all();
        if let Some(keeper) = self.keeper.take() {
            // A panic of the keeper was printed when it happened.
            let _ = keeper.join();
        }
        if let Some(reads) = self.reads.take() {
            reads.shutdown_background();
        }
        if let Err(error) = self.journal.close() {
            tracing::error!(%error, "the store could not be closed cleanly");
        }
    }
}

fn engine_error(error: sled::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { path, source }
}

#[cfg(test)]
#[path = "sled_store_tests.rs"]
mod tests;
