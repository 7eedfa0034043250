//! The operator's commands as types.
//!
//! | file | what |
//! |---|---|
//! | [`audit`] | `linepass audit` |
//! | [`backup`](mod@backup) | `linepass backup`, `restore` |
//! | [`bill`] | `linepass bill` |
//! | [`line`](mod@line) | `linepass line` |
//! | [`log`](mod@log) | `linepass log` |
//! | [`mail`](mod@mail) | `linepass mail` |
//! | [`life`] | `linepass line transfer`, `billing`, `passport`, `contract`, `retention` |
//! | [`overdue`] | `linepass overdue` |
//! | [`verify`] | `linepass verify` |

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

mod audit;
pub mod backup;
mod bill;
pub mod life;
mod line;
mod log;
mod mail;
pub mod overdue;
pub mod verify;

pub use audit::{AuditCommand, AuditShowArgs, AuditVerifyArgs};
pub use bill::{BillCommand, CloseArgs, CorrectArgs, PreviewArgs, SettleArgs};
pub use line::{BarKind, LiftArgs, LiftKind, LineCommand, RestrictArgs, ShowArgs, StopCause};
pub use log::{Format, Level, LogCommand, LogLevelArgs};
pub use mail::{MailCommand, MailListArgs, MailRetryArgs, MailState};

use crate::{
    cli::args::parse_time,
    domain::{ids::OperatorName, reason::Reason},
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
