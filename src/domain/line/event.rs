//! What happened to a line: the stored shapes, final from the first release on.
//!
//! An [`Entry`] is one row of the journal: the events of one decision. It holds no personal data
//! and no credential; those stand in personal rows beside it, to which a [`RowRef`] commits.

mod parts;

pub use parts::{
    Barrier, BillingRoute, ClosedCorrection, ClosedItem, DisclosureTrigger, EndReason,
    LineEndCause, LineEnding, LineService,
};

use super::guard::Uptime;
use crate::domain::{
    calendar::{Day, Instant, Month},
    ids::{
        ContractNumber, CustomerId, PassportNumber, ProviderId, ReceiptNumber, Reference,
        ServiceCode,
    },
    transfer::Transfer,
    yen::Yen,
};
use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

/// One decision as the journal keeps it: of a line, or with another type of event of a provider or
/// of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<E = Event> {
    /// When it was accepted.
    pub at: Instant,
    /// Who asked for it.
    pub by: By,
    /// The request it came with, the same as on the page and in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What happened, in order.
    pub events: Vec<E>,
}

/// Who asked for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum By {
    /// A household with a passport ID, in a provider's flow.
    Passport {
        /// Which.
        passport: PassportNumber,
    },
    /// A household with its customer ID, on its own pages.
    Customer,
    /// An operator, who must say why.
    Operator {
        /// The token's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Linepass itself: import, month's close, a threshold.
    System,
}

/// A personal row and the commitment to it: SHA-256 over the row, whose first field is a salt of
/// 32 bytes. Erasing the row leaves the journal whole (details.md "Store").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRef {
    /// The row's number inside the line.
    pub row: u32,
    /// SHA-256 over the salted row.
    #[serde(with = "hex32")]
    pub commitment: [u8; 32],
}

