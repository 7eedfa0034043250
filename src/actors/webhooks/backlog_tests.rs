//! Whatever a receiver does and whenever the process ends: nothing is lost, and a contract's end
//! follows its purchase (reliability.md 24 and I7).

use super::*;
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const NOW: i64 = 1_790_000_000_000_000;

fn options() -> WebhookOptions {
    WebhookOptions {
        most_at_once: 4,
        retry_after: [5, 300].map(Duration::from_secs).to_vec(),
        probe_longest: Duration::from_mins(5),
        park_after: Duration::from_hours(1),
        draw: || 0,
    }
}

fn at(seconds: i64) -> Instant {
    Instant::from_micros(NOW + seconds * 1_000_000)
}

fn id(word: &str, serial: u64) -> MessageId {
    let number = crate::domain::ids::ReceiptNumber::from_serial(10_000_000_001 + serial);
    format!("{word}-{}", number.expect("a serial")).parse().expect("an ID")
}

fn found(id: MessageId) -> Found {
    Found {
        provider: "a-sha".parse().expect("an ID"),
        id,
        line: "CAF0000012573".parse().expect("a customer ID"),
        seq: 1,
        at: at(-10),
    }
}

fn backlog(messages: &[MessageId]) -> Backlog {
    let mut backlog = Backlog::of(WebhookState::after(10));
    for (block, id) in (11..).zip(messages) {
        backlog.read(block, std::iter::once(found(*id)), at(0));
    }
    backlog
}

const fn failure(kind: FailureKind) -> Failure {
    Failure::of(kind)
}

fn ids(jobs: &[Job]) -> Vec<MessageId> {
    jobs.iter().map(|job| job.message.id).collect()
}

#[test]
fn an_ending_waits_for_its_purchase_and_keeps_nothing_else_waiting() {
    let (purchase, ending, other) = (id("purchase", 1), id("cancelled", 1), id("purchase", 2));
    let mut backlog = backlog(&[purchase, ending, other]);
    let jobs = backlog.jobs(8, at(0), false);
    assert_eq!(ids(&jobs), [purchase], "the ending is not beside it");
    let [job] = jobs.try_into().expect("one");
    assert_eq!(backlog.failed(job, failure(FailureKind::ServerError), at(0), &options()), None);
    // The ending is put behind it; what comes after goes on.
    assert_eq!(ids(&backlog.jobs(8, at(1), false)), []);
    let jobs = backlog.jobs(8, at(1), false);
    assert_eq!(ids(&jobs), [other]);
    backlog.delivered(&jobs[0]);
    assert_eq!(backlog.state().block, 13, "the row holds what is left");
    let jobs = backlog.jobs(8, at(5), false);
    assert_eq!(ids(&jobs), [purchase], "both are due, one is free");
    backlog.delivered(&jobs[0]);
    assert_eq!(ids(&backlog.jobs(8, at(5), false)), [ending]);
}

#[test]
fn one_alone_sees_whether_the_provider_is_back_what_is_due_or_new_before_what_is_not() {
    let (old, new) = (id("purchase", 1), id("purchase", 2));
    let mut backlog = backlog(&[old]);
    let [job] = backlog.jobs(8, at(0), false).try_into().expect("one");
    backlog.failed(job, failure(FailureKind::ServerError), at(0), &options());
    assert_eq!(ids(&backlog.jobs(1, at(1), true)), [old], "nothing else is there");
    backlog.read(12, std::iter::once(found(new)), at(1));
    assert_eq!(ids(&backlog.jobs(1, at(1), true)), [new]);
    assert_eq!(ids(&backlog.jobs(1, at(5), true)), [old], "it is due");
    assert_eq!(ids(&backlog.jobs(0, at(5), true)), []);
}

