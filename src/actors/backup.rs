//! Backups of the running server's store, one at a time, a part for each request: whoever takes one
//! asks for the parts in their order, and for the last one again where its answer was lost.
//!
//! That somebody takes the whole store out of the house is in the journal before the first part is
//! given. That it was taken is there once whoever took it says that its file has its name on their
//! disk: a drill, or a file that could not be written, is no backup. Until then another may begin: each
//! is confirmed by its own name.

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
    collections::VecDeque,
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
/// So many that were given whole are remembered, so that each can be confirmed.
const MOST_GIVEN: usize = 8;
/// So long: its file has its name within moments of its last part.
const CONFIRMED_WITHIN: Duration = Duration::from_hours(1);
/// And so long once it was: its confirmation is said again where the answer was lost.
const SAID_AGAIN_WITHIN: Duration = Duration::from_mins(5);

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
    at_s: AtomicU64,
    bytes: AtomicU64,
    block: AtomicU64,
}

impl BackupFigures {
    /// When the last one was taken, in seconds since 1970; 0 where there was none.
    pub fn last_s(&self) -> u64 {
        self.at_s.load(Ordering::Relaxed)
    }

    /// How large it was.
    pub fn last_bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Of two the later copy is the last, whichever was confirmed first.
    fn note(&self, last: &LastBackup) {
        if self.block.fetch_max(last.block, Ordering::Relaxed) > last.block {
            return;
        }
        let at_s = u64::try_from(last.at.seconds()).unwrap_or_default();
        self.at_s.store(at_s, Ordering::Relaxed);
        self.bytes.store(last.bytes, Ordering::Relaxed);
    }
}

/// Takes backups.
pub struct Backups {
    store: Arc<dyn Store>,
    system: SystemStream,
    clock: Clock,
    key: [u8; 32],
    runs: Arc<Mutex<Runs>>,
    figures: Arc<BackupFigures>,
}

/// The backups that are known by name.
#[derive(Default)]
struct Runs {
    /// The one that is being copied.
    under_way: Option<Run>,
    /// Those whose last part was given, in that order.
    given: VecDeque<Given>,
}

struct Run {
    name: String,
    copy: Copy,
    /// The part that was given last, and its number.
    last: Option<(u64, Arc<Part>)>,
    asked_at: Instant,
    bytes: u64,
    block: u64,
}

/// One that was copied to its end.
struct Given {
    name: String,
    /// Its manifest, and its number.
    last: (u64, Arc<Part>),
    told: LastBackup,
    ended_at: Instant,
    /// When it was journalled that it was taken.
    kept_at: Option<Instant>,
}

impl Given {
    /// When it is forgotten, with its manifest.
    fn over_at(&self) -> Instant {
        let of_end = self.ended_at + CONFIRMED_WITHIN;
        self.kept_at.map_or(of_end, |kept_at| kept_at + SAID_AGAIN_WITHIN)
    }
}

impl Runs {
    fn given(&mut self, name: &str) -> Option<&mut Given> {
        self.given.iter_mut().find(|given| given.name == name)
    }

    /// The one under way was given whole. Past the bound one is forgotten: the one that was confirmed
    /// first, or where none was, the one that was given first.
    fn was_given(&mut self, given: Given) {
        self.under_way = None;
        if self.given.len() == MOST_GIVEN {
            let given = self.given.iter().enumerate();
            let kept = given.filter_map(|(place, given)| Some((given.kept_at?, place)));
            let place = kept.min().map(|(_, place)| place);
            self.given.remove(place.unwrap_or_default());
        }
        self.given.push_back(given);
    }

    /// When the one of this name is given up or forgotten, unless more happens; `None` where there is
    /// none.
    fn over_at(&mut self, name: &str) -> Option<Instant> {
        match &self.under_way {
            Some(run) if run.name == name => Some(run.asked_at + PATIENCE),
            _ => self.given(name).map(|given| given.over_at()),
        }
    }

    /// Gives the one of this name up, or forgets it, if that is due; whether it was under way yet.
    fn end_if_due(&mut self, name: &str) -> bool {
        let now = Instant::now();
        self.given.retain(|given| given.name != name || now < given.over_at());
        let is_due = |run: &mut Run| run.name == name && run.asked_at + PATIENCE <= now;
        self.under_way.take_if(is_due).is_some()
    }

