//! The door to all lines: ask, and be answered.

use super::{
    LineError,
    change::Change,
    directory::{Directory, Route},
    line::{Answer, Ask, LineServices, LineView, Look, Make},
};
use crate::domain::ids::CustomerId;
use actix::prelude::*;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::oneshot;

/// All lines, spread over Arbiters by the hash of their customer ID.
#[derive(Clone)]
pub struct Lines {
    directories: Arc<[Addr<Directory>]>,
    asking: Arc<AtomicUsize>,
    most_asking: usize,
}

impl Lines {
    /// Starts a directory on each of the Arbiters; there must be one at least.
    pub fn start(
        services: &Arc<LineServices>,
        arbiters: &[ArbiterHandle],
        most_asking: usize,
    ) -> Self {
        let start = |arbiter: &ArbiterHandle| {
            let services = Arc::clone(services);
            Directory::start_in_arbiter(arbiter, move |_| Directory::new(services))
        };
        let directories = arbiters.iter().map(start).collect();
        Self { directories, asking: Arc::default(), most_asking }
    }

    /// How the line stands.
    pub async fn look(&self, customer: CustomerId) -> Result<LineView, Arc<LineError>> {
        let (reply, answer) = oneshot::channel();
        self.ask(customer, Ask::Look(Look(reply)), answer).await?
    }

    /// Makes a change: durable, or refused, when this returns.
    pub async fn make(&self, customer: CustomerId, change: Change) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.ask(customer, Ask::Make(Make { change: Box::new(change), reply }), answer).await?
    }

    async fn ask<T>(
        &self,
        customer: CustomerId,
        ask: Ask,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, Arc<LineError>> {
        let _asking = self.admit()?;
        self.directory(customer).do_send(Route { customer, ask });
        answer.await.map_err(|_| Arc::new(LineError::Stopping))
    }

    /// Bounds what is under way in the whole house, since mailboxes do not.
    fn admit(&self) -> Result<Asking<'_>, Arc<LineError>> {
        let asking = Asking(&self.asking);
        if self.asking.fetch_add(1, Ordering::Relaxed) < self.most_asking {
            return Ok(asking);
        }
        Err(Arc::new(LineError::Busy("too many requests are under way")))
    }

    fn directory(&self, customer: CustomerId) -> &Addr<Directory> {
        let mut hasher = DefaultHasher::new();
        customer.hash(&mut hasher);
        let count = self.directories.len().max(1) as u64;
        let index = usize::try_from(hasher.finish() % count).unwrap_or_default();
        &self.directories[index]
    }
}

struct Asking<'a>(&'a AtomicUsize);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
