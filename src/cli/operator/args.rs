//! The operator's commands as types.
//!
//! | file | what |
//! |---|---|
//! | [`audit`] | `linepass audit` |
//! | [`backup`](mod@backup) | `linepass backup`, `restore` |
//! | [`bill`] | `linepass bill` |
//! | [`life`] | `linepass line transfer`, `billing`, `passport`, `contract`, `retention` |
//! | [`overdue`] | `linepass overdue` |
//! | [`verify`] | `linepass verify` |

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

mod audit;
pub mod backup;
mod bill;
pub mod life;
pub mod overdue;
pub mod verify;

pub use audit::{AuditCommand, AuditShowArgs, AuditVerifyArgs};
pub use bill::{BillCommand, CloseArgs, CorrectArgs, PreviewArgs, SettleArgs};

use super::{
    import::ImportArgs,
    provisioning::{LimitArgs, NetworksArgs},
};
use crate::cli::args::{parse_duration, parse_time};
use crate::domain::{
    calendar::Month,
    ids::{CustomerId, OperatorName},
    reason::Reason,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use life::{BillingArgs, TransferArgs};
use std::{path::PathBuf, time::Duration};

/// Which server, and how its answer is printed.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// The server's configuration, which names its address and its token's file;
    /// LINEPASS_OPERATOR_URL and LINEPASS_OPERATOR_TOKEN_FILE go before it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

/// What every change takes.
#[derive(Debug, Clone, Args)]
pub struct ChangeArgs {
    /// Why: 1 to 200 characters, kept in the journal with your token's name
    #[arg(long, value_name = "TEXT")]
    pub reason: Reason,
    /// Tell what would happen and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

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

/// `linepass maintenance`.
#[derive(Debug, Clone, Subcommand)]
pub enum MaintenanceCommand {
    /// Put maintenance on, or another notice up: households meet the page, providers a 503
    #[command(after_long_help = "Examples:\n  \
        linepass maintenance on --reason 'release 1.4' --until 2026-12-01T05:00:00+09:00\n  \
        linepass maintenance on --reason 'release 1.4' --message '設備の更新を行っています。'")]
    On(BeginArgs),
    /// Put maintenance off
    #[command(after_long_help = "Examples:\n  linepass maintenance off --reason 'release 1.4'")]
    Off(ChangeArgs),
    /// Show whether maintenance is on, and what households are told
    #[command(after_long_help = "Examples:\n  linepass maintenance status --json | jq .on")]
    Status(ServerArgs),
}

/// `linepass maintenance on`.
#[derive(Debug, Clone, Args)]
pub struct BeginArgs {
    /// What households read beside the usual words: 1 to 120 characters
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
    /// When it is expected to end, RFC 3339 such as 2026-12-01T05:00:00+09:00
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub until: Option<Timestamp>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass mail`.
#[derive(Debug, Clone, Subcommand)]
pub enum MailCommand {
    /// List mails that wait for another try and those that are parked; no address is told
    #[command(after_long_help = "Examples:\n  \
        linepass mail list\n  \
        linepass mail list --state parked --json | jq '.mails[].mail'")]
    List(MailListArgs),
    /// Try parked mails again, with a new term
    #[command(after_long_help = "Examples:\n  \
        linepass mail retry CAF0000012573-14-purchased-6 --reason 'mailbox was full'\n  \
        linepass mail retry --all --reason 'relay repaired' --dry-run")]
    Retry(MailRetryArgs),
}

/// `linepass mail list`.
#[derive(Debug, Clone, Args)]
pub struct MailListArgs {
    /// Only those that wait, or only those that are parked
    #[arg(long, value_enum)]
    pub state: Option<MailState>,
    /// Go on after this place, which the list before named
    #[arg(long, value_name = "PLACE")]
    pub after: Option<String>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Which mails are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MailState {
    /// They are tried again by themselves
    Waiting,
    /// They are not
    Parked,
}

impl MailState {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Parked => "parked",
        }
    }
}

/// `linepass mail retry`.
#[derive(Debug, Clone, Args)]
#[group(id = "which", required = true, multiple = false, args = ["mail", "all"])]
pub struct MailRetryArgs {
    /// Which mail, as the list names it
    #[arg(value_name = "MAIL")]
    pub mail: Option<String>,
    /// All that are parked
    #[arg(long)]
    pub all: bool,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass log`.
#[derive(Debug, Clone, Subcommand)]
pub enum LogCommand {
    /// Show or change the level and the form of the running server's log, until its next start
    #[command(
        long_about = "Without a level or --format, shows how the running server's log is written. \
                      With one, changes it without a restart: the level counts for standard error \
                      and for the log's files, the form for standard error alone. The \
                      configuration stays as it is, so a restart returns to it, and so does the end \
                      of --for.",
        after_long_help = "Examples:\n  \
        linepass log level\n  \
        linepass log level debug --for 10m --reason 'ticket 118'\n  \
        linepass log level --format pretty --reason 'reading along' --dry-run"
    )]
    Level(LogLevelArgs),
}

/// `linepass log level`.
#[derive(Debug, Clone, Args)]
pub struct LogLevelArgs {
    /// The least important lines that are written from now on
    #[arg(value_name = "LEVEL", value_enum, requires = "reason")]
    pub level: Option<Level>,
    /// The form of lines on standard error from now on
    #[arg(long, value_enum, requires = "reason")]
    pub format: Option<Format>,
    /// Return to the configuration after so long, such as 10m or 2h; a week at most. Without it, a
    /// return that was set before stays
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, requires = "reason")]
    pub for_time: Option<Duration>,
    /// Why: 1 to 200 characters, kept in the journal with your token's name
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<Reason>,
    /// Tell what would happen and change nothing
    #[arg(long, requires = "reason")]
    pub dry_run: bool,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Something failed that a person has to look at
    Error,
    /// Something is odd and was dealt with
    Warn,
    /// What was decided
    Info,
    /// Why it was decided so
    Debug,
    /// Every step
    Trace,
}

