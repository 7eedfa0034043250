//! The kinds of values that a key can take, each refusing what it does not allow.
//!
//! A refusal's text is what an operator reads after "allowed:", so it says what to write.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};
use zeroize::Zeroizing;

/// A whole number from `MIN` to `MAX`; used as `deserialize_with` beside the field, so that the
/// range stands where the field does.
pub(super) fn within<'de, const MIN: u64, const MAX: u64, T, D>(input: D) -> Result<T, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    struct Range<const MIN: u64, const MAX: u64>;

    impl<const MIN: u64, const MAX: u64> Visitor<'_> for Range<MIN, MAX> {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a whole number from {MIN} to {MAX}")
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<u64, E> {
            let unsigned = u64::try_from(value)
                .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))?;
            self.visit_u64(unsigned)
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
            if (MIN..=MAX).contains(&value) {
                Ok(value)
            } else {
                Err(E::invalid_value(Unexpected::Unsigned(value), &self))
            }
        }
    }

    let value = input.deserialize_u64(Range::<MIN, MAX>)?;
    T::try_from(value)
        .map_err(|_| D::Error::invalid_value(Unexpected::Unsigned(value), &Range::<MIN, MAX>))
}

/// The text of a key, or a refusal that says `allowed`.
pub(super) fn text<'de, D: Deserializer<'de>>(
    input: D,
    allowed: &'static str,
) -> Result<String, D::Error> {
    struct Text(&'static str);

    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<String, E> {
            if value.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
                return Err(E::invalid_value(
                    Unexpected::Other("a text with control characters or broken UTF-8"),
                    &self,
                ));
            }
            Ok(value.to_owned())
        }
    }

    input.deserialize_str(Text(allowed))
}

/// The refusal of a text that was read.
pub(super) fn refused<E: serde::de::Error>(value: &str, allowed: &str) -> E {
    E::invalid_value(Unexpected::Str(value), &allowed)
}

/// A path that is not empty.
pub(super) fn path<'de, D: Deserializer<'de>>(input: D) -> Result<PathBuf, D::Error> {
    const ALLOWED: &str = "a path";
    let value = text(input, ALLOWED)?;
    if value.is_empty() { Err(refused(&value, ALLOWED)) } else { Ok(value.into()) }
}

/// An address of a page, or nothing for an empty text.
pub(super) fn optional_url<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Url>, D::Error> {
    const ALLOWED: &str = "an http or https address, or \"\" for none";
    let value = text(input, ALLOWED)?;
    if value.is_empty() {
        return Ok(None);
    }
    match Url::parse(&value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.username().is_empty() => {
            Ok(Some(url))
        }
        _ => Err(refused(&value, ALLOWED)),
    }
}

/// Writes what [`optional_url`] reads.
#[allow(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn write_optional_url<S: Serializer>(
    url: &Option<Url>,
    output: S,
) -> Result<S::Ok, S::Error> {
    output.serialize_str(url.as_ref().map_or("", Url::as_str))
}

/// A telephone number as it is printed.
pub(super) fn phone<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    const ALLOWED: &str = "a telephone number of 4 to 20 digits and hyphens";
    let value = text(input, ALLOWED)?;
    let fits = (4..=20).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if fits { Ok(value) } else { Err(refused(&value, ALLOWED)) }
}

/// A short text on one line.
pub(super) fn short_text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    const ALLOWED: &str = "1 to 100 characters on one line";
    let value = text(input, ALLOWED)?;
    let fits = (1..=100).contains(&value.chars().count());
    if fits { Ok(value) } else { Err(refused(&value, ALLOWED)) }
}

/// A text on one line that may be empty.
pub(super) fn line_of_text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    const ALLOWED: &str = "up to 500 characters on one line";
    let value = text(input, ALLOWED)?;
    let fits = value.chars().count() <= 500 && !value.chars().any(char::is_control);
    if fits { Ok(value) } else { Err(refused(&value, ALLOWED)) }
}

/// The beginnings of customer IDs.
pub(super) fn prefixes<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    const ALLOWED: &str = "a list of one or more, three capital letters each, such as [\"CAF\"]";
    let list = Vec::<String>::deserialize(input)
        .map_err(|_| D::Error::invalid_value(Unexpected::Other("this value"), &ALLOWED))?;
    let fits =
        |prefix: &String| prefix.len() == 3 && prefix.bytes().all(|byte| byte.is_ascii_uppercase());
    match list.iter().find(|prefix| !fits(prefix)) {
        Some(wrong) => Err(refused(wrong, ALLOWED)),
        None if list.is_empty() => Err(D::Error::invalid_length(0, &ALLOWED)),
        None => Ok(list),
    }
}

