//! ⑩ ご利用限度額変更 and the settings of an ID.

use super::language::*;
use crate::domain::{
    ids::PassportNumber,
    line::{Command, Event, LimitChange, LineService, Refusal, may_set_limits},
    yen::Yen,
};

fn set(limits: &[(u32, u64)]) -> Command {
    let limits = limits.iter().map(|(id, limit)| (PassportNumber(*id), yen(*limit)));
    Command::SetPassportLimits(limits.collect())
}

const fn over(sum: u64, limit: u64) -> Refusal {
    Refusal::LimitsOverLine { sum: Yen::new(sum), limit: Yen::new(limit) }
}

#[test]
fn the_sum_may_reach_the_lines_limit_and_not_pass_it_r_153() {
    type Case<'a> = (&'a [(u32, u64)], Result<&'a [(u32, u64)], Refusal>);
    // IDs 1 and 2 start with 5,000 yen each; golden fixture 4, line limit 20,000.
    let table: [Case<'_>; 9] = [
        (&[(1, 10_000), (2, 10_000)], Ok(&[(1, 10_000), (2, 10_000)])),
        (&[(1, 10_000), (2, 10_001)], Err(over(20_001, 20_000))),
        (&[(1, 15_000)], Ok(&[(1, 15_000)])),
        (&[(1, 15_001)], Err(over(20_001, 20_000))),
        (&[(2, 5_000)], Ok(&[])),
        (&[(1, 5_000), (2, 0)], Ok(&[(2, 0)])),
        (&[(1, 19_000), (1, 6_000)], Ok(&[(1, 6_000)])),
        (&[(1, u64::MAX), (2, u64::MAX)], Err(over(u64::MAX, 20_000))),
        (&[(1, 1), (3, 1)], Err(Refusal::UnknownPassport)),
    ];
    for (limits, expected) in table {
        let line = given(opened(LineService::HikariNext))
            .and([registered(1, 5_000), registered(2, 5_000)]);
        let expected = expected
            .map(|set| set.iter().map(|(id, limit)| limit_set(*id, *limit)).collect::<Vec<_>>());
        assert_eq!(line.when(set(limits)).answer(), expected, "{limits:?}");
    }
}

#[test]
fn a_deleted_ids_limit_does_not_count_r_153() {
    let line = household().and([deleted(1)]);
    let line = line.when(set(&[(1, 1)])).then_refused(Refusal::UnknownPassport);
    line.when(set(&[(2, 20_000)])).then([limit_set(2, 20_000)]);
}

#[test]
fn lowering_below_this_months_use_is_allowed_r_158() {
    let line = household().and([bought(1, &monthly(1, "pack", 5_000))]);
    let line = line.when(set(&[(1, 4_999)])).then([limit_set(1, 4_999)]);
    assert_eq!(line.live_contracts(), [1], "a lower limit ends nothing");
    let line = line.when(once(1, "anime-1", 1)).then_refused(Refusal::OverLimit {
        used: yen(5_000),
        added: yen(1),
        limit: yen(4_999),
    });
    line.when(set(&[(1, 5_001)])).then_accepted().when(once(1, "anime-1", 1)).then_accepted();
}

#[test]
fn the_confirm_page_is_told_of_a_limit_below_this_months_use_r_155_r_158() {
    let line = household().and([bought(1, &monthly(1, "pack", 5_000))]);
    let row = |passport, wanted, used| LimitChange {
        passport: PassportNumber(passport),
        current: yen(10_000),
        wanted: yen(wanted),
        used: yen(used),
    };
    // The wanted limit of ID 1, whether it changes, whether it warns.
    for (wanted, changes, warns) in
        [(4_999, true, true), (5_000, true, false), (0, true, true), (10_000, false, false)]
    {
        let limits = [(PassportNumber(1), yen(wanted))];
        let rows = may_set_limits(line.line(), &limits, month("2026-11")).expect("allowed");
        assert_eq!(rows, [row(1, wanted, 5_000), row(2, 10_000, 0)]);
        assert_eq!((rows[0].is_change(), rows[0].warns()), (changes, warns), "{wanted}");
        assert!(!rows[1].is_change() && !rows[1].warns());
    }
    let too_much = [(PassportNumber(1), yen(10_001))];
    let refused = may_set_limits(line.line(), &too_much, month("2026-11"));
    assert_eq!(refused, Err(over(20_001, 20_000)));
    // A limit that stands below the use and stays warns of nothing new.
    let line = line.and([limit_set(1, 100)]);
    let rows = may_set_limits(line.line(), &[], month("2026-11")).expect("allowed");
    assert!(!rows[0].warns());
}

#[test]
fn the_lines_limit_is_not_below_the_sum_of_its_ids_r_159() {
    let set = |limit| Command::SetLineLimit(yen(limit));
    let event = |limit| Event::LineLimitSet { line_limit: yen(limit) };
    let line = household().when(set(19_999)).then_refused(over(20_000, 19_999));
    // The limit that stands is no news, and nobody is written to.
    let line = line.when(set(20_000)).then([]);
    let line = line.when(set(30_000)).then([event(30_000)]);
    line.and([deleted(1)]).when(set(10_000)).then([event(10_000)]);
}

#[test]
fn a_line_limit_below_this_months_use_stops_further_purchases_r_153() {
    let line = household().and([bought(1, &once(1, "goods", 10_000)), deleted(1)]);
    let line = line.when(Command::SetLineLimit(yen(10_000))).then_accepted();
    line.when(once(2, "goods", 1)).then_refused(Refusal::OverLineLimit {
        used: yen(10_000),
        added: yen(1),
        limit: yen(10_000),
    });
}

#[test]
fn line_authentication_is_switched_for_each_id_r_177_r_179() {
    let set = |id, on| Command::SetLineAuthentication { passport: PassportNumber(id), on };
    let line = household().when(set(1, false)).then([line_authentication(1, false)]);
    assert!(line.line().passports[&PassportNumber(2)].line_authentication);
    let line = line.when(set(1, false)).then([]);
    let line = line.when(set(1, true)).then([line_authentication(1, true)]);
    line.when(set(3, true)).then_refused(Refusal::UnknownPassport);
    let light = given(opened(LineService::HikariLight)).and([registered(1, 1)]);
    light.when(set(1, false)).then([line_authentication(1, false)]);
    let premium = given(opened(LineService::HikariPremium)).and([registered(1, 1)]);
    premium.when(set(1, false)).then_refused(Refusal::NoLineAuthentication);
}

#[test]
fn an_operator_sets_the_lines_networks_r_175() {
    let networks = vec!["198.51.100.0/24".parse().expect("a network")];
    household()
        .when(Command::SetNetworks(networks.clone()))
        .then([Event::NetworksSet { networks }])
        .when(once(1, "anime-1", 300))
        .from(FOREIGN)
        .then_accepted();
}
