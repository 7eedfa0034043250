//! The month's close: fixed in the system's stream first, then committed line by
//! line, then finished. Killed at any point it is run again and goes on: what a line's close fixed
//! stays as it is, and the lines that are left are closed as of the same month.

use super::{
    LineError,
    bulk::Bulk,
    change::{Change, What},
    system::{Asked, SystemChange, SystemError, SystemStream},
};
use crate::{
    clock::{Clock, Floor},
    domain::{
        bill::{earlier_open_month, signed_yen},
        calendar::Month,
        ids::CustomerId,
        line::{Command, Entry, Event, Refusal, command::CloseMonth},
        system::{SystemEvent, SystemRefusal, SystemState},
    },
    store::{Store, StoreError},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Lines that one look into the store lists.
const PAGE: usize = 1_000;
/// Lines that are closed side by side: as many as make good groups.
const SIDE_BY_SIDE: usize = 256;
/// The pause before a line is asked again where too much waits.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a close ended before its end. What was closed stays closed; run again it goes on.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// A rule says no; where nothing had begun, nothing was changed.
    #[error(transparent)]
    Refused(#[from] SystemRefusal),
    /// The system's stream cannot be written or read.
    #[error(transparent)]
    System(SystemError),
    /// A line could not be closed.
    #[error("{customer}: {error}")]
    Line {
        /// Which.
        customer: CustomerId,
        /// Why.
        error: Arc<LineError>,
    },
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SystemError> for CloseError {
    fn from(error: SystemError) -> Self {
        match error {
            SystemError::Refused(refusal) => Self::Refused(refusal),
            other => Self::System(other),
        }
    }
}

/// How far a close is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It looks for an earlier month that is charged and not closed.
    Checking,
    /// Lines are closed.
    Closing,
}

/// A close that is under way, or how the last one ended.
#[derive(Debug)]
pub struct Run {
    /// The month.
    pub month: Month,
    phase: Mutex<Phase>,
    lines_total: AtomicU64,
    lines_done: AtomicU64,
    bills_closed: AtomicU64,
    items: AtomicU64,
    total_yen: AtomicI64,
    ended: Mutex<Option<Result<(), Arc<CloseError>>>>,
}

/// What [`Run`] comes to at a moment.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The month.
    pub month: Month,
    /// What it does, or did last.
    pub phase: Phase,
    /// Lines there are.
    pub lines_total: u64,
    /// Lines that it is done with.
    pub lines_done: u64,
    /// Bills that this run closed.
    pub bills_closed: u64,
    /// Their charges.
    pub items: u64,
    /// What they come to, in yen.
    pub total_yen: i64,
    /// How it ended, where it has.
    pub ended: Option<Result<(), Arc<CloseError>>>,
}

