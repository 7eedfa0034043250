//! What a provider is told unasked (interfaces.md 1.4): which entries tell whom what, and in which
//! order. None of it says whose household it is, or why a bill is not paid.

use super::{
    calendar::{Instant, Month},
    ids::{ContractNumber, ProviderId, ReceiptNumber, ServiceCode},
    line::{EndReason, Entry, Event},
    receipt::{Receipt, rfc3339},
};
use serde::{Deserialize, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Which message: what it tells, and the number of the purchase it is about. The same event always
/// gives the same ID, so a provider knows what it has had already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// What it tells.
    pub kind: MessageKind,
    /// Of the purchase, which is the contract's too.
    pub number: ReceiptNumber,
}

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A purchase was completed.
    PurchaseCompleted,
    /// A contract ended, for whatever reason.
    ContractCancelled,
}

impl MessageId {
    /// The message that must have arrived before this one, or be given up: a contract begins before
    /// it ends.
    pub const fn follows(self) -> Option<Self> {
        match self.kind {
            MessageKind::PurchaseCompleted => None,
            MessageKind::ContractCancelled => {
                Some(Self { kind: MessageKind::PurchaseCompleted, number: self.number })
            }
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            MessageKind::PurchaseCompleted => "purchase",
            MessageKind::ContractCancelled => "cancelled",
        };
        write!(f, "{word}-{}", self.number)
    }
}

/// A text that names no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message is written purchase-100000000016 or cancelled-100000000016")]
pub struct NotAMessage;

impl FromStr for MessageId {
    type Err = NotAMessage;

    fn from_str(text: &str) -> Result<Self, NotAMessage> {
        let (word, number) = text.split_once('-').ok_or(NotAMessage)?;
        let kind = match word {
            "purchase" => MessageKind::PurchaseCompleted,
            "cancelled" => MessageKind::ContractCancelled,
            _ => return Err(NotAMessage),
        };
        number.parse().map(|number| Self { kind, number }).map_err(|_| NotAMessage)
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A message to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// To whom.
    pub provider: ProviderId,
    /// Its content.
    pub body: Body,
}

/// A message's content, as Standard Webhooks has it: type, timestamp, data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Body {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it was accepted, Japan time, whole seconds.
    #[serde(serialize_with = "rfc3339")]
    pub timestamp: Instant,
    /// The request it came with, the same as on the page and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// About what.
    pub data: Data,
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// The receipt, the same as in the token response.
    Purchase(Receipt),
    /// The contract's end.
    Ending(Ending),
}

/// A contract's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// Which.
    pub contract: ContractNumber,
    /// The service of the provider's catalogue.
    pub service: ServiceCode,
    /// Why.
    pub reason: EndReason,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub ended_at: Instant,
    /// The last month it is charged for.
    pub last_charge_month: Month,
    /// The cancellation's receipt, where the household ordered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// What an entry of a line tells providers, in order.
pub fn messages(entry: &Entry) -> Vec<Message> {
    entry.events.iter().filter_map(|event| message(entry, event)).collect()
}

