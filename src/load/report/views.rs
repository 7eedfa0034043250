//! What the page shows, drawn from the results.

use super::chart::{Axis, Band, Chart, Scale, Series, draw};
use crate::load::{
    histogram::{Percentiles, ms, ms_or_few},
    recorder::Second,
    result::{PhaseResult, Results},
    run::Shape,
};

/// Rows of the table over time at most.
const MOST_ROWS: usize = 60;
/// What each scenario's line looks like, in turn.
const LOOKS: [&str; 7] = [
    "line-indigo",
    "line-leaf",
    "line-amber",
    "line-beni",
    "line-soft",
    "line-leaf is-dashed",
    "line-indigo is-dashed",
];

/// A chart with the sentence that says what it shows.
pub struct Measured {
    /// The drawing.
    pub chart: Chart,
    /// What it shows, for who does not see it.
    pub says: String,
}

/// A row of names and values.
pub struct Row {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// The run over time as a table.
pub struct TimeTable {
    /// How many seconds one row has.
    pub every_s: usize,
    /// The rows.
    pub rows: Vec<TimeRow>,
}

/// A row of it.
pub struct TimeRow {
    /// When it ended, in seconds.
    pub at: String,
    /// The phase.
    pub phase: String,
    /// Intended starts a second.
    pub asked: String,
    /// Ended as they should, a second.
    pub ok: String,
    /// Refused, turned away or failed.
    pub others: u64,
    /// The slowest median of its seconds.
    pub p50: String,
    /// The slowest 99th percentile of its seconds.
    pub p99: String,
    /// The slowest of all.
    pub slowest: String,
}

/// A number with a comma after each three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds far below 2^53")]
const fn as_f64(number: u64) -> f64 {
    number as f64
}

fn rate(count: u64, second: &Second) -> f64 {
    as_f64(count) / second.length_s.max(0.05)
}

/// A rate with as many digits as it deserves.
pub fn per_s(rate: f64) -> String {
    if rate >= 1_000.0 || (rate * 10.0).round() % 10.0 == 0.0 {
        format!("{rate:.0}")
    } else {
        format!("{rate:.1}")
    }
}

/// The phase that stands for the run: the one with the most that ended as it should, a second.
pub fn best(results: &Results) -> Option<&PhaseResult> {
    let phases = results.phases.iter().filter(|phase| !phase.phase.is_probe);
    phases.max_by(|a, b| a.achieved_per_s.total_cmp(&b.achieved_per_s))
}

/// The steps of a ladder.
pub fn ladder(results: &Results) -> Option<Measured> {
    let steps: Vec<&PhaseResult> =
        results.phases.iter().filter(|phase| phase.phase.percent.is_some()).collect();
    if steps.len() < 2 {
        return None;
    }
    let point = |value: fn(&PhaseResult) -> f64| {
        let rising = steps.iter().scan(0, move |last, step| {
            let percent = step.phase.percent.unwrap_or_default();
            let rises = percent > *last;
            *last = (*last).max(percent);
            Some(rises.then(|| (f64::from(percent), value(step))))
        });
        rising.flatten().collect::<Vec<_>>()
    };
    let asked = point(|step| step.asked_per_s);
    let achieved = point(|step| step.achieved_per_s);
    let most = asked.iter().chain(&achieved).map(|point| point.1).fold(0.0, f64::max);
    let last = asked.last().map_or(100.0, |point| point.0);
    let x = Axis::span(last, |percent| format!("{percent:.0} %"));
    let y = Axis::linear(most, per_s);
    let series = [
        Series { name: "asked".to_owned(), look: "line-soft is-dashed", points: asked },
        Series { name: "achieved".to_owned(), look: "line-indigo", points: achieved },
    ];
    let bands: Vec<Band> = results
        .knee
        .iter()
        .filter(|knee| !knee.is_last_step)
        .map(|knee| Band {
            range: (knee.percent.into(), knee.percent.into()),
            name: "carried up to here".to_owned(),
            is_shaded: false,
        })
        .collect();
    let mut says = match &results.knee {
        Some(knee) if knee.is_last_step => format!(
            "All {} steps{} were carried, the last at {} % of capacity with {}/s: how much the server carries \
             at most lies above.",
            knee.steps,
            results.of_which(),
            knee.percent,
            per_s(knee.achieved_per_s)
        ),
        Some(knee) => format!(
            "Everything asked was achieved up to {} % of capacity, {}/s.",
            knee.percent,
            per_s(knee.achieved_per_s)
        ),
        None if results.has_carried_nothing() => "Not even the first step was carried.".to_owned(),
        None => String::new(),
    };
    if let Some(untold) = results.untold() {
        let space = if says.is_empty() { "" } else { " " };
        says = format!("{says}{space}{untold}.");
    }
    Some(Measured { chart: draw(&x, &y, &series, &bands), says })
}

/// The end of the x axis over time.
fn time_axis(results: &Results) -> Axis {
    let last = results.seconds.last().map_or(1.0, |second| second.at_s);
    Axis::span(last, |seconds| format!("{seconds:.0} s"))
}

/// What of the time is not measured, and where the steps of a ladder begin.
fn bands(results: &Results) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for second in &results.seconds {
        let range = (second.at_s - second.length_s, second.at_s);
        if !second.measured {
            match bands.last_mut().filter(|band| band.is_shaded && range.0 - band.range.1 < 0.1) {
                Some(band) => band.range.1 = range.1,
                None => bands.push(Band { range, name: String::new(), is_shaded: true }),
            }
        }
    }
    let mut is_searching = false;
    for (number, phase) in results.phases.iter().enumerate().filter(|_| results.phases.len() > 1) {
        let mut own = results.seconds.iter().filter(|second| second.phase == number);
        let Some(first) = own.next() else { continue };
        let end = own.next_back().unwrap_or(first).at_s;
        let searched_before = std::mem::replace(&mut is_searching, phase.phase.is_probe);
        // The loops of the search are too short for a name each.
        if let Some(search) = bands.last_mut().filter(|_| searched_before && is_searching) {
            search.range.1 = end;
            continue;
        }
        let name = phase.phase.percent.map_or_else(|| "search".to_owned(), |p| format!("{p} %"));
        bands.push(Band { range: (first.at_s - first.length_s, end), name, is_shaded: false });
    }
    bands
}

