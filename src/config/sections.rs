//! The sections of the file as types; names, units and ranges as in `config/default.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};
use url::Url;

use super::mail::{MailTls, MailTransport, host, optional_address, optional_path, optional_text};
use super::network::{ipv4_networks, networks, optional_socket, socket, write_optional_socket};
use super::value::{
    Continuation, Issuer, LogFormat, LogLevel, LogStderr, LogTimeZone, MasterKey, line_of_text,
    optional_url, path, phone, prefixes, short_text, within, write_optional_url,
};
use super::webhook::pauses;

/// `[server]`: what households and provider sites reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// The address by which browsers and provider sites know this server; the `iss` of every token.
    pub issuer: Issuer,
    /// The address and port to listen on; loopback unless there is TLS.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// Peers whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNetwork>,
    /// Threads that answer requests.
    #[serde(deserialize_with = "within::<1, 64, _, _>")]
    pub workers: usize,
    /// Open connections over all workers.
    #[serde(deserialize_with = "within::<16, 1_000_000, _, _>")]
    pub max_connections: usize,
    /// The time a client has to send a request's head, in milliseconds.
    #[serde(deserialize_with = "within::<100, 60_000, _, _>")]
    pub request_header_timeout_ms: u64,
    /// The time a client has to send a request's body, in milliseconds.
    #[serde(deserialize_with = "within::<100, 120_000, _, _>")]
    pub request_body_timeout_ms: u64,
    /// A connection without a request, or whose client takes no answer, lives so long, in
    /// milliseconds.
    #[serde(deserialize_with = "within::<100, 600_000, _, _>")]
    pub idle_timeout_ms: u64,
    /// The largest request head, in bytes.
    #[serde(deserialize_with = "within::<8192, 131_072, _, _>")]
    pub head_limit_bytes: usize,
    /// The largest request body, in bytes.
    #[serde(deserialize_with = "within::<4096, 1_048_576, _, _>")]
    pub body_limit_bytes: usize,
    /// The time that requests under way have to end at a stop, in seconds.
    #[serde(deserialize_with = "within::<1, 600, _, _>")]
    pub shutdown_timeout_s: u64,
}

/// `[tls]`: TLS of the public listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Whether the public listener speaks TLS.
    pub enabled: bool,
    /// The certificate chain in PEM, the server's own certificate first.
    #[serde(deserialize_with = "path")]
    pub certificate_file: PathBuf,
    /// The private key in PEM.
    #[serde(deserialize_with = "path")]
    pub key_file: PathBuf,
    /// How often both files are looked at, in seconds.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub reload_every_s: u64,
    /// The time a client has for the handshake, in milliseconds.
    #[serde(deserialize_with = "within::<100, 60_000, _, _>")]
    pub handshake_timeout_ms: u64,
}

/// `[proxy_protocol]`: a public listener for balancers that speak the PROXY protocol, version 2.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocolConfig {
    /// The address and port to listen on, if there is such a listener.
    #[serde(deserialize_with = "optional_socket", serialize_with = "write_optional_socket")]
    pub listen: Option<SocketAddr>,
    /// The balancers.
    #[serde(deserialize_with = "networks")]
    pub trusted_peers: Vec<IpNetwork>,
    /// The time a balancer has to send the header, in milliseconds.
    #[serde(deserialize_with = "within::<100, 60_000, _, _>")]
    pub header_timeout_ms: u64,
}

/// `[operator]`: what operators and their monitoring reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// The address and port to listen on; loopback unless there is TLS with client certificates.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// The file that holds the operator's token; outside the store's folder.
    #[serde(deserialize_with = "path")]
    pub token_file: PathBuf,
}

