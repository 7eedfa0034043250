//! The hashing pool beside raw Argon2id with reused memory on as many threads, in one run; and how
//! long refused logins of unknown and of known passport IDs take at the real binary.
//!
//! `cargo bench --bench login`; `LINEPASS_BENCH_SECONDS` (15) is the length of the first figures,
//! `LINEPASS_BENCH_LOGINS` (1000) how many logins of each kind. benches/README.md says how to read
//! it.

#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

#[path = "../tests/common/mod.rs"]
mod common;
mod figures;
mod setup;
mod wired;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use common::{Browser, Demo, Options, anime, door::decisions, unique};
use linepass::security::{HashCost, ImportKey, PasswordPool, Secret};
use setup::{from_env, runtime, verdict};
use std::{
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use wired::{
    Served,
    household::{Generator, LOOSE},
    sending::Sending,
};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the pool has to keep of what the machine can do.
const FLOOR: f64 = 0.9;
/// What logins over HTTPS have to keep of it.
const HTTPS_FLOOR: f64 = 0.85;
/// Lines whose IDs log in over HTTPS.
const LOGIN_LINES: u64 = 64;
/// Turns of raw and pool, one after the other, so that a machine whose speed drifts hits both.
const TURNS: u32 = 10;
/// Logins of each kind before any is timed, so that connection, caches and store are warm.
const WARM_UP: usize = 20;
/// What security.md 2 allows between the medians, in per cent.
const MOST_APART: f64 = 5.0;
/// And of the test that both are one distribution.
const LEAST_P: f64 = 0.01;

fn main() {
    linepass::app::memory::take_small_pages();
    let cost = HashCost::default();
    let threads = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let length = Duration::from_secs(from_env("LINEPASS_BENCH_SECONDS", 15));
    println!(
        "Argon2id, {} KiB, {} passes, {} lane; {threads} threads",
        cost.memory_kib, cost.passes, cost.lanes
    );
    compare(cost, threads, length);
    over_https(cost, threads, length);
    latencies(cost, usize::try_from(from_env("LINEPASS_BENCH_LOGINS", 1_000)).expect("fits"));
}

// ---------------------------------------------------------------------------------------------
// The pool beside raw Argon2

fn compare(cost: HashCost, threads: usize, length: Duration) {
    let pool = PasswordPool::start(cost, ImportKey::new([7; 32]), threads, 64).expect("a pool");
    let stored = runtime().block_on(pool.hash(Secret::from("a1b2"))).expect("a hash");
    // Once unmeasured, so that both find their memory mapped.
    let turn = length / TURNS;
    raw(cost, threads, turn / 2);
    pooled(&pool, &stored, threads, turn / 2);
    let (mut raw_rate, mut pool_rate) = (0.0, 0.0);
    for _ in 0..TURNS {
        raw_rate += raw(cost, threads, turn) / f64::from(TURNS);
        pool_rate += pooled(&pool, &stored, threads, turn) / f64::from(TURNS);
    }
    let ratio = pool_rate / raw_rate;
    println!("\n    raw hashes/s   pool hashes/s   ratio   floor");
    let verdict = verdict(ratio >= FLOOR);
    println!("    {raw_rate:>12.1}   {pool_rate:>13.1}   {ratio:>5.2}   {FLOOR:>5.2}{verdict}");
}

/// Logins over HTTPS with the right password, each to its 303, beside raw hashes: flows that stand
/// at their login page, made beforehand.
fn over_https(cost: HashCost, threads: usize, length: Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let served = Served::start(folder.path(), LOGIN_LINES, &LOOSE);
    let generator = Generator::new(&served, LOGIN_LINES);
    let turn = length / TURNS;
    let runtime = runtime();
    let each = raw(cost, threads, turn / 2) * turn.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
    let each = each as usize;
    let (mut raw_rate, mut logins, mut took, mut turned_away) = (0.0, 0.0, 0.0, 0);
    for _ in 0..TURNS {
        raw_rate += raw(cost, threads, turn) / f64::from(TURNS);
        let flows = runtime.block_on(generator.logins(each));
        let sending = Sending { connections: threads * 4, rate: None };
        let is_right = |answer: &wired::Answer| answer.location().ends_with("/success");
        let figures = runtime.block_on(sending.send(served.door(), flows, is_right));
        logins += figures.latency_us.len() as f64;
        took += figures.took.as_secs_f64();
        turned_away += figures.turned_away;
    }
    let (rate, floor) = (logins / took, HTTPS_FLOOR);
    let (ratio, verdict) = (rate / raw_rate, verdict(rate / raw_rate >= floor));
    println!("\n    raw hashes/s   logins/s over HTTPS   no room   ratio   floor");
    println!(
        "    {raw_rate:>12.1}   {rate:>19.1}   {turned_away:>7}   {ratio:>5.2}   {floor:>5.2}{verdict}"
    );
}

/// Hashes a second by bare threads that each reuse their blocks.
fn raw(cost: HashCost, threads: usize, length: Duration) -> f64 {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).expect("a cost");
    let hash = |params: Params| {
        let mut blocks = vec![Block::new(); params.block_count()];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (began, mut count) = (Instant::now(), 0_u32);
        while began.elapsed() < length {
            let mut out = [0; 32];
            let salt = black_box(b"0123456789abcdef");
            argon2
                .hash_password_into_with_memory(b"a1b2", salt, &mut out, &mut blocks)
                .expect("a hash");
            black_box(out);
            count += 1;
        }
        f64::from(count) / began.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| hash(params.clone()))).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    })
}

