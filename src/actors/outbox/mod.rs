//! The outbox: follows the blocks with a cursor of its own and hands over a mail for each notice,
//! at least once, after the answer and never in its way (R-193, reliability.md I7).
//!
//! | file | what |
//! |---|---|
//! | [`letter`] | a mail as plain data |
//! | [`compose`] | the letters of an entry |
//! | [`rows`] | the rows they are made of |
//! | [`schedule`] | when a mail, and when a silent server, is tried again |
//! | [`follow`] | the task that follows, hands over and remembers |
//! | [`desk`] | what operators see and ask for |
//!
//! What waits is the journal itself: while the server is silent the cursor stands, and nothing is
//! stored for each mail. A row is put for a mail that the server puts off or refuses, in the same
//! batch that moves the cursor past it.

pub mod compose;
pub mod desk;
pub mod follow;
pub mod letter;
pub mod rows;
pub mod schedule;

pub use desk::{Desk, DeskError, Wanted};
pub use follow::{Outbox, Sources, forget};

use letter::Letter;
use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

/// The outbox's name among the followers.
pub const FOLLOWER: &str = crate::store::MAIL_FOLLOWER;

/// Whoever takes letters to where they go.
#[async_trait::async_trait]
pub trait Postman: Send + Sync + 'static {
    /// Hands a letter over; it is out of our hands when this returns.
    async fn deliver(&self, letter: &Letter) -> Result<(), Failure>;

    /// Says goodbye; nothing is handed over any more.
    async fn close(&self);
}

/// Why a letter was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub kind: FailureKind,
    /// The server's reply code, where it gave one.
    pub code: Option<u16>,
}

impl Failure {
    /// A failure without a reply.
    pub const fn of(kind: FailureKind) -> Self {
        Self { kind, code: None }
    }
}

/// What a failure means for the mail and for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The recipient or the message is refused for good (5xx).
    Refused,
    /// The mail is put off (4xx).
    Later,
    /// The server does not answer, or closes.
    NoAnswer,
    /// The server refuses us, whatever the mail: our login, our name, our TLS.
    ServerRefuses,
    /// The folder cannot be written.
    NotWritten,
    /// No message can be made of it.
    Unsendable,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Later,
        Self::NoAnswer,
        Self::ServerRefuses,
        Self::NotWritten,
        Self::Unsendable,
    ];

    /// Its word in rows, metrics and the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Later => "later",
            Self::NoAnswer => "no_answer",
            Self::ServerRefuses => "server_refuses",
            Self::NotWritten => "not_written",
            Self::Unsendable => "unsendable",
        }
    }

    /// Whether the server spoke of the mail: its connection goes on.
    pub const fn is_reply(self) -> bool {
        matches!(self, Self::Refused | Self::Later)
    }

    /// Whether another try of the same mail is of no use.
    const fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Unsendable)
    }

    /// Whether it speaks of the server, so that other mails would fare alike.
    const fn is_of_server(self) -> bool {
        matches!(self, Self::NoAnswer | Self::ServerRefuses | Self::NotWritten)
    }
}

/// How mails are tried.
#[derive(Debug, Clone, Copy)]
pub struct OutboxOptions {
    /// Mails under way at once.
    pub most_at_once: usize,
    /// The pause before a mail's second try.
    pub retry_first: Duration,
    /// The longest pause between two tries of a mail.
    pub retry_longest: Duration,
    /// The longest pause before a silent server is asked again.
    pub probe_longest: Duration,
    /// A mail that could not be handed over for so long is parked.
    pub park_after: Duration,
    /// Where chance comes from: any number.
    pub draw: fn() -> u64,
}

/// What monitoring reads.
#[derive(Debug, Default)]
pub struct MailFigures {
    sent: AtomicU64,
    failed: [AtomicU64; FailureKind::ALL.len()],
    waiting: AtomicU64,
    parked: AtomicU64,
    behind: AtomicU64,
    /// Microseconds since the epoch; 0 where nothing waits.
    oldest_us: AtomicI64,
    silent: AtomicBool,
    /// Whether the rows changed since they were counted.
    must_count: AtomicBool,
}

impl MailFigures {
    /// Mails that were handed over.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Tries that failed like this.
    pub fn failed(&self, kind: FailureKind) -> u64 {
        self.failed[kind as usize].load(Ordering::Relaxed)
    }

    /// Mails that are tried again.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Mails that are not.
    pub fn parked(&self) -> u64 {
        self.parked.load(Ordering::Relaxed)
    }

    /// Blocks whose mails have not been tried yet.
    pub fn behind_blocks(&self) -> u64 {
        self.behind.load(Ordering::Relaxed)
    }

    /// Whether the server is silent: only now and then it is asked again.
    pub fn is_server_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Seconds since the oldest mail that waits was accepted; 0 where none waits.
    pub fn oldest_age_s(&self, now: crate::domain::calendar::Instant) -> u64 {
        match self.oldest_us.load(Ordering::Relaxed) {
            0 => 0,
            oldest => u64::try_from((now.micros() - oldest) / 1_000_000).unwrap_or_default(),
        }
    }
}
