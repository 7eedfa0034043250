//! Orders, limits and months as pages show them.

use crate::{
    domain::{
        calendar,
        ids::ServiceCode,
        order::{Order, PurchaseOrder},
        provider::{Provider, ProviderContact, Service},
        receipt::{Completed, PurchaseReceipt},
        yen::Yen,
    },
    text::format::Month,
    web::page::{self, FlowKind, LimitUse, LoginCard, PriceKind, ShownName},
};

/// What the flow is for.
pub const fn flow_kind(order: Option<&Order>) -> FlowKind {
    match order {
        Some(Order::Purchase(_)) => FlowKind::Purchase,
        Some(Order::Cancellation(_)) => FlowKind::Cancellation,
        None => FlowKind::Login,
    }
}

/// What stands above the login form, so that nobody types a password blind.
pub fn login_card(provider: &Provider, flow_order: Option<&Order>) -> LoginCard {
    match flow_order {
        Some(Order::Purchase(purchase)) => match provider.services.get(&purchase.service) {
            Some(service) => LoginCard::Purchase(order(service, purchase)),
            None => LoginCard::Purchase(nameless(purchase)),
        },
        Some(Order::Cancellation(cancellation)) => LoginCard::Cancellation {
            contract: cancellation.contract.to_string().into(),
            service: None,
        },
        None => LoginCard::Login,
    }
}

/// An order by the catalogue's entry.
pub fn order(service: &Service, order: &PurchaseOrder) -> page::Order {
    let kind = if service.price.is_monthly() { PriceKind::Monthly } else { PriceKind::PerUse };
    page::Order {
        service: service.name.as_str().into(),
        description: order.description.as_deref().map(ShownName::from),
        kind,
        unit_price_yen: order.unit_price(service).get(),
        quantity: order.quantity,
        amount_yen: order.amount.get(),
        usage_period: service.usage_period.as_deref().map(ShownName::from),
    }
}

/// An order whose service has left the catalogue: its code stands for its name.
fn nameless(order: &PurchaseOrder) -> page::Order {
    page::Order {
        service: order.service.as_str().into(),
        description: order.description.as_deref().map(ShownName::from),
        kind: PriceKind::PerUse,
        unit_price_yen: order.amount.get() / u64::from(order.quantity.max(1)),
        quantity: order.quantity,
        amount_yen: order.amount.get(),
        usage_period: None,
    }
}

/// A completed order as it was bought, whatever the catalogue says by now.
pub fn completed_order(completed: &Completed, receipt: &PurchaseReceipt) -> page::Order {
    let kind = if receipt.contract.is_some() { PriceKind::Monthly } else { PriceKind::PerUse };
    let terms = completed.terms.as_ref();
    let name = terms.map_or(receipt.service.as_str(), |terms| &terms.service_name);
    page::Order {
        service: name.into(),
        description: completed.description.as_deref().map(ShownName::from),
        kind,
        unit_price_yen: terms.map_or(receipt.amount, |terms| terms.unit_price).get(),
        quantity: receipt.quantity,
        amount_yen: receipt.amount.get(),
        usage_period: terms.and_then(|terms| terms.usage_period.as_deref()).map(ShownName::from),
    }
}

/// A service's name, or its code where the catalogue no longer has it.
pub fn service_name(provider: &Provider, code: &ServiceCode) -> ShownName {
    let service = provider.services.get(code);
    service.map_or_else(|| code.as_str().into(), |service| service.name.as_str().into())
}

/// The name of the service that was ordered.
pub fn ordered_service(provider: &Provider, order: Option<&Order>) -> ShownName {
    match order {
        Some(Order::Purchase(order)) => service_name(provider, &order.service),
        _ => ShownName::from(""),
    }
}

/// A limit with what is used and what would be added.
pub fn limit(used: Yen, added: Yen, limit: Yen) -> LimitUse {
    LimitUse { used_yen: used.get(), limit_yen: limit.get(), adds_yen: added.get() }
}

/// A month.
pub fn month(month: calendar::Month) -> Month {
    month.into()
}

/// The provider's contact on one line.
pub fn contact(contact: &ProviderContact) -> Option<ShownName> {
    let parts = [&contact.phone, &contact.url, &contact.hours];
    let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
    (!parts.is_empty()).then(|| parts.join(" ").into())
}
