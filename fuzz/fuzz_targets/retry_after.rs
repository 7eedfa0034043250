//! `Retry-After` of a receiver of webhooks (`webhook::courier`, RFC 9110 section 10.2.3): never more than a day.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::webhook::courier::patience;
use std::time::Duration;

fuzz_target!(|text: &str| {
    for now_s in [0, 1_795_000_000, 253_402_300_799] {
        let patience = patience(text, now_s);
        assert!(patience.is_none_or(|patience| patience <= Duration::from_secs(86_400)));
    }
});
