//! What a provider is told of a completed order: the same object in the token response, the
//! status API and the webhook (interfaces.md 1.2).

use super::{
    calendar::{Instant, Month},
    ids::{ContractNumber, ReceiptNumber, Reference, ServiceCode},
    yen::Yen,
};
use serde::{Deserialize, Serialize, Serializer};

/// A completed order. Fields that do not belong to its type are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Receipt {
    /// Of a purchase.
    Purchase(PurchaseReceipt),
    /// Of a cancellation.
    Cancellation(CancellationReceipt),
}

/// The only status a receipt can have: what is not completed has no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Bought, or cancelled, and durable.
    Completed,
}

/// The only currency: whole yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Currency {
    /// Japanese yen, ISO 4217.
    #[serde(rename = "JPY")]
    Yen,
}

/// What was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurchaseReceipt {
    /// The provider's own number.
    pub reference: Reference,
    /// The service of its catalogue.
    pub service: ServiceCode,
    /// Pieces.
    pub quantity: u32,
    /// The total, tax included.
    pub amount: Yen,
    /// Always JPY.
    pub currency: Currency,
    /// Always completed.
    pub status: Status,
    /// 申込受付番号.
    pub receipt_number: ReceiptNumber,
    /// When it was accepted, Japan time, whole seconds.
    #[serde(serialize_with = "rfc3339")]
    pub completed_at: Instant,
    /// The contract, for a monthly service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractNumber>,
    /// The first month charged, for a monthly service; charged once even where another contract
    /// already charges it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_charge_month: Option<Month>,
}

/// What was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CancellationReceipt {
    /// The provider's own number.
    pub reference: Reference,
    /// The contract that ended.
    pub contract: ContractNumber,
    /// Always completed.
    pub status: Status,
    /// 申込受付番号.
    pub receipt_number: ReceiptNumber,
    /// When it was accepted, Japan time, whole seconds.
    #[serde(serialize_with = "rfc3339")]
    pub completed_at: Instant,
    /// The last month charged.
    pub last_charge_month: Month,
}

fn rfc3339<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.rfc3339())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_receipt_to_the_letter() {
        let number: ReceiptNumber = "100000000016".parse().expect("a number");
        let receipt = Receipt::Purchase(PurchaseReceipt {
            reference: "order-2026-000124".parse().expect("a reference"),
            service: "pack".parse().expect("a service"),
            quantity: 1,
            amount: Yen::new(525),
            currency: Currency::Yen,
            status: Status::Completed,
            receipt_number: number,
            completed_at: "2026-11-23T21:00:00+09:00".parse().expect("an instant"),
            contract: Some(ContractNumber(number)),
            first_charge_month: Some("2026-11".parse().expect("a month")),
        });
        let documented = serde_json::json!({
            "type":"purchase","reference":"order-2026-000124","service":"pack","quantity":1,
            "amount":525,"currency":"JPY","status":"completed","receipt_number":"100000000016",
            "completed_at":"2026-11-23T21:00:00+09:00","contract":"K-100000000016",
            "first_charge_month":"2026-11"
        });
        assert_eq!(serde_json::to_value(receipt).expect("serializes"), documented);
    }
}
