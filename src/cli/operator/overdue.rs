//! `linepass overdue import`, `list`, `stop-collecting` and `disclose`.

mod rows;

use super::{
    Request,
    args::{
        ChangeArgs, ServerArgs,
        overdue::{DiscloseArgs, DisclosureFormat, ImportArgs, OverdueCommand},
    },
    asked, change_body, line, refused, run as ask,
    secret::reserve,
    text, told,
};
use crate::{
    cli::{exit::Exit, operator::import::rows::FileFault},
    web::portal::csv,
};
use rows::{BadRow, Numbered};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Rows that go to the server at once.
const ROWS_AT_ONCE: usize = 64;
/// The six fields of a disclosure, in the guide's order.
const SIX_FIELDS: [&str; 6] =
    ["氏名", "住所", "連絡先電話番号", "課金電話番号", "利用した有料サービス名", "購入年月日"];

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(
    command: &OverdueCommand,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    match command {
        OverdueCommand::Import(args) => import(args, out, talk),
        OverdueCommand::List(server) => list(server, out, talk),
        OverdueCommand::StopCollecting(args) => {
            let body = Some(change_body(&args.change, json!({ "month": args.month })));
            let path = format!("/lines/{}/stop-collecting", args.customer);
            let request = Request { method: "POST", path, body };
            ask(&args.change.server, &request, line::changed, out, talk)
        }
        OverdueCommand::Disclose(args) => disclose(args, out, talk),
    }
}

/// What an import came to.
#[derive(Default)]
struct Sums {
    reported: u64,
    settled: u64,
    unchanged: u64,
    bad: Vec<BadRow>,
}

/// Reads the file row by row and sends good rows on, some at a time.
fn import(args: &ImportArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    let unreadable = |fault: FileFault| format!("linepass: {}: {fault}", args.file.display());
    let all = match rows::read(&args.file) {
        Ok(all) => all,
        Err(fault) => {
            writeln!(talk, "{}", unreadable(fault))?;
            return Ok(Exit::Failed);
        }
    };
    let mut sums = Sums::default();
    let mut waiting: Vec<Numbered> = Vec::new();
    let (mut count, mut ended) = (0_u64, None);
    for row in all {
        count += 1;
        match row {
            Ok(Ok(row)) => waiting.push(row),
            Ok(Err(bad)) => tell_bad(bad, &mut sums, talk)?,
            Err(fault) => {
                ended = Some(fault);
                break;
            }
        }
        if waiting.len() >= ROWS_AT_ONCE
            && let Some(exit) = send(&args.change, &mut waiting, &mut sums, out, talk)?
        {
            return Ok(exit);
        }
    }
    if let Some(exit) = send(&args.change, &mut waiting, &mut sums, out, talk)? {
        return Ok(exit);
    }
    if let Some(fault) = ended.or_else(|| (count == 0).then_some(FileFault::Empty)) {
        writeln!(talk, "{}", unreadable(fault))?;
        if count > 1 {
            told(&args.change.server, &sums.answer(args.change.dry_run), imported, out)?;
        }
        return Ok(Exit::Failed);
    }
    let is_good = sums.bad.is_empty();
    told(&args.change.server, &sums.answer(args.change.dry_run), imported, out)?;
    Ok(if is_good { Exit::Done } else { Exit::Failed })
}

fn tell_bad(bad: BadRow, sums: &mut Sums, talk: &mut impl Write) -> io::Result<()> {
    writeln!(talk, "linepass: line {}: {}", bad.line, bad.reason)?;
    sums.bad.push(bad);
    Ok(())
}

