//! Prefixes that move between lines, on both backends, with lines awake and asleep.

use super::*;
use crate::{
    actors::{
        change::Opening,
        committer::{Committer, CommitterOptions},
        line::LineServices,
        lines::Lines,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
    },
    clock::Clock,
    domain::{
        line::{LineDefaults, LineService, event::BillingRoute},
        provisioning,
        yen::Yen,
    },
    store::{
        Store,
        memory::MemoryStore,
        sled_store::{SledOptions, SledStore},
    },
};
use futures_util::future::join_all;
use std::{sync::atomic::AtomicUsize, time::Duration};

struct House {
    bulk: Bulk,
    lines: Lines,
    store: Arc<dyn Store>,
}

fn id(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("an ID")
}

fn operator(what: What) -> Change {
    let by = By::Operator { name: "admin".to_owned(), reason: "moved house".to_owned() };
    Change { what, by, source: None, request_id: None }
}

fn set(networks: &str) -> Change {
    let networks = provisioning::networks(networks).expect("prefixes");
    operator(What::Plain(Box::new(Command::SetNetworks(networks))))
}

/// What lines over this store need; its clock stands, and nobody falls asleep on the way.
pub(in crate::actors) fn services(store: &Arc<dyn Store>) -> Arc<LineServices> {
    let clock = Clock::standing_at(Instant::from_micros(1_790_000_000_000_000));
    let options = CommitterOptions { group_max_events: 100, most_waiting: 10_000 };
    let fatal = |error: &_| panic!("{error}");
    let (committer, _) =
        Committer::start(Arc::clone(store), clock.clone(), options, fatal).expect("starts");
    let receipts = ReceiptNumbers::new(Arc::clone(store), committer.clone(), clock.clone());
    Arc::new(LineServices {
        store: Arc::clone(store),
        committer,
        clock,
        receipts,
        defaults: LineDefaults {
            passports_per_line: 10,
            passport_limit: Yen::new(10_000),
            activation_delay_s: 0,
        },
        most_waiting_changes: 32,
        snapshots: Snapshots { key: [1; 32], every_events: 100 },
        draw_salt: || [7; 32],
        idle_before_sleep: Duration::from_mins(10),
        awake_lines: AtomicUsize::new(0),
    })
}

impl House {
    fn build(store: Arc<dyn Store>) -> Self {
        let services = services(&store);
        let arbiters = [actix_rt::Arbiter::current()];
        let lines = Lines::start(&services, &arbiters, 10_000);
        Self { bulk: Bulk::new(services, lines.clone()), lines, store }
    }

    async fn open(&self, number: u64, networks: &str) -> Moved {
        let opening = Opening {
            service: LineService::HikariNext,
            line_limit: Yen::new(30_000),
            billing: BillingRoute::Telephone,
            networks: provisioning::networks(networks).expect("prefixes"),
            record: BTreeMap::new(),
            access_key_hash: "-".to_owned(),
        };
        let change = operator(What::Open(Box::new(opening)));
        self.bulk.make_taking(id(number), &change).await.expect("opens")
    }

    /// As whoever asks the awake line sees it.
    async fn seen(&self, number: u64) -> Vec<String> {
        let line = self.lines.look(id(number)).await.expect("there").line.expect("open");
        line.networks.iter().map(ToString::to_string).collect()
    }

    /// Who owns any part of this prefix, by the store's own rows.
    async fn owners_of(&self, network: &str) -> Vec<CustomerId> {
        let owners = self.store.owners(network.parse().expect("a prefix")).await.expect("reads");
        owners.into_iter().map(|(_, holder)| holder.customer).collect()
    }
}

fn on_both_backends(test: impl AsyncFn(House)) {
    actix_rt::System::new().block_on(async {
        test(House::build(Arc::new(MemoryStore::new()))).await;
        let folder = tempfile::tempdir().expect("a folder");
        let options = SledOptions {
            folder: folder.path().join("store"),
            head_key: [1; 32],
            cache_bytes: 16 << 20,
            flush_every_ms: 500,
            min_free_space_bytes: 0,
            read_threads: 2,
        };
        test(House::build(Arc::new(SledStore::open(&options).expect("opens")))).await;
    });
}

