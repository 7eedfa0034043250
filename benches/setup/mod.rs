//! What benchmarks begin with and judge by: numbers of the environment, folders, floors, and line
//! actors over a store without the rest of the server.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

#[path = "../../tests/lines/services.rs"]
mod lines;

use linepass::{
    actors::{committer::Committer, line::LineServices, snapshot::Snapshots},
    clock::Clock,
    domain::yen::Yen,
    store::{Store, sled_store::SledOptions},
};
use std::{path::Path, sync::Arc, time::Duration};

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
    lines::committer(store, &Clock::host())
}

/// A runtime on this thread alone.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What lines need, over this store; no line falls asleep again. The snapshots' key is not the
/// installation's own, so a snapshot that a server wrote would not be taken.
pub fn services(
    store: &Arc<dyn Store>,
    passport_limit: Yen,
    most_waiting_changes: usize,
) -> Arc<LineServices> {
    let mut services = lines::services_at(Clock::host(), store);
    services.defaults.passport_limit = passport_limit;
    services.most_waiting_changes = most_waiting_changes;
    services.snapshots = Snapshots { key: [2; 32], every_events: 100 };
    services.idle_before_sleep = Duration::from_hours(1);
    Arc::new(services)
}
