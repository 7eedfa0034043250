//! The keys in use, unwrapped, and what is done with them.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::signing::SigningKey;
use super::{KeyPurpose, KeyRecord, KeyState, MasterKey, SigningAlgorithm};
use crate::security::{Sealer, SecurityError, mac, random};

/// The keys of this installation. Those that rotate are exchanged in the running server; those
/// behind `sub` and behind names never change.
pub struct KeyRing {
    subject: Zeroizing<[u8; 32]>,
    passport_name: Zeroizing<[u8; 32]>,
    rotating: RwLock<Arc<Rotating>>,
}

/// What one rotation exchanges as a whole: a request that began with the keys of before ends with
/// them, and what it made is still accepted.
struct Rotating {
    sealer: Arc<Sealer>,
    rs256: SigningKeys,
    es256: SigningKeys,
}

struct SigningKeys {
    current: SigningKey,
    others: Vec<SigningKey>,
}

impl KeyRing {
    /// The first set of keys of an installation, to be stored: one key each for sealing, for `sub`
    /// and for names, a current and a next key for each signing algorithm. `now_s` is in seconds
    /// since 1970. Takes a good part of a second for the RSA keys.
    ///
    /// # Errors
    /// The cryptographic library failed.
    pub fn generate(master: &MasterKey, now_s: i64) -> Result<Vec<KeyRecord>, SecurityError> {
        let mut records = Vec::new();
        for purpose in [KeyPurpose::Seal, KeyPurpose::Subject, KeyPurpose::PassportName] {
            records.push(new_symmetric(master, purpose, now_s)?);
        }
        for algorithm in SigningAlgorithm::ALL {
            for state in [KeyState::Current, KeyState::Next] {
                records.push(new_signing(master, algorithm, state, now_s)?);
            }
        }
        Ok(records)
    }

    /// Unwraps the stored keys.
    ///
    /// # Errors
    /// Names the key that is missing, ambiguous, unusable, or that this master key does not
    /// unwrap.
    pub fn open(master: &MasterKey, records: &[KeyRecord]) -> Result<Self, SecurityError> {
        Ok(Self {
            subject: open_symmetric(master, only_current(records, KeyPurpose::Subject)?)?,
            passport_name: open_symmetric(
                master,
                only_current(records, KeyPurpose::PassportName)?,
            )?,
            rotating: RwLock::new(Arc::new(Rotating::open(master, records)?)),
        })
    }

