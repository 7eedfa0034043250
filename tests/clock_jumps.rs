//! The host's clock jumps under the real binary while it works: an hour back, a day on, a day back, into
//! the year 2038 (checks/reliability.md 14). Decisions keep their order, no month is closed twice, no
//! duration is negative, what expires does so by the clock, and all of it is told.
//!
//! tests/bills.rs holds in process that nothing is decided inside a closed month.

mod common;
mod harness;
mod process;

use common::{Http, portal::Household};
use harness::{
    faults::Faults,
    house::House,
    order::{BUYERS, Buyer, Order},
    server::{Server, Start},
    store,
};
use linepass::{
    domain::{calendar::Instant, line::Entry},
    store::{Store, Stream, record, sled_store::SledStore},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;

/// A server whose clock a test moves.
struct Moved {
    folder: tempfile::TempDir,
    _beside: tempfile::TempDir,
    faults: Faults,
}

impl Moved {
    fn new() -> Self {
        let (folder, beside) = (tempfile::tempdir(), tempfile::tempdir());
        let (folder, beside) = (folder.expect("a folder"), beside.expect("a folder"));
        let faults = Faults::none(beside.path(), &beside.path().join("nothing"));
        Self { folder, _beside: beside, faults }
    }

    fn start(&self) -> Server {
        Server::start(self.folder.path(), &self.faults.below(Start::generous()))
    }
}

/// The host's clock, unmoved.
fn now() -> Instant {
    linepass::clock::Clock::host().now()
}

/// Seconds from now until this moment of Japan.
fn until_s(japan: &str) -> i64 {
    let at: Instant = format!("{japan}+09:00").parse().expect("a time");
    (at.micros() - now().micros()) / 1_000_000
}

/// A purchase of 1 yen with its receipt.
fn bought(house: &House, buyer: Buyer) -> Order {
    let mut order = Order::per_use(house, buyer);
    order.press_again(house);
    order.note_receipt(house);
    order
}

/// A figure of `/metrics`.
fn metric(house: &House, name: &str) -> f64 {
    let scrape = Http::new().get(&format!("{}/metrics", house.operator.url), &[]).body;
    let line = scrape.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}: {scrape}"))
}

/// No sum or bucket of a duration is below zero.
#[track_caller]
fn assert_durations(house: &House, log: &str) {
    let scrape = Http::new().get(&format!("{}/metrics", house.operator.url), &[]).body;
    for line in scrape.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        let is_a_duration = name.contains("seconds") && !name.contains("time_seconds");
        let value: f64 = value.parse().expect("a number");
        assert!(!is_a_duration || value >= 0.0, "{line}");
    }
    let mut looked_at = 0;
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        for (name, value) in line.as_object().expect("an object") {
            let is_a_duration = ["_ms", "_us", "_s"].iter().any(|unit| name.ends_with(unit));
            if let (true, Some(number)) = (is_a_duration, value.as_f64()) {
                assert!(number >= 0.0, "{line}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 0, "the log tells no durations");
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("logs/linepass.log")).unwrap_or_default()
}

/// Sets a line's limit again and again while `act` jumps, which no flow's expiry can end; how often.
fn under_load(house: &House, buyer: Buyer, act: impl FnOnce()) -> usize {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| {
            let mut count = 0;
            while !over.load(Ordering::Relaxed) {
                let yen = 20_000 + count % 1_000;
                let body = json!({ "reason": "form 31", "line_limit_yen": yen });
                house.operator.change("PUT", &format!("/lines/{}/limit", buyer.customer), &body);
                count += 1;
            }
            count
        });
        act();
        over.store(true, Ordering::Relaxed);
        changing.join().expect("each change is made")
    })
}

/// The times of a line's entries, in order.
fn times(folder: &Path, buyer: Buyer) -> Vec<Instant> {
    let stream: Stream = buyer.customer.parse().expect("a stream");
    let copy = store::copy(folder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = SledStore::open_to_look(&store::options(copy.path())).expect("opens");
        let mut times = Vec::new();
        loop {
            let after = times.len().try_into().expect("small");
            let rows = store.events(&stream, after, 500).await.expect("the journal");
            if rows.is_empty() {
                return times;
            }
            for row in rows {
                assert_eq!(row.seq, u64::try_from(times.len()).expect("small") + 1, "a gap");
                let entry: Entry = record::from_json("a row", &row.entry).expect("an entry");
                times.push(entry.at);
            }
        }
    })
}

