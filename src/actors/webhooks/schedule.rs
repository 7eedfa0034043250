//! When a message is tried again, and when it is given up. Pure: time and chance are told.

use super::{Failure, FailureKind, WebhookOptions};
use crate::{
    actors::backoff::{after, jittered},
    domain::calendar::Instant,
    store::KeptMessage,
};
use std::time::Duration;

/// A message after a try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is tried again.
    Waits(KeptMessage),
    /// It is given up.
    Parked(KeptMessage),
}

/// The pause after so many tries: from the list, whose last repeats, less a part by chance.
pub fn pause(options: &WebhookOptions, attempts: u32, chance: u64) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pauses = &options.retry_after;
    let pause = pauses.get(index).or(pauses.last()).copied();
    jittered(pause.unwrap_or(Duration::from_secs(5)), chance)
}

/// What becomes of a message whose try failed: it waits, no shorter than the provider asked for, or
/// its term is over. A row that cannot be read is given up at once.
pub fn failed(
    message: KeptMessage,
    failure: Failure,
    now: Instant,
    options: &WebhookOptions,
) -> Next {
    let attempts = message.attempts.saturating_add(1);
    let since = if message.attempts == 0 { now } else { message.since };
    let (reason, status) = (failure.kind.code().to_owned(), failure.status);
    let tried = KeptMessage { attempts, since, at: now, reason, status, ..message };
    let over = after(since, options.park_after);
    if now >= over || failure.kind == FailureKind::Unreadable {
        return Next::Parked(tried);
    }
    let pause = pause(options, attempts, (options.draw)());
    let pause = pause.max(failure.retry_after.unwrap_or_default());
    // The last try is at the end of the term, so that it is a term of tries.
    Next::Waits(KeptMessage { at: after(now, pause).min(over), ..tried })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000_000;

    fn options() -> WebhookOptions {
        WebhookOptions {
            most_at_once: 4,
            retry_after: [5, 300, 1_800, 7_200, 18_000, 36_000].map(Duration::from_secs).to_vec(),
            probe_longest: Duration::from_mins(5),
            park_after: Duration::from_hours(72),
            draw: || 0,
        }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(NOW + seconds * 1_000_000)
    }

    fn message() -> KeptMessage {
        KeptMessage {
            id: "purchase-100000000016".parse().expect("an ID"),
            line: "CAF0000012573".parse().expect("a customer ID"),
            seq: 3,
            block: 2,
            accepted_at: at(-1),
            since: at(0),
            attempts: 0,
            at: at(0),
            reason: String::new(),
            status: None,
        }
    }

    #[test]
    fn pauses_follow_the_list_and_lose_up_to_a_half_by_chance_reliability_24() {
        let table =
            [(1, 5), (2, 300), (3, 1_800), (4, 7_200), (5, 18_000), (6, 36_000), (99, 36_000)];
        for (attempts, seconds) in table {
            let longest = Duration::from_secs(seconds);
            assert_eq!(pause(&options(), attempts, 0), longest, "{attempts}");
            for chance in [1, 98_765_432_109, u64::MAX] {
                let drawn = pause(&options(), attempts, chance);
                assert!(drawn <= longest && drawn >= longest / 2, "{attempts}: {drawn:?}");
            }
        }
    }

    #[test]
    fn a_message_waits_for_days_and_is_given_up_at_the_end_of_its_term() {
        let failure =
            Failure { kind: FailureKind::ServerError, status: Some(500), retry_after: None };
        let (mut kept, mut now, mut tries) = (message(), 0, 0);
        let parked = loop {
            tries += 1;
            match failed(kept, failure, at(now), &options()) {
                Next::Waits(next) => {
                    now = (next.at.micros() - NOW) / 1_000_000;
                    kept = next;
                }
                Next::Parked(parked) => break parked,
            }
        };
        assert_eq!(
            (parked.at, parked.since),
            (at(72 * 3_600), at(0)),
            "the last try ends the term"
        );
        assert_eq!((parked.attempts, parked.status, tries), (tries, Some(500), 13));
        assert_eq!(parked.reason, "server_error");
    }

    #[test]
    fn a_provider_is_left_alone_for_as_long_as_it_asks_for() {
        let retry_after = Some(Duration::from_secs(90));
        let failure = Failure { kind: FailureKind::Busy, status: Some(429), retry_after };
        let Next::Waits(waits) = failed(message(), failure, at(0), &options()) else {
            panic!("it waits")
        };
        assert_eq!(waits.at, at(90));
        let Next::Waits(waits) = failed(waits, failure, at(90), &options()) else {
            panic!("it waits")
        };
        assert_eq!(waits.at, at(90 + 300), "the list asks for more");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_given_up_at_once() {
        let failure = Failure::of(FailureKind::Unreadable);
        assert!(matches!(failed(message(), failure, at(0), &options()), Next::Parked(_)));
    }
}
