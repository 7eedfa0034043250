//! A closed month is forgotten by the line's state, and nothing that is charged ahead is.

use super::language::*;
use crate::domain::line::{ClosedMonth, Refusal};

#[test]
fn closing_forgets_what_was_last_charged_then_r_030_r_050() {
    let line = household()
        .and_at(
            "2026-11-10T10:00:00",
            [
                bought(1, &monthly(1, "live", 100)),
                bought(2, &monthly(1, "ended-in-november", 200)),
                cancelled(2),
                bought(3, &monthly(1, "ended-on-the-first", 300)),
                bought(4, &monthly(1, "ended-on-the-second", 400)),
                bought(5, &once(1, "anime-1", 500)),
            ],
        )
        .and_at("2026-12-01T23:59:59", [cancelled(3), bought(6, &once(1, "anime-1", 600))])
        .and_at("2026-12-02T00:00:00", [cancelled(4)]);
    let before = line.used(1, "2026-12");
    assert_eq!(before.by_passport, yen(100 + 400 + 600));
    let line = line.and([closed("2026-11")]);
    assert_eq!(line.used(1, "2026-12"), before);
    let kept: Vec<_> = line.line().contracts.keys().copied().collect();
    assert_eq!(kept, [contract(1), contract(4)]);
    let uses: Vec<_> = line.line().uses.iter().map(|charged| charged.receipt).collect();
    assert_eq!(uses, [receipt(6)]);
    assert_eq!(line.line().closed_through, Some(month("2026-11")));
    // What is forgotten can neither be cancelled again nor keep anybody from buying.
    let line = line.when(cancel(1, 3)).then_refused(Refusal::UnknownContract);
    line.when(monthly(1, "ended-on-the-first", 300)).then_accepted();
}

#[test]
fn closing_again_changes_nothing_and_never_goes_back_r_050() {
    let line = household()
        .and_at("2026-12-10T10:00:00", [bought(1, &monthly(1, "pack", 500)), closed("2026-11")]);
    let once = line.line().clone();
    let twice = line.and([closed("2026-11")]);
    assert_eq!(*twice.line(), once);
    let back = twice.and([closed("2026-10")]);
    assert_eq!(back.line().closed_through, Some(month("2026-11")));
    assert_eq!(back.live_contracts(), [1]);
}

#[test]
fn bought_again_in_a_month_is_still_charged_once_after_a_close_r_024() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 500))])
        .and_at("2026-12-10T10:00:00", [cancelled(1), closed("2026-11")])
        .when(monthly(1, "pack", 700))
        .with_receipt(2)
        .then_accepted();
    assert_eq!(line.used(1, "2026-12").by_passport, yen(500));
    let line = line.and_at("2027-01-02T10:00:00", [closed("2026-12")]);
    assert_eq!(line.used(1, "2027-01").by_passport, yen(700));
}

#[test]
fn closed_months_keep_their_sums_by_provider_r_045_r_050() {
    let part = |part, parts, items| billed("2026-11", part, parts, items);
    let line = household()
        .and_at("2026-12-02T09:00:00", [part(1, 2, vec![item(1, "a-sha", 999)])])
        // The close broke off and begins again.
        .and_at("2026-12-02T10:00:00", [part(1, 2, vec![item(1, "a-sha", 525)])]);
    assert_eq!(line.line().closed_through, None);
    let line = line.and_at(
        "2026-12-02T11:00:00",
        [part(2, 2, vec![item(2, "b-sha", 300), item(3, "b-sha", 300)])],
    );
    let november = month("2026-11");
    let closed = line.line().closed[&november].clone();
    assert_eq!(closed.total, yen(1125));
    let sums: Vec<_> =
        closed.providers.iter().map(|sum| (sum.provider.as_str(), sum.amount)).collect();
    assert_eq!(sums, [("a-sha", yen(525)), ("b-sha", yen(600))]);
    let times = (instant("2026-12-02T10:00:00"), instant("2026-12-02T11:00:00"));
    assert_eq!((closed.from, closed.at), times);
    // Closed again, it stays as it was billed.
    let again = line.and_at("2026-12-03T10:00:00", [part(1, 1, Vec::new())]);
    assert_eq!(again.line().closed[&november], closed);
}

#[test]
fn a_line_does_not_grow_with_its_closed_months() {
    let mut line = household();
    let mut closing = month("2020-01");
    for _ in 0..30 {
        line = line.and([billed(&closing.to_string(), 1, 1, vec![item(1, "a-sha", 525)])]);
        closing = closing.next();
    }
    let closed = &line.line().closed;
    assert_eq!(closed.len(), 30);
    assert!(closed.values().all(|month| month.total == yen(525)));
    let split = closed.values().filter(|month| !month.providers.is_empty()).count();
    assert_eq!(split, ClosedMonth::SPLIT_MONTHS);
}