/// Verifications a second through the pool, with as many callers as keep its threads busy.
fn pooled(pool: &PasswordPool, stored: &str, threads: usize, length: Duration) -> f64 {
    let stored: Arc<str> = stored.into();
    let began = Instant::now();
    let callers = (0..threads * 4).map(|_| {
        let (pool, stored) = (pool.clone(), Arc::clone(&stored));
        async move {
            let mut count = 0_u32;
            while began.elapsed() < length {
                let verdict = pool.verify(Secret::from("a1b2"), Some(stored.to_string())).await;
                assert!(verdict.expect("an answer").matches);
                count += 1;
            }
            count
        }
    });
    let counts = runtime().block_on(futures_util::future::join_all(callers));
    f64::from(counts.into_iter().sum::<u32>()) / began.elapsed().as_secs_f64()
}

// ---------------------------------------------------------------------------------------------
// Unknown and known passport IDs

/// What is typed.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    /// An ID that does not exist, different with each number.
    unknown: fn(usize) -> String,
    password: fn() -> String,
    status: u16,
    /// What the log says of unknown and known IDs; `None` where nothing was looked up.
    reasons: Option<[&'static str; 2]>,
}

const JUDGED: Option<[&str; 2]> = Some(["unknown_passport", "wrong_password"]);

const KINDS: [Kind; 4] = [
    Kind {
        name: "wrong password",
        unknown: |_| unique(),
        password: unique,
        status: 403,
        reasons: JUDGED,
    },
    Kind {
        name: "empty password",
        unknown: |_| unique(),
        password: String::new,
        status: 422,
        reasons: None,
    },
    Kind {
        name: "1,000 characters",
        unknown: |_| unique(),
        password: || format!("{:x>1000}", unique()),
        status: 403,
        reasons: JUDGED,
    },
    Kind {
        name: "ID of bad charset",
        unknown: |number| format!("ＳＡＫＵＲＡ\u{0}{number}"),
        password: unique,
        status: 403,
        reasons: JUDGED,
    },
];

fn latencies(cost: HashCost, count: usize) {
    println!("\n    {count} refused logins of unknown and of known IDs each, in turn:");
    println!("    kind                unknown p50 ms   known p50 ms   apart %   Mann-Whitney p");
    for kind in KINDS {
        let [unknown, known] = refused_logins(cost, kind, count);
        let median = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let (of_unknown, of_known) = (median(&unknown), median(&known));
        let apart = 100.0 * (of_unknown - of_known).abs() / of_known;
        let p = mann_whitney(&unknown, &known);
        let verdict = if apart > MOST_APART || p <= LEAST_P { "   told apart" } else { "" };
        println!(
            "    {:<17}   {of_unknown:>14.3}   {of_known:>12.3}   {apart:>7.2}   {p:>14.3}{verdict}",
            kind.name
        );
    }
}

