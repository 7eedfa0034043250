//! The report of a run: one HTML page that needs nothing else, for who has to believe it.
//!
//! | file | what |
//! |---|---|
//! | [`chart`] | line charts |
//! | [`figures`] | the large figures at its top |
//! | [`views`] | what else the page shows, drawn from the results |
//! | `page.html`, `style.css` | the page |

pub mod chart;
pub mod figures;
#[cfg(test)]
mod tests;
pub mod views;

use super::{
    histogram::{ms, ms_or_few},
    knee::CANNOT_BE_TOLD,
    result::{ErrorRow, PhaseResult, Results, Verdict, Verification},
    run::Shape,
};
use askama::Template;
use figures::Figure;
use serde_json::Value;
use views::{Measured, Row, TimeTable};

/// The page.
#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    results: &'a Results,
    style: &'static str,
    head: Vec<Figure>,
    ladder: Option<Measured>,
    throughput: Measured,
    latency: Measured,
    percentiles: Measured,
    machine: Measured,
    time_table: TimeTable,
    settings: Vec<Row>,
}

/// An invariant as the server told of it.
struct Invariant {
    name: String,
    what: String,
    checked: u64,
    faults: u64,
    first: Vec<String>,
}

/// Writes the report of a run.
///
/// # Errors
/// The template could not be filled.
pub fn page(results: &Results) -> Result<String, askama::Error> {
    let page = Page {
        results,
        style: include_str!("style.css"),
        head: figures::head(results),
        ladder: views::ladder(results),
        throughput: views::throughput(results),
        latency: views::latency(results),
        percentiles: views::percentiles(results),
        machine: views::machine(results),
        time_table: views::time_table(results),
        settings: views::settings(results),
    };
    page.render()
}

impl Page<'_> {
    /// Phases that are results.
    fn phases(&self) -> impl Iterator<Item = &PhaseResult> {
        self.results.phases.iter().filter(|phase| !phase.phase.is_probe)
    }

    /// The phase whose steps are seen at once: of several the one that stands for the run.
    fn is_shown(&self, phase: &PhaseResult) -> bool {
        let shown = views::best(self.results);
        shown.is_some_and(|shown| shown.phase.label == phase.phase.label)
    }

    fn has_attackers(&self) -> bool {
        self.phases().any(PhaseResult::is_mixed)
    }

    /// When it began, for people.
    fn began(&self) -> String {
        self.results.began_at.replacen('T', " ", 1)
    }

    fn is_capacity_given(&self) -> bool {
        matches!(self.results.config.shape, Shape::Ladder { capacity_per_s: Some(_), .. })
    }

    /// Whether it cannot be told of a step of the ladder whether it was carried.
    fn is_untold(&self, phase: &PhaseResult) -> bool {
        let untold = &self.results.untold_percents;
        let is_step = !phase.phase.label.starts_with("after");
        is_step && phase.phase.percent.is_some_and(|percent| untold.contains(&percent))
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    const fn cannot_be_told(&self) -> &'static str {
        CANNOT_BE_TOLD
    }

    fn has_errors(&self) -> bool {
        self.phases().any(|phase| self.errors(phase).next().is_some())
    }

    /// What is amiss in a phase.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn errors<'p>(&self, phase: &'p PhaseResult) -> impl Iterator<Item = &'p ErrorRow> {
        phase.errors.iter().filter(|error| error.is_amiss())
    }

    fn is_failed(&self) -> bool {
        self.results.verdict == Verdict::Failed
    }

    fn is_unmeasured(&self) -> bool {
        self.results.verdict == Verdict::Unmeasured
    }

    fn is_unverified(&self) -> bool {
        self.results.verification == Verification::Skipped
    }

    fn verdict(&self) -> &'static str {
        match self.results.verdict {
            Verdict::Passed => "Passed",
            Verdict::Unverified => "Passed, but not verified",
            Verdict::Unmeasured => "Nothing was measured",
            Verdict::Failed => "Failed",
        }
    }

    fn verified(&self) -> String {
        match &self.results.verification {
            Verification::Done { whole: true, .. } => "Every invariant of the store holds.".to_owned(),
            Verification::Done { .. } => "The store breaks an invariant.".to_owned(),
            Verification::Failed { what } => format!("The store could not be verified: {what}."),
            Verification::Skipped => {
                "Not verified: this run was made with --no-verify, so nobody looked whether what is \
                 stored is true."
                    .to_owned()
            }
        }
    }

    fn is_well_verified(&self) -> bool {
        matches!(self.results.verification, Verification::Done { whole: true, .. })
    }

    fn invariants(&self) -> Vec<Invariant> {
        let Verification::Done { report, .. } = &self.results.verification else {
            return Vec::new();
        };
        let told = report["invariants"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        told.map(|told| Invariant {
            name: text(&told["name"]),
            what: text(&told["what"]),
            checked: told["checked"].as_u64().unwrap_or_default(),
            faults: told["faults"].as_u64().unwrap_or_default(),
            first: told["first"].as_array().into_iter().flatten().map(text).collect(),
        })
        .collect()
    }
}

/// How figures are written. Templates call methods and hand them references.
#[expect(
    clippy::unused_self,
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "templates do it so"
)]
impl Page<'_> {
    fn ms(&self, us: &u64) -> String {
        ms(*us)
    }

    /// A percentile as a cell of a table.
    fn cell(&self, us: &Option<u64>) -> String {
        let look = if us.is_none() { " class=\"is-few\"" } else { "" };
        format!("<td{look}>{}</td>", ms_or_few(*us))
    }

    fn per_s(&self, rate: &f64) -> String {
        views::per_s(*rate)
    }

    fn percent(&self, share: &f64) -> String {
        format!("{:.0} %", share * 100.0)
    }

    fn number(&self, number: &u64) -> String {
        views::grouped(*number)
    }
}
