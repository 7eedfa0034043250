//! Unpaid bills as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::{ChangeArgs, ServerArgs};
use crate::domain::{
    calendar::Month,
    ids::{CustomerId, ProviderId},
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `linepass overdue`.
#[derive(Debug, Clone, Subcommand)]
pub enum OverdueCommand {
    /// Take over which bills are unpaid and which are paid
    #[command(
        long_about = "Takes over a file of the carrier's billing: CSV with the columns customer_id, \
                      month, due, status (unpaid or paid), or JSON Lines with the same fields. Good \
                      rows are kept; each bad one is told with its line number and why, and the \
                      exit code is 1 then. The same file again changes nothing. No line is stopped \
                      by it: that is 'line restrict --kind company --cause overdue'.",
        after_long_help = "Examples:\n  \
        linepass overdue import unpaid-2026-10.csv --reason 'list of 2026-12-05' --dry-run\n  \
        linepass overdue import unpaid-2026-10.jsonl --reason 'list of 2026-12-05'"
    )]
    Import(ImportArgs),
    /// List lines with unpaid bills
    #[command(after_long_help = "Examples:\n  \
        linepass overdue list\n  \
        linepass overdue list --json | jq .lines[].customer_id")]
    List(ServerArgs),
    /// Stop collecting a bill: then it may be disclosed at once
    #[command(after_long_help = "Examples:\n  \
        linepass overdue stop-collecting CAF0000012573 --month 2026-10 --reason 'case 118'")]
    StopCollecting(StopArgs),
    /// Disclose an unpaid bill to a provider, its own services alone, from day 61 on
    #[command(
        long_about = "Writes the six fields of the guide (氏名, 住所, 連絡先電話番号, 課金電話番号, \
                      利用した有料サービス名, 購入年月日) of the provider's own services into a new \
                      file for its owner alone (mode 0600). Allowed when 60 days have passed since \
                      the due date, or when collection was stopped. Each disclosure is recorded: \
                      who, to whom, why. Nothing of it is printed.",
        after_long_help = "Examples:\n  \
        linepass overdue disclose CAF0000012573 --month 2026-10 --provider a-sha \
        --out a-sha.csv --reason 'request 7'\n  \
        linepass overdue disclose CAF0000012573 --month 2026-10 --provider a-sha \
        --out a-sha.json --format json --reason 'request 7'"
    )]
    Disclose(DiscloseArgs),
}

/// `linepass overdue import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The file: .csv, or JSON Lines by any other name
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass overdue stop-collecting`.
#[derive(Debug, Clone, Args)]
pub struct StopArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// The month of the charges, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass overdue disclose`.
#[derive(Debug, Clone, Args)]
pub struct DiscloseArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// The month of the charges, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// The provider's ID
    #[arg(long, value_name = "PROVIDER")]
    pub provider: ProviderId,
    /// The file to make; one that is there already is left alone
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub out: Option<PathBuf>,
    /// The form of the file
    #[arg(long, value_enum, default_value = "csv")]
    pub format: DisclosureFormat,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// The form of a disclosure's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DisclosureFormat {
    /// One line for each purchase
    Csv,
    /// One array of objects
    Json,
}
