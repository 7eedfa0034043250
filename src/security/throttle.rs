//! How many wrong passwords are looked at, and for how long nobody is heard then.
//!
//! A permit is taken before the password is hashed. For each (ID, source) one evaluation runs at a
//! time and the others wait for their turn: valid parallel logins all pass (security.md 5), and
//! parallel guesses cannot outrun the count (security.md 4), since whoever waits when the threshold
//! is crossed is refused without a hash. A refused attempt changes no count (security.md 9).
//!
//! | scope | crossed by | who is held |
//! |---|---|---|
//! | (ID, /64 or /32) | 5 failures in a row | that pair |
//! | ID | 100 failures from elsewhere than its line | all but the line itself |
//! | /64 or /32 | 100 failures in an hour over all IDs | that source |
//! | /48 or /24 | 1,000 failures in an hour over all IDs | that network, but for IDs on their own line |
//! | one password | wrong for 50 IDs in an hour | who tries that password, but for IDs on their own line |
//!
//! The numbers are [`ThrottlePolicy`]'s defaults. Each crossing holds for a minute; each further
//! failure after it doubles the wait, up to 15 minutes. Unknown IDs are counted alike. Time is
//! monotonic, so a changed wall clock neither ends nor lengthens a hold (security.md 12). Memory
//! is bounded: past `max_tracked` the stalest entry goes.
//!
//! Whoever tries on the ID's own line is held by that line's own failures alone, at the ID and as a
//! source: neither the count of the ID elsewhere, nor a neighbour in the same network, nor somebody
//! who sprays the same password can hold a household on its own line.

mod gate;
mod ledger;
mod tally;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnetwork::IpNetwork;

use self::gate::{Evaluation, Gates, Turn};
use self::ledger::Ledger;
use super::source::Source;

/// The numbers of the throttle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottlePolicy {
    /// Failures in a row of one ID from one source that cause the first wait.
    pub failures_before_wait: u32,
    /// The first wait; it doubles with each further failure.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// Failures of one ID from all sources but its line that hold all but the line (NIST SP
    /// 800-63B allows 100).
    pub id_failures_elsewhere: u32,
    /// Failures of one source over all IDs in a window that hold the source.
    pub source_failures: u32,
    /// Failures of one /48 or /24 over all IDs in a window that hold that network.
    pub aggregate_failures: u32,
    /// How many IDs one password may be wrong for in a window before nobody may try it.
    pub password_ids: u32,
    /// The window of the last three.
    pub window: Duration,
    /// How long after the last failure the first two counts are forgotten.
    pub forget_after: Duration,
    /// How many entries each scope keeps at most.
    pub max_tracked: usize,
}

impl Default for ThrottlePolicy {
    fn default() -> Self {
        Self {
            failures_before_wait: 5,
            first_wait: Duration::from_mins(1),
            longest_wait: Duration::from_mins(15),
            id_failures_elsewhere: 100,
            source_failures: 100,
            aggregate_failures: 1_000,
            password_ids: 50,
            window: Duration::from_hours(1),
            forget_after: Duration::from_hours(12),
            max_tracked: 100_000,
        }
    }
}

/// One try of one password. It holds no password and no name, only keyed hashes of them.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// The keyed hash of the ID, known or unknown.
    pub id_key: [u8; 32],
    /// Where it comes from.
    pub source: Source,
    /// The source is the ID's own line.
    pub own_line: bool,
    /// A keyed hash of the password, if one password over many IDs is to be noticed.
    pub password_fingerprint: Option<[u8; 32]>,
}

impl Attempt {
    fn pair(&self) -> ([u8; 32], IpNetwork) {
        (self.id_key, self.source.throttle_prefix())
    }
}

/// Nobody is heard now: refuse without hashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failures, again in {retry_after_s} s")]
pub struct Held {
    /// When to come again, in whole seconds, one at least. For logs and Retry-After headers of
    /// machines; a household sees the page of every refused login (security.md 1).
    pub retry_after_s: u64,
}

/// One hold that a failure caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The failures that led to it.
    pub failures: u32,
    /// How long it lasts in seconds.
    pub wait_s: u64,
}

/// A hold as the journal has it, or as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedHold {
    /// Of this source; with `None` of all but the line.
    pub source_prefix: Option<IpNetwork>,
    /// The failures that led to it.
    pub failures: u32,
    /// What is left of it. The longest wait caps it, so a wrong clock locks
    /// nobody out (security.md 12).
    pub remaining: Duration,
}

/// What a failure led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FailureOutcome {
    /// A hold of this ID began: the caller commits it, so that it survives a restart
    /// (security.md 11).
    pub crossed_threshold: bool,
    /// The hold of this ID from this source.
    pub source_hold: Option<Hold>,
    /// The hold of this ID from everywhere but its line.
    pub id_hold: Option<Hold>,
    /// A source, a network or a password is held over all IDs: for logs and metrics.
    pub aggregate_hold: bool,
}

/// The throttle: a cheap handle, all clones share one memory.
#[derive(Clone)]
pub struct Throttle(Arc<Shared>);

