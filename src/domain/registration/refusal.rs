//! Why a provider is not changed as asked, with a code for each reason.

/// Why a provider is not changed as asked. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    /// No provider has the ID.
    #[error("no such provider")]
    Unknown,
    /// The ID is a provider's.
    #[error("a provider with this ID is registered already; its ID never changes")]
    AlreadyRegistered,
    /// Two secrets stand already.
    #[error("two secrets stand already; retire the old one first")]
    TooManySecrets,
    /// One secret stands: retiring it would lock the provider out.
    #[error("only one secret stands; it cannot be retired without another")]
    OnlySecret,
    /// It has no address for webhooks.
    #[error("the provider has no webhook address; set one first")]
    NoWebhook,
    /// The first address for webhooks needs a key.
    #[error("no webhook key stands yet; have one drawn with the first address (--secret-file)")]
    NoWebhookKey,
    /// Another address goes with the key that stands.
    #[error(
        "a webhook key stands already and goes with the new address; webhook rotate-key draws another"
    )]
    WebhookKeyStands,
    /// Two keys sign already.
    #[error("two webhook keys sign already; retire the old one first")]
    TooManyWebhookKeys,
    /// One key signs: retiring it would leave none.
    #[error("only one webhook key signs; it cannot be retired without another")]
    OnlyWebhookKey,
    /// The catalogue has no such service.
    #[error("the provider has no such service")]
    UnknownService,
    /// It is off sale already.
    #[error("the service is retired already")]
    RetiredAlready,
    /// It is suspended already.
    #[error("the provider is suspended already")]
    SuspendedAlready,
    /// It is not suspended.
    #[error("the provider is not suspended")]
    NotSuspended,
}

impl ProviderRefusal {
    /// Its code in the operator's answers; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_provider",
            Self::AlreadyRegistered => "already_registered",
            Self::TooManySecrets => "too_many_secrets",
            Self::OnlySecret => "only_secret",
            Self::NoWebhook => "no_webhook",
            Self::NoWebhookKey => "no_webhook_key",
            Self::WebhookKeyStands => "webhook_key_stands",
            Self::TooManyWebhookKeys => "too_many_webhook_keys",
            Self::OnlyWebhookKey => "only_webhook_key",
            Self::UnknownService => "unknown_service",
            Self::RetiredAlready => "retired_already",
            Self::SuspendedAlready => "suspended_already",
            Self::NotSuspended => "not_suspended",
        }
    }
}
