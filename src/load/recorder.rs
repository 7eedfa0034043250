//! What was asked, what came of it and how long it took, by phase, scenario, step and second.

use super::{
    fault::{Ending, Fault},
    histogram::{Latencies, Percentiles},
    scenario::{Scenario, Step},
};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Counts of a scenario. Each intended start is begun or not begun, and each that was begun has one
/// ending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Intended starts.
    pub asked: u64,
    /// Those that a connection was free for before the phase ended.
    pub begun: u64,
    /// Those that none was free for.
    pub not_begun: u64,
    /// Ended as they should.
    pub ok: u64,
    /// Refused by a rule.
    pub refused: u64,
    /// Turned away for want of room.
    pub shed: u64,
    /// No answer, or a failure.
    pub failed: u64,
    /// An answer that is not true.
    pub wrong: u64,
    /// Under way when the run was ended.
    pub cut: u64,
    /// Ended as they should within the measured time, whenever they began: what rates are made of.
    pub ok_in_window: u64,
    /// Tries again after 503 or 429, with `--retry`.
    pub retries: u64,
}

impl Counts {
    /// How many ended like this.
    pub const fn of(&mut self, ending: Ending) -> &mut u64 {
        match ending {
            Ending::Ok => &mut self.ok,
            Ending::Refused => &mut self.refused,
            Ending::Shed => &mut self.shed,
            Ending::Failed => &mut self.failed,
            Ending::Wrong => &mut self.wrong,
            Ending::Cut => &mut self.cut,
        }
    }

    /// Takes the counts of another.
    pub const fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.begun += other.begun;
        self.not_begun += other.not_begun;
        self.ok += other.ok;
        self.refused += other.refused;
        self.shed += other.shed;
        self.failed += other.failed;
        self.wrong += other.wrong;
        self.cut += other.cut;
        self.ok_in_window += other.ok_in_window;
        self.retries += other.retries;
    }
}

/// What is known of one scenario in one phase.
#[derive(Debug, Clone, Default)]
pub struct ScenarioRecord {
    /// Its counts.
    pub counts: Counts,
    /// From the intended start to the end, of those that ended as they should.
    pub latency: Latencies,
    /// The same of those that were refused or turned away (reliability 31: under 50 ms).
    pub turned_away: Latencies,
    /// Each step, from the end of the one before it.
    pub steps: BTreeMap<Step, Latencies>,
}

/// One kind of error, at one step.
#[derive(Debug, Clone, Default)]
pub struct ErrorRecord {
    /// How often.
    pub count: u64,
    /// What exactly, of the first.
    pub example: String,
}

/// Where an error occurred, and of what kind it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrorPlace {
    /// The scenario.
    pub scenario: Scenario,
    /// The step.
    pub step: Step,
    /// The kind, short.
    pub kind: String,
    /// How the scenario ended with it.
    pub ending: Ending,
}

/// What is known of a phase.
#[derive(Debug, Clone, Default)]
pub struct PhaseRecord {
    /// Each scenario.
    pub scenarios: BTreeMap<Scenario, ScenarioRecord>,
    /// Each kind of error.
    pub errors: BTreeMap<ErrorPlace, ErrorRecord>,
    /// How late the generator itself was: from an intended start to the moment when it was noticed.
    pub lag: Latencies,
    /// How long intended starts waited for a free connection.
    pub queueing: Latencies,
}

