//! Keys as the store keeps them. The shapes and names here are final.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MasterKey;
use crate::security::{SecurityError, random};

/// A wrapped key, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The key's ID: 8 random characters, in the footer of sealed tokens and in JWKS.
    pub kid: String,
    /// What the key does.
    pub purpose: KeyPurpose,
    /// Where it stands in its rotation.
    pub state: KeyState,
    /// When it was made, seconds since 1970.
    pub created_at_s: i64,
    /// The key under the master key, bound to its purpose and kid: 32 bytes, or PKCS#8.
    pub wrapped: String,
}

/// What a key does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// Seals tokens.
    Seal,
    /// Makes `sub` from a passport ID's number and a client. Never rotates.
    Subject,
    /// Hashes the names of passport IDs. Never rotates.
    PassportName,
    /// Signs with RSA PKCS#1 v1.5 and SHA-256 (RFC 7518, 3.3).
    SignRs256,
    /// Signs with ECDSA on P-256 and SHA-256 (RFC 7518, 3.4).
    SignEs256,
    /// Signs a provider's webhooks (HMAC-SHA256, Standard Webhooks); no part of the key ring.
    Webhook,
}

/// Where a key stands in its rotation.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Shown to others already, so that they know it before it signs.
    Next,
    /// In use.
    Current,
    /// No longer in use, but what it made is still accepted.
    Previous,
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seal => "seal",
            Self::Subject => "subject",
            Self::PassportName => "passport_name",
            Self::SignRs256 => "sign_rs256",
            Self::SignEs256 => "sign_es256",
            Self::Webhook => "webhook",
        })
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Previous => "previous",
        })
    }
}

impl KeyRecord {
    /// Wraps a new key under a new kid.
    pub(in crate::security) fn wrap(
        master: &MasterKey,
        purpose: KeyPurpose,
        state: KeyState,
        secret: &[u8],
        now_s: i64,
    ) -> Result<Self, SecurityError> {
        let kid = random::token(6);
        let wrapped = master.wrap(&wrap_purpose(purpose, &kid), secret)?;
        Ok(Self { kid, purpose, state, created_at_s: now_s, wrapped })
    }

    /// The key itself. A record whose kid or purpose was exchanged does not open.
    pub(in crate::security) fn unwrap(
        &self,
        master: &MasterKey,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, SecurityError> {
        master.unwrap(&wrap_purpose(self.purpose, &self.kid), &self.wrapped)
    }
}

fn wrap_purpose(purpose: KeyPurpose, kid: &str) -> String {
    format!("key {purpose}/{kid}")
}
