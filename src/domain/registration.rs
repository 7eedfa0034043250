//! What an operator registers of a provider and its catalogue: checked
//! field by field, and decided by how the provider stands.

use super::{
    characters::steers,
    field::name_as_typed,
    ids::ServiceCode,
    order::LARGEST_AMOUNT,
    provider::{
        IdTokenAlgorithm, Price, Provider, ProviderContact, ProviderEvent, Service,
        check_redirect_uri,
    },
    shape::{self, OneLine, PageAddress},
    yen::Yen,
};
use serde::{Deserialize, Serialize};
use url::Url;

pub mod webhooks;

/// The most redirect addresses of one provider.
pub const MOST_REDIRECT_URIS: usize = 10;
/// So many secrets stand beside each other at most: the one in use and the next.
pub const MOST_SECRETS: usize = 2;
/// The longest name of a provider, in characters.
pub const LONGEST_NAME: usize = 40;
/// The longest of the other texts that households read, in characters.
pub const LONGEST_CONTACT: usize = 100;
/// The longest address of pages, in characters.
pub const LONGEST_URL: usize = 400;

/// A field that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {allowed}")]
pub struct RegistrationFault {
    /// Which.
    pub field: String,
    /// What is allowed.
    pub allowed: String,
}

impl RegistrationFault {
    fn new(field: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { field: field.into(), allowed: allowed.into() }
    }
}

/// Why a provider is not changed as asked. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    /// No provider has the ID.
    #[error("no such provider")]
    Unknown,
    /// The ID is a provider's.
    #[error("a provider with this ID is registered already; its ID never changes")]
    AlreadyRegistered,
    /// Two secrets stand already.
    #[error("two secrets stand already; retire the old one first")]
    TooManySecrets,
    /// One secret stands: retiring it would lock the provider out.
    #[error("only one secret stands; it cannot be retired without another")]
    OnlySecret,
    /// It has no address for webhooks.
    #[error("the provider has no webhook address; set one first")]
    NoWebhook,
    /// The first address for webhooks needs a key.
    #[error("no webhook key stands yet; have one drawn with the first address (--secret-file)")]
    NoWebhookKey,
    /// Another address goes with the key that stands.
    #[error(
        "a webhook key stands already and goes with the new address; webhook rotate-key draws another"
    )]
    WebhookKeyStands,
    /// Two keys sign already.
    #[error("two webhook keys sign already; retire the old one first")]
    TooManyWebhookKeys,
    /// One key signs: retiring it would leave none.
    #[error("only one webhook key signs; it cannot be retired without another")]
    OnlyWebhookKey,
    /// The catalogue has no such service.
    #[error("the provider has no such service")]
    UnknownService,
    /// It is off sale already.
    #[error("the service is retired already")]
    RetiredAlready,
    /// It is suspended already.
    #[error("the provider is suspended already")]
    SuspendedAlready,
    /// It is not suspended.
    #[error("the provider is not suspended")]
    NotSuspended,
}

impl ProviderRefusal {
    /// Its code in the operator's answers; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_provider",
            Self::AlreadyRegistered => "already_registered",
            Self::TooManySecrets => "too_many_secrets",
            Self::OnlySecret => "only_secret",
            Self::NoWebhook => "no_webhook",
            Self::NoWebhookKey => "no_webhook_key",
            Self::WebhookKeyStands => "webhook_key_stands",
            Self::TooManyWebhookKeys => "too_many_webhook_keys",
            Self::OnlyWebhookKey => "only_webhook_key",
            Self::UnknownService => "unknown_service",
            Self::RetiredAlready => "retired_already",
            Self::SuspendedAlready => "suspended_already",
            Self::NotSuspended => "not_suspended",
        }
    }
}

/// What is said of a provider; what is absent stays, or is nothing at the registration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderData {
    /// Its name as households and bills read it.
    pub name: Option<String>,
    /// A telephone number for households.
    pub contact_phone: Option<String>,
    /// An address of its pages.
    pub contact_url: Option<String>,
    /// When somebody answers.
    pub contact_hours: Option<String>,
    /// Exact addresses to go back to, all of them.
    pub redirect_uris: Option<Vec<String>>,
    /// Whether it is barred from pushing orders.
    pub suspended: Option<bool>,
}

impl ProviderData {
    /// The same with every field checked.
    pub fn check(self) -> Result<Self, RegistrationFault> {
        let text = |field: &str, longest: usize, value: Option<String>| {
            let checked = value.map(|value| name_as_typed(&value, longest)).transpose();
            checked.map_err(|_| {
                let allowed = format!(
                    "must be 1 to {longest} characters on one line without bidi formatting"
                );
                RegistrationFault::new(field, allowed)
            })
        };
        let redirect_uris = self.redirect_uris.map(redirect_uris).transpose()?;
        Ok(Self {
            name: text("name", LONGEST_NAME, self.name)?,
            contact_phone: text("contact_phone", LONGEST_CONTACT, self.contact_phone)?,
            contact_url: self.contact_url.map(|url| page("contact_url", url)).transpose()?,
            contact_hours: text("contact_hours", LONGEST_CONTACT, self.contact_hours)?,
            redirect_uris,
            suspended: self.suspended,
        })
    }

