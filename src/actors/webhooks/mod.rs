//! Webhooks: what a provider is told unasked, at least once, in order for each contract, and never
//! in the way of an answer or of another provider (interfaces.md 1.4, reliability.md 24 and I7).
//!
//! | file | what |
//! |---|---|
//! | [`journal`] | the blocks, read once for all providers that follow them |
//! | [`lane`] | one provider's messages: what is next, handed over, remembered |
//! | [`schedule`] | when a message is tried again, and when it is given up |
//! | [`signing`] | the keys that sign |
//! | [`desk`] | what operators see and ask for |
//!
//! What waits is the journal itself: a provider that does not answer has a cursor that stands.
//! A message that fails by itself is put aside into the provider's one row, and the cursor moves on
//! past it.

pub mod desk;
pub mod journal;
pub mod lane;
pub mod schedule;
pub mod signing;

pub use desk::{Desk, Figures, ReplayError, Seen, View, Wanted};

use crate::{
    actors::{committer::Committer, providers::Providers},
    clock::Clock,
    domain::ids::ProviderId,
    store::{Store, StoreError, WebhookState},
};
use journal::Journal;
use lane::Lane;
use signing::SigningKeys;
use std::{
    collections::HashMap,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
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
    /// A status other than 2xx.
    Status,
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
    pub const ALL: [Self; 8] = [
        Self::Status,
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
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Gone => "gone",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Tls => "tls",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::Unreadable => "unreadable",
        }
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
    task: JoinHandle<()>,
}

impl Webhooks {
    /// Starts the lanes of the providers that want webhooks, and those of others once they do. To
    /// be called on the thread that the lanes are to run on.
    pub fn start(sources: Sources, options: WebhookOptions) -> Self {
        let Sources { store, committer, providers, keys, clock, messenger } = sources;
        let known = KnownLanes::default();
        let desk = Desk::new(Arc::clone(&known), Arc::clone(&providers));
        let (journal, figures) = (Journal::new(Arc::clone(&store)), Arc::clone(desk.figures()));
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
        let keeper = Keeper { shared: Rc::new(shared), known, running: HashMap::new() };
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
        let Self { desk, stop, mut task } = self;
        drop(desk);
        // The task may have ended by itself.
        let _ = stop.send(true);
        if let Ok(ended) = tokio::time::timeout(most, &mut task).await {
            return ended.is_ok();
        }
        task.abort();
        // Aborted, it has nothing to tell.
        let _ = task.await;
        true
    }
}

/// Keeps a lane for each provider that wants webhooks.
struct Keeper {
    shared: Rc<Shared>,
    known: KnownLanes,
    running: HashMap<ProviderId, JoinHandle<()>>,
}

impl Keeper {
    async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut seen = None;
        while !*stopping.borrow() {
            let version = self.shared.providers.version();
            // A lane that ended is asked for again only when a provider changed.
            if seen != Some(version) && self.start_missing(&stopping).await {
                seen = Some(version);
            }
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        for (provider, lane) in self.running {
            if lane.await.is_err() {
                tracing::error!(%provider, "a provider's webhooks ended by a panic");
            }
        }
    }

    /// Starts the lanes that are missing. False where one must be tried again.
    async fn start_missing(&mut self, stopping: &watch::Receiver<bool>) -> bool {
        let mut all = true;
        for provider in self.shared.providers.all() {
            let is_running =
                self.running.get(&provider.id).is_some_and(|running| !running.is_finished());
            match (&provider.webhook_url, is_running) {
                (Some(_), false) => {
                    if let Err(error) = self.start_lane(&provider.id, stopping).await {
                        let provider = &provider.id;
                        tracing::error!(%provider, %error, "a provider's webhooks cannot start");
                        all = false;
                    }
                }
                // It ends by itself; where the provider wants them again meanwhile, a new one is
                // due as soon as this one is over.
                (None, true) => all = false,
                _ => {}
            }
        }
        all
    }

    async fn start_lane(
        &mut self,
        provider: &ProviderId,
        stopping: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let store = &self.shared.store;
        let state = store.webhooks(provider).await?;
        let state = state.unwrap_or_else(|| WebhookState::after(store.durable_block()));
        let (asks, asked) = mpsc::channel(MOST_ASKS);
        let view = Arc::new(Mutex::new(desk::View::of(state.clone())));
        let lane = Lane::new(Rc::clone(&self.shared), provider.clone(), state, Arc::clone(&view));
        let running = actix_rt::spawn(lane.run(asked, stopping.clone()));
        self.running.insert(provider.clone(), running);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(provider.clone(), Known { asks, view });
        Ok(())
    }
}
