//! How long a cold line takes to wake, among few lines and among many, through its actor on sled with
//! the server's own cache; beside the ceiling of the same run: the bare engine's `get`s of the rows
//! that a waking reads. Then the same over the backend in memory, which has no engine.
//!
//! `cargo bench --bench wake`; `LINEPASS_BENCH_LINES` (1000000) are the many, a hundredth of them the
//! few, `LINEPASS_BENCH_WAKES` (2500) of each are woken, `LINEPASS_BENCH_FOLDER` keeps the stores for
//! the next run. benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "times are printed with few digits")]

mod seeded;
mod setup;

use hdrhistogram::Histogram;
use linepass::{
    actors::lines::Lines,
    app::seed::plan::LinePlan,
    store::{Store, Stream, key, memory::MemoryStore, record},
};
use seeded::{House, Seeded, Stores};
use setup::{from_env, verdict};
use std::{sync::Arc, time::Instant};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the p99 of a waking among the many may be, in milliseconds.
const FLOOR_MS: f64 = 2.0;
/// And how many times the same among the few.
const FLOOR_TIMES: f64 = 1.5;
/// Both stores take turns, so that a machine whose speed drifts hits both alike.
const TURNS: u64 = 10;

fn main() {
    linepass::app::memory::take_small_pages();
    actix::System::new().block_on(run());
}

async fn run() {
    let lines = from_env("LINEPASS_BENCH_LINES", 1_000_000);
    let wakes = from_env("LINEPASS_BENCH_WAKES", 2_500);
    let stores = Stores::open();
    let few = stores.seeded(lines / 100, lines / 100).await;
    let many = stores.seeded(lines, lines).await;
    let both = [few, many];
    let woken = wake(&both, both.each_ref().map(Seeded::open), wakes / TURNS).await;
    let bare = read_bare(&both, wakes / TURNS);
    print(&both, &woken, &bare);
    let [few_ms, many_ms] = woken.each_ref().map(p99_ms);
    println!(
        "p99 among the many: {many_ms:.2} ms, floor {FLOOR_MS}{}",
        verdict(many_ms < FLOOR_MS)
    );
    let times = many_ms / few_ms;
    println!(
        "times that among the few: {times:.2}, floor {FLOOR_TIMES}{}",
        verdict(times < FLOOR_TIMES)
    );
    let copies = [in_memory(&both[0]).await, in_memory(&both[1]).await];
    let woken = wake(&both, copies, wakes / TURNS).await;
    let [few_ms, many_ms] = woken.each_ref().map(p99_ms);
    println!(
        "the same in memory: p99 {many_ms:.2} ms among the many, {:.2} times that among the few ({few_ms:.2} ms)",
        many_ms / few_ms
    );
}

/// A table with a row for each store.
fn print(both: &[Seeded; 2], woken: &[Histogram<u64>; 2], bare: &[(Histogram<u64>, u64); 2]) {
    println!(
        "{:>9} {:>7} {:>9} {:>9} {:>9} {:>8} {:>12} {:>12} {:>6}",
        "lines",
        "woken",
        "p50 us",
        "p99 us",
        "max us",
        "rows",
        "gets p50 us",
        "gets p99 us",
        "ratio"
    );
    for ((seeded, woken), (bare, rows)) in both.iter().zip(woken).zip(bare) {
        let us = |times: &Histogram<u64>, quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        println!(
            "{:>9} {:>7} {:>9.0} {:>9.0} {:>9.0} {:>8.1} {:>12.0} {:>12.0} {:>6.2}",
            seeded.plan.data.lines,
            woken.len(),
            us(woken, 0.5),
            us(woken, 0.99),
            woken.max() as f64 / 1e3,
            *rows as f64 / bare.len() as f64,
            us(bare, 0.5),
            us(bare, 0.99),
            us(woken, 0.99) / us(bare, 0.99),
        );
    }
}

fn p99_ms(times: &Histogram<u64>) -> f64 {
    times.value_at_quantile(0.99) as f64 / 1e6
}

/// All rows of a store, without its engine.
async fn in_memory(seeded: &Seeded) -> Arc<dyn Store> {
    let store = seeded.open();
    let copy = MemoryStore::copy_of(&*store).await.expect("reads");
    store.close().await.expect("closes");
    Arc::new(copy)
}

fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds")
}

/// Wakes lines of each store in turns; nanoseconds from the question to the answer.
async fn wake(both: &[Seeded; 2], stores: [Arc<dyn Store>; 2], a_turn: u64) -> [Histogram<u64>; 2] {
    let mut woken = [times(), times()];
    let houses = stores.map(|store| House::over(&store));
    for turn in 0..TURNS {
        for ((seeded, house), woken) in both.iter().zip(&houses).zip(&mut woken) {
            for line in seeded.drawn(a_turn, turn) {
                woken.saturating_record(wake_one(&house.lines, &line).await);
            }
        }
    }
    for house in houses {
        house.end().await;
    }
    woken
}

async fn wake_one(lines: &Lines, line: &LinePlan) -> u64 {
    let began = Instant::now();
    let view = lines.look(line.customer).await.expect("it is there");
    let took = began.elapsed();
    assert_eq!(view.private.len(), line.passports.len());
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

/// The same number of other lines of each store, by the engine alone; and how many rows that were.
fn read_bare(both: &[Seeded; 2], a_turn: u64) -> [(Histogram<u64>, u64); 2] {
    let opened = both.each_ref().map(Seeded::open_engine);
    let mut read = [(times(), 0), (times(), 0)];
    for turn in 0..TURNS {
        for ((seeded, db), (times, rows)) in both.iter().zip(&opened).zip(&mut read) {
            for line in seeded.drawn(a_turn, turn) {
                let began = Instant::now();
                *rows += read_line(db, &line);
                let took = began.elapsed();
                times.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
            }
        }
    }
    read
}

/// The rows that a waking reads, each with one `get`: no snapshot, the events with the blocks that
/// closed them, name and hash of each passport ID.
fn read_line(db: &sled::Db, line: &LinePlan) -> u64 {
    let stream = Stream::Line(line.customer);
    let mut rows = 0;
    let mut get = |key: Vec<u8>| {
        rows += 1;
        let row = db.get(&key).expect("reads")?;
        Some(record::decode(&key, &row).expect("a row").0)
    };
    get(key::snapshot(&stream, 1));
    let mut seq = 1;
    while let Some(block) = get(key::event(&stream, seq)) {
        get_block(db, block);
        seq += 1;
    }
    for number in 0..u32::try_from(line.passports.len()).expect("few") {
        // The line's record and access key come before the rows of its IDs: three of each.
        let name = 2 + 3 * number;
        assert!(get(key::personal(line.customer, name)).is_some());
        assert!(get(key::personal(line.customer, name + 1)).is_some());
    }
    rows + seq - 1
}

fn get_block(db: &sled::Db, number: u64) {
    assert!(db.get(key::block(number)).expect("reads").is_some());
}
