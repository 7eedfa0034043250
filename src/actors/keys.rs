//! The rotation of the keys that sign and seal, in the running server: what the previous key made
//! is accepted until it expires. The keys behind `sub` and behind names never rotate.

use super::{
    committer::Committer,
    receipts::{read_system, system_batch},
    system::{Asked, SystemChange, SystemError, SystemStream},
};
use crate::{
    clock::Clock,
    domain::{calendar::Instant, line::Entry, system::SystemEvent},
    security::{
        KeyPurpose, KeyRecord, KeyRing, MasterKey, Secret, SecurityError, SigningAlgorithm,
        WebhookKey,
    },
    store::{Delete, Outcome, Put, Store, StoreError, Stream, record},
};
use std::{collections::BTreeSet, sync::Arc};

/// Which keys rotate together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What signs `id_token`s, of every algorithm.
    Signing,
    /// What seals pushed orders, flows, codes and access tokens.
    Sealing,
}

impl Kind {
    const fn purposes(self) -> &'static [KeyPurpose] {
        match self {
            Self::Signing => &[KeyPurpose::SignRs256, KeyPurpose::SignEs256],
            Self::Sealing => &[KeyPurpose::Seal],
        }
    }
}

/// How long what a key made is accepted, in seconds: a key is taken away no earlier.
#[derive(Debug, Clone, Copy)]
pub struct KeptFor {
    /// The longest life of an `id_token`, or of a JWKS in a client's hands.
    pub signed_s: i64,
    /// The longest life of anything sealed.
    pub sealed_s: i64,
}

/// Why keys were not rotated. Those in use stay in use.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// What the previous key made is still good, and this rotation would take the key away.
    #[error("the last rotation is too recent: what the previous key made is good until {}",
        until.rfc3339())]
    TooSoon {
        /// Until when.
        until: Instant,
    },
    /// The change was not committed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// A key could not be made or opened.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// The thread that makes keys ended.
    #[error("the thread that makes keys ended")]
    Thread,
}

impl From<StoreError> for RotationError {
    fn from(error: StoreError) -> Self {
        Self::System(error.into())
    }
}

/// The keys after a rotation, or as they stand where it was only rehearsed.
#[derive(Debug)]
pub struct Rotated {
    /// Those of the kind, wrapped.
    pub keys: Vec<KeyRecord>,
    /// The IDs of those that went, or would go.
    pub retired: Vec<String>,
}

/// Who may open and replace stored keys.
pub struct KeyKeeper {
    master: Arc<MasterKey>,
    stream: SystemStream,
    kept_for: KeptFor,
    /// One rotation at a time.
    rotating: tokio::sync::Mutex<()>,
}

impl KeyKeeper {
    /// A keeper of the keys under this master key.
    pub fn new(master: Arc<MasterKey>, stream: SystemStream, kept_for: KeptFor) -> Self {
        Self { master, stream, kept_for, rotating: tokio::sync::Mutex::default() }
    }

    /// A new key for a provider's webhooks: as the provider is told it, and as it is stored.
    ///
    /// # Errors
    /// It could not be made.
    pub fn webhook_key(&self) -> Result<(Secret, KeyRecord), SecurityError> {
        WebhookKey::generate(&self.master, self.stream.clock().now().seconds())
    }

    /// Tells what a rotation would do, or why it may not be.
    pub async fn rehearse(&self, kind: Kind) -> Result<Rotated, RotationError> {
        let records = self.may_rotate(kind).await?;
        let previous = records
            .iter()
            .filter(|record| record.state == crate::security::KeyState::Previous)
            .filter(|record| kind.purposes().contains(&record.purpose));
        let retired = previous.map(|record| record.kid.clone()).collect();
        Ok(Rotated { keys: of_kind(records, kind), retired })
    }

    /// Rotates: journalled and stored first, then in use in `ring`.
    pub async fn rotate(
        &self,
        ring: &KeyRing,
        asked: &Asked,
        kind: Kind,
    ) -> Result<Rotated, RotationError> {
        let _rotating = self.rotating.lock().await;
        let records = self.may_rotate(kind).await?;
        let rotated = self.make(records.clone(), kind).await?;
        // Opened before it is stored: what cannot be used must not be what the next start finds.
        let fresh = KeyRing::open(&self.master, &rotated)?;
        let retired = missing_in(&records, &rotated);
        self.stream.change(asked, |_| Ok(change(&records, &rotated))).await?;
        ring.exchange(fresh);
        Ok(Rotated { keys: of_kind(rotated, kind), retired })
    }

