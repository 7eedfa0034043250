//! One count of failures and the hold that it causes.

use std::time::Duration;

use super::{Held, Hold};

/// When a count is crossed, and when it is forgotten.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) limit: u32,
    pub(super) first_wait: Duration,
    pub(super) longest_wait: Duration,
    pub(super) forget: Forget,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Forget {
    /// So long after the last failure: failures in a row.
    AfterLast(Duration),
    /// So long after the first failure: failures in a window.
    AfterFirst(Duration),
}

impl Rule {
    /// The wait after this many failures: none below the limit, then doubling.
    fn wait(&self, failures: u32) -> Option<Duration> {
        let doublings = failures.checked_sub(self.limit)?;
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        Some(self.first_wait.saturating_mul(factor).min(self.longest_wait))
    }
}

/// The count. Times are since the throttle's start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    failures: u32,
    first_at: Duration,
    last_at: Duration,
    held_until: Duration,
}

impl Tally {
    /// The failures that still count.
    pub(super) fn failures(&self, rule: &Rule, now: Duration) -> u32 {
        if self.is_forgotten(rule, now) { 0 } else { self.failures }
    }

    /// How long the hold still lasts.
    pub(super) fn held_for(&self, now: Duration) -> Option<Duration> {
        self.held_until.checked_sub(now).filter(|left| !left.is_zero())
    }

    /// Counts a failure; the hold that it begins, if it crosses the limit. A failure that was under
    /// way when the hold began is not counted, so nobody's wait grows while they are held.
    pub(super) fn fail(&mut self, rule: &Rule, now: Duration) -> Option<Hold> {
        if self.held_for(now).is_some() {
            return None;
        }
        if self.is_forgotten(rule, now) {
            *self = Self { first_at: now, ..Self::default() };
        }
        self.failures = self.failures.saturating_add(1);
        self.last_at = now;
        let wait = rule.wait(self.failures)?;
        self.held_until = now.saturating_add(wait);
        Some(Hold { failures: self.failures, wait_s: whole_seconds(wait) })
    }

    /// Takes failures back. A hold that has begun stays.
    pub(super) fn forgive(&mut self, failures: u32) {
        self.failures = self.failures.saturating_sub(failures);
    }

    /// A hold from before the restart.
    pub(super) fn restored(rule: &Rule, failures: u32, left: Duration, now: Duration) -> Self {
        let held_until = now.saturating_add(left.min(rule.longest_wait));
        Self { failures: failures.max(rule.limit), first_at: now, last_at: now, held_until }
    }

    /// Takes over the longer hold of two.
    pub(super) fn lengthen(&mut self, other: Self) {
        if other.held_until > self.held_until {
            *self = Self { failures: self.failures.max(other.failures), ..other };
        }
    }

    fn is_forgotten(&self, rule: &Rule, now: Duration) -> bool {
        let (since, after) = match rule.forget {
            Forget::AfterLast(after) => (self.last_at, after),
            Forget::AfterFirst(after) => (self.first_at, after),
        };
        self.failures == 0 || (now >= since.saturating_add(after) && now >= self.held_until)
    }
}

/// Whole seconds, rounded up: who comes back then is heard.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl From<Duration> for Held {
    fn from(left: Duration) -> Self {
        Self { retry_after_s: whole_seconds(left).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        limit: 5,
        first_wait: Duration::from_mins(1),
        longest_wait: Duration::from_mins(15),
        forget: Forget::AfterLast(Duration::from_hours(12)),
    };

    #[test]
    fn waits_double_from_one_to_fifteen_minutes() {
        let minutes = |failures| RULE.wait(failures).map(|wait| wait.as_secs() / 60);
        let expected = [
            (0, None),
            (4, None),
            (5, Some(1)),
            (6, Some(2)),
            (7, Some(4)),
            (8, Some(8)),
            (9, Some(15)),
            (60, Some(15)),
            (u32::MAX, Some(15)),
        ];
        for (failures, wait) in expected {
            assert_eq!(minutes(failures), wait, "{failures}");
        }
    }

    #[test]
    fn a_hold_ends_at_its_instant_and_the_next_failure_doubles_it() {
        let mut tally = Tally::default();
        for _ in 0..4 {
            assert_eq!(tally.fail(&RULE, Duration::ZERO), None);
        }
        let hold = tally.fail(&RULE, Duration::ZERO);
        assert_eq!(hold, Some(Hold { failures: 5, wait_s: 60 }));
        assert_eq!(tally.held_for(Duration::from_millis(59_999)), Some(Duration::from_millis(1)));
        assert_eq!(tally.held_for(Duration::from_mins(1)), None);
        assert_eq!(tally.fail(&RULE, Duration::from_secs(30)), None, "not counted while held");
        let hold = tally.fail(&RULE, Duration::from_mins(1));
        assert_eq!(hold, Some(Hold { failures: 6, wait_s: 120 }));
    }

    #[test]
    fn counts_are_forgotten_by_their_rule() {
        let window = Rule { forget: Forget::AfterFirst(Duration::from_hours(1)), ..RULE };
        let hours = |n: u64| Duration::from_hours(n);
        let minutes = |n: u64| Duration::from_mins(n);
        let cases = [
            (RULE, [hours(0), hours(11)], hours(22), 2),
            (RULE, [hours(0), hours(11)], hours(23), 0),
            (RULE, [hours(0), hours(12)], hours(13), 1),
            (window, [minutes(0), minutes(59)], minutes(59), 2),
            (window, [minutes(0), minutes(59)], minutes(60), 0),
            (window, [minutes(0), minutes(60)], minutes(60), 1),
        ];
        for (rule, failed_at, now, expected) in cases {
            let mut tally = Tally::default();
            for at in failed_at {
                tally.fail(&rule, at);
            }
            assert_eq!(tally.failures(&rule, now), expected, "{failed_at:?} {now:?}");
        }
    }

    #[test]
    fn a_restored_hold_is_capped() {
        let tally = Tally::restored(&RULE, 3, Duration::from_hours(99), Duration::from_secs(7));
        assert_eq!(tally.held_for(Duration::from_secs(7)), Some(Duration::from_mins(15)));
        assert_eq!(tally.failures(&RULE, Duration::from_secs(7)), 5);
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, seconds) in [(1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            assert_eq!(Held::from(Duration::from_millis(millis)).retry_after_s, seconds);
        }
    }
}
