//! The per-use purchases that a line remembers.

use super::state::PerUseCharge;
use crate::domain::calendar::Month;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// Per-use purchases of months not yet closed, in the order in which they were made, which is that of
/// their time.
///
/// Whoever looks at a line holds it as it stood then, while the next purchase is added to a copy. So full
/// pages are shared by all copies, and a copy costs no more however much a line has bought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// Full ones, each of [`PAGE`]: the same purchases always make the same pages.
    pages: Vec<Arc<[PerUseCharge]>>,
    /// Fewer than a page.
    last: Vec<PerUseCharge>,
}

/// Purchases of a page.
const PAGE: usize = 64;

impl Uses {
    /// Adds one, made after all others.
    pub fn push(&mut self, charge: PerUseCharge) {
        self.last.push(charge);
        if self.last.len() == PAGE {
            self.pages.push(std::mem::take(&mut self.last).into());
        }
    }

    /// All, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &PerUseCharge> {
        self.pages.iter().flat_map(|page| page.iter()).chain(&self.last)
    }

    /// Those of a month, found without a look at each of the others.
    pub fn of(&self, month: Month) -> impl Iterator<Item = &PerUseCharge> {
        let from = self.count_while(|of| of < month);
        let to = self.count_while(|of| of <= month);
        self.iter().skip(from).take(to - from)
    }

    /// How many at the beginning are of months of which this holds.
    fn count_while(&self, holds: impl Fn(Month) -> bool) -> usize {
        let holds = |charge: &PerUseCharge| holds(charge.at.month());
        let page = self.pages.partition_point(|page| page.last().is_some_and(holds));
        let rest = self.pages.get(page).map_or(&*self.last, |page| page);
        page * PAGE + rest.partition_point(holds)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.last.is_empty()
    }

    /// Forgets those of this month and of earlier ones.
    pub fn forget_through(&mut self, month: Month) {
        *self = self.iter().filter(|charge| charge.at.month() > month).cloned().collect();
    }
}

impl FromIterator<PerUseCharge> for Uses {
    fn from_iter<I: IntoIterator<Item = PerUseCharge>>(charges: I) -> Self {
        let mut uses = Self::default();
        charges.into_iter().for_each(|charge| uses.push(charge));
        uses
    }
}

/// As a list.
impl Serialize for Uses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Uses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        calendar::Instant,
        ids::{PassportNumber, ReceiptNumber},
        yen::Yen,
    };
    use proptest::prelude::*;

    fn charge(number: u64, at: Instant) -> PerUseCharge {
        PerUseCharge {
            receipt: ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + number).expect("few"),
            passport: PassportNumber(1),
            provider: "aozora".parse().expect("an ID"),
            provider_name: "青空".to_owned(),
            service: "film".parse().expect("a code"),
            service_name: "名作".to_owned(),
            unit_price: Yen::new(300),
            quantity: 1,
            amount: Yen::new(300),
            at,
        }
    }

    fn instant(hour: u64) -> Instant {
        let first: Instant = "2026-01-01T00:00:00+09:00".parse().expect("an instant");
        first.after_s(hour * 3_600)
    }

    fn month(number: i8) -> Month {
        Month::new(2026, number).expect("a month")
    }

    proptest! {
        /// Against a plain list: a month's purchases, what is left after a close, and what is stored.
        #[test]
        fn it_is_the_list_of_its_purchases_r_050(gaps in prop::collection::vec(0_u64..40, 0..400), closed in 1_i8..7) {
            let mut hour = 0;
            let mut list = Vec::new();
            for (number, gap) in (1_u64..).zip(gaps) {
                hour += gap;
                list.push(charge(number, instant(hour)));
            }
            let mut uses: Uses = list.iter().cloned().collect();
            let copy = uses.clone();
            prop_assert!(uses.iter().eq(&list));
            prop_assert_eq!(uses.is_empty(), list.is_empty());
            for number in 1..=12 {
                let month = month(number);
                let of_list = list.iter().filter(|charge| charge.at.month() == month);
                prop_assert!(uses.of(month).eq(of_list));
            }
            let json = serde_json::to_string(&uses).expect("JSON");
            prop_assert_eq!(&json, &serde_json::to_string(&list).expect("JSON"));
            prop_assert_eq!(&serde_json::from_str::<Uses>(&json).expect("uses"), &uses);
            list.retain(|charge| charge.at.month() > month(closed));
            uses.forget_through(month(closed));
            prop_assert!(uses.iter().eq(&list));
            prop_assert_eq!(&uses, &list.into_iter().collect::<Uses>());
            // Who looked before sees what was there then.
            prop_assert_eq!(serde_json::to_string(&copy).expect("JSON"), json);
        }
    }

    #[test]
    fn copies_share_their_full_pages() {
        let uses: Uses = (1..=1_000).map(|number| charge(number, instant(number))).collect();
        let mut copy = uses.clone();
        copy.push(charge(1_001, instant(1_001)));
        assert_eq!(uses.pages.len(), 1_000 / PAGE);
        assert!(uses.pages.iter().zip(&copy.pages).all(|(one, other)| Arc::ptr_eq(one, other)));
    }
}
