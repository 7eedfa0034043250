//! Whether the generator itself was the limit: a run that says nothing about it says nothing.

use super::{
    recorder::{Counts, PhaseRecord},
    run::PhaseOver,
};
use std::time::Duration;

/// Past this, a 99th percentile of the generator's own lateness spoils what it measures.
const MOST_LAG: Duration = Duration::from_millis(5);
/// A thread that has this share of a processor has none left to be on time with.
const MOST_CPU: f64 = 0.9;
/// Starts that waited longer than this for a connection were held up by their number.
const MOST_QUEUEING: Duration = Duration::from_millis(20);
/// The share of intended starts that may be left over at a phase's end.
const MOST_NOT_BEGUN: f64 = 0.01;

/// Something that a reader of a phase's figures must know first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The generator's thread came too late to what was due.
    Late,
    /// It had next to a whole processor.
    Busy,
    /// No connection was free.
    Held,
    /// What was prepared was used up.
    UsedUp,
}

/// A concern with the figure that says how grave it is.
pub type Grave = (Concern, f64);

/// The concerns of a phase; none where all was well.
pub fn concerns(over: &PhaseOver, record: &PhaseRecord) -> Vec<Grave> {
    let mut found = Vec::new();
    let lag_us = record.lag.at(0.99);
    if Duration::from_micros(lag_us) > MOST_LAG {
        found.push((Concern::Late, as_f64(lag_us)));
    }
    if over.generator_cpu > MOST_CPU {
        found.push((Concern::Busy, over.generator_cpu));
    }
    let mut counts = Counts::default();
    record.scenarios.values().for_each(|scenario| counts.add(&scenario.counts));
    let (asked, not_begun) = (as_f64(counts.asked), as_f64(counts.not_begun));
    let queueing_us = record.queueing.at(0.99);
    let is_held_up = Duration::from_micros(queueing_us) > MOST_QUEUEING;
    if asked > 0.0 && (is_held_up || not_begun / asked > MOST_NOT_BEGUN) {
        found.push((Concern::Held, as_f64(queueing_us)));
    }
    if over.is_used_up {
        found.push((Concern::UsedUp, 0.0));
    }
    found
}

/// The concerns of all phases in sentences, each once, with the phases that it is of and its worst
/// figure.
pub fn warnings(phases: &[(String, Vec<Grave>)], connections: usize) -> Vec<String> {
    let kinds = [Concern::Late, Concern::Busy, Concern::Held, Concern::UsedUp];
    let told = kinds.into_iter().filter_map(|kind| {
        let mut worst = 0.0_f64;
        let mut labels = Vec::new();
        for (label, found) in phases {
            for (_, grave) in found.iter().filter(|(concern, _)| *concern == kind) {
                worst = worst.max(*grave);
                labels.push(label.as_str());
            }
        }
        let said = kind.said(worst, connections);
        (!labels.is_empty()).then(|| format!("{said} ({})", labels.join("; ")))
    });
    told.collect()
}

impl Concern {
    fn said(self, worst: f64, connections: usize) -> String {
        match self {
            Self::Late => format!(
                "The generator itself was late: 1 of 100 intended starts was noticed up to {} after it \
                 was due. Give it a processor of its own, or ask for less",
                ms(worst)
            ),
            Self::Busy => format!(
                "The generator's thread had up to {:.0} % of a processor and may be the limit: run \
                 several, or ask for less",
                worst * 100.0
            ),
            Self::Held => format!(
                "Intended starts waited for a free connection, up to {} at the 99th percentile: all \
                 {connections} were busy. Either the server was behind, or --connections is too small \
                 for this rate; the waits are in the latencies",
                ms(worst)
            ),
            Self::UsedUp => {
                "It ended early, because what was prepared was used up; --prepare N prepares \
                             more"
                    .to_owned()
            }
        }
    }
}

fn ms(us: f64) -> String {
    format!("{:.1} ms", us / 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds far below 2^53")]
const fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{
        phase::{Load, Phase},
        recorder::{Place, Recorder},
        scenario::Scenario,
    };

    fn over(generator_cpu: f64) -> PhaseOver {
        let (warmup, duration) = (Duration::ZERO, Duration::from_secs(1));
        let load = Load::Open { from_per_s: 9.0, to_per_s: 9.0 };
        let label = "9/s".to_owned();
        let phase = Phase { label, percent: None, load, warmup, duration, is_probe: false };
        PhaseOver { phase, measured: duration, is_used_up: false, generator_cpu }
    }

    fn told(generator_cpu: f64, lag_ms: u64, waited_ms: u64, not_begun: u64) -> Vec<String> {
        let mut recorder = Recorder::default();
        let place = Place { phase: 0, scenario: Scenario::Login, measured: true };
        for _ in 0..100 {
            recorder.asked(place, Duration::from_millis(lag_ms));
        }
        for number in 0..100 {
            if number < not_begun {
                recorder.not_begun(place);
            } else {
                recorder.begun(place, Duration::from_millis(waited_ms));
            }
        }
        let found = concerns(&over(generator_cpu), recorder.phase(0));
        warnings(&[("25 %".to_owned(), found.clone()), ("50 %".to_owned(), found)], 4)
    }

    #[test]
    fn a_generator_that_is_the_limit_is_warned_about() {
        assert!(told(0.5, 1, 2, 0).is_empty());
        for (warned, word) in [
            (told(0.95, 1, 2, 0), "95 % of a processor"),
            (told(0.5, 9, 9, 0), "noticed up to 9.0 ms after"),
            (told(0.5, 1, 90, 0), "all 4 were busy"),
            (told(0.5, 1, 2, 2), "waited for a free connection"),
        ] {
            assert!(warned.len() == 1 && warned[0].contains(word), "{word}: {warned:?}");
            assert!(warned[0].ends_with(" (25 %; 50 %)"), "{warned:?}");
        }
    }
}
