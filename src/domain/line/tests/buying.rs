//! Buying.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{
        Event, LineService, Refusal,
        command::{LoggedIn, Purchase},
        event::Barrier,
    },
    order::PurchaseOrder,
    provider::{Price, Service},
};

const NIGHT: &str = "2026-11-23T21:00:00";

/// The same purchase, with another offer than the one that was pushed.
fn offered(purchase: Purchase, change: impl FnOnce(&mut Service)) -> Purchase {
    let mut offer = purchase.offer.expect("an offer");
    change(&mut offer);
    Purchase { offer: Some(offer), ..purchase }
}

/// So many pieces for so much.
fn pieces(purchase: Purchase, quantity: u32, amount: u64) -> Purchase {
    let order = PurchaseOrder { quantity, amount: yen(amount), ..purchase.order };
    Purchase { order, ..purchase }
}

#[test]
fn a_monthly_purchase_keeps_what_was_bought_r_006_r_008() {
    let mut purchase = offered(monthly(1, "pack", 525), |offer| {
        offer.name = "パックサービス".into();
        offer.usage_period = Some("購入から1か月".into());
    });
    purchase.order.description = Some("パック".into());
    let line = household().when(purchase).at(NIGHT).then([Event::Purchased {
        receipt: receipt(NEXT_SERIAL),
        passport: PassportNumber(1),
        provider: "a-sha".parse().expect("a provider"),
        provider_name: "A社".into(),
        reference: "order-1".parse().expect("a reference"),
        service: "pack".parse().expect("a service"),
        service_name: "パックサービス".into(),
        monthly: true,
        unit_price: yen(525),
        quantity: 1,
        amount: yen(525),
        usage_period: Some("購入から1か月".into()),
        description: Some("パック".into()),
        line_checked: true,
    }]);
    assert_eq!(line.live_contracts(), [NEXT_SERIAL]);
    assert_eq!(line.line().contracts[&contract(NEXT_SERIAL)].bought_at, instant(NIGHT));
    assert_eq!(line.used(1, "2026-10").by_passport, yen(0));
    assert_eq!(line.used(1, "2026-11").by_passport, yen(525));
    assert_eq!(line.used(1, "2027-11").by_passport, yen(525), "R-015");
}

#[test]
fn a_per_use_purchase_is_charged_at_once_and_opens_no_contract_r_031() {
    let two = pieces(once(1, "anime-1", 300), 2, 600);
    let expected = bought(NEXT_SERIAL, &two);
    let line = household().when(two).at(NIGHT).then([expected]);
    assert!(line.live_contracts().is_empty());
    assert_eq!(line.used(1, "2026-11").by_passport, yen(600));
    assert_eq!(line.used(1, "2026-12").by_passport, yen(0));
    assert_eq!(line.used(2, "2026-11").by_passport, yen(0));
}

#[test]
fn eighteen_hundred_and_five_past_are_two_charges_r_033() {
    let item = || once(1, "anime-1", 300);
    let line = household()
        .when(item())
        .at("2026-11-23T18:00:00")
        .with_receipt(1)
        .then([bought(1, &item())])
        .when(item())
        .at("2026-11-23T18:05:00")
        .with_receipt(2)
        .then([bought(2, &item())]);
    assert_eq!(line.used(1, "2026-11").by_passport, yen(600));
}

#[test]
fn one_live_contract_for_each_id_and_service_r_119_r_012() {
    let pack = || monthly(1, "pack", 500);
    let line = household().and([bought(1, &pack())]);
    let line = line.when(pack()).then_refused(Refusal::LiveContract { contract: contract(1) });
    let line = line.when(monthly(2, "pack", 500)).with_receipt(2).then_accepted();
    assert_eq!(line.used(1, "2026-11").by_line, yen(1000), "R-012");
    let line = line.when(monthly(1, "anime", 500)).with_receipt(3).then_accepted();
    let elsewhere = Purchase { provider: "b-sha".parse().expect("a provider"), ..pack() };
    let line = line.when(elsewhere).with_receipt(4).then_accepted();
    line.and([cancelled(1)]).when(pack()).with_receipt(5).then_accepted();
}