#[test]
fn what_is_refused_again_and_again_gives_way_and_what_a_server_fails_at_does_not() {
    for (kind, gives_way) in [(FailureKind::Refused, true), (FailureKind::ServerError, false)] {
        let all: Vec<MessageId> =
            (0..=MOST_WAITING as u64).map(|serial| id("purchase", serial)).collect();
        let mut backlog = backlog(&all);
        for seconds in [0, 10, 400, 800] {
            for job in backlog.jobs(usize::MAX / 2, at(seconds), false) {
                assert_eq!(backlog.failed(job, failure(kind), at(seconds), &options()), None);
            }
            backlog.is_back(at(seconds + 1));
        }
        let last = all.last().copied().expect("one");
        let is_tried = backlog.state().waiting.iter().any(|waiting| waiting.id == last);
        assert_eq!(is_tried, gives_way, "{kind:?}");
        assert_eq!(backlog.state().parked.len(), usize::from(gives_way), "{kind:?}");
    }
}

#[test]
fn nothing_is_sent_to_whoever_is_gone_or_asks_for_patience_and_another_address_begins_anew() {
    let mut backlog = backlog(&[id("purchase", 1), id("purchase", 2), id("purchase", 3)]);
    assert!(backlog.turn_to("https://a.example/", at(0)));
    assert!(!backlog.turn_to("https://a.example/", at(0)));
    let mut jobs = backlog.jobs(8, at(0), false);
    let retry_after = Some(Duration::from_secs(90));
    let busy = Failure { kind: FailureKind::Busy, status: Some(429), retry_after };
    backlog.failed(jobs.remove(0), busy, at(0), &options());
    assert!(backlog.jobs(8, at(89), false).is_empty());
    assert_eq!(ids(&backlog.jobs(8, at(90), false)).len(), 3);
    backlog.failed(jobs.remove(0), failure(FailureKind::Gone), at(95), &options());
    assert!(backlog.jobs(8, at(100_000), true).is_empty());
    assert_eq!(backlog.state().gone_at, Some(at(95)));
    // What was gone stays where it was, and its term begins with the other address.
    assert!(backlog.turn_to("https://b.example/", at(100_000)));
    let jobs = backlog.jobs(8, at(100_000), false);
    assert_eq!(ids(&jobs).len(), 3);
    for job in jobs {
        let given_up = backlog.failed(job, failure(FailureKind::Tls), at(100_000), &options());
        assert_eq!(given_up, None);
    }
}

#[test]
fn a_replay_counts_what_it_does_and_gives_a_new_term() {
    let mut backlog = backlog(&[id("purchase", 1), id("purchase", 2)]);
    for job in backlog.jobs(8, at(0), false) {
        backlog.failed(job, failure(FailureKind::Refused), at(0), &options());
    }
    let job = |backlog: &mut Backlog, seconds| backlog.jobs(8, at(seconds), false).remove(0);
    let first = job(&mut backlog, 3_599);
    let given_up = backlog.failed(first, failure(FailureKind::Refused), at(3_600), &options());
    assert_eq!(given_up.map(|message| message.id), Some(id("purchase", 1)));
    for (wanted, count) in [
        (Wanted::Parked, 1),
        (Wanted::One(id("purchase", 1)), 1),
        (Wanted::One(id("purchase", 2)), 1),
        (Wanted::One(id("purchase", 3)), 0),
    ] {
        assert_eq!(Backlog::count(backlog.state(), wanted), count, "{wanted:?}");
    }
    assert_eq!(backlog.take_up(Wanted::One(id("purchase", 2)), at(3_601)), 1);
    assert_eq!(backlog.take_up(Wanted::Parked, at(3_601)), 1);
    for job in backlog.jobs(8, at(3_601), false) {
        assert_eq!((job.message.attempts, job.message.since), (0, at(3_601)));
        let failed = backlog.failed(job, failure(FailureKind::Refused), at(3_601), &options());
        assert_eq!(failed, None, "its term is new");
    }
}

