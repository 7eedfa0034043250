//! Streams, and the keys of every kind of row: one tree, keys by prefix.
//!
//! | key | row |
//! |---|---|
//! | `e/<stream>/<seq>` | events of one decision |
//! | `s/<stream>/<seq>` | snapshot, a shortcut that can be made anew |
//! | `n/<keyed hash>` | passport ID's string → line and number |
//! | `o/<provider>/<reference>` | order → line, sequence number |
//! | `w/<family, address, length>` | address prefix → line |
//! | `p/<customer>/<row>` | personal row |
//! | `b/<shard>/<number>` | block |
//! | `c/<name>` | a follower's cursor |
//! | `i/<month>/<customer>/<part>` | part of a closed month's bill → sequence number |
//! | `r/<receipt number>` | purchase or cancellation → provider, line, sequence number |
//! | `r/<receipt number>/end` | the end of the contract that this purchase opened → the same |
//! | `k/<kid>` | wrapped key |
//! | `h/<provider>/<epoch>` | how far a provider's webhooks are, since they were last stopped |
//! | `m/<shelf><time>/<mail>` | a mail that waits or is parked, by when it is due or was parked |
//!
//! Numbers are big-endian, so that byte order is their order.

use super::{
    batch::{BillPlace, ReceiptKey, Reservation},
    mail::{MailPlace, Shelf},
};
use crate::domain::{
    calendar::{Instant, Month},
    ids::{CustomerId, NotAnId, ProviderId},
};
use ipnetwork::IpNetwork;
use std::{fmt, net::IpAddr, str::FromStr};

/// A stream of events: a line, a provider, or the system itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// An access line.
    Line(CustomerId),
    /// A service provider.
    Provider(ProviderId),
    /// Linepass as a whole.
    System,
}

/// The longest text of a stream: `@` and a provider ID of 23 characters.
pub const LONGEST_STREAM: usize = 24;

const SYSTEM: &str = "!system";

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(customer) => f.write_str(customer.as_str()),
            Self::Provider(provider) => write!(f, "@{provider}"),
            Self::System => f.write_str(SYSTEM),
        }
    }
}

impl FromStr for Stream {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.strip_prefix('@') {
            Some(provider) => provider.parse().map(Self::Provider),
            None if text == SYSTEM => Ok(Self::System),
            None => text.parse().map(Self::Line),
        }
    }
}

/// The one shard of a single-node store; blocks and cursors are numbered for each shard.
pub const SHARD: u32 = 0;

/// The prefix of a stream's event rows.
pub fn events_of(stream: &Stream) -> Vec<u8> {
    format!("e/{stream}/").into_bytes()
}