    fn contact(&self, standing: &ProviderContact) -> ProviderContact {
        let or = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        ProviderContact {
            phone: or(&self.contact_phone, &standing.phone),
            url: or(&self.contact_url, &standing.url),
            hours: or(&self.contact_hours, &standing.hours),
        }
    }
}

fn redirect_uris(mut uris: Vec<String>) -> Result<Vec<String>, RegistrationFault> {
    let field = "redirect_uris";
    if !(1..=MOST_REDIRECT_URIS).contains(&uris.len()) {
        let allowed = format!("must be 1 to {MOST_REDIRECT_URIS} addresses");
        return Err(RegistrationFault::new(field, allowed));
    }
    let mut seen = std::collections::BTreeSet::new();
    uris.retain(|uri| seen.insert(uri.clone()));
    for uri in &uris {
        let fault = check_redirect_uri(uri);
        fault.map_err(|fault| RegistrationFault::new(field, fault.to_string()))?;
    }
    Ok(uris)
}

/// Whether an address has its scheme written out, and neither white space nor what steers the text
/// around it: what [`PageAddress`] says of itself.
fn is_written_out(text: &str) -> bool {
    let scheme = text.starts_with("https://") || text.starts_with("http://");
    scheme && !text.contains(|c: char| c.is_whitespace() || steers(c))
}

/// An address that households open.
fn page(field: &str, text: String) -> Result<String, RegistrationFault> {
    let url = Url::parse(&text).ok();
    let plain = is_written_out(&text) && text.chars().count() <= LONGEST_URL;
    let open = url.is_some_and(|url| url.has_host() && url.username().is_empty());
    (plain && open).then_some(text).ok_or_else(|| {
        RegistrationFault::new(field, "must be an https:// address of 400 characters at most")
    })
}

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
        let text = |field: &str, value: &str| {
            let checked = name_as_typed(value, LONGEST_CONTACT);
            checked.map_err(|_| {
                fault(field, format!("must be 1 to {LONGEST_CONTACT} characters on one line without bidi formatting"))
            })
        };
        let code: ServiceCode = self
            .service
            .parse()
            .map_err(|error: super::ids::NotAnId| fault("service", error.allowed.to_owned()))?;
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

type Decided = Result<Vec<ProviderEvent>, ProviderRefusal>;

/// A provider is registered with its first secret.
pub fn register(
    standing: Option<&Provider>,
    data: &ProviderData,
    id_token_algorithm: IdTokenAlgorithm,
    sha256: &str,
) -> Decided {
    if standing.is_some() {
        return Err(ProviderRefusal::AlreadyRegistered);
    }
    Ok(vec![
        ProviderEvent::ProviderRegistered {
            name: data.name.clone().unwrap_or_default(),
            contact: data.contact(&ProviderContact::default()),
            id_token_algorithm,
        },
        ProviderEvent::SecretAdded { sha256: sha256.to_owned() },
        ProviderEvent::RedirectUrisSet {
            redirect_uris: data.redirect_uris.clone().unwrap_or_default(),
        },
    ])
}

/// What differs is set; what stands already is no event.
pub fn set(standing: Option<&Provider>, data: &ProviderData) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let mut events = Vec::new();
    let name = data.name.clone().filter(|name| *name != provider.name);
    events.extend(name.map(|name| ProviderEvent::NameSet { name }));
    let contact = data.contact(&provider.contact);
    if contact != provider.contact {
        events.push(ProviderEvent::ContactSet { contact });
    }
    let redirect_uris = data.redirect_uris.clone();
    let redirect_uris = redirect_uris.filter(|uris| *uris != provider.redirect_uris);
    events.extend(
        redirect_uris.map(|redirect_uris| ProviderEvent::RedirectUrisSet { redirect_uris }),
    );
    match (data.suspended, provider.suspended) {
        (Some(true), true) => return Err(ProviderRefusal::SuspendedAlready),
        (Some(false), false) => return Err(ProviderRefusal::NotSuspended),
        (Some(true), false) => events.push(ProviderEvent::ProviderSuspended),
        (Some(false), true) => events.push(ProviderEvent::ProviderResumed),
        (None, _) => {}
    }
    Ok(events)
}

