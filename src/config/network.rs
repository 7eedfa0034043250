//! Addresses and networks as values of keys.

use std::net::SocketAddr;

use ipnetwork::{IpNetwork, Ipv4Network};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serializer};

use super::value::{refused, text};

/// The widest network of a list. A wider one is more often a slip than a network of one's own, and
/// `0.0.0.0/0` would believe everybody.
const WIDEST_PREFIX: u8 = 8;

/// An IP address and a port.
pub(super) fn socket<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    const ALLOWED: &str = "an IP address and a port, such as 127.0.0.1:8480 or [::]:443";
    let value = text(input, ALLOWED)?;
    value.parse().map_err(|_| refused(&value, ALLOWED))
}

/// An IP address and a port, or nothing for an empty text.
pub(super) fn optional_socket<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<SocketAddr>, D::Error> {
    const ALLOWED: &str = "an IP address and a port, such as [::]:8443, or \"\" for none";
    let value = text(input, ALLOWED)?;
    if value.is_empty() {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|_| refused(&value, ALLOWED))
}

/// Writes what [`optional_socket`] reads.
#[allow(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn write_optional_socket<S: Serializer>(
    address: &Option<SocketAddr>,
    output: S,
) -> Result<S::Ok, S::Error> {
    output.serialize_str(&address.map_or_else(String::new, |address| address.to_string()))
}

/// Networks that are trusted (security.md 54).
pub(super) fn networks<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<IpNetwork>, D::Error> {
    const ALLOWED: &str = "a list of IP addresses and networks without bits past the prefix, /8 \
                           at the widest, such as [\"10.1.0.0/16\", \"2001:db8::1\"]";
    list(input, ALLOWED, |_| true)
}

/// IPv4 networks.
pub(super) fn ipv4_networks<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Vec<IpNetwork>, D::Error> {
    const ALLOWED: &str = "a list of IPv4 addresses and networks without bits past the prefix, /8 \
                           at the widest, such as [\"192.0.2.0/24\"]";
    list(input, ALLOWED, IpNetwork::is_ipv4)
}

fn list<'de, D: Deserializer<'de>>(
    input: D,
    allowed: &'static str,
    fits: impl Fn(&IpNetwork) -> bool,
) -> Result<Vec<IpNetwork>, D::Error> {
    let texts = Vec::<String>::deserialize(input)
        .map_err(|_| D::Error::invalid_value(Unexpected::Other("this value"), &allowed))?;
    let network = |text: &String| {
        network(text).filter(|network| fits(network)).ok_or_else(|| refused(text, allowed))
    };
    texts.iter().map(network).collect()
}

/// A network in its canonical form: one of IPv4 addresses mapped into IPv6 is the IPv4 network,
/// since the addresses that it is compared with are canonical too (security.md 55).
fn network(text: &str) -> Option<IpNetwork> {
    let network: IpNetwork = text.parse().ok()?;
    let network = match network {
        IpNetwork::V6(v6) => match (v6.ip().to_ipv4_mapped(), v6.prefix().checked_sub(96)) {
            (Some(v4), Some(prefix)) => IpNetwork::V4(Ipv4Network::new(v4, prefix).ok()?),
            _ => network,
        },
        IpNetwork::V4(_) => network,
    };
    (network.prefix() >= WIDEST_PREFIX && network.network() == network.ip()).then_some(network)
}
