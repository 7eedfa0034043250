//! Mails: a letter of the outbox put into words, made into a message and handed to a server or a
//! folder.
//!
//! | file | what |
//! |---|---|
//! | [`page`] | what a letter says, as rows and sentences in its language |
//! | [`message`] | subject, text and HTML as one message (RFC 5322) |
//! | [`smtp`] | connections to the mail server, each verb with its own patience |
//! | [`folder`] | a folder of `.eml` files |
//! | [`postman`] | what the outbox hands its letters to |
//! | [`samples`] | every mail with sample data |

pub mod folder;
pub mod message;
pub mod page;
pub mod postman;
pub mod samples;
pub mod smtp;

pub use message::{Sender, compose};
pub use page::{House, Rendered, render};
pub use postman::Office;

/// Why mails cannot be sent with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A file of `[mail]` cannot be used.
    #[error("{key} {path}: {what}")]
    File {
        /// Which key names it.
        key: &'static str,
        /// Which file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// The sender's or recipient's address or name is none that a header can hold.
    #[error("{0} cannot stand in a mail's head")]
    Address(&'static str),
    /// TLS to the mail server cannot be set up.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(String),
    /// A letter cannot be put into words.
    #[error("a mail cannot be rendered: {0}")]
    Render(#[from] askama::Error),
    /// A message cannot be made.
    #[error("a mail cannot be made: {0}")]
    Message(#[from] lettre::error::Error),
}
