//! What operators read: decision lines, pretty on a terminal and JSON otherwise.
//!
//! | file | what it holds |
//! |---|---|
//! | `decision.rs` | the one line that each decision gets |
//! | `line.rs` | one event as a line, pretty or JSON, with nothing in it that could forge another |
//! | `layer.rs` | events and the fields of their spans, gathered for a line |
//! | `sink.rs` | a writer that never waits: a stalled sink costs lines, not service |
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

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogConfig, LogFormat, LogLevel, LogTimeZone};

mod decision;
mod layer;
mod line;
mod sink;

pub use decision::{Decision, Outcome};
pub use layer::LineLayer;
pub use line::{Clock, Style};
pub use sink::{Guard, Sink};

/// Starts logging to standard error for the whole process.
///
/// `is_terminal` tells whether standard error is one; `NO_COLOR` in the environment turns colour
/// off. Hold the guard until the end of the process: dropping it writes what still waits.
///
/// # Errors
/// Logging was started before.
pub fn init(config: &LogConfig, is_terminal: bool) -> Result<Guard, TryInitError> {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let style = style(config, is_terminal, no_colour);
    let (sink, guard) = Sink::start(io::stderr());
    tracing_subscriber::registry()
        .with(filter(config.level))
        .with(LineLayer::new(style, sink))
        .try_init()?;
    log_panics();
    Ok(guard)
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

/// Our own lines from `level` on; libraries at `info` at most, so that our details do not drown.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    Targets::new().with_default(level.min(Level::INFO)).with_target("linepass", level)
}

/// Makes a panic one line of the log. The panic's own message is left out: it may hold a value.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let location = panic.location().map(ToString::to_string);
        tracing::error!(thread = thread.name(), location, "A thread panicked");
    }));
}

#[cfg(test)]
mod tests;
