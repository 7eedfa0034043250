//! `linepass demo` as a type.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use crate::cli::parse::parse_time;
use clap::Args as ClapArgs;
use jiff::Timestamp;
use std::path::PathBuf;
use url::Url;

/// `linepass demo`.
#[derive(Debug, Clone, ClapArgs)]
pub struct DemoArgs {
    /// Folder of the demo's data; the same folder goes on where it ended [default: a new
    /// temporary one]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print one JSON object on one line of standard output once ready
    #[arg(long)]
    pub json: bool,
    /// Start the clock of purchases and charges here, RFC 3339 such as
    /// 2026-11-30T23:59:50+09:00; tokens and logs keep real time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub now: Option<Timestamp>,
    /// Port of the server [default: a free one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Port of the sample shop [default: a free one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub shop_port: Option<u16>,
    /// Port of the operators' listener [default: a free one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub operator_port: Option<u16>,
    /// One more redirect address for the second sample provider, beside
    /// http://127.0.0.1:9876/callback
    #[arg(long, value_name = "URL", value_parser = parse_redirect_uri)]
    pub redirect_uri: Option<String>,
    /// The second sample provider's webhook address; its key is printed and kept in demo.json
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<String>,
}

/// Reads a redirect address and keeps its exact spelling: it is compared as a string (RFC 9700
/// section 2.1).
fn parse_redirect_uri(text: &str) -> Result<String, String> {
    const ALLOWED: &str = "write an absolute http or https address without a fragment, such as \
         http://127.0.0.1:4000/callback";
    let url = Url::parse(text).map_err(|_| ALLOWED.to_owned())?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.fragment().is_none()
        && url.username().is_empty()
        && text.is_ascii()
        && text.len() <= 2_000
        && !text.contains(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
    if fits { Ok(text.to_owned()) } else { Err(ALLOWED.to_owned()) }
}
