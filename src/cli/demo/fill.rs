//! Brings the sample data into the store, once: whatever is there already stays.

use super::{
    DemoError,
    sample::{Kind, Sample, SampleLine, SamplePassport, SampleProvider, SampleService},
};
use crate::{
    actors::change::{Change, Opening, Registration, What},
    domain::{
        field::{MailAddress, PassportName, PersonName, PhoneNumber},
        ids::{CustomerId, PassportNumber},
        line::{By, Command, LineService, event::BillingRoute},
        provider::{Price, Provider, ProviderContact, ProviderEvent, Service, check_redirect_uri},
        registration::webhooks,
        yen::Yen,
    },
    security::{KeyRecord, Secret, mac},
    web::state::WebState,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt::Display;

/// The limit of a sample line a month.
const LINE_LIMIT: Yen = Yen::new(30_000);

fn failed(error: impl Display) -> DemoError {
    DemoError::Fill(error.to_string())
}

/// Opens lines, registers passport IDs and providers that are not there yet.
pub async fn fill(state: &WebState, sample: &Sample) -> Result<(), DemoError> {
    for line in &sample.lines {
        fill_line(state, line).await?;
    }
    for provider in &sample.providers {
        fill_provider(state, provider).await?;
    }
    Ok(())
}

async fn fill_line(state: &WebState, sample: &SampleLine) -> Result<(), DemoError> {
    let customer: CustomerId = sample.customer_id.parse().map_err(failed)?;
    let view = state.lines.look(customer).await.map_err(failed)?;
    if view.line.is_none() {
        let opening = opening(state, sample).await?;
        make(state, customer, What::Open(Box::new(opening))).await?;
    }
    let registered = view.line.map_or(0, |line| line.passports.len());
    for (index, passport) in sample.passport_ids.iter().enumerate().skip(registered) {
        let registration = registration(state, passport).await?;
        make(state, customer, What::Register(Box::new(registration))).await?;
        let number = PassportNumber(u32::try_from(index + 1).unwrap_or(u32::MAX));
        let can_switch = sample.service.has_line_authentication();
        if can_switch && !passport.line_authentication {
            let off = Command::SetLineAuthentication { passport: number, on: false };
            make(state, customer, What::Plain(Box::new(off))).await?;
        }
    }
    Ok(())
}

async fn make(state: &WebState, customer: CustomerId, what: What) -> Result<(), DemoError> {
    let change = Change { what, by: By::System, source: None, request_id: None };
    state.lines.make(customer, change).await.map(drop).map_err(failed)
}

async fn opening(state: &WebState, sample: &SampleLine) -> Result<Opening, DemoError> {
    let access_key = Secret::new(sample.access_key.clone());
    let service = match sample.service {
        LineService::HikariNext => "フレッツ 光ネクスト",
        LineService::HikariLight => "フレッツ 光ライト",
        LineService::HikariPremium => "フレッツ・光プレミアム",
        LineService::BFlets => "Bフレッツ",
        LineService::FletsAdsl => "フレッツ・ADSL",
        LineService::FletsIsdn => "フレッツ・ISDN",
    };
    let record = [
        ("order", service),
        ("contractor", "西日本 太郎"),
        ("applicant", "西日本 太郎"),
        ("phone", "0600000000"),
        ("billing_number", "0600000000"),
    ];
    Ok(Opening {
        service: sample.service,
        line_limit: LINE_LIMIT,
        billing: BillingRoute::Telephone,
        networks: sample
            .networks
            .iter()
            .map(|network| network.parse().map_err(failed))
            .collect::<Result<_, _>>()?,
        record: record.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        access_key_hash: state.passwords.hash(access_key).await.map_err(failed)?,
    })
}

async fn registration(
    state: &WebState,
    sample: &SamplePassport,
) -> Result<Registration, DemoError> {
    let password = Secret::new(sample.password.clone());
    let mail = format!("{}@example.jp", sample.passport_id);
    Ok(Registration {
        name: PassportName::parse(&sample.passport_id).map_err(failed)?,
        name_hash: state.keys.name_hash(&sample.passport_id),
        password_hash: state.passwords.hash(password).await.map_err(failed)?,
        applicant: PersonName::parse("西日本 太郎").map_err(failed)?,
        phone: PhoneNumber::parse("06-0000-0000").map_err(failed)?,
        mail: MailAddress::parse(&mail).map_err(failed)?,
        is_contractor: true,
        language: sample.language,
    })
}

async fn fill_provider(state: &WebState, sample: &SampleProvider) -> Result<(), DemoError> {
    for uri in &sample.redirect_uris {
        check_redirect_uri(uri).map_err(failed)?;
    }
    let id = sample.client_id.parse().map_err(failed)?;
    let events = match state.providers.get(&id) {
        None => registering(sample)?,
        Some(provider) => changed(&provider, sample)?,
    };
    if events.is_empty() {
        return Ok(());
    }
    state.providers.change(&id, By::System, events).await.map_err(failed)
}

/// Sets where webhooks go, or stops them. True where a key was drawn or ended: then the sample holds
/// another than before.
pub async fn set_webhooks(state: &WebState, sample: &mut Sample) -> Result<bool, DemoError> {
    let mut is_new = false;
    for provider in &mut sample.providers {
        is_new |= set_webhook(state, provider).await?;
    }
    Ok(is_new)
}

async fn set_webhook(state: &WebState, sample: &mut SampleProvider) -> Result<bool, DemoError> {
    let id = sample.client_id.parse().map_err(failed)?;
    let standing = state.providers.get(&id).ok_or_else(|| failed("the provider is missing"))?;
    let url = sample.webhook_url.as_ref().map(|url| {
        let may_be_plain = state.webhook_addresses.may_be_plain(url);
        webhooks::checked_url(url, may_be_plain).map_err(failed)
    });
    let url = url.transpose()?;
    // A key that nobody knows any more is of no use.
    let is_known = !standing.webhook_keys.is_empty() && sample.webhook_secret.is_some();
    let drawn = (url.is_some() && !is_known).then(|| state.key_keeper.webhook_key()).transpose();
    let (secret, key) = drawn.map_err(failed)?.unzip();
    let decide = |standing: Option<&Provider>| {
        let stopped = match key {
            Some(_) => webhooks::set(standing, None, None)?,
            None => Vec::new(),
        };
        let evolve = |state, event| Provider::evolve(state, &id, event);
        let bare = stopped.iter().cloned().fold(standing.cloned(), evolve);
        let kid = key.as_ref().map(|key: &KeyRecord| key.kid.as_str());
        let set = webhooks::set(bare.as_ref(), url.as_deref(), kid)?;
        Ok(stopped.into_iter().chain(set).collect())
    };
    state.providers.decide(&id, By::System, None, key.as_slice(), decide).await.map_err(failed)?;
    let before = sample.webhook_secret.clone();
    sample.webhook_secret = match (&url, secret) {
        (None, _) => None,
        (Some(_), Some(secret)) => Some(secret.expose().to_owned()),
        (Some(_), None) => before.clone(),
    };
    Ok(sample.webhook_secret != before)
}

fn registering(sample: &SampleProvider) -> Result<Vec<ProviderEvent>, DemoError> {
    let sha256 = URL_SAFE_NO_PAD.encode(mac::sha256(sample.client_secret.as_bytes()));
    let contact = ProviderContact {
        phone: Some("0120-000-000".into()),
        url: None,
        hours: Some("9:00–17:00".into()),
    };
    let mut events = vec![
        ProviderEvent::ProviderRegistered {
            name: sample.name.clone(),
            contact,
            id_token_algorithm: sample.id_token_signed_response_alg,
        },
        ProviderEvent::SecretAdded { sha256 },
        ProviderEvent::RedirectUrisSet { redirect_uris: sample.redirect_uris.clone() },
    ];
    for entry in &sample.services {
        events.push(ProviderEvent::ServiceListed { service: service(entry)? });
    }
    Ok(events)
}

/// What this run registers otherwise than the last one: its addresses, and what was changed in or
/// added to `demo.json`.
fn changed(provider: &Provider, sample: &SampleProvider) -> Result<Vec<ProviderEvent>, DemoError> {
    let redirect_uris = (provider.redirect_uris != sample.redirect_uris)
        .then(|| ProviderEvent::RedirectUrisSet { redirect_uris: sample.redirect_uris.clone() });
    let id_token_algorithm = sample.id_token_signed_response_alg;
    let algorithm = (provider.id_token_algorithm != id_token_algorithm)
        .then_some(ProviderEvent::IdTokenAlgorithmSet { id_token_algorithm });
    let mut events: Vec<_> = redirect_uris.into_iter().chain(algorithm).collect();
    for entry in &sample.services {
        let service = service(entry)?;
        if !provider.services.contains_key(&service.code) {
            events.push(ProviderEvent::ServiceListed { service });
        }
    }
    Ok(events)
}

fn service(sample: &SampleService) -> Result<Service, DemoError> {
    let unit_price = sample.unit_price.map(Yen::new);
    let monthly_price = || failed("a monthly service has a fixed price");
    let price = match sample.kind {
        Kind::Monthly => Price::Monthly { unit_price: unit_price.ok_or_else(monthly_price)? },
        Kind::PerUse => Price::PerUse { unit_price },
    };
    let usage_period = (sample.kind == Kind::PerUse).then(|| "ご購入から7日間".to_owned());
    Ok(Service {
        code: sample.service.parse().map_err(failed)?,
        name: sample.name.clone(),
        price,
        usage_period,
        terms_url: None,
        offered: true,
    })
}
