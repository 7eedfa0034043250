//! Service providers and their catalogue: what they registered, and what
//! an order must match.
//!
//! A provider is a stream of its own, journalled like a line: [`ProviderEvent`]s folded by
//! [`Provider::evolve`].

use super::{
    calendar::Instant,
    ids::{ProviderId, ServiceCode},
    yen::Yen,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::{Host, Url};

/// What a service costs: tax included, set by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Price {
    /// 月額定額: so much for each month.
    Monthly {
        /// Yen a month.
        unit_price: Yen,
    },
    /// 都度課金: so much for each purchase.
    PerUse {
        /// Yen a piece; `None` where the provider names the price in each order.
        unit_price: Option<Yen>,
    },
}

impl Price {
    /// The catalogue price of one, where it is fixed.
    pub const fn unit_price(self) -> Option<Yen> {
        match self {
            Self::Monthly { unit_price } => Some(unit_price),
            Self::PerUse { unit_price } => unit_price,
        }
    }

    /// Whether it is 月額定額.
    pub const fn is_monthly(self) -> bool {
        matches!(self, Self::Monthly { .. })
    }
}

/// An entry of a provider's catalogue: an information service or goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its code in orders.
    pub code: ServiceCode,
    /// Its name as households read it.
    pub name: String,
    /// What it costs.
    pub price: Price,
    /// サービス利用期間 as the provider words it, where it sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_period: Option<String>,
    /// Where its terms of use stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_url: Option<String>,
    /// Whether it can still be bought; contracts of a retired service go on.
    pub offered: bool,
}

/// How the provider's `id_token`s are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum IdTokenAlgorithm {
    /// RSA with SHA-256, what `OpenID Connect Core` asks everybody to support.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256, for clients registered for it.
    #[serde(rename = "ES256")]
    Es256,
}

/// Where households turn with questions about the provider's services.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProviderContact {
    /// A telephone number, as shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// An address of the provider's pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When somebody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
}

/// What happened to a provider. The shapes are stored and final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ProviderEvent {
    /// It was registered.
    ProviderRegistered {
        /// Its name as households and bills read it.
        name: String,
        /// Its contact.
        #[serde(default)]
        contact: ProviderContact,
        /// How its `id_token`s are signed.
        #[serde(default)]
        id_token_algorithm: IdTokenAlgorithm,
    },
    /// The addresses to which a browser may be sent back, compared as exact strings.
    RedirectUrisSet {
        /// All of them.
        redirect_uris: Vec<String>,
    },
    /// A client secret, as SHA-256 of its 256 random bits; two may stand beside each other.
    SecretAdded {
        /// SHA-256, base64url.
        sha256: String,
    },
    /// A client secret that no longer opens anything.
    SecretRetired {
        /// SHA-256, base64url.
        sha256: String,
    },
    /// A service was added, or an entry with its code replaced.
    ServiceListed {
        /// The entry.
        service: Service,
    },
    /// A service is no longer sold.
    ServiceRetired {
        /// Its code.
        code: ServiceCode,
    },
    /// Its name changed; what was bought before keeps the name it was bought under.
    NameSet {
        /// From now on.
        name: String,
    },
    /// Its contact changed.
    ContactSet {
        /// From now on.
        contact: ProviderContact,
    },
    /// How its `id_token`s are signed changed.
    IdTokenAlgorithmSet {
        /// From now on.
        id_token_algorithm: IdTokenAlgorithm,
    },
    /// Where webhooks go; absent stops them.
    WebhookSet {
        /// The address.
        url: Option<String>,
    },
    /// A key that signs webhooks, wrapped in a row of its own; two may stand beside each other.
    WebhookKeyAdded {
        /// The key's ID.
        kid: String,
    },
    /// A key that no longer signs.
    WebhookKeyRetired {
        /// The key's ID.
        kid: String,
    },
    /// An operator had messages sent again: those that were not delivered, or all since then.
    WebhooksReplayed {
        /// From when on; absent where it was those that were not delivered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Instant>,
    },
    /// It may no longer push orders; its contracts go on.
    ProviderSuspended,
    /// It may again.
    ProviderResumed,
}

