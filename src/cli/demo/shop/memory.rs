//! What the shop remembers: flows that are under way, and what each browser bought.
//!
//! All of it is bounded and gone when the demo ends. A real shop keeps orders and receipts in a
//! database; nothing else would differ.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tokio::sync::OnceCell;

use super::error::ShopError;
use super::oidc::{Asked, CancellationReceipt, FlowSecrets, Receipt};

/// Flows kept; the oldest gives way.
const FLOWS: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// Browsers whose purchases are kept; the one that was longest away gives way.
const SESSIONS: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// Purchases kept for each browser.
const PURCHASES_EACH: usize = 50;

/// One trip of one browser to Linepass and back.
pub struct Flow {
    /// The browser that began it: only it may end it.
    pub session: String,
    /// Index of the provider in the configuration.
    pub provider: usize,
    /// What ties the answer to the request.
    pub secrets: FlowSecrets,
    /// Nothing when it is a login only.
    pub asked: Option<Asked>,
    /// Set once, by the exchange of the code; a reload finds it here.
    pub outcome: OnceCell<Result<Outcome, ShopError>>,
}

/// What a flow came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Bought: deliver.
    Bought(Receipt),
    /// Cancelled: deliver no more.
    Cancelled(CancellationReceipt),
    /// Logged in, nothing bought.
    LoggedIn {
        /// The passport ID as this provider knows it.
        sub: String,
        /// How it was recognised.
        acr: Option<String>,
    },
}

/// One thing that a browser bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Index of the provider in the configuration.
    pub seller: usize,
    /// The provider's name.
    pub provider: String,
    /// The item's name, as it was when it was bought.
    pub item: String,
    /// The proof.
    pub receipt: Receipt,
    /// The proof that its contract has ended.
    pub cancelled: Option<CancellationReceipt>,
}

impl Purchase {
    fn is_of(&self, contract: &str) -> bool {
        self.receipt.contract.as_deref() == Some(contract)
    }
}

/// The shop's memory, shared by its handlers.
pub struct Memory {
    inner: Mutex<Inner>,
}

struct Inner {
    flows: LruCache<String, Arc<Flow>>,
    purchases: LruCache<String, Vec<Purchase>>,
}

impl Memory {
    /// Empty.
    pub fn new() -> Self {
        let inner = Inner { flows: LruCache::new(FLOWS), purchases: LruCache::new(SESSIONS) };
        Self { inner: Mutex::new(inner) }
    }

    /// Keeps a flow under its state.
    pub fn begin(&self, flow: Flow) {
        self.lock().flows.put(flow.secrets.state.clone(), Arc::new(flow));
    }

    /// The flow with that state, if this browser began it.
    pub fn flow(&self, state: &str, session: &str) -> Option<Arc<Flow>> {
        self.lock().flows.get(state).filter(|flow| flow.session == session).cloned()
    }

    /// Keeps a purchase, newest first. The receipt of an order that was asked for again is the same
    /// receipt, and stands once.
    pub fn bought(&self, session: &str, purchase: Purchase) {
        let mut inner = self.lock();
        let list = inner.purchases.get_or_insert_mut(session.to_owned(), Vec::new);
        if list.iter().all(|old| old.receipt.receipt_number != purchase.receipt.receipt_number) {
            list.insert(0, purchase);
            list.truncate(PURCHASES_EACH);
        }
    }

    /// Keeps that a contract has ended.
    pub fn cancelled(&self, session: &str, receipt: &CancellationReceipt) {
        if let Some(purchases) = self.lock().purchases.get_mut(session) {
            let of_contract = purchases.iter_mut().filter(|one| one.is_of(&receipt.contract));
            of_contract.for_each(|purchase| purchase.cancelled = Some(receipt.clone()));
        }
    }

    /// The purchase that opened a contract, if this browser made it.
    pub fn contract(&self, session: &str, contract: &str) -> Option<Purchase> {
        let mut inner = self.lock();
        inner.purchases.get(session)?.iter().find(|one| one.is_of(contract)).cloned()
    }

    /// What this browser bought, newest first.
    pub fn purchases(&self, session: &str) -> Vec<Purchase> {
        self.lock().purchases.get(session).cloned().unwrap_or_default()
    }

    /// Each change is a single step, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
