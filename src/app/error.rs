//! Why the server did not start.

use crate::{
    config::ConfigErrors, mail::MailError, security::SecurityError, store::StoreError,
    webhook::WebhookError,
};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store cannot be used.
    #[error("{}{}", .0, runbook(.0))]
    Store(#[from] StoreError),
    /// A key or the hashing pool cannot be used.
    #[error("{source}{}", causes(source))]
    Security {
        /// Which.
        #[from]
        source: SecurityError,
    },
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Mails cannot be sent as configured.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// Webhooks cannot be sent as configured.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The system gave no thread or socket.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

/// Where the runbook tells what to do about a store that is refused.
const fn runbook(error: &StoreError) -> &'static str {
    match error {
        StoreError::Damaged { .. } => "; docs/runbook/store-damaged.md tells what to do",
        _ => "",
    }
}

/// The causes of an error, since its own text names only the last step.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