struct Shared {
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    ledger: Ledger,
    gates: Gates,
}

impl Shared {
    fn now(&self) -> Duration {
        (self.clock)()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Throttle {
    /// So many attempts may wait for their turn in the whole process. Past it whoever comes is told to
    /// come again before anything is done for it, since those who wait take up memory and nobody's
    /// patience is that long.
    pub const MOST_WAITING: usize = 1_024;

    /// A throttle on the system's monotonic clock.
    pub fn new(policy: ThrottlePolicy) -> Self {
        let start = Instant::now();
        Self::with_clock(policy, move || start.elapsed())
    }

    /// A throttle on a clock of the caller's: the time since some start, never going back.
    pub fn with_clock(
        policy: ThrottlePolicy,
        clock: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let state = State { ledger: Ledger::new(policy), gates: Gates::default() };
        Self(Arc::new(Shared { clock: Box::new(clock), state: Mutex::new(state) }))
    }

    /// Waits for the turn of this (ID, source) and says whether the password may be looked at.
    /// `own_line` exempts from the count over all sources only.
    pub async fn permit(
        &self,
        id_key: [u8; 32],
        source: Source,
        own_line: bool,
    ) -> Result<Permit, Held> {
        self.permit_attempt(Attempt { id_key, source, own_line, password_fingerprint: None }).await
    }

    /// Like [`Throttle::permit`], with the password's fingerprint.
    pub async fn permit_attempt(&self, attempt: Attempt) -> Result<Permit, Held> {
        let came = Instant::now();
        // Turned away at once, without waiting for a turn.
        self.0.state().ledger.check(&attempt, self.0.now())?;
        let turn = Turn::wait(&self.0, attempt.pair()).await;
        let evaluation = Evaluation::begin(&self.0, &attempt).await?;
        let shared = Arc::clone(&self.0);
        Ok(Permit { attempt, came, shared, _evaluation: evaluation, _turn: turn })
    }

    /// Whether this ID is held from this source, which nothing needs to be looked up for: the
    /// other holds depend on whether the source is the ID's own line.
    pub fn is_held_here(&self, id_key: [u8; 32], source: Source) -> bool {
        let pair = (id_key, source.throttle_prefix());
        self.0.state().ledger.is_pair_held(&pair, self.0.now())
    }

    /// Puts back the holds that were committed before a restart (security.md 11). Only the first
    /// call for an ID does anything: what was placed later is here already, and a wall clock that
    /// is set back must not bring back what is over (security.md 12).
    pub fn restore_once(&self, id_key: [u8; 32], holds: impl IntoIterator<Item = CommittedHold>) {
        let now = self.0.now();
        let ledger = &mut self.0.state().ledger;
        if ledger.is_first_look(id_key) {
            for hold in holds {
                ledger.restore(id_key, hold, now);
            }
        }
    }

    /// Ends every hold of an ID, for the desk and after a password change.
    pub fn release(&self, id_key: [u8; 32]) {
        self.0.state().ledger.release(id_key);
    }

    /// The holds of an ID that stand now, as the desk lists them: of each source, and of all but the
    /// line.
    pub fn holds_of(&self, id_key: [u8; 32]) -> Vec<CommittedHold> {
        self.0.state().ledger.holds_of(id_key, self.0.now())
    }

    /// How many attempts wait for their turn.
    pub fn waiting(&self) -> usize {
        self.0.state().gates.visitors()
    }

    /// How many (ID, source) pairs have failures, for metrics.
    pub fn tracked_pairs(&self) -> usize {
        self.0.state().ledger.tracked_pairs()
    }
}

/// The right to look at one password. Dropped without a verdict, it counts nothing: the browser
/// went away, the pool was full, or the refusal had another reason than the password (R-170,
/// security.md 60).
#[must_use = "say `succeeded` or `failed` when the password was looked at"]
pub struct Permit {
    attempt: Attempt,
    came: Instant,
    shared: Arc<Shared>,
    // Released in this order, after the verdict was counted.
    _evaluation: Evaluation,
    _turn: Turn,
}

impl Permit {
    /// When the attempt came, before it waited for its turn.
    pub const fn came(&self) -> Instant {
        self.came
    }

    /// The password was right: the failures of this (ID, source) are forgiven, here and in the
    /// count over all sources; nothing else is (security.md 10).
    pub fn succeeded(self) {
        self.shared.state().ledger.forgive(&self.attempt);
    }

    /// The password was right, but the answer must look as if it was not: counted for this (ID,
    /// source) alone. Were it not, a stranger would learn from the missing wait that the password
    /// is right; were it counted for the ID, a stranger could hold the owner (security.md 60).
    pub fn turned_away(self) -> FailureOutcome {
        let now = self.shared.now();
        self.shared.state().ledger.fail_here(&self.attempt, now)
    }

    /// The password was wrong, or the ID is unknown.
    pub fn failed(self) -> FailureOutcome {
        let now = self.shared.now();
        self.shared.state().ledger.fail(&self.attempt, now)
    }
}

#[cfg(test)]
mod tests;
