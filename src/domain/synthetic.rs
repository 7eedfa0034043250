//! Data that `linepass seed` made up: the mark by which a store that holds them is known for good,
//! and what they were made from, so that the same command goes on and no other adds to them.

use super::calendar::Instant;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which plan the data follow. Whatever makes other data of the same arguments raises it: a store
/// that an earlier one began is then refused instead of being mixed.
pub const PLAN: u32 = 1;

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
    /// As the arguments of the command that made them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, lines, purchases, spread, until, passwords, plan } = self;
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
        if *plan == PLAN { Ok(()) } else { write!(f, " (of plan {plan}, another version's)") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_stored_like_this_and_reads_as_the_command() {
        let stored = serde_json::json!({
            "seed": 42, "lines": 1000, "purchases": 500, "spread": "zipf",
            "until": 1_735_657_200_000_000_i64, "passwords": 16, "plan": 1,
        });
        let data: SyntheticData = serde_json::from_value(stored.clone()).expect("reads");
        assert_eq!(serde_json::to_value(data).expect("writes"), stored);
        assert_eq!(
            data.to_string(),
            "--lines 1000 --seed 42 --purchases 500 --spread zipf --until \
             2025-01-01T00:00:00+09:00 --passwords 16"
        );
        let other = SyntheticData { plan: PLAN + 1, ..data };
        assert!(other.to_string().ends_with("(of plan 2, another version's)"));
    }
}
