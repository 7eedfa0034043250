//! Names of things as types: what is one cannot be taken for the other, and what is parsed is
//! valid from then on.

use serde::{Deserialize, Serialize, de};
use std::{fmt, str::FromStr};

/// What a text must look like to be an ID of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {allowed}")]
pub struct NotAnId {
    /// What was to be read.
    pub what: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

/// Gives a type that displays and parses as text the serde form of that text, and its schema with
/// the pattern of what parses.
macro_rules! serde_as_text {
    ($type:ty, $pattern:expr) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// お客さまID: three letters and ten digits, `CAF0000012573`. It names an access line for
/// the line's whole life: a transfer that changes it ends the line and opens another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId([u8; 13]);

impl CustomerId {
    /// The ID's text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its three letters.
    pub fn prefix(&self) -> &str {
        self.as_str().get(..3).unwrap_or_default()
    }
}

impl FromStr for CustomerId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let refused =
            NotAnId { what: "customer ID", allowed: "three capital letters and ten digits" };
        let bytes: [u8; 13] = text.as_bytes().try_into().map_err(|_| refused)?;
        let (letters, digits) = bytes.split_at(3);
        let valid =
            letters.iter().all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit);
        valid.then_some(Self(bytes)).ok_or(refused)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(CustomerId, "^[A-Z]{3}[0-9]{10}$");

/// A passport ID's number inside its line. Contracts and charges follow it, since the passport
/// ID's own string can be renamed. Numbers are never given out again.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[schemars(inline)]
#[serde(transparent)]
pub struct PassportNumber(pub u32);

impl fmt::Display for PassportNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Makes a newtype over a text with a rule for its characters and its length. The class of the
/// pattern says the same as the function; a test holds them against each other.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, 1..=$longest:literal, $allowed:literal, $class:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let valid: fn(u8) -> bool = $valid;
                let fits = (1..=$longest).contains(&text.len()) && text.bytes().all(valid);
                fits.then(|| Self(text.into())).ok_or(NotAnId { what: $what, allowed: $allowed })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        serde_as_text!($name, concat!("^", $class, "{1,", $longest, "}$"));
    };
}

text_id!(
    /// A service provider (サービス提供事業者), which is its OAuth `client_id` too. At most 23
    /// characters, so that a block's entry has a fixed length.
    ProviderId,
    "provider ID",
    1..=23,
    "1 to 23 small letters, digits and hyphens",
    "[a-z0-9-]",
    |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
);

text_id!(
    /// The name of an operator's token, by which the journal tells who changed something.
    OperatorName,
    "name",
    1..=32,
    "1 to 32 small letters, digits and hyphens",
    "[a-z0-9-]",
    |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
);

text_id!(
    /// A service's code in its provider's catalogue.
    ServiceCode,
    "service",
    1..=64,
    "1 to 64 letters, digits, hyphens, dots and underscores",
    "[A-Za-z0-9._-]",
    |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
);

text_id!(
    /// A provider's own number for its order, unique for that provider for good.
    Reference,
    "reference",
    1..=64,
    "1 to 64 printable ASCII characters",
    "[ -~]",
    |byte| (0x20..=0x7e).contains(&byte)
);

/// 申込受付番号: eleven digits and a Luhn digit, `100000000016` (details.md). A number is used for
/// one purchase or one cancellation and never again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptNumber(u64);

impl ReceiptNumber {
    /// The first serial: receipt numbers have twelve digits from the start.
    pub const FIRST_SERIAL: u64 = 10_000_000_001;
    /// The last serial with eleven digits.
    pub const LAST_SERIAL: u64 = 99_999_999_999;

    /// The receipt number of a serial between the first and the last.
    pub fn from_serial(serial: u64) -> Option<Self> {
        (Self::FIRST_SERIAL..=Self::LAST_SERIAL).contains(&serial).then_some(Self(serial))
    }

    /// The eleven digits before the check digit.
    pub const fn serial(self) -> u64 {
        self.0
    }
}

/// The Luhn digit that makes `serial` followed by it valid (ISO/IEC 7812-1 annex B).
fn luhn_digit(serial: u64) -> u64 {
    let mut rest = serial;
    let mut sum = 0;
    let mut doubled = true;
    while rest > 0 {
        let digit = rest % 10;
        let value = if doubled { digit * 2 } else { digit };
        sum += value / 10 + value % 10;
        doubled = !doubled;
        rest /= 10;
    }
    (10 - sum % 10) % 10
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0, luhn_digit(self.0))
    }
}

impl fmt::Debug for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ReceiptNumber {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let refused =
            NotAnId { what: "receipt number", allowed: "twelve digits, the last a check digit" };
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = if digits { text.parse().map_err(|_| refused)? } else { 0 };
        let receipt = Self::from_serial(number / 10).ok_or(refused)?;
        (luhn_digit(receipt.0) == number % 10).then_some(receipt).ok_or(refused)
    }
}

// That the last digit fits the others no pattern can say.
serde_as_text!(ReceiptNumber, "^[1-9][0-9]{11}$");

/// A monthly contract: `K-` and the receipt number of the purchase that opened it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractNumber(pub ReceiptNumber);

impl fmt::Display for ContractNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "K-{}", self.0)
    }
}

impl fmt::Debug for ContractNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContractNumber {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let refused = NotAnId { what: "contract", allowed: "K- and a receipt number" };
        let receipt = text.strip_prefix("K-").ok_or(refused)?;
        receipt.parse().map(Self).map_err(|_| refused)
    }
}

serde_as_text!(ContractNumber, "^K-[1-9][0-9]{11}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customer_ids_are_three_letters_and_ten_digits_r_057() {
        assert_eq!("CAF0000012573".parse::<CustomerId>().expect("valid").as_str(), "CAF0000012573");
        for text in ["GAF000012373", "caf0000012573", "CAF000001257X", "", "CAF00000125730"] {
            assert!(text.parse::<CustomerId>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_receipt_number_is_the_documented_one() {
        let first = ReceiptNumber::from_serial(ReceiptNumber::FIRST_SERIAL).expect("a serial");
        assert_eq!(first.to_string(), "100000000016");
        assert_eq!("100000000016".parse(), Ok(first));
        assert_eq!(ContractNumber(first).to_string(), "K-100000000016");
    }

    #[test]
    fn a_receipt_number_with_one_wrong_digit_is_none() {
        let valid = "100000000016";
        for place in 0..12 {
            for digit in b'0'..=b'9' {
                let mut text = valid.as_bytes().to_vec();
                if text[place] == digit {
                    continue;
                }
                text[place] = digit;
                let text = String::from_utf8(text).expect("digits");
                assert!(text.parse::<ReceiptNumber>().is_err(), "{text}");
            }
        }
        for text in ["", "10000000001", "1000000000160", "+10000000016", "K-100000000016"] {
            assert!(text.parse::<ReceiptNumber>().is_err(), "{text}");
        }
    }

    #[test]
    fn references_are_printable_ascii_up_to_64() {
        assert!("order-2026-000123".parse::<Reference>().is_ok());
        assert!("a".repeat(64).parse::<Reference>().is_ok());
        for text in [String::new(), "a".repeat(65), "注文".into(), "a\nb".into()] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn ids_keep_their_text_through_json() {
        let contract: ContractNumber = "K-100000000016".parse().expect("a contract");
        let json = serde_json::to_string(&contract).expect("serializes");
        assert_eq!(json, "\"K-100000000016\"");
        assert_eq!(serde_json::from_str::<ContractNumber>(&json).expect("reads"), contract);
        assert!(serde_json::from_str::<ContractNumber>("\"K-100000000017\"").is_err());
    }
}
