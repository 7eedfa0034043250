//! Why an operator changes something: asked for at each change and kept in the journal for good.

use super::{characters::steers, shape::OneLine};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::{borrow::Cow, fmt, str::FromStr};

/// A sentence of 1 to 200 characters without control characters and such that turn the text round,
/// spaces around it cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// Not a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "wanted are 1 to {} characters on one line, without control and bidi formatting characters",
    Reason::LONGEST
)]
pub struct NotAReason;

impl Reason {
    /// The most characters.
    pub const LONGEST: usize = 200;

    /// The sentence.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Reason {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        OneLine::<{ Self::LONGEST }>::json_schema(generator)
    }
}

impl FromStr for Reason {
    type Err = NotAReason;

    fn from_str(text: &str) -> Result<Self, NotAReason> {
        let text = text.trim();
        let length = text.chars().count();
        let fits = (1..=Self::LONGEST).contains(&length) && !text.contains(steers);
        fits.then(|| Self(text.to_owned())).ok_or(NotAReason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_of_1_to_200_characters() {
        let parse = |text: &str| text.parse::<Reason>().ok().map(|reason| reason.0);
        assert_eq!(parse(" 契約者のお申し出 "), Some("契約者のお申し出".to_owned()));
        assert_eq!(parse(&"あ".repeat(200)).map(|kept| kept.chars().count()), Some(200));
        for refused in
            ["", "  ", "a\nb", "a\u{1b}[2Jb", "a\u{202e}b", "a\u{2028}b", &"あ".repeat(201)]
        {
            assert_eq!(parse(refused), None, "{refused:?}");
        }
    }
}
