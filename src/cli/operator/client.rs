//! Finds the running server and its token, and asks.

use super::{
    Request,
    unanswered::{cut_short, unanswered},
};
use crate::{
    cli::printed::note_change,
    config::{Config, ConfigErrors, OperatorClientConfig, process_environment},
    net::mutual,
    security::{OperatorToken, Secret, SecurityError},
    web::operator::routes::PREFIX,
};
use actix_web::http::{Method, header};
use rustls::ClientConfig;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use url::{Host, Url};

/// The server's address, where it is not the configuration's.
const URL_VARIABLE: &str = "LINEPASS_OPERATOR_URL";
/// The token's file, where it is not the configuration's.
const TOKEN_FILE_VARIABLE: &str = "LINEPASS_OPERATOR_TOKEN_FILE";
/// The certificate authority of the server's certificate, over https.
const CA_FILE_VARIABLE: &str = "LINEPASS_OPERATOR_CA_FILE";
/// The operator's own certificate, over https.
const CERTIFICATE_FILE_VARIABLE: &str = "LINEPASS_OPERATOR_CERT_FILE";
/// Its key.
const KEY_FILE_VARIABLE: &str = "LINEPASS_OPERATOR_KEY_FILE";
/// What to do where this is not the server that was meant.
const WHICH: &str = "--config names the server, or LINEPASS_OPERATOR_URL and \
                     LINEPASS_OPERATOR_TOKEN_FILE do; the demo prints both";
/// How long an answer may take: making RSA keys takes seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How much of an answer is read, in bytes.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Why the server did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The configuration that should name the server has faults.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The token's file cannot be used.
    #[error("{0}; {WHICH}")]
    Token(#[from] SecurityError),
    /// The address is none to send a token to.
    #[error(
        "{URL_VARIABLE} {0:?}: wanted is http:// with a loopback address, such as http://127.0.0.1:8481, \
         or https:// with any, and no user"
    )]
    Url(String),
    /// A file that https needs is not named, or cannot be used.
    #[error("{0}")]
    Tls(String),
    /// Nobody answers there, or what answers is no Linepass.
    #[error("the server at {url} does not answer: {what}; {WHICH}")]
    Unreachable {
        /// Where.
        url: String,
        /// What went wrong.
        what: String,
    },
    /// The server said no (RFC 9457).
    #[error("{detail}")]
    Problem {
        /// The sentence.
        detail: String,
        /// The whole problem.
        body: Value,
    },
}

/// The way to a server's operator API.
pub struct Client {
    url: Url,
    token: Secret,
    tls: Option<Arc<ClientConfig>>,
}

impl Client {
    /// The server that the environment names, or the configuration. The built-in one is read only where
    /// the environment leaves something out; a file that was named always, so that nobody believes in
    /// one that is not there.
    pub fn find(config: Option<&Path>) -> Result<Self, ClientError> {
        let url = std::env::var(URL_VARIABLE).ok();
        let file = |name| std::env::var_os(name).filter(|file| !file.is_empty()).map(PathBuf::from);
        let token_file = file(TOKEN_FILE_VARIABLE);
        let tls_files = [CA_FILE_VARIABLE, CERTIFICATE_FILE_VARIABLE, KEY_FILE_VARIABLE].map(file);
        let is_plain = url.as_deref().is_some_and(|url| url.starts_with("http://"));
        let named = url.is_some() && token_file.is_some();
        let complete = named && (is_plain || tls_files.iter().all(Option::is_some));
        let is_read = config.is_some() || !complete;
        let loaded = is_read.then(|| Config::load(config, process_environment())).transpose()?;
        let (url, token_file) = match (url, token_file, &loaded) {
            (Some(url), Some(file), _) => (url, file),
            (url, file, Some(config)) => {
                let scheme = if config.operator_tls.enabled { "https" } else { "http" };
                let listen = || format!("{scheme}://{}", config.operator.listen);
                let own = || config.operator.token_file.clone();
                (url.unwrap_or_else(listen), file.unwrap_or_else(own))
            }
            (url, ..) => return Err(ClientError::Url(url.unwrap_or_default())),
        };
        let url = allowed(&url)?;
        let tls = (url.scheme() == "https").then(|| tls(tls_files, loaded.as_ref())).transpose()?;
        Ok(Self { url, token: OperatorToken::read(&token_file)?, tls })
    }

