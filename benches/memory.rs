//! What an awake line costs in memory, and what the process holds with many lines stored and ten
//! thousand awake.
//!
//! `cargo bench --bench memory`; `LINEPASS_BENCH_LINES` (1000000), `LINEPASS_BENCH_AWAKE` (10000) and
//! `LINEPASS_BENCH_FOLDER` change it. benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "sizes are printed with few digits")]

mod bought;
mod seeded;
mod setup;

use linepass::{
    actors::bulk::Bulk,
    store::{Store, Stream},
};
use seeded::{House, Seeded, Stores};
use setup::{from_env, memory_kib};
use std::sync::Arc;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What an awake line may cost, in bytes.
const AIM_BYTES: f64 = 6.0 * 1024.0;

/// Purchases of each line in the running month, the last of them the most that is looked at.
const PURCHASES: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

fn main() {
    linepass::app::memory::take_small_pages();
    purchases(from_env("LINEPASS_BENCH_AWAKE", 10_000));
    actix::System::new().block_on(run());
}

/// What a line keeps of each purchase of a month that is not closed: the rules alone, so nothing else grows.
fn purchases(lines: u64) {
    let mut held: Vec<_> = (0..lines).map(|_| Some(bought::line_with(0))).collect();
    let (before_kib, mut last_kib, mut last) = (memory_kib("self", "VmRSS"), 0, 0);
    println!(
        "{:>9} {:>14} {:>18} {:>22}",
        "lines", "purchases each", "bytes a purchase", "of these, of the last"
    );
    for purchases in PURCHASES {
        for line in &mut held {
            *line = (last..purchases).fold(line.take(), |line, serial| {
                bought::take(line, &bought::purchase(serial), serial)
            });
        }
        let grown_kib = memory_kib("self", "VmRSS").saturating_sub(before_kib);
        let each = |kib: u64, count: u64| kib as f64 * 1_024.0 / (lines * count) as f64;
        println!(
            "{lines:>9} {purchases:>14} {:>18.0} {:>22.0}",
            each(grown_kib, purchases),
            each(grown_kib.saturating_sub(last_kib), purchases - last)
        );
        (last_kib, last) = (grown_kib, purchases);
    }
}

async fn run() {
    let lines = from_env("LINEPASS_BENCH_LINES", 1_000_000);
    let awake = from_env("LINEPASS_BENCH_AWAKE", 10_000).min(lines);
    let stores = Stores::open();
    let seeded = stores.seeded(lines, lines).await;
    let before_mib = memory_kib("self", "VmRSS") >> 10;
    let store = seeded.open();
    let opened_mib = memory_kib("self", "VmRSS") >> 10;
    let house = House::over(&store);
    let bulk = Bulk::new(Arc::clone(&house.services), house.lines.clone());
    // Read twice without waking anybody: the engine's pages of these lines are in its cache then,
    // and what comes after is the awake lines alone.
    for _ in 0..2 {
        for line in seeded.drawn(awake, 0) {
            bulk.look(line.customer).await.expect("it is there");
            for row in 0..2 + 3 * line.passports.len() {
                let row = u32::try_from(row).expect("few");
                store.personal(line.customer, row).await.expect("reads");
            }
        }
    }
    let read_kib = memory_kib("self", "VmRSS");
    let mut ids = 0;
    for line in seeded.drawn(awake, 0) {
        ids += house.lines.look(line.customer).await.expect("it is there").private.len();
    }
    let woken_kib = memory_kib("self", "VmRSS");
    let each = woken_kib.saturating_sub(read_kib) as f64 * 1_024.0 / awake as f64;
    let events = events(&seeded, &store, awake).await;
    println!(
        "{:>9} {:>7} {:>9} {:>11} {:>10} {:>10} {:>10} {:>11} {:>9}",
        "lines",
        "awake",
        "IDs each",
        "events each",
        "start MiB",
        "opened MiB",
        "read MiB",
        "all MiB",
        "bytes each"
    );
    println!(
        "{lines:>9} {awake:>7} {:>9.2} {events:>11.2} {before_mib:>10} {opened_mib:>10} {:>10} {:>11} {each:>9.0}",
        ids as f64 / awake as f64,
        read_kib >> 10,
        woken_kib >> 10,
    );
    let verdict = if each < AIM_BYTES { "" } else { "   above the aim" };
    println!("an awake line: {each:.0} bytes, aim {AIM_BYTES}{verdict}");
    house.end().await;
}

/// Event rows of each of the lines that were woken.
async fn events(seeded: &Seeded, store: &Arc<dyn Store>, awake: u64) -> f64 {
    let mut events = 0;
    for line in seeded.drawn(awake, 0) {
        events += store.last_seq(&Stream::Line(line.customer)).await.expect("reads");
    }
    events as f64 / awake as f64
}
