//! A mail as plain data: what it tells and to whom, before it has words.

use crate::{
    domain::{
        calendar::{Instant, Month},
        field::MailAddress,
        ids::{ContractNumber, CustomerId, ReceiptNumber},
        language::Language,
        yen::Yen,
    },
    store::MailId,
};

/// A mail to one recipient.
#[derive(Clone)]
pub struct Letter {
    /// Which.
    pub id: MailId,
    /// The address.
    pub to: MailAddress,
    /// Whose it is; nobody by name where it stands in the line's record.
    pub name: Option<String>,
    /// In which language.
    pub language: Language,
    /// When the entry was accepted.
    pub accepted_at: Instant,
    /// The request it came with, for the foot.
    pub request_id: Option<String>,
    /// What it tells.
    pub content: Content,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({}, ***)", self.id)
    }
}

/// What a mail tells.
#[derive(Clone)]
pub enum Content {
    ///
    Registered(Registered),
    ///
    Changed(Changed),
    ///
    Purchased(Purchased),
    ///
    Cancelled {
        /// The contract.
        ended: Ended,
        /// The receipt of the cancellation.
        receipt: Option<ReceiptNumber>,
    },
    ///
    ContractsEnded {
        /// Which.
        ended: Vec<Ended>,
    },
    ///
    LimitsChanged {
        /// The IDs' new limits.
        limits: Vec<(String, Yen)>,
        /// The line's.
        line_limit: Option<Yen>,
    },
    ///
    Restricted {
        /// What ended by it.
        ended: Vec<Ended>,
    },
    ///
    RestrictionLifted,
    ///
    UseStopped {
        /// What ended by it.
        ended: Vec<Ended>,
    },
    ///
    UseResumed,
    ///
    PassportDeleted {
        /// Which IDs.
        passport_ids: Vec<String>,
        /// What ended by it.
        ended: Vec<Ended>,
    },
    ///
    LineEnded {
        /// What ended by it.
        ended: Vec<Ended>,
        /// Whether the household goes on under a new お客さまID.
        goes_on: bool,
    },
    /// R-105, to the desk.
    Inquiry {
        /// The line it comes from.
        customer: CustomerId,
        /// サービス名.
        service: String,
        /// ご連絡先.
        contact: String,
        /// お問い合わせ内容.
        text: String,
    },
    /// A sign-in from a place that was new.
    NewSignIn {
        /// With which ID; with the access key where absent.
        passport_id: Option<String>,
        /// When.
        at: Instant,
        /// The address or prefix.
        from: String,
        /// The provider's name; the household's own pages where absent.
        to: Option<String>,
    },
}

/// A registration.
#[derive(Clone)]
pub struct Registered {
    /// The ID's string.
    pub passport_id: String,
    /// お名前.
    pub name: String,
    /// ご連絡先電話番号.
    pub phone: String,
    /// メールアドレス.
    pub mail: String,
    /// Its limit a month.
    pub limit: Yen,
    /// 回線認証機能.
    pub line_authentication: bool,
    /// From when it can be used, where not at once.
    pub active_from: Option<Instant>,
}

/// A change of a registration.
#[derive(Clone)]
pub struct Changed {
    /// The ID's string as it is now; the former address is not told it.
    pub passport_id: Option<String>,
    /// What changed.
    pub items: Vec<Item>,
    /// Whether this goes to the address that was replaced.
    pub is_former: bool,
}

/// Something that changed. Its new value is not told to a former address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The ID's string.
    PassportId,
    /// The password, never told.
    Password,
    /// お名前.
    Name(Option<String>),
    /// ご連絡先電話番号.
    Phone(Option<String>),
    /// メールアドレス.
    Mail(Option<String>),
    /// 契約者確認.
    Contractor(Option<bool>),
    /// 回線認証機能.
    LineAuthentication(bool),
}

impl Item {
    /// Leaves out what it was changed to.
    pub(super) fn veil(&mut self) {
        match self {
            Self::Name(value) | Self::Phone(value) | Self::Mail(value) => *value = None,
            Self::Contractor(value) => *value = None,
            Self::PassportId | Self::Password | Self::LineAuthentication(_) => {}
        }
    }
}

/// A purchase.
#[derive(Clone)]
pub struct Purchased {
    /// The ID that bought.
    pub passport_id: String,
    /// Who sold.
    pub provider: String,
    /// What.
    pub service: String,
    /// 月額定額.
    pub monthly: bool,
    /// The price of one.
    pub unit_price: Yen,
    /// Pieces.
    pub quantity: u32,
    /// The total.
    pub amount: Yen,
    /// 申込受付番号.
    pub receipt: ReceiptNumber,
    /// サービス利用期間.
    pub usage_period: Option<String>,
}

/// A contract that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose.
    pub passport_id: String,
    /// Who sold it.
    pub provider: String,
    /// What it was.
    pub service: String,
    /// Its number.
    pub contract: ContractNumber,
    /// The last month it is charged for.
    pub last_charge_month: Month,
}
