//! The PROXY protocol's header, version 2 (`net::proxy_header`), beside a reading of our own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::net::proxy_header;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

const BALANCER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// The client that the header tells of, by haproxy's proxy-protocol.txt section 2.2; `None` for a
/// header that tells of nobody.
fn client(bytes: &[u8]) -> Option<IpAddr> {
    let (command, family) = (bytes[12] & 0x0f, bytes[13]);
    let body = &bytes[16..];
    let address: IpAddr = match family {
        0x11 => Ipv4Addr::from(*body.first_chunk::<4>()?).into(),
        0x21 => Ipv6Addr::from(*body.first_chunk::<16>()?).into(),
        _ => return None,
    };
    (command == 1).then(|| address.to_canonical())
}

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let reading = proxy_header::read(&mut rest, BALANCER, Duration::from_secs(60));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let Ok(peer) = runtime.expect("a runtime").block_on(reading) else { return };
    assert!(bytes.starts_with(b"\r\n\r\n\0\r\nQUIT\n"));
    let taken = bytes.len() - rest.len();
    let told = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    assert_eq!(taken, 16 + told, "the client's own bytes stay where they are");
    let expected = client(&bytes[..taken]);
    assert_eq!(peer.is_client, expected.is_some());
    assert_eq!(peer.address, expected.unwrap_or(BALANCER));
});