/// `[operator_tls]`: TLS of the operators' listener, with client certificates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorTlsConfig {
    /// Whether the operators' listener speaks TLS and asks for a client certificate.
    pub enabled: bool,
    /// The certificate chain in PEM, the server's own certificate first.
    #[serde(deserialize_with = "path")]
    pub certificate_file: PathBuf,
    /// The private key in PEM.
    #[serde(deserialize_with = "path")]
    pub key_file: PathBuf,
    /// The certificate authorities in PEM that clients' certificates come from.
    #[serde(deserialize_with = "path")]
    pub client_ca_file: PathBuf,
}

/// `[operator_client]`: how the operator commands reach a server that asks for a certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorClientConfig {
    /// The certificate authority in PEM that the server's certificate comes from, if any.
    #[serde(deserialize_with = "optional_path")]
    pub ca_file: String,
    /// The operator's certificate chain in PEM, if any.
    #[serde(deserialize_with = "optional_path")]
    pub certificate_file: String,
    /// Its private key in PEM, if any.
    #[serde(deserialize_with = "optional_path")]
    pub key_file: String,
}

/// `[store]`: where everything is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// The folder of the store.
    #[serde(deserialize_with = "path")]
    pub path: PathBuf,
    /// Free space below which writes stop, in bytes.
    #[serde(deserialize_with = "within::<16_777_216, 1_099_511_627_776, _, _>")]
    pub min_free_space_bytes: u64,
    /// How often the engine writes in the background, in milliseconds.
    #[serde(deserialize_with = "within::<50, 10_000, _, _>")]
    pub flush_every_ms: u64,
    /// Memory for the engine's page cache, in bytes.
    #[serde(deserialize_with = "within::<1_048_576, 1_099_511_627_776, _, _>")]
    pub cache_bytes: u64,
    /// Events that one group commit takes at most.
    #[serde(deserialize_with = "within::<1, 1000, _, _>")]
    pub group_max_events: usize,
    /// Decisions that wait for the disk at most.
    #[serde(deserialize_with = "within::<16, 1_000_000, _, _>")]
    pub write_queue_limit: usize,
    /// Threads that read the store for lines that are not in memory.
    #[serde(deserialize_with = "within::<1, 64, _, _>")]
    pub read_threads: usize,
}

/// `[keys]`: where the master key is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// The file that holds the master key; outside the store's folder.
    #[serde(deserialize_with = "path")]
    pub master_key_file: PathBuf,
    /// The master key itself, instead of the file.
    pub master_key: MasterKey,
}

/// `[password]`: how passwords are hashed (Argon2id) and what a new one must be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordConfig {
    /// Memory for each hash, in KiB; at least 8 for each lane.
    #[serde(deserialize_with = "within::<8, 1_048_576, _, _>")]
    pub hash_memory_kib: u32,
    /// Passes over that memory.
    #[serde(deserialize_with = "within::<1, 16, _, _>")]
    pub hash_passes: u32,
    /// Lanes of one hash.
    #[serde(deserialize_with = "within::<1, 16, _, _>")]
    pub hash_lanes: u32,
    /// Threads that hash; 0 is one for each core.
    #[serde(deserialize_with = "within::<0, 64, _, _>")]
    pub hash_threads: usize,
    /// Logins that wait for a hashing thread at most.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    pub hash_queue_limit: usize,
    /// The least length of a new password, in characters.
    #[serde(deserialize_with = "within::<4, 64, _, _>")]
    pub minimum_length: usize,
}

/// `[throttle]`: what slows guessing down.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleConfig {
    /// Failed logins of one (ID, source) before it has to wait.
    #[serde(deserialize_with = "within::<1, 100, _, _>")]
    pub failures_before_wait: u32,
    /// The first wait, in seconds; each further failure doubles it.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub first_wait_s: u64,
    /// The longest wait, in seconds; at least the first.
    #[serde(deserialize_with = "within::<1, 86_400, _, _>")]
    pub longest_wait_s: u64,
    /// Failed logins of one ID from elsewhere than its own line before elsewhere has to wait.
    #[serde(deserialize_with = "within::<5, 100_000, _, _>")]
    pub id_failures_elsewhere: u32,
    /// Login attempts a minute from one source.
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    pub logins_per_minute_per_source: u32,
    /// Sources and IDs that are remembered at once.
    #[serde(deserialize_with = "within::<1000, 10_000_000, _, _>")]
    pub tracked_entries: usize,
}

