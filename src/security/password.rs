//! The hashing pool: Argon2id on threads that each reuse their memory.
//!
//! A fresh allocation for each hash halves what a machine can do, so each thread keeps its blocks.
//! The queue is bounded: past it the caller hears [`PoolError::Overloaded`] at once, so a flood of
//! logins costs neither memory nor the other pages (security.md 17). `standing.rs` has how long it may
//! be.
//!
//! Every [`PasswordPool::verify`] is exactly one hash, also for an ID that does not exist and for
//! a stored hash that cannot be read (security.md 2, 3), so time tells nobody who exists.

mod hasher;
mod keyed;
mod phc;
mod standing;
mod waiting;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use argon2::Params;
use tokio::sync::oneshot;

use self::hasher::Hasher;
pub use self::keyed::ImportKey;
pub use self::phc::{NotImportable, SALT_BYTES, check_imported};
use self::standing::Standing;
use self::waiting::{Taking, Waiting};
use super::SecurityError;
use super::secret::Secret;
use crate::metrics::{histogram::Histogram, lately::Lately};

/// The most memory for one hash in KiB: 1 GiB. A stored hash that asks for more is not ours.
pub(super) const MAX_MEMORY_KIB: u32 = 1024 * 1024;
/// The most passes for one hash.
pub(super) const MAX_PASSES: u32 = 64;
/// The most lanes for one hash.
pub(super) const MAX_LANES: u32 = 64;

/// What one Argon2id hash (version 0x13, RFC 9106) costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; they are computed one after another by one thread.
    pub lanes: u32,
}

impl Default for HashCost {
    /// 19 MiB, 2 passes, 1 lane: OWASP's password storage recommendation.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

impl HashCost {
    /// The parameters for Argon2, if they are within its limits and ours.
    fn params(self) -> Result<Params, SecurityError> {
        let allowed = self.memory_kib <= MAX_MEMORY_KIB
            && self.passes <= MAX_PASSES
            && self.lanes <= MAX_LANES;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None);
        params.ok().filter(|_| allowed).ok_or(SecurityError::HashCost {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
            max_memory_kib: MAX_MEMORY_KIB,
            max_passes: MAX_PASSES,
            max_lanes: MAX_LANES,
        })
    }
}

/// The PHC string of a password under a salt of the caller's, for data that must come out the same
/// each time they are made; whatever a person chose goes to [`PasswordPool::hash`], which draws one.
///
/// # Errors
/// A cost outside the limits, or no memory.
pub fn hash_with_salt(
    cost: HashCost,
    password: &Secret,
    salt: &[u8; phc::SALT_BYTES],
) -> Result<String, SecurityError> {
    // No imported key is looked at here.
    let mut hasher = Hasher::new(cost, ImportKey::new([0; 32]))?;
    let hash = hasher.hash_with(password, salt);
    hash.ok_or_else(|| SecurityError::PoolStart(std::io::ErrorKind::OutOfMemory.into()))
}

/// What the check of a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was stored.
    pub matches: bool,
    /// The stored hash has another cost than is configured now. After a match the caller hashes
    /// the password anew, after its answer.
    pub rehash_wanted: bool,
}

/// Why the pool gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full: 503 with Retry-After.
    #[error("too many passwords wait to be hashed")]
    Overloaded,
    /// The pool's threads have ended or could not finish this hash.
    #[error("the password pool has stopped")]
    Stopped,
}

/// The pool. A clone is one more handle of the same pool; when the last one is dropped, the
/// threads finish what is queued and end.
#[derive(Clone)]
pub struct PasswordPool {
    waiting: Arc<Waiting<Queued>>,
    /// One for each that waits.
    calls: Sender<()>,
    counters: Arc<Counters>,
    import_key: ImportKey,
    threads: usize,
    queue_limit: usize,
    longest_standing_wait: Duration,
    turned_away: Lately,
}

struct Counters {
    standing: Standing,
    hashes_total: AtomicU64,
    wait_s: Histogram,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            standing: Standing::new(),
            hashes_total: AtomicU64::new(0),
            wait_s: Histogram::of_seconds(),
        }
    }
}

