//! Every sentence that a person reads, in Japanese and English.
//!
//! [`Texts`] is one struct, and each language is one value of it, so a text that is missing in a
//! language does not compile. The guide's own labels stand in [`ja`] to the letter; [`format`]
//! writes amounts, dates and receipt numbers.

pub mod format;
pub mod mail;

mod en;
mod ja;
mod language;
pub(crate) mod portal;
mod shown;
pub(crate) mod statement;
mod texts;

pub use language::Language;
pub use shown::{ShownName, plain_text};
pub use texts::{
    Cancellation, Common, Completion, Confirmation, Contacts, Explained, HelpPage, HelpSection,
    Landing, Limit, Login, LoginError, Maintenance, Problem, ProblemText, Refusal, RefusalText,
    Restricted, Success, Texts,
};
