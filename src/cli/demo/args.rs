//! `linepass demo` as a type.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use crate::{
    cli::parse::parse_time, domain::registration::webhooks::checked_url, security::AddressPolicy,
};
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
    /// The second sample provider's webhook address: https, or http with a loopback address in digits;
    /// its key is printed and kept in demo.json
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<String>,
}

impl DemoArgs {
    /// What no single argument shows: two that want the same, or one that the configuration does not
    /// allow, where webhooks may go to the networks of `networks`.
    pub fn contradiction(&self, networks: &AddressPolicy) -> Option<String> {
        self.shared_port().or_else(|| self.refused_webhook(networks))
    }

    fn shared_port(&self) -> Option<String> {
        let ports = [
            ("--port", self.port),
            ("--shop-port", self.shop_port),
            ("--operator-port", self.operator_port),
        ];
        [(0, 1), (0, 2), (1, 2)].into_iter().find_map(|(one, other)| {
            let (one, other) = (ports[one], ports[other]);
            let port = one.1.filter(|_| one.1 == other.1)?;
            Some(format!(
                "{} and {}: both are {port}; each needs a port of its own",
                one.0, other.0
            ))
        })
    }

    fn refused_webhook(&self, networks: &AddressPolicy) -> Option<String> {
        let url = self.webhook_url.as_deref()?;
        let refused = checked_url(url, networks.may_be_plain(url)).is_err();
        refused.then(|| {
            format!(
                "--webhook-url {url:?}: write an absolute https address of at most 400 characters \
                 without a user or a fragment, or such an http address whose host stands in digits and \
                 in webhook.allowed_networks (loopback, unless that is set), such as \
                 http://127.0.0.1:9877/webhook"
            )
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Args, Command};
    use clap::Parser as _;

    fn contradiction(line: &str) -> Option<String> {
        let args = Args::try_parse_from(["linepass", "demo"].into_iter().chain(line.split(' ')));
        let Command::Demo(args) = args.expect("parses").command else { panic!("not the demo") };
        let allowed = vec!["127.0.0.0/8".parse().expect("a network")];
        args.contradiction(&AddressPolicy { allowed, denied: Vec::new() })
    }

    #[test]
    fn two_listeners_on_one_port_are_told_by_their_options() {
        for (line, options) in [
            ("--port 4000 --shop-port 4000", "--port and --shop-port: both are 4000;"),
            ("--port 4000 --operator-port 4000", "--port and --operator-port: both are 4000;"),
            ("--shop-port 9 --operator-port 9", "--shop-port and --operator-port: both are 9;"),
        ] {
            let told = contradiction(line).expect(line);
            assert!(told.starts_with(options), "{told}");
        }
        assert_eq!(contradiction("--port 1 --shop-port 2 --operator-port 3"), None);
        assert_eq!(contradiction("--port 1 --json"), None, "a free port is another");
    }

    #[test]
    fn a_webhook_address_that_is_not_taken_is_told_with_what_is() {
        for url in ["foo", "http://shop.example/", "http://localhost:1/", "https://u:p@a.example/"]
        {
            let told = contradiction(&format!("--webhook-url {url}")).expect(url);
            assert!(
                told.starts_with(&format!("--webhook-url {url:?}: write an absolute")),
                "{told}"
            );
            assert!(told.contains("http://127.0.0.1:9877/webhook"), "{told}");
        }
        for url in ["https://shop.example/webhook", "http://127.0.0.1:9877/webhook"] {
            assert_eq!(contradiction(&format!("--webhook-url {url}")), None, "{url}");
        }
    }
}