/// One second of the run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Second {
    /// Its end, in seconds since the first phase began.
    pub at_s: f64,
    /// How long it was: the last of a phase is shorter.
    pub length_s: f64,
    /// The phase, from 0.
    pub phase: usize,
    /// Whether it is measured; warming up is not.
    pub measured: bool,
    /// Intended starts.
    pub asked: u64,
    /// Intended starts that nothing took before their phase ended; they are told in the second after
    /// its end.
    pub not_begun: u64,
    /// Ended as they should.
    pub ok: u64,
    /// Refused by a rule.
    pub refused: u64,
    /// Turned away.
    pub shed: u64,
    /// Failed or wrong.
    pub failed: u64,
    /// The median of those that ended as they should, in microseconds; attackers are not among them
    /// where others are. None of fewer than 2.
    pub p50_us: Option<u64>,
    /// 90 of 100 of them; none of fewer than 10.
    pub p90_us: Option<u64>,
    /// 99 of 100 of them; none of fewer than 100.
    pub p99_us: Option<u64>,
    /// The slowest of them.
    pub max_us: u64,
    /// Scenarios under way at its end.
    pub under_way: u64,
    /// Intended starts that wait for a connection at its end.
    pub waiting: u64,
    /// The latest that the generator noticed an intended start, in microseconds.
    pub lag_us: u64,
    /// The share of one processor that the generator's thread had.
    pub generator_cpu: f64,
    /// The share of one processor that the server had, where its process is named.
    pub server_cpu: Option<f64>,
    /// The server's resident memory, where its process is named. Unit: bytes.
    pub server_rss_bytes: Option<u64>,
}

/// The second under way.
#[derive(Debug, Default)]
struct Now {
    counts: Counts,
    latency: Latencies,
    lag: Duration,
}

/// Where and when something was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The phase, from 0.
    pub phase: usize,
    /// What is done.
    pub scenario: Scenario,
    /// Whether it is measured: nothing of the warm-up is.
    pub measured: bool,
}

/// The record of a run.
#[derive(Debug, Default)]
pub struct Recorder {
    phases: Vec<PhaseRecord>,
    /// Every second of the run.
    pub seconds: Vec<Second>,
    now: Now,
    /// Scenarios under way.
    pub under_way: u64,
    /// Counts of everything, the warm-up included: what the live line shows.
    pub all: Counts,
}

impl Recorder {
    /// The record of a phase.
    pub fn phase(&mut self, phase: usize) -> &mut PhaseRecord {
        if self.phases.len() <= phase {
            self.phases.resize_with(phase + 1, PhaseRecord::default);
        }
        &mut self.phases[phase]
    }

    /// All phases so far.
    pub fn phases(&self) -> &[PhaseRecord] {
        &self.phases
    }

    fn scenario(&mut self, place: Place) -> Option<&mut ScenarioRecord> {
        let scenarios = place.measured.then(|| &mut self.phase(place.phase).scenarios);
        scenarios.map(|scenarios| scenarios.entry(place.scenario).or_default())
    }

    fn count(&mut self, place: Place, count: impl Fn(&mut Counts)) {
        count(&mut self.now.counts);
        count(&mut self.all);
        if let Some(record) = self.scenario(place) {
            count(&mut record.counts);
        }
    }

    /// An intended start was noticed, so late.
    pub fn asked(&mut self, place: Place, lag: Duration) {
        self.count(place, |counts| counts.asked += 1);
        self.now.lag = self.now.lag.max(lag);
        if place.measured {
            self.phase(place.phase).lag.record(lag);
        }
    }

    /// A connection took it, after so long a wait.
    pub fn begun(&mut self, place: Place, waited: Duration) {
        self.count(place, |counts| counts.begun += 1);
        self.under_way += 1;
        if place.measured {
            self.phase(place.phase).queueing.record(waited);
        }
    }

    /// Nothing took it before the phase ended.
    pub fn not_begun(&mut self, place: Place) {
        self.count(place, |counts| counts.not_begun += 1);
    }

    /// A step was answered as it should be.
    pub fn step(&mut self, place: Place, step: Step, took: Duration) {
        if let Some(record) = self.scenario(place) {
            record.steps.entry(step).or_default().record(took);
        }
    }

    /// It will be tried again.
    pub fn retried(&mut self, place: Place) {
        self.count(place, |counts| counts.retries += 1);
    }

    /// It ended as it should; `in_window` where that was within the measured time.
    pub fn ok(&mut self, place: Place, took: Duration, in_window: bool) {
        self.count(place, |counts| counts.ok += 1);
        self.under_way -= 1;
        if self.is_told_of(place.scenario) {
            self.now.latency.record(took);
        }
        if let Some(record) = self.scenario(place) {
            record.latency.record(took);
        }
        if in_window {
            // What began in the warm-up is work of this time too.
            if let Some(record) = self.scenario(Place { measured: true, ..place }) {
                record.counts.ok_in_window += 1;
            }
        }
    }

