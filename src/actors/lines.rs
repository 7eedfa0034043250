//! The door to all lines: ask, and be answered.

use super::{
    LineError, Overload,
    change::Change,
    directory::{Directory, IsAwake, Refresh, Route},
    line::{Answer, Ask, LineServices, LineView, Look, Make},
};
use crate::{domain::ids::CustomerId, metrics::lately::Lately};
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
    turned_away: Arc<[Lately; Overload::ALL.len()]>,
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
        let (asking, turned_away) = (Arc::default(), Arc::default());
        Self { directories, asking, most_asking, turned_away }
    }

    /// The same, of which what is turned away is counted in the whole too.
    #[must_use]
    pub fn with_refusals_in(self, whole: &Lately) -> Self {
        let turned_away = std::array::from_fn(|_| Lately::part_of(whole));
        Self { turned_away: Arc::new(turned_away), ..self }
    }

    /// How the line stands.
    pub async fn look(&self, customer: CustomerId) -> Result<LineView, Arc<LineError>> {
        let (reply, answer) = oneshot::channel();
        let looked = self.ask(customer, Ask::Look(Look(reply)), answer).await;
        self.counted(looked.and_then(|answer| answer))
    }

    /// Makes a change: durable, or refused, when this returns.
    pub async fn make(&self, customer: CustomerId, change: Change) -> Answer {
        let (reply, answer) = oneshot::channel();
        let make = Ask::Make(Make { change: Box::new(change), reply });
        let made = self.ask(customer, make, answer).await;
        self.counted(made.and_then(|answer| answer))
    }

    /// Whether the line is awake now. One that is not has nothing under way.
    pub async fn is_awake(&self, customer: CustomerId) -> bool {
        let (reply, answer) = oneshot::channel();
        self.directory(customer).do_send(IsAwake { customer, reply });
        answer.await.unwrap_or(false)
    }

    /// Has a line that is awake read itself again, for whoever changed it past its actor; when this
    /// returns, whoever asks it is answered from what was committed.
    pub async fn refresh(&self, customer: CustomerId) {
        let (reply, answer) = oneshot::channel();
        self.directory(customer).do_send(Refresh { customer, reply });
        // No answer is an actor that ended: the next one reads the line anyway.
        let _ = answer.await;
    }

    /// How many requests wait for lines now, for metrics.
    pub fn asking(&self) -> usize {
        self.asking.load(Ordering::Relaxed)
    }

    /// How many may.
    pub const fn most_asking(&self) -> usize {
        self.most_asking
    }

    /// The requests that were turned away for this reason.
    pub fn turned_away(&self, overload: Overload) -> &Lately {
        &self.turned_away[overload as usize]
    }

    /// Counts an answer that turned the request away.
    fn counted<T>(&self, answer: Result<T, Arc<LineError>>) -> Result<T, Arc<LineError>> {
        if let Err(error) = &answer
            && let LineError::Busy(overload) = **error
        {
            self.turned_away[overload as usize].add();
        }
        answer
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
        Err(Arc::new(LineError::Busy(Overload::Requests)))
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
