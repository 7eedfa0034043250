//! Subject, text and HTML as one message (RFC 5322, RFC 2046 section 5.1.4).
//!
//! Nothing that a person wrote stands in a head but the recipient's address, whose characters were
//! checked when it was typed; the sender's are checked here (security.md 71).

use super::{House, MailError, render};
use crate::{actors::outbox::letter::Letter, domain::field::MailAddress};
use aws_lc_rs::digest::{SHA256, digest};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use std::time::{Duration, UNIX_EPOCH};

/// Whose mails these are.
#[derive(Debug, Clone)]
pub struct Sender {
    mailbox: Mailbox,
}

impl Sender {
    /// A sender by address and name.
    ///
    /// # Errors
    /// A character that could end a header's line or begin another address.
    pub fn new(address: &str, name: &str) -> Result<Self, MailError> {
        let address = address.parse::<Address>().map_err(|_| MailError::Address("from_address"))?;
        if name.contains(char::is_control) {
            return Err(MailError::Address("from_name"));
        }
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        Ok(Self { mailbox: Mailbox::new(name, address) })
    }

    /// The domain of its address.
    pub fn domain(&self) -> &str {
        self.mailbox.email.domain()
    }
}

/// A message ready to be handed over.
#[derive(Debug, Clone)]
pub struct Ready {
    /// From whom to whom.
    pub envelope: Envelope,
    /// The whole of it, ASCII alone.
    pub bytes: Vec<u8>,
}

/// Makes a letter's message. The same letter has the same `Message-ID` at each try, so that a
/// mailbox can tell one that came twice.
///
/// # Errors
/// It cannot be rendered, or its addresses stand in no header.
pub fn compose(letter: &Letter, sender: &Sender, house: &House) -> Result<Ready, MailError> {
    let words = render(letter, house)?;
    let to = address(&letter.to)?;
    let accepted_us = u64::try_from(letter.accepted_at.micros()).unwrap_or_default();
    let header = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    let message = Message::builder()
        .from(sender.mailbox.clone())
        .to(Mailbox::new(None, to))
        .subject(words.subject)
        .date(UNIX_EPOCH + Duration::from_micros(accepted_us))
        .message_id(Some(message_id(letter, sender)))
        // RFC 3834 section 5: no machine answers it.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", letter.language.code()))
        .multipart(MultiPart::alternative_plain_html(words.text, words.html))?;
    Ok(Ready { envelope: message.envelope().clone(), bytes: message.formatted() })
}

/// Of the letter's name alone, which tells nobody anything.
fn message_id(letter: &Letter, sender: &Sender) -> String {
    let named = format!("{} {}", letter.id, letter.accepted_at.micros());
    let hash = digest(&SHA256, named.as_bytes());
    let hex =
        hash.as_ref().iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("<{hex}@{}>", sender.domain())
}

/// A recipient's address. Japanese carriers gave out addresses with dots beside each other, which
/// a message may name between quotation marks alone (RFC 5321 section 4.1.2).
fn address(address: &MailAddress) -> Result<Address, MailError> {
    let text = address.as_str();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let refused = MailError::Address("the recipient's address");
    // Read once more: whatever the row held, no line break and no second address passes.
    let Ok(checked) = MailAddress::parse(text) else { return Err(refused) };
    let Some((local, domain)) = checked.as_str().rsplit_once('@') else { return Err(refused) };
    Ok(Address::new_dangerous(format!("\"{local}\""), domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, mail::samples, text::Language};

    fn house() -> House {
        let contact = Config::default().contact;
        House { origin: "https://pay.example.jp".into(), contact }
    }

    fn sender() -> Sender {
        Sender::new("noreply@pay.example.jp", "フレッツ・まとめて支払い").expect("a sender")
    }

    fn head(message: &Ready) -> String {
        let text = String::from_utf8(message.bytes.clone()).expect("ASCII");
        text.split("\r\n\r\n").next().expect("a head").to_owned()
    }

    #[test]
    fn both_bodies_stand_in_one_ascii_message() {
        for language in Language::ALL {
            for (name, letter) in samples::letters(language) {
                let message = compose(&letter, &sender(), &house()).expect(name);
                assert!(message.bytes.is_ascii(), "{name}");
                let head = head(&message);
                for expected in [
                    "Content-Type: multipart/alternative;",
                    "Auto-Submitted: auto-generated",
                    &format!("Content-Language: {}", language.code()),
                    "MIME-Version: 1.0",
                    "To: sakura01@example.jp",
                    "Message-ID: <",
                ] {
                    assert!(head.contains(expected), "{name}: {expected}\n{head}");
                }
            }
        }
    }

    #[test]
    fn the_same_letter_has_the_same_message_id() {
        let letters = samples::letters(Language::Ja);
        let id = |index: usize| message_id(&letters[index].1, &sender());
        assert_eq!(id(0), id(0));
        assert_ne!(id(0), id(1));
        assert!(!id(0).contains("CAF"));
    }

    #[test]
    fn no_line_break_and_no_second_address_reaches_a_head_security_71() {
        for address in ["a@b.jp\r\nBcc: c@d.jp", "a@b.jp, c@d.jp", "a", "", "a@b.jp\n"] {
            assert!(Sender::new(address, "x").is_err(), "{address:?}");
        }
        for name in ["x\r\nBcc: c@d.jp", "x\ny", "x\0"] {
            assert!(Sender::new("a@b.jp", name).is_err(), "{name:?}");
        }
        // Names with signs of their own are quoted or encoded, never another header.
        let sender = Sender::new("a@b.jp", "x\" <c@d.jp>, y").expect("a name");
        let (_, letter) = &samples::letters(Language::Ja)[0];
        let head = head(&compose(letter, &sender, &house()).expect("a message"));
        let from = head.lines().find(|line| line.starts_with("From: ")).expect("a sender");
        assert!(from.ends_with(" <a@b.jp>") && !from.contains("c@d.jp"), "{from}");
        assert_eq!(head.matches("\r\nTo: ").count(), 1);
    }

    #[test]
    fn dots_beside_each_other_are_quoted_rfc_5321() {
        let carrier = MailAddress::parse("taro..x.@docomo.ne.jp").expect("a carrier's address");
        assert_eq!(address(&carrier).expect("sendable").to_string(), "\"taro..x.\"@docomo.ne.jp");
    }

    #[test]
    fn a_row_that_was_changed_by_hand_sends_no_second_address() {
        for text in ["a@b.jp\\r\\nBcc: c@d.jp", "a@b.jp,c@d.jp", "\\\"a\\\\@b.jp"] {
            let stored: MailAddress = serde_json::from_str(&format!("\"{text}\"")).expect("a text");
            assert!(address(&stored).is_err(), "{text}");
        }
    }
}
