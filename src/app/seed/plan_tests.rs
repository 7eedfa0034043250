//! Tests of the plan of synthetic data.

use super::*;
use crate::domain::synthetic::{HashWork, PLAN, usual_first_customer};
use std::collections::BTreeSet;

pub fn data(lines: u64, purchases: u64, spread: Spread) -> SyntheticData {
    let until = "2025-01-01T00:00:00+09:00".parse().expect("an instant");
    SyntheticData {
        seed: 42,
        lines,
        purchases,
        spread,
        until,
        passwords: 4,
        plan: PLAN,
        first_customer: usual_first_customer(),
        hash: HashWork::default(),
    }
}

#[test]
fn all_purchases_are_given_out_and_none_to_a_line_that_cannot_buy() {
    for spread in [Spread::Zipf, Spread::Uniform] {
        for purchases in [0, 1, 999, 5_000, 50_000] {
            let plan = Plan::new(data(1_000, purchases, spread)).expect("has room");
            let lines: Vec<LinePlan> = (0..1_000).map(|index| plan.line(index)).collect();
            let sum: u64 = lines.iter().map(|line| u64::from(line.purchases)).sum();
            assert_eq!(sum, purchases, "{spread:?}");
            assert_eq!(plan.purchases_before(1_000), purchases);
            let ineligible = lines.iter().filter(|line| line.state == LineState::Ineligible);
            assert!(ineligible.clone().count() > 10);
            assert!(ineligible.into_iter().all(|line| line.purchases == 0));
        }
    }
    let full = Plan::new(data(1_000, 60_000, Spread::Zipf)).expect_err("too many");
    assert!(full.asked == 60_000 && full.most < 60_000 && full.most.is_multiple_of(60), "{full:?}");
}

#[test]
fn eager_lines_buy_most_by_zipf_and_all_alike_otherwise() {
    let counts = |spread| {
        let plan = Plan::new(data(10_000, 10_000, spread)).expect("has room");
        let mut counts: Vec<u8> = (0..10_000).map(|index| plan.line(index).purchases).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        counts
    };
    let zipf = counts(Spread::Zipf);
    assert_eq!(zipf[0], MOST_PURCHASES_OF_A_LINE);
    let top: u64 = zipf[..1_000].iter().map(|count| u64::from(*count)).sum();
    assert!(top > 6_500, "a tenth of the lines buys {top} of 10,000");
    assert!(counts(Spread::Uniform).iter().all(|count| *count <= 2));
}

#[test]
fn lines_are_of_all_kinds_and_each_is_one_of_its_own() {
    let plan = Plan::new(data(5_000, 0, Spread::Zipf)).expect("has room");
    let lines: Vec<LinePlan> = (0..5_000).map(|index| plan.line(index)).collect();
    let names: Vec<&str> =
        lines.iter().flat_map(|line| &line.passports).map(|id| id.name.as_str()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let networks: BTreeSet<String> = lines.iter().map(|line| line.network.to_string()).collect();
    assert_eq!(networks.len(), 5_000);
    assert_eq!(lines[0].network.to_string(), "10.0.0.1/32");
    assert_eq!(network(MOST_LINES - 1).to_string(), "10.152.150.128/32");
    assert!(lines.is_sorted_by_key(|line| line.customer));
    let share = |of: &dyn Fn(&LinePlan) -> bool| lines.iter().filter(|line| of(line)).count() / 50;
    assert!((60..80).contains(&share(&|line| line.service == LineService::HikariNext)));
    assert!((90..97).contains(&share(&|line| line.state == LineState::Open)));
    assert!((1..5).contains(&share(&|line| line.state == LineState::Restricted)));
    assert!((5..15).contains(&share(&|line| line.line_limit == Yen::new(30_000))));
    for count in 1..=3 {
        assert!(share(&|line| line.passports.len() == count) > 5, "{count} IDs");
    }
    let on = names.len()
        - lines.iter().flat_map(|line| &line.passports).filter(|id| id.line_authentication).count();
    assert!(on > names.len() / 4 && on < names.len() * 3 / 4, "{on} of {}", names.len());
    let last = lines.iter().flat_map(|line| &line.passports).map(|id| id.registered_at).max();
    assert!(last < Some(plan.buying_from) && plan.buying_from < plan.data.until);
}
