//! ⑦ The statement's rows and the account's figures.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::command::Purchase,
    statement::{
        Account, MonthFault, Row, Search, SearchFaults, account, itemised, month_totals,
        of_passport, open_rows, provider_totals, rows_of_itemisation, search, total,
    },
};

/// So many pieces of it.
fn pieces(mut purchase: Purchase, quantity: u32) -> Purchase {
    let price = purchase.order.amount;
    purchase.order.quantity = quantity;
    purchase.order.amount = price.checked_mul(quantity.into()).expect("fits");
    purchase
}

fn sold_by(mut purchase: Purchase, provider: &str, name: &str) -> Purchase {
    purchase.provider = provider.parse().expect("a provider");
    purchase.provider_name = name.into();
    purchase
}

/// The rows of a month as (serial, price, pieces, amount).
fn figures(rows: &[Row]) -> Vec<(u64, u64, u32, u64)> {
    let serial = |row: &Row| row.receipt.serial() - receipt(0).serial();
    rows.iter()
        .map(|row| (serial(row), row.unit_price.get(), row.quantity, row.amount.get()))
        .collect()
}

fn rows(line: &Given, text: &str) -> Vec<(u64, u64, u32, u64)> {
    figures(&open_rows(line.line(), month(text)))
}

#[test]
fn a_contract_stands_in_each_charged_month_with_its_original_start_r_136() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 500))])
        .and_at("2027-01-15T10:00:00", [cancelled(1)]);
    for text in ["2026-11", "2026-12", "2027-01"] {
        let rows = open_rows(line.line(), month(text));
        assert_eq!(figures(&rows), [(1, 500, 1, 500)], "{text}");
        assert_eq!(rows[0].started_at, instant("2026-11-10T10:00:00"), "{text}");
    }
    for text in ["2026-10", "2027-02"] {
        assert_eq!(rows(&line, text), [], "{text}");
    }
}

/// Golden fixture 1: one row in each charged month and none elsewhere.
#[test]
fn patterns_one_to_six_as_rows_r_020_to_r_027() {
    type Case<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)], [usize; 3]);
    let cases: [Case<'_>; 7] = [
        ("R-020", &[("2026-11-10", Some("2027-01-15"))], [1, 1, 1]),
        ("R-021", &[("2026-11-10", Some("2026-12-15"))], [1, 1, 0]),
        ("R-022", &[("2026-11-10", Some("2026-11-20"))], [1, 0, 0]),
        ("R-023", &[("2026-12-10", Some("2027-01-20"))], [0, 1, 1]),
        ("R-024", &[("2026-12-10", Some("2027-01-10")), ("2027-01-20", None)], [0, 1, 1]),
        ("R-025", &[("2026-11-10", Some("2026-12-01"))], [1, 0, 0]),
        ("R-018", &[("2026-12-01", Some("2026-12-01"))], [0, 1, 0]),
    ];
    for (rule, spans, counts) in cases {
        let mut line = household();
        for (serial, (from, to)) in (1..).zip(spans) {
            line = line
                .and_at(&format!("{from}T10:00:00"), [bought(serial, &monthly(1, "pack", 500))]);
            if let Some(to) = to {
                line = line.and_at(&format!("{to}T11:00:00"), [cancelled(serial)]);
            }
        }
        let found =
            ["2026-11", "2026-12", "2027-01"].map(|text| open_rows(line.line(), month(text)).len());
        assert_eq!(found, counts, "{rule}");
    }
}

#[test]
fn bought_again_in_a_month_is_one_row_at_the_first_price_r_024() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 500))])
        .and_at("2026-12-10T10:00:00", [cancelled(1), bought(2, &monthly(1, "pack", 700))]);
    assert_eq!(rows(&line, "2026-12"), [(1, 500, 1, 500)]);
    assert_eq!(rows(&line, "2027-01"), [(2, 700, 1, 700)]);
}

#[test]
fn each_ids_contract_has_its_row_r_012() {
    let line =
        household().and([bought(1, &monthly(1, "pack", 500)), bought(2, &monthly(2, "pack", 500))]);
    assert_eq!(rows(&line, "2026-11").len(), 2);
    let of_two = of_passport(open_rows(line.line(), month("2026-11")), Some(PassportNumber(2)));
    assert_eq!(figures(&of_two), [(2, 500, 1, 500)]);
}

