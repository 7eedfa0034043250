//! The outbox's rows: mails that did not go out at the first try. They name a row of the journal
//! and a row of personal data, and hold neither.

use crate::domain::{calendar::Instant, ids::CustomerId, notice::NoticeKind};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The name of the follower that hands mails over.
pub const MAIL_FOLLOWER: &str = "mail";

/// Which mail: of which entry, what it tells, and the row its recipient's address stands in. The
/// same entry always gives the same name, so a mail has one row at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MailId {
    /// The line.
    pub customer: CustomerId,
    /// The entry's sequence number.
    pub seq: u64,
    /// What it tells.
    pub kind: NoticeKind,
    /// The personal row of its recipient.
    pub row: u32,
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { customer, seq, kind, row } = self;
        write!(f, "{customer}-{seq}-{kind}-{row}")
    }
}

impl MailId {
    /// The pattern of what is read (JSON Schema 2020-12).
    pub fn pattern() -> String {
        let kinds = NoticeKind::ALL.map(NoticeKind::as_str).join("|");
        format!("^[A-Z]{{3}}[0-9]{{10}}-(0|[1-9][0-9]{{0,18}})-({kinds})-(0|[1-9][0-9]{{0,8}})$")
    }
}

/// A text that names no mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mail is written CAF0000012573-14-purchased-6: line, entry, kind, recipient's row")]
pub struct NotAMail;

impl FromStr for MailId {
    type Err = NotAMail;

    fn from_str(text: &str) -> Result<Self, NotAMail> {
        let parts: Vec<&str> = text.split('-').collect();
        let [customer, seq, kind, row] = parts.as_slice() else { return Err(NotAMail) };
        let id = Self {
            customer: customer.parse().map_err(|_| NotAMail)?,
            seq: seq.parse().map_err(|_| NotAMail)?,
            kind: kind.parse().map_err(|_| NotAMail)?,
            row: row.parse().map_err(|_| NotAMail)?,
        };
        // One spelling for each, so that what is compared as text is compared.
        (id.to_string() == text).then_some(id).ok_or(NotAMail)
    }
}

/// Which of the two kinds of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// It is tried again.
    Waiting,
    /// It is not, unless an operator asks for it.
    Parked,
}

/// Where a row of the outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailPlace {
    /// On which shelf.
    pub shelf: Shelf,
    /// When it is tried next, or when it was parked.
    pub at: Instant,
    /// Which mail.
    pub mail: MailId,
}

/// What is known of a mail that did not go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// When its entry was accepted.
    pub accepted_at: Instant,
    /// From when its term is counted: the first try, or the last time that an operator asked for it.
    pub since: Instant,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed, as one of a few words.
    pub reason: String,
    /// The server's reply code (RFC 5321 section 4.2), where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// A row of the outbox as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Where it stands.
    pub place: MailPlace,
    /// What is known.
    pub record: MailRecord,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{key, record::from_json};

    #[test]
    fn a_mail_keeps_its_name_and_its_place() {
        let mail: MailId = "CAF0000012573-14-use_stopped-6".parse().expect("a mail");
        assert_eq!(mail.to_string(), "CAF0000012573-14-use_stopped-6");
        for shelf in [Shelf::Waiting, Shelf::Parked] {
            for at in [-5, 0, 1_790_000_000_000_000] {
                let place = MailPlace { shelf, at: Instant::from_micros(at), mail };
                assert_eq!(key::mail_place(&key::mail(&place)), Some(place));
            }
        }
        for text in ["", "CAF0000012573-014-changed-6", "CAF0000012573-14-spam-6", "a-1-changed-6"]
        {
            assert!(text.parse::<MailId>().is_err(), "{text}");
        }
        assert_eq!(key::mail_place(b"m/x12345678/CAF0000012573-14-changed-6"), None);
    }

    #[test]
    fn what_is_due_first_stands_first() {
        let mail: MailId = "CAF0000012573-14-changed-6".parse().expect("a mail");
        let key = |at| {
            let at = Instant::from_micros(at);
            key::mail(&MailPlace { shelf: Shelf::Waiting, at, mail })
        };
        assert!(key(-2) < key(-1) && key(-1) < key(0) && key(255) < key(256));
    }

    #[test]
    fn stored_samples_are_still_read() {
        for sample in [
            r#"{"accepted_at":1,"since":2,"attempts":3,"reason":"later","code":451}"#,
            r#"{"accepted_at":1,"since":2,"attempts":3,"reason":"no_answer"}"#,
        ] {
            let read: MailRecord = from_json("sample", sample.as_bytes()).expect(sample);
            assert_eq!(serde_json::to_string(&read).expect("writes"), sample);
        }
    }
}
