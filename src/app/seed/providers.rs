//! The providers of synthetic data: a handful, with services of every kind of price.

use super::{SeedError, draw};
use crate::{
    actors::providers::{ProviderError, Providers},
    domain::{
        ids::ProviderId,
        line::By,
        provider::{IdTokenAlgorithm, Provider, Service, check_redirect_uri},
        registration::{self, ProviderData, ServiceEntry, ServiceKind},
    },
    security::{Secret, mac},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// How many there are.
pub const PROVIDERS: u64 = 5;
/// Where all of them are gone back to: a port of the load generator's own machine, on which nobody
/// needs to listen.
pub const REDIRECT_URI: &str = "http://127.0.0.1:9876/callback";

/// A provider as it will stand.
#[derive(Debug, Clone)]
pub struct ProviderPlan {
    /// Its ID, the OAuth `client_id`.
    pub id: ProviderId,
    /// Its name.
    pub name: String,
    /// Its catalogue.
    pub services: Vec<ServiceEntry>,
    number: u64,
}

impl ProviderPlan {
    /// All of them.
    ///
    /// # Panics
    /// Never: the IDs are of the form of IDs.
    pub fn all() -> Vec<Self> {
        let provider = |number| Self {
            id: format!("seed-{number}").parse().expect("small letters, digits and a hyphen"),
            name: format!("合成{number}社"),
            services: services(number),
            number,
        };
        (1..=PROVIDERS).map(provider).collect()
    }

    /// What it authenticates with: 256 bits that follow from the seed.
    pub fn secret(&self, seed: u64) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(draw::bytes(seed, "provider", self.number)))
    }

    /// Its catalogue as orders are checked against it.
    pub fn catalogue(&self) -> Result<Vec<Service>, SeedError> {
        let checked = |entry: &ServiceEntry| entry.clone().check("services");
        let checked: Result<_, _> = self.services.iter().map(checked).collect();
        checked.map_err(|fault| SeedError::Provider(fault.to_string()))
    }
}

fn services(number: u64) -> Vec<ServiceEntry> {
    let entry = |service: &str, name: &str, kind, unit_price_yen| ServiceEntry {
        service: service.to_owned(),
        name: format!("{name}{number}"),
        kind,
        unit_price_yen,
        usage_period: (kind == ServiceKind::PerUse).then(|| "ご購入から7日間".to_owned()),
        terms_url: None,
    };
    vec![
        entry("pack", "見放題パック", ServiceKind::Monthly, Some(500 + 5 * number)),
        entry("movie", "映画", ServiceKind::PerUse, Some(300)),
        entry("song", "楽曲", ServiceKind::PerUse, Some(100)),
        entry("ticket", "応援チケット", ServiceKind::PerUse, None),
    ]
}

/// Registers those that are not there yet.
pub async fn register(providers: &Providers, seed: u64) -> Result<(), SeedError> {
    check_redirect_uri(REDIRECT_URI).map_err(|fault| SeedError::Provider(fault.to_string()))?;
    for plan in ProviderPlan::all() {
        if providers.get(&plan.id).is_some() {
            continue;
        }
        let sha256 = mac::sha256(plan.secret(seed).expose().as_bytes());
        let sha256 = URL_SAFE_NO_PAD.encode(sha256);
        let data = ProviderData {
            name: Some(plan.name.clone()),
            contact_phone: Some("0120-000-000".to_owned()),
            contact_hours: Some("9:00–17:00".to_owned()),
            redirect_uris: Some(vec![REDIRECT_URI.to_owned()]),
            ..ProviderData::default()
        };
        let data = data.check().map_err(|fault| SeedError::Provider(fault.to_string()))?;
        let services = plan.catalogue()?;
        let decide = |standing: Option<&Provider>| {
            let mut events =
                registration::register(standing, &data, IdTokenAlgorithm::default(), &sha256)?;
            let evolve = |state, event| Provider::evolve(state, &plan.id, event);
            let bare = events.iter().cloned().fold(None, evolve);
            events.extend(registration::add_services(bare.as_ref(), &services)?);
            Ok(events)
        };
        let registered = providers.decide(&plan.id, By::System, None, &[], decide).await;
        registered.map_err(|error: ProviderError| SeedError::Provider(error.to_string()))?;
    }
    Ok(())
}
