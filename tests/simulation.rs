//! The simulation: thousands of worlds, each from a seed (reliability.md I1 to I6, I8 and I9, and
//! its fault tests 1, 2, 3, 5, 6, 7, 8, 11, 14, 16, 17, 19, 20 and 26 below the web).
//!
//! `LINEPASS_SIM_SEEDS=n` lets n worlds happen; `LINEPASS_SIM_SEED=s` one, and prints its trace.

mod simulated;

use simulated::world::{self, Broken, Counts, Whole};
use std::{
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Worlds of a run that names no number.
const SEEDS: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text}; a number is allowed")))
}

/// The world of a seed, or a panic that tells how to see it again.
fn whole(seed: u64) -> Whole {
    world::run(seed, false).unwrap_or_else(|broken| {
        let again = format!(
            "see it again with:\n  \
             LINEPASS_SIM_SEED={seed} cargo test --test simulation every_world -- --nocapture"
        );
        told(seed, &broken, &again)
    })
}

fn told(seed: u64, broken: &Broken, again: &str) -> ! {
    let last = broken.trace.len().saturating_sub(40);
    let (violations, trace) = (broken.violations.join("\n  "), broken.trace[last..].join("\n"));
    panic!("seed {seed} breaks:\n  {violations}\n{trace}\n{again}")
}

/// Ends the others' work where its own ends by a panic.
struct Last<'a>(&'a AtomicU64);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(u64::MAX / 2, Ordering::Relaxed);
        }
    }
}

/// Lets so many worlds happen, on all cores; what they came to together.
fn all(seeds: u64, one: impl Fn(u64) -> Whole + Sync) -> Counts {
    let (next, counts) = (AtomicU64::new(0), Mutex::new(Counts::default()));
    let worker = || loop {
        // One world that breaks is enough.
        let _last = Last(&next);
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return;
        }
        let whole = one(seed);
        counts.lock().expect("no panic").add(&whole.counts);
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
    counts.into_inner().expect("no panic")
}

#[test]
fn every_world_keeps_what_it_acknowledged_and_breaks_no_rule() {
    if let Some(seed) = number("LINEPASS_SIM_SEED") {
        let done = world::run(seed, true);
        let whole = done.unwrap_or_else(|broken| {
            panic!("seed {seed} breaks:\n  {}", broken.violations.join("\n  "))
        });
        println!("{:?}", whole.counts);
        return;
    }
    let seeds = number("LINEPASS_SIM_SEEDS").unwrap_or(SEEDS);
    let counts = all(seeds, whole);
    println!("{seeds} worlds: {counts:?}");
    // A run in which nothing happened would prove nothing.
    let floors = [counts.kills, counts.power_cuts, counts.failed_commits, counts.failed_openings];
    assert!(floors.iter().all(|count| *count > seeds / 40), "{counts:?}");
    assert!(counts.purchases > seeds * 4 && counts.unknown > seeds, "{counts:?}");
    assert!(counts.closes > seeds / 40, "{counts:?}");
}

/// reliability.md 22: whatever the order in which they arrive, I3 to I5 hold.
#[test]
fn ten_thousand_races_of_cancelling_restricting_transferring_and_limits_break_no_rule() {
    const LINES: u64 = 100;
    let counts = all(100, |seed| {
        world::race(seed, LINES)
            .unwrap_or_else(|broken| told(seed, &broken, "the seed of a hundred races"))
    });
    println!("races: {counts:?}");
    assert!(counts.purchases > 20_000 && counts.refused > 10_000, "{counts:?}");
}

#[test]
fn the_same_seed_makes_the_same_world() {
    for seed in 0..20 {
        let (one, other) = (whole(seed), whole(seed));
        let differs = one.trace.iter().zip(&other.trace).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one.fingerprint, other.fingerprint, "seed {seed}");
    }
}
