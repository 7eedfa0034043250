//! `linepass audit verify` and `show`.

use super::{
    Request,
    args::{AuditCommand, AuditShowArgs, AuditVerifyArgs},
    client::Client,
    look, refused, run as ask, text,
};
use crate::{
    cli::{exit::Exit, offline, progress::Bar},
    store::audit::{self, Report, Step},
    text::plain_text,
};
use serde_json::{Value, json};
use std::io::{Result, Write};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &AuditCommand, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    match command {
        AuditCommand::Show(args) => {
            let request = Request { method: "GET", path: path(args), body: None };
            ask(&args.server, &request, shown, out, talk)
        }
        AuditCommand::Verify(args) if args.offline => verify_offline(args, out, talk),
        AuditCommand::Verify(args) => {
            let walked = Client::find(args.server.config.as_deref()).and_then(|client| {
                let walk = look::wait(&client, "/audit/verify", "linepass audit verify");
                actix_rt::System::new().block_on(walk)
            });
            match walked {
                Ok(None) => {
                    writeln!(
                        talk,
                        "linepass: the walk was lost before its end, as when the server is started \
                         again; nothing is known of the journal: begin again"
                    )?;
                    Ok(Exit::Failed)
                }
                Ok(Some(answer)) => told(&answer, args.server.json, out),
                Err(error) => refused(&args.server, error, out, talk),
            }
        }
    }
}

fn path(args: &AuditShowArgs) -> String {
    let mut query = Vec::new();
    query.extend(args.line.map(|line| ("line", line.to_string())));
    query.extend(args.provider.as_ref().map(|provider| ("provider", provider.to_string())));
    query.extend(args.system.then(|| ("system", "true".to_owned())));
    query.extend(args.from.map(|from| ("from", from.to_string())));
    query.push(("n", args.number.to_string()));
    format!("/audit/entries?{}", serde_urlencoded::to_string(query).unwrap_or_default())
}

fn verify_offline(
    args: &AuditVerifyArgs,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    let store = args.store.as_deref().zip(args.master_key_file.as_deref());
    let opened = offline::open_to_look(args.server.config.as_deref(), store);
    let store = match opened {
        Ok(store) => store,
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            return Ok(Exit::Failed);
        }
    };
    let bar = Bar::new();
    let mut note = |progress: audit::Progress| {
        let step = match progress.step {
            Step::Blocks => "blocks",
            Step::Rows => "rows",
        };
        bar.at(step, progress.done, progress.of);
    };
    let report = actix_rt::System::new().block_on(audit::verify(&store, false, &mut note));
    bar.end();
    told(&offline_answer(&report), args.server.json, out)
}

fn offline_answer(report: &Report) -> Value {
    let mut answer = json!(report);
    answer["state"] = json!("done");
    answer["whole"] = json!(report.is_whole());
    answer["first_broken_block"] = json!(report.first_broken_block());
    answer
}

fn told(answer: &Value, json: bool, out: &mut impl Write) -> Result<Exit> {
    if json {
        writeln!(out, "{answer}")?;
    } else {
        write!(out, "{}", verified(answer))?;
    }
    Ok(if answer["whole"] == true { Exit::Done } else { Exit::Failed })
}

fn verified(answer: &Value) -> String {
    let number = |field: &str| answer[field].as_u64().unwrap_or_default();
    let counts = format!(
        "{} blocks, {} entries in {} streams, {} personal rows ({} gone, and an event says why)\n",
        number("blocks"),
        number("entries"),
        number("streams"),
        number("personal_rows"),
        number("personal_rows_gone"),
    );
    let beyond = match number("beyond_head") {
        0 => String::new(),
        1 => "1 block beyond the head is vouched for by nobody\n".to_owned(),
        more => format!("{more} blocks beyond the head are vouched for by nobody\n"),
    };
    if answer["whole"] == true {
        return format!("whole: {counts}{beyond}");
    }
    let head = match answer["first_broken_block"].as_u64() {
        Some(block) => format!("broken: the first broken block is {block}\n"),
        None => "broken\n".to_owned(),
    };
    let faults = answer["faults"].as_array().into_iter().flatten();
    let told = faults.clone().map(|fault| format!("  {}\n", fault_told(fault)));
    let left = number("fault_count").saturating_sub(faults.count() as u64);
    let more = (left > 0).then(|| format!("  and {left} more\n"));
    let checked = Some(format!("checked: {counts}{beyond}"));
    told.chain(more).chain(checked).fold(head, |all, line| all + &line)
}

