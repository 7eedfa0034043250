//! The operator's commands as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use crate::cli::args::parse_time;
use crate::domain::{
    ids::{CustomerId, ProviderId},
    reason::Reason,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;

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
    /// Show how a line stands: what bars it, how much is live; nothing personal
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
    Restrict(BarArgs),
    /// Lift one of the two; the line is open when none is left
    #[command(after_long_help = "Examples:\n  \
        linepass line lift CAF0000012573 --kind customer --reason 'form 2026-12-02/7'")]
    Lift(BarArgs),
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

/// `linepass line restrict` and `lift`.
#[derive(Debug, Clone, Args)]
pub struct BarArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Whose wish it is
    #[arg(long, value_enum)]
    pub kind: BarKind,
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
