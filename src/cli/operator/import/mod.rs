//! `linepass line import`: a file of lines, read row by row and sent in requests of some hundreds.
//!
//! | file | what |
//! |---|---|
//! | [`rows`] | the rows of a CSV or a JSON Lines file |

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

pub mod rows;

use super::{
    Request,
    args::ChangeArgs,
    client::{Client, ClientError},
};
use crate::{
    cli::exit::Exit,
    domain::provisioning::COLUMNS,
    text::plain_text,
    web::operator::imports::{MOST_BODY_BYTES, MOST_ROWS},
};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rows::{Columns, CsvRows, FileFault, FileRow, JsonRows};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, IsTerminal, Read, Result, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// A request is sent when its rows are about so long, half of what the server takes.
const FULL_BYTES: usize = MOST_BODY_BYTES / 2;
/// So many bad rows stand in the JSON object; all are counted.
const MOST_TOLD: usize = 10_000;
/// How often and after how long a server that is busy is asked again.
const TRIES: u32 = 30;
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// What a file of lines may hold.
const LINE_COLUMNS: Columns = Columns { all: COLUMNS, needed: &["customer_id"] };

/// `linepass line import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The file; '-' is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is written [default: jsonl for .jsonl, .ndjson and .json, otherwise csv]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Put another access key of the file in the place of a line's own, and sign out who used that;
    /// otherwise a line's own key is kept
    #[arg(long)]
    pub replace_access_keys: bool,
    /// The change.
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header, UTF-8
    Csv,
    /// A JSON object on each line
    Jsonl,
}

impl ImportArgs {
    fn format(&self) -> Format {
        let by_name = match self.file.extension().and_then(|name| name.to_str()) {
            Some("jsonl" | "ndjson" | "json") => Format::Jsonl,
            _ => Format::Csv,
        };
        self.format.unwrap_or(by_name)
    }
}

/// Why an import ended before its file did.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: FileFault },
    #[error(transparent)]
    Server(#[from] ClientError),
    #[error(transparent)]
    Talk(#[from] io::Error),
}

/// Imports the file.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &ImportArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let mut tally = Tally::default();
    let imported = actix_rt::System::new().block_on(import(args, &mut tally, talk));
    let failed = match imported {
        Ok(()) => None,
        Err(Ended::Talk(error)) => return Err(error),
        Err(error) => Some(error),
    };
    if args.change.server.json {
        writeln!(out, "{}", tally.told(args, failed.as_ref()))?;
    } else if tally.rows > 0 || failed.is_none() {
        write!(out, "{}", tally.words(args))?;
    }
    if let Some(error) = failed {
        let again = if tally.rows > 0 {
            "; what was done stays, and the same file can be imported again"
        } else {
            ""
        };
        writeln!(talk, "linepass: {error}{again}")?;
        return Ok(match error {
            // What was done before stays, so it is not as if nothing had been changed.
            Ended::Server(ClientError::Problem { body, .. }) if tally.rows == 0 => {
                super::exit_of(&body)
            }
            _ => Exit::Failed,
        });
    }
    Ok(tally.exit())
}

async fn import(
    args: &ImportArgs,
    tally: &mut Tally,
    talk: &mut impl Write,
) -> std::result::Result<(), Ended> {
    let unreadable = |source| Ended::File { path: args.file.clone(), source };
    let (source, bar) =
        open(&args.file).map_err(|error| unreadable(FileFault::Unreadable(error.to_string())))?;
    let mut rows: Box<dyn Iterator<Item = _>> = match args.format() {
        Format::Csv => Box::new(CsvRows::open(source, LINE_COLUMNS).map_err(unreadable)?),
        Format::Jsonl => Box::new(JsonRows::open(source)),
    };
    let sender = Sender { args, client: Client::find(args.change.server.config.as_deref())? };
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    let ended = loop {
        let row = match rows.next() {
            None => break Ok(()),
            Some(Err(fault)) => break Err(unreadable(fault)),
            Some(Ok(row)) => row,
        };
        match row {
            FileRow { line, fields: Ok(fields), bytes: length } => {
                bytes += length;
                chunk.push(json!({ "line": line, "fields": fields }));
            }
            FileRow { line, fields: Err(fault), .. } => {
                tally.rows += 1;
                tally.malformed += 1;
                let bad = json!({
                    "line": line, "customer_id": null, "outcome": "malformed",
                    "column": fault.column, "detail": fault.allowed,
                });
                tally.tell(bad, args, &bar, talk)?;
            }
        }
        if chunk.len() >= MOST_ROWS || bytes >= FULL_BYTES {
            sender.send(&mut chunk, tally, &bar, talk).await?;
            bytes = 0;
        }
    };
    sender.send(&mut chunk, tally, &bar, talk).await?;
    bar.finish_and_clear();
    if ended.is_ok() && tally.rows == 0 {
        return Err(unreadable(FileFault::Empty));
    }
    ended
}

