//! Who buys and who sells: the credentials file, as a seeded store or the demo writes it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use std::{fmt, fs, path::Path};
use url::form_urlencoded::byte_serialize;

/// Why a credentials file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It cannot be read.
    #[error("--credentials {file}: {source}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of it is of another form.
    #[error(
        "--credentials {file}, line {line}: {what}; allowed is what `linepass seed --credentials` \
         writes (JSON Lines), or the object that `linepass demo --json` prints"
    )]
    Malformed {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// There is nothing to make a run of.
    #[error("--credentials {file}: it has no {what}")]
    Empty {
        /// Which file.
        file: String,
        /// What is missing.
        what: &'static str,
    },
}

/// A provider.
#[derive(Debug, Clone, Deserialize)]
pub struct Provider {
    /// Its ID.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where it may be gone back to.
    #[serde(default)]
    pub redirect_uri: String,
    /// The same as the demo tells it.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// Its catalogue.
    pub services: Vec<Service>,
}

impl Provider {
    /// `Authorization` of its own requests (RFC 6749 section 2.3.1).
    pub fn basic(&self) -> String {
        let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", part(&self.client_id), part(&self.client_secret));
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }
}

/// A service of a provider's catalogue.
#[derive(Debug, Clone, Deserialize)]
pub struct Service {
    /// Its code.
    pub service: String,
    /// `monthly` or `per_use`.
    pub kind: ServiceKind,
    /// Yen; none where the price is set at each purchase.
    pub unit_price: Option<u64>,
}

/// How a service is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// 月額定額.
    Monthly,
    /// 都度課金.
    PerUse,
}

/// An access line with its passport IDs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// お客さまID.
    pub customer_id: String,
    /// アクセスキー.
    pub access_key: String,
    /// Which access service: 光プレミアム has another entrance.
    pub service: String,
    /// Its network, from which its households come.
    #[serde(default)]
    pub network: String,
    /// The same as the demo tells it.
    #[serde(default, skip_serializing)]
    networks: Vec<String>,
    /// Its passport IDs.
    pub passport_ids: Vec<Passport>,
    /// What is the matter with the line; none where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A passport ID.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Passport {
    /// The ID.
    pub passport_id: String,
    /// Its password.
    pub password: String,
    /// Whether it only authenticates from its own line.
    pub line_authentication: bool,
    /// What is the matter with the ID; none where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A household at its line.
#[derive(Debug, Clone)]
pub struct Household {
    /// お客さまID.
    pub customer_id: String,
    /// アクセスキー.
    pub access_key: String,
    /// Whether the line is 光プレミアム.
    pub is_premium: bool,
    /// The address it comes from, for `X-Forwarded-For`.
    pub address: String,
    /// The passport ID that is used.
    pub passport: Passport,
}

/// States of a line or an ID under which it can be used.
const USABLE: [&str; 2] = ["open", "active"];

fn is_usable(state: Option<&String>) -> bool {
    state.is_none_or(|state| USABLE.contains(&state.as_str()))
}

impl Line {
    fn is_usable(&self) -> bool {
        is_usable(self.state.as_ref()) && self.passports().next().is_some()
    }

    fn passports(&self) -> impl Iterator<Item = &Passport> {
        self.passport_ids.iter().filter(|passport| is_usable(passport.state.as_ref()))
    }

    fn address(&self) -> &str {
        self.network.split('/').next().unwrap_or_default()
    }

    /// What of a demo's line can be used from this machine: the demo believes no forwarded address.
    fn seen_from_loopback(mut self) -> Self {
        let is_here = |network: &String| network.starts_with("127.") || network.starts_with("::1");
        let is_loopback = self.networks.iter().any(is_here);
        self.passport_ids.retain(|passport| is_loopback || !passport.line_authentication);
        self.network = self.networks.first().cloned().unwrap_or_default();
        self
    }
}

/// What made-up data were made from, as far as it tells one store from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Seed {
    /// The number that everything was drawn from.
    pub seed: u64,
    /// How many access lines were made.
    pub lines: u64,
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a store of {} lines made from seed {}", self.lines, self.seed)
    }
}

/// Which store credentials are of, as far as their file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// One that `linepass seed` filled.
    Seeded(Seed),
    /// A demo's, which nobody seeds.
    Demo,
    /// The file does not tell.
    Untold,
}

/// The beginning of each row of the file.
#[derive(Deserialize)]
struct Head {
    kind: String,
}

/// What the demo prints.
#[derive(Deserialize)]
struct Demo {
    lines: Vec<Line>,
    providers: Vec<Provider>,
}

