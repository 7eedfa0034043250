//! A progress bar on standard error, where that is a terminal; nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A bar.
pub struct Bar(ProgressBar);

impl Bar {
    /// One that has not begun.
    pub fn new() -> Self {
        Self::of("{msg:<8} {wide_bar} {pos}/{len} {eta}")
    }

    /// The same, which also tells how many a second.
    pub fn with_rate() -> Self {
        Self::of("{msg:<8} {wide_bar} {pos}/{len} {per_sec} {eta}")
    }

    fn of(template: &str) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template(template);
        Self(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
    }

    /// It stands at `done` of `of`.
    pub fn at(&self, step: &str, done: u64, of: u64) {
        self.0.set_message(step.to_owned());
        self.0.set_length(of);
        self.0.set_position(done);
    }

    /// It goes away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}
