//! The sections of what a household meets: its line, a purchase, its own pages, its bill, whom to ask.

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::network::ipv4_networks;
use crate::config::value::{
    Continuation, line_of_text, optional_url, phone, prefixes, short_text, within,
    write_optional_url,
};

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
