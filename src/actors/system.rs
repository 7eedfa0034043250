//! Changes of Linepass as a whole, which operators ask for: one after the other, each journalled
//! in the system stream before it counts.

use super::{
    committer::{CommitError, Committer},
    receipts::read_system,
};
use crate::{
    clock::Clock,
    domain::{
        line::{By, Entry},
        system::{Notice, SystemEvent, SystemRefusal, SystemState},
    },
    store::{Batch, Delete, Outcome, Put, Store, StoreError, Stream, record},
};
use std::sync::{Arc, PoisonError, RwLock};

/// Why a change was not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] SystemRefusal),
    /// Too much waits, or the store has no room.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who asks for a change of the whole, and by which request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who, and why.
    pub by: By,
    /// The request's ID.
    pub request_id: Option<String>,
}

/// What a change comes to.
#[derive(Debug, Default)]
pub struct SystemChange {
    /// What happens; nothing is committed where this is empty.
    pub events: Vec<SystemEvent>,
    /// Rows that come with it.
    pub put: Vec<Put>,
    /// Rows that go with it.
    pub delete: Vec<Delete>,
}

/// The system stream, for whoever changes it.
#[derive(Clone)]
pub struct SystemStream {
    store: Arc<dyn Store>,
    committer: Committer,
    clock: Clock,
}

impl SystemStream {
    /// The stream; `clock` is the host's.
    pub fn new(store: Arc<dyn Store>, committer: Committer, clock: Clock) -> Self {
        Self { store, committer, clock }
    }

    /// The store, for what stands beside the stream.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The time of its events.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How it stands.
    pub async fn state(&self) -> Result<SystemState, StoreError> {
        Ok(read_system(self.store.as_ref()).await?.0)
    }

    /// Decides on the stream as it stands and commits; decides again where another change came
    /// first. The state after it.
    pub async fn change(
        &self,
        asked: &Asked,
        decide: impl Fn(&SystemState) -> Result<SystemChange, SystemRefusal>,
    ) -> Result<SystemState, SystemError> {
        loop {
            let (state, seq) = read_system(self.store.as_ref()).await?;
            let SystemChange { events, put, delete } = decide(&state)?;
            if events.is_empty() {
                return Ok(state);
            }
            let next = events.iter().fold(state, SystemState::evolve);
            let (by, request_id) = (asked.by.clone(), asked.request_id.clone());
            let entry = Entry { at: self.clock.now(), by, request_id, events };
            let mut batch = Batch::event(Stream::System, seq, record::to_json(&entry));
            batch.put.extend(put);
            batch.delete.extend(delete);
            if let Outcome::Committed { .. } = self.committer.commit(batch).await? {
                return Ok(next);
            }
        }
    }
}

/// Whether maintenance is on: asked by every request, changed by operators.
pub struct Maintenance {
    stream: SystemStream,
    notice: RwLock<Option<Arc<Notice>>>,
    /// Held from a change's decision until the notice is up, so that both come in one order.
    changing: tokio::sync::Mutex<()>,
}

impl Maintenance {
    /// As the journal left it.
    pub async fn load(stream: SystemStream) -> Result<Self, StoreError> {
        let notice = stream.state().await?.maintenance.map(Arc::new);
        Ok(Self { stream, notice: RwLock::new(notice), changing: tokio::sync::Mutex::default() })
    }

    /// What households are told, where it is on.
    pub fn notice(&self) -> Option<Arc<Notice>> {
        self.notice.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts it on, or another notice up.
    pub async fn begin(&self, asked: &Asked, notice: &Notice) -> Result<(), SystemError> {
        self.change(asked, |state| Ok(state.begin_maintenance(notice))).await
    }

    /// Ends it.
    pub async fn end(&self, asked: &Asked) -> Result<(), SystemError> {
        self.change(asked, SystemState::end_maintenance).await
    }

    async fn change(
        &self,
        asked: &Asked,
        decide: impl Fn(&SystemState) -> Result<Vec<SystemEvent>, SystemRefusal>,
    ) -> Result<(), SystemError> {
        let _changing = self.changing.lock().await;
        let whole = |state: &SystemState| {
            Ok(SystemChange { events: decide(state)?, ..SystemChange::default() })
        };
        let state = self.stream.change(asked, whole).await?;
        let notice = state.maintenance.map(Arc::new);
        *self.notice.write().unwrap_or_else(PoisonError::into_inner) = notice;
        Ok(())
    }
}
