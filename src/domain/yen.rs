//! Money: whole yen, tax included. There are no fractions anywhere in the guide.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A sum in whole yen, tax included. Arithmetic is checked: a sum that does not fit is
/// `None`, never a wrong number.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[schemars(inline)]
#[serde(transparent)]
pub struct Yen(u64);

impl Yen {
    /// Nothing: the price of a free service, the use of a month without purchases.
    pub const ZERO: Self = Self(0);

    /// So many yen.
    pub const fn new(yen: u64) -> Self {
        Self(yen)
    }

    /// The number of yen.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, or `None` where it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Price × quantity, or `None` where it does not fit.
    pub fn checked_mul(self, quantity: u64) -> Option<Self> {
        self.0.checked_mul(quantity).map(Self)
    }

    /// What is left of `self` after `other`; nothing where more was used than there was.
    #[must_use]
    pub fn left_after(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Yen {
    /// Sums that would not fit stay at the largest sum, which is over every limit: a sum of
    /// charges is only ever compared with a limit or printed.
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, yen| sum.saturating_add(yen.0)))
    }
}

impl fmt::Display for Yen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(Yen::new(300).checked_mul(2), Some(Yen::new(600)));
        assert_eq!(Yen::new(u64::MAX).checked_add(Yen::new(1)), None);
        assert_eq!(Yen::new(u64::MAX).checked_mul(2), None);
        assert_eq!(Yen::new(100).left_after(Yen::new(101)), Yen::ZERO);
        assert_eq!([Yen::new(525), Yen::new(600)].into_iter().sum::<Yen>(), Yen::new(1125));
    }
}
