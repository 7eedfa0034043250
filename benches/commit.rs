//! Durable purchases through line actors on sled, at 1, 16, 64 and 256 waiting, beside the ceiling
//! of the same run: the same rows, put by a bare loop with the same sync into a copy of the store.
//!
//! `cargo bench --bench commit`; `LINEPASS_BENCH_LINES` (100000), `LINEPASS_BENCH_SECONDS` (5) and
//! `LINEPASS_BENCH_FOLDER` (a temporary one) change it. benches/README.md says how to read it.

#![allow(clippy::cast_precision_loss, reason = "rates are printed with few digits")]

mod figures;
mod setup;

use actix::prelude::*;
use figures::{Figures, Rate};
use linepass::{
    actors::{
        change::{Change, Opening, Registration, What},
        lines::Lines,
    },
    domain::{
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{CustomerId, PassportNumber, ReceiptNumber, ServiceCode},
        line::{
            By, LineService,
            command::{LoggedIn, Purchase},
        },
        order::PurchaseOrder,
        provider::{Price, Service},
        yen::Yen,
    },
    store::{ReceiptKey, Reservation, Store, Stream, key, sled_store::SledStore},
};
use setup::{from_env, store_options, verdict};
use std::{
    cell::{Cell, RefCell},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WAITING: [usize; 4] = [1, 16, 64, 256];
/// What the house has to keep of the ceiling, from so many waiting on.
const FLOOR: f64 = 0.7;
const FLOOR_FROM: usize = 64;
const CACHE_BYTES: u64 = 1 << 30;

struct Plan {
    lines: u64,
    length: Duration,
}

fn main() {
    linepass::app::memory::take_small_pages();
    let plan = Plan {
        lines: from_env("LINEPASS_BENCH_LINES", 100_000),
        length: Duration::from_secs(from_env("LINEPASS_BENCH_SECONDS", 5)),
    };
    let folder = setup::folder();
    System::new().block_on(run(&plan, folder.path()));
}

async fn run(plan: &Plan, folder: &Path) {
    let house = House::build(&folder.join("store")).await;
    house.fill(plan.lines).await;
    let sizes = house.row_sizes(plan.lines).await;
    house.store.close().await.expect("closes");
    let bare = Bare::open_copy(&folder.join("store"), &folder.join("bare"), sizes, plan.lines);
    println!(
        "{:>8} {:>12} {:>7} {:>7} {:>7} {:>12} {:>7} {:>7} {:>7} {:>6}",
        "waiting",
        "purchases/s",
        "p50 ms",
        "p99 ms",
        "cpu us",
        "bare rows/s",
        "p50 ms",
        "p99 ms",
        "cpu us",
        "ratio"
    );
    for waiting in WAITING {
        // Half of the ceiling before and half after, so that a machine whose speed drifts hits
        // both alike.
        let half = plan.length / 2;
        let before = measure(waiting, half, |n| bare.put(n, plan.lines)).await;
        let house_rate = measure(waiting, plan.length, |n| house.buy(n, plan.lines)).await;
        let mut ceiling = measure(waiting, half, |n| bare.put(n, plan.lines)).await;
        ceiling.add(&before);
        let ratio = house_rate.per_second() / ceiling.per_second();
        println!(
            "{waiting:>8} {:>12.0} {:>7.2} {:>7.2} {:>7.1} {:>12.0} {:>7.2} {:>7.2} {:>7.1} {ratio:>6.2}{}",
            house_rate.per_second(),
            house_rate.quantile_ms(0.5),
            house_rate.quantile_ms(0.99),
            house_rate.cpu_us_each(),
            ceiling.per_second(),
            ceiling.quantile_ms(0.5),
            ceiling.quantile_ms(0.99),
            ceiling.cpu_us_each(),
            verdict(waiting < FLOOR_FROM || ratio >= FLOOR)
        );
        setup::print_json(waiting, house_rate.per_second(), ceiling.per_second());
    }
}

/// Keeps `waiting` tasks busy for `length`, each doing one thing after the other.
async fn measure<F: Future<Output = ()>>(
    waiting: usize,
    length: Duration,
    one: impl Fn(u64) -> F,
) -> Figures {
    let (rate, number) = (Rate::begin(), Cell::new(0));
    let task = async || {
        while rate.began.elapsed() < length {
            number.set(number.get() + 1);
            let began = Instant::now();
            one(number.get()).await;
            rate.took(began.elapsed());
        }
    };
    futures_util::future::join_all((0..waiting).map(|_| task())).await;
    rate.end()
}

struct House {
    lines: Lines,
    store: Arc<dyn Store>,
    /// What every purchase repeats, made once: the house is measured, not the generator.
    template: Purchase,
    references: Cell<u64>,
}

fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("an ID")
}

