//! A disk as the store meets it, with what the facts at the head of `store/sled_store.rs` say:
//! applied rows are visible at once, flushed ones outlive the process, synced ones a power cut. It
//! tears, forgets what was not synced, fails the Nth operation, and fills up.

use super::{fate::Fate, files::FileSystem};
use linepass::store::engine::Rows;
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Free space, and what the store wants to be left.
const ROOMY_BYTES: u64 = 1 << 30;
pub const MIN_FREE_BYTES: u64 = 1 << 20;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In order.
    Stopped,
    /// kill -9, or an exit of its own: the page cache stays.
    Killed,
    /// What was not synced may be lost.
    PowerCut,
}

/// What goes wrong, and at which operation.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The machine or the process is gone before this operation.
    Gone { at: u64 },
    /// Operations fail: this one, or all from it on.
    Fails { at: u64, sticky: bool, kind: io::ErrorKind },
}

/// A handle of the disk.
#[derive(Clone)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    fate: Fate,
}

pub struct State {
    /// Told when a process is gone; each has its own.
    ended: Arc<Notify>,
    /// How many operations did not do what was asked.
    faults: u64,
    /// What outlives a power cut.
    platter: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Groups that are not on it yet, in order.
    tail: VecDeque<Group>,
    /// What the process reads.
    visible: BTreeMap<Vec<u8>, Vec<u8>>,
    pub files: FileSystem,
    fault: Option<Fault>,
    operations: u64,
    /// The process is gone: nothing it does counts any more.
    gone: bool,
    /// An operation of the engine failed: it refuses all others.
    poisoned: bool,
    /// A failed sync has lost what it should have kept, as soon as the cache is read no more.
    lost: bool,
    free_bytes: u64,
    slow_percent: u64,
}

struct Group {
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    flushed: bool,
}

impl Disk {
    pub fn new(fate: &Fate) -> Self {
        let state = State {
            ended: Arc::default(),
            faults: 0,
            platter: BTreeMap::new(),
            tail: VecDeque::new(),
            visible: BTreeMap::new(),
            files: FileSystem::default(),
            fault: None,
            operations: 0,
            gone: false,
            poisoned: false,
            lost: false,
            free_bytes: ROOMY_BYTES,
            slow_percent: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), fate: fate.clone() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who waits for the end of the process.
    pub fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.state().ended)
    }

    /// So many operations from now something goes wrong.
    pub fn plan(&self, fault: impl FnOnce(u64) -> Fault, after: u64) {
        let mut state = self.state();
        let fault = fault(state.operations + after.max(1));
        self.fate.note(format_args!("plan {fault:?}"));
        state.fault = Some(fault);
    }

    /// How many syncs of a hundred take long.
    pub fn slow_down(&self, percent: u64) {
        self.state().slow_percent = percent;
    }

    /// Whether it has less room than a store asks for.
    pub fn is_full(&self) -> bool {
        self.state().free_bytes < MIN_FREE_BYTES
    }

    /// Fills the disk up, or makes room.
    pub fn fill(&self, full: bool) {
        self.state().free_bytes = if full { MIN_FREE_BYTES / 2 } else { ROOMY_BYTES };
        self.fate.note(if full { "the disk is full" } else { "the disk has room" });
    }

    pub fn free_bytes(&self) -> u64 {
        self.state().free_bytes
    }

    /// One operation that writes; what it finds has happened when it returns.
    pub fn operate(&self, what: &str) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.operations += 1;
        let number = state.operations;
        if state.gone {
            return Err(gone());
        }
        let failed = match state.fault {
            Some(Fault::Gone { at }) if number == at => {
                (state.gone, state.faults) = (true, state.faults + 1);
                self.fate.note(format_args!("op {number} {what}: the process is gone"));
                state.ended.notify_one();
                return Err(gone());
            }
            Some(Fault::Fails { at, sticky, kind }) if number == at || (sticky && number > at) => {
                Some(kind)
            }
            _ => None,
        };
        state.faults += u64::from(failed.is_some());
        let told = if failed.is_some() { " fails" } else { "" };
        self.fate.note(format_args!("op {number} {what}{told}"));
        failed.map_or(Ok(state), |kind| Err(io::Error::new(kind, "a simulated fault")))
    }

    /// How many faults there were so far.
    pub fn faults(&self) -> u64 {
        self.state().faults
    }

    pub fn is_gone(&self) -> bool {
        self.state().gone
    }

    /// Whether an event row with these bytes outlives a power cut.
    pub fn keeps_row_with(&self, prefix: &[u8], text: &str) -> bool {
        let state = self.state();
        let rows = state.platter.range(prefix.to_vec()..);
        let mut rows = rows.take_while(|(key, _)| key.starts_with(prefix));
        rows.any(|(_, row)| String::from_utf8_lossy(row).contains(text))
    }

    /// Whether a row outlives a power cut.
    pub fn keeps(&self, key: &[u8]) -> bool {
        self.state().platter.contains_key(key)
    }

    /// Rows that outlive a power cut, whose keys begin so.
    pub fn kept(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let state = self.state();
        let rows = state.platter.range(prefix.to_vec()..);
        let rows = rows.take_while(|(key, _)| key.starts_with(prefix));
        rows.map(|(key, row)| (key.clone(), row.clone())).collect()
    }

    /// How long the next sync takes.
    pub fn sync_ms(&self) -> u64 {
        let slow = self.state().slow_percent;
        if self.fate.percent(slow) { 200 + self.fate.below(2_000) } else { 1 + self.fate.below(4) }
    }

    /// The process is over, this way; the next one finds what is left.
    pub fn end(&self, how: End) {
        let mut state = self.state();
        let lost = state.lost;
        self.fate.note(format_args!("{how:?}{}", if lost { ", after a lost sync" } else { "" }));
        let kept = match how {
            // The engine's own thread may have written some of what was never flushed.
            End::Stopped | End::Killed if !lost => {
                let flushed = state.tail.iter().filter(|group| group.flushed).count();
                flushed + self.fate.index(state.tail.len() - flushed + 1)
            }
            // A group that is torn is dropped with all that follows it.
            _ => self.fate.index(state.tail.len() + 1),
        };
        state.tail.truncate(kept);
        if how == End::PowerCut || lost {
            state.put_on_the_platter(|_| true);
        }
        if how == End::PowerCut {
            state.files.cut_power(&self.fate);
        }
        state.reopen();
    }
}

