//! What the page says of runs that are made up.

use super::{figures, page, views};
use crate::load::{
    fault::Fault,
    made_up::{end, leave, results},
    recorder::Recorder,
    result::{Results, Verification},
    scenario::Scenario,
};
use std::time::Duration;

/// A large figure of the page: its value and what is said of it.
fn figure(results: &Results, name: &str) -> Option<(String, String)> {
    let found = figures::head(results).into_iter().find(|figure| figure.name == name);
    found.map(|figure| (figure.value, figure.note))
}

fn pair(value: &str, note: &str) -> (String, String) {
    (value.to_owned(), note.to_owned())
}

#[test]
fn an_attacker_who_is_turned_away_is_no_error_and_what_never_began_is_told() {
    let shed = |status| Err(Fault::Shed { status, retry_after_s: 1 });
    let attack = (0, Scenario::Attack);
    let attacked = |recorder: &mut Recorder| {
        end(recorder, attack, 30, &Ok(Duration::from_secs(5)));
        end(recorder, attack, 4, &shed(429));
        end(recorder, attack, 3, &shed(503));
        end(recorder, attack, 2, &Err(Fault::Refused("409".to_owned())));
        end(recorder, attack, 1, &Err(Fault::Status(500)));
        leave(recorder, Scenario::Attack, 5);
    };
    let turned_away =
        Some(pair("39", "of 45; 5 not begun, 1 without an answer, 0 answered wrongly"));

    let mut recorder = Recorder::default();
    attacked(&mut recorder);
    end(&mut recorder, (0, Scenario::Purchase), 10, &Ok(Duration::from_millis(10)));
    leave(&mut recorder, Scenario::Purchase, 2);
    let mixed = results(&[], &mut recorder);
    assert_eq!(figure(&mixed, "Achieved"), Some(pair("10/s", "of 12/s asked")));
    let missed = Some(pair("2", "of 12 starts; 2 not begun, 0 wrong answers"));
    assert_eq!(figure(&mixed, "Did not succeed"), missed);
    assert_eq!(figure(&mixed, "Attacks turned away"), turned_away);
    assert!(views::throughput(&mixed).says.starts_with("10/s ended as they should where 12/s"));
    let page = page(&mixed).expect("a page");
    assert!(!page.contains("no room: ") && !page.contains("refused: 409"), "no errors of theirs");
    assert!(page.contains("status 500"), "what is amiss is told of attackers too");
    assert_eq!(mixed.seconds[0].not_begun, 7);

    let mut recorder = Recorder::default();
    attacked(&mut recorder);
    let alone = results(&[], &mut recorder);
    assert_eq!(figure(&alone, "Attacks turned away"), turned_away);
    assert_eq!(figure(&alone, "Did not succeed"), None, "nobody who should have");

    let mut recorder = Recorder::default();
    end(&mut recorder, (0, Scenario::Login), 5, &Ok(Duration::from_millis(10)));
    end(&mut recorder, (0, Scenario::Login), 3, &shed(503));
    let peaceful = results(&[], &mut recorder);
    assert_eq!(figure(&peaceful, "Attacks turned away"), None);
    let missed = Some(pair("3", "of 8 starts; 0 not begun, 0 wrong answers"));
    assert_eq!(figure(&peaceful, "Did not succeed"), missed);
}

#[test]
fn a_percentile_of_fewer_answers_than_it_takes_is_marked_wherever_it_would_stand() {
    let run_of = |count| {
        let mut recorder = Recorder::default();
        end(&mut recorder, (0, Scenario::Login), count, &Ok(Duration::from_millis(10)));
        results(&[], &mut recorder)
    };
    let lines = |results: &Results| -> Vec<String> {
        views::latency(results).chart.legend.into_iter().map(|(name, _)| name).collect()
    };
    let few = run_of(17);
    assert_eq!(figure(&few, "99th percentile"), Some(pair("too few", "slowest of 17: 10.0 ms")));
    assert_eq!(lines(&few), ["p50", "p90", "slowest"]);
    let says = "Half took no longer than 10.0 ms, the slowest of all 17 took 10.0 ms.";
    assert_eq!(views::latency(&few).says, says);
    assert_eq!(views::time_table(&few).rows[0].p99, "too few");
    assert!(page(&few).expect("a page").contains("<td class=\"is-few\">too few</td>"));
    let written = serde_json::to_value(&few).expect("JSON");
    for place in ["/phases/0/latency", "/phases/0/scenarios/login/latency", "/seconds/0"] {
        let figures = written.pointer(place).expect("figures");
        assert!(figures["p90_us"].is_u64() && figures["p99_us"].is_null(), "{place}: {figures}");
    }

    let enough = run_of(100);
    assert_eq!(
        figure(&enough, "99th percentile"),
        Some(pair("10.0 ms", "slowest of 100: 10.0 ms"))
    );
    assert_eq!(lines(&enough), ["p50", "p90", "p99", "slowest"]);
    assert!(views::latency(&enough).says.ends_with("99 of 100 no longer than 10.0 ms."));
    assert_eq!(views::time_table(&enough).rows[0].p99, "10.0 ms");
}

