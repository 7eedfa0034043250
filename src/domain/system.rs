//! What happens to Linepass as a whole: a journal stream of its own, `system`.
//!
//! | file | what |
//! |---|---|
//! | `notice` | what households are told while maintenance is on |

mod notice;

pub use notice::{Notice, NoticeFault};

use super::{
    calendar::{Instant, Month},
    ids::{OperatorName, ReceiptNumber},
    operator::{self, LiveToken, LiveTokens, Role, TokenRefusal},
    synthetic::SyntheticData,
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
    /// What comes after this in the store was made up for load tests, by `linepass seed`.
    SyntheticDataSeeded(SyntheticData),
    /// An operator began to take a backup: all that is stored leaves the house.
    BackupBegun,
    /// A backup came to its end.
    BackupTaken(LastBackup),
    /// The store was restored from a backup: what was acknowledged after this block is gone.
    StoreRestored {
        /// The backup's last block.
        block: u64,
    },
}

/// A backup that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When.
    pub at: Instant,
    /// The store's last block in it.
    pub block: u64,
    /// How much was given, in bytes.
    pub bytes: u64,
}

/// Why Linepass as a whole does not change. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SystemRefusal {
    /// Maintenance is not on.
    #[error("maintenance is not on")]
    NotInMaintenance,
    /// The month has not ended in Japan.
    #[error("{0} has not ended in Japan")]
    MonthUnfinished(Month),
    /// The month before it is not closed.
    #[error("{0} is not closed yet; close it first")]
    EarlierMonthOpen(Month),
    /// The close of another month was begun and not finished.
    #[error("the close of {0} was begun and is not finished; run it again first")]
    AnotherMonthClosing(Month),
    /// The month is before the first that was closed here, or nothing was open in it.
    #[error("{0} has nothing to close: it is before the first month here")]
    BeforeFirstMonth(Month),
    /// The month was closed; a close is never made twice.
    #[error("{0} is closed already")]
    ClosedAlready(Month),
    /// Synthetic data stand here that were made from something else.
    #[error("the store holds synthetic data of another command: {0}")]
    SeededOtherwise(SyntheticData),
    /// An operator's token.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
}

impl SystemRefusal {
    /// The reason's code in logs and the operator's answers; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotInMaintenance => "not_in_maintenance",
            Self::MonthUnfinished(_) => "month_unfinished",
            Self::EarlierMonthOpen(_) => "earlier_month_open",
            Self::AnotherMonthClosing(_) => "another_month_closing",
            Self::BeforeFirstMonth(_) => "before_first_month",
            Self::ClosedAlready(_) => "closed_already",
            Self::SeededOtherwise(_) => "seeded_otherwise",
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
    /// The close that was begun and is not finished.
    pub closing: Option<FixedClose>,
    /// The first month that was closed.
    pub closed_from: Option<Month>,
    /// The last month that is closed for all lines.
    pub closed_through: Option<Month>,
    /// Who may use the operator API, besides the first token.
    pub operator_tokens: LiveTokens,
    /// What the data here were made from, where they were made up.
    pub synthetic: Option<SyntheticData>,
    /// The last backup that came to its end.
    pub last_backup: Option<LastBackup>,
}