fn over_time(results: &Results, value: impl Fn(&Second) -> f64) -> Vec<(f64, f64)> {
    let seconds = results.seconds.iter().filter(|second| second.length_s > 0.2);
    seconds.map(|second| (second.at_s, value(second))).collect()
}

/// Asked and achieved over time.
pub fn throughput(results: &Results) -> Measured {
    let lines = [
        ("asked", "line-soft is-dashed", over_time(results, |s| rate(s.asked, s))),
        ("as it should", "line-indigo", over_time(results, |s| rate(s.ok, s))),
        ("refused", "line-amber", over_time(results, |s| rate(s.refused, s))),
        ("turned away", "line-amber is-dashed", over_time(results, |s| rate(s.shed, s))),
        ("failed or wrong", "line-beni", over_time(results, |s| rate(s.failed, s))),
    ];
    let is_there = |points: &[(f64, f64)]| points.iter().any(|point| point.1 > 0.0);
    let series: Vec<Series> = lines
        .into_iter()
        .filter(|(_, _, points)| is_there(points))
        .map(|(name, look, points)| Series { name: name.to_owned(), look, points })
        .collect();
    let most = series.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
    let chart = draw(&time_axis(results), &Axis::linear(most, per_s), &series, &bands(results));
    let says = best(results).map_or_else(String::new, |best| {
        let (asked_per_s, achieved_per_s) = best.rates_per_s();
        let whose =
            if best.is_mixed() { " of households; the lines are of attackers too" } else { "" };
        format!(
            "{}/s ended as they should where {}/s were asked for{whose}.",
            per_s(achieved_per_s),
            per_s(asked_per_s)
        )
    });
    Measured { chart, says }
}

/// Latencies over time.
pub fn latency(results: &Results) -> Measured {
    let line = |name: &str, look: &'static str, value: fn(&Second) -> Option<u64>| {
        let mut points = over_time(results, |second| value(second).map_or(0.0, as_f64));
        // A second without an answer has no latency, and one with few of them not all percentiles.
        points.retain(|point| point.1 > 0.0);
        Series { name: name.to_owned(), look, points }
    };
    let mut series = vec![
        line("p50", "line-indigo", |second| second.p50_us),
        line("p90", "line-leaf", |second| second.p90_us),
        line("p99", "line-amber", |second| second.p99_us),
        line("slowest", "line-beni is-dashed", |second| Some(second.max_us)),
    ];
    series.retain(|line| !line.points.is_empty());
    let values = || series.iter().flat_map(|line| &line.points).map(|point| point.1);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let least = if least.is_finite() { least } else { 100.0 };
    let y = Axis::log(least, most, latency_label);
    let chart = draw(&time_axis(results), &y, &series, &bands(results));
    let says = best(results).map_or_else(String::new, |best| within(&best.latency));
    Measured { chart, says }
}

