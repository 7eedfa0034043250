//! The stylesheet, the script and the mark: compiled in, addressed by what they contain.
//!
//! A page names them with `?v=` and a hash of the content, so a browser may keep them for good
//! and still sees a new version at once.

/// One file that pages fetch.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// The path it is served at.
    pub path: &'static str,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The file itself.
    pub content: &'static str,
    /// A hash of the content, 16 hexadecimal digits: the `v` of the address, and an `ETag`.
    pub hash: Hash,
}

impl Asset {
    const fn new(path: &'static str, content_type: &'static str, content: &'static str) -> Self {
        Self { path, content_type, content, hash: Hash(fnv1a(content.as_bytes())) }
    }

    /// The address a page names: the path with the hash of the content.
    pub fn url(&self) -> String {
        format!("{}?v={}", self.path, self.hash)
    }

    /// The `ETag` of the content, with its quotes (RFC 9110, section 8.8.3).
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.hash)
    }
}

/// The hash of an asset's content; tells versions apart, proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hash(u64);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The one stylesheet, put together from files that can be read one by one.
pub const STYLESHEET: Asset = Asset::new(
    "/assets/linepass.css",
    "text/css; charset=utf-8",
    concat!(
        include_str!("linepass.css"),
        include_str!("statement.css"),
        include_str!("portal.css")
    ),
);

/// The one script; every page works without it.
pub const SCRIPT: Asset = Asset::new(
    "/assets/linepass.js",
    "text/javascript; charset=utf-8",
    include_str!("linepass.js"),
);

/// The mark as an icon for the browser's tab.
pub const MARK: Asset = Asset::new("/assets/mark.svg", "image/svg+xml", include_str!("mark.svg"));

/// All assets, for the routes.
pub const ALL: [Asset; 3] = [STYLESHEET, SCRIPT, MARK];

/// 64-bit FNV-1a.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::{ALL, fnv1a};

    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn assets_fetch_nothing_and_keep_to_the_content_security_policy() {
        for asset in ALL {
            for outside in ["http://", "https://", "@import", "eval(", "innerHTML"] {
                let content = asset.content.replace("http://www.w3.org/2000/svg", "");
                assert!(!content.contains(outside), "{} has {outside}", asset.path);
            }
        }
    }
}
