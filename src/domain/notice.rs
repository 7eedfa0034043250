//! Which mails an entry sends, and to whom.
//!
//! Recipients are named by the personal row their address stands in, never by the address: nothing
//! personal leaves the rows. An entry is told whole: a restriction that ends five contracts is one
//! mail to each recipient that names them, not one for each.

use super::{
    ids::PassportNumber,
    line::{
        By, EndReason, Entry, Event, Line, RowRef,
        event::{Barrier, LineEndCause},
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// What a mail tells. The words are stored in the outbox's rows and final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// 登録確認メール.
    Registered,
    /// 変更確認メール.
    Changed,
    /// 購入確認メール.
    Purchased,
    /// A cancellation.
    Cancelled,
    /// Contracts that an operator or the bill ended.
    ContractsEnded,
    /// Limits changed.
    LimitsChanged,
    /// 利用規制.
    Restricted,
    /// 利用規制 was lifted.
    RestrictionLifted,
    /// The company's stop, in neutral words.
    UseStopped,
    /// The company's stop is over.
    UseResumed,
    /// A passport ID was deleted.
    PassportDeleted,
    /// The line ended.
    LineEnded,
    /// A sign-in from a place that was new.
    NewSignIn,
    /// An inquiry, to the desk.
    Inquiry,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Registered,
        Self::Changed,
        Self::Purchased,
        Self::Cancelled,
        Self::ContractsEnded,
        Self::LimitsChanged,
        Self::Restricted,
        Self::RestrictionLifted,
        Self::UseStopped,
        Self::UseResumed,
        Self::PassportDeleted,
        Self::LineEnded,
        Self::NewSignIn,
        Self::Inquiry,
    ];

    /// Its word, the same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Changed => "changed",
            Self::Purchased => "purchased",
            Self::Cancelled => "cancelled",
            Self::ContractsEnded => "contracts_ended",
            Self::LimitsChanged => "limits_changed",
            Self::Restricted => "restricted",
            Self::RestrictionLifted => "restriction_lifted",
            Self::UseStopped => "use_stopped",
            Self::UseResumed => "use_resumed",
            Self::PassportDeleted => "passport_deleted",
            Self::LineEnded => "line_ended",
            Self::NewSignIn => "new_sign_in",
            Self::Inquiry => "inquiry",
        }
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no kind's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no kind of mail has this word")]
pub struct NotAKind;

impl FromStr for NoticeKind {
    type Err = NotAKind;

    fn from_str(text: &str) -> Result<Self, NotAKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAKind)
    }
}

/// Where an address stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// In the applicant's row of a passport ID.
    Applicant {
        /// Whose.
        passport: PassportNumber,
        /// The row.
        row: RowRef,
        /// Whether it is the row that the entry replaces: an address that is no longer the ID's
        /// learns that something changed, not what it is now.
        is_former: bool,
    },
    /// In the record of 開通のご案内: what concerns the whole line.
    Record(RowRef),
    /// In the configuration: the desk, which is sent what stands in this row.
    Desk(RowRef),
}

impl Recipient {
    /// The row.
    pub const fn row(&self) -> RowRef {
        match self {
            Self::Applicant { row, .. } | Self::Record(row) | Self::Desk(row) => *row,
        }
    }
}

/// One mail to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What it tells.
    pub kind: NoticeKind,
    /// Whom.
    pub recipient: Recipient,
}

/// Whether the line as it stood before the entry must be known: where an applicant's row is
/// replaced, the mail goes to the former address too.
pub fn needs_line_before(entry: &Entry) -> bool {
    has(entry, |event| matches!(event, Event::ApplicantSet { .. }))
}

/// Whether an entry sends any mail, so that the line need not be asked for the others.
pub fn is_told(entry: &Entry) -> bool {
    kind_of_line(entry).is_some()
        || has(entry, |event| matches!(event, Event::InquiryReceived { .. }))
        || entry.events.iter().any(|event| passport_of(entry, event).is_some())
}

/// The mails of an entry.
///
/// `line` is the line after it, or later; `before` as it stood before it, where
/// [`needs_line_before`] asks for it.
pub fn notices(entry: &Entry, line: &Line, before: Option<&Line>) -> Vec<Notice> {
    if let Some(kind) = kind_of_line(entry) {
        let deleted = entry.events.iter().filter_map(|event| match event {
            Event::PassportDeleted { passport } => Some(*passport),
            _ => None,
        });
        let live = line.live_passports().map(|passport| passport.number);
        let passports: BTreeSet<PassportNumber> = live.chain(deleted).collect();
        let applicants = passports.into_iter().filter_map(|passport| applicant(line, passport));
        let record = Recipient::Record(line.rows.record);
        return applicants.chain([record]).map(|recipient| Notice { kind, recipient }).collect();
    }
    let mut told = BTreeSet::new();
    let mut found: Vec<Notice> = entry.events.iter().filter_map(to_the_desk).collect();
    for (passport, kind) in entry.events.iter().filter_map(|event| passport_of(entry, event)) {
        if told.insert((kind, passport)) {
            let recipients = recipients(entry, line, before, passport);
            found.extend(recipients.map(|recipient| Notice { kind, recipient }));
        }
    }
    found
}

