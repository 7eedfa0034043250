//! What is kept, and how it stays true.
//!
//! What happened is the truth: one row of events for each decision, closed by blocks that chain
//! their hashes. The write unit is a value, [`Batch`]; a group of batches becomes durable together
//! in one [`Block`]. Nobody reads beyond the durable block.
//!
//! | file | what |
//! |---|---|
//! | [`batch`] | the write unit and its outcome |
//! | [`key`] | streams and the keys of every kind of row |
//! | [`record`] | the rows: version, block, body; who holds a reservation; personal rows |
//! | [`block`] | blocks and their chain |
//! | [`mail`] | the outbox's rows |
//! | [`webhook`] | how far a provider's webhooks are |
//! | [`raw`] | rows as they are stored, for whoever checks the store itself |
//! | [`notes`] | what is committed while somebody copies the store |
//! | [`backup`] | a copy of the whole store in one file, and a store of it again |
//! | [`audit`] | walks the whole chain and says where it is broken |
//! | [`group`] | a group of batches made into writes: the part that all backends share |
//! | [`engine`] | what is asked of whatever keeps the rows: the seam below our own order of writing |
//! | [`journal`] | that order: committing, opening, reading, on any engine |
//! | [`head`] | the head file, by which a lost tail is noticed |
//! | [`sled_store`] | sled 0.34 as it really behaves |
//! | [`memory`] | the same in memory, for tests |
//! | `mounts` | which file system a path is on, for messages |

pub mod audit;
pub mod backup;
pub mod batch;
pub mod block;
pub mod engine;
pub mod group;
pub mod head;
pub mod journal;
pub mod key;
pub mod mail;
pub mod memory;
mod mounts;
pub mod notes;
pub mod raw;
pub mod record;
pub mod sled_store;
#[cfg(test)]
pub(crate) mod suite;
pub mod webhook;

pub use batch::{
    Batch, BillPlace, Broken, Delete, Expect, MOST_ROW_BYTES, Outcome, Put, ReceiptKey,
    ReceiptPlace, Reservation,
};
pub use block::Block;
pub use key::{Stream, StreamKind};
pub use mail::{MAIL_FOLLOWER, MailId, MailPlace, MailRecord, MailRow, Shelf};
pub use raw::{RawRow, Section};
pub use record::{EventRow, Holder, PersonalRow, SnapshotRow};
pub use webhook::{KeptMessage, WebhookState};

use crate::{
    domain::{
        calendar::{Instant, Month},
        ids::{CustomerId, ProviderId},
    },
    metrics::lasting::Lasting,
};
use group::Tip;
use ipnetwork::IpNetwork;
use notes::{NoteBook, Noted};
use std::path::PathBuf;

/// What went wrong with the store. None of these is the fault of whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error(
        "the store at {path} is in use by another process; end that process or give this one another folder"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The store's folder or files cannot be used.
    #[error("{path}: {source}")]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder cannot be locked, so whether another process has it cannot be told.
    #[error(
        "{path}: the folder cannot be locked: {source}. It is on a file system of the kind \
         {file_system}{}", unlocked(.file_system)
    )]
    CannotLock {
        /// The folder.
        path: PathBuf,
        /// The kind of its file system, as the kernel names it.
        file_system: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is stored is not what was written.
    #[error("the store is damaged at {place}: {what}")]
    Damaged {
        /// The row or file.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The engine failed: whether the last group is durable is unknown.
    #[error("the store's engine failed: {0}")]
    Engine(String),
}

/// What is known of why a file system of this kind locked no folder, and what to do.
fn unlocked(file_system: &str) -> &'static str {
    if file_system.starts_with("nfs") {
        ", and network file systems (NFS) lock no folders; name a folder on a disk of this machine"
    } else {
        "; where it goes on, name a folder on another"
    }
}

impl StoreError {
    pub(crate) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), what: what.into() }
    }
}

/// How many reads wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    /// So many do now.
    pub waiting: usize,
    /// So many should at most.
    pub most: usize,
}

impl Reads {
    /// None waits: each is done where it is asked for.
    pub const fn unbounded() -> Self {
        Self { waiting: 0, most: usize::MAX }
    }
}

