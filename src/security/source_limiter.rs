//! How often one source may try to log in at all, whatever the outcome.
//!
//! The throttle counts failures; this one keeps a single source from filling the hashing pool.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use ipnetwork::IpNetwork;

use super::source::Source;

/// How many checks pass between two clearings of sources that are at rest.
const CHECKS_BETWEEN_CLEARINGS: u32 = 1_024;

/// When a source may come again, in whole seconds, one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts from one source, again in {0} s")]
pub struct RetryAfterS(pub u64);

type Limiter<C> =
    RateLimiter<IpNetwork, DashMapStateStore<IpNetwork>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A limit of attempts for each /64 or /32: a minute's quota may come at once, then it refills
/// steadily (GCRA).
///
/// Memory is bounded: sources at rest are cleared, and while more than `max_tracked` are busy,
/// sources are counted by their /32 (IPv6) or /16 (IPv4) together.
pub struct SourceLimiter<C: Clock = DefaultClock> {
    limiter: Limiter<C>,
    clock: C,
    max_tracked: usize,
    checks: AtomicU32,
}

impl SourceLimiter {
    /// A limiter on the system's monotonic clock.
    pub fn new(attempts_per_minute: NonZeroU32, max_tracked: usize) -> Self {
        Self::with_clock(attempts_per_minute, max_tracked, DefaultClock::default())
    }
}

impl<C: Clock + Clone> SourceLimiter<C> {
    /// A limiter on a clock of the caller's.
    pub fn with_clock(attempts_per_minute: NonZeroU32, max_tracked: usize, clock: C) -> Self {
        let quota = Quota::per_minute(attempts_per_minute);
        let limiter = RateLimiter::dashmap_with_clock(quota, clock.clone());
        Self { limiter, clock, max_tracked, checks: AtomicU32::new(0) }
    }

    /// Counts one attempt, or says when the next one is heard.
    pub fn check(&self, source: &Source) -> Result<(), RetryAfterS> {
        self.clear_sometimes();
        self.limiter.check_key(&self.key(source)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            RetryAfterS(seconds.max(1))
        })
    }

    /// How many sources are remembered, for metrics.
    pub fn tracked(&self) -> usize {
        self.limiter.len()
    }

    fn key(&self, source: &Source) -> IpNetwork {
        if self.limiter.len() < self.max_tracked {
            source.throttle_prefix()
        } else {
            source.prefix(32, 16)
        }
    }

    fn clear_sometimes(&self) {
        let count = self.checks.fetch_add(1, Ordering::Relaxed);
        if count % CHECKS_BETWEEN_CLEARINGS == CHECKS_BETWEEN_CLEARINGS - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limiter(
        per_minute: u32,
        max: usize,
    ) -> (SourceLimiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let quota = NonZeroU32::new(per_minute).expect("not zero");
        (SourceLimiter::with_clock(quota, max, clock.clone()), clock)
    }

    fn source(text: &str) -> Source {
        Source::new(text.parse().expect("an address"))
    }

    fn nth(n: u32) -> Source {
        let address = (0x2001_0db8_u128 << 96) | (u128::from(n) << 64);
        Source::new(std::net::Ipv6Addr::from(address).into())
    }

    #[test]
    fn a_minutes_quota_then_a_steady_refill() {
        let (limiter, clock) = limiter(6, 100);
        let source = source("203.0.113.7");
        for _ in 0..6 {
            assert_eq!(limiter.check(&source), Ok(()));
        }
        assert_eq!(limiter.check(&source), Err(RetryAfterS(10)));
        clock.advance(Duration::from_millis(9_500));
        assert_eq!(limiter.check(&source), Err(RetryAfterS(1)));
        clock.advance(Duration::from_millis(500));
        assert_eq!(limiter.check(&source), Ok(()));
        assert_eq!(limiter.check(&source), Err(RetryAfterS(10)));
    }

    #[test]
    fn a_household_shares_its_quota_and_neighbours_do_not() {
        let (limiter, _clock) = limiter(1, 100);
        assert!(limiter.check(&source("2001:db8:1:2::1")).is_ok());
        assert!(limiter.check(&source("2001:db8:1:2::2")).is_err());
        assert!(limiter.check(&source("2001:db8:1:3::1")).is_ok());
        assert!(limiter.check(&source("203.0.113.7")).is_ok());
        assert!(limiter.check(&source("::ffff:203.0.113.7")).is_err());
    }

    #[test]
    fn sources_at_rest_are_forgotten() {
        let (limiter, clock) = limiter(60, 10_000);
        for n in 0..500 {
            assert!(limiter.check(&nth(n)).is_ok());
        }
        assert_eq!(limiter.tracked(), 500);
        clock.advance(Duration::from_mins(2));
        for _ in 500..CHECKS_BETWEEN_CLEARINGS {
            let _ = limiter.check(&nth(9_999));
        }
        assert_eq!(limiter.tracked(), 1);
    }

    #[test]
    fn a_flood_of_sources_is_counted_together() {
        let (limiter, _clock) = limiter(5, 100);
        let passed = (0..1_000).filter(|n| limiter.check(&nth(*n)).is_ok()).count();
        assert_eq!(passed, 100 + 5, "each of the tracked ones, then one quota for all others");
        assert_eq!(limiter.tracked(), 101);
    }
}
