//! More changes of one line than may wait, and more questions than the door lets in: the others are
//! told to come again, other lines go on (reliability 34), nothing is lost and nothing is done twice.

mod common;
mod lines;

use actix::prelude::*;
use common::{Answer, Browser, Demo, Options, anime};
use linepass::{
    actors::{LineError, lines::Lines},
    domain::yen::Yen,
    store::{Store, memory::MemoryStore},
};
use lines::{customer, open, services, services::MAY_WAIT, set_limit};
use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
};

const MAY_ASK: usize = 50;

fn lines() -> (Arc<dyn Store>, Lines) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let services = Arc::new(services(&store));
    // The tests' own Arbiter: what is sent without a pause in between arrives before anything is
    // answered, so the counts below are exact.
    (store, Lines::start(&services, &[Arbiter::current()], MAY_ASK))
}

#[test]
fn past_sixteen_waiting_changes_a_line_says_so_and_others_go_on() {
    System::new().block_on(async {
        let (store, lines) = lines();
        open(&lines, 1, Yen::new(1)).await;
        open(&lines, 2, Yen::new(1)).await;
        let hot = (2..42).map(|yen| set_limit(&lines, 1, yen));
        let hot = futures_util::future::join_all(hot);
        let (hot, other) = futures_util::future::join(hot, set_limit(&lines, 2, 7)).await;
        assert!(other.is_ok(), "another line is not affected");
        let busy = hot
            .iter()
            .filter(|answer| matches!(answer, Err(error) if matches!(**error, LineError::Busy(_))));
        let (made, busy) = (hot.iter().filter(|answer| answer.is_ok()).count(), busy.count());
        assert_eq!((made, busy), (1 + MAY_WAIT, 40 - 1 - MAY_WAIT), "one is made, 16 wait");

        let stream = linepass::store::Stream::Line(customer(1));
        let rows = store.events(&stream, 0, 1_000).await.expect("reads");
        assert_eq!(rows.len(), 1 + made, "the opening, and each accepted change once");
        let view = lines.look(customer(1)).await.expect("answers");
        let limit = view.line.as_ref().expect("there").line_limit.get();
        assert_eq!(limit, 18, "in the order they came, the first 17");
        assert!(set_limit(&lines, 1, 99).await.is_ok(), "and then it goes on");
    });
}

#[test]
fn past_its_count_the_door_says_so_and_nothing_reaches_a_line() {
    System::new().block_on(async {
        let (_store, lines) = lines();
        for number in 0..100 {
            open(&lines, number, Yen::new(1)).await;
        }
        let asked = (0..100).map(|number| set_limit(&lines, number, 7));
        let answers = futures_util::future::join_all(asked).await;
        let admitted = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(admitted, MAY_ASK);
        for (number, answer) in (0..).zip(&answers) {
            let view = lines.look(customer(number)).await.expect("the door is free again");
            let limit = view.line.as_ref().expect("there").line_limit.get();
            assert_eq!(limit, if answer.is_ok() { 7 } else { 1 }, "line {number}");
        }
    });
}

/// Presses 購入 again as long as the answer is 503; how often it was, and the last answer.
fn press_until_taken(browser: &Browser, flow: &common::Flow) -> (u32, Answer) {
    let mut busy = 0;
    loop {
        let answer = browser.buy(flow);
        if answer.status != 503 {
            return (busy, answer);
        }
        let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
        assert!(matches!(seconds, Some(2..=9)), "{answer:?}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
        busy += 1;
        assert!(busy < 1_000, "never taken");
    }
}

#[test]
fn presses_past_the_bound_get_503_with_retry_after_and_buy_once_when_pressed_again() {
    const PRESSES: usize = 20;
    let demo = Demo::with(&Options {
        env: vec![
            ("LINEPASS__LINE__QUEUED_COMMANDS_PER_LINE", "1".into()),
            ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000".into()),
        ],
        ..Options::default()
    });
    let passport_id = "sakura01";
    let flows: Vec<_> = (0..PRESSES)
        .map(|press| {
            let browser = Browser::new(demo.issuer());
            let details = anime(&format!("crowded-{press}"));
            let flow = browser.arrive(&demo.provider().push(Some(&details)));
            let login = browser.log_in(&flow, passport_id, demo.password(passport_id));
            assert_eq!(login.status, 303, "{login:?}");
            (browser, flow)
        })
        .collect();
    let together = Arc::new(Barrier::new(PRESSES));
    let pressing = flows.into_iter().map(|(browser, flow)| {
        let together = Arc::clone(&together);
        std::thread::spawn(move || {
            together.wait();
            let (busy, answer) = press_until_taken(&browser, &flow);
            assert_eq!(answer.status, 303, "{answer:?}");
            let code = browser.go_back(&flow).parameter("code").expect("a code");
            (busy, code)
        })
    });
    let pressing: Vec<_> = pressing.collect();
    let taken: Vec<_> = pressing.into_iter().map(|press| press.join().expect("bought")).collect();
    let busy: u32 = taken.iter().map(|(busy, _)| busy).sum();
    let provider = demo.provider();
    let receipts: BTreeSet<(String, String)> = taken
        .iter()
        .map(|(_, code)| {
            let receipt = provider.exchange(code).json()["authorization_details"][0].clone();
            let text = |name: &str| receipt[name].as_str().expect(name).to_owned();
            (text("receipt_number"), text("reference"))
        })
        .collect();
    let numbers: BTreeSet<_> = receipts.iter().map(|(number, _)| number).collect();
    let references: BTreeSet<_> = receipts.iter().map(|(_, reference)| reference).collect();
    println!("{PRESSES} presses on one line of which one may wait: {busy} answers 503");
    assert!(busy > 0, "the bound was never reached");
    assert_eq!((numbers.len(), references.len()), (PRESSES, PRESSES), "one each: {receipts:?}");
}
