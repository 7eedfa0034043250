//! The journal on whatever keeps its rows: our own order of writing, opening and reading, the same
//! on every engine.
//!
//! | when | what, in this order |
//! |---|---|
//! | a group commits | apply, flush, sync; only then the durable block moves on and anybody is answered |
//! | the store opens | what a kill left in the page cache is synced before it counts; the head and the last blocks are checked; the head is written |
//! | the head is written | a new file, synced, renamed over the old one, the folder synced |
//! | rows are read | none of a group beyond the durable block |

mod opening;
mod reads;

use super::{
    Batch, BillPlace, Block, EventRow, Holder, MailPlace, MailRow, Outcome, PersonalRow, RawRow,
    Reads, ReceiptKey, ReceiptPlace, Reservation, Section, Shelf, SnapshotRow, Store, StoreError,
    Stream, StreamKind, WebhookState,
    engine::{Engine, Files, Readers},
    group::{self, Stored, Tails, Tip, Writes},
    head::HeadFile,
    key,
    notes::{NoteBook, Noted, Noting},
    record,
};
use crate::{
    domain::{
        calendar::{Instant, Month},
        ids::{CustomerId, ProviderId},
    },
    metrics::lasting::Lasting,
};
use futures_util::FutureExt;
use ipnetwork::IpNetwork;
use serde::de::DeserializeOwned;
use std::{
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// What the store was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To work with it.
    Use,
    /// To look at it and leave it as it is.
    Look,
}

/// Where a store stands and when it stops writing.
#[derive(Debug)]
pub struct Place<F> {
    /// Its small files.
    pub files: F,
    /// The key of the head file's MAC.
    pub head_key: [u8; 32],
    /// Writes stop while less than this is free; reads stay.
    pub min_free_space_bytes: u64,
}

/// The journal on an engine, with its head among these files.
pub struct Journal<E, F> {
    pub(super) engine: E,
    /// One writer at a time: all of them write the same new file first.
    head: Mutex<HeadFile<F>>,
    /// Held while a group becomes durable.
    writing: tokio::sync::Mutex<Writing>,
    /// The last durable block.
    tip: Mutex<Tip>,
    /// Its number.
    durable: AtomicU64,
    has_room: AtomicBool,
    free_bytes: AtomicU64,
    min_free_space_bytes: u64,
    sync_time: Lasting,
    /// Opened to look at: no row and no head is written.
    looks_only: AtomicBool,
}

/// What only the committer changes, and who has its groups noted.
#[derive(Default)]
struct Writing {
    tails: Tails,
    /// While somebody copies the store.
    noting: Noting,
}

/// A store: the journal, and who reads it.
pub struct JournalStore<E, F, R> {
    pub(super) journal: Arc<Journal<E, F>>,
    readers: R,
}

impl<E: Engine, F: Files, R: Readers> JournalStore<E, F, R> {
    /// The journal that was opened, read by these.
    pub const fn new(journal: Arc<Journal<E, F>>, readers: R) -> Self {
        Self { journal, readers }
    }

    /// From now on this store, which was opened to look at it, is one to work with: what opening it
    /// for that would have checked is checked, and nothing is closed and opened again in between.
    pub async fn begin_use(&self) -> Result<(), StoreError> {
        self.read(Journal::begin_use).await
    }

    /// A row's body, where it is JSON and nothing else.
    async fn read_json<T: DeserializeOwned + Send + 'static>(
        &self,
        key: Vec<u8>,
    ) -> Result<Option<T>, StoreError> {
        self.read(move |journal| journal.json(&key)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Journal<E, F>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let journal = Arc::clone(&self.journal);
        self.readers.run(move || read(&journal)).await
    }
}

impl<E: Engine, F: Files> Journal<E, F> {
    /// Opens what the engine has, or says where it is damaged.
    pub fn open(engine: E, place: Place<F>, purpose: Purpose) -> Result<Self, StoreError> {
        let Place { files, head_key, min_free_space_bytes } = place;
        // After a kill, rows that never were synced come back from the page cache. Before they
        // count as durable, and before the head names them, they are.
        engine.sync()?;
        let head = HeadFile::new(files, &head_key);
        let checked = catch_unwind(AssertUnwindSafe(|| match purpose {
            Purpose::Use => opening::check_recent(&engine, head.read()?),
            Purpose::Look => opening::last_block(&engine),
        }));
        let tip = checked.unwrap_or_else(|_| {
            let what = "the engine cannot read its rows";
            Err(StoreError::damaged(head.files().path("sled").display().to_string(), what))
        })?;
        if purpose == Purpose::Use {
            head.write(tip)?;
        }
        let journal = Self {
            engine,
            head: Mutex::new(head),
            writing: tokio::sync::Mutex::default(),
            tip: Mutex::new(tip),
            durable: AtomicU64::new(tip.number),
            has_room: AtomicBool::new(true),
            free_bytes: AtomicU64::new(0),
            min_free_space_bytes,
            sync_time: Lasting::default(),
            looks_only: AtomicBool::new(purpose == Purpose::Look),
        };
        journal.look_for_room();
        Ok(journal)
    }

