//! `linepass webhook`: where providers' webhooks go, how they are, and a replay.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use super::{
    Request,
    args::{ChangeArgs, ServerArgs},
    change_body,
    provider::{RotateSecretArgs, kept, rotate},
    run as ask,
    secret::{SecretIn, ask_secret},
    text,
};
use crate::{
    cli::{args::parse_time, exit::Exit},
    domain::{ids::ProviderId, webhook::MessageId},
};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    io::{Result, Write},
    path::PathBuf,
};

/// `linepass webhook`.
#[derive(Debug, Clone, Subcommand)]
pub enum WebhookCommand {
    /// List how providers' webhooks are: what waits, what was given up and why
    #[command(after_long_help = "Examples:\n  \
        linepass webhook list\n  \
        linepass webhook list --provider c-sha --json | jq '.webhooks[0].messages'")]
    List(ListArgs),
    /// Send webhooks again: one, all that were given up, or all since an instant
    #[command(
        long_about = "Sends a provider's webhooks again, with a new term: one message that waits or \
                      was given up, all that were given up, or with '--since' all accepted from \
                      then on, delivered or not, as far back as the address was set. A provider tells what it has had already by the \
                      webhook-id, which stays the same.",
        after_long_help = "Examples:\n  \
        linepass webhook replay c-sha purchase-100000000016 --reason 'ticket 88'\n  \
        linepass webhook replay c-sha --parked --reason 'their receiver is back'\n  \
        linepass webhook replay c-sha --since 2026-11-23T00:00:00+09:00 --reason 'they lost a day'"
    )]
    Replay(ReplayArgs),
    /// Set where a provider's webhooks go, or stop them
    #[command(
        long_about = "Sets where a provider's webhooks go. The first address comes with a key, \
                      which goes into a new file for you alone ('--secret-file'); another address \
                      later keeps the key. The address must be https. '--stop' ends webhooks and \
                      their keys: what was not delivered yet is dropped, and what happens meanwhile \
                      is not told later.",
        after_long_help = "Examples:\n  \
        linepass webhook set c-sha --url https://shop.example/webhook \\\n      \
        --secret-file c-sha.webhook --reason 'contract 2026-118'\n  \
        linepass webhook set c-sha --stop --reason 'they poll instead'"
    )]
    Set(SetArgs),
    /// Draw another key beside a provider's own, then retire the old one
    #[command(
        long_about = "Draws another key for a provider's webhooks: each message then carries two \
                      signatures, so that the provider can change over without a gap; then \
                      '--retire-old' ends the old key. With both at once the old one ends at once.",
        after_long_help = "Examples:\n  \
        linepass webhook rotate-key c-sha --secret-file new.webhook --reason 'yearly'\n  \
        linepass webhook rotate-key c-sha --retire-old --reason 'yearly, changed over'"
    )]
    RotateKey(RotateSecretArgs),
}

/// `linepass webhook list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only this provider's
    #[arg(long, value_name = "ID")]
    pub provider: Option<ProviderId>,
    /// Which server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// `linepass webhook replay`.
