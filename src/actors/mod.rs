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
//! | [`committer`] | one thread that commits whatever queued while the last group became durable |
//! | [`receipts`] | receipt numbers from leased ranges |
//! | [`orders`] | completed orders, looked up by the provider's reference |
//! | [`keys`] | rotation of signing and sealing keys |
//! | [`system`] | changes of Linepass as a whole: maintenance |
//! | [`providers`] | providers and their catalogue, in memory and journalled |

pub mod change;
pub mod committer;
pub mod directory;
pub mod keys;
pub mod line;
pub mod lines;
pub mod orders;
pub mod providers;
mod reading;
pub mod receipts;
pub mod snapshot;
pub mod system;

use crate::{domain::line::Refusal, store::StoreError};
use committer::CommitError;

/// Why a line did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A rule says no; nothing changed.
    #[error("{0}")]
    Refused(Refusal),
    /// Too much waits, or the store has no room: nothing changed, and trying again later may
    /// work.
    #[error("too much waits: {0}")]
    Busy(&'static str),
    /// The server is stopping; nothing changed.
    #[error("the server is stopping")]
    Stopping,
    /// What is stored of this line cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for LineError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stopped => Self::Stopping,
            CommitError::QueueFull => Self::Busy("too many commits wait"),
            CommitError::NoRoom => Self::Busy("the store has no room"),
        }
    }
}