    async fn may_rotate(&self, kind: Kind) -> Result<Vec<KeyRecord>, RotationError> {
        let records = read(self.stream.store()).await?;
        let kept_s = match kind {
            Kind::Signing => self.kept_for.signed_s,
            Kind::Sealing => self.kept_for.sealed_s,
        };
        let opens = |purpose: &KeyPurpose| KeyRing::rotation_opens_at_s(&records, *purpose, kept_s);
        let opens_at_s = kind.purposes().iter().filter_map(opens).max();
        match opens_at_s {
            Some(at_s) if at_s > self.stream.clock().now().seconds() => {
                let until = Instant::from_micros(at_s.saturating_mul(1_000_000));
                Err(RotationError::TooSoon { until })
            }
            _ => Ok(records),
        }
    }

    /// Makes the new keys beside the requests: RSA keys take a good part of a second.
    async fn make(
        &self,
        records: Vec<KeyRecord>,
        kind: Kind,
    ) -> Result<Vec<KeyRecord>, RotationError> {
        let (master, now_s) = (Arc::clone(&self.master), self.stream.clock().now().seconds());
        let made = tokio::task::spawn_blocking(move || match kind {
            Kind::Sealing => KeyRing::rotate_seal(&master, &records, now_s),
            Kind::Signing => {
                SigningAlgorithm::ALL.into_iter().try_fold(records, |all, algorithm| {
                    KeyRing::rotate_signing(&master, &all, algorithm, now_s)
                })
            }
        });
        Ok(made.await.map_err(|_| RotationError::Thread)??)
    }
}

fn of_kind(records: Vec<KeyRecord>, kind: Kind) -> Vec<KeyRecord> {
    records.into_iter().filter(|record| kind.purposes().contains(&record.purpose)).collect()
}

/// The IDs of those that only `these` have.
fn missing_in(these: &[KeyRecord], others: &[KeyRecord]) -> Vec<String> {
    let known: BTreeSet<&str> = others.iter().map(|record| record.kid.as_str()).collect();
    let missing = these.iter().filter(|record| !known.contains(record.kid.as_str()));
    missing.map(|record| record.kid.clone()).collect()
}

/// One commit: the keys that are new or stand elsewhere are put, those that went are deleted.
fn change(before: &[KeyRecord], after: &[KeyRecord]) -> SystemChange {
    let made = missing_in(after, before);
    let retired = missing_in(before, after);
    let made_events = made.into_iter().map(|kid| SystemEvent::KeyMade { kid });
    let retired_events = retired.iter().cloned().map(|kid| SystemEvent::KeyRetired { kid });
    SystemChange {
        events: made_events.chain(retired_events).collect(),
        put: after.iter().filter(|record| !before.contains(record)).map(put).collect(),
        delete: retired.into_iter().map(|kid| Delete::Key { kid }).collect(),
    }
}

fn put(record: &KeyRecord) -> Put {
    Put::Key { kid: record.kid.clone(), record: record::to_json(record) }
}

/// The stored keys, wrapped.
pub async fn read(store: &dyn Store) -> Result<Vec<KeyRecord>, StoreError> {
    let bodies = store.keys().await?;
    if bodies.is_empty() && were_made(store).await? {
        let what = "the system stream says that keys were made, and no row of any is there";
        return Err(StoreError::damaged("keys", what));
    }
    bodies.iter().map(|body| record::from_json("a key's row", body)).collect()
}

/// Whether keys were ever made here: then new ones in their place would be others, by which no
/// passport ID is found any more.
async fn were_made(store: &dyn Store) -> Result<bool, StoreError> {
    let mut seq = 0;
    loop {
        let rows = store.events(&Stream::System, seq, 256).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        seq = last.seq;
        for row in &rows {
            let entry: Entry<SystemEvent> = record::from_json("the system stream", &row.entry)?;
            if entry.events.iter().any(|event| matches!(event, SystemEvent::KeyMade { .. })) {
                return Ok(true);
            }
        }
    }
}

/// Stores the first keys of an installation.
pub async fn keep_first(
    store: &dyn Store,
    committer: &Committer,
    clock: &Clock,
    records: &[KeyRecord],
) -> Result<(), SystemError> {
    let (_, seq) = read_system(store).await?;
    let SystemChange { events, put, .. } = change(&[], records);
    let mut batch = system_batch(seq, clock.now(), events);
    batch.put.extend(put);
    match committer.commit(batch).await? {
        Outcome::Committed { .. } => Ok(()),
        Outcome::Refused(_) => {
            Err(StoreError::damaged("the system stream", "another process writes it").into())
        }
    }
}
