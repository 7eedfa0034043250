//! Flows that nobody finishes cost nothing (architecture: Flows): pushed orders and opened login
//! pages leave the store's size and the process's memory where they were.
//!
//! 2,000 flows a run; `ABANDONED_FLOWS=100000 cargo test --test abandoned -- --nocapture` asks for
//! more.

mod common;

use common::{Browser, Demo, Options, anime};
use std::path::Path;

/// Before the first measurement, so that pools, caches and the allocator have what they keep.
const WARM_UP: u64 = 1_000;
const CLIENTS: u64 = 4;
/// 100,000 flows of which each left one KiB behind would be far beyond.
const MOST_GROWTH: u64 = 24 << 20;

/// The head file and the engine's own flush may move by a few bytes; a row of 33 bytes for each of
/// 2,000 flows would be beyond.
const MOST_STORE_GROWTH: u64 = 64 << 10;

/// Does so many flows from several clients at once; each ends at the login page.
fn abandon(demo: &Demo, from: u64, count: u64) {
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            // Each client has connections of its own and keeps them, as a provider does.
            let provider = demo.provider();
            let issuer = demo.issuer().to_owned();
            scope.spawn(move || {
                let mut browser = Browser::new(&issuer);
                for number in (from..from + count).filter(|number| number % CLIENTS == client) {
                    let pushed = provider.push(Some(&anime(&format!("abandoned-{number}"))));
                    // Another visitor on the same connection: no cookie of the flow before.
                    browser.cookies = std::cell::RefCell::default();
                    let flow = browser.arrive(&pushed);
                    let page = browser.open(&format!("{}/login", flow.path));
                    assert_eq!(page.status, 200, "{page:?}");
                }
            });
        }
    });
}

/// Resident memory, bytes.
fn resident_bytes(process_id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("KiB");
    kib * 1024
}

/// What the files of a folder take, bytes.
fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("reads").map(|entry| entry.expect("reads"));
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            // Replaced while we looked.
            Err(_) => 0,
        })
        .sum()
}

#[test]
fn abandoned_flows_leave_store_and_memory_where_they_were_reliability_25() {
    let count = std::env::var("ABANDONED_FLOWS").ok().and_then(|count| count.parse().ok());
    let count: u64 = count.unwrap_or(2_000);
    let demo = Demo::with(&Options {
        env: vec![("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1000000".into())],
        ..Options::default()
    });
    let measure = |when: &str| {
        let store = folder_bytes(&demo.folder().join("store"));
        let resident = resident_bytes(demo.process_id());
        println!("{when}: store {store} bytes, resident {resident} bytes");
        (store, resident)
    };
    measure("before");
    abandon(&demo, 0, WARM_UP);
    let (store, resident) = measure("after the warm-up");
    abandon(&demo, WARM_UP, count);
    let (store_after, resident_after) = measure(&format!("after {count} more"));
    let grown = store_after.saturating_sub(store);
    assert!(grown < MOST_STORE_GROWTH, "the store has grown by {grown} bytes");
    let grown = resident_after.saturating_sub(resident);
    assert!(grown < MOST_GROWTH, "resident memory has grown by {grown} bytes");
}
