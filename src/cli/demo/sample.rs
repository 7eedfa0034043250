//! Who lives in the demo. Secrets are drawn at the first start and kept in `demo.json` (0600).

use super::{DemoError, io, shop};
use crate::{
    domain::{language::Language, line::LineService, provider::IdTokenAlgorithm},
    security::random,
    web::portal::entrance::Entrance,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Everything the demo prints: the object of `--json` (interfaces.md 3). What is not built yet is
/// `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// Linepass's address.
    pub issuer: String,
    /// The household's own pages.
    pub portal: Option<String>,
    /// The sample shop.
    pub shop: String,
    /// The operator listener.
    pub operator: String,
    /// Where mails go; `null` where they go to a server instead, or nowhere.
    pub mail_dir: Option<String>,
    /// The operator's token.
    pub operator_token_file: Option<String>,
    /// The access lines.
    pub lines: Vec<SampleLine>,
    /// The providers.
    pub providers: Vec<SampleProvider>,
}

/// An access line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SampleLine {
    /// お客さまID.
    pub customer_id: String,
    /// アクセスキー.
    pub access_key: String,
    /// Which access service.
    pub service: LineService,
    /// Its own prefixes.
    pub networks: Vec<String>,
    /// Its passport IDs.
    pub passport_ids: Vec<SamplePassport>,
}

/// A passport ID.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamplePassport {
    /// The ID.
    pub passport_id: String,
    /// Its password.
    pub password: String,
    /// Whether it only authenticates from its own line.
    pub line_authentication: bool,
    /// The language of its mails.
    #[serde(default, skip_serializing_if = "Language::is_first")]
    pub language: Language,
}

/// A provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SampleProvider {
    /// Its name.
    pub name: String,
    /// Its ID.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How its `id_token`s are signed, RS256 or ES256: change it in `demo.json` for the next start.
    #[serde(default)]
    pub id_token_signed_response_alg: IdTokenAlgorithm,
    /// Where it may be gone back to.
    pub redirect_uris: Vec<String>,
    /// Where its webhooks go, with `--webhook-url`.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// The key that signs them: `whsec_` and base64.
    #[serde(default)]
    pub webhook_secret: Option<String>,
    /// Its catalogue.
    pub services: Vec<SampleService>,
}

/// A service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SampleService {
    /// Its code.
    pub service: String,
    /// Its name.
    pub name: String,
    /// 月額定額 or 都度課金.
    pub kind: Kind,
    /// Yen; `null` where the price is set at each purchase.
    pub unit_price: Option<u64>,
    /// What the shop says about it.
    #[serde(default)]
    pub description: String,
}

/// How a service is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 月額定額.
    Monthly,
    /// 都度課金.
    PerUse,
}

/// The redirect address that is always registered, so that a client of one's own can be tried.
const OWN_CLIENT: &str = "http://127.0.0.1:9876/callback";

impl Sample {
    /// The sample of the folder, or a new one, kept before anything is stored by it.
    pub fn load_or_make(file: &Path) -> Result<Self, DemoError> {
        let name = file.display().to_string();
        match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| DemoError::Fill(format!("{name}: {error}"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let sample = Self::draw();
                sample.save(file).map_err(io(name))?;
                Ok(sample)
            }
            Err(error) => Err(io(name)(error)),
        }
    }

    /// Keeps it for the next start.
    pub fn save(&self, file: &Path) -> std::io::Result<()> {
        let new = file.with_extension("new");
        let options =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
        let mut writing = options.open(&new)?;
        writing.write_all(&serde_json::to_vec_pretty(self)?)?;
        writing.sync_all()?;
        fs::rename(&new, file)
    }