#[test]
fn exactly_reaching_the_limit_is_allowed_r_115() {
    // The limit, this month's use, the price, whether it may be bought (golden fixture 4).
    let table = [
        (500, 0, 500, true),
        (500, 0, 501, false),
        (500, 300, 200, true),
        (500, 300, 201, false),
        (500, 500, 0, true),
        (500, 500, 1, false),
        (0, 0, 0, true),
        (0, 0, 1, false),
    ];
    for (limit, used, price, allowed) in table {
        for purchase in [monthly(1, "pack", price), once(1, "pack", price)] {
            let line = given(opened(LineService::HikariNext))
                .and([registered(1, limit), bought(1, &once(1, "before", used))]);
            let asked = line.when(purchase);
            if allowed {
                asked.then_accepted();
            } else {
                let (used, added, limit) = (yen(used), yen(price), yen(limit));
                asked.then_refused(Refusal::OverLimit { used, added, limit });
            }
        }
    }
}

#[test]
fn anothers_use_leaves_an_ids_own_limit_alone_r_152() {
    household()
        .and([bought(1, &once(1, "goods", 10_000))])
        .when(once(2, "goods", 10_000))
        .then_accepted();
}

#[test]
fn the_line_has_a_total_that_deleted_ids_count_in_r_153() {
    let line = household()
        .and([bought(1, &once(1, "goods", 9_999)), deleted(1), registered(3, 10_000)])
        .when(once(2, "goods", 10_000))
        .with_receipt(2)
        .then_accepted();
    let line = line.when(monthly(3, "pack", 1)).with_receipt(3).then_accepted();
    assert_eq!(line.used(3, "2026-11").by_line, yen(LINE_LIMIT), "equal is allowed");
    line.when(once(3, "goods", 1)).then_refused(Refusal::OverLineLimit {
        used: yen(20_000),
        added: yen(1),
        limit: yen(20_000),
    });
}

#[test]
fn last_months_contract_counts_from_the_first_r_157() {
    let line =
        || household().and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 6_000))]);
    let more = || once(1, "goods", 4_001);
    let over = Refusal::OverLimit { used: yen(6_000), added: yen(4_001), limit: yen(10_000) };
    line().when(more()).at("2026-12-01T00:00:00").then_refused(over.clone());
    line().when(once(1, "goods", 4_000)).at("2026-12-01T00:00:00").then_accepted();

    // Cancelled on the 1st, the month is free; on the 2nd, it is not.
    let on_the_first = line().when(cancel(1, 1)).at("2026-12-01T23:59:59").then([cancelled(1)]);
    on_the_first.when(once(1, "goods", 10_000)).at("2026-12-31T23:59:59").then_accepted();
    let on_the_second = line().when(cancel(1, 1)).at("2026-12-02T00:00:00").then([cancelled(1)]);
    on_the_second.when(more()).at("2026-12-31T23:59:59").then_refused(over);
}

#[test]
fn per_use_purchases_of_last_month_leave_this_month_alone_r_157() {
    let line = household().and_at("2026-11-30T23:59:59", [bought(1, &once(1, "goods", 10_000))]);
    line.when(once(1, "goods", 10_000)).at("2026-12-01T00:00:00").then_accepted();
}

#[test]
fn cancelled_and_bought_again_in_a_month_adds_nothing_r_024_r_158() {
    let line = household()
        .and_at("2026-11-10T10:00:00", [bought(1, &monthly(1, "pack", 10_000))])
        .and_at("2026-12-10T10:00:00", [cancelled(1)]);
    // The limit is reached, and still the same service may be bought again, even dearer.
    let line = line
        .when(monthly(1, "other", 1))
        .at("2026-12-20T10:00:00")
        .then_refused(Refusal::OverLimit { used: yen(10_000), added: yen(1), limit: yen(10_000) });
    let line = line
        .when(monthly(1, "pack", 12_000))
        .at("2026-12-20T10:00:00")
        .with_receipt(2)
        .then_accepted();
    assert_eq!(line.used(1, "2026-12").by_passport, yen(10_000), "the first contract's price");
    assert_eq!(line.used(1, "2027-01").by_passport, yen(12_000), "then the new contract's");
}

#[test]
fn another_ids_cancelled_contract_adds_its_own_charge_r_012() {
    let line = household()
        .and_at("2026-12-10T10:00:00", [bought(1, &monthly(1, "pack", 500)), cancelled(1)])
        .when(monthly(2, "pack", 500))
        .with_receipt(2)
        .then_accepted();
    assert_eq!(line.used(2, "2026-12").by_line, yen(1_000));
}

#[test]
fn a_limit_below_the_use_stops_further_purchases_alone_r_158() {
    let line =
        household().and([bought(1, &monthly(1, "pack", 5_000)), cancelled(1), limit_set(1, 4_999)]);
    assert_eq!(line.used(1, "2026-11").by_passport, yen(5_000));
    line.when(monthly(1, "pack", 5_000)).then_refused(Refusal::OverLimit {
        used: yen(5_000),
        added: yen(0),
        limit: yen(4_999),
    });
}

