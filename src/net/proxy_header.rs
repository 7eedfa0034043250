//! The PROXY protocol's header, version 2 (haproxy's `proxy-protocol.txt`, section 2.2).
//!
//! Version 1 is refused: its text has no length, and every balancer that writes it can write
//! version 2. What comes after the one header is the client's own, also if it looks like another
//! header.

use crate::security::Peer;
use ppp::v2::{Addresses, Command, Header, Protocol};
use std::{
    io::{Error, ErrorKind, Result},
    net::IpAddr,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::{Duration, timeout},
};

/// The twelve bytes that each header begins with, and version and command, family, length.
const FIXED_BYTES: usize = 16;
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The most that may follow: addresses take 36 bytes, or 216 for Unix sockets, and what balancers
/// tell beside them a few hundred.
const MOST_BYTES: usize = 2048;

/// Reads the header that a balancer sends before the client's first byte.
pub async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    balancer: IpAddr,
    patience: Duration,
) -> Result<Peer> {
    let header = timeout(patience, read_bytes(stream)).await;
    let bytes = header.map_err(|_| Error::from(ErrorKind::TimedOut))??;
    peer_of(&bytes, balancer)
}

async fn read_bytes(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>> {
    let mut bytes = vec![0; FIXED_BYTES];
    stream.read_exact(&mut bytes).await?;
    if !bytes.starts_with(SIGNATURE) {
        return Err(invalid("no PROXY header of version 2"));
    }
    let length = bytes.get(14..16).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes);
    let length = usize::from(length.unwrap_or(u16::MAX));
    if length > MOST_BYTES {
        return Err(invalid("a PROXY header that is too long"));
    }
    bytes.resize(FIXED_BYTES + length, 0);
    stream.read_exact(bytes.get_mut(FIXED_BYTES..).unwrap_or_default()).await?;
    Ok(bytes)
}

/// Whom the header tells of. LOCAL, and all that is no TCP over IP, tells of nobody.
fn peer_of(bytes: &[u8], balancer: IpAddr) -> Result<Peer> {
    let header = Header::try_from(bytes).map_err(|_| invalid("a broken PROXY header"))?;
    let client: Option<IpAddr> = match (header.command, header.protocol, header.addresses) {
        (Command::Proxy, Protocol::Stream, Addresses::IPv4(ip)) => Some(ip.source_address.into()),
        (Command::Proxy, Protocol::Stream, Addresses::IPv6(ip)) => Some(ip.source_address.into()),
        _ => None,
    };
    Ok(client.map_or_else(|| Peer::without_client(balancer), Peer::direct))
}

fn invalid(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BALANCER: &str = "10.0.0.1";

    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, body].concat()
    }

    fn v4() -> Vec<u8> {
        vec![203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xbb]
    }

    fn v6(source: &str) -> Vec<u8> {
        let source: std::net::Ipv6Addr = source.parse().unwrap();
        [&source.octets()[..], &[0; 16], &[0, 1, 0, 2]].concat()
    }

    async fn read_from(mut bytes: &[u8]) -> Option<(String, bool, usize)> {
        let balancer = BALANCER.parse().unwrap();
        let peer = read(&mut bytes, balancer, Duration::from_secs(5)).await.ok()?;
        Some((peer.address.to_string(), peer.is_client, bytes.len()))
    }

    /// security.md 53, 55
    #[actix_rt::test]
    async fn headers_and_what_they_tell() {
        let told = |address: &str, is_client| Some((address.to_owned(), is_client, 0));
        let nobody = || told(BALANCER, false);
        let table = [
            (header(0x21, 0x11, &v4()), told("203.0.113.7", true)),
            (header(0x21, 0x21, &v6("2001:db8::7")), told("2001:db8::7", true)),
            (header(0x21, 0x21, &v6("::ffff:203.0.113.7")), told("203.0.113.7", true)),
            // With what balancers tell beside the addresses.
            (header(0x21, 0x11, &[v4(), vec![0x04, 0, 1, 0]].concat()), told("203.0.113.7", true)),
            (header(0x20, 0x11, &v4()), nobody()),
            (header(0x20, 0x00, &[]), nobody()),
            (header(0x21, 0x00, &[]), nobody()),
            (header(0x21, 0x12, &v4()), nobody()),
            (header(0x21, 0x31, &[0; 216]), nobody()),
            // Broken ones.
            (header(0x11, 0x11, &v4()), None),
            (header(0x22, 0x11, &v4()), None),
            (header(0x21, 0x41, &v4()), None),
            (header(0x21, 0x11, &v4()[..11]), None),
            (header(0x21, 0x00, &[0; 2049]), None),
            (b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n".to_vec(), None),
            (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), None),
            (b"\r\n\r\n".to_vec(), None),
            (Vec::new(), None),
        ];
        for (bytes, expected) in table {
            assert_eq!(read_from(&bytes).await, expected, "{bytes:?}");
        }
    }

    #[actix_rt::test]
    async fn the_client_s_bytes_stay_where_they_are() {
        let mut bytes = header(0x21, 0x11, &v4());
        bytes.extend(header(0x21, 0x11, &v4()));
        let expected = Some(("203.0.113.7".to_owned(), true, bytes.len() / 2));
        assert_eq!(read_from(&bytes).await, expected);
    }
}
