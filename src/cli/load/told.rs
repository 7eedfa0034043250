//! What is printed and written at the end of a run.

use crate::load::{
    histogram::{Latencies, Percentiles, TOO_FEW, ms, ms_or_few},
    knee::Knee,
    recorder::{Counts, Recorder},
    report,
    result::{PhaseResult, Results, Verdict, Verification},
    scenario::Scenario,
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::OpenOptions,
    io::{BufWriter, Write},
    path::Path,
};

/// Errors that are printed; result.json has all.
const MOST_ERRORS: usize = 12;

/// How wide the column of phases is: "probe, 5000 clients" is the longest.
const PHASE_WIDTH: usize = 19;

/// Writes result.json, a `.hgrm` for each scenario and report.html.
///
/// # Errors
/// A sentence that names the file.
pub fn write_files(folder: &Path, results: &Results, recorder: &Recorder) -> Result<(), String> {
    let json = serde_json::to_vec_pretty(results).map_err(|error| error.to_string())?;
    write(folder, "result.json", |out| out.write_all(&json))?;
    let page = report::page(results).map_err(|error| error.to_string())?;
    write(folder, "report.html", |out| out.write_all(page.as_bytes()))?;
    for (scenario, latencies) in of_all_phases(results, recorder) {
        write(folder, &format!("{scenario}.hgrm"), |out| latencies.write_hgrm(out))?;
    }
    Ok(())
}

fn write(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut BufWriter<std::fs::File>) -> std::io::Result<()>,
) -> Result<(), String> {
    let path = folder.join(name);
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.map(BufWriter::new).and_then(|mut out| {
        fill(&mut out)?;
        out.flush()
    });
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Each scenario's latencies, of all phases but the search for the capacity.
fn of_all_phases(results: &Results, recorder: &Recorder) -> BTreeMap<Scenario, Latencies> {
    let mut all: BTreeMap<Scenario, Latencies> = BTreeMap::new();
    for (phase, record) in results.phases.iter().zip(recorder.phases()) {
        if phase.phase.is_probe {
            continue;
        }
        for (scenario, record) in &record.scenarios {
            all.entry(*scenario).or_default().add(&record.latency);
        }
    }
    all
}

/// The sum for people.
pub fn summary(results: &Results, folder: Option<&Path>) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{:<PHASE_WIDTH$} {:<13} {:>9} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "phase",
        "scenario",
        "asked/s",
        "achieved/s",
        "not begun",
        "ok",
        "refused",
        "no room",
        "failed",
        "wrong",
        "p50",
        "p99",
        "p99.9",
        "max"
    );
    for phase in &results.phases {
        for (name, scenario) in &phase.scenarios {
            let asked = rate(scenario.counts.asked, phase.measured_s);
            let row = (phase.phase.label.as_str(), *name, asked, scenario.achieved_per_s);
            text.push_str(&row_of(row, &scenario.counts, &scenario.latency));
        }
    }
    turned_away(&mut text, &results.phases);
    if text.contains(TOO_FEW) {
        let _ = writeln!(
            text,
            "{TOO_FEW}: a median takes 2 answers, p99 takes 100, p99.9 takes 1,000; --duration gives more"
        );
    }
    errors(&mut text, &results.phases);
    if let Some(knee) = &results.knee {
        let _ = writeln!(text, "{}", carried(knee, results.of_which()));
    } else if results.has_carried_nothing() {
        text.push_str("not even the first step was carried\n");
    }
    if let Some(untold) = results.untold() {
        let _ = writeln!(text, "{untold}");
    }
    ending(&mut text, results, folder);
    text
}

/// How much a ladder's server carries, as far as the ladder went.
fn carried(knee: &Knee, of_which: &str) -> String {
    let Knee { percent, achieved_per_s, p99_us, steps, is_last_step, .. } = knee;
    let figures = format!("{achieved_per_s:.1}/s, p99 {}", ms(*p99_us));
    if *is_last_step {
        format!(
            "carried all {steps} steps{of_which}, the last at {percent} % of capacity: {figures}; how much it \
             carries at most lies above"
        )
    } else {
        format!("carried up to {percent} % of capacity: {figures}")
    }
}

fn row_of(
    (phase, scenario, asked, achieved): (&str, &str, f64, f64),
    counts: &Counts,
    latency: &Percentiles,
) -> String {
    format!(
        "{phase:<PHASE_WIDTH$} {scenario:<13} {asked:>9.1} {achieved:>10.1} {:>9} {:>8} {:>8} {:>8} {:>8} {:>6} {:>9} \
         {:>9} {:>9} {:>9}\n",
        counts.not_begun,
        counts.ok,
        counts.refused,
        counts.shed,
        counts.failed,
        counts.wrong,
        ms_or_few(latency.p50_us),
        ms_or_few(latency.p99_us),
        ms_or_few(latency.p999_us),
        if latency.count == 0 { "-".to_owned() } else { ms(latency.max_us) },
    )
}