    fn begin_use(&self) -> Result<(), StoreError> {
        let head = self.head();
        let tip = opening::check_recent(&self.engine, head.read()?)?;
        head.write(tip)?;
        self.looks_only.store(false, Ordering::Release);
        Ok(())
    }

    /// One group: apply, flush, sync, and only then the durable block moves on.
    async fn commit(&self, group: &[Batch], at: Instant) -> Result<Vec<Outcome>, StoreError> {
        if self.looks_only.load(Ordering::Acquire) {
            return Err(StoreError::Engine("the store was opened to look at it alone".into()));
        }
        let mut writing = self.writing.lock().await;
        let Writes { outcomes, rows, tip: next } =
            group::assemble(group, *self.tip(), at, &mut writing.tails, &self.engine)?;
        if rows.is_empty() {
            return Ok(outcomes);
        }
        let noted = writing.noting.wanted().map(|book| (book, rows.clone()));
        self.engine.apply(rows)?;
        self.sync_time.begin();
        let synced = self.put_on_disk().await;
        self.sync_time.end();
        synced?;
        *self.tip() = next;
        self.durable.store(next.number, Ordering::Release);
        if let Some((book, rows)) = noted {
            book.add(rows);
        }
        Ok(outcomes)
    }

    async fn put_on_disk(&self) -> Result<(), StoreError> {
        self.engine.flush()?;
        self.engine.disk_time().await;
        self.engine.sync()
    }

    /// What is done from time to time: the free space is looked at, and the head written.
    pub fn keep(&self) {
        self.look_for_room();
        if let Err(error) = self.write_head() {
            tracing::error!(%error, "the head file could not be written");
        }
    }

    /// Everything synced, and the head at the last block.
    pub fn close(&self) -> Result<(), StoreError> {
        self.engine.flush()?;
        self.engine.sync()?;
        self.write_head()
    }

    /// Writes the head if it has moved on. What it names is durable: the tip moves last.
    fn write_head(&self) -> Result<(), StoreError> {
        if self.looks_only.load(Ordering::Acquire) {
            return Ok(());
        }
        let head = self.head();
        let tip = *self.tip();
        match head.read()? {
            Some(written) if written == tip => Ok(()),
            _ => head.write(tip),
        }
    }

    fn look_for_room(&self) {
        let free = self.head().files().free_bytes();
        let free_bytes = *free.as_ref().unwrap_or(&0);
        self.free_bytes.store(free_bytes, Ordering::Relaxed);
        let bound_bytes = self.min_free_space_bytes;
        let has_room = free.is_ok_and(|free| free >= bound_bytes);
        match (self.has_room.swap(has_room, Ordering::Relaxed), has_room) {
            (true, false) => tracing::warn!(
                has_room,
                free_bytes,
                bound_bytes,
                "free space is below store.min_free_space_bytes: writes are refused until more is free \
                 on the store's disk"
            ),
            (false, true) => tracing::warn!(
                has_room,
                free_bytes,
                bound_bytes,
                "free space is no longer below store.min_free_space_bytes: writes go on"
            ),
            _ => {}
        }
    }