/// The address by which browsers and providers know the server (RFC 8414 section 2).
///
/// Always an origin in its canonical spelling, because providers compare it as a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

/// What [`Issuer::parse`] asks for.
const ISSUER_ALLOWED: &str = "https://HOST or https://HOST:PORT in lower case, without path, \
                              query, fragment or closing slash; http:// for loopback hosts only";

impl Issuer {
    /// Reads an issuer.
    ///
    /// # Errors
    /// What is allowed, if `value` is not that.
    pub fn parse(value: &str) -> Result<Self, &'static str> {
        let url = Url::parse(value).map_err(|_| ISSUER_ALLOWED)?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        if secure && url.origin().ascii_serialization() == value {
            Ok(Self(value.to_owned()))
        } else {
            Err(ISSUER_ALLOWED)
        }
    }

    /// The issuer as tokens and metadata carry it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host that browsers and providers name: a DNS name, or an IP address without brackets.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        match url.as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// Whether its address is that of a listener on this host; `None` where it is another host's.
    pub(super) fn leads_to(&self, listen: SocketAddr) -> Option<bool> {
        let url = Url::parse(&self.0).ok().filter(is_loopback)?;
        let ip = listen.ip();
        let is_host = match url.host()? {
            Host::Domain(_) => ip.is_loopback(),
            Host::Ipv4(address) => ip == address,
            Host::Ipv6(address) => ip == address,
        };
        let is_port = url.port_or_known_default() == Some(listen.port());
        Some((is_host || ip.is_unspecified()) && is_port)
    }

    /// Whether browsers reach the server over plain HTTP, so that cookies cannot be `Secure`.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a URL's host is this machine itself.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = text(input, ISSUER_ALLOWED)?;
        Self::parse(&value).map_err(|allowed| refused(&value, allowed))
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&self.0)
    }
}

/// The master key, if the configuration itself holds it. Printed as `***`, wiped when dropped.
#[derive(Clone, Default)]
pub struct MasterKey(Option<Zeroizing<[u8; 32]>>);

impl MasterKey {
    /// The 32 bytes of the key, or nothing if `keys.master_key_file` holds it.
    pub fn bytes(&self) -> Option<&[u8; 32]> {
        self.0.as_deref()
    }

    /// Reads base64 of 32 bytes, or the empty text for none.
    fn parse(value: &str) -> Option<Self> {
        if value.is_empty() {
            return Some(Self(None));
        }
        let bytes = Zeroizing::new(STANDARD.decode(value).ok()?);
        let key: [u8; 32] = bytes.as_slice().try_into().ok()?;
        Some(Self(Some(Zeroizing::new(key))))
    }

    /// What may be shown: whether there is a key, never which.
    fn shown(&self) -> &'static str {
        if self.0.is_some() { "***" } else { "" }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({:?})", self.shown())
    }
}

impl<'de> Deserialize<'de> for MasterKey {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        const ALLOWED: &str = "32 bytes in base64, or \"\" to use keys.master_key_file";
        // Neither refusal names the value: it may be a real key with a slip of the pen in it.
        let hidden = || D::Error::invalid_value(Unexpected::Other("this value"), &ALLOWED);
        let value = Zeroizing::new(text(input, ALLOWED).map_err(|_| hidden())?);
        Self::parse(&value).ok_or_else(hidden)
    }
}

impl Serialize for MasterKey {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(self.shown())
    }
}

/// What a change of the billing number means for a line's contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Continuation {
    /// 継続利用可能: contracts go on.
    Continues,
    /// 利用不可: contracts end and purchases stop, the passport IDs stay.
    Unavailable,
}

/// Which lines of the log go to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStderr {
    /// All that are written.
    All,
    /// Errors alone.
    Error,
    /// None.
    Off,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// For machines: one JSON object a line.
    Json,
}

/// The least important log lines that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something failed that a person has to look at.
    Error,
    /// Something is odd and was dealt with.
    Warn,
    /// What was decided.
    Info,
    /// Why it was decided so.
    Debug,
    /// Every step.
    Trace,
}

/// The clock of pretty log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogTimeZone {
    /// Coordinated universal time.
    Utc,
    /// Japan time, UTC+09:00.
    Jst,
}