/// Milliseconds from the press to the answer, of unknown and of known IDs, each sorted.
///
/// A trusted proxy tells another network for each login, no password and no unknown ID comes twice,
/// and the count of the known ID is set high, so that nobody is ever held.
fn refused_logins(cost: HashCost, kind: Kind, count: usize) -> [Vec<f64>; 2] {
    let env = vec![
        ("LINEPASS__PASSWORD__HASH_MEMORY_KIB", cost.memory_kib.to_string()),
        ("LINEPASS__PASSWORD__HASH_PASSES", cost.passes.to_string()),
        ("LINEPASS__SERVER__TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ("LINEPASS__THROTTLE__ID_FAILURES_ELSEWHERE", "100000".to_owned()),
    ];
    let demo = Demo::with(&Options { env, ..Options::default() });
    let door = Door::of(&demo);
    let (mut times, mut number) = ([Vec::new(), Vec::new()], 0);
    for round in 0..WARM_UP + count {
        for (of_kind, id) in [(kind.unknown)(round), "sakura01".to_owned()].iter().enumerate() {
            number += 1;
            let took = door.log_in(number, id, &(kind.password)(), kind.status);
            if round >= WARM_UP {
                times[of_kind].push(took);
            }
        }
    }
    assert_refused_for(&demo, kind.reasons, WARM_UP + count);
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times
    })
}

/// What was timed was refused for what it should be.
fn assert_refused_for(demo: &Demo, reasons: Option<[&str; 2]>, each: usize) {
    let Some(reasons) = reasons else {
        return assert!(demo.decisions("login").is_empty(), "an empty password was looked up");
    };
    let told = decisions(demo, "login", each * 2);
    for reason in reasons {
        let count = told.iter().filter(|line| line["reason"] == reason).count();
        assert_eq!(count, each, "{reason}: what was timed was refused for something else");
    }
}

/// A browser on its login page.
struct Door {
    browser: Browser,
    path: String,
    csrf: String,
}

impl Door {
    fn of(demo: &Demo) -> Self {
        let browser = Browser::new(demo.issuer());
        let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
        let path = format!("{}/login", flow.path);
        let csrf = browser.open(&path).csrf();
        Self { browser, path, csrf }
    }

    /// Milliseconds from the press to the answer, from a network of this number.
    fn log_in(&self, number: usize, id: &str, password: &str, status: u16) -> f64 {
        let form = [("csrf", self.csrf.as_str()), ("passport_id", id), ("password", password)];
        let source = format!("100.{}.{}.1", number / 256, number % 256);
        let headers = [("origin", self.browser.issuer.as_str()), ("x-forwarded-for", &*source)];
        let began = Instant::now();
        let answer = self.browser.post_with(&self.path, &headers, &form);
        let took = began.elapsed().as_secs_f64() * 1_000.0;
        assert_eq!(answer.status, status, "{answer:?}");
        took
    }
}

/// The two-sided p of the Mann–Whitney U test by its normal approximation, without ties: how often
/// samples of one and the same distribution would be as far apart.
fn mann_whitney(a: &[f64], b: &[f64]) -> f64 {
    let smaller: usize = a.iter().map(|x| b.partition_point(|y| y < x)).sum();
    let pairs = a.len() as f64 * b.len() as f64;
    let deviation = (pairs * ((a.len() + b.len() + 1) as f64) / 12.0).sqrt();
    2.0 * upper_tail((smaller as f64 - pairs / 2.0).abs() / deviation)
}

/// The upper tail of the normal distribution (Abramowitz and Stegun 26.2.17, within 1e-7).
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / 0.231_641_9_f64.mul_add(z, 1.0);
    let terms = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
}
