//! Prefixes that go from one line to another: what a line is given is taken from whoever
//! has it, in the same commit, so that no prefix ever has two owners or none (security.md 57).
//!
//! Such a change concerns several streams, so it goes past the lines' actors: the batch expects
//! the last sequence number of each stream, and an actor that is awake reads its line again before
//! anybody is answered.

use super::{
    LineError, Overload,
    bulk::Bulk,
    change::{self, Change, Prepared, What},
    line::{Done, refused},
};
use crate::{
    domain::{
        calendar::Instant,
        ids::CustomerId,
        line::{By, Command, Entry, Event, Facts, Line, Refusal, decide},
        provisioning::overlap,
    },
    store::{Batch, Broken, Outcome, Reservation},
};
use ipnetwork::IpNetwork;
use std::{collections::BTreeMap, sync::Arc};

/// How often a change is planned anew where a stream moved on meanwhile.
const TRIES: u32 = 8;
/// From so many lines one change takes prefixes: a row of events for each stands in one block.
const MOST_OWNERS: usize = 32;

/// What a line lost to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFrom {
    /// Which line.
    pub customer: CustomerId,
    /// Its prefixes that it lost.
    pub networks: Vec<IpNetwork>,
}

/// A change that was made, or would be.
#[derive(Debug, Clone)]
pub struct Moved {
    /// What happened to the line.
    pub done: Done,
    /// What happened to others by it.
    pub taken: Vec<TakenFrom>,
}

/// A change, decided for every line that it concerns.
struct Plan {
    moved: Moved,
    /// None where nothing changes.
    batch: Option<Batch>,
}

impl Bulk {
    /// Makes a change, and takes from other lines the prefixes that it gives to this one. Durable,
    /// and known to every line that is awake, or refused, when this returns.
    pub async fn make_taking(
        &self,
        customer: CustomerId,
        change: &Change,
    ) -> Result<Moved, Arc<LineError>> {
        // At first beside all others, as most changes concern one line; whoever met another change
        // waits for those that did too, so that they do not meet again.
        let mut turn = None;
        for _ in 0..TRIES {
            let Plan { moved, batch } = self.plan(customer, change).await?;
            let Some(batch) = batch else { return Ok(moved) };
            let lost = moved.taken.iter().map(|lost| lost.customer);
            let changed = std::iter::once(customer).chain(lost).collect();
            match self.commit(batch, changed).await {
                Ok(Outcome::Committed { .. }) => return Ok(moved),
                Ok(Outcome::Refused(
                    Broken::Sequence(_) | Broken::Taken(Reservation::Network(_)),
                )) => {}
                Ok(Outcome::Refused(broken)) => {
                    let busy = LineError::Busy(Overload::Contention);
                    return Err(Arc::new(refused(broken).unwrap_or(busy)));
                }
                Err(error) => return Err(Arc::new(error.into())),
            }
            if turn.is_none() {
                turn = Some(self.moving.lock().await);
            }
        }
        Err(Arc::new(LineError::Busy(Overload::Contention)))
    }

    /// What [`Self::make_taking`] would do; nothing is written.
    pub async fn rehearse_taking(
        &self,
        customer: CustomerId,
        change: &Change,
    ) -> Result<Moved, Arc<LineError>> {
        Ok(self.plan(customer, change).await?.moved)
    }

    async fn plan(&self, customer: CustomerId, change: &Change) -> Result<Plan, Arc<LineError>> {
        let (line, place) = self.read(customer).await?;
        let line = line.as_ref();
        let mut decided = self.decide(customer, line, place.seq, change, &change.what)?;
        let mut taken = Vec::new();
        for (owner, lost) in self.owners(customer, line, &decided.entry).await? {
            let (theirs, place) = self.read(owner).await?;
            let held = theirs.as_ref().map_or(&[][..], |line| &line.networks);
            let stays = |network: &IpNetwork| !lost.iter().any(|lost| overlap(*network, *lost));
            let left: Vec<IpNetwork> = held.iter().copied().filter(stays).collect();
            // It gave them up between the two looks.
            if left.len() == held.len() {
                continue;
            }
            let command = What::Plain(Box::new(Command::SetNetworks(left)));
            let other = self.decide(owner, theirs.as_ref(), place.seq, change, &command)?;
            decided.batch.expect.extend(other.batch.expect);
            decided.batch.put.extend(other.batch.put);
            decided.batch.delete.extend(other.batch.delete);
            taken.push(TakenFrom { customer: owner, networks: lost });
        }
        let batch = (!decided.entry.events.is_empty()).then_some(decided.batch);
        let done = Done { entry: Arc::new(decided.entry), completed: None, repeated: false };
        Ok(Plan { moved: Moved { done, taken }, batch })
    }

    /// Which other lines have what the entry gives to this one.
    async fn owners(
        &self,
        customer: CustomerId,
        line: Option<&Line>,
        entry: &Entry,
    ) -> Result<BTreeMap<CustomerId, Vec<IpNetwork>>, Arc<LineError>> {
        let held = line.map_or(&[][..], |line| &line.networks);
        let given = entry.events.iter().filter_map(|event| match event {
            Event::NetworksSet { networks } => Some(networks),
            _ => None,
        });
        let new = given.flatten().filter(|network| !held.contains(network));
        let mut owners: BTreeMap<CustomerId, Vec<IpNetwork>> = BTreeMap::new();
        for network in new {
            let found = self.services.store.owners(*network).await;
            for (theirs, holder) in found.map_err(|error| Arc::new(LineError::Store(error)))? {
                if holder.customer != customer && overlap(theirs, *network) {
                    let lost = owners.entry(holder.customer).or_default();
                    if !lost.contains(&theirs) {
                        lost.push(theirs);
                    }
                }
            }
            if owners.len() > MOST_OWNERS {
                let refusal = Refusal::TooManyOwners { most: MOST_OWNERS };
                return Err(Arc::new(LineError::Refused(refusal)));
            }
        }
        Ok(owners)
    }

    fn decide(
        &self,
        customer: CustomerId,
        line: Option<&Line>,
        last: u64,
        change: &Change,
        what: &What,
    ) -> Result<Decided, Arc<LineError>> {
        let services = &self.services;
        let at = self.time(line);
        let facts = Facts { now: at, receipt: None, source: None, defaults: services.defaults };
        let Prepared { command, rows } = change::prepare(customer, line, what, services.draw_salt);
        let events = decide(line, &command, &facts);
        let events = events.map_err(|refusal| Arc::new(LineError::Refused(refusal)))?;
        let (by, request_id): (By, _) = (change.by.clone(), change.request_id.clone());
        let entry = Entry { at, by, request_id, events };
        let batch = change::batch(customer, line, last, &entry, what, &rows);
        Ok(Decided { entry, batch })
    }

    /// The time of a decision, never before the line's last event.
    fn time(&self, line: Option<&Line>) -> Instant {
        let now = self.services.clock.now();
        line.map_or(now, |line| line.last_event_at.max(now))
    }
}

struct Decided {
    entry: Entry,
    batch: Batch,
}

#[cfg(test)]
#[path = "networks_tests.rs"]
pub(super) mod tests;
