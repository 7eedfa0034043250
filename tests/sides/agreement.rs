//! Line and model agree: what each month costs, what the household may spend, and that a replay is the same
//! line.

use super::{MONTHS, Sides, month, provider, service};
use crate::naive::{Key, MonthIndex};
use linepass::domain::{
    bill::LineBill,
    charge,
    ids::PassportNumber,
    limit,
    line::{Contract, Entry, Line, replay},
    yen::Yen,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::collections::BTreeMap;

impl Sides {
    /// I4, I5, and every month that is not closed costs what the model says.
    pub fn agree(&self) -> TestCaseResult {
        let line = self.line();
        prop_assert!(limit::sum_of_limits(line) <= line.line_limit, "I4");
        let limits: Vec<u64> = line.live_passports().map(|id| id.limit.get()).collect();
        prop_assert_eq!(limits, self.model.live_ids().map(|id| id.limit).collect::<Vec<_>>());
        prop_assert_eq!(line.line_limit, Yen::new(self.model.line_limit));
        for (id, model) in line.live_passports().zip(self.model.live_ids()) {
            let standing = (id.epoch, id.credential_version, id.line_authentication);
            let expected = (model.endings, model.passwords, model.line_authentication);
            prop_assert_eq!(standing, expected, "ID {}", id.number);
        }
        if line.barriers.restriction.is_some() || line.barriers.unbillable.is_some() {
            prop_assert!(!line.contracts.values().any(Contract::is_live), "I5");
        }
        let charges = self.model.monthly_charges();
        for index in 0..MONTHS.len() {
            if line.closed_through.is_none_or(|closed| closed < month(index)) {
                // I6: the bill is what an independent fold makes of what was bought.
                let bill = LineBill::of_open_month(line, month(index));
                let (_, whole_line) = self.model.used(1, index);
                prop_assert_eq!(
                    u64::try_from(bill.total_yen()).ok(),
                    Some(whole_line),
                    "{}",
                    index
                );
                let by_provider: i64 = bill.providers().iter().map(|one| one.amount_yen).sum();
                prop_assert_eq!(by_provider, bill.total_yen());
                self.month_agrees(index, &charges)?;
            }
        }
        Ok(())
    }

    fn month_agrees(
        &self,
        index: MonthIndex,
        charges: &BTreeMap<(MonthIndex, Key), u64>,
    ) -> TestCaseResult {
        let of_month = charges.iter().filter(|((month, _), _)| *month == index);
        let expected: BTreeMap<_, _> = of_month
            .map(|((_, key), price)| {
                ((PassportNumber(key.0), provider(key.1), service(key.2)), Yen::new(*price))
            })
            .collect();
        let found = charge::monthly_charges(self.line().contracts.values(), month(index));
        let found: BTreeMap<_, _> = found
            .into_iter()
            .map(|(key, charge)| ((key.0, key.1.clone(), key.2.clone()), charge.amount))
            .collect();
        prop_assert_eq!(found, expected, "the monthly charges of {}", MONTHS[index]);
        for id in 1..=2 {
            let used = limit::used(self.line(), PassportNumber(id), month(index));
            let used = (used.by_passport.get(), used.by_line.get());
            prop_assert_eq!(used, self.model.used(id, index), "ID {} in {}", id, MONTHS[index]);
        }
        Ok(())
    }

    /// I9: the same line from its entries, as they are and as they are stored.
    pub fn replays(&self) -> TestCaseResult {
        let again = self.entries.iter().fold(None, replay);
        prop_assert_eq!(&again, &self.line);
        let stored: Vec<String> = self
            .entries
            .iter()
            .map(|entry| serde_json::to_string(entry).expect("writes"))
            .collect();
        let read = stored.iter().map(|json| serde_json::from_str::<Entry>(json).expect("reads"));
        let read: Vec<Entry> = read.collect();
        prop_assert_eq!(&read, &self.entries);
        prop_assert_eq!(&read.iter().fold(None, replay), &self.line);
        let snapshot = serde_json::to_string(self.line()).expect("writes");
        prop_assert_eq!(&serde_json::from_str::<Line>(&snapshot).expect("reads"), self.line());
        Ok(())
    }
}
