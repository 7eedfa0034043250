//! `linepass line networks`, `line limit`, `access-key reset`, `hold list` and `hold release`.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::{
    Request,
    args::{ChangeArgs, ShowArgs},
    change_body, run as ask,
    secret::{SecretIn, ask_secret},
    text,
};
use crate::{cli::exit::Exit, domain::ids::CustomerId};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::{
    io::{Result, Write},
    path::PathBuf,
};

/// `linepass line networks`.
#[derive(Debug, Clone, Args)]
pub struct NetworksArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// All of the line's prefixes, such as 2001:db8::/56,203.0.113.5/32; '' leaves it without
    #[arg(long, value_name = "PREFIXES")]
    pub set: String,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass line limit`.
#[derive(Debug, Clone, Args)]
pub struct LimitArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// What the line may be charged in a month, in yen
    #[arg(long, value_name = "N")]
    pub yen: u64,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass access-key`.
#[derive(Debug, Clone, Subcommand)]
pub enum AccessKeyCommand {
    /// Draw another access key for a line; the old one opens nothing from then on
    #[command(
        long_about = "Has the server draw another access key of eight digits for a line, and \
                      writes it into a new file for you alone. Nobody chooses it and it is \
                      printed nowhere. The old key opens nothing from then on, and whoever \
                      signed in with it is signed out. Where the file was lost, reset it again.",
        after_long_help = "Examples:\n  \
        linepass access-key reset CAF0000012573 --file key.txt --reason 'lost, call 77'\n  \
        linepass access-key reset CAF0000012573 --file key.txt --reason 'lost' --dry-run"
    )]
    Reset(ResetArgs),
}

/// `linepass access-key reset`.
#[derive(Debug, Clone, Args)]
pub struct ResetArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// A new file for the key, made with mode 0600; one that is there is not written over
    #[arg(long, value_name = "PATH")]
    pub file: PathBuf,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass hold`.
#[derive(Debug, Clone, Subcommand)]
pub enum HoldCommand {
    /// List the waits that guessing at a line's passport IDs and access key was met with
    #[command(after_long_help = "Examples:\n  \
        linepass hold list CAF0000012573\n  \
        linepass hold list CAF0000012573 --json | jq '.holds | length'")]
    List(ShowArgs),
    /// Release the waits of the access key, or of a passport ID
    #[command(after_long_help = "Examples:\n  \
        linepass hold release CAF0000012573 --reason 'call 78, identity checked'\n  \
        linepass hold release CAF0000012573 --passport 1 --reason 'call 78' --dry-run")]
    Release(ReleaseArgs),
}

/// `linepass hold release`.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgs {
    /// お客さまID: three capital letters and ten digits
    #[arg(value_name = "CUSTOMER_ID")]
    pub customer: CustomerId,
    /// Those of this passport ID, by its number as the list has it; without, of the access key
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub passport: Option<u32>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Sets prefixes.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn networks(args: &NetworksArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let given = args.set.split(',').map(str::trim).filter(|part| !part.is_empty());
    let body = change_body(&args.change, json!({ "networks": given.collect::<Vec<_>>() }));
    let path = format!("/lines/{}/networks", args.customer);
    let request = Request { method: "PUT", path, body: Some(body) };
    ask(&args.change.server, &request, networks_told, out, talk)
}

fn list(networks: &Value) -> String {
    let networks = networks.as_array().into_iter().flatten().filter_map(Value::as_str);
    match networks.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "none".to_owned(),
        some => some,
    }
}

fn head(answer: &Value) -> &'static str {
    if answer["dry_run"] == true { "Nothing was changed; it would be:\n" } else { "" }
}

fn networks_told(answer: &Value) -> String {
    let line = text(answer, "/customer_id");
    let set = format!("{}{line}  networks  {}\n", head(answer), list(&answer["networks"]));
    answer["taken_from"].as_array().into_iter().flatten().fold(set, |told, taken| {
        let (from, lost) = (text(taken, "/customer_id"), list(&taken["networks"]));
        format!("{told}  taken from {from}  {lost}\n")
    })
}

/// Sets the limit.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn limit(args: &LimitArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let body = change_body(&args.change, json!({ "line_limit_yen": args.yen }));
    let path = format!("/lines/{}/limit", args.customer);
    let request = Request { method: "PUT", path, body: Some(body) };
    ask(&args.change.server, &request, limit_told, out, talk)
}

fn limit_told(answer: &Value) -> String {
    let (line, now) = (text(answer, "/customer_id"), &answer["line_limit_yen"]);
    let before = &answer["before_yen"];
    format!("{}{line}  line limit  {now} yen (before: {before} yen)\n", head(answer))
}

/// Resets an access key.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn access_key(
    command: &AccessKeyCommand,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    let AccessKeyCommand::Reset(args) = command;
    let body = change_body(&args.change, json!({}));
    let path = format!("/lines/{}/access-key/reset", args.customer);
    let request = Request { method: "POST", path, body: Some(body) };
    let secret = SecretIn { field: "access_key", file: Some(&args.file) };
    ask_secret(&args.change, &request, &secret, reset_told, out, talk)
}

fn reset_told(answer: &Value) -> String {
    let (line, ended) = (text(answer, "/customer_id"), &answer["sessions_ended"]);
    if answer["dry_run"] == true {
        let head = head(answer);
        return format!("{head}{line}  another access key, {ended} sessions ended\n");
    }
    let file = text(answer, "/file");
    format!("{line}  access key reset, {ended} sessions ended; the new one is in {file}\n")
}

/// Lists or releases holds.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn hold(command: &HoldCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        HoldCommand::List(args) => {
            let path = format!("/lines/{}/holds", args.customer);
            let request = Request { method: "GET", path, body: None };
            ask(&args.server, &request, holds_told, out, talk)
        }
        HoldCommand::Release(args) => {
            let body = change_body(&args.change, json!({ "passport": args.passport }));
            let path = format!("/lines/{}/holds/release", args.customer);
            let request = Request { method: "POST", path, body: Some(body) };
            ask(&args.change.server, &request, released_told, out, talk)
        }
    }
}

fn hold_words(hold: &Value) -> String {
    let whose = match hold["passport"].as_u64() {
        Some(number) => format!("passport {number}"),
        None => "access key".to_owned(),
    };
    let from = hold["from"].as_str().unwrap_or("everywhere but its line");
    let kept = if hold["committed"] == true { "" } else { ", in memory alone" };
    let (failures, left) = (&hold["failures"], &hold["seconds_left"]);
    format!("  {whose}  from {from}  {failures} failures, {left} s left{kept}\n")
}

fn holds_told(answer: &Value) -> String {
    let holds = answer["holds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = text(answer, "/customer_id");
    let head = if holds.is_empty() { format!("{line}  no holds\n") } else { format!("{line}\n") };
    holds.iter().fold(head, |told, hold| told + &hold_words(hold))
}

fn released_told(answer: &Value) -> String {
    let head = if answer["dry_run"] == true {
        "Nothing was changed; these would be released:\n"
    } else {
        "released:\n"
    };
    let released = answer["released"].as_array().into_iter().flatten();
    released.fold(head.to_owned(), |told, hold| told + &hold_words(hold))
}