/// A provider as it stands: the fold of its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its ID, the OAuth `client_id`.
    pub id: ProviderId,
    /// Its name.
    pub name: String,
    /// Its contact.
    pub contact: ProviderContact,
    /// How its `id_token`s are signed.
    pub id_token_algorithm: IdTokenAlgorithm,
    /// Exact addresses to go back to.
    pub redirect_uris: Vec<String>,
    /// SHA-256 of each live secret, base64url.
    pub secrets: Vec<String>,
    /// The catalogue.
    pub services: BTreeMap<ServiceCode, Service>,
    /// Where webhooks go.
    pub webhook_url: Option<String>,
    /// How often they were stopped: what is told after a stop has nothing to do with what was told
    /// before it.
    pub webhook_epoch: u32,
    /// The IDs of the keys that sign them.
    pub webhook_keys: Vec<String>,
    /// Whether it is barred from pushing orders.
    pub suspended: bool,
}

impl Provider {
    /// The next state. A stream begins with `ProviderRegistered`; anything before it is ignored, and
    /// so is a second one.
    pub fn evolve(state: Option<Self>, id: &ProviderId, event: ProviderEvent) -> Option<Self> {
        if let (None, ProviderEvent::ProviderRegistered { name, contact, id_token_algorithm }) =
            (&state, &event)
        {
            return Some(Self {
                id: id.clone(),
                name: name.clone(),
                contact: contact.clone(),
                id_token_algorithm: *id_token_algorithm,
                redirect_uris: Vec::new(),
                secrets: Vec::new(),
                services: BTreeMap::new(),
                webhook_url: None,
                webhook_epoch: 0,
                webhook_keys: Vec::new(),
                suspended: false,
            });
        }
        state.map(|mut provider| {
            provider.apply(event);
            provider
        })
    }

    fn apply(&mut self, event: ProviderEvent) {
        match event {
            ProviderEvent::ProviderRegistered { .. } | ProviderEvent::WebhooksReplayed { .. } => {}
            ProviderEvent::RedirectUrisSet { redirect_uris } => self.redirect_uris = redirect_uris,
            ProviderEvent::SecretAdded { sha256 } => self.secrets.push(sha256),
            ProviderEvent::SecretRetired { sha256 } => self.secrets.retain(|live| *live != sha256),
            ProviderEvent::ServiceListed { service } => {
                self.services.insert(service.code.clone(), service);
            }
            ProviderEvent::ServiceRetired { code } => {
                if let Some(service) = self.services.get_mut(&code) {
                    service.offered = false;
                }
            }
            ProviderEvent::NameSet { name } => self.name = name,
            ProviderEvent::ContactSet { contact } => self.contact = contact,
            ProviderEvent::IdTokenAlgorithmSet { id_token_algorithm } => {
                self.id_token_algorithm = id_token_algorithm;
            }
            ProviderEvent::WebhookSet { url } => {
                self.webhook_epoch += u32::from(url.is_none());
                self.webhook_url = url;
            }
            ProviderEvent::WebhookKeyAdded { kid } => self.webhook_keys.push(kid),
            ProviderEvent::WebhookKeyRetired { kid } => self.webhook_keys.retain(|key| *key != kid),
            ProviderEvent::ProviderSuspended => self.suspended = true,
            ProviderEvent::ProviderResumed => self.suspended = false,
        }
    }

    /// A service that can be bought now: none of a suspended provider's can.
    pub fn offer(&self, code: &ServiceCode) -> Option<&Service> {
        self.services.get(code).filter(|service| service.offered && !self.suspended)
    }

    /// Whether a browser may be sent to this address: an exact string (RFC 9700 section 2.1).
    pub fn may_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == uri)
    }
}

