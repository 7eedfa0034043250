//! The per-use purchases that a line remembers.

use crate::domain::{
    calendar::{Instant, Month},
    ids::{PassportNumber, ProviderId, ReceiptNumber, ServiceCode},
    yen::Yen,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// A per-use purchase (都度課金) of a month that is not yet closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerUseCharge {
    /// Its receipt number.
    pub receipt: ReceiptNumber,
    /// Who bought.
    pub passport: PassportNumber,
    /// What was bought; purchases of the same that stand near each other share it.
    pub sold: Arc<Sold>,
    /// Pieces.
    pub quantity: u32,
    /// What it cost: price times pieces.
    pub amount: Yen,
    /// When.
    pub at: Instant,
}

/// What a provider sold, as it was at the purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// Who sold.
    pub provider: ProviderId,
    /// The seller's name at the purchase, as statements print it.
    pub provider_name: String,
    /// What was bought.
    pub service: ServiceCode,
    /// Its name at the purchase.
    pub service_name: String,
    /// The price of one then.
    pub unit_price: Yen,
}

/// Per-use purchases of months not yet closed, in the order in which they were made, which is that of
/// their time.
///
/// Whoever looks at a line holds it as it stood then, while the next purchase is added to a copy. So full
/// pages are shared by all copies, and the months' sums are kept: neither a copy nor a sum costs much more
/// however much a line has bought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// Full ones, each of [`PAGE`]: the same purchases always make the same pages.
    pages: Vec<Arc<[PerUseCharge]>>,
    /// Fewer than a page.
    last: Vec<PerUseCharge>,
    /// What each month's purchases of an ID come to.
    sums: BTreeMap<(Month, PassportNumber), Yen>,
}

/// Purchases of a page.
const PAGE: usize = 64;

impl Uses {
    /// No purchase takes fewer bytes where it is stored as JSON.
    pub const LEAST_JSON_BYTES: usize = 150;

    /// Adds one, made after all others.
    pub fn push(&mut self, mut charge: PerUseCharge) {
        if let Some(same) = self.newest().find(|sold| **sold == charge.sold) {
            charge.sold = Arc::clone(same);
        }
        let sum = self.sums.entry((charge.at.month(), charge.passport)).or_default();
        *sum = [*sum, charge.amount].into_iter().sum();
        self.last.push(charge);
        if self.last.len() == PAGE {
            self.pages.push(std::mem::take(&mut self.last).into());
        }
    }

    /// What was sold in a page's number of purchases, the newest first.
    fn newest(&self) -> impl Iterator<Item = &Arc<Sold>> {
        let before = self.pages.last().into_iter().flat_map(|page| page.iter().rev());
        self.last.iter().rev().chain(before).take(PAGE).map(|charge| &charge.sold)
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

    /// What a month's come to, by ID; what does not fit stays at the largest sum.
    pub fn sums_of(&self, month: Month) -> impl Iterator<Item = (PassportNumber, Yen)> {
        let ids = (month, PassportNumber(0))..=(month, PassportNumber(u32::MAX));
        self.sums.range(ids).map(|((_, passport), sum)| (*passport, *sum))
    }

    /// How many at the beginning are of months of which this holds.
    fn count_while(&self, holds: impl Fn(Month) -> bool) -> usize {
        let holds = |charge: &PerUseCharge| holds(charge.at.month());
        let page = self.pages.partition_point(|page| page.last().is_some_and(holds));
        let rest = self.pages.get(page).map_or(&*self.last, |page| page);
        page * PAGE + rest.partition_point(holds)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.pages.len() * PAGE + self.last.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets those of this month and of earlier ones.
    pub fn forget_through(&mut self, month: Month) {
        *self = self.iter().filter(|charge| charge.at.month() > month).cloned().collect();
    }
}

/// A purchase as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    receipt: ReceiptNumber,
    passport: PassportNumber,
    provider: Cow<'a, ProviderId>,
    provider_name: Cow<'a, str>,
    service: Cow<'a, ServiceCode>,
    service_name: Cow<'a, str>,
    unit_price: Yen,
    quantity: u32,
    amount: Yen,
    at: Instant,
}

impl Serialize for PerUseCharge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { receipt, passport, quantity, amount, at, .. } = *self;
        let sold = &*self.sold;
        Stored {
            receipt,
            passport,
            provider: Cow::Borrowed(&sold.provider),
            provider_name: Cow::Borrowed(&sold.provider_name),
            service: Cow::Borrowed(&sold.service),
            service_name: Cow::Borrowed(&sold.service_name),
            unit_price: sold.unit_price,
            quantity,
            amount,
            at,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PerUseCharge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let sold = Sold {
            provider: stored.provider.into_owned(),
            provider_name: stored.provider_name.into_owned(),
            service: stored.service.into_owned(),
            service_name: stored.service_name.into_owned(),
            unit_price: stored.unit_price,
        };
        let Stored { receipt, passport, quantity, amount, at, .. } = stored;
        Ok(Self { receipt, passport, sold: Arc::new(sold), quantity, amount, at })
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
    use crate::domain::limit::fits;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn sold(name: &str) -> Arc<Sold> {
        Arc::new(Sold {
            provider: "aozora".parse().expect("an ID"),
            provider_name: "青空".to_owned(),
            service: "film".parse().expect("a code"),
            service_name: name.to_owned(),
            unit_price: Yen::new(300),
        })
    }

    /// One of three IDs buys one of five.
    fn charge(number: u64, at: Instant) -> PerUseCharge {
        PerUseCharge {
            receipt: ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + number).expect("few"),
            passport: PassportNumber(1 + u32::try_from(number % 3).expect("small")),
            sold: sold(&format!("名作{}", number % 5)),
            quantity: 1,
            amount: Yen::new(300 + number),
            at,
        }
    }

