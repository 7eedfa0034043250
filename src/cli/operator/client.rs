//! Finds the running server and its token, and asks.

use super::Request;
use crate::{
    config::{Config, ConfigErrors, process_environment},
    security::{OperatorToken, Secret, SecurityError},
    web::operator::routes::PREFIX,
};
use actix_web::http::{Method, header};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use url::{Host, Url};

/// The server's address, where it is not the configuration's.
const URL_VARIABLE: &str = "LINEPASS_OPERATOR_URL";
/// The token's file, where it is not the configuration's.
const TOKEN_FILE_VARIABLE: &str = "LINEPASS_OPERATOR_TOKEN_FILE";
/// What to do where this is not the server that was meant.
const WHICH: &str = "--config names the server, or LINEPASS_OPERATOR_URL and \
                     LINEPASS_OPERATOR_TOKEN_FILE do; the demo prints both";
/// How long an answer may take: making RSA keys takes seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How much of an answer is read, in bytes.
const MOST_ANSWER_BYTES: usize = 4 * 1024 * 1024;

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
        "{URL_VARIABLE}: wanted is http:// with a loopback address, such as http://127.0.0.1:8481"
    )]
    Url,
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
}

impl Client {
    /// The server that the environment names, or the configuration.
    pub fn find(config: Option<&Path>) -> Result<Self, ClientError> {
        let url = std::env::var(URL_VARIABLE).ok();
        let token_file = std::env::var_os(TOKEN_FILE_VARIABLE).map(PathBuf::from);
        let (url, token_file) = match (url, token_file) {
            (Some(url), Some(file)) => (url, file),
            (url, file) => {
                let config = Config::load(config, process_environment())?;
                let listen = || format!("http://{}", config.operator.listen);
                (url.unwrap_or_else(listen), file.unwrap_or(config.operator.token_file))
            }
        };
        Ok(Self { url: loopback(&url)?, token: OperatorToken::read(&token_file)? })
    }

    /// Asks, and gives what was answered.
    pub async fn ask(&self, request: &Request) -> Result<Value, ClientError> {
        let url =
            self.url.join(&format!("{PREFIX}{}", request.path)).map_err(|_| ClientError::Url)?;
        let unreachable =
            |what: String| ClientError::Unreachable { url: self.url.to_string(), what };
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
        let client = awc::Client::builder().timeout(TIMEOUT).disable_redirects().finish();
        let asking = client
            .request(method, url.as_str())
            .insert_header((header::AUTHORIZATION, format!("Bearer {}", self.token.expose())));
        let sent = match &request.body {
            Some(body) => asking.send_json(body).await,
            None => asking.send().await,
        };
        let mut answer = sent.map_err(|error| unreachable(error.to_string()))?;
        let bytes = answer.body().limit(MOST_ANSWER_BYTES).await;
        let bytes = bytes.map_err(|error| unreachable(error.to_string()))?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(&bytes)
            .map_err(|_| unreachable(format!("it says {status} and no JSON")))?;
        if status.is_success() {
            return Ok(body);
        }
        let detail = body["detail"].as_str().unwrap_or("the server refused").to_owned();
        Err(ClientError::Problem { detail, body })
    }
}

/// A token goes over plain HTTP inside one machine only.
fn loopback(text: &str) -> Result<Url, ClientError> {
    let url = Url::parse(text).map_err(|_| ClientError::Url)?;
    let inside = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let fits = url.scheme() == "http" && inside && url.username().is_empty();
    fits.then_some(url).ok_or(ClientError::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_to_this_machine_alone() {
        for good in ["http://127.0.0.1:1", "http://[::1]:8481/", "http://localhost:8481"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in [
            "http://192.0.2.1:8481",
            "http://localhost.example/",
            "https://127.0.0.1",
            "file:///etc/passwd",
            "127.0.0.1:8481",
            "http://a@127.0.0.1/",
        ] {
            assert!(loopback(bad).is_err(), "{bad}");
        }
    }
}
