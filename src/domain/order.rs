//! An order as a provider pushes it (`authorization_details`, RFC 9396), read strictly and checked
//! against the provider's catalogue. Each fault names the field and what is allowed.

use super::{
    ids::{ContractNumber, NotAnId, Reference, ServiceCode},
    provider::Service,
    yen::Yen,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{fmt, str::FromStr};

/// The most yen one order may cost (details.md).
pub const LARGEST_AMOUNT: Yen = Yen::new(9_999_999);
/// The most pieces one order may have (details.md).
pub const LARGEST_QUANTITY: u32 = 99;
/// The most characters a description may have.
pub const LONGEST_DESCRIPTION: usize = 100;

/// What a provider orders for its customer: one thing a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Order {
    /// Buy (R-108).
    Purchase(PurchaseOrder),
    /// Cancel a monthly contract (R-120).
    Cancellation(CancellationOrder),
}

/// Buy a service of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseOrder {
    /// The provider's own number for it.
    pub reference: Reference,
    /// What is bought.
    pub service: ServiceCode,
    /// Pieces, 1 to 99; 1 for a monthly service.
    pub quantity: u32,
    /// The total the household is to pay, tax included.
    pub amount: Yen,
    /// The provider's words for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Cancel a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationOrder {
    /// The provider's own number for it.
    pub reference: Reference,
    /// The contract in the receipt of the purchase.
    pub contract: ContractNumber,
}

/// What is wrong with an order: the field, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("authorization_details: {field}: {allowed}")]
pub struct OrderFault {
    /// The field's name as the provider wrote it.
    pub field: &'static str,
    /// What is allowed there.
    pub allowed: &'static str,
}

const fn fault(field: &'static str, allowed: &'static str) -> OrderFault {
    OrderFault { field, allowed }
}

impl Order {
    /// Reads the `authorization_details` parameter: a JSON array with one order.
    pub fn parse(authorization_details: &str) -> Result<Self, OrderFault> {
        const ONE: OrderFault = fault("the parameter", "a JSON array with one order");
        let orders: Vec<Members> = serde_json::from_str(authorization_details).map_err(|_| ONE)?;
        let [order] = <[Members; 1]>::try_from(orders).map_err(|_| ONE)?;
        let order = order.each_once()?;
        match order.get("type").and_then(Value::as_str) {
            Some("purchase") => PurchaseOrder::read(&order).map(Self::Purchase),
            Some("cancellation") => CancellationOrder::read(&order).map(Self::Cancellation),
            _ => Err(fault("type", "purchase or cancellation")),
        }
    }

    /// The provider's own number for it.
    pub const fn reference(&self) -> &Reference {
        match self {
            Self::Purchase(order) => &order.reference,
            Self::Cancellation(order) => &order.reference,
        }
    }
}

/// The members of an order as they stand in the text. Two of one name are refused: RFC 8259
/// section 4 leaves open which of them counts, so others may have read another amount than we.
struct Members(Vec<(String, Value)>);

