//! Keys: one master key outside the store, and the keys that it wraps inside.
//!
//! A stolen copy of the store forges nothing and recognises no name, because every key in it is
//! wrapped by the [`MasterKey`], which lives in a file of its own or in the environment. The keys
//! behind `sub` and behind the names never rotate, the others do.

mod master;
mod record;
mod ring;
mod signing;

pub use master::MasterKey;
pub use record::{KeyPurpose, KeyRecord, KeyState};
pub use ring::KeyRing;
pub use signing::SigningAlgorithm;

#[cfg(test)]
mod tests;