fn fault_told(fault: &Value) -> String {
    let field = |name: &str| plain_text(text(fault, name));
    let (place, what) = (field("/place"), field("/what"));
    match fault["block"].as_u64().map(|block| format!("block {block}")) {
        Some(block) if block != place => format!("{block}: {place}: {what}"),
        _ => format!("{place}: {what}"),
    }
}

/// Each entry in a few lines; what somebody wrote cannot steer a terminal.
fn shown(answer: &Value) -> String {
    let entries = answer["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stream = text(answer, "/stream");
    let head = match (entries.first(), entries.last()) {
        (Some(first), Some(last)) => {
            format!("{stream}  {} to {} of {}\n", first["seq"], last["seq"], answer["last"])
        }
        _ => format!("{stream}  nothing there; the last entry is {}\n", answer["last"]),
    };
    let next = answer["next"].as_u64().map(|next| format!("more: --from {next}\n"));
    let told = entries.iter().map(entry_told).chain(next);
    plain_text(&told.fold(head, |all, entry| all + &entry))
}

fn entry_told(entry: &Value) -> String {
    let by = match text(entry, "/by/who") {
        "operator" => {
            let (name, reason) = (text(entry, "/by/name"), text(entry, "/by/reason"));
            format!("operator {}: {}", on_one_line(name), on_one_line(reason))
        }
        "passport" => format!("passport ID number {}", entry["by"]["passport"]),
        other => other.to_owned(),
    };
    let request = match text(entry, "/request_id") {
        "" => String::new(),
        id => format!("  request {id}"),
    };
    let head = format!("\n{}  {}  {by}{request}\n", entry["seq"], text(entry, "/at"));
    let events = entry["events"].as_array().into_iter().flatten().map(|event| {
        let fields = event.as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| *name != "event");
        let fields = fields.map(|(name, value)| format!("  {name}={}", short(value)));
        format!("    {}{}\n", text(event, "/event"), fields.collect::<String>())
    });
    let changed = entry["changed"].as_array().into_iter().flatten().map(|change| {
        let (before, after) = (short(&change["before"]), short(&change["after"]));
        format!("    changed {}: {before} → {after}\n", text(change, "/field"))
    });
    events.chain(changed).fold(head, |all, line| all + &line)
}

/// What somebody wrote looks like no second line of ours.
fn on_one_line(written: &str) -> String {
    plain_text(written).replace('\n', " ")
}

/// A value on one line; a commitment by its beginning.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => on_one_line(text),
        Value::Object(members) => match (members.get("row"), members.get("commitment")) {
            (Some(row), Some(Value::String(commitment))) => {
                format!("row {row} ({}…)", commitment.get(..12).unwrap_or(commitment))
            }
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::audit::Fault;

    #[test]
    fn an_operators_entry_is_told_with_its_reason_and_what_it_changed() {
        let answer = json!({
            "stream": "CAF0000012573", "last": 9, "next": 3,
            "entries": [{
                "seq": 2, "block": 5, "at": "2026-11-27T10:00:00+09:00", "request_id": "r-1",
                "by": { "who": "operator", "name": "desk-1", "reason": "form \u{1b}[2J31" },
                "events": [{ "event": "barrier_raised", "barrier": "company_stop" }],
                "changed": [{ "field": "barriers.company_stop", "before": null,
                              "after": "2026-11-27T10:00:00+09:00" }],
            }],
        });
        let told = shown(&answer);
        assert!(told.starts_with("CAF0000012573  2 to 2 of 9\n"), "{told}");
        let line = "    changed barriers.company_stop: null → 2026-11-27T10:00:00+09:00\n";
        assert!(told.contains(line) && told.ends_with("more: --from 3\n"), "{told}");
        assert!(told.contains("operator desk-1: form") && !told.contains('\u{1b}'), "{told}");
        assert!(told.contains("    barrier_raised  barrier=company_stop\n"), "{told}");
    }

    #[test]
    fn a_broken_chain_is_told_with_its_first_block_first() {
        let fault = |block, place: &str| {
            let kind = audit::FaultKind::RowChanged;
            Fault { block: Some(block), kind, place: place.into(), what: "it is not".into() }
        };
        let report = Report {
            blocks: 9,
            fault_count: 5,
            faults: vec![fault(3, "block 3"), fault(4, "event 1 of !system")],
            ..Report::default()
        };
        let told = verified(&offline_answer(&report));
        let expected = "broken: the first broken block is 3\n  block 3: it is not\n  block 4: \
                        event 1 of !system: it is not\n  and 3 more\n";
        assert!(told.starts_with(expected), "{told}");
    }
}
