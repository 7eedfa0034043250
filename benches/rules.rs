//! What the rules cost: one decision on a line with a year of history (`cargo bench --bench rules`).

mod bought;

use bought::{facts, line_with, purchase};
use criterion::{Criterion, criterion_group, criterion_main};
use linepass::domain::line::decide;
use std::hint::black_box;

fn decisions(criterion: &mut Criterion) {
    for purchases in [0, 10, 100] {
        let (line, command, facts) = (line_with(purchases), purchase(999), facts(999));
        criterion.bench_function(
            &format!("decide a purchase after {purchases} this month"),
            |bench| {
                bench.iter(|| {
                    decide(black_box(Some(&line)), black_box(&command), black_box(&facts))
                });
            },
        );
    }
}

criterion_group!(rules, decisions);
criterion_main!(rules);
