//! Addresses that others name: redirect addresses, webhooks, issuers (`domain::provider`,
//! `security::address_policy`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::domain::provider::{LONGEST_REDIRECT_URI, check_redirect_uri};

fuzz_target!(|text: &str| {
    if check_redirect_uri(text).is_err() {
        return;
    }
    assert!(text.len() <= LONGEST_REDIRECT_URI);
    let url = url::Url::parse(text).expect("it was taken");
    assert_eq!(url.as_str(), text, "another program reads another address");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(!text.contains(|c: char| c.is_control() || c == ' ' || !c.is_ascii()));
    // A browser takes a backslash before the query for a slash.
    assert!(!text.split('?').next().unwrap_or_default().contains('\\'));
    assert!(matches!(url.scheme(), "https" | "http"));
    // What is added to it stays a query of the same address.
    let joint = if text.contains('?') { '&' } else { '?' };
    let back = url::Url::parse(&format!("{text}{joint}code=c")).expect("an address");
    assert_eq!((back.origin(), back.path()), (url.origin(), url.path()));
    assert_eq!(back.query_pairs().filter(|(name, _)| name == "code").count(), 1);
});
