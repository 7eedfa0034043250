//! `linepass log`.

use super::ServerArgs;
use crate::{cli::args::parse_duration, domain::reason::Reason};
use clap::{Args, Subcommand, ValueEnum};
use std::time::Duration;

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
