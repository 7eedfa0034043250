//! How long an import of 10,000 and of 100,000 lines takes through the code of the operator API's
//! route, into a real store, beside the ceiling of the same run: as many rows put by a bare
//! committer (`cargo bench --bench import`).
//!
//! `LINEPASS_BENCH_LINES` (100000) and `LINEPASS_BENCH_FOLDER` (a temporary one) change it;
//! benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

mod setup;

use actix::prelude::*;
use futures_util::{StreamExt, stream};
use linepass::{
    actors::{
        bulk::Bulk,
        lines::Lines,
        provisioning::{Asked, Import, NumberedRow, RowOutcome},
    },
    domain::{line::By, yen::Yen},
    security::{HashCost, ImportKey, PasswordPool},
    store::{Batch, Put, Store, Stream, record::PersonalRow, sled_store::SledStore},
};
use setup::{from_env, memory_kib, store_options};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of one request, and what is under way of them at once.
const CHUNK: u64 = 1_000;
const UNDER_WAY: usize = 256;
const CACHE_BYTES: u64 = 256 << 20;

fn main() {
    linepass::app::memory::take_small_pages();
    let folder = setup::folder();
    let lines = from_env("LINEPASS_BENCH_LINES", 100_000);
    System::new().block_on(run(lines, folder.path()));
}

async fn run(lines: u64, folder: &Path) {
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>12} {:>7} {:>10}",
        "lines",
        "first s",
        "lines/s",
        "again s",
        "lines/s",
        "bare s",
        "bare lines/s",
        "ratio",
        "VmHWM MiB"
    );
    let mut times = Vec::new();
    for count in [lines / 10, lines] {
        let own = folder.join(count.to_string());
        let house = House::build(&own.join("store"));
        let first = house.import(count, RowOutcome::Opened).await;
        let again = house.import(count, RowOutcome::Unchanged).await;
        house.store.close().await.expect("closes");
        let peak = memory_kib("self", "VmHWM") >> 10;
        let bare = bare(&own.join("bare"), count).await;
        let rate = |took: Duration| count as f64 / took.as_secs_f64();
        println!(
            "{count:>9} {:>9.2} {:>9.0} {:>9.2} {:>9.0} {:>9.2} {:>12.0} {:>7.2} {peak:>10}",
            first.as_secs_f64(),
            rate(first),
            again.as_secs_f64(),
            rate(again),
            bare.as_secs_f64(),
            rate(bare),
            rate(first) / rate(bare),
        );
        times.push(first.as_secs_f64());
    }
    if let [tenth, whole] = times[..] {
        println!("ten times the lines took {:.1} times as long", whole / tenth);
    }
}

struct House {
    import: Import,
    store: Arc<dyn Store>,
}

impl House {
    fn build(folder: &Path) -> Self {
        let store: Arc<dyn Store> =
            Arc::new(SledStore::open(&store_options(folder, CACHE_BYTES)).expect("opens"));
        let services = setup::services(&store, Yen::new(10_000), 32);
        let arbiters = [Arbiter::new().handle(), Arbiter::new().handle()];
        let lines = Lines::start(&services, &arbiters, 20_000);
        let key = ImportKey::new([7; 32]);
        let passwords = PasswordPool::start(HashCost::default(), key, 1, 64).expect("a pool");
        Self { import: Import::new(Bulk::new(services, lines), passwords), store }
    }

    /// Imports so many lines, a request's rows at a time, as the command does.
    async fn import(&self, count: u64, expected: RowOutcome) -> Duration {
        let by = By::Operator { name: "admin".to_owned(), reason: "benchmark".to_owned() };
        let asked = Asked { by, request_id: None, dry_run: false, replace_access_keys: false };
        let began = Instant::now();
        for from in (0..count).step_by(usize::try_from(CHUNK).expect("small")) {
            let rows = (from..count.min(from + CHUNK)).map(row).collect();
            let answers = self.import.take(rows, &asked).await.expect("taken");
            assert!(answers.iter().all(|answer| answer.outcome == expected), "from {from}");
        }
        began.elapsed()
    }
}

/// A row with all of the record, a prefix and an access key.
fn row(number: u64) -> NumberedRow {
    let fields = [
        ("customer_id", format!("CAF{number:010}")),
        ("service", "hikari_next".to_owned()),
        ("billing", "telephone".to_owned()),
        ("line_limit_yen", "30000".to_owned()),
        (
            "networks",
            format!(
                "2001:{:x}:{:x}:{:x}::/64",
                0xdb8 + (number >> 32),
                number >> 16,
                number & 0xffff
            ),
        ),
        ("access_key", format!("{:08}", number % 100_000_000)),
        ("order", "フレッツ 光ネクスト 新規".to_owned()),
        ("construction_date", "2026-11-20".to_owned()),
        ("start_date", "2026-11-24".to_owned()),
        ("contractor", "西日本 花子".to_owned()),
        ("applicant", "西日本 太郎".to_owned()),
        ("phone", "06-1234-5678".to_owned()),
        ("contact_phone", "090-1234-5678".to_owned()),
        ("place", "大阪府大阪市都島区東野田町4-15-82".to_owned()),
        ("mail", "hanako@example.jp".to_owned()),
        ("billing_number", "0612345678".to_owned()),
        ("billing_address", "大阪府大阪市都島区東野田町4-15-82".to_owned()),
    ];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    NumberedRow { line: number + 2, fields }
}

/// The same number of rows of the same length, put by a bare committer: an event, two personal rows
/// and a reservation for each line, no rules, no look whether anybody owns the prefix.
async fn bare(folder: &Path, count: u64) -> Duration {
    use linepass::{
        domain::ids::CustomerId,
        store::{Holder, Reservation, record::Personal},
    };
    let store: Arc<dyn Store> =
        Arc::new(SledStore::open(&store_options(folder, CACHE_BYTES)).expect("opens"));
    let committer = setup::committer(&store);
    let record: std::collections::BTreeMap<String, String> =
        row(1).fields.into_iter().filter(|(name, _)| name != "access_key").collect();
    let hash = "x".repeat(90);
    let began = Instant::now();
    let puts = stream::iter(0..count).map(|number| {
        let customer: CustomerId = format!("CAF{number:010}").parse().expect("an ID");
        let mut batch = Batch::event(Stream::Line(customer), 0, vec![b'x'; 620]);
        let rows = [
            Personal::LineRecord { fields: record.clone() },
            Personal::AccessKey { hash: hash.clone() },
        ];
        for (row, data) in (0..).zip(rows) {
            let body = PersonalRow::new([7; 32], data);
            batch.put.push(Put::Personal { customer, row, body });
        }
        let mut name = [0; 32];
        name[..8].copy_from_slice(&number.to_be_bytes());
        let holder = Holder { customer, passport: None, seq: None };
        batch.put.push(Put::Reservation { reservation: Reservation::PassportName(name), holder });
        let committer = &committer;
        async move { committer.commit(batch).await.expect("commits") }
    });
    puts.buffer_unordered(UNDER_WAY).for_each(|_| async {}).await;
    began.elapsed()
}
