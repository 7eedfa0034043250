//! Data that `linepass seed` made up: the mark by which a store that holds them is known for good,
//! and what they were made from, so that the same command goes on and no other adds to them.

use super::{calendar::Instant, ids::CustomerId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which plan the data follow. Whatever makes other data of the same arguments raises it: a store
/// that an earlier one began is then refused instead of being mixed.
///
/// | plan | what it changed |
/// |---|---|
/// | 1 | the first |
/// | 2 | a line's address is one that there is not; the mark tells how IDs begin and what a hash costs |
pub const PLAN: u32 = 2;

/// What synthetic data were made from. The shape is stored and final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyntheticData {
    /// The number that everything is drawn from.
    pub seed: u64,
    /// How many access lines.
    pub lines: u64,
    /// How many completed purchases over all lines.
    pub purchases: u64,
    /// How these lie over the lines.
    pub spread: Spread,
    /// Nothing of them happened later.
    pub until: Instant,
    /// How many passwords there are, each with one hash, shared by all passport IDs.
    pub passwords: u32,
    /// The version of the plan, [`PLAN`] when it was made.
    pub plan: u32,
    /// The customer ID of the first line: all of them begin as it does, with the first of
    /// `line.customer_id_prefixes`. Marks of plan 1 do not tell it.
    #[serde(default = "usual_first_customer")]
    pub first_customer: CustomerId,
    /// What a hash of a password costs (`password.hash_*`). Marks of plan 1 do not tell it.
    #[serde(default)]
    pub hash: HashWork,
}

/// What a hash costs to make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashWork {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// The first line's customer ID with the prefix that the configuration has by default.
///
/// # Panics
/// Never: it is three capital letters and ten digits.
pub fn usual_first_customer() -> CustomerId {
    "CAF0000000001".parse().expect("a customer ID")
}

/// How purchases lie over the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// The n-th most eager line buys an n-th of what the first does.
    Zipf,
    /// All lines buy alike.
    Uniform,
}

impl fmt::Display for SyntheticData {
    /// As the arguments of the command that made them, and what of the configuration they follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, lines, purchases, spread, until, passwords, plan, first_customer, hash } =
            self;
        let spread = match spread {
            Spread::Zipf => "zipf",
            Spread::Uniform => "uniform",
        };
        write!(
            f,
            "--lines {lines} --seed {seed} --purchases {purchases} --spread {spread} --until {} \
             --passwords {passwords}",
            until.rfc3339()
        )?;
        if *plan != PLAN {
            return write!(f, " (of plan {plan}, another version's)");
        }
        let HashWork { memory_kib, passes, lanes } = hash;
        write!(
            f,
            ", with customer IDs from {first_customer} on (line.customer_id_prefixes) and hashes of \
             {memory_kib} KiB, {passes} passes and {lanes} lanes (password.hash_*)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_stored_like_this_and_reads_as_the_command() {
        let stored = serde_json::json!({
            "seed": 42, "lines": 1000, "purchases": 500, "spread": "zipf",
            "until": 1_735_657_200_000_000_i64, "passwords": 16, "plan": 2,
            "first_customer": "CAG0000000001",
            "hash": { "memory_kib": 19_456, "passes": 2, "lanes": 1 },
        });
        let data: SyntheticData = serde_json::from_value(stored.clone()).expect("reads");
        assert_eq!(serde_json::to_value(data).expect("writes"), stored);
        assert_eq!(
            data.to_string(),
            "--lines 1000 --seed 42 --purchases 500 --spread zipf --until \
             2025-01-01T00:00:00+09:00 --passwords 16, with customer IDs from CAG0000000001 on \
             (line.customer_id_prefixes) and hashes of 19456 KiB, 2 passes and 1 lanes \
             (password.hash_*)"
        );
        let other = SyntheticData { plan: PLAN + 1, ..data };
        assert!(other.to_string().ends_with("--passwords 16 (of plan 3, another version's)"));
    }

    #[test]
    fn a_mark_of_plan_1_is_read_and_is_another_one() {
        let stored = serde_json::json!({
            "seed": 42, "lines": 1000, "purchases": 500, "spread": "zipf",
            "until": 1_735_657_200_000_000_i64, "passwords": 16, "plan": 1,
        });
        let data: SyntheticData = serde_json::from_value(stored).expect("reads");
        assert!(data.to_string().ends_with("(of plan 1, another version's)"), "{data}");
    }
}
