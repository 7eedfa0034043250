//! 異動: what a transfer of the access line does to what was bought with it, and
//! what a change of the billing number does.

use super::line::{LineService, event::LineEndCause};
use serde::{Deserialize, Serialize};

/// A transfer, by the columns of the guide's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// 設置場所変更, ID変更なし.
    MoveKeepingId,
    /// 設置場所変更, ID変更あり.
    MoveWithNewId,
    /// 品目変更, ID変更なし.
    ItemChangeKeepingId,
    /// 品目変更, ID変更あり.
    ItemChangeWithNewId,
    /// メニュー変更 (光ネクスト⇄光プレミアム).
    MenuChange,
    /// 解約.
    Termination,
    /// A move into the NTT East area, which is a 解約.
    MoveToNttEast,
    /// 譲渡・継承.
    Succession,
    /// 改称.
    Rename,
}

/// What a transfer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// ○: purchases, billing and the restriction go on.
    Continues,
    /// ×: contracts, passport IDs and sessions end.
    Ends(LineEndCause),
    /// —: the combination does not occur and is refused as invalid.
    Impossible,
}

impl Fate {
    /// The table's own sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Continues => "○",
            Self::Ends(_) => "×",
            Self::Impossible => "—",
        }
    }
}

impl Transfer {
    /// The columns of the table, and the move to NTT East.
    pub const ALL: [Self; 9] = [
        Self::MoveKeepingId,
        Self::MoveWithNewId,
        Self::ItemChangeKeepingId,
        Self::ItemChangeWithNewId,
        Self::MenuChange,
        Self::Termination,
        Self::MoveToNttEast,
        Self::Succession,
        Self::Rename,
    ];

    /// What it does to a line of this service. 光プレミアム never keeps its ID on a move or a
    /// change of item. An ineligible line has nothing that could go on or end, and follows
    /// 光ネクスト's row, so that its record can end too [G].
    pub const fn fate(self, service: LineService) -> Fate {
        let is_premium = matches!(service, LineService::HikariPremium);
        match self {
            Self::MoveKeepingId | Self::ItemChangeKeepingId if is_premium => Fate::Impossible,
            Self::MoveKeepingId | Self::ItemChangeKeepingId | Self::Rename => Fate::Continues,
            Self::MoveWithNewId => Fate::Ends(LineEndCause::Moved),
            Self::ItemChangeWithNewId => Fate::Ends(LineEndCause::ItemChanged),
            Self::MenuChange => Fate::Ends(LineEndCause::MenuChanged),
            Self::Termination | Self::MoveToNttEast => Fate::Ends(LineEndCause::Terminated),
            Self::Succession => Fate::Ends(LineEndCause::Transferred),
        }
    }
}

/// A change of 請求先お客さま番号, by the rows of the guide's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillingChange {
    /// Row 1: 改番, the phone number of the contracted line changed.
    PhoneNumberChanged,
    /// Row 2: another phone line is billed; only one of the same name at the place of use.
    BilledNumberChanged,
    /// Row 3: payment moves to the ten-digit number beginning with 00.
    #[serde(rename = "customer_number_00")]
    CustomerNumber00,
    /// Row 4: payment moves to フレッツ広域一括請求.
    BulkBilling,
    /// Row 5: the line uses ノーリンギング通信サービス or トーキー案内.
    NoRingingService,
}

impl BillingChange {
    /// Whether the row comes with another number to bill, without which the bill would go to the old
    /// one.
    pub const fn needs_number(self) -> bool {
        matches!(self, Self::BilledNumberChanged | Self::CustomerNumber00)
    }

    /// The rows of the table.
    pub const ALL: [Self; 5] = [
        Self::PhoneNumberChanged,
        Self::BilledNumberChanged,
        Self::CustomerNumber00,
        Self::BulkBilling,
        Self::NoRingingService,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guide's 24 cells, row by row (golden fixture 5).
    #[test]
    fn the_24_cells_of_the_table_r_160() {
        use Transfer::{
            ItemChangeKeepingId, ItemChangeWithNewId, MenuChange, MoveKeepingId, MoveWithNewId,
            Rename, Succession, Termination,
        };
        let columns = [
            MoveKeepingId,
            MoveWithNewId,
            ItemChangeKeepingId,
            ItemChangeWithNewId,
            MenuChange,
            Termination,
            Succession,
            Rename,
        ];
        let table = [
            (LineService::HikariNext, "○×○××××○"),
            (LineService::HikariLight, "○×○××××○"),
            (LineService::HikariPremium, "—×—××××○"),
        ];
        let mut counts = [0; 3];
        for (service, row) in table {
            for (column, expected) in columns.into_iter().zip(row.chars()) {
                let fate = column.fate(service);
                assert_eq!(fate.sign(), expected.to_string(), "{service:?} {column:?}");
                counts[match fate {
                    Fate::Continues => 0,
                    Fate::Ends(_) => 1,
                    Fate::Impossible => 2,
                }] += 1;
            }
        }
        assert_eq!(counts, [7, 15, 2]);
    }

    #[test]
    fn a_move_to_ntt_east_is_a_termination_r_165() {
        for service in LineService::ALL {
            assert_eq!(
                Transfer::MoveToNttEast.fate(service),
                Fate::Ends(LineEndCause::Terminated),
                "{service:?}"
            );
        }
    }
}