/// What most took at most, in a sentence that claims no more than their number allows.
fn within(latency: &Percentiles) -> String {
    let slowest = ms(latency.max_us);
    match (latency.p50_us, latency.p99_us) {
        (Some(p50), Some(p99)) => {
            format!("Half took no longer than {}, 99 of 100 no longer than {}.", ms(p50), ms(p99))
        }
        (Some(p50), None) => format!(
            "Half took no longer than {}, the slowest of all {} took {slowest}.",
            ms(p50),
            grouped(latency.count)
        ),
        (None, _) if latency.count > 0 => format!("The only one took {slowest}."),
        (None, _) => "Nothing ended as it should.".to_owned(),
    }
}

fn latency_label(us: f64) -> String {
    if us < 1_000.0 {
        format!("{us:.0} µs")
    } else if us < 1_000_000.0 {
        format!("{:.0} ms", us / 1_000.0)
    } else {
        format!("{:.0} s", us / 1_000_000.0)
    }
}

/// What most households do, attackers last: its curve stands for a step of a ladder.
fn main_scenario(phases: &[&PhaseResult]) -> Option<&'static str> {
    let counts = phases.iter().flat_map(|phase| &phase.scenarios);
    let mut most: Option<(bool, u64, &'static str)> = None;
    for (name, scenario) in counts {
        let other = (*name != "attack", scenario.latency.count, *name);
        most = most.max(Some(other));
    }
    most.map(|(_, _, name)| name)
}

/// The curve of percentiles of each scenario, at the phase that stands for the run; of a ladder, that of
/// its main scenario at each step.
pub fn percentiles(results: &Results) -> Measured {
    let mut series = Vec::new();
    let phases: Vec<&PhaseResult> = if results.knee.is_some() && results.phases.len() > 1 {
        let shown = [25, 50, 80, 100, 150, 200].map(Some);
        let is_shown = |phase: &&PhaseResult| shown.contains(&phase.phase.percent);
        results.phases.iter().filter(is_shown).take(LOOKS.len()).collect()
    } else {
        best(results).into_iter().collect()
    };
    let several = phases.len() > 1;
    let main = main_scenario(&phases).filter(|_| several);
    for phase in phases {
        let scenarios = phase.scenarios.iter();
        for (name, scenario) in scenarios.filter(|(name, _)| main.is_none_or(|main| main == **name))
        {
            let points = scenario.curve.iter().filter(|point| point.quantile < 1.0);
            let points: Vec<_> =
                points.map(|point| (1.0 / (1.0 - point.quantile), as_f64(point.us))).collect();
            let name = if several { phase.phase.label.clone() } else { (*name).to_owned() };
            let look = LOOKS[series.len() % LOOKS.len()];
            series.push(Series { name, look, points });
        }
    }
    let values = || series.iter().flat_map(|line: &Series| &line.points);
    let least = values().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let least = if least.is_finite() { least } else { 100.0 };
    let most = values().map(|point| point.1).fold(0.0, f64::max);
    let last = values().map(|point| point.0).fold(100.0, f64::max);
    let ticks = [
        (2.0, "50 %"),
        (10.0, "90 %"),
        (100.0, "99 %"),
        (1e3, "99.9 %"),
        (1e4, "99.99 %"),
        (1e5, "99.999 %"),
    ];
    let ticks = ticks.into_iter().filter(|(at, _)| *at <= last * 1.001);
    let ticks = ticks.map(|(at, text)| (at, text.to_owned())).collect();
    let x = Axis::with(Scale::Log, (1.0, last), ticks);
    let chart = draw(&x, &Axis::log(least, most, latency_label), &series, &[]);
    let of = main.map(|main| format!(" Each line is {main} at one step.")).unwrap_or_default();
    let says = format!("How slow the slowest are: towards the right, fewer and fewer answers.{of}");
    Measured { chart, says }
}