#[test]
fn nothing_is_bought_while_new_use_is_barred_r_116_r_143_r_149_r_042() {
    let since = instant("2026-11-20T10:00:00");
    let restricted = Refusal::Restricted { since };
    let stopped = Refusal::Stopped { since };
    let unbillable = Refusal::Unbillable { since };
    let (restriction, stop, bill) =
        (Barrier::CustomerRestriction, Barrier::CompanyStop, Barrier::Unbillable);
    let table: [(&[Barrier], &Refusal); 5] = [
        (&[restriction], &restricted),
        (&[stop], &stopped),
        (&[bill], &unbillable),
        (&[bill, stop, restriction], &restricted),
        (&[bill, stop], &stopped),
    ];
    for (barriers, refusal) in table {
        for purchase in [monthly(1, "pack", 500), once(1, "anime-1", 300)] {
            household()
                .and_at("2026-11-20T10:00:00", barriers.iter().copied().map(raised))
                .when(purchase)
                .at(NIGHT)
                .then_refused(refusal.clone());
        }
    }
}

#[test]
fn the_line_is_asked_again_at_the_purchase_r_175_r_176_r_177() {
    // Line authentication, where from, whether the provider asks for it; then: bought and the
    // line checked or not, or why not.
    let (foreign, unchecked) = (Err(Refusal::ForeignLine), Err(Refusal::LineNotChecked));
    let table = [
        (true, OWN, false, Ok(true)),
        (true, OWN, true, Ok(true)),
        (true, "::ffff:203.0.113.7", false, Ok(true)),
        (true, "2001:db8:1:2::3", false, Ok(true)),
        (true, "2001:db8:2::3", false, foreign.clone()),
        (true, "::ffff:198.51.100.7", false, foreign.clone()),
        (true, FOREIGN, false, foreign.clone()),
        (true, FOREIGN, true, foreign.clone()),
        (true, "203.0.112.255", false, foreign.clone()),
        (true, "", false, foreign),
        (false, OWN, false, Ok(true)),
        (false, OWN, true, Ok(true)),
        (false, FOREIGN, false, Ok(false)),
        (false, "", false, Ok(false)),
        (false, FOREIGN, true, unchecked.clone()),
        (false, "", true, unchecked),
    ];
    for (on, source, require_line, expected) in table {
        let purchase = Purchase { require_line, ..once(1, "anime-1", 300) };
        let line = household().and([line_authentication(1, on)]);
        let answer = line.when(purchase).from(source).answer();
        let checked = answer.map(|events| match events.as_slice() {
            [Event::Purchased { line_checked, .. }] => *line_checked,
            other => panic!("{other:?}"),
        });
        assert_eq!(checked, expected, "{on} from {source:?}, asked {require_line}");
    }
}

#[test]
fn a_line_without_networks_is_nobodys_own_r_175() {
    let line = || household().and([Event::NetworksSet { networks: Vec::new() }]);
    for source in [OWN, "127.0.0.1", "::", ""] {
        line().when(once(1, "anime-1", 300)).from(source).then_refused(Refusal::ForeignLine);
    }
}

#[test]
fn a_network_that_went_away_since_the_login_is_noticed_r_175() {
    let elsewhere = vec!["198.51.100.0/24".parse().expect("a network")];
    let line = household().and([Event::NetworksSet { networks: elsewhere }]);
    let line = line.when(once(1, "anime-1", 300)).then_refused(Refusal::ForeignLine);
    line.when(once(1, "anime-1", 300)).from(FOREIGN).then_accepted();
}

#[test]
fn premium_has_no_line_authentication_r_174() {
    // Even a switch that was left on changes nothing there.
    let line = || given(opened(LineService::HikariPremium)).and([registered(1, 10_000)]);
    for source in [OWN, FOREIGN, ""] {
        let events = line().when(once(1, "anime-1", 300)).from(source).answer();
        let events = events.expect("accepted");
        assert!(matches!(&events[..], [Event::Purchased { line_checked: false, .. }]), "{source}");
        let asked = Purchase { require_line: true, ..once(1, "anime-1", 300) };
        line().when(asked).from(source).then_refused(Refusal::LineNotChecked);
    }
}