/// What happened to a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The carrier opened the line here.
    LineOpened {
        /// Its customer ID.
        customer: CustomerId,
        /// Which access service it is.
        service: LineService,
        /// Its limit a month.
        line_limit: Yen,
        /// How its bill is paid.
        #[serde(default)]
        billing: BillingRoute,
        /// The record of 開通のご案内.
        record: RowRef,
        /// The hash of the access key.
        access_key: RowRef,
    },
    /// The record of 開通のご案内 was replaced.
    RecordReplaced {
        /// The new record.
        record: RowRef,
    },
    /// The access key, or the hash it is kept under, was replaced.
    AccessKeySet {
        /// The new hash.
        access_key: RowRef,
    },
    /// The line's own address prefixes, all of them.
    NetworksSet {
        /// The prefixes.
        networks: Vec<IpNetwork>,
    },
    /// The operator set the line's limit.
    LineLimitSet {
        /// Yen a month.
        line_limit: Yen,
    },
    /// How the bill is paid changed.
    BillingSet {
        /// From now on.
        billing: BillingRoute,
    },
    /// A passport ID was registered.
    PassportRegistered {
        /// Its number.
        passport: PassportNumber,
        /// The string's row.
        name: RowRef,
        /// The password hash's row.
        credential: RowRef,
        /// The applicant's row.
        applicant: RowRef,
        /// Its limit a month.
        limit: Yen,
        /// Whether it only authenticates from its own line.
        line_authentication: bool,
        /// From when it can be used, where not at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        active_from: Option<Instant>,
    },
    /// A passport ID's string changed.
    PassportRenamed {
        /// Whose.
        passport: PassportNumber,
        /// The new string's row.
        name: RowRef,
    },
    /// A password changed, or the hash it is kept under.
    PasswordSet {
        /// Whose.
        passport: PassportNumber,
        /// The new hash's row.
        credential: RowRef,
        /// Whether only the hash is new: then nobody's login ends.
        rehash: bool,
    },
    /// Applicant's name, phone or mail address changed.
    ApplicantSet {
        /// Whose.
        passport: PassportNumber,
        /// The new row.
        applicant: RowRef,
    },
    /// 回線認証機能 was switched.
    LineAuthenticationSet {
        /// Whose.
        passport: PassportNumber,
        /// On or off.
        on: bool,
    },
    /// ご利用限度額 changed.
    PassportLimitSet {
        /// Whose.
        passport: PassportNumber,
        /// Yen a month.
        limit: Yen,
    },
    /// A passport ID was deleted; its string is never given out again.
    PassportDeleted {
        /// Which.
        passport: PassportNumber,
    },
    /// A service was bought.
    Purchased {
        /// 申込受付番号.
        receipt: ReceiptNumber,
        /// Who bought.
        passport: PassportNumber,
        /// Who sold.
        provider: ProviderId,
        /// Its name then, for statements and bills.
        provider_name: String,
        /// The provider's own number.
        reference: Reference,
        /// What.
        service: ServiceCode,
        /// Its name then, for statements.
        service_name: String,
        /// 月額定額, which opens a contract with this receipt's number, or 都度課金.
        monthly: bool,
        /// The price of one then.
        unit_price: Yen,
        /// Pieces.
        quantity: u32,
        /// The total.
        amount: Yen,
        /// サービス利用期間 then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage_period: Option<String>,
        /// The provider's words for the order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Whether the buyer's address was checked to be the line's own.
        line_checked: bool,
    },
    /// A contract ended. It says all that a receipt or a webhook
    /// tells, so that whoever follows the journal needs no line.
    ContractEnded {
        /// Which.
        contract: ContractNumber,
        /// Whose.
        passport: PassportNumber,
        /// Who sold it.
        provider: ProviderId,
        /// What it was.
        service: ServiceCode,
        /// Why.
        reason: EndReason,
        /// The last month it is charged for.
        last_charge_month: Month,
        /// The receipt of a cancellation order; absent where nobody ordered it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<ReceiptNumber>,
        /// The provider's own number for the cancellation order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
    },
    /// New use is barred.
    BarrierRaised {
        /// By what.
        barrier: Barrier,
    },
    /// That bar is gone; what ended stays ended.
    BarrierLifted {
        /// Which.
        barrier: Barrier,
    },
    /// Logins older than this are over: of one ID, or of the portal.
    SessionsEnded {
        /// Whose; the portal's where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passport: Option<PassportNumber>,
    },
    /// Somebody signed in from a place that was not seen before; the household is told by mail.
    SignedInFromNewPlace {
        /// With which ID; with the access key where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passport: Option<PassportNumber>,
        /// When, from where and to what.
        sign_in: RowRef,
    },
    /// A portal session was opened.
    PortalSessionOpened {
        /// Its number.
        session: u32,
        /// When it ends at the latest.
        expires_at: Instant,
        /// Where it was opened from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<RowRef>,
    },
    /// A portal session was ended.
    PortalSessionEnded {
        /// Its number.
        session: u32,
    },
    /// Guessing was met with a wait that survives a restart (details.md "Throttle").
    HoldPlaced {
        /// Against guessing at this ID; at the access key where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passport: Option<PassportNumber>,
        /// From this prefix; from everywhere but the own line where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<IpNetwork>,
        /// The failures that led to it: the next wait goes on doubling from there.
        failures: u32,
        /// Until when.
        until: Instant,
        /// The same by the machine's own clock, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_uptime: Option<Uptime>,
    },
    /// An operator released the holds of an ID or of the access key.
    HoldReleased {
        /// Of this ID; of the access key where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passport: Option<PassportNumber>,
    },
    /// The month is fixed as billed. A long itemisation takes several rows, each with its
    /// part; the month is closed by the last.
    MonthClosed {
        /// Which month.
        month: Month,
        /// The block up to which it was folded.
        block: u64,
        /// How it is billed: the route valid at the close.
        billing: BillingRoute,
        /// The record with the billing number valid at the close.
        record: RowRef,
        /// Which part this is, from 1.
        part: u32,
        /// Of how many.
        parts: u32,
        /// What is billed.
        items: Vec<ClosedItem>,
        /// What corrects bills of earlier months, with the first part.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        corrections: Vec<ClosedCorrection>,
    },
    /// A closed month was wrong: an entry of the running month that names what it corrects.
    Corrected {
        /// The receipt whose charge it corrects.
        receipt: ReceiptNumber,
        /// The month that was wrong.
        month: Month,
        /// Yen less (negative) or more.
        difference_yen: i64,
        /// The charge as it was billed, so that whoever bills it needs no other row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<Box<ClosedItem>>,
    },
    /// A bill was reported unpaid.
    OverdueReported {
        /// The month of the charges.
        month: Month,
        /// The due date, `2026-12-31`.
        due: Day,
    },
    /// A bill that was reported unpaid is paid, or was reported by mistake.
    OverdueSettled {
        /// The month of the charges.
        month: Month,
    },
    /// The operator stopped collecting: the second trigger of a disclosure.
    CollectionStopped {
        /// The month of the charges.
        month: Month,
    },
    /// An unpaid bill was disclosed to a provider.
    Disclosed {
        /// To whom.
        provider: ProviderId,
        /// The month of the charges.
        month: Month,
        /// What allowed it.
        trigger: DisclosureTrigger,
    },
    /// An inquiry to the desk.
    InquiryReceived {
        /// Its row.
        inquiry: RowRef,
    },
    /// A transfer that keeps everything: purchases, billing and restriction go on.
    TransferContinued {
        /// Which transfer.
        transfer: Transfer,
    },
    /// A transfer ended the line.
    LineEnded {
        /// Which transfer.
        cause: LineEndCause,
    },
    /// Personal rows were erased after their term.
    PersonalRowsErased {
        /// Their numbers.
        rows: Vec<u32>,
    },
}

mod hex32 {
    //! 32 bytes as 64 hexadecimal digits.
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(nibble.into(), 16));
            }
        }
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let wrong = || D::Error::custom("64 hexadecimal digits");
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(bytes)
    }
}
