//! Level and form of the log, changed while the server runs. Nothing of it is kept: a restart
//! returns to the configuration, and so does the end of a change that was made for a time.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layered;
use tracing_subscriber::reload::{self, Handle};

use super::layer::LineLayer;
use super::sink::Sink;
use super::{filter, style};
use crate::config::{LogConfig, LogFormat, LogLevel};

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be changed: {0}")]
pub struct ControlError(#[from] reload::Error);

/// How the log is written now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// The least important lines that are written.
    pub level: LogLevel,
    /// The form of lines on standard error.
    pub format: LogFormat,
    /// When it returns to the configuration by itself.
    pub until: Option<Timestamp>,
    /// Which of the changes that were made for a time set it, so that the end of one does not end a
    /// later one.
    pub change: u64,
}

type Filtered = Layered<reload::Layer<Targets, Registry>, Registry>;

/// The log of this process, for whoever may change it.
#[derive(Debug)]
pub struct LogControl {
    filter: Handle<Targets, Registry>,
    lines: Handle<LineLayer<Sink>, Filtered>,
    configured: LogConfig,
    is_terminal: bool,
    outputs: Vec<(&'static str, Sink)>,
    in_force: Mutex<InForce>,
}

/// A process has one log.
static CONTROL: OnceLock<LogControl> = OnceLock::new();

/// The process's log, once logging was started.
pub fn control() -> Option<&'static LogControl> {
    CONTROL.get()
}

pub(super) fn set(control: LogControl) {
    // Logging is started once; a second start failed before it came here.
    let _ = CONTROL.set(control);
}

impl LogControl {
    pub(super) fn new(
        filter: Handle<Targets, Registry>,
        lines: Handle<LineLayer<Sink>, Filtered>,
        configured: &LogConfig,
        is_terminal: bool,
        outputs: Vec<(&'static str, Sink)>,
    ) -> Self {
        let in_force = as_configured(configured, 0);
        let (configured, in_force) = (configured.clone(), Mutex::new(in_force));
        Self { filter, lines, configured, is_terminal, outputs, in_force }
    }

    /// The configuration that a restart returns to.
    pub const fn configured(&self) -> &LogConfig {
        &self.configured
    }

    /// How the log is written now.
    pub fn in_force(&self) -> InForce {
        *self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where lines go, and how many were lost on the way since the start.
    pub fn lost_lines(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.outputs.iter().map(|(output, sink)| (*output, sink.losses().load(Ordering::Relaxed)))
    }

    /// Waits until what was logged so far is written, two seconds for each output at most: before
    /// the process ends without dropping its guards.
    pub fn flush(&self) {
        self.outputs.iter().for_each(|(_, sink)| sink.flush_lines());
    }

    /// Changes level and form; what is not given stays as it is, the time of a return too.
    ///
    /// # Errors
    /// The log has ended.
    pub fn set(
        &self,
        level: Option<LogLevel>,
        format: Option<LogFormat>,
        until: Option<Timestamp>,
    ) -> Result<InForce, ControlError> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let (level, format) = (level.unwrap_or(in_force.level), format.unwrap_or(in_force.format));
        let (until, change) = match until {
            Some(until) => (Some(until), in_force.change + 1),
            None => (in_force.until, in_force.change),
        };
        let wanted = InForce { level, format, until, change };
        self.apply(wanted)?;
        *in_force = wanted;
        Ok(wanted)
    }

    /// Returns to the configuration, unless another change came after `change`; true if it did.
    ///
    /// # Errors
    /// The log has ended.
    pub fn end(&self, change: u64) -> Result<bool, ControlError> {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        if in_force.change != change {
            return Ok(false);
        }
        let wanted = as_configured(&self.configured, change + 1);
        self.apply(wanted)?;
        *in_force = wanted;
        Ok(true)
    }

    fn apply(&self, wanted: InForce) -> Result<(), ControlError> {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let config = LogConfig { format: wanted.format, ..self.configured.clone() };
        let style = style(&config, self.is_terminal, no_colour);
        self.lines.modify(|lines| lines.set_style(style))?;
        Ok(self.filter.reload(filter(wanted.level))?)
    }
}

fn as_configured(config: &LogConfig, change: u64) -> InForce {
    InForce { level: config.level, format: config.format, until: None, change }
}
