//! Backups of the running server's store, one at a time, a part for each request: whoever takes one
//! asks for the parts in their order, and for the last one again where its answer was lost.
//!
//! That somebody takes the whole store out of the house is in the journal before the first part is
//! given. That it was taken is there once whoever took it says that its file has its name on their
//! disk: a drill, or a file that could not be written, is no backup.

use super::{
    committer::CommitError,
    system::{Asked, SystemChange, SystemError, SystemStream},
};
use crate::{
    clock::Clock,
    domain::{
        line::By,
        system::{LastBackup, SystemEvent},
    },
    security::random,
    store::{
        Store, StoreError,
        backup::{Copy, CopyError, Part, PartKind},
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// The label of the key of backups' MACs.
pub const BACKUP_KEY: &str = "linepass/backup/v1";

/// A backup that nobody asks for so long is given up: nothing is noted for it any more, and the next
/// may begin.
const PATIENCE: Duration = Duration::from_mins(1);

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
    /// It cannot have been kept.
    #[error("kept: its last part was not given yet")]
    NotGiven,
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
    /// When the last one was taken, in seconds since 1970; 0 where there was none.
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
    run: Arc<Mutex<Option<Run>>>,
    figures: Arc<BackupFigures>,
}

struct Run {
    name: String,
    copy: Copy,
    /// The part that was given last, and its number.
    last: Option<(u64, Arc<Part>)>,
    asked_at: Instant,
    bytes: u64,
    block: u64,
    /// Its last part was given.
    ended: Option<LastBackup>,
    /// It is journalled that it was taken.
    is_kept: bool,
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
        Ok(Self { store, system, clock, key, run: Arc::default(), figures })
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
        if run.as_ref().is_some_and(|run| run.ended.is_none()) {
            return Err(BackupError::UnderWay);
        }
        self.journal(asked, SystemEvent::BackupBegun).await?;
        let copy = Copy::begin(Arc::clone(&self.store), self.key, true).await?;
        let name = random::token(16);
        *run = Some(Run {
            name: name.clone(),
            copy,
            last: None,
            asked_at: Instant::now(),
            bytes: 0,
            block: 0,
            ended: None,
            is_kept: false,
        });
        actix_rt::spawn(give_up_in_time(Arc::clone(&self.run), name.clone()));
        Ok(name)
    }

    /// A part: the next, or the last that was given once more.
    ///
    /// # Errors
    /// It is not its turn, or the copy cannot go on.
    pub async fn part(&self, name: &str, number: u64) -> Result<Arc<Part>, BackupError> {
        let mut kept = self.run.lock().await;
        let run = kept.as_mut().filter(|run| run.name == name).ok_or(BackupError::Unknown)?;
        run.asked_at = Instant::now();
        if let Some((last, part)) = &run.last
            && *last == number
        {
            return Ok(Arc::clone(part));
        }
        let next = run.last.as_ref().map_or(0, |(last, _)| last + 1);
        if number != next || run.ended.is_some() {
            return Err(BackupError::OutOfTurn(next));
        }
        let now = self.clock.now();
        let taken = run.copy.next(now).await;
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
            run.ended = Some(LastBackup { at: now, block: run.block, bytes: run.bytes });
        }
        Ok(part)
    }

    /// Ends one. `is_kept` says that its file has its name on the disk of whoever took it: then it was
    /// taken. Otherwise it is given up; so is a drill's, of which nothing is kept.
    ///
    /// # Errors
    /// There is none of this name, its last part was not given, or the journal cannot be written.
    pub async fn end(&self, name: &str, is_kept: bool, asked: &Asked) -> Result<(), BackupError> {
        let mut kept = self.run.lock().await;
        let run = kept.as_mut().filter(|run| run.name == name).ok_or(BackupError::Unknown)?;
        if !is_kept {
            *kept = None;
            return Ok(());
        }
        let last = run.ended.ok_or(BackupError::NotGiven)?;
        // Said again where the answer was lost.
        if !run.is_kept {
            self.journal(asked, SystemEvent::BackupTaken(last)).await?;
            self.figures.note(&last);
            run.is_kept = true;
        }
        Ok(())
    }

    /// A disk that is short of room takes no commit, and a backup may be what helps then: it stands in
    /// the log instead.
    async fn journal(&self, asked: &Asked, event: SystemEvent) -> Result<(), SystemError> {
        let change = |_: &_| {
            let events = vec![event.clone()];
            Ok(SystemChange { events, ..SystemChange::default() })
        };
        match self.system.change(asked, change).await {
            Err(SystemError::Commit(CommitError::NoRoom)) => {
                let (operator, reason) = match &asked.by {
                    By::Operator { name, reason } => (Some(name), Some(reason)),
                    _ => (None, None),
                };
                tracing::warn!(
                    operator,
                    operator_reason = reason,
                    event = ?event,
                    "the store has no room for an event of a backup; it stands here alone"
                );
                Ok(())
            }
            made => made.map(drop),
        }
    }
}

/// Gives one up once nobody has asked for it for long.
async fn give_up_in_time(run: Arc<Mutex<Option<Run>>>, name: String) {
    loop {
        let wakes_at = match &*run.lock().await {
            Some(run) if run.name == name && run.ended.is_none() => run.asked_at + PATIENCE,
            _ => return,
        };
        tokio::time::sleep_until(wakes_at).await;
        let mut kept = run.lock().await;
        let is_due = |run: &Run| run.name == name && run.asked_at + PATIENCE <= Instant::now();
        if kept.as_ref().is_some_and(|run| run.ended.is_none() && is_due(run)) {
            *kept = None;
            tracing::warn!("a backup was given up: nobody asked for its next part for a minute");
            return;
        }
    }
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
