//! `linepass mail`.

use super::{ChangeArgs, ServerArgs};
use clap::{Args, Subcommand, ValueEnum};

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
