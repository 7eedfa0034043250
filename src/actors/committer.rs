//! One thread that commits. Group commit needs no timer: it takes whatever queued while the last
//! group became durable, so latency is one flush when idle and two at worst.

use crate::{
    clock::Clock,
    metrics::{histogram::Histogram, tally::Tally},
    store::{Batch, Outcome, Store, StoreError, block::MOST_EVENTS},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// How long a batch should wait for the disk where more come than become durable: past it no more are
/// taken than the next two groups hold.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// Why a batch was not committed. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// As many batches wait as may.
    #[error("too many commits wait")]
    QueueFull,
    /// Less space is free than configured.
    #[error("the store has no room: less than store.min_free_space_bytes is free on its disk")]
    NoRoom,
    /// The committer has stopped.
    #[error("the committer has stopped")]
    Stopped,
}

struct Job {
    batch: Batch,
    reply: oneshot::Sender<Outcome>,
}

/// The way to the committing thread. When the last handle is dropped, what is queued is committed
/// and the thread ends.
#[derive(Clone)]
pub struct Committer {
    jobs: mpsc::UnboundedSender<Job>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
    /// What becomes durable in [`LONGEST_WAIT`] of late, and two groups at least: whatever waits for the
    /// same sync waits no longer for the others.
    most_in_time: Arc<AtomicUsize>,
    store: Arc<dyn Store>,
    figures: CommitFigures,
}

/// What deciding and committing tells monitoring, by atomics alone.
#[derive(Debug, Clone)]
pub struct CommitFigures {
    /// Batches of each group.
    pub group_batches: Histogram,
    /// Seconds from the writing of a group until it was durable.
    pub sync_s: Histogram,
    /// Decisions that the clock was behind, so that they were dated by their line's last event.
    pub clock_clamped: Tally,
    /// Lines that could not be woken, because what is stored of them is damaged or unreadable.
    pub unreadable_lines: Tally,
}

/// How groups are made.
#[derive(Debug, Clone, Copy)]
pub struct CommitterOptions {
    /// A group closes at so many events, 1,000 at most.
    pub group_max_events: usize,
    /// So many batches may wait.
    pub most_waiting: usize,
}

