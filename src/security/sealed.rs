//! Sealed, not stored: tokens that carry their own content under a key of ours.
//!
//! A token is PASETO v4.local (`XChaCha20` and a `BLAKE2b` MAC) without its constant prefix. The
//! layout is final:
//!
//! ```text
//! <base64url of nonce, ciphertext and MAC> "." <base64url of the kid>
//! plaintext           {"e":<expires_at_s>,"v":<the value as JSON>}
//! footer              the kid, as it stands
//! implicit assertion  "linepass/sealed/v1/" and the purpose
//! ```
//!
//! The kid in the footer finds the key, so keys rotate. The purpose is no part of the token: it
//! is asserted by whoever opens it, so a token of one purpose never opens as another. Expiry is
//! our own, because PASETO's claims would read the system's clock.

use std::fmt;

use pasetors::keys::SymmetricKey;
use pasetors::token::{Local, UntrustedToken};
use pasetors::version4::{LocalToken, V4};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SecurityError;

/// The longest token that is made or looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An order that a provider pushed (RFC 9126); its `request_uri`.
    PushedOrder,
    /// A browser's way through login and confirmation; a cookie.
    Flow,
    /// What the browser brings back to the provider (RFC 6749, 4.1.2).
    AuthorizationCode,
    /// What the provider asks userinfo with (RFC 6750).
    AccessToken,
    /// What a provider asks the status of its own orders with (RFC 6749, 4.4).
    ProviderAccessToken,
    /// A browser at an entrance of the household's own pages, before it has signed in; a cookie.
    Entrance,
    /// A household's sign-in to its own pages; a cookie.
    PortalSession,
    /// What a household has filled in of a procedure so far; a cookie.
    Draft,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::PushedOrder,
        Self::Flow,
        Self::AuthorizationCode,
        Self::AccessToken,
        Self::ProviderAccessToken,
        Self::Entrance,
        Self::PortalSession,
        Self::Draft,
    ];

    fn implicit_assertion(self) -> &'static [u8] {
        match self {
            Self::PushedOrder => b"linepass/sealed/v1/pushed_order",
            Self::Flow => b"linepass/sealed/v1/flow",
            Self::AuthorizationCode => b"linepass/sealed/v1/authorization_code",
            Self::AccessToken => b"linepass/sealed/v1/access_token",
            Self::ProviderAccessToken => b"linepass/sealed/v1/provider_access_token",
            Self::Entrance => b"linepass/sealed/v1/entrance",
            Self::PortalSession => b"linepass/sealed/v1/portal_session",
            Self::Draft => b"linepass/sealed/v1/draft",
        }
    }
}

/// Why a token does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a token of ours, not for this purpose, altered, sealed with a key that is gone, or its
    /// content has another shape. Which of these it was is nobody's business.
    #[error("the token is not valid")]
    Malformed,
    /// It was good until its time.
    #[error("the token has expired")]
    Expired,
}

/// Seals and opens tokens: one current key, and earlier ones that still open.
pub struct Sealer {
    current: SealKey,
    previous: Vec<SealKey>,
}

struct SealKey {
    kid: String,
    key: SymmetricKey<V4>,
}

impl SealKey {
    fn new((kid, bytes): (String, [u8; 32])) -> Self {
        let bytes = Zeroizing::new(bytes);
        let key = SymmetricKey::from(bytes.as_slice()).expect("a v4.local key has 32 bytes");
        Self { kid, key }
    }
}

#[derive(Serialize)]
struct Sealing<'a, T> {
    #[serde(rename = "e")]
    expires_at_s: i64,
    #[serde(rename = "v")]
    value: &'a T,
}

#[derive(Deserialize)]
struct Opened<T> {
    #[serde(rename = "e")]
    expires_at_s: i64,
    #[serde(rename = "v")]
    value: T,
}

impl Sealer {
    /// A sealer with its current key and the previous ones, each with its kid.
    pub fn new(current: (String, [u8; 32]), previous: Vec<(String, [u8; 32])>) -> Self {
        let previous = previous.into_iter().map(SealKey::new).collect();
        Self { current: SealKey::new(current), previous }
    }

