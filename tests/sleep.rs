//! Lines that sleep and wake while they are asked: every command is answered once, none is lost,
//! and nothing stays in memory (architecture: Actors). On sled, and the memory of the process is
//! measured.

mod lines;

use actix::prelude::*;
use linepass::{
    actors::{
        change::{Registration, What},
        line::LineServices,
        lines::Lines,
    },
    domain::{
        calendar::Month,
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{PassportNumber, ReceiptNumber},
        limit,
        line::{
            LineDefaults,
            command::{LoggedIn, Purchase},
        },
        order::PurchaseOrder,
        provider::{Price, Service},
        yen::Yen,
    },
    store::{
        Store,
        sled_store::{SledOptions, SledStore},
    },
};
use lines::{customer, make, open};
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// As in the program itself, since memory is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LINES: u64 = 10_000;
const COMMANDS: u64 = 100_000;
/// Before memory is measured, so that caches and the allocator have what they keep.
const WARM_UP: u64 = 50_000;
/// sled's cache: full after the warm-up.
const CACHE_BYTES: u64 = 8 << 20;
/// What the process may have grown by, once all are asleep. sled's table of pages grows with its
/// files and the allocator keeps what a busy moment took: 12 to 37 MB in several runs. 1 KiB for
/// each command remembered would be 100; lines left awake are counted by `all_asleep`.
const MOST_GROWTH_BYTES: u64 = 48 << 20;
/// How long the process has to give back what it needs no more.
const SETTLES: Duration = Duration::from_secs(20);
const AT_ONCE: usize = 200;
const IDLE: Duration = Duration::from_millis(2);

fn services(store: &Arc<dyn Store>) -> Arc<LineServices> {
    let usual = lines::services(store);
    let defaults = LineDefaults { passport_limit: Yen::new(1 << 40), ..usual.defaults };
    Arc::new(LineServices { defaults, idle_before_sleep: IDLE, ..usual })
}

async fn open_with_an_id(lines: &Lines, number: u64) {
    open(lines, number, Yen::new(1 << 40)).await;
    let mut name_hash = [0; 32];
    name_hash[..8].copy_from_slice(&number.to_be_bytes());
    let registration = Registration {
        name: PassportName::parse(&format!("user{number:05}")).expect("a name"),
        name_hash,
        password_hash: "-".into(),
        applicant: PersonName::parse("西日本 太郎").expect("a name"),
        phone: PhoneNumber::parse("03-1234-5678").expect("a phone"),
        mail: MailAddress::parse("taro@example.jp").expect("an address"),
        is_contractor: true,
        language: linepass::domain::language::Language::Ja,
    };
    make(lines, number, What::Register(Box::new(registration))).await.expect("registered");
}

fn purchase(command: u64) -> What {
    let code: linepass::domain::ids::ServiceCode = "anime-1".parse().expect("a code");
    What::Purchase(Box::new(Purchase {
        login: LoggedIn { passport: PassportNumber(1), epoch: 0 },
        provider: "b-sha".parse().expect("an ID"),
        provider_name: "B社".into(),
        order: PurchaseOrder {
            reference: format!("order-{command}").parse().expect("a reference"),
            service: code.clone(),
            quantity: 1,
            amount: Yen::new(1),
            description: None,
        },
        offer: Some(Service {
            code,
            name: "名作アニメ1".into(),
            price: Price::PerUse { unit_price: Some(Yen::new(1)) },
            usage_period: None,
            terms_url: None,
            offered: true,
        }),
        require_line: false,
        agreed_month: None,
    }))
}

/// Does `count` things, [`AT_ONCE`] of them at a time.
async fn in_parallel<F: Future<Output = ()>>(count: u64, one: impl Fn(u64) -> F) {
    let next = Cell::new(0);
    let task = async || {
        while next.get() < count {
            let number = next.get();
            next.set(number + 1);
            one(number).await;
        }
    };
    futures_util::future::join_all((0..AT_ONCE).map(|_| task())).await;
}

