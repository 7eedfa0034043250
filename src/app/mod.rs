//! config → store → actors → web, in one function that the tests use too.
//!
//! | file | what |
//! |---|---|
//! | [`keys`] | the master key and the key ring, made at the first start |
//! | [`public`] | the public listeners, from the configuration |
//! | [`operator`] | the operators' listener, from the configuration |
//! | `error` | why the server did not start |
//! | [`figures`] | what monitoring reads of each part |
//! | [`files`] | the files that a start needs, looked at before it |
//! | [`seed`] | what `linepass seed` does: made-up data for load tests |
//! | [`upgrade`] | what a new version does before its server starts |
//! | [`memory`] | how the process takes memory from the system |
//! | [`mails`] | the outbox and whoever takes its letters |
//! | [`webhooks`] | webhooks and whoever takes them |
//!
//! The order of stopping is the order of building backwards: accept, HTTP, lines, outbox,
//! committer, store.

mod error;
pub mod figures;
pub mod files;
pub mod keys;
pub mod mails;
pub mod memory;
pub mod operator;
pub mod public;
pub mod seed;
pub mod upgrade;
pub mod webhooks;

pub use error::AppError;

use crate::{
    actors::{
        audit::Audits,
        backup::{BACKUP_KEY, Backups},
        bulk::Bulk,
        closing::MonthCloser,
        committer::{Committer, CommitterOptions},
        erasure::Erasure,
        line::LineServices,
        lines::Lines,
        outbox::Outbox,
        providers::Providers,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
        system::{Maintenance, SystemStream},
        verifying::{SNAPSHOT_KEY, StoreKeys, Verifies},
        webhooks::Webhooks,
    },
    clock::{Clock, Floor},
    config::{Config, RetentionConfig},
    domain::{line::LineDefaults, retention::Terms, yen::Yen},
    metrics::lately::Lately,
    security::{
        HashCost, ImportKey, KeyRing, MasterKey, PasswordPool, SourceLimiter, Throttle,
        ThrottlePolicy, random,
    },
    store::{
        Store, StoreError,
        sled_store::{SledOptions, SledStore},
    },
    web::{self, admission::Admission, provider::limits::ProviderLimits, state::WebState},
};
use actix_rt::Arbiter;
use actix_web::{dev::ServerHandle, web::Data};
use governor::{Quota, RateLimiter};
use std::{
    net::TcpListener,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// So many requests may wait for lines in the whole process; past it they are turned away.
const MOST_ASKING: usize = 20_000;
/// How long a mail or a webhook under way may take to end; past it, it goes out again after the next
/// start.
const OUTBOX_END: Duration = Duration::from_secs(5);
/// How long the committer may take to end once nobody can ask it any more.
const COMMITTER_END: Duration = Duration::from_secs(20);

/// Where the server listens; bound by the caller, so that port 0 can be asked for.
#[derive(Debug)]
pub struct Listeners {
    /// Households and providers.
    pub public: TcpListener,
    /// The same behind balancers, where `proxy_protocol.listen` is set.
    pub balanced: Option<TcpListener>,
    /// Operators.
    pub operator: TcpListener,
}

/// What time it is, for whom. A test moves both.
#[derive(Debug, Clone)]
pub struct Clocks {
    /// For the rules: which day and month a purchase falls in. The demo may move it (`--now`).
    pub decisions: Clock,
    /// For what expires (sealed tokens, keys) and for the times in the journal: the host's.
    pub host: Clock,
}

impl Clocks {
    /// The host's clock, and one for the rules.
    pub const fn deciding_at(decisions: Clock) -> Self {
        Self { decisions, host: Clock::host() }
    }
}

/// A running server.
pub struct Running {
    /// What handlers reach; the demo fills its sample data through it.
    pub state: Data<WebState>,
    servers: [ServerHandle; 2],
    serving: [tokio::task::JoinHandle<std::io::Result<()>>; 2],
    arbiters: Vec<Arbiter>,
    outbox: Option<Outbox>,
    webhooks: Webhooks,
    committing: JoinHandle<()>,
    watching: [Option<tokio::task::JoinHandle<()>>; 2],
}

/// Starts everything. Must be called inside an actix `System`.
pub async fn start(
    config: &Config,
    clocks: Clocks,
    listeners: Listeners,
) -> Result<Running, AppError> {
    let Clocks { decisions, host } = clocks;
    let floor = Floor::default();
    let decisions = decisions.above(floor.clone());
    let doors = public::Doors::open(config)?;
    let operator_door = operator::OperatorDoor::open(config)?;
    let master = Arc::new(keys::master_key(&config.keys)?);
    let store = open_store(config, &master)?;
    let (committer, committing) = start_committer(config, &store, &host)?;
    let ring = Arc::new(keys::ring(store.as_ref(), &committer, &master, &host).await?);
    let receipts = ReceiptNumbers::new(Arc::clone(&store), committer.clone(), host.clone());
    let providers = Providers::load(Arc::clone(&store), committer.clone(), host.clone()).await?;
    let providers = Arc::new(providers);
    let system = SystemStream::new(Arc::clone(&store), committer.clone(), host.clone());
    warn_of_synthetic_data(&system).await?;
    let maintenance = Maintenance::load(system.clone()).await?;
    let services = line_services(config, &master, (&store, &committer, receipts), &decisions);
    let refusals = Lately::default();
    let (arbiters, lines) = start_lines(&services, &refusals);
    let bulk = Bulk::new(Arc::clone(&services), lines.clone());
    let closer =
        MonthCloser::load(system.clone(), &bulk, &store, (decisions.clone(), floor)).await?;
    let passwords = start_passwords(config, &master)?.with_refusals_in(&refusals);
    let throttle = Throttle::new(throttle_policy(config));
    let outbox = mails::start(config, &services, &lines, &providers, &host).await?;
    let desk = outbox.as_ref().map(|outbox| outbox.desk().clone());
    let webhooks = webhooks::start(config, &services, &providers, &master, &host)?;
    let backup_key = master.derive(BACKUP_KEY);
    let backups =
        Backups::load(Arc::clone(&store), system.clone(), host.clone(), backup_key).await?;
    let admission = admission(config, store.as_ref(), refusals)?;
    let metrics = figures::metrics(&figures::Parts {
        backups: &backups,
        admission: &admission,
        mails: desk.as_ref(),
        webhooks: webhooks.desk(),
        services: &services,
        lines: &lines,
        passwords: &passwords,
        throttle: &throttle,
        host: &host,
        certificates: doors.certificates(),
        closer: &closer,
    });
    let state = Data::new(WebState {
        issuer: config.server.issuer.as_str().to_owned(),
        closer,
        billing: config.billing.clone(),
        erasure: Erasure::new(bulk.clone(), Arc::clone(&store), terms(config)),
        bulk,
        lines: lines.clone(),
        providers,
        mails: desk,
        webhooks: webhooks.desk().clone(),
        webhook_addresses: webhooks::policy(&config.webhook),
        key_keeper: keys::keeper(config, master, &system),
        operators: keys::operators(&config.operator, &system).await?,
        audits: Audits::new(Arc::clone(&store), host.clone()),
        backups,
        verifies: verifies(&services, &lines, &ring, (&host, outbox.is_some())),
        system,
        maintenance,
        committer: committer.clone(),
        store,
        keys: ring,
        passwords,
        admission,
        limits: public::request_limits(config),
        sources: public::source_policy(config),
        throttle,
        logins: logins(config),
        provider_limits: provider_limits(config),
        redeemed: web::provider::redeemed::RedeemedCodes::default(),
        decisions,
        host,
        defaults: defaults(config),
        lifetimes: config.flow.clone(),
        shortest_password: config.password.minimum_length,
        sends_mail: outbox.is_some(),
        portal: config.portal.clone(),
        name_checks: RateLimiter::keyed(name_checks(config)),
        contact: config.contact.clone(),
        run: random::token(16),
        metrics,
        ready: AtomicBool::new(true),
    });
    let watching = [doors.watch(config)?, operator_door.watch(config)?];
    let public = public::server(config, &doors, &state, listeners.public, listeners.balanced)?;
    let operator = operator::server(config, &operator_door, &state, listeners.operator)?;
    Ok(Running {
        state,
        servers: [public.handle(), operator.handle()],
        serving: [actix_rt::spawn(public), actix_rt::spawn(operator)],
        arbiters,
        outbox,
        webhooks,
        committing,
        watching,
    })
}

impl Running {
    /// Stops in order: accept, HTTP, lines, outbox, webhooks, committer, store. What was acknowledged is durable,
    /// what is under way is answered. False where a part did not end as it should; the log says
    /// which.
    pub async fn stop(self) -> bool {
        self.state.ready.store(false, Ordering::Relaxed);
        self.watching.iter().flatten().for_each(tokio::task::JoinHandle::abort);
        let [public, operator] = &self.servers;
        public.stop(true).await;
        operator.stop(false).await;
        let mut clean = true;
        for serving in self.serving {
            if let Ok(Err(error)) = serving.await {
                tracing::error!(%error, "a listener failed");
                clean = false;
            }
        }
        for arbiter in self.arbiters {
            arbiter.stop();
            if arbiter.join().is_err() {
                tracing::error!("an arbiter of lines ended by a panic");
                clean = false;
            }
        }
        if let Some(outbox) = self.outbox
            && !outbox.stop(OUTBOX_END).await
        {
            tracing::error!("the outbox ended by a panic");
            clean = false;
        }
        if !self.webhooks.stop(OUTBOX_END).await {
            tracing::error!("webhooks ended by a panic");
            clean = false;
        }
        let store = Arc::clone(&self.state.store);
        // The last handle of the committer, or nearly: a worker may still be dropping its own.
        drop(self.state);
        let committing = self.committing;
        let ended = tokio::task::spawn_blocking(move || committing.join());
        if !matches!(tokio::time::timeout(COMMITTER_END, ended).await, Ok(Ok(Ok(())))) {
            tracing::error!("the committer did not end as it should");
            clean = false;
        }
        if let Err(error) = store.close().await {
            tracing::error!(%error, "the store could not be closed cleanly");
            clean = false;
        }
        tracing::info!(clean, "stopped");
        clean
    }
}

/// How the store of this configuration is opened.
pub fn store_options(config: &Config, master: &MasterKey) -> SledOptions {
    SledOptions {
        folder: config.store.path.clone(),
        head_key: master.derive("linepass/store/head/v1"),
        cache_bytes: config.store.cache_bytes,
        flush_every_ms: config.store.flush_every_ms,
        min_free_space_bytes: config.store.min_free_space_bytes,
        read_threads: config.store.read_threads,
    }
}

/// Opens the store, and tells how long that took: most of a start, where much is stored.
fn open_store(config: &Config, master: &MasterKey) -> Result<Arc<dyn Store>, StoreError> {
    let began = std::time::Instant::now();
    let store = SledStore::open(&store_options(config, master))?;
    let open_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(open_ms, block = store.durable_block(), "the store is open");
    Ok(Arc::new(store))
}

/// What all lines use.
fn line_services(
    config: &Config,
    master: &MasterKey,
    (store, committer, receipts): (&Arc<dyn Store>, &Committer, ReceiptNumbers),
    decisions: &Clock,
) -> Arc<LineServices> {
    Arc::new(LineServices {
        store: Arc::clone(store),
        committer: committer.clone(),
        clock: decisions.clone(),
        receipts,
        defaults: defaults(config),
        most_waiting_changes: config.line.queued_commands_per_line,
        snapshots: Snapshots {
            key: master.derive(SNAPSHOT_KEY),
            every_events: config.line.snapshot_every_events,
        },
        draw_salt: random::bytes::<32>,
        idle_before_sleep: Duration::from_secs(config.line.idle_before_sleep_s),
        awake_lines: AtomicUsize::new(0),
    })
}

/// A directory of lines for each core.
fn start_lines(services: &Arc<LineServices>, refusals: &Lately) -> (Vec<Arbiter>, Lines) {
    let arbiters: Vec<Arbiter> = (0..cores()).map(|_| Arbiter::new()).collect();
    let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
    let lines = Lines::start(services, &handles, MOST_ASKING);
    (arbiters, lines.with_refusals_in(refusals))
}

/// Who is let in while more comes than can be done.
fn admission(config: &Config, store: &dyn Store, refusals: Lately) -> std::io::Result<Admission> {
    let target = Duration::from_millis(config.overload.queue_target_ms);
    Admission::start(target, store.sync_time(), refusals)
}

fn logins(config: &Config) -> SourceLimiter {
    let a_minute = at_least_one(config.throttle.logins_per_minute_per_source);
    SourceLimiter::new(a_minute, config.throttle.tracked_entries)
}

fn provider_limits(config: &Config) -> ProviderLimits {
    ProviderLimits::new(&config.provider_limits, config.throttle.tracked_entries)
}

fn name_checks(config: &Config) -> Quota {
    Quota::per_hour(at_least_one(config.portal.name_checks_per_hour))
}

/// The look at the invariants, beside the lines' work.
fn verifies(
    services: &Arc<LineServices>,
    lines: &Lines,
    ring: &Arc<KeyRing>,
    (host, mails): (&Clock, bool),
) -> Verifies {
    let keys = StoreKeys::new(services.snapshots.clone(), Arc::clone(ring));
    Verifies::new(Arc::clone(&services.store), lines.clone(), keys, (host.clone(), mails))
}

/// Whoever starts a server on made-up data is told so, each time.
async fn warn_of_synthetic_data(system: &SystemStream) -> Result<(), StoreError> {
    if let Some(data) = system.state().await?.synthetic {
        let (seed, lines) = (data.seed, data.lines);
        tracing::warn!(
            seed,
            lines,
            "the store holds synthetic data of linepass seed, no real lines"
        );
    }
    Ok(())
}

fn start_committer(
    config: &Config,
    store: &Arc<dyn Store>,
    host: &Clock,
) -> Result<(Committer, JoinHandle<()>), AppError> {
    let options = CommitterOptions {
        group_max_events: config.store.group_max_events,
        most_waiting: config.store.write_queue_limit,
    };
    Ok(Committer::start(Arc::clone(store), host.clone(), options, end_the_process)?)
}

/// The outcome of a group is unknown: nobody may be answered, and only a restart, which reads what
/// is really there, can go on.
#[expect(clippy::disallowed_methods, reason = "the one fault after which nothing may go on")]
fn end_the_process(error: &StoreError) {
    tracing::error!(%error, "a commit failed; nobody is answered and the process ends");
    eprintln!("linepass: a commit failed, so the process ends: {error}");
    crate::telemetry::flush();
    std::process::exit(1);
}

fn start_passwords(config: &Config, master: &MasterKey) -> Result<PasswordPool, AppError> {
    let threads = match config.password.hash_threads {
        0 => cores(),
        threads => threads,
    };
    let import_key = ImportKey::new(master.derive("linepass/access_key/v1"));
    let longest_wait = Duration::from_millis(config.overload.hash_target_ms);
    let queue_limit = config.password.hash_queue_limit;
    let pool = PasswordPool::start(hash_cost(config), import_key, threads, queue_limit)?;
    Ok(pool.with_longest_standing_wait(longest_wait))
}

/// What one hash costs by this configuration.
fn hash_cost(config: &Config) -> HashCost {
    HashCost {
        memory_kib: config.password.hash_memory_kib,
        passes: config.password.hash_passes,
        lanes: config.password.hash_lanes,
    }
}

fn throttle_policy(config: &Config) -> ThrottlePolicy {
    ThrottlePolicy {
        failures_before_wait: config.throttle.failures_before_wait,
        first_wait: Duration::from_secs(config.throttle.first_wait_s),
        longest_wait: Duration::from_secs(config.throttle.longest_wait_s),
        id_failures_elsewhere: config.throttle.id_failures_elsewhere,
        max_tracked: config.throttle.tracked_entries,
        ..ThrottlePolicy::default()
    }
}

fn defaults(config: &Config) -> LineDefaults {
    LineDefaults {
        passports_per_line: config.line.passport_ids_per_line,
        passport_limit: Yen::new(config.line.default_passport_limit_yen.into()),
        activation_delay_s: config.portal.activation_delay_s,
    }
}

fn terms(config: &Config) -> Terms {
    let RetentionConfig { ended_line_days, replaced_days, sign_in_days, inquiry_days } =
        config.retention;
    Terms { ended_line_days, replaced_days, sign_in_days, inquiry_days }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