/// Another secret beside the one that stands, or without those that stand: all but the newest are
/// retired, and with a new one all that were there.
pub fn rotate_secret(
    standing: Option<&Provider>,
    new_sha256: Option<&str>,
    retire_old: bool,
) -> Decided {
    let provider = standing.ok_or(ProviderRefusal::Unknown)?;
    let secrets = &provider.secrets;
    let kept = usize::from(new_sha256.is_none());
    let old = &secrets[..secrets.len().saturating_sub(kept)];
    match (new_sha256, retire_old) {
        (None, _) if old.is_empty() => return Err(ProviderRefusal::OnlySecret),
        (Some(_), false) if secrets.len() >= MOST_SECRETS => {
            return Err(ProviderRefusal::TooManySecrets);
        }
        _ => {}
    }
    let added = new_sha256.map(|sha256| ProviderEvent::SecretAdded { sha256: sha256.to_owned() });
    let retired = old.iter().filter(|_| retire_old);
    let retired = retired.map(|sha256| ProviderEvent::SecretRetired { sha256: sha256.clone() });
    Ok(added.into_iter().chain(retired).collect())
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
    use super::*;

    fn after(standing: Option<Provider>, events: Vec<ProviderEvent>) -> Provider {
        let id = "c-sha".parse().expect("an ID");
        let evolve = |state, event| Provider::evolve(state, &id, event);
        events.into_iter().fold(standing, evolve).expect("a provider")
    }

    fn data() -> ProviderData {
        ProviderData {
            name: Some("C社".into()),
            redirect_uris: Some(vec!["https://c.example/cb".into()]),
            ..ProviderData::default()
        }
    }

    fn registered() -> Provider {
        let data = data().check().expect("good");
        after(None, register(None, &data, IdTokenAlgorithm::Rs256, "first").expect("allowed"))
    }

    fn entry(kind: ServiceKind, unit_price_yen: Option<u64>) -> ServiceEntry {
        let (usage_period, terms_url) = (None, None);
        let (service, name) = ("pack".into(), "見放題".into());
        ServiceEntry { service, name, kind, unit_price_yen, usage_period, terms_url }
    }

    #[test]
    fn a_provider_is_registered_once() {
        let provider = registered();
        assert_eq!((&*provider.name, &*provider.secrets[0]), ("C社", "first"));
        let again = register(Some(&provider), &data(), IdTokenAlgorithm::Rs256, "second");
        assert_eq!(again, Err(ProviderRefusal::AlreadyRegistered));
        assert_eq!(set(None, &data()), Err(ProviderRefusal::Unknown));
    }

    #[test]
    fn each_fault_names_its_field() {
        let with = |change: fn(&mut ProviderData)| {
            let mut data = data();
            change(&mut data);
            data.check().expect_err("refused").field
        };
        assert_eq!(with(|data| data.name = Some(" ".into())), "name");
        assert_eq!(with(|data| data.name = Some("a\nb".into())), "name");
        assert_eq!(with(|data| data.contact_url = Some("javascript:x".into())), "contact_url");
        assert_eq!(with(|data| data.contact_url = Some("https:c.example".into())), "contact_url");
        let control = |data: &mut ProviderData| {
            data.contact_url = Some("https://c.example/\u{1}".into());
        };
        assert_eq!(with(control), "contact_url");
        assert_eq!(with(|data| data.contact_phone = Some("1".repeat(101))), "contact_phone");
        assert_eq!(with(|data| data.redirect_uris = Some(Vec::new())), "redirect_uris");
        // One address eleven times is eleven addresses.
        let many = |data: &mut ProviderData| {
            data.redirect_uris = Some(vec!["https://c.example/cb".into(); MOST_REDIRECT_URIS + 1]);
        };
        assert_eq!(with(many), "redirect_uris");
        let plain = |data: &mut ProviderData| {
            data.redirect_uris = Some(vec!["http://c.example/cb".into()]);
        };
        assert_eq!(with(plain), "redirect_uris");
    }

    #[test]
    fn what_stands_already_is_no_event() {
        let provider = registered();
        assert_eq!(set(Some(&provider), &data()), Ok(Vec::new()));
        let contact_phone = Some("0120-000-000".to_owned());
        let phone = ProviderData { contact_phone, ..ProviderData::default() };
        let provider =
            after(Some(provider.clone()), set(Some(&provider), &phone).expect("allowed"));
        assert_eq!(provider.contact.phone.as_deref(), Some("0120-000-000"));
        let suspend = |suspended| ProviderData { suspended: Some(suspended), ..Default::default() };
        assert_eq!(set(Some(&provider), &suspend(false)), Err(ProviderRefusal::NotSuspended));
        let events = set(Some(&provider), &suspend(true)).expect("allowed");
        let provider = after(Some(provider), events);
        assert_eq!(set(Some(&provider), &suspend(true)), Err(ProviderRefusal::SuspendedAlready));
    }

    #[test]
    fn two_secrets_stand_beside_each_other_until_the_old_one_is_retired() {
        let provider = registered();
        let retire = |provider: &Provider| rotate_secret(Some(provider), None, true);
        assert_eq!(retire(&provider), Err(ProviderRefusal::OnlySecret));
        let second = rotate_secret(Some(&provider), Some("second"), false).expect("allowed");
        let provider = after(Some(provider), second);
        assert_eq!(provider.secrets, ["first", "second"]);
        let third = rotate_secret(Some(&provider), Some("third"), false);
        assert_eq!(third, Err(ProviderRefusal::TooManySecrets));
        let provider = after(Some(provider.clone()), retire(&provider).expect("allowed"));
        assert_eq!(provider.secrets, ["second"]);
        let at_once = rotate_secret(Some(&provider), Some("third"), true).expect("allowed");
        assert_eq!(after(Some(provider), at_once).secrets, ["third"]);
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
