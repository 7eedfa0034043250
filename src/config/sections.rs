//! The sections of the file as types; names, units and ranges as in `config/default.toml`.
//!
//! | file | sections |
//! |---|---|
//! | `listeners` | `[server]`, `[tls]`, `[proxy_protocol]`, `[operator]`, `[operator_tls]`, `[operator_client]` |
//! | `keeping` | `[store]`, `[keys]`, `[retention]` |
//! | `guards` | `[password]`, `[throttle]`, `[provider_limits]`, `[overload]` |
//! | `household` | `[line]`, `[flow]`, `[portal]`, `[billing]`, `[contact]` |
//! | `outgoing` | `[mail]`, `[webhook]`, `[log]` |

mod guards;
mod household;
mod keeping;
mod listeners;
mod outgoing;

pub use guards::{OverloadConfig, PasswordConfig, ProviderLimitsConfig, ThrottleConfig};
pub use household::{BillingConfig, ContactConfig, FlowConfig, LineConfig, PortalConfig};
pub use keeping::{KeysConfig, RetentionConfig, StoreConfig};
pub use listeners::{
    OperatorClientConfig, OperatorConfig, OperatorTlsConfig, ProxyProtocolConfig, ServerConfig,
    TlsConfig,
};
pub use outgoing::{LogConfig, MailConfig, WebhookConfig};