/// A job and since when it waits for a thread.
struct Queued {
    since: Instant,
    job: Job,
}

enum Job {
    Hash {
        password: Secret,
        reply: oneshot::Sender<Option<String>>,
    },
    Verify {
        password: Secret,
        stored_phc: Option<String>,
        reply: oneshot::Sender<Option<Verdict>>,
    },
    /// Holds a thread until the test lets go.
    #[cfg(test)]
    Pause(Receiver<()>),
}

impl Job {
    /// Nobody waits any more: the browser has gone.
    fn is_abandoned(&self) -> bool {
        match self {
            Job::Hash { reply, .. } => reply.is_closed(),
            Job::Verify { reply, .. } => reply.is_closed(),
            #[cfg(test)]
            Job::Pause(_) => false,
        }
    }

    /// Does the work. A requester that left meanwhile is no error.
    fn run(self, hasher: &mut Hasher, counters: &Counters) {
        match self {
            Job::Hash { password, reply } => {
                counters.hashes_total.fetch_add(1, Ordering::Relaxed);
                let _ = reply.send(hasher.hash(&password));
            }
            Job::Verify { password, stored_phc, reply } => {
                counters.hashes_total.fetch_add(1, Ordering::Relaxed);
                let _ = reply.send(hasher.verify(&password, stored_phc.as_deref()));
            }
            #[cfg(test)]
            Job::Pause(until) => {
                let _ = until.recv();
            }
        }
    }
}

