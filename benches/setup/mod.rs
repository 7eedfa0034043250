//! What benchmarks begin with and judge by: numbers of the environment, folders, floors, and line
//! actors over a store without the rest of the server.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use linepass::{
    actors::{
        committer::{Committer, CommitterOptions},
        line::LineServices,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
    },
    clock::Clock,
    domain::{line::LineDefaults, yen::Yen},
    security::random,
    store::{Store, sled_store::SledOptions},
};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// A number of the environment.
pub fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A folder of its own in `LINEPASS_BENCH_FOLDER` or the system's temporary one, removed at the end.
pub fn folder() -> tempfile::TempDir {
    match std::env::var_os("LINEPASS_BENCH_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
    .expect("a folder")
}

/// Prints a row of durable purchases for programs too, where `LINEPASS_BENCH_JSON` is set: what
/// `benches/postgres/run` reads.
pub fn print_json(waiting: usize, purchases_per_s: f64, ceiling_per_s: f64) {
    if std::env::var_os("LINEPASS_BENCH_JSON").is_some() {
        println!(
            "{{\"waiting\":{waiting},\"purchases_per_s\":{purchases_per_s:.1},\"ceiling_per_s\":{ceiling_per_s:.1}}}"
        );
    }
}

/// What follows a figure that has a floor: the words to look for where it misses it.
pub const fn verdict(is_met: bool) -> &'static str {
    if is_met { "" } else { "   misses its floor" }
}

/// A figure of /proc/self/status or of another process, in KiB (proc(5)).
pub fn memory_kib(process: &str, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure));
    let kib = line.and_then(|line| {
        line.trim_start_matches(':').trim().trim_end_matches(" kB").trim().parse().ok()
    });
    kib.unwrap_or(0)
}

/// A store of its own under this folder, with so much of its pages in memory.
pub fn store_options(folder: &Path, cache_bytes: u64) -> SledOptions {
    SledOptions {
        folder: folder.to_owned(),
        head_key: [1; 32],
        cache_bytes,
        flush_every_ms: 500,
        min_free_space_bytes: 0,
        read_threads: 2,
    }
}

/// The committer of a store, in groups as the server's.
pub fn committer(store: &Arc<dyn Store>) -> Committer {
    let committing = CommitterOptions { group_max_events: 1_000, most_waiting: 10_000 };
    let fatal = |error: &_| panic!("{error}");
    Committer::start(Arc::clone(store), Clock::host(), committing, fatal).expect("starts").0
}

/// What lines need, over this store; no line falls asleep again. The snapshots' key is not the
/// installation's own, so a snapshot that a server wrote would not be taken.
pub fn services(
    store: &Arc<dyn Store>,
    passport_limit: Yen,
    most_waiting_changes: usize,
) -> Arc<LineServices> {
    let (clock, committer) = (Clock::host(), committer(store));
    let receipts = ReceiptNumbers::new(Arc::clone(store), committer.clone(), clock.clone());
    Arc::new(LineServices {
        store: Arc::clone(store),
        committer,
        clock,
        receipts,
        defaults: LineDefaults { passports_per_line: 5, passport_limit, activation_delay_s: 0 },
        most_waiting_changes,
        snapshots: Snapshots { key: [2; 32], every_events: 100 },
        draw_salt: random::bytes::<32>,
        idle_before_sleep: Duration::from_hours(1),
        awake_lines: AtomicUsize::new(0),
    })
}