#[test]
fn whoever_buys_while_the_clock_jumps_is_served_and_the_journal_keeps_its_order() {
    let moved = Moved::new();
    let server = moved.start();
    let house = server.house.clone();
    let first = bought(&house, BUYERS[0]);
    let jumps = [-HOUR_S, 0, DAY_S, -DAY_S, until_s("2038-01-19T12:14:30"), 0, -HOUR_S];
    let count = under_load(&house, BUYERS[2], || {
        for jump in jumps {
            moved.faults.move_clock_s(jump);
            for buyer in &BUYERS[..2] {
                bought(&house, *buyer);
            }
        }
    });
    println!("{count} changes beside the jumps");
    assert!(count > jumps.len(), "{count}");
    assert!(first.is_there_afresh(&house));
    // Behind the journal by years: each decision is dated by the last one, and told.
    assert!(metric(&house, "linepass_clock_clamped_total") > 0.0);
    let told = log(moved.folder.path());
    assert!(told.contains("clock is behind"), "{told}");
    assert_durations(&house, &told);
    server.kill();
    for buyer in BUYERS {
        let times = times(moved.folder.path(), buyer);
        assert!(times.is_sorted(), "{}: {times:?}", buyer.id);
        let last = times.last().expect("entries").rfc3339();
        assert!(last.starts_with("2038-01-19"), "{last}");
    }
    // A start behind the journal goes on where it was.
    let server = moved.start();
    bought(&server.house, BUYERS[0]);
    assert!(first.is_there_afresh(&server.house));
    server.terminate();
    store::assert_whole(moved.folder.path());
}

/// A month's bills, as they are told.
fn bills(house: &House, month: &str) -> String {
    let told = house.operator.get(&format!("/bills/{month}/lines?limit=2000"));
    assert_eq!(told.status, 200, "{told:?}");
    told.body
}

#[test]
fn a_month_is_closed_once_whatever_the_clock_says_afterwards() {
    let moved = Moved::new();
    let server = moved.start();
    let house = server.house.clone();
    moved.faults.move_clock_s(until_s("2031-03-15T12:00:00"));
    let order = bought(&house, BUYERS[0]);
    moved.faults.move_clock_s(until_s("2031-04-01T00:00:05"));
    let body = json!({ "reason": "month end" });
    let close = || house.operator.change("POST", "/bills/2031-03/close", &body);
    let began = std::time::Instant::now();
    while close()["state"] != "closed" {
        assert!(began.elapsed() < process::PATIENCE, "it is never closed");
    }
    let closed = bills(&house, "2031-03");
    let number = order.number.as_deref().expect("bought");
    assert!(closed.contains(number), "{closed}");
    for jump in ["2031-03-15T12:00:00", "2031-03-31T23:59:59", "2031-04-02T12:00:00"] {
        moved.faults.move_clock_s(until_s(jump));
        assert_eq!(close()["state"], "closed", "{jump}");
        let later = bought(&house, BUYERS[0]);
        let number = later.number.expect("bought");
        assert_eq!(bills(&house, "2031-03"), closed, "{jump}: {number}");
    }
    // April is not over by the clock that went on, and may not be closed.
    let early = house.operator.send("POST", "/bills/2031-04/close", &body.to_string());
    assert_eq!(early.status, 409, "{early:?}");
    assert_eq!(house.operator.get("/bills/2031-04").json()["state"], "open");
    server.terminate();
}

#[test]
fn what_expires_does_so_by_the_clock_and_an_hour_back_ends_nothing() {
    let moved = Moved::new();
    let server = moved.start();
    let house = server.house.clone();
    let household = Household::at(&house.issuer);
    household.enter(BUYERS[0].customer, house.access_key(BUYERS[0].customer));
    let token = house.provider.own_token();
    let begun = Order::per_use(&house, BUYERS[0]);
    let number = bought(&house, BUYERS[1]).number.expect("bought");
    let asks = |token: &str| house.provider.ask(token, &format!("/purchases/{number}")).status;

    moved.faults.move_clock_s(-HOUR_S);
    assert_eq!(household.open("").status, 200, "the sign-in stands");
    assert_eq!(asks(&token), 200, "the token stands");
    assert!(!begun.is_there(&house), "the flow stands");

    moved.faults.move_clock_s(2 * DAY_S);
    let over = household.open("");
    assert!(over.status == 303 && over.location().contains("/login"), "{over:?}");
    assert_eq!(asks(&token), 401, "a token of ten minutes");
    let told = Http::new().get(
        &format!("{}{}", house.issuer, begun.shot.path),
        &[("cookie", &begun.cookie_header())],
    );
    assert_eq!(told.status, 400, "a flow of an hour: {told:?}");
    // And all of it can be had anew.
    household.enter(BUYERS[0].customer, house.access_key(BUYERS[0].customer));
    assert_eq!(asks(&house.provider.own_token()), 200);
    bought(&house, BUYERS[0]);

    // What was issued by a clock that ran ahead is not good for longer than it says.
    moved.faults.move_clock_s(0);
    bought(&house, BUYERS[0]);
    assert_durations(&house, &log(moved.folder.path()));
    server.terminate();
}
