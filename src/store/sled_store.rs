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
//! | recovery can drop a damaged tail and open | the head file tells, raised before opening to what the log's own bytes prove |
//! | `get` can wait behind `apply_batch` | reads have threads of their own |
//! | a power cut while it makes its files leaves some that it refuses for good | they are made beside their place and moved there whole |
//! | a crash while opening leaves `snap.*.generating`, and every later open fails | it is deleted before opening |
//! | damaged files can make it panic, at opening or at a later page | the panic becomes an error; of a commit, one that ends the process |

mod opening;
mod reads;
mod tail;

use super::{
    Batch, BillPlace, Block, EventRow, Holder, MailPlace, MailRow, Outcome, PersonalRow, RawRow,
    ReceiptKey, ReceiptPlace, Reservation, Section, Shelf, SnapshotRow, Store, StoreError, Stream,
    StreamKind, WebhookState,
    group::{self, Stored, Tails, Tip, Writes},
    head::HeadFile,
    key, record,
};
use crate::domain::{
    calendar::{Instant, Month},
    ids::{CustomerId, ProviderId},
};
use ipnetwork::IpNetwork;
use serde::de::DeserializeOwned;
use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
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
pub struct SledStore {
    inner: Arc<Inner>,
    reads: Option<Runtime>,
    keeper: Option<JoinHandle<()>>,
}

struct Inner {
    db: sled::Db,
    /// sled's file, opened once more only to sync it.
    data: File,
    /// One writer at a time: all of them write the same new file first.
    head: Mutex<HeadFile>,
    chain: Mutex<Chain>,
    durable: AtomicU64,
    has_room: AtomicBool,
    free_bytes: AtomicU64,
    min_free_space_bytes: u64,
    folder: PathBuf,
    /// Opened to look at: no row and no head is written.
    looks_only: AtomicBool,
    stopping: (Mutex<bool>, Condvar),
    /// Held as long as the store is open.
    _lock: File,
}

/// What the store was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To work with it.
    Use,
    /// To look at it and leave it as it is.
    Look,
}

/// What only the committer changes.
struct Chain {
    tip: Tip,
    tails: Tails,
}

impl SledStore {
    /// Opens the store, or says where it is damaged or that another process has it.
    pub fn open(options: &SledOptions) -> Result<Self, StoreError> {
        opening::create_private_folder(&options.folder)?;
        Self::open_for(options, Purpose::Use)
    }

    /// Opens a store that is there, to look at what stands in it: a damaged one too, as far as the
    /// engine can read its files. No row and no head is written, and a commit is refused; the
    /// engine itself may tidy its own files, as it does at every opening.
    pub fn open_to_look(options: &SledOptions) -> Result<Self, StoreError> {
        let engine = options.folder.join("sled").join("db");
        std::fs::metadata(&engine).map_err(file_error(&engine))?;
        Self::open_for(options, Purpose::Look)
    }

    fn open_for(options: &SledOptions, purpose: Purpose) -> Result<Self, StoreError> {
        let folder = &options.folder;
        let lock = opening::lock(folder)?;
        let engine = folder.join("sled");
        if purpose == Purpose::Use {
            opening::make_engine(folder, options)?;
        }
        opening::remove_unfinished_snapshots(&engine)?;
        let head = HeadFile::new(folder, &options.head_key);
        opening::raise_head(&head, &engine, purpose)?;
        let db = opening::open_engine(&engine, options)?;
        let data = File::open(engine.join("db")).map_err(file_error(&engine))?;
        // After a kill, rows that never were synced come back from the page cache. Before they
        // count as durable, and before the head names them, they are.
        data.sync_data().map_err(file_error(&engine))?;
        let checked = catch_unwind(AssertUnwindSafe(|| match purpose {
            Purpose::Use => opening::check_recent(&db, head.read()?),
            Purpose::Look => opening::last_block(&db),
        }));
        let tip = checked.unwrap_or_else(|_| {
            let what = "the engine cannot read its rows";
            Err(StoreError::damaged(engine.display().to_string(), what))
        })?;
        if purpose == Purpose::Use {
            head.write(tip)?;
        }
        let inner = Arc::new(Inner {
            db,
            data,
            head: Mutex::new(head),
            chain: Mutex::new(Chain { tip, tails: Tails::default() }),
            durable: AtomicU64::new(tip.number),
            has_room: AtomicBool::new(true),
            free_bytes: AtomicU64::new(0),
            min_free_space_bytes: options.min_free_space_bytes,
            folder: folder.clone(),
            looks_only: AtomicBool::new(purpose == Purpose::Look),
            stopping: (Mutex::new(false), Condvar::new()),
            _lock: lock,
        });
        inner.look_for_room();
        let reads = opening::reading_threads(options.read_threads).map_err(file_error(folder))?;
        let keeper = {
            let inner = Arc::clone(&inner);
            let thread = std::thread::Builder::new().name("store-keeper".into());
            thread.spawn(move || inner.keep()).map_err(file_error(folder))?
        };
        Ok(Self { inner, reads: Some(reads), keeper: Some(keeper) })
    }

