//! A provider's catalogue: an entry as an operator writes it, checked field by field,
//! and what is listed and goes off sale.

use super::{
    Decided, LONGEST_CONTACT, LONGEST_URL, ProviderRefusal, RegistrationFault, one_line, page,
};
use crate::domain::{
    ids::{NotAnId, ServiceCode},
    order::LARGEST_AMOUNT,
    provider::{Price, Provider, ProviderEvent, Service},
    shape::{self, OneLine, PageAddress},
    yen::Yen,
};
use serde::{Deserialize, Serialize};

/// An entry of a catalogue as an operator writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceEntry", extend("anyOf" = [
    { "properties": { "kind": { "const": "per_use" } } },
    { "required": ["unit_price_yen"], "properties": { "unit_price_yen": { "type": "integer" } } },
]))]
pub struct ServiceEntry {
    /// Its code in orders: 1 to 64 letters, digits, hyphens, dots and underscores.
    #[schemars(with = "ServiceCode")]
    pub service: String,
    /// Its name as households read it.
    #[schemars(with = "OneLine<LONGEST_CONTACT>")]
    pub name: String,
    /// How it is charged.
    pub kind: ServiceKind,
    /// Yen a month, or a piece; absent where the provider names the price in each order.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "shape::whole_or_none"
    )]
    #[schemars(range(max = LARGEST_AMOUNT.get()))]
    pub unit_price_yen: Option<u64>,
    /// サービス利用期間 in the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<OneLine<LONGEST_CONTACT>>")]
    pub usage_period: Option<String>,
    /// Where its terms of use stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<PageAddress<LONGEST_URL>>")]
    pub terms_url: Option<String>,
}

/// How a service is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// 月額定額.
    Monthly,
    /// 都度課金.
    PerUse,
}

impl ServiceEntry {
    /// The catalogue's entry. `place` says which of several in a fault.
    pub fn check(self, place: &str) -> Result<Service, RegistrationFault> {
        let fault = |field: &str, allowed: String| {
            RegistrationFault::new(format!("{place}.{field}"), allowed)
        };
        let text =
            |field: &str, value: &str| one_line(format!("{place}.{field}"), value, LONGEST_CONTACT);
        let code: ServiceCode = self
            .service
            .parse()
            .map_err(|error: NotAnId| fault("service", error.allowed.to_owned()))?;
        let unit_price = self.unit_price_yen.map(Yen::new);
        if unit_price.is_some_and(|price| price > LARGEST_AMOUNT) {
            let most = LARGEST_AMOUNT.get();
            return Err(fault("unit_price_yen", format!("must be 0 to {most}")));
        }
        let price = match (self.kind, unit_price) {
            (ServiceKind::Monthly, Some(unit_price)) => Price::Monthly { unit_price },
            (ServiceKind::Monthly, None) => {
                let allowed = "must be given for a monthly service".to_owned();
                return Err(fault("unit_price_yen", allowed));
            }
            (ServiceKind::PerUse, unit_price) => Price::PerUse { unit_price },
        };
        let usage_period = self.usage_period.as_deref();
        let terms_url = self.terms_url.map(|url| page(&format!("{place}.terms_url"), url));
        Ok(Service {
            code,
            name: text("name", &self.name)?,
            price,
            usage_period: usage_period.map(|words| text("usage_period", words)).transpose()?,
            terms_url: terms_url.transpose()?,
            offered: true,
        })
    }

    /// How an entry of the catalogue is written.
    pub fn of(service: &Service) -> Self {
        let kind =
            if service.price.is_monthly() { ServiceKind::Monthly } else { ServiceKind::PerUse };
        Self {
            service: service.code.to_string(),
            name: service.name.clone(),
            kind,
            unit_price_yen: service.price.unit_price().map(Yen::get),
            usage_period: service.usage_period.clone(),
            terms_url: service.terms_url.clone(),
        }
    }
}

/// Entries that are new, or differ from what the catalogue has under their code.
pub fn add_services(standing: Option<&Provider>, services: &[Service]) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let differs = |service: &&Service| provider.services.get(&service.code) != Some(*service);
    let listed = services.iter().filter(differs).cloned();
    Ok(listed.map(|service| ProviderEvent::ServiceListed { service }).collect())
}

/// A service goes off sale; its contracts go on.
pub fn retire_service(standing: Option<&Provider>, code: &ServiceCode) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let service = provider.services.get(code).ok_or(ProviderRefusal::UnknownService)?;
    if !service.offered {
        return Err(ProviderRefusal::RetiredAlready);
    }
    Ok(vec![ProviderEvent::ServiceRetired { code: code.clone() }])
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{after, registered},
        *,
    };

    fn entry(kind: ServiceKind, unit_price_yen: Option<u64>) -> ServiceEntry {
        let (usage_period, terms_url) = (None, None);
        let (service, name) = ("pack".into(), "見放題".into());
        ServiceEntry { service, name, kind, unit_price_yen, usage_period, terms_url }
    }

    #[test]
    fn a_catalogue_is_listed_once_and_retired_once_r_006_to_r_008() {
        let pack = entry(ServiceKind::Monthly, Some(500));
        let service = pack.clone().check("services[0]").expect("good");
        assert_eq!(ServiceEntry::of(&service), pack);
        let provider = registered();
        let listed = add_services(Some(&provider), std::slice::from_ref(&service));
        let provider = after(Some(provider), listed.expect("allowed"));
        let again = add_services(Some(&provider), std::slice::from_ref(&service));
        assert_eq!(again, Ok(Vec::new()));
        let retired = retire_service(Some(&provider), &service.code).expect("allowed");
        let provider = after(Some(provider), retired);
        let twice = retire_service(Some(&provider), &service.code);
        assert_eq!(twice, Err(ProviderRefusal::RetiredAlready));
        let unknown = retire_service(Some(&provider), &"other".parse().expect("a code"));
        assert_eq!(unknown, Err(ProviderRefusal::UnknownService));
        // Listed anew it is sold again.
        let listed =
            add_services(Some(&provider), std::slice::from_ref(&service)).expect("allowed");
        assert!(after(Some(provider), listed).services[&service.code].offered);
    }

    #[test]
    fn a_monthly_service_has_a_price_and_none_has_too_high_a_one() {
        let fault = |entry: ServiceEntry| entry.check("services[3]").expect_err("refused").field;
        assert_eq!(fault(entry(ServiceKind::Monthly, None)), "services[3].unit_price_yen");
        assert_eq!(
            fault(entry(ServiceKind::PerUse, Some(10_000_000))),
            "services[3].unit_price_yen"
        );
        assert!(entry(ServiceKind::PerUse, None).check("s").is_ok());
        let mut nameless = entry(ServiceKind::PerUse, None);
        nameless.name = String::new();
        assert_eq!(fault(nameless), "services[3].name");
        let mut coded = entry(ServiceKind::PerUse, None);
        coded.service = "a b".into();
        assert_eq!(fault(coded), "services[3].service");
    }
}
