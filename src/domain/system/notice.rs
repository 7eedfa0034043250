//! What households are told while maintenance is on.

use crate::domain::{calendar::Instant, characters};

/// What households are told while maintenance is on, beside the guide's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notice {
    /// A sentence of the operator's.
    pub message: Option<String>,
    /// When it is expected to end.
    pub until: Option<Instant>,
}

/// Why a notice cannot be put up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeFault {
    /// The message is empty, too long, not on one line, or turns the text round.
    #[error(
        "message: wanted are 1 to {} characters on one line, without control and bidi formatting \
         characters",
        Notice::LONGEST_MESSAGE
    )]
    Message,
    /// It would have ended already.
    #[error("until: must be in the future")]
    Until,
}

impl Notice {
    /// The most characters of a message: what a page shows in full.
    pub const LONGEST_MESSAGE: usize = 120;

    /// A notice that is put up at `now`.
    pub fn new(
        message: Option<&str>,
        until: Option<Instant>,
        now: Instant,
    ) -> Result<Self, NoticeFault> {
        let message = message.map(str::trim);
        let fits = |text: &str| {
            let length = text.chars().count();
            (1..=Self::LONGEST_MESSAGE).contains(&length) && !text.contains(characters::steers)
        };
        if !message.is_none_or(fits) {
            return Err(NoticeFault::Message);
        }
        if until.is_some_and(|until| until <= now) {
            return Err(NoticeFault::Until);
        }
        Ok(Self { message: message.map(str::to_owned), until })
    }

    /// Seconds after which it is worth trying again: when it is expected to end, within sense;
    /// five minutes where nobody said when, or where that time has passed.
    pub fn retry_after_s(&self, now: Instant) -> u64 {
        const UNKNOWN_S: u64 = 300;
        const LONGEST_S: u64 = 86_400;
        let left_s = self.until.map(|until| until.seconds() - now.seconds());
        match left_s.map(u64::try_from) {
            Some(Ok(left_s)) if left_s > 0 => left_s.min(LONGEST_S),
            _ => UNKNOWN_S,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_notice_is_one_line_and_ends_in_the_future_r_171() {
        let new = |message, until| Notice::new(message, until, at(100));
        assert_eq!(new(None, None), Ok(Notice::default()));
        let kept = new(Some(" 定期点検のため "), Some(at(101))).map(|notice| notice.message);
        assert_eq!(kept, Ok(Some("定期点検のため".to_owned())));
        let (longest, longer) = ("あ".repeat(120), "あ".repeat(121));
        assert!(new(Some(&longest), None).is_ok());
        for message in ["", "  ", "a\nb", &longer] {
            assert_eq!(new(Some(message), None), Err(NoticeFault::Message), "{message:?}");
        }
        for until in [at(99), at(100)] {
            assert_eq!(new(None, Some(until)), Err(NoticeFault::Until));
        }
    }

    #[test]
    fn one_tries_again_when_it_is_expected_to_end() {
        let after = |until: Option<i64>| {
            Notice { message: None, until: until.map(at) }.retry_after_s(at(100))
        };
        assert_eq!(after(Some(160)), 60);
        assert_eq!(after(Some(100 + 10 * 86_400)), 86_400);
        assert_eq!((after(None), after(Some(100)), after(Some(1))), (300, 300, 300));
    }
}
