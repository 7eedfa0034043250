//! `linepass key rotate`.

use super::{Request, args::KeyCommand, change_body, run as ask, text};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &KeyCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let KeyCommand::Rotate(args) = command;
    let body = change_body(&args.change, json!({ "kind": args.kind.as_str() }));
    let request = Request { method: "POST", path: "/keys/rotate".to_owned(), body: Some(body) };
    ask(&args.change.server, &request, told, out, talk)
}

fn told(answer: &Value) -> String {
    let rehearsed = answer["dry_run"] == true;
    let head = if rehearsed { "Nothing was changed; the keys stand like this:\n" } else { "" };
    let goes = if rehearsed { "would go" } else { "gone" };
    let keys = answer["keys"].as_array().into_iter().flatten().map(|key| {
        let (purpose, state) = (text(key, "/purpose"), text(key, "/state"));
        format!(
            "{}  {purpose:<10}  {state:<8}  made {}\n",
            text(key, "/kid"),
            text(key, "/created_at")
        )
    });
    let retired = answer["retired"].as_array().into_iter().flatten();
    let retired = retired.filter_map(Value::as_str).map(|kid| format!("{kid}  {goes}\n"));
    keys.chain(retired).fold(head.to_owned(), |told, line| told + &line)
}
