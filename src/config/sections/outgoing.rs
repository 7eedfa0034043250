//! The sections of what the server tells by itself: mails, webhooks, the log.

use std::path::PathBuf;

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use crate::config::mail::{
    MailTls, MailTransport, host, optional_address, optional_path, optional_text,
};
use crate::config::network::networks;
use crate::config::value::{LogFormat, LogLevel, LogStderr, LogTimeZone, path, within};
use crate::config::webhook::pauses;

/// `[mail]`: how households are written to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Where mails go.
    pub transport: MailTransport,
    /// The folder that `.eml` files are put into.
    #[serde(deserialize_with = "path")]
    pub folder: PathBuf,
    /// The mail server's name or address.
    #[serde(deserialize_with = "host")]
    pub host: String,
    /// The mail server's port.
    #[serde(deserialize_with = "within::<1, 65_535, _, _>")]
    pub port: u16,
    /// How the mail server is spoken to.
    pub tls: MailTls,
    /// A file of a certificate authority beside the system's, in PEM; empty for none.
    #[serde(deserialize_with = "optional_path")]
    pub ca_file: String,
    /// The user to log in as; empty for no login.
    #[serde(deserialize_with = "optional_text")]
    pub user: String,
    /// The file of that user's password, for its owner alone.
    #[serde(deserialize_with = "optional_path")]
    pub password_file: String,
    /// The address that mails come from.
    #[serde(deserialize_with = "optional_address")]
    pub from_address: String,
    /// The name beside it.
    #[serde(deserialize_with = "optional_text")]
    pub from_name: String,
    /// Where households' inquiries are sent; nowhere where empty.
    #[serde(deserialize_with = "optional_address")]
    pub desk_address: String,
    /// Mails that are handed over at once, each on a connection of its own.
    #[serde(deserialize_with = "within::<1, 64, _, _>")]
    pub connections: usize,
    /// The time that connecting may take, in milliseconds.
    #[serde(deserialize_with = "within::<100, 120_000, _, _>")]
    pub connect_timeout_ms: u64,
    /// The time that the answer to a verb may take, in milliseconds.
    #[serde(deserialize_with = "within::<100, 600_000, _, _>")]
    pub command_timeout_ms: u64,
    /// The time that the answer to a message's end may take, in milliseconds.
    #[serde(deserialize_with = "within::<100, 600_000, _, _>")]
    pub data_timeout_ms: u64,
    /// A connection without a mail is kept so long, in seconds.
    #[serde(deserialize_with = "within::<1, 300, _, _>")]
    pub idle_timeout_s: u64,
    /// The pause before the second try, in seconds; each further one doubles it.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub retry_first_s: u64,
    /// The longest pause between two tries, in seconds.
    #[serde(deserialize_with = "within::<1, 86_400, _, _>")]
    pub retry_longest_s: u64,
    /// The longest pause before a silent server is asked again, in seconds.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub probe_longest_s: u64,
    /// A mail that could not be handed over for so long is parked, in seconds.
    #[serde(deserialize_with = "within::<1, 2_592_000, _, _>")]
    pub park_after_s: u64,
}

/// `[webhook]`: what providers are told unasked (interfaces.md 1.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The pauses before the second try of a message and those after it, in seconds; the last one
    /// repeats.
    #[serde(deserialize_with = "pauses")]
    pub retry_after_s: Vec<u64>,
    /// The longest pause before a provider that takes nothing is asked again, in seconds.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub probe_longest_s: u64,
    /// A message that could not be handed over for so long is given up, in seconds.
    #[serde(deserialize_with = "within::<1, 2_592_000, _, _>")]
    pub park_after_s: u64,
    /// The time that one try may take, in seconds.
    #[serde(deserialize_with = "within::<1, 60, _, _>")]
    pub timeout_s: u64,
    /// Messages that are handed over at once to one provider.
    #[serde(deserialize_with = "within::<1, 32, _, _>")]
    pub connections_per_provider: usize,
    /// A file of certificate authorities beside the system's, in PEM; empty for none.
    #[serde(deserialize_with = "optional_path")]
    pub ca_file: String,
    /// Networks that are not public and that webhooks may go to all the same.
    #[serde(deserialize_with = "networks")]
    pub allowed_networks: Vec<IpNetwork>,
    /// Networks that are public and that webhooks may not go to: the operator's own.
    #[serde(deserialize_with = "networks")]
    pub denied_networks: Vec<IpNetwork>,
}

/// `[log]`: what operators read on standard error and in files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
    /// Which of them go to standard error.
    pub stderr: LogStderr,
    /// The clock of pretty lines; JSON is always UTC.
    pub time_zone: LogTimeZone,
    /// The folder of the log's files; empty for none.
    #[serde(deserialize_with = "optional_path")]
    pub folder: String,
    /// The size at which a file is finished, in bytes.
    #[serde(deserialize_with = "within::<4096, 1_099_511_627_776, _, _>")]
    pub file_limit_bytes: u64,
    /// Finished files that are kept.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    pub keep_files: usize,
    /// Days whose finished files are kept.
    #[serde(deserialize_with = "within::<1, 3660, _, _>")]
    pub keep_days: u16,
    /// Refusals and warnings of one kind that are written in a second; the others are counted.
    #[serde(deserialize_with = "within::<10, 1_000_000, _, _>")]
    pub alike_per_second: u32,
}
