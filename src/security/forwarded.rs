//! Whose request it is behind proxies: the peer, or whom a trusted proxy names in
//! `X-Forwarded-For` (security.md 51, 52, 55).
//!
//! `Forwarded`, `X-Real-IP`, `True-Client-IP` and `CF-Connecting-IP` are never looked at: a proxy
//! that sets one of them leaves the others as the client sent them.

use std::net::{IpAddr, SocketAddr};

use ipnetwork::IpNetwork;

use super::source::Source;

/// The other end of a connection: its own address, or the one that a PROXY header told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The address.
    pub address: IpAddr,
    /// Whether it is a client's own: not so where the balancer speaks for itself, or tells of no
    /// client (PROXY protocol 2.2, LOCAL and UNSPEC).
    pub is_client: bool,
}

impl Peer {
    /// The other end of a TCP connection.
    pub fn direct(address: IpAddr) -> Self {
        Self { address: address.to_canonical(), is_client: true }
    }

    /// A balancer's connection that tells of no client.
    pub fn without_client(address: IpAddr) -> Self {
        Self { address: address.to_canonical(), is_client: false }
    }
}

/// Where a request comes from, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// By this address throttles count and the log names the request.
    pub source: Source,
    /// Whether the address may prove an access line.
    pub proves_line: bool,
}

/// Which proxies are believed, and which addresses many households share.
#[derive(Debug, Clone, Default)]
pub struct SourcePolicy {
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNetwork>,
    /// IPv4 networks behind DS-Lite or MAP-E (RFC 6333, RFC 7597): one address, many households,
    /// so that it proves no line (security.md 58).
    pub shared_ipv4_networks: Vec<IpNetwork>,
}

impl SourcePolicy {
    /// Whose request it is, from the peer and all `X-Forwarded-For` headers in their order.
    ///
    /// From a peer that is not trusted the headers mean nothing. From a trusted one the rightmost
    /// hop that is not trusted itself made the request: what stands left of it, anybody may have
    /// written. Where an entry is no address, or no hop is left, no line is proved; the throttles
    /// then count by the last hop that is sure.
    pub fn see<'a>(&self, peer: Peer, forwarded: impl Iterator<Item = &'a [u8]>) -> Seen {
        if !peer.is_client {
            return Seen { source: Source::new(peer.address), proves_line: false };
        }
        if !contains(&self.trusted_proxies, peer.address) {
            return self.seen(peer.address, true);
        }
        let hops: Vec<Option<IpAddr>> =
            forwarded.flat_map(|value| value.split(|byte| *byte == b',')).map(hop).collect();
        let all_are_addresses = hops.iter().all(Option::is_some);
        let client = hops.into_iter().rev().map_while(|hop| hop);
        match client.into_iter().find(|hop| !contains(&self.trusted_proxies, *hop)) {
            Some(client) => self.seen(client, all_are_addresses),
            None => self.seen(peer.address, false),
        }
    }

    fn seen(&self, address: IpAddr, is_sure: bool) -> Seen {
        let shared = contains(&self.shared_ipv4_networks, address.to_canonical());
        Seen { source: Source::new(address), proves_line: is_sure && !shared }
    }
}

fn contains(networks: &[IpNetwork], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// One entry: an address, as some proxies write it with its port or in brackets, and without the
/// zone of a link-local one.
fn hop(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let zoned = plain.split_once('%').filter(|(address, _)| address.contains(':'));
    let plain = zoned.map_or(plain, |(address, _)| address);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> SourcePolicy {
        let networks = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        SourcePolicy {
            trusted_proxies: networks(&["10.0.0.0/8", "2001:db8:ffff::/48"]),
            shared_ipv4_networks: networks(&["192.0.2.0/24"]),
        }
    }

    fn see(peer: &str, headers: &[&str]) -> (String, bool) {
        let peer = Peer::direct(peer.parse().unwrap());
        let seen = policy().see(peer, headers.iter().map(|value| value.as_bytes()));
        (seen.source.to_string(), seen.proves_line)
    }

    /// security.md 51, 55, 58
    #[test]
    fn the_rightmost_untrusted_hop_wins() {
        let table: &[(&str, &[&str], &str, bool)] = &[
            // Nobody is believed who is not trusted.
            ("203.0.113.7", &[], "203.0.113.7", true),
            ("203.0.113.7", &["198.51.100.1"], "203.0.113.7", true),
            ("203.0.113.7", &["rubbish"], "203.0.113.7", true),
            // A trusted proxy appends: what the client wrote stands to the left.
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1", true),
            ("10.0.0.1", &["203.0.113.7, 198.51.100.1"], "198.51.100.1", true),
            ("10.0.0.1", &["203.0.113.7", "198.51.100.1"], "198.51.100.1", true),
            ("10.0.0.1", &["203.0.113.7", "198.51.100.1, 10.0.0.2"], "198.51.100.1", true),
            ("10.0.0.1", &["198.51.100.1,10.0.0.3", "2001:db8:ffff::2"], "198.51.100.1", true),
            ("2001:db8:ffff::1", &["2001:db8:1::9"], "2001:db8:1::9", true),
            // Spellings.
            ("::ffff:10.0.0.1", &["::FFFF:198.51.100.1"], "198.51.100.1", true),
            ("10.0.0.1", &[" 2001:0DB8:0001::0009\t"], "2001:db8:1::9", true),
            ("10.0.0.1", &["[2001:db8:1::9]"], "2001:db8:1::9", true),
            ("10.0.0.1", &["[2001:db8:1::9]:443"], "2001:db8:1::9", true),
            ("10.0.0.1", &["198.51.100.1:5000"], "198.51.100.1", true),
            ("10.0.0.1", &["fe80::1%eth0"], "fe80::1", true),
            // Rubbish proves nothing, wherever it stands.
            ("10.0.0.1", &["rubbish"], "10.0.0.1", false),
            ("10.0.0.1", &[""], "10.0.0.1", false),
            ("10.0.0.1", &["198.51.100.1,"], "10.0.0.1", false),
            ("10.0.0.1", &["198.51.100.1", "rubbish"], "10.0.0.1", false),
            ("10.0.0.1", &["rubbish, 198.51.100.1"], "198.51.100.1", false),
            ("10.0.0.1", &["198.051.100.001"], "10.0.0.1", false),
            ("10.0.0.1", &["198.51.100.1%eth0"], "10.0.0.1", false),
            // A trusted proxy that tells of nobody proves nothing of its own.
            ("10.0.0.1", &[], "10.0.0.1", false),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.1", false),
            // An address that households share.
            ("192.0.2.1", &[], "192.0.2.1", false),
            ("::ffff:192.0.2.1", &[], "192.0.2.1", false),
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1", false),
        ];
        for (peer, headers, source, proves) in table {
            let expected = ((*source).to_owned(), *proves);
            assert_eq!(see(peer, headers), expected, "{peer} {headers:?}");
        }
    }

    /// security.md 53
    #[test]
    fn a_balancer_that_tells_of_no_client_proves_nothing() {
        let peer = Peer::without_client("203.0.113.7".parse().unwrap());
        let seen = policy().see(peer, [&b"198.51.100.1"[..]].into_iter());
        assert_eq!((seen.source.to_string(), seen.proves_line), ("203.0.113.7".to_owned(), false));
    }
}