/// A month's close that was begun, and the last block that was durable then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedClose {
    /// The month.
    pub month: Month,
    /// The block.
    pub block: u64,
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

    /// Whether a month may be closed at `now`: it has ended in Japan, follows the last
    /// that is closed, and no other close is under way. One that was begun goes on.
    pub fn may_close(&self, month: Month, now: Instant) -> Result<(), SystemRefusal> {
        if now.month() <= month {
            return Err(SystemRefusal::MonthUnfinished(month));
        }
        if self.closed_from.is_some_and(|first| month < first) {
            return Err(SystemRefusal::BeforeFirstMonth(month));
        }
        if self.is_closed(month) {
            return Err(SystemRefusal::ClosedAlready(month));
        }
        match (self.closing, self.closed_through.map(Month::next)) {
            (Some(begun), _) if begun.month == month => Ok(()),
            (Some(begun), _) => Err(SystemRefusal::AnotherMonthClosing(begun.month)),
            (None, Some(next)) if next != month => Err(SystemRefusal::EarlierMonthOpen(next)),
            (None, _) => Ok(()),
        }
    }

    /// Whether the month is closed for all lines.
    pub fn is_closed(&self, month: Month) -> bool {
        self.closed_from.is_some_and(|first| first <= month) && self.closed_through >= Some(month)
    }

    /// Begins a month's close at this block, or goes on with the one that was begun.
    pub fn begin_close(
        &self,
        month: Month,
        block: u64,
        now: Instant,
    ) -> Result<Vec<SystemEvent>, SystemRefusal> {
        self.may_close(month, now)?;
        let begins = self.closing.is_none();
        Ok(begins.then_some(SystemEvent::MonthCloseFixed { month, block }).into_iter().collect())
    }

    /// Finishes the close that was begun.
    pub fn finish_close(&self, month: Month) -> Vec<SystemEvent> {
        let begun = self.closing.is_some_and(|begun| begun.month == month);
        begun.then_some(SystemEvent::MonthCloseFinished { month }).into_iter().collect()
    }

    /// Before this nothing is decided any more: the last month whose close was begun is over.
    pub fn floor(&self) -> Option<Instant> {
        let closing = self.closing.map(|begun| begun.month);
        closing.max(self.closed_through).map(|month| month.next().begins_at())
    }

    /// The store is marked as one of synthetic data, before any of them, with the receipt numbers
    /// of their purchases leased. Those of the same command go on.
    pub fn seed(&self, data: &SyntheticData) -> Result<Vec<SystemEvent>, SystemRefusal> {
        match self.synthetic {
            Some(standing) if standing == *data => Ok(Vec::new()),
            Some(standing) => Err(SystemRefusal::SeededOtherwise(standing)),
            None => {
                let first_serial = self.next_serial.unwrap_or(ReceiptNumber::FIRST_SERIAL);
                let count = data.purchases;
                let lease = SystemEvent::ReceiptNumbersLeased { first_serial, count };
                let lease = (count > 0).then_some(lease);
                Ok([SystemEvent::SyntheticDataSeeded(*data)].into_iter().chain(lease).collect())
            }
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
            SystemEvent::MonthCloseFixed { month, block } => {
                self.closing = Some(FixedClose { month: *month, block: *block });
            }
            SystemEvent::MonthCloseFinished { month } => {
                self.closing = None;
                self.closed_from = self.closed_from.or(Some(*month));
                self.closed_through = self.closed_through.max(Some(*month));
            }
            SystemEvent::OperatorTokenAdded { name, role, sha256, added_at } => {
                let (role, sha256, added_at) = (*role, sha256.clone(), *added_at);
                self.operator_tokens.insert(name.clone(), LiveToken { role, sha256, added_at });
            }
            SystemEvent::OperatorTokenRevoked { name } => {
                self.operator_tokens.remove(name);
            }
            SystemEvent::SyntheticDataSeeded(data) => self.synthetic = Some(*data),
            // Of two the later copy is the last, whichever was confirmed first.
            SystemEvent::BackupTaken(last) => {
                let standing = self.last_backup.filter(|standing| standing.block > last.block);
                self.last_backup = standing.or(Some(*last));
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
    fn months_are_closed_one_after_the_other_and_each_once_r_034_r_050() {
        let month = |text: &str| text.parse::<Month>().expect("a month");
        let (october, november, december) = (month("2026-10"), month("2026-11"), month("2026-12"));
        let fold = |state: SystemState, events: &[SystemEvent]| {
            events.iter().fold(state, SystemState::evolve)
        };
        let later = december.next().begins_at();
        let new = SystemState::default();
        let unfinished = Err(SystemRefusal::MonthUnfinished(november));
        let last_moment = Instant::from_micros(december.begins_at().micros() - 1);
        assert_eq!(new.begin_close(november, 1, last_moment), unfinished);
        assert_eq!(new.floor(), None);

        let begun = fold(new.clone(), &new.begin_close(november, 7, later).expect("begins"));
        assert_eq!(begun.closing, Some(FixedClose { month: november, block: 7 }));
        assert_eq!(begun.floor(), Some(december.begins_at()));
        // Killed and run again, it goes on at the block that it was fixed at.
        assert_eq!(begun.begin_close(november, 9, later), Ok(Vec::new()));
        let another = Err(SystemRefusal::AnotherMonthClosing(november));
        assert_eq!(begun.begin_close(december, 9, later), another);

        let closed = fold(begun.clone(), &begun.finish_close(november));
        assert_eq!((closed.closing, closed.closed_through), (None, Some(november)));
        let already = Err(SystemRefusal::ClosedAlready(november));
        assert_eq!(closed.begin_close(november, 9, later), already);
        let before = Err(SystemRefusal::BeforeFirstMonth(october));
        assert_eq!(closed.begin_close(october, 9, later), before);
        assert!(closed.is_closed(november) && !closed.is_closed(october));
        let skipped = Err(SystemRefusal::EarlierMonthOpen(december));
        assert_eq!(closed.may_close(december.next(), december.next().next().begins_at()), skipped);
        assert_eq!(closed.may_close(december, later), Ok(()));
        assert!(closed.finish_close(november).is_empty());
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
    fn a_store_is_seeded_by_one_command_and_no_other() {
        use crate::domain::synthetic::HashWork;
        let data = SyntheticData {
            seed: 1,
            lines: 2,
            purchases: 3,
            spread: crate::domain::synthetic::Spread::Zipf,
            until: at(4),
            passwords: 5,
            plan: crate::domain::synthetic::PLAN,
            first_customer: crate::domain::synthetic::usual_first_customer(),
            hash: HashWork::default(),
        };
        let new = SystemState::default();
        let events = new.seed(&data).expect("an empty store");
        assert!(matches!(events[0], SystemEvent::SyntheticDataSeeded(_)), "the mark comes first");
        let marked = events.iter().fold(new.clone(), SystemState::evolve);
        assert_eq!(marked.next_serial, Some(ReceiptNumber::FIRST_SERIAL + 3));
        assert_eq!(marked.seed(&data), Ok(Vec::new()), "the same command goes on");
        let other = SyntheticData { seed: 2, ..data };
        assert_eq!(marked.seed(&other), Err(SystemRefusal::SeededOtherwise(data)));
        for other in [
            SyntheticData { first_customer: "CAG0000000001".parse().expect("an ID"), ..data },
            SyntheticData { hash: HashWork { passes: 9, ..data.hash }, ..data },
        ] {
            assert_eq!(marked.seed(&other), Err(SystemRefusal::SeededOtherwise(data)));
        }
        assert_eq!(new.seed(&SyntheticData { purchases: 0, ..data }).map(|e| e.len()), Ok(1));
        let stored = serde_json::to_value(&events[0]).expect("writes");
        assert_eq!(
            (&stored["event"], &stored["seed"]),
            (&serde_json::json!("synthetic_data_seeded"), &serde_json::json!(1))
        );
    }

    #[test]
    fn the_events_of_backups_are_stored_like_this() {
        let last = LastBackup { at: at(5), block: 7, bytes: 9 };
        for (event, stored) in [
            (SystemEvent::BackupBegun, serde_json::json!({ "event": "backup_begun" })),
            (
                SystemEvent::BackupTaken(last),
                serde_json::json!({ "event": "backup_taken", "at": at(5), "block": 7, "bytes": 9 }),
            ),
            (
                SystemEvent::StoreRestored { block: 7 },
                serde_json::json!({ "event": "store_restored", "block": 7 }),
            ),
        ] {
            assert_eq!(serde_json::to_value(&event).expect("writes"), stored);
            assert_eq!(serde_json::from_value::<SystemEvent>(stored).expect("reads"), event);
        }
        let state = SystemState::default().evolve(&SystemEvent::BackupTaken(last));
        assert_eq!(state.last_backup, Some(last));
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
