//! How texts look that have no type of their own, in JSON Schema 2020-12, so that the APIs'
//! documents say beforehand what is refused.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Control characters (Unicode's class Cc), as a pattern's class has them.
macro_rules! control {
    () => {
        r"\u0000-\u001f\u007f-\u009f"
    };
}

/// White space that is no control character (Unicode's property `White_Space`).
macro_rules! space {
    () => {
        r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    };
}

/// No control character, and not only white space.
const ONE_LINE: &str =
    concat!("^[^", control!(), "]*[^", control!(), space!(), "][^", control!(), "]*$");

/// Neither control characters nor white space behind the scheme.
const PAGE_ADDRESS: &str = concat!("^https?://[^", control!(), space!(), "]+$");

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

/// An address of web pages, without white space and control characters. Which hosts there can be no
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
        json_schema!({ "type": "string", "maxLength": LONGEST, "pattern": PAGE_ADDRESS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{calendar, field::text_as_typed, ids};
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
                let taken = text_as_typed(&text, 200, false).is_ok();
                assert_eq!(pattern.is_match(&text), taken, "{text:?}");
            }
        }
        assert!(!pattern.is_match("") && !pattern.is_match(" \u{3000} "));
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
