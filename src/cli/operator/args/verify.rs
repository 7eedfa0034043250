//! `linepass verify` as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::ServerArgs;
use clap::Args;
use std::path::PathBuf;

/// What the help shows at the end.
pub const EXAMPLES: &str = "Examples:\n  \
    linepass verify\n  \
    linepass verify --json | jq '.invariants[] | select(.faults > 0)'\n  \
    linepass verify --offline --config /etc/linepass/linepass.toml\n  \
    linepass verify --offline --store /mnt/copy/store --master-key-file /root/master.key\n  \
    linepass verify --ledger orders.jsonl --ledger-complete";

/// `linepass verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Open the store without a server; exits with 1 where one has it
    #[arg(long)]
    pub offline: bool,
    /// The store's folder, instead of the configuration's
    #[arg(long, value_name = "DIR", requires = "offline", requires = "master_key_file")]
    pub store: Option<PathBuf>,
    /// The file of that store's master key
    #[arg(long, value_name = "FILE", requires = "offline", requires = "store")]
    pub master_key_file: Option<PathBuf>,
    /// What clients know of their orders, as JSON Lines: it is held against the store
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// The ledger names every order of its providers: any other is a fault
    #[arg(long, requires = "ledger")]
    pub ledger_complete: bool,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}