    /// Seals a value for one purpose. It opens while the time is before `expires_at_s` (seconds
    /// since 1970).
    ///
    /// # Errors
    /// The value is no JSON, or the token would be longer than [`MAX_TOKEN_BYTES`].
    pub fn seal<T: Serialize>(
        &self,
        purpose: Purpose,
        value: &T,
        expires_at_s: i64,
    ) -> Result<String, SecurityError> {
        let plaintext = serde_json::to_vec(&Sealing { expires_at_s, value })
            .map_err(SecurityError::Unserializable)?;
        let token = encrypt(
            &self.current.key,
            &plaintext,
            Some(self.current.kid.as_bytes()),
            purpose.implicit_assertion(),
        )?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SecurityError::TooLong { length: token.len() });
        }
        Ok(token)
    }

    /// Opens a token of this purpose at this time (seconds since 1970).
    pub fn open<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        token: &str,
        now_s: i64,
    ) -> Result<T, SealError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SealError::Malformed);
        }
        let untrusted = parse(token).ok_or(SealError::Malformed)?;
        let key = self.key(untrusted.untrusted_footer()).ok_or(SealError::Malformed)?;
        let plaintext = decrypt(key, &untrusted, purpose.implicit_assertion());
        let plaintext = plaintext.ok_or(SealError::Malformed)?;
        let opened: Opened<T> =
            serde_json::from_str(&plaintext).map_err(|_| SealError::Malformed)?;
        if now_s < opened.expires_at_s { Ok(opened.value) } else { Err(SealError::Expired) }
    }

    fn key(&self, kid: &[u8]) -> Option<&SymmetricKey<V4>> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.kid.as_bytes() == kid)
            .map(|key| &key.key)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("current", &self.current.kid).finish_non_exhaustive()
    }
}

/// A v4.local token without its prefix.
pub(super) fn encrypt(
    key: &SymmetricKey<V4>,
    plaintext: &[u8],
    footer: Option<&[u8]>,
    implicit_assertion: &[u8],
) -> Result<String, SecurityError> {
    LocalToken::encrypt(key, plaintext, footer, Some(implicit_assertion))
        .ok()
        .and_then(|token| token.strip_prefix(LocalToken::HEADER).map(str::to_owned))
        .ok_or(SecurityError::Crypto { what: "a sealed token" })
}

/// Reads the shape of a token; nothing in it is to be trusted yet.
pub(super) fn parse(token: &str) -> Option<UntrustedToken<Local, V4>> {
    let whole = format!("{}{token}", LocalToken::HEADER);
    UntrustedToken::try_from(whole.as_str()).ok()
}

