//! HMAC-SHA256 and SHA-256, in the one form that this server uses.

use aws_lc_rs::{digest, hmac};

/// HMAC-SHA256 over a context and fields, each preceded by its length (32 bits, big-endian), so
/// that no two different lists of fields give the same input. The context names the use, so that
/// a key which came to be used twice would still give unrelated tags.
pub fn tag(key: &[u8], context: &str, fields: &[&[u8]]) -> [u8; 32] {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for field in std::iter::once(context.as_bytes()).chain(fields.iter().copied()) {
        // A field of 4 GiB does not fit into a request or a row, so saturating loses nothing.
        mac.update(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        mac.update(field);
    }
    to_array(mac.sign().as_ref())
}

/// HMAC-SHA256 of the bytes, for formats that others define.
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    to_array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref())
}

/// SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    to_array(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn to_array(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_the_standard_one() {
        // FIPS 180-4, the example "abc".
        let hex: String =
            sha256(b"abc").iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn fields_keep_apart() {
        let lists: [&[&[u8]]; 5] =
            [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""], &[b"", b"abc"]];
        for (i, one) in lists.iter().enumerate() {
            for other in &lists[i + 1..] {
                assert_ne!(tag(b"key", "context", one), tag(b"key", "context", other));
            }
        }
        assert_ne!(tag(b"key", "one", &[b"a"]), tag(b"key", "other", &[b"a"]));
        assert_ne!(tag(b"key", "one", &[b"a"]), tag(b"yek", "one", &[b"a"]));
        // The context cannot be taken for a field.
        assert_ne!(tag(b"key", "one", &[b"a"]), tag(b"key", "on", &[b"ea"]));
    }
}
