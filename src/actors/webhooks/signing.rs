//! The keys that sign, unwrapped once and kept for all lanes.

use crate::{
    actors::keys,
    security::{MasterKey, WebhookKey},
    store::{Store, StoreError},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The keys of all providers' webhooks.
pub struct SigningKeys {
    master: Arc<MasterKey>,
    store: Arc<dyn Store>,
    opened: Mutex<HashMap<String, Arc<WebhookKey>>>,
}

impl SigningKeys {
    /// Keys under this master key; they are read when the first is asked for.
    pub fn new(master: Arc<MasterKey>, store: Arc<dyn Store>) -> Self {
        Self { master, store, opened: Mutex::default() }
    }

    /// The keys with these IDs, in order.
    ///
    /// # Errors
    /// One is missing, or cannot be read or unwrapped.
    pub async fn of(&self, kids: &[String]) -> Result<Vec<Arc<WebhookKey>>, StoreError> {
        if let Some(known) = self.known(kids) {
            return Ok(known);
        }
        let records = keys::read(self.store.as_ref()).await?;
        // Those that were retired are needed by nobody any more.
        self.opened().retain(|kid, _| records.iter().any(|record| record.kid == *kid));
        let wanted = |kid: &str| records.iter().find(|record| record.kid == kid);
        for kid in kids {
            let place = format!("key {kid}");
            let record =
                wanted(kid).ok_or_else(|| StoreError::damaged(&*place, "it is missing"))?;
            let opened = WebhookKey::open(&self.master, record);
            let opened = opened.map_err(|error| StoreError::damaged(&*place, error.to_string()))?;
            self.opened().insert(kid.clone(), Arc::new(opened));
        }
        let missing = || StoreError::damaged("keys", "one went while it was read");
        self.known(kids).ok_or_else(missing)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<WebhookKey>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, kids: &[String]) -> Option<Vec<Arc<WebhookKey>>> {
        let opened = self.opened();
        kids.iter().map(|kid| opened.get(kid).cloned()).collect()
    }
}
