//! The throttle as a login sees it: take a permit, evaluate, give the verdict.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::*;

const ID: [u8; 32] = [1; 32];

#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl TestClock {
    fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).expect("a short time");
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

fn throttle(policy: ThrottlePolicy) -> (Throttle, TestClock) {
    let clock = TestClock::default();
    let read = clock.clone();
    let now = move || Duration::from_millis(read.0.load(Ordering::Relaxed));
    (Throttle::with_clock(policy, now), clock)
}

/// A policy where only the scope under test can be crossed.
fn without_aggregates() -> ThrottlePolicy {
    ThrottlePolicy { source_failures: 100_000, aggregate_failures: 100_000, ..Default::default() }
}

fn id(n: u32) -> [u8; 32] {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&n.to_be_bytes());
    key
}

fn source(text: &str) -> Source {
    Source::new(text.parse().expect("an address"))
}

/// The nth /64 of one /48.
fn neighbour(n: u32) -> Source {
    source(&format!("2001:db8:1:{n:x}::1"))
}

/// The nth /64, each in a /48 of its own.
fn stranger(n: u32) -> Source {
    source(&format!("2001:{:x}:{:x}::1", n >> 16, n & 0xffff))
}

async fn fail(throttle: &Throttle, id: [u8; 32], source: Source) -> Result<FailureOutcome, Held> {
    throttle.permit(id, source, false).await.map(Permit::failed)
}

async fn succeed(throttle: &Throttle, source: Source, own_line: bool) -> Result<(), Held> {
    throttle.permit(ID, source, own_line).await.map(Permit::succeeded)
}

fn restore(
    throttle: &Throttle,
    id_key: [u8; 32],
    source_prefix: Option<IpNetwork>,
    failures: u32,
    remaining: Duration,
) {
    let now = throttle.0.now();
    let hold = CommittedHold { source_prefix, failures, remaining };
    throttle.0.state().ledger.restore(id_key, hold, now);
}

fn gates_are_empty(throttle: &Throttle) -> bool {
    throttle.0.state().gates.is_empty()
}

