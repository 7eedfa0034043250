//! The two languages of Linepass: of its pages, and of the mails to whoever applied.

use serde::{Deserialize, Serialize};

/// A language. Japanese is the first: it is what a reader gets who asks for nothing that we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Japanese, with the guide's own labels.
    #[default]
    Ja,
    /// English, in plain words.
    En,
}

impl Language {
    /// All languages, in the order of the switch in the header.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The BCP 47 code: the `lang` attribute and the value of `?lang=`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// Whether it is the first: what is stored leaves it away.
    pub fn is_first(&self) -> bool {
        *self == Self::default()
    }
}
