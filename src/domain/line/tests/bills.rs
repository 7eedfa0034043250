//! The month's bill and its close, and corrections after it.

use super::language::*;
use crate::domain::{
    bill::{LineBill, earlier_open_month, issue_month},
    line::{
        Command, Event, Refusal,
        accounting::parts_to_close,
        command::{CloseMonth, Correct},
        event::{BillingRoute, ClosedItem},
    },
};

fn close(text: &str) -> Command {
    Command::CloseMonth(CloseMonth { month: month(text), block: 7, part: 1 })
}

fn correct(text: &str, item: Option<ClosedItem>, charged_yen: i64, difference_yen: i64) -> Command {
    Command::Correct(Correct { month: month(text), item, charged_yen, difference_yen })
}

/// What `a-sha` sold, sold by `b-sha` instead.
fn of_b_sha(event: Event) -> Event {
    match event {
        Event::Purchased {
            receipt,
            passport,
            reference,
            service,
            service_name,
            monthly,
            unit_price,
            quantity,
            amount,
            usage_period,
            description,
            line_checked,
            ..
        } => Event::Purchased {
            receipt,
            passport,
            provider: "b-sha".parse().expect("a provider"),
            provider_name: "㈱B社".into(),
            reference,
            service,
            service_name,
            monthly,
            unit_price,
            quantity,
            amount,
            usage_period,
            description,
            line_checked,
        },
        other => other,
    }
}

/// The guide's sample: A社 525円, B社 300円 + 300円 (golden fixture 2).
fn golden() -> Given {
    household().and_at(
        "2026-11-10T10:00:00",
        [
            bought(1, &monthly(1, "pack", 525)),
            of_b_sha(bought(2, &once(1, "anime-1", 300))),
            of_b_sha(bought(3, &once(2, "anime-2", 300))),
        ],
    )
}

#[test]
fn one_line_for_each_provider_never_for_an_item_or_an_id_r_043_to_r_045() {
    let line = golden();
    let bill = LineBill::of_open_month(line.line(), month("2026-11"));
    let lines: Vec<_> = bill
        .providers()
        .iter()
        .map(|one| (one.provider.as_str(), one.amount_yen, one.items.len()))
        .collect();
    assert_eq!(lines, [("a-sha", 525, 1), ("b-sha", 600, 2)]);
    assert_eq!(bill.total_yen(), 1125);
    // With NTT西日本ご利用分 5,670円 the 小計 is 6,795円.
    assert_eq!(5_670 + bill.total_yen(), 6_795);
}

#[test]
fn the_close_fixes_exactly_what_the_preview_showed_r_050() {
    let line = golden();
    let preview = LineBill::of_open_month(line.line(), month("2026-11"));
    assert_eq!(parts_to_close(line.line(), month("2026-11")), 1);
    let asked = line.when(close("2026-11")).at("2026-12-01T00:00:00");
    let answer = asked.answer().expect("accepted");
    let [Event::MonthClosed { items, block: 7, billing, record, part: 1, parts: 1, .. }] =
        &answer[..]
    else {
        panic!("{answer:?}")
    };
    assert_eq!((items, *billing, *record), (&preview.items, preview.route, preview.record));
    let line = asked.then_accepted();
    // Closed again it comes to nothing.
    let line = line.when(close("2026-11")).then([]);
    assert_eq!(parts_to_close(line.line(), month("2026-11")), 0);
    assert_eq!(line.live_contracts(), [1]);
}

#[test]
fn an_unfinished_month_is_not_closed_r_030_r_034() {
    let refusal = || Refusal::MonthUnfinished { month: month("2026-11") };
    golden().when(close("2026-11")).at("2026-11-30T23:59:59").then_refused(refusal());
    golden().when(close("2026-11")).at("2026-12-01T00:00:00").then_accepted();
}

#[test]
fn an_earlier_month_is_closed_first_r_050() {
    let earlier = month("2026-11");
    let refusal = Refusal::EarlierMonthOpen { month: earlier };
    let line = golden().when(close("2026-12")).at("2027-01-05T10:00:00").then_refused(refusal);
    assert_eq!(earlier_open_month(line.line(), month("2026-12")), Some(earlier));
    let line = line.and_at("2027-01-05T10:00:00", []).when(close("2026-11")).then_accepted();
    line.when(close("2026-12")).then_accepted();
}

#[test]
fn a_line_without_charges_has_no_bill() {
    household().when(close("2026-11")).at("2026-12-05T10:00:00").then([]);
}

