//! How texts and numbers look that have no type of their own, in JSON Schema 2020-12, so that the
//! APIs' documents say beforehand what is refused.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use std::{borrow::Cow, fmt};

/// What `characters::steers` refuses, as a pattern's class has it.
macro_rules! steering {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    };
}

/// White space that is not among those (Unicode's property `White_Space`).
macro_rules! space {
    () => {
        r"\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    };
}

/// Nothing that steers, and not only white space.
const ONE_LINE: &str =
    concat!("^[^", steering!(), "]*[^", steering!(), space!(), "][^", steering!(), "]*$");

/// Nothing that steers and no white space behind the scheme.
const PAGE_ADDRESS: &str = concat!("^https?://[^", steering!(), space!(), "]+$");

/// A text on one line of 1 to `LONGEST` characters, white space around it not counted.
pub struct OneLine<const LONGEST: usize>;

impl<const LONGEST: usize> JsonSchema for OneLine<LONGEST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OneLine".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": ONE_LINE,
        })
    }
}

/// An address of web pages, without white space and what steers the text around it. Which hosts there can be no
/// pattern says.
pub struct PageAddress<const LONGEST: usize>;

impl<const LONGEST: usize> JsonSchema for PageAddress<LONGEST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PageAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": LONGEST,
            "pattern": PAGE_ADDRESS,
            "examples": ["https://shop.example/linepass"],
        })
    }
}

/// Reads a whole number. To JSON Schema `3.0` is an integer as `3` is (2020-12, core, section
/// 4.2.1), and there are clients that write whole numbers so.
pub fn whole<'de, D: Deserializer<'de>, T: TryFrom<i128>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(WholeVisitor).and_then(fitting)
}

/// The same, where there may be none.
pub fn whole_or_none<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let whole = Option::<Whole>::deserialize(from)?;
    whole.map(|Whole(number)| fitting(number)).transpose()
}

fn fitting<T: TryFrom<i128>, E: de::Error>(number: i128) -> Result<T, E> {
    let fault = |_| E::custom(format_args!("the number {number} is out of range"));
    T::try_from(number).map_err(fault)
}

struct Whole(i128);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl de::Visitor<'_> for WholeVisitor {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i128, E> {
        let fault = || E::invalid_type(de::Unexpected::Float(number), &self);
        // Written without an exponent, so that it is read digit by digit.
        let digits = (number.fract() == 0.0).then(|| format!("{number:.0}")).ok_or_else(fault)?;
        digits.parse().map_err(|_| fault())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{calendar, field::name_as_typed, ids};
    use regex::Regex;
    use std::str::FromStr;

    fn pattern<T: JsonSchema>() -> Regex {
        let schema = T::json_schema(&mut SchemaGenerator::default()).to_value();
        let pattern = schema["pattern"].as_str().expect("a pattern");
        Regex::new(pattern).expect("a pattern that Rust reads too")
    }

    #[test]
    fn the_pattern_of_one_line_takes_what_a_text_on_one_line_is() {
        let pattern = pattern::<OneLine<200>>();
        // What stands around a text is cut off, a line end too; inside it the two agree on all.
        for c in (0..=0x3100).filter_map(char::from_u32) {
            for text in [format!("a{c}b"), format!("{c}"), String::from("あ")] {
                let taken = name_as_typed(&text, 200).is_ok();
                assert_eq!(pattern.is_match(&text), taken, "{text:?}");
            }
        }
        assert!(!pattern.is_match("") && !pattern.is_match(" \u{3000} "));
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
        #[derive(Deserialize)]
        struct Read {
            #[serde(deserialize_with = "whole")]
            yen: i64,
            #[serde(default, deserialize_with = "whole_or_none")]
            limit: Option<u32>,
        }
        let read = |json: &str| {
            let read: Result<Read, _> = serde_json::from_str(json);
            read.map(|read| (read.yen, read.limit)).map_err(|error| error.to_string())
        };
        assert_eq!(read(r#"{"yen":3}"#), Ok((3, None)));
        assert_eq!(read(r#"{"yen":-3.0,"limit":5.0}"#), Ok((-3, Some(5))));
        assert_eq!(read(r#"{"yen":1e3,"limit":null}"#), Ok((1000, None)));
        assert_eq!(read(r#"{"yen":-9223372036854775808}"#), Ok((i64::MIN, None)));
        for (refused, why) in [
            (r#"{"yen":0.5}"#, "floating point `0.5`, expected a whole number"),
            (r#"{"yen":1e300}"#, "expected a whole number"),
            (r#"{"yen":9223372036854775808}"#, "out of range"),
            (r#"{"yen":1,"limit":-1}"#, "out of range"),
            (r#"{"yen":"1"}"#, "expected a whole number"),
            (r#"{"yen":true}"#, "expected a whole number"),
            (r#"{"yen":null}"#, "expected a whole number"),
            (r#"{"limit":1}"#, "missing field `yen`"),
        ] {
            let error = read(refused).expect_err(refused);
            assert!(error.contains(why), "{refused}: {error}");
        }
    }

    /// Both ways: what is read matches, and what matches is read.
    fn agree<T: FromStr + JsonSchema>(texts: &[&str]) {
        let pattern = pattern::<T>();
        let mut read = 0;
        for text in texts {
            let good = text.parse::<T>().is_ok();
            assert_eq!(pattern.is_match(text), good, "{text:?} {pattern}");
            read += usize::from(good);
        }
        assert!(read > 0 && read < texts.len(), "these texts try one side alone: {pattern}");
    }

    #[test]
    fn the_patterns_of_ids_and_dates_take_what_is_read() {
        let long = "a".repeat(64);
        let longer = "a".repeat(65);
        let texts = [
            "CAF0000012573",
            "CAF000001257",
            "caf0000012573",
            "CAF00000125730",
            "",
            " ",
            "a-sha",
            "A社",
            "a_b.c",
            "a b",
            "a\n",
            "100000000016",
            "000000000018",
            "10000000001",
            "K-100000000016",
            "K-000000000018",
            "k-100000000016",
            &long[..23],
            &long[..24],
            &long[..32],
            &long[..33],
            &long,
            &longer,
            "2026-11",
            "0000-11",
            "0010-12",
            "0100-01",
            "1000-01",
            "2026-13",
            "2026-00",
            "2026-1",
            "9999-12",
            "２０２６-11",
            "2026-11-30",
            "0000-01-01",
            "9998-12-31",
            "9999-01-01",
            "9989-01-09",
            "0009-01-01",
            "2026-1-1",
        ];
        agree::<ids::CustomerId>(&texts);
        agree::<ids::ProviderId>(&texts);
        agree::<ids::OperatorName>(&texts);
        agree::<ids::ServiceCode>(&texts);
        agree::<ids::Reference>(&texts);
        agree::<ids::ReceiptNumber>(&texts);
        agree::<ids::ContractNumber>(&texts);
        agree::<calendar::Month>(&texts);
        agree::<calendar::Day>(&texts);
    }
}
