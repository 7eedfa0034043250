//! A provider's webhooks as they are kept: one row that tells how far they are, what waits and what
//! was given up. A message is named by the journal's row that it is made of, and made anew at each
//! try.

use crate::domain::{calendar::Instant, ids::CustomerId, webhook::MessageId};
use serde::{Deserialize, Serialize};

/// How far a provider's webhooks are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookState {
    /// Nothing of the blocks up to this one is told: the provider had no address then.
    pub begins_after: u64,
    /// Each message of the blocks up to this one was delivered, waits, or was given up.
    pub block: u64,
    /// The address that all below speaks of; empty before the first try.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Messages that are tried again, at most [`MOST_WAITING`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<KeptMessage>,
    /// Messages that are not tried again unless an operator asks for it, the last
    /// [`MOST_PARKED`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<KeptMessage>,
    /// Nothing is sent before this: the provider asked for patience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Instant>,
    /// When the address said that it is gone for good (410); nothing is sent until an operator sets
    /// it anew or asks for a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<Instant>,
}

/// So many wait beside the journal, so that the row stays small; then the journal itself waits.
pub const MOST_WAITING: usize = 64;
/// So many are remembered as given up.
pub const MOST_PARKED: usize = 64;

impl WebhookState {
    /// Nothing waits, and what comes after this block is told.
    pub const fn after(block: u64) -> Self {
        Self {
            begins_after: block,
            block,
            url: String::new(),
            waiting: Vec::new(),
            parked: Vec::new(),
            paused_until: None,
            gone_at: None,
        }
    }
}

/// A message that was not delivered at its first try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMessage {
    /// Which.
    pub id: MessageId,
    /// The line whose entry it is made of.
    pub line: CustomerId,
    /// The entry's sequence number.
    pub seq: u64,
    /// The block that closed the entry's group.
    pub block: u64,
    /// When the entry was accepted.
    pub accepted_at: Instant,
    /// From when its term is counted: the first try, or when an operator asked for another.
    pub since: Instant,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, or when it was given up.
    pub at: Instant,
    /// Why the last try failed, as one of a few words.
    pub reason: String,
    /// The answer's status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        batch::MOST_ROW_BYTES,
        record::{from_json, to_json},
    };

    fn message() -> KeptMessage {
        KeptMessage {
            id: "cancelled-100000000016".parse().expect("an ID"),
            line: "CAF0000012573".parse().expect("a customer ID"),
            seq: u64::MAX,
            block: u64::MAX,
            accepted_at: Instant::from_micros(1_790_000_000_000_000),
            since: Instant::from_micros(1_790_000_000_000_000),
            attempts: u32::MAX,
            at: Instant::from_micros(1_790_000_000_000_000),
            reason: "address_not_allowed".into(),
            status: Some(503),
        }
    }

    #[test]
    fn a_full_row_is_smaller_than_any_may_be() {
        let state = WebhookState {
            // Those that were given up may come to wait again.
            waiting: vec![message(); MOST_WAITING + MOST_PARKED],
            parked: vec![message(); MOST_PARKED],
            url: "x".repeat(400),
            paused_until: Some(Instant::from_micros(1_790_000_000_000_000)),
            gone_at: Some(Instant::from_micros(1_790_000_000_000_000)),
            ..WebhookState::after(u64::MAX)
        };
        assert!(to_json(&state).len() < MOST_ROW_BYTES, "{}", to_json(&state).len());
    }

    #[test]
    fn stored_samples_are_still_read() {
        for sample in [
            r#"{"begins_after":3,"block":7}"#,
            r#"{"begins_after":3,"block":7,"url":"https://a.example/","waiting":[{"id":"purchase-100000000016","line":"CAF0000012573","seq":3,"block":5,"accepted_at":1,"since":2,"attempts":3,"at":4,"reason":"server_error","status":500}],"paused_until":4,"gone_at":5}"#,
        ] {
            let read: WebhookState = from_json("sample", sample.as_bytes()).expect(sample);
            assert_eq!(serde_json::to_string(&read).expect("writes"), sample);
        }
    }
}
