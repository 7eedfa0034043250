//! `linepass token add`, `list` and `revoke`.

use super::{
    Request,
    args::{TokenAddArgs, TokenCommand, TokenRole},
    asked as ask, change_body, refused, run as ask_and_tell,
    secret::{keep, reserve, take},
    text, told,
};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &TokenCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        TokenCommand::Add(args) => add(args, out, talk),
        TokenCommand::List(server) => {
            let request = Request { method: "GET", path: "/tokens".to_owned(), body: None };
            ask_and_tell(server, &request, listed, out, talk)
        }
        TokenCommand::Revoke(args) => {
            let body = Some(change_body(&args.change, json!({})));
            let path = format!("/tokens/{}", args.name);
            let request = Request { method: "DELETE", path, body };
            ask_and_tell(&args.change.server, &request, revoked, out, talk)
        }
    }
}

/// The token goes from the server's answer into the file, and is printed nowhere.
fn add(args: &TokenAddArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let (server, path) = (&args.change.server, &args.file);
    // Made before the server is asked, so that no token is drawn that cannot be kept; gone again
    // where there is none.
    let reserved = match reserve(path, "added", &args.change, talk)? {
        Ok(reserved) => reserved,
        Err(exit) => return Ok(exit),
    };
    let fields = json!({ "name": args.name.as_str(), "role": TokenRole::as_str(args.role) });
    let body = Some(change_body(&args.change, fields));
    let request = Request { method: "POST", path: "/tokens".to_owned(), body };
    let mut answer = match ask(server, &request) {
        Ok(answer) => answer,
        Err(error) => return refused(server, error, out, talk),
    };
    let drawn = take(&mut answer, "token");
    if let Some(reserved) = reserved
        && let Err(error) = keep(drawn.as_ref(), reserved)
    {
        let (name, file) = (args.name.as_str(), path.display());
        writeln!(
            talk,
            "linepass: {file}: the token was added and cannot be kept: {error}; revoke it: \
             linepass token revoke {name} --reason …"
        )?;
        return Ok(Exit::Failed);
    }
    answer["file"] = json!(path.display().to_string());
    told(server, &answer, added, out)
}

fn added(answer: &Value) -> String {
    let (name, role, file) = (text(answer, "/name"), text(answer, "/role"), text(answer, "/file"));
    if answer["dry_run"] == true {
        return format!("Nothing was changed; the token {name} ({role}) would be in {file}\n");
    }
    format!("the token {name} ({role}) is in {file}, for its owner alone\n")
}

fn listed(answer: &Value) -> String {
    let tokens = answer["tokens"].as_array().into_iter().flatten();
    let line = |token: &Value| {
        let since = match text(token, "/since") {
            "" => "the first start's, in operator.token_file".to_owned(),
            since => format!("since {since}"),
        };
        format!("{:<32}  {:<7}  {since}\n", text(token, "/name"), text(token, "/role"))
    };
    tokens.map(line).collect()
}

fn revoked(answer: &Value) -> String {
    let name = text(answer, "/name");
    if answer["dry_run"] == true {
        return format!("Nothing was changed; the token {name} would be revoked\n");
    }
    format!("the token {name} is revoked\n")
}
