//! Keyed hashes: what an import keeps an access key by until its first sign-in.
//!
//! An Argon2id hash for each of a million lines would take hours, so an import keeps HMAC-SHA-256
//! under a key derived from the master key. Without that key nobody can guess from it; whoever has
//! the key and the store could, so the first good sign-in puts an Argon2id hash in its place.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::security::secret::Secret;
use crate::security::{mac, random};

/// What every such hash begins with.
const PREFIX: &str = "$linepass-hmac$v1$";
const SALT_BYTES: usize = 16;
const CONTEXT: &str = "linepass/imported_access_key/v1";

/// The key of keyed hashes. It never prints.
#[derive(Clone)]
pub struct ImportKey(Arc<Zeroizing<[u8; 32]>>);

impl fmt::Debug for ImportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportKey(***)")
    }
}

/// A keyed hash, read.
pub(super) struct Keyed {
    salt: [u8; SALT_BYTES],
    tag: [u8; 32],
}

impl Keyed {
    /// Reads `$linepass-hmac$v1$<salt>$<tag>`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (salt, tag) = text.strip_prefix(PREFIX)?.split_once('$')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        Some(Self { salt: decode(salt)?.try_into().ok()?, tag: decode(tag)?.try_into().ok()? })
    }
}

impl ImportKey {
    /// Takes over the derived key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(key)))
    }

    /// The string that is kept; each has a salt of its own.
    pub fn hash(&self, access_key: &Secret) -> String {
        let salt = random::bytes::<SALT_BYTES>();
        let tag = self.tag(&salt, access_key);
        format!("{PREFIX}{}${}", URL_SAFE_NO_PAD.encode(salt), URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether a kept string is of this access key; `None` where it is another kind of hash.
    pub fn matches(&self, access_key: &Secret, kept: &str) -> Option<bool> {
        Keyed::parse(kept).map(|keyed| self.verify(access_key, &keyed))
    }

    pub(super) fn verify(&self, access_key: &Secret, kept: &Keyed) -> bool {
        self.tag(&kept.salt, access_key).ct_eq(&kept.tag).into()
    }

    fn tag(&self, salt: &[u8], access_key: &Secret) -> [u8; 32] {
        mac::tag(self.0.as_slice(), CONTEXT, &[salt, access_key.expose().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_under_the_same_master_matches() {
        let key = ImportKey::new([1; 32]);
        let right = Secret::from("12345678");
        let kept = key.hash(&right);
        assert!(kept.starts_with("$linepass-hmac$v1$"), "{kept}");
        assert_eq!(key.matches(&right, &kept), Some(true));
        assert_eq!(key.matches(&Secret::from("12345679"), &kept), Some(false));
        assert_eq!(ImportKey::new([2; 32]).matches(&right, &kept), Some(false));
        // security.md 18: a salt for each.
        assert_ne!(key.hash(&right), kept);
        assert_eq!(format!("{key:?}"), "ImportKey(***)");
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        let kept = ImportKey::new([1; 32]).hash(&Secret::from("12345678"));
        for text in ["", "$linepass-hmac$v1$", "$linepass-hmac$v2$AAAA$AAAA", &kept[1..]] {
            assert!(Keyed::parse(text).is_none(), "{text}");
        }
        assert!(Keyed::parse(&kept[..kept.len() - 1]).is_none());
        assert!(Keyed::parse(&format!("{kept}A")).is_none());
        assert!(Keyed::parse(&kept).is_some());
    }
}
