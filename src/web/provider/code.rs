//! An authorization code and the access tokens, as they are sealed.

use crate::domain::ids::{CustomerId, PassportNumber, ProviderId, Reference};
use serde::{Deserialize, Serialize};

/// Who logged in, how, and when: what both tokens carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The provider it is meant for; nobody else can use it.
    #[serde(rename = "c")]
    pub client: ProviderId,
    /// The line.
    #[serde(rename = "u")]
    pub customer: CustomerId,
    /// The passport ID.
    #[serde(rename = "p")]
    pub passport: PassportNumber,
    /// Its epoch at the login: a later one ends the token.
    #[serde(rename = "g")]
    pub epoch: u32,
    /// Whether scope `entitlements` was granted.
    #[serde(rename = "e")]
    pub entitlements: bool,
    /// The code's own ID: what must happen once is remembered by it.
    #[serde(rename = "j")]
    pub code_id: String,
}

/// An authorization code (RFC 6749 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// Who logged in.
    #[serde(rename = "s")]
    pub subject: Subject,
    /// The address it was sent to; the exchange must name the same.
    #[serde(rename = "r")]
    pub redirect_uri: String,
    /// PKCE.
    #[serde(rename = "h")]
    pub code_challenge: String,
    /// For the `id_token`.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// When the password was verified, seconds since the epoch.
    #[serde(rename = "t")]
    pub auth_time_s: i64,
    /// Whether the line itself was checked.
    #[serde(rename = "a")]
    pub line_checked: bool,
    /// The completed order; absent for a login alone.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The run of the server that made it: no other takes it.
    #[serde(rename = "b")]
    pub run: String,
}

/// A provider's own access token, for its own orders and nobody's login (RFC 6749 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderAccess {
    /// Whose orders it may be asked about; the scope is `purchases:read`, the only one there is.
    #[serde(rename = "c")]
    pub client: ProviderId,
}
