//! A line of the log's files as `linepass logs` reads and shows it (`cli::logs::line`): nothing in a
//! file acts on a terminal, and what is shown as JSON is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::{
    cli::logs::line::{Filter, Shown},
    telemetry::{Clock, Style},
};

fuzz_target!(|bytes: &[u8]| {
    let shown = |style| Shown::new(Filter::default(), style).show(bytes);
    let pretty = Style::Pretty { clock: Clock::Utc, colour: false };
    for text in shown(pretty).iter().chain(&shown(Style::Json)) {
        assert!(text.len() <= 64 * 1024 + 16 * bytes.len(), "far longer than what was read");
        let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!text.contains(acts), "{text:?} acts on a terminal");
    }
    let json = shown(Style::Json).unwrap_or_default();
    if serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(bytes).is_ok() {
        let again = serde_json::from_str::<serde_json::Value>(json.trim_end());
        assert!(json.is_empty() || again.is_ok(), "{json:?} is no JSON");
    }
});
