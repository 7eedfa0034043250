//! The task that follows the blocks, hands letters over and remembers which did not go out.
//!
//! One round gathers a window of mails that are due and of entries that are new, hands them over
//! some at a time, and commits what came of it in one batch: rows of mails that failed, and now and
//! then the cursor. Entries that were not tried stay at the head of the queue.

mod shown;

use super::{
    Desk, FOLLOWER, Failure, FailureKind, MailFigures, OutboxOptions, Postman,
    compose::letters,
    letter::Letter,
    rows::{Household, ReadError, When},
    schedule,
};
use crate::{
    actors::{
        backoff::{Breaker, after},
        committer::{CommitError, Committer},
        lines::Lines,
        providers::Providers,
    },
    clock::Clock,
    domain::{calendar::Instant, field::MailAddress, ids::CustomerId},
    store::{Batch, Delete, MailId, MailRow, Put, Shelf, Store, StoreError, Stream},
};
use futures_util::{StreamExt, stream};
use shown::log;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::sync::watch;

/// How often it is looked whether anything is new or due.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The pause after something of ours failed.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);
/// Entries and rows of one round.
const WINDOW: usize = 64;
/// The cursor is kept at most so often while nothing else is: what went out since then goes out
/// again after a crash, and a purchase costs no second commit of its own.
const KEEP_CURSOR_EVERY: Duration = Duration::from_millis(500);
/// Blocks without mails after which the cursor is kept too, so that a start reads few of them.
const MOST_EMPTY_BLOCKS: u64 = 10_000;

/// What the outbox reads and writes.
pub struct Sources {
    /// Where blocks, rows and the cursor are.
    pub store: Arc<dyn Store>,
    /// Where the cursor and rows go.
    pub committer: Committer,
    /// Lines, for where an applicant's address stands.
    pub lines: Lines,
    /// Names of providers and services.
    pub providers: Arc<Providers>,
    /// Where inquiries go, if anywhere.
    pub desk: Option<MailAddress>,
    /// The host's clock.
    pub clock: Clock,
    /// Who takes letters.
    pub postman: Arc<dyn Postman>,
}