impl Members {
    fn each_once(self) -> Result<Map<String, Value>, OrderFault> {
        const FIELDS: [&str; 8] = [
            "type",
            "reference",
            "service",
            "quantity",
            "amount",
            "currency",
            "description",
            "contract",
        ];
        let mut members = Map::new();
        for (name, value) in self.0 {
            let field = FIELDS.into_iter().find(|field| *field == name);
            if members.insert(name, value).is_some() {
                return Err(fault(field.unwrap_or("unknown field"), "one member of this name"));
            }
        }
        Ok(members)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an order")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl PurchaseOrder {
    fn read(order: &Map<String, Value>) -> Result<Self, OrderFault> {
        const FIELDS: [&str; 7] =
            ["type", "reference", "service", "quantity", "amount", "currency", "description"];
        refuse_unknown(order, &FIELDS)?;
        if order.get("currency").and_then(Value::as_str) != Some("JPY") {
            return Err(fault("currency", "JPY"));
        }
        Ok(Self {
            reference: id(order, "reference")?,
            service: id(order, "service")?,
            quantity: quantity(order)?,
            amount: amount(order)?,
            description: description(order)?,
        })
    }

    /// Whether the catalogue sells this at this amount (R-006, R-007). The catalogue may have
    /// changed since the order was pushed, so the line asks once more at the purchase.
    pub fn check(&self, service: Option<&Service>) -> Result<(), OrderFault> {
        const UNKNOWN: OrderFault = fault("service", "a service of your catalogue that is offered");
        let sells = |service: &&Service| service.offered && service.code == self.service;
        let service = service.filter(sells).ok_or(UNKNOWN)?;
        if service.price.is_monthly() && self.quantity != 1 {
            return Err(fault("quantity", "1 for a monthly service"));
        }
        let Some(unit_price) = service.price.unit_price() else { return self.check_open_price() };
        if unit_price.checked_mul(self.quantity.into()) != Some(self.amount) {
            return Err(fault("amount", "quantity × the price in your catalogue"));
        }
        Ok(())
    }

    /// A price set at each purchase is one for each piece: the statement shows 単価 × 数量 = 金額
    /// (R-135).
    fn check_open_price(&self) -> Result<(), OrderFault> {
        let whole = self.amount.get().is_multiple_of(self.quantity.into());
        whole.then_some(()).ok_or(fault("amount", "a whole price for each of the quantity"))
    }

    /// The price of one piece: the catalogue's, or the order's share where the price is set at
    /// each purchase.
    pub fn unit_price(&self, service: &Service) -> Yen {
        let share = Yen::new(self.amount.get() / u64::from(self.quantity.max(1)));
        service.price.unit_price().unwrap_or(share)
    }
}

impl CancellationOrder {
    fn read(order: &Map<String, Value>) -> Result<Self, OrderFault> {
        refuse_unknown(order, &["type", "reference", "contract"])?;
        // A per-use purchase has a receipt number and no contract (R-032).
        let contract = text(order, "contract", "K- and the receipt number of a monthly purchase")?;
        if contract.parse::<super::ids::ReceiptNumber>().is_ok() {
            return Err(fault(
                "contract",
                "a monthly contract; per-use purchases cannot be cancelled",
            ));
        }
        Ok(Self { reference: id(order, "reference")?, contract: id(order, "contract")? })
    }
}

fn refuse_unknown(order: &Map<String, Value>, known: &[&str]) -> Result<(), OrderFault> {
    let all_known = order.keys().all(|key| known.contains(&key.as_str()));
    all_known.then_some(()).ok_or(fault("unknown field", "only the fields of this type of order"))
}

fn text<'a>(
    order: &'a Map<String, Value>,
    field: &'static str,
    allowed: &'static str,
) -> Result<&'a str, OrderFault> {
    order.get(field).and_then(Value::as_str).ok_or(fault(field, allowed))
}

fn id<T: FromStr<Err = NotAnId>>(
    order: &Map<String, Value>,
    field: &'static str,
) -> Result<T, OrderFault> {
    let typed = order.get(field).and_then(Value::as_str).unwrap_or_default();
    typed.parse().map_err(|refused: NotAnId| fault(field, refused.allowed))
}

fn quantity(order: &Map<String, Value>) -> Result<u32, OrderFault> {
    let quantity = order.get("quantity").and_then(Value::as_u64);
    quantity
        .and_then(|quantity| u32::try_from(quantity).ok())
        .filter(|quantity| (1..=LARGEST_QUANTITY).contains(quantity))
        .ok_or(fault("quantity", "a whole number from 1 to 99"))
}

fn amount(order: &Map<String, Value>) -> Result<Yen, OrderFault> {
    let amount = order.get("amount").and_then(Value::as_u64).map(Yen::new);
    amount
        .filter(|amount| *amount <= LARGEST_AMOUNT)
        .ok_or(fault("amount", "whole yen from 0 to 9999999, a number without quotes"))
}

