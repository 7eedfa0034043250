//! Addresses that providers name: where households are sent back to, and where webhooks go (`domain::provider`,
//! `security::address_policy`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::{
    domain::provider::{LONGEST_REDIRECT_URI, check_redirect_uri},
    security::address_policy::{AddressPolicy, literal},
};

/// Whoever is written in digits is called only where a public address is meant (security.md 45).
fn called(text: &str) {
    let policy = AddressPolicy::default();
    assert!(!policy.may_be_plain(text), "nothing is allowed by name");
    let Some(address) = url::Url::parse(text).ok().as_ref().and_then(literal) else {
        return assert!(!policy.refuses(text), "what a name stands for is asked later");
    };
    let is_inside = match address.to_canonical() {
        std::net::IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_unspecified(),
        std::net::IpAddr::V6(v6) => {
            v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified()
        }
    };
    let is_inside = is_inside || address.to_canonical().is_loopback() || address.is_multicast();
    assert!(policy.refuses(text) || !is_inside, "{address} is inside");
}

fuzz_target!(|text: &str| {
    called(text);
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
