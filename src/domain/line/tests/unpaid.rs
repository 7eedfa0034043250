//! Unpaid bills and their disclosure.

use super::language::*;
use crate::domain::{
    calendar::Day,
    line::{Command, Event, Refusal, command::Disclose, event::DisclosureTrigger},
};

fn day(text: &str) -> Day {
    text.parse().expect("a test's day")
}

/// A line whose November was billed.
fn billed_line() -> Given {
    household()
        .and_at("2026-12-02T10:00:00", [billed("2026-11", 1, 1, vec![item(1, "a-sha", 525)])])
}

fn report(due: &str) -> Command {
    Command::ReportOverdue { month: month("2026-11"), due: day(due) }
}

fn disclose(sold: bool) -> Command {
    let provider = "a-sha".parse().expect("a provider");
    Command::Disclose(Disclose { provider, month: month("2026-11"), sold })
}

fn disclosed(trigger: DisclosureTrigger) -> Event {
    let provider = "a-sha".parse().expect("a provider");
    Event::Disclosed { provider, month: month("2026-11"), trigger }
}

#[test]
fn only_a_billed_month_is_unpaid_and_the_same_report_is_no_news_r_182() {
    let not_billed = Refusal::NotBilled { month: month("2026-11") };
    household().when(report("2026-12-31")).then_refused(not_billed);
    let line = billed_line().when(report("2026-12-31")).then_accepted();
    let line = line.when(report("2026-12-31")).then([]);
    // Nothing stops by itself.
    assert!(line.line().barriers.none());
    let line = line.when(report("2027-01-31")).then_accepted();
    assert_eq!(line.line().unpaid[&month("2026-11")].due, Some(day("2027-01-31")));
    let settle = || Command::SettleOverdue(month("2026-11"));
    let line = line.when(Command::StopCollection(month("2026-11"))).then_accepted();
    let line = line.when(settle()).then_accepted().when(settle()).then([]);
    // An old list does not open it again; another due date does, and nothing is left of the stop.
    let line = line.when(report("2027-01-31")).then([]);
    let line = line.when(report("2027-02-28")).then_accepted();
    let early = Refusal::DisclosureTooEarly { from: day("2027-04-30") };
    let line = line.when(disclose(true)).at("2027-03-01T10:00:00").then_refused(early);
    for due in ["2026-11-30", "2025-12-31"] {
        let too_early = Refusal::DueTooEarly { month: month("2026-11") };
        let known = billed_line().when(report(due)).then_refused(too_early);
        drop(known);
    }
    assert!(line.line().unpaid[&month("2026-11")].settled_at.is_none());
}

/// Due on 2026-12-31: refused on 2027-03-01, allowed on 03-02.
#[test]
fn sixty_days_have_to_pass_and_day_61_is_the_first_r_181() {
    let line = || {
        billed_line().and_at(
            "2027-01-05T10:00:00",
            [Event::OverdueReported { month: month("2026-11"), due: day("2026-12-31") }],
        )
    };
    let early = Refusal::DisclosureTooEarly { from: day("2027-03-02") };
    line().when(disclose(true)).at("2027-03-01T23:59:59").then_refused(early);
    let line = line()
        .when(disclose(true))
        .at("2027-03-02T00:00:00")
        .then([disclosed(DisclosureTrigger::Overdue)]);
    // A record of each.
    assert_eq!(line.line().unpaid[&month("2026-11")].disclosed.len(), 1);
    let line = line.when(disclose(false)).then_refused(Refusal::NothingSold);
    let line = line.and([Event::OverdueSettled { month: month("2026-11") }]);
    line.when(disclose(true)).then_refused(Refusal::NotOverdue { month: month("2026-11") });
}

#[test]
fn the_end_of_collection_is_a_trigger_of_its_own_r_181() {
    let stop = || Command::StopCollection(month("2026-11"));
    let line = billed_line().when(stop()).then_accepted().when(stop()).then([]);
    line.when(disclose(true))
        .at("2026-12-03T10:00:00")
        .then([disclosed(DisclosureTrigger::CollectionStopped)]);
    // Nobody stops collecting what is paid: it would be disclosed at once if it were reported anew.
    let month = month("2026-11");
    let due = day("2026-12-31");
    let paid = [Event::OverdueReported { month, due }, Event::OverdueSettled { month }];
    let line = billed_line().and_at("2027-01-05T10:00:00", paid);
    line.when(stop()).then_refused(Refusal::NotOverdue { month });
}

#[test]
fn a_line_that_has_ended_still_owes_r_166() {
    let cause = crate::domain::line::event::LineEndCause::Terminated;
    let line = billed_line().and([Event::LineEnded { cause }]);
    line.when(report("2026-12-31")).then_accepted();
}
