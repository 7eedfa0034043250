//! A store of `linepass seed` for benchmarks: made once in `LINEPASS_BENCH_FOLDER` and found there by
//! every later run, or made in a temporary folder and removed again.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use crate::setup;
use actix::Arbiter;
use linepass::{
    actors::{line::LineServices, lines::Lines},
    app::{
        keys::existing_master_key,
        seed::{
            configured,
            plan::{LinePlan, Plan},
            seed,
        },
        store_options,
    },
    config::Config,
    domain::{
        synthetic::{PLAN, Spread, SyntheticData},
        yen::Yen,
    },
    store::{Store, sled_store::SledStore},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Where seeded stores are.
pub struct Stores {
    folder: PathBuf,
    /// Held so that it lives as long as the benchmark.
    _own: Option<tempfile::TempDir>,
}

/// One of them.
pub struct Seeded {
    /// Its folder: `store`, and `master.key` beside it.
    pub folder: PathBuf,
    /// What it holds.
    pub plan: Plan,
}

impl Stores {
    /// Those of `LINEPASS_BENCH_FOLDER`, or none yet.
    pub fn open() -> Self {
        let kept = std::env::var_os("LINEPASS_BENCH_FOLDER").map(PathBuf::from);
        let own = kept.is_none().then(|| tempfile::tempdir().expect("a folder"));
        let folder = kept.or_else(|| own.as_ref().map(|own| own.path().to_owned()));
        let folder = std::path::absolute(folder.expect("one of both")).expect("a folder");
        Self { folder, _own: own }
    }

    /// A place beside the stores, empty.
    pub fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// The store of so many lines and purchases; an interrupted one is filled to its end.
    pub async fn seeded(&self, lines: u64, purchases: u64) -> Seeded {
        let folder = self.folder.join(format!("seeded-{lines}-{purchases}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let until = "2025-01-01T00:00:00+09:00".parse().expect("an instant");
        let config = config(&folder);
        let (first_customer, hash) = configured(&config);
        let (seed_number, spread, passwords) = (42, Spread::Zipf, 4);
        let data = SyntheticData {
            seed: seed_number,
            lines,
            purchases,
            spread,
            until,
            passwords,
            plan: PLAN,
            first_customer,
            hash,
        };
        let began = Instant::now();
        let seeded = seed(&config, data, None, &mut |_, _, _| ()).await;
        let seeded = seeded.unwrap_or_else(|error| panic!("{error}"));
        if seeded.found_lines < lines {
            let took = began.elapsed();
            println!(
                "{lines} lines and {purchases} purchases seeded in {:.1} s",
                took.as_secs_f64()
            );
        }
        Seeded { folder, plan: Plan::new(data).expect("it has been made") }
    }
}

/// The server's own configuration on the store of a folder.
pub fn config(folder: &Path) -> Config {
    let path = |name: &str| folder.join(name).display().to_string();
    let own = [
        ("LINEPASS__STORE__PATH", path("store")),
        ("LINEPASS__KEYS__MASTER_KEY_FILE", path("master.key")),
        ("LINEPASS__OPERATOR__TOKEN_FILE", path("operator.token")),
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64".to_owned()),
        ("LINEPASS__PASSWORD__HASH_PASSES", "1".to_owned()),
    ];
    let own = own.into_iter().map(|(key, value)| (key.to_owned(), value));
    Config::load(None, own).unwrap_or_else(|errors| panic!("{errors}"))
}

impl Seeded {
    /// Opens it as the server does, with the configured cache.
    pub fn open(&self) -> Arc<dyn Store> {
        let config = config(&self.folder);
        let master = existing_master_key(&config.keys).expect("a master key");
        let store = SledStore::open(&store_options(&config, &master));
        Arc::new(store.unwrap_or_else(|error| panic!("{error}")))
    }

    /// The bare engine on the same files, with the same cache.
    pub fn open_engine(&self) -> sled::Db {
        let config = config(&self.folder);
        let engine = config.store.path.join("sled");
        // Whoever had it open may hold it a moment longer.
        let file = std::fs::File::open(engine.join("db")).expect("the engine's file");
        file.lock().expect("nobody keeps it");
        drop(file);
        sled::Config::new()
            .path(engine)
            .cache_capacity(config.store.cache_bytes)
            .segment_size(8 << 20)
            .flush_every_ms(Some(config.store.flush_every_ms))
            .open()
            .expect("opens")
    }

    /// So many lines drawn over all of them, each once; `turn` draws others.
    pub fn drawn(&self, count: u64, turn: u64) -> impl Iterator<Item = LinePlan> {
        let lines = self.plan.data.lines;
        assert!(count * (turn + 1) <= lines, "{count} lines in turn {turn} of {lines}");
        // A step that has no divisor in common with the number of lines meets each once.
        let mut steps = lines * 618 / 1_000..=lines + 1;
        let step = steps.find(|step| greatest_divisor(*step, lines) == 1);
        let step = step.expect("lines and the next number have none in common");
        (count * turn..count * (turn + 1)).map(move |n| self.plan.line(n * step % lines))
    }
}

fn greatest_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { greatest_divisor(other, one % other) }
}

/// Lines over a store, on as many threads as the machine has cores.
pub struct House {
    /// The way to the lines.
    pub lines: Lines,
    /// What they are made with.
    pub services: Arc<LineServices>,
    arbiters: Vec<Arbiter>,
}

impl House {
    /// Over this store.
    pub fn over(store: &Arc<dyn Store>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let arbiters: Vec<_> = (0..cores).map(|_| Arbiter::new()).collect();
        let handles: Vec<_> = arbiters.iter().map(Arbiter::handle).collect();
        let services = setup::services(store, Yen::new(10_000), 32);
        Self { lines: Lines::start(&services, &handles, 20_000), services, arbiters }
    }

    /// Ends the lines and closes the store, whose files others may open soon after.
    pub async fn end(self) {
        let store = Arc::clone(&self.services.store);
        for arbiter in self.arbiters {
            arbiter.stop();
            arbiter.join().expect("no panic");
        }
        store.close().await.expect("closes");
    }
}
