//! What happens to Linepass as a whole: a journal stream of its own, `system`.

use super::{
    calendar::{Instant, Month},
    ids::OperatorName,
    operator::{self, LiveToken, LiveTokens, Role, TokenRefusal},
};
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
    /// An operator's token was added.
    OperatorTokenAdded {
        /// Its name.
        name: OperatorName,
        /// What it may.
        role: Role,
        /// Its SHA-256 in base64url; nobody keeps the token but its owner.
        sha256: String,
        /// When.
        added_at: Instant,
    },
    /// An operator's token opens nothing any more.
    OperatorTokenRevoked {
        /// Its name.
        name: OperatorName,
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
    /// An operator's token.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
}

impl SystemRefusal {
    /// The reason's code in logs and the operator's answers; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotInMaintenance => "not_in_maintenance",
            Self::Token(refusal) => refusal.code(),
        }
    }

    /// Whether what was named does not exist, which is told apart from what may not be.
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Token(TokenRefusal::Unknown))
    }
}

/// What the stream comes to: what a starting server must know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemState {
    /// The first serial that no range holds; `None` before the first lease.
    pub next_serial: Option<u64>,
    /// What households are told, where maintenance is on.
    pub maintenance: Option<Notice>,
    /// Who may use the operator API, besides the first token.
    pub operator_tokens: LiveTokens,
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

    /// A token of an operator's is added.
    pub fn add_token(
        &self,
        name: &OperatorName,
        token: &LiveToken,
    ) -> Result<Vec<SystemEvent>, SystemRefusal> {
        operator::may_add(&self.operator_tokens, name)?;
        let LiveToken { role, sha256, added_at } = token.clone();
        Ok(vec![SystemEvent::OperatorTokenAdded { name: name.clone(), role, sha256, added_at }])
    }

    /// A token of an operator's is revoked.
    pub fn revoke_token(&self, name: &OperatorName) -> Result<Vec<SystemEvent>, SystemRefusal> {
        operator::may_revoke(&self.operator_tokens, name)?;
        Ok(vec![SystemEvent::OperatorTokenRevoked { name: name.clone() }])
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
            SystemEvent::OperatorTokenAdded { name, role, sha256, added_at } => {
                let (role, sha256, added_at) = (*role, sha256.clone(), *added_at);
                self.operator_tokens.insert(name.clone(), LiveToken { role, sha256, added_at });
            }
            SystemEvent::OperatorTokenRevoked { name } => {
                self.operator_tokens.remove(name);
            }
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
    fn a_token_is_added_once_and_its_name_is_free_after_it() {
        let name: OperatorName = "desk-1".parse().expect("a name");
        let token = LiveToken { role: Role::Desk, sha256: "s".to_owned(), added_at: at(5) };
        let fold = |state: &SystemState, events: &[SystemEvent]| {
            events.iter().fold(state.clone(), SystemState::evolve)
        };
        let none = SystemState::default();
        let unknown = none.revoke_token(&name).expect_err("there is none");
        assert_eq!((unknown.code(), unknown.is_unknown()), ("unknown_token", true));
        let one = fold(&none, &none.add_token(&name, &token).expect("free"));
        assert_eq!(one.operator_tokens, LiveTokens::from([(name.clone(), token.clone())]));
        let taken = one.add_token(&name, &token).expect_err("taken");
        assert_eq!((taken.code(), taken.is_unknown()), ("token_name_taken", false));
        let revoked = fold(&one, &one.revoke_token(&name).expect("live"));
        assert_eq!(revoked, none);
        assert!(revoked.add_token(&name, &token).is_ok());
    }

    #[test]
    fn the_events_of_tokens_are_stored_like_this() {
        let stored = serde_json::json!({
            "event": "operator_token_added", "name": "desk-1", "role": "desk", "sha256": "s",
            "added_at": at(5),
        });
        let read: SystemEvent = serde_json::from_value(stored.clone()).expect("reads");
        assert_eq!(serde_json::to_value(&read).expect("writes"), stored);
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
