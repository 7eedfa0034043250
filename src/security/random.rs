//! The system's randomness, in the two shapes that are asked for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` random bytes from the operating system.
///
/// # Panics
/// When the system has no randomness to give. A server that went on would hand out guessable
/// codes and keys, so it must not.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    getrandom::fill(&mut buffer).expect("the operating system gives randomness");
    buffer
}

/// `n_bytes` random bytes in base64url without padding. Identifiers that must not be guessed
/// take 16 or more (ASVS 7.2.3 asks for 128 bits).
///
/// # Panics
/// Like [`bytes`].
pub fn token(n_bytes: usize) -> String {
    let mut buffer = vec![0; n_bytes];
    getrandom::fill(&mut buffer).expect("the operating system gives randomness");
    URL_SAFE_NO_PAD.encode(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_length_and_differ() {
        for (n_bytes, length) in [(6, 8), (16, 22), (32, 43)] {
            let (one, other) = (token(n_bytes), token(n_bytes));
            assert_eq!(one.len(), length);
            assert_ne!(one, other);
            assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
        assert_ne!(bytes::<32>(), bytes::<32>());
    }
}
