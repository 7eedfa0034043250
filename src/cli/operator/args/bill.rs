//! `linepass bill` as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::{ChangeArgs, ServerArgs};
use crate::domain::{
    calendar::Month,
    ids::{CustomerId, ReceiptNumber},
    line::accounting::MOST_CHARGED_YEN,
};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `linepass bill`.
#[derive(Debug, Clone, Subcommand)]
pub enum BillCommand {
    /// Tell what a month that is not closed would be billed now; nothing is fixed
    #[command(after_long_help = "Examples:\n  \
        linepass bill preview --month 2026-10\n      Counts and sums.\n  \
        linepass bill preview --month 2026-10 --out preview-2026-10\n      \
        The files that the close would write.")]
    Preview(PreviewArgs),
    /// Close a month: fix every line's bill, and write the files for whoever issues them
    #[command(
        long_about = "Closes a month that has ended in Japan: each line's bill is fixed with its \
                      itemisation, then written by billing route as CSV and JSON with a manifest \
                      of counts, sums and checksums. Months are closed one after the other, each \
                      once. Killed at any point, the same command goes on and writes the same \
                      bytes.",
        after_long_help = "Examples:\n  \
        linepass bill close --month 2026-10 --reason 'month end' --dry-run\n  \
        linepass bill close --month 2026-10 --reason 'month end' --out /srv/bills/2026-10"
    )]
    Close(CloseArgs),
    /// Correct a charge of a closed month; the running month's bill carries the difference
    #[command(after_long_help = "Examples:\n  \
        linepass bill correct CAF0000012573 --month 2026-10 --receipt 100000000016 \
        --charged-yen 300 --difference-yen=-300 --reason 'refund, case 118'")]
    Correct(CorrectArgs),
    /// Tell what each provider is owed for a closed month, and hold it against the bills' files
    #[command(after_long_help = "Examples:\n  \
        linepass bill settle --month 2026-10\n  \
        linepass bill settle --month 2026-10 --bills /srv/bills/2026-10 --json")]
    Settle(SettleArgs),
}

impl BillCommand {
    /// Whether JSON is asked for.
    pub const fn json(&self) -> bool {
        match self {
            Self::Preview(args) => args.server.json,
            Self::Close(args) => args.change.server.json,
            Self::Correct(args) => args.change.server.json,
            Self::Settle(args) => args.server.json,
        }
    }
}

/// `linepass bill preview`.
#[derive(Debug, Clone, Args)]
pub struct PreviewArgs {
    /// The month of the charges, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// Write the files too, into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass bill close`.
#[derive(Debug, Clone, Args)]
pub struct CloseArgs {
    /// The month of the charges, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// The folder of the files [default: bills-MONTH]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass bill correct`.
#[derive(Debug, Clone, Args)]
pub struct CorrectArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// The closed month whose bill was wrong, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// 申込受付番号 of the charge: twelve digits
    #[arg(long, value_name = "NUMBER")]
    pub receipt: ReceiptNumber,
    /// What the charge comes to so far: the same correction given twice is not made twice
    #[arg(long, value_name = "YEN", value_parser = clap::value_parser!(i64).range(0..=MOST_CHARGED_YEN))]
    pub charged_yen: i64,
    /// Yen less (negative) or more
    #[arg(
        long, value_name = "YEN", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i64).range(-MOST_CHARGED_YEN..=MOST_CHARGED_YEN)
    )]
    pub difference_yen: i64,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass bill settle`.
#[derive(Debug, Clone, Args)]
pub struct SettleArgs {
    /// The closed month, such as 2026-10
    #[arg(long, value_name = "MONTH")]
    pub month: Month,
    /// The folder that the close wrote [default: bills-MONTH]
    #[arg(long, value_name = "DIR")]
    pub bills: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}
