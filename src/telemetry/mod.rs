//! What operators read: decision lines, on standard error and in files of their own. Here they are
//! written; `linepass logs` reads them (`cli::logs`).
//!
//! | file | what it holds |
//! |---|---|
//! | `decision.rs` | the one line that each decision gets |
//! | `line.rs` | one event as a line, pretty or JSON, with nothing in it that could forge another |
//! | `layer.rs` | events and the fields of their spans, gathered for a line |
//! | `noise.rs` | what comes too often is left out and counted |
//! | `sink.rs` | a writer that never waits: a stalled sink costs lines, not service |
//! | `files.rs` | the log's files: rotated by day and by size, by ourselves or by others |
//! | `control.rs` | level and form, changed while the server runs |
//! | `figures.rs` | what the log tells of itself |
//!
//! How to log:
//!
//! * A sentence for people, fields for machines; field names are `snake_case` with their unit
//!   (`latency_us`, `amount_yen`). The values of fields do not stand in the sentence.
//! * Once, where it is decided: a decision is logged by the one who answers, not on the way there.
//! * `request_id` stands on the request's span, so each line of a request carries it.
//!
//! Never logged, in no form and at no level: passwords, access keys, tokens, codes, cookies,
//! secrets of providers, names, telephone numbers, mail addresses. A line's customer ID and a
//! source address are logged: the desk cannot help without them.

use std::io;
use std::path::PathBuf;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogConfig, LogFormat, LogLevel, LogStderr, LogTimeZone};

mod control;
mod decision;
mod figures;
mod files;
mod layer;
mod line;
mod noise;
mod sink;

pub use control::{ControlError, InForce, LogControl, control};
pub use decision::{Decision, Outcome};
pub use figures::{Figures, LEVELS, figures};
pub use files::CURRENT_FILE;
pub use layer::LineLayer;
pub use line::{Clock, Field, Line, Style, acts, neutral};
pub use sink::{Guard, Sink};

use files::{FilePolicy, LogFiles};

/// Why the log cannot be written as configured.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder or file cannot be used.
    #[error("log.folder: {}: {source}; wanted is a folder that the server may write to, or \"\" for no files", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Logging was started before.
    #[error(transparent)]
    Started(#[from] TryInitError),
}

/// Starts logging for the whole process, to standard error as far as it is wanted there, and into files.
///
/// `is_terminal` tells whether standard error is one; `NO_COLOR` in the environment turns colour
/// off. Hold the guards until the end of the process: dropping them writes what still waits.
///
/// # Errors
/// The files cannot be written, or logging was started before.
pub fn init(config: &LogConfig, is_terminal: bool) -> Result<Vec<Guard>, LogError> {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let style = style(config, is_terminal, no_colour);
    let (sink, guard) = Sink::start(io::stderr());
    let mut outputs = vec![("stderr", sink.clone())];
    let mut guards = vec![guard];
    let stderr = stderr_level(config.stderr);
    let mut lines = LineLayer::new(style, sink, config.alike_per_second).up_to(stderr);
    if !config.folder.is_empty() {
        let (sink, guard) = Sink::start(files(config)?);
        outputs.push(("files", sink.clone()));
        guards.push(guard);
        lines = lines.and(Style::Json, sink);
    }
    let (filter, filter_handle) = reload::Layer::new(filter(config.level));
    let (lines, lines_handle) = reload::Layer::new(lines);
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    log_panics();
    control::set(LogControl::new(filter_handle, lines_handle, config, is_terminal, outputs));
    Ok(guards)
}

/// Waits until what was logged so far is written, for whoever ends the process at once; nothing where
/// logging was not started.
pub fn flush() {
    if let Some(control) = control::control() {
        control.flush();
    }
}

fn files(config: &LogConfig) -> Result<impl io::Write + Send + use<>, LogError> {
    let folder = PathBuf::from(&config.folder);
    let policy = FilePolicy {
        folder: folder.clone(),
        limit_bytes: config.file_limit_bytes,
        keep_files: config.keep_files,
        keep_days: config.keep_days,
    };
    LogFiles::start(policy, sink::now).map_err(|source| LogError::Folder { folder, source })
}

/// The least important lines on standard error, of those that are written at all.
const fn stderr_level(stderr: LogStderr) -> LevelFilter {
    match stderr {
        LogStderr::All => LevelFilter::TRACE,
        LogStderr::Error => LevelFilter::ERROR,
        LogStderr::Off => LevelFilter::OFF,
    }
}

/// The form of lines that the configuration and the place ask for.
fn style(config: &LogConfig, is_terminal: bool, no_colour: bool) -> Style {
    let pretty = match config.format {
        LogFormat::Auto => is_terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let clock = match config.time_zone {
        LogTimeZone::Utc => Clock::Utc,
        LogTimeZone::Jst => Clock::Jst,
    };
    if pretty { Style::Pretty { clock, colour: is_terminal && !no_colour } } else { Style::Json }
}

/// Our own lines from `level` on; libraries at `info` at most, so that our details do not drown. What
/// `actix_server` tells of its threads at each start and stop is for who looks closely.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let libraries = level.min(Level::INFO);
    let threads = if level > Level::INFO { libraries } else { level.min(Level::WARN) };
    Targets::new()
        .with_default(libraries)
        .with_target("actix_server", threads)
        .with_target("linepass", level)
}

/// Makes a panic one line of the log. The panic's own message is left out: it may hold a value.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let location = panic.location().map(ToString::to_string);
        figures().panicked();
        tracing::error!(thread = thread.name(), location, "A thread panicked");
    }));
}

#[cfg(test)]
mod tests;