/// How soon those heard so who were turned away, for each row of the table that has any.
fn turned_away(text: &mut String, phases: &[PhaseResult]) {
    let rows = phases.iter().flat_map(|phase| phase.scenarios.iter().map(move |of| (phase, of)));
    for (phase, (name, scenario)) in rows.filter(|(_, (_, of))| of.turned_away.count > 0) {
        let (label, waited) = (&phase.phase.label, &scenario.turned_away);
        let _ = writeln!(
            text,
            "turned away (refused or no room), {label}, {name}: {} heard so in {} at the median, {} at the p99, \
             {} at most",
            waited.count,
            ms_or_few(waited.p50_us),
            ms_or_few(waited.p99_us),
            ms(waited.max_us)
        );
    }
}

fn errors(text: &mut String, phases: &[PhaseResult]) {
    let all = phases.iter().flat_map(|phase| phase.errors.iter().map(move |error| (phase, error)));
    let mut all: Vec<_> = all.filter(|(_, error)| error.is_amiss()).collect();
    all.sort_by_key(|(_, error)| std::cmp::Reverse((error.ending, error.count)));
    if !all.is_empty() {
        text.push_str("\nwhat did not end as it should\n");
    }
    for (phase, error) in all.iter().take(MOST_ERRORS) {
        let _ = writeln!(
            text,
            "  {:>8}  {:<PHASE_WIDTH$} {} / {}: {}{}{}",
            error.count,
            phase.phase.label,
            error.scenario,
            error.step,
            error.kind,
            if error.example.is_empty() { "" } else { ", such as: " },
            error.example
        );
    }
    if all.len() > MOST_ERRORS {
        let _ = writeln!(text, "  and {} kinds more in result.json", all.len() - MOST_ERRORS);
    }
}

fn ending(text: &mut String, results: &Results, folder: Option<&Path>) {
    for warning in &results.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if let Some(found) = &results.reconciliation {
        let _ = writeln!(
            text,
            "asked again: {} of {} orders, {} otherwise than the server said",
            found.asked, found.orders, found.faults
        );
    }
    let verified = match &results.verification {
        Verification::Done { whole: true, .. } => "verified: what is stored is whole".to_owned(),
        Verification::Done { .. } => "verified: what is stored breaks an invariant".to_owned(),
        Verification::Failed { what } => format!("not verified: {what}"),
        Verification::Skipped => "NOT VERIFIED (--no-verify)".to_owned(),
    };
    let _ = writeln!(text, "{verified}");
    for reason in &results.reasons {
        let _ = writeln!(text, "failed: {reason}");
    }
    if results.is_cut_short {
        text.push_str("cut short: these are the results so far\n");
    }
    let verdict = match results.verdict {
        Verdict::Passed => "passed",
        Verdict::Unverified => "passed, unverified",
        Verdict::Unmeasured => "nothing was measured",
        Verdict::Failed => "FAILED",
    };
    let _ = match folder {
        Some(folder) => {
            writeln!(text, "{verdict}; the report is {}", folder.join("report.html").display())
        }
        None => writeln!(text, "{verdict}"),
    };
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{
        fault::Fault,
        made_up::{end, results},
    };
    use std::time::Duration;

    #[test]
    fn a_table_on_a_terminal_is_aligned_and_a_ladder_that_carried_nothing_says_so() {
        let mut recorder = Recorder::default();
        end(&mut recorder, (0, Scenario::Login), 1, &Ok(Duration::from_millis(1)));
        end(&mut recorder, (0, Scenario::Login), 9, &Err(Fault::Status(500)));
        let mut ladder = results(&[25], &mut recorder);
        assert!(summary(&ladder, None).contains("\nnot even the first step was carried\n"));
        for label in ["25 %", "probe, 5000 clients"] {
            label.clone_into(&mut ladder.phases[0].phase.label);
            let text = summary(&ladder, None);
            let place = |line: &str, of: &str| text.lines().find(|l| l.starts_with(line))?.find(of);
            assert_eq!(place("phase", "scenario"), place(label, "login"), "{text}");
        }
        let rate = results(&[], &mut recorder);
        assert!(!summary(&rate, None).contains("carried"));
    }

    #[test]
    fn who_is_turned_away_hears_so_in_a_time_that_is_told() {
        let mut recorder = Recorder::default();
        end(&mut recorder, (0, Scenario::Login), 3, &Ok(Duration::from_millis(1)));
        assert!(!summary(&results(&[], &mut recorder), None).contains("turned away"));
        end(
            &mut recorder,
            (0, Scenario::Login),
            2,
            &Err(Fault::Shed { status: 503, retry_after_s: 1 }),
        );
        let text = summary(&results(&[], &mut recorder), None);
        let told = text.lines().find(|line| line.starts_with("turned away")).unwrap_or_default();
        assert!(told.contains("login: 2 heard so in ") && told.ends_with(" at most"), "{text}");
    }

    #[test]
    fn a_ladder_that_never_reached_its_limit_is_not_told_as_one() {
        let mut knee = Knee {
            percent: 50,
            asked_per_s: 10.0,
            achieved_per_s: 9.9,
            p99_us: 9_000,
            steps: 2,
            is_last_step: false,
        };
        assert_eq!(carried(&knee, ""), "carried up to 50 % of capacity: 9.9/s, p99 9.00 ms");
        knee.is_last_step = true;
        let told = carried(&knee, "");
        assert!(
            told.starts_with("carried all 2 steps, the last at 50 % of capacity: 9.9/s"),
            "{told}"
        );
        assert!(told.ends_with("; how much it carries at most lies above"), "{told}");
    }
}
