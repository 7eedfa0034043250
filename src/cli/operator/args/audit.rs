//! `linepass audit` as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::ServerArgs;
use crate::domain::ids::{CustomerId, ProviderId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `linepass audit`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Walk the whole chain of blocks and name the first that is broken
    #[command(
        long_about = "Walks the whole chain: each block follows from the one before, each event row \
                      is as its block closed it, each personal row is what its event committed to \
                      or is gone by an event that says so. Exits with 0 where it is whole, 1 where \
                      it is broken. The running server walks beside its work; with --offline this \
                      command opens the store itself, which no server may have then. It writes no \
                      row; the storage engine may tidy its own files, so for evidence copy the \
                      folder first and look at the copy.",
        after_long_help = "Examples:\n  \
        linepass audit verify\n  \
        linepass audit verify --json | jq .first_broken_block\n  \
        linepass audit verify --offline --config /etc/linepass/linepass.toml\n  \
        linepass audit verify --offline --store /mnt/copy/store --master-key-file /root/master.key"
    )]
    Verify(AuditVerifyArgs),
    /// Show who did what, when and why: the entries of a line, a provider, or Linepass itself
    #[command(
        long_about = "Shows entries of the journal, newest last: when, who with the reason, the \
                      request's ID, the events, and what an operator's entry changed of a line, \
                      before and after. Nothing personal: of personal rows their numbers and \
                      commitments alone.",
        after_long_help = "Examples:\n  \
        linepass audit show --line CAF0000012573\n  \
        linepass audit show --system --from 1 -n 50\n  \
        linepass audit show --provider a-sha --json | jq '.entries[] | select(.by.who == \"operator\")'"
    )]
    Show(AuditShowArgs),
}

/// `linepass audit verify`.
#[derive(Debug, Clone, Args)]
pub struct AuditVerifyArgs {
    /// Open the store without a server; exits with 1 where one has it
    #[arg(long)]
    pub offline: bool,
    /// The store's folder, instead of the configuration's
    #[arg(long, value_name = "DIR", requires = "offline", requires = "master_key_file")]
    pub store: Option<PathBuf>,
    /// The file of that store's master key
    #[arg(long, value_name = "FILE", requires = "offline", requires = "store")]
    pub master_key_file: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass audit show`.
#[derive(Debug, Clone, Args)]
#[group(id = "stream", required = true, multiple = false, args = ["line", "provider", "system"])]
pub struct AuditShowArgs {
    /// The entries of this line
    #[arg(long, value_name = "CUSTOMER_ID")]
    pub line: Option<CustomerId>,
    /// The entries of this provider
    #[arg(long, value_name = "PROVIDER_ID")]
    pub provider: Option<ProviderId>,
    /// The entries of Linepass as a whole
    #[arg(long)]
    pub system: bool,
    /// The first entry by its number [default: so that the last ones are shown]
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    pub from: Option<u64>,
    /// How many at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(1..=200))]
    pub number: u64,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}