#[test]
fn a_prefix_is_taken_from_its_owner_in_one_commit_security_57() {
    on_both_backends(async |house: House| {
        house.open(1, "2001:db8:0:100::/56,203.0.113.5").await;
        house.open(2, "").await;
        // Both are awake before the change: they must know of it when it returns.
        assert_eq!(house.seen(1).await.len(), 2);
        assert!(house.seen(2).await.is_empty());
        let before = house.store.durable_block();

        // A /64 inside the owner's /56: the owner loses the /56 and keeps its IPv4 address.
        let change = set("2001:db8:0:1ff::/64");
        let moved = house.bulk.rehearse_taking(id(2), &change).await.expect("allowed");
        assert_eq!((moved.taken.len(), house.store.durable_block()), (1, before));
        let moved = house.bulk.make_taking(id(2), &change).await.expect("made");
        let lost = vec!["2001:db8:0:100::/56".parse().expect("one")];
        assert_eq!(moved.taken, [TakenFrom { customer: id(1), networks: lost }]);
        assert_eq!(house.store.durable_block(), before + 1, "one block has both");
        let block = house.store.block(before + 1).await.expect("reads").expect("there");
        assert_eq!(block.entries.len(), 2);
        assert_eq!(house.seen(1).await, ["203.0.113.5/32"]);
        assert_eq!(house.seen(2).await, ["2001:db8:0:1ff::/64"]);
        assert_eq!(house.owners_of("2001:db8:0:100::/56").await, [id(2)]);
        // Who and why stand in both.
        for number in [1, 2] {
            let stream = crate::store::Stream::Line(id(number));
            let rows = house.store.events(&stream, 0, 10).await.expect("reads");
            let last = rows.last().expect("a row");
            assert!(String::from_utf8_lossy(&last.entry).contains("moved house"));
        }

        // Again it is nothing; a new line takes what it is opened with.
        let again = house.bulk.make_taking(id(2), &change).await.expect("made");
        assert!(again.done.entry.events.is_empty() && again.taken.is_empty());
        let opened = house.open(3, "203.0.113.0/24").await;
        assert_eq!(opened.taken.len(), 1);
        assert!(house.seen(1).await.is_empty());
        assert_eq!(house.owners_of("203.0.113.5/32").await, [id(3)]);
    });
}

#[test]
fn no_line_and_an_ended_one_get_no_prefix() {
    on_both_backends(async |house: House| {
        let error = house.bulk.make_taking(id(9), &set("203.0.113.5")).await.expect_err("none");
        assert!(matches!(*error, LineError::Refused(Refusal::UnknownLine)), "{error}");
        assert_eq!(house.store.durable_block(), 0);
    });
}

#[test]
fn from_more_lines_than_one_block_should_hold_nothing_is_taken() {
    on_both_backends(async |house: House| {
        for number in 0..=MOST_OWNERS as u64 {
            house.open(number, &format!("203.0.113.{number}")).await;
        }
        house.open(100, "").await;
        let error = house.bulk.make_taking(id(100), &set("203.0.113.0/24")).await;
        let error = error.expect_err("too many");
        assert!(matches!(*error, LineError::Refused(Refusal::TooManyOwners { .. })), "{error}");
        assert_eq!(house.owners_of("203.0.113.0/24").await.len(), MOST_OWNERS + 1);
    });
}

#[test]
fn under_many_moves_at_once_no_prefix_ever_has_two_owners_security_57() {
    on_both_backends(async |house: House| {
        for number in 0..6 {
            house.open(number, "").await;
        }
        for number in 0..3 {
            house.seen(number).await;
        }
        for round in 0..5_u64 {
            let moves = (0..60_u64).map(|turn| {
                let prefixes =
                    ["2001:db8:0:100::/56", "2001:db8:0:100::/64", "2001:db8:0:1f0::/60"];
                let wanted = prefixes[usize::try_from(turn + round).expect("small") % 3];
                let change = set(wanted);
                let house = &house;
                async move { house.bulk.make_taking(id(turn % 6), &change).await }
            });
            let made = join_all(moves).await;
            let failed: Vec<_> = made.iter().filter_map(|made| made.as_ref().err()).collect();
            let only_busy = failed.iter().all(|error| matches!(&***error, LineError::Busy(_)));
            assert!(only_busy, "{failed:?}");
            assert!(failed.len() < 30, "most get their turn: {}", failed.len());
            let mut all = Vec::new();
            for number in 0..6 {
                let networks = house.seen(number).await;
                all.extend(networks.into_iter().map(|network| (number, network)));
            }
            for (index, (one, network)) in all.iter().enumerate() {
                for (other, beside) in &all[index + 1..] {
                    let (network, beside) = (network.parse(), beside.parse());
                    let shared = overlap(network.expect("one"), beside.expect("one"));
                    assert!(!shared, "{one} and {other} share: {all:?}");
                }
            }
            // What the lines say is what the store's rows say.
            let owners = house.owners_of("2001:db8:0:100::/56").await;
            assert_eq!(owners.len(), all.len(), "{owners:?} {all:?}");
        }
    });
}
