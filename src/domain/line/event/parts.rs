//! What events of a line are told with: its service, its barriers and ends, its bills. Stored shapes
//! too, and final like the events.

use crate::domain::{
    calendar::{Instant, Month},
    ids::{PassportNumber, ProviderId, ReceiptNumber, ServiceCode},
    yen::Yen,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which access service a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineService {
    /// フレッツ 光ネクスト.
    HikariNext,
    /// フレッツ 光ライト.
    HikariLight,
    /// フレッツ・光プレミアム.
    HikariPremium,
    /// Bフレッツ, not eligible.
    BFlets,
    /// フレッツ・ADSL, not eligible.
    FletsAdsl,
    /// フレッツ・ISDN, not eligible.
    FletsIsdn,
}

impl LineService {
    /// Whether it may have passport IDs.
    pub const fn is_eligible(self) -> bool {
        matches!(self, Self::HikariNext | Self::HikariLight | Self::HikariPremium)
    }

    /// Whether it has 回線認証.
    pub const fn has_line_authentication(self) -> bool {
        matches!(self, Self::HikariNext | Self::HikariLight)
    }
}

/// What a line can be barred by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barrier {
    /// 利用規制 by the customer.
    CustomerRestriction,
    /// The company's stop.
    CompanyStop,
    /// The billing number became 利用不可.
    Unbillable,
}

/// Why a contract ended, as providers learn it: never that a bill is unpaid (interfaces.md 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// 解約 by the household.
    Customer,
    /// 利用規制.
    Restriction,
    /// Its passport ID was deleted.
    PassportDeleted,
    /// The line ended.
    LineEnded,
    /// An operator's command, or a billing number that cannot be used.
    Operator,
}

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineEnding {
    /// When.
    pub at: Instant,
    /// By which transfer.
    pub cause: LineEndCause,
}

/// The transfers that end a line (the × cells of R-160).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineEndCause {
    /// 設置場所変更 with a new ID.
    Moved,
    /// 品目変更 with a new ID.
    ItemChanged,
    /// メニュー変更.
    MenuChanged,
    /// 解約, a move into the NTT East area included.
    Terminated,
    /// 譲渡・継承.
    Transferred,
}

/// How the line's bill is paid.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BillingRoute {
    /// ① with the telephone bill.
    #[default]
    Telephone,
    /// ② under a customer number beginning 00.
    CustomerNumber,
    /// おまとめ請求, by the representative line.
    Combined,
    /// フレッツ広域一括請求.
    Bulk,
}

impl BillingRoute {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Telephone, Self::CustomerNumber, Self::Combined, Self::Bulk];
}

/// What allows a disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisclosureTrigger {
    /// 60 days have passed since the due date.
    Overdue,
    /// The operator stopped collecting.
    CollectionStopped,
}

/// One line of a closed month's itemisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedItem {
    /// The purchase it comes from.
    pub receipt: ReceiptNumber,
    /// Who bought.
    pub passport: PassportNumber,
    /// Who sold.
    pub provider: ProviderId,
    /// Its name then, as the bill prints it.
    pub provider_name: String,
    /// What.
    pub service: ServiceCode,
    /// Its name then.
    pub service_name: String,
    /// Pieces.
    pub quantity: u32,
    /// The sum charged for the month.
    pub amount: Yen,
    /// 利用開始日.
    pub bought_at: Instant,
}

/// A correction as the bill of a closed month prints it: it names what it corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedCorrection {
    /// When it was made.
    pub at: Instant,
    /// The month that was wrong.
    pub month: Month,
    /// Yen less (negative) or more.
    pub difference_yen: i64,
    /// The charge as it was billed.
    pub item: ClosedItem,
}
