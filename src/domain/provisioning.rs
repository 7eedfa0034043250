//! What the carrier gives of its lines: a row of an import, the prefixes that are a line's
//! own, and how a row that is given again differs from the line that stands.
//!
//! What a row leaves out is not touched: a file of two columns changes what these two say.

use super::{
    calendar::Day,
    field::{FieldFault, MailAddress, PhoneNumber, name_as_typed},
    ids::CustomerId,
    line::{Line, LineService, event::BillingRoute},
    yen::Yen,
};
use ipnetwork::IpNetwork;
use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

/// The names of a row's fields: the header of a CSV file, and the keys of a JSON line.
pub const COLUMNS: &[&str] = &[
    "customer_id",
    "service",
    "billing",
    "line_limit_yen",
    "networks",
    "access_key",
    "access_key_hash",
    "order",
    "construction_date",
    "start_date",
    "contractor",
    "applicant",
    "phone",
    "contact_phone",
    "place",
    "mail",
    "billing_number",
    "billing_address",
];

/// The most prefixes of one line: an IPv6 and an IPv4 one as a rule.
pub const MOST_NETWORKS: usize = 16;
/// The highest limit of a line: what a form of limits takes.
pub const MOST_LINE_LIMIT_YEN: u64 = 9_999_999;

const LONGEST_TEXT: usize = 100;
const LONGEST_ADDRESS: usize = 200;
const ACCESS_KEY_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
const LONGEST_HASH: usize = 256;

/// A row's field that cannot be taken. Never tells what was in it: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{column}: {allowed}")]
pub struct RowFault {
    /// Its name.
    pub column: String,
    /// What is allowed.
    pub allowed: String,
}

impl RowFault {
    /// A fault of this column.
    pub fn new(column: &str, allowed: impl Into<String>) -> Self {
        Self { column: column.to_owned(), allowed: allowed.into() }
    }
}

/// A row, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct LineRow {
    /// お客さまID.
    pub customer: CustomerId,
    /// Which access service.
    pub service: Option<LineService>,
    /// How its bill is paid.
    pub billing: Option<BillingRoute>,
    /// Its limit a month.
    pub line_limit: Option<Yen>,
    /// Its own prefixes, all of them, in order.
    pub networks: Option<Vec<IpNetwork>>,
    /// What the row gives of the record of 開通のご案内, by the names of the columns.
    pub record: BTreeMap<String, String>,
    /// The access key or its hash.
    pub access_key: Option<GivenKey>,
}

impl fmt::Debug for LineRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineRow").field("customer", &self.customer).finish_non_exhaustive()
    }
}

/// An access key as a row gives it.
#[derive(Clone, PartialEq, Eq)]
pub enum GivenKey {
    /// The key itself.
    Plain(String),
    /// A PHC string; whether it can be verified at a bearable cost only who hashes can tell.
    Hash(String),
}

/// What a line needs besides its customer ID to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// Which access service.
    pub service: LineService,
    /// Its limit a month.
    pub line_limit: Yen,
}

/// How a row differs from the line that stands, but for its access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Differences {
    /// The whole record as it is to be.
    pub record: Option<BTreeMap<String, String>>,
    /// How the bill is to be paid.
    pub billing: Option<BillingRoute>,
    /// The limit that is to be.
    pub line_limit: Option<Yen>,
    /// The prefixes that are to be.
    pub networks: Option<Vec<IpNetwork>>,
}

impl LineRow {
    /// Reads a row of fields by name. An empty field is one that is not given.
    pub fn parse(mut fields: BTreeMap<String, String>) -> Result<Self, RowFault> {
        fields.retain(|_, value| !value.trim().is_empty());
        if let Some(unknown) = fields.keys().find(|name| !COLUMNS.contains(&name.as_str())) {
            return Err(unknown_column(unknown, COLUMNS));
        }
        let mut take = |column: &str| fields.remove(column);
        let customer = take("customer_id").ok_or_else(|| missing("customer_id"))?;
        let customer = customer.trim().parse().map_err(|_| {
            RowFault::new("customer_id", "must be three capital letters and ten digits")
        })?;
        let service = take("service").map(|text| service(&text)).transpose()?;
        let billing = take("billing").map(|text| billing(&text)).transpose()?;
        let line_limit = take("line_limit_yen").map(|text| line_limit(&text)).transpose()?;
        let networks = take("networks").map(|text| networks(&text)).transpose();
        let networks = networks.map_err(|fault| RowFault::new("networks", fault.to_string()))?;
        let access_key = given_key(take("access_key"), take("access_key_hash"))?;
        let mut record = BTreeMap::new();
        for (column, value) in fields {
            let checked = record_field(&column, &value)?;
            record.insert(column, checked);
        }
        Ok(Self { customer, service, billing, line_limit, networks, record, access_key })
    }