/// Waits until no line is awake.
async fn all_asleep(services: &LineServices) {
    let asleep = async {
        while services.awake_lines.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let most = Duration::from_secs(30);
    assert!(tokio::time::timeout(most, asleep).await.is_ok(), "lines stay awake");
}

/// Lines that were opened, and what was done to them.
struct Town {
    services: Arc<LineServices>,
    lines: Lines,
    numbers: RefCell<HashSet<ReceiptNumber>>,
    most_awake: Cell<usize>,
    commands: Cell<u64>,
}

impl Town {
    /// Opens all lines and waits until they sleep.
    async fn open(store: Arc<dyn Store>) -> Self {
        let services = services(&store);
        let arbiters = [Arbiter::new().handle(), Arbiter::new().handle()];
        let lines = Lines::start(&services, &arbiters, 100_000);
        in_parallel(LINES, |number| open_with_an_id(&lines, number)).await;
        all_asleep(&services).await;
        // Made at once, so that its growth is not taken for the lines'.
        let numbers = RefCell::new(HashSet::with_capacity(
            usize::try_from(WARM_UP + COMMANDS).expect("fits"),
        ));
        let (most_awake, commands) = (Cell::new(0), Cell::new(0));
        Self { services, lines, numbers, most_awake, commands }
    }

    /// Buys so often, each time for a yen, and waits until all lines sleep.
    async fn buy(&self, count: u64) {
        let before = self.commands.get();
        in_parallel(count, async |number| {
            let command = before + number;
            // A stride that comes back to a line after thousands of others: most find it asleep,
            // and many come just as it falls asleep.
            let line = command.wrapping_mul(7_919) % LINES;
            let done = make(&self.lines, line, purchase(command)).await.expect("accepted");
            let receipt = done.completed.expect("an order").receipt.number();
            assert!(self.numbers.borrow_mut().insert(receipt), "{receipt} was given twice");
            let awake = self.services.awake_lines.load(Ordering::Relaxed);
            self.most_awake.set(self.most_awake.get().max(awake));
            // The test proves nothing unless lines really sleep while it runs.
            assert!((awake as u64) < LINES, "all lines were awake at once");
        })
        .await;
        self.commands.set(before + count);
        assert_eq!(self.numbers.borrow().len() as u64, self.commands.get());
        all_asleep(&self.services).await;
    }

    /// Asks every line what it has bought.
    async fn assert_none_lost(&self) {
        let used = Cell::new(0);
        in_parallel(LINES, async |number| {
            let view = self.lines.look(customer(number)).await.expect("answers");
            let line = view.line.expect("there");
            let month: Month = "2026-11".parse().expect("a month");
            used.set(used.get() + limit::used(&line, PassportNumber(1), month).by_line.get());
        })
        .await;
        assert_eq!(used.get(), self.commands.get(), "a yen for each, none lost, none twice");
        all_asleep(&self.services).await;
        let most = self.most_awake.get();
        println!("at most {most} of {LINES} lines were awake at once, none afterwards");
    }
}

/// Resident memory, bytes.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let kib: u64 = line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("KiB");
    kib * 1024
}

fn on_sled(folder: &std::path::Path) -> Arc<dyn Store> {
    let options = SledOptions {
        folder: folder.to_owned(),
        head_key: [1; 32],
        cache_bytes: CACHE_BYTES,
        flush_every_ms: 500,
        min_free_space_bytes: 1 << 20,
        read_threads: 2,
    };
    Arc::new(SledStore::open(&options).expect("opens"))
}

/// The only test of its binary, since the memory of the whole process is measured.
#[test]
fn a_hundred_thousand_commands_to_lines_that_keep_falling_asleep() {
    let folder = tempfile::tempdir().expect("a folder");
    System::new().block_on(async {
        let town = Town::open(on_sled(folder.path())).await;
        let opened = resident_bytes();
        town.buy(WARM_UP).await;
        let warm = resident_bytes();
        town.buy(COMMANDS).await;
        let began = Instant::now();
        let mut after = resident_bytes();
        while after.saturating_sub(warm) >= MOST_GROWTH_BYTES && began.elapsed() < SETTLES {
            tokio::time::sleep(Duration::from_millis(200)).await;
            after = resident_bytes();
        }
        println!("resident: {opened} bytes, after {WARM_UP} {warm}, after {COMMANDS} more {after}");
        let grown = after.saturating_sub(warm);
        assert!(grown < MOST_GROWTH_BYTES, "resident memory has grown by {grown} bytes");
        town.assert_none_lost().await;
    });
}
