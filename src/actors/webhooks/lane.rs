//! One provider's messages handed over. A lane reads the journal from its own cursor on, tries what
//! its backlog says is next, some at a time, and keeps what came of it in the provider's one row,
//! which nobody else writes. Whatever this provider does, no other lane waits for it.

use super::{
    Call, Failure, FailureKind, Shared,
    backlog::{Backlog, Job},
    desk::{Ask, ReplayError, View, Wanted},
};
use crate::{
    actors::{
        backoff::{Breaker, after},
        committer::CommitError,
    },
    domain::{calendar::Instant, ids::ProviderId, provider::Provider, webhook::Message},
    store::{self, Batch, KeptMessage, Put, StoreError, WebhookState},
    telemetry::{Decision, Outcome},
};
use futures_util::{StreamExt, stream};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// How often it is looked whether anything is new or due.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The pause after something of ours failed.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);
/// Messages that are read ahead.
const WINDOW: usize = 32;
/// A round tries nothing more after so long, so that an operator's wish waits for one try at most.
const LONGEST_ROUND: Duration = Duration::from_secs(2);
/// The cursor is kept at most so often while nothing else is: what went out since then goes out
/// again after a crash.
const KEEP_CURSOR_EVERY: Duration = Duration::from_millis(500);
/// Blocks without a message for this provider after which the cursor is kept too, so that a start
/// reads few of them.
const MOST_EMPTY_BLOCKS: u64 = 10_000;
/// Blocks that one look reads at most: whoever is far behind leaves room for the others.
const BLOCKS_AT_ONCE: u64 = 256;

/// What came of a job.
enum Tried {
    Delivered,
    Failed(Failure),
    /// It was not tried: it stays where it is.
    HeldBack,
}

/// What a round came to.
enum Round {
    /// Something was tried, or more is to be read.
    Worked,
    /// Nothing was new or due.
    Idle,
    /// The provider wants no webhooks any more, or began anew.
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
    /// Of which of its times with webhooks.
    epoch: u32,
    backlog: Backlog,
    /// The cursor as it stands in the store, and since when.
    kept_block: u64,
    kept_at: Instant,
    breaker: RefCell<Breaker>,
    /// Whether anything was delivered since the cursor was kept.
    has_news: Cell<bool>,
    /// Whether a try of this round ends the others: the provider is gone, or asks for patience.
    is_barred: Cell<bool>,
    /// What failed of ours in this round.
    fault: RefCell<Option<StoreError>>,
    stopping: watch::Receiver<bool>,
    view: Arc<Mutex<View>>,
}