fn template() -> Purchase {
    let code: ServiceCode = "anime-1".parse().expect("a code");
    Purchase {
        login: LoggedIn { passport: PassportNumber(1), epoch: 0 },
        provider: "b-sha".parse().expect("an ID"),
        provider_name: "B社".into(),
        order: PurchaseOrder {
            reference: "order".parse().expect("a reference"),
            service: code.clone(),
            quantity: 1,
            amount: Yen::new(300),
            description: None,
        },
        offer: Some(Service {
            code,
            name: "名作アニメ1".into(),
            price: Price::PerUse { unit_price: Some(Yen::new(300)) },
            usage_period: None,
            terms_url: None,
            offered: true,
        }),
        require_line: false,
        agreed_month: None,
    }
}

impl House {
    async fn build(folder: &Path) -> Self {
        let store: Arc<dyn Store> =
            Arc::new(SledStore::open(&store_options(folder, CACHE_BYTES)).expect("opens"));
        let services = setup::services(&store, Yen::new(1 << 50), 1_000);
        let arbiters = [Arbiter::new().handle(), Arbiter::new().handle()];
        Self {
            lines: Lines::start(&services, &arbiters, 100_000),
            store,
            template: template(),
            references: Cell::new(0),
        }
    }

    /// Opens the lines, each with one passport ID; they are awake afterwards.
    async fn fill(&self, lines: u64) {
        let start = Instant::now();
        let next = Cell::new(0);
        let task = async || {
            while next.get() < lines {
                let number = next.get();
                next.set(number + 1);
                self.open(number).await;
            }
        };
        futures_util::future::join_all((0..256).map(|_| task())).await;
        let per_second = 2.0 * lines as f64 / start.elapsed().as_secs_f64();
        println!("{lines} lines opened, each with a passport ID: {per_second:.0} commits/s");
    }

    async fn open(&self, number: u64) {
        let opening = Opening {
            service: LineService::HikariNext,
            line_limit: Yen::new(1 << 50),
            billing: linepass::domain::line::event::BillingRoute::Telephone,
            networks: vec!["127.0.0.1/32".parse().expect("a network")],
            record: [("contractor".to_owned(), "西日本 太郎".to_owned())].into(),
            access_key_hash: "-".into(),
        };
        let mut name_hash = [0; 32];
        name_hash[..8].copy_from_slice(&number.to_be_bytes());
        let registration = Registration {
            name: PassportName::parse(&format!("user{number:07}")).expect("a name"),
            name_hash,
            password_hash: "-".into(),
            applicant: PersonName::parse("西日本 太郎").expect("a name"),
            phone: PhoneNumber::parse("03-1234-5678").expect("a phone"),
            mail: MailAddress::parse("taro@example.jp").expect("an address"),
            is_contractor: true,
            language: linepass::domain::language::Language::Ja,
        };
        // Only one line may own a prefix; the others are opened without.
        let opening = match number {
            0 => opening,
            _ => Opening { networks: Vec::new(), ..opening },
        };
        self.make(number, What::Open(Box::new(opening))).await;
        self.make(number, What::Register(Box::new(registration))).await;
        // The buyers of this benchmark come from nowhere, so the line is not checked.
        let off = linepass::domain::line::Command::SetLineAuthentication {
            passport: PassportNumber(1),
            on: false,
        };
        self.make(number, What::Plain(Box::new(off))).await;
    }

    async fn make(&self, number: u64, what: What) {
        let change = Change { what, by: By::System, source: None, request_id: None };
        self.lines.make(customer(number), change).await.expect("accepted");
    }

    /// How large the rows of a purchase are: one is made and read back.
    async fn row_sizes(&self, lines: u64) -> RowSizes {
        self.buy(0, lines).await;
        let (stream, reservation) = (Stream::Line(customer(0)), order(1));
        let rows = self.store.events(&stream, 0, 100).await.expect("reads");
        let holder = self.store.holder(&reservation).await.expect("reads").expect("bought");
        let number = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL).expect("a number");
        let place = self.store.receipt(ReceiptKey::Order(number)).await.expect("reads");
        let place = place.expect("the first purchase has the first number");
        let header = 9;
        RowSizes {
            event: header + rows.last().expect("a purchase").entry.len(),
            order: header + serde_json::to_vec(&holder).expect("serializes").len(),
            receipt: header + serde_json::to_vec(&place).expect("serializes").len(),
        }
    }

    /// One durable purchase on a line drawn over all of them.
    async fn buy(&self, number: u64, lines: u64) {
        self.references.set(self.references.get() + 1);
        let reference = format!("order-{}", self.references.get());
        let mut purchase = self.template.clone();
        purchase.order.reference = reference.parse().expect("a reference");
        self.make(drawn(number, lines), What::Purchase(Box::new(purchase))).await;
    }
}

