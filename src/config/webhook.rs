//! The values of `[webhook]`.

use super::{Config, error::ConfigError};
use serde::{Deserialize, Deserializer, de::Error as _, de::Unexpected};

/// The longest pause that a list may hold, in seconds: a day.
const LONGEST_PAUSE_S: u64 = 86_400;

/// Pauses in seconds.
pub(super) fn pauses<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u64>, D::Error> {
    const ALLOWED: &str = "a list of 1 to 20 whole numbers from 1 to 86400, none less than the one \
                           before it";
    let wrong = |what| D::Error::invalid_value(Unexpected::Other(what), &ALLOWED);
    let pauses = Vec::<u64>::deserialize(input).map_err(|_| wrong("this value"))?;
    let fits = (1..=20).contains(&pauses.len())
        && pauses.iter().all(|pause| (1..=LONGEST_PAUSE_S).contains(pause))
        && pauses.is_sorted();
    if fits { Ok(pauses) } else { Err(wrong("this list")) }
}

impl Config {
    /// What single keys of `[webhook]` allow and their combination does not.
    pub(super) fn webhook_faults(&self) -> Option<ConfigError> {
        let first = self.webhook.retry_after_s.first().copied().unwrap_or_default();
        (self.webhook.park_after_s < first).then(|| {
            self.fault(
                ["webhook.park_after_s", "webhook.retry_after_s"],
                format!("a message would be given up before its second try after {first} s"),
                "webhook.park_after_s at least the first of webhook.retry_after_s",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(key: &str, value: &str) -> String {
        let variable = (format!("LINEPASS__WEBHOOK__{key}"), value.to_owned());
        match Config::load(None, std::iter::once(variable)) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        }
    }

    #[test]
    fn what_would_not_work_is_told_with_its_key() {
        for (key, value) in [
            ("RETRY_AFTER_S", ""),
            ("RETRY_AFTER_S", "0"),
            ("RETRY_AFTER_S", "60, 5"),
            ("RETRY_AFTER_S", "86401"),
            ("RETRY_AFTER_S", "-1"),
            ("RETRY_AFTER_S", "soon"),
            ("PARK_AFTER_S", "4"),
            ("TIMEOUT_S", "0"),
            ("CONNECTIONS_PER_PROVIDER", "0"),
            ("ALLOWED_NETWORKS", "0.0.0.0/0"),
            ("DENIED_NETWORKS", "10.0.0.1/8"),
        ] {
            let told = faults(key, value);
            let named = format!("webhook.{}", key.to_lowercase());
            assert!(told.contains(&named) && told.contains("allowed: "), "{key}={value}: {told}");
        }
        assert_eq!(faults("RETRY_AFTER_S", "1, 1, 60"), "");
        assert_eq!(faults("ALLOWED_NETWORKS", "127.0.0.1"), "");
    }
}
