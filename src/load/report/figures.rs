//! The large figures at the page's top.

use super::views::{best, grouped, per_s};
use crate::load::{
    histogram::{ms, ms_or_few},
    phase::Load,
    result::{PhaseResult, Results},
    run::Shape,
};

/// A large figure at the top.
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// The figure.
    pub value: String,
    /// What is to be known of it.
    pub note: String,
}

/// The large figures.
pub fn head(results: &Results) -> Vec<Figure> {
    let Some(best) = best(results) else { return Vec::new() };
    let (asked_per_s, achieved_per_s) = best.rates_per_s();
    let achieved = match (&results.config.shape, &results.knee) {
        (Shape::Ladder { .. }, Some(knee)) => Figure {
            name: if knee.is_last_step { "Carried at least" } else { "Carried" },
            value: format!("{}/s", per_s(knee.achieved_per_s)),
            note: if knee.is_last_step {
                format!("by the last of {} steps; the limit lies above", knee.steps)
            } else {
                format!("at {} % of capacity, p99 {}", knee.percent, ms(knee.p99_us))
            },
        },
        _ => Figure {
            name: "Achieved",
            value: format!("{}/s", per_s(achieved_per_s)),
            note: match best.phase.load {
                Load::Open { .. } => format!("of {}/s asked", per_s(asked_per_s)),
                Load::Closed { clients } => format!("by {clients} clients"),
            },
        },
    };
    let mut figures = vec![
        achieved,
        Figure {
            name: "Median",
            value: ms_or_few(best.latency.p50_us),
            note: format!("of {} at {}", grouped(best.latency.count), best.phase.label),
        },
        Figure {
            name: "99th percentile",
            value: ms_or_few(best.latency.p99_us),
            note: format!(
                "slowest of {}: {}",
                grouped(best.latency.count),
                ms(best.latency.max_us)
            ),
        },
    ];
    figures.extend(did_not_succeed(results));
    figures.extend(turned_away(results));
    figures
}

/// Of households: what was asked for and did not end as it should, or never began. Attackers are not
/// among them, for whom being turned away is as it should be.
fn did_not_succeed(results: &Results) -> Option<Figure> {
    let counts = results.sum_of(PhaseResult::of_households)?;
    let ended = counts.refused + counts.shed + counts.failed + counts.wrong;
    Some(Figure {
        name: "Did not succeed",
        value: grouped(ended + counts.not_begun),
        note: format!(
            "of {} starts; {} not begun, {} wrong answers",
            grouped(counts.asked),
            grouped(counts.not_begun),
            grouped(counts.wrong)
        ),
    })
}

/// Of attackers: how many were refused, throttled or told that there is no room, which is what should
/// become of them.
fn turned_away(results: &Results) -> Option<Figure> {
    let counts = results.sum_of(PhaseResult::of_attackers)?;
    Some(Figure {
        name: "Attacks turned away",
        value: grouped(counts.ok + counts.refused + counts.shed),
        note: format!(
            "of {}; {} not begun, {} without an answer, {} answered wrongly",
            grouped(counts.asked),
            grouped(counts.not_begun),
            grouped(counts.failed),
            grouped(counts.wrong)
        ),
    })
}
