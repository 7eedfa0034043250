//! Line actors without the rest of the server: at a clock that stands, over any store.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod services;

use linepass::{
    actors::{
        change::{Change, Opening, What},
        line::{Answer, LineServices},
        lines::Lines,
    },
    clock::Clock,
    domain::{
        ids::CustomerId,
        line::{By, Command, LineService, event::BillingRoute},
        yen::Yen,
    },
    store::Store,
};
use services::services_at;
use std::sync::Arc;

/// The n-th line's customer ID.
pub fn customer(number: u64) -> CustomerId {
    format!("CAF{number:010}").parse().expect("an ID")
}

/// What lines are made with, over this store, at a clock that stands.
pub fn services(store: &Arc<dyn Store>) -> LineServices {
    let clock = Clock::standing_at("2026-11-23T21:00:00+09:00".parse().expect("an instant"));
    services_at(clock, store)
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
