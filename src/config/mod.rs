//! The configuration file and its errors.
//!
//! `config/default.toml` is built in and has every key; a file overrides it; the environment
//! overrides both. Nothing starts on a configuration with a fault, and all faults are told at
//! once, each with its file or variable, its key and what is allowed (interfaces.md 5).
//!
//! | file | what it holds |
//! |---|---|
//! | `sections.rs` | the sections as types, with their ranges, by subject |
//! | `value.rs` | kinds of values: issuer, master key, ranges |
//! | `network.rs` | addresses and networks as values |
//! | `webhook.rs` | values of `[webhook]` |
//! | `mail.rs` | values of `[mail]`, and what is allowed of several together |
//! | `layers.rs` | default, file, environment, one over the other |
//! | `faults.rs` | what is allowed of several keys together |
//! | `scan.rs` | lines and comments of the file's text |
//! | `show.rs` | the configuration in force, secrets hidden |

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod defaults_tests;
mod error;
mod faults;
mod layers;
mod mail;
mod network;
mod scan;
mod sections;
mod show;
#[cfg(test)]
mod tests;
mod value;
mod webhook;

pub use error::{ConfigError, ConfigErrors, Origin};
pub use faults::real_place;
pub use mail::{MailTls, MailTransport};
pub use sections::{
    BillingConfig, ContactConfig, FlowConfig, KeysConfig, LineConfig, LogConfig, MailConfig,
    OperatorClientConfig, OperatorConfig, OperatorTlsConfig, OverloadConfig, PasswordConfig,
    PortalConfig, ProviderLimitsConfig, ProxyProtocolConfig, RetentionConfig, ServerConfig,
    StoreConfig, ThrottleConfig, TlsConfig, WebhookConfig,
};
pub use value::{Continuation, Issuer, LogFormat, LogLevel, LogStderr, LogTimeZone, MasterKey};

/// The file with every key, its comment and a safe value.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// How the variables that override keys begin.
pub const ENVIRONMENT_PREFIX: &str = "LINEPASS__";

/// The whole configuration, checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What households and provider sites reach.
    pub server: ServerConfig,
    /// TLS of the public listener.
    pub tls: TlsConfig,
    /// The public listener for balancers that speak the PROXY protocol.
    pub proxy_protocol: ProxyProtocolConfig,
    /// What operators and their monitoring reach.
    pub operator: OperatorConfig,
    /// TLS of the operators' listener.
    pub operator_tls: OperatorTlsConfig,
    /// How the operator commands reach it.
    pub operator_client: OperatorClientConfig,
    /// Where everything is kept.
    pub store: StoreConfig,
    /// Where the master key is.
    pub keys: KeysConfig,
    /// How passwords are hashed and what a new one must be.
    pub password: PasswordConfig,
    /// What slows guessing down.
    pub throttle: ThrottleConfig,
    /// What one provider may ask of the server.
    pub provider_limits: ProviderLimitsConfig,
    /// Who is heard when more comes than can be done.
    pub overload: OverloadConfig,
    /// What an access line may hold.
    pub line: LineConfig,
    /// How long the steps of a purchase live.
    pub flow: FlowConfig,
    /// The household's own pages.
    pub portal: PortalConfig,
    /// What a change of the billing number means.
    pub billing: BillingConfig,
    /// How long personal data are kept that nothing needs any more.
    pub retention: RetentionConfig,
    /// Where the pages send households that need a person.
    pub contact: ContactConfig,
    /// How households are written to.
    pub mail: MailConfig,
    /// What providers are told unasked (interfaces.md 1.4).
    pub webhook: WebhookConfig,
    /// What operators read on standard error and in files.
    pub log: LogConfig,
    /// Where each key comes from that is not a default, by `section.key`.
    #[serde(skip)]
    origins: BTreeMap<String, Origin>,
}

impl Config {
    /// Reads the configuration: the defaults, `file` over them, `environment` over both.
    ///
    /// `environment` is all variables with their values ([`process_environment`] for the
    /// process's own); those that do not begin with `LINEPASS__` are passed over.
    ///
    /// # Errors
    /// Everything that is wrong; a file that cannot be read or is not TOML is told alone.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut layers = layers::Layers::new();
        if let Some(file) = file {
            layers.add_file(file)?;
        }
        layers.add_environment(environment);
        layers.finish()
    }

    /// Checks a configuration whose fields were changed after it was read, as the demo does.
    ///
    /// # Errors
    /// Every rule between keys that does not hold.
    pub fn check(&self) -> Result<(), ConfigErrors> {
        ConfigErrors::unless_empty(self.faults())
    }

    /// Where the value of `key` (`section.key`) comes from.
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// What is allowed and yet unwise outside a test or a demo: a sentence each, for the log at
    /// the start and for `config check`.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let password = &self.password;
        if password.hash_memory_kib < 19_456 || password.hash_passes < 2 {
            warnings.push(format!(
                "password.hash_memory_kib = {} with password.hash_passes = {} hashes more weakly \
                 than OWASP advises (19456 KiB, 2 passes)",
                password.hash_memory_kib, password.hash_passes
            ));
        }
        if self.throttle.logins_per_minute_per_source > 600 {
            warnings.push(format!(
                "throttle.logins_per_minute_per_source = {} lets one source guess quickly",
                self.throttle.logins_per_minute_per_source
            ));
        }
        if !self.server.issuer.is_plain_http()
            && !self.tls.enabled
            && self.server.trusted_proxies.is_empty()
        {
            warnings.push(
                "server.issuer is https, tls.enabled is false and server.trusted_proxies is empty: \
                 behind a proxy that speaks TLS every request seems to come from that proxy, and \
                 no line can be proved"
                    .to_owned(),
            );
        }
        warnings.extend(self.unreached_listener());
        warnings
    }

    /// An issuer on this very host that leads past the listener, with no proxy that could stand between
    /// them. Of any other host nothing is known: a router may lead from one port to another.
    fn unreached_listener(&self) -> Option<String> {
        let ServerConfig { issuer, listen, trusted_proxies, .. } = &self.server;
        let has_proxy = !trusted_proxies.is_empty() || self.proxy_protocol.listen.is_some();
        // A port of 0 is any that is free: whoever asks for it knows where the server is.
        if has_proxy || listen.port() == 0 || issuer.leads_to(*listen)? {
            return None;
        }
        Some(format!(
            "server.issuer is {issuer} and server.listen is {listen}: who follows the issuer's address does \
             not come to this listener; both have to name one place, unless a proxy stands between them, \
             which server.trusted_proxies or [proxy_protocol] names"
        ))
    }
}

impl Default for Config {
    /// `config/default.toml` as it is.
    fn default() -> Self {
        Self::load(None, std::iter::empty())
            .expect("the built-in defaults are good; a test reads them")
    }
}

/// The process's own variables that override keys. Bytes that are not UTF-8 are replaced, and a
/// value with a replacement in it is then refused.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        })
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
}
