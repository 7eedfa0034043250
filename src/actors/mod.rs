//! Thin shells around the rules: gather, decide, commit, evolve, answer.
//!
//! ```text
//! Lines ──▶ directory (one an Arbiter) ──▶ line ──▶ committer ──▶ store
//!            which line is awake            │ domain::line::{decide, evolve}
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`lines`] | the door to all lines: ask, and be answered |
//! | [`directory`] | which line is awake, on the Arbiter its customer ID hashes to |
//! | [`line`](mod@line) | one actor for each awake line: one change after the other |
//! | [`change`] | what is asked of a line, made into a command and a batch |
//! | [`reading`] | a line read from the store, and kept while it is awake |
//! | [`snapshot`] | the shortcut for reading it |
//! | [`statement`] | closed months' itemisations and IDs' names, read beside a line |
//! | [`committer`] | one thread that commits whatever queued while the last group became durable |
//! | [`receipts`] | receipt numbers from leased ranges |
//! | [`personal`] | personal rows, held against their events |
//! | [`bills`] | many lines' bills, page by page |
//! | [`closing`] | the month's close |
//! | [`bulk`] | many lines, one after the other, without waking each |
//! | [`erasure`] | personal rows whose term is over |
//! | [`networks`] | prefixes that go from one line to another, in one commit |
//! | [`orders`] | completed orders, looked up by the provider's reference |
//! | [`outbox`] | mails that follow the blocks, never in the way of an answer |
//! | [`webhooks`] | messages to providers that follow the blocks, each provider on a lane of its own |
//! | [`backoff`] | how others' servers that fail are spared |
//! | [`audit`] | who did what and why; the walk over the whole chain |
//! | [`backup`](mod@backup) | backups of the running server's store, part by part |
//! | [`verifying`] | the invariants, looked at beside the work |
//! | [`walk`] | a long look that nobody waits for |
//! | [`keys`] | rotation of signing and sealing keys |
//! | [`system`] | changes of Linepass as a whole: maintenance |
//! | [`operators`] | who may use the operator API |
//! | [`provisioning`] | the rows of an import |
//! | [`providers`] | providers and their catalogue, in memory and journalled |

pub mod audit;
pub mod backoff;
pub mod backup;
pub mod bills;
pub mod bulk;
pub mod change;
pub mod closing;
pub mod committer;
pub mod directory;
pub mod erasure;
pub mod keys;
pub mod line;
pub mod lines;
pub mod networks;
pub mod operators;
pub mod orders;
pub mod outbox;
pub mod personal;
pub mod providers;
pub mod provisioning;
mod reading;
pub mod receipts;
pub mod snapshot;
pub mod statement;
pub mod system;
pub mod verifying;
pub mod walk;
pub mod webhooks;

use crate::{domain::line::Refusal, store::StoreError};
use committer::CommitError;

/// Ends a task that follows the blocks, once what it is at is over; one that takes longer is cut off,
/// and what it was at is done again after the next start. What it gave; nothing where it was cut
/// off, and an error where it panicked.
async fn end<T>(
    mut task: tokio::task::JoinHandle<T>,
    stop: &tokio::sync::watch::Sender<bool>,
    most: std::time::Duration,
) -> Result<Option<T>, tokio::task::JoinError> {
    // The task may have ended by itself.
    let _ = stop.send(true);
    if let Ok(ended) = tokio::time::timeout(most, &mut task).await {
        return ended.map(Some);
    }
    task.abort();
    // Aborted, it has nothing to tell.
    let _ = task.await;
    Ok(None)
}

/// Why a line did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A rule says no; nothing changed.
    #[error("{0}")]
    Refused(Refusal),
    /// Too much waits, or the store has no room: nothing changed, and trying again later may
    /// work.
    #[error("too much waits: {0}")]
    Busy(Overload),
    /// The server is stopping; nothing changed.
    #[error("the server is stopping")]
    Stopping,
    /// What is stored of this line cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overload {
    /// As many batches wait for the committer as may.
    #[error("too many commits wait")]
    CommitQueue,
    /// The file system has less space left than is configured.
    #[error("the store has no room: less than store.min_free_space_bytes is free on its disk")]
    NoRoom,
    /// As many changes of one line wait as may.
    #[error("as many changes of this line wait as may")]
    LineQueue,
    /// As many requests wait for lines in the whole process as may.
    #[error("too many requests are under way")]
    Requests,
    /// The line's stream moved on twice while a change was made.
    #[error("another process changes this line")]
    Contention,
}

impl Overload {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::CommitQueue, Self::NoRoom, Self::LineQueue, Self::Requests, Self::Contention];

    /// Its word in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CommitQueue => "commit_queue",
            Self::NoRoom => "no_room",
            Self::LineQueue => "line_queue",
            Self::Requests => "requests",
            Self::Contention => "contention",
        }
    }
}

impl From<CommitError> for LineError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stopped => Self::Stopping,
            CommitError::QueueFull => Self::Busy(Overload::CommitQueue),
            CommitError::NoRoom => Self::Busy(Overload::NoRoom),
        }
    }
}