impl Lane {
    /// A lane that goes on from `state`; `view` is what others see of it.
    pub fn new(
        shared: Rc<Shared>,
        (provider, epoch): (ProviderId, u32),
        state: WebhookState,
        view: Arc<Mutex<View>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            breaker: RefCell::new(Breaker::new(shared.options.probe_longest)),
            kept_block: state.block,
            kept_at: Instant::from_micros(0),
            backlog: Backlog::of(state),
            has_news: Cell::default(),
            is_barred: Cell::default(),
            fault: RefCell::default(),
            shared,
            provider,
            epoch,
            stopping,
            view,
        }
    }

    /// Goes on until the provider wants no webhooks any more, or all stop.
    pub async fn run(mut self, mut asked: mpsc::Receiver<Ask>) {
        let (mut stopping, mut is_faulty) = (self.stopping.clone(), false);
        while !*stopping.borrow() {
            let round = self.round().await;
            let pause = match &round {
                Ok(Round::Over) => return,
                Ok(Round::Worked) => Duration::ZERO,
                Ok(Round::Idle) => LOOK_EVERY,
                Err(fault) => {
                    // Once for each stretch of faults: a full disk would write a line a second.
                    if !is_faulty {
                        let provider = &self.provider;
                        tracing::error!(%provider, %fault, "webhooks wait: what they need is not to be had");
                    }
                    PAUSE_AFTER_FAULT
                }
            };
            is_faulty = round.is_err();
            self.show(is_faulty);
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

    /// The provider, as long as it wants webhooks as it did when this lane began.
    fn provider(&self) -> Option<(Arc<Provider>, String)> {
        let provider = self.shared.providers.get(&self.provider)?;
        let url = provider.webhook_url.clone()?;
        (provider.webhook_epoch == self.epoch).then_some((provider, url))
    }

    async fn round(&mut self) -> Result<Round, Fault> {
        let Some((_, url)) = self.provider() else { return Ok(Round::Over) };
        if self.backlog.turn_to(&url, self.shared.clock.now()) {
            *self.breaker.get_mut() = Breaker::new(self.shared.options.probe_longest);
        }
        // What is due is tried even where the journal cannot be read.
        let read = self.read_blocks().await;
        let now = self.shared.clock.now();
        let was_open = self.breaker.get_mut().is_open();
        let room = self.breaker.get_mut().room(now, WINDOW);
        let jobs = self.backlog.jobs(room, now, was_open);
        let has_more = self.backlog.read_block() < self.shared.store.durable_block()
            && self.backlog.queued() < WINDOW;
        let has_worked = !jobs.is_empty();
        if has_worked {
            let tried = self.hand_over(jobs, &url).await;
            self.note(tried, was_open);
        }
        self.keep_now_and_then().await?;
        read?;
        if let Some(error) = self.fault.get_mut().take() {
            return Err(error.into());
        }
        Ok(if has_worked || has_more { Round::Worked } else { Round::Idle })
    }

    /// Reads durable blocks into the backlog, as far as a window needs them.
    async fn read_blocks(&mut self) -> Result<(), StoreError> {
        let durable = self.shared.store.durable_block();
        let most = self.backlog.read_block().saturating_add(BLOCKS_AT_ONCE).min(durable);
        while self.backlog.read_block() < most && self.backlog.queued() < WINDOW {
            let block = self.backlog.read_block() + 1;
            let found = self.shared.journal.block(block).await?;
            let own = found.iter().filter(|found| found.provider == self.provider).cloned();
            self.backlog.read(block, own, self.shared.clock.now());
        }
        Ok(())
    }

    async fn hand_over(&self, jobs: Vec<Job>, url: &str) -> Vec<(Job, Tried)> {
        let until = after(self.shared.clock.now(), LONGEST_ROUND);
        self.is_barred.set(false);
        stream::iter(jobs)
            .map(|job| async {
                let tried = self.try_one(&job.message, url, until).await;
                (job, tried)
            })
            .buffer_unordered(self.shared.options.most_at_once)
            .collect()
            .await
    }

    async fn try_one(&self, message: &KeptMessage, url: &str, until: Instant) -> Tried {
        let (clock, draw) = (&self.shared.clock, self.shared.options.draw);
        let may = !*self.stopping.borrow() && !self.is_barred.get() && clock.now() < until;
        // Its address and keys as they are now, not as they were when the round began.
        let Some((provider, _)) = self.provider().filter(|(_, now)| may && now == url) else {
            return Tried::HeldBack;
        };
        if !self.breaker.borrow_mut().lets_through(clock.now()) {
            return Tried::HeldBack;
        }
        let delivered = match self.deliver(&provider, url, message).await {
            Ok(delivered) => delivered,
            Err(error) => {
                self.breaker.borrow_mut().not_tried(clock.now());
                self.fault.replace(Some(error));
                return Tried::HeldBack;
            }
        };
        self.shared.figures.count(delivered.as_ref().err().map(|failure| failure.kind));
        let mut breaker = self.breaker.borrow_mut();
        match delivered {
            Ok(()) => {
                breaker.answered();
                self.has_news.set(true);
                Tried::Delivered
            }
            Err(failure) => {
                let ends_round = failure.kind == FailureKind::Gone || failure.retry_after.is_some();
                self.is_barred.set(self.is_barred.get() || ends_round);
                match failure.kind {
                    FailureKind::Unreadable => breaker.not_tried(clock.now()),
                    kind if kind.is_of_provider() => breaker.failed(clock.now(), draw()),
                    _ => breaker.answered(),
                }
                Tried::Failed(failure)
            }
        }
    }

    /// One try. An error is ours, and says nothing of the message.
    async fn deliver(
        &self,
        provider: &Provider,
        url: &str,
        kept: &KeptMessage,
    ) -> Result<Result<(), Failure>, StoreError> {
        let message = self.shared.journal.message(kept.line, kept.seq, kept.id).await;
        let message = match message {
            Ok(message) => message,
            Err(StoreError::Damaged { place, what }) => {
                let (provider, message) = (&self.provider, kept.id);
                tracing::error!(%provider, %message, place, what, "a webhook cannot be made");
                None
            }
            Err(error) => return Err(error),
        };
        let Some(Message { id, body, .. }) = message else {
            return Ok(Err(Failure::of(FailureKind::Unreadable)));
        };
        let keys = self.shared.keys.of(&provider.webhook_keys).await?;
        let body = String::from_utf8_lossy(&store::record::to_json(&body)).into_owned();
        let (id, timestamp_s) = (id.to_string(), self.shared.clock.now().seconds());
        let signatures: Vec<String> =
            keys.iter().map(|key| key.sign(&id, timestamp_s, &body)).collect();
        let signature = signatures.join(" ");
        let call = Call { url, id: &id, timestamp_s, signature: &signature, body: &body };
        Ok(self.shared.messenger.deliver(call).await)
    }

    /// Writes down what came of the jobs.
    fn note(&mut self, tried: Vec<(Job, Tried)>, was_open: bool) {
        let now = self.shared.clock.now();
        let mut is_back = false;
        for (job, tried) in tried {
            match tried {
                Tried::HeldBack => {}
                Tried::Delivered => {
                    self.backlog.delivered(&job);
                    is_back = was_open;
                }
                Tried::Failed(failure) => {
                    let (id, line) = (job.message.id, job.message.line.to_string());
                    let given_up = self.backlog.failed(job, failure, now, &self.shared.options);
                    self.log_failed(&format!("webhook {id}"), &line, failure, given_up.as_ref());
                }
            }
        }
        if is_back {
            self.backlog.is_back(now);
            let provider = &self.provider;
            tracing::info!(%provider, "a provider takes webhooks again");
        }
        for message in self.backlog.take_forgotten() {
            let provider = &self.provider;
            tracing::error!(%provider, %message, "too many webhooks are given up: this one is no longer listed");
            self.shared.figures.count_forgotten();
        }
    }

    /// One line for each try that failed.
    fn log_failed(&self, what: &str, line: &str, failure: Failure, given_up: Option<&KeptMessage>) {
        let status = failure.status.map_or_else(String::new, |status| format!(", status {status}"));
        let end = match (given_up, failure.kind) {
            (Some(message), _) => format!(" and was given up after {} tries", message.attempts),
            (None, FailureKind::Gone) => {
                " because its address says that it is gone; all wait for another address or a replay"
                    .to_owned()
            }
            (None, _) => " and is tried again".to_owned(),
        };
        Decision::new("deliver_webhook", Outcome::Failed)
            .reason(failure.kind.code())
            .provider(self.provider.as_str())
            .line(line)
            .emit(&format!("{what} was not taken{status}{end}"));
    }

    /// Keeps the state where more than the cursor changed, and the cursor now and then: its own
    /// commit makes a block, which is no news.
    async fn keep_now_and_then(&mut self) -> Result<(), Fault> {
        let far = self.backlog.state().block > self.kept_block.saturating_add(MOST_EMPTY_BLOCKS);
        let waited = self.shared.clock.now() >= after(self.kept_at, KEEP_CURSOR_EVERY);
        if self.backlog.take_changed() || far || (self.has_news.get() && waited) {
            self.keep().await?;
        }
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), Fault> {
        if self.provider().is_none() {
            return Ok(());
        }
        let (provider, epoch) = (self.provider.clone(), self.epoch);
        let state = self.backlog.state().clone();
        let block = state.block;
        let put = vec![Put::Webhooks { provider, epoch, state }];
        let outcome = self.shared.committer.commit(Batch { put, ..Batch::default() }).await;
        match outcome {
            Ok(store::Outcome::Committed { .. }) => {}
            Ok(store::Outcome::Refused(broken)) => {
                let place = format!("webhooks of {}", self.provider);
                return Err(StoreError::damaged(place, format!("not kept: {broken:?}")).into());
            }
            Err(error) => {
                // What changed is kept by the next round.
                self.has_news.set(true);
                return Err(error.into());
            }
        }
        self.kept_block = block;
        self.kept_at = self.shared.clock.now();
        self.has_news.set(false);
        self.show_state();
        Ok(())
    }

    fn show_state(&self) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.state.clone_from(self.backlog.state());
    }

    /// What others see of the lane.
    fn show(&self, is_faulty: bool) {
        let durable = self.shared.store.durable_block();
        let is_done = self.backlog.queued() == 0 && self.backlog.read_block() == durable;
        let behind = if is_done { 0 } else { durable.saturating_sub(self.backlog.state().block) };
        let is_silent = self.breaker.borrow().is_open();
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.behind_blocks = behind;
        view.oldest_at = self.backlog.oldest_at();
        view.is_faulty = is_faulty;
        if !std::mem::replace(&mut view.is_silent, is_silent) && is_silent {
            let provider = &self.provider;
            tracing::error!(%provider, "a provider takes no webhooks; they wait");
        }
    }

    async fn answer(&mut self, ask: Ask) {
        let Ask { wanted, reply } = ask;
        let answer = self.replay(wanted).await;
        // Whoever asked may have gone; what was asked for is done all the same.
        let _ = reply.send(answer);
    }

    async fn replay(&mut self, wanted: Wanted) -> Result<u64, ReplayError> {
        let now = self.shared.clock.now();
        let count = match wanted {
            Wanted::Since(since) => {
                let block = self.shared.journal.last_before(since).await?;
                let block = self.backlog.go_back(block, since);
                self.shared.store.durable_block().saturating_sub(block)
            }
            Wanted::Parked | Wanted::One(_) => self.backlog.take_up(wanted, now),
        };
        if count == 0 && matches!(wanted, Wanted::One(_)) {
            return Err(ReplayError::Unknown);
        }
        *self.breaker.get_mut() = Breaker::new(self.shared.options.probe_longest);
        self.keep().await.map_err(|fault| match fault {
            Fault::Store(error) => ReplayError::Store(error),
            Fault::Commit(error) => ReplayError::Commit(error),
        })?;
        Ok(count)
    }
}
