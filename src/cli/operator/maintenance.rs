//! `linepass maintenance on`, `off` and `status`.

use super::{
    Request,
    args::{MaintenanceCommand, ServerArgs},
    change_body, run as ask, text,
};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(
    command: &MaintenanceCommand,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    let (server, request) = request(command);
    ask(server, &request, told, out, talk)
}

fn request(command: &MaintenanceCommand) -> (&ServerArgs, Request) {
    let request = |method, body| Request { method, path: "/maintenance".to_owned(), body };
    match command {
        MaintenanceCommand::On(args) => {
            let until = args.until.map(|until| until.to_string());
            let fields = json!({ "message": args.message, "until": until });
            (&args.change.server, request("PUT", Some(change_body(&args.change, fields))))
        }
        MaintenanceCommand::Off(change) => {
            (&change.server, request("DELETE", Some(change_body(change, json!({})))))
        }
        MaintenanceCommand::Status(server) => (server, request("GET", None)),
    }
}

fn told(answer: &Value) -> String {
    let head = if answer["dry_run"] == true { "Nothing was changed; it would be:\n" } else { "" };
    if answer["on"] != true {
        return format!("{head}maintenance is off\n");
    }
    let line = |name: &str, field: &str| match text(answer, field) {
        "" => String::new(),
        value => format!("  {name:<16}{value}\n"),
    };
    format!(
        "{head}maintenance is on\n{}{}",
        line("message", "/message"),
        line("expected to end", "/until")
    )
}
