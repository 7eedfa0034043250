//! How webhooks leave the house: which addresses may be called, and one POST for each try.
//!
//! | file | what |
//! |---|---|
//! | [`address`] | which addresses may be called |
//! | [`courier`] | one try: signed, over TLS, no redirect, within its time |

pub mod address;
pub mod courier;

pub use address::AddressPolicy;
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