    /// What opening the line needs; a row for an open line may leave it out.
    pub fn needed_to_open(&self) -> Result<Needed, RowFault> {
        if self.access_key.is_none() {
            let allowed = "must be given for a new line, or access_key_hash";
            return Err(RowFault::new("access_key", allowed));
        }
        let new = |column| RowFault::new(column, "must be given for a new line");
        Ok(Needed {
            service: self.service.ok_or_else(|| new("service"))?,
            line_limit: self.line_limit.ok_or_else(|| new("line_limit_yen"))?,
        })
    }

    /// How it differs from an open line and its record.
    pub fn differences(&self, line: &Line, record: &BTreeMap<String, String>) -> Differences {
        let mut wanted = record.clone();
        wanted.extend(self.record.clone());
        let networks = self.networks.clone();
        Differences {
            record: (wanted != *record).then_some(wanted),
            billing: self.billing.filter(|billing| *billing != line.billing),
            line_limit: self.line_limit.filter(|limit| *limit != line.line_limit),
            networks: networks.filter(|networks| !is_same_set(networks, &line.networks)),
        }
    }
}

/// Whether both hold the same prefixes, in whatever order.
pub fn is_same_set(one: &[IpNetwork], other: &[IpNetwork]) -> bool {
    one.len() == other.len() && one.iter().all(|network| other.contains(network))
}

/// A column that no row has.
pub fn unknown_column(name: &str, columns: &[&str]) -> RowFault {
    // What stands where a name should may be anything, a line of the file included.
    let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    RowFault { column: name, allowed: format!("is no column; wanted are {}", columns.join(", ")) }
}

fn missing(column: &str) -> RowFault {
    RowFault::new(column, "must be given")
}

fn service(text: &str) -> Result<LineService, RowFault> {
    Ok(match text.trim() {
        "hikari_next" => LineService::HikariNext,
        "hikari_light" => LineService::HikariLight,
        "hikari_premium" => LineService::HikariPremium,
        "b_flets" => LineService::BFlets,
        "flets_adsl" => LineService::FletsAdsl,
        "flets_isdn" => LineService::FletsIsdn,
        _ => {
            let allowed = "must be hikari_next, hikari_light, hikari_premium, b_flets, \
                           flets_adsl or flets_isdn";
            return Err(RowFault::new("service", allowed));
        }
    })
}

fn billing(text: &str) -> Result<BillingRoute, RowFault> {
    Ok(match text.trim() {
        "telephone" => BillingRoute::Telephone,
        "customer_number" => BillingRoute::CustomerNumber,
        "combined" => BillingRoute::Combined,
        "bulk" => BillingRoute::Bulk,
        _ => {
            let allowed = "must be telephone, customer_number, combined or bulk";
            return Err(RowFault::new("billing", allowed));
        }
    })
}

fn line_limit(text: &str) -> Result<Yen, RowFault> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let yen = text.parse().ok().filter(|yen| digits && *yen <= MOST_LINE_LIMIT_YEN);
    yen.map(Yen::new).ok_or_else(|| {
        RowFault::new("line_limit_yen", format!("must be 0 to {MOST_LINE_LIMIT_YEN} in digits"))
    })
}

/// the sample has 8 digits; what another service calls アクセスパスワード may be longer.
fn given_key(plain: Option<String>, hash: Option<String>) -> Result<Option<GivenKey>, RowFault> {
    match (plain, hash) {
        (Some(_), Some(_)) => {
            Err(RowFault::new("access_key", "cannot stand beside access_key_hash"))
        }
        (Some(plain), None) => {
            let fits = ACCESS_KEY_LENGTHS.contains(&plain.len())
                && plain.bytes().all(|byte| byte.is_ascii_graphic());
            let allowed = "must be 8 to 64 half-width letters, digits and signs";
            fits.then_some(Some(GivenKey::Plain(plain)))
                .ok_or_else(|| RowFault::new("access_key", allowed))
        }
        (None, Some(hash)) => {
            let hash = hash.trim();
            let fits = hash.len() <= LONGEST_HASH && hash.starts_with("$argon2id$");
            let allowed = "must be an Argon2id PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash";
            fits.then(|| Some(GivenKey::Hash(hash.to_owned())))
                .ok_or_else(|| RowFault::new("access_key_hash", allowed))
        }
        (None, None) => Ok(None),
    }
}

