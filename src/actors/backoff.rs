//! How others' servers that fail are spared: pauses that grow, less a part by chance, and a breaker.
//! Pure: time and chance are told.

use crate::domain::calendar::Instant;
use std::time::Duration;

/// So many failures of the server one after the other open the breaker.
const FAILURES_BEFORE_SILENCE: u32 = 3;
/// The first pause of an open breaker.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Keeps messages from being tried one by one at a server that does not take them: after a few
/// failures one alone is tried now and then, until one gets through.
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
    /// One message is under way to see whether the server is back.
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

    /// How many messages are worth gathering now.
    pub fn room(&self, now: Instant, most: usize) -> usize {
        match self.state {
            State::Closed => most,
            State::Open { until, .. } if now >= until => 1,
            State::Open { .. } | State::Probing { .. } => 0,
        }
    }

    /// Whether a message may be tried now; whoever is let through tells how it went.
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

    /// A message got through, or the server spoke of it.
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
            // One that was under way when it opened.
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

/// A pause less up to a half of it by chance, so that what failed together does not come back
/// together.
pub fn jittered(pause: Duration, chance: u64) -> Duration {
    let half_us = u64::try_from(pause.as_micros() / 2).unwrap_or(u64::MAX);
    pause.saturating_sub(Duration::from_micros(chance % half_us.saturating_add(1)))
}

/// An instant so much later.
pub fn after(instant: Instant, duration: Duration) -> Instant {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(instant.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000_000;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(NOW + seconds * 1_000_000)
    }

    #[test]
    fn a_silent_server_is_asked_by_one_message_now_and_then() {
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
