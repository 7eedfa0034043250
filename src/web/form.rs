//! Parameters of forms and queries, read strictly: one that stands twice is refused
//! (RFC 6749 section 3.1, security.md 44), and none is longer than it may be.

use actix_web::web::Bytes;
use std::collections::HashMap;

/// A body as a handler takes it: one that is too large or breaks off is answered by the handler, in
/// the form of its audience, and not by the framework in plain text.
pub type Body = Result<Bytes, actix_web::Error>;

/// The longest value of any parameter: a `request_uri` or a code fits, nothing larger does.
const LONGEST_VALUE: usize = 8 * 1024;

/// The most parameters: no form and no request of any RFC has half as many.
const MOST_PARAMETERS: usize = 64;

/// The characters of a name that are told.
const LONGEST_SHOWN: usize = 64;

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// The same parameter stands twice.
    #[error("{0}: must stand once")]
    Doubled(String),
    /// There are more parameters than anybody sends.
    #[error("the form: has more than 64 parameters")]
    TooMany,
    /// A value is longer than any may be.
    #[error("{0}: has more than 8192 bytes")]
    TooLong(String),
    /// Not UTF-8.
    #[error("{0}: must be UTF-8")]
    NotText(String),
    /// Nobody asked for it.
    #[error("{0}: is not known here")]
    Unknown(String),
}

/// Parameters by name.
#[derive(Clone, Default)]
pub struct Form {
    values: HashMap<String, String>,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` bytes, of a body or a query.
    pub fn read(bytes: &[u8]) -> Result<Self, FormFault> {
        let mut values = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(bytes) {
            let shown = || shown(&name);
            if values.len() == MOST_PARAMETERS {
                return Err(FormFault::TooMany);
            }
            // The decoder puts this character where the bytes were no UTF-8.
            if value.contains('\u{FFFD}') {
                return Err(FormFault::NotText(shown()));
            }
            if value.len() > LONGEST_VALUE {
                return Err(FormFault::TooLong(shown()));
            }
            if values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(FormFault::Doubled(shown()));
            }
        }
        Ok(Self { values })
    }

    /// The same, unless there is a parameter that is not among `known`: where nothing says that more
    /// may be sent, one that is misspelt is not passed over.
    pub fn only(self, known: &[&str]) -> Result<Self, FormFault> {
        let unknown = self.values.keys().filter(|name| !known.contains(&name.as_str()));
        match unknown.min() {
            Some(name) => Err(FormFault::Unknown(shown(name))),
            None => Ok(self),
        }
    }

    /// A parameter; an empty one counts as absent (RFC 6749 section 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a parameter stands there, an empty one too: a field that was sent and left empty is
    /// missing, one that was not sent was not asked for.
    pub fn stands(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes a parameter out, for secrets that should not be copied.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name).filter(|value| !value.is_empty())
    }
}

/// A name as it is told, however long it came.
fn shown(name: &str) -> String {
    name.chars().take(LONGEST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_once() {
        let doubled = Form::read(b"amount=1&amount=9").err();
        assert_eq!(doubled, Some(FormFault::Doubled("amount".into())));
        let same = Form::read(b"amount=1&%61mount=1").err();
        assert_eq!(same, Some(FormFault::Doubled("amount".into())));
        // Names are compared whole, and told short.
        let name = "n".repeat(64);
        assert!(Form::read(format!("{name}1=&{name}2=").as_bytes()).is_ok());
        let long = Form::read(format!("{name}1=&{name}1=").as_bytes()).err();
        assert_eq!(long, Some(FormFault::Doubled(name)));
    }

    #[test]
    fn a_parameter_that_nobody_knows_is_named() {
        let form = |text: &str| Form::read(text.as_bytes()).expect("reads");
        assert!(form("").only(&[]).is_ok() && form("a=1").only(&["a", "b"]).is_ok());
        let unknown = |text| form(text).only(&["a"]).err();
        assert_eq!(unknown("a=1&z=1&c=1"), Some(FormFault::Unknown("c".into())));
        assert_eq!(unknown("A=1"), Some(FormFault::Unknown("A".into())));
        // Told short, in characters.
        let long = "é".repeat(1_000);
        assert_eq!(unknown(&long), Some(FormFault::Unknown("é".repeat(64))));
    }

    #[test]
    fn a_form_has_64_parameters_at_most() {
        let form = |count: u32| {
            let all: Vec<_> = (0..count).map(|number| format!("p{number}=")).collect();
            all.join("&")
        };
        assert!(Form::read(form(64).as_bytes()).is_ok());
        assert_eq!(Form::read(form(65).as_bytes()).err(), Some(FormFault::TooMany));
        assert_eq!(FormFault::TooMany.to_string(), "the form: has more than 64 parameters");
    }

    #[test]
    fn an_empty_parameter_is_an_absent_one() {
        let form = Form::read(b"state=&nonce=n+1").expect("reads");
        assert_eq!(
            (form.get("state"), form.get("nonce"), form.get("x")),
            (None, Some("n 1"), None)
        );
        assert_eq!((form.stands("state"), form.stands("x")), (true, false));
    }

    #[test]
    fn bytes_that_are_no_text_and_values_without_end_are_refused() {
        assert_eq!(Form::read(b"a=%ff").err(), Some(FormFault::NotText("a".into())));
        let long = format!("a={}", "x".repeat(8193));
        assert_eq!(Form::read(long.as_bytes()).err(), Some(FormFault::TooLong("a".into())));
    }
}
