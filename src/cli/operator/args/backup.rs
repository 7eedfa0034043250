//! `linepass backup` and `restore` as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::ServerArgs;
use crate::{cli::args::parse_whole, domain::reason::Reason};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What the help of `backup` shows at the end.
pub const BACKUP_EXAMPLES: &str = "Examples:\n  \
    linepass backup --out /var/backups/linepass\n      \
    A file of its own in this folder.\n  \
    linepass backup --out /mnt/monday.backup --reason 'before the upgrade' --json\n  \
    linepass backup --out /mnt/now.backup --offline --config /etc/linepass/linepass.toml\n  \
    linepass backup drill --folder /var/tmp --config /etc/linepass/linepass.toml";

/// What the help of `restore` shows at the end.
pub const RESTORE_EXAMPLES: &str = "Examples:\n  \
    linepass restore /mnt/monday.backup --store /var/lib/linepass/store \\\n      \
    --master-key-file /var/lib/linepass/master.key\n  \
    linepass restore /mnt/monday.backup --store /tmp/look --master-key-file /root/master.key --json";

/// Receipt numbers that a restore leaves out: more than any house sells between two backups.
pub const SKIPPED_RECEIPT_NUMBERS: u64 = 10_000_000;

/// `linepass backup`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BackupArgs {
    /// Try a backup from its beginning to its end.
    #[command(subcommand)]
    pub command: Option<BackupCommand>,
    /// The file to write, which must not be there; in a folder, a file with a name of its own
    #[arg(long, value_name = "FILE_OR_DIR", required = true)]
    pub out: Option<PathBuf>,
    /// Why: 1 to 200 characters, kept in the journal with your token's name
    #[arg(long, value_name = "TEXT", default_value = "linepass backup")]
    pub reason: Reason,
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

/// `linepass backup drill`.
#[derive(Debug, Clone, Subcommand)]
pub enum BackupCommand {
    /// Take a backup of the running server, restore it elsewhere and verify it; print the times
    #[command(
        long_about = "Takes a backup of the running server, restores it into a folder of its own, \
                      looks at every invariant of what was restored, prints how long each took, and \
                      takes all of it away again. Exits with 0 where the restored store is whole. \
                      Nothing of the server's own is touched.",
        after_long_help = "Examples:\n  \
        linepass backup drill --folder /var/tmp --config /etc/linepass/linepass.toml\n  \
        linepass backup drill --folder /var/tmp --master-key-file /root/master.key --json"
    )]
    Drill(DrillArgs),
}

/// `linepass backup drill`.
#[derive(Debug, Clone, Args)]
pub struct DrillArgs {
    /// A folder with room for the backup and for the restored store
    #[arg(long, value_name = "DIR")]
    pub folder: PathBuf,
    /// The file of the server's master key, instead of the configuration's
    #[arg(long, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// Why: 1 to 200 characters, kept in the journal with your token's name
    #[arg(long, value_name = "TEXT", default_value = "linepass backup drill")]
    pub reason: Reason,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass restore`.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub backup: PathBuf,
    /// The folder that becomes the store: a new or an empty one
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// The file of the master key that the store had
    #[arg(long, value_name = "FILE")]
    pub master_key_file: PathBuf,
    /// Restore it without looking at its invariants
    #[arg(long)]
    pub no_verify: bool,
    /// Receipt numbers that are left out, since they may have been given after the backup
    #[arg(long, value_name = "N", default_value_t = SKIPPED_RECEIPT_NUMBERS,
          allow_hyphen_values = true, value_parser = parse_whole::<u64, 0, 10_000_000_000>)]
    pub skip_receipt_numbers: u64,
    /// The configuration, for how the engine is used
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}
