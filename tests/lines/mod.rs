//! Line actors without the rest of the server: at a clock that stands, over any store.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use linepass::{
    actors::{
        change::{Change, Opening, What},
        committer::{Committer, CommitterOptions},
        line::{Answer, LineServices},
        lines::Lines,
        receipts::ReceiptNumbers,
        snapshot::Snapshots,
    },
    clock::Clock,
    domain::{
        ids::CustomerId,
        line::{By, Command, LineDefaults, LineService, event::BillingRoute},
        yen::Yen,
    },
    security::random,
    store::Store,
};
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// Changes of one line that may wait, as [`services`] have it.
pub const MAY_WAIT: usize = 16;

/// The n-th line's customer ID.
pub fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("an ID")
}

/// What lines are made with, over this store: a passport ID may spend 10,000 yen, a snapshot is kept
/// after 8 events, and nobody falls asleep within five minutes.
pub fn services(store: &Arc<dyn Store>) -> LineServices {
    let clock = Clock::standing_at("2026-11-23T21:00:00+09:00".parse().expect("an instant"));
    let options = CommitterOptions { group_max_events: 1_000, most_waiting: 10_000 };
    let fatal = |error: &_| panic!("{error}");
    let committer = Committer::start(Arc::clone(store), clock.clone(), options, fatal);
    let (committer, _) = committer.expect("starts");
    let receipts = ReceiptNumbers::new(Arc::clone(store), committer.clone(), clock.clone());
    LineServices {
        store: Arc::clone(store),
        committer,
        clock,
        receipts,
        defaults: LineDefaults {
            passports_per_line: 5,
            passport_limit: Yen::new(10_000),
            activation_delay_s: 0,
        },
        most_waiting_changes: MAY_WAIT,
        snapshots: Snapshots { key: [1; 32], every_events: 8 },
        draw_salt: random::bytes::<32>,
        idle_before_sleep: Duration::from_mins(5),
        awake_lines: AtomicUsize::new(0),
    }
}

/// Asks a line for a change.
pub async fn make(lines: &Lines, number: u64, what: What) -> Answer {
    let change = Change { what, by: By::System, source: None, request_id: None };
    lines.make(customer(number), change).await
}

/// Asks a line to have another limit.
pub async fn set_limit(lines: &Lines, number: u64, yen: u64) -> Answer {
    make(lines, number, What::Plain(Box::new(Command::SetLineLimit(Yen::new(yen))))).await
}

/// Opens a line without a prefix and without a record.
pub async fn open(lines: &Lines, number: u64, line_limit: Yen) {
    let opening = Opening {
        service: LineService::HikariPremium,
        line_limit,
        billing: BillingRoute::Telephone,
        networks: Vec::new(),
        record: std::collections::BTreeMap::new(),
        access_key_hash: "-".into(),
    };
    make(lines, number, What::Open(Box::new(opening))).await.expect("opened");
}