    /// Takes the rotating keys of another ring of this installation from now on, once they are
    /// stored.
    pub fn exchange(&self, fresh: Self) {
        let fresh = fresh.rotating.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.rotating.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    fn rotating(&self) -> Arc<Rotating> {
        Arc::clone(&self.rotating.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What seals and opens tokens.
    pub fn sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.rotating().sealer)
    }

    /// The `sub` of a passport ID for one client (`OpenID` Connect Core 8.1, pairwise): it follows
    /// the passport ID's number inside its line, so a renaming changes nothing, and two
    /// clients cannot tell that they serve the same household.
    pub fn subject(&self, client_id: &str, customer_id: &str, passport_number: u32) -> String {
        let number = passport_number.to_be_bytes();
        let fields = [client_id.as_bytes(), customer_id.as_bytes(), &number];
        URL_SAFE_NO_PAD.encode(mac::tag(self.subject.as_slice(), "linepass/subject/v1", &fields))
    }

    /// The key that a passport ID's name is found by, without regard to ASCII case.
    /// Without the ring it recognises no name.
    pub fn name_hash(&self, passport_id: &str) -> [u8; 32] {
        let name = Zeroizing::new(passport_id.to_ascii_lowercase());
        let fields = [name.as_bytes()];
        mac::tag(self.passport_name.as_slice(), "linepass/passport_name/v1", &fields)
    }

    /// The public keys as a JWK set (RFC 7517): for each algorithm the current key, then the next,
    /// which clients may learn in time, and the previous, which signed what is still alive.
    pub fn jwks(&self) -> serde_json::Value {
        let rotating = self.rotating();
        let keys: Vec<&serde_json::Value> = [&rotating.rs256, &rotating.es256]
            .into_iter()
            .flat_map(|keys| std::iter::once(&keys.current).chain(&keys.others))
            .map(|key| &key.public)
            .collect();
        serde_json::json!({ "keys": keys })
    }

    /// A JWT over these claims, signed with the current key, whose kid is in the header.
    ///
    /// # Errors
    /// The claims are no JSON object, or the cryptographic library failed.
    pub fn sign<T: Serialize>(
        &self,
        algorithm: SigningAlgorithm,
        claims: &T,
    ) -> Result<String, SecurityError> {
        let rotating = self.rotating();
        match algorithm {
            SigningAlgorithm::Rs256 => rotating.rs256.current.sign(claims),
            SigningAlgorithm::Es256 => rotating.es256.current.sign(claims),
        }
    }

    /// From when a purpose's keys may be rotated, in seconds since 1970, where what a key made
    /// must be accepted for `kept_s` seconds more: a rotation takes away the previous key, and
    /// brings into use a key that others must have had the time to read. `None` where nothing
    /// was rotated before.
    pub fn rotation_opens_at_s(
        records: &[KeyRecord],
        purpose: KeyPurpose,
        kept_s: i64,
    ) -> Option<i64> {
        in_state(records, purpose, KeyState::Previous).next()?;
        let own = records.iter().filter(|record| record.purpose == purpose);
        // The newest key was made at the last rotation.
        let rotated_at_s = own.map(|record| record.created_at_s).max()?;
        Some(rotated_at_s.saturating_add(kept_s))
    }

    /// The records after one rotation of an algorithm's keys: next becomes current, current
    /// becomes previous, the earlier previous goes, and a new next is made. To be stored whole.
    /// Clients must have had time to read the next key from JWKS, and what the earlier previous
    /// key signed must have expired.
    ///
    /// # Errors
    /// There is no next or current key, or the cryptographic library failed.
    pub fn rotate_signing(
        master: &MasterKey,
        records: &[KeyRecord],
        algorithm: SigningAlgorithm,
        now_s: i64,
    ) -> Result<Vec<KeyRecord>, SecurityError> {
        let purpose = algorithm.key_purpose();
        only_current(records, purpose)?;
        only(records, purpose, KeyState::Next)?;
        let mut rotated = advanced(records, purpose);
        rotated.push(new_signing(master, algorithm, KeyState::Next, now_s)?);
        Ok(rotated)
    }

    /// The records after one rotation of the sealing key: a new one is current at once, the
    /// earlier one still opens what it sealed, the one before that goes. To be stored whole.
    ///
    /// # Errors
    /// There is no current key, or the cryptographic library failed.
    pub fn rotate_seal(
        master: &MasterKey,
        records: &[KeyRecord],
        now_s: i64,
    ) -> Result<Vec<KeyRecord>, SecurityError> {
        only_current(records, KeyPurpose::Seal)?;
        let mut rotated = advanced(records, KeyPurpose::Seal);
        rotated.push(new_symmetric(master, KeyPurpose::Seal, now_s)?);
        Ok(rotated)
    }
}

impl Rotating {
    fn open(master: &MasterKey, records: &[KeyRecord]) -> Result<Self, SecurityError> {
        Ok(Self {
            sealer: Arc::new(open_sealer(master, records)?),
            rs256: open_signing(master, records, SigningAlgorithm::Rs256)?,
            es256: open_signing(master, records, SigningAlgorithm::Es256)?,
        })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(***)")
    }
}

/// Every record, those of this purpose one state further.
fn advanced(records: &[KeyRecord], purpose: KeyPurpose) -> Vec<KeyRecord> {
    let advance = |record: &KeyRecord| {
        let state = match record.state {
            _ if record.purpose != purpose => Some(record.state),
            KeyState::Next => Some(KeyState::Current),
            KeyState::Current => Some(KeyState::Previous),
            KeyState::Previous => None,
        };
        state.map(|state| KeyRecord { state, ..record.clone() })
    };
    records.iter().filter_map(advance).collect()
}

fn new_symmetric(
    master: &MasterKey,
    purpose: KeyPurpose,
    now_s: i64,
) -> Result<KeyRecord, SecurityError> {
    let key = Zeroizing::new(random::bytes::<32>());
    KeyRecord::wrap(master, purpose, KeyState::Current, key.as_slice(), now_s)
}

fn new_signing(
    master: &MasterKey,
    algorithm: SigningAlgorithm,
    state: KeyState,
    now_s: i64,
) -> Result<KeyRecord, SecurityError> {
    let key = algorithm.generate_pkcs8()?;
    KeyRecord::wrap(master, algorithm.key_purpose(), state, &key, now_s)
}

fn in_state(
    records: &[KeyRecord],
    purpose: KeyPurpose,
    state: KeyState,
) -> impl Iterator<Item = &KeyRecord> {
    records.iter().filter(move |record| record.purpose == purpose && record.state == state)
}

fn only_current(records: &[KeyRecord], purpose: KeyPurpose) -> Result<&KeyRecord, SecurityError> {
    only(records, purpose, KeyState::Current)
}

fn only(
    records: &[KeyRecord],
    purpose: KeyPurpose,
    state: KeyState,
) -> Result<&KeyRecord, SecurityError> {
    let found: Vec<_> = in_state(records, purpose, state).collect();
    match found.as_slice() {
        [] => Err(SecurityError::KeyMissing { purpose, state }),
        [record] => Ok(record),
        several => {
            let kids: Vec<_> = several.iter().map(|record| record.kid.as_str()).collect();
            Err(SecurityError::KeyAmbiguous { purpose, state, kids: kids.join(", ") })
        }
    }
}

fn open_symmetric(
    master: &MasterKey,
    record: &KeyRecord,
) -> Result<Zeroizing<[u8; 32]>, SecurityError> {
    let key = record.unwrap(master)?;
    key.as_slice().try_into().map(Zeroizing::new).map_err(|_| SecurityError::KeyUnusable {
        kid: record.kid.clone(),
        purpose: record.purpose,
    })
}

fn open_sealer(master: &MasterKey, records: &[KeyRecord]) -> Result<Sealer, SecurityError> {
    let open =
        |record: &KeyRecord| open_symmetric(master, record).map(|key| (record.kid.clone(), *key));
    let current = open(only_current(records, KeyPurpose::Seal)?)?;
    let previous: Result<Vec<_>, _> =
        in_state(records, KeyPurpose::Seal, KeyState::Previous).map(open).collect();
    Ok(Sealer::new(current, previous?))
}

fn open_signing(
    master: &MasterKey,
    records: &[KeyRecord],
    algorithm: SigningAlgorithm,
) -> Result<SigningKeys, SecurityError> {
    let purpose = algorithm.key_purpose();
    let open = |record| SigningKey::open(master, record, algorithm);
    let current = open(only_current(records, purpose)?)?;
    let others: Result<Vec<_>, _> = in_state(records, purpose, KeyState::Next)
        .chain(in_state(records, purpose, KeyState::Previous))
        .map(open)
        .collect();
    Ok(SigningKeys { current, others: others? })
}
