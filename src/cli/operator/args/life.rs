//! The life of a line as types: transfers, the billing number, passport IDs, contracts, retention.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::{ChangeArgs, ServerArgs};
use crate::domain::{
    ids::{ContractNumber, CustomerId},
    transfer::{BillingChange, Transfer},
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `linepass line transfer`.
#[derive(Debug, Clone, Args)]
pub struct TransferArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Which transfer; move and item need --id-changes or --id-stays
    #[arg(long, value_enum)]
    pub kind: TransferKind,
    /// The customer ID changes with a move or a change of item
    #[arg(long, conflicts_with = "id_stays")]
    pub id_changes: bool,
    /// The customer ID stays
    #[arg(long)]
    pub id_stays: bool,
    /// Do not ask before a ×
    #[arg(long)]
    pub yes: bool,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

impl TransferArgs {
    /// The column of the guide's table; none where the flags do not go with the kind.
    pub const fn transfer(&self) -> Option<Transfer> {
        Some(match (self.kind, self.id_changes, self.id_stays) {
            (TransferKind::Move, true, false) => Transfer::MoveWithNewId,
            (TransferKind::Move, false, true) => Transfer::MoveKeepingId,
            (TransferKind::Item, true, false) => Transfer::ItemChangeWithNewId,
            (TransferKind::Item, false, true) => Transfer::ItemChangeKeepingId,
            (TransferKind::Menu, false, false) => Transfer::MenuChange,
            (TransferKind::Termination, false, false) => Transfer::Termination,
            (TransferKind::ToNttEast, false, false) => Transfer::MoveToNttEast,
            (TransferKind::Succession, false, false) => Transfer::Succession,
            (TransferKind::Rename, false, false) => Transfer::Rename,
            _ => return None,
        })
    }
}

/// Which transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TransferKind {
    /// 設置場所変更
    Move,
    /// 品目変更
    Item,
    /// メニュー変更
    Menu,
    /// 解約
    Termination,
    /// 譲渡・継承
    Succession,
    /// 改称
    Rename,
    /// A move into the area of NTT East, which is a 解約
    ToNttEast,
}

/// `linepass line billing`.
#[derive(Debug, Clone, Args)]
pub struct BillingArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Which row of the guide's table
    #[arg(long = "change", value_enum)]
    pub row: BillingRow,
    /// The new billed number is of the same name at the place of use
    #[arg(long)]
    pub same_name_and_place: bool,
    /// The file with the new number alone; - is standard input
    #[arg(long, value_name = "FILE")]
    pub number_file: Option<PathBuf>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// The rows of the guide's table of billing numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BillingRow {
    /// 改番: the number of the contracted phone line changed
    PhoneNumber,
    /// Another phone line of the same name at the place of use is billed
    BilledNumber,
    /// Payment moves to the ten-digit number beginning with 00
    #[value(name = "customer-number-00")]
    CustomerNumber00,
    /// Payment moves to フレッツ広域一括請求
    Bulk,
    /// The line uses ノーリンギング通信サービス or トーキー案内
    NoRinging,
}

impl From<BillingRow> for BillingChange {
    fn from(row: BillingRow) -> Self {
        match row {
            BillingRow::PhoneNumber => Self::PhoneNumberChanged,
            BillingRow::BilledNumber => Self::BilledNumberChanged,
            BillingRow::CustomerNumber00 => Self::CustomerNumber00,
            BillingRow::Bulk => Self::BulkBilling,
            BillingRow::NoRinging => Self::NoRingingService,
        }
    }
}

/// `linepass passport`.
#[derive(Debug, Clone, Subcommand)]
pub enum PassportCommand {
    /// Show the live passport IDs of a line, by number
    #[command(after_long_help = "Examples:\n  \
        linepass passport show CAF0000012573\n  \
        linepass passport show CAF0000012573 --names --json | jq '.passports[].passport_id'")]
    Show(PassportShowArgs),
    /// Delete a passport ID: its contracts end, its string is never given out again
    #[command(after_long_help = "Examples:\n  \
        linepass passport delete CAF0000012573 --passport 2 --reason 'inquiry 12' --dry-run\n  \
        linepass passport delete CAF0000012573 --passport 2 --reason 'inquiry 12'")]
    Delete(PassportDeleteArgs),
}

/// `linepass passport show`.
#[derive(Debug, Clone, Args)]
pub struct PassportShowArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Show the IDs' own strings too; they are personal
    #[arg(long)]
    pub names: bool,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass passport delete`.
#[derive(Debug, Clone, Args)]
pub struct PassportDeleteArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// The ID's number inside its line
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub passport: u32,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass contract`.
#[derive(Debug, Clone, Subcommand)]
pub enum ContractCommand {
    /// End a monthly contract; the provider is told that an operator did
    #[command(after_long_help = "Examples:\n  \
        linepass contract end K-100000000016 --line CAF0000012573 --reason 'case 118'")]
    End(ContractEndArgs),
}

/// `linepass contract end`.
#[derive(Debug, Clone, Args)]
pub struct ContractEndArgs {
    /// The contract: K- and its receipt number
    #[arg(value_name = "CONTRACT")]
    pub contract: ContractNumber,
    /// The line whose contract it is
    #[arg(long, value_name = "CUSTOMER_ID")]
    pub line: CustomerId,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass retention`.
#[derive(Debug, Clone, Subcommand)]
pub enum RetentionCommand {
    /// Erase personal data whose term is over, of all lines
    #[command(
        long_about = "Erases personal data whose term ([retention] of the configuration) is over, \
                      line after line; how many rows of each class is told at the end. Bills and \
                      their sums stay, and the chain of the journal stays whole. It may be broken \
                      off and run again.",
        after_long_help = "Examples:\n  \
        linepass retention sweep --reason 'monthly' --dry-run\n  \
        linepass retention sweep --reason 'monthly' --json"
    )]
    Sweep(ChangeArgs),
    /// Erase what is past its term, of one line
    #[command(after_long_help = "Examples:\n  \
        linepass retention erase CAF0000012573 --reason 'asked for it' --dry-run")]
    Erase(EraseArgs),
}

/// `linepass retention erase`.
#[derive(Debug, Clone, Args)]
pub struct EraseArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}
