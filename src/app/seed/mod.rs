//! `linepass seed`: a store of made-up lines and purchases for load tests, the same each time.
//!
//! | file | what |
//! |---|---|
//! | [`draw`] | numbers and secrets that follow from the seed |
//! | [`plan`] | which lines there are, what they look like, how many things each buys |
//! | [`secrets`] | the few passwords and access keys that all share |
//! | [`providers`] | the providers and their catalogues |
//! | [`line`] | one line's decisions, made by the rules |
//! | [`groups`] | lines made into groups of commits, beside the disk |
//! | [`credentials`] | the file of credentials |
//!
//! The mark that the data are synthetic is journalled before any of them. Lines are committed in the
//! order of their customer IDs, whole lines in each group, so the first line that is missing is where
//! an interrupted run goes on.
//!
//! The same arguments and the same cost of a hash give the same events, personal rows, reservations
//! of orders and prefixes, receipts and credentials, byte for byte. What differs is what must: the
//! keys of the installation, so the keyed hashes of passport IDs' names, and with the keys' events
//! the links between blocks and the head.

pub mod credentials;
pub mod draw;
pub mod groups;
pub mod line;
pub mod plan;
pub mod providers;
pub mod secrets;

use super::{AppError, hash_cost, keys, start_committer, store_options};
use crate::{
    actors::{
        providers::Providers,
        receipts::read_system,
        system::{Asked, SystemChange, SystemError, SystemStream},
    },
    clock::Clock,
    config::Config,
    domain::{
        field::FieldFault,
        ids::CustomerId,
        line::{By, Refusal},
        synthetic::SyntheticData,
        system::{SystemRefusal, SystemState},
    },
    security::SecurityError,
    store::{
        Store, StoreError, Stream, StreamKind,
        sled_store::{SledOptions, SledStore},
    },
};
use groups::Step;
use line::{Making, Shop};
use plan::{Plan, TooManyPurchases};
use providers::ProviderPlan;
use secrets::Secrets;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often the store is tried to be opened once more, and how long between two tries.
const SETTLE_TRIES: u32 = 50;
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// Why a store was not filled, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The store holds what nobody made up.
    #[error(
        "the store at {} holds {found} and no mark of synthetic data: it may be real. Allowed are \
         an empty store and one that the same command began; store.path names another folder",
        store.display()
    )]
    RealData {
        /// Its folder.
        store: PathBuf,
        /// What was found first.
        found: String,
    },
    /// It holds synthetic data of other arguments.
    #[error(
        "the store at {} holds synthetic data that were made by other arguments: {standing}. \
         Allowed are these; store.path names another folder for others",
        store.display()
    )]
    Otherwise {
        /// Its folder.
        store: PathBuf,
        /// What the data were made from.
        standing: SyntheticData,
    },
    /// The data would end in the future.
    #[error(
        "--until: {0} is in the future, and a server decides nothing before a line's last event; \
         allowed is a time that has passed"
    )]
    Future(String),
    /// More purchases than there is room for.
    #[error(transparent)]
    TooManyPurchases(#[from] TooManyPurchases),
    /// There is a file of the credentials' name.
    #[error("--credentials: {} is there already and is never written over; name another file",
        .0.display())]
    CredentialsExist(PathBuf),
    /// The file of credentials cannot be written.
    #[error(
        "--credentials: {}: {source}; nothing is left of it. The store is filled, and the same \
         command writes the file alone",
        path.display()
    )]
    Credentials {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The disk is full, or nearly.
    #[error(
        "less than store.min_free_space_bytes is free where the store is; {lines} lines are there, \
         and the same command goes on once there is room"
    )]
    NoRoom {
        /// How many lines are there whole.
        lines: u64,
    },
    /// What a group was to put is there already.
    #[error("{0}: it is there already, and not as this command makes it; the store was used since")]
    Taken(String),
    /// The rules refuse what was planned.
    #[error("{customer}: the rules refuse what was planned: {refusal}")]
    Rule {
        /// Which line.
        customer: CustomerId,
        /// Why.
        refusal: Refusal,
    },
    /// A field that was made up is not what a field may be.
    #[error("{what} {fault}")]
    Field {
        /// Which.
        what: &'static str,
        /// What is wrong.
        fault: FieldFault,
    },
    /// A provider cannot be registered.
    #[error("a provider was not registered: {0}")]
    Provider(String),
    /// The mark was not made.
    #[error("the store was not marked: {0}")]
    Mark(#[source] SystemError),
    /// Lines are not made any more.
    #[error("the thread that makes lines ended")]
    Thread,
    /// A hash cannot be made.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// A key or a thread cannot be had.
    #[error(transparent)]
    App(#[from] AppError),
    /// The store failed; whatever was told as done is there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SeedError {
    /// Whether a rule of this command says no, in distinction to a failure.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::RealData { .. }
                | Self::Otherwise { .. }
                | Self::Future(_)
                | Self::TooManyPurchases(_)
                | Self::CredentialsExist(_)
                | Self::Taken(_)
        )
    }
}

/// What there is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Seeded {
    /// What it was made from.
    #[serde(flatten)]
    pub data: SyntheticData,
    /// Passport IDs of all lines.
    pub passport_ids: u64,
    /// Lines that were there before this run.
    pub found_lines: u64,
}

