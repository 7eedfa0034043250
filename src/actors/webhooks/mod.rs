//! Webhooks: what a provider is told unasked, at least once, in order for each contract, and never
//! in the way of an answer or of another provider (interfaces.md 1.4, reliability.md 24 and I7).
//!
//! | file | what |
//! |---|---|
//! | [`journal`] | the blocks, read once for all providers that follow them |
//! | [`backlog`] | what is left to tell one provider, and which of it is next |
//! | [`lane`] | one provider's messages handed over, and what came of it kept |
//! | [`schedule`] | when a message is tried again, and when it is given up |
//! | [`signing`] | the keys that sign |
//! | [`desk`] | what operators see and ask for |
//!
//! What waits is the journal itself: a provider that does not answer has a cursor that stands.
//! A message that fails by itself is put aside into the provider's one row, and the cursor moves on
//! past it.

pub mod backlog;
pub mod desk;
pub mod journal;
pub mod lane;
pub mod schedule;
pub mod signing;

pub use desk::{Desk, Figures, ReplayError, Seen, View, Wanted};

use crate::{
    actors::{committer::Committer, providers::Providers},
    clock::Clock,
    domain::{ids::ProviderId, provider::Provider},
    store::{Store, StoreError, WebhookState},
};
use journal::Journal;
use lane::Lane;
use signing::SigningKeys;
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinHandle},
};

/// How often it is looked whether a provider wants webhooks, or no longer does.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Wishes of operators that one lane keeps waiting.
const MOST_ASKS: usize = 8;

/// A message on its way.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Where to.
    pub url: &'a str,
    /// Header `webhook-id`.
    pub id: &'a str,
    /// Header `webhook-timestamp`: of this try, in seconds since 1970.
    pub timestamp_s: i64,
    /// Header `webhook-signature`: one signature for each key.
    pub signature: &'a str,
    /// The body, JSON.
    pub body: &'a str,
}

/// Whoever takes messages to where they go.
#[async_trait::async_trait(?Send)]
pub trait Messenger: 'static {
    /// Hands a message over; the provider has it when this returns.
    async fn deliver(&self, call: Call<'_>) -> Result<(), Failure>;
}

/// Why a message was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub kind: FailureKind,
    /// The answer's status, where there was one.
    pub status: Option<u16>,
    /// When the provider asks to be left alone until, where it says so.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without an answer.
    pub const fn of(kind: FailureKind) -> Self {
        Self { kind, status: None, retry_after: None }
    }
}

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A status 4xx: the provider does not want this message.
    Refused,
    /// A status 5xx, or one that has no meaning here.
    ServerError,
    /// A redirect; none is followed.
    Redirect,
    /// 410: the address says that it is gone for good.
    Gone,
    /// 429 or 503: the provider asks for patience.
    Busy,
    /// No connection, no answer in time, or one that breaks off.
    NoAnswer,
    /// The certificate does not vouch for the name, or TLS fails otherwise.
    Tls,
    /// The name stands for an address that must not be called.
    AddressNotAllowed,
    /// The journal's row cannot be read.
    Unreadable,
}

impl FailureKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Refused,
        Self::ServerError,
        Self::Redirect,
        Self::Gone,
        Self::Busy,
        Self::NoAnswer,
        Self::Tls,
        Self::AddressNotAllowed,
        Self::Unreadable,
    ];

    /// Its word in rows, metrics and the log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::Redirect => "redirect",
            Self::Gone => "gone",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Tls => "tls",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it speaks of the provider, so that other messages would fare alike.
    const fn is_of_provider(self) -> bool {
        !matches!(self, Self::Refused | Self::Unreadable)
    }
}

/// How messages are tried.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Messages to one provider under way at once.
    pub most_at_once: usize,
    /// The pauses before the second try of a message and those after it; the last one repeats.
    pub retry_after: Vec<Duration>,
    /// The longest pause before a provider that takes nothing is asked again.
    pub probe_longest: Duration,
    /// A message that could not be handed over for so long is given up.
    pub park_after: Duration,
    /// Where chance comes from: any number.
    pub draw: fn() -> u64,
}

/// What webhooks read and write.
pub struct Sources {
    /// Where blocks, rows and keys are.
    pub store: Arc<dyn Store>,
    /// Where rows go.
    pub committer: Committer,
    /// Who wants webhooks, and where to.
    pub providers: Arc<Providers>,
    /// What signs.
    pub keys: SigningKeys,
    /// The host's clock.
    pub clock: Clock,
    /// Who takes messages.
    pub messenger: Rc<dyn Messenger>,
}

/// What all lanes share.
struct Shared {
    store: Arc<dyn Store>,
    committer: Committer,
    providers: Arc<Providers>,
    keys: SigningKeys,
    clock: Clock,
    messenger: Rc<dyn Messenger>,
    journal: Journal,
    figures: Arc<Figures>,
    options: WebhookOptions,
}

/// A running lane, for whoever looks at it.
#[derive(Clone)]
struct Known {
    asks: mpsc::Sender<desk::Ask>,
    view: Arc<Mutex<desk::View>>,
}