    /// Puts in the addresses of this run, which may differ from the last one's.
    pub fn addresses(
        &mut self,
        issuer: &str,
        shop_url: &str,
        operator: String,
        (more, webhook_url): (Option<&str>, Option<&str>),
    ) {
        issuer.clone_into(&mut self.issuer);
        self.portal = Some(format!("{issuer}{}", Entrance::Hikari.path("")));
        shop_url.clone_into(&mut self.shop);
        self.operator = operator;
        for provider in &mut self.providers {
            provider.redirect_uris = vec![shop::redirect_uri(shop_url)];
        }
        if let Some(second) = self.providers.get_mut(1) {
            second.redirect_uris.push(OWN_CLIENT.to_owned());
            second.redirect_uris.extend(more.map(str::to_owned));
            second.webhook_url = webhook_url.map(str::to_owned);
        }
    }

    fn draw() -> Self {
        let line = |customer: &str, service, networks: &[&str], ids: &[(&str, bool)]| SampleLine {
            customer_id: customer.to_owned(),
            access_key: draw_digits(8),
            service,
            networks: networks.iter().map(|network| (*network).to_owned()).collect(),
            passport_ids: ids.iter().map(|(id, on)| SamplePassport::draw(id, *on)).collect(),
        };
        Self {
            issuer: String::new(),
            portal: None,
            shop: String::new(),
            operator: String::new(),
            mail_dir: None,
            operator_token_file: None,
            lines: vec![
                line(
                    "CAF0000012573",
                    LineService::HikariNext,
                    &["127.0.0.1/32", "::1/128"],
                    &[("sakura01", true), ("sakura02", true)],
                ),
                line(
                    "CAF0000020101",
                    LineService::HikariLight,
                    &["203.0.113.0/24"],
                    &[("momiji01", true)],
                ),
                line(
                    "CAF0000030202",
                    LineService::HikariNext,
                    &["198.51.100.0/24"],
                    &[("tsubaki1", false)],
                ),
                line(
                    "CAF0000040303",
                    LineService::HikariPremium,
                    &["2001:db8:40:300::/56"],
                    &[("kaede001", false)],
                ),
                line("CAF0000050404", LineService::BFlets, &["192.0.2.0/28"], &[]),
            ],
            providers: vec![
                SampleProvider::draw(
                    "A社",
                    "a-sha",
                    vec![service(
                        "pack",
                        "パックサービス",
                        Kind::Monthly,
                        Some(525),
                        "映画・アニメ・音楽が見放題の月額パック",
                    )],
                ),
                SampleProvider::draw(
                    "B社",
                    "b-sha",
                    vec![
                        service(
                            "anime-1",
                            "名作アニメ1",
                            Kind::PerUse,
                            Some(300),
                            "一話完結の名作アニメ、その1",
                        ),
                        service(
                            "anime-2",
                            "名作アニメ2",
                            Kind::PerUse,
                            Some(300),
                            "一話完結の名作アニメ、その2",
                        ),
                        service(
                            "support",
                            "制作応援チケット",
                            Kind::PerUse,
                            None,
                            "金額を選んで作り手を応援",
                        ),
                    ],
                ),
            ],
        }
    }
}

impl SamplePassport {
    fn draw(passport_id: &str, line_authentication: bool) -> Self {
        let password = random::token(9).replace(['-', '_'], "x");
        // One of a household of two, so that mails are seen in both languages.
        let language = if passport_id == "sakura02" { Language::En } else { Language::Ja };
        Self { passport_id: passport_id.to_owned(), password, line_authentication, language }
    }
}

impl SampleProvider {
    fn draw(name: &str, client_id: &str, services: Vec<SampleService>) -> Self {
        let (secret, _) = crate::security::provider_secret::generate();
        Self {
            name: name.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: secret.expose().to_owned(),
            id_token_signed_response_alg: IdTokenAlgorithm::default(),
            redirect_uris: Vec::new(),
            webhook_url: None,
            webhook_secret: None,
            services,
        }
    }
}

fn service(
    code: &str,
    name: &str,
    kind: Kind,
    unit_price: Option<u64>,
    description: &str,
) -> SampleService {
    SampleService {
        service: code.to_owned(),
        name: name.to_owned(),
        kind,
        unit_price,
        description: description.to_owned(),
    }
}

fn draw_digits(count: usize) -> String {
    let digit = |byte: u8| char::from(b'0' + byte % 10);
    random::bytes::<16>().into_iter().take(count).map(digit).collect()
}
