//! What handlers reach.

use crate::{
    actors::{committer::Committer, lines::Lines, providers::Providers},
    clock::Clock,
    config::{ContactConfig, FlowConfig},
    domain::{ids::ProviderId, line::LineDefaults},
    metrics::Metrics,
    security::{KeyRing, PasswordPool, SourceLimiter, Throttle},
    store::Store,
    web::provider::redeemed::RedeemedCodes,
};
use governor::{DefaultKeyedRateLimiter, clock::DefaultClock};
use std::sync::{Arc, atomic::AtomicBool};

/// Everything a handler may need; one for the whole process.
pub struct WebState {
    /// The issuer, which is also the origin of every page: `https://pay.example.jp`.
    pub issuer: String,
    /// All lines.
    pub lines: Lines,
    /// All providers.
    pub providers: Providers,
    /// What commits; asked only whether it is there.
    pub committer: Committer,
    /// For completed orders and passport IDs' names.
    pub store: Arc<dyn Store>,
    /// Keys that seal, sign, and name.
    pub keys: KeyRing,
    /// Where passwords are hashed.
    pub passwords: PasswordPool,
    /// Who may try a password.
    pub throttle: Throttle,
    /// How often a source may try to log in at all.
    pub logins: SourceLimiter,
    /// How often a provider may push orders.
    pub pushes: DefaultKeyedRateLimiter<ProviderId, governor::middleware::NoOpMiddleware>,
    /// That limiter's clock.
    pub pushes_clock: DefaultClock,
    /// Codes that were exchanged.
    pub redeemed: RedeemedCodes,
    /// The time of decisions, which `demo --now` moves.
    pub decisions: Clock,
    /// The time of tokens and logins, which nothing moves.
    pub host: Clock,
    /// The rules' configurable numbers.
    pub defaults: LineDefaults,
    /// How long things live.
    pub lifetimes: FlowConfig,
    /// Where households turn.
    pub contact: ContactConfig,
    /// Drawn at the start: codes of an earlier run are not taken.
    pub run: String,
    /// What monitoring reads.
    pub metrics: Metrics,
    /// Whether the server takes requests: `/readyz`.
    pub ready: AtomicBool,
}

impl WebState {
    /// Whether pages are served over TLS: then cookies are `__Host-` and Secure.
    pub fn is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }

    /// Seconds since the epoch, for tokens.
    pub fn now_s(&self) -> i64 {
        self.host.now().seconds()
    }

    /// When something sealed now for so many seconds expires.
    pub fn expiry(&self, lifetime_s: u64) -> i64 {
        self.now_s().saturating_add(i64::try_from(lifetime_s).unwrap_or(i64::MAX))
    }
}