impl Run {
    fn new(month: Month) -> Self {
        Self {
            month,
            phase: Mutex::new(Phase::Checking),
            lines_total: AtomicU64::new(0),
            lines_done: AtomicU64::new(0),
            bills_closed: AtomicU64::new(0),
            items: AtomicU64::new(0),
            total_yen: AtomicI64::new(0),
            ended: Mutex::new(None),
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress {
            month: self.month,
            phase: *self.phase.lock().unwrap_or_else(PoisonError::into_inner),
            lines_total: self.lines_total.load(Ordering::Relaxed),
            lines_done: self.lines_done.load(Ordering::Relaxed),
            bills_closed: self.bills_closed.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            total_yen: self.total_yen.load(Ordering::Relaxed),
            ended: self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    fn begin(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.lines_done.store(0, Ordering::Relaxed);
    }

    fn note(&self, entry: &Entry) {
        for event in &entry.events {
            let Event::MonthClosed { part, items, corrections, .. } = event else { continue };
            self.bills_closed.fetch_add(u64::from(*part == 1), Ordering::Relaxed);
            self.items.fetch_add(items.len() as u64, Ordering::Relaxed);
            let charged = items.iter().map(|item| signed_yen(item.amount));
            let corrected = corrections.iter().map(|one| one.difference_yen);
            self.total_yen.fetch_add(charged.chain(corrected).sum(), Ordering::Relaxed);
        }
    }
}

/// Closes months, one at a time.
pub struct MonthCloser {
    system: SystemStream,
    bulk: Bulk,
    store: Arc<dyn Store>,
    /// What time decisions are made at.
    clock: Clock,
    floor: Floor,
    current: Mutex<Option<Arc<Run>>>,
    broken: Arc<AtomicU64>,
}

impl MonthCloser {
    /// A closer; `floor` is that of `clock`, and is raised to where the journal left it: nothing is
    /// decided inside a month whose close was begun.
    pub async fn load(
        system: SystemStream,
        bulk: &Bulk,
        store: &Arc<dyn Store>,
        (clock, floor): (Clock, Floor),
    ) -> Result<Self, StoreError> {
        if let Some(closed) = system.state().await?.floor() {
            floor.raise(closed);
        }
        let (bulk, store) = (bulk.clone(), Arc::clone(store));
        let (current, broken) = (Mutex::new(None), Arc::default());
        Ok(Self { system, bulk, store, clock, floor, current, broken })
    }

    /// How many closes broke off since the start, for monitoring.
    pub fn broken(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.broken)
    }

    /// Which months are closed, and which close was begun.
    pub async fn state(&self) -> Result<SystemState, StoreError> {
        self.system.state().await
    }

    /// The close that is under way, or the last one of this run of the server.
    pub fn run(&self) -> Option<Arc<Run>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the month may be closed now, as far as the system's stream tells.
    async fn may_close(&self, month: Month) -> Result<(), CloseError> {
        Ok(self.state().await?.may_close(month, self.clock.now())?)
    }

    /// Whether the month could be closed now: all that [`Self::drive`] looks at before it fixes
    /// anything.
    pub async fn rehearse(&self, month: Month) -> Result<(), CloseError> {
        self.may_close(month).await?;
        self.check_first_close(&Run::new(month)).await
    }

    /// Before the first close nothing else says where to begin: no earlier month may be charged, and
    /// a line must have been open.
    async fn check_first_close(&self, run: &Run) -> Result<(), CloseError> {
        let state = self.state().await?;
        if state.closing.is_some() || state.closed_through.is_some() {
            return Ok(());
        }
        let any_open = AtomicBool::new(false);
        self.each_line(run, |customer| self.check(customer, run.month, &any_open)).await?;
        if any_open.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(SystemRefusal::BeforeFirstMonth(run.month).into())
        }
    }

    /// Begins a close, or goes on with one; the caller drives [`Self::drive`] with what this gives.
    /// None where the month's close is under way already.
    pub async fn begin(&self, month: Month) -> Result<Option<Arc<Run>>, CloseError> {
        self.may_close(month).await?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = current.as_ref().filter(|run| run.progress().ended.is_none()) {
            return if run.month == month {
                Ok(None)
            } else {
                Err(SystemRefusal::AnotherMonthClosing(run.month).into())
            };
        }
        let run = Arc::new(Run::new(month));
        *current = Some(Arc::clone(&run));
        Ok(Some(run))
    }

    /// Closes the month to its end.
    pub async fn drive(&self, run: &Run, asked: &Asked) -> Result<(), Arc<CloseError>> {
        let ended = self.close(run, asked).await.map_err(Arc::new);
        if ended.as_ref().is_err_and(|error| !matches!(**error, CloseError::Refused(_))) {
            self.broken.fetch_add(1, Ordering::Relaxed);
        }
        *run.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended.clone());
        ended
    }

