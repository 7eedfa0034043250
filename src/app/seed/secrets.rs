//! Passwords and access keys: few, for each costs a whole hash to make. Which line and which ID has
//! which is the plan's business; each login with one costs what any login costs.

use super::draw;
use crate::security::{
    HashCost, Secret, SecurityError,
    password::{SALT_BYTES, hash_with_salt},
};

/// The most of each: hashing them takes a second for forty at the default cost.
pub const MOST_PASSWORDS: u32 = 256;

/// A secret with the hash that is kept of it.
pub struct Hashed {
    /// What is typed.
    pub plain: Secret,
    /// Its PHC string.
    pub hash: String,
}

/// All passwords and access keys.
pub struct Secrets {
    passwords: Vec<Hashed>,
    access_keys: Vec<Hashed>,
}

impl Secrets {
    /// So many of each, hashed at this cost under salts that follow from the seed too.
    pub fn make(seed: u64, count: u32, cost: HashCost) -> Result<Self, SecurityError> {
        let all = |what: &str| {
            let one = |number: u32| {
                let number = u64::from(number);
                let plain = draw::secret(seed, what, number);
                let bytes = draw::bytes(seed, &format!("salt of {what}"), number);
                let mut salt = [0; SALT_BYTES];
                salt.copy_from_slice(&bytes[..SALT_BYTES]);
                Ok(Hashed { hash: hash_with_salt(cost, &plain, &salt)?, plain })
            };
            (0..count).map(one).collect::<Result<Vec<_>, SecurityError>>()
        };
        Ok(Self { passwords: all("password")?, access_keys: all("access key")? })
    }

    /// The password of this number.
    pub fn password(&self, number: u32) -> &Hashed {
        &self.passwords[number as usize % self.passwords.len()]
    }

    /// The access key of this number.
    pub fn access_key(&self, number: u32) -> &Hashed {
        &self.access_keys[number as usize % self.access_keys.len()]
    }
}
