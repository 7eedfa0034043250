//! The effective configuration for a person's eye, secrets hidden.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Config, DEFAULT_TOML, scan};

impl Config {
    /// The configuration as TOML in the order of `config/default.toml`, each key with the place
    /// that it comes from. Secrets are `"***"`.
    pub fn show(&self) -> String {
        let values = self.show_json();
        let mut text = String::new();
        let mut current = String::new();
        for entry in scan::entries(DEFAULT_TOML) {
            let Some((section, name)) = entry.key.split_once('.') else { continue };
            if section != current {
                let gap = if current.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}[{section}]");
                section.clone_into(&mut current);
            }
            // JSON's texts, numbers, booleans and lists of texts are TOML's as well: control
            // characters, which TOML escapes in part otherwise, never come through a key.
            let value = &values[section][name];
            let _ = writeln!(text, "{name} = {value} # {}", self.origin(&entry.key));
        }
        text
    }

    /// The configuration as one JSON object of sections. Secrets are `"***"`.
    pub fn show_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
