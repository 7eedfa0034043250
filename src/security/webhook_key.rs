//! The keys that sign webhooks (Standard Webhooks, symmetric): HMAC-SHA256 over ID, time and body.
//!
//! A provider holds the same key to verify with, so it is told once, as `whsec_` and base64; here it
//! is kept wrapped by the master key, because signing needs it again.

use super::{
    MasterKey, Secret, SecurityError,
    keys::{KeyPurpose, KeyRecord, KeyState},
    mac, random,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";

/// A key that signs a provider's webhooks.
pub struct WebhookKey {
    kid: String,
    secret: Zeroizing<Vec<u8>>,
}

impl WebhookKey {
    /// A new key: as the provider is told it, and as it is stored. `now_s` is in seconds since 1970.
    ///
    /// # Errors
    /// The cryptographic library failed.
    pub fn generate(master: &MasterKey, now_s: i64) -> Result<(Secret, KeyRecord), SecurityError> {
        let secret = Zeroizing::new(random::bytes::<32>());
        let told = Secret::new(format!("{PREFIX}{}", STANDARD.encode(secret.as_slice())));
        let (purpose, state) = (KeyPurpose::Webhook, KeyState::Current);
        let record = KeyRecord::wrap(master, purpose, state, secret.as_slice(), now_s)?;
        Ok((told, record))
    }

    /// Unwraps a stored key.
    ///
    /// # Errors
    /// It is no webhook's key, or this master key does not unwrap it.
    pub fn open(master: &MasterKey, record: &KeyRecord) -> Result<Self, SecurityError> {
        if record.purpose != KeyPurpose::Webhook {
            let (kid, purpose) = (record.kid.clone(), record.purpose);
            return Err(SecurityError::KeyUnusable { kid, purpose });
        }
        Ok(Self { kid: record.kid.clone(), secret: record.unwrap(master)? })
    }

    /// Its ID.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The signature of one message, as one part of the header `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp_s}.{body}");
        format!("v1,{}", STANDARD.encode(mac::hmac_sha256(&self.secret, signed.as_bytes())))
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookKey({}, ***)", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_standard_s_own_example() {
        // The test vector of the Standard Webhooks libraries.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let key = WebhookKey { kid: "k".into(), secret: Zeroizing::new(secret) };
        let signature =
            key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_is_told_once_and_opens_again_under_its_master_key_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let master = |name: &str| MasterKey::load_or_create(&folder.path().join(name));
        let (master, other) = (master("one").expect("a key"), master("other").expect("a key"));
        let (told, record) = WebhookKey::generate(&master, 1).expect("a key");
        let told = told.expose().strip_prefix("whsec_").expect("the prefix").to_owned();
        let key = WebhookKey::open(&master, &record).expect("opens");
        assert_eq!(key.secret.as_slice(), STANDARD.decode(told).expect("base64"));
        assert!(WebhookKey::open(&other, &record).is_err());
        let renamed = KeyRecord { purpose: KeyPurpose::Seal, ..record };
        assert!(WebhookKey::open(&master, &renamed).is_err());
        assert!(!format!("{key:?}").contains(&*STANDARD.encode(&*key.secret)));
    }
}
