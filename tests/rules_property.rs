//! Random histories of a line against a naive model of the guide (reliability.md 35, I3 to I5,
//! I9): what is accepted and refused, what each month costs, and that a replay is the same line.
//!
//! 256 histories a run; `PROPTEST_CASES=10000 cargo test --test rules_property` asks longer.

mod naive;
mod sides;

use linepass::domain::line::LineService;
use naive::{
    next_first,
    steps::{Step, steps},
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use sides::{MONTHS, Sides, instant};

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/rules_property.txt",
        ))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_line_and_the_guide_agree(
        kind in prop::sample::select(vec![
            LineService::HikariNext, LineService::HikariLight, LineService::HikariPremium,
        ]),
        line_limit in prop::sample::select(vec![5_000_u64, 10_000, 20_000, 30_000]),
        ids in 1..4_usize,
        steps in prop::collection::vec(steps(), 1..100),
    ) {
        let mut sides = Sides::new(kind, line_limit);
        for _ in 0..ids {
            sides.step(&Step::Register)?;
        }
        for step in &steps {
            sides.step(step)?;
            sides.agree()?;
        }
        sides.replays()?;
    }
}

#[test]
fn the_models_calendar_is_japans() {
    assert_eq!(instant(0).rfc3339(), "2026-11-01T00:00:00+09:00");
    let mut moment = 0;
    for text in &MONTHS[..5] {
        assert_eq!(instant(moment).month().to_string(), *text);
        moment = next_first(moment);
        assert!(instant(moment).is_first_of_month() && !instant(moment - 1).is_first_of_month());
    }
}