#[test]
fn a_purchase_after_the_month_is_the_next_months_r_028_r_050() {
    let line = golden().and_at("2026-12-01T00:00:00", [bought(4, &once(1, "anime-9", 100))]);
    let november = LineBill::of_open_month(line.line(), month("2026-11"));
    assert_eq!(november.total_yen(), 1125);
    let december = LineBill::of_open_month(line.line(), month("2026-12"));
    assert_eq!(december.total_yen(), 525 + 100);
}

#[test]
fn the_route_valid_at_the_close_bills_the_whole_month_r_051() {
    let billing = BillingRoute::CustomerNumber;
    let line = golden().and_at("2026-11-20T10:00:00", [Event::BillingSet { billing }]);
    assert_eq!(LineBill::of_open_month(line.line(), month("2026-11")).route, billing);
}

#[test]
fn a_long_itemisation_takes_parts_that_add_up_and_a_broken_close_begins_again() {
    let uses = (1..=400).map(|serial| bought(serial, &once(1, "anime-1", 1)));
    let mut line = household().and_at("2026-11-10T10:00:00", uses);
    let parts = parts_to_close(line.line(), month("2026-11"));
    assert!(parts > 1, "{parts}");
    let part = |part| Command::CloseMonth(CloseMonth { month: month("2026-11"), block: 7, part });
    // It breaks off after the first part, and begins again.
    for number in [1].into_iter().chain(1..=parts) {
        assert_eq!(line.line().closed_through, None);
        line = line.when(part(number)).at("2026-12-01T09:00:00").then_accepted();
    }
    assert_eq!(line.line().closed_through, Some(month("2026-11")));
    assert_eq!(line.line().closed[&month("2026-11")].total, yen(400));
}

#[test]
fn a_correction_names_what_it_corrects_and_is_billed_in_the_running_month_r_050() {
    let november = month("2026-11");
    let line = golden().when(close("2026-11")).at("2026-12-01T00:00:00").then_accepted();
    let wrong = ClosedItem { receipt: receipt(2), ..item(2, "b-sha", 300) };
    let line = line
        .when(correct("2026-11", Some(wrong.clone()), 300, -300))
        .at("2026-12-10T10:00:00")
        .then_accepted();
    // The charge is 0 by now: nothing more can be taken from it.
    let refusal = Refusal::WrongCorrection { charged_yen: 0 };
    let line =
        line.when(correct("2026-11", Some(wrong.clone()), 0, -1)).then_refused(refusal.clone());
    let line = line.when(correct("2026-11", Some(wrong.clone()), 0, 0)).then_refused(refusal);
    // Sent twice, as after a lost answer, it is not made twice.
    let otherwise = Refusal::ChargedOtherwise { charged_yen: 0 };
    let line = line.when(correct("2026-11", Some(wrong), 300, -300)).then_refused(otherwise);
    let unknown = Refusal::UnknownCharge { month: november };
    let line = line.when(correct("2026-11", None, 300, -1)).then_refused(unknown);
    let not_billed = Refusal::NotBilled { month: month("2026-12") };
    let line = line
        .when(correct("2026-12", Some(item(2, "b-sha", 300)), 300, -1))
        .then_refused(not_billed);

    let december = LineBill::of_open_month(line.line(), month("2026-12"));
    let totals: Vec<_> =
        december.providers().iter().map(|one| (one.provider.to_string(), one.amount_yen)).collect();
    assert_eq!(totals, [("a-sha".to_owned(), 525), ("b-sha".to_owned(), -300)]);
    assert_eq!((december.total_yen(), december.corrections[0].month), (225, november));
    // It is billed once: January has nothing of it.
    let line = line.when(close("2026-12")).at("2027-01-01T09:00:00").then_accepted();
    assert!(LineBill::of_open_month(line.line(), month("2027-01")).corrections.is_empty());
}

#[test]
fn charges_are_issued_in_the_next_month_or_as_configured_r_047() {
    assert_eq!(issue_month(month("2026-12"), 1), month("2027-01"));
    assert_eq!(issue_month(month("2026-11"), 2), month("2027-01"));
}

#[test]
fn the_months_of_a_leap_year_and_a_years_end_follow_each_other() {
    let line = household().and_at("2028-02-29T23:59:59", [bought(1, &once(1, "anime-1", 100))]);
    let billed_yen = |text| LineBill::of_open_month(line.line(), month(text)).total_yen();
    assert_eq!((billed_yen("2028-02"), billed_yen("2028-03")), (100, 0));
}
