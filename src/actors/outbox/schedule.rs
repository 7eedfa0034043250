//! When a mail is tried again. Pure: time and chance are told.

use super::{Failure, OutboxOptions};
use crate::{
    actors::backoff::{after, jittered},
    domain::calendar::Instant,
    store::{MailId, MailPlace, MailRecord, MailRow, Shelf},
};
use std::time::Duration;

/// The pause before the next try of a mail that failed so often: doubled each time, and less up to
/// a half by chance, so that mails that failed together do not come back together.
pub fn pause(options: &OutboxOptions, attempts: u32, chance: u64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(24);
    let pause = options.retry_first.saturating_mul(1 << doublings).min(options.retry_longest);
    jittered(pause, chance)
}

/// A mail's row after another try that failed: it waits, or is parked for good or after its term.
pub fn failed(
    mail: MailId,
    accepted_at: Instant,
    before: Option<&MailRecord>,
    failure: Failure,
    now: Instant,
    options: &OutboxOptions,
) -> MailRow {
    let since = before.map_or(now, |before| before.since);
    let attempts = before.map_or(0, |before| before.attempts).saturating_add(1);
    let (reason, code) = (failure.kind.code().to_owned(), failure.code);
    let record = MailRecord { accepted_at, since, attempts, reason, code };
    let is_over = now >= after(since, options.park_after);
    let place = if failure.kind.is_final() || is_over {
        MailPlace { shelf: Shelf::Parked, at: now, mail }
    } else {
        let next = after(now, pause(options, attempts, (options.draw)()));
        // The last try is at the end of the term, so that it is a term of tries.
        let at = next.min(after(since, options.park_after)).max(now);
        MailPlace { shelf: Shelf::Waiting, at, mail }
    };
    MailRow { place, record }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::outbox::FailureKind;

    const NOW: i64 = 1_790_000_000_000_000;

    fn options() -> OutboxOptions {
        OutboxOptions {
            most_at_once: 4,
            retry_first: Duration::from_mins(1),
            retry_longest: Duration::from_hours(1),
            probe_longest: Duration::from_secs(8),
            park_after: Duration::from_hours(72),
            draw: || 0,
        }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(NOW + seconds * 1_000_000)
    }

    fn mail() -> MailId {
        "CAF0000012573-14-purchased-6".parse().expect("a mail")
    }

    #[test]
    fn pauses_double_to_the_longest_and_lose_up_to_a_half_by_chance() {
        let table = [(1, 60), (2, 120), (3, 240), (6, 1_920), (7, 3_600), (1_000, 3_600)];
        for (attempts, seconds) in table {
            let longest = Duration::from_secs(seconds);
            assert_eq!(pause(&options(), attempts, 0), longest, "{attempts}");
            for chance in [1, 12_345_678_901, u64::MAX] {
                let drawn = pause(&options(), attempts, chance);
                assert!(drawn <= longest && drawn >= longest / 2, "{attempts}: {drawn:?}");
            }
        }
        assert_ne!(pause(&options(), 1, 1_000), pause(&options(), 1, 2_000));
    }

    #[test]
    fn what_is_refused_is_parked_at_once_and_what_is_put_off_at_the_end_of_its_term() {
        let try_at = |seconds, before: Option<&MailRecord>, kind, code| {
            let failure = Failure { kind, code };
            failed(mail(), at(-5), before, failure, at(seconds), &options())
        };
        let refused = try_at(0, None, FailureKind::Refused, Some(550));
        assert_eq!(refused.place.shelf, Shelf::Parked);
        assert_eq!((refused.record.code, refused.record.attempts), (Some(550), 1));
        let first = try_at(0, None, FailureKind::Later, Some(451));
        assert_eq!((first.place.shelf, first.place.at), (Shelf::Waiting, at(60)));
        let second = try_at(60, Some(&first.record), FailureKind::NoAnswer, None);
        assert_eq!((second.place.at, second.record.attempts), (at(180), 2));
        assert_eq!((second.record.since, second.record.code), (at(0), None));
        // Near the end of the term the last try is at its end.
        let term_s = 72 * 3_600;
        let near = try_at(term_s - 10, Some(&first.record), FailureKind::Later, Some(451));
        assert_eq!((near.place.shelf, near.place.at), (Shelf::Waiting, at(term_s)));
        let over = try_at(term_s, Some(&near.record), FailureKind::Later, Some(451));
        assert_eq!((over.place.shelf, over.place.at), (Shelf::Parked, at(term_s)));
    }
}