#[derive(Debug, Clone, Args)]
#[group(id = "which", required = true, multiple = false, args = ["message", "parked", "since"])]
pub struct ReplayArgs {
    /// Whose
    #[arg(value_name = "PROVIDER")]
    pub provider: ProviderId,
    /// One message that waits or was given up, as the list names it
    #[arg(value_name = "MESSAGE")]
    pub message: Option<MessageId>,
    /// All that were given up
    #[arg(long)]
    pub parked: bool,
    /// All from this instant on, delivered or not
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub since: Option<Timestamp>,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// `linepass webhook set`.
#[derive(Debug, Clone, Args)]
#[group(id = "where", required = true, multiple = false, args = ["url", "stop"])]
pub struct SetArgs {
    /// Whose
    #[arg(value_name = "PROVIDER")]
    pub provider: ProviderId,
    /// The https address
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A new file for the first key, made with mode 0600; one that is there is not written over
    #[arg(long, value_name = "PATH", requires = "url", conflicts_with = "stop")]
    pub secret_file: Option<PathBuf>,
    /// End webhooks and their keys
    #[arg(long)]
    pub stop: bool,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &WebhookCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        WebhookCommand::List(args) => {
            let query = args.provider.as_ref().map(|provider| format!("?provider={provider}"));
            let path = format!("/webhooks{}", query.unwrap_or_default());
            let request = Request { method: "GET", path, body: None };
            ask(&args.server, &request, listed, out, talk)
        }
        WebhookCommand::Replay(args) => {
            let fields = json!({
                "provider": args.provider,
                "message": args.message,
                "parked": args.parked,
                "since": args.since.map(|since| since.to_string()),
            });
            let body = Some(change_body(&args.change, fields));
            let request = Request { method: "POST", path: "/webhooks/replay".to_owned(), body };
            ask(&args.change.server, &request, replayed, out, talk)
        }
        WebhookCommand::Set(args) => {
            let fields = json!({ "url": args.url, "draw": args.secret_file.is_some() });
            let path = format!("/providers/{}/webhook", args.provider);
            let body = Some(change_body(&args.change, fields));
            let request = Request { method: "POST", path, body };
            let secret = SecretIn { field: "webhook_secret", file: args.secret_file.as_deref() };
            ask_secret(&args.change, &request, &secret, kept, out, talk)
        }
        WebhookCommand::RotateKey(args) => {
            let path = format!("/providers/{}/webhook/keys/rotate", args.provider);
            rotate(args, path, "webhook_secret", out, talk)
        }
    }
}

fn listed(answer: &Value) -> String {
    let webhooks = answer["webhooks"].as_array().map(Vec::as_slice).unwrap_or_default();
    if webhooks.is_empty() {
        return "no webhook address is set\n".to_owned();
    }
    webhooks.iter().map(webhook).collect()
}

fn webhook(webhook: &Value) -> String {
    let state = match text(webhook, "/state") {
        "silent" => "takes nothing; asked now and then".to_owned(),
        "gone" => format!(
            "says since {} that it is gone; set another address, or replay --parked to try it again",
            text(webhook, "/gone_since")
        ),
        other => other.to_owned(),
    };
    let paused = match text(webhook, "/paused_until") {
        "" => String::new(),
        until => format!("; asked for patience until {until}"),
    };
    let (provider, url) = (text(webhook, "/provider"), text(webhook, "/url"));
    let head =
        format!("{provider}  {url}  {state}{paused}  {} blocks behind\n", webhook["behind_blocks"]);
    let messages = webhook["messages"].as_array().into_iter().flatten().map(message);
    messages.fold(head, |told, line| told + &line)
}

fn message(message: &Value) -> String {
    let status = message["status"].as_u64().map_or_else(String::new, |code| format!(" {code}"));
    let when = match text(message, "/state") {
        "waiting" if message["attempts"] == 0 => "waits for what is before it".to_owned(),
        "waiting" => format!("next try by {}", text(message, "/next_at")),
        _ => format!("since {}", text(message, "/parked_at")),
    };
    format!(
        "  {}  {:<7}  {when}  {} tries  {}{status}\n",
        text(message, "/message"),
        text(message, "/state"),
        message["attempts"],
        text(message, "/reason"),
    )
}

fn replayed(answer: &Value) -> String {
    let what = match (&answer["messages"], &answer["blocks"]) {
        (Value::Number(messages), _) => format!("{messages} messages are sent again"),
        (_, Value::Number(blocks)) => {
            format!(
                "all messages accepted since then are sent again ({blocks} blocks to look through)"
            )
        }
        _ => "all messages accepted since then are sent again".to_owned(),
    };
    if answer["dry_run"] == true {
        return format!("Nothing was changed; it would be: {what}\n");
    }
    format!("{what}\n")
}
