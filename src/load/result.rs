//! What a run found, as `result.json` holds it and the report shows it.

use super::{
    arrivals::Spacing,
    fault::Ending,
    health,
    histogram::{CurvePoint, Latencies, Percentiles},
    host::Host,
    knee::{CANNOT_BE_TOLD, Knee, is_any_told, knee, untold},
    phase::Phase,
    reconcile::Reconciliation,
    recorder::{Counts, PhaseRecord, Recorder, Second},
    run::{Plan, RunOver, Shape},
    scenario::{Mix, Scenario, attack::AttackKind},
};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The form of `result.json`; a number that goes up where a reader would have to know. In 2 a percentile
/// that too few values tell nothing of is null; in 3 a run may be unmeasured, and a knee leaves out steps of
/// which it cannot be told.
const FORMAT: u32 = 3;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every answer was true, and what is stored was verified.
    Passed,
    /// Every answer was true; whether what is stored is, nobody looked.
    Unverified,
    /// It was ended before anything that was measured had been answered: it says nothing of the server.
    Unmeasured,
    /// Something was not true, or nothing succeeded.
    Failed,
}

/// Whether what is stored is true.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verification {
    /// Every invariant was looked at.
    Done {
        /// Whether all hold.
        whole: bool,
        /// The server's report.
        report: Value,
    },
    /// It could not be looked at.
    Failed {
        /// Why.
        what: String,
    },
    /// `--no-verify`.
    Skipped,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// The address.
    pub url: String,
    /// The server's own name for itself.
    pub issuer: String,
    /// The credentials' file.
    pub credentials: String,
    /// How many lines of it.
    pub lines: usize,
    /// How unevenly they are asked for.
    pub zipf_exponent: f64,
    /// What was done.
    pub mix: Mix,
    /// How much.
    pub shape: Shape,
    /// How starts were spaced.
    pub spacing: Spacing,
    /// Connections.
    pub connections: usize,
    /// Addresses that they came from.
    pub sources: u8,
    /// The longest wait for an answer. Unit: seconds.
    pub timeout_s: f64,
    /// Whether 503 and 429 were tried again.
    pub retry: bool,
    /// What attackers did.
    pub attacks: Vec<AttackKind>,
    /// Where everything that was drawn began.
    pub seed: u64,
}

impl Config {
    /// What of the configuration is the plan's.
    pub fn of_plan(plan: &Plan) -> Self {
        Self {
            url: String::new(),
            issuer: String::new(),
            credentials: String::new(),
            lines: 0,
            zipf_exponent: 0.0,
            mix: (*plan.mix).clone(),
            shape: plan.shape.clone(),
            spacing: plan.spacing,
            connections: plan.connections,
            sources: plan.sources,
            timeout_s: 0.0,
            retry: false,
            attacks: Vec::new(),
            seed: plan.seed,
        }
    }
}

/// One kind of error.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorRow {
    /// The scenario.
    pub scenario: &'static str,
    /// The step.
    pub step: &'static str,
    /// What kind.
    pub kind: String,
    /// How the scenario ended.
    pub ending: Ending,
    /// How often.
    pub count: u64,
    /// What exactly, of the first.
    pub example: String,
}

impl ErrorRow {
    /// Whether it is something amiss: that an attacker is refused or turned away is not.
    pub fn is_amiss(&self) -> bool {
        let is_turned_away = matches!(self.ending, Ending::Refused | Ending::Shed);
        self.scenario != Scenario::Attack.name() || !is_turned_away
    }
}

/// A scenario in a phase.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioResult {
    /// Its counts.
    pub counts: Counts,
    /// Ended as they should, a second.
    pub achieved_per_s: f64,
    /// From the intended start to the end, of those that ended as they should.
    pub latency: Percentiles,
    /// The curve of the same.
    pub curve: Vec<CurvePoint>,
    /// The same of those that were refused or turned away.
    pub turned_away: Percentiles,
    /// Each step, from the end of the one before.
    pub steps: BTreeMap<&'static str, Percentiles>,
}

