//! What one provider may ask of its doors, so that none takes another's room: a budget for each
//! door, and a share of the requests that are under way for all providers together.
//!
//! A request counts for a provider only once it is sure that it is the provider's, so that nobody
//! spends another's budget. One that shows nothing of ours, as a body that cannot be read, a wrong
//! secret or no token at all, counts for its source.

use super::error::{Code, OAuthError};
use crate::{
    config::ProviderLimitsConfig,
    domain::ids::ProviderId,
    metrics::UNKNOWN_PROVIDER,
    security::{RetryAfterS, Source, SourceLimiter},
    web::{problem::ProblemDetails, state::WebState},
};
use actix_web::http::StatusCode;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock, clock::DefaultClock};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Where a provider's own requests come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// `/oauth/par`.
    Par,
    /// `/oauth/token`.
    Token,
    /// `/oauth/userinfo`.
    Userinfo,
    /// `/provider/v1`.
    Status,
}

impl Door {
    /// Its word in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Par => "par",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Status => "status",
        }
    }
}

/// Why a request is not heard now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// The provider's budget at this door is spent.
    Budget(RetryAfterS),
    /// The provider has its share of requests under way, and none of them ended in time.
    Share,
    /// All providers together have as many under way as there may be.
    Whole,
    /// Its source showed too often that it is no provider.
    Source(RetryAfterS),
}

impl TurnedAway {
    const fn word(self) -> &'static str {
        match self {
            Self::Budget(_) => "budget",
            Self::Share => "share",
            Self::Whole => "whole",
            Self::Source(_) => "source",
        }
    }

    /// Too much for the server is ours; all else is whoever asks too much.
    const fn status(self) -> StatusCode {
        match self {
            Self::Whole => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    const fn retry_after_s(self) -> u64 {
        match self {
            Self::Budget(wait) | Self::Source(wait) => wait.0,
            Self::Share | Self::Whole => 1,
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Budget(_) => "too many requests: ask again after Retry-After seconds",
            Self::Share => {
                "too many requests of yours at once: ask again after Retry-After seconds"
            }
            Self::Whole => "too many requests at once: ask again after Retry-After seconds",
            Self::Source(_) => "too many requests without valid credentials from this address",
        }
    }
}

impl From<TurnedAway> for OAuthError {
    fn from(why: TurnedAway) -> Self {
        let mut error = Self::new(Code::TemporarilyUnavailable, why.detail());
        error.status = why.status();
        error.retry_after_s = Some(why.retry_after_s());
        error
    }
}

impl From<TurnedAway> for ProblemDetails {
    fn from(why: TurnedAway) -> Self {
        let code = if why == TurnedAway::Whole { "busy" } else { "too_many_requests" };
        Self::new(why.status(), code, why.detail()).again_after(why.retry_after_s())
    }
}

/// Budgets and shares of all providers.
pub struct ProviderLimits {
    budgets: DefaultKeyedRateLimiter<(ProviderId, Door)>,
    clock: DefaultClock,
    failures: SourceLimiter,
    /// One for each provider that ever asked: as many as are registered at most.
    shares: Mutex<HashMap<ProviderId, Share>>,
    whole: Arc<Semaphore>,
    most_of_one: usize,
    patience: Duration,
}

/// What one provider has of the whole.
#[derive(Clone)]
struct Share {
    room: Arc<Semaphore>,
    /// Places to wait for it in; past them nobody waits.
    places: Arc<Semaphore>,
}

/// Requests that wait for room in a share, for each that has it.
const WAITING_FOR_EACH: usize = 4;

/// A request that is heard; dropped, it makes room for the next.
#[derive(Debug)]
pub struct Admitted {
    _share: OwnedSemaphorePermit,
    _whole: OwnedSemaphorePermit,
}

impl ProviderLimits {
    /// Limits as configured; so many sources at most are remembered apart.
    pub fn new(config: &ProviderLimitsConfig, most_sources: usize) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(config.requests_per_second))
            .allow_burst(at_least_one(config.burst_requests));
        let failures = at_least_one(config.failed_authentications_per_minute_per_source);
        Self {
            budgets: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
            failures: SourceLimiter::new(failures, most_sources),
            shares: Mutex::default(),
            whole: Arc::new(Semaphore::new(config.requests_under_way)),
            most_of_one: (config.requests_under_way * config.share_percent / 100).max(1),
            patience: Duration::from_millis(config.share_wait_ms),
        }
    }

    /// Hears a provider's request within its budget, as soon as it has room in its share. Those of
    /// one provider come in turn, so a flood waits for itself; past [`WAITING_FOR_EACH`] times the
    /// share it is told so at once, and holds no more memory and connections.
    pub async fn admit(&self, provider: &ProviderId, door: Door) -> Result<Admitted, TurnedAway> {
        self.budgets.check_key(&(provider.clone(), door)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            TurnedAway::Budget(RetryAfterS(wait.as_secs() + 1))
        })?;
        let until = Instant::now() + self.patience;
        let Share { room, places } = self.share_of(provider);
        let share = if let Ok(share) = Arc::clone(&room).try_acquire_owned() {
            share
        } else {
            let _waits = places.try_acquire().map_err(|_| TurnedAway::Share)?;
            room_until(until, room).await.ok_or(TurnedAway::Share)?
        };
        // No more wait for the whole than have room in their shares.
        let whole = room_until(until, Arc::clone(&self.whole)).await.ok_or(TurnedAway::Whole)?;
        Ok(Admitted { _share: share, _whole: whole })
    }

    /// Counts a request that did not show whose it is. Right credentials are heard from the same
    /// source all the while.
    pub fn failed(&self, source: &Source) -> Result<(), TurnedAway> {
        self.failures.check(source).map_err(TurnedAway::Source)
    }

    fn share_of(&self, provider: &ProviderId) -> Share {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(provider) {
            return share.clone();
        }
        let permits = |number| Arc::new(Semaphore::new(number));
        let share = Share {
            room: permits(self.most_of_one),
            places: permits(self.most_of_one * WAITING_FOR_EACH),
        };
        shares.insert(provider.clone(), share.clone());
        share
    }
}

