//! Numbers and secrets that follow from the seed alone: each thing is drawn for itself, by its kind
//! and number, so that any part of the data can be made without the parts before it.

use crate::security::{Secret, mac};

/// What secrets are made of: letters and digits that nobody mistakes for each other.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The shape of a line.
    Line = 1,
    /// The salts of its personal rows.
    Salts = 2,
    /// What it buys and when.
    Purchases = 3,
    /// Which lines buy most.
    Order = 4,
}

/// A sequence of numbers (`SplitMix64`, Steele, Lea and Flood 2014): fast, even, and no secret.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// The sequence of the n-th thing of a kind.
    pub const fn of(seed: u64, kind: Kind, number: u64) -> Self {
        Self(mix(mix(mix(seed) ^ kind as u64) ^ number))
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// Whether it is one of so many in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A salt of a personal row. What it hides was made up.
    pub fn salt(&mut self) -> [u8; 32] {
        let mut salt = [0; 32];
        for part in salt.chunks_exact_mut(8) {
            part.copy_from_slice(&self.next().to_be_bytes());
        }
        salt
    }
}

const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// Bytes that only whoever knows the seed can tell: HMAC-SHA-256 under it, by what they are for and
/// a number.
pub fn bytes(seed: u64, what: &str, number: u64) -> [u8; 32] {
    mac::tag(&seed.to_be_bytes(), "linepass/seed/v1", &[what.as_bytes(), &number.to_be_bytes()])
}

/// A secret of 16 letters and digits, by what it is for and a number.
pub fn secret(seed: u64, what: &str, number: u64) -> Secret {
    let bytes = bytes(seed, what, number);
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    Secret::new(bytes[..16].iter().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_is_drawn_alike_and_another_is_not() {
        let first = |seed, kind, number| Draw::of(seed, kind, number).next();
        let one = first(42, Kind::Line, 7);
        assert_eq!(one, first(42, Kind::Line, 7));
        for other in [first(43, Kind::Line, 7), first(42, Kind::Salts, 7), first(42, Kind::Line, 8)]
        {
            assert_ne!(one, other);
        }
        let text = |number| secret(42, "password", number).expose().to_owned();
        assert!(text(1) == text(1) && text(1) != text(2) && text(1).len() == 16);
        assert_ne!(secret(42, "access key", 1).expose(), text(1));
    }

    #[test]
    fn numbers_are_even_and_within_their_bound() {
        let mut draw = Draw::of(1, Kind::Order, 0);
        let mut seen = [0_u32; 10];
        for _ in 0..10_000 {
            seen[usize::try_from(draw.below(10)).expect("small")] += 1;
        }
        assert!(seen.iter().all(|count| (850..=1_150).contains(count)), "{seen:?}");
    }
}
