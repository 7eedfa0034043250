//! What a household types: months, IDs, names, telephone numbers, mail addresses, passwords, limits, inquiries
//! (`domain::statement::month_from_text`, `domain::field`, `domain::ids`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::domain::{
    calendar::{Day, Month},
    field::{
        MailAddress, NewPassword, PassportName, PersonName, PhoneNumber, limit_as_typed,
        name_as_typed, text_as_typed,
    },
    ids::{ContractNumber, CustomerId, ProviderId, ReceiptNumber, Reference, ServiceCode},
    statement::month_from_text,
};
use std::{fmt::Display, str::FromStr};

/// What is read is written so that the same is read again.
fn reads_back<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        let again = written.parse::<T>().ok();
        assert!(again.is_some_and(|again| again == value), "{text:?} {written:?}");
    }
}

/// The same where each has one spelling.
fn has_one_spelling<T: FromStr + Display + PartialEq>(text: &str) {
    reads_back::<T>(text);
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fuzz_target!(|text: &str| {
    if let Some(month) = month_from_text(text) {
        assert_eq!(month.to_string().parse::<Month>().ok(), Some(month));
        assert_eq!(month_from_text(&month.to_string()), Some(month));
    }
    reads_back::<Month>(text);
    reads_back::<Day>(text);
    has_one_spelling::<CustomerId>(text);
    has_one_spelling::<ProviderId>(text);
    has_one_spelling::<ServiceCode>(text);
    has_one_spelling::<Reference>(text);
    has_one_spelling::<ReceiptNumber>(text);
    has_one_spelling::<ContractNumber>(text);
    typed(text);
});

/// What is kept of a field is taken again as it is, and holds nothing that could act elsewhere.
fn typed(text: &str) {
    if let Ok(name) = PassportName::parse(text) {
        assert!(name.as_str() == text && text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
    if let Ok(name) = PersonName::parse(text) {
        assert!(PersonName::parse(name.as_str()).is_ok_and(|again| again == name));
        assert!(!name.as_str().contains(char::is_control));
    }
    if let Ok(phone) = PhoneNumber::parse(text) {
        assert!(PhoneNumber::parse(phone.as_str()).is_ok_and(|again| again == phone));
        assert!(phone.as_str().bytes().all(|byte| byte.is_ascii_digit()));
    }
    if let Ok(mail) = MailAddress::parse(text) {
        assert!(MailAddress::parse(mail.as_str()).is_ok_and(|again| again == mail));
        // One address of one mailbox, on one line (security.md 71).
        let address = mail.as_str();
        assert!(
            address.bytes().all(|byte| byte.is_ascii_graphic())
                && address.matches('@').count() == 1
        );
        assert!(!address.contains([',', ';', '<', '>', '"', '(', ')']));
    }
    let customer: CustomerId = "CAF0000012573".parse().expect("an ID");
    if let Ok(password) = NewPassword::parse(text, 8, None, customer) {
        assert!(password.into_inner() == text, "a password is never converted");
    }
    if let Ok(Some(limit)) = limit_as_typed(text) {
        assert!(limit_as_typed(&limit.get().to_string()).is_ok_and(|again| again == Some(limit)));
    }
    for (read, lines) in [(text_as_typed(text, 100, true), true), (name_as_typed(text, 100), false)]
    {
        let Ok(kept) = read else { continue };
        assert!(kept.chars().count() <= 100);
        assert!(!kept.contains(|c: char| c.is_control() && !(lines && c == '\n')));
    }
}