#[test]
fn the_amount_is_price_times_pieces_r_135() {
    let line = household().and([bought(1, &pieces(once(1, "anime-1", 300), 3))]);
    let rows = open_rows(line.line(), month("2026-11"));
    assert_eq!(figures(&rows), [(1, 300, 3, 900)]);
    let mut item = item(1, "a-sha", 900);
    item.quantity = 3;
    assert_eq!(figures(&rows_of_itemisation(&[item])), [(1, 300, 3, 900)]);
}

#[test]
fn the_same_item_twice_is_two_rows_in_the_order_of_their_start_r_033() {
    let line = household()
        .and_at("2026-11-23T18:00:00", [bought(9, &once(1, "anime-1", 500))])
        .and_at("2026-11-23T18:05:00", [bought(3, &once(1, "anime-1", 500))])
        .and([bought(2, &once(2, "anime-1", 500))]);
    let serials: Vec<_> = rows(&line, "2026-11").iter().map(|row| row.0).collect();
    assert_eq!(serials, [9, 2, 3]);
}

#[test]
fn names_stand_as_they_were_at_the_purchase_r_131() {
    let renamed = sold_by(once(1, "anime-1", 300), "a-sha", "新A社");
    let line = household()
        .and([bought(1, &once(1, "anime-1", 300)), bought(2, &monthly(1, "pack", 500))])
        .and([bought(3, &renamed)]);
    let rows = open_rows(line.line(), month("2026-11"));
    let names: Vec<_> =
        rows.iter().map(|row| (row.provider_name.as_str(), row.service_name.as_str())).collect();
    let expected =
        [("A社", "サービス anime-1"), ("A社", "サービス pack"), ("新A社", "サービス anime-1")];
    assert_eq!(names, expected);
}

#[test]
fn a_deleted_ids_rows_stay_r_137() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &once(1, "anime-1", 300)), deleted(1)])
        .and([bought(2, &once(2, "anime-1", 400))]);
    assert_eq!(rows(&line, "2026-11").len(), 2);
    let asked = search(line.line(), instant("2026-11-11T10:00:00"), None, Some("1"));
    assert_eq!(asked, Ok(Search { month: month("2026-11"), passport: Some(PassportNumber(1)) }));
    let account = account(line.line(), instant("2026-11-11T10:00:00"));
    assert_eq!((account.total, account.deleted_used), (yen(700), yen(300)));
    assert_eq!(account.passports.len(), 1);
}

#[test]
fn a_closed_month_is_told_by_its_itemisation_alone_r_050() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 525))])
        .and_at("2026-12-02T10:00:00", [billed("2026-11", 1, 1, vec![item(1, "a-sha", 525)])]);
    let november = month("2026-11");
    assert!(itemised(line.line(), november).is_some_and(|closed| closed.total == yen(525)));
    assert_eq!(rows(&line, "2026-11"), []);
    assert!(itemised(line.line(), month("2026-12")).is_none());
    assert_eq!(rows(&line, "2026-12"), [(1, 525, 1, 525)]);
}

#[test]
fn a_month_whose_close_is_not_finished_is_told_by_the_state() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 525))])
        .and_at("2026-12-02T10:00:00", [billed("2026-11", 1, 2, vec![item(1, "a-sha", 525)])]);
    assert!(itemised(line.line(), month("2026-11")).is_none());
    assert_eq!(rows(&line, "2026-11"), [(1, 525, 1, 525)]);
}

/// Golden fixture 2: A社 525, B社 300 + 300, together 1,125.
#[test]
fn sums_are_made_for_each_provider_r_043_to_r_045() {
    let by_b = |serial, passport| {
        bought(serial, &sold_by(once(passport, "anime-1", 300), "b-sha", "㈱B社"))
    };
    let line = household().and([
        by_b(1, 1),
        bought(2, &sold_by(monthly(1, "pack", 525), "a-sha", "㈱A社")),
        by_b(3, 2),
    ]);
    let rows = open_rows(line.line(), month("2026-11"));
    let sums: Vec<_> =
        provider_totals(&rows).into_iter().map(|sum| (sum.name, sum.amount.get())).collect();
    assert_eq!(sums, [("㈱A社".to_owned(), 525), ("㈱B社".to_owned(), 600)]);
    assert_eq!(total(&rows), yen(1125));
}

