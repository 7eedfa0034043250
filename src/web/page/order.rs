//! What several pages show of an order: who sells, what, for how much, and what the limit leaves.

use super::{Shell, ShownName};
use crate::text::format::{self, YenParts};

/// Which of the three flows a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowKind {
    /// Buying (サービス購入画面).
    #[default]
    Purchase,
    /// Cancelling (サービス解約画面).
    Cancellation,
    /// Login alone.
    Login,
}

impl FlowKind {
    pub(super) fn is_purchase(self) -> bool {
        self == Self::Purchase
    }
}

/// The two kinds of price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PriceKind {
    /// 月額定額.
    Monthly,
    /// 都度課金.
    #[default]
    PerUse,
}

/// The provider whose site sent the household here.
#[derive(Debug, Clone, Default)]
pub struct Provider {
    /// The registered name.
    pub name: ShownName,
    /// The host of the redirect address, with its port where it has one: what the household's
    /// browser will show after going back.
    pub domain: ShownName,
}

/// An order as it was pushed, with what the catalogue says of its service.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// The catalogue's name of the service.
    pub service: ShownName,
    /// The provider's description of this order, if it gave one that says more than the name.
    pub description: Option<ShownName>,
    /// How the price is meant.
    pub kind: PriceKind,
    /// The price of one, tax-included, in yen.
    pub unit_price_yen: u64,
    /// How many.
    pub quantity: u32,
    /// The total that the household pays, tax-included, in yen.
    pub amount_yen: u64,
    /// サービス利用期間.
    pub usage_period: Option<ShownName>,
}

impl Order {
    pub(super) fn is_monthly(&self) -> bool {
        self.kind == PriceKind::Monthly
    }

    pub(super) fn amount_parts(&self, shell: &Shell) -> YenParts {
        format::yen_parts(shell.language, self.amount_yen)
    }

    pub(super) fn is_described(&self) -> bool {
        self.description
            .as_ref()
            .is_some_and(|description| !description.is_empty() && *description != self.service)
    }

    /// Twelve months of a monthly price, as a guide (checks/experience.md 18).
    pub(super) fn yearly_yen(&self) -> u64 {
        self.amount_yen.saturating_mul(12)
    }
}

/// What the login page shows above its form, so that nobody types a password blind.
#[derive(Debug, Clone)]
pub enum LoginCard {
    /// An order to buy.
    Purchase(Order),
    /// A contract to cancel.
    Cancellation {
        /// The contract's number, `K-` and 12 digits.
        contract: ShownName,
        /// Its service, where the provider's catalogue tells it before the login.
        service: Option<ShownName>,
    },
    /// Nothing but the provider.
    Login,
}

impl LoginCard {
    /// The flow that the card belongs to.
    pub fn flow(&self) -> FlowKind {
        match self {
            Self::Purchase(_) => FlowKind::Purchase,
            Self::Cancellation { .. } => FlowKind::Cancellation,
            Self::Login => FlowKind::Login,
        }
    }
}

/// What is used of a limit this month, and what an order would add. In yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitUse {
    /// Charged so far this month.
    pub used_yen: u64,
    /// The limit.
    pub limit_yen: u64,
    /// What this order adds to the month; 0 for a month that is charged already.
    pub adds_yen: u64,
}

impl LimitUse {
    /// Whether the order fits; reaching the limit exactly is allowed.
    pub fn fits(&self) -> bool {
        self.after_yen() <= self.limit_yen
    }

    pub(super) fn after_yen(&self) -> u64 {
        self.used_yen.saturating_add(self.adds_yen)
    }

    pub(super) fn left_yen(&self) -> u64 {
        self.limit_yen.saturating_sub(self.used_yen)
    }

    pub(super) fn left_after_yen(&self) -> u64 {
        self.limit_yen.saturating_sub(self.after_yen())
    }

    pub(super) fn over_yen(&self) -> u64 {
        self.after_yen().saturating_sub(self.limit_yen)
    }

    pub(super) fn per_cent_after(&self) -> u64 {
        format::per_cent(self.after_yen(), self.limit_yen)
    }

    /// What the bar's whole width stands for: the limit, or more where the order passes it.
    fn whole_yen(&self) -> u64 {
        self.limit_yen.max(self.after_yen())
    }

    /// The width of the used part, in per cent of the bar.
    pub(super) fn used_width(&self) -> u64 {
        format::per_cent(self.used_yen, self.whole_yen()).min(100)
    }

    /// Where the hatched part begins, in per cent of the bar.
    pub(super) fn adds_x(&self) -> u64 {
        self.used_width().min(100 - self.adds_width())
    }

    /// The width of the hatched part: never past the end of the bar, never invisible.
    pub(super) fn adds_width(&self) -> u64 {
        let width = format::per_cent(self.after_yen(), self.whole_yen()) - self.used_width();
        if self.adds_yen > 0 { width.max(1) } else { width }
    }

    /// Where the limit stands on a bar that passes it, in per cent.
    pub(super) fn limit_x(&self) -> u64 {
        format::per_cent(self.limit_yen, self.whole_yen()).min(99)
    }
}

#[cfg(test)]
mod tests {
    use super::LimitUse;

    #[test]
    fn exactly_reaching_the_limit_fits() {
        // R-115, golden case 4: limit 500, used 0: 500 fits, 501 does not.
        for (used_yen, limit_yen, adds_yen, fits, over_yen) in [
            (0, 500, 500, true, 0),
            (0, 500, 501, false, 1),
            (9_800, 10_000, 525, false, 325),
            (600, 500, 0, false, 100),
            (u64::MAX, 500, 1, false, u64::MAX - 500),
        ] {
            let limit = LimitUse { used_yen, limit_yen, adds_yen };
            assert_eq!((limit.fits(), limit.over_yen()), (fits, over_yen), "{limit:?}");
        }
    }

    #[test]
    fn the_bar_never_passes_its_end_and_shows_the_smallest_purchase() {
        for (used_yen, limit_yen, adds_yen, widths) in [
            (8_400, 10_000, 525, (84, 5, 99)),
            (0, 10_000, 1, (0, 1, 99)),
            (5_000, 10_000, 15_000, (25, 75, 50)),
            (9_800, 10_000, 525, (94, 6, 96)),
            (0, 0, 300, (0, 100, 0)),
            (0, 0, 0, (100, 0, 99)),
            (10_000, 10_000, 1, (99, 1, 99)),
            (u64::MAX, 10_000, 1, (100, 1, 0)),
        ] {
            let limit = LimitUse { used_yen, limit_yen, adds_yen };
            let shown = (limit.used_width(), limit.adds_width(), limit.limit_x());
            assert_eq!(shown, widths, "{limit:?}");
            assert!(limit.adds_x() + limit.adds_width() <= 100, "{limit:?}");
        }
    }
}
