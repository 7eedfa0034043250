//! `linepass line show`, `restrict`, `lift` and `inquiries`; the other verbs of `line` have files of
//! their own.

use super::{
    Request,
    args::{LineCommand, ShowArgs, StopCause},
    asked, change_body, refused, run as ask, text, told, transfer,
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
        LineCommand::Show(args) => show(args, out, talk),
        LineCommand::Import(args) => super::import::run(args, out, talk),
        LineCommand::Networks(args) => super::provisioning::networks(args, out, talk),
        LineCommand::Limit(args) => super::provisioning::limit(args, out, talk),
        LineCommand::Inquiries(args) => {
            let path = format!("/lines/{}/inquiries", args.customer);
            let request = Request { method: "GET", path, body: None };
            ask(&args.server, &request, inquiries, out, talk)
        }
        LineCommand::Restrict(args) => {
            let fields = json!({
                "kind": args.kind.as_str(),
                "cause": args.cause.map(StopCause::as_str),
                "month": args.month,
            });
            let body = change_body(&args.change, fields);
            let path = format!("/lines/{}/restrict", args.customer);
            let request = Request { method: "POST", path, body: Some(body) };
            ask(&args.change.server, &request, changed, out, talk)
        }
        LineCommand::Lift(args) => {
            let body = change_body(&args.change, json!({ "kind": args.kind.as_str() }));
            let path = format!("/lines/{}/lift", args.customer);
            let request = Request { method: "POST", path, body: Some(body) };
            ask(&args.change.server, &request, changed, out, talk)
        }
        LineCommand::Transfer(args) => transfer::run(args, out, talk),
        LineCommand::Billing(args) => transfer::change_billing(args, out, talk),
    }
}

/// The line and, where the token's role may see them, its last sign-ins.
fn show(args: &ShowArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let get = |path: String| asked(&args.server, &Request { method: "GET", path, body: None });
    let mut line = match get(format!("/lines/{}", args.customer)) {
        Ok(line) => line,
        Err(error) => return refused(&args.server, error, out, talk),
    };
    line["sign_ins"] = match get(format!("/lines/{}/sign-ins", args.customer)) {
        Ok(mut answer) => answer["sign_ins"].take(),
        Err(_) => Value::Null,
    };
    told(&args.server, &line, whole, out)
}

pub(super) fn shown(line: &Value) -> String {
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
         cannot be billed        {}\n  billing                 {}\n  \
         passport IDs            {}\n  live contracts          {}\n  \
         line limit              {} yen\n  inquiries               {}\n",
        text(line, "/customer_id"),
        text(line, "/service"),
        since("restriction"),
        since("company_stop"),
        since("unbillable"),
        text(line, "/billing"),
        line["passport_ids"],
        line["live_contracts"],
        line["line_limit_yen"],
        line["inquiries"],
    )
}

/// The same with each ID, contract, unpaid bill and sign-in.
fn whole(line: &Value) -> String {
    let list = |field: &str| line[field].as_array().map(Vec::as_slice).unwrap_or_default();
    let ended = match (text(line, "/ended_at"), text(line, "/ended_by")) {
        ("", _) => String::new(),
        (at, by) => format!("  ended                   {at} ({by})\n"),
    };
    let head = format!("{}{ended}", shown(line));
    let ids = list("passports").iter().map(passport);
    let contracts = list("contracts").iter().map(|one| {
        format!(
            "  contract {} of ID {}  {} of {}  {} yen a month  since {}\n",
            text(one, "/contract"),
            one["passport"],
            text(one, "/service"),
            text(one, "/provider"),
            one["unit_price_yen"],
            text(one, "/bought_at"),
        )
    });
    let unpaid = list("unpaid").iter().map(unpaid);
    let sign_ins = list("sign_ins").iter().take(5).map(|one| {
        let (at, from) = (text(one, "/at"), text(one, "/from"));
        format!("  signed in {at}  from {from}  to {}\n", text(one, "/to"))
    });
    ids.chain(contracts).chain(unpaid).chain(sign_ins).fold(head, |told, line| told + &line)
}

/// An ID on one line.
pub(super) fn passport(one: &Value) -> String {
    let name = match text(one, "/passport_id") {
        "" => String::new(),
        name => format!("  {name}"),
    };
    let checked = if one["line_authentication"] == true { "on" } else { "off" };
    format!(
        "  ID {}{name}  {}  {} of {} yen this month  line authentication {checked}  since {}\n",
        one["passport"],
        text(one, "/status"),
        one["used_yen"],
        one["limit_yen"],
        text(one, "/registered_at"),
    )
}

/// An unpaid bill on one line.
pub(super) fn unpaid(bill: &Value) -> String {
    let stopped = match text(bill, "/collection_stopped_at") {
        "" => String::new(),
        at => format!("  not collected since {at}"),
    };
    let disclosed =
        bill["disclosed"].as_array().into_iter().flatten().fold(String::new(), |told, one| {
            format!("{told}  disclosed to {}", text(one, "/provider"))
        });
    let due = bill["due"].as_str().unwrap_or("not reported");
    format!("  unpaid {}  due {due}{stopped}{disclosed}\n", text(bill, "/month"))
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

pub(super) fn changed(answer: &Value) -> String {
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
    let deleted = answer["passport_ids_deleted"].as_array().into_iter().flatten();
    let ended = deleted.fold(ended, |told, id| format!("{told}  deletes passport ID {id}\n"));
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
