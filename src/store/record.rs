//! Rows as they are stored: one version byte, the number of the block that closed their group,
//! then JSON, readable by operators.
//!
//! The block's number is how readers keep to what is durable. Samples of every version are
//! committed beside the tests and read back by one.

use super::{BillPlace, StoreError, Stream, mail::MailRow};
use crate::domain::{
    field::{MailAddress, PassportName, PersonName, PhoneNumber},
    ids::{CustomerId, PassportNumber},
    language::Language,
    line::RowRef,
};
use aws_lc_rs::digest::{SHA256, digest};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt;

/// The version this program writes.
pub const VERSION: u8 = 1;
const HEADER: usize = 9;

/// Makes a row: version, block, body.
pub fn encode(block: u64, body: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(HEADER + body.len());
    row.push(VERSION);
    row.extend_from_slice(&block.to_be_bytes());
    row.extend_from_slice(body);
    row
}

/// Takes a row apart: the block that closed its group, and its body. `key` names the place in
/// errors.
pub fn decode<'a>(key: &[u8], row: &'a [u8]) -> Result<(u64, &'a [u8]), StoreError> {
    let place = || super::key::readable(key);
    match row.split_first_chunk::<HEADER>() {
        Some((&[VERSION, block @ ..], body)) => Ok((u64::from_be_bytes(block), body)),
        Some((&[version, ..], _)) => Err(StoreError::damaged(
            place(),
            format!("its version is {version}; this program reads version {VERSION}"),
        )),
        None => Err(StoreError::damaged(place(), "it is shorter than any row")),
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Writes a body's JSON.
///
/// # Panics
/// Never for our own types, whose maps have text keys. An empty body in its place would be
/// committed and acknowledged; a panic acknowledges nothing.
pub fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("our own types are always JSON")
}

/// Reads a body's JSON; `place` names it in errors.
pub fn from_json<T: DeserializeOwned>(place: &str, body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|error| StoreError::damaged(place, error.to_string()))
}

/// An event row as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its sequence number in the stream.
    pub seq: u64,
    /// The block that closed its group.
    pub block: u64,
    /// The entry, JSON.
    pub entry: Vec<u8>,
}

/// A snapshot row as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRow {
    /// The event row it stands after.
    pub seq: u64,
    /// The state, as it was sealed.
    pub body: Vec<u8>,
}

/// The first of a stream's snapshot rows, given from the newest on, that can be read and whose
/// group is durable.
pub fn newest_snapshot<K: AsRef<[u8]>, R: AsRef<[u8]>>(
    rows: impl Iterator<Item = (K, R)>,
    durable: u64,
) -> Option<SnapshotRow> {
    rows.map(|(key, row)| {
        let (block, body) = decode(key.as_ref(), row.as_ref())?;
        let seq = super::key::seq_of_event(key.as_ref()).unwrap_or_default();
        Ok((block <= durable).then(|| SnapshotRow { seq, body: body.to_vec() }))
    })
    .inspect(|read: &Result<_, StoreError>| {
        if let Err(error) = read {
            tracing::warn!(%error, "a snapshot is passed over");
        }
    })
    .find_map(|read| read.ok().flatten())
}

/// A row of the outbox, from its key and its body.
pub fn mail_row(key: &[u8], body: &[u8]) -> Result<MailRow, StoreError> {
    let place = super::key::readable(key);
    let known = super::key::mail_place(key);
    let known = known.ok_or_else(|| StoreError::damaged(&*place, "its key names no mail"))?;
    Ok(MailRow { place: known, record: from_json(&place, body)? })
}

/// Whose a prefix is, from its key and its body.
pub fn owner_row(key: &[u8], body: &[u8]) -> Result<(IpNetwork, Holder), StoreError> {
    let place = super::key::readable(key);
    let known = super::key::network_of_key(key);
    let known = known.ok_or_else(|| StoreError::damaged(&*place, "its key names no prefix"))?;
    Ok((known, from_json(&place, body)?))
}

/// Where a part of a bill stands, from its key and its body.
pub fn bill_row(key: &[u8], body: &[u8]) -> Result<(BillPlace, u64), StoreError> {
    let place = super::key::readable(key);
    let known = super::key::bill_place(key);
    let known = known.ok_or_else(|| StoreError::damaged(&*place, "its key names no bill"))?;
    Ok((known, from_json(&place, body)?))
}

/// The number of a line's row of sign-ins: events number theirs from 0 up, this one stands at the
/// other end.
pub const SIGN_INS_ROW: u32 = u32::MAX;

/// Who holds a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The line.
    pub customer: CustomerId,
    /// The passport ID, for its string and for an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passport: Option<PassportNumber>,
    /// The event row that completed the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl Holder {
    /// With its row in the line's stream, where it names one; `read` reads the rows of a stream that
    /// come right after a place.
    pub(super) fn with_row(
        self,
        read: impl FnOnce(&Stream, u64) -> Result<Vec<EventRow>, StoreError>,
    ) -> Result<(Self, Option<EventRow>), StoreError> {
        let Some(after) = self.seq.and_then(|seq| seq.checked_sub(1)) else {
            return Ok((self, None));
        };
        let rows = read(&Stream::Line(self.customer), after)?;
        let row = rows.into_iter().next().filter(|row| Some(row.seq) == self.seq);
        Ok((self, row))
    }
}