#[test]
fn whoever_is_not_on_the_line_does_not_learn_of_a_restriction_r_173() {
    household()
        .and([raised(Barrier::CustomerRestriction)])
        .when(once(1, "anime-1", 300))
        .from(FOREIGN)
        .then_refused(Refusal::ForeignLine);
}

#[test]
fn a_login_that_is_over_buys_nothing() {
    let password =
        |rehash| Event::PasswordSet { passport: PassportNumber(1), credential: row(40), rehash };
    let sessions = |id| Event::SessionsEnded { passport: Some(PassportNumber(id)) };
    let portal = Event::SessionsEnded { passport: None };
    // What happened since the login, and whether the login stands.
    let table = [
        (password(false), false),
        (password(true), true),
        (sessions(1), false),
        (sessions(2), true),
        (portal, true),
        (line_authentication(1, true), true),
    ];
    for (event, stands) in table {
        let asked = household().and([event.clone()]).when(once(1, "anime-1", 300));
        let expected = if stands { None } else { Some(Refusal::LoginOver) };
        assert_eq!(asked.answer().err(), expected, "{event:?}");
    }
    let ahead = LoggedIn { passport: PassportNumber(1), epoch: 1 };
    household()
        .when(Purchase { login: ahead, ..once(1, "anime-1", 300) })
        .then_refused(Refusal::LoginOver);
}

#[test]
fn an_id_that_is_deleted_or_unknown_buys_nothing() {
    let line = household().and([deleted(1)]);
    let line = line.when(once(1, "anime-1", 300)).then_refused(Refusal::UnknownPassport);
    line.when(once(3, "anime-1", 300)).then_refused(Refusal::UnknownPassport);
}

#[test]
fn the_catalogue_is_asked_again_at_the_purchase_r_007() {
    let pack = || monthly(1, "pack", 500);
    let anime = || pieces(once(1, "anime-1", 300), 2, 600);
    let table = [
        (offered(pack(), |offer| offer.price = Price::Monthly { unit_price: yen(501) }), "amount"),
        (offered(pack(), |offer| offer.offered = false), "service"),
        (Purchase { offer: None, ..pack() }, "service"),
        (
            offered(anime(), |offer| offer.price = Price::Monthly { unit_price: yen(300) }),
            "quantity",
        ),
        (offered(anime(), |o| o.price = Price::PerUse { unit_price: Some(yen(299)) }), "amount"),
    ];
    for (purchase, field) in table {
        household().when(purchase).then_refused(Refusal::OfferChanged { field });
    }
    // Its name and its usage period may change: the household is shown the present ones.
    household().when(offered(pack(), |offer| offer.name = "パック".into())).then_accepted();
}

#[test]
fn a_purchase_is_charged_in_the_month_that_was_agreed_to_r_111_r_112() {
    let agreed = |purchase: Purchase, month: &str| Purchase {
        agreed_month: Some(month.parse().expect("a month")),
        ..purchase
    };
    let now = "2026-11".parse().expect("a month");
    for purchase in [monthly(1, "pack", 500), once(1, "anime-1", 300)] {
        for month in ["2026-10", "2026-12", "2025-11"] {
            let turned = agreed(purchase.clone(), month);
            household().when(turned).then_refused(Refusal::MonthTurned { now });
        }
        household().when(agreed(purchase, "2026-11")).then_accepted();
    }
}

#[test]
fn a_price_set_at_each_purchase_is_the_orders_r_007() {
    let open = |amount| {
        let order = pieces(once(1, "goods", 0), 2, amount);
        offered(order, |offer| offer.price = Price::PerUse { unit_price: None })
    };
    let events = household().when(open(3_000)).answer().expect("accepted");
    let [Event::Purchased { unit_price, amount, quantity, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*unit_price, *quantity, *amount), (yen(1_500), 2, yen(3_000)), "R-135");
    household().when(open(10_002)).then_refused(Refusal::OverLimit {
        used: yen(0),
        added: yen(10_002),
        limit: yen(10_000),
    });
}

#[test]
fn a_free_service_is_bought_like_any_other_r_007() {
    let line = household().when(monthly(1, "free", 0)).then_accepted();
    assert_eq!(line.live_contracts(), [NEXT_SERIAL]);
    assert_eq!(line.used(1, "2026-11").by_line, yen(0));
}

#[test]
fn without_a_receipt_number_nothing_is_sold() {
    household()
        .when(monthly(1, "pack", 500))
        .without_receipt()
        .then_refused(Refusal::NoReceiptNumber);
    household().when(once(1, "a", 500)).without_receipt().then_refused(Refusal::NoReceiptNumber);
}
