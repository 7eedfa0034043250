//! What is seen of a run on a terminal while it goes on; nothing elsewhere.

use crate::load::{
    histogram::{ms, ms_or_few},
    phase::{Load, Phase},
    recorder::{Counts, Second},
    run::Audience,
    scenario::Scenario,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{cell::Cell, io::IsTerminal, time::Duration};

/// How many of what is prepared pass between two looks at the terminal.
const EVERY: u64 = 16;

/// The live line.
pub struct Live {
    line: ProgressBar,
    errors: Cell<u64>,
    /// What was last told to be prepared, and how many.
    preparing: Cell<Option<(Scenario, u64)>>,
}

impl Live {
    /// One on standard error, where that is a terminal.
    pub fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let line = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{wide_msg}");
        let line = style.map_or_else(|_| line.clone(), |style| line.clone().with_style(style));
        Self { line, errors: Cell::new(0), preparing: Cell::new(None) }
    }

    /// Tells what lasts: it stays on a terminal, and is written where there is none.
    fn say(&self, what: &str) {
        if self.line.is_hidden() {
            eprintln!("linepass: {what}");
        } else {
            self.line.println(what);
        }
    }

    /// It goes away.
    pub fn end(&self) {
        self.line.finish_and_clear();
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

impl Audience for Live {
    fn preparing(&self, scenario: Scenario, done: u64, of: u64) {
        if self.preparing.replace(Some((scenario, of))) != Some((scenario, of)) {
            self.say(&begins(scenario, of));
        }
        if done.is_multiple_of(EVERY) || done == of {
            self.line.set_message(format!("preparing {scenario}: {done} of {of}"));
        }
    }

    fn second(&self, phase: &Phase, elapsed: Duration, second: &Second, all: &Counts) {
        self.errors.set(all.failed + all.wrong + all.shed + all.refused);
        self.line.set_message(line(phase, elapsed, second, all));
    }

    fn phase_over(&self, phase: &Phase, achieved_per_s: f64) {
        self.line.println(format!("{:<14} {achieved_per_s:>9.1}/s", phase.label));
    }

    fn checking(&self, what: &str, done: u64, of: u64) {
        if done.is_multiple_of(EVERY) || done == of {
            self.line.set_message(format!("{what}: {done} of {of}"));
        }
    }
}

/// What is prepared, before minutes may pass without anything that is measured.
fn begins(scenario: Scenario, of: u64) -> String {
    let what = match scenario {
        Scenario::Cancellation => "contracts are bought, to be cancelled",
        Scenario::Statement => "households are signed in",
        _ => "flows are brought to their confirmation, each by a login",
    };
    format!("preparing {scenario}: {of} {what}; none of it is timed")
}

/// The line of a second.
fn line(phase: &Phase, elapsed: Duration, second: &Second, all: &Counts) -> String {
    let length = second.length_s.max(1e-3);
    #[expect(clippy::cast_precision_loss, reason = "counts of a second")]
    let rate = |count: u64| count as f64 / length;
    let asked = match phase.load {
        Load::Open { .. } => format!("asked {:.0}/s", rate(second.asked)),
        Load::Closed { clients } => format!("{clients} clients"),
    };
    let warming = if second.measured { "" } else { " (not measured)" };
    let server = second.server_cpu.map(|cpu| format!("  server {:.0} %", cpu * 100.0));
    format!(
        "{} {:.0}/{:.0} s{warming}  {asked}  ok {:.0}/s  p50 {}  p99 {}  refused {}  no room {}  failed {}  \
         wrong {}  lag {}  generator {:.0} %{}",
        phase.label,
        elapsed.as_secs_f64(),
        phase.length().as_secs_f64(),
        rate(second.ok),
        ms_or_few(second.p50_us),
        ms_or_few(second.p99_us),
        all.refused,
        all.shed,
        all.failed,
        all.wrong,
        ms(second.lag_us),
        second.generator_cpu * 100.0,
        server.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_prepared_is_told_before_it_takes_its_time() {
        let told = [Scenario::Press, Scenario::Cancellation, Scenario::Statement];
        let told = told.map(|scenario| begins(scenario, 20_000));
        for (told, words) in told.iter().zip(["by a login", "to be cancelled", "signed in"]) {
            assert!(told.starts_with("preparing ") && told.contains(": 20000 "), "{told}");
            assert!(told.contains(words) && told.ends_with("none of it is timed"), "{told}");
        }
    }

    #[test]
    fn the_line_tells_what_is_asked_and_achieved_and_how_late_the_generator_is() {
        let phase = Phase {
            label: "50/s".to_owned(),
            percent: None,
            load: Load::Open { from_per_s: 50.0, to_per_s: 50.0 },
            warmup: Duration::ZERO,
            duration: Duration::from_secs(30),
            is_probe: false,
        };
        let second = Second {
            length_s: 1.0,
            measured: true,
            asked: 50,
            ok: 48,
            p99_us: Some(2_500),
            lag_us: 90,
            generator_cpu: 0.25,
            ..Second::default()
        };
        let told = line(&phase, Duration::from_secs(3), &second, &Counts::default());
        for part in [
            "50/s 3/30 s ",
            "asked 50/s",
            "ok 48/s",
            "p50 too few  p99 2.50 ms",
            "lag 0.09 ms",
            "generator 25 %",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
