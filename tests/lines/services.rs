//! What line actors need without the rest of the server, for tests and benchmarks.

use linepass::{
    actors::{
        committer::{Committer, CommitterOptions},
        line::LineServices,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
    },
    clock::Clock,
    domain::{line::LineDefaults, yen::Yen},
    security::random,
    store::Store,
};
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// Changes of one line that may wait, as [`services_at`] have it.
pub const MAY_WAIT: usize = 16;

/// The committer of a store, in groups as the server's.
pub fn committer(store: &Arc<dyn Store>, clock: &Clock) -> Committer {
    let options = CommitterOptions { group_max_events: 1_000, most_waiting: 10_000 };
    let fatal = |error: &_| panic!("{error}");
    Committer::start(Arc::clone(store), clock.clone(), options, fatal).expect("starts").0
}

/// What lines are made with, over this store: a passport ID may spend 10,000 yen, a snapshot is kept
/// after 8 events, and nobody falls asleep within five minutes. Whoever wants it otherwise changes it.
pub fn services_at(clock: Clock, store: &Arc<dyn Store>) -> LineServices {
    let committer = committer(store, &clock);
    let receipts = ReceiptNumbers::new(Arc::clone(store), committer.clone(), clock.clone());
    let passport_limit = Yen::new(10_000);
    LineServices {
        store: Arc::clone(store),
        committer,
        clock,
        receipts,
        defaults: LineDefaults { passports_per_line: 5, passport_limit, activation_delay_s: 0 },
        most_waiting_changes: MAY_WAIT,
        snapshots: Snapshots { key: [1; 32], every_events: 8 },
        draw_salt: random::bytes::<32>,
        idle_before_sleep: Duration::from_mins(5),
        awake_lines: AtomicUsize::new(0),
    }
}
