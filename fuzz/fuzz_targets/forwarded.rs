//! `X-Forwarded-For` (`security::forwarded`): one header a line, the first byte says from whom.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::security::{Peer, SourcePolicy};
use std::net::IpAddr;

fuzz_target!(|bytes: &[u8]| {
    let Some((peer, headers)) = bytes.split_first() else { return };
    let policy = SourcePolicy {
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
        shared_ipv4_networks: vec!["192.0.2.0/24".parse().expect("a network")],
    };
    let trusted = |address: &IpAddr| policy.trusted_proxies[0].contains(*address);
    let shared = |address: &IpAddr| policy.shared_ipv4_networks[0].contains(*address);
    let address: IpAddr = ["10.1.1.1", "203.0.113.7", "::ffff:10.1.1.1", "192.0.2.1"]
        [usize::from(*peer) % 4]
        .parse()
        .expect("an address");
    let lines = || headers.split(|byte| *byte == b'\n');
    let seen = policy.see(Peer::direct(address), lines());
    let (peer, source) = (address.to_canonical(), seen.source.address());
    assert_eq!(source, source.to_canonical());
    assert!(!(seen.proves_line && shared(&source)), "shared by many households");
    if !trusted(&peer) {
        assert_eq!(source, peer, "a header of somebody unknown was believed");
        return;
    }
    assert!(!(seen.proves_line && trusted(&source)), "a proxy is no household");
    // Nothing that stands left of the last hop changes who it is, except that it is sure.
    let before = [b"198.51.100.1, junk,".as_slice(), headers].concat();
    let longer = policy.see(Peer::direct(address), before.split(|byte| *byte == b'\n'));
    if seen.proves_line {
        assert_eq!(longer.source, seen.source);
    }
    assert!(!longer.proves_line, "with an entry that is no address nothing is sure");
    // A balancer that speaks for itself tells of nobody.
    let own = policy.see(Peer::without_client(address), lines());
    assert!(!own.proves_line && own.source.address() == peer);
});