impl State {
    /// Applies rows, all of them: a batch of the engine is whole or not there, also when it fails.
    pub fn apply(&mut self, rows: Rows) {
        let rows: BTreeMap<_, _> = rows.into_iter().collect();
        for (key, row) in &rows {
            match row {
                Some(row) => self.visible.insert(key.clone(), row.clone()),
                None => self.visible.remove(key),
            };
        }
        self.tail.push_back(Group { rows, flushed: false });
    }

    pub fn flush(&mut self) {
        for group in &mut self.tail {
            group.flushed = true;
        }
    }

    /// What was flushed outlives a power cut; what was only applied does not.
    pub fn sync(&mut self) {
        self.put_on_the_platter(|group| group.flushed);
    }

    /// A failed sync: by the file system, what it was about stays in the cache or is lost.
    pub fn fail_sync(&mut self, lost: bool) {
        self.lost |= lost;
    }

    pub fn poison(&mut self) {
        self.poisoned = true;
    }

    pub fn is_usable(&self) -> io::Result<()> {
        match (self.gone, self.poisoned) {
            (true, _) => Err(gone()),
            (_, true) => Err(io::Error::other("an earlier operation failed")),
            _ => Ok(()),
        }
    }

    pub fn visible(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.visible
    }

    fn put_on_the_platter(&mut self, which: impl Fn(&Group) -> bool) {
        while self.tail.front().is_some_and(&which) {
            for (key, row) in self.tail.pop_front().into_iter().flat_map(|group| group.rows) {
                match row {
                    Some(row) => self.platter.insert(key, row),
                    None => self.platter.remove(&key),
                };
            }
        }
    }

    /// What the next process finds.
    fn reopen(&mut self) {
        self.ended = Arc::default();
        self.flush();
        self.visible = self.platter.clone();
        for (key, row) in self.tail.iter().flat_map(|group| &group.rows) {
            match row {
                Some(row) => self.visible.insert(key.clone(), row.clone()),
                None => self.visible.remove(key),
            };
        }
        (self.gone, self.poisoned, self.lost, self.fault) = (false, false, false, None);
        (self.free_bytes, self.slow_percent) = (ROOMY_BYTES, 0);
    }
}

fn gone() -> io::Error {
    io::Error::other("the process is gone")
}
