//! What is asked of a line, made into a command, its personal rows, and after the decision into
//! one batch. Pure, but for the salts it is given.
//!
//! | file | what |
//! |---|---|
//! | `prepare` | what is asked, as a command and its personal rows |
//! | `batch` | a decision, as one batch |

mod batch;
mod prepare;

pub use batch::batch;
pub use prepare::{Prepared, prepare};

use super::line::PrivatePassport;
use crate::{
    domain::{
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{PassportNumber, ProviderId},
        language::Language,
        line::{
            Command, LineService, RowRef,
            command::{Cancel, ChangeBilling, LoggedIn, Purchase, UpdateLine},
            event::{BillingRoute, By},
        },
        order::Order,
        yen::Yen,
    },
    store::record::Personal,
};
use ipnetwork::IpNetwork;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

/// A change somebody asks for, with where it comes from.
#[derive(Debug, Clone)]
pub struct Change {
    /// What.
    pub what: What,
    /// Who.
    pub by: By,
    /// The address the request came from; none for an operator's command.
    pub source: Option<IpAddr>,
    /// The request's ID.
    pub request_id: Option<String>,
}

impl Change {
    /// Whether both are the same press of the same button from the same place.
    pub fn is_same_press(&self, other: &Self) -> bool {
        let press = |change: &Self| {
            change.what.order().map(|(provider, order, _)| {
                (provider.clone(), order, change.what.login(), change.source)
            })
        };
        press(self).is_some() && press(self) == press(other)
    }
}

/// What is asked. Fields were checked; personal data travel as they are until they become rows.
#[derive(Debug, Clone)]
pub enum What {
    /// The carrier opens the line.
    Open(Box<Opening>),
    /// A household registers a passport ID.
    Register(Box<Registration>),
    /// A household changes what a passport ID was registered with.
    ChangePassport(Box<Changes>),
    /// A household buys.
    Purchase(Box<Purchase>),
    /// A household cancels.
    Cancel(Box<Cancel>),
    /// A verified password was hashed anew.
    UpgradeHash(Box<NewHash>),
    /// A household signs in to its own pages.
    OpenSession(Box<Opened>),
    /// An inquiry to the desk.
    Inquire(Box<Inquiry>),
    /// Somebody signed in from a place that was not seen before.
    NoteNewPlace(Box<NewPlace>),
    /// The record of 開通のご案内 is replaced, by the names of the import.
    ReplaceRecord(BTreeMap<String, String>),
    /// The billing number changes, with the record that has the new one.
    ChangeBilling(Box<BillingChanged>),
    /// The carrier gives the line's data again.
    Update(Box<Update>),
    /// The desk gives the line another access key, as its hash.
    ResetAccessKey(String),
    /// Anything that has no personal data.
    Plain(Box<Command>),
}

/// A change of 請求先お客さま番号.
#[derive(Clone)]
pub struct BillingChanged {
    /// Which row of the table, and what the configuration says of it; the record's row is made from
    /// `record`.
    pub change: ChangeBilling,
    /// The whole record with the new number, where there is one.
    pub record: Option<RecordFields>,
}

impl std::fmt::Debug for BillingChanged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BillingChanged").field("change", &self.change).finish_non_exhaustive()
    }
}

/// A whole record that takes the place of the one it was made from.
#[derive(Clone)]
pub struct RecordFields {
    /// By the names of the import.
    pub fields: BTreeMap<String, String>,
    /// The record that was read to make it.
    pub made_from: RowRef,
}

/// A line to open.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Which access service.
    pub service: LineService,
    /// Its limit a month.
    pub line_limit: Yen,
    /// How its bill is paid.
    pub billing: BillingRoute,
    /// Its own prefixes.
    pub networks: Vec<IpNetwork>,
    /// The record of 開通のご案内, by the names of the import.
    pub record: BTreeMap<String, String>,
    /// The hash of its access key.
    pub access_key_hash: String,
}

/// What the carrier gives anew of an open line; what is absent stays.
#[derive(Clone, Default)]
pub struct Update {
    /// What holds nothing personal; its rows are made from the two below.
    pub plain: UpdateLine,
    /// The whole record.
    pub record: Option<RecordFields>,
    /// The hash of another access key.
    pub access_key_hash: Option<String>,
}

impl std::fmt::Debug for Update {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Update").field("plain", &self.plain).finish_non_exhaustive()
    }
}

/// A passport ID to register.
#[derive(Debug, Clone)]
pub struct Registration {
    /// As entered.
    pub name: PassportName,
    /// The keyed hash of its small letters: its reservation.
    pub name_hash: [u8; 32],
    /// The password's PHC string.
    pub password_hash: String,
    /// お名前.
    pub applicant: PersonName,
    /// ご連絡先電話番号.
    pub phone: PhoneNumber,
    /// メールアドレス.
    pub mail: MailAddress,
    /// 契約者確認.
    pub is_contractor: bool,
    /// The language of the mails that follow: that of the pages it was entered on.
    pub language: Language,
}