/// Room, if there is some in time; nobody closes what it is of.
async fn room_until(until: Instant, of: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    timeout_at(until, of.acquire_owned()).await.ok()?.ok()
}

/// Hears a provider's request, or counts that it was turned away. While it waits for its share it is not
/// counted among what its thread works on.
pub async fn admit(
    state: &WebState,
    provider: &ProviderId,
    door: Door,
) -> Result<Admitted, TurnedAway> {
    let waits = state.admission.worker().set_aside();
    let admitted = state.provider_limits.admit(provider, door).await;
    drop(waits);
    admitted.inspect_err(|why| {
        state.metrics.provider_turned_away(provider.as_str(), door.as_str(), why.word());
    })
}

/// What a request that did not show whose it is hears: why, or that its source did so too often.
pub fn unknown<E: From<TurnedAway>>(state: &WebState, source: &Source, door: Door, why: E) -> E {
    match state.provider_limits.failed(source) {
        Ok(()) => why,
        Err(turned_away) => {
            state.metrics.provider_turned_away(UNKNOWN_PROVIDER, door.as_str(), turned_away.word());
            turned_away.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{
        ResponseError,
        http::header::{self, HeaderValue},
    };

    fn limits(change: impl FnOnce(&mut ProviderLimitsConfig)) -> ProviderLimits {
        let mut config = ProviderLimitsConfig {
            requests_per_second: 1_000,
            burst_requests: 1_000,
            requests_under_way: 8,
            share_percent: 25,
            share_wait_ms: 0,
            failed_authentications_per_minute_per_source: 2,
        };
        change(&mut config);
        ProviderLimits::new(&config, 100)
    }

    fn provider(id: &str) -> ProviderId {
        id.parse().expect("a provider")
    }

    #[tokio::test]
    async fn a_spent_budget_is_the_providers_own_and_the_doors() {
        let limits = limits(|config| {
            config.requests_per_second = 1;
            config.burst_requests = 2;
        });
        let (own, other) = (provider("a-sha"), provider("b-sha"));
        for _ in 0..2 {
            assert!(limits.admit(&own, Door::Par).await.is_ok());
        }
        let refused = limits.admit(&own, Door::Par).await.expect_err("spent");
        let TurnedAway::Budget(RetryAfterS(seconds)) = refused else { panic!("{refused:?}") };
        assert!((1..=2).contains(&seconds), "{seconds}");
        assert!(limits.admit(&own, Door::Token).await.is_ok());
        assert!(limits.admit(&own, Door::Userinfo).await.is_ok());
        assert!(limits.admit(&own, Door::Status).await.is_ok());
        assert!(limits.admit(&other, Door::Par).await.is_ok());
    }

    #[tokio::test]
    async fn a_flood_fills_its_own_share_and_no_other() {
        let limits = limits(|_| ());
        let (own, other) = (provider("a-sha"), provider("b-sha"));
        let first = limits.admit(&own, Door::Par).await.expect("a quarter of eight");
        let second = limits.admit(&own, Door::Status).await.expect("a quarter of eight");
        assert_eq!(limits.admit(&own, Door::Token).await.expect_err("full"), TurnedAway::Share);
        let others = limits.admit(&other, Door::Token).await.expect("its own share");
        drop(first);
        let third = limits.admit(&own, Door::Token).await.expect("room again");
        drop((second, others, third));
    }

    #[tokio::test]
    async fn all_shares_together_are_no_more_than_the_whole() {
        let limits = limits(|_| ());
        let mut heard = Vec::new();
        for number in 0..4 {
            for _ in 0..2 {
                let id = provider(&format!("p-{number}"));
                heard.push(limits.admit(&id, Door::Par).await.expect("room"));
            }
        }
        let late = provider("late");
        assert_eq!(limits.admit(&late, Door::Par).await.expect_err("full"), TurnedAway::Whole);
        heard.pop();
        assert!(limits.admit(&late, Door::Par).await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_is_heard_as_soon_as_one_of_its_own_has_ended() {
        let limits = Arc::new(limits(|config| {
            config.share_percent = 1;
            config.share_wait_ms = 5_000;
        }));
        let own = provider("a-sha");
        let first = limits.admit(&own, Door::Par).await.expect("one is always heard");
        let waiting = {
            let (limits, own) = (Arc::clone(&limits), own.clone());
            tokio::spawn(async move { limits.admit(&own, Door::Par).await.map(drop) })
        };
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        assert_eq!(waiting.await.expect("no panic"), Ok(()));
    }

    #[tokio::test]
    async fn four_times_the_share_may_wait_and_who_comes_beyond_is_told_at_once() {
        let limits = Arc::new(limits(|config| config.share_wait_ms = 5_000));
        let (own, other) = (provider("a-sha"), provider("b-sha"));
        let heard = [
            limits.admit(&own, Door::Par).await.expect("a quarter of eight"),
            limits.admit(&own, Door::Par).await.expect("a quarter of eight"),
        ];
        let wait = || {
            let (limits, own) = (Arc::clone(&limits), own.clone());
            tokio::spawn(async move { limits.admit(&own, Door::Par).await.map(drop) })
        };
        let waiting: Vec<_> = (0..8).map(|_| wait()).collect();
        tokio::task::yield_now().await;
        assert!(waiting.iter().all(|one| !one.is_finished()));
        let began = Instant::now();
        assert_eq!(limits.admit(&own, Door::Par).await.expect_err("full"), TurnedAway::Share);
        assert!(began.elapsed() < Duration::from_secs(5), "at once: {:?}", began.elapsed());
        assert!(limits.admit(&other, Door::Par).await.is_ok());
        drop(heard);
        for one in waiting {
            assert_eq!(one.await.expect("no panic"), Ok(()));
        }
        assert!(limits.admit(&own, Door::Par).await.is_ok(), "their places are free again");
    }

    #[test]
    fn who_fails_counts_by_its_source() {
        let limits = limits(|_| ());
        let source = |text: &str| Source::new(text.parse().expect("an address"));
        let (own, other) = (source("203.0.113.7"), source("203.0.113.8"));
        assert!(limits.failed(&own).is_ok() && limits.failed(&own).is_ok());
        let refused = limits.failed(&own).expect_err("too often");
        assert!(matches!(refused, TurnedAway::Source(RetryAfterS(1..=30))), "{refused:?}");
        assert!(limits.failed(&other).is_ok());
    }

    #[test]
    fn each_door_says_it_in_its_own_form() {
        for (why, status, seconds) in [
            (TurnedAway::Budget(RetryAfterS(7)), 429, 7),
            (TurnedAway::Source(RetryAfterS(9)), 429, 9),
            (TurnedAway::Share, 429, 1),
            (TurnedAway::Whole, 503, 1),
        ] {
            let error = OAuthError::from(why);
            assert_eq!((error.status.as_u16(), error.retry_after_s), (status, Some(seconds)));
            assert_eq!(error.code, Code::TemporarilyUnavailable);
            let response = ProblemDetails::from(why).error_response();
            let told = response.headers().get(header::RETRY_AFTER).expect("a time");
            assert_eq!((response.status().as_u16(), told), (status, &HeaderValue::from(seconds)));
        }
    }
}
