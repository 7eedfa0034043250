//! Tests of going on with a store that something else had in between.

use super::*;
use crate::{
    app::seed::{
        configured,
        groups::{self, Step},
        plan::tests::data,
        prepare,
        secrets::Secrets,
    },
    config::Config,
    domain::synthetic::{Spread, SyntheticData},
    security::MasterKey,
    store::{Holder, Outcome, Reservation, memory::MemoryStore},
};
use std::sync::Arc;

const LINES: u64 = 40;
const THERE: u64 = 25;

/// A store in which the first lines are, as if the command had been killed then.
struct Interrupted {
    store: Arc<dyn Store>,
    making: Making,
}

impl Interrupted {
    async fn new() -> Self {
        let cheap = [("MEMORY_KIB", "64"), ("PASSES", "1")];
        let cheap =
            cheap.map(|(name, value)| (format!("LINEPASS__PASSWORD__HASH_{name}"), value.into()));
        let config = Config::load(None, cheap.into_iter()).expect("a configuration");
        let (first_customer, hash) = configured(&config);
        let data = SyntheticData { first_customer, hash, ..data(LINES, 60, Spread::Zipf) };
        let plan = Arc::new(Plan::new(data).expect("has room"));
        let cost = super::super::hash_cost(&config);
        let secrets = Arc::new(Secrets::make(data.seed, data.passwords, cost).expect("hashes"));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let master = MasterKey::from_base64(&zeroize::Zeroizing::new("A".repeat(43) + "="));
        let master = master.expect("32 bytes");
        let making = prepare(&config, &store, &plan, &secrets, &master).await;
        let interrupted = Self { store, making: making.expect("prepared") };
        interrupted.commit((0..THERE).flat_map(|line| interrupted.made(line)).collect()).await;
        interrupted
    }

    fn made(&self, line: u64) -> Vec<Batch> {
        let serial = ReceiptNumber::FIRST_SERIAL + self.making.plan.purchases_before(line);
        self.making.line(line, serial).expect("the rules accept it")
    }

    /// Commits what may be, as a server would have meanwhile.
    async fn commit(&self, batches: Vec<Batch>) {
        let at = self.making.plan.data.until;
        let outcomes = self.store.commit(batches, at).await.expect("commits");
        let is_there = |one: &Outcome| matches!(one, Outcome::Committed { .. });
        assert!(outcomes.iter().all(is_there), "{outcomes:?}");
    }

    fn stream(&self, line: u64) -> Stream {
        Stream::Line(self.making.plan.customer(line))
    }

    /// Goes on as the command does.
    async fn go_on(self) -> (Arc<dyn Store>, Result<(), SeedError>) {
        let Self { store, making } = self;
        let there = lines_there(store.as_ref(), &making.plan).await.expect("reads");
        if let Err(error) = check_lines(store.as_ref(), &making, there).await {
            return (store, Err(error));
        }
        let told = &mut |_: Step, _, _| ();
        let written = groups::write(store.as_ref(), Arc::new(making), there, true, told).await;
        (store, written)
    }

    /// Goes on, which must be refused for what is told, and nothing put.
    async fn assert_refused(self, said: &str) {
        let before = self.store.durable_block();
        let (store, refused) = self.go_on().await;
        let error = refused.expect_err("something stands in the way");
        assert!(error.is_refusal() && error.to_string().contains(said), "{error}");
        assert_eq!(store.durable_block(), before, "something was put all the same");
    }
}

#[actix_rt::test]
async fn a_store_that_nothing_else_had_is_filled_to_its_end() {
    let interrupted = Interrupted::new().await;
    let lines: Vec<Stream> = (0..LINES).map(|line| interrupted.stream(line)).collect();
    let (store, written) = interrupted.go_on().await;
    written.expect("goes on");
    for line in lines {
        assert!(store.last_seq(&line).await.expect("reads") > 0, "{line}");
    }
}

#[actix_rt::test]
async fn what_happened_to_lines_that_were_made_stands_in_nobodys_way() {
    let interrupted = Interrupted::new().await;
    let line = interrupted.stream(THERE - 1);
    let last = interrupted.store.last_seq(&line).await.expect("reads");
    interrupted.commit(vec![Batch::event(line, last, b"{}".to_vec())]).await;
    interrupted.go_on().await.1.expect("goes on");
}

#[actix_rt::test]
async fn a_line_that_something_else_opened_is_never_taken_for_a_made_one() {
    // The next one, one that halving meets so that the one before it seems to be there, and the last.
    for (line, told) in [(THERE, THERE), (30, THERE), (LINES - 1, LINES - 1)] {
        let interrupted = Interrupted::new().await;
        let stream = interrupted.stream(line);
        let said = format!("the events of {} are not", interrupted.stream(told));
        interrupted.commit(vec![Batch::event(stream, 0, b"{}".to_vec())]).await;
        interrupted.assert_refused(&said).await;
    }
}

#[actix_rt::test]
async fn a_half_made_line_is_never_called_whole() {
    let interrupted = Interrupted::new().await;
    let made = interrupted.made(THERE);
    assert!(made.len() > 1, "a line of one event is never half");
    interrupted.commit(made[..1].to_vec()).await;
    let said = format!("the events of {} are not", interrupted.stream(THERE));
    interrupted.assert_refused(&said).await;
}

#[actix_rt::test]
async fn a_name_or_a_prefix_that_somebody_has_refuses_the_group_whole() {
    let others: Stream = Stream::Line("CAG0000000001".parse().expect("an ID"));
    let Stream::Line(customer) = others.clone() else { panic!("a line") };
    let holder = Holder { customer, passport: None, seq: None };
    let network = Reservation::Network("10.0.0.0/16".parse().expect("a network"));
    let name = |interrupted: &Interrupted| {
        let batches: Vec<Batch> = (THERE..LINES).flat_map(|line| interrupted.made(line)).collect();
        let reserved = batches.into_iter().flat_map(|batch| batch.expect);
        let mut names = reserved.filter_map(|expected| match expected {
            Expect::Free(name @ Reservation::PassportName(_)) => Some(name),
            _ => None,
        });
        names.next_back().expect("IDs to register")
    };
    for is_name in [true, false] {
        let interrupted = Interrupted::new().await;
        let reservation = if is_name { name(&interrupted) } else { network.clone() };
        let said = if is_name { "a passport ID's name" } else { "10.0.0.0/16" };
        let mut batch = Batch::event(others.clone(), 0, b"{}".to_vec());
        batch.put.push(Put::Reservation { reservation, holder });
        interrupted.commit(vec![batch]).await;
        interrupted.assert_refused(said).await;
    }
}