#[test]
fn going_back_tells_all_since_then_once_more_and_nothing_from_before_the_address() {
    let all = [id("purchase", 1), id("purchase", 2), id("cancelled", 2)];
    let mut backlog = backlog(&all);
    let jobs = backlog.jobs(8, at(0), false);
    assert_eq!(ids(&jobs), all[..2]);
    backlog.delivered(&jobs[0]);
    backlog.failed(jobs[1].clone(), failure(FailureKind::ServerError), at(0), &options());
    assert_eq!(backlog.jobs(8, at(0), false), []);
    assert_eq!(backlog.go_back(11, at(-10)), 11);
    assert_eq!((backlog.read_block(), backlog.state().block), (11, 11));
    assert!(backlog.state().waiting.is_empty(), "they are read again, in order");
    assert_eq!(backlog.go_back(3, at(-10)), 10, "the address was set after block 10");
    assert_eq!(backlog.go_back(900, at(-10)), 900, "nothing to go back to");
    assert_eq!(backlog.read_block(), 10);
}

#[test]
fn going_back_tells_what_was_accepted_since_then_and_loses_nothing_from_before() {
    let (early, late) = (id("purchase", 1), id("purchase", 2));
    let accepted = |id, seconds| std::iter::once(Found { at: at(seconds), ..found(id) });
    let mut backlog = Backlog::of(WebhookState::after(10));
    backlog.read(11, accepted(early, 100), at(300));
    backlog.read(12, accepted(late, 200), at(300));
    let early_job = backlog.jobs(1, at(300), false).remove(0);
    backlog.failed(early_job, failure(FailureKind::ServerError), at(300), &options());
    // The clock's margin leads to before both; only the late one is told again.
    backlog.go_back(10, at(200));
    assert!(backlog.waits(early), "it was not delivered");
    backlog.read(11, accepted(early, 100), at(301));
    backlog.read(12, accepted(late, 200), at(301));
    assert_eq!(ids(&backlog.jobs(8, at(301), false)), [late]);
    // What is new is told whatever its time.
    backlog.read(13, accepted(id("purchase", 3), 50), at(301));
    assert_eq!(backlog.queued(), 2);
}

#[test]
fn a_second_wish_loses_nothing_of_the_first() {
    let (early, late) = (id("purchase", 1), id("purchase", 2));
    let accepted = |id, seconds| std::iter::once(Found { at: at(seconds), ..found(id) });
    let mut backlog = Backlog::of(WebhookState::after(10));
    backlog.read(11, std::iter::empty(), at(300));
    backlog.read(12, accepted(early, 100), at(300));
    let job = backlog.jobs(1, at(300), false).remove(0);
    backlog.failed(job, failure(FailureKind::ServerError), at(300), &options());
    backlog.read(13, accepted(late, 200), at(300));
    // The first takes the early one from those that wait, to read it again; the second comes before.
    backlog.go_back(10, at(90));
    backlog.read(11, std::iter::empty(), at(301));
    backlog.go_back(10, at(200));
    for (block, message, seconds) in [(12, early, 100), (13, late, 200)] {
        backlog.read(block, accepted(message, seconds), at(301));
    }
    assert_eq!(ids(&backlog.jobs(8, at(301), false)), [early, late]);
}

/// What a receiver does with a message.
#[derive(Debug, Clone, Copy)]
enum Does {
    Takes,
    Refuses,
    Fails,
    HoldsBack,
}

/// A step of a history.
#[derive(Debug, Clone)]
enum Step {
    /// The next block is read, with so many purchases and endings of earlier ones.
    Reads { purchases: usize, endings: usize },
    /// A round, so much later.
    Round { seconds: i64, does: Vec<Does>, is_probe: bool },
    /// The state is kept.
    Keeps,
    /// The process ends, and begins with what was kept.
    Crashes,
}

fn step() -> impl Strategy<Value = Step> {
    let does = prop_oneof![
        4 => Just(Does::Takes),
        1 => Just(Does::Refuses),
        1 => Just(Does::Fails),
        1 => Just(Does::HoldsBack),
    ];
    prop_oneof![
        3 => (0_usize..3, 0_usize..3)
            .prop_map(|(purchases, endings)| Step::Reads { purchases, endings }),
        6 => (0_i64..900, prop::collection::vec(does, 8), any::<bool>())
            .prop_map(|(seconds, does, is_probe)| Step::Round { seconds, does, is_probe }),
        2 => Just(Step::Keeps),
        1 => Just(Step::Crashes),
    ]
}