    /// From now on this store, which was opened to look at it, is one to work with: what opening it
    /// for that would have checked is checked, and nothing is closed and opened again in between.
    pub async fn begin_use(&self) -> Result<(), StoreError> {
        self.read(|inner| {
            let head = inner.head.lock().unwrap_or_else(PoisonError::into_inner);
            let tip = opening::check_recent(&inner.db, head.read()?)?;
            head.write(tip)?;
            inner.looks_only.store(false, Ordering::Release);
            Ok(())
        })
        .await
    }

    /// A row's body, where it is JSON and nothing else.
    async fn read_json<T: DeserializeOwned + Send + 'static>(
        &self,
        key: Vec<u8>,
    ) -> Result<Option<T>, StoreError> {
        self.read(move |inner| inner.json(&key)).await
    }

    /// Runs a read on the reading threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Engine("the store is closed".into());
        let runtime = self.reads.as_ref().ok_or_else(closed)?;
        let inner = Arc::clone(&self.inner);
        let read = runtime.spawn_blocking(move || read(&inner)).await;
        read.map_err(|error| {
            if error.is_panic() {
                StoreError::Engine("it panicked while it read".into())
            } else {
                closed()
            }
        })?
    }
}

impl Drop for SledStore {
    /// The last head is written when everything is flushed.
    fn drop(&mut self) {
        let (stopping, changed) = &self.inner.stopping;
        *stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        if let Some(keeper) = self.keeper.take() {
            // A panic of the keeper was printed when it happened.
            let _ = keeper.join();
        }
        if let Some(reads) = self.reads.take() {
            reads.shutdown_background();
        }
        if let Err(error) = self.inner.close() {
            tracing::error!(%error, "the store could not be closed cleanly");
        }
    }
}

