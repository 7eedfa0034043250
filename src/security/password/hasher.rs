//! One thread's hasher: Argon2id over blocks that are kept from hash to hash.

use std::hint::black_box;
use std::io;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::keyed::{ImportKey, Keyed};
use super::phc::{self, HASH_BYTES, SALT_BYTES, StoredHash};
use super::{HashCost, Verdict};
use crate::security::secret::Secret;
use crate::security::{SecurityError, random};

/// The configured cost and the memory for it.
pub(super) struct Hasher {
    params: Params,
    import_key: ImportKey,
    blocks: Vec<Block>,
}

impl Hasher {
    /// Takes the memory at once, so that a machine that lacks it says so at the start.
    pub(super) fn new(cost: HashCost, import_key: ImportKey) -> Result<Self, SecurityError> {
        let params = cost.params()?;
        let mut hasher = Self { params, import_key, blocks: Vec::new() };
        hasher
            .grow(hasher.params.block_count())
            .ok_or_else(|| SecurityError::PoolStart(io::ErrorKind::OutOfMemory.into()))?;
        Ok(hasher)
    }

    /// The PHC string of a new password.
    pub(super) fn hash(&mut self, password: &Secret) -> Option<String> {
        self.hash_with(password, &random::bytes())
    }

    /// The same under a salt of the caller's.
    pub(super) fn hash_with(
        &mut self,
        password: &Secret,
        salt: &[u8; SALT_BYTES],
    ) -> Option<String> {
        let params = self.params.clone();
        let hash = self.compute(&params, password, salt, HASH_BYTES)?;
        phc::format(&params, salt, &hash)
    }

    /// Compares with one hash, whatever is stored. The way through is the same for an unknown ID:
    /// only the last `and` knows of it.
    pub(super) fn verify(
        &mut self,
        password: &Secret,
        stored_phc: Option<&str>,
    ) -> Option<Verdict> {
        let parsed = stored_phc.and_then(StoredHash::parse);
        // A stored hash whose memory cannot be had counts as unreadable.
        let readable = parsed.filter(|stored| self.grow(stored.params.block_count()).is_some());
        let known = readable.is_some();
        let target = readable.unwrap_or_else(|| StoredHash::dummy(self.params.clone()));
        let hash = self.compute(&target.params, password, &target.salt, target.hash.len());
        self.shrink();
        let hash = hash?;
        if let Some(keyed) = stored_phc.and_then(Keyed::parse) {
            // The hash that was just made was the dummy's: an imported key costs what any other
            // does, and its own check is some microseconds.
            let matches = self.import_key.verify(password, &keyed);
            return Some(Verdict { matches, rehash_wanted: true });
        }
        let equal = bool::from(black_box(hash.as_slice()).ct_eq(target.hash.as_slice()));
        let other_cost = target.params != self.params || target.hash.len() != HASH_BYTES;
        Some(Verdict { matches: known & equal, rehash_wanted: known & other_cost })
    }

    fn compute(
        &mut self,
        params: &Params,
        password: &Secret,
        salt: &[u8],
        hash_bytes: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut hash = Zeroizing::new(vec![0; hash_bytes]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(
                password.expose().as_bytes(),
                salt,
                &mut hash,
                &mut self.blocks,
            )
            .ok()?;
        Some(hash)
    }

    /// Makes room for a hash of this many blocks; `None` when the system has no memory.
    fn grow(&mut self, blocks: usize) -> Option<()> {
        let missing = blocks.saturating_sub(self.blocks.len());
        self.blocks.try_reserve_exact(missing).ok()?;
        self.blocks.resize(self.blocks.len() + missing, Block::new());
        Some(())
    }

    /// Gives back what one costlier stored hash needed, so that memory stays threads × cost
    /// (security.md 17).
    fn shrink(&mut self) {
        let own = self.params.block_count();
        if self.blocks.len() > own {
            self.blocks.truncate(own);
            self.blocks.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(memory_kib: u32) -> Hasher {
        let key = ImportKey::new([1; 32]);
        Hasher::new(HashCost { memory_kib, passes: 1, lanes: 1 }, key).expect("a cheap cost")
    }

    #[test]
    fn memory_grows_for_a_costlier_hash_and_is_given_back() {
        let phc = hasher(256).hash(&Secret::from("a1b2")).expect("a hash");
        let mut small = hasher(16);
        let verdict = small.verify(&Secret::from("a1b2"), Some(&phc));
        assert_eq!(verdict, Some(Verdict { matches: true, rehash_wanted: true }));
        assert_eq!(small.blocks.len(), 16);
    }

    #[test]
    fn the_dummy_never_matches() {
        // Even a hash that came out as the dummy's zeros would not: `known` is false.
        let mut hasher = hasher(8);
        let verdict = hasher.verify(&Secret::from(""), None);
        assert_eq!(verdict, Some(Verdict { matches: false, rehash_wanted: false }));
    }

    #[test]
    fn reused_memory_gives_the_hash_of_fresh_memory() {
        let mut used = hasher(64);
        for password in ["a1b2", "other", "another"] {
            let phc = used.hash(&Secret::from(password)).expect("a hash");
            let fresh = hasher(64).verify(&Secret::from(password), Some(&phc));
            assert_eq!(fresh, Some(Verdict { matches: true, rehash_wanted: false }), "{password}");
        }
    }

    #[test]
    fn it_reads_what_the_reference_implementation_wrote() {
        // phc-winner-argon2, its test for version 0x13: password "password", salt "somesalt".
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$\
                   nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let mut hasher = hasher(64);
        assert!(hasher.verify(&Secret::from("password"), Some(phc)).expect("a verdict").matches);
        assert!(!hasher.verify(&Secret::from("Password"), Some(phc)).expect("a verdict").matches);
    }
}
