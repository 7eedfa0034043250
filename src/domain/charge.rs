//! Which months a monthly contract is charged for, patterns 1 to 6.
//!
//! Nothing is written on the 1st: a month's charges are a fold over contracts, made when somebody
//! asks and fixed when the month is closed.

use super::{
    calendar::{Instant, Month},
    ids::{ContractNumber, PassportNumber, ProviderId, ServiceCode},
    line::Contract,
    yen::Yen,
};
use std::collections::BTreeMap;

/// The last month a contract is charged for when it ends at `ended`.
///
/// The month of the ending is charged whole, except when the ending falls on its 1st and
/// the contract was bought in an earlier month (R-017, for any month R-019); bought and ended on
/// the same 1st is charged.
pub fn last_charged_month(bought: Instant, ended: Instant) -> Month {
    let month = ended.month();
    let spared = ended.is_first_of_month() && bought.month() < month;
    if spared { month.previous() } else { month }
}

/// Whether a contract is charged for `month`: from the month of 購入 to the last charged month of
/// 解約, used or not.
pub fn is_charged(contract: &Contract, month: Month) -> bool {
    let last = contract.end.as_ref().map(|end| last_charged_month(contract.bought_at, end.at));
    contract.bought_at.month() <= month && last.is_none_or(|last| month <= last)
}

/// One month's charge for one service bought with one passport ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthlyCharge {
    /// The contract whose price counts.
    pub contract: ContractNumber,
    /// Who is charged (R-012: each ID for itself).
    pub passport: PassportNumber,
    /// What the month costs.
    pub amount: Yen,
}

/// What is charged once a month: a service, bought with a passport ID.
pub type ChargeKey<'a> = (PassportNumber, &'a ProviderId, &'a ServiceCode);

