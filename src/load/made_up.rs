//! Runs that nobody made, for tests of what is said of them.

use super::{
    arrivals::Spacing,
    fault::Fault,
    host::Host,
    phase::{Load, Phase},
    recorder::{Place, Recorder, Second},
    result::{Around, Config, Results, Verification},
    run::{PhaseOver, Plan, RunOver, Shape},
    scenario::{Mix, Scenario, Step},
};
use std::{rc::Rc, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

/// A run at one rate, or of these steps of a ladder; each phase took a second.
pub fn results(percents: &[u32], recorder: &mut Recorder) -> Results {
    let load = Load::Open { from_per_s: 10.0, to_per_s: 10.0 };
    let over = |label: String, percent| PhaseOver {
        phase: Phase {
            label,
            percent,
            load,
            warmup: Duration::ZERO,
            duration: SECOND,
            is_probe: false,
        },
        measured: SECOND,
        ended: 0,
        is_used_up: false,
        generator_cpu: 0.1,
    };
    let phases = match percents {
        [] => vec![over("10/s".to_owned(), None)],
        percents => percents.iter().map(|p| over(format!("{p} %"), Some(*p))).collect(),
    };
    let mut at_s = 0.0;
    for phase in 0..phases.len() {
        at_s += 1.0;
        recorder.second(Second { at_s, phase, length_s: 1.0, measured: true, ..Second::default() });
    }
    let shape = match percents {
        [] => Shape::Rate { per_s: 10.0 },
        percents => Shape::Ladder { percents: percents.to_vec(), capacity_per_s: Some(10.0) },
    };
    let plan = Plan {
        mix: Rc::new("login".parse::<Mix>().expect("a mix")),
        shape,
        spacing: Spacing::Even,
        warmup: Duration::ZERO,
        duration: SECOND,
        connections: 4,
        sources: 1,
        prepare: 0,
        sessions: 0,
        seed: 1,
    };
    let around = Around {
        config: Config::of_plan(&plan),
        host: Host::look(),
        began_at: "2026-11-30T00:00:00Z".to_owned(),
        took_s: 1.0,
        verification: Verification::Skipped,
        unkept_ledger: None,
        reconciliation: None,
    };
    let capacity_per_s = (!percents.is_empty()).then_some(10.0);
    Results::of(&RunOver { phases, is_cut: false, capacity_per_s }, recorder, around)
}

/// So many starts of a scenario in a phase, each ended like this.
pub fn end(
    recorder: &mut Recorder,
    (phase, scenario): (usize, Scenario),
    count: u64,
    ended: &Result<Duration, Fault>,
) {
    let place = Place { phase, scenario, measured: true };
    for _ in 0..count {
        recorder.asked(place, Duration::ZERO);
        recorder.begun(place, Duration::ZERO);
        match ended {
            Ok(took) => recorder.ok(place, *took, true),
            Err(fault) => recorder.not_ok(place, Step::Guess, fault, Duration::from_millis(1)),
        }
    }
}

/// So many starts of a scenario that nothing took.
pub fn leave(recorder: &mut Recorder, scenario: Scenario, count: u64) {
    let place = Place { phase: 0, scenario, measured: true };
    for _ in 0..count {
        recorder.asked(place, Duration::ZERO);
        recorder.not_begun(place);
    }
}