/// A phase.
#[derive(Debug, Clone, Serialize)]
pub struct PhaseResult {
    /// How it was laid out.
    #[serde(flatten)]
    pub phase: Phase,
    /// How long it was measured. Unit: seconds.
    pub measured_s: f64,
    /// Intended starts a second.
    pub asked_per_s: f64,
    /// Ended as they should, a second.
    pub achieved_per_s: f64,
    /// The counts of all scenarios together.
    pub counts: Counts,
    /// The latencies of all scenarios together; of attackers only where there is nobody else.
    pub latency: Percentiles,
    /// Those that were refused or turned away.
    pub turned_away: Percentiles,
    /// The share of one processor that the generator's thread had.
    pub generator_cpu: f64,
    /// How late the generator itself was.
    pub generator_lag: Percentiles,
    /// How long intended starts waited for a free connection.
    pub queueing: Percentiles,
    /// Each scenario.
    pub scenarios: BTreeMap<&'static str, ScenarioResult>,
    /// Each kind of error.
    pub errors: Vec<ErrorRow>,
}

impl PhaseResult {
    /// The counts of a kind of people: of attackers, or of all others.
    fn counts_of(&self, attackers: bool) -> Option<Counts> {
        let is_of = |name: &str| (name == Scenario::Attack.name()) == attackers;
        let of = self.scenarios.iter().filter(|(name, _)| is_of(name));
        sum(of.map(|(_, scenario)| scenario.counts))
    }

    /// The counts of households and their providers; none where attackers alone were there.
    pub fn of_households(&self) -> Option<Counts> {
        self.counts_of(false)
    }

    /// The counts of attackers; none where there were none.
    pub fn of_attackers(&self) -> Option<Counts> {
        self.counts_of(true)
    }

    /// Whether attackers were there, and others too.
    pub fn is_mixed(&self) -> bool {
        self.of_households().is_some() && self.of_attackers().is_some()
    }

    /// What was asked for and what ended as it should, a second: of attackers only where there was
    /// nobody else.
    pub fn rates_per_s(&self) -> (f64, f64) {
        let counts = self.of_households().unwrap_or(self.counts);
        (per_s(counts.asked, self.measured_s), per_s(counts.ok_in_window, self.measured_s))
    }
}

/// What a run found.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// The form of this object.
    pub format: u32,
    /// The generator.
    pub program: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it failed, in sentences.
    pub reasons: Vec<String>,
    /// What a reader must know, in sentences.
    pub warnings: Vec<String>,
    /// Whether it was ended before its end.
    pub is_cut_short: bool,
    /// When it began, RFC 3339.
    pub began_at: String,
    /// How long it took. Unit: seconds.
    pub took_s: f64,
    /// What was asked for.
    pub config: Config,
    /// The machine.
    pub host: Host,
    /// The capacity that a ladder's steps are part of, starts a second.
    pub capacity_per_s: Option<f64>,
    /// Where the ladder bends; none where it did not carry its first step.
    pub knee: Option<Knee>,
    /// The ladder's steps with too few answers to tell whether they were carried: the knee is of the
    /// others. Unit: per cent of the capacity.
    pub untold_percents: Vec<u32>,
    /// The phases.
    pub phases: Vec<PhaseResult>,
    /// The run second by second.
    pub seconds: Vec<Second>,
    /// Whether what is stored is true.
    pub verification: Verification,
    /// Why the ledger is not whole, if it is not: then what was drawn of it was held against the store.
    pub unkept_ledger: Option<String>,
    /// What the providers were told afterwards.
    pub reconciliation: Option<Reconciliation>,
}

