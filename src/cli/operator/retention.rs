//! `linepass retention sweep` and `erase`.

use super::{
    Request,
    args::{ChangeArgs, life::RetentionCommand},
    asked, change_body, refused, run as ask, text, told,
};
use crate::cli::exit::Exit;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Result, Write},
};

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(
    command: &RetentionCommand,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    match command {
        RetentionCommand::Sweep(change) => sweep(change, out, talk),
        RetentionCommand::Erase(args) => {
            let body = Some(change_body(&args.change, json!({})));
            let path = format!("/lines/{}/erase", args.customer);
            let request = Request { method: "POST", path, body };
            ask(&args.change.server, &request, erased, out, talk)
        }
    }
}

/// Asks for part after part, and tells the sum.
fn sweep(change: &ChangeArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let mut sum = Sum::default();
    let mut after = Value::Null;
    loop {
        let body = Some(change_body(change, json!({ "after": after })));
        let request = Request { method: "POST", path: "/retention/sweep".to_owned(), body };
        let answer = match asked(&change.server, &request) {
            Ok(answer) => answer,
            Err(error) => {
                if sum.seen > 0 {
                    let seen = sum.seen;
                    writeln!(talk, "linepass: {seen} lines were swept; run it again for the rest")?;
                }
                let exit = refused(&change.server, error, out, talk)?;
                // What was swept before stays, so it is not as if nothing had been changed.
                return Ok(if sum.seen > 0 { Exit::Failed } else { exit });
            }
        };
        sum.add(&answer);
        after = answer["next"].clone();
        if after.is_null() {
            break;
        }
    }
    told(&change.server, &sum.answer(change.dry_run), erased, out)?;
    Ok(if sum.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// What the parts come to.
#[derive(Default)]
struct Sum {
    seen: u64,
    erased: u64,
    rows: BTreeMap<String, u64>,
    failed: Vec<Value>,
}

impl Sum {
    fn add(&mut self, answer: &Value) {
        self.seen += answer["lines_seen"].as_u64().unwrap_or_default();
        self.erased += answer["lines_erased"].as_u64().unwrap_or_default();
        for one in answer["rows"].as_array().into_iter().flatten() {
            let class = text(one, "/class").to_owned();
            *self.rows.entry(class).or_default() += one["rows"].as_u64().unwrap_or_default();
        }
        self.failed.extend(answer["failed"].as_array().into_iter().flatten().cloned());
    }

    fn answer(&self, dry_run: bool) -> Value {
        let rows = self.rows.iter().map(|(class, rows)| json!({ "class": class, "rows": rows }));
        json!({
            "dry_run": dry_run, "lines_seen": self.seen, "lines_erased": self.erased,
            "rows": rows.collect::<Vec<_>>(), "failed": self.failed,
        })
    }
}

fn erased(answer: &Value) -> String {
    let head = if answer["dry_run"] == true { "Nothing was changed; it would be:\n" } else { "" };
    let lines = format!(
        "{head}{} lines looked at, {} with data whose term is over\n",
        answer["lines_seen"], answer["lines_erased"]
    );
    let rows = answer["rows"].as_array().into_iter().flatten();
    let rows = rows.map(|one| format!("  {:<14}  {} rows\n", text(one, "/class"), one["rows"]));
    let failed = answer["failed"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let failed = failed.map(|line| format!("  {line} could not be read; the log says why\n"));
    rows.chain(failed).fold(lines, |told, line| told + &line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_added_up_by_class() {
        let part = |seen: u64, rows: Value| json!({ "lines_seen": seen, "lines_erased": 1, "rows": rows, "failed": [] });
        let mut sum = Sum::default();
        sum.add(&part(500, json!([{ "class": "record", "rows": 2 }])));
        sum.add(&part(
            3,
            json!([{ "class": "record", "rows": 1 }, { "class": "inquiry", "rows": 4 }]),
        ));
        let told = erased(&sum.answer(true));
        let expected = "Nothing was changed; it would be:\n503 lines looked at, 2 with data whose term \
                        is over\n  inquiry         4 rows\n  record          3 rows\n";
        assert_eq!(told, expected);
    }
}
