//! Tokens of the operator API: the first one drawn at the first start, others when an operator asks,
//! each kept in a file for its owner alone.
//!
//! They are 256 random bits, so SHA-256 is enough to know one by. A token is in no argument and in no
//! log ever, and in one answer: the one to whoever had it drawn.

use super::{
    SecurityError, mac, random,
    secret::Secret,
    secret_file::{self, SecretFileFault},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::path::Path;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The fewest characters of a token: 128 bits in base64url (ASVS 7.2.3). Ours have 43.
const SHORTEST: usize = 22;

/// What the server keeps of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorToken {
    sha256: [u8; 32],
}

impl OperatorToken {
    /// Reads the token's file, or makes it.
    ///
    /// # Errors
    /// The file cannot be read or made, may be used by others, or holds no token.
    pub fn load_or_create(path: &Path) -> Result<Self, SecurityError> {
        let draw = || Zeroizing::new(random::token(32));
        let bytes = secret_file::load_or_create(path, draw).map_err(|fault| named(path, &fault))?;
        let token = token_in(path, &bytes)?;
        Ok(Self { sha256: mac::sha256(token.expose().as_bytes()) })
    }

    /// The token of a file, for whoever asks the server something.
    ///
    /// # Errors
    /// The file cannot be read, may be used by others, or holds no token.
    pub fn read(path: &Path) -> Result<Secret, SecurityError> {
        let bytes = secret_file::load(path).map_err(|fault| named(path, &fault))?;
        token_in(path, &bytes)
    }

    /// Draws a new one; the token itself is for its owner.
    pub fn draw() -> (Secret, Self) {
        let token = Secret::new(random::token(32));
        let sha256 = mac::sha256(token.expose().as_bytes());
        (token, Self { sha256 })
    }

    /// What is known of it, as the journal keeps it.
    pub fn sha256(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sha256)
    }

    /// As [`OperatorToken::sha256`] wrote it; none where it is no hash, which then opens nothing.
    pub fn known_by(sha256: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(sha256).ok()?;
        Some(Self { sha256: bytes.try_into().ok()? })
    }

    /// Whether this is the token, in constant time.
    pub fn is(&self, candidate: &str) -> bool {
        mac::sha256(candidate.as_bytes()).ct_eq(&self.sha256).into()
    }
}

fn named(path: &Path, fault: &SecretFileFault) -> SecurityError {
    SecurityError::OperatorTokenFile { path: path.to_owned(), what: fault.to_string() }
}

fn token_in(path: &Path, bytes: &[u8]) -> Result<Secret, SecurityError> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    // Some editors put a byte order mark before the text.
    let text = text.trim_start_matches('\u{feff}').trim();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if text.len() < SHORTEST || !text.bytes().all(allowed) {
        let what = format!("it holds no token: wanted are {SHORTEST} or more of A-Z a-z 0-9 - _");
        return Err(SecurityError::OperatorTokenFile { path: path.to_owned(), what });
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::ReservedFile;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn the_first_start_makes_it_and_every_other_finds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("operator.token");
        let first = OperatorToken::load_or_create(&path).expect("made");
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600);
        let token = OperatorToken::read(&path).expect("read");
        assert_eq!(token.expose().len(), 43, "256 bits");
        let second = OperatorToken::load_or_create(&path).expect("read again");
        assert!(first.is(token.expose()) && second.is(token.expose()));
        assert!(!first.is("") && !first.is(&format!("{} ", token.expose())));
    }

    #[test]
    fn a_drawn_one_is_known_by_its_hash_and_read_from_its_file() {
        let (token, kept) = OperatorToken::draw();
        let known = OperatorToken::known_by(&kept.sha256()).expect("a hash");
        assert!(known.is(token.expose()) && !known.is(&kept.sha256()));
        assert_eq!(OperatorToken::known_by("no hash"), None);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.token");
        let reserved = ReservedFile::reserve(&path).expect("made");
        reserved.fill(token.expose()).expect("written");
        assert_eq!(OperatorToken::read(&path).expect("read").expose(), token.expose());
    }

    #[test]
    fn a_byte_order_mark_before_it_is_no_part_of_it() {
        let token = "a".repeat(SHORTEST);
        let bytes = format!("\u{feff}{token}\r\n");
        let read = token_in(Path::new("x"), bytes.as_bytes()).expect("a token");
        assert_eq!(read.expose(), token);
    }

    #[test]
    fn a_file_that_others_may_use_or_that_holds_no_token_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("operator.token");
        let good = "a".repeat(SHORTEST);
        for (content, mode, wanted) in [
            (good.as_str(), 0o640, "0600"),
            (good.as_str(), 0o604, "0600"),
            ("", 0o600, "no token"),
            ("short", 0o600, "no token"),
            ("two words that are long enough", 0o600, "no token"),
        ] {
            fs::write(&path, content).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
            let refused = [
                OperatorToken::load_or_create(&path).map(|_| ()),
                OperatorToken::read(&path).map(|_| ()),
            ];
            for refused in refused {
                let error = refused.expect_err(content).to_string();
                assert!(error.contains(wanted), "{error}");
                assert!(content.is_empty() || !error.contains(content), "{error}");
            }
        }
    }
}
