//! How webhooks leave the house: one POST for each try, over TLS, to an address that may be called,
//! no redirect followed, within its time ([`courier`]).

pub mod courier;

pub use courier::Courier;

/// Why webhooks cannot be sent with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The file of certificate authorities cannot be used.
    #[error("webhook.ca_file: {0}")]
    File(String),
    /// TLS cannot be set up.
    #[error("TLS of webhooks cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
