//! `linepass line`, but for what ends a line or moves its bill.

use super::{
    ChangeArgs, ServerArgs,
    life::{BillingArgs, TransferArgs},
};
use crate::{
    cli::operator::{
        import::ImportArgs,
        provisioning::{LimitArgs, NetworksArgs},
    },
    domain::{calendar::Month, ids::CustomerId},
};
use clap::{Args, Subcommand, ValueEnum};

/// `linepass line`.
#[derive(Debug, Clone, Subcommand)]
pub enum LineCommand {
    /// Show how a line stands: what bars it, IDs by number, contracts, unpaid bills, last sign-ins
    #[command(after_long_help = "Examples:\n  \
        linepass line show CAF0000012573\n  \
        linepass line show CAF0000012573 --json | jq .restriction")]
    Show(ShowArgs),
    /// Restrict a line: by its customer (ends every contract) or by the company (ends none)
    #[command(
        long_about = "Restricts a line. 'customer' is 利用規制 as the customer asked the desk \
                      for: no purchase, no login, no new passport ID, and every contract ends; \
                      what ended does not come back. 'company' is the company's stop: no \
                      purchase and no login on provider sites, while contracts go on and the \
                      household can still cancel them. Both can stand together.",
        after_long_help = "Examples:\n  \
        linepass line restrict CAF0000012573 --kind customer --reason 'form 2026-11-27/31' \
        --dry-run\n      What would end.\n  \
        linepass line restrict CAF0000012573 --kind company --reason 'misuse, case 118'"
    )]
    Restrict(RestrictArgs),
    /// Lift one of what bars a line; it is open when none is left
    #[command(after_long_help = "Examples:\n  \
        linepass line lift CAF0000012573 --kind customer --reason 'form 2026-12-02/7'\n  \
        linepass line lift CAF0000012573 --kind unbillable --reason 'number found again'")]
    Lift(LiftArgs),
    /// Transfer a line: move, change of item or menu, termination, succession, renaming
    #[command(
        long_about = "Transfers a line by the table of the guide. ○: everything goes on. ×: \
                      contracts, passport IDs and sessions end, the customer ID is over, and \
                      nothing of it goes to the new one. —: there is no such transfer for the \
                      line's service, and it is refused (exit code 3). What it would do is told \
                      first. Before a × the customer ID has to be typed on a terminal; elsewhere, \
                      and to leave that out, --yes is needed (exit code 2 without it).",
        after_long_help = "Examples:\n  \
        linepass line transfer CAF0000012573 --kind move --id-changes --reason 'order 31' \
        --dry-run\n      What would end.\n  \
        linepass line transfer CAF0000012573 --kind termination --reason 'order 32' --yes"
    )]
    Transfer(TransferArgs),
    /// Change the billing number, by the rows of the guide's table
    #[command(
        long_about = "Changes the billing number by a row of the guide's table. Whether \
                      まとめて支払い goes on is the configuration's to say for each row ([billing]): \
                      where it does not, contracts end and purchases stop, and the passport IDs \
                      stay. The new number is personal: it comes from a file or from standard \
                      input.",
        after_long_help = "Examples:\n  \
        linepass line billing CAF0000012573 --change phone-number --number-file number.txt \
        --reason 'order 33'\n  \
        linepass line billing CAF0000012573 --change bulk --reason 'order 34' --dry-run"
    )]
    Billing(BillingArgs),
    /// Open lines, or update those that are open, from a CSV or a JSON Lines file
    #[command(
        long_about = "Opens lines, or updates those that are open, from a file with a row for \
                      each. Columns, or keys of a JSON line: customer_id, service, billing, \
                      line_limit_yen, networks, access_key or access_key_hash (Argon2id), order, \
                      construction_date, start_date, contractor, applicant, phone, \
                      contact_phone, place, mail, billing_number, billing_address. A new line \
                      needs customer_id, service, line_limit_yen and an access key; what a row \
                      leaves out or empty stays as it is. Good rows are kept whatever becomes of \
                      the others, and each bad one is named with its line. The same file again \
                      changes nothing.",
        after_long_help = "Examples:\n  \
        linepass line import lines.csv --reason 'order 2026-11-27' --dry-run\n  \
        zcat lines.jsonl.gz | linepass line import - --format jsonl --reason 'first load'\n  \
        linepass line import lines.csv --reason 'order 118' --json | jq '.told'\n\n\
        Exit codes: 0 all rows are good, 3 a rule refused some (an ended line, another service), \
        1 some cannot be taken or the import ended early."
    )]
    Import(ImportArgs),
    /// Set a line's own address prefixes, and take them from whoever has them
    #[command(after_long_help = "Examples:\n  \
        linepass line networks CAF0000012573 --set 2001:db8::/56,203.0.113.5/32 --reason 'moved'\n  \
        linepass line networks CAF0000012573 --set '' --reason 'prefix given back' --dry-run")]
    Networks(NetworksArgs),
    /// Set what a line may be charged in a month
    #[command(after_long_help = "Examples:\n  \
        linepass line limit CAF0000012573 --yen 50000 --reason 'form 2026-11-27/40'")]
    Limit(LimitArgs),
    /// Show what the line's household wrote to the desk; personal
    #[command(after_long_help = "Examples:\n  \
        linepass line inquiries CAF0000012573\n  \
        linepass line inquiries CAF0000012573 --json | jq .inquiries[0].text")]
    Inquiries(ShowArgs),
}

/// `linepass line show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass line restrict`.
#[derive(Debug, Clone, Args)]
pub struct RestrictArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Whose wish it is
    #[arg(long, value_enum)]
    pub kind: BarKind,
    /// Why the company stops use, with --kind company [default: misuse]
    #[arg(long, value_enum)]
    pub cause: Option<StopCause>,
    /// The month of the unpaid bill, such as 2026-10, with --cause overdue
    #[arg(long, value_name = "MONTH", required_if_eq("cause", "overdue"), requires = "cause")]
    pub month: Option<Month>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass line lift`.
#[derive(Debug, Clone, Args)]
pub struct LiftArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Which bar
    #[arg(long, value_enum)]
    pub kind: LiftKind,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Whose wish a restriction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BarKind {
    /// The customer's restriction, 利用規制
    Customer,
    /// The company's stop
    Company,
}

impl BarKind {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Company => "company",
        }
    }
}

/// Why the company stops use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StopCause {
    /// The line is misused
    Misuse,
    /// A bill is unpaid, from the day after its due date on
    Overdue,
}

impl StopCause {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Misuse => "misuse",
            Self::Overdue => "overdue",
        }
    }
}

/// What is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LiftKind {
    /// The customer's restriction, 利用規制
    Customer,
    /// The company's stop
    Company,
    /// The bar of a billing number that could not be used
    Unbillable,
}

impl LiftKind {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Company => "company",
            Self::Unbillable => "unbillable",
        }
    }
}
