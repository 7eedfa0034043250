//! `linepass passport show` and `delete`; `linepass contract end`.

use super::{
    Request,
    args::life::{ContractCommand, PassportCommand},
    change_body, line, run as ask, text,
};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &PassportCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        PassportCommand::Show(args) => {
            let path = format!("/lines/{}/passports?names={}", args.customer, args.names);
            ask(&args.server, &Request { method: "GET", path, body: None }, listed, out, talk)
        }
        PassportCommand::Delete(args) => {
            let body = Some(change_body(&args.change, json!({})));
            let path = format!("/lines/{}/passports/{}/delete", args.customer, args.passport);
            let request = Request { method: "POST", path, body };
            ask(&args.change.server, &request, line::changed, out, talk)
        }
    }
}

/// Ends a contract.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn end(command: &ContractCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let ContractCommand::End(args) = command;
    let body = Some(change_body(&args.change, json!({})));
    let path = format!("/lines/{}/contracts/{}/end", args.line, args.contract);
    let request = Request { method: "POST", path, body };
    ask(&args.change.server, &request, line::changed, out, talk)
}

fn listed(answer: &Value) -> String {
    let ids = answer["passports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let head = format!("{}  {} passport IDs\n", text(answer, "/customer_id"), ids.len());
    ids.iter().map(line::passport).fold(head, |told, line| told + &line)
}