#[test]
fn a_run_of_which_nothing_was_measured_is_not_told_as_one_that_passed() {
    let mut cut = results(&[], &mut Recorder::default());
    (cut.is_cut_short, cut.verification) = (true, verified());
    cut.judge();
    let cut = page(&cut).expect("a page");
    assert!(cut.contains("verdict is-open") && cut.contains("<h1>Nothing was measured</h1>"));
    assert!(!cut.contains("<h1>Passed"), "{cut}");
}

fn verified() -> Verification {
    Verification::Done { whole: true, report: serde_json::Value::Null }
}

/// A ladder of two steps whose second was asked for 200 starts and did this many of them.
fn ladder_that_did(second: u64) -> Results {
    let mut recorder = Recorder::default();
    let quick = Ok(Duration::from_millis(10));
    end(&mut recorder, (0, Scenario::Login), 100, &quick);
    end(&mut recorder, (1, Scenario::Login), second, &quick);
    end(&mut recorder, (1, Scenario::Login), 200 - second, &Err(Fault::Status(500)));
    results(&[100, 200], &mut recorder)
}

#[test]
fn a_ladder_that_carries_all_its_steps_claims_no_limit() {
    let says = |results: &Results| views::ladder(results).expect("a ladder").says;
    let carried = ladder_that_did(200);
    let told = Some(pair("200/s", "by the last of 2 steps; the limit lies above"));
    assert_eq!(figure(&carried, "Carried at least"), told);
    assert!(says(&carried).starts_with("All 2 steps were carried, the last at 200 %"));
    let here = "carried up to here";
    let whole = page(&carried).expect("a page");
    assert!(!whole.contains(here) && whole.contains("the last, and carried"));
    assert!(whole.contains("10.0 starts a second, the capacity as it was given"));

    let bent = ladder_that_did(120);
    assert_eq!(figure(&bent, "Carried"), Some(pair("100/s", "at 100 % of capacity, p99 10.0 ms")));
    assert_eq!(says(&bent), "Everything asked was achieved up to 100 % of capacity, 100/s.");
    assert_eq!(page(&bent).expect("a page").matches(here).count(), 2, "in the chart and the table");
    let none = ladder_that_did(0);
    assert!(figure(&none, "Carried").is_some(), "its first step was carried");
}

#[test]
fn a_step_with_too_few_answers_is_marked_so_and_claims_nothing() {
    let run_of = |counts: [u64; 2]| {
        let mut recorder = Recorder::default();
        for (phase, count) in counts.into_iter().enumerate() {
            let took = Ok(Duration::from_millis(10));
            end(&mut recorder, (phase, Scenario::Login), count, &took);
        }
        let results = results(&[25, 50], &mut recorder);
        let says = views::ladder(&results).expect("a ladder").says;
        (page(&results).expect("a page"), says, figure(&results, "Carried at least"))
    };
    let few = "cannot be told: too few answers";
    let (whole, says, carried) = run_of([20, 40]);
    assert_eq!(says, format!("25 %, 50 % of capacity {few} for a p99; --duration gives more."));
    assert_eq!(whole.matches(&format!("<span class=\"tag\">{few}</span>")).count(), 2);
    assert_eq!(carried, None);

    let (whole, says, carried) = run_of([90, 180]);
    assert!(says.starts_with("All 1 steps of which it can be told were carried, the last at 50 %"));
    assert!(says.contains(&format!("lies above. 25 % of capacity {few}")), "{says}");
    assert_eq!(whole.matches(&format!("<span class=\"tag\">{few}</span>")).count(), 1);
    assert_eq!(carried, Some(pair("180/s", "by the last of 1 steps; the limit lies above")));
}

#[test]
fn a_mark_in_a_chart_is_named_on_the_side_that_has_room_and_the_search_is_named_once() {
    let mut low = ladder_that_did(120);
    let mark = |results: &Results, side: &str| {
        page(results).expect("a page").contains(&format!("band-label {side}"))
    };
    // The knee is at 100 of 200 %.
    assert!(mark(&low, "is-after") && !mark(&low, "is-before"));
    low.knee.as_mut().expect("a knee").percent = 150;
    assert!(mark(&low, "is-before") && !mark(&low, "is-after"));

    let names = |results: &Results| -> Vec<String> {
        let labels = views::throughput(results).chart.band_labels;
        labels.into_iter().map(|label| label.text).collect()
    };
    assert_eq!(names(&low), ["100 %", "200 %"]);
    let says: Vec<String> =
        views::percentiles(&low).chart.x_labels.into_iter().map(|label| label.text).collect();
    assert_eq!(says, ["50 %", "90 %", "99 %"], "the half below the median has no room");
    for phase in &mut low.phases {
        (phase.phase.is_probe, phase.phase.percent) = (true, None);
    }
    assert_eq!(names(&low), ["search"]);
}

#[test]
fn every_table_scrolls_within_its_card() {
    let page = page(&ladder_that_did(120)).expect("a page");
    let tables = page.matches("<table>").count();
    assert!(tables > 5, "{tables}");
    let in_scrolls = page.split("<table>").filter(|before| {
        let tag = before.trim_end().rsplit('<').next().unwrap_or_default();
        tag.starts_with("div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=")
    });
    assert_eq!(in_scrolls.count(), tables);
}
