//! What a valid name, phone number, mail address, passport ID and password is.
//!
//! Each type parses what a person typed; a refusal says what is wrong with the field, never what
//! was typed. Personal values and passwords print as `***`, so they cannot reach a log.

use super::{characters::steers, ids::CustomerId, yen::Yen};
use serde::{Deserialize, Serialize};
use std::fmt;

mod common_passwords;

/// What is wrong with a field. The page puts it into words; the words name what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// Nothing was typed into a required field.
    #[error("is required")]
    Missing,
    /// More characters than allowed.
    #[error("has more than {longest} characters")]
    TooLong {
        /// The most that is allowed.
        longest: usize,
    },
    /// Fewer characters than allowed.
    #[error("has fewer than {shortest} characters")]
    TooShort {
        /// The least that is allowed.
        shortest: usize,
    },
    /// A character that the field does not take.
    #[error("has a character that is not allowed")]
    Character,
    /// Not of the field's form (a phone number, a mail address).
    #[error("is not of the required form")]
    Form,
    /// A password that everybody guesses first (R-088, decisions).
    #[error("is too easy to guess")]
    Common,
    /// A password that is the passport ID or the customer ID (decisions).
    #[error("is the ID itself")]
    SameAsId,
}

/// A value that prints as `***`.
macro_rules! veiled {
    ($type:ty) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($type), "(***)"))
            }
        }
    };
}

/// フレッツ・パスポートID: 4 to 16 half-width letters and digits, unique over all lines without
/// regard to case, shown as entered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PassportName(String);
veiled!(PassportName);

impl PassportName {
    /// The shortest name a new ID may have (R-087; the guide's 3 only stands in a placeholder).
    pub const SHORTEST: usize = 4;
    /// The longest name.
    pub const LONGEST: usize = 16;

    /// Reads a name as typed; nothing is converted.
    pub fn parse(typed: &str) -> Result<Self, FieldFault> {
        check_length(typed, Self::SHORTEST, Self::LONGEST)?;
        let valid = typed.bytes().all(|byte| byte.is_ascii_alphanumeric());
        valid.then(|| Self(typed.to_owned())).ok_or(FieldFault::Character)
    }

    /// As entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password that may be set: 4 to 64 half-width letters, digits and printable signs, never
/// converted, never cut (R-088, decisions).
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);
veiled!(NewPassword);

impl NewPassword {
    /// The guide's floor.
    pub const SHORTEST: usize = 4;
    /// The longest password; a longer one is refused, not cut.
    pub const LONGEST: usize = 64;

    /// Checks a password for a passport ID, where that is known to be valid already. `shortest` is
    /// the operator's own floor, which can only raise the guide's.
    pub fn parse(
        typed: &str,
        shortest: usize,
        name: Option<&PassportName>,
        customer: CustomerId,
    ) -> Result<Self, FieldFault> {
        check_length(typed, shortest.max(Self::SHORTEST), Self::LONGEST)?;
        if !typed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FieldFault::Character);
        }
        let same = |id: &str| typed.eq_ignore_ascii_case(id);
        if name.is_some_and(|name| same(name.as_str())) || same(customer.as_str()) {
            return Err(FieldFault::SameAsId);
        }
        if common_passwords::contains(typed) {
            return Err(FieldFault::Common);
        }
        Ok(Self(typed.to_owned()))
    }

    /// Gives the password to whoever hashes it.
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// お名前: up to 10 characters, without the ones that other machines show differently (R-083,
///
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonName(String);
veiled!(PersonName);

impl PersonName {
    /// The most characters.
    pub const LONGEST: usize = 10;

