//! The sections of what guards accounts and the server's strength: hashing, guessing, shares, overload.

use serde::{Deserialize, Serialize};

use crate::config::value::within;

/// `[password]`: how passwords are hashed (Argon2id) and what a new one must be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordConfig {
    /// Memory for each hash, in KiB; at least 8 for each lane.
    #[serde(deserialize_with = "within::<8, 1_048_576, _, _>")]
    pub hash_memory_kib: u32,
    /// Passes over that memory.
    #[serde(deserialize_with = "within::<1, 16, _, _>")]
    pub hash_passes: u32,
    /// Lanes of one hash.
    #[serde(deserialize_with = "within::<1, 16, _, _>")]
    pub hash_lanes: u32,
    /// Threads that hash; 0 is one for each core.
    #[serde(deserialize_with = "within::<0, 64, _, _>")]
    pub hash_threads: usize,
    /// Logins that wait for a hashing thread at most.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    pub hash_queue_limit: usize,
    /// The least length of a new password, in characters.
    #[serde(deserialize_with = "within::<4, 64, _, _>")]
    pub minimum_length: usize,
}

/// `[throttle]`: what slows guessing down.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleConfig {
    /// Failed logins of one (ID, source) before it has to wait.
    #[serde(deserialize_with = "within::<1, 100, _, _>")]
    pub failures_before_wait: u32,
    /// The first wait, in seconds; each further failure doubles it.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub first_wait_s: u64,
    /// The longest wait, in seconds; at least the first.
    #[serde(deserialize_with = "within::<1, 86_400, _, _>")]
    pub longest_wait_s: u64,
    /// Failed logins of one ID from elsewhere than its own line before elsewhere has to wait.
    #[serde(deserialize_with = "within::<5, 100_000, _, _>")]
    pub id_failures_elsewhere: u32,
    /// Login attempts a minute from one source.
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    pub logins_per_minute_per_source: u32,
    /// Sources and IDs that are remembered at once.
    #[serde(deserialize_with = "within::<1000, 10_000_000, _, _>")]
    pub tracked_entries: usize,
}

/// `[provider_limits]`: what one provider may ask of the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderLimitsConfig {
    /// Requests of one provider a second at each of its doors.
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    pub requests_per_second: u32,
    /// Requests of one provider that may come to a door at once.
    #[serde(deserialize_with = "within::<1, 10_000_000, _, _>")]
    pub burst_requests: u32,
    /// Requests of all providers that are worked on at once.
    #[serde(deserialize_with = "within::<1, 100_000, _, _>")]
    pub requests_under_way: usize,
    /// How many of those may be one provider's, in percent.
    #[serde(deserialize_with = "within::<1, 100, _, _>")]
    pub share_percent: usize,
    /// How long a request waits for room among those, in milliseconds.
    #[serde(deserialize_with = "within::<0, 5_000, _, _>")]
    pub share_wait_ms: u64,
    /// Requests a minute from one source whose body cannot be read, or that have no credentials or
    /// wrong ones.
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    pub failed_authentications_per_minute_per_source: u32,
}

/// `[overload]`: who is heard when more comes than can be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverloadConfig {
    /// How long a request should wait at most for the thread that answers it, in milliseconds; from a tenth
    /// of it on no more is begun than is worked on then.
    #[serde(deserialize_with = "within::<1, 1_000, _, _>")]
    pub queue_target_ms: u64,
    /// How long a password should wait at most for a hashing thread while there is always one that
    /// waits, and for some seconds after, in milliseconds.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    pub hash_target_ms: u64,
}
