//! Where a ladder bends: how much the server carries, as far as the ladder went.

use super::result::{PhaseResult, per_s};
use serde::Serialize;

/// A step of a ladder is carried where so much of what was asked ended as it should in time…
const CARRIED: f64 = 0.97;
/// …and its slow answers are no slower than so many times those of the first step of which it can be told.
const KNEE_SLOWDOWN: u64 = 4;
/// What an answer may take whatever the first step took, in microseconds: on a quiet server times are so
/// small that a few of them say nothing.
const KNEE_FREE_US: u64 = 25_000;

/// Where a ladder bends.
#[derive(Debug, Clone, Serialize)]
pub struct Knee {
    /// The last step that was carried, in per cent of the capacity.
    pub percent: u32,
    /// What was asked for there, a second.
    pub asked_per_s: f64,
    /// What was achieved there, a second.
    pub achieved_per_s: f64,
    /// The 99th percentile there, in microseconds.
    pub p99_us: u64,
    /// How many steps the ladder had, as far as it came, of which it can be told whether they were carried.
    pub steps: usize,
    /// Whether it is the last of them: nothing higher was tried, so what the server can carry lies above.
    pub is_last_step: bool,
}

/// What is said of a step that had too few answers for a 99th percentile.
pub const CANNOT_BE_TOLD: &str = "cannot be told: too few answers";

/// What was asked for and what was answered in a phase, a second: of attackers only where there is
/// nobody else, for one who is slow on purpose ends when the phase is over. A limit that is reached is no
/// want of room.
pub(super) fn answered_per_s(phase: &PhaseResult) -> (f64, f64) {
    let counts = phase.of_households().unwrap_or(phase.counts);
    let rate = |count: u64| per_s(count, phase.measured_s);
    (rate(counts.asked), rate(counts.ok_in_window + counts.refused))
}

/// Whether a step fell short of what was asked for, whatever its latencies were.
fn is_short(step: &PhaseResult) -> bool {
    let (asked_per_s, answered_per_s) = answered_per_s(step);
    answered_per_s < asked_per_s * CARRIED
}

/// Steps of which it cannot be told whether they were carried, in per cent of the capacity: they kept up,
/// and had too few answers for a 99th percentile.
pub(super) fn untold(phases: &[PhaseResult]) -> Vec<u32> {
    let steps = steps(phases).into_iter();
    steps.filter(|step| !is_told(step)).filter_map(|step| step.phase.percent).collect()
}

/// Whether it can be told of any step.
pub(super) fn is_any_told(phases: &[PhaseResult]) -> bool {
    steps(phases).into_iter().any(is_told)
}

fn is_told(step: &PhaseResult) -> bool {
    step.latency.p99_us.is_some() || is_short(step)
}

/// The steps from below.
fn steps(phases: &[PhaseResult]) -> Vec<&PhaseResult> {
    // The step after the ladder is as small as an early one, and no part of it.
    let mut steps: Vec<&PhaseResult> = Vec::new();
    for phase in phases.iter().filter(|phase| phase.phase.percent.is_some()) {
        let is_higher = steps.last().is_none_or(|last| last.phase.percent < phase.phase.percent);
        if is_higher {
            steps.push(phase);
        }
    }
    steps
}

/// The last step from below up to which every one was carried, of those of which it can be told.
pub(super) fn knee(phases: &[PhaseResult]) -> Option<Knee> {
    let mut steps = steps(phases);
    steps.retain(|step| is_told(step));
    let first_us = steps.first()?.latency.p99_us?;
    let most_us = first_us.saturating_mul(KNEE_SLOWDOWN).max(KNEE_FREE_US);
    let is_carried = |step: &&&PhaseResult| {
        !is_short(step) && step.latency.p99_us.is_some_and(|p99_us| p99_us <= most_us)
    };
    let last = steps.iter().take_while(is_carried).last()?;
    Some(Knee {
        percent: last.phase.percent?,
        asked_per_s: last.asked_per_s,
        achieved_per_s: last.achieved_per_s,
        p99_us: last.latency.p99_us?,
        steps: steps.len(),
        is_last_step: steps.last().is_some_and(|highest| highest.phase == last.phase),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{
        phase::{Load, Phase},
        recorder::PhaseRecord,
        result::phase_result,
    };
    use std::time::Duration;

    fn step(percent: u32, asked: u64, achieved: u64, p99_us: u64) -> PhaseResult {
        let load = Load::Open { from_per_s: 1.0, to_per_s: 1.0 };
        let (warmup, duration) = (Duration::ZERO, Duration::from_secs(1));
        let label = format!("{percent} %");
        let percent = Some(percent);
        let phase = Phase { label, percent, load, warmup, duration, is_probe: false };
        let mut result = phase_result(&phase, (1.0, 0.1), &PhaseRecord::default());
        (result.counts.asked, result.counts.ok_in_window) = (asked, achieved);
        result.latency.p99_us = Some(p99_us);
        result
    }

    #[test]
    fn a_ladder_bends_where_less_is_achieved_or_answers_get_slow_or_not_at_all() {
        let low = || step(25, 100, 100, 10_000);
        let at = |phases: &[PhaseResult]| knee(phases).map(|knee| knee.percent);
        let is_last = |phases: &[PhaseResult]| knee(phases).map(|knee| knee.is_last_step);
        let slow = [low(), step(50, 200, 199, 39_000), step(100, 400, 399, 41_000)];
        assert_eq!(at(&slow), Some(50));
        assert_eq!(is_last(&slow), Some(false));
        let short = [low(), step(100, 400, 380, 9_000), step(150, 600, 600, 9_000)];
        assert_eq!(at(&short), Some(25));
        assert_eq!(is_last(&short), Some(false));
        let quick = [step(25, 100, 99, 500), step(100, 400, 400, 24_000)];
        assert_eq!(at(&quick), Some(100));
        assert_eq!(is_last(&quick), Some(true));
        let quick_and_after = [low(), step(150, 600, 600, 9_000), step(50, 200, 200, 9_000)];
        assert_eq!((at(&quick_and_after), is_last(&quick_and_after)), (Some(150), Some(true)));
        let after = [low(), step(150, 600, 400, 900_000), step(50, 200, 200, 10_000)];
        assert_eq!(at(&after), Some(25));
        assert_eq!(is_last(&after), Some(false));
        assert_eq!(at(&[step(25, 100, 50, 1)]), None);
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn a_step_with_too_few_answers_is_neither_carried_nor_the_limit() {
        let few = |percent, asked, achieved| {
            let mut step = step(percent, asked, achieved, 0);
            // One that was slow once: of so few it says nothing.
            (step.latency.p99_us, step.latency.max_us) = (None, 900_000);
            step
        };
        let told = |phases: &[PhaseResult]| {
            let knee = knee(phases).map(|knee| (knee.percent, knee.steps, knee.is_last_step));
            (knee, untold(phases))
        };
        let low = || step(50, 200, 200, 10_000);
        let begins = [few(25, 90, 90), low(), step(100, 400, 400, 39_000), step(150, 600, 300, 1)];
        assert_eq!(told(&begins), (Some((100, 3, false)), vec![25]));
        assert_eq!(told(&[low(), few(100, 90, 90)]), (Some((50, 1, true)), vec![100]));
        assert_eq!(told(&[few(50, 20, 20), few(100, 40, 40)]), (None, vec![50, 100]));
        // What fell short was not carried, however few answers there are.
        assert_eq!(told(&[few(25, 200, 90), low()]), (None, vec![]));
        assert_eq!(told(&[low(), few(100, 400, 90)]), (Some((50, 2, false)), vec![]));
    }
}