/// Everything of a credentials file. Lines stay as their text and are read when their turn comes:
/// a million of them take little more room than the file.
#[derive(Debug)]
pub struct Credentials {
    text: Vec<u8>,
    /// Where each usable line's text begins and ends.
    lines: Vec<(usize, usize)>,
    /// The providers.
    pub providers: Vec<Provider>,
    /// Which store they are of.
    pub origin: Origin,
    /// Whether the server believes `X-Forwarded-For`; the demo does not.
    pub are_forwarded: bool,
}

impl Credentials {
    /// Whether a provider has a service of this kind.
    pub fn sell(&self, kind: ServiceKind) -> bool {
        let mut services = self.providers.iter().flat_map(|provider| &provider.services);
        services.any(|service| service.kind == kind)
    }

    /// Reads a file; `most_lines` takes the first so many usable lines of it.
    pub fn read(file: &Path, most_lines: Option<usize>) -> Result<Self, CredentialsError> {
        let name = file.display().to_string();
        let unreadable = |source| CredentialsError::Unreadable { file: name.clone(), source };
        let text = fs::read(file).map_err(unreadable)?;
        Self::parse(text, &name, most_lines)
    }

    fn parse(
        text: Vec<u8>,
        name: &str,
        most_lines: Option<usize>,
    ) -> Result<Self, CredentialsError> {
        if let Ok(demo) = serde_json::from_slice::<Demo>(&text) {
            return Self::of_demo(demo, name, most_lines);
        }
        let malformed = |line: usize, what: String| CredentialsError::Malformed {
            file: name.to_owned(),
            line: line + 1,
            what,
        };
        let (mut lines, mut providers, mut origin) = (Vec::new(), Vec::new(), Origin::Untold);
        let (mut begins, most) = (0, most_lines.unwrap_or(usize::MAX));
        for (number, row) in text.split(|byte| *byte == b'\n').enumerate() {
            let ends = begins + row.len();
            let place = (begins, ends);
            begins = ends + 1;
            if row.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let wrong = |error: serde_json::Error| malformed(number, error.to_string());
            let head: Head = serde_json::from_slice(row).map_err(wrong)?;
            match head.kind.as_str() {
                "line" => {
                    let line: Line = serde_json::from_slice(row).map_err(wrong)?;
                    if line.is_usable() {
                        lines.push(place);
                    }
                }
                "provider" => providers.push(serde_json::from_slice(row).map_err(wrong)?),
                "seed" => origin = Origin::Seeded(serde_json::from_slice(row).map_err(wrong)?),
                other => {
                    return Err(malformed(
                        number,
                        format!("kind: {other:?} is none of \"seed\", \"provider\", \"line\""),
                    ));
                }
            }
            if lines.len() >= most {
                break;
            }
        }
        Self { text, lines, providers, origin, are_forwarded: true }.checked(name)
    }

    fn of_demo(
        demo: Demo,
        name: &str,
        most_lines: Option<usize>,
    ) -> Result<Self, CredentialsError> {
        let (mut text, mut lines) = (Vec::new(), Vec::new());
        let usable = demo.lines.into_iter().map(Line::seen_from_loopback).filter(Line::is_usable);
        for line in usable.take(most_lines.unwrap_or(usize::MAX)) {
            let begins = text.len();
            // A vector takes every byte, and these types are all JSON.
            let _ = serde_json::to_writer(&mut text, &line);
            lines.push((begins, text.len()));
        }
        let providers = demo.providers;
        Self { text, lines, providers, origin: Origin::Demo, are_forwarded: false }.checked(name)
    }

    fn checked(mut self, name: &str) -> Result<Self, CredentialsError> {
        let empty = |what| CredentialsError::Empty { file: name.to_owned(), what };
        for provider in &mut self.providers {
            if provider.redirect_uri.is_empty() {
                provider.redirect_uri = provider.redirect_uris.first().cloned().unwrap_or_default();
            }
        }
        if self.lines.is_empty() {
            return Err(empty("line with a passport ID that can be used"));
        }
        if self.providers.is_empty() {
            return Err(empty("provider"));
        }
        Ok(self)
    }

