//! How a monthly contract stands, as its provider is told: when it was bought, and when and why it
//! ended (interfaces.md 1.3). Nothing of limits, restriction, bills or the household.

use super::{
    calendar::{Instant, Month},
    ids::{ContractNumber, ProviderId, ServiceCode},
    line::{Entry, Event, event::EndReason},
    receipt::rfc3339,
};
use schemars::JsonSchema;
use serde::Serialize;

/// How a contract stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ContractStatus {
    /// It goes on.
    Live(Contract),
    /// It has ended, for good.
    Ended(EndedContract),
}

/// A contract as it was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Contract {
    /// `K-` and the receipt number of the purchase that opened it.
    pub contract: ContractNumber,
    /// The service of the provider's catalogue.
    pub service: ServiceCode,
    /// When it was bought, Japan time, whole seconds.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub bought_at: Instant,
    /// The first month charged; charged once even where another contract already charges it
    ///
    pub first_charge_month: Month,
}

/// A contract that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct EndedContract {
    /// As it was bought.
    #[serde(flatten)]
    pub bought: Contract,
    /// When it ended, Japan time, whole seconds.
    #[serde(serialize_with = "rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub ended_at: Instant,
    /// The last month charged.
    pub last_charge_month: Month,
    /// Why. None of the reasons tells that a bill is unpaid.
    pub reason: EndReason,
}

impl ContractStatus {
    /// As it was bought.
    pub const fn bought(&self) -> &Contract {
        match self {
            Self::Live(contract) => contract,
            Self::Ended(ended) => &ended.bought,
        }
    }
}

impl Contract {
    /// The provider's contract that this entry's purchase opened; `None` where it opened none, as
    /// a purchase per use.
    pub fn opened_by(
        entry: &Entry,
        provider: &ProviderId,
        contract: ContractNumber,
    ) -> Option<Self> {
        entry.events.iter().find_map(|event| match event {
            Event::Purchased { receipt, provider: seller, service, monthly: true, .. }
                if (*receipt, seller) == (contract.0, provider) =>
            {
                Some(Self {
                    contract,
                    service: service.clone(),
                    bought_at: entry.at,
                    first_charge_month: entry.at.month(),
                })
            }
            _ => None,
        })
    }

    /// The same with its end, where this entry is what ended it.
    pub fn ended_by(self, entry: &Entry) -> Option<EndedContract> {
        let end = entry.events.iter().find_map(|event| match event {
            Event::ContractEnded { contract, reason, last_charge_month, .. }
                if *contract == self.contract =>
            {
                Some((*reason, *last_charge_month))
            }
            _ => None,
        });
        end.map(|(reason, last_charge_month)| EndedContract {
            bought: self,
            ended_at: entry.at,
            last_charge_month,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::PassportNumber, line::By, yen::Yen};
    use serde_json::{Value, json};

    const NUMBER: &str = "K-100000000016";

    fn number(text: &str) -> ContractNumber {
        text.parse().expect("a contract")
    }

    fn provider(id: &str) -> ProviderId {
        id.parse().expect("a provider")
    }

    fn entry(at: &str, events: Vec<Event>) -> Entry {
        Entry { at: at.parse().expect("an instant"), by: By::System, request_id: None, events }
    }

    fn bought(contract: &str, monthly: bool) -> Event {
        Event::Purchased {
            receipt: number(contract).0,
            passport: PassportNumber(1),
            provider: provider("a-sha"),
            provider_name: "A社".into(),
            reference: "order-1".parse().expect("a reference"),
            service: "pack".parse().expect("a service"),
            service_name: "パックサービス".into(),
            monthly,
            unit_price: Yen::new(525),
            quantity: 1,
            amount: Yen::new(525),
            usage_period: None,
            description: Some("of the household's own".into()),
            line_checked: true,
        }
    }

    fn ended(contract: &str, reason: EndReason) -> Event {
        Event::ContractEnded {
            contract: number(contract),
            passport: PassportNumber(1),
            provider: provider("a-sha"),
            service: "pack".parse().expect("a service"),
            reason,
            last_charge_month: "2026-12".parse().expect("a month"),
            receipt: None,
            reference: None,
        }
    }

    fn told(status: &ContractStatus) -> Value {
        serde_json::to_value(status).expect("serializes")
    }

    fn opened() -> Contract {
        let entry = entry("2026-11-30T15:00:00.5Z", vec![bought(NUMBER, true)]);
        Contract::opened_by(&entry, &provider("a-sha"), number(NUMBER)).expect("opened")
    }

    #[test]
    fn a_live_contract_tells_what_was_bought_and_no_more() {
        let documented = json!({
            "contract": NUMBER, "service": "pack", "status": "live",
            // Japan's time and Japan's month, not those of UTC.
            "bought_at": "2026-12-01T00:00:00+09:00", "first_charge_month": "2026-12",
        });
        assert_eq!(told(&ContractStatus::Live(opened())), documented);
    }

    #[test]
    fn an_ended_one_tells_when_and_why_interfaces_1_4() {
        for (reason, word) in [
            (EndReason::Customer, "customer"),
            (EndReason::Restriction, "restriction"),
            (EndReason::PassportDeleted, "passport_deleted"),
            (EndReason::LineEnded, "line_ended"),
            (EndReason::Operator, "operator"),
        ] {
            // One entry may end many contracts; each is told of its own end.
            let events = vec![ended("K-100000000024", EndReason::Operator), ended(NUMBER, reason)];
            let end = entry("2026-12-15T03:00:00Z", events);
            let status = ContractStatus::Ended(opened().ended_by(&end).expect("ended"));
            let documented = json!({
                "contract": NUMBER, "service": "pack", "status": "ended",
                "bought_at": "2026-12-01T00:00:00+09:00", "first_charge_month": "2026-12",
                "ended_at": "2026-12-15T12:00:00+09:00", "last_charge_month": "2026-12",
                "reason": word,
            });
            assert_eq!(told(&status), documented);
        }
    }

    #[test]
    fn what_opened_or_ended_none_is_told_from_what_did() {
        let at = "2026-11-23T12:00:00Z";
        let (own, other) = (provider("a-sha"), provider("b-sha"));
        let table = [
            (vec![bought(NUMBER, true)], &own, true),
            // Another provider's, per use, another number, no purchase at all.
            (vec![bought(NUMBER, true)], &other, false),
            (vec![bought(NUMBER, false)], &own, false),
            (vec![bought("K-100000000024", true)], &own, false),
            (vec![ended(NUMBER, EndReason::Customer)], &own, false),
        ];
        for (events, provider, opens) in table {
            let entry = entry(at, events);
            let found = Contract::opened_by(&entry, provider, number(NUMBER));
            assert_eq!(found.is_some(), opens, "{entry:?}");
        }
        for events in
            [vec![], vec![bought(NUMBER, true)], vec![ended("K-100000000024", EndReason::Customer)]]
        {
            assert_eq!(opened().ended_by(&entry(at, events)), None);
        }
    }
}
