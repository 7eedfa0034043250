//! When a mail is tried again, and when a server that does not answer is. Pure: time and chance
//! are told.

use super::{Failure, OutboxOptions};
use crate::{
    domain::calendar::Instant,
    store::{MailId, MailPlace, MailRecord, MailRow, Shelf},
};
use std::time::Duration;

/// So many failures of the server one after the other open the breaker.
const FAILURES_BEFORE_SILENCE: u32 = 3;
/// The first pause of an open breaker.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Keeps mails from being tried one by one at a server that does not answer: after a few failures
/// one mail alone is tried now and then, until one gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    state: State,
    longest: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
        pause: Duration,
    },
    /// One mail is under way to see whether the server is back.
    Probing {
        pause: Duration,
    },
}

impl Breaker {
    /// A breaker whose pauses grow up to `longest`.
    pub const fn new(longest: Duration) -> Self {
        Self { failures: 0, state: State::Closed, longest }
    }

    /// Whether the server is held to be silent.
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// How many mails are worth gathering now.
    pub fn room(&self, now: Instant, most: usize) -> usize {
        match self.state {
            State::Closed => most,
            State::Open { until, .. } if now >= until => 1,
            State::Open { .. } | State::Probing { .. } => 0,
        }
    }

    /// Whether a mail may be tried now; whoever is let through tells how it went.
    pub fn lets_through(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until, pause } if now >= until => {
                self.state = State::Probing { pause };
                true
            }
            State::Open { .. } | State::Probing { .. } => false,
        }
    }

    /// A mail got through, or the server spoke of it.
    pub fn answered(&mut self) {
        self.failures = 0;
        self.state = State::Closed;
    }

    /// The server failed.
    pub fn failed(&mut self, now: Instant, chance: u64) {
        self.failures = self.failures.saturating_add(1);
        let pause = match self.state {
            State::Closed if self.failures < FAILURES_BEFORE_SILENCE => return,
            State::Closed => FIRST_PAUSE,
            State::Probing { pause } => pause.saturating_mul(2).min(self.longest),
            // A mail that was under way when it opened.
            State::Open { .. } => return,
        };
        let until = after(now, jittered(pause.min(self.longest), chance));
        self.state = State::Open { until, pause };
    }

    /// The probe ended without a word of the server.
    pub fn not_tried(&mut self, now: Instant) {
        if let State::Probing { pause } = self.state {
            self.state = State::Open { until: now, pause };
        }
    }
}

/// The pause before the next try of a mail that failed so often: doubled each time, and less up to
/// a half by chance, so that mails that failed together do not come back together.
pub fn pause(options: &OutboxOptions, attempts: u32, chance: u64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(24);
    let pause = options.retry_first.saturating_mul(1 << doublings).min(options.retry_longest);
    jittered(pause, chance)
}

fn jittered(pause: Duration, chance: u64) -> Duration {
    let half_us = u64::try_from(pause.as_micros() / 2).unwrap_or(u64::MAX);
    pause.saturating_sub(Duration::from_micros(chance % half_us.saturating_add(1)))
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

/// An instant so much later.
pub fn after(instant: Instant, duration: Duration) -> Instant {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(instant.micros().saturating_add(micros))
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

    #[test]
    fn a_silent_server_is_asked_by_one_mail_now_and_then() {
        let mut breaker = Breaker::new(Duration::from_secs(8));
        for _ in 0..2 {
            assert!(breaker.lets_through(at(0)));
            breaker.failed(at(0), 0);
            assert!(!breaker.is_open());
        }
        breaker.failed(at(0), 0);
        // Others under way at that time change nothing.
        breaker.failed(at(0), 0);
        assert!(breaker.is_open() && !breaker.lets_through(at(0)));
        let mut now = 0;
        for pause in [1, 2, 4, 8, 8] {
            assert_eq!(breaker.room(at(now + pause - 1), 64), 0);
            now += pause;
            assert_eq!(breaker.room(at(now), 64), 1);
            assert!(breaker.lets_through(at(now)), "{pause}");
            assert!(!breaker.lets_through(at(now)), "one alone");
            breaker.failed(at(now), 0);
        }
        now += 8;
        assert!(breaker.lets_through(at(now)));
        breaker.answered();
        assert_eq!(breaker.room(at(now), 64), 64);
        assert!(!breaker.is_open() && breaker.lets_through(at(now)));
    }

    #[test]
    fn a_success_in_between_keeps_the_breaker_closed() {
        let mut breaker = Breaker::new(Duration::from_secs(8));
        for _ in 0..20 {
            breaker.failed(at(0), 0);
            breaker.failed(at(0), 0);
            breaker.answered();
        }
        assert!(!breaker.is_open());
    }
}