fn record_field(column: &str, value: &str) -> Result<String, RowFault> {
    let text = |longest: usize| {
        let fault = |_| {
            RowFault::new(
                column,
                format!("must be 1 to {longest} characters on one line without bidi formatting"),
            )
        };
        name_as_typed(value, longest).map_err(fault)
    };
    match column {
        "construction_date" | "start_date" => {
            let day = value.trim().parse::<Day>();
            day.map(|day| day.to_string())
                .map_err(|_| RowFault::new(column, "must be a day such as 2026-12-01"))
        }
        //
        "phone" | "contact_phone" => {
            let phone = PhoneNumber::parse(value);
            phone.map(|phone| phone.as_str().to_owned()).map_err(|_| {
                RowFault::new(column, "must be 10 or 11 digits, the first a 0, with hyphens or not")
            })
        }
        //
        "mail" => {
            let mail = MailAddress::parse(value);
            let allowed = |fault: FieldFault| match fault {
                FieldFault::TooLong { longest } => {
                    format!("must have at most {longest} characters")
                }
                _ => "must be an address such as tarou@example.jp".to_owned(),
            };
            mail.map(|mail| mail.as_str().to_owned())
                .map_err(|fault| RowFault::new(column, allowed(fault)))
        }
        // A telephone number, or a customer number of ten digits.
        "billing_number" => {
            let number: String = value.trim().chars().filter(|c| *c != '-').collect();
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            let fits = digits && (4..=15).contains(&number.len());
            fits.then_some(number)
                .ok_or_else(|| RowFault::new(column, "must be 4 to 15 digits, with hyphens or not"))
        }
        "place" | "billing_address" => text(LONGEST_ADDRESS),
        _ => text(LONGEST_TEXT),
    }
}

/// Why prefixes cannot be a line's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkFault {
    /// No prefix.
    #[error("{0} is no address prefix such as 2001:db8::/56 or 203.0.113.5/32")]
    Form(String),
    /// Its bits behind the prefix's length are not zero: one of the two is a slip.
    #[error("{given} has bits behind its length; did you mean {meant}?")]
    HostBits {
        /// As given.
        given: String,
        /// The prefix that holds it.
        meant: IpNetwork,
    },
    /// Wider than one household's.
    #[error("{0} is wider than a household's: at most /24 in IPv4, /48 in IPv6")]
    TooWide(IpNetwork),
    /// No household's address.
    #[error("{0} is no household's address")]
    NoHousehold(IpNetwork),
    /// Two that share addresses.
    #[error("{0} and {1} share addresses")]
    Overlapping(IpNetwork, IpNetwork),
    /// More than a line has.
    #[error("at most {MOST_NETWORKS} prefixes")]
    TooMany,
}

/// Reads prefixes with commas, semicolons or spaces between them. An IPv4 address mapped
/// into IPv6 is the IPv4 address (security.md 55); an address alone is a prefix of itself.
pub fn networks(text: &str) -> Result<Vec<IpNetwork>, NetworkFault> {
    let parts = text.split([',', ';', ' ', '\t']).map(str::trim).filter(|part| !part.is_empty());
    let mut networks = parts.map(network).collect::<Result<Vec<_>, _>>()?;
    networks.sort_unstable();
    networks.dedup();
    if networks.len() > MOST_NETWORKS {
        return Err(NetworkFault::TooMany);
    }
    for (index, one) in networks.iter().enumerate() {
        if let Some(other) = networks[index + 1..].iter().find(|other| overlap(*one, **other)) {
            return Err(NetworkFault::Overlapping(*one, *other));
        }
    }
    Ok(networks)
}

/// Whether two prefixes share addresses: one holds the other.
pub fn overlap(one: IpNetwork, other: IpNetwork) -> bool {
    let (wide, narrow) = if one.prefix() <= other.prefix() { (one, other) } else { (other, one) };
    wide.contains(narrow.network())
}

fn network(text: &str) -> Result<IpNetwork, NetworkFault> {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(50).collect();
    let given: IpNetwork = text.parse().map_err(|_| NetworkFault::Form(shown.clone()))?;
    let given = unmapped(given).ok_or_else(|| NetworkFault::Form(shown.clone()))?;
    let masked = IpNetwork::new(given.network(), given.prefix());
    let masked = masked.map_err(|_| NetworkFault::Form(shown.clone()))?;
    if masked.ip() != given.ip() {
        return Err(NetworkFault::HostBits { given: shown, meant: masked });
    }
    let (widest, address) = (if given.is_ipv4() { 24 } else { 48 }, given.ip());
    if masked.prefix() < widest {
        return Err(NetworkFault::TooWide(masked));
    }
    let broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    if address.is_multicast() || address.is_unspecified() || broadcast {
        return Err(NetworkFault::NoHousehold(masked));
    }
    Ok(masked)
}

/// The IPv4 prefix of one that was mapped into IPv6.
fn unmapped(network: IpNetwork) -> Option<IpNetwork> {
    let IpNetwork::V6(v6) = network else { return Some(network) };
    let Some(v4) = v6.ip().to_ipv4_mapped() else { return Some(network) };
    IpNetwork::new(v4.into(), v6.prefix().checked_sub(96)?).ok()
}

#[cfg(test)]
#[path = "provisioning_tests.rs"]
mod tests;