/// The plaintext, if key, footer, implicit assertion and content are those of the sealing.
pub(super) fn decrypt(
    key: &SymmetricKey<V4>,
    token: &UntrustedToken<Local, V4>,
    implicit_assertion: &[u8],
) -> Option<Zeroizing<String>> {
    let trusted = LocalToken::decrypt(key, token, None, Some(implicit_assertion)).ok()?;
    Some(Zeroizing::new(trusted.payload().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES_S: i64 = 1_800_000_000;

    fn key(kid: &str, byte: u8) -> (String, [u8; 32]) {
        (kid.to_owned(), [byte; 32])
    }

    fn sealer() -> Sealer {
        Sealer::new(key("k1", 1), vec![])
    }

    fn seal(sealer: &Sealer, purpose: Purpose) -> String {
        sealer.seal(purpose, &"order", EXPIRES_S).expect("a token")
    }

    fn open(sealer: &Sealer, purpose: Purpose, token: &str) -> Result<String, SealError> {
        sealer.open(purpose, token, EXPIRES_S - 1)
    }

    #[test]
    fn a_token_opens_for_its_purpose_only() {
        let sealer = sealer();
        for sealed_for in Purpose::ALL {
            let token = seal(&sealer, sealed_for);
            for opened_for in Purpose::ALL {
                let expected = if sealed_for == opened_for {
                    Ok("order".to_owned())
                } else {
                    Err(SealError::Malformed)
                };
                assert_eq!(open(&sealer, opened_for, &token), expected);
            }
        }
    }

    #[test]
    fn a_change_anywhere_spoils_it() {
        let sealer = sealer();
        let token = seal(&sealer, Purpose::Flow);
        for at in 0..token.len() {
            for with in [b'A', b'B', b'_', b'.', b'=', b' '] {
                let mut bytes = token.clone().into_bytes();
                if bytes[at] == with {
                    continue;
                }
                bytes[at] = with;
                let altered = String::from_utf8(bytes).expect("ASCII");
                let opened = open(&sealer, Purpose::Flow, &altered);
                assert_eq!(opened, Err(SealError::Malformed), "{altered}");
            }
            assert_eq!(open(&sealer, Purpose::Flow, &token[..at]), Err(SealError::Malformed));
        }
        for altered in [
            format!("{token}A"),
            format!("{token}."),
            format!("v4.local.{token}"),
            token.replace('.', ".."),
            format!("\u{3042}{token}"),
        ] {
            let opened = open(&sealer, Purpose::Flow, &altered);
            assert_eq!(opened, Err(SealError::Malformed), "{altered}");
        }
    }

    #[test]
    fn it_expires_at_its_second() {
        // security.md 21
        let sealer = sealer();
        let token = seal(&sealer, Purpose::AuthorizationCode);
        for (now_s, expected) in [
            (0, Ok("order".to_owned())),
            (EXPIRES_S - 1, Ok("order".to_owned())),
            (EXPIRES_S, Err(SealError::Expired)),
            (EXPIRES_S + 1, Err(SealError::Expired)),
            (i64::MAX, Err(SealError::Expired)),
        ] {
            let opened = sealer.open::<String>(Purpose::AuthorizationCode, &token, now_s);
            assert_eq!(opened, expected, "{now_s}");
        }
    }

    #[test]
    fn keys_rotate() {
        let (one, two, three) = (key("k1", 1), key("k2", 2), key("k3", 3));
        let old = seal(&Sealer::new(one.clone(), vec![]), Purpose::Flow);
        let rotated = Sealer::new(two.clone(), vec![one.clone()]);
        assert_eq!(open(&rotated, Purpose::Flow, &old), Ok("order".to_owned()));
        let new = seal(&rotated, Purpose::Flow);
        let of_the_new_key = open(&Sealer::new(two.clone(), vec![]), Purpose::Flow, &new);
        assert_eq!(of_the_new_key, Ok("order".to_owned()), "the current key seals");
        let rotated_twice = Sealer::new(three, vec![two]);
        assert_eq!(open(&rotated_twice, Purpose::Flow, &old), Err(SealError::Malformed));
        let same_kid_other_key = Sealer::new(key("k1", 9), vec![]);
        assert_eq!(open(&same_kid_other_key, Purpose::Flow, &old), Err(SealError::Malformed));
    }

    #[test]
    fn length_is_capped_on_both_sides() {
        let sealer = sealer();
        let longest_ok = "x".repeat(5_000);
        assert!(sealer.seal(Purpose::Flow, &longest_ok, EXPIRES_S).is_ok());
        let too_long = sealer.seal(Purpose::Flow, &"x".repeat(8_000), EXPIRES_S);
        assert!(matches!(too_long, Err(SecurityError::TooLong { .. })));
        let flood = "A".repeat(MAX_TOKEN_BYTES + 1);
        assert_eq!(open(&sealer, Purpose::Flow, &flood), Err(SealError::Malformed));
    }

    #[test]
    fn content_of_another_shape_is_malformed() {
        let token = seal(&sealer(), Purpose::Flow);
        let opened = sealer().open::<u64>(Purpose::Flow, &token, 0);
        assert_eq!(opened, Err(SealError::Malformed));
    }

    #[test]
    fn tokens_are_short_and_never_alike() {
        let token = seal(&sealer(), Purpose::Flow);
        assert_ne!(token, seal(&sealer(), Purpose::Flow));
        // Nonce, MAC and JSON in base64url, a dot, the kid in base64url: nothing else.
        let bytes = 32 + 32 + r#"{"e":1800000000,"v":"order"}"#.len();
        assert_eq!(token.len(), (bytes * 4).div_ceil(3) + ".azE".len(), "{token}");
    }

    #[test]
    fn the_layout_is_the_standard_one() {
        // What a PASETO library of any kind would open (v4.local with footer and assertion).
        let token = format!("v4.local.{}", seal(&sealer(), Purpose::PushedOrder));
        let key = SymmetricKey::<V4>::from(&[1; 32]).expect("a key");
        let untrusted = UntrustedToken::<Local, V4>::try_from(&token).expect("a token");
        let trusted = LocalToken::decrypt(
            &key,
            &untrusted,
            Some(b"k1"),
            Some(b"linepass/sealed/v1/pushed_order"),
        )
        .expect("it opens");
        assert_eq!(trusted.payload(), r#"{"e":1800000000,"v":"order"}"#);
    }
}
