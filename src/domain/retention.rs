//! Which personal rows have served their term. Erasing them leaves the journal
//! whole: events name rows by number and commitment alone.

use super::{
    calendar::Instant,
    line::{Entry, Event, Line, RowRef, command::EraseRows},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Classes of personal data that a line's rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Contractor, place, phones, billing number: the record of 開通のご案内.
    Record,
    /// Name, phone and mail address of an ID's applicant.
    Applicant,
    /// A passport ID's own string.
    PassportName,
    /// Hashes of passwords and access keys.
    Credential,
    /// Where somebody signed in from.
    SignIn,
    /// What a household wrote to the desk.
    Inquiry,
}

/// How long each class is kept, in days. Rows that are in use are kept as long as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// After the line's end, with everything billed and settled: all that is personal of it.
    pub ended_line_days: u32,
    /// After they were replaced, or their ID was deleted: records, applicants, password hashes.
    pub replaced_days: u32,
    /// After the sign-in.
    pub sign_in_days: u32,
    /// After the inquiry.
    pub inquiry_days: u32,
}

impl Terms {
    /// Whether the term of a sign-in is over at `now`.
    pub fn is_sign_in_over(self, signed_in_at: Instant, now: Instant) -> bool {
        is_over(signed_in_at, self.sign_in_days, now)
    }
}

fn is_over(since: Instant, days: u32, now: Instant) -> bool {
    since.after_s(u64::from(days) * 86_400) <= now
}

/// What is known of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    class: DataClass,
    since: Instant,
    /// When it was replaced, or its ID deleted.
    out_of_use_since: Option<Instant>,
}

/// A line's personal rows, as its entries tell of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    rows: BTreeMap<u32, Kept>,
    /// The rows in use of each ID: its applicant's and its password's.
    applicants: BTreeMap<u32, u32>,
    passwords: BTreeMap<u32, u32>,
    record: Option<u32>,
    access_key: Option<u32>,
    /// Where each session came from, while it has not ended.
    sessions: BTreeMap<u32, u32>,
    ended_at: Option<Instant>,
}

impl Inventory {
    /// Takes over the next entry of the line's stream.
    pub fn take(&mut self, entry: &Entry) {
        for event in &entry.events {
            self.note(event, entry.at);
        }
    }

    fn note(&mut self, event: &Event, at: Instant) {
        match event {
            Event::LineOpened { record, access_key, .. } => {
                self.put(*record, DataClass::Record, at);
                self.record = Some(record.row);
                self.put(*access_key, DataClass::Credential, at);
                self.access_key = Some(access_key.row);
            }
            Event::RecordReplaced { record } => {
                self.put(*record, DataClass::Record, at);
                let former = self.record.replace(record.row);
                self.out_of_use(former, at);
            }
            // A hash that is replaced goes in the same commit.
            Event::AccessKeySet { access_key } => {
                self.put(*access_key, DataClass::Credential, at);
                let former = self.access_key.replace(access_key.row);
                self.gone(former);
            }
            Event::PasswordSet { passport, credential, .. } => {
                self.put(*credential, DataClass::Credential, at);
                let former = self.passwords.insert(passport.0, credential.row);
                self.gone(former);
            }
            Event::PassportRegistered { passport, name, credential, applicant, .. } => {
                self.put(*name, DataClass::PassportName, at);
                self.put(*credential, DataClass::Credential, at);
                self.put(*applicant, DataClass::Applicant, at);
                self.applicants.insert(passport.0, applicant.row);
                self.passwords.insert(passport.0, credential.row);
            }
            Event::PassportRenamed { name, .. } => self.put(*name, DataClass::PassportName, at),
            Event::ApplicantSet { passport, applicant } => {
                self.put(*applicant, DataClass::Applicant, at);
                let former = self.applicants.insert(passport.0, applicant.row);
                self.out_of_use(former, at);
            }
            Event::PassportDeleted { passport } => {
                let (applicants, passwords) = (&mut self.applicants, &mut self.passwords);
                for former in [applicants.remove(&passport.0), passwords.remove(&passport.0)] {
                    self.out_of_use(former, at);
                }
            }
            Event::SignedInFromNewPlace { sign_in, .. } => {
                self.put(*sign_in, DataClass::SignIn, at);
            }
            Event::PortalSessionOpened { session, origin: Some(origin), .. } => {
                self.put(*origin, DataClass::SignIn, at);
                self.sessions.insert(*session, origin.row);
            }
            // Where it came from goes in the same commit.
            Event::PortalSessionEnded { session } => {
                let origin = self.sessions.remove(session);
                self.gone(origin);
            }
            Event::InquiryReceived { inquiry } => self.put(*inquiry, DataClass::Inquiry, at),
            Event::LineEnded { .. } => self.ended_at = Some(at),
            Event::PersonalRowsErased { rows } => {
                self.rows.retain(|row, _| !rows.contains(row));
            }
            _ => {}
        }
    }