impl Level {
    /// Its word in the API and in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The form of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere
    Auto,
    /// For people
    Pretty,
    /// For machines: one JSON object a line
    Json,
}

impl Format {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Pretty => "pretty",
            Self::Json => "json",
        }
    }
}

/// `linepass key`.
#[derive(Debug, Clone, Subcommand)]
pub enum KeyCommand {
    /// Rotate the keys that sign id_tokens or those that seal flows, codes and tokens
    #[command(
        long_about = "Rotates keys in the running server. 'signing': the next key, which JWKS has \
                      shown already, signs from now on. 'sealing': a new key seals from now on. \
                      What the previous key made is accepted until it expires, so a second \
                      rotation is refused until then. The keys behind sub and behind passport \
                      IDs never rotate.",
        after_long_help = "Examples:\n  \
        linepass key rotate --kind signing --reason 'yearly rotation'\n  \
        linepass key rotate --kind sealing --reason 'yearly rotation' --dry-run --json"
    )]
    Rotate(RotateArgs),
}

/// `linepass key rotate`.
#[derive(Debug, Clone, Args)]
pub struct RotateArgs {
    /// Which keys
    #[arg(long, value_enum)]
    pub kind: KeyKind,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Which keys rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyKind {
    /// Those that sign id_tokens, of every algorithm
    Signing,
    /// Those that seal pushed orders, flows, codes and access tokens
    Sealing,
}

impl KeyKind {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Sealing => "sealing",
        }
    }
}

/// `linepass token`.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Add a token with a name and a role; it is written into a file and never printed
    #[command(
        long_about = "Has the running server draw a token and writes it into a new file for its \
                      owner alone (mode 0600). 'desk' may look, restrict, lift and delete passport \
                      IDs; 'billing' may look at lines, close months, settle and work on unpaid \
                      bills; 'admin' may all. The journal keeps the name with each change. The \
                      server keeps the token's SHA-256 alone: a lost token is revoked and another \
                      added.",
        after_long_help = "Examples:\n  \
        linepass token add --name desk-tokyo --role desk --file desk.token --reason 'new desk'\n  \
        LINEPASS_OPERATOR_TOKEN_FILE=desk.token linepass line show CAF0000012573"
    )]
    Add(TokenAddArgs),
    /// List the live tokens: names, roles, since when
    #[command(after_long_help = "Examples:\n  \
        linepass token list --json | jq -r '.tokens[].name'")]
    List(ServerArgs),
    /// Revoke a token: it opens nothing from the next request on
    #[command(after_long_help = "Examples:\n  \
        linepass token revoke desk-tokyo --reason 'left the desk'")]
    Revoke(TokenRevokeArgs),
}

/// `linepass token add`.
#[derive(Debug, Clone, Args)]
pub struct TokenAddArgs {
    /// Its name: 1 to 32 small letters, digits and hyphens
    #[arg(long, value_name = "NAME")]
    pub name: OperatorName,
    /// What it may
    #[arg(long, value_enum)]
    pub role: TokenRole,
    /// The file that it is written into; it must not be there yet
    #[arg(long, value_name = "PATH")]
    pub file: PathBuf,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass token revoke`.
#[derive(Debug, Clone, Args)]
pub struct TokenRevokeArgs {
    /// Its name, as the list has it
    #[arg(value_name = "NAME")]
    pub name: OperatorName,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// What a token may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TokenRole {
    /// The contact desk: lines and their passport IDs
    Desk,
    /// Bills, settlement and unpaid bills
    Billing,
    /// Everything
    Admin,
}

impl TokenRole {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Billing => "billing",
            Self::Admin => "admin",
        }
    }
}