type KnownLanes = Arc<Mutex<HashMap<ProviderId, Known>>>;

/// The running webhooks.
pub struct Webhooks {
    desk: Desk,
    stop: watch::Sender<bool>,
    task: JoinHandle<bool>,
}

impl Webhooks {
    /// Starts the lanes of the providers that want webhooks, and those of others once they do. To
    /// be called on the thread that the lanes are to run on.
    pub fn start(sources: Sources, options: WebhookOptions) -> Self {
        let Sources { store, committer, providers, keys, clock, messenger } = sources;
        let known = KnownLanes::default();
        let desk = Desk::new(Arc::clone(&known), Arc::clone(&providers));
        let figures = Arc::clone(desk.figures());
        let journal = Journal::new(Arc::clone(&store), Arc::clone(figures.lost()));
        let shared = Shared {
            store,
            committer,
            providers,
            keys,
            clock,
            messenger,
            journal,
            figures,
            options,
        };
        let (stop, stopping) = watch::channel(false);
        let keeper = Keeper {
            shared: Rc::new(shared),
            known,
            running: HashMap::new(),
            refused: HashSet::new(),
        };
        let task = actix_rt::spawn(keeper.run(stopping));
        Self { desk, stop, task }
    }

    /// The operators' side.
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Ends the lanes once what is under way is over; the rest waits in the journal. False where a
    /// lane ended by a panic.
    pub async fn stop(self, most: Duration) -> bool {
        let Self { desk, stop, task } = self;
        drop(desk);
        super::end(task, &stop, most).await.is_ok_and(|clean| clean.unwrap_or(true))
    }
}

/// Keeps a lane for each provider that wants webhooks.
struct Keeper {
    shared: Rc<Shared>,
    known: KnownLanes,
    running: HashMap<ProviderId, JoinHandle<()>>,
    /// Providers whose lane could not start, so that the log says it once.
    refused: HashSet<ProviderId>,
}

impl Drop for Keeper {
    /// Whoever ends the keeper ends its lanes: none may outlive the store.
    fn drop(&mut self) {
        self.running.values().for_each(JoinHandle::abort);
    }
}

impl Keeper {
    /// Whether every lane ended as it should.
    async fn run(mut self, mut stopping: watch::Receiver<bool>) -> bool {
        let mut seen = None;
        while !*stopping.borrow() {
            let version = self.shared.providers.version();
            let ended = self.take_ended().await;
            if (seen != Some(version) || ended) && self.start_missing(&stopping).await {
                seen = Some(version);
            }
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        let mut clean = true;
        for (provider, lane) in self.running.drain() {
            clean &= is_clean(&provider, lane.await, &self.shared.figures);
        }
        clean
    }

    /// Forgets the lanes that ended. Whether there were any: those of providers that still want
    /// webhooks start again.
    async fn take_ended(&mut self) -> bool {
        let ended = self.running.iter().filter(|(_, lane)| lane.is_finished());
        let ended: Vec<ProviderId> = ended.map(|(provider, _)| provider.clone()).collect();
        for provider in &ended {
            if let Some(lane) = self.running.remove(provider) {
                is_clean(provider, lane.await, &self.shared.figures);
            }
            self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(provider);
        }
        !ended.is_empty()
    }

    /// Starts the lanes that are missing. False where one must be tried again.
    async fn start_missing(&mut self, stopping: &watch::Receiver<bool>) -> bool {
        let mut all = true;
        for provider in self.shared.providers.all() {
            if provider.webhook_url.is_none() || self.running.contains_key(&provider.id) {
                continue;
            }
            match self.start_lane(&provider, stopping).await {
                Ok(()) => drop(self.refused.remove(&provider.id)),
                Err(error) => {
                    all = false;
                    if self.refused.insert(provider.id.clone()) {
                        let provider = &provider.id;
                        tracing::error!(%provider, %error, "a provider's webhooks cannot start");
                    }
                }
            }
        }
        all
    }

    async fn start_lane(
        &mut self,
        provider: &Provider,
        stopping: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let (store, id) = (&self.shared.store, &provider.id);
        let state = store.webhooks(id, provider.webhook_epoch).await?;
        let state = state.unwrap_or_else(|| WebhookState::after(store.durable_block()));
        let (asks, asked) = mpsc::channel(MOST_ASKS);
        let view = Arc::new(Mutex::new(desk::View::of(state.clone())));
        let whose = (id.clone(), provider.webhook_epoch);
        let shared = Rc::clone(&self.shared);
        let lane = Lane::new(shared, whose, state, Arc::clone(&view), stopping.clone());
        self.running.insert(id.clone(), actix_rt::spawn(lane.run(asked)));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.clone(), Known { asks, view });
        Ok(())
    }
}

/// Whether a lane ended as it should; the log and the figures say where it did not.
fn is_clean(provider: &ProviderId, ended: Result<(), JoinError>, figures: &Figures) -> bool {
    if let Err(error) = &ended {
        tracing::error!(%provider, %error, "a provider's webhooks ended by a panic; they begin again");
        figures.count_panic();
    }
    ended.is_ok()
}