/// Fills the store of this configuration, or goes on with it, and writes the file of credentials.
///
/// # Errors
/// What was committed stays, and the same call goes on from there.
pub async fn seed(
    config: &Config,
    data: SyntheticData,
    credentials: Option<&Path>,
    told: &mut dyn FnMut(Step, u64, u64),
) -> Result<Seeded, SeedError> {
    let host = Clock::host();
    if data.until > host.now() {
        return Err(SeedError::Future(data.until.rfc3339()));
    }
    if let Some(path) = credentials.filter(|path| path.exists()) {
        return Err(SeedError::CredentialsExist(path.to_owned()));
    }
    let prefix = config.line.customer_id_prefixes.first().map_or("CAF", String::as_str);
    let plan = Arc::new(Plan::new(data, prefix)?);
    let master = keys::master_key(&config.keys)?;
    let store = SledStore::open(&store_options(config, &master)).map_err(SeedError::Store)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let folder = &config.store.path;
    let standing = look(store.as_ref(), folder).await?;
    if !store.has_room() {
        return Err(SeedError::NoRoom { lines: 0 });
    }
    let secrets = Arc::new(Secrets::make(data.seed, data.passwords, hash_cost(config))?);
    let making = prepare(config, &store, &plan, &secrets, &master).await.map_err(|error| {
        let refusal = match &error {
            SeedError::Mark(SystemError::Refused(refusal)) => Some(*refusal),
            _ => None,
        };
        match refusal {
            Some(SystemRefusal::SeededOtherwise(standing)) => {
                SeedError::Otherwise { store: folder.clone(), standing }
            }
            _ => error,
        }
    })?;
    let found_lines =
        if standing.synthetic.is_some() { lines_there(store.as_ref(), &plan).await? } else { 0 };
    groups::write(store.as_ref(), Arc::new(making), found_lines, told).await?;
    store.close().await?;
    drop(store);
    if found_lines < data.lines {
        told(Step::Opening, 0, 1);
        settle(&store_options(config, &master)).await?;
    }
    if let Some(path) = credentials {
        let mut told = |done| told(Step::Credentials, done, data.lines);
        credentials::write(path, &plan, &secrets, &mut told).map_err(|source| {
            let path = path.to_owned();
            match source.kind() {
                std::io::ErrorKind::AlreadyExists => SeedError::CredentialsExist(path),
                _ => SeedError::Credentials { path, source },
            }
        })?;
    }
    let passport_ids = (0..data.lines).map(|index| plan.line(index).passports.len() as u64).sum();
    Ok(Seeded { data, passport_ids, found_lines })
}

/// How the store stands, where nothing of it can be real.
async fn look(store: &dyn Store, folder: &Path) -> Result<SystemState, SeedError> {
    let (state, _) = read_system(store).await?;
    if state.synthetic.is_some() {
        return Ok(state);
    }
    let mut found = None;
    for (kind, what) in [(StreamKind::Lines, "the line"), (StreamKind::Providers, "the provider")] {
        let first = store.streams(kind, None, 1).await?.into_iter().next();
        let name = |stream: Stream| stream.to_string().trim_start_matches('@').to_owned();
        found = found.or(first.map(|stream| format!("{what} {}", name(stream))));
    }
    let used = state.next_serial.map(|_| "receipt numbers that were given out".to_owned());
    let closed = state.closed_through.map(|month| format!("the close of {month}"));
    match found.or(used).or(closed) {
        Some(found) => Err(SeedError::RealData { store: folder.to_owned(), found }),
        None => Ok(state),
    }
}

/// The mark first; then the keys of the installation and the providers, where they are missing.
async fn prepare(
    config: &Config,
    store: &Arc<dyn Store>,
    plan: &Arc<Plan>,
    secrets: &Arc<Secrets>,
    master: &crate::security::MasterKey,
) -> Result<Making, SeedError> {
    let host = Clock::host();
    let began = Clock::standing_at(plan.buying_from);
    let (committer, committing) = start_committer(config, store, &began)?;
    let made = async {
        let stream = SystemStream::new(Arc::clone(store), committer.clone(), began.clone());
        let asked = Asked { by: By::System, request_id: None };
        let mark = |state: &SystemState| {
            Ok(SystemChange { events: state.seed(&plan.data)?, ..SystemChange::default() })
        };
        stream.change(&asked, mark).await.map_err(SeedError::Mark)?;
        let ring = keys::ring(store.as_ref(), &committer, master, &host).await?;
        let providers =
            Providers::load(Arc::clone(store), committer.clone(), began.clone()).await?;
        providers::register(&providers, plan.data.seed).await?;
        let shops = ProviderPlan::all().into_iter().map(|provider| {
            let services = provider.catalogue()?;
            Ok(Shop { provider: provider.id, name: provider.name, services })
        });
        let shops = shops.collect::<Result<_, SeedError>>()?;
        Ok(Making { plan: Arc::clone(plan), secrets: Arc::clone(secrets), shops, ring })
    }
    .await;
    // From here on this thread commits, and nobody else may.
    drop(committer);
    committing.join().map_err(|_| SeedError::Thread)?;
    made
}

/// Opens the store once more. The engine writes its table of pages down when it opens, and at the
/// next opening reads the log since then: without this the first start of a server would read all
/// that was just written, and so would the next one after a kill.
async fn settle(options: &SledOptions) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        match SledStore::open(options) {
            Ok(store) => return store.close().await,
            // The engine's own threads may hold its files a moment longer.
            Err(_) if tries < SETTLE_TRIES => {
                tries += 1;
                tokio::time::sleep(SETTLE_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// How many lines are there: they were committed in their order, so the first that is missing is
/// found by halving.
async fn lines_there(store: &dyn Store, plan: &Plan) -> Result<u64, StoreError> {
    let (mut there, mut missing) = (0, plan.data.lines);
    while there < missing {
        let middle = there.midpoint(missing);
        let stream = Stream::Line(plan.customer(middle));
        if store.last_seq(&stream).await? > 0 {
            there = middle + 1;
        } else {
            missing = middle;
        }
    }
    Ok(there)
}