/// Looks at a password for a while, as the pool does.
async fn evaluate() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn five_failures_then_waits_that_double() {
    let (throttle, clock) = throttle(without_aggregates());
    for n in 1..=4 {
        let outcome = fail(&throttle, ID, neighbour(1)).await.expect("heard");
        assert_eq!(outcome, FailureOutcome::default(), "failure {n}");
    }
    for (failures, wait_s) in [(5, 60), (6, 120), (7, 240), (8, 480), (9, 900), (10, 900)] {
        let outcome = fail(&throttle, ID, neighbour(1)).await.expect("heard");
        assert!(outcome.crossed_threshold);
        assert_eq!(outcome.source_hold, Some(Hold { failures, wait_s }));
        let held = fail(&throttle, ID, neighbour(1)).await;
        assert_eq!(held, Err(Held { retry_after_s: wait_s }));
        clock.advance(Duration::from_millis(wait_s * 1_000 - 1));
        let held = fail(&throttle, ID, neighbour(1)).await;
        assert_eq!(held, Err(Held { retry_after_s: 1 }));
        clock.advance(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_hold_is_of_one_id_from_one_source() {
    let (throttle, _clock) = throttle(without_aggregates());
    for _ in 0..5 {
        fail(&throttle, ID, neighbour(1)).await.expect("heard");
    }
    assert!(fail(&throttle, ID, source("2001:db8:1:1:ffff::9")).await.is_err(), "the same /64");
    assert!(fail(&throttle, ID, neighbour(2)).await.is_ok(), "another source");
    assert!(fail(&throttle, id(2), neighbour(1)).await.is_ok(), "another ID");
}

#[tokio::test]
async fn parallel_guesses_do_not_outrun_the_count() {
    // security.md 4
    let (throttle, _clock) = throttle(without_aggregates());
    let evaluated = Arc::new(AtomicU32::new(0));
    let guesses: Vec<_> = (0..50)
        .map(|_| {
            let (throttle, evaluated) = (throttle.clone(), Arc::clone(&evaluated));
            tokio::spawn(async move {
                let permit = throttle.permit(ID, neighbour(1), false).await?;
                evaluated.fetch_add(1, Ordering::Relaxed);
                evaluate().await;
                permit.failed();
                Ok::<(), Held>(())
            })
        })
        .collect();
    let mut refused = 0;
    for guess in guesses {
        refused += u32::from(guess.await.expect("it ends").is_err());
    }
    assert_eq!((evaluated.load(Ordering::Relaxed), refused), (5, 45));
    assert!(gates_are_empty(&throttle));
}

#[tokio::test]
async fn parallel_valid_logins_all_pass_one_after_another() {
    // security.md 5
    let (throttle, _clock) = throttle(without_aggregates());
    for _ in 0..4 {
        fail(&throttle, ID, neighbour(1)).await.expect("heard");
    }
    let at_once = Arc::new(AtomicU32::new(0));
    let logins: Vec<_> = (0..20)
        .map(|_| {
            let (throttle, at_once) = (throttle.clone(), Arc::clone(&at_once));
            tokio::spawn(async move {
                let permit = throttle.permit(ID, neighbour(1), false).await?;
                assert_eq!(at_once.fetch_add(1, Ordering::Relaxed), 0, "one at a time");
                evaluate().await;
                at_once.fetch_sub(1, Ordering::Relaxed);
                permit.succeeded();
                Ok::<(), Held>(())
            })
        })
        .collect();
    for login in logins {
        assert_eq!(login.await.expect("it ends"), Ok(()));
    }
    assert!(gates_are_empty(&throttle));
}

#[tokio::test]
async fn the_owner_gets_in_from_the_own_line() {
    // security.md 6: 1,000 failures from one address, and 1,000 more from everywhere.
    let (throttle, clock) = throttle(without_aggregates());
    for n in 0..1_000 {
        let _ = fail(&throttle, ID, stranger(1)).await;
        let _ = fail(&throttle, ID, stranger(n)).await;
        clock.advance(Duration::from_secs(1));
    }
    assert!(succeed(&throttle, neighbour(9), false).await.is_err(), "not from elsewhere");
    assert_eq!(succeed(&throttle, neighbour(9), true).await, Ok(()));
    // The own line has its own five.
    for _ in 0..5 {
        let permit = throttle.permit(ID, neighbour(9), true).await.expect("heard");
        permit.failed();
    }
    assert!(throttle.permit(ID, neighbour(9), true).await.is_err());
}

#[tokio::test]
async fn the_hundredth_failure_from_elsewhere_holds_the_id() {
    // security.md 8
    let (throttle, clock) = throttle(without_aggregates());
    for n in 1..=99 {
        let outcome = fail(&throttle, ID, stranger(n)).await.expect("heard");
        assert!(!outcome.crossed_threshold, "failure {n}");
    }
    let outcome = fail(&throttle, ID, stranger(100)).await.expect("heard");
    assert!(outcome.crossed_threshold);
    assert_eq!(outcome.id_hold, Some(Hold { failures: 100, wait_s: 60 }));
    assert_eq!(fail(&throttle, ID, stranger(101)).await, Err(Held { retry_after_s: 60 }));
    assert!(fail(&throttle, id(2), stranger(101)).await.is_ok(), "another ID");
    clock.advance(Duration::from_mins(1));
    let outcome = fail(&throttle, ID, stranger(102)).await.expect("heard");
    assert_eq!(outcome.id_hold, Some(Hold { failures: 101, wait_s: 120 }));
}

#[tokio::test]
async fn a_spread_attack_in_parallel_does_not_outrun_the_id() {
    // security.md 8 with every source at once
    let (throttle, _clock) = throttle(without_aggregates());
    let evaluated = Arc::new(AtomicU32::new(0));
    let guesses: Vec<_> = (0..300)
        .map(|n| {
            let (throttle, evaluated) = (throttle.clone(), Arc::clone(&evaluated));
            tokio::spawn(async move {
                let permit = throttle.permit(ID, stranger(n), false).await?;
                evaluated.fetch_add(1, Ordering::Relaxed);
                evaluate().await;
                permit.failed();
                Ok::<(), Held>(())
            })
        })
        .collect();
    for guess in guesses {
        let _ = guess.await.expect("it ends");
    }
    assert_eq!(evaluated.load(Ordering::Relaxed), 100);
    assert!(gates_are_empty(&throttle));
}

#[tokio::test]
async fn success_forgives_this_source_only() {
    // security.md 10
    let (throttle, _clock) = throttle(without_aggregates());
    for _ in 0..3 {
        for _ in 0..4 {
            fail(&throttle, ID, neighbour(1)).await.expect("heard");
        }
        succeed(&throttle, neighbour(1), false).await.expect("not held");
    }
    for _ in 0..4 {
        fail(&throttle, ID, neighbour(2)).await.expect("heard");
    }
    succeed(&throttle, neighbour(1), false).await.expect("not held");
    let outcome = fail(&throttle, ID, neighbour(2)).await.expect("heard");
    assert!(outcome.source_hold.is_some(), "the other source's failures stay");
}

#[tokio::test]
async fn success_takes_its_failures_out_of_the_ids_count() {
    let policy = ThrottlePolicy { id_failures_elsewhere: 6, ..without_aggregates() };
    let (throttle, _clock) = throttle(policy);
    for n in [1, 1, 1, 2, 2] {
        fail(&throttle, ID, stranger(n)).await.expect("heard");
    }
    succeed(&throttle, stranger(1), false).await.expect("not held");
    for n in [3, 4, 5] {
        let outcome = fail(&throttle, ID, stranger(n)).await.expect("heard");
        assert_eq!(outcome.id_hold, None, "{n}");
    }
    let outcome = fail(&throttle, ID, stranger(6)).await.expect("heard");
    assert_eq!(outcome.id_hold.map(|hold| hold.failures), Some(6));
}

#[tokio::test]
async fn a_permit_without_a_verdict_counts_nothing() {
    // security.md 60: what was refused for another reason is no password failure.
    let (throttle, _clock) = throttle(without_aggregates());
    for _ in 0..20 {
        drop(throttle.permit(ID, neighbour(1), false).await.expect("heard"));
    }
    assert_eq!(throttle.tracked_pairs(), 0);
    assert!(gates_are_empty(&throttle));
}

#[tokio::test]
async fn who_stops_waiting_leaves_no_trace() {
    let (throttle, _clock) = throttle(without_aggregates());
    let first = throttle.permit(ID, neighbour(1), false).await.expect("heard");
    let waiting = {
        let throttle = throttle.clone();
        tokio::spawn(async move { succeed(&throttle, neighbour(1), false).await })
    };
    evaluate().await;
    waiting.abort();
    assert!(waiting.await.expect_err("it was stopped").is_cancelled());
    drop(first);
    assert!(gates_are_empty(&throttle));
    assert_eq!(succeed(&throttle, neighbour(1), false).await, Ok(()));
}

#[tokio::test]
async fn those_who_wait_for_their_turn_are_counted_and_past_a_thousand_there_is_no_room() {
    let (throttle, _clock) = throttle(without_aggregates());
    let first = throttle.permit(ID, neighbour(1), false).await.expect("heard");
    let wait = || {
        let throttle = throttle.clone();
        tokio::spawn(async move { drop(throttle.permit(ID, neighbour(1), false).await) })
    };
    let waiting: Vec<_> = (0..1_022).map(|_| wait()).collect();
    // The runtime comes to a few dozen of them at a time.
    for _ in 0..100 {
        evaluate().await;
    }
    assert!(throttle.waiting() < Throttle::MOST_WAITING, "one more may wait");
    let last = wait();
    evaluate().await;
    assert_eq!(throttle.waiting(), Throttle::MOST_WAITING);
    drop(first);
    for waited in waiting.into_iter().chain([last]) {
        waited.await.expect("no panic");
    }
    assert_eq!(throttle.waiting(), 0);
    assert!(gates_are_empty(&throttle));
}

#[tokio::test]
async fn one_source_over_many_ids_is_held() {
    // security.md 7 and 16: one /64.
    let (throttle, clock) = throttle(ThrottlePolicy::default());
    let mut heard = 0;
    for n in 0..10_000 {
        heard += u32::from(fail(&throttle, id(n), neighbour(1)).await.is_ok());
        clock.advance(Duration::from_millis(1));
    }
    assert_eq!(heard, 100);
    assert!(fail(&throttle, id(1), neighbour(2)).await.is_ok(), "a neighbour is heard");
}

#[tokio::test]
async fn many_sources_of_one_network_are_held() {
    // security.md 7: 1,000 /64s inside one /48.
    let (throttle, _clock) = throttle(ThrottlePolicy::default());
    for n in 0..1_000 {
        let outcome = fail(&throttle, id(n), neighbour(n)).await.expect("heard");
        assert_eq!(outcome.aggregate_hold, n == 999, "{n}");
        assert!(!outcome.crossed_threshold, "no hold of an ID");
    }
    assert!(fail(&throttle, id(5_000), neighbour(5_000)).await.is_err());
    assert!(fail(&throttle, id(5_000), stranger(1)).await.is_ok());
}

#[tokio::test]
async fn one_password_over_many_ids_is_held() {
    // security.md 7, from anywhere
    let (throttle, clock) = throttle(ThrottlePolicy::default());
    let attempt = |n: u32, fingerprint| Attempt {
        id_key: id(n),
        source: stranger(n),
        own_line: false,
        password_fingerprint: Some(fingerprint),
    };
    for _ in 0..3 {
        // The same ID again is no second ID.
        throttle.permit_attempt(attempt(0, [7; 32])).await.expect("heard").failed();
    }
    for n in 1..50 {
        let permit = throttle.permit_attempt(attempt(n, [7; 32])).await.expect("heard");
        assert_eq!(permit.failed().aggregate_hold, n == 49, "{n}");
    }
    let held = throttle.permit_attempt(attempt(99, [7; 32])).await.err();
    assert_eq!(held, Some(Held { retry_after_s: 60 }));
    assert!(throttle.permit_attempt(attempt(99, [8; 32])).await.is_ok(), "another password");
    clock.advance(Duration::from_mins(1));
    let permit = throttle.permit_attempt(attempt(99, [7; 32])).await.expect("heard");
    assert!(permit.failed().aggregate_hold, "it goes on where it ended");
}

#[tokio::test]
async fn memory_is_bounded_and_the_stalest_goes() {
    let policy = ThrottlePolicy { max_tracked: 100, ..without_aggregates() };
    let (throttle, _clock) = throttle(policy);
    for n in 0..1_000 {
        for _ in 0..2 {
            fail(&throttle, id(n), stranger(n)).await.expect("heard");
        }
    }
    assert_eq!(throttle.tracked_pairs(), 100);
    for _ in 0..3 {
        fail(&throttle, id(999), stranger(999)).await.expect("heard");
    }
    assert!(fail(&throttle, id(999), stranger(999)).await.is_err(), "the freshest is remembered");
    assert!(gates_are_empty(&throttle));
}

#[tokio::test]
async fn a_committed_hold_survives_a_restart() {
    // security.md 11
    let (throttle, clock) = throttle(without_aggregates());
    let prefix = neighbour(1).throttle_prefix();
    restore(&throttle, ID, Some(prefix), 6, Duration::from_secs(90));
    assert_eq!(fail(&throttle, ID, neighbour(1)).await, Err(Held { retry_after_s: 90 }));
    assert!(fail(&throttle, ID, neighbour(2)).await.is_ok());
    clock.advance(Duration::from_secs(90));
    let outcome = fail(&throttle, ID, neighbour(1)).await.expect("heard");
    assert_eq!(outcome.source_hold, Some(Hold { failures: 7, wait_s: 240 }));

    restore(&throttle, ID, None, 100, Duration::from_hours(99));
    assert_eq!(fail(&throttle, ID, stranger(5)).await, Err(Held { retry_after_s: 900 }));
    assert_eq!(succeed(&throttle, stranger(5), true).await, Ok(()), "the own line is heard");
}

#[tokio::test]
async fn what_was_committed_is_put_back_once_security_12() {
    let (throttle, clock) = throttle(without_aggregates());
    let hold = |wait_s| CommittedHold {
        source_prefix: Some(neighbour(1).throttle_prefix()),
        failures: 5,
        remaining: Duration::from_secs(wait_s),
    };
    throttle.restore_once(ID, [hold(60)]);
    assert!(throttle.is_held_here(ID, neighbour(1)) && !throttle.is_held_here(ID, neighbour(2)));
    clock.advance(Duration::from_mins(1));
    assert!(!throttle.is_held_here(ID, neighbour(1)));
    // By a wall clock that was set back it would still last.
    throttle.restore_once(ID, [hold(60)]);
    assert!(!throttle.is_held_here(ID, neighbour(1)));
    // A longer hold of this process is not shortened by what is put back.
    for _ in 0..5 {
        fail(&throttle, id(2), neighbour(1)).await.expect("heard");
    }
    throttle.restore_once(id(2), [hold(1)]);
    clock.advance(Duration::from_secs(59));
    assert!(throttle.is_held_here(id(2), neighbour(1)));
}

#[tokio::test]
async fn no_neighbour_and_no_spray_holds_an_owner_on_the_own_line() {
    let (throttle, _clock) = throttle(ThrottlePolicy::default());
    for n in 0..1_000 {
        fail(&throttle, id(n), neighbour(n)).await.expect("heard");
    }
    let attempt = |n: u32, own_line| Attempt {
        id_key: id(5_000 + n),
        source: if own_line { neighbour(5_000) } else { stranger(n) },
        own_line,
        password_fingerprint: Some([7; 32]),
    };
    for n in 0..50 {
        throttle.permit_attempt(attempt(n, false)).await.expect("heard").failed();
    }
    assert!(throttle.permit_attempt(attempt(99, false)).await.is_err());
    assert!(throttle.permit(id(6_000), neighbour(5_000), false).await.is_err());
    assert!(throttle.permit_attempt(attempt(99, true)).await.is_ok());
    // The line's own guesses at many IDs hold the line all the same, as one source.
    for n in 0..100 {
        throttle.permit(id(7_000 + n), neighbour(5_000), true).await.expect("heard").failed();
    }
    assert!(throttle.permit(id(8_000), neighbour(5_000), true).await.is_err());
}

#[tokio::test]
async fn the_desk_can_release_an_id() {
    let (throttle, _clock) = throttle(without_aggregates());
    restore(&throttle, ID, None, 100, Duration::from_mins(9));
    for other in [ID, id(2)] {
        let prefix = neighbour(1).throttle_prefix();
        restore(&throttle, other, Some(prefix), 5, Duration::from_mins(9));
    }
    throttle.release(ID);
    assert!(fail(&throttle, ID, neighbour(1)).await.is_ok());
    assert!(fail(&throttle, id(2), neighbour(1)).await.is_err(), "only this ID");
}
