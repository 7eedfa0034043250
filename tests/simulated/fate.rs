//! What a whole simulated world shares: dice that fall by the seed, virtual time, and the trace of
//! what happened. The same seed throws the same numbers, so it makes the same world.

use std::{
    fmt::Display,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::time::{Duration, Instant};

/// The dice, the time and the trace.
#[derive(Clone)]
pub struct Fate(Arc<Mutex<State>>);

struct State {
    dice: u64,
    trace: Vec<String>,
    /// Milliseconds before the process that runs now.
    before_ms: u64,
    /// When it began, by the runtime's clock.
    began: Option<Instant>,
    /// Whether the trace is printed as it grows.
    aloud: bool,
}

impl Fate {
    pub fn of(seed: u64, aloud: bool) -> Self {
        let (trace, before_ms, began) = (Vec::new(), 0, None);
        let dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B;
        Self(Arc::new(Mutex::new(State { dice, trace, before_ms, began, aloud })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number (splitmix64).
    fn draw(&self) -> u64 {
        let mut state = self.state();
        state.dice = state.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// An index of something that has so many.
    pub fn index(&self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a length")
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// One of these.
    pub fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    /// Waits for so many virtual milliseconds, below this number.
    pub async fn wait_below(&self, end_ms: u64) {
        let wait_ms = self.below(end_ms);
        if wait_ms > 0 {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// A process begins: its runtime's clock stands where the last one's ended.
    pub fn begin_process(&self) {
        self.state().began = Some(Instant::now());
    }

    /// The process ends; called while its runtime's clock still stands.
    pub fn end_process(&self) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        (state.before_ms, state.began) = (now_ms, None);
    }

    /// Milliseconds since the world began.
    pub fn now_ms(&self) -> u64 {
        let state = self.state();
        let since = state.began.map_or(Duration::ZERO, |began| began.elapsed());
        state.before_ms + u64::try_from(since.as_millis()).expect("short")
    }

    /// Writes down what happened.
    pub fn note(&self, what: impl Display) {
        let line = format!("{:>7} {what}", self.now_ms());
        let mut state = self.state();
        if state.aloud {
            println!("{line}");
        }
        state.trace.push(line);
    }

    /// All that happened.
    pub fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    /// A number that two worlds share where the same happened in them.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.state().trace.hash(&mut hasher);
        hasher.finish()
    }
}