/// The running outbox.
pub struct Outbox {
    desk: Desk,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Outbox {
    /// Starts the task. A store that has no cursor is followed from its durable block on: what
    /// happened before mails were switched on is told to nobody.
    ///
    /// # Errors
    /// The cursor cannot be read.
    pub async fn start(sources: Sources, options: OutboxOptions) -> Result<Self, StoreError> {
        let known = sources.store.cursor(FOLLOWER).await?;
        let done_block = known.unwrap_or_else(|| sources.store.durable_block());
        let (stop, stopping) = watch::channel(false);
        let figures = Arc::new(MailFigures::default());
        figures.must_count.store(true, Ordering::Relaxed);
        let desk = Desk::new(Arc::clone(&sources.store), Arc::clone(&figures));
        let now = sources.clock.now();
        let follower = Follower {
            sources,
            options,
            figures,
            breaker: Mutex::new(Breaker::new(options.probe_longest)),
            queue: VecDeque::new(),
            read_block: done_block,
            kept_block: known,
            kept_at: Instant::from_micros(0),
            has_news: known.is_none(),
            counted_at: now,
        };
        let task = actix_rt::spawn(follower.run(stopping));
        Ok(Self { desk, stop, task })
    }

    /// The operators' side.
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Ends the task once the round under way is over; what was not handed over waits in the
    /// journal. False where it had to be cut off: then it goes out again after the next start.
    pub async fn stop(self, most: Duration) -> bool {
        let Self { desk, stop, task } = self;
        drop(desk);
        crate::actors::end(task, &stop, most).await.is_ok()
    }
}

/// Forgets the cursor where mails are switched off, so that what happens meanwhile is not told when
/// they are switched on again.
///
/// # Errors
/// The cursor cannot be read or written.
pub async fn forget(store: &dyn Store, committer: &Committer) -> Result<(), CommitError> {
    let known = store.cursor(FOLLOWER).await;
    if !matches!(known, Ok(Some(_))) {
        return Ok(());
    }
    let delete = vec![Delete::Cursor { follower: FOLLOWER }];
    committer.commit(Batch { delete, ..Batch::default() }).await.map(drop)
}

/// An entry whose mails are still to be handed over.
struct Queued {
    block: u64,
    block_at: Instant,
    customer: CustomerId,
    seq: u64,
    /// Mails of it that went out or have a row, where others of it were not tried.
    done: Vec<MailId>,
}

/// A mail to try.
struct Job {
    letter: Letter,
    /// Its row, where it was tried before.
    row: Option<MailRow>,
    /// The place in the window of the entry it comes from.
    entry: Option<usize>,
}

/// What came of a job.
enum Tried {
    Sent,
    Failed(Failure),
    /// The breaker held it back.
    HeldBack,
}

struct Follower {
    sources: Sources,
    options: OutboxOptions,
    figures: Arc<MailFigures>,
    breaker: Mutex<Breaker>,
    /// Entries of the blocks that were read, in order.
    queue: VecDeque<Queued>,
    /// The last block that was read into the queue.
    read_block: u64,
    /// The cursor as it stands in the store.
    kept_block: Option<u64>,
    kept_at: Instant,
    /// Whether entries were done with since the cursor was kept.
    has_news: bool,
    counted_at: Instant,
}

/// What a round came to.
enum Round {
    /// Something was tried.
    Worked,
    /// Nothing was new or due.
    Idle,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Follower {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut faulty = false;
        while !*stopping.borrow() {
            let pause = match self.round().await {
                Ok(Round::Worked) => {
                    faulty = false;
                    Duration::ZERO
                }
                Ok(Round::Idle) => LOOK_EVERY,
                Err(fault) => {
                    // Once for each stretch of faults: a full disk would write a line a second.
                    if !std::mem::replace(&mut faulty, true) {
                        tracing::warn!(%fault, "mails wait: something they need is not to be had");
                    }
                    PAUSE_AFTER_FAULT
                }
            };
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let done = self.done_block();
        if let Err(fault) = self.commit(Batch::default(), done).await {
            tracing::warn!(%fault, "the mails' cursor was not kept; some may go out twice");
        }
        self.sources.postman.close().await;
    }

    async fn round(&mut self) -> Result<Round, Fault> {
        let now = self.sources.clock.now();
        self.count(now).await?;
        self.read_blocks(now).await?;
        let room = self.breaker().room(now, WINDOW);
        self.show_figures();
        let due = if room == 0 { Vec::new() } else { self.due(now, room).await? };
        let entries = room.saturating_sub(due.len()).min(self.queue.len());
        if due.is_empty() && entries == 0 {
            self.keep_cursor(now).await?;
            return Ok(Round::Idle);
        }
        let (jobs, mut changes) = self.jobs(due, entries).await?;
        let tried = self.hand_over(jobs).await;
        let entries = self.note(tried, entries, &mut changes);
        self.queue.drain(..entries);
        self.has_news |= entries > 0;
        if !changes.put.is_empty() || !changes.delete.is_empty() {
            self.figures.must_count.store(true, Ordering::Relaxed);
            self.commit(changes, self.done_block()).await?;
        } else {
            self.keep_cursor(self.sources.clock.now()).await?;
        }
        Ok(Round::Worked)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads durable blocks into the queue, as far as a window needs them.
    async fn read_blocks(&mut self, now: Instant) -> Result<(), Fault> {
        let durable = self.sources.store.durable_block();
        let mut looked = 0;
        while self.read_block < durable && self.queue.len() < WINDOW && looked < MOST_EMPTY_BLOCKS {
            let number = self.read_block + 1;
            let block = self.sources.store.block(number).await?;
            let block = block
                .ok_or_else(|| StoreError::damaged(format!("block {number}"), "it is missing"))?;
            for entry in block.entries {
                let Stream::Line(customer) = entry.stream else { continue };
                let (block, block_at) = (number, block.at.min(now));
                let seq = entry.seq;
                self.queue.push_back(Queued { block, block_at, customer, seq, done: Vec::new() });
            }
            self.read_block = number;
            looked += 1;
        }
        Ok(())
    }

    /// The last block that nothing is left of.
    fn done_block(&self) -> u64 {
        self.queue.front().map_or(self.read_block, |first| first.block - 1)
    }

    async fn due(&self, now: Instant, room: usize) -> Result<Vec<MailRow>, StoreError> {
        if self.figures.waiting() == 0 && !self.figures.must_count.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        // Half of a window is left to what is new.
        let most = room.div_ceil(2);
        let rows = self.sources.store.mails(Shelf::Waiting, None, most).await?;
        Ok(rows.into_iter().filter(|row| row.place.at <= now).collect())
    }

    /// The letters of rows that are due and of the queue's first entries, and the changes of rows
    /// whose letters are gone: of whoever was erased nothing is left to send.
    async fn jobs(&self, due: Vec<MailRow>, entries: usize) -> Result<(Vec<Job>, Batch), Fault> {
        let (mut jobs, mut changes) = (Vec::new(), Batch::default());
        for row in due {
            match self.letter_again(row.place.mail).await? {
                Some(letter) => jobs.push(Job { letter, row: Some(row), entry: None }),
                None => changes.delete.push(Delete::Mail(row.place)),
            }
        }
        for (index, queued) in self.queue.iter().take(entries).enumerate() {
            let letters = self.letters(queued.customer, queued.seq, When::Now).await?;
            let open = letters.into_iter().filter(|letter| !queued.done.contains(&letter.id));
            jobs.extend(open.map(|letter| Job { letter, row: None, entry: Some(index) }));
        }
        Ok((jobs, changes))
    }

    /// The letter of a row. Its recipient is named by the applicant's row as it was at the first
    /// try, which was the entry's own, or a later one; where both have been left behind, the one
    /// letter of its kind is it.
    async fn letter_again(&self, mail: MailId) -> Result<Option<Letter>, ReadError> {
        let mut of_kind = Vec::new();
        for when in [When::Then, When::Now] {
            of_kind = self.letters(mail.customer, mail.seq, when).await?;
            of_kind.retain(|letter| letter.id.kind == mail.kind);
            if let Some(found) = of_kind.iter().position(|letter| letter.id == mail) {
                return Ok(Some(of_kind.swap_remove(found)));
            }
        }
        if of_kind.len() != 1 {
            tracing::error!(%mail, "a mail is dropped: its recipient's row is gone");
            return Ok(None);
        }
        Ok(of_kind.pop())
    }

    /// The letters of an entry. A line that cannot be read sends none, and the log says so: it
    /// must not keep the others waiting.
    async fn letters(
        &self,
        customer: CustomerId,
        seq: u64,
        when: When,
    ) -> Result<Vec<Letter>, ReadError> {
        let Sources { store, lines, providers, desk, .. } = &self.sources;
        let read = async {
            let household = Household::read(
                store.as_ref(),
                lines,
                (providers, desk.as_ref()),
                (customer, seq),
                when,
            );
            match household.await? {
                Some((household, entry, notices)) => {
                    Ok(letters(&household, &entry, &notices).await?)
                }
                None => Ok(Vec::new()),
            }
        };
        match read.await {
            Err(ReadError::Store(StoreError::Damaged { place, what })) => {
                tracing::error!(line = %customer, seq, place, what, "an entry's mails are lost");
                Ok(Vec::new())
            }
            Err(ReadError::Line(error)) => {
                tracing::error!(line = %customer, seq, error, "an entry's mails are lost");
                Ok(Vec::new())
            }
            other => other,
        }
    }

    async fn hand_over(&self, jobs: Vec<Job>) -> Vec<(Job, Tried)> {
        let hand_over = |job: Job| async move {
            let tried = self.try_one(&job.letter).await;
            (job, tried)
        };
        stream::iter(jobs)
            .map(hand_over)
            .buffer_unordered(self.options.most_at_once)
            .collect()
            .await
    }

    async fn try_one(&self, letter: &Letter) -> Tried {
        let lets_through = self.breaker().lets_through(self.sources.clock.now());
        if !lets_through {
            return Tried::HeldBack;
        }
        let handed = self.sources.postman.deliver(letter).await;
        let now = self.sources.clock.now();
        match handed {
            Ok(()) => {
                self.breaker().answered();
                self.figures.sent.fetch_add(1, Ordering::Relaxed);
                Tried::Sent
            }
            Err(failure) => {
                self.figures.failed[failure.kind as usize].fetch_add(1, Ordering::Relaxed);
                self.judge(failure, now);
                Tried::Failed(failure)
            }
        }
    }

    /// What a failure says of the server.
    fn judge(&self, failure: Failure, now: Instant) {
        let mut breaker = self.breaker();
        let was_open = breaker.is_open();
        if failure.kind.is_of_server() {
            breaker.failed(now, (self.options.draw)());
        } else if failure.kind == FailureKind::Unsendable {
            breaker.not_tried(now);
        } else {
            breaker.answered();
        }
        if !was_open && breaker.is_open() {
            let (reason, code) = (failure.kind.code(), failure.code);
            tracing::error!(reason, code, "the mail server does not take mails; they wait");
        }
    }

    /// Writes down what came of the jobs. How many of the first entries are done with.
    fn note(&mut self, tried: Vec<(Job, Tried)>, entries: usize, changes: &mut Batch) -> usize {
        let now = self.sources.clock.now();
        let mut untried = entries;
        for (job, tried) in tried {
            // A row keeps its name, whatever row its letter is found by now.
            let id = job.row.as_ref().map_or(job.letter.id, |row| row.place.mail);
            let failure = match tried {
                Tried::HeldBack => {
                    untried = untried.min(job.entry.unwrap_or(entries));
                    continue;
                }
                Tried::Sent => None,
                Tried::Failed(failure) => Some(failure),
            };
            if let Some(queued) = job.entry.and_then(|index| self.queue.get_mut(index)) {
                queued.done.push(id);
            }
            changes.delete.extend(job.row.as_ref().map(|row| Delete::Mail(row.place)));
            if let Some(failure) = failure {
                let before = job.row.as_ref().map(|row| &row.record);
                let at = job.letter.accepted_at;
                let row = schedule::failed(id, at, before, failure, now, &self.options);
                log(&job.letter, &row, failure);
                // The same place twice in a batch: what is put stands.
                changes.put.push(Put::Mail(row));
            }
        }
        untried
    }

    /// Keeps the cursor now and then. Its own commit makes a block, which is no news.
    async fn keep_cursor(&mut self, now: Instant) -> Result<(), Fault> {
        let done = self.done_block();
        let is_far = done > self.kept_block.unwrap_or_default().saturating_add(MOST_EMPTY_BLOCKS);
        let waited = now >= after(self.kept_at, KEEP_CURSOR_EVERY);
        if is_far || (self.has_news && waited) {
            self.commit(Batch::default(), done).await?;
        }
        Ok(())
    }

    /// Commits changes with the cursor.
    async fn commit(&mut self, mut changes: Batch, done: u64) -> Result<(), CommitError> {
        if self.kept_block != Some(done) {
            changes.put.push(Put::Cursor { follower: FOLLOWER, block: done });
        }
        self.has_news = false;
        if changes.put.is_empty() && changes.delete.is_empty() {
            return Ok(());
        }
        self.sources.committer.commit(changes).await?;
        self.kept_block = Some(done);
        self.kept_at = self.sources.clock.now();
        Ok(())
    }
}