impl Committer {
    /// Starts the thread. `fatal` is called when the store failed and the outcome of a group is
    /// unknown: nobody is answered, and the process must end.
    pub fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        options: CommitterOptions,
        fatal: impl Fn(&StoreError) + Send + 'static,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (committer, committing) = Self::with(store, clock, options, fatal);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let thread = std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || runtime.block_on(committing))?;
        Ok((committer, thread))
    }

    /// The same with its work as a future, for whoever runs it elsewhere than on a thread of its own.
    pub fn with(
        store: Arc<dyn Store>,
        clock: Clock,
        options: CommitterOptions,
        fatal: impl Fn(&StoreError) + Send + 'static,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let figures = CommitFigures {
            group_batches: Histogram::of_counts(),
            sync_s: Histogram::of_seconds(),
            clock_clamped: Tally::default(),
            unreadable_lines: Tally::default(),
        };
        let most_in_time = Arc::new(AtomicUsize::new(usize::MAX));
        let committing = Committing {
            store: Arc::clone(&store),
            clock,
            waiting: Arc::clone(&waiting),
            most_in_time: Arc::clone(&most_in_time),
            pace: Pace::of(options.group_max_events.clamp(1, MOST_EVENTS)),
            figures: figures.clone(),
        };
        let most_waiting = options.most_waiting;
        let committer = Self { jobs, waiting, most_waiting, most_in_time, store, figures };
        (committer, committing.run(queue, fatal))
    }

    /// Commits a batch: durable, or refused, when this returns.
    pub async fn commit(&self, batch: Batch) -> Result<Outcome, CommitError> {
        if !self.store.has_room() {
            return Err(CommitError::NoRoom);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(CommitError::QueueFull);
        }
        let (reply, outcome) = oneshot::channel();
        self.jobs.send(Job { batch, reply }).map_err(|_| CommitError::Stopped)?;
        outcome.await.map_err(|_| CommitError::Stopped)
    }

    /// Commits a batch that nobody waits for, if there is room: losing it loses nothing, so it leaves
    /// half of the queue to those who do. Whether there was.
    pub fn offer(&self, batch: Batch) -> bool {
        if !self.store.has_room() {
            return false;
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting().div_ceil(2) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let (reply, _) = oneshot::channel();
        self.jobs.send(Job { batch, reply }).is_ok()
    }

    /// Whether the thread still takes batches.
    pub fn is_running(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Sizes and times of the groups.
    pub const fn figures(&self) -> &CommitFigures {
        &self.figures
    }

    /// How many batches wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many may, so that none waits too long: fewer than are taken at all, where the disk is slow.
    pub fn most_waiting(&self) -> usize {
        self.most_waiting.min(self.most_in_time.load(Ordering::Relaxed))
    }
}

/// How fast batches become durable of late.
#[derive(Debug)]
struct Pace {
    group_max_events: usize,
    per_s: f64,
}

impl Pace {
    const fn of(group_max_events: usize) -> Self {
        Self { group_max_events, per_s: 0.0 }
    }

    /// How many may wait, after so many became durable in this time. A group that was not full left
    /// nobody waiting: it tells how few came, and bounds nobody, since two groups always may.
    fn most_after(&mut self, batches: usize, took: Duration) -> usize {
        let batches = f64::from(u32::try_from(batches).unwrap_or(u32::MAX));
        let per_s = batches / took.as_secs_f64().max(1e-6);
        self.per_s = if self.per_s > 0.0 { self.per_s.mul_add(0.75, per_s * 0.25) } else { per_s };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let in_time = (self.per_s * LONGEST_WAIT.as_secs_f64()) as usize;
        in_time.max(2 * self.group_max_events)
    }
}

struct Committing {
    store: Arc<dyn Store>,
    clock: Clock,
    waiting: Arc<AtomicUsize>,
    most_in_time: Arc<AtomicUsize>,
    pace: Pace,
    figures: CommitFigures,
}

impl Committing {
    async fn run(
        mut self,
        mut queue: mpsc::UnboundedReceiver<Job>,
        fatal: impl Fn(&StoreError) + Send + 'static,
    ) {
        while let Some(first) = queue.recv().await {
            let (batches, replies) = self.gather(first, &mut queue);
            let began = Instant::now();
            let committed = self.store.commit(batches, self.clock.now()).await;
            let took = began.elapsed();
            self.figures.sync_s.observe(took.as_secs_f64());
            let most_in_time = self.pace.most_after(replies.len(), took);
            self.most_in_time.store(most_in_time, Ordering::Relaxed);
            self.figures
                .group_batches
                .observe(f64::from(u32::try_from(replies.len()).unwrap_or(u32::MAX)));
            self.waiting.fetch_sub(replies.len(), Ordering::Relaxed);
            match committed {
                Ok(outcomes) => {
                    for (reply, outcome) in replies.into_iter().zip(outcomes) {
                        // Whoever asked may have gone away; the journal has it all the same.
                        let _ = reply.send(outcome);
                    }
                }
                Err(error) => {
                    fatal(&error);
                    // Dropped senders would answer; until the process ends nobody is answered.
                    std::mem::forget(replies);
                    return std::future::pending().await;
                }
            }
        }
    }

    /// The first batch and whatever else waits, up to a full group.
    fn gather(
        &self,
        first: Job,
        queue: &mut mpsc::UnboundedReceiver<Job>,
    ) -> (Vec<Batch>, Vec<oneshot::Sender<Outcome>>) {
        let mut events = 0;
        let (mut batches, mut replies) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(Job { batch, reply }) = next {
            // One without events takes its place in the group all the same.
            events += batch.event_count().max(1);
            batches.push(batch);
            replies.push(reply);
            // A batch puts one event row as a rule, so a group never passes the bound by more
            // than the last batch's few; the bound is kept below what a block can hold.
            next = if events < self.pace.group_max_events { queue.try_recv().ok() } else { None };
        }
        (batches, replies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::calendar::Instant,
        store::{Stream, memory::MemoryStore},
    };

    fn clock() -> Clock {
        Clock::standing_at(Instant::from_micros(0))
    }

    fn event(number: u64, last: u64) -> Batch {
        let stream: Stream = format!("CAF{number:010}").parse().expect("a stream");
        Batch::event(stream, last, b"{}".to_vec())
    }

    fn start(store: &Arc<MemoryStore>, most_waiting: usize) -> (Committer, JoinHandle<()>) {
        let options = CommitterOptions { group_max_events: 10, most_waiting };
        let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
        Committer::start(store, clock(), options, |error| panic!("{error}")).expect("starts")
    }

    #[tokio::test]
    async fn what_is_queued_is_committed_before_the_thread_ends() {
        let store = Arc::new(MemoryStore::new());
        let (committer, thread) = start(&store, 1_000);
        let commits = (0..100).map(|number| committer.commit(event(number, 0)));
        let outcomes = futures_util::future::join_all(commits).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Committed { .. }))));
        assert_eq!(committer.waiting(), 0);
        let groups = committer.figures().group_batches.count();
        assert!((10..=100).contains(&groups) && groups == committer.figures().sync_s.count());
        drop(committer);
        thread.join().expect("ends");
        let block = store.block(1).await.expect("reads").expect("there");
        assert!(block.entries.len() <= 10);
    }

    #[test]
    fn no_more_wait_than_become_durable_in_time_and_two_groups_in_any_case() {
        let ms = Duration::from_millis;
        for (batches, took, expected) in [
            // A disk that takes a fifth of a second for a full group.
            (1_000, ms(200), 2_500),
            // The next group takes all that wait, however long it takes.
            (1_000, ms(2_000), 2_000),
            (3, ms(10), 2_000),
            (1_000, ms(10), 50_000),
        ] {
            let mut pace = Pace::of(1_000);
            for _ in 0..50 {
                pace.most_after(batches, took);
            }
            let found = pace.most_after(batches, took);
            assert!(found.abs_diff(expected) <= 1, "{batches} in {took:?}: {found}");
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_leaves_half_of_the_queue() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let options = CommitterOptions { group_max_events: 10, most_waiting: 10 };
        // Its work is not begun, so what is taken waits.
        let (committer, _committing) = Committer::with(store, clock(), options, |_| ());
        let taken = (0..10).filter(|number| committer.offer(event(*number, 0))).count();
        assert_eq!((taken, committer.waiting()), (5, 5));
    }

    #[tokio::test]
    async fn past_the_bound_nothing_is_queued() {
        let store = Arc::new(MemoryStore::new());
        let (committer, _thread) = start(&store, 0);
        assert_eq!(committer.commit(event(1, 0)).await, Err(CommitError::QueueFull));
        assert_eq!(store.durable_block(), 0);
    }
}