impl Inner {
    /// One group: apply, flush, sync, and only then the durable block moves on.
    fn commit(&self, group: &[Batch], at: Instant) -> Result<Vec<Outcome>, StoreError> {
        if self.looks_only.load(Ordering::Acquire) {
            return Err(StoreError::Engine("the store was opened to look at it alone".into()));
        }
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let Chain { tip, tails } = &mut *chain;
        let Writes { outcomes, rows, tip: next } =
            group::assemble(group, *tip, at, tails, &self.db)?;
        if rows.is_empty() {
            return Ok(outcomes);
        }
        let mut batch = sled::Batch::default();
        for (key, row) in rows {
            match row {
                Some(row) => batch.insert(key, row),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(engine_error)?;
        self.db.flush().map_err(engine_error)?;
        self.data.sync_data().map_err(file_error(&self.folder))?;
        *tip = next;
        self.durable.store(next.number, Ordering::Release);
        Ok(outcomes)
    }

    fn keep(&self) {
        let (stopping, changed) = &self.stopping;
        let mut stop = stopping.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stop {
            let waited = changed.wait_timeout(stop, KEEPING_INTERVAL);
            stop = waited.unwrap_or_else(PoisonError::into_inner).0;
            self.look_for_room();
            if let Err(error) = self.write_head() {
                tracing::error!(%error, "the head file could not be written");
            }
        }
    }

    /// Everything synced, and the head at the last block.
    fn close(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(engine_error)?;
        self.data.sync_data().map_err(file_error(&self.folder))?;
        self.write_head()
    }

    /// Writes the head if it has moved on. What it names is durable: the tip moves last.
    fn write_head(&self) -> Result<(), StoreError> {
        if self.looks_only.load(Ordering::Acquire) {
            return Ok(());
        }
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let tip = self.chain.lock().unwrap_or_else(PoisonError::into_inner).tip;
        match head.read()? {
            Some(written) if written == tip => Ok(()),
            _ => head.write(tip),
        }
    }

    fn look_for_room(&self) {
        let free = rustix::fs::statvfs(&self.folder)
            .map(|space| space.f_bavail.saturating_mul(space.f_frsize));
        self.free_bytes.store(free.unwrap_or(0), Ordering::Relaxed);
        let has_room = free.is_ok_and(|free| free >= self.min_free_space_bytes);
        if self.has_room.swap(has_room, Ordering::Relaxed) != has_room {
            tracing::warn!(has_room, "free space passed the configured bound");
        }
    }
}

#[async_trait::async_trait]
impl Store for SledStore {
    async fn commit(&self, group: Vec<Batch>, at: Instant) -> Result<Vec<Outcome>, StoreError> {
        // A panic of the engine leaves the outcome unknown like any other failure of it: told as
        // one, it ends the process instead of the committing thread alone.
        let committed = catch_unwind(AssertUnwindSafe(|| self.inner.commit(&group, at)));
        committed.unwrap_or_else(|_| Err(StoreError::Engine("it panicked".into())))
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.read(Inner::close).await
    }

    fn durable_block(&self) -> u64 {
        self.inner.durable.load(Ordering::Acquire)
    }

    fn has_room(&self) -> bool {
        self.inner.has_room.load(Ordering::Relaxed)
    }

    fn free_bytes(&self) -> Option<u64> {
        Some(self.inner.free_bytes.load(Ordering::Relaxed))
    }

    async fn events(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError> {
        let stream = stream.clone();
        self.read(move |inner| inner.events(&stream, after, limit)).await
    }

    async fn last_seq(&self, stream: &Stream) -> Result<u64, StoreError> {
        let stream = stream.clone();
        self.read(move |inner| inner.last_seq(&stream)).await
    }

    async fn newest_snapshot(&self, stream: &Stream) -> Result<Option<SnapshotRow>, StoreError> {
        let stream = stream.clone();
        self.read(move |inner| Ok(inner.newest_snapshot(&stream))).await
    }

    async fn streams(
        &self,
        kind: StreamKind,
        after: Option<&Stream>,
        limit: usize,
    ) -> Result<Vec<Stream>, StoreError> {
        let after = after.cloned();
        self.read(move |inner| inner.streams(kind, after.as_ref(), limit)).await
    }

    async fn bills(
        &self,
        month: Month,
        after: Option<BillPlace>,
        limit: usize,
    ) -> Result<Vec<(BillPlace, u64)>, StoreError> {
        self.read(move |inner| inner.bills(month, after, limit)).await
    }

    async fn holder(&self, reservation: &Reservation) -> Result<Option<Holder>, StoreError> {
        self.read_json(key::reservation(reservation)).await
    }

    async fn receipt(&self, key: ReceiptKey) -> Result<Option<ReceiptPlace>, StoreError> {
        self.read_json(key::receipt(key)).await
    }

    async fn owners(&self, network: IpNetwork) -> Result<Vec<(IpNetwork, Holder)>, StoreError> {
        self.read(move |inner| inner.owners(&network)).await
    }

    async fn personal(
        &self,
        customer: CustomerId,
        row: u32,
    ) -> Result<Option<PersonalRow>, StoreError> {
        self.read(move |inner| {
            let place = format!("personal row {row} of {customer}");
            let body = inner.body(&key::personal(customer, row))?;
            body.map(|body| record::from_json(&place, &body)).transpose()
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(Inner::keys).await
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, StoreError> {
        self.read(move |inner| inner.block(number)).await
    }

    async fn cursor(&self, follower: &str) -> Result<Option<u64>, StoreError> {
        self.read_json(key::cursor(follower)).await
    }

    async fn webhooks(
        &self,
        provider: &ProviderId,
        epoch: u32,
    ) -> Result<Option<WebhookState>, StoreError> {
        self.read_json(key::webhooks(provider, epoch)).await
    }

    async fn mails(
        &self,
        shelf: Shelf,
        after: Option<&MailPlace>,
        limit: usize,
    ) -> Result<Vec<MailRow>, StoreError> {
        let after = after.copied();
        self.read(move |inner| inner.mails(shelf, after.as_ref(), limit)).await
    }

    async fn head(&self) -> Result<Option<Tip>, StoreError> {
        self.read(|inner| inner.head.lock().unwrap_or_else(PoisonError::into_inner).read()).await
    }

    async fn raw_rows(
        &self,
        section: Section,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        let after = after.map(<[u8]>::to_vec);
        self.read(move |inner| inner.raw_rows(section, after.as_deref(), limit)).await
    }

    async fn raw(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(move |inner| {
            let rows = keys.iter().map(|key| inner.db.get(key).map_err(engine_error));
            rows.map(|row| Ok(row?.map(|row| row.to_vec()))).collect()
        })
        .await
    }
}

impl Stored for sled::Db {
    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.contains_key(key).map_err(engine_error)
    }

    fn between(&self, from: &[u8], to: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let keys = self.range(from..=to).keys();
        keys.map(|key| key.map(|key| key.to_vec()).map_err(engine_error)).collect()
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
