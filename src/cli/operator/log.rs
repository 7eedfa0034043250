//! `linepass log level`.

use super::{
    Request,
    args::{Format, Level, LogCommand, LogLevelArgs},
    run as ask, text,
};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &LogCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let LogCommand::Level(args) = command;
    if args.reason.is_some() && args.level.is_none() && args.format.is_none() {
        writeln!(talk, "linepass: a change names LEVEL or --format; without --reason it is shown")?;
        return Ok(Exit::Usage);
    }
    ask(&args.server, &request(args), told, out, talk)
}

fn request(args: &LogLevelArgs) -> Request {
    let path = "/log".to_owned();
    let Some(reason) = &args.reason else { return Request { method: "GET", path, body: None } };
    let body = json!({
        "level": args.level.map(Level::as_str),
        "format": args.format.map(Format::as_str),
        "for_s": args.for_time.map(|time| time.as_secs()),
        "reason": reason.as_str(),
        "dry_run": args.dry_run,
    });
    Request { method: "PUT", path, body: Some(body) }
}

fn told(answer: &Value) -> String {
    let head = if answer["dry_run"] == true { "Nothing was changed; it would be:\n" } else { "" };
    let until = match text(answer, "/until") {
        "" => String::new(),
        until => format!(", until {until}"),
    };
    let lost = answer["lost_lines"].as_object().into_iter().flatten();
    let lost = lost.fold(String::new(), |told, (output, lost)| {
        format!("{told}  lost lines  {lost} ({output})\n")
    });
    format!(
        "{head}{}{until}\n  form        {}\n  configured  {}, {}\n{lost}",
        text(answer, "/level"),
        text(answer, "/format"),
        text(answer, "/configured/level"),
        text(answer, "/configured/format"),
    )
}
