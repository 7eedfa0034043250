//! Which addresses a webhook may go to. A provider names its address itself, so it could name one
//! inside the operator's network (security.md 45); what a name stands for is asked anew at each
//! connection, and only the addresses that were looked at are connected to.

use ipnetwork::IpNetwork;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Who may be called.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Networks that may be called though they are not public.
    pub allowed: Vec<IpNetwork>,
    /// Networks that may not though they are: the operator's own.
    pub denied: Vec<IpNetwork>,
}

impl AddressPolicy {
    /// Whether this address may be called. One of IPv4 inside IPv6 is judged as what it leads to.
    pub fn may_call(&self, address: IpAddr) -> bool {
        let leads_to = canonical(address);
        let is_in = |networks: &[IpNetwork], address| {
            networks.iter().any(|network| network.contains(address))
        };
        let is_denied = is_in(&self.denied, address) || is_in(&self.denied, leads_to);
        !is_denied && (is_in(&self.allowed, leads_to) || is_public(leads_to))
    }

    /// Whether an address of a registration may be plain http: only one that is written in digits
    /// and that the configuration allows by name.
    pub fn may_be_plain(&self, url: &str) -> bool {
        let Some(address) = Url::parse(url).ok().as_ref().and_then(literal) else { return false };
        let address = canonical(address);
        self.allowed.iter().any(|net| net.contains(address)) && self.may_call(address)
    }

    /// Whether an address of a registration is written in digits and may not be called. What a name
    /// stands for is asked at each try.
    pub fn refuses(&self, url: &str) -> bool {
        let address = Url::parse(url).ok().as_ref().and_then(literal);
        address.is_some_and(|address| !self.may_call(address))
    }
}

/// The address that a URL writes in digits.
pub fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// The address that a packet ends at: an IPv4 address that IPv6 carries is that.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match v6.segments() {
        // NAT64 (RFC 6052 section 2.1) and 6to4 (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => v4(high, low).into(),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|(net, prefix)| within_v4(v4, *net, *prefix)),
        // Only 2000::/3 was ever given out.
        IpAddr::V6(v6) => {
            within_v6(v6, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !NOT_PUBLIC_V6.iter().any(|(net, prefix)| within_v6(v6, *net, *prefix))
        }
    }
}

/// The IANA registry of special-purpose IPv4 addresses (RFC 6890), multicast and what is reserved.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Of `2000::/3`, what the IANA registry keeps for itself: protocols with Teredo and ORCHID among
/// them, and documentation.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn within_v4(address: Ipv4Addr, net: Ipv4Addr, prefix: u32) -> bool {
    (u32::from(address) ^ u32::from(net)) >> (32 - prefix) == 0
}

fn within_v6(address: Ipv6Addr, net: Ipv6Addr, prefix: u32) -> bool {
    (u128::from(address) ^ u128::from(net)) >> (128 - prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_call(policy: &AddressPolicy, address: &str) -> bool {
        policy.may_call(address.parse().expect(address))
    }

    #[test]
    fn no_address_inside_a_network_is_called_security_45() {
        let policy = AddressPolicy::default();
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2002:7f00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "100::1",
            "4000::1",
        ] {
            assert!(!may_call(&policy, address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.15.255.255",
            "172.32.0.1",
            "198.17.255.255",
            "223.255.255.255",
            "2600::1",
            "2400:cb00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert!(may_call(&policy, address), "{address}");
        }
    }

    #[test]
    fn configuration_allows_and_denies_and_denial_stands() {
        let networks = |texts: &[&str]| {
            texts.iter().map(|text| text.parse().expect("a network")).collect::<Vec<_>>()
        };
        let policy = AddressPolicy {
            allowed: networks(&["10.1.0.0/16", "127.0.0.1/32"]),
            denied: networks(&["10.1.2.0/24", "198.51.99.0/24", "64:ff9b::/96"]),
        };
        for (address, may) in [
            ("10.1.0.1", true),
            ("::ffff:10.1.0.1", true),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.2.0.1", false),
            ("10.1.2.3", false),
            ("::ffff:10.1.2.3", false),
            ("198.51.99.1", false),
            ("1.1.1.1", true),
            ("64:ff9b::101:101", false),
        ] {
            assert_eq!(may_call(&policy, address), may, "{address}");
        }
        for (url, may) in [
            ("http://127.0.0.1:9/webhook", true),
            ("http://10.1.0.9/", true),
            ("http://10.1.2.3/", false),
            ("http://1.1.1.1/", false),
            ("http://localhost/", false),
            ("http://shop.example/", false),
            ("nonsense", false),
        ] {
            assert_eq!(policy.may_be_plain(url), may, "{url}");
        }
        for (url, refused) in [
            ("https://127.0.0.1/", false),
            ("https://127.0.0.2/", true),
            ("https://[::1]/", true),
            ("https://[::ffff:10.2.0.1]/", true),
            ("https://0x7f.2/", true),
            ("https://2130706434/", true),
            ("https://shop.example/", false),
        ] {
            assert_eq!(policy.refuses(url), refused, "{url}");
        }
    }
}