/// An event row.
pub fn event(stream: &Stream, seq: u64) -> Vec<u8> {
    let mut key = events_of(stream);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// The prefix of a stream's snapshots.
pub fn snapshots_of(stream: &Stream) -> Vec<u8> {
    format!("s/{stream}/").into_bytes()
}

/// The snapshot of a stream after this event row.
pub fn snapshot(stream: &Stream, seq: u64) -> Vec<u8> {
    let mut key = snapshots_of(stream);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// Which streams a scan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Access lines, by customer ID.
    Lines,
    /// Service providers.
    Providers,
}

impl StreamKind {
    /// The keys before the first of their event rows and after the last.
    pub const fn bounds(self) -> (&'static [u8], &'static [u8]) {
        match self {
            // Customer IDs begin with a capital letter; `@` stands before `A`, and `[` after `Z`.
            Self::Lines => (b"e/A", b"e/["),
            Self::Providers => (b"e/@", b"e/A"),
        }
    }
}
/// The stream and the event row that a snapshot's key names.
pub fn place_of_snapshot(key: &[u8]) -> Option<(Stream, u64)> {
    let (stream, seq) = key.strip_prefix(b"s/")?.split_last_chunk::<8>()?;
    let stream = std::str::from_utf8(stream.strip_suffix(b"/")?).ok()?.parse().ok()?;
    Some((stream, u64::from_be_bytes(*seq)))
}

/// The stream of an event row's key.
pub fn stream_of_event(key: &[u8]) -> Option<Stream> {
    let (stream, _) = key.strip_prefix(b"e/")?.split_last_chunk::<8>()?;
    std::str::from_utf8(stream.strip_suffix(b"/")?).ok()?.parse().ok()
}

/// The sequence number at the end of an event row's key.
pub fn seq_of_event(key: &[u8]) -> Option<u64> {
    key.last_chunk().copied().map(u64::from_be_bytes)
}

/// A reservation's row.
pub fn reservation(reservation: &Reservation) -> Vec<u8> {
    match reservation {
        Reservation::PassportName(hash) => [b"n/", hash.as_slice()].concat(),
        Reservation::Order { provider, reference } => {
            format!("o/{provider}/{reference}").into_bytes()
        }
        Reservation::Network(network) => network_key(network),
    }
}

fn network_key(network: &IpNetwork) -> Vec<u8> {
    let mut key = b"w/".to_vec();
    match network {
        IpNetwork::V4(v4) => {
            key.push(b'4');
            key.extend_from_slice(&v4.network().octets());
        }
        IpNetwork::V6(v6) => {
            key.push(b'6');
            key.extend_from_slice(&v6.network().octets());
        }
    }
    key.push(network.prefix());
    key
}

/// The prefix that a key of a reservation names.
pub fn network_of_key(key: &[u8]) -> Option<IpNetwork> {
    let (family, rest) = key.strip_prefix(b"w/")?.split_first()?;
    let (length, address) = rest.split_last()?;
    let address: IpAddr = match family {
        b'4' => <[u8; 4]>::try_from(address).ok()?.into(),
        b'6' => <[u8; 16]>::try_from(address).ok()?.into(),
        _ => return None,
    };
    IpNetwork::new(address, *length).ok()
}

/// The keys of the prefix itself and of every wider one that holds it.
pub fn networks_around(network: &IpNetwork) -> impl Iterator<Item = Vec<u8>> {
    let address = network.ip();
    (0..=network.prefix())
        .filter_map(move |length| IpNetwork::new(address, length).ok())
        .map(|wider| network_key(&wider))
}

/// The first and the last key of the prefixes inside this one, itself included.
pub fn networks_inside(network: &IpNetwork) -> (Vec<u8>, Vec<u8>) {
    let edge = |address, length| match IpNetwork::new(address, length) {
        Ok(edge) => network_key(&edge),
        Err(_) => network_key(network),
    };
    let most = if network.is_ipv4() { 32 } else { 128 };
    let mut from = edge(network.network(), most);
    // The address's bytes stand before the length: a shorter length sorts before a longer one.
    if let Some(length) = from.last_mut() {
        *length = network.prefix();
    }
    (from, edge(network.broadcast(), most))
}

/// A personal row.
pub fn personal(customer: CustomerId, row: u32) -> Vec<u8> {
    let mut key = format!("p/{customer}/").into_bytes();
    key.extend_from_slice(&row.to_be_bytes());
    key
}

/// The line and the number that a personal row's key names.
pub fn place_of_personal(key: &[u8]) -> Option<(CustomerId, u32)> {
    let (rest, row) = key.strip_prefix(b"p/")?.split_last_chunk::<4>()?;
    let customer = std::str::from_utf8(rest.strip_suffix(b"/")?).ok()?.parse().ok()?;
    Some((customer, u32::from_be_bytes(*row)))
}

/// The number that a block's key names.
pub fn number_of_block(key: &[u8]) -> Option<u64> {
    let number = key.strip_prefix(&*blocks())?;
    Some(u64::from_be_bytes(number.try_into().ok()?))
}

/// The prefix of the shard's blocks.
pub fn blocks() -> Vec<u8> {
    let mut key = b"b/".to_vec();
    key.extend_from_slice(&SHARD.to_be_bytes());
    key.push(b'/');
    key
}

/// A block.
pub fn block(number: u64) -> Vec<u8> {
    let mut key = blocks();
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// A follower's cursor.
pub fn cursor(follower: &str) -> Vec<u8> {
    format!("c/{follower}").into_bytes()
}

/// How far a provider's webhooks are.
pub fn webhooks(provider: &ProviderId, epoch: u32) -> Vec<u8> {
    format!("h/{provider}/{epoch}").into_bytes()
}

/// The prefix of the outbox's rows of a shelf.
pub fn mails_of(shelf: Shelf) -> Vec<u8> {
    match shelf {
        Shelf::Waiting => b"m/w".to_vec(),
        Shelf::Parked => b"m/p".to_vec(),
    }
}

/// A row of the outbox: first of its shelf is what is due first, or was parked first.
pub fn mail(place: &MailPlace) -> Vec<u8> {
    let mut key = mails_of(place.shelf);
    // Instants are never before the year 1, and those before 1970 stand before those after.
    key.extend_from_slice(&(place.at.micros() ^ i64::MIN).to_be_bytes());
    key.push(b'/');
    key.extend_from_slice(place.mail.to_string().as_bytes());
    key
}

/// The place that a key of the outbox names.
pub fn mail_place(key: &[u8]) -> Option<MailPlace> {
    let (prefix, rest) = key.split_first_chunk::<3>()?;
    let shelf = match prefix {
        b"m/w" => Shelf::Waiting,
        b"m/p" => Shelf::Parked,
        _ => return None,
    };
    let (at, rest) = rest.split_first_chunk()?;
    let at = Instant::from_micros(i64::from_be_bytes(*at) ^ i64::MIN);
    let mail = std::str::from_utf8(rest.strip_prefix(b"/")?).ok()?.parse().ok()?;
    Some(MailPlace { shelf, at, mail })
}

/// The prefix of a month's bills.
pub fn bills_of(month: Month) -> Vec<u8> {
    format!("i/{month}/").into_bytes()
}

/// A part of a line's bill.
pub fn bill(month: Month, place: &BillPlace) -> Vec<u8> {
    let mut key = bills_of(month);
    key.extend_from_slice(place.customer.as_str().as_bytes());
    key.push(b'/');
    key.extend_from_slice(&place.part.to_be_bytes());
    key
}

/// The place that a bill's key names.
pub fn bill_place(key: &[u8]) -> Option<BillPlace> {
    // `i/2026-11/CAF0000012573/` and the part.
    let month = std::str::from_utf8(key.get(2..9)?).ok()?.parse().ok()?;
    let customer = std::str::from_utf8(key.get(10..23)?).ok()?.parse().ok()?;
    let part = key.get(24..).and_then(|part| part.try_into().ok()).map(u32::from_be_bytes)?;
    let place = BillPlace { customer, part };
    (bill(month, &place) == key).then_some(place)
}

/// Where something with a receipt number stands.
pub fn receipt(key: ReceiptKey) -> Vec<u8> {
    match key {
        ReceiptKey::Order(number) => format!("r/{number}"),
        ReceiptKey::End(contract) => format!("r/{}/end", contract.0),
    }
    .into_bytes()
}

/// The prefix of the key rows.
pub const KEYS: &[u8] = b"k/";

/// A wrapped key.
pub fn key(kid: &str) -> Vec<u8> {
    [KEYS, kid.as_bytes()].concat()
}

/// A key as people read it: for errors that name a place.
pub fn readable(key: &[u8]) -> String {
    match (key.first(), seq_of_event(key)) {
        (Some(b'e'), Some(seq)) => match stream_of_event(key) {
            Some(stream) => format!("event {seq} of {stream}"),
            None => format!("row {}", key.escape_ascii()),
        },
        (Some(b'b'), Some(number)) => format!("block {number}"),
        (Some(b'p'), _) => match place_of_personal(key) {
            Some((customer, row)) => format!("personal row {row} of {customer}"),
            None => format!("row {}", key.escape_ascii()),
        },
        _ => format!("row {}", key.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ContractNumber;

    #[test]
    fn streams_keep_their_text() {
        for text in ["CAF0000012573", "@a-sha", "!system"] {
            assert_eq!(text.parse::<Stream>().expect(text).to_string(), text);
        }
        let longest = format!("@{}", "a".repeat(23));
        assert_eq!(longest.parse::<Stream>().expect("valid").to_string().len(), LONGEST_STREAM);
        assert!("".parse::<Stream>().is_err());
    }

    #[test]
    fn event_keys_sort_by_sequence_and_tell_their_stream() {
        let stream: Stream = "@a-sha".parse().expect("a stream");
        assert!(event(&stream, 9) < event(&stream, 10));
        assert!(event(&stream, 255) < event(&stream, 256));
        // A sequence number whose bytes hold a '/' does not confuse the reader.
        for seq in [1, 0x2f, 0x2f2f_2f2f] {
            assert_eq!(stream_of_event(&event(&stream, seq)), Some(stream.clone()));
            assert_eq!(seq_of_event(&event(&stream, seq)), Some(seq));
        }
    }

    #[test]
    fn a_key_that_is_no_key_by_one_byte_names_nothing() {
        let stream: Stream = "@a-sha".parse().expect("a stream");
        let mut spoilt = event(&stream, 1);
        let slash = spoilt.len() - 9;
        spoilt[slash] = b'0';
        assert_eq!(stream_of_event(&spoilt), None);
        let (customer, month) = ("CAF0000012573".parse(), "2026-11".parse());
        let place = BillPlace { customer: customer.expect("a customer ID"), part: 1 };
        let key = bill(month.expect("a month"), &place);
        assert_eq!(bill_place(&key), Some(place));
        for at in [0, 1, 9, 23] {
            let mut spoilt = key.clone();
            spoilt[at] = b'0';
            assert_eq!(bill_place(&spoilt), None, "{at}");
        }
    }

    #[test]
    fn keys_of_personal_rows_and_blocks_tell_their_place() {
        let customer: CustomerId = "CAF0000012573".parse().expect("a customer ID");
        for row in [0, 0x2f, 0x2f2f_2f2f, u32::MAX] {
            let key = personal(customer, row);
            assert_eq!(place_of_personal(&key), Some((customer, row)));
            assert_eq!(readable(&key), format!("personal row {row} of {customer}"));
        }
        for number in [1, 0x2f, u64::MAX] {
            assert_eq!(number_of_block(&block(number)), Some(number));
        }
        let stream = Stream::Line(customer);
        assert_eq!(place_of_snapshot(&snapshot(&stream, 0x2f)), Some((stream, 0x2f)));
        assert_eq!(place_of_personal(&block(1)), None);
        assert_eq!(number_of_block(&personal(customer, 1)), None);
    }

    #[test]
    fn a_purchase_and_the_end_of_its_contract_have_rows_of_their_own() {
        let contract: ContractNumber = "K-100000000016".parse().expect("a contract");
        assert_eq!(receipt(ReceiptKey::Order(contract.0)), b"r/100000000016");
        assert_eq!(receipt(ReceiptKey::End(contract)), b"r/100000000016/end");
    }

    #[test]
    fn one_providers_reference_is_not_anothers() {
        let order = |provider: &str, reference: &str| {
            reservation(&Reservation::Order {
                provider: provider.parse().expect("a provider"),
                reference: reference.parse().expect("a reference"),
            })
        };
        assert_ne!(order("a", "b/c"), order("a-b", "c"));
        assert_ne!(order("a", "1"), order("b", "1"));
    }

    #[test]
    fn a_prefix_is_the_same_however_its_host_bits_are_written() {
        let network = |text: &str| reservation(&Reservation::Network(text.parse().expect("one")));
        assert_eq!(network("2001:db8::1/64"), network("2001:db8::/64"));
        assert_ne!(network("10.0.0.0/8"), network("10.0.0.0/9"));
        for text in ["2001:db8::/56", "203.0.113.5/32", "0.0.0.0/0"] {
            assert_eq!(network_of_key(&network(text)), Some(text.parse().expect("one")));
        }
        assert_eq!(network_of_key(b"w/4"), None);
        assert_eq!(network_of_key(&blocks()), None);
    }
}
