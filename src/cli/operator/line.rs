//! `linepass line show`, `restrict` and `lift`; the other verbs of `line` have files of their own.

use super::{
    Request,
    args::{BarArgs, LineCommand, ServerArgs},
    change_body, run as ask, text,
};
use crate::{cli::exit::Exit, text::plain_text};
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &LineCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        LineCommand::Show(args) => {
            let path = format!("/lines/{}", args.customer);
            ask(&args.server, &Request { method: "GET", path, body: None }, shown, out, talk)
        }
        LineCommand::Import(args) => super::import::run(args, out, talk),
        LineCommand::Networks(args) => super::provisioning::networks(args, out, talk),
        LineCommand::Limit(args) => super::provisioning::limit(args, out, talk),
        LineCommand::Inquiries(args) => {
            let path = format!("/lines/{}/inquiries", args.customer);
            let request = Request { method: "GET", path, body: None };
            ask(&args.server, &request, inquiries, out, talk)
        }
        LineCommand::Restrict(args) => {
            let (server, request) = bar("restrict", args);
            ask(server, &request, changed, out, talk)
        }
        LineCommand::Lift(args) => {
            let (server, request) = bar("lift", args);
            ask(server, &request, changed, out, talk)
        }
    }
}

fn bar<'a>(verb: &str, args: &'a BarArgs) -> (&'a ServerArgs, Request) {
    let path = format!("/lines/{}/{verb}", args.customer);
    let body = change_body(&args.change, json!({ "kind": args.kind.as_str() }));
    (&args.change.server, Request { method: "POST", path, body: Some(body) })
}

fn shown(line: &Value) -> String {
    let since = |field: &str| match line[field].as_str() {
        Some(since) => format!("since {since}"),
        None => "no".to_owned(),
    };
    let standing = match (line["ended"].as_bool(), line["open"].as_bool()) {
        (Some(true), _) => "ended",
        (_, Some(true)) => "open",
        _ => "barred",
    };
    format!(
        "{}  {}  {standing}\n  customer's restriction  {}\n  company's stop          {}\n  \
         cannot be billed        {}\n  passport IDs            {}\n  live contracts          {}\n  \
         line limit              {} yen\n  inquiries               {}\n",
        text(line, "/customer_id"),
        text(line, "/service"),
        since("restriction"),
        since("company_stop"),
        since("unbillable"),
        line["passport_ids"],
        line["live_contracts"],
        line["line_limit_yen"],
        line["inquiries"],
    )
}

/// Each inquiry with its lines indented; what a household typed cannot steer a terminal.
fn inquiries(answer: &Value) -> String {
    let all = answer["inquiries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return format!("{}  no inquiries\n", text(answer, "/customer_id"));
    }
    all.iter().fold(String::new(), |told, inquiry| {
        let body = plain_text(text(inquiry, "/text")).replace('\n', "\n    ");
        format!(
            "{told}{}  {}\n  contact  {}\n    {body}\n",
            text(inquiry, "/received_at"),
            plain_text(text(inquiry, "/service")),
            plain_text(text(inquiry, "/contact")),
        )
    })
}

fn changed(answer: &Value) -> String {
    let rehearsed = answer["dry_run"] == true;
    let head = if rehearsed { "Nothing was changed; it would be:\n" } else { "" };
    let ended: String = answer["contracts_ended"].as_array().into_iter().flatten().fold(
        String::new(),
        |told, contract| {
            format!(
                "{told}  ends {} ({} of {}), charged through {}\n",
                text(contract, "/contract"),
                text(contract, "/service"),
                text(contract, "/provider"),
                text(contract, "/last_charge_month"),
            )
        },
    );
    let line = match &answer["line"] {
        Value::Null => "changed; how the line stands cannot be told now\n".to_owned(),
        line => shown(line),
    };
    format!("{head}{line}{ended}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_even_where_the_line_is_not() {
        let ended = json!({
            "contract": "U1", "service": "anime", "provider": "p", "last_charge_month": "2026-11",
        });
        let answer = json!({ "dry_run": false, "line": null, "contracts_ended": [ended] });
        let told = changed(&answer);
        assert!(told.starts_with("changed; how the line stands cannot be told now\n"), "{told}");
        assert!(told.ends_with("  ends U1 (anime of p), charged through 2026-11\n"), "{told}");
    }
}