    /// How many lines can be used.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line; never so once it was read.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The household at this place, from 0, with one of its passport IDs by `which`.
    pub fn household(&self, place: usize, which: u64) -> Option<Household> {
        let (begins, ends) = *self.lines.get(place)?;
        let line: Line = serde_json::from_slice(self.text.get(begins..ends)?).ok()?;
        let count = line.passports().count() as u64;
        let which = usize::try_from(which % count.max(1)).ok()?;
        let passport = line.passports().nth(which)?.clone();
        Some(Household {
            address: line.address().to_owned(),
            is_premium: line.service == "hikari_premium",
            customer_id: line.customer_id,
            access_key: line.access_key,
            passport,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEDED: &str = r#"{"kind":"seed","seed":7,"lines":3}
{"kind":"provider","client_id":"c","client_secret":"s","redirect_uri":"https://a.example/cb","services":[{"service":"x","name":"X","kind":"per_use","unit_price":null}]}
{"kind":"line","customer_id":"CAF0000000001","access_key":"1","service":"hikari_next","network":"10.0.0.1/32","passport_ids":[{"passport_id":"a","password":"p","line_authentication":true},{"passport_id":"b","password":"q","line_authentication":false}]}
{"kind":"line","customer_id":"CAF0000000002","access_key":"2","service":"hikari_light","network":"10.0.0.2/32","state":"restricted","passport_ids":[{"passport_id":"c","password":"p","line_authentication":true}]}
{"kind":"line","customer_id":"CAF0000000003","access_key":"3","service":"hikari_premium","network":"10.0.0.3/32","passport_ids":[{"passport_id":"d","password":"p","line_authentication":true}]}
"#;

    #[test]
    fn a_provider_shows_its_credentials_as_rfc_6749_section_2_3_1_has_it() {
        let provider = Provider {
            client_id: "a:b".into(),
            client_secret: "c d".into(),
            redirect_uri: String::new(),
            redirect_uris: Vec::new(),
            services: Vec::new(),
        };
        // "a%3Ab:c+d".
        assert_eq!(provider.basic(), "Basic YSUzQWI6Yytk");
    }

    fn parse(text: &str) -> Result<Credentials, CredentialsError> {
        Credentials::parse(text.as_bytes().to_vec(), "c.jsonl", None)
    }

    #[test]
    fn a_seeded_file_is_read_line_by_line_and_what_cannot_be_used_is_left_out() {
        let read = parse(SEEDED).expect("reads");
        assert_eq!((read.len(), read.providers.len()), (2, 1));
        assert_eq!(read.origin, Origin::Seeded(Seed { seed: 7, lines: 3 }));
        let second = read.household(0, 1).expect("a household");
        assert_eq!(
            (second.passport.passport_id.as_str(), second.address.as_str()),
            ("b", "10.0.0.1")
        );
        assert!(read.household(1, 5).is_some_and(|household| household.is_premium));
        assert!(read.household(2, 0).is_none());
        let first = Credentials::parse(SEEDED.into(), "c", Some(1)).expect("reads");
        assert_eq!(first.len(), 1);
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number_and_field() {
        let no_key = SEEDED.replace(r#""access_key":"2","#, "");
        let told = parse(&no_key).expect_err("refuses").to_string();
        assert!(told.contains("line 4") && told.contains("access_key"), "{told}");
        let told =
            parse(&SEEDED.replace("\"seed\",", "\"sead\",")).expect_err("refuses").to_string();
        assert!(told.contains("line 1") && told.contains("sead"), "{told}");
        let told = parse(&SEEDED.replace("\"lines\":3", "\"lines\":-3")).expect_err("refuses");
        assert!(told.to_string().contains("line 1: invalid value: integer `-3`"), "{told}");
        let (_, headless) = SEEDED.split_once('\n').expect("a first line");
        assert_eq!(parse(headless).expect("reads").origin, Origin::Untold);
        let told = parse("{}\n").expect_err("refuses").to_string();
        assert!(told.contains("line 1"), "{told}");
        let lines: Vec<&str> = SEEDED.lines().take(2).collect();
        assert!(parse(&lines.join("\n")).expect_err("refuses").to_string().contains("no line"));
    }

    #[test]
    fn what_the_demo_prints_is_taken_with_what_works_from_this_machine() {
        let demo = r#"{"lines":[
            {"customer_id":"CAF1","access_key":"1","service":"hikari_next","networks":["127.0.0.1/32"],
             "passport_ids":[{"passport_id":"a","password":"p","line_authentication":true}]},
            {"customer_id":"CAF2","access_key":"1","service":"hikari_light","networks":["203.0.113.0/24"],
             "passport_ids":[{"passport_id":"b","password":"p","line_authentication":true}]},
            {"customer_id":"CAF3","access_key":"1","service":"b_flets","networks":[],"passport_ids":[]}],
          "providers":[{"client_id":"c","client_secret":"s","redirect_uris":["http://x/cb"],"services":[]}]}"#;
        let read = parse(demo).expect("reads");
        assert_eq!((read.len(), read.origin), (1, Origin::Demo));
        assert_eq!(read.providers[0].redirect_uri, "http://x/cb");
        assert_eq!(read.household(0, 0).expect("a household").address, "127.0.0.1");
    }
}
