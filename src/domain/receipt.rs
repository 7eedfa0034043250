//! What a provider is told of a completed order: the same object in the token response, the
//! status API and the webhook (interfaces.md 1.2).

use super::{
    calendar::{Instant, Month},
    ids::{
        ContractNumber, CustomerId, PassportNumber, ProviderId, ReceiptNumber, Reference,
        ServiceCode,
    },
    line::{Entry, Event},
    order::Order,
    yen::Yen,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// A completed order. Fields that do not belong to its type are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Receipt {
    /// Of a purchase.
    Purchase(PurchaseReceipt),
    /// Of a cancellation.
    Cancellation(CancellationReceipt),
}

/// The only status a receipt can have: what is not completed has no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Bought, or cancelled, and durable.
    Completed,
}

/// The only currency: whole yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Currency {
    /// Japanese yen, ISO 4217.
    #[serde(rename = "JPY")]
    Yen,
}

/// What was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
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
    #[schemars(with = "String", extend("format" = "date-time"))]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
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
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub completed_at: Instant,
    /// The last month charged.
    pub last_charge_month: Month,
}

impl Receipt {
    /// The receipt of the order `provider` gave as `reference`, from the entry that completed it.
    pub fn of(entry: &Entry, provider: &ProviderId, reference: &Reference) -> Option<Self> {
        Self::all(entry, provider).find(|receipt| receipt.reference() == reference)
    }

    /// The receipt of `provider` with this number, from the entry that completed its order.
    pub fn numbered(entry: &Entry, provider: &ProviderId, number: ReceiptNumber) -> Option<Self> {
        Self::all(entry, provider).find(|receipt| receipt.number() == number)
    }

    /// The receipts of a provider's orders that an entry completed.
    fn all(entry: &Entry, provider: &ProviderId) -> impl Iterator<Item = Self> {
        entry.events.iter().filter_map(move |event| Self::of_event(event, entry.at, provider))
    }

    fn of_event(event: &Event, at: Instant, wanted: &ProviderId) -> Option<Self> {
        match event {
            Event::Purchased {
                receipt,
                provider,
                reference,
                service,
                monthly,
                quantity,
                amount,
                ..
            } if provider == wanted => Some(Self::Purchase(PurchaseReceipt {
                reference: reference.clone(),
                service: service.clone(),
                quantity: *quantity,
                amount: *amount,
                currency: Currency::Yen,
                status: Status::Completed,
                receipt_number: *receipt,
                completed_at: at,
                contract: monthly.then_some(ContractNumber(*receipt)),
                first_charge_month: monthly.then(|| at.month()),
            })),
            Event::ContractEnded {
                contract,
                provider,
                last_charge_month,
                receipt: Some(receipt),
                reference: Some(reference),
                ..
            } if provider == wanted => Some(Self::Cancellation(CancellationReceipt {
                reference: reference.clone(),
                contract: *contract,
                status: Status::Completed,
                receipt_number: *receipt,
                completed_at: at,
                last_charge_month: *last_charge_month,
            })),
            _ => None,
        }
    }

    /// Whether this completes the order, word for word: the same reference with other content is
    /// another order, and refused (interfaces.md 1.1). `description` is the purchase's own, which
    /// the receipt does not repeat.
    pub fn completes(&self, order: &Order, description: Option<&str>) -> bool {
        match (self, order) {
            (Self::Purchase(receipt), Order::Purchase(order)) => {
                receipt.reference == order.reference
                    && receipt.service == order.service
                    && receipt.quantity == order.quantity
                    && receipt.amount == order.amount
                    && description == order.description.as_deref()
            }
            (Self::Cancellation(receipt), Order::Cancellation(order)) => {
                receipt.reference == order.reference && receipt.contract == order.contract
            }
            _ => false,
        }
    }

    /// The provider's own number.
    pub const fn reference(&self) -> &Reference {
        match self {
            Self::Purchase(receipt) => &receipt.reference,
            Self::Cancellation(receipt) => &receipt.reference,
        }
    }

    /// 申込受付番号.
    pub const fn number(&self) -> ReceiptNumber {
        match self {
            Self::Purchase(receipt) => receipt.receipt_number,
            Self::Cancellation(receipt) => receipt.receipt_number,
        }
    }
}

/// What a purchase was made by, whatever the catalogue says by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The service's name.
    pub service_name: String,
    /// The price of one.
    pub unit_price: Yen,
    /// サービス利用期間.
    pub usage_period: Option<String>,
}

/// Who, what, by which terms, and the provider's words.
type Details = (PassportNumber, ServiceCode, Option<Terms>, Option<String>);

/// A completed order as the journal has it: who completed it, and its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The line.
    pub customer: CustomerId,
    /// The passport ID that pressed the button.
    pub passport: PassportNumber,
    /// What was bought or cancelled.
    pub service: ServiceCode,
    /// What it was bought by; absent for a cancellation.
    pub terms: Option<Terms>,
    /// The provider's words in the order.
    pub description: Option<String>,
    /// What the provider is told.
    pub receipt: Receipt,
}

impl Completed {
    /// Reads it from the entry that completed the order.
    pub fn of(
        customer: CustomerId,
        entry: &Entry,
        provider: &ProviderId,
        reference: &Reference,
    ) -> Option<Self> {
        Self::with(customer, entry, Receipt::of(entry, provider, reference)?)
    }

    /// The same by its receipt number.
    pub fn numbered(
        customer: CustomerId,
        entry: &Entry,
        provider: &ProviderId,
        number: ReceiptNumber,
    ) -> Option<Self> {
        Self::with(customer, entry, Receipt::numbered(entry, provider, number)?)
    }

    fn with(customer: CustomerId, entry: &Entry, receipt: Receipt) -> Option<Self> {
        let number = receipt.number();
        let (passport, service, terms, description) =
            entry.events.iter().find_map(|event| Self::details(event, number))?;
        Some(Self { customer, passport, service, terms, description, receipt })
    }

    fn details(event: &Event, number: ReceiptNumber) -> Option<Details> {
        match event {
            Event::Purchased {
                receipt,
                passport,
                service,
                service_name,
                unit_price,
                usage_period,
                description,
                ..
            } if *receipt == number => {
                let terms = Terms {
                    service_name: service_name.clone(),
                    unit_price: *unit_price,
                    usage_period: usage_period.clone(),
                };
                Some((*passport, service.clone(), Some(terms), description.clone()))
            }
            Event::ContractEnded { receipt: Some(receipt), passport, service, .. }
                if *receipt == number =>
            {
                Some((*passport, service.clone(), None, None))
            }
            _ => None,
        }
    }

    /// Whether this passport ID completed it: nobody else sees its receipt.
    pub fn is_by(&self, customer: CustomerId, passport: PassportNumber) -> bool {
        (self.customer, self.passport) == (customer, passport)
    }

    /// When it was completed.
    pub const fn at(&self) -> Instant {
        match &self.receipt {
            Receipt::Purchase(receipt) => receipt.completed_at,
            Receipt::Cancellation(receipt) => receipt.completed_at,
        }
    }

    /// Whether it is the same order, word for word.
    pub fn is_of(&self, order: &Order) -> bool {
        self.receipt.completes(order, self.description.as_deref())
    }
}

/// Writes an instant as RFC 3339 in Japan time.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
pub(super) fn rfc3339<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
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
