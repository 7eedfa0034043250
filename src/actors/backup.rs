//! Backups of the running server's store, one at a time, a part for each request: whoever takes one
//! asks for the parts in their order, and for the last one again where its answer was lost.
//!
//! That somebody takes the whole store out of the house is in the journal before the first part is
//! given, and that it came to its end with the last.

use super::system::{Asked, SystemChange, SystemError, SystemStream};
use crate::{
    clock::Clock,
    domain::{
        calendar::Instant,
        system::{LastBackup, SystemEvent},
    },
    security::random,
    store::{
        Store, StoreError,
        backup::{Copy, CopyError, Part, PartKind},
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// The label of the key of backups' MACs.
pub const BACKUP_KEY: &str = "linepass/backup/v1";

/// A backup that nobody asks for so long is given up: the next may begin.
const PATIENCE_S: u64 = 60;

/// Why a part is not given.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Somebody else takes one.
    #[error("another backup is under way; it is given up once it is not asked for a minute")]
    UnderWay,
    /// There is none of this name: it ended, was given up, or the server was started again.
    #[error("there is no such backup: it has ended, or the server was started since; begin again")]
    Unknown,
    /// Parts are given in their order.
    #[error("part: the next is {0}")]
    OutOfTurn(u64),
    /// It cannot go on.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The journal cannot be written.
    #[error(transparent)]
    System(#[from] SystemError),
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Copy(error.into())
    }
}

/// What monitoring reads of backups.
#[derive(Debug, Default)]
pub struct BackupFigures {
    last_s: AtomicU64,
    last_bytes: AtomicU64,
}

impl BackupFigures {
    /// When the last one came to its end, in seconds since 1970; 0 where there was none.
    pub fn last_s(&self) -> u64 {
        self.last_s.load(Ordering::Relaxed)
    }

    /// How large it was.
    pub fn last_bytes(&self) -> u64 {
        self.last_bytes.load(Ordering::Relaxed)
    }

    fn note(&self, last: &LastBackup) {
        let at_s = u64::try_from(last.at.seconds()).unwrap_or_default();
        self.last_s.store(at_s, Ordering::Relaxed);
        self.last_bytes.store(last.bytes, Ordering::Relaxed);
    }
}

/// Takes backups.
pub struct Backups {
    store: Arc<dyn Store>,
    system: SystemStream,
    clock: Clock,
    key: [u8; 32],
    run: Mutex<Option<Run>>,
    figures: Arc<BackupFigures>,
}

struct Run {
    name: String,
    asked: Asked,
    copy: Copy,
    /// The part that was given last, and its number.
    last: Option<(u64, Arc<Part>)>,
    asked_at: Instant,
    bytes: u64,
    block: u64,
    has_ended: bool,
}

impl Backups {
    /// As the journal left it; `key` is that of the manifest's MAC, `clock` the host's.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn load(
        store: Arc<dyn Store>,
        system: SystemStream,
        clock: Clock,
        key: [u8; 32],
    ) -> Result<Self, StoreError> {
        let figures = Arc::new(BackupFigures::default());
        if let Some(last) = system.state().await?.last_backup {
            figures.note(&last);
        }
        Ok(Self { store, system, clock, key, run: Mutex::new(None), figures })
    }

    /// What monitoring reads.
    pub const fn figures(&self) -> &Arc<BackupFigures> {
        &self.figures
    }

    /// Begins one. Its name, by which its parts are asked for.
    ///
    /// # Errors
    /// Another is under way, or the store cannot be read or written.
    pub async fn begin(&self, asked: &Asked) -> Result<String, BackupError> {
        let mut run = self.run.lock().await;
        let now = self.clock.now();
        let is_under_way = |run: &Run| !run.has_ended && run.asked_at.after_s(PATIENCE_S) > now;
        if run.as_ref().is_some_and(is_under_way) {
            return Err(BackupError::UnderWay);
        }
        // What was given up has its groups noted no longer.
        *run = None;
        self.journal(asked, SystemEvent::BackupBegun).await?;
        let copy = Copy::begin(Arc::clone(&self.store), self.key, true).await?;
        let name = random::token(16);
        *run = Some(Run {
            name: name.clone(),
            asked: asked.clone(),
            copy,
            last: None,
            asked_at: now,
            bytes: 0,
            block: 0,
            has_ended: false,
        });
        Ok(name)
    }

    /// A part: the next, or the last that was given once more.
    ///
    /// # Errors
    /// It is not its turn, or the copy cannot go on.
    pub async fn part(&self, name: &str, number: u64) -> Result<Arc<Part>, BackupError> {
        let mut kept = self.run.lock().await;
        let run = kept.as_mut().filter(|run| run.name == name).ok_or(BackupError::Unknown)?;
        run.asked_at = self.clock.now();
        if let Some((last, part)) = &run.last
            && *last == number
        {
            return Ok(Arc::clone(part));
        }
        let next = run.last.as_ref().map_or(0, |(last, _)| last + 1);
        if number != next || run.has_ended {
            return Err(BackupError::OutOfTurn(next));
        }
        let taken = run.copy.next(run.asked_at).await;
        let part = match taken {
            Ok(Some(part)) => Arc::new(part),
            Ok(None) => return Err(BackupError::Unknown),
            Err(error) => {
                // What it has is not whole, and never will be.
                *kept = None;
                return Err(error.into());
            }
        };
        run.bytes += part.body.len() as u64;
        run.block = run.copy.block().unwrap_or(run.block);
        run.last = Some((number, Arc::clone(&part)));
        if part.kind == PartKind::Manifest {
            run.has_ended = true;
            let last = LastBackup { at: run.asked_at, block: run.block, bytes: run.bytes };
            self.journal(&run.asked.clone(), SystemEvent::BackupTaken(last)).await?;
            self.figures.note(&last);
        }
        Ok(part)
    }

    async fn journal(&self, asked: &Asked, event: SystemEvent) -> Result<(), SystemError> {
        let change = |_: &_| {
            let events = vec![event.clone()];
            Ok(SystemChange { events, ..SystemChange::default() })
        };
        self.system.change(asked, change).await.map(drop)
    }
}