#[test]
fn twelve_months_closed_and_open_in_order() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 500))])
        .and_at("2026-12-02T10:00:00", [billed("2026-11", 1, 1, vec![item(1, "a-sha", 525)])])
        .and([bought(2, &once(1, "anime-1", 300))]);
    let totals = month_totals(line.line(), instant("2027-01-05T10:00:00"));
    let figures: Vec<_> =
        totals.iter().map(|one| (one.month.to_string(), one.total.get())).collect();
    assert_eq!(figures.len(), 12);
    assert_eq!(figures[0], ("2026-02".into(), 0));
    assert_eq!(
        figures[9..],
        [("2026-11".into(), 525), ("2026-12".into(), 800), ("2027-01".into(), 500)]
    );
    assert_eq!(totals[9].providers[0].name, "㈱a-sha");
}

#[test]
fn the_account_tells_the_next_charge_and_what_ending_now_would_spare_r_017_r_019_r_126() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 500))])
        .and_at("2026-12-01T08:00:00", [bought(2, &monthly(2, "pack", 500))]);
    for (now, first, second) in [
        ("2026-12-01T09:00:00", ("2026-11", "2026-12"), ("2026-12", "2027-01")),
        ("2026-12-02T00:00:00", ("2026-12", "2027-01"), ("2026-12", "2027-01")),
        ("2027-01-01T23:59:59", ("2026-12", "2027-01"), ("2026-12", "2027-01")),
    ] {
        let contracts = account(line.line(), instant(now)).contracts;
        let told: Vec<_> =
            contracts.iter().map(|one| (one.last_month_if_ended_now, one.next_charge)).collect();
        let expected = [first, second].map(|(last, next)| (month(last), month(next)));
        assert_eq!(told, expected, "{now}");
    }
}

#[test]
fn the_account_counts_each_id_and_the_line_r_152_r_157() {
    let line = household().and_at(
        "2026-11-10T10:00:00",
        [
            bought(1, &monthly(1, "pack", 500)),
            bought(2, &once(2, "anime-1", 300)),
            bought(3, &monthly(1, "gone", 200)),
            cancelled(3),
        ],
    );
    let Account { total, line_limit, passports, contracts, month: this, .. } =
        account(line.line(), instant("2026-11-11T10:00:00"));
    assert_eq!((total, line_limit, this), (yen(1000), yen(LINE_LIMIT), month("2026-11")));
    let used: Vec<_> = passports.iter().map(|id| (id.used, id.limit)).collect();
    assert_eq!(used, [(yen(700), yen(10_000)), (yen(300), yen(10_000))]);
    assert_eq!(contracts.len(), 1);
}

#[test]
fn searches_are_read_field_by_field_r_129_r_130_r_138() {
    let line = household();
    let now = instant("2026-12-05T10:00:00");
    let found = |text, passport| {
        let passport = Option::<u32>::map(passport, PassportNumber);
        Ok(Search { month: month(text), passport })
    };
    let wrong = |month, unknown_passport| Err(SearchFaults { month, unknown_passport });
    for (year_month, passport, expected) in [
        (None, None, found("2026-12", None)),
        (Some("2026/11"), Some(""), found("2026-11", None)),
        (Some("２０２６／１１"), Some("2"), found("2026-11", Some(2))),
        (Some(" "), None, wrong(Some(MonthFault::Missing), false)),
        (Some("2026/13"), None, wrong(Some(MonthFault::Malformed), false)),
        (Some("2027/01"), None, wrong(Some(MonthFault::Future), false)),
        (Some("2026/10"), None, wrong(Some(MonthFault::BeforeOpening), false)),
        (Some("2026/11"), Some("7"), wrong(None, true)),
        (Some("2026/11"), Some("sakura01"), wrong(None, true)),
        (Some("x"), Some("99999999999"), wrong(Some(MonthFault::Malformed), true)),
    ] {
        let asked = search(line.line(), now, year_month, passport);
        assert_eq!(asked, expected, "{year_month:?} {passport:?}");
    }
}
