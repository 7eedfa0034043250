//! Passwords, keys, sealed tokens, throttles: what keeps strangers out.
//!
//! Nothing here knows a line, a page or a store; this room is given bytes, names and addresses
//! and answers with values that the caller keeps.
//!
//! | module | what it is for |
//! |---|---|
//! | [`password`] | Argon2id on a pool of threads that reuse their memory; one hash for each login |
//! | [`throttle`] | how many wrong passwords are looked at, and for how long nobody is heard then |
//! | [`source_limiter`] | how often one source may try to log in at all |
//! | [`source`] | whose address counts as the same household, neighbour or network |
//! | [`forwarded`] | whose request it is behind proxies, and whether that may prove a line |
//! | [`sealed`] | pushed orders, flows, codes and access tokens that are sealed, not stored |
//! | [`keys`] | the master key, the wrapped keys under it, `sub`, name hashes, JWKS, signatures |
//! | [`csrf`] | the token in each form of a flow |
//! | [`provider_secret`] | the secrets that providers authenticate with |
//! | [`address_policy`] | which addresses this server may call for a provider |
//! | [`webhook_key`] | the keys that sign webhooks |
//! | [`operator_token`], [`secret_file`] | the token of the operator API, and files for their owner alone |
//! | [`secret`], [`mac`], [`random`] | strings that never print, HMAC and SHA-256, the system's randomness |
//!
//! What must stay true: no secret reaches `Debug`, `Display` or an error's text; comparing a
//! secret takes the same time wherever it differs; nothing here reads the wall clock.

pub mod address_policy;
pub mod csrf;
pub mod forwarded;
pub mod keys;
pub mod mac;
pub mod operator_token;
pub mod password;
pub mod provider_secret;
pub mod random;
pub mod sealed;
pub mod secret;
pub mod secret_file;
pub mod source;
pub mod source_limiter;
pub mod throttle;
pub mod webhook_key;

use std::path::PathBuf;

pub use address_policy::AddressPolicy;
pub use csrf::CsrfToken;
pub use forwarded::{Peer, Seen, SourcePolicy};
pub use keys::{KeyPurpose, KeyRecord, KeyRing, KeyState, MasterKey, SigningAlgorithm};
pub use operator_token::OperatorToken;
pub use password::{HashCost, ImportKey, PasswordPool, PoolError, Verdict};
pub use sealed::{Purpose, SealError, Sealer};
pub use secret::Secret;
pub use secret_file::ReservedFile;
pub use source::Source;
pub use source_limiter::{RetryAfterS, SourceLimiter};
pub use throttle::{
    Attempt, CommittedHold, FailureOutcome, Held, Hold, Permit, Throttle, ThrottlePolicy,
};
pub use webhook_key::WebhookKey;

/// What can go wrong with keys, costs and sealing: errors of the installation, told to the
/// operator. What a stranger's input can cause is [`SealError`], [`Held`] or [`PoolError`].
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// The configured password hash cost is outside what Argon2id allows (RFC 9106, 3.1).
    #[error(
        "password hash cost: memory of {memory_kib} KiB, {passes} passes, {lanes} lanes: \
         allowed are memory from 8 KiB for each lane to {max_memory_kib} KiB, \
         1 to {max_passes} passes, 1 to {max_lanes} lanes"
    )]
    HashCost {
        /// The configured memory in KiB.
        memory_kib: u32,
        /// The configured number of passes.
        passes: u32,
        /// The configured number of lanes.
        lanes: u32,
        /// The most memory in KiB that this server uses for one hash.
        max_memory_kib: u32,
        /// The most passes that this server makes for one hash.
        max_passes: u32,
        /// The most lanes that this server uses for one hash.
        max_lanes: u32,
    },
    /// The hashing pool needs at least one thread and one place in its queue.
    #[error(
        "password pool: {threads} threads and a queue of {queue_limit}: both must be 1 or more"
    )]
    PoolSize {
        /// The configured number of threads.
        threads: usize,
        /// The configured number of waiting hashes.
        queue_limit: usize,
    },
    /// The hashing pool's threads or memory could not be had from the system.
    #[error("password pool could not start")]
    PoolStart(#[source] std::io::Error),
    /// The master key's file could not be read or made.
    #[error("master key file {}", path.display())]
    MasterKeyFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others than the owner may read or write the master key's file.
    #[error(
        "master key file {}: its mode is {mode:04o}, so others than its owner may use it; \
         wanted is 0600 (chmod 600 {})",
        path.display(),
        path.display()
    )]
    MasterKeyMode {
        /// Which file.
        path: PathBuf,
        /// The permission bits it has.
        mode: u32,
    },
    /// The master key is not 32 bytes in base64.
    #[error("master key{}: wanted are 32 bytes in base64 (44 characters)", in_file(path.as_ref()))]
    MasterKeyContent {
        /// Which file, if it came from one.
        path: Option<PathBuf>,
    },
    /// The operator's token file cannot be used, or holds no token.
    #[error("operator token file {}: {what}", path.display())]
    OperatorTokenFile {
        /// Which file.
        path: PathBuf,
        /// What is the matter with it.
        what: String,
    },
    /// A stored key or value does not open under this master key, or not for this purpose.
    #[error("{what} cannot be unwrapped: another master key made it, or it was altered")]
    Unwrap {
        /// Which key, by purpose and kid.
        what: String,
    },
    /// The key ring lacks a key that it cannot work without.
    #[error("the key ring has no {state} key for {purpose}")]
    KeyMissing {
        /// For which purpose.
        purpose: KeyPurpose,
        /// In which state.
        state: KeyState,
    },
    /// The key ring has two keys where only one may be.
    #[error("the key ring has more than one {state} key for {purpose}: {kids}")]
    KeyAmbiguous {
        /// For which purpose.
        purpose: KeyPurpose,
        /// In which state.
        state: KeyState,
        /// Their key IDs.
        kids: String,
    },
    /// A key opens, but is not a key of its purpose.
    #[error("key {kid} for {purpose} is not a usable key")]
    KeyUnusable {
        /// Which key.
        kid: String,
        /// For which purpose.
        purpose: KeyPurpose,
    },
    /// The cryptographic library refused to make a key, a token or a signature.
    #[error("{what} could not be made")]
    Crypto {
        /// What was to be made.
        what: &'static str,
    },
    /// A value could not be written as JSON to be sealed or signed.
    #[error("a value to be sealed cannot be written as JSON")]
    Unserializable(#[source] serde_json::Error),
    /// A value is too long to be sealed: nobody would open it again.
    #[error("a sealed token would have {length} bytes, {} are allowed", sealed::MAX_TOKEN_BYTES)]
    TooLong {
        /// The length it would have in bytes.
        length: usize,
    },
}

fn in_file(path: Option<&PathBuf>) -> String {
    path.map(|path| format!(" file {}", path.display())).unwrap_or_default()
}
