//! The secrets that providers authenticate with at the token and PAR endpoints.
//!
//! They are 256 random bits, so SHA-256 is enough to keep them by: nobody guesses one, and a slow
//! hash would only cap how many orders can be pushed.

use subtle::ConstantTimeEq;

use super::secret::Secret;
use super::{mac, random};

/// A new secret, to be shown once, and its SHA-256, to be kept.
pub fn generate() -> (Secret, [u8; 32]) {
    let plain = Secret::new(random::token(32));
    let sha256 = mac::sha256(plain.expose().as_bytes());
    (plain, sha256)
}

/// Whether this is the secret that was kept, in constant time.
pub fn matches(plain: &Secret, kept_sha256: &[u8; 32]) -> bool {
    mac::sha256(plain.expose().as_bytes()).ct_eq(kept_sha256).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_matches() {
        let (plain, sha256) = generate();
        assert_eq!(plain.expose().len(), 43, "256 bits in base64url");
        assert!(matches(&plain, &sha256));
        let (other, other_sha256) = generate();
        assert!(!matches(&other, &sha256));
        assert!(!matches(&plain, &other_sha256));
        assert!(!matches(&Secret::from(""), &sha256));
        assert!(!matches(&Secret::new(format!("{} ", plain.expose())), &sha256));
    }
}