    /// Forgets one; whether it was there.
    fn give_up(&mut self, name: &str) -> bool {
        if self.under_way.take_if(|run| run.name == name).is_some() {
            return true;
        }
        let before = self.given.len();
        self.given.retain(|given| given.name != name);
        self.given.len() < before
    }
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
        Ok(Self { store, system, clock, key, runs: Arc::default(), figures })
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
        let mut runs = self.runs.lock().await;
        if runs.under_way.is_some() {
            return Err(BackupError::UnderWay);
        }
        self.journal(asked, SystemEvent::BackupBegun).await?;
        let copy = Copy::begin(Arc::clone(&self.store), self.key, true).await?;
        let name = random::token(16);
        let (own, asked_at) = (name.clone(), Instant::now());
        let run = Run { name: own, copy, last: None, asked_at, bytes: 0, block: 0 };
        runs.under_way = Some(run);
        actix_rt::spawn(end_in_time(Arc::clone(&self.runs), name.clone()));
        Ok(name)
    }

    /// A part: the next, or the last that was given once more.
    ///
    /// # Errors
    /// It is not its turn, or the copy cannot go on.
    pub async fn part(&self, name: &str, number: u64) -> Result<Arc<Part>, BackupError> {
        let mut runs = self.runs.lock().await;
        if let Some(Given { last: (last, part), .. }) = runs.given(name) {
            let is_it = *last == number;
            return if is_it {
                Ok(Arc::clone(part))
            } else {
                Err(BackupError::OutOfTurn(*last + 1))
            };
        }
        let run = runs.under_way.as_mut().filter(|run| run.name == name);
        let run = run.ok_or(BackupError::Unknown)?;
        run.asked_at = Instant::now();
        if let Some((last, part)) = &run.last
            && *last == number
        {
            return Ok(Arc::clone(part));
        }
        let next = run.last.as_ref().map_or(0, |(last, _)| last + 1);
        if number != next {
            return Err(BackupError::OutOfTurn(next));
        }
        let now = self.clock.now();
        let taken = run.copy.next(now).await;
        let part = match taken {
            Ok(Some(part)) => Arc::new(part),
            Ok(None) => return Err(BackupError::Unknown),
            Err(error) => {
                // What it has is not whole, and never will be.
                runs.under_way = None;
                return Err(error.into());
            }
        };
        run.bytes += part.body.len() as u64;
        run.block = run.copy.block().unwrap_or(run.block);
        run.last = Some((number, Arc::clone(&part)));
        if part.kind == PartKind::Manifest {
            let told = LastBackup { at: now, block: run.block, bytes: run.bytes };
            let (name, last) = (run.name.clone(), (number, Arc::clone(&part)));
            runs.was_given(Given { name, last, told, ended_at: Instant::now(), kept_at: None });
        }
        Ok(part)
    }

    /// Ends one. `is_kept` says that its file has its name on the disk of whoever took it: then it was
    /// taken. Otherwise it is given up; so is a drill's, of which nothing is kept.
    ///
    /// # Errors
    /// There is none of this name, its last part was not given, or the journal cannot be written. That
    /// others were begun since is none.
    pub async fn end(&self, name: &str, is_kept: bool, asked: &Asked) -> Result<(), BackupError> {
        let mut runs = self.runs.lock().await;
        if !is_kept {
            return if runs.give_up(name) { Ok(()) } else { Err(BackupError::Unknown) };
        }
        if runs.under_way.as_ref().is_some_and(|run| run.name == name) {
            return Err(BackupError::NotGiven);
        }
        let given = runs.given(name).ok_or(BackupError::Unknown)?;
        // Said again where the answer was lost.
        if given.kept_at.is_none() {
            self.journal(asked, SystemEvent::BackupTaken(given.told)).await?;
            self.figures.note(&given.told);
            given.kept_at = Some(Instant::now());
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

/// Gives one up once nobody has asked for it for long, and forgets one that was given whole in time.
async fn end_in_time(runs: Arc<Mutex<Runs>>, name: String) {
    loop {
        let Some(over_at) = runs.lock().await.over_at(&name) else { return };
        // A confirmation brings it nearer.
        tokio::time::sleep_until(over_at.min(Instant::now() + PATIENCE)).await;
        if runs.lock().await.end_if_due(&name) {
            tracing::warn!("a backup was given up: nobody asked for its next part for a minute");
        }
    }
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
