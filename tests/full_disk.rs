//! A full disk under the real binary: without the configured room writes are refused and all else goes
//! on; where the disk is full inside the engine the process says so and ends, and what was acknowledged is
//! there afterwards (checks/reliability.md 6).

mod common;
mod harness;
mod process;

use common::{Http, portal::Household};
use harness::{
    desk::import_of,
    faults::Faults,
    house::House,
    order::{BUYERS, Order},
    outcomes::Outcomes,
    server::{Server, Start, assert_no_panic},
    shot::{Fate, Gun, Shot, fire},
    small_disk::SmallDisk,
};
use serde_json::Value;
use std::{fs, path::Path, time::Instant};

/// The least that `store.min_free_space_bytes` may be, which is what these tests set.
const LEAST_FREE: u64 = 16 << 20;

/// The engine's segments, in bytes.
const SEGMENT: usize = 8 << 20;
/// So near its next segment a few imports bring it there, in bytes.
const NEAR: usize = 1 << 20;
/// Imports while the disk is full, and the lines of each.
const IMPORTS: usize = 6;
const IMPORTED: usize = 150;
/// Far more writes than four orders take.
const MOST_WRITES: i64 = 64;

fn prepared(house: &House, of_each: usize) -> Vec<Order> {
    let buyers = BUYERS.into_iter().cycle().take(of_each * BUYERS.len());
    buyers.map(|buyer| Order::per_use(house, buyer)).collect()
}

/// Asks for readiness until it is as wanted; what it says.
#[track_caller]
fn until_ready(house: &House, wanted: u16) -> String {
    let began = Instant::now();
    loop {
        let told = Http::new().get(&format!("{}/readyz", house.operator.url), &[]);
        if told.status == wanted {
            return told.body;
        }
        assert!(began.elapsed() < process::PATIENCE, "{told:?}");
        std::thread::yield_now();
    }
}

/// A figure of `/metrics`.
fn metric(house: &House, name: &str) -> f64 {
    let scrape = Http::new().get(&format!("{}/metrics", house.operator.url), &[]).body;
    let line = scrape.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}: {scrape}"))
}

/// Everything is there once that was acknowledged, or that was pressed again now; nothing else.
#[track_caller]
fn settle(house: &House, orders: &mut [Order]) {
    for order in orders.iter_mut() {
        let is_there = order.is_there(house);
        let was_told = order.shot.completed() || order.number.is_some();
        assert!(is_there || !was_told, "{} was lost", order.reference);
        let was_refused = matches!(&order.shot.fate, Fate::Answered(reply) if !reply.completed());
        let may_be = !was_refused && order.shot.fate != Fate::Unsent;
        assert!(may_be || !is_there, "{}: {:?}", order.reference, order.shot.fate);
        order.press_again(house);
        order.note_receipt(house);
        order.shot.fate = Fate::Unknown;
    }
    for buyer in BUYERS {
        let own = orders.iter().filter(|order| order.buyer == buyer).count();
        let used = house.used(buyer.customer, buyer.passport);
        assert_eq!(used, u64::try_from(own).expect("small"), "of {}", buyer.id);
    }
}

