//! A closed month is forgotten by the line's state, and nothing that is charged ahead is.

use super::language::*;
use crate::domain::line::Refusal;

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