fn to_the_desk(event: &Event) -> Option<Notice> {
    match event {
        Event::InquiryReceived { inquiry } => {
            Some(Notice { kind: NoticeKind::Inquiry, recipient: Recipient::Desk(*inquiry) })
        }
        _ => None,
    }
}

/// The kind of an entry that concerns the whole line; then nothing else of it is told apart.
fn kind_of_line(entry: &Entry) -> Option<NoticeKind> {
    let kind = |event: &Event| match event {
        Event::LineEnded { .. } => Some(NoticeKind::LineEnded),
        Event::BarrierRaised { barrier: Barrier::CustomerRestriction } => {
            Some(NoticeKind::Restricted)
        }
        Event::BarrierLifted { barrier: Barrier::CustomerRestriction } => {
            Some(NoticeKind::RestrictionLifted)
        }
        // Neither payment nor misuse is named to whoever reads the mail.
        Event::BarrierRaised { .. } => Some(NoticeKind::UseStopped),
        Event::BarrierLifted { .. } => Some(NoticeKind::UseResumed),
        Event::LineLimitSet { .. } => Some(NoticeKind::LimitsChanged),
        Event::SignedInFromNewPlace { passport: None, .. } => Some(NoticeKind::NewSignIn),
        _ => None,
    };
    // The opening sets the line's first limit in an event of its own and is told on paper.
    entry.events.iter().find_map(kind)
}

/// The passport ID that an event is told to, and as what.
fn passport_of(entry: &Entry, event: &Event) -> Option<(PassportNumber, NoticeKind)> {
    // What an import or a rehash writes is nobody's change.
    let by_somebody = entry.by != By::System;
    let deleted = |number: &PassportNumber| {
        has(
            entry,
            |other| matches!(other, Event::PassportDeleted { passport } if passport == number),
        )
    };
    match event {
        Event::PassportRegistered { passport, .. } if by_somebody => {
            Some((*passport, NoticeKind::Registered))
        }
        Event::PassportRenamed { passport, .. }
        | Event::PasswordSet { passport, rehash: false, .. }
        | Event::ApplicantSet { passport, .. }
        | Event::LineAuthenticationSet { passport, .. }
            if by_somebody =>
        {
            Some((*passport, NoticeKind::Changed))
        }
        Event::PassportLimitSet { passport, .. } => Some((*passport, NoticeKind::LimitsChanged)),
        Event::Purchased { passport, .. } => Some((*passport, NoticeKind::Purchased)),
        Event::ContractEnded { passport, reason: EndReason::Customer, .. } => {
            Some((*passport, NoticeKind::Cancelled))
        }
        Event::ContractEnded { passport, .. } if !deleted(passport) => {
            Some((*passport, NoticeKind::ContractsEnded))
        }
        Event::PassportDeleted { passport } => Some((*passport, NoticeKind::PassportDeleted)),
        Event::SignedInFromNewPlace { passport: Some(passport), .. } => {
            Some((*passport, NoticeKind::NewSignIn))
        }
        _ => None,
    }
}

/// The applicant of an ID by the rows that the entry itself names, and by the line's otherwise;
/// the former applicant's row too where the entry replaces it.
fn recipients(
    entry: &Entry,
    line: &Line,
    before: Option<&Line>,
    passport: PassportNumber,
) -> impl Iterator<Item = Recipient> {
    let named = entry.events.iter().rev().find_map(|event| match event {
        Event::PassportRegistered { passport: of, applicant, .. }
        | Event::ApplicantSet { passport: of, applicant }
            if *of == passport =>
        {
            Some(*applicant)
        }
        _ => None,
    });
    let now = match named {
        Some(row) => Some(Recipient::Applicant { passport, row, is_former: false }),
        None => applicant(line, passport),
    };
    let former = before.and_then(|before| applicant(before, passport)).and_then(|former| {
        let row = former.row();
        let replaced = named.is_some_and(|named| named.row != row.row);
        replaced.then_some(Recipient::Applicant { passport, row, is_former: true })
    });
    now.into_iter().chain(former)
}

fn applicant(line: &Line, passport: PassportNumber) -> Option<Recipient> {
    let row = line.passports.get(&passport)?.rows.applicant;
    Some(Recipient::Applicant { passport, row, is_former: false })
}

fn has(entry: &Entry, is_it: impl Fn(&Event) -> bool) -> bool {
    entry.events.iter().any(is_it)
}

/// Whether a line's end lets its household go on under a new お客さまID.
pub const fn goes_on_elsewhere(cause: LineEndCause) -> bool {
    matches!(cause, LineEndCause::Moved | LineEndCause::ItemChanged | LineEndCause::MenuChanged)
}