/// The line of the so-manieth purchase: spread over all of them, with no order.
const fn drawn(number: u64, lines: u64) -> u64 {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % lines
}

fn order(number: u64) -> Reservation {
    Reservation::Order {
        provider: "b-sha".parse().expect("an ID"),
        reference: format!("order-{number}").parse().expect("a reference"),
    }
}

/// The sizes of a purchase's three rows, read from what the house wrote.
#[derive(Clone, Copy)]
struct RowSizes {
    event: usize,
    order: usize,
    receipt: usize,
}

/// A block's row: its header, and its entry for each purchase of the group.
const BLOCK_HEADER: usize = 57;
const BLOCK_ENTRY: usize = 64;

/// The rows of one purchase, and who waits for them.
type BareJob = ([(Vec<u8>, Vec<u8>); 3], oneshot::Sender<()>);

/// The ceiling: a thread that puts what queued as one batch and syncs it, and nothing else.
struct Bare {
    jobs: mpsc::UnboundedSender<BareJob>,
    written: Cell<u64>,
    sizes: RowSizes,
    /// The last sequence number of each line.
    last: RefCell<Vec<u64>>,
}

/// What each line has done before the measurement: opened, registered, switched.
const EVENTS_BEFORE: u64 = 3;

impl Bare {
    /// On a copy of the house's store, so that both put into a tree of the same size and the same
    /// keys, and both have it in memory.
    fn open_copy(house: &Path, folder: &Path, sizes: RowSizes, lines: u64) -> Self {
        copy_folder(&house.join("sled"), folder);
        let config =
            sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).segment_size(8 << 20);
        let db = config.flush_every_ms(Some(500)).open().expect("opens");
        let rows = db.iter().values().flatten().count();
        println!("{rows} rows in both stores");
        let data = std::fs::File::open(folder.join("db")).expect("opens");
        let (jobs, queue) = mpsc::unbounded_channel::<BareJob>();
        std::thread::spawn(move || put_and_sync(&db, &data, queue));
        let mut last = vec![EVENTS_BEFORE; usize::try_from(lines).expect("fits")];
        // The purchase that told the sizes.
        last[0] += 1;
        Self { jobs, written: Cell::new(1), sizes, last: RefCell::new(last) }
    }

    /// The rows of one purchase under the keys that the house would give them.
    async fn put(&self, number: u64, lines: u64) {
        self.written.set(self.written.get() + 1);
        let line = drawn(number, lines);
        let seq = {
            let last = &mut self.last.borrow_mut()[usize::try_from(line).expect("fits")];
            *last += 1;
            *last
        };
        let event = key::event(&Stream::Line(customer(line)), seq);
        let order = key::reservation(&order(self.written.get()));
        let serial = ReceiptNumber::FIRST_SERIAL + self.written.get();
        let number = ReceiptNumber::from_serial(serial).expect("a number");
        let RowSizes { event: of_event, order: of_order, receipt: of_receipt } = self.sizes;
        let rows = [
            (event, vec![b'x'; of_event]),
            (order, vec![b'x'; of_order]),
            (key::receipt(ReceiptKey::Order(number)), vec![b'x'; of_receipt]),
        ];
        let (reply, done) = oneshot::channel();
        self.jobs.send((rows, reply)).expect("the thread runs");
        done.await.expect("the thread runs");
    }
}

fn put_and_sync(db: &sled::Db, data: &std::fs::File, mut queue: mpsc::UnboundedReceiver<BareJob>) {
    // Above all numbers of the copy's own blocks.
    let mut number = 1 << 32;
    while let Some(first) = queue.blocking_recv() {
        number += 1;
        let mut batch = sled::Batch::default();
        let mut replies = Vec::new();
        let mut next = Some(first);
        while let Some((rows, reply)) = next {
            for (key, row) in rows {
                batch.insert(key, row);
            }
            replies.push(reply);
            next = if replies.len() < 1_000 { queue.try_recv().ok() } else { None };
        }
        let block = vec![b'x'; BLOCK_HEADER + BLOCK_ENTRY * replies.len()];
        batch.insert(key::block(number), block);
        db.apply_batch(batch).expect("applies");
        db.flush().expect("flushes");
        data.sync_data().expect("syncs");
        for reply in replies {
            // Whoever waited is there: nothing gives up in this benchmark.
            let _ = reply.send(());
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copies");
        }
    }
}
