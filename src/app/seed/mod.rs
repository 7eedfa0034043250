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
//! | [`resume`] | where an interrupted run goes on, and whether it may |
//! | [`credentials`] | the file of credentials |
//!
//! The mark that the data are synthetic is journalled before any of them. Lines are committed in the
//! order of their customer IDs, whole lines in each group, so the first line that is missing is where
//! an interrupted run goes on.
//!
//! The same arguments, the same prefix of customer IDs and the same cost of a hash, all of which the
//! mark tells, give the same events, personal rows, reservations
//! of orders and prefixes, receipts and credentials, byte for byte. What differs is what must: the
//! keys of the installation, so the keyed hashes of passport IDs' names, and with the keys' events
//! the links between blocks and the head.

pub mod credentials;
pub mod draw;
pub mod groups;
pub mod line;
pub mod plan;
pub mod providers;
pub mod resume;
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
        synthetic::{HashWork, SyntheticData, usual_first_customer},
        system::SystemState,
    },
    security::{HashCost, SecurityError},
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
    io::ErrorKind,
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
    /// No file can be made there.
    #[error(
        "--credentials: {}: {source}; allowed is a new file in a folder that is there and that can \
         be written. Nothing was done",
        path.display()
    )]
    NoPlace {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that is whole could not be given its name there without a risk to another's.
    #[error(
        "--credentials: {}: the file system there makes no hard links ({source}), and by one the file is \
         given its name, so that none is ever written over; name a file on another. Nothing was done",
        path.display()
    )]
    NoLinks {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
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
    /// What a group was to put stands there otherwise, or somebody else has it.
    #[error(
        "{0} not what this command makes: the store was used before it was filled. It cannot be \
         filled to its end any more; store.path names an empty folder to begin again in"
    )]
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
    /// What stood in the way, where the file of credentials cannot be made.
    pub fn unmade(&self) -> Option<ErrorKind> {
        match self {
            Self::CredentialsExist(_) => Some(ErrorKind::AlreadyExists),
            Self::NoPlace { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// Whether a rule of this command says no, in distinction to a failure.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::RealData { .. }
                | Self::Otherwise { .. }
                | Self::Future(_)
                | Self::TooManyPurchases(_)
                | Self::NoLinks { .. }
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
    if let Some(path) = credentials {
        credentials::look(path)?;
    }
    let plan = Arc::new(Plan::new(data)?);
    let master = keys::master_key(&config.keys)?;
    let store = SledStore::open(&store_options(config, &master)).map_err(SeedError::Store)?;
    let store: Arc<dyn Store> = Arc::new(store);
    let folder = &config.store.path;
    let is_resumed = look(store.as_ref(), folder, &data).await?;
    let found_lines = resume::lines_there(store.as_ref(), &plan).await?;
    if !store.has_room() {
        return Err(SeedError::NoRoom { lines: found_lines });
    }
    let secrets = Arc::new(Secrets::make(data.seed, data.passwords, hash_cost(config))?);
    let making = prepare(config, &store, &plan, &secrets, &master).await?;
    if is_resumed {
        resume::check_lines(store.as_ref(), &making, found_lines).await?;
    }
    groups::write(store.as_ref(), Arc::new(making), found_lines, is_resumed, told).await?;
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
                ErrorKind::AlreadyExists => SeedError::CredentialsExist(path),
                _ => SeedError::Credentials { path, source },
            }
        })?;
    }
    let passport_ids = (0..data.lines).map(|index| plan.line(index).passports.len() as u64).sum();
    Ok(Seeded { data, passport_ids, found_lines })
}

/// What of the configuration the data follow: the first line's customer ID, and what a hash costs.
pub fn configured(config: &Config) -> (CustomerId, HashWork) {
    let prefix = config.line.customer_id_prefixes.first();
    let first = prefix.and_then(|prefix| format!("{prefix}0000000001").parse().ok());
    let HashCost { memory_kib, passes, lanes } = hash_cost(config);
    (first.unwrap_or_else(usual_first_customer), HashWork { memory_kib, passes, lanes })
}

/// Whether the store has the mark of these data already; nothing of it can be real otherwise.
async fn look(store: &dyn Store, folder: &Path, data: &SyntheticData) -> Result<bool, SeedError> {
    let (state, _) = read_system(store).await?;
    match state.synthetic {
        Some(standing) if standing == *data => return Ok(true),
        Some(standing) => {
            return Err(SeedError::Otherwise { store: folder.to_owned(), standing });
        }
        None => {}
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
        None => Ok(false),
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
