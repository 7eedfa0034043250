//! What must stand in an answer, read by code that shares nothing with the server's own: a fast wrong
//! answer is found here.

use memchr::memmem;
use std::{collections::HashSet, str};

/// The text between two marks, after the first of `before`.
fn between<'a>(body: &'a [u8], before: &str, after: u8) -> Option<&'a str> {
    let begins = memmem::find(body, before.as_bytes())? + before.len();
    let rest = body.get(begins..)?;
    let ends = memchr::memchr(after, rest)?;
    str::from_utf8(rest.get(..ends)?).ok()
}

/// The value of a hidden field of the page's form.
pub fn hidden<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let mark = format!("name=\"{name}\" value=\"");
    between(body, &mark, b'"').filter(|value| !value.is_empty())
}

/// The hidden `csrf` of the form that posts to this address.
pub fn hidden_of_form(body: &[u8], action: &str) -> Option<String> {
    let mark = format!("action=\"{action}\"");
    let form = body.get(memmem::find(body, mark.as_bytes())?..)?;
    hidden(form, "csrf").map(str::to_owned)
}

/// The receipt number on the page of a completed order, without its spaces.
pub fn receipt_number(body: &[u8]) -> Option<String> {
    let shown = between(body, "class=\"slip-number\" translate=\"no\">", b'<')?;
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// Whether the page says this.
pub fn says(body: &[u8], text: &str) -> bool {
    memmem::find(body, text.as_bytes()).is_some()
}

/// Whether a receipt number has twelve digits and the last is its Luhn digit (ISO/IEC 7812-1 annex B).
pub fn is_receipt_number(number: &str) -> bool {
    let digits: Option<Vec<u32>> = number.chars().map(|digit| digit.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 12) else { return false };
    let weigh = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) => twice / 10 + twice % 10,
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

/// A parameter of the address that a browser is sent back to, percent-decoded; addresses of the
/// provider, so they are absolute.
pub fn parameter(location: &str, name: &str) -> Option<String> {
    let (_, query) = location.split_once('?')?;
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.into_iter().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Every receipt number that was given in this run: none may come twice.
#[derive(Debug, Default)]
pub struct Receipts(HashSet<u64>);

impl Receipts {
    /// Takes note of one; false where it was given before.
    pub fn is_new(&mut self, number: &str) -> bool {
        number.parse().is_ok_and(|number| self.0.insert(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_number_has_a_luhn_digit_and_comes_once() {
        for good in ["100000000016", "100000000024", "000000000000"] {
            assert!(is_receipt_number(good), "{good}");
        }
        for bad in ["100000000017", "10000000016", "1000000000160", "10000000001x", ""] {
            assert!(!is_receipt_number(bad), "{bad}");
        }
        let mut receipts = Receipts::default();
        assert!(receipts.is_new("100000000016") && receipts.is_new("100000000024"));
        assert!(!receipts.is_new("100000000016") && !receipts.is_new("no"));
    }

    #[test]
    fn fields_and_numbers_are_found_where_a_page_has_them() {
        let page = br#"<form method="post" action="/wso/logout"><input type="hidden" name="csrf" value="out"></form>
            <form method="post" action="/flow/1/confirm"><input type="hidden" name="csrf" value="in"><input type="hidden" name="month" value="2026-11"></form>
            <p class="slip-number" translate="no">1000 0000 0016</p>"#;
        assert_eq!(hidden(page, "csrf"), Some("out"));
        assert_eq!(hidden_of_form(page, "/flow/1/confirm").as_deref(), Some("in"));
        assert_eq!(hidden(page, "month"), Some("2026-11"));
        assert_eq!(receipt_number(page).as_deref(), Some("100000000016"));
        assert_eq!(receipt_number(b"<p class=\"slip-number\" translate=\"no\"></p>"), None);
        assert!(says(page, "slip") && !says(page, "slap"));
        let location = "https://a.example/cb?code=x%2By&state=s";
        assert_eq!(parameter(location, "code").as_deref(), Some("x+y"));
        assert_eq!(parameter("https://a.example/cb", "code"), None);
    }
}