/// Sends what waits; an exit where the server did not take it.
fn send(
    change: &ChangeArgs,
    waiting: &mut Vec<Numbered>,
    sums: &mut Sums,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Option<Exit>> {
    let rows: Vec<Numbered> = std::mem::take(waiting);
    let Some(first) = rows.first().map(|row| row.line) else { return Ok(None) };
    let fields = json!({ "rows": rows.iter().map(|row| &row.row).collect::<Vec<_>>() });
    let body = Some(change_body(change, fields));
    let request = Request { method: "POST", path: "/overdue/import".to_owned(), body };
    let answer = match asked(&change.server, &request) {
        Ok(answer) => answer,
        Err(error) => {
            writeln!(talk, "linepass: stopped at line {first}; run it again for the rest")?;
            return refused(&change.server, error, out, talk).map(Some);
        }
    };
    let outcomes = answer["rows"].as_array().into_iter().flatten();
    for (row, outcome) in rows.iter().zip(outcomes) {
        match text(outcome, "/outcome") {
            "reported" => sums.reported += 1,
            "settled" => sums.settled += 1,
            "unchanged" => sums.unchanged += 1,
            _ => {
                let reason = text(outcome, "/detail").to_owned();
                tell_bad(BadRow { line: row.line, reason }, sums, talk)?;
            }
        }
    }
    Ok(None)
}

impl Sums {
    fn answer(self, dry_run: bool) -> Value {
        let bad = self.bad.iter().map(|bad| json!({ "line": bad.line, "reason": bad.reason }));
        json!({
            "dry_run": dry_run, "reported": self.reported, "settled": self.settled,
            "unchanged": self.unchanged, "bad": bad.collect::<Vec<_>>(),
        })
    }
}

fn imported(answer: &Value) -> String {
    let head = if answer["dry_run"] == true { "Nothing was changed; it would be:\n" } else { "" };
    format!(
        "{head}{} reported, {} settled, {} unchanged, {} bad\n",
        answer["reported"],
        answer["settled"],
        answer["unchanged"],
        answer["bad"].as_array().map_or(0, Vec::len),
    )
}

fn list(server: &ServerArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    let (mut lines, mut unreadable) = (Vec::new(), Vec::new());
    let mut after = String::new();
    loop {
        let path = format!("/overdue{after}");
        match asked(server, &Request { method: "GET", path, body: None }) {
            Ok(answer) => {
                lines.extend(answer["lines"].as_array().into_iter().flatten().cloned());
                unreadable.extend(answer["unreadable"].as_array().into_iter().flatten().cloned());
                match answer["next"].as_str() {
                    Some(next) => after = format!("?after={next}"),
                    None => break,
                }
            }
            Err(error) => return refused(server, error, out, talk),
        }
    }
    for customer in unreadable.iter().filter_map(Value::as_str) {
        writeln!(talk, "linepass: {customer} cannot be read; the server's log says why")?;
    }
    let is_whole = unreadable.is_empty();
    told(server, &json!({ "lines": lines, "unreadable": unreadable }), listed, out)?;
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

fn listed(answer: &Value) -> String {
    let lines = answer["lines"].as_array().into_iter().flatten();
    let told = lines.flat_map(|one| {
        let bills = one["unpaid"].as_array().into_iter().flatten();
        bills.map(move |bill| text(one, "/customer_id").to_owned() + &line::unpaid(bill))
    });
    told.collect()
}

/// Makes the file before anything is asked, so that no disclosure is recorded that cannot be kept.
fn disclose(args: &DiscloseArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    let fields = json!({ "provider": args.provider, "month": args.month });
    let body = Some(change_body(&args.change, fields));
    let path = format!("/lines/{}/disclose", args.customer);
    let request = Request { method: "POST", path, body };
    let server = &args.change.server;
    let Some(path) = args.out.as_deref() else {
        return ask(server, &request, disclosed, out, talk);
    };
    let file = match reserve(path, "disclosed", &args.change, talk)? {
        Ok(Some(file)) => file,
        Ok(None) => return ask(server, &request, disclosed, out, talk),
        Err(exit) => return Ok(exit),
    };
    let mut answer = match asked(server, &request) {
        Ok(answer) => answer,
        Err(error) => return refused(server, error, out, talk),
    };
    let purchases = answer.as_object_mut().and_then(|answer| answer.remove("purchases"));
    let kept = written(&answer, purchases.as_ref(), args.format)
        .and_then(|bytes| file.fill_with(|file| file.write_all(&bytes)));
    if let Err(error) = kept {
        let path = path.display();
        writeln!(
            talk,
            "linepass: {path}: {error}; the disclosure is recorded and its file is not written: run \
             it again"
        )?;
        return Ok(Exit::Failed);
    }
    told(server, &answer, disclosed, out)
}

/// The file's bytes; an answer without all that it was recorded for makes no file.
fn written(
    answer: &Value,
    purchases: Option<&Value>,
    format: DisclosureFormat,
) -> io::Result<Vec<u8>> {
    let incomplete = || io::Error::other("the server's answer does not have all purchases");
    let purchases = purchases.and_then(Value::as_array).ok_or_else(incomplete)?;
    let cells = |one: &Value| {
        let cell = |name: &str| one[name].as_str().map(str::to_owned).ok_or_else(incomplete);
        SIX_FIELDS.into_iter().map(cell).collect::<io::Result<Vec<_>>>()
    };
    let rows = purchases.iter().map(cells).collect::<io::Result<Vec<_>>>()?;
    if answer["count"].as_u64() != Some(rows.len() as u64) {
        return Err(incomplete());
    }
    match format {
        DisclosureFormat::Json => {
            let mut text = serde_json::to_vec(purchases)?;
            text.push(b'\n');
            Ok(text)
        }
        DisclosureFormat::Csv => {
            let head = SIX_FIELDS.map(str::to_owned).to_vec();
            csv::write([head].into_iter().chain(rows)).map_err(io::Error::other)
        }
    }
}

fn disclosed(answer: &Value) -> String {
    let head = match answer["dry_run"].as_bool() {
        Some(true) => "Nothing was disclosed; it would be:\n",
        _ => "",
    };
    format!(
        "{head}{} to {}: {} purchases of {}, because {}\n",
        text(answer, "/customer_id"),
        text(answer, "/provider"),
        answer["count"],
        text(answer, "/month"),
        match text(answer, "/trigger") {
            "collection_stopped" => "collection was stopped",
            _ => "60 days have passed since the due date",
        },
    )
}