/// Why an address cannot be registered for redirects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("redirect_uri: {0}")]
pub struct RedirectFault(&'static str);

/// The longest redirect address, so that a sealed flow stays under a cookie's 4 KiB.
pub const LONGEST_REDIRECT_URI: usize = 400;

/// Checks an address for registration: absolute, `https` (plain `http` for loopback only,
/// RFC 8252 section 7.3), no fragment (RFC 6749 section 3.1.2), no user, no parameter of our own
/// answers, which would stand there twice (RFC 6749 section 3.1), written as a browser writes it.
pub fn check_redirect_uri(uri: &str) -> Result<(), RedirectFault> {
    let url = Url::parse(uri).map_err(|_| RedirectFault("must be an absolute address"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let fault = match url.scheme() {
        _ if uri.len() > LONGEST_REDIRECT_URI => "must have at most 400 characters",
        "http" if !loopback => "must be https, except for a loopback address",
        "http" | "https" if url.fragment().is_some() => "must have no fragment",
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            "must name no user"
        }
        "http" | "https" if url.query_pairs().any(|(name, _)| is_of_answers(&name)) => {
            "must have no parameter code, state, iss or error"
        }
        "http" | "https" if url.as_str() != uri => "must be written as a browser writes it",
        "http" | "https" => return Ok(()),
        _ => "must be an https address",
    };
    Err(RedirectFault(fault))
}

fn is_of_answers(parameter: &str) -> bool {
    matches!(parameter, "code" | "state" | "iss" | "error")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ProviderId {
        "a-sha".parse().expect("an ID")
    }

    fn registered() -> Provider {
        let event = ProviderEvent::ProviderRegistered {
            name: "A社".into(),
            contact: ProviderContact::default(),
            id_token_algorithm: IdTokenAlgorithm::Rs256,
        };
        Provider::evolve(None, &id(), event).expect("registered")
    }

    #[test]
    fn a_stream_that_does_not_begin_with_registration_is_no_provider() {
        assert_eq!(Provider::evolve(None, &id(), ProviderEvent::ProviderSuspended), None);
    }

    #[test]
    fn two_secrets_stand_beside_each_other_until_one_is_retired() {
        let then = |provider, event| Provider::evolve(Some(provider), &id(), event).expect("one");
        let secret = |sha256: &str| ProviderEvent::SecretAdded { sha256: sha256.into() };
        let provider = then(then(registered(), secret("old")), secret("new"));
        assert_eq!(provider.secrets, ["old", "new"]);
        let retired = ProviderEvent::SecretRetired { sha256: "old".into() };
        assert_eq!(then(provider, retired).secrets, ["new"]);
    }

    #[test]
    fn redirects_are_compared_as_exact_strings() {
        let event =
            ProviderEvent::RedirectUrisSet { redirect_uris: vec!["https://a.example/cb".into()] };
        let provider = Provider::evolve(Some(registered()), &id(), event).expect("one");
        assert!(provider.may_redirect_to("https://a.example/cb"));
        for variant in [
            "https://a.example/cb/",
            "https://a.example/cb?x",
            "https://a.example/cb#f",
            "https://A.example/cb",
            "https://a.example@evil.example/cb",
            "https://a.example\\evil.example/cb",
            "//a.example/cb",
            "https://a.example/%63b",
            "https://a.example:443/cb",
            "http://a.example/cb",
            "",
        ] {
            assert!(!provider.may_redirect_to(variant), "{variant}");
        }
    }

    #[test]
    fn what_may_be_registered() {
        for uri in ["https://a.example/cb", "http://127.0.0.1:9876/callback", "http://[::1]/"] {
            assert_eq!(check_redirect_uri(uri), Ok(()), "{uri}");
        }
        for uri in [
            "http://a.example/cb",
            "https://a.example/cb?x=1&iss=https://evil.example",
            "https://a.example/cb?%63ode=1",
            "https://a.example/cb#f",
            "https://user@a.example/cb",
            "https://A.example/cb",
            "https://a.example/a/../b",
            "javascript:alert(1)",
            "/cb",
            "",
        ] {
            assert!(check_redirect_uri(uri).is_err(), "{uri}");
        }
    }
}