    /// Where it is asked.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks, and gives what was answered as a type.
    pub async fn ask_as<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ClientError> {
        let answer = self.ask(request).await?;
        serde_json::from_value(answer).map_err(|error| ClientError::Unreachable {
            url: self.url.to_string(),
            what: format!("it answers in another way than this command knows: {error}"),
        })
    }

    /// Asks, and gives what was answered.
    pub async fn ask(&self, request: &Request) -> Result<Value, ClientError> {
        let url = self.url.join(&format!("{PREFIX}{}", request.path));
        let url = url.map_err(|_| ClientError::Url(self.url.to_string()))?;
        let unreachable =
            |what: String| ClientError::Unreachable { url: self.url.to_string(), what };
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
        let connector = awc::Connector::new();
        let connector = match &self.tls {
            Some(tls) => connector.rustls_0_23(Arc::clone(tls)),
            None => connector,
        };
        let client = awc::Client::builder().connector(connector);
        let client = client.timeout(TIMEOUT).disable_redirects().finish();
        let asking = client
            .request(method, url.as_str())
            .insert_header((header::AUTHORIZATION, format!("Bearer {}", self.token.expose())));
        let sent = match &request.body {
            Some(body) => asking.send_json(body).await,
            None => asking.send().await,
        };
        let mut answer = sent.map_err(|error| unreachable(unanswered(&error)))?;
        let bytes = answer.body().limit(MOST_ANSWER_BYTES).await;
        let bytes = bytes.map_err(|error| unreachable(cut_short(&error)))?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&bytes)
            .map_err(|_| unreachable(format!("it says {status} and no JSON")))?;
        if status.is_success() {
            if request.changes() {
                note_change();
            }
            return Ok(body);
        }
        let detail = body["detail"].as_str().unwrap_or("the server refused").to_owned();
        Err(ClientError::Problem { detail, body })
    }
}

/// What https needs, from the environment or the configuration.
fn tls(
    files: [Option<PathBuf>; 3],
    config: Option<&Config>,
) -> Result<Arc<ClientConfig>, ClientError> {
    let configured = config.map(|config| &config.operator_client);
    let configured = |of: fn(&OperatorClientConfig) -> &String| {
        configured.map(of).filter(|file| !file.is_empty()).map(PathBuf::from)
    };
    let [ca, certificate, key] = files;
    let named = |file: Option<PathBuf>, variable: &str, key: &str| {
        let missing = || format!("https needs {variable} or operator_client.{key}: a PEM file");
        file.ok_or_else(|| ClientError::Tls(missing()))
    };
    let ca = ca.or_else(|| configured(|client| &client.ca_file));
    let certificate = certificate.or_else(|| configured(|client| &client.certificate_file));
    let key = key.or_else(|| configured(|client| &client.key_file));
    mutual::client_config(
        &named(ca, CA_FILE_VARIABLE, "ca_file")?,
        &named(certificate, CERTIFICATE_FILE_VARIABLE, "certificate_file")?,
        &named(key, KEY_FILE_VARIABLE, "key_file")?,
    )
    .map_err(ClientError::Tls)
}

/// A token goes over plain HTTP inside one machine only.
fn allowed(text: &str) -> Result<Url, ClientError> {
    // A password that somebody put in is not shown again.
    let shown = text.rsplit('@').next().unwrap_or_default();
    let refused = || ClientError::Url(shown.to_owned());
    let url = Url::parse(text).map_err(|_| refused())?;
    let inside = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let fits = match url.scheme() {
        "http" => inside,
        "https" => url.has_host(),
        _ => false,
    };
    let fits = fits && url.username().is_empty() && url.password().is_none();
    fits.then_some(url).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leaves_this_machine_over_tls_alone() {
        for good in [
            "http://127.0.0.1:1",
            "http://[::1]:8481/",
            "http://localhost:8481",
            "https://127.0.0.1",
            "https://pay.example.jp:8481",
        ] {
            assert!(allowed(good).is_ok(), "{good}");
        }
        for bad in [
            "http://192.0.2.1:8481",
            "http://localhost.example/",
            "https://a:b@pay.example.jp",
            "file:///etc/passwd",
            "127.0.0.1:8481",
            "http://a@127.0.0.1/",
        ] {
            let told = allowed(bad).expect_err(bad).to_string();
            let shown = bad.rsplit('@').next().expect("the rest");
            assert!(
                told.starts_with(&format!("LINEPASS_OPERATOR_URL {shown:?}: wanted")),
                "{told}"
            );
            assert!(!told.contains("a:b"), "{told}");
        }
    }
}