/// Who had the processors, and how late the generator was.
pub fn machine(results: &Results) -> Measured {
    let mut series = vec![Series {
        name: "generator".to_owned(),
        look: "line-soft",
        points: over_time(results, |second| second.generator_cpu * 100.0),
    }];
    if results.seconds.iter().any(|second| second.server_cpu.is_some()) {
        series.push(Series {
            name: "server".to_owned(),
            look: "line-indigo",
            points: over_time(results, |second| second.server_cpu.unwrap_or_default() * 100.0),
        });
    }
    let most =
        series.iter().flat_map(|line| &line.points).map(|point| point.1).fold(100.0, f64::max);
    let y = Axis::linear(most, |percent| format!("{percent:.0} %"));
    let chart = draw(&time_axis(results), &y, &series, &bands(results));
    let memory = results.seconds.iter().filter_map(|second| second.server_rss_bytes);
    let memory = memory.clone().min().zip(memory.max()).map(|(least, most)| {
        format!(" The server had {} to {} MiB of memory.", least >> 20, most >> 20)
    });
    let lag = best(results).map(|best| best.generator_lag).unwrap_or_default();
    let of = if lag.p99_us.is_some() { "99 of 100" } else { "all" };
    let says = format!(
        "The generator noticed {of} intended starts within {} of when they were due.{}",
        ms(lag.p99_or_slowest_us()),
        memory.unwrap_or_default()
    );
    Measured { chart, says }
}

/// The run over time as a table.
pub fn time_table(results: &Results) -> TimeTable {
    let every_s = results.seconds.len().div_ceil(MOST_ROWS).max(1);
    let rows = results.seconds.chunks(every_s).filter_map(|part| {
        let last = part.last()?;
        let length: f64 = part.iter().map(|second| second.length_s).sum();
        let sum = |of: fn(&Second) -> u64| part.iter().map(of).sum::<u64>();
        let most = |of: fn(&Second) -> Option<u64>| part.iter().filter_map(of).max();
        let phase = results.phases.get(last.phase)?;
        let measured = if last.measured { "" } else { " (not measured)" };
        Some(TimeRow {
            at: format!("{:.0}", last.at_s),
            phase: format!("{}{measured}", phase.phase.label),
            asked: per_s(as_f64(sum(|second| second.asked)) / length.max(0.05)),
            ok: per_s(as_f64(sum(|second| second.ok)) / length.max(0.05)),
            others: sum(|second| second.refused + second.shed + second.failed),
            p50: ms_or_few(most(|second| second.p50_us)),
            p99: ms_or_few(most(|second| second.p99_us)),
            slowest: ms(part.iter().map(|second| second.max_us).max().unwrap_or_default()),
        })
    });
    TimeTable { every_s, rows: rows.collect() }
}

/// What was asked for, and on which machine.
pub fn settings(results: &Results) -> Vec<Row> {
    let (config, host) = (&results.config, &results.host);
    let mix: Vec<String> = config
        .mix
        .parts()
        .iter()
        .map(|(scenario, weight)| format!("{scenario} {weight}"))
        .collect();
    let shape = match &config.shape {
        Shape::Rate { per_s } => format!("open loop, {per_s}/s"),
        Shape::Ramp { from_per_s, to_per_s } => format!("open loop, {from_per_s} to {to_per_s}/s"),
        Shape::Ladder { percents, .. } => {
            let percents: Vec<String> = percents.iter().map(ToString::to_string).collect();
            let capacity = results.capacity_per_s.unwrap_or_default();
            format!("open loop, {} % of {capacity:.1}/s", percents.join(", "))
        }
        Shape::Clients { count } => format!("closed loop, {count} clients"),
    };
    let row = |name, value| Row { name, value };
    vec![
        row("Server", format!("{} ({})", config.url, config.issuer)),
        row("Load", shape),
        row("Mix, by weight", mix.join(", ")),
        row("Spacing", format!("{:?}", config.spacing).to_lowercase()),
        row("Connections", format!("{} from {} addresses", config.connections, config.sources)),
        row(
            "Lines",
            format!("{}, Zipf exponent {}", grouped(config.lines as u64), config.zipf_exponent),
        ),
        row(
            "Tries again",
            if config.retry { "yes, after Retry-After".to_owned() } else { "no".to_owned() },
        ),
        row("Seed", config.seed.to_string()),
        row("Began", results.began_at.clone()),
        row("Took", format!("{:.0} s, preparing and checking included", results.took_s)),
        row("Processor", format!("{} × {}", host.processors, host.processor)),
        row("Memory", format!("{} MiB", host.memory_bytes >> 20)),
        row("Kernel", host.kernel.clone()),
        row("Load before", host.load_before.clone()),
        row("Generator", format!("{}, {} build", results.program, host.build)),
    ]
}
