//! A disk that fails or crawls under the real binary: after a failed sync nobody is answered and the
//! process ends; while syncs are slow, what waits is bounded, the rest is refused at once, and a purchase
//! that became durable late is told as completed (checks/reliability.md 7, 8, 9).

mod common;
mod harness;
mod process;

use common::Http;
use harness::{
    faults::Faults,
    house::House,
    order::{BUYERS, Order},
    outcomes::Outcomes,
    server::{Server, Start, assert_no_panic},
    shot::{Fate, Gun, fire},
};
use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

/// A folder that was started on once, and the faults below its store.
fn sick() -> (tempfile::TempDir, tempfile::TempDir, Faults) {
    let (folder, beside) = (tempfile::tempdir(), tempfile::tempdir());
    let (folder, beside) = (folder.expect("a folder"), beside.expect("a folder"));
    Server::start(folder.path(), &Start::generous()).terminate();
    let store = folder.path().canonicalize().expect("a folder").join("store");
    let faults = Faults::none(beside.path(), &store);
    (folder, beside, faults)
}

fn prepared(house: &House, of_each: usize) -> Vec<Order> {
    let buyers = BUYERS.into_iter().cycle().take(of_each * BUYERS.len());
    buyers.map(|buyer| Order::per_use(house, buyer)).collect()
}

fn used(house: &House) -> [u64; 3] {
    BUYERS.map(|buyer| house.used(buyer.customer, buyer.passport))
}

/// What was told is there, and the sums are those of what is there.
#[track_caller]
fn check(house: &House, orders: &[Order], before: [u64; 3]) {
    let mut sums = before;
    for order in orders {
        let is_there = order.is_there(house);
        assert!(is_there || !order.shot.completed(), "{} was lost", order.reference);
        let place = BUYERS.iter().position(|buyer| *buyer == order.buyer).expect("a buyer");
        sums[place] += u64::from(is_there);
    }
    assert_eq!(used(house), sums);
}

#[test]
fn after_a_failed_sync_nobody_is_answered_and_the_process_ends() {
    let (folder, _beside, faults) = sick();
    let mut outcomes = Outcomes::default();
    let mut ended_by_itself = 0;
    for number in 0..8 {
        for for_good in [false, true] {
            let mut server = Server::start(folder.path(), &faults.below(Start::generous()));
            let house = server.house.clone();
            let (mut orders, before) = (prepared(&house, 2), used(&house));
            faults.fail_sync(number, for_good);
            let hands = orders.chunks_mut(2);
            let hands = hands.map(|hand| hand.iter_mut().map(|order| &mut order.shot).collect());
            fire(&house, hands.collect(), |acks| while acks.recv().is_ok() {});
            let gone = orders.iter().any(|order| order.shot.reply().is_none()) || !server.runs();
            faults.heal();
            // A failed sync of the head alone ends nothing: the next one is written whole.
            let ended = if gone { server.ended() } else { server.end_by("KILL") };
            assert_no_panic(&ended);
            if gone {
                assert_eq!(ended.code, Some(1), "{ended:?}");
                assert!(ended.err.contains("so the process ends"), "{ended:?}");
                assert!(ended.err.contains("Input/output error"), "{ended:?}");
                ended_by_itself += 1;
            }
            let what = if for_good { "syncs fail from then on" } else { "one sync fails" };
            outcomes.note(what, if gone { "ends with 1" } else { "goes on" });
            let server = Server::start(folder.path(), &Start::generous());
            check(&server.house, &orders, before);
            server.terminate();
        }
    }
    outcomes.tell();
    assert!(ended_by_itself >= 8, "{ended_by_itself}");
}

#[test]
fn while_syncs_take_seconds_what_waits_is_bounded_and_a_late_purchase_is_told_as_completed() {
    let (folder, _beside, faults) = sick();
    let narrow = Start::generous().with("LINEPASS__LINE__QUEUED_COMMANDS_PER_LINE", 2);
    let server = Server::start(folder.path(), &faults.below(narrow));
    let house = server.house.clone();
    let (mut orders, before) = (prepared(&house, 8), used(&house));
    faults.slow_syncs_ms(2_000);
    let began = Instant::now();
    // Each press on a connection of its own, all at once.
    let hands = orders.iter_mut().map(|order| vec![&mut order.shot]).collect();
    let (refused_after, read_after) = fire(&house, hands, |acks| {
        let (mut answers, mut first) = (0, None);
        let metadata = format!("{}/.well-known/openid-configuration", house.issuer);
        acks.recv_timeout(process::PATIENCE).expect("an answer");
        first.get_or_insert(began.elapsed());
        let asked = Instant::now();
        assert_eq!(Http::new().get(&metadata, &[]).status, 200);
        assert!(house.line(BUYERS[0].customer)["line_limit_yen"].is_u64());
        let read_after = asked.elapsed();
        while acks.recv_timeout(process::PATIENCE).is_ok() {
            answers += 1;
        }
        println!("{answers} further answers");
        (first.expect("an answer"), read_after)
    });
    let told = |is: fn(u16) -> bool| {
        let statuses = orders.iter().filter_map(|order| order.shot.reply());
        statuses.filter(|reply| is(reply.status)).count()
    };
    let (bought, refused) = (told(|status| status == 303), told(|status| status == 503));
    println!("{bought} bought, {refused} refused, the first after {refused_after:?}");
    assert_eq!(bought + refused, orders.len(), "each is one or the other");
    assert!(refused > 0 && bought >= BUYERS.len(), "{bought} bought, {refused} refused");
    assert!(refused_after < Duration::from_secs(1), "refused after {refused_after:?} only");
    assert!(read_after < Duration::from_secs(1), "read after {read_after:?} only");
    let without_word = orders
        .iter()
        .filter_map(|order| order.shot.reply())
        .find(|reply| reply.status == 503 && reply.retry_after.is_none());
    assert_eq!(without_word, None, "a refusal says when to come again");

    // Whoever gave up waiting finds the purchase completed, and presses in vain.
    let impatient = Order::per_use(&house, BUYERS[2]);
    let mut pressed = impatient;
    let gun = Gun::impatient(&house, Duration::from_millis(300));
    assert!(!gun.send(&mut pressed.shot), "it was answered within 300 ms");
    faults.heal();
    let began = Instant::now();
    while !pressed.is_there(&house) {
        assert!(began.elapsed() < process::PATIENCE, "it never became durable");
    }
    pressed.press_again(&house);
    pressed.note_receipt(&house);
    pressed.shot.fate = Fate::Unknown;
    orders.push(pressed);
    check(&house, &orders, before);
    server.terminate();
}

#[test]
fn without_a_free_file_descriptor_it_waits_and_goes_on_when_there_are_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = Start::generous().with("LINEPASS__SERVER__IDLE_TIMEOUT_MS", 600_000);
    let server = Server::start_with_files(folder.path(), &start, 96);
    let address = server.house.issuer.strip_prefix("http://").expect("http").to_owned();
    let many: Vec<TcpStream> =
        (0..160).map(|_| TcpStream::connect(&address).expect("the backlog takes it")).collect();
    drop(many);
    let began = Instant::now();
    let metadata = format!("{}/.well-known/openid-configuration", server.house.issuer);
    let patient = Http::new();
    while patient.0.get(&metadata).call().is_err() {
        assert!(began.elapsed() < process::PATIENCE, "it never recovered");
    }
    server.house.buys("sakura01");
    server.terminate();
}