    /// Whether a scenario is in the latencies of all together: an attacker who is slow on purpose says
    /// nothing of the server, unless nobody else was there.
    fn is_told_of(&self, scenario: Scenario) -> bool {
        let mut seen = self.phases.iter().flat_map(|phase| phase.scenarios.keys());
        scenario != Scenario::Attack || seen.all(|seen| *seen == Scenario::Attack)
    }

    /// It ended otherwise, at this step.
    pub fn not_ok(&mut self, place: Place, step: Step, fault: &Fault, took: Duration) {
        let ending = fault.ending();
        self.count(place, |counts| *counts.of(ending) += 1);
        self.under_way -= 1;
        if let (Some(record), Ending::Refused | Ending::Shed) = (self.scenario(place), ending) {
            record.turned_away.record(took);
        }
        // Errors are of what the counts are of; only a wrong answer is told of the warm-up too.
        if place.measured || ending == Ending::Wrong {
            self.error(place, step, fault);
        }
    }

    /// An error that ends nothing, such as one after the order was bought.
    pub fn error(&mut self, place: Place, step: Step, fault: &Fault) {
        let mut kind = fault.kind();
        if !place.measured {
            // In a row of its own, for the counts have none of it.
            kind += ", while it warmed up";
        }
        let at = ErrorPlace { scenario: place.scenario, step, kind, ending: fault.ending() };
        let error = self.phase(place.phase).errors.entry(at).or_default();
        error.count += 1;
        if error.count == 1 {
            error.example = fault.detail();
        }
    }

    /// It was under way when the run was ended.
    pub fn cut(&mut self, place: Place) {
        self.count(place, |counts| counts.cut += 1);
        self.under_way -= 1;
    }

    /// A second is over: what was seen in it, with what the caller knows beside.
    pub fn second(&mut self, known: Second) -> &Second {
        let Now { counts, latency, lag } = &mut self.now;
        let Percentiles { p50_us, p90_us, p99_us, max_us, .. } = latency.percentiles();
        let second = Second {
            asked: counts.asked,
            not_begun: counts.not_begun,
            ok: counts.ok,
            refused: counts.refused,
            shed: counts.shed,
            failed: counts.failed + counts.wrong,
            p50_us,
            p90_us,
            p99_us,
            max_us,
            under_way: self.under_way,
            lag_us: u64::try_from(lag.as_micros()).unwrap_or(u64::MAX),
            ..known
        };
        *counts = Counts::default();
        *lag = Duration::ZERO;
        latency.clear();
        self.seconds.push(second);
        let last = self.seconds.len() - 1;
        &self.seconds[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::http::Broken;

    #[test]
    fn errors_are_of_what_the_counts_are_of_and_a_wrong_answer_is_told_of_the_warm_up_too() {
        let mut recorder = Recorder::default();
        let mut end = |measured, fault: Fault| {
            let place = Place { phase: 0, scenario: Scenario::Login, measured };
            recorder.asked(place, Duration::ZERO);
            recorder.begun(place, Duration::ZERO);
            recorder.not_ok(place, Step::Login, &fault, Duration::ZERO);
        };
        let timeout = || Fault::Broken(Broken::Timeout);
        let wrong = || Fault::Wrong("no".to_owned());
        (0..3).for_each(|_| end(false, timeout()));
        (0..2).for_each(|_| end(true, timeout()));
        end(false, wrong());
        (0..4).for_each(|_| end(true, wrong()));
        let record = recorder.phase(0);
        let told: Vec<(&str, u64)> =
            record.errors.iter().map(|(at, error)| (at.kind.as_str(), error.count)).collect();
        let warm = "wrong answer, while it warmed up";
        assert_eq!(told, [("timeout", 2), ("wrong answer", 4), (warm, 1)]);
        let counts = record.scenarios[&Scenario::Login].counts;
        assert_eq!((counts.failed, counts.wrong), (2, 4));
    }
}