impl PasswordPool {
    /// Starts `threads` threads, each with memory for one hash of this cost, and a queue for
    /// `queue_limit` hashes beside the ones that are being made. `import_key` is what imported
    /// access keys are kept under until their first sign-in.
    ///
    /// # Errors
    /// A cost outside the limits, no thread, no queue, or no memory.
    pub fn start(
        cost: HashCost,
        import_key: ImportKey,
        threads: usize,
        queue_limit: usize,
    ) -> Result<Self, SecurityError> {
        if threads == 0 || queue_limit == 0 {
            return Err(SecurityError::PoolSize { threads, queue_limit });
        }
        let counters = Arc::new(Counters::default());
        let waiting = Arc::new(Waiting::new());
        let (calls, called) = channel();
        let called = Arc::new(Mutex::new(called));
        for number in 0..threads {
            let hasher = Hasher::new(cost, import_key.clone())?;
            let (thread, called) = (waiting.thread(), Arc::clone(&called));
            let counters = Arc::clone(&counters);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(hasher, &thread, &called, &counters))
                .map_err(SecurityError::PoolStart)?;
        }
        let longest_standing_wait = Duration::MAX;
        let turned_away = Lately::default();
        Ok(Self {
            waiting,
            calls,
            counters,
            import_key,
            threads,
            queue_limit,
            longest_standing_wait,
            turned_away,
        })
    }

    /// The same where, once passwords have waited without a pause for a while, and for some seconds after, no
    /// more are taken than can be hashed in this time.
    #[must_use]
    pub fn with_longest_standing_wait(self, wait: Duration) -> Self {
        Self { longest_standing_wait: wait, ..self }
    }

    /// The same, of which what is turned away is counted in the whole too.
    #[must_use]
    pub fn with_refusals_in(self, whole: &Lately) -> Self {
        Self { turned_away: Lately::part_of(whole), ..self }
    }

    /// How many may wait now: whoever would come after these is turned away before anything is done for
    /// it.
    pub fn most_waiting(&self) -> usize {
        let standing = &self.counters.standing;
        standing.most(self.queue_limit, self.threads, self.longest_standing_wait)
    }

    /// Whether this job is taken. A new password is made by whoever is signed in already, an operator
    /// among them: for those some places are left that no rush of logins fills.
    fn takes(&self, job: &Job) -> bool {
        let is_new = matches!(job, Job::Hash { .. });
        let reserve = if is_new { RESERVE } else { 0 };
        self.queued() < self.most_waiting() + reserve
    }

    /// The key of the hashes that an import keeps.
    pub fn import_key(&self) -> &ImportKey {
        &self.import_key
    }

    /// Hashes a new password under the configured cost with a salt of its own; the PHC string is
    /// for the store.
    pub async fn hash(&self, password: Secret) -> Result<String, PoolError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Instant::now(), Job::Hash { password, reply })?;
        answer.await.ok().flatten().ok_or(PoolError::Stopped)
    }

    /// Checks a password with exactly one hash. `None` is an ID that does not exist: a hash of the
    /// configured cost is made all the same, and so it is for a stored hash that cannot be read;
    /// neither matches. A stored hash of another cost is checked at its own cost; one that an import
    /// keyed costs a hash of the configured cost beside its own check, and is to be made anew.
    pub async fn verify(
        &self,
        password: Secret,
        stored_phc: Option<String>,
    ) -> Result<Verdict, PoolError> {
        self.verify_since(Instant::now(), password, stored_phc).await
    }

    /// The same for a login that came then, and has waited for its turn at the ID since: it goes before
    /// those that came later.
    ///
    /// # Errors
    /// The pool takes no more, or it stops.
    pub async fn verify_since(
        &self,
        came: Instant,
        password: Secret,
        stored_phc: Option<String>,
    ) -> Result<Verdict, PoolError> {
        let (reply, answer) = oneshot::channel();
        self.submit(came, Job::Verify { password, stored_phc, reply })?;
        answer.await.ok().flatten().ok_or(PoolError::Stopped)
    }

    /// How many hashes were made since the start, for metrics and for tests that every login costs
    /// one.
    pub fn hashes_total(&self) -> u64 {
        self.counters.hashes_total.load(Ordering::Relaxed)
    }

    /// How many hashes wait for a thread now.
    pub fn queued(&self) -> usize {
        self.waiting.len()
    }

    /// The hashes that were not taken because the queue was full.
    pub const fn turned_away(&self) -> &Lately {
        &self.turned_away
    }

    /// Seconds that hashes waited for a thread, for metrics.
    pub fn wait_s(&self) -> &Histogram {
        &self.counters.wait_s
    }

    fn submit(&self, came: Instant, job: Job) -> Result<(), PoolError> {
        if !self.takes(&job) {
            self.turned_away.add();
            return Err(PoolError::Overloaded);
        }
        let now = Instant::now();
        // Whoever waited elsewhere goes before those that came meanwhile, but nobody is overtaken for longer
        // than it may wait here.
        let oldest = now.checked_sub(self.longest_standing_wait);
        let came = oldest.map_or(came, |oldest| came.max(oldest));
        let (queued, most) = (Queued { since: now, job }, self.queue_limit + RESERVE);
        self.waiting.push(came, queued, most, || self.counters.standing.begins()).inspect_err(
            |error| {
                if *error == PoolError::Overloaded {
                    self.turned_away.add();
                }
            },
        )?;
        self.calls.send(()).map_err(|_| PoolError::Stopped)
    }
}

/// Places of the queue that checks of passwords leave for new ones.
const RESERVE: usize = 4;

/// By how much hashing yields to whatever else wants a processor.
const NICE: i32 = 5;

/// One thread's life: until every handle of the pool is gone.
fn work(
    mut hasher: Hasher,
    thread: &Taking<Queued>,
    called: &Mutex<Receiver<()>>,
    counters: &Counters,
) {
    // A flood of logins must not slow a purchase at its confirmation (reliability.md 32): on Linux this
    // is the calling thread's alone. Where it is refused, hashing is as important as the rest.
    let _ = rustix::process::nice(NICE);
    loop {
        // The guard lives for this statement only: one thread waits for a job, the others for it.
        let call = called.lock().unwrap_or_else(PoisonError::into_inner).recv();
        if call.is_err() {
            return;
        }
        let next = thread.pop(|| counters.standing.ends());
        let Some(Queued { since, job }) = next else { continue };
        counters.wait_s.observe(since.elapsed().as_secs_f64());
        if !job.is_abandoned() {
            let began = Instant::now();
            job.run(&mut hasher, counters);
            counters.standing.hashed(began.elapsed());
        }
    }
}

#[cfg(test)]
mod tests;