/// What is personal or secret, and so stands beside the events: a salt, then the data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalRow {
    /// 32 drawn bytes as hexadecimal digits: without them a commitment could be guessed.
    pub salt: String,
    /// The data.
    #[serde(flatten)]
    pub data: Personal,
}

/// Kinds of personal rows (R-187).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum Personal {
    /// The record of 開通のご案内 (R-059).
    LineRecord {
        /// Its fields by the names of the import.
        fields: std::collections::BTreeMap<String, String>,
    },
    /// The hash of an access key.
    AccessKey {
        /// A PHC string, or the keyed hash an import leaves until the first login.
        hash: String,
    },
    /// A passport ID's own string.
    PassportName {
        /// As entered.
        name: PassportName,
    },
    /// A password's hash.
    Credential {
        /// A PHC string.
        hash: String,
    },
    /// Who applied for a passport ID (R-074, R-075).
    Applicant {
        /// お名前.
        name: PersonName,
        /// ご連絡先電話番号.
        phone: PhoneNumber,
        /// メールアドレス.
        mail: MailAddress,
        /// 契約者確認 (R-086).
        is_contractor: bool,
        /// The language of mails to the applicant: that of the pages on which it was entered.
        #[serde(default, skip_serializing_if = "Language::is_first")]
        language: Language,
    },
    /// A sign-in from a place that was new, for the mail that tells of it.
    SignIn {
        /// When, microseconds since the epoch.
        at: i64,
        /// The address or prefix it came from.
        from: String,
        /// The provider's ID, or `portal`.
        to: String,
    },
    /// The last sign-ins, 20 at most. No event names them, so they stand at [`SIGN_INS_ROW`].
    SignIns {
        /// When, from where, to what.
        recent: Vec<SignIn>,
    },
    /// Where a session of the household's own pages was opened from.
    SessionOrigin {
        /// The address.
        address: String,
        /// The browser and the system, as it names itself.
        browser: String,
    },
    /// An inquiry to the desk (R-105).
    Inquiry {
        /// サービス名.
        service: String,
        /// ご連絡先.
        contact: String,
        /// お問い合わせ内容.
        text: String,
    },
}

/// One sign-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Microseconds since the epoch.
    pub at: i64,
    /// The address or prefix it came from.
    pub from: String,
    /// The provider's ID, or [`SignIn::PORTAL`].
    pub to: String,
}

impl SignIn {
    /// What a sign-in to the household's own pages has where others have a provider's ID.
    pub const PORTAL: &str = "portal";
}

impl PersonalRow {
    /// A row with its salt.
    pub fn new(salt: [u8; 32], data: Personal) -> Self {
        let salt = salt.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self { salt, data }
    }

    /// The bytes that are stored and committed to.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// The reference an event holds: the row's number and SHA-256 over the salted row.
    pub fn reference(&self, row: u32) -> RowRef {
        RowRef { row, commitment: sha256(&self.to_bytes()) }
    }
}

impl fmt::Debug for PersonalRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalRow(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_is_refused_with_its_place() {
        let key = super::super::key::block(7);
        let mut row = encode(3, b"{}");
        assert_eq!(decode(&key, &row).expect("reads"), (3, &b"{}"[..]));
        row[0] = 2;
        let refused = decode(&key, &row).expect_err("refused").to_string();
        assert!(refused.contains("block 7") && refused.contains("version is 2"), "{refused}");
        assert!(decode(&key, &row[..8]).is_err());
    }

    #[test]
    fn a_commitment_depends_on_the_salt() {
        let row = |salt| PersonalRow::new([salt; 32], Personal::Credential { hash: "h".into() });
        assert_eq!(row(1).reference(5), row(1).reference(5));
        assert_ne!(row(1).reference(5).commitment, row(2).reference(5).commitment);
    }

    #[test]
    fn stored_samples_of_version_1_are_still_read() {
        let samples = [
            r#"{"salt":"00","row":"passport_name","name":"user01"}"#,
            r#"{"salt":"00","row":"credential","hash":"$argon2id$"}"#,
            r#"{"salt":"00","row":"access_key","hash":"$argon2id$"}"#,
            r#"{"salt":"00","row":"line_record","fields":{"contractor":"x"}}"#,
            r#"{"salt":"00","row":"applicant","name":"NTT","phone":"0312345678","mail":"a@b.jp","is_contractor":true}"#,
            r#"{"salt":"00","row":"applicant","name":"NTT","phone":"0312345678","mail":"a@b.jp","is_contractor":true,"language":"en"}"#,
            r#"{"salt":"00","row":"sign_in","at":1,"from":"192.0.2.0/24","to":"portal"}"#,
            r#"{"salt":"00","row":"sign_ins","recent":[{"at":1,"from":"::/64","to":"portal"}]}"#,
            r#"{"salt":"00","row":"inquiry","service":"s","contact":"c","text":"t"}"#,
        ];
        for sample in samples {
            let row: PersonalRow = from_json("sample", sample.as_bytes()).expect(sample);
            assert_eq!(String::from_utf8(row.to_bytes()).expect("text"), sample);
        }
        let holder = r#"{"customer":"CAF0000012573","passport":1,"seq":4}"#;
        let read: Holder = from_json("sample", holder.as_bytes()).expect("reads");
        assert_eq!(serde_json::to_string(&read).expect("writes"), holder);
    }
}
