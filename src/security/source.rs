//! A client's address, and which addresses count as one household or one neighbourhood.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

/// The address that a request came from, in one canonical form: an IPv4 address that a
/// dual-stack socket shows as `::ffff:a.b.c.d` is `a.b.c.d` (security.md 55).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(IpAddr);

impl Source {
    /// The canonical source of an address.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The canonical address.
    pub fn address(&self) -> IpAddr {
        self.0
    }

    /// The smallest network that one household surely holds, which failures are counted by: /64
    /// for IPv6 (its privacy addresses change at will), /32 for IPv4.
    pub fn throttle_prefix(&self) -> IpNetwork {
        self.prefix(64, 32)
    }

    /// The network that one attacker may hold, which sprays are counted by: /48 for IPv6, /24 for
    /// IPv4.
    pub fn aggregate_prefix(&self) -> IpNetwork {
        self.prefix(48, 24)
    }

    pub(super) fn prefix(&self, v6_bits: u8, v4_bits: u8) -> IpNetwork {
        let bits = if self.0.is_ipv6() { v6_bits } else { v4_bits };
        let exact = IpNetwork::new(self.0, bits).expect("the prefix fits its address family");
        // `IpNetwork` keeps the host's bits; without them equal networks are equal keys.
        IpNetwork::new(exact.network(), bits).expect("the prefix fits its address family")
    }
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self::new(address)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new(text.parse().expect("an address"))
    }

    #[test]
    fn prefixes_of_both_families() {
        let cases = [
            ("203.0.113.7", "203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
            // security.md 55
            ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
            ("::FFFF:CB00:7107", "203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
            (
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1:2::/64",
                "2001:db8:1::/48",
            ),
            ("2001:0DB8:0001:0002::9", "2001:db8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
            ("::1", "::1", "::/64", "::/48"),
        ];
        for (given, shown, throttle, aggregate) in cases {
            let source = source(given);
            assert_eq!(source.to_string(), shown);
            assert_eq!(source.throttle_prefix().to_string(), throttle, "{given}");
            assert_eq!(source.aggregate_prefix().to_string(), aggregate, "{given}");
        }
    }

    #[test]
    fn privacy_addresses_share_a_key_and_neighbours_do_not() {
        // security.md 56
        let key = |text: &str| source(text).throttle_prefix();
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("203.0.113.7"), key("203.0.113.8"));
    }
}
