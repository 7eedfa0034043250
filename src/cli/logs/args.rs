//! `linepass logs` as types.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use crate::cli::args::{parse_duration, parse_time};
use crate::cli::operator::args::{Format, Level};
use crate::domain::ids::CustomerId;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use std::path::PathBuf;

/// What `--help` shows last.
pub const EXAMPLES: &str = "Examples:\n  \
    linepass logs --since 10m --level warn\n  \
    linepass logs --follow --line CAF0000012573\n  \
    linepass logs --id 0f8c… --format json | jq .\n      \
    Everything about the request whose ID a household reads out.\n  \
    linepass logs --actor login --grep throttled --since 2026-11-30T23:00:00+09:00 -n 50\n  \
    linepass logs --folder /var/log/linepass --jst | less -R\n\n\
    Exit codes: 0 done, 1 it cannot be read, 2 usage, 4 no folder, 130 Ctrl-C.";

/// `linepass logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// The server's configuration, which names the folder [default: the built-in defaults and
    /// the environment]
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    pub config: Option<PathBuf>,
    /// The folder of the log's files
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Only lines from then on: RFC 3339, or so long ago, such as 10m, 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = parse_when)]
    pub since: Option<When>,
    /// Only lines before then: RFC 3339, or so long ago
    #[arg(long, value_name = "TIME", value_parser = parse_when)]
    pub until: Option<When>,
    /// Only lines as important as this and more important ones
    #[arg(long, value_enum)]
    pub level: Option<Level>,
    /// Only what one part did: an action, such as login, purchase or mail, or a part of the
    /// program as the target names it, such as store or linepass::actors
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Only lines of this request; its ID stands on the error page, in mails and in answers
    // One of 64 begins with a hyphen.
    #[arg(long, value_name = "REQUEST_ID", visible_alias = "trace", allow_hyphen_values = true)]
    pub id: Option<String>,
    /// Only lines about this access line
    #[arg(long, value_name = "CUSTOMER_ID")]
    pub line: Option<CustomerId>,
    /// Only lines in which this regular expression is found, as JSON or as pretty text
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, value_parser = Regex::new)]
    pub grep: Option<Regex>,
    /// Only the last so many of those; with --follow, 0 begins with what comes next
    #[arg(short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub last: Option<u32>,
    /// The form of lines: auto is pretty on a terminal and JSON elsewhere. NO_COLOR turns colour
    /// off
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    pub format: Format,
    /// Show the time in Japan in pretty lines; it is stored, and told in JSON, in UTC
    #[arg(long)]
    pub jst: bool,
}

/// A point in time, or a distance back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Then.
    At(Timestamp),
    /// So long ago.
    Ago(SignedDuration),
}

impl When {
    /// The time that it is.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(distance) => now.saturating_sub(distance).unwrap_or(Timestamp::MIN),
        }
    }
}

fn parse_when(text: &str) -> Result<When, String> {
    if let Ok(distance) = parse_duration(text) {
        let distance = SignedDuration::try_from(distance).unwrap_or(SignedDuration::MAX);
        return Ok(When::Ago(distance));
    }
    let allowed = "write RFC 3339 with an offset, such as 2026-11-30T23:59:50+09:00, or so long \
                   ago, such as 10m, 2h or 7d";
    parse_time(text).map(When::At).map_err(|_| allowed.to_owned())
}
