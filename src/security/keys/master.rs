//! The master key: 32 bytes that never enter the store.

use std::fmt;
use std::path::Path;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use pasetors::keys::SymmetricKey;
use pasetors::version4::V4;
use zeroize::Zeroizing;

use crate::security::secret_file::{self, SecretFileFault};
use crate::security::{SecurityError, random, sealed};

/// The key above all others. It is wiped when dropped and never printed.
///
/// It encrypts nothing itself: each use has a key derived from it (HKDF-SHA256, RFC 5869).
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new random key.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    /// Reads the key from a file with mode 0600 that holds it in base64, or makes such a file.
    /// The file appears whole or not at all, and of two processes that make it at once, both get
    /// the same key.
    ///
    /// # Errors
    /// The file cannot be read or made, may be used by others than its owner, or holds no key.
    /// The message names the path and what is wanted, never the content.
    pub fn load_or_create(path: &Path) -> Result<Self, SecurityError> {
        let draw = || Zeroizing::new(STANDARD.encode(Self::generate().0.as_slice()));
        Self::in_file(path, secret_file::load_or_create(path, draw))
    }

    /// Reads the key from its file, as [`MasterKey::load_or_create`] does, and makes none.
    ///
    /// # Errors
    /// The file is not there, cannot be read, may be used by others than its owner, or holds no key.
    pub fn load(path: &Path) -> Result<Self, SecurityError> {
        Self::in_file(path, secret_file::load(path))
    }

    fn in_file(
        path: &Path,
        read: Result<Zeroizing<Vec<u8>>, SecretFileFault>,
    ) -> Result<Self, SecurityError> {
        let text = read.map_err(|fault| match fault {
            SecretFileFault::Io(source) => {
                SecurityError::MasterKeyFile { path: path.to_owned(), source }
            }
            SecretFileFault::Mode(mode) => {
                SecurityError::MasterKeyMode { path: path.to_owned(), mode }
            }
        })?;
        std::str::from_utf8(&text)
            .ok()
            .and_then(|text| decode(text).map(Self))
            .ok_or_else(|| SecurityError::MasterKeyContent { path: Some(path.to_owned()) })
    }

    /// Reads the key from base64, padded or not, for example from the environment.
    pub fn from_base64(text: &str) -> Result<Self, SecurityError> {
        decode(text).map(Self).ok_or(SecurityError::MasterKeyContent { path: None })
    }

    /// Wraps a secret for the store. It unwraps for the same purpose only.
    ///
    /// # Errors
    /// The cryptographic library failed.
    pub fn wrap(&self, purpose: &str, secret: &[u8]) -> Result<String, SecurityError> {
        // The plaintext of a PASETO token is UTF-8 and not empty.
        let plaintext = Zeroizing::new(format!("k{}", STANDARD_NO_PAD.encode(secret)));
        let assertion = wrap_assertion(purpose);
        sealed::encrypt(&self.wrapping_key(), plaintext.as_bytes(), None, &assertion)
    }

    /// Unwraps what [`MasterKey::wrap`] wrapped for this purpose.
    ///
    /// # Errors
    /// Another master key or purpose, or the text was altered.
    pub fn unwrap(
        &self,
        purpose: &str,
        wrapped: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SecurityError> {
        self.try_unwrap(purpose, wrapped)
            .ok_or_else(|| SecurityError::Unwrap { what: purpose.to_owned() })
    }

    /// A key for one use, for example the MAC of the store's head file. Another label gives an
    /// unrelated key; the same label always gives the same.
    ///
    /// # Panics
    /// Never: 32 bytes are what HKDF-SHA256 can give.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let info = [b"linepass/derive/v1/".as_slice(), label.as_bytes()];
        Salt::new(HKDF_SHA256, b"")
            .extract(self.0.as_slice())
            .expand(&info, HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("HKDF-SHA256 gives 32 bytes");
        key
    }

    fn try_unwrap(&self, purpose: &str, wrapped: &str) -> Option<Zeroizing<Vec<u8>>> {
        let token = sealed::parse(wrapped)?;
        let assertion = wrap_assertion(purpose);
        let plaintext = sealed::decrypt(&self.wrapping_key(), &token, &assertion)?;
        STANDARD_NO_PAD.decode(plaintext.strip_prefix('k')?).ok().map(Zeroizing::new)
    }

    fn wrapping_key(&self) -> SymmetricKey<V4> {
        let key = Zeroizing::new(self.derive("wrap"));
        SymmetricKey::from(key.as_slice()).expect("a v4.local key has 32 bytes")
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

fn wrap_assertion(purpose: &str) -> Vec<u8> {
    format!("linepass/wrap/v1/{purpose}").into_bytes()
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text));
    let bytes = Zeroizing::new(bytes.ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    const BASE64: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn ones() -> MasterKey {
        MasterKey::from_base64(BASE64).expect("a key")
    }

    #[test]
    fn a_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let first = MasterKey::load_or_create(&path).expect("made");
        let mode = fs::metadata(&path).expect("a file").mode() & 0o777;
        assert_eq!(mode, 0o600);
        let read = MasterKey::load_or_create(&path).expect("read");
        assert_eq!(first.derive("a"), read.derive("a"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
    }

    #[test]
    fn two_that_make_it_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        let derived: Vec<_> = std::thread::scope(|scope| {
            let load = || MasterKey::load_or_create(&path).expect("a key").derive("a");
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
        });
        assert!(derived.iter().all(|key| key == &derived[0]));
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        // security.md 67
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        fs::write(&path, BASE64).expect("written");
        for (mode, allowed) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o660, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
            match MasterKey::load_or_create(&path) {
                Ok(_) => assert!(allowed, "{mode:o}"),
                Err(error) => {
                    let message = error.to_string();
                    assert!(!allowed, "{mode:o}: {message}");
                    assert!(
                        message.contains("0600") && message.contains("master.key"),
                        "{message}"
                    );
                    assert!(message.contains(&format!("{mode:04o}")), "{message}");
                    assert!(!message.contains("AQEB"), "no key in a message");
                }
            }
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = BASE64.repeat(20);
        for (name, content) in [("empty", ""), ("short", "AQEB"), ("noise", "???"), ("long", &long)]
        {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
            let message = MasterKey::load_or_create(&path).expect_err("refused").to_string();
            assert!(message.contains(name) && message.contains("32 bytes"), "{message}");
        }
        let elsewhere = folder.path().join("no/such/folder/master.key");
        let message = MasterKey::load_or_create(&elsewhere).expect_err("refused").to_string();
        assert!(message.contains("no/such/folder"), "{message}");
        let message = MasterKey::load_or_create(folder.path()).expect_err("refused");
        assert!(matches!(message, SecurityError::MasterKeyFile { .. }));
    }

    #[test]
    fn base64_padded_or_not() {
        for text in [BASE64, BASE64.trim_end_matches('='), &format!(" {BASE64}\n")] {
            assert_eq!(MasterKey::from_base64(text).expect("a key").0.as_slice(), [1; 32]);
        }
        for text in ["", "AQEB", &format!("{BASE64}{BASE64}")] {
            assert!(MasterKey::from_base64(text).is_err(), "{text}");
        }
    }

    #[test]
    fn labels_and_masters_keep_apart() {
        let key = ones().derive("store/head");
        assert_eq!(key, ones().derive("store/head"));
        assert_ne!(key, ones().derive("store/tail"));
        assert_ne!(key, MasterKey::generate().derive("store/head"));
        assert_ne!(key, [1; 32]);
    }

    #[test]
    fn it_unwraps_for_its_purpose_under_its_master_only() {
        let master = ones();
        for secret in [&b""[..], b"a", &[0xff; 100]] {
            let wrapped = master.wrap("seal", secret).expect("wrapped");
            assert_eq!(*master.unwrap("seal", &wrapped).expect("unwrapped"), secret);
            assert!(master.unwrap("subject", &wrapped).is_err());
            assert!(MasterKey::generate().unwrap("seal", &wrapped).is_err());
            assert!(master.unwrap("seal", &wrapped[1..]).is_err());
        }
        let error = master.unwrap("seal", "noise").expect_err("refused").to_string();
        assert!(error.contains("seal"), "{error}");
        assert_eq!(format!("{master:?}"), "MasterKey(***)");
    }
}
