//! Stored hashes as PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Params, PasswordHash, Version};

use super::{MAX_LANES, MAX_MEMORY_KIB, MAX_PASSES};

/// The length of the hashes that are made here, in bytes.
pub(super) const HASH_BYTES: usize = 32;
/// The length of the salts that are made here, in bytes (RFC 9106, 3.1 recommends 16).
pub const SALT_BYTES: usize = 16;
/// A shorter hash is not accepted from the store: guessing it would become thinkable.
const MIN_HASH_BYTES: usize = 16;

/// A stored hash, read.
pub(super) struct StoredHash {
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl StoredHash {
    /// Reads a PHC string; `None` for everything that is not Argon2id 0x13 within our limits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let phc = PasswordHash::new(text).ok()?;
        let is_ours = phc.algorithm == ARGON2ID_IDENT
            && phc.version == Some(u32::from(Version::V0x13))
            && phc.params.iter().all(|(name, _)| matches!(name.as_str(), "m" | "t" | "p"));
        let read = Params::try_from(&phc.params).ok().filter(|_| is_ours)?;
        // Made anew, so that nothing but the cost comes from the string.
        let params = Params::new(read.m_cost(), read.t_cost(), read.p_cost(), None).ok()?;
        let within_limits = params.m_cost() <= MAX_MEMORY_KIB
            && params.t_cost() <= MAX_PASSES
            && params.p_cost() <= MAX_LANES;
        let salt: Vec<u8> = phc.salt?.as_ref().to_vec();
        let hash: Vec<u8> = phc.hash?.as_bytes().to_vec();
        let long_enough = salt.len() >= argon2::MIN_SALT_LEN && hash.len() >= MIN_HASH_BYTES;
        (within_limits && long_enough).then_some(Self { params, salt, hash })
    }

    /// What stands in for a stored hash that does not exist or cannot be read.
    pub(super) fn dummy(params: Params) -> Self {
        Self { params, salt: vec![0; SALT_BYTES], hash: vec![0; HASH_BYTES] }
    }
}

/// The most memory of a hash that is given from outside, in KiB: RFC 9106's second recommendation.
const MAX_IMPORTED_MEMORY_KIB: u32 = 64 * 1024;
/// The most memory times passes of such a hash, in KiB: some seven times the default cost. Whoever
/// signs in has it computed, so a costlier one would let a few sign-ins hold every thread.
const MAX_IMPORTED_WORK_KIB: u32 = 256 * 1024;
/// The most lanes of such a hash.
const MAX_IMPORTED_LANES: u32 = 4;

/// A hash that is not taken over from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an Argon2id PHC string of version 19 with at most m=65536, m*t=262144 and p=4, a salt of 8 bytes or more and a hash of 16 or more"
)]
pub struct NotImportable;

/// Whether a hash that was made elsewhere can be verified here, at a cost that is bearable at each
/// sign-in.
///
/// # Errors
/// It cannot.
pub fn check_imported(phc: &str) -> Result<(), NotImportable> {
    let stored = StoredHash::parse(phc).ok_or(NotImportable)?;
    let (memory, passes) = (stored.params.m_cost(), stored.params.t_cost());
    let bearable = memory <= MAX_IMPORTED_MEMORY_KIB
        && memory.saturating_mul(passes) <= MAX_IMPORTED_WORK_KIB
        && stored.params.p_cost() <= MAX_IMPORTED_LANES
        && stored.hash.len() <= 64;
    bearable.then_some(()).ok_or(NotImportable)
}

/// The PHC string of a hash. `None` cannot happen with the lengths used here.
pub(super) fn format(params: &Params, salt: &[u8], hash: &[u8]) -> Option<String> {
    let phc = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(hash).ok()?),
    };
    Some(phc.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_stored_hash_is_read_and_written_alike() {
        let stored = StoredHash::parse(GOOD).expect("a PHC string");
        assert_eq!((stored.params.m_cost(), stored.params.t_cost()), (64, 1));
        assert_eq!(format(&stored.params, &stored.salt, &stored.hash).as_deref(), Some(GOOD));
    }

    #[test]
    fn a_hash_from_outside_is_bearable_or_refused() {
        let with = |cost: &str| GOOD.replace("m=64,t=1,p=1", cost);
        for good in ["m=64,t=1,p=1", "m=19456,t=2,p=1", "m=65536,t=3,p=4", "m=47104,t=1,p=1"] {
            assert_eq!(check_imported(&with(good)), Ok(()), "{good}");
        }
        for bad in
            ["m=65537,t=1,p=1", "m=65536,t=5,p=1", "m=64,t=64,p=5", "m=1048576,t=64,p=1", "m=0"]
        {
            assert_eq!(check_imported(&with(bad)), Err(NotImportable), "{bad}");
        }
        for bad in ["", "$2b$10$abc", &GOOD.replace("argon2id", "argon2i")] {
            assert_eq!(check_imported(bad), Err(NotImportable), "{bad}");
        }
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        let cases = [
            ("empty", String::new()),
            ("noise", "correct horse".to_owned()),
            ("another variant", GOOD.replace("argon2id", "argon2i")),
            ("another algorithm", GOOD.replace("argon2id", "scrypt")),
            ("the old version", GOOD.replace("v=19", "v=16")),
            ("no version", GOOD.replace("$v=19", "")),
            ("no memory", GOOD.replace("m=64", "m=0")),
            ("too much memory", GOOD.replace("m=64", "m=4294967295")),
            ("too many passes", GOOD.replace("t=1", "t=4000000000")),
            ("too many lanes", GOOD.replace("m=64,t=1,p=1", "m=8000,t=1,p=1000")),
            ("a foreign parameter", GOOD.replace("p=1", "p=1,data=AAAA")),
            ("no hash", GOOD[..GOOD.rfind('$').expect("a $")].to_owned()),
            ("a short hash", format!("{}$AAAAAAAAAAAAAA", &GOOD[..GOOD.rfind('$').expect("a $")])),
            ("cut", GOOD[..GOOD.len() - 2].to_owned()),
        ];
        for (name, text) in cases {
            assert!(StoredHash::parse(&text).is_none(), "{name}: {text}");
        }
    }
}