/// A passport ID's change form; what was left blank stays.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Whose.
    pub passport: PassportNumber,
    /// Its new string.
    pub name: Option<Renaming>,
    /// The new password's PHC string.
    pub password_hash: Option<String>,
    /// The applicant's data, all of them.
    pub applicant: Option<Applicant>,
    /// 回線認証機能, on or off.
    pub line_authentication: Option<bool>,
}

/// A new string for a passport ID.
#[derive(Debug, Clone)]
pub struct Renaming {
    /// As entered.
    pub name: PassportName,
    /// The keyed hash of its small letters, to reserve; absent where only the case of letters
    /// changes, since the ID holds that reservation already.
    pub name_hash: Option<[u8; 32]>,
}

/// Who applied for a passport ID.
#[derive(Debug, Clone)]
pub struct Applicant {
    /// お名前.
    pub name: PersonName,
    /// ご連絡先電話番号.
    pub phone: PhoneNumber,
    /// メールアドレス.
    pub mail: MailAddress,
    /// 契約者確認.
    pub is_contractor: bool,
    /// The language of the mails that follow: that of the pages it was entered on.
    pub language: Language,
}

impl From<&Applicant> for Personal {
    fn from(applicant: &Applicant) -> Self {
        Self::Applicant {
            name: applicant.name.clone(),
            phone: applicant.phone.clone(),
            mail: applicant.mail.clone(),
            is_contractor: applicant.is_contractor,
            language: applicant.language,
        }
    }
}

/// A session of the household's own pages to open.
#[derive(Clone)]
pub struct Opened {
    /// The access key's row that was verified.
    pub verified: RowRef,
    /// How long it lasts at most, in seconds.
    pub lifetime_s: u64,
    /// Where from.
    pub address: IpAddr,
    /// The browser and the system, as it names itself.
    pub browser: String,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("lifetime_s", &self.lifetime_s).finish_non_exhaustive()
    }
}

/// A sign-in from a place that was not seen before.
#[derive(Clone)]
pub struct NewPlace {
    /// With which ID; with the access key where absent.
    pub passport: Option<PassportNumber>,
    /// When, microseconds since the epoch.
    pub at: i64,
    /// The prefix it came from.
    pub from: String,
    /// The provider's ID, or `portal`.
    pub to: String,
}

impl std::fmt::Debug for NewPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPlace").field("passport", &self.passport).finish_non_exhaustive()
    }
}

/// An inquiry to the desk.
#[derive(Clone)]
pub struct Inquiry {
    /// サービス名.
    pub service: String,
    /// ご連絡先.
    pub contact: String,
    /// お問い合わせ内容.
    pub text: String,
}

impl std::fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inquiry(***)")
    }
}

/// A hash of a verified password at the cost of today.
#[derive(Clone)]
pub struct NewHash {
    /// Whose password; absent for the line's access key.
    pub passport: Option<PassportNumber>,
    /// The credential's row that the password was verified against.
    pub verified: RowRef,
    /// The new PHC string.
    pub password_hash: String,
}

impl std::fmt::Debug for NewHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewHash").field("passport", &self.passport).finish_non_exhaustive()
    }
}

impl What {
    /// The order it completes, if it is one: what makes a repeated press harmless.
    pub fn order(&self) -> Option<(&ProviderId, Order, PassportNumber)> {
        match self {
            Self::Purchase(buy) => {
                Some((&buy.provider, Order::Purchase(buy.order.clone()), buy.login.passport))
            }
            Self::Cancel(cancel) => Some((
                &cancel.provider,
                Order::Cancellation(cancel.order.clone()),
                cancel.login.passport,
            )),
            _ => None,
        }
    }

    /// The standing the press was made from: a press from elsewhere, or by an older login, is
    /// judged for itself.
    fn login(&self) -> Option<(LoggedIn, bool)> {
        match self {
            Self::Purchase(buy) => Some((buy.login, buy.require_line)),
            Self::Cancel(cancel) => Some((cancel.login, cancel.require_line)),
            _ => None,
        }
    }

    /// The same without what its ID holds already, so that a button pressed twice sets nothing twice
    /// and is told once. Each form's hash has a salt of its own: no other form has the same one.
    pub fn without_what_stands(
        &self,
        private: &HashMap<PassportNumber, PrivatePassport>,
    ) -> Cow<'_, Self> {
        let Self::ChangePassport(changes) = self else { return Cow::Borrowed(self) };
        let Some(held) = private.get(&changes.passport) else { return Cow::Borrowed(self) };
        let mut changes = changes.clone();
        changes.name = changes.name.filter(|renaming| renaming.name != held.name);
        changes.password_hash = changes.password_hash.filter(|hash| *hash != held.password_hash);
        Cow::Owned(Self::ChangePassport(changes))
    }

    /// Whether a receipt number is drawn for it.
    pub const fn takes_receipt(&self) -> bool {
        matches!(self, Self::Purchase(_) | Self::Cancel(_))
    }
}
