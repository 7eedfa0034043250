//! The arguments of `linepass seed`.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use crate::{
    app::seed::{configured, plan::MOST_LINES, secrets::MOST_PASSWORDS},
    cli::args::{parse_time, parse_whole},
    config::Config,
    domain::synthetic::{PLAN, Spread, SyntheticData},
};
use clap::{Args as ClapArgs, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;

/// Examples below the long help.
pub const EXAMPLES: &str = "Examples:\n  \
    linepass seed --lines 100000 --seed 42 --credentials credentials.jsonl\n      \
    The same lines, passwords and providers each time.\n  \
    linepass seed --lines 1000000 --seed 42 --purchases 1000000 --config load.toml\n      \
    With a million purchases over six months, most by a few lines.\n\n\
    Interrupted, the same command goes on where it ended.";

/// The largest seed: what a JSON number holds exactly everywhere (RFC 8259 section 6).
pub const LARGEST_SEED: u64 = (1 << 53) - 1;
/// The most purchases.
const MOST_PURCHASES: u64 = 100_000_000;

/// `linepass seed`.
#[derive(Debug, Clone, ClapArgs)]
pub struct SeedArgs {
    /// Access lines to make up
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = parse_whole::<u64, 1, MOST_LINES>)]
    pub lines: u64,
    /// The number that everything is drawn from
    #[arg(long, value_name = "S", allow_hyphen_values = true, value_parser = parse_whole::<u64, 0, LARGEST_SEED>)]
    pub seed: u64,
    /// Completed purchases over all lines, 60 for each line at most
    #[arg(long, value_name = "M", default_value_t = 0,
          allow_hyphen_values = true, value_parser = parse_whole::<u64, 0, MOST_PURCHASES>)]
    pub purchases: u64,
    /// How purchases lie over the lines
    #[arg(long, value_enum, default_value = "zipf")]
    pub spread: SpreadArg,
    /// Nothing of the data happened later, RFC 3339; purchases lie in the six months before
    #[arg(long, value_name = "TIME", default_value = "2025-01-01T00:00:00+09:00",
          allow_hyphen_values = true, value_parser = parse_time)]
    pub until: Timestamp,
    /// Passwords, each with one hash of the configured cost, that all passport IDs share; and as
    /// many access keys for the lines
    #[arg(long, value_name = "K", default_value_t = 16,
          allow_hyphen_values = true, value_parser = parse_whole::<u32, 1, { MOST_PASSWORDS as u64 }>)]
    pub passwords: u32,
    /// File to write the credentials into, JSON Lines for its owner alone; it must not exist
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// The configuration, over the built-in defaults; LINEPASS__SECTION__KEY in the environment
    /// overrides both
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

/// The ways in which purchases can lie over lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SpreadArg {
    /// The n-th most eager line buys an n-th of what the first does
    Zipf,
    /// All lines buy alike
    Uniform,
}

impl SeedArgs {
    /// What the data are made from, with what of the configuration they follow.
    pub fn data(&self, config: &Config) -> SyntheticData {
        let (first_customer, hash) = configured(config);
        SyntheticData {
            seed: self.seed,
            lines: self.lines,
            purchases: self.purchases,
            spread: match self.spread {
                SpreadArg::Zipf => Spread::Zipf,
                SpreadArg::Uniform => Spread::Uniform,
            },
            until: self.until.into(),
            passwords: self.passwords,
            plan: PLAN,
            first_customer,
            hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        cli::{Args, Command},
        config::Config,
    };
    use clap::Parser as _;

    fn parse(rest: &str) -> Result<super::SeedArgs, clap::Error> {
        let line = format!("linepass seed {rest}");
        Args::try_parse_from(line.split_whitespace()).map(|args| match args.command {
            Command::Seed(args) => args,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn two_arguments_say_all_and_the_rest_depends_on_nothing() {
        let args = parse("--lines 10 --seed 42").expect("enough");
        let config = Config::load(None, std::iter::empty()).expect("the defaults");
        assert_eq!(
            args.data(&config).to_string(),
            "--lines 10 --seed 42 --purchases 0 --spread zipf --until \
             2025-01-01T00:00:00+09:00 --passwords 16, with customer IDs from CAF0000000001 on \
             (line.customer_id_prefixes) and hashes of 19456 KiB, 2 passes and 1 lanes \
             (password.hash_*)"
        );
        assert!(args.credentials.is_none() && args.config.is_none() && !args.json);
    }

    #[test]
    fn a_wrong_number_is_told_with_what_is_allowed() {
        for (rest, said) in [
            ("--seed 1", "--lines <N>"),
            ("--lines 1", "--seed <S>"),
            ("--lines 0 --seed 1", "allowed is a whole number from 1 to 10000000"),
            (
                "--lines 10000001 --seed 1",
                "--lines <N>': allowed is a whole number from 1 to 10000000",
            ),
            ("--lines 1 --seed=-1", "invalid value '-1'"),
            ("--lines 1 --seed 9007199254740992", "from 0 to 9007199254740991"),
            ("--lines 1 --seed x", "a whole number from 0"),
            ("--lines -3 --seed 1", "'-3' for '--lines <N>': allowed is"),
            ("--lines 1.5 --seed 1", "'--lines <N>': allowed is"),
            ("--lines 99999999999999999999 --seed 1", "'--lines <N>': allowed is"),
            ("--lines 1 --seed 1 --purchases=-1", "invalid value '-1'"),
            ("--lines 1 --seed 1 --passwords 0", "a whole number from 1 to 256"),
            ("--lines 1 --seed 1 --spread normal", "zipf, uniform"),
            ("--lines 1 --seed 1 --until 2025-01-01", "RFC 3339"),
        ] {
            let error = parse(rest).map(drop).expect_err(rest);
            assert_eq!(error.exit_code(), 2, "{rest}");
            assert!(error.to_string().contains(said), "{rest} says {error}");
        }
    }
}