    async fn close(&self, run: &Run, asked: &Asked) -> Result<(), CloseError> {
        let month = run.month;
        run.lines_total.store(self.count_lines().await?, Ordering::Relaxed);
        self.check_first_close(run).await?;
        let (block, now) = (self.store.durable_block(), self.clock.now());
        let fix = |state: &SystemState| {
            let events = state.begin_close(month, block, now)?;
            Ok(SystemChange { events, ..SystemChange::default() })
        };
        let fixed = self.system.change(asked, fix).await?;
        // From here on nothing is decided inside the month any more, whatever the clock says.
        if let Some(floor) = fixed.floor() {
            self.floor.raise(floor);
        }
        let block = fixed.closing.map_or(block, |closing| closing.block);
        run.begin(Phase::Closing);
        self.each_line(run, |customer| self.close_line(run, customer, block, asked)).await?;
        let finish = |state: &SystemState| {
            let events: Vec<SystemEvent> = state.finish_close(month);
            Ok(SystemChange { events, ..SystemChange::default() })
        };
        self.system.change(asked, finish).await?;
        Ok(())
    }

    async fn count_lines(&self) -> Result<u64, StoreError> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.bulk.lines_after(after, PAGE).await?;
            count += page.len() as u64;
            after = page.last().copied();
            if page.len() < PAGE {
                return Ok(count);
            }
        }
    }

    async fn each_line<F: Future<Output = Result<(), CloseError>>>(
        &self,
        run: &Run,
        work: impl Fn(CustomerId) -> F,
    ) -> Result<(), CloseError> {
        let mut after = None;
        loop {
            let page = self.bulk.lines_after(after, PAGE).await?;
            let Some(last) = page.last().copied() else { return Ok(()) };
            after = Some(last);
            let counted = |customer| {
                let work = work(customer);
                async move {
                    work.await?;
                    run.lines_done.fetch_add(1, Ordering::Relaxed);
                    Ok::<(), CloseError>(())
                }
            };
            let pages = stream::iter(page).map(counted).buffer_unordered(SIDE_BY_SIDE);
            pages.try_collect::<Vec<()>>().await?;
        }
    }

    async fn check(
        &self,
        customer: CustomerId,
        month: Month,
        any_open: &AtomicBool,
    ) -> Result<(), CloseError> {
        let view = self.bulk.look(customer).await;
        let view = view.map_err(|error| CloseError::Line { customer, error })?;
        let line = view.line.as_deref();
        if line.is_some_and(|line| line.opened_at.month() <= month) {
            any_open.store(true, Ordering::Relaxed);
        }
        match line.and_then(|line| earlier_open_month(line, month)) {
            Some(earlier) => Err(SystemRefusal::EarlierMonthOpen(earlier).into()),
            None => Ok(()),
        }
    }

    /// All parts of a line's bill. One with nothing to bill comes to nothing.
    async fn close_line(
        &self,
        run: &Run,
        customer: CustomerId,
        block: u64,
        asked: &Asked,
    ) -> Result<(), CloseError> {
        let (mut part, mut parts) = (1, 1);
        while part <= parts {
            let close = CloseMonth { month: run.month, block, part };
            let what = What::Plain(Box::new(Command::CloseMonth(close)));
            let (by, request_id) = (asked.by.clone(), asked.request_id.clone());
            let change = Change { what, by, source: None, request_id };
            match self.bulk.make(customer, change).await {
                Ok(done) => {
                    run.note(&done.entry);
                    parts = parts_of(&done.entry).unwrap_or(0);
                    part += 1;
                }
                Err(error) if matches!(*error, LineError::Busy(_)) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(refused(customer, error)),
            }
        }
        Ok(())
    }
}

/// Of how many parts an itemisation is, by one of them.
fn parts_of(entry: &Entry) -> Option<u32> {
    entry.events.iter().find_map(|event| match event {
        Event::MonthClosed { parts, .. } => Some(*parts),
        _ => None,
    })
}

fn refused(customer: CustomerId, error: Arc<LineError>) -> CloseError {
    match &*error {
        LineError::Refused(Refusal::EarlierMonthOpen { month }) => {
            SystemRefusal::EarlierMonthOpen(*month).into()
        }
        _ => CloseError::Line { customer, error },
    }
}
