//! `linepass mail list` and `retry`.

use super::{
    Request,
    args::{MailCommand, MailState},
    change_body, run as ask, text,
};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &MailCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        MailCommand::List(args) => {
            let state = args.state.map(|state| ("state", MailState::as_str(state).to_owned()));
            let after = args.after.clone().map(|after| ("after", after));
            let query: Vec<_> = state.into_iter().chain(after).collect();
            let query = serde_urlencoded::to_string(query).unwrap_or_default();
            let request = Request { method: "GET", path: format!("/mails?{query}"), body: None };
            ask(&args.server, &request, listed, out, talk)
        }
        MailCommand::Retry(args) => {
            let fields = match &args.mail {
                Some(mail) => json!({ "mail": mail }),
                None => json!({ "all": true }),
            };
            let body = change_body(&args.change, fields);
            let path = "/mails/retry".to_owned();
            let request = Request { method: "POST", path, body: Some(body) };
            ask(&args.change.server, &request, tried, out, talk)
        }
    }
}

fn listed(answer: &Value) -> String {
    let head = format!(
        "{} waiting, {} parked, {} blocks behind; the mail server {}\n",
        answer["waiting"],
        answer["parked"],
        answer["behind_blocks"],
        match text(answer, "/server") {
            "silent" => "does not take mails",
            _ => "answers",
        }
    );
    let mails = answer["mails"].as_array().into_iter().flatten().map(line);
    let more = answer["next"].as_str().map(|next| format!("more: --after {next}\n"));
    mails.chain(more).fold(head, |told, line| told + &line)
}

fn line(mail: &Value) -> String {
    let reason = text(mail, "/reason");
    let reply = mail["code"].as_u64().map_or_else(String::new, |code| format!(" {code}"));
    let when = match text(mail, "/state") {
        "waiting" => format!("next try {}", text(mail, "/next_at")),
        _ => format!("since {}", text(mail, "/parked_at")),
    };
    format!(
        "{}  {:<7}  {when}  {} tries  {reason}{reply}\n",
        text(mail, "/mail"),
        text(mail, "/state"),
        mail["attempts"],
    )
}

fn tried(answer: &Value) -> String {
    let mails = &answer["mails"];
    if answer["dry_run"] == true {
        return format!("Nothing was changed; {mails} mails would be tried again\n");
    }
    format!("{mails} mails are tried again\n")
}