    /// Reads a name as typed, without spaces at its ends.
    pub fn parse(typed: &str) -> Result<Self, FieldFault> {
        let name = typed.trim();
        check_length(name, 1, Self::LONGEST)?;
        let refused = name.chars().any(|c| steers(c) || is_refused_in_names(c));
        (!refused).then(|| Self(name.to_owned())).ok_or(FieldFault::Character)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `~`, `|`, `_`, their full-width twins, and 機種依存文字: circled digits, Roman numerals, unit
/// signs and everything outside the basic plane or for private use.
fn is_refused_in_names(c: char) -> bool {
    matches!(c, '~' | '|' | '_' | '～' | '〜' | '｜' | '‖' | '＿' | '\u{203E}' | '￣')
        || matches!(c, '\u{2116}' | '\u{2121}' | '\u{2160}'..='\u{217F}' | '\u{2460}'..='\u{24FF}')
        || matches!(c, '\u{3220}'..='\u{33FF}' | '\u{E000}'..='\u{F8FF}' | '\u{FFFD}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || c > '\u{FFFF}'
}

/// ご連絡先電話番号: a leading 0 and 10 or 11 digits; kept without hyphens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);
veiled!(PhoneNumber);

impl PhoneNumber {
    /// Reads a number with or without hyphens; full-width digits and hyphens are taken too.
    pub fn parse(typed: &str) -> Result<Self, FieldFault> {
        if typed.trim().is_empty() {
            return Err(FieldFault::Missing);
        }
        let mut digits = String::new();
        for c in typed.trim().chars() {
            match c {
                '0'..='9' => digits.push(c),
                '０'..='９' => digits.extend(char::from_digit(c as u32 - '０' as u32, 10)),
                '-' | '－' | '‐' | 'ー' | '−' => {}
                _ => return Err(FieldFault::Character),
            }
        }
        let valid = digits.starts_with('0') && (10..=11).contains(&digits.len());
        valid.then_some(Self(digits)).ok_or(FieldFault::Form)
    }

    /// Digits only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// メールアドレス: half-width, up to 100 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailAddress(String);
veiled!(MailAddress);

impl MailAddress {
    /// The most characters (R-090, reading A8).
    pub const LONGEST: usize = 100;
    /// The most before the `@` (RFC 5321 section 4.5.3.1.1).
    const LONGEST_LOCAL: usize = 64;

    /// Reads an address of the form `local@domain.tld`. Whether it exists only a mail can tell;
    /// what must never pass is a line break or a second address (security.md 71).
    pub fn parse(typed: &str) -> Result<Self, FieldFault> {
        let address = typed.trim();
        check_length(address, 1, Self::LONGEST)?;
        let (local, domain) = address.rsplit_once('@').ok_or(FieldFault::Form)?;
        let local_byte =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
        let label = |label: &str| {
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty()
                && label.bytes().all(inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // An address of numbers names a machine, not a mailbox (RFC 3696 section 2).
        let last_has_a_letter = |domain: &str| {
            let last = domain.rsplit_once('.').map(|(_, last)| last);
            last.is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()))
        };
        let valid = (1..=Self::LONGEST_LOCAL).contains(&local.len())
            && local.bytes().all(local_byte)
            && domain.split('.').all(label)
            && last_has_a_letter(domain);
        valid.then(|| Self(address.to_owned())).ok_or(FieldFault::Form)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// ご利用限度額 as typed: yen, in half-width or full-width digits, with or without commas and 円
/// (checks/experience.md 9). Nothing typed is no change.
pub fn limit_as_typed(typed: &str) -> Result<Option<Yen>, FieldFault> {
    const MOST_YEN: u64 = 9_999_999;
    let mut yen = None;
    for c in typed.trim().trim_end_matches('円').chars() {
        let digit = match c {
            '0'..='9' => c as u64 - '0' as u64,
            '０'..='９' => c as u64 - '０' as u64,
            ',' | '，' if yen.is_some() => continue,
            _ => return Err(FieldFault::Character),
        };
        yen = Some(yen.unwrap_or(0_u64).saturating_mul(10).saturating_add(digit));
    }
    match yen {
        Some(yen) if yen > MOST_YEN => Err(FieldFault::TooLong { longest: 7 }),
        yen => Ok(yen.map(Yen::new)),
    }
}

/// A text that people read, of so many characters at most, on one line or on several. It
/// holds no control characters but line ends; on one line, nothing that turns it round.
pub fn text_as_typed(typed: &str, longest: usize, lines: bool) -> Result<String, FieldFault> {
    let text = typed.trim().replace("\r\n", "\n");
    check_length(&text, 1, longest)?;
    let refused = |c: char| c.is_control() && !(lines && c == '\n');
    if text.chars().any(refused) { Err(FieldFault::Character) } else { Ok(text) }
}

/// A name or a remark on one line that others read beside words of the house: nothing in it steers
/// how the text around it looks.
///
/// # Errors
/// As [`text_as_typed`], and for characters that steer.
pub fn name_as_typed(typed: &str, longest: usize) -> Result<String, FieldFault> {
    let name = text_as_typed(typed, longest, false)?;
    if name.contains(steers) { Err(FieldFault::Character) } else { Ok(name) }
}

/// Whether what is asked for twice, a password or a mail address, was typed alike.
pub fn is_typed_twice(first: &str, again: &str) -> bool {
    first == again
}

fn check_length(typed: &str, shortest: usize, longest: usize) -> Result<(), FieldFault> {
    match typed.chars().count() {
        0 => Err(FieldFault::Missing),
        count if count < shortest => Err(FieldFault::TooShort { shortest }),
        count if count > longest => Err(FieldFault::TooLong { longest }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FieldFault::{Character, Common, Form, Missing, SameAsId, TooLong, TooShort};

    fn password(typed: &str) -> Result<NewPassword, FieldFault> {
        let name = PassportName::parse("user01").expect("a name");
        NewPassword::parse(typed, 4, Some(&name), "CAF1234567890".parse().expect("an ID"))
    }

    #[test]
    fn passport_ids_r_087() {
        for typed in ["sk12", "abc123", "ABCDEFGHIJ123456"] {
            assert!(PassportName::parse(typed).is_ok(), "{typed}");
        }
        let refused = [
            ("", Missing),
            ("abc", TooShort { shortest: 4 }),
            ("ABCDEFGHIJ1234567", TooLong { longest: 16 }),
            ("abc 1", Character),
            ("ａｂｃ１", Character),
            ("abc_1", Character),
        ];
        for (typed, fault) in refused {
            assert_eq!(PassportName::parse(typed), Err(fault), "{typed}");
        }
    }

    #[test]
    fn what_is_asked_for_twice_is_typed_alike_r_089() {
        assert!(is_typed_twice("Correct-Horse!", "Correct-Horse!"));
        for again in ["", "correct-horse!", "Correct-Horse! ", "Correct-Horse"] {
            assert!(!is_typed_twice("Correct-Horse!", again), "{again}");
        }
    }

    #[test]
    fn passwords_r_088() {
        for typed in ["q7mz", "Correct-Horse!", &"a1".repeat(32)] {
            assert!(password(typed).is_ok(), "{typed}");
        }
        let refused = [
            ("", Missing),
            ("q7m", TooShort { shortest: 4 }),
            (&*"a1".repeat(33), TooLong { longest: 64 }),
            ("q7mz ", Character),
            ("１２３４", Character),
            ("1234", Common),
            ("PassWord", Common),
            ("USER01", SameAsId),
            ("caf1234567890", SameAsId),
        ];
        for (typed, fault) in refused {
            assert_eq!(password(typed), Err(fault), "{typed}");
        }
    }

    #[test]
    fn an_operator_can_only_raise_the_floor_r_088() {
        let name = PassportName::parse("user01").expect("a name");
        let customer = "CAF1234567890".parse().expect("an ID");
        let eight = |typed| NewPassword::parse(typed, 8, Some(&name), customer);
        assert_eq!(eight("q7mzq7m"), Err(TooShort { shortest: 8 }));
        assert_eq!(NewPassword::parse("q7m", 1, None, customer), Err(TooShort { shortest: 4 }));
    }

    #[test]
    fn names_r_083_r_084() {
        for typed in ["NTT 太郎", "ＮＴＴ　太郎", "西日本　花子", "髙橋"] {
            assert!(PersonName::parse(typed).is_ok(), "{typed}");
        }
        assert_eq!(PersonName::parse("　"), Err(Missing));
        assert_eq!(PersonName::parse("あいうえおかきくけこさ"), Err(TooLong { longest: 10 }));
        for typed in
            ["a~b", "a|b", "a_b", "a～b", "a〜b", "a｜b", "a＿b", "①郎", "㈱社", "a\nb", "😀"]
        {
            assert_eq!(PersonName::parse(typed), Err(Character), "{typed}");
        }
    }

    #[test]
    fn phones_r_085() {
        for typed in ["03-1234-5678", "0312345678", "090-1234-5678", "０３－１２３４－５６７８"]
        {
            let phone = PhoneNumber::parse(typed).expect(typed);
            assert!(phone.as_str().starts_with('0') && !phone.as_str().contains('-'));
        }
        for typed in ["3-1234-5678", "06-45-0300", "030123456789", "-"] {
            assert_eq!(PhoneNumber::parse(typed), Err(Form), "{typed}");
        }
        assert_eq!(PhoneNumber::parse("03-1234-567a"), Err(Character));
        assert_eq!(PhoneNumber::parse(" "), Err(Missing));
    }

    #[test]
    fn mail_addresses_r_090() {
        let longest = format!("{}@ngn.com", "a".repeat(64));
        for typed in ["tarou1234@ngn.com", "a.b+c@example.co.jp", "a..b.@docomo.ne.jp", &longest] {
            assert!(MailAddress::parse(typed).is_ok(), "{typed}");
        }
        let long = format!("{}@ngn.com", "a".repeat(93));
        assert_eq!(MailAddress::parse(&long), Err(TooLong { longest: 100 }));
        let long_local = format!("{}@ngn.com", "a".repeat(65));
        for typed in [
            "a@b",
            "@ngn.com",
            "a b@ngn.com",
            "a@ngn..com",
            "a@b.c\r\nBcc: d@e.f",
            "太郎@ngn.com",
            "a@-ngn.com",
            "a@ngn-.com",
            "a@127.0.0.1",
            &long_local,
        ] {
            assert_eq!(MailAddress::parse(typed), Err(Form), "{typed}");
        }
    }

    #[test]
    fn limits_as_typed_r_154() {
        for (typed, yen) in [
            ("", None),
            (" ", None),
            ("0", Some(0)),
            ("20000", Some(20_000)),
            ("20,000円", Some(20_000)),
            ("２０，０００", Some(20_000)),
            ("9999999", Some(9_999_999)),
        ] {
            assert_eq!(limit_as_typed(typed), Ok(yen.map(Yen::new)), "{typed}");
        }
        for (typed, fault) in [
            ("10000000", TooLong { longest: 7 }),
            ("99999999999999999999999", TooLong { longest: 7 }),
            ("-1", Character),
            ("1.5", Character),
            (",1", Character),
            ("一万", Character),
        ] {
            assert_eq!(limit_as_typed(typed), Err(fault), "{typed}");
        }
    }

    #[test]
    fn texts_for_the_desk_r_105() {
        assert_eq!(text_as_typed(" a\r\nb ", 5, true), Ok("a\nb".to_owned()));
        assert_eq!(text_as_typed("a\nb", 5, false), Err(Character));
        assert_eq!(name_as_typed("a\u{202e}b", 5), Err(Character));
        assert_eq!(name_as_typed("a\u{2028}b", 5), Err(Character));
        assert_eq!(PersonName::parse("西\u{2067}日"), Err(Character));
        assert_eq!(text_as_typed("a\u{7}b", 5, true), Err(Character));
        assert_eq!(text_as_typed("  ", 5, true), Err(Missing));
        assert_eq!(text_as_typed("abcdef", 5, true), Err(TooLong { longest: 5 }));
    }

    #[test]
    fn personal_values_do_not_print() {
        let mail = MailAddress::parse("tarou1234@ngn.com").expect("an address");
        assert!(!format!("{mail:?}").contains("tarou"));
    }
}
