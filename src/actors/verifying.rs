//! The invariants of a store, looked at beside the server's work, one look at a time; and what only
//! whoever has the keys can look at.

use super::{
    keys,
    lines::Lines,
    snapshot::Snapshots,
    walk::{self, Walks},
};
use crate::{
    clock::Clock,
    domain::{ids::CustomerId, line::Line},
    security::{KeyRing, MasterKey, SecurityError},
    store::{SnapshotRow, Store, StoreError},
    verify::{self, AwakeLines, Keyed, Opened, Options, Progress, Report},
};
use std::sync::Arc;

/// The label of the key of snapshots' MACs.
pub const SNAPSHOT_KEY: &str = "linepass/snapshot/v1";

/// What the keys of a store open: snapshots, and the names by which strings are reserved.
#[derive(Clone)]
pub struct StoreKeys {
    snapshots: Snapshots,
    ring: Arc<KeyRing>,
}

/// Why a store's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreKeysError {
    /// They cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They cannot be opened.
    #[error(transparent)]
    Security(#[from] SecurityError),
}

impl StoreKeys {
    /// Of a running server.
    pub const fn new(snapshots: Snapshots, ring: Arc<KeyRing>) -> Self {
        Self { snapshots, ring }
    }

    /// Of a store that no server has; `None` where it has no keys yet, since no server ever had it.
    ///
    /// # Errors
    /// The key rows cannot be read, or this master key does not open them.
    pub async fn read(
        store: &dyn Store,
        master: &MasterKey,
    ) -> Result<Option<Self>, StoreKeysError> {
        let records = keys::read(store).await?;
        if records.is_empty() {
            return Ok(None);
        }
        let ring = Arc::new(KeyRing::open(master, &records)?);
        let snapshots = Snapshots { key: master.derive(SNAPSHOT_KEY), every_events: u64::MAX };
        Ok(Some(Self { snapshots, ring }))
    }
}

impl Keyed for StoreKeys {
    fn open(&self, customer: CustomerId, row: &SnapshotRow) -> Opened {
        match self.snapshots.open(customer, row) {
            Ok(opened) => Opened::Line(Box::new(opened.line)),
            Err(super::snapshot::ANOTHER_FOLD) => Opened::AnotherFold,
            Err(what) => Opened::Wrong(what),
        }
    }

    fn name_hash(&self, name: &str) -> [u8; 32] {
        self.ring.name_hash(name)
    }
}

#[async_trait::async_trait(?Send)]
impl AwakeLines for Lines {
    async fn awake(&self, customer: CustomerId) -> Option<(Option<Arc<Line>>, u64)> {
        if !self.is_awake(customer).await {
            return None;
        }
        // One that cannot be asked now is not held against its replay.
        let view = self.look(customer).await.ok()?;
        Some((view.line, view.seq))
    }
}

/// How the last look at the invariants stands.
pub type Stands = walk::Stands<Progress, Report>;

/// Looks at the invariants where nobody waits for it.
#[derive(Clone)]
pub struct Verifies {
    store: Arc<dyn Store>,
    lines: Lines,
    keys: StoreKeys,
    mails: bool,
    walks: Walks<Progress, Report>,
}

impl Verifies {
    /// Nothing was looked at yet; `clock` is the host's, `mails` says whether mails are sent.
    pub fn new(
        store: Arc<dyn Store>,
        lines: Lines,
        keys: StoreKeys,
        (clock, mails): (Clock, bool),
    ) -> Self {
        Self { store, lines, keys, mails, walks: Walks::new(clock) }
    }

    /// What the keys open.
    pub const fn keys(&self) -> &StoreKeys {
        &self.keys
    }

    /// The looks themselves, for whoever has another made.
    pub const fn walks(&self) -> &Walks<Progress, Report> {
        &self.walks
    }

    /// How the last one stands.
    pub fn last(&self) -> Stands {
        self.walks.last()
    }

    /// Begins a look, or has one follow that is under way; its number.
    pub fn begin(&self) -> u64 {
        let own = self.clone();
        self.walks.begin("the look at the invariants", move |walks| {
            let Self { store, lines, keys, mails, .. } = own.clone();
            async move {
                let mut note = |progress| walks.note(progress);
                let options =
                    Options { live: true, keyed: Some(&keys), awake: Some(&lines), mails };
                let report = verify::verify(store.as_ref(), options, &mut note).await;
                if report.is_whole() {
                    tracing::info!(blocks = report.blocks, "every invariant holds");
                } else {
                    let mut broken = report.invariants.iter().filter(|one| one.faults > 0);
                    let first = broken.next();
                    let name = first.map(|one| format!("{:?}", one.name));
                    let what = first.and_then(|one| one.first.first());
                    let left = report.not_looked_at.first().map(|left| left.what);
                    tracing::error!(name, what, left, "the store is not found whole");
                }
                report
            }
        })
    }
}