/// What is known beside the record.
pub struct Around {
    /// What was asked for.
    pub config: Config,
    /// The machine.
    pub host: Host,
    /// When it began, RFC 3339.
    pub began_at: String,
    /// How long it took. Unit: seconds.
    pub took_s: f64,
    /// Whether what is stored is true.
    pub verification: Verification,
    /// Why the ledger is not whole, if it is not.
    pub unkept_ledger: Option<String>,
    /// What the providers were told afterwards.
    pub reconciliation: Option<Reconciliation>,
}

impl Results {
    /// Draws the sum.
    pub fn of(run: &RunOver, recorder: &Recorder, around: Around) -> Self {
        let nothing = PhaseRecord::default();
        let record = |number: usize| recorder.phases().get(number).unwrap_or(&nothing);
        let phases: Vec<PhaseResult> = run
            .phases
            .iter()
            .enumerate()
            .map(|(number, over)| {
                let (measured_s, generator_cpu) = (over.measured.as_secs_f64(), over.generator_cpu);
                phase_result(&over.phase, (measured_s, generator_cpu), record(number))
            })
            .collect();
        let connections = around.config.connections;
        let concerns = run.phases.iter().enumerate().map(|(number, over)| {
            (over.phase.label.clone(), health::concerns(over, record(number)))
        });
        let mut warnings = health::warnings(&concerns.collect::<Vec<_>>(), connections);
        if around.host.build == "debug" {
            warnings.push(
                "The generator is a debug build: it takes several times the processor of a release \
                 build"
                    .to_owned(),
            );
        }
        let (knee, untold_percents) = (knee(&phases), untold(&phases));
        let mut results = Self {
            format: FORMAT,
            program: concat!("linepass ", env!("CARGO_PKG_VERSION")),
            verdict: Verdict::Passed,
            reasons: Vec::new(),
            warnings,
            is_cut_short: run.is_cut,
            began_at: around.began_at,
            took_s: around.took_s,
            config: around.config,
            host: around.host,
            capacity_per_s: run.capacity_per_s,
            knee,
            untold_percents,
            phases,
            seconds: recorder.seconds.clone(),
            verification: around.verification,
            unkept_ledger: around.unkept_ledger,
            reconciliation: around.reconciliation,
        };
        results.judge();
        results
    }

    /// Whether starts came at their own rate.
    pub const fn is_open_loop(&self) -> bool {
        !matches!(self.config.shape, Shape::Clients { .. })
    }

    /// What is said of a ladder's steps of which it cannot be told whether they were carried.
    pub fn untold(&self) -> Option<String> {
        let percents: Vec<String> =
            self.untold_percents.iter().map(|percent| format!("{percent} %")).collect();
        (!percents.is_empty()).then(|| {
            let steps = percents.join(", ");
            format!("{steps} of capacity {CANNOT_BE_TOLD} for a p99; --duration gives more")
        })
    }

    /// What is meant by all steps of a ladder, where it cannot be told of each.
    pub const fn of_which(&self) -> &'static str {
        if self.untold_percents.is_empty() { "" } else { " of which it can be told" }
    }

    /// Whether there was a step of a ladder of which it can be told, and not even the first was carried.
    pub fn has_carried_nothing(&self) -> bool {
        self.knee.is_none() && is_any_told(&self.phases)
    }

    /// The sum of some people's counts over all phases that are results.
    pub fn sum_of(&self, of: impl Fn(&PhaseResult) -> Option<Counts>) -> Option<Counts> {
        let phases = self.phases.iter().filter(|phase| !phase.phase.is_probe);
        sum(phases.filter_map(of))
    }
}

fn sum(counts: impl Iterator<Item = Counts>) -> Option<Counts> {
    counts.reduce(|mut all, counts| {
        all.add(&counts);
        all
    })
}