fn message(entry: &Entry, event: &Event) -> Option<Message> {
    let body =
        |kind, data| Body { kind, timestamp: entry.at, request_id: entry.request_id.clone(), data };
    match event {
        Event::Purchased { receipt, provider, reference, .. } => Some(Message {
            id: MessageId { kind: MessageKind::PurchaseCompleted, number: *receipt },
            provider: provider.clone(),
            body: body(
                "purchase.completed",
                Data::Purchase(Receipt::of(entry, provider, reference)?),
            ),
        }),
        Event::ContractEnded {
            contract,
            provider,
            service,
            reason,
            last_charge_month,
            reference,
            ..
        } => {
            let receipt = reference.as_ref();
            let ending = Ending {
                contract: *contract,
                service: service.clone(),
                reason: *reason,
                ended_at: entry.at,
                last_charge_month: *last_charge_month,
                receipt: receipt.and_then(|reference| Receipt::of(entry, provider, reference)),
            };
            Some(Message {
                id: MessageId { kind: MessageKind::ContractCancelled, number: contract.0 },
                provider: provider.clone(),
                body: body("contract.cancelled", Data::Ending(ending)),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::PassportNumber,
        line::{By, event::Barrier},
        yen::Yen,
    };
    use serde_json::json;

    fn number() -> ReceiptNumber {
        "100000000016".parse().expect("a number")
    }

    fn entry(events: Vec<Event>) -> Entry {
        let at = "2026-11-23T21:00:00.5+09:00".parse().expect("an instant");
        Entry { at, by: By::System, request_id: Some("r-1".into()), events }
    }

    fn purchased(monthly: bool) -> Event {
        Event::Purchased {
            receipt: number(),
            passport: PassportNumber(1),
            provider: "a-sha".parse().expect("an ID"),
            provider_name: "A社".into(),
            reference: "order-1".parse().expect("a reference"),
            service: "pack".parse().expect("a service"),
            service_name: "見放題".into(),
            monthly,
            unit_price: Yen::new(525),
            quantity: 1,
            amount: Yen::new(525),
            usage_period: None,
            description: None,
            line_checked: true,
        }
    }

    fn ended(reason: EndReason, reference: Option<&str>) -> Event {
        Event::ContractEnded {
            contract: ContractNumber(number()),
            passport: PassportNumber(1),
            provider: "a-sha".parse().expect("an ID"),
            service: "pack".parse().expect("a service"),
            reason,
            last_charge_month: "2026-12".parse().expect("a month"),
            receipt: reference.and("100000000024".parse().ok()),
            reference: reference.map(|reference| reference.parse().expect("a reference")),
        }
    }

    #[test]
    fn a_purchase_is_told_with_its_receipt_to_the_letter() {
        let told = messages(&entry(vec![purchased(true)]));
        let [message] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(message.id.to_string(), "purchase-100000000016");
        assert_eq!(message.provider.as_str(), "a-sha");
        let documented = json!({
            "type": "purchase.completed", "timestamp": "2026-11-23T21:00:00+09:00",
            "request_id": "r-1",
            "data": {
                "type": "purchase", "reference": "order-1", "service": "pack", "quantity": 1,
                "amount": 525, "currency": "JPY", "status": "completed",
                "receipt_number": "100000000016", "completed_at": "2026-11-23T21:00:00+09:00",
                "contract": "K-100000000016", "first_charge_month": "2026-11",
            },
        });
        assert_eq!(serde_json::to_value(&message.body).expect("serializes"), documented);
    }

    #[test]
    fn an_ending_is_told_with_its_reason_and_the_receipt_of_whoever_ordered_it() {
        for (reason, word) in [
            (EndReason::Restriction, "restriction"),
            (EndReason::PassportDeleted, "passport_deleted"),
            (EndReason::LineEnded, "line_ended"),
            (EndReason::Operator, "operator"),
        ] {
            let told = messages(&entry(vec![ended(reason, None)]));
            let [message] = told.as_slice() else { panic!("{told:?}") };
            assert_eq!(message.id.to_string(), "cancelled-100000000016");
            let documented = json!({
                "type": "contract.cancelled", "timestamp": "2026-11-23T21:00:00+09:00",
                "request_id": "r-1",
                "data": {
                    "contract": "K-100000000016", "service": "pack", "reason": word,
                    "ended_at": "2026-11-23T21:00:00+09:00", "last_charge_month": "2026-12",
                },
            });
            assert_eq!(serde_json::to_value(&message.body).expect("serializes"), documented);
        }
        let told = messages(&entry(vec![ended(EndReason::Customer, Some("cancel-77"))]));
        let body = serde_json::to_value(&told[0].body).expect("serializes");
        assert_eq!(body["data"]["reason"], "customer");
        assert_eq!(body["data"]["receipt"]["reference"], "cancel-77");
        assert_eq!(body["data"]["receipt"]["receipt_number"], "100000000024");
    }

    #[test]
    fn a_bill_that_is_not_paid_and_whatever_bars_a_line_is_told_to_nobody() {
        for barrier in [Barrier::CustomerRestriction, Barrier::CompanyStop] {
            assert_eq!(messages(&entry(vec![Event::BarrierRaised { barrier }])), []);
        }
        let both = vec![
            Event::BarrierRaised { barrier: Barrier::CompanyStop },
            ended(EndReason::Operator, None),
        ];
        let told = serde_json::to_string(&messages(&entry(both))[0].body).expect("serializes");
        assert!(!told.contains("stop") && !told.contains("barrier"), "{told}");
    }

    #[test]
    fn an_ending_follows_its_purchase_and_ids_keep_their_spelling() {
        for (kind, text) in [
            (MessageKind::PurchaseCompleted, "purchase-100000000016"),
            (MessageKind::ContractCancelled, "cancelled-100000000016"),
        ] {
            let id = MessageId { kind, number: number() };
            assert_eq!((id.to_string().as_str(), text.parse()), (text, Ok(id)));
        }
        let purchase: MessageId = "purchase-100000000016".parse().expect("an ID");
        let cancelled: MessageId = "cancelled-100000000016".parse().expect("an ID");
        assert_eq!((purchase.follows(), cancelled.follows()), (None, Some(purchase)));
        for text in ["", "purchase", "purchase-1", "refund-100000000016"] {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }
}