/// A journal and what became of its messages.
#[derive(Default)]
struct History {
    blocks: BTreeMap<u64, Vec<MessageId>>,
    open: Vec<MessageId>,
    purchases: u64,
    delivered: Vec<MessageId>,
    given_up: BTreeSet<MessageId>,
    now: i64,
}

impl History {
    fn happen(&mut self, purchases: usize, endings: usize) {
        let block = 11 + self.blocks.len() as u64;
        let mut messages = Vec::new();
        for purchase in self.open.drain(..endings.min(self.open.len())) {
            messages.push(MessageId {
                kind: crate::domain::webhook::MessageKind::ContractCancelled,
                number: purchase.number,
            });
        }
        for _ in 0..purchases {
            self.purchases += 1;
            let purchase = id("purchase", self.purchases);
            messages.push(purchase);
            self.open.push(purchase);
        }
        self.blocks.insert(block, messages);
    }

    /// Reads on, as far as there are blocks.
    fn read(&self, backlog: &mut Backlog) {
        while let Some(messages) = self.blocks.get(&(backlog.read_block() + 1)) {
            let block = backlog.read_block() + 1;
            backlog.read(block, messages.iter().copied().map(found), at(self.now));
        }
    }

    fn round(&mut self, backlog: &mut Backlog, does: &[Does], is_probe: bool) {
        let room = if is_probe { 1 } else { does.len() };
        let jobs = backlog.jobs(room, at(self.now), is_probe);
        assert!(jobs.len() <= room);
        for (job, does) in jobs.into_iter().zip(does) {
            let id = job.message.id;
            let failure = match does {
                Does::HoldsBack => continue,
                Does::Takes => {
                    self.delivered.push(id);
                    backlog.delivered(&job);
                    continue;
                }
                Does::Refuses => failure(FailureKind::Refused),
                Does::Fails => failure(FailureKind::ServerError),
            };
            let given_up = backlog.failed(job, failure, at(self.now), &options());
            self.given_up.extend(given_up.map(|message| message.id));
        }
        self.given_up.extend(backlog.state().parked.iter().map(|parked| parked.id));
    }

    /// Each message was delivered or given up, and no ending came before its purchase.
    fn check(&self) {
        for id in self.blocks.values().flatten() {
            let is_done = self.delivered.contains(id) || self.given_up.contains(id);
            assert!(is_done, "{id} is lost");
            let Some(before) = id.follows().filter(|before| !self.given_up.contains(before)) else {
                continue;
            };
            let place = |id| self.delivered.iter().position(|delivered| *delivered == id);
            if let Some(ending) = place(*id) {
                assert!(place(before).is_some_and(|purchase| purchase < ending), "{id}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_no_ending_overtakes_its_purchase_whatever_happens(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut history = History::default();
        let mut kept = WebhookState::after(10);
        let mut backlog = Backlog::of(kept.clone());
        for step in steps {
            match step {
                Step::Reads { purchases, endings } => {
                    history.happen(purchases, endings);
                    history.read(&mut backlog);
                }
                Step::Round { seconds, does, is_probe } => {
                    history.now += seconds;
                    history.round(&mut backlog, &does, is_probe);
                }
                Step::Keeps => kept = backlog.state().clone(),
                Step::Crashes => {
                    backlog = Backlog::of(kept.clone());
                    history.read(&mut backlog);
                }
            }
        }
        // In the end the receiver takes everything.
        for _ in 0..200 {
            history.now += 300;
            history.round(&mut backlog, &[Does::Takes; 8], false);
        }
        prop_assert_eq!(backlog.queued(), 0);
        prop_assert!(backlog.state().waiting.is_empty());
        history.check();
    }
}