/// `[provider_limits]`: what one provider may ask of the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderLimitsConfig {
    /// Requests of one provider a second at each of its doors.
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    pub requests_per_second: u32,
    /// Requests of one provider that may come to a door at once.
    #[serde(deserialize_with = "within::<1, 10_000_000, _, _>")]
    pub burst_requests: u32,
    /// Requests of all providers that are worked on at once.
    #[serde(deserialize_with = "within::<1, 100_000, _, _>")]
    pub requests_under_way: usize,
    /// How many of those may be one provider's, in percent.
    #[serde(deserialize_with = "within::<1, 100, _, _>")]
    pub share_percent: usize,
    /// How long a request waits for room among those, in milliseconds.
    #[serde(deserialize_with = "within::<0, 5_000, _, _>")]
    pub share_wait_ms: u64,
    /// Requests a minute from one source whose body cannot be read, or that have no credentials or
    /// wrong ones.
    #[serde(deserialize_with = "within::<1, 1_000_000, _, _>")]
    pub failed_authentications_per_minute_per_source: u32,
}

/// `[overload]`: who is heard when more comes than can be done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverloadConfig {
    /// How long a request should wait at most for the thread that answers it, in milliseconds; from a tenth
    /// of it on no more is begun than is worked on then.
    #[serde(deserialize_with = "within::<1, 1_000, _, _>")]
    pub queue_target_ms: u64,
    /// How long a password should wait at most for a hashing thread while there is always one that
    /// waits, in milliseconds.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    pub hash_target_ms: u64,
}

/// `[line]`: what an access line may hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineConfig {
    /// Passport IDs of one line.
    #[serde(deserialize_with = "within::<1, 100, _, _>")]
    pub passport_ids_per_line: u32,
    /// What a new line may spend in a month, in yen.
    #[serde(deserialize_with = "within::<0, 9_999_999, _, _>")]
    pub default_line_limit_yen: u32,
    /// What a new passport ID may spend in a month, in yen, if the line has it left.
    #[serde(deserialize_with = "within::<0, 9_999_999, _, _>")]
    pub default_passport_limit_yen: u32,
    /// How customer IDs begin: three capital letters each.
    #[serde(deserialize_with = "prefixes")]
    pub customer_id_prefixes: Vec<String>,
    /// IPv4 networks whose addresses many households share; they prove no line.
    #[serde(deserialize_with = "ipv4_networks")]
    pub shared_ipv4_networks: Vec<IpNetwork>,
    /// Changes that wait for one line at most.
    #[serde(deserialize_with = "within::<1, 1000, _, _>")]
    pub queued_commands_per_line: usize,
    /// New events of a line that are worth a snapshot.
    #[serde(deserialize_with = "within::<10, 10_000, _, _>")]
    pub snapshot_every_events: u64,
    /// Seconds without a question after which a line sleeps.
    #[serde(deserialize_with = "within::<1, 86_400, _, _>")]
    pub idle_before_sleep_s: u64,
}

/// `[flow]`: how long the steps of a purchase live.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// From the pushed order to the browser's arrival, in seconds.
    #[serde(deserialize_with = "within::<5, 3600, _, _>")]
    pub pushed_order_lifetime_s: u64,
    /// From the browser's arrival to the last page, in seconds.
    #[serde(deserialize_with = "within::<60, 86_400, _, _>")]
    pub flow_lifetime_s: u64,
    /// From the way back to the exchange of the code, in seconds.
    #[serde(deserialize_with = "within::<5, 600, _, _>")]
    pub code_lifetime_s: u64,
    /// Life of an `id_token`, in seconds.
    #[serde(deserialize_with = "within::<30, 3600, _, _>")]
    pub id_token_lifetime_s: u64,
    /// Life of an `access_token`, in seconds.
    #[serde(deserialize_with = "within::<30, 3600, _, _>")]
    pub access_token_lifetime_s: u64,
    /// Flows that one browser keeps apart.
    #[serde(deserialize_with = "within::<1, 3, _, _>")]
    pub flows_per_browser: usize,
}