#[test]
fn below_the_configured_room_writes_are_refused_and_all_else_goes_on_until_there_is_room_again() {
    let test = "below_the_configured_room_writes_are_refused_and_all_else_goes_on_until_there_is_room_again";
    SmallDisk::with(test, 128, |disk| {
        let folder = disk.path().join("data");
        let server = Server::start(&folder, &Start::generous());
        let house = &server.house;
        let mut orders = prepared(house, 3);
        let gun = Gun::at(house);
        gun.send(&mut orders[0].shot);
        assert!(orders[0].shot.completed());
        let free_before = metric(house, "linepass_store_free_bytes");

        // The figure that the alert looks at goes down before anything is refused.
        let ballast = disk.fill_to(2 * LEAST_FREE);
        let began = Instant::now();
        while metric(house, "linepass_store_free_bytes") >= free_before {
            assert!(began.elapsed() < process::PATIENCE, "the figure stands");
        }
        assert!(gun.send(&mut orders[1].shot) && orders[1].shot.completed());

        disk.fill_to(LEAST_FREE - (2 << 20));
        let told = until_ready(house, 503);
        assert!(told.contains("the store has no room"), "{told}");
        for order in &mut orders[2..] {
            assert!(gun.send(&mut order.shot));
            let reply = order.shot.reply().expect("an answer");
            assert_eq!(reply.status, 503, "{reply:?}");
            assert!(reply.retry_after.is_some(), "{reply:?}");
        }
        let refused =
            house.operator.send("POST", "/tokens", r#"{"name":"x","role":"desk","reason":"r"}"#);
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(
            refused.body.contains("less than store.min_free_space_bytes is free"),
            "{refused:?}"
        );
        assert!(metric(house, "linepass_store_has_room") < 0.5);
        // Reads and logins: a flow up to its confirmation, the operator's look, the order that was bought.
        let read = Order::per_use(house, BUYERS[0]);
        assert!(!read.is_there(house) && orders[0].is_there(house));
        orders[0].note_receipt(house);
        assert!(Household::at(&house.issuer).open("login").status == 200);
        assert_eq!(house.used(BUYERS[0].customer, 1), 1);

        fs::remove_file(ballast).expect("removes");
        until_ready(house, 200);
        settle(house, &mut orders);
        let ended = server.terminate();
        for told in ["free space is below store.min", "free space is no longer below store.min"] {
            assert!(ended.err.contains(told), "{told}: {}", ended.err);
        }
        let server = Server::start(&folder, &Start::generous());
        settle(&server.house, &mut orders);
    });
}

/// An import of so many lines, the first of this number.
fn import(house: &House, first: usize, count: usize) -> Shot {
    let numbers = first..first + count;
    let customers: Vec<String> = numbers.map(|number| format!("CAF0002{number:06}")).collect();
    Shot::operator(&house.operator.token, "POST", "/lines/import", &import_of(&customers))
}

/// How much of its last segment the engine has not written yet.
fn left_in_segment(folder: &Path) -> usize {
    const PIECE: usize = 4_096;
    let log = fs::read(folder.join("store/sled/db")).expect("reads");
    let used = log.chunks(PIECE).rposition(|piece| piece != &[0; PIECE][..piece.len()]);
    SEGMENT - used.map_or(0, |last| (last + 1) * PIECE) % SEGMENT
}

/// Imports lines until the engine is about to go over to its next segment; the first that is left.
fn approach_the_next_segment(house: &House, folder: &Path, first: usize) -> usize {
    let (gun, mut next) = (Gun::at(house), first);
    loop {
        let left = left_in_segment(folder);
        if left < NEAR {
            return next;
        }
        let count = ((left - NEAR / 2) / 4_000).clamp(10, 500);
        let mut shot = import(house, next, count);
        assert!(gun.send(&mut shot));
        let told: Value = serde_json::from_str(&shot.reply().expect("sent").body).expect("JSON");
        assert_eq!(told["opened"].as_u64(), Some(count.try_into().expect("small")), "{told}");
        next += count;
    }
}

/// Waits until the server has just looked for room: the next look is a second away.
fn until_it_looked(disk: &SmallDisk, house: &House) {
    let before = metric(house, "linepass_store_free_bytes");
    disk.fill_to(disk.free() - (1 << 20));
    let began = Instant::now();
    while metric(house, "linepass_store_free_bytes") >= before {
        assert!(began.elapsed() < process::PATIENCE, "it never looks");
    }
}

/// Another program takes the room that was configured to be left, faster than anybody looks, while the
/// engine goes over to its next segment.
#[test]
fn a_disk_that_is_full_inside_the_engine_ends_the_process_and_loses_nothing_acknowledged() {
    let test =
        "a_disk_that_is_full_inside_the_engine_ends_the_process_and_loses_nothing_acknowledged";
    SmallDisk::with(test, 96, |disk| {
        let folder = disk.path().join("data");
        let mut lines = 0;
        for _ in 0..6 {
            let server = Server::start(&folder, &Start::generous());
            lines = approach_the_next_segment(&server.house, &folder, lines);
            if ends_on_a_full_disk(disk, server, lines) {
                return;
            }
            lines += IMPORTS * IMPORTED;
        }
        panic!("the disk was never full inside the engine");
    });
}

/// Whether the process ended by itself, as it should; whatever was acknowledged is there after the next
/// start.
#[track_caller]
fn ends_on_a_full_disk(disk: &SmallDisk, mut server: Server, lines: usize) -> bool {
    let (folder, house) = (disk.path().join("data"), server.house.clone());
    let mut orders = prepared(&house, 4);
    let before = BUYERS.map(|buyer| house.used(buyer.customer, buyer.passport));
    let mut imports: Vec<Shot> =
        (0..IMPORTS).map(|number| import(&house, lines + number * IMPORTED, IMPORTED)).collect();
    until_it_looked(disk, &house);
    let ballast = disk.fill_to(0);
    let mut hands: Vec<Vec<&mut Shot>> = orders
        .chunks_mut(4)
        .map(|hand| hand.iter_mut().map(|order| &mut order.shot).collect())
        .collect();
    hands.push(imports.iter_mut().collect());
    fire(&house, hands, |acks| while acks.recv().is_ok() {});
    let is_lost = |shot: &Shot| shot.reply().is_none();
    let unanswered = orders.iter().any(|order| is_lost(&order.shot)) || imports.iter().any(is_lost);
    let ended = if unanswered || !server.runs() { server.ended() } else { server.end_by("KILL") };
    assert_no_panic(&ended);
    // Where it looked first it refused, and was killed; a mail's cursor may have ended it after that.
    let gone = ended.code.is_some();
    if gone {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("so the process ends"), "{ended:?}");
    }
    fs::remove_file(ballast).expect("removes");
    let server = Server::start(&folder, &Start::generous());
    let mut sums = before;
    for order in &orders {
        let is_there = order.is_there(&server.house);
        assert!(is_there || !order.shot.completed(), "{} was lost", order.reference);
        let place = BUYERS.iter().position(|buyer| *buyer == order.buyer).expect("a buyer");
        sums[place] += u64::from(is_there);
    }
    let used = BUYERS.map(|buyer| server.house.used(buyer.customer, buyer.passport));
    assert_eq!(used, sums);
    server.house.buys("sakura01");
    server.terminate();
    gone
}

