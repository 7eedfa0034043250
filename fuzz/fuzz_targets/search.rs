//! What a household types: months, IDs, names, telephone numbers, mail addresses, passwords
//! (`domain::statement`, `domain::field`, `domain::ids`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::domain::{
    calendar::{Day, Month},
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
});
