//! One provider's messages. A lane reads the journal from its own cursor on, hands over what is next
//! some at a time, and keeps what came of it in the provider's one row. Whatever this provider does,
//! no other lane waits for it.

use super::{
    Call, Failure, FailureKind, Shared,
    desk::{Ask, ReplayError, View, Wanted},
    journal::Found,
    schedule::{self, Next},
};
use crate::{
    actors::{
        backoff::{Breaker, after},
        committer::CommitError,
    },
    domain::{
        calendar::Instant,
        ids::ProviderId,
        provider::Provider,
        webhook::{Message, MessageId},
    },
    store::{
        self, Batch, KeptMessage, Put, StoreError, WebhookState,
        webhook::{MOST_PARKED, MOST_WAITING},
    },
    telemetry::{Decision, Outcome},
};
use futures_util::{StreamExt, stream};
use std::{
    cell::Cell,
    collections::VecDeque,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// How often it is looked whether anything is new or due.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The pause after something of ours failed.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);
/// Messages of one round.
const WINDOW: usize = 32;
/// The cursor is kept at most so often while nothing else is: what went out since then goes out
/// again after a crash.
const KEEP_CURSOR_EVERY: Duration = Duration::from_millis(500);
/// Blocks without a message for this provider after which the cursor is kept too, so that a start
/// reads few of them.
const MOST_EMPTY_BLOCKS: u64 = 10_000;
/// Blocks that one look reads at most: whoever is far behind leaves room for the others.
const BLOCKS_AT_ONCE: u64 = 256;

/// A message that was not tried yet.
struct Queued {
    block: u64,
    found: Found,
}

/// A message to try.
struct Job {
    message: KeptMessage,
    /// Whether it comes from the queue; otherwise it waits already.
    is_new: bool,
}

/// What came of a job.
enum Tried {
    Delivered,
    Failed(Failure),
    /// The breaker held it back.
    HeldBack,
}

/// What a round came to.
enum Round {
    /// Something was tried.
    Worked,
    /// Nothing was new or due.
    Idle,
    /// The provider wants no webhooks any more.
    Over,
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A provider's lane.
pub(super) struct Lane {
    shared: Rc<Shared>,
    provider: ProviderId,
    state: WebhookState,
    /// As it stands in the store, as far as this lane knows.
    kept: WebhookState,
    kept_at: Instant,
    /// Messages of the blocks that were read, in order.
    queue: VecDeque<Queued>,
    /// The last block that was read into the queue.
    read_block: u64,
    breaker: Mutex<Breaker>,
    /// Nothing is sent before this: the provider asked for patience.
    paused_until: Instant,
    url: String,
    /// Whether anything was delivered since the state was kept.
    has_news: Cell<bool>,
    view: Arc<Mutex<View>>,
}

impl Lane {
    /// A lane that goes on from `state`; `view` is what others see of it.
    pub fn new(
        shared: Rc<Shared>,
        provider: ProviderId,
        state: WebhookState,
        view: Arc<Mutex<View>>,
    ) -> Self {
        Self {
            breaker: Mutex::new(Breaker::new(shared.options.probe_longest)),
            read_block: state.block,
            kept: state.clone(),
            kept_at: Instant::from_micros(0),
            paused_until: Instant::from_micros(0),
            queue: VecDeque::new(),
            url: String::new(),
            has_news: Cell::new(false),
            shared,
            provider,
            state,
            view,
        }
    }

    /// Goes on until the provider wants no webhooks any more, or all stop.
    pub async fn run(
        mut self,
        mut asked: mpsc::Receiver<Ask>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut faulty = false;
        while !*stopping.borrow() {
            let pause = match self.round().await {
                Ok(Round::Over) => return,
                Ok(Round::Worked) => {
                    faulty = false;
                    Duration::ZERO
                }
                Ok(Round::Idle) => LOOK_EVERY,
                Err(fault) => {
                    // Once for each stretch of faults: a full disk would write a line a second.
                    if !std::mem::replace(&mut faulty, true) {
                        let provider = &self.provider;
                        tracing::warn!(%provider, %fault, "webhooks wait: something they need is not to be had");
                    }
                    PAUSE_AFTER_FAULT
                }
            };
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                Some(ask) = asked.recv() => self.answer(ask).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
        if let Err(fault) = self.keep().await {
            let provider = &self.provider;
            tracing::warn!(%provider, %fault, "the webhooks' cursor was not kept; some may go out twice");
        }
    }

    async fn round(&mut self) -> Result<Round, Fault> {
        let provider = self.shared.providers.get(&self.provider);
        let Some((provider, url)) =
            provider.and_then(|provider| provider.webhook_url.clone().map(|url| (provider, url)))
        else {
            return Ok(Round::Over);
        };
        if url != self.url {
            self.turn_to(url);
        }
        self.read_blocks().await?;
        let now = self.shared.clock.now();
        let is_barred = self.state.gone_at.is_some() || now < self.paused_until;
        let room = if is_barred { 0 } else { self.breaker().room(now, WINDOW) };
        let jobs = self.jobs(room, now);
        if jobs.is_empty() {
            self.keep_now_and_then(now).await?;
            self.show(now);
            return Ok(Round::Idle);
        }
        let tried = self.hand_over(&provider, jobs).await;
        self.note(tried);
        self.keep_now_and_then(self.shared.clock.now()).await?;
        self.show(self.shared.clock.now());
        Ok(Round::Worked)
    }

    /// Another address has done no wrong yet.
    fn turn_to(&mut self, url: String) {
        let is_first = self.url.is_empty();
        self.url = url;
        if !is_first {
            self.state.gone_at = None;
            self.paused_until = Instant::from_micros(0);
            *self.breaker() = Breaker::new(self.shared.options.probe_longest);
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads durable blocks into the queue, as far as a window needs them.
    async fn read_blocks(&mut self) -> Result<(), StoreError> {
        let durable = self.shared.store.durable_block();
        let most = self.read_block.saturating_add(BLOCKS_AT_ONCE).min(durable);
        while self.read_block < most && self.queue.len() < WINDOW {
            let block = self.read_block + 1;
            let found = self.shared.journal.block(block).await?;
            let own = found.iter().filter(|found| found.provider == self.provider);
            self.queue.extend(own.map(|found| Queued { block, found: found.clone() }));
            self.read_block = block;
        }
        self.state.block = self.done_block();
        Ok(())
    }

    /// The last block that nothing is left of.
    fn done_block(&self) -> u64 {
        self.queue.front().map_or(self.read_block, |first| first.block - 1)
    }

    fn waits(&self, id: MessageId) -> bool {
        self.state.waiting.iter().any(|waiting| waiting.id == id)
    }

    /// What is tried now: first what is due again, at most half of the room, then what is new. A
    /// contract's end is held until its purchase was delivered or given up.
    fn jobs(&mut self, room: usize, now: Instant) -> Vec<Job> {
        let mut due: Vec<&KeptMessage> = self.state.waiting.iter().collect();
        due.sort_by_key(|message| message.at);
        due.retain(|message| !message.id.follows().is_some_and(|before| self.waits(before)));
        // One alone is to see whether the provider is back: any will do.
        let is_probe = room == 1;
        due.retain(|message| message.at <= now || is_probe);
        due.truncate(room.div_ceil(2));
        let again = |message: &KeptMessage| Job { message: message.clone(), is_new: false };
        let mut jobs: Vec<Job> = due.into_iter().map(again).collect();
        // Each that is new may come to wait.
        let places = MOST_WAITING.saturating_sub(self.state.waiting.len());
        let most = room.saturating_sub(jobs.len()).min(places);
        let mut index = 0;
        while let Some(queued) = self.queue.get(index).filter(|_| index < most) {
            let follows = queued.found.id.follows();
            if follows.is_some_and(|before| jobs.iter().any(|job| job.message.id == before)) {
                break;
            }
            if let Some(before) = follows.filter(|before| self.waits(*before)) {
                // It waits behind its purchase, and keeps nothing else waiting.
                self.put_behind(before, index, now);
                break;
            }
            jobs.push(Job { message: fresh(&queued.found, now), is_new: true });
            index += 1;
        }
        jobs
    }

    fn put_behind(&mut self, before: MessageId, index: usize, now: Instant) {
        let Some(queued) = self.queue.remove(index) else { return };
        let at = self.state.waiting.iter().find(|waiting| waiting.id == before);
        let at = at.map_or(now, |waiting| waiting.at);
        self.state.waiting.push(KeptMessage { at, ..fresh(&queued.found, now) });
    }

    async fn hand_over(&self, provider: &Provider, jobs: Vec<Job>) -> Vec<(Job, Tried)> {
        stream::iter(jobs)
            .map(|job| async {
                let tried = self.try_one(provider, &job.message).await;
                (job, tried)
            })
            .buffered(self.shared.options.most_at_once)
            .collect()
            .await
    }

    async fn try_one(&self, provider: &Provider, message: &KeptMessage) -> Tried {
        let clock = &self.shared.clock;
        if !self.breaker().lets_through(clock.now()) {
            return Tried::HeldBack;
        }
        match self.deliver(provider, message).await {
            Ok(()) => {
                self.breaker().answered();
                self.shared.figures.count(None);
                self.has_news.set(true);
                Tried::Delivered
            }
            Err(failure) => {
                self.shared.figures.count(Some(failure.kind));
                let mut breaker = self.breaker();
                match failure.kind {
                    // Nothing was asked of the provider.
                    FailureKind::Unreadable => breaker.not_tried(clock.now()),
                    _ => breaker.failed(clock.now(), (self.shared.options.draw)()),
                }
                Tried::Failed(failure)
            }
        }
    }

    async fn deliver(&self, provider: &Provider, kept: &KeptMessage) -> Result<(), Failure> {
        let unreadable = |error: &dyn std::fmt::Display| {
            let (provider, message) = (&self.provider, kept.id);
            tracing::error!(%provider, %message, %error, "a webhook cannot be made");
            Failure::of(FailureKind::Unreadable)
        };
        let message = self.shared.journal.message(kept.line, kept.seq, kept.id).await;
        let message = message.map_err(|error| unreadable(&error))?;
        let missing = || unreadable(&"its entry has no such message");
        let Message { id, body, .. } = message.ok_or_else(missing)?;
        let keys = self.shared.keys.of(&provider.webhook_keys).await;
        let keys = keys.map_err(|error| unreadable(&error))?;
        let body = serde_json::to_string(&body).map_err(|error| unreadable(&error))?;
        let (id, timestamp_s) = (id.to_string(), self.shared.clock.now().seconds());
        let signatures: Vec<String> =
            keys.iter().map(|key| key.sign(&id, timestamp_s, &body)).collect();
        let signature = signatures.join(" ");
        let call =
            Call { url: &self.url, id: &id, timestamp_s, signature: &signature, body: &body };
        self.shared.messenger.deliver(call).await
    }

    /// Writes down what came of the jobs.
    fn note(&mut self, tried: Vec<(Job, Tried)>) {
        let now = self.shared.clock.now();
        let mut delivered = false;
        for (job, tried) in tried {
            let id = job.message.id;
            let failure = match tried {
                Tried::HeldBack => continue,
                Tried::Delivered => None,
                Tried::Failed(failure) => Some(failure),
            };
            if failure.is_some_and(|failure| failure.kind == FailureKind::Gone) {
                self.gone(now);
                continue;
            }
            if job.is_new {
                self.queue.retain(|queued| queued.found.id != id);
            } else {
                self.state.waiting.retain(|waiting| waiting.id != id);
            }
            match failure {
                None => delivered = true,
                Some(failure) => self.put_aside(job.message, failure, now),
            }
        }
        self.state.block = self.done_block();
        if delivered {
            self.is_back(now);
        }
    }

    fn gone(&mut self, now: Instant) {
        if self.state.gone_at.replace(now).is_none() {
            let provider = &self.provider;
            tracing::error!(%provider, "a provider's webhook address says it is gone (410); they wait until it is set anew");
        }
    }

    fn put_aside(&mut self, message: KeptMessage, failure: Failure, now: Instant) {
        if let Some(patience) = failure.retry_after {
            self.paused_until = self.paused_until.max(after(now, patience));
        }
        match schedule::failed(message, failure, now, &self.shared.options) {
            Next::Waits(waits) => self.state.waiting.push(waits),
            Next::Parked(parked) => {
                self.log_parked(&parked);
                self.state.parked.push(parked);
                let over = self.state.parked.len().saturating_sub(MOST_PARKED);
                for forgotten in self.state.parked.drain(..over) {
                    let (provider, message) = (&self.provider, forgotten.id);
                    tracing::error!(%provider, %message, "too many webhooks are given up: this one is no longer listed");
                }
            }
        }
    }

    /// The provider takes messages again: what waits for it waits no longer.
    fn is_back(&mut self, now: Instant) {
        for waiting in &mut self.state.waiting {
            waiting.at = waiting.at.min(now);
        }
    }

    fn log_parked(&self, parked: &KeptMessage) {
        let decision = Decision::new("deliver_webhook", Outcome::Failed)
            .reason(failure_code(&parked.reason))
            .provider(self.provider.as_str())
            .line(parked.line.to_string());
        decision
            .emit(&format!("webhook {} was given up after {} tries", parked.id, parked.attempts));
    }

    /// Keeps the state where more than the cursor changed, and the cursor now and then: its own
    /// commit makes a block, which is no news.
    async fn keep_now_and_then(&mut self, now: Instant) -> Result<(), Fault> {
        let is_same = (&self.state.waiting, &self.state.parked, self.state.gone_at)
            == (&self.kept.waiting, &self.kept.parked, self.kept.gone_at);
        let far = self.state.block > self.kept.block.saturating_add(MOST_EMPTY_BLOCKS);
        let waited = now >= after(self.kept_at, KEEP_CURSOR_EVERY);
        if !is_same || far || (self.has_news.get() && waited) {
            self.keep().await?;
        }
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), Fault> {
        if self.state == self.kept {
            return Ok(());
        }
        let (provider, state) = (self.provider.clone(), self.state.clone());
        let put = vec![Put::Webhooks { provider, state: state.clone() }];
        let outcome = self.shared.committer.commit(Batch { put, ..Batch::default() }).await?;
        if let store::Outcome::Refused(broken) = outcome {
            let place = format!("webhooks of {}", self.provider);
            return Err(StoreError::damaged(place, format!("not kept: {broken:?}")).into());
        }
        self.kept = state;
        self.kept_at = self.shared.clock.now();
        self.has_news.set(false);
        Ok(())
    }

    /// What others see of the lane.
    fn show(&self, now: Instant) {
        let durable = self.shared.store.durable_block();
        let is_done = self.queue.is_empty() && self.read_block == durable;
        let behind = if is_done { 0 } else { durable.saturating_sub(self.state.block) };
        let is_silent = self.breaker().is_open();
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.state.clone_from(&self.state);
        view.behind_blocks = behind;
        view.oldest_at = self.oldest();
        view.paused_until = Some(self.paused_until).filter(|until| now < *until);
        let provider = &self.provider;
        match (std::mem::replace(&mut view.is_silent, is_silent), is_silent) {
            (false, true) => {
                tracing::error!(%provider, "a provider takes no webhooks; they wait");
            }
            (true, false) => tracing::info!(%provider, "a provider takes webhooks again"),
            _ => {}
        }
    }

    /// When the oldest message that was not delivered was accepted.
    fn oldest(&self) -> Option<Instant> {
        let waiting = self.state.waiting.iter().map(|waiting| waiting.accepted_at);
        waiting.chain(self.queue.front().map(|queued| queued.found.at)).min()
    }

    async fn answer(&mut self, ask: Ask) {
        let Ask { wanted, reply } = ask;
        let answer = self.replay(wanted).await;
        // Whoever asked may have gone; what was asked for is done all the same.
        let _ = reply.send(answer);
    }

    /// Has messages tried now, with a new term.
    async fn replay(&mut self, wanted: Wanted) -> Result<u64, ReplayError> {
        let now = self.shared.clock.now();
        let count = match wanted {
            Wanted::Since(since) => {
                let block = self.shared.journal.last_before(since).await?;
                if block < self.state.block {
                    self.queue.clear();
                    self.read_block = block;
                    self.state.block = block;
                }
                self.shared.store.durable_block().saturating_sub(block)
            }
            Wanted::Parked | Wanted::One(_) => {
                let is_wanted = |message: &KeptMessage| wanted.is(message.id);
                let (taken, left) =
                    std::mem::take(&mut self.state.parked).into_iter().partition(is_wanted);
                self.state.parked = left;
                let taken: Vec<KeptMessage> = taken;
                let due = self.state.waiting.iter_mut().filter(|message| is_wanted(message));
                let waiting = due.map(|message| message.at = now).count() as u64;
                let renewed = taken.into_iter().map(|message| KeptMessage {
                    since: now,
                    at: now,
                    attempts: 0,
                    ..message
                });
                let before = self.state.waiting.len();
                self.state.waiting.extend(renewed);
                waiting + (self.state.waiting.len() - before) as u64
            }
        };
        if count == 0 && matches!(wanted, Wanted::One(_)) {
            return Err(ReplayError::Unknown);
        }
        self.state.gone_at = None;
        self.paused_until = Instant::from_micros(0);
        *self.breaker() = Breaker::new(self.shared.options.probe_longest);
        self.keep().await.map_err(|fault| match fault {
            Fault::Store(error) => ReplayError::Store(error),
            Fault::Commit(error) => ReplayError::Commit(error),
        })?;
        self.show(now);
        Ok(count)
    }
}

fn fresh(found: &Found, now: Instant) -> KeptMessage {
    KeptMessage {
        id: found.id,
        line: found.line,
        seq: found.seq,
        accepted_at: found.at,
        since: now,
        attempts: 0,
        at: now,
        reason: String::new(),
        status: None,
    }
}

/// The word of a kind, as one that the log may hold.
fn failure_code(reason: &str) -> &'static str {
    FailureKind::ALL
        .into_iter()
        .map(FailureKind::code)
        .find(|code| *code == reason)
        .unwrap_or("status")
}
