//! What handlers reach.

use crate::{
    actors::{
        audit::Audits,
        backup::Backups,
        bulk::Bulk,
        closing::MonthCloser,
        committer::Committer,
        erasure::Erasure,
        keys::KeyKeeper,
        line::LineView,
        lines::Lines,
        operators::Operators,
        outbox::Desk,
        providers::Providers,
        system::{Maintenance, SystemStream},
        verifying::Verifies,
        webhooks,
    },
    clock::Clock,
    config::{BillingConfig, ContactConfig, FlowConfig, PortalConfig},
    domain::{
        ids::{CustomerId, PassportNumber},
        line::LineDefaults,
    },
    metrics::Metrics,
    security::{
        AddressPolicy, CommittedHold, KeyRing, PasswordPool, Permit, PoolError, Secret,
        SourceLimiter, SourcePolicy, Throttle, Verdict,
    },
    store::Store,
    web::{
        admission::Admission,
        provider::{limits::ProviderLimits, redeemed::RedeemedCodes},
    },
};
use governor::DefaultKeyedRateLimiter;
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// What one request may cost.
#[derive(Debug, Clone, Copy)]
pub struct RequestLimits {
    /// The most bytes of a head.
    pub head_bytes: usize,
    /// The most bytes of a body.
    pub body_bytes: usize,
    /// How long a body may take.
    pub body_time: Duration,
}

/// Everything a handler may need; one for the whole process.
pub struct WebState {
    /// The issuer, which is also the origin of every page: `https://pay.example.jp`.
    pub issuer: String,
    /// All lines.
    pub lines: Lines,
    /// Many of them, without waking each.
    pub bulk: Bulk,
    /// The month's close.
    pub closer: MonthCloser,
    /// What a change of the billing number means, and how many months after its charges a
    /// bill is issued, by route.
    pub billing: BillingConfig,
    /// Erases personal rows whose term is over.
    pub erasure: Erasure,
    /// All providers.
    pub providers: Arc<Providers>,
    /// The operators' side of the outbox; none where nobody is written to.
    pub mails: Option<Desk>,
    /// The operators' side of webhooks.
    pub webhooks: webhooks::Desk,
    /// Which addresses webhooks may go to.
    pub webhook_addresses: AddressPolicy,
    /// Changes of Linepass as a whole.
    pub system: SystemStream,
    /// The walk over the whole chain.
    pub audits: Audits,
    /// Backups, one at a time.
    pub backups: Backups,
    /// The look at the invariants.
    pub verifies: Verifies,
    /// Whether maintenance is on.
    pub maintenance: Maintenance,
    /// What commits; asked only whether it is there.
    pub committer: Committer,
    /// For completed orders and passport IDs' names.
    pub store: Arc<dyn Store>,
    /// Keys that seal, sign, and name.
    pub keys: Arc<KeyRing>,
    /// Who rotates them.
    pub key_keeper: KeyKeeper,
    /// Who may use the operator API.
    pub operators: Operators,
    /// Where passwords are hashed.
    pub passwords: PasswordPool,
    /// Who is heard when more comes than can be done.
    pub admission: Admission,
    /// What one request may cost.
    pub limits: RequestLimits,
    /// Whose requests they are.
    pub sources: SourcePolicy,
    /// Who may try a password.
    pub throttle: Throttle,
    /// How often a source may try to log in at all.
    pub logins: SourceLimiter,
    /// What one provider may ask.
    pub provider_limits: ProviderLimits,
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
    /// The least length of a new password, in characters.
    pub shortest_password: usize,
    /// Whether mails go out, so that pages promise none that does not.
    pub sends_mail: bool,
    /// The household's own pages.
    pub portal: PortalConfig,
    /// How often a line may ask whether a passport ID is free (security.md 72).
    pub name_checks: DefaultKeyedRateLimiter<CustomerId>,
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

    /// What the throttle counts guesses at a line's access key by.
    pub fn access_key_id(&self, customer: CustomerId) -> [u8; 32] {
        self.keys.name_hash(&format!("customer:{customer}"))
    }

    /// When something sealed now for so many seconds expires.
    pub fn expiry(&self, lifetime_s: u64) -> i64 {
        self.now_s().saturating_add(i64::try_from(lifetime_s).unwrap_or(i64::MAX))
    }

    /// Checks the password of an attempt that has its turn ([`PasswordPool::verify_since`]).
    ///
    /// # Errors
    /// The pool takes no more, which operators are told as they are of logins that are not admitted, or it
    /// stops.
    pub async fn verify_password(
        &self,
        permit: &Permit,
        password: Secret,
        stored_phc: Option<String>,
    ) -> Result<Verdict, PoolError> {
        self.telling(self.passwords.verify_since(permit.came(), password, stored_phc).await)
    }

    /// Hashes a new password of a request that was admitted ([`PasswordPool::hash`]).
    ///
    /// # Errors
    /// As [`WebState::verify_password`].
    pub async fn hash_password(&self, password: Secret) -> Result<String, PoolError> {
        self.telling(self.passwords.hash(password).await)
    }

    fn telling<T>(&self, hashed: Result<T, PoolError>) -> Result<T, PoolError> {
        if matches!(hashed, Err(PoolError::Overloaded)) {
            self.admission.tell_of_logins(&self.passwords);
        }
        hashed
    }

    /// The waits at an ID, or at the line's access key, that were committed, perhaps before a
    /// restart, with what is left of them.
    pub fn committed_holds(
        &self,
        view: &LineView,
        passport: Option<PassportNumber>,
    ) -> Vec<CommittedHold> {
        let (now, uptime) = (view.time(self.decisions.now()), self.decisions.uptime());
        let holds = view.line.iter().flat_map(|line| line.holds.of(passport, now, uptime));
        let committed = holds.map(|(hold, left_us)| CommittedHold {
            source_prefix: hold.from,
            failures: hold.failures,
            remaining: Duration::from_micros(left_us),
        });
        committed.collect()
    }
}