pub(super) fn phase_result(
    phase: &Phase,
    (measured_s, generator_cpu): (f64, f64),
    record: &PhaseRecord,
) -> PhaseResult {
    let (mut counts, mut latency, mut turned_away) =
        (Counts::default(), Latencies::default(), Latencies::default());
    let is_told_of =
        |scenario: Scenario| scenario != Scenario::Attack || record.scenarios.len() == 1;
    for (name, scenario) in &record.scenarios {
        counts.add(&scenario.counts);
        // An attacker who is slow on purpose says nothing of the server.
        if is_told_of(*name) {
            latency.add(&scenario.latency);
            turned_away.add(&scenario.turned_away);
        }
    }
    let rate = |count: u64| per_s(count, measured_s);
    let scenarios = record.scenarios.iter().map(|(scenario, record)| {
        let steps = record.steps.iter();
        let result = ScenarioResult {
            counts: record.counts,
            achieved_per_s: rate(record.counts.ok_in_window),
            latency: record.latency.percentiles(),
            curve: record.latency.curve(),
            turned_away: record.turned_away.percentiles(),
            steps: steps.map(|(step, latency)| (step.name(), latency.percentiles())).collect(),
        };
        (scenario.name(), result)
    });
    let errors = record.errors.iter().map(|(place, error)| ErrorRow {
        scenario: place.scenario.name(),
        step: place.step.name(),
        kind: place.kind.clone(),
        ending: place.ending,
        count: error.count,
        example: error.example.clone(),
    });
    PhaseResult {
        phase: phase.clone(),
        measured_s,
        asked_per_s: rate(counts.asked),
        achieved_per_s: rate(counts.ok_in_window),
        counts,
        latency: latency.percentiles(),
        turned_away: turned_away.percentiles(),
        generator_cpu,
        generator_lag: record.lag.percentiles(),
        queueing: record.queueing.percentiles(),
        scenarios: scenarios.collect(),
        errors: errors.collect(),
    }
}

/// A rate with one digit behind the point.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(super) fn per_s(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { (count as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{
        knee::answered_per_s,
        phase::Load,
        recorder::{Place, Recorder, Second},
    };
    use std::time::Duration;

    /// A purchase of a hundred in 10 ms, and an attacker who took five seconds on purpose.
    fn attacked(is_alone: bool) -> Recorder {
        let mut recorder = Recorder::default();
        let mut end = |scenario, took| {
            let place = Place { phase: 0, scenario, measured: true };
            recorder.asked(place, Duration::ZERO);
            recorder.begun(place, Duration::ZERO);
            recorder.ok(place, took, scenario == Scenario::Purchase);
        };
        if !is_alone {
            (0..100).for_each(|_| end(Scenario::Purchase, Duration::from_millis(10)));
        }
        (0..20).for_each(|_| end(Scenario::Attack, Duration::from_secs(5)));
        recorder
    }

    #[test]
    fn a_slow_attacker_says_nothing_of_the_server_unless_nobody_else_was_there() {
        let percent = Some(100);
        let load = Load::Open { from_per_s: 1.0, to_per_s: 1.0 };
        let (warmup, duration) = (Duration::ZERO, Duration::from_secs(1));
        let phase =
            Phase { label: String::new(), percent, load, warmup, duration, is_probe: false };
        let mut recorder = attacked(false);
        let result = phase_result(&phase, (1.0, 0.1), &recorder.phases()[0]);
        assert!(result.latency.max_us < 11_000, "{:?}", result.latency);
        assert!(recorder.second(Second::default()).max_us < 11_000);
        assert_eq!(result.scenarios["attack"].latency.count, 20, "they are told by themselves");
        assert_eq!(answered_per_s(&result), (100.0, 100.0));
        assert_eq!(result.rates_per_s(), (100.0, 100.0));
        assert!(knee(&[result]).is_some(), "who is slow on purpose bends no ladder");

        let mut recorder = attacked(true);
        let alone = phase_result(&phase, (1.0, 0.1), &recorder.phases()[0]);
        assert!(alone.latency.max_us > 4_900_000);
        assert!(recorder.second(Second::default()).max_us > 4_900_000);
    }
}