/// The file with a bar that follows it; without a terminal nothing is drawn.
fn open(path: &Path) -> Result<(Box<dyn Read>, ProgressBar)> {
    let drawn = io::stderr().is_terminal();
    if path == Path::new("-") {
        let bar = if drawn { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        return Ok((Box::new(bar.wrap_read(io::stdin())), bar));
    }
    let file = File::open(path)?;
    let bar = match (drawn, file.metadata()?.len()) {
        (false, _) => ProgressBar::hidden(),
        (true, 0) => ProgressBar::new_spinner(),
        (true, length) => ProgressBar::new(length),
    };
    let style = ProgressStyle::with_template("{bar:40} {percent}%  {msg}  about {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    Ok((Box::new(bar.wrap_read(file)), bar))
}

struct Sender<'a> {
    args: &'a ImportArgs,
    client: Client,
}

impl Sender<'_> {
    /// Sends what is gathered; a server that is busy is asked again, since the same rows change
    /// nothing twice.
    async fn send(
        &self,
        chunk: &mut Vec<Value>,
        tally: &mut Tally,
        bar: &ProgressBar,
        talk: &mut impl Write,
    ) -> std::result::Result<(), Ended> {
        if chunk.is_empty() {
            return Ok(());
        }
        let sent = chunk.len() as u64;
        let fields = json!({
            "rows": std::mem::take(chunk),
            "replace_access_keys": self.args.replace_access_keys,
        });
        let body = Some(super::change_body(&self.args.change, fields));
        let request = Request { method: "POST", path: "/lines/import".to_owned(), body };
        let mut tries = 0;
        let answer = loop {
            tries += 1;
            match self.client.ask(&request).await {
                Err(ClientError::Problem { body, .. })
                    if body["code"] == "busy" && tries < TRIES =>
                {
                    actix_rt::time::sleep(BETWEEN_TRIES).await;
                }
                answered => break answered?,
            }
        };
        tally.rows += sent;
        tally.add(&answer);
        for row in answer["rows"].as_array().into_iter().flatten() {
            tally.tell(row.clone(), self.args, bar, talk)?;
        }
        bar.set_message(format!("{} rows", tally.rows));
        Ok(())
    }
}

/// What became of all rows so far.
#[derive(Default)]
struct Tally {
    rows: u64,
    opened: u64,
    updated: u64,
    unchanged: u64,
    refused: u64,
    malformed: u64,
    access_keys_kept: u64,
    told: Vec<Value>,
}

impl Tally {
    fn add(&mut self, answer: &Value) {
        let count = |field: &str| answer[field].as_u64().unwrap_or_default();
        self.opened += count("opened");
        self.updated += count("updated");
        self.unchanged += count("unchanged");
        self.refused += count("refused");
        self.malformed += count("malformed");
        self.access_keys_kept += count("access_keys_kept");
    }

    /// A row of which there is something to say: for the JSON object kept, otherwise said at once.
    fn tell(
        &mut self,
        row: Value,
        args: &ImportArgs,
        bar: &ProgressBar,
        talk: &mut impl Write,
    ) -> Result<()> {
        if args.change.server.json {
            if self.told.len() < MOST_TOLD {
                self.told.push(row);
            }
            return Ok(());
        }
        let words = row_words(&row, args.change.dry_run);
        bar.suspend(|| write!(talk, "{words}"))
    }

    fn told(&self, args: &ImportArgs, failed: Option<&Ended>) -> Value {
        json!({
            "dry_run": args.change.dry_run,
            "rows": self.rows,
            "opened": self.opened,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "malformed": self.malformed,
            "access_keys_kept": self.access_keys_kept,
            "told": self.told,
            "failed": failed.map(ToString::to_string),
        })
    }

    fn words(&self, args: &ImportArgs) -> String {
        let head = if args.change.dry_run { "Nothing was changed; it would be:\n" } else { "" };
        let kept = match self.access_keys_kept {
            0 => String::new(),
            kept => format!(
                "{kept} lines keep another access key than the file has; --replace-access-keys \
                 takes the file's\n"
            ),
        };
        format!(
            "{head}{} rows: {} opened, {} updated, {} unchanged, {} refused, {} malformed\n{kept}",
            self.rows, self.opened, self.updated, self.unchanged, self.refused, self.malformed
        )
    }

    /// A row that cannot be read is a failure, one that a rule refuses a refusal.
    fn exit(&self) -> Exit {
        match (self.malformed, self.refused) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

/// `LINE: column: what` of a bad row; what others lost by a good one.
fn row_words(row: &Value, dry_run: bool) -> String {
    let text = |field: &str| plain_text(row[field].as_str().unwrap_or_default());
    let line = &row["line"];
    let bad = match row["outcome"].as_str() {
        Some("malformed") => format!("{line}: {}: {}\n", text("column"), text("detail")),
        Some("refused") => format!("{line}: {}: {}\n", text("customer_id"), text("detail")),
        _ => String::new(),
    };
    let kept = match row["access_key"].as_str() {
        Some("kept") => {
            format!("{line}: access_key: another one than the line's own, which was kept\n")
        }
        _ => String::new(),
    };
    let takes = if dry_run { "would take" } else { "took" };
    let taken = row["taken_from"].as_array().into_iter().flatten().map(|taken| {
        let networks = taken["networks"].as_array().into_iter().flatten();
        let networks: Vec<&str> = networks.filter_map(Value::as_str).collect();
        let from = taken["customer_id"].as_str().unwrap_or_default();
        format!("{line}: networks: {takes} {} from {from}\n", networks.join(", "))
    });
    [bad, kept].into_iter().chain(taken).collect()
}
