//! Who may evaluate now: one at a time for each (ID, source), and for each ID no more at once than
//! failures are left to its limit.
//!
//! Gates exist while somebody stands at them, so their memory is bounded by the requests that are
//! under way.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use ipnetwork::IpNetwork;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use super::{Attempt, Held, Shared};

type IdKey = [u8; 32];
type PairKey = (IdKey, IpNetwork);

#[derive(Default)]
pub(super) struct Gates {
    pairs: HashMap<PairKey, PairGate>,
    ids: HashMap<IdKey, IdGate>,
    /// At all gates of pairs together.
    visitors: usize,
}

impl Gates {
    /// How many attempts are at the gates, in their turn or waiting for it.
    pub(super) fn visitors(&self) -> usize {
        self.visitors
    }
}

#[derive(Default)]
struct PairGate {
    visitors: usize,
    // Tokio's mutex is fair: first come, first served.
    turn: Arc<Mutex<()>>,
}

#[derive(Default)]
struct IdGate {
    visitors: usize,
    evaluating: u32,
    freed: Arc<Notify>,
}

#[cfg(test)]
impl Gates {
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.ids.is_empty() && self.visitors == 0
    }
}

/// The turn of one (ID, source), until dropped.
pub(super) struct Turn {
    // The turn ends before the visit does.
    _turn: OwnedMutexGuard<()>,
    _visit: PairVisit,
}

struct PairVisit {
    shared: Arc<Shared>,
    key: PairKey,
}

impl Turn {
    /// Waits for the turn. Who stops waiting leaves no trace.
    pub(super) async fn wait(shared: &Arc<Shared>, key: PairKey) -> Self {
        let turn = {
            let mut state = shared.state();
            let gate = state.gates.pairs.entry(key).or_default();
            gate.visitors += 1;
            let turn = Arc::clone(&gate.turn);
            state.gates.visitors += 1;
            turn
        };
        let visit = PairVisit { shared: Arc::clone(shared), key };
        Self { _turn: turn.lock_owned().await, _visit: visit }
    }
}

impl Drop for PairVisit {
    fn drop(&mut self) {
        let gates = &mut self.shared.state().gates;
        if let Some(gate) = gates.pairs.get_mut(&self.key) {
            gate.visitors -= 1;
            gates.visitors -= 1;
            if gate.visitors == 0 {
                gates.pairs.remove(&self.key);
            }
        }
    }
}

/// One evaluation of an ID's password, until dropped. The line's own attempts do not count.
pub(super) struct Evaluation(Option<IdVisit>);

struct IdVisit {
    shared: Arc<Shared>,
    id_key: IdKey,
    freed: Arc<Notify>,
    evaluating: bool,
}

impl Evaluation {
    /// Checks the holds again, now that it is this attempt's turn, and waits while as many
    /// evaluations are under way as failures are left: else the sources of a spread attack would
    /// outrun the limit of the ID.
    pub(super) async fn begin(shared: &Arc<Shared>, attempt: &Attempt) -> Result<Self, Held> {
        if attempt.own_line {
            shared.state().ledger.check(attempt, shared.now())?;
            return Ok(Self(None));
        }
        let mut visit = IdVisit::new(shared, attempt.id_key);
        let freed = Arc::clone(&visit.freed);
        loop {
            let mut freed = pin!(freed.notified());
            // Registered before the look, so that what is freed in between is not missed.
            freed.as_mut().enable();
            if visit.try_begin(attempt)? {
                return Ok(Self(Some(visit)));
            }
            freed.await;
        }
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl IdVisit {
    fn new(shared: &Arc<Shared>, id_key: IdKey) -> Self {
        let mut state = shared.state();
        let gate = state.gates.ids.entry(id_key).or_default();
        gate.visitors += 1;
        let freed = Arc::clone(&gate.freed);
        Self { shared: Arc::clone(shared), id_key, freed, evaluating: false }
    }

    fn try_begin(&mut self, attempt: &Attempt) -> Result<bool, Held> {
        let now = self.shared.now();
        let mut state = self.shared.state();
        state.ledger.check(attempt, now)?;
        let allowance = state.ledger.id_allowance(&self.id_key, now);
        if let Some(gate) = state.gates.ids.get_mut(&self.id_key)
            && gate.evaluating < allowance
        {
            gate.evaluating += 1;
            self.evaluating = true;
        }
        Ok(self.evaluating)
    }
}

impl Drop for IdVisit {
    fn drop(&mut self) {
        let ids = &mut self.shared.state().gates.ids;
        if let Some(gate) = ids.get_mut(&self.id_key) {
            gate.visitors -= 1;
            gate.evaluating -= u32::from(self.evaluating);
            if gate.visitors == 0 {
                ids.remove(&self.id_key);
            }
        }
        self.freed.notify_waiters();
    }
}