/// `[portal]`: the household's own pages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// A sign-in that is not used for so long is over, in seconds.
    #[serde(deserialize_with = "within::<300, 604_800, _, _>")]
    pub idle_timeout_s: u64,
    /// A sign-in lasts so long at most, in seconds.
    #[serde(deserialize_with = "within::<300, 604_800, _, _>")]
    pub session_lifetime_s: u64,
    /// How often a line may ask in an hour whether a passport ID is free.
    #[serde(deserialize_with = "within::<1, 10_000, _, _>")]
    pub name_checks_per_hour: u32,
    /// From a registration to the ID's first use, in seconds.
    #[serde(deserialize_with = "within::<0, 2_592_000, _, _>")]
    pub activation_delay_s: u64,
    /// What the menu says under NTT西日本からのお知らせ; nothing where empty.
    #[serde(deserialize_with = "line_of_text")]
    pub announcement: String,
}

/// `[billing]`: what a change of the billing number means for the contracts of a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillingConfig {
    /// Row 1: the telephone number of the contracted line changes.
    pub phone_number_changed: Continuation,
    /// Row 2: the billed number changes, same name and place.
    pub billed_number_changed: Continuation,
    /// Row 3: payment moves to the ten-digit number that begins with 00.
    pub customer_number_00: Continuation,
    /// Row 4: payment moves to フレッツ広域一括請求.
    pub bulk_billing: Continuation,
    /// Row 5: the line uses ノーリンギング通信サービス or トーキー案内.
    pub no_ringing_service: Continuation,
    /// Months from the charges to their bill, with the telephone bill.
    #[serde(deserialize_with = "within::<1, 6, _, _>")]
    pub telephone_issued_after_months: u8,
    /// The same under a customer number beginning 00.
    #[serde(deserialize_with = "within::<1, 6, _, _>")]
    pub customer_number_issued_after_months: u8,
    /// The same by the representative line.
    #[serde(deserialize_with = "within::<1, 6, _, _>")]
    pub combined_issued_after_months: u8,
    /// The same by フレッツ広域一括請求.
    #[serde(deserialize_with = "within::<1, 6, _, _>")]
    pub bulk_issued_after_months: u8,
}

/// `[retention]`: how long personal data are kept that nothing needs any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// After a line ended, was billed and paid: everything personal of it, in days.
    #[serde(deserialize_with = "within::<365, 36_500, _, _>")]
    pub ended_line_days: u32,
    /// After they were replaced, or their ID was deleted: records, applicants, hashes, in days.
    #[serde(deserialize_with = "within::<30, 36_500, _, _>")]
    pub replaced_days: u32,
    /// After a sign-in, in days.
    #[serde(deserialize_with = "within::<30, 36_500, _, _>")]
    pub sign_in_days: u32,
    /// After an inquiry, in days.
    #[serde(deserialize_with = "within::<30, 36_500, _, _>")]
    pub inquiry_days: u32,
}

/// `[contact]`: where the pages send households that need a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactConfig {
    /// The page of questions and answers.
    #[serde(deserialize_with = "optional_url", serialize_with = "write_optional_url")]
    pub support_url: Option<Url>,
    /// The desk for forgotten access keys.
    #[serde(deserialize_with = "phone")]
    pub access_key_desk_phone: String,
    /// When that desk answers, as the pages print it.
    #[serde(deserialize_with = "short_text")]
    pub access_key_desk_hours: String,
    /// The page that lists whom to ask about a payment.
    #[serde(deserialize_with = "optional_url", serialize_with = "write_optional_url")]
    pub payment_contacts_url: Option<Url>,
}

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