/// The n-th write of the engine meets a full disk, once or from then on, for every n until none does.
#[test]
fn a_write_that_finds_the_disk_full_ends_the_process_wherever_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let beside = tempfile::tempdir().expect("a folder");
    Server::start(folder.path(), &Start::generous()).terminate();
    let store = folder.path().canonicalize().expect("a folder").join("store");
    let faults = Faults::none(beside.path(), &store);
    let mut outcomes = Outcomes::default();
    let mut number = 0;
    loop {
        let gone = [false, true].map(|for_good| {
            let mut server = Server::start(folder.path(), &faults.below(Start::generous()));
            let house = server.house.clone();
            let mut orders = prepared(&house, 1);
            let before = BUYERS.map(|buyer| house.used(buyer.customer, buyer.passport));
            faults.fail_write(number, for_good);
            let gun = Gun::at(&house);
            for order in &mut orders {
                gun.send(&mut order.shot);
            }
            let gone = !server.runs() || orders.iter().any(|order| order.shot.reply().is_none());
            faults.heal();
            let ended = if gone { server.ended() } else { server.end_by("KILL") };
            assert_no_panic(&ended);
            assert!(!gone || ended.code == Some(1), "{ended:?}");
            assert!(!gone || ended.err.contains("so the process ends"), "{ended:?}");
            let outcome = if gone { "ends with 1" } else { "goes on" };
            outcomes.note(
                &format!("full disk, {}", if for_good { "for good" } else { "once" }),
                outcome,
            );
            let server = Server::start(folder.path(), &Start::generous());
            for (order, before) in orders.iter().zip(before) {
                let is_there = order.is_there(&server.house);
                assert!(is_there || !order.shot.completed(), "{} was lost", order.reference);
                let used = server.house.used(order.buyer.customer, order.buyer.passport);
                assert_eq!(used, before + u64::from(is_there), "of {}", order.buyer.id);
            }
            server.terminate();
            gone
        });
        if gone == [false, false] {
            break;
        }
        number += 1;
        assert!(number < MOST_WRITES, "four orders are written in fewer pieces");
    }
    assert!(number > 0, "no write met a full disk");
    outcomes.tell();
}