    fn put(&mut self, row: RowRef, class: DataClass, since: Instant) {
        self.rows.insert(row.row, Kept { class, since, out_of_use_since: None });
    }

    /// A row that the store has deleted already: it is nobody's to erase.
    fn gone(&mut self, row: Option<u32>) {
        row.and_then(|row| self.rows.remove(&row));
    }

    fn out_of_use(&mut self, row: Option<u32>, at: Instant) {
        if let Some(kept) = row.and_then(|row| self.rows.get_mut(&row)) {
            kept.out_of_use_since = Some(at);
        }
    }

    /// The rows whose term is over at `now`, with their classes. `line` is the line after all
    /// entries: one that has ended keeps everything until it is billed to its end and no bill of it
    /// is unpaid.
    pub fn due(&self, line: &Line, terms: Terms, now: Instant) -> Vec<(u32, DataClass)> {
        let over = |since: Instant, days: u32| is_over(since, days, now);
        let is_done_with = self.is_done_with(line, terms, now);
        let is_due = |kept: &Kept| match kept.class {
            _ if is_done_with => true,
            DataClass::Record | DataClass::Applicant | DataClass::Credential => {
                kept.out_of_use_since.is_some_and(|since| over(since, terms.replaced_days))
            }
            DataClass::SignIn => over(kept.since, terms.sign_in_days),
            DataClass::Inquiry => over(kept.since, terms.inquiry_days),
            // Needed to explain bills, those of deleted IDs too.
            DataClass::PassportName => false,
        };
        let due = self.rows.iter().filter(|(_, kept)| is_due(kept));
        due.map(|(row, kept)| (*row, kept.class)).collect()
    }

    /// Whether all of the line is due at `now`: its term is over, and it is billed and paid.
    pub fn is_done_with(&self, line: &Line, terms: Terms, now: Instant) -> bool {
        let ended = self.ended_at.is_some_and(|at| is_over(at, terms.ended_line_days, now));
        ended && is_settled(line)
    }

    /// When the line ended, where it has.
    pub const fn ended_at(&self) -> Option<Instant> {
        self.ended_at
    }
}

/// Whether rows that were found to be due are so still, as the line stands when they go: it may be
/// owed for again since it was looked at, and what it uses is never due.
pub fn is_still_due(line: &Line, erase: &EraseRows) -> bool {
    if erase.of_settled_line {
        return line.ended.is_some() && is_settled(line);
    }
    let passports = line.passports.values().filter(|passport| passport.deleted_at.is_none());
    let used = passports.flat_map(|passport| {
        [passport.rows.name.row, passport.rows.credential.row, passport.rows.applicant.row]
    });
    let used = used.chain([line.rows.record.row, line.rows.access_key.row]);
    line.ended.is_some() || used.into_iter().all(|row| !erase.rows.contains(&row))
}

/// Everything is billed, and nothing of it unpaid.
fn is_settled(line: &Line) -> bool {
    let unpaid = line.unpaid.values().any(|bill| bill.settled_at.is_none());
    let corrected = line.corrections.last().map(|one| one.at.month());
    let pending = corrected > line.closed_through;
    line.contracts.is_empty() && line.uses.is_empty() && !unpaid && !pending
}
