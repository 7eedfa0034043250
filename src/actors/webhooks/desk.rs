//! What operators see of webhooks and ask of them.

use super::{FailureKind, Known, KnownLanes, backlog::Backlog};
use crate::{
    actors::{
        committer::CommitError,
        providers::{ProviderError, Providers},
    },
    domain::{
        calendar::Instant, ids::ProviderId, line::By, registration::webhooks, webhook::MessageId,
    },
    store::{StoreError, WebhookState},
};
use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::oneshot;

/// Which messages are to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// This one, which waits or was given up.
    One(MessageId),
    /// All that were given up.
    Parked,
    /// All whose block was closed at this instant or later, delivered or not.
    Since(Instant),
}

/// Why messages are not sent again. At most the wish was journalled.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// No message of this name waits or was given up.
    #[error("no such message waits or was given up; --since sends again what was delivered")]
    Unknown,
    /// The provider's lane has not begun yet, or has just ended.
    #[error("the provider's webhooks are not running yet; try again")]
    NotRunning,
    /// It was not journalled.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// It was not kept.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A wish of an operator, for a lane.
pub(super) struct Ask {
    /// Which messages.
    pub wanted: Wanted,
    /// Where the answer goes: how many messages, or for [`Wanted::Since`] how many blocks.
    pub reply: oneshot::Sender<Result<u64, ReplayError>>,
}

/// What is seen of a lane.
#[derive(Debug, Clone)]
pub struct View {
    /// What waits and what was given up.
    pub state: WebhookState,
    /// Blocks whose messages have not been tried yet.
    pub behind_blocks: u64,
    /// Whether the provider takes nothing: only now and then it is asked again.
    pub is_silent: bool,
    /// When the oldest message that was not delivered was accepted.
    pub oldest_at: Option<Instant>,
    /// Whether something of ours fails, so that nothing goes on.
    pub is_faulty: bool,
}

impl View {
    /// Of a lane that has not begun.
    pub const fn of(state: WebhookState) -> Self {
        Self { state, behind_blocks: 0, is_silent: false, is_faulty: false, oldest_at: None }
    }
}

/// A provider's webhooks as operators see them.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose.
    pub provider: ProviderId,
    /// Where they go.
    pub url: String,
    /// How they are; absent where they have not begun.
    pub view: Option<View>,
}

/// What monitoring reads beside the lanes.
#[derive(Debug, Default)]
pub struct Figures {
    delivered: AtomicU64,
    lost: Arc<AtomicU64>,
    forgotten: AtomicU64,
    panics: AtomicU64,
    failed: [AtomicU64; FailureKind::ALL.len()],
}

impl Figures {
    /// Messages that were handed over.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Tries that failed like this.
    pub fn failed(&self, kind: FailureKind) -> u64 {
        self.failed[kind as usize].load(Ordering::Relaxed)
    }

    /// Entries whose messages are lost, because they cannot be read.
    pub const fn lost(&self) -> &Arc<AtomicU64> {
        &self.lost
    }

    /// Messages that were given up and are no longer remembered.
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Lanes that ended by a panic.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(super) fn count_forgotten(&self) {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self, failure: Option<FailureKind>) {
        let counter = failure.map_or(&self.delivered, |kind| &self.failed[kind as usize]);
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The operators' side.
#[derive(Clone)]
pub struct Desk {
    known: KnownLanes,
    providers: Arc<Providers>,
    figures: Arc<Figures>,
}

impl Desk {
    pub(super) fn new(known: KnownLanes, providers: Arc<Providers>) -> Self {
        Self { known, providers, figures: Arc::default() }
    }

    /// What monitoring reads.
    pub const fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    /// The providers that want webhooks, by ID, and how they are.
    pub fn list(&self) -> Vec<Seen> {
        let seen = |provider: &ProviderId, url: &String| Seen {
            provider: provider.clone(),
            url: url.clone(),
            view: self
                .lane(provider)
                .map(|lane| lane.view.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        };
        let all = self.providers.all();
        let wants = all.iter().filter_map(|provider| {
            provider.webhook_url.as_ref().map(|url| seen(&provider.id, url))
        });
        wants.collect()
    }

    /// What the lanes that run come to together.
    pub fn fold(&self, start: u64, with: impl Fn(u64, &View) -> u64) -> u64 {
        let lanes: Vec<Known> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.values().cloned().collect()
        };
        lanes.iter().fold(start, |sum, lane| {
            with(sum, &lane.view.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// Seconds since the oldest message that was not delivered was accepted; 0 where there is none.
    pub fn oldest_age_s(&self, now: Instant) -> u64 {
        self.fold(0, |oldest_s, view| {
            let age_s = view.oldest_at.map_or(0, |oldest| now.seconds() - oldest.seconds());
            oldest_s.max(u64::try_from(age_s).unwrap_or(0))
        })
    }

    fn lane(&self, provider: &ProviderId) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(provider).cloned()
    }

    /// How many messages a wish concerns; for [`Wanted::Since`] nobody knows before they are read.
    ///
    /// # Errors
    /// There are none, or the provider wants no webhooks.
    pub fn rehearse(
        &self,
        provider: &ProviderId,
        wanted: Wanted,
    ) -> Result<Option<u64>, ReplayError> {
        webhooks::replay(self.providers.get(provider).as_deref(), None)
            .map_err(ProviderError::from)?;
        let lane = self.lane(provider).ok_or(ReplayError::NotRunning)?;
        let view = lane.view.lock().unwrap_or_else(PoisonError::into_inner);
        let count = Backlog::count(&view.state, wanted);
        match wanted {
            Wanted::One(_) if count == 0 => Err(ReplayError::Unknown),
            Wanted::Since(_) => Ok(None),
            _ => Ok(Some(count)),
        }
    }

    /// Has messages sent again, with a new term: journalled with its reason first. How many
    /// messages; for [`Wanted::Since`] how many blocks are looked through again.
    ///
    /// # Errors
    /// There are none, or they cannot be moved now.
    pub async fn replay(
        &self,
        provider: &ProviderId,
        by: By,
        request_id: Option<String>,
        wanted: Wanted,
    ) -> Result<u64, ReplayError> {
        self.rehearse(provider, wanted)?;
        let lane = self.lane(provider).ok_or(ReplayError::NotRunning)?;
        let since = match wanted {
            Wanted::Since(since) => Some(since),
            _ => None,
        };
        let decide = |standing: Option<&_>| webhooks::replay(standing, since);
        self.providers.decide(provider, by, request_id, &[], decide).await?;
        let (reply, answer) = oneshot::channel();
        let asked = lane.asks.send(Ask { wanted, reply }).await;
        asked.map_err(|_| ReplayError::NotRunning)?;
        answer.await.map_err(|_| ReplayError::NotRunning)?
    }
}
