//! How long the real binary takes from its start until it is ready, with many lines and purchases
//! stored: after a clean stop and after a kill; beside the ceiling of the same run, which is the bare
//! engine opening files in the same state.
//!
//! `cargo bench --bench start`; `LINEPASS_BENCH_LINES` (1000000), `LINEPASS_BENCH_PURCHASES` (as many),
//! `LINEPASS_BENCH_ROUNDS` (3) and `LINEPASS_BENCH_FOLDER` change it. benches/README.md says how to
//! read it.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/process/mod.rs"]
mod process;
mod seeded;
mod setup;

use common::operator::Operator;
use process::{copy_folder, send, server::Server};
use seeded::{Seeded, Stores};
use serde_json::{Value, json};
use setup::{from_env, memory_kib};
use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, Instant},
};

/// Until it is ready, in seconds.
const AIM_S: f64 = 5.0;
/// A first start may read the whole log of a store that was never opened since it was filled.
const PATIENCE: Duration = Duration::from_mins(20);
/// Commits before each kill, so that the log has a tail that nothing was written down of.
const COMMITS_BEFORE_KILL: u32 = 100;

fn main() {
    let lines = from_env("LINEPASS_BENCH_LINES", 1_000_000);
    let purchases = from_env("LINEPASS_BENCH_PURCHASES", lines);
    let rounds = from_env("LINEPASS_BENCH_ROUNDS", 3);
    let stores = Stores::open();
    let seeded = actix::System::new().block_on(stores.seeded(lines, purchases));
    let folder = stores.scratch("start");
    copy_folder(&seeded.folder.join("store"), &folder.join("store"));
    fs::copy(seeded.folder.join("master.key"), folder.join("master.key")).expect("copies");
    let size_mib = fs::metadata(folder.join("store/sled/db")).expect("a file").len() >> 20;
    println!("{lines} lines, {purchases} purchases, {size_mib} MiB");
    let first = start(&folder);
    let memory_mib = memory_kib(&first.server.child.id().to_string(), "VmRSS") >> 10;
    first.server.stop();
    let seeded = Seeded { folder: folder.clone(), plan: seeded.plan };
    let mut states = [State::named("clean stop"), State::named("kill -9")];
    for _ in 0..rounds {
        let [clean, killed] = &mut states;
        clean.bare_s.push(open_bare(&seeded));
        clean.add(start(&folder));
        for is_bare in [true, false] {
            die_at_work(&folder);
            if is_bare {
                killed.bare_s.push(open_bare(&seeded));
            } else {
                killed.add(start(&folder));
            }
        }
    }
    report(first.ready_s, memory_mib, &mut states);
    fs::remove_dir_all(&folder).expect("removes");
}

/// A start that was timed.
struct Started {
    server: Server,
    /// From the start of the process to its first good answer on `/readyz`.
    ready_s: f64,
    /// The part of it in which the store was opened, as the log tells.
    store_s: f64,
}

fn start(folder: &Path) -> Started {
    let began = Instant::now();
    let server = Server::within(PATIENCE, folder, &[]);
    let ready_s = began.elapsed().as_secs_f64();
    let log = fs::read_to_string(&server.log).expect("a log");
    let open_ms = log.lines().find_map(|line| {
        serde_json::from_str::<Value>(line).ok().and_then(|line| line["open_ms"].as_f64())
    });
    Started { server, ready_s, store_s: open_ms.expect("the log tells") / 1e3 }
}

/// What one state of the files comes to.
struct State {
    name: &'static str,
    ready_s: Vec<f64>,
    store_s: Vec<f64>,
    bare_s: Vec<f64>,
}

impl State {
    const fn named(name: &'static str) -> Self {
        Self { name, ready_s: Vec::new(), store_s: Vec::new(), bare_s: Vec::new() }
    }

    fn add(&mut self, started: Started) {
        self.ready_s.push(started.ready_s);
        self.store_s.push(started.store_s);
        started.server.stop();
    }
}

/// Seconds that the bare engine takes to open; its files are let go before this returns.
fn open_bare(seeded: &Seeded) -> f64 {
    let began = Instant::now();
    let db = seeded.open_engine();
    let took = began.elapsed().as_secs_f64();
    drop(db);
    // Its own threads may hold the files a moment longer.
    let file = File::open(seeded.folder.join("store/sled/db")).expect("the engine's file");
    file.lock().expect("nobody keeps it");
    took
}

/// Starts a server, has it commit, and kills it.
fn die_at_work(folder: &Path) {
    let server = Server::within(PATIENCE, folder, &[]);
    let operator = Operator::at(server.url.clone(), &server.token);
    for number in 0..COMMITS_BEFORE_KILL {
        let method = if number.is_multiple_of(2) { "PUT" } else { "DELETE" };
        operator.change(method, "/maintenance", &json!({ "reason": "benchmark" }));
    }
    send(server.child.id(), "KILL");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn report(first_s: f64, memory_mib: u64, states: &mut [State; 2]) {
    println!("first start after the seeding: {first_s:.2} s; {memory_mib} MiB when ready");
    println!(
        "{:>12} {:>9} {:>9} {:>9} {:>14} {:>9} {:>7}",
        "after", "ready s", "worst s", "store s", "bare engine s", "rest s", "ratio"
    );
    for State { name, ready_s, store_s, bare_s } in states {
        let worst = ready_s.iter().copied().fold(0.0, f64::max);
        let (ready, store, bare) = (median(ready_s), median(store_s), median(bare_s));
        println!(
            "{name:>12} {ready:>9.2} {worst:>9.2} {store:>9.2} {bare:>14.2} {:>9.2} {:>7.2}",
            ready - store,
            ready / bare
        );
        let verdict = if worst < AIM_S { "within" } else { "beyond" };
        println!(
            "{name:>12}: {verdict} the aim of {AIM_S} s; of the {ready:.2} s the engine sets {bare:.2}, \
             the check of the head and the last blocks {:.2}, all else {:.2}",
            (store - bare).max(0.0),
            ready - store
        );
    }
}