    fn head(&self) -> MutexGuard<'_, HeadFile<F>> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tip(&self) -> MutexGuard<'_, Tip> {
        self.tip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl<E: Engine, F: Files, R: Readers> Store for JournalStore<E, F, R> {
    async fn commit(&self, group: Vec<Batch>, at: Instant) -> Result<Vec<Outcome>, StoreError> {
        // A panic of the engine leaves the outcome unknown like any other failure of it: told as
        // one, it ends the process instead of the committing thread alone.
        let committed = AssertUnwindSafe(self.journal.commit(&group, at)).catch_unwind().await;
        committed.unwrap_or_else(|_| Err(StoreError::Engine("it panicked".into())))
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.read(Journal::close).await
    }

    fn durable_block(&self) -> u64 {
        self.journal.durable.load(Ordering::Acquire)
    }

    fn has_room(&self) -> bool {
        self.journal.has_room.load(Ordering::Relaxed)
    }

    fn free_bytes(&self) -> Option<u64> {
        Some(self.journal.free_bytes.load(Ordering::Relaxed))
    }

    fn sync_time(&self) -> Lasting {
        self.journal.sync_time.clone()
    }

    fn reads(&self) -> Reads {
        self.readers.reads()
    }

    async fn events(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError> {
        let stream = stream.clone();
        self.read(move |journal| journal.events(&stream, after, limit)).await
    }

    async fn last_seq(&self, stream: &Stream) -> Result<u64, StoreError> {
        let stream = stream.clone();
        self.read(move |journal| journal.last_seq(&stream)).await
    }

    async fn newest_snapshot(&self, stream: &Stream) -> Result<Option<SnapshotRow>, StoreError> {
        let stream = stream.clone();
        self.read(move |journal| Ok(journal.newest_snapshot(&stream))).await
    }

    async fn streams(
        &self,
        kind: StreamKind,
        after: Option<&Stream>,
        limit: usize,
    ) -> Result<Vec<Stream>, StoreError> {
        let after = after.cloned();
        self.read(move |journal| journal.streams(kind, after.as_ref(), limit)).await
    }

    async fn bills(
        &self,
        month: Month,
        after: Option<BillPlace>,
        limit: usize,
    ) -> Result<Vec<(BillPlace, u64)>, StoreError> {
        self.read(move |journal| journal.bills(month, after, limit)).await
    }

    async fn holder(&self, reservation: &Reservation) -> Result<Option<Holder>, StoreError> {
        self.read_json(key::reservation(reservation)).await
    }

    async fn taken(
        &self,
        reservation: &Reservation,
    ) -> Result<Option<(Holder, Option<EventRow>)>, StoreError> {
        let key = key::reservation(reservation);
        self.read(move |journal| {
            let holder = journal.json::<Holder>(&key)?;
            let with_row =
                |holder: Holder| holder.with_row(|line, after| journal.events(line, after, 1));
            holder.map(with_row).transpose()
        })
        .await
    }

    async fn receipt(&self, key: ReceiptKey) -> Result<Option<ReceiptPlace>, StoreError> {
        self.read_json(key::receipt(key)).await
    }

    async fn owners(&self, network: IpNetwork) -> Result<Vec<(IpNetwork, Holder)>, StoreError> {
        self.read(move |journal| journal.owners(&network)).await
    }

    async fn personal(
        &self,
        customer: CustomerId,
        row: u32,
    ) -> Result<Option<PersonalRow>, StoreError> {
        self.read(move |journal| {
            let place = format!("personal row {row} of {customer}");
            let body = journal.body(&key::personal(customer, row))?;
            body.map(|body| record::from_json(&place, &body)).transpose()
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(Journal::keys).await
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, StoreError> {
        self.read(move |journal| journal.block(number)).await
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
        self.read(move |journal| journal.mails(shelf, after.as_ref(), limit)).await
    }

    async fn head(&self) -> Result<Option<Tip>, StoreError> {
        self.read(|journal| journal.head().read()).await
    }

    async fn raw_rows(
        &self,
        section: Section,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError> {
        let after = after.map(<[u8]>::to_vec);
        self.read(move |journal| journal.raw_rows(section, after.as_deref(), limit)).await
    }

    async fn raw(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read(move |journal| {
            let rows = keys.iter().map(|key| journal.engine.get(key));
            rows.map(|row| Ok(row?.map(|row| row.as_ref().to_vec()))).collect()
        })
        .await
    }

    async fn begin_notes(&self, most_bytes: usize) -> Result<(NoteBook, u64), StoreError> {
        // Held while a group becomes durable: none is half noted.
        let mut writing = self.journal.writing.lock().await;
        Ok((writing.noting.begin(most_bytes), self.journal.tip().number))
    }

    async fn take_notes(&self, book: &NoteBook) -> Result<Noted, StoreError> {
        let _between_groups = self.journal.writing.lock().await;
        Ok(Noted { tip: *self.journal.tip(), changes: book.take() })
    }
}

impl<E: Engine> Stored for E {
    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Engine::has(self, key)
    }

    fn between(&self, from: &[u8], to: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = self.range(Bound::Included(from), Bound::Included(to));
        rows.map(|row| row.map(|(key, _)| key.as_ref().to_vec())).collect()
    }
}
