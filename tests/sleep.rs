//! Lines that sleep and wake while they are asked: every command is answered once, none is lost,
//! and nothing stays in memory (architecture: Actors).

use actix::prelude::*;
use linepass::{
    actors::{
        change::{Change, Opening, Registration, What},
        committer::{Committer, CommitterOptions},
        line::LineServices,
        lines::Lines,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
    },
    clock::Clock,
    domain::{
        calendar::Month,
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{CustomerId, PassportNumber},
        limit,
        line::{
            By, LineDefaults, LineService,
            command::{LoggedIn, Purchase},
            event::BillingRoute,
        },
        order::PurchaseOrder,
        provider::{Price, Service},
        yen::Yen,
    },
    security::random,
    store::{Store, memory::MemoryStore},
};
use std::{
    cell::Cell,
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const LINES: u64 = 10_000;
const COMMANDS: u64 = 100_000;
const AT_ONCE: usize = 200;
const IDLE: Duration = Duration::from_millis(2);

fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("an ID")
}

async fn services(clock: Clock) -> Arc<LineServices> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let options = CommitterOptions { group_max_events: 1_000, most_waiting: 10_000 };
    let (committer, _) =
        Committer::start(Arc::clone(&store), clock.clone(), options, |error| panic!("{error}"))
            .expect("starts");
    let receipts = ReceiptNumbers::new(Arc::clone(&store), committer.clone(), clock.clone());
    Arc::new(LineServices {
        store,
        committer,
        clock,
        receipts,
        defaults: LineDefaults { passports_per_line: 5, passport_limit: Yen::new(1 << 40) },
        most_waiting_changes: 16,
        snapshots: Snapshots { key: [2; 32], every_events: 8 },
        draw_salt: random::bytes::<32>,
        idle_before_sleep: IDLE,
        awake_lines: AtomicUsize::new(0),
    })
}

async fn make(lines: &Lines, number: u64, what: What) -> linepass::actors::line::Answer {
    let change = Change { what, by: By::System, source: None, request_id: None };
    lines.make(customer(number), change).await
}

async fn open(lines: &Lines, number: u64) {
    let opening = Opening {
        service: LineService::HikariPremium,
        line_limit: Yen::new(1 << 40),
        billing: BillingRoute::Telephone,
        networks: Vec::new(),
        record: std::collections::BTreeMap::new(),
        access_key_hash: "-".into(),
    };
    make(lines, number, What::Open(Box::new(opening))).await.expect("opened");
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

#[test]
fn a_hundred_thousand_commands_to_lines_that_keep_falling_asleep() {
    System::new().block_on(async {
        let now = "2026-11-23T21:00:00+09:00".parse().expect("an instant");
        let services = services(Clock::standing_at(now)).await;
        let arbiters = [Arbiter::new().handle(), Arbiter::new().handle()];
        let lines = Lines::start(&services, &arbiters, 100_000);
        in_parallel(LINES, |number| open(&lines, number)).await;
        all_asleep(&services).await;

        let numbers = std::cell::RefCell::new(HashSet::new());
        let (most_awake, slept) = (Cell::new(0), Cell::new(0));
        in_parallel(COMMANDS, async |command| {
            // A stride that comes back to a line after thousands of others: most find it asleep,
            // and many come just as it falls asleep.
            let number = command.wrapping_mul(7_919) % LINES;
            let done = make(&lines, number, purchase(command)).await.expect("accepted");
            let receipt = done.completed.expect("an order").receipt.number();
            assert!(numbers.borrow_mut().insert(receipt), "{receipt} was given twice");
            let awake = services.awake_lines.load(Ordering::Relaxed);
            most_awake.set(most_awake.get().max(awake));
            slept.set(slept.get() + u64::from((awake as u64) < LINES));
        })
        .await;
        assert_eq!(numbers.borrow().len() as u64, COMMANDS);
        // The test proves nothing unless lines really slept while it ran.
        assert_eq!(slept.get(), COMMANDS, "all lines were awake at once");

        let used = Cell::new(0);
        in_parallel(LINES, async |number| {
            let view = lines.look(customer(number)).await.expect("answers");
            let line = view.line.expect("there");
            let month: Month = "2026-11".parse().expect("a month");
            used.set(used.get() + limit::used(&line, PassportNumber(1), month).by_line.get());
        })
        .await;
        assert_eq!(used.get(), COMMANDS, "a yen for each command, none lost, none twice");
        all_asleep(&services).await;
        println!(
            "at most {} of {LINES} lines were awake at once, none afterwards",
            most_awake.get()
        );
    });
}