/// A place where batches become durable: the seam to another engine.
///
/// Scans come in pages, reservations are typed, blocks are numbered for each shard: nothing here
/// is borrowed from an engine, so that a replicated one can stand behind it.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// Commits a group in the order given and returns one outcome for each batch, once all of it
    /// is durable. An error leaves the outcome of the whole group unknown: whoever commits must
    /// answer nobody and end the process. One call at a time.
    async fn commit(&self, group: Vec<Batch>, at: Instant) -> Result<Vec<Outcome>, StoreError>;

    /// Writes down what the next opening relies on, and returns once it is on disk. Called before
    /// the process ends, when nothing commits any more: whoever drops the last handle may do so on
    /// a thread that the end of the process cuts off.
    async fn close(&self) -> Result<(), StoreError>;

    /// The number of the last durable block; 0 before the first.
    fn durable_block(&self) -> u64;

    /// Whether there is room to write (a configured space is free).
    fn has_room(&self) -> bool;

    /// The bytes that are free where it is kept, as they were looked at last; `None` where it is
    /// kept on no disk.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// How long the disk takes for a group: the last one, or the one under way. What the processors do for
    /// it before is not in it; nothing takes any time where it is kept on no disk.
    fn sync_time(&self) -> Lasting {
        Lasting::default()
    }

    /// How many reads wait for their turn, and how many should at most: whoever lets more come makes all
    /// wait for long.
    fn reads(&self) -> Reads {
        Reads::unbounded()
    }

    /// At most `limit` event rows of a stream after sequence number `after`, in order.
    async fn events(
        &self,
        stream: &Stream,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRow>, StoreError>;

    /// The sequence number of a stream's last durable event row; 0 for a stream that does not exist.
    async fn last_seq(&self, stream: &Stream) -> Result<u64, StoreError>;

    /// The newest snapshot of a stream that can be read. One that cannot is passed over: it is a
    /// shortcut, and the events have everything.
    async fn newest_snapshot(&self, stream: &Stream) -> Result<Option<SnapshotRow>, StoreError>;

    /// At most `limit` streams of a kind after `after`, in order.
    async fn streams(
        &self,
        kind: StreamKind,
        after: Option<&Stream>,
        limit: usize,
    ) -> Result<Vec<Stream>, StoreError>;

    /// At most `limit` parts of a closed month's bills after `after`, by line and part, each with
    /// the event row that holds it.
    async fn bills(
        &self,
        month: Month,
        after: Option<BillPlace>,
        limit: usize,
    ) -> Result<Vec<(BillPlace, u64)>, StoreError>;

    /// Who holds a reservation.
    async fn holder(&self, reservation: &Reservation) -> Result<Option<Holder>, StoreError>;

    /// Who holds a reservation, and the event row of its line that took it, where it names one: what a
    /// repeated order is answered from. One read where each read waits for a thread.
    async fn taken(
        &self,
        reservation: &Reservation,
    ) -> Result<Option<(Holder, Option<EventRow>)>, StoreError>;

    /// Where something with a receipt number stands.
    async fn receipt(&self, key: ReceiptKey) -> Result<Option<ReceiptPlace>, StoreError>;

    /// Whose prefixes share addresses with this one: the prefix itself, one that holds it, or ones
    /// inside it. Prefixes never overlap, so they are one or those inside.
    async fn owners(&self, network: IpNetwork) -> Result<Vec<(IpNetwork, Holder)>, StoreError>;

    /// A line's personal row.
    async fn personal(
        &self,
        customer: CustomerId,
        row: u32,
    ) -> Result<Option<PersonalRow>, StoreError>;

    /// The bodies of all key rows.
    async fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError>;

    /// A durable block by its number.
    async fn block(&self, number: u64) -> Result<Option<Block>, StoreError>;

    /// The block up to which a follower has done its work; `None` before its first.
    async fn cursor(&self, follower: &str) -> Result<Option<u64>, StoreError>;

    /// At most `limit` rows of a shelf of the outbox after `after`, in order.
    async fn mails(
        &self,
        shelf: Shelf,
        after: Option<&MailPlace>,
        limit: usize,
    ) -> Result<Vec<MailRow>, StoreError>;

    /// How far a provider's webhooks are after so many stops; `None` where it wanted none then.
    async fn webhooks(
        &self,
        provider: &ProviderId,
        epoch: u32,
    ) -> Result<Option<WebhookState>, StoreError>;

    /// The block that the head names, if there is a head.
    async fn head(&self) -> Result<Option<Tip>, StoreError>;

    /// Rows of a section as they are stored, after this key, in order: as many as `limit` says and
    /// fit into [`raw::PAGE_BYTES`], one at least; none past the last. Nothing of them is checked,
    /// and those of a group that is not durable yet are among them.
    async fn raw_rows(
        &self,
        section: Section,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<RawRow>, StoreError>;

    /// The same for single keys; `None` where there is no row.
    async fn raw(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// From now on the rows of each group are noted, for whoever copies the store beside commits, as
    /// long as the book is held; `most_bytes` of them until they are taken. Who began before is not
    /// noted for any more. The book, and the last block before the first that is noted.
    ///
    /// # Errors
    /// The store cannot be asked.
    async fn begin_notes(&self, most_bytes: usize) -> Result<(NoteBook, u64), StoreError> {
        let _ = most_bytes;
        Err(StoreError::Engine(CANNOT_NOTE.into()))
    }

    /// What was noted since it was taken last, and the tip of that very moment, between two groups.
    ///
    /// # Errors
    /// The store cannot be asked.
    async fn take_notes(&self, book: &NoteBook) -> Result<Noted, StoreError> {
        let _ = book;
        Err(StoreError::Engine(CANNOT_NOTE.into()))
    }
}

/// What a backend says that cannot be copied beside commits.
const CANNOT_NOTE: &str = "it cannot be copied while somebody commits";
