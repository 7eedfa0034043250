//! What happens to Linepass as a whole: a journal stream of its own, `system`.

use super::calendar::{Instant, Month};
use serde::{Deserialize, Serialize};

/// What happened. The shapes are stored and final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SystemEvent {
    /// A range of receipt numbers was leased to a run of the server. What is left of it when the
    /// run ends is never used.
    ReceiptNumbersLeased {
        /// The first serial of the range.
        first_serial: u64,
        /// How many.
        count: u64,
    },
    /// A key was made; its wrapped bytes stand in a key row of its own.
    KeyMade {
        /// The key's ID.
        kid: String,
    },
    /// A key no longer opens or verifies anything; its row is gone.
    KeyRetired {
        /// The key's ID.
        kid: String,
    },
    /// Maintenance began.
    MaintenanceBegan {
        /// What households read beside the guide's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// When it is expected to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    },
    /// Maintenance ended.
    MaintenanceEnded,
    /// An operator had parked mails tried again.
    MailsTakenUp {
        /// How many.
        mails: u64,
    },
    /// An operator changed what the log is written from and how; a restart forgets it.
    LogChanged {
        /// Level and form before, such as `info, json`.
        before: String,
        /// Level and form after.
        after: String,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    },
    /// A month's close fixed the block up to which it folds.
    MonthCloseFixed {
        /// The month.
        month: Month,
        /// The block.
        block: u64,
    },
    /// Every billed line of the month has its `MonthClosed`.
    MonthCloseFinished {
        /// The month.
        month: Month,
    },
}

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
    /// The message is empty, too long or not on one line.
    #[error("message: wanted are 1 to {} characters on one line", Notice::LONGEST_MESSAGE)]
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
            (1..=Self::LONGEST_MESSAGE).contains(&length) && !text.contains(char::is_control)
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

/// Why Linepass as a whole does not change. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SystemRefusal {
    /// Maintenance is not on.
    #[error("maintenance is not on")]
    NotInMaintenance,
}

impl SystemRefusal {
    /// The reason's code in logs and the operator's answers; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotInMaintenance => "not_in_maintenance",
        }
    }
}

/// What the stream comes to: what a starting server must know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemState {
    /// The first serial that no range holds; `None` before the first lease.
    pub next_serial: Option<u64>,
    /// What households are told, where maintenance is on.
    pub maintenance: Option<Notice>,
}

impl SystemState {
    /// Maintenance begins; while it is on, another notice replaces the one that is up.
    pub fn begin_maintenance(&self, notice: &Notice) -> Vec<SystemEvent> {
        let Notice { message, until } = notice.clone();
        let changed = self.maintenance.as_ref() != Some(notice);
        changed.then_some(SystemEvent::MaintenanceBegan { message, until }).into_iter().collect()
    }

    /// Maintenance ends.
    pub fn end_maintenance(&self) -> Result<Vec<SystemEvent>, SystemRefusal> {
        match self.maintenance {
            Some(_) => Ok(vec![SystemEvent::MaintenanceEnded]),
            None => Err(SystemRefusal::NotInMaintenance),
        }
    }

    /// The next state.
    #[must_use]
    pub fn evolve(mut self, event: &SystemEvent) -> Self {
        match event {
            SystemEvent::ReceiptNumbersLeased { first_serial, count } => {
                self.next_serial = Some(first_serial + count);
            }
            SystemEvent::MaintenanceBegan { message, until } => {
                self.maintenance = Some(Notice { message: message.clone(), until: *until });
            }
            SystemEvent::MaintenanceEnded => self.maintenance = None,
            _ => {}
        }
        self
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

    #[test]
    fn it_begins_is_told_anew_and_ends_once() {
        let (first, second) = (Notice::default(), Notice { message: None, until: Some(at(9)) });
        let fold = |state: SystemState, events: &[SystemEvent]| {
            events.iter().fold(state, SystemState::evolve)
        };
        let closed = SystemState::default();
        assert_eq!(closed.end_maintenance(), Err(SystemRefusal::NotInMaintenance));
        let on = fold(closed.clone(), &closed.begin_maintenance(&first));
        assert_eq!(on.maintenance, Some(first.clone()));
        assert!(on.begin_maintenance(&first).is_empty(), "the same notice is no news");
        let told_anew = fold(on.clone(), &on.begin_maintenance(&second));
        assert_eq!(told_anew.maintenance, Some(second));
        let off = fold(told_anew.clone(), &told_anew.end_maintenance().expect("it is on"));
        assert_eq!(off, closed);
    }
}
