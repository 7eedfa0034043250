//! Providers and their catalogue: read whole at the start, kept in memory, journalled at each
//! change.

use super::committer::{CommitError, Committer};
use crate::{
    clock::Clock,
    domain::{
        ids::ProviderId,
        line::{By, Entry},
        provider::{Provider, ProviderEvent},
        registration::ProviderRefusal,
    },
    security::KeyRecord,
    store::{
        Batch, Delete, MOST_ROW_BYTES, Outcome, Put, Store, StoreError, Stream, StreamKind,
        WebhookState, record,
    },
};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Mutex;

/// Why a provider was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The first event of a new provider must register it.
    #[error("no such provider")]
    Unknown,
    /// A rule says no; nothing changed.
    #[error(transparent)]
    Refused(#[from] ProviderRefusal),
    /// Nothing was written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Known = HashMap<ProviderId, Arc<Provider>>;

/// All providers.
pub struct Providers {
    known: RwLock<Known>,
    /// The last sequence number of each stream; locked for the length of a change.
    sequences: Mutex<HashMap<ProviderId, u64>>,
    /// Grows with each change.
    version: AtomicU64,
    store: Arc<dyn Store>,
    committer: Committer,
    clock: Clock,
}

impl Providers {
    /// Reads all of them.
    pub async fn load(
        store: Arc<dyn Store>,
        committer: Committer,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let (mut known, mut sequences) = (Known::new(), HashMap::new());
        let mut after = None;
        loop {
            let page = store.streams(StreamKind::Providers, after.as_ref(), 64).await?;
            for stream in &page {
                let Stream::Provider(id) = stream else { continue };
                let (provider, seq) = read_provider(store.as_ref(), id).await?;
                sequences.insert(id.clone(), seq);
                known.extend(provider.map(|provider| (id.clone(), Arc::new(provider))));
            }
            match page.into_iter().last() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let (known, sequences) = (RwLock::new(known), Mutex::new(sequences));
        Ok(Self { known, sequences, version: AtomicU64::new(0), store, committer, clock })
    }

    /// A provider by its ID.
    pub fn get(&self, id: &ProviderId) -> Option<Arc<Provider>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// How often any of them changed since the start.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// All of them, by ID.
    pub fn all(&self) -> Vec<Arc<Provider>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        all.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        all
    }

    /// Commits what happened to a provider and shows it to everybody who asks from then on.
    pub async fn change(
        &self,
        id: &ProviderId,
        by: By,
        events: Vec<ProviderEvent>,
    ) -> Result<(), ProviderError> {
        self.decide(id, by, None, &[], |_| Ok(events)).await.map(drop)
    }

    /// Has a rule decide on the provider as it stands, nobody else changing it meanwhile, and
    /// commits what happens. How many events that was; none is no change. `new_keys` are those that
    /// the events may name: a key is stored with the event that adds it, and goes with the one that
    /// retires it.
    pub async fn decide(
        &self,
        id: &ProviderId,
        by: By,
        request_id: Option<String>,
        new_keys: &[KeyRecord],
        decide: impl FnOnce(Option<&Provider>) -> Result<Vec<ProviderEvent>, ProviderRefusal>,
    ) -> Result<usize, ProviderError> {
        let mut sequences = self.sequences.lock().await;
        let seq = sequences.get(id).copied().unwrap_or(0);
        let state = self.get(id).map(|provider| Provider::clone(&provider));
        let events = decide(state.as_ref())?;
        let count = events.len();
        if count == 0 {
            return Ok(0);
        }
        let evolve = |state, event: &ProviderEvent| Provider::evolve(state, id, event.clone());
        let changed = events.iter().fold(state.clone(), evolve).ok_or(ProviderError::Unknown)?;
        let (mut put, mut delete) = key_rows(&events, new_keys);
        self.webhook_rows(state.as_ref(), &changed, &mut put, &mut delete);
        let entry = Entry { at: self.clock.now(), by, request_id, events };
        let rows = rows(entry);
        let last = seq + rows.len() as u64;
        let mut batch = Batch::events(Stream::Provider(id.clone()), seq, rows);
        batch.put.extend(put);
        batch.delete.extend(delete);
        match self.committer.commit(batch).await? {
            Outcome::Committed { .. } => {}
            Outcome::Refused(_) => {
                let what = "another process changed the provider";
                return Err(StoreError::damaged(id.as_str(), what).into());
            }
        }
        sequences.insert(id.clone(), last);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.clone(), Arc::new(changed));
        drop(known);
        self.version.fetch_add(1, Ordering::Release);
        Ok(count)
    }

    /// A provider that asks for webhooks is told of what happens after what is durable now; one that
    /// stops them leaves nothing.
    fn webhook_rows(
        &self,
        before: Option<&Provider>,
        changed: &Provider,
        put: &mut Vec<Put>,
        delete: &mut Vec<Delete>,
    ) {
        let wanted = before.filter(|before| before.webhook_url.is_some());
        let provider = &changed.id;
        let is_another = wanted.is_none_or(|before| before.webhook_epoch != changed.webhook_epoch);
        if let Some(before) = wanted.filter(|_| is_another) {
            delete
                .push(Delete::Webhooks { provider: provider.clone(), epoch: before.webhook_epoch });
        }
        if changed.webhook_url.is_some() && is_another {
            let state = WebhookState::after(self.store.durable_block());
            put.push(Put::Webhooks {
                provider: provider.clone(),
                epoch: changed.webhook_epoch,
                state,
            });
        }
    }
}

/// The rows of keys that come and go with these events.
fn key_rows(events: &[ProviderEvent], new_keys: &[KeyRecord]) -> (Vec<Put>, Vec<Delete>) {
    let (mut put, mut delete) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            ProviderEvent::WebhookKeyAdded { kid } => {
                let own = new_keys.iter().filter(|key| key.kid == *kid);
                put.extend(
                    own.map(|key| Put::Key { kid: kid.clone(), record: record::to_json(key) }),
                );
            }
            ProviderEvent::WebhookKeyRetired { kid } => {
                delete.push(Delete::Key { kid: kid.clone() });
            }
            _ => {}
        }
    }
    (put, delete)
}

/// An entry as JSON, in as many rows as it needs: a large catalogue is more than one holds.
fn rows(mut entry: Entry<ProviderEvent>) -> Vec<Vec<u8>> {
    let whole = record::to_json(&entry);
    if whole.len() <= MOST_ROW_BYTES || entry.events.len() < 2 {
        return vec![whole];
    }
    let half = entry.events.split_off(entry.events.len() / 2);
    let rest =
        Entry { events: half, by: entry.by.clone(), request_id: entry.request_id.clone(), ..entry };
    [rows(entry), rows(rest)].concat()
}

async fn read_provider(
    store: &dyn Store,
    id: &ProviderId,
) -> Result<(Option<Provider>, u64), StoreError> {
    let stream = Stream::Provider(id.clone());
    let (mut provider, mut seq) = (None, 0);
    loop {
        let rows = store.events(&stream, seq, 256).await?;
        let Some(last) = rows.last() else { return Ok((provider, seq)) };
        seq = last.seq;
        for row in &rows {
            let place = format!("event {} of {stream}", row.seq);
            let entry: Entry<ProviderEvent> = record::from_json(&place, &row.entry)?;
            let evolve = |state, event| Provider::evolve(state, id, event);
            provider = entry.events.into_iter().fold(provider, evolve);
        }
    }
}