fn description(order: &Map<String, Value>) -> Result<Option<String>, OrderFault> {
    const ALLOWED: OrderFault =
        fault("description", "1 to 100 characters without control characters");
    let Some(value) = order.get("description") else { return Ok(None) };
    let text = value.as_str().ok_or(ALLOWED)?;
    let fits = (1..=LONGEST_DESCRIPTION).contains(&text.chars().count());
    let clean = !text.chars().any(char::is_control);
    (fits && clean).then(|| Some(text.to_owned())).ok_or(ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::Price;

    const PURCHASE: &str = r#"[{"type":"purchase","reference":"order-2026-000123","service":"anime-1","quantity":1,"amount":300,"currency":"JPY","description":"名作アニメ1"}]"#;

    fn service(price: Price) -> Service {
        Service {
            code: "anime-1".parse().expect("a code"),
            name: "名作アニメ1".into(),
            price,
            usage_period: None,
            terms_url: None,
            offered: true,
        }
    }

    fn order(quantity: u32, amount: u64) -> PurchaseOrder {
        PurchaseOrder {
            reference: "r".parse().expect("a reference"),
            service: "anime-1".parse().expect("a code"),
            quantity,
            amount: Yen::new(amount),
            description: None,
        }
    }

    #[test]
    fn the_documented_orders_are_read() {
        let Ok(Order::Purchase(order)) = Order::parse(PURCHASE) else { panic!("a purchase") };
        assert_eq!((order.quantity, order.amount), (1, Yen::new(300)));
        let cancellation =
            r#"[{"type":"cancellation","reference":"cancel-77","contract":"K-100000000016"}]"#;
        assert!(matches!(Order::parse(cancellation), Ok(Order::Cancellation(_))));
    }

    #[test]
    fn each_fault_names_its_field() {
        let cases = [
            (r#""type":"purchase""#, r#""type":"gift""#, "type"),
            (r#""type":"purchase","#, "", "type"),
            (r#""reference":"order-2026-000123","#, "", "reference"),
            ("order-2026-000123", "注文", "reference"),
            (r#""anime-1""#, r#""a b""#, "service"),
            (r#""quantity":1"#, r#""quantity":0"#, "quantity"),
            (r#""quantity":1"#, r#""quantity":100"#, "quantity"),
            (r#""quantity":1"#, r#""quantity":1.5"#, "quantity"),
            (r#""amount":300"#, r#""amount":-300"#, "amount"),
            (r#""amount":300"#, r#""amount":"300""#, "amount"),
            (r#""amount":300"#, r#""amount":10000000"#, "amount"),
            ("JPY", "USD", "currency"),
            (r#","currency":"JPY""#, "", "currency"),
            (r#""名作アニメ1""#, r#""""#, "description"),
            (r#""名作アニメ1""#, r#""a\nb""#, "description"),
            (r#""currency""#, r#""line_limit":999999,"currency""#, "unknown field"),
            // One member twice, written alike, otherwise, or with another value (security.md 44).
            (r#""amount":300"#, r#""amount":300,"amount":9"#, "amount"),
            (r#""amount":300"#, r#""amount":300,"\u0061mount":300"#, "amount"),
            (r#""type":"purchase""#, r#""type":"cancellation","type":"purchase""#, "type"),
            (r#""currency""#, r#""x":1,"x":1,"currency""#, "unknown field"),
        ];
        for (from, to, field) in cases {
            let changed = PURCHASE.replacen(from, to, 1);
            assert_ne!(changed, PURCHASE, "{from}");
            assert_eq!(Order::parse(&changed).map_err(|f| f.field), Err(field), "{changed}");
        }
        let two = format!("[{0},{0}]", &PURCHASE[1..PURCHASE.len() - 1]);
        for text in ["", "{}", "[]", "[1]", "null", two.as_str()] {
            let refused = Order::parse(text).map_err(|f| f.field);
            assert_eq!(refused, Err("the parameter"), "{text}");
        }
    }

    #[test]
    fn a_per_use_purchase_has_nothing_to_cancel_r_032() {
        let text = r#"[{"type":"cancellation","reference":"c","contract":"100000000016"}]"#;
        let refused = Order::parse(text).expect_err("refused");
        assert_eq!(refused.field, "contract");
        assert!(refused.allowed.contains("per-use purchases cannot be cancelled"));
    }

    #[test]
    fn amounts_follow_the_catalogue_r_007() {
        let fixed = service(Price::PerUse { unit_price: Some(Yen::new(300)) });
        let open = service(Price::PerUse { unit_price: None });
        let monthly = service(Price::Monthly { unit_price: Yen::new(525) });
        let free = service(Price::PerUse { unit_price: Some(Yen::ZERO) });
        let cases = [
            (&fixed, 2, 600, None),
            (&fixed, 2, 300, Some("amount")),
            (&open, 3, 900, None),
            (&open, 3, 1000, Some("amount")),
            (&monthly, 1, 525, None),
            (&monthly, 2, 1050, Some("quantity")),
            (&monthly, 1, 524, Some("amount")),
            (&free, 1, 0, None),
        ];
        for (service, quantity, amount, field) in cases {
            let refused = order(quantity, amount).check(Some(service)).err().map(|f| f.field);
            assert_eq!(refused, field, "{quantity} × {service:?} for {amount}");
        }
        assert_eq!(order(1, 300).check(None).map_err(|f| f.field), Err("service"));
        let retired = Service { offered: false, ..fixed };
        assert_eq!(order(1, 300).check(Some(&retired)).map_err(|f| f.field), Err("service"));
    }
}