    /// The naive model: every purchase of the month looked at.
    fn sums(list: &[PerUseCharge], month: Month) -> BTreeMap<PassportNumber, Yen> {
        let of_month = list.iter().filter(|charge| charge.at.month() == month);
        let mut sums = BTreeMap::new();
        for charge in of_month {
            let sum: &mut Yen = sums.entry(charge.passport).or_default();
            *sum = sum.checked_add(charge.amount).expect("small");
        }
        sums
    }

    fn instant(hour: u64) -> Instant {
        let first: Instant = "2026-01-01T00:00:00+09:00".parse().expect("an instant");
        first.after_s(hour * 3_600)
    }

    fn month(number: i8) -> Month {
        Month::new(2026, number).expect("a month")
    }

    proptest! {
        /// Against a plain list: a month's purchases and sums, what is left after a close, and what is
        /// stored.
        #[test]
        fn it_is_the_list_of_its_purchases_r_050_r_115(gaps in prop::collection::vec(0_u64..40, 0..400), closed in 1_i8..7) {
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
                prop_assert_eq!(uses.sums_of(month).collect::<BTreeMap<_, _>>(), sums(&list, month));
            }
            prop_assert_eq!(uses.len(), list.len());
            let json = serde_json::to_string(&uses).expect("JSON");
            prop_assert_eq!(&json, &serde_json::to_string(&list).expect("JSON"));
            prop_assert_eq!(&serde_json::from_str::<Uses>(&json).expect("uses"), &uses);
            list.retain(|charge| charge.at.month() > month(closed));
            uses.forget_through(month(closed));
            prop_assert!(uses.iter().eq(&list));
            for number in 1..=12 {
                let month = month(number);
                prop_assert_eq!(uses.sums_of(month).collect::<BTreeMap<_, _>>(), sums(&list, month));
            }
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

    #[test]
    fn purchases_of_the_same_share_what_was_sold() {
        let uses: Uses = (1..=1_000).map(|number| charge(number, instant(number))).collect();
        let stored: Uses =
            serde_json::from_str(&serde_json::to_string(&uses).expect("JSON")).expect("uses");
        for uses in [uses, stored] {
            let different: BTreeSet<_> =
                uses.iter().map(|charge| Arc::as_ptr(&charge.sold)).collect();
            assert_eq!(different.len(), 5);
        }
    }

    #[test]
    fn the_shortest_is_as_long_as_it_is_said_to_be() {
        let sold = Sold {
            provider: "a".parse().expect("an ID"),
            provider_name: String::new(),
            service: "a".parse().expect("a code"),
            service_name: String::new(),
            unit_price: Yen::ZERO,
        };
        let shortest = PerUseCharge {
            passport: PassportNumber(1),
            sold: Arc::new(sold),
            amount: Yen::ZERO,
            at: "1970-01-01T09:00:00+09:00".parse().expect("an instant"),
            ..charge(1, instant(1))
        };
        let json = serde_json::to_vec(&shortest).expect("JSON");
        assert!(json.len() >= Uses::LEAST_JSON_BYTES, "{}", json.len());
    }

    #[test]
    fn a_sum_that_does_not_fit_is_over_every_limit_r_115() {
        let most = PerUseCharge { amount: Yen::new(u64::MAX), ..charge(3, instant(1)) };
        let uses: Uses = [most.clone(), most].into_iter().collect();
        let sums: Vec<_> = uses.sums_of(instant(1).month()).collect();
        assert_eq!(sums, [(PassportNumber(1), Yen::new(u64::MAX))]);
        let limit = Yen::new(u64::MAX);
        assert!(!fits(sums[0].1, Yen::new(1), limit), "nothing more fits");
    }

    #[test]
    fn what_is_sold_far_apart_is_as_it_was_sold() {
        // More services than are looked back over.
        let of = |number: u64| PerUseCharge {
            sold: sold(&format!("{}", number % 100)),
            ..charge(number, instant(number))
        };
        let uses: Uses = (0..500).map(of).collect();
        assert!(uses.iter().cloned().eq((0..500).map(of)));
    }
}