/// The monthly charges of `month`, one for each passport ID and service, at the price of the
/// month's first contract: cancelled and bought again within a month is charged once (R-024,
///
pub fn monthly_charges<'a>(
    contracts: impl IntoIterator<Item = &'a Contract>,
    month: Month,
) -> BTreeMap<ChargeKey<'a>, MonthlyCharge> {
    let mut in_force: Vec<&Contract> =
        contracts.into_iter().filter(|contract| is_charged(contract, month)).collect();
    in_force.sort_by_key(|contract| (contract.bought_at, contract.number));
    let mut charges = BTreeMap::new();
    for contract in in_force {
        charges.entry(contract.charge_key()).or_insert(MonthlyCharge {
            contract: contract.number,
            passport: contract.passport,
            amount: contract.unit_price,
        });
    }
    charges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::ReceiptNumber,
        line::{ContractEnd, EndReason},
    };

    fn at(text: &str) -> Instant {
        format!("{text}+09:00").parse().expect("a test's instant")
    }

    fn contract(serial: u64, price: u64, bought: &str, ended: Option<&str>) -> Contract {
        let receipt = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL + serial);
        Contract {
            number: ContractNumber(receipt.expect("a serial")),
            passport: PassportNumber(1),
            provider: "a-sha".parse().expect("a provider"),
            provider_name: "A社".into(),
            service_name: "パックサービス".into(),
            service: "pack".parse().expect("a service"),
            unit_price: Yen::new(price),
            bought_at: at(bought),
            end: ended.map(|text| ContractEnd { at: at(text), reason: EndReason::Customer }),
        }
    }

    /// The months from 2026-10 to 2027-03 in which the contracts are charged, with the sums.
    fn charged(contracts: &[Contract]) -> Vec<(String, u64)> {
        let mut month = Month::new(2026, 10).expect("a month");
        let mut months = Vec::new();
        for _ in 0..6 {
            let sum: Yen = monthly_charges(contracts, month).values().map(|c| c.amount).sum();
            if sum > Yen::ZERO {
                months.push((month.to_string(), sum.get()));
            }
            month = month.next();
        }
        months
    }

    /// One golden case: the rule, the contracts as (bought, ended), the months charged.
    type Case<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)], &'a [&'a str]);

    #[test]
    fn patterns_one_to_six_and_the_first_of_the_month() {
        let to_the_end = ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03"];
        let cases: &[Case<'_>] = &[
            ("R-020", &[("2026-11-10T10:00:00", Some("2027-01-15T10:00:00"))], &to_the_end[..3]),
            ("R-021", &[("2026-11-10T10:00:00", Some("2026-12-15T10:00:00"))], &to_the_end[..2]),
            ("R-022", &[("2026-11-10T10:00:00", Some("2026-11-20T10:00:00"))], &to_the_end[..1]),
            ("R-023", &[("2026-12-10T10:00:00", Some("2027-01-20T10:00:00"))], &to_the_end[1..3]),
            (
                "R-024",
                &[
                    ("2026-12-10T10:00:00", Some("2027-01-10T10:00:00")),
                    ("2027-01-20T10:00:00", None),
                ],
                &to_the_end[1..],
            ),
            ("R-025", &[("2026-11-10T10:00:00", Some("2026-12-01T10:00:00"))], &to_the_end[..1]),
            ("R-017", &[("2026-11-10T10:00:00", Some("2026-12-01T23:59:59"))], &to_the_end[..1]),
            ("R-016", &[("2026-11-10T10:00:00", Some("2026-12-02T00:00:00"))], &to_the_end[..2]),
            ("R-018", &[("2026-12-01T09:00:00", Some("2026-12-01T10:00:00"))], &to_the_end[1..2]),
            ("R-019", &[("2026-11-10T10:00:00", Some("2027-02-01T10:00:00"))], &to_the_end[..3]),
            ("R-026", &[("2026-11-30T23:59:59", Some("2026-12-01T00:00:00"))], &to_the_end[..1]),
            (
                "R-027",
                &[
                    ("2026-11-10T10:00:00", Some("2026-12-01T10:00:00")),
                    ("2026-12-01T11:00:00", Some("2026-12-05T10:00:00")),
                ],
                &to_the_end[..2],
            ),
            ("R-015", &[("2026-11-10T10:00:00", None)], &to_the_end),
        ];
        for (rule, spans, months) in cases {
            let contracts: Vec<Contract> = spans
                .iter()
                .zip(0..)
                .map(|((bought, ended), serial)| contract(serial, 500, bought, *ended))
                .collect();
            let expected: Vec<(String, u64)> =
                months.iter().map(|month| ((*month).to_owned(), 500)).collect();
            assert_eq!(charged(&contracts), expected, "{rule}");
        }
    }

    #[test]
    fn a_month_costs_what_its_first_contract_cost_r_024() {
        let contracts = [
            contract(0, 500, "2026-11-10T10:00:00", Some("2026-12-10T10:00:00")),
            contract(1, 700, "2026-12-20T10:00:00", None),
        ];
        assert_eq!(charged(&contracts)[1], ("2026-12".into(), 500));
        assert_eq!(charged(&contracts)[2], ("2027-01".into(), 700));
    }

    #[test]
    fn on_the_first_the_spared_contract_leaves_the_price_to_the_next_r_027() {
        let contracts = [
            contract(0, 500, "2026-11-10T10:00:00", Some("2026-12-01T10:00:00")),
            contract(1, 700, "2026-12-01T11:00:00", None),
        ];
        assert_eq!(charged(&contracts)[1], ("2026-12".into(), 700));
    }

    #[test]
    fn each_id_is_charged_for_itself_r_012() {
        let mut other = contract(1, 500, "2026-11-10T10:00:00", None);
        other.passport = PassportNumber(2);
        let contracts = [contract(0, 500, "2026-11-10T10:00:00", None), other];
        assert_eq!(charged(&contracts)[0], ("2026-11".into(), 1000));
    }
}
