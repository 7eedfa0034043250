//! `linepass bill preview`, `close`, `correct` and `settle`: the month's bills, taken home as files.
//!
//! | file | what |
//! |---|---|
//! | [`files`] | bills as CSV and JSON by billing route, with a manifest |
//! | [`settle`] | what each provider is owed, held against those files |

pub mod files;
pub mod settle;

use super::{
    Request,
    args::{BillCommand, CloseArgs, CorrectArgs, PreviewArgs, ServerArgs},
    change_body,
    client::{Client, ClientError},
    exit_of, run as ask, text,
};
use crate::{
    cli::{exit::Exit, progress::Bar},
    domain::{calendar::Month, ids::CustomerId},
    web::operator::bills::{Bill, Closing, MonthState, Page},
};
use files::{BillFiles, Summary, ready_folder};
use serde_json::{Value, json};
use std::{
    io::{Result as IoResult, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// How often a close is asked how far it is.
const POLL: Duration = Duration::from_millis(100);
/// Lines of one page of bills.
const PAGE: usize = 1_000;

/// What to do with a close that broke off.
const WHAT_NOW: &str = "; what was closed stays closed, and the same command goes on from there";

/// Why bills were not taken home.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// The server said no, or does not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file cannot be written or read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder of the files cannot be made or used.
    #[error("{path}: {source}; the files go into a new folder or one of theirs")]
    Unmade {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what the close wrote.
    #[error("{path}: {what}")]
    Differs {
        /// Which.
        path: PathBuf,
        /// How it differs.
        what: String,
    },
    /// The close ended before its end.
    #[error("{problem}{}", if *refused { "" } else { WHAT_NOW })]
    Broken {
        /// Why.
        problem: String,
        /// Whether a rule says so.
        refused: bool,
    },
    /// The month is closed, and what came after that failed.
    #[error(
        "{month} is closed, and its files are not written: {source}. To write them: linepass bill close \
         --month {month} --out FOLDER --reason …; it closes nothing again"
    )]
    Unwritten {
        /// Which.
        month: Month,
        /// Why.
        source: Box<BillError>,
    },
    /// What was answered is not what this version of the command knows.
    #[error("the server answers in another way than this command knows: {0}")]
    Answer(#[from] serde_json::Error),
}

impl BillError {
    fn exit(&self) -> Exit {
        match self {
            Self::Client(ClientError::Problem { body, .. }) => exit_of(body),
            Self::Unmade { source, .. } => Exit::of_unmade(source.kind()),
            Self::Broken { refused: true, .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}

/// Does what `command` asks for.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(command: &BillCommand, out: &mut impl Write, talk: &mut impl Write) -> IoResult<Exit> {
    let told = match command {
        BillCommand::Preview(args) => told(&args.server, preview(args)),
        BillCommand::Close(args) => told(&args.change.server, close(args)),
        BillCommand::Settle(args) => told(&args.server, settle::settle(args)),
        BillCommand::Correct(args) => return correct(args, out, talk),
    };
    match told {
        Ok(Told { text, exit }) => {
            write!(out, "{text}")?;
            Ok(exit)
        }
        Err(BillError::Client(ClientError::Problem { body, .. })) if command.json() => {
            writeln!(out, "{body}")?;
            Ok(exit_of(&body))
        }
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            Ok(error.exit())
        }
    }
}

/// What is printed, and how the command ends.
pub struct Told {
    text: String,
    exit: Exit,
}

impl Told {
    pub(super) fn new(server: &ServerArgs, data: &Value, pretty: String, exit: Exit) -> Self {
        let text = if server.json { format!("{data}\n") } else { pretty };
        Self { text, exit }
    }
}

fn told(
    server: &ServerArgs,
    work: impl AsyncFnOnce(Client) -> Result<Told, BillError>,
) -> Result<Told, BillError> {
    let client = Client::find(server.config.as_deref())?;
    actix_rt::System::new().block_on(work(client))
}

fn preview(args: &PreviewArgs) -> impl AsyncFnOnce(Client) -> Result<Told, BillError> + '_ {
    async move |client: Client| {
        let state: MonthState = client.ask_as(&get(format!("/bills/{}", args.month))).await?;
        let summary = take(&client, args.month, "preview", args.out.as_deref()).await?;
        let head = match state.state {
            Closing::Closed => format!("{}  is closed; this is what was billed\n", args.month),
            _ => format!("{}  preview; nothing is fixed\n", args.month),
        };
        let pretty = format!("{head}{}", summary.pretty(args.out.as_deref()));
        let data = summary.data(args.month, "preview", args.out.as_deref());
        Ok(Told::new(&args.server, &data, pretty, Exit::Done))
    }
}

fn close(args: &CloseArgs) -> impl AsyncFnOnce(Client) -> Result<Told, BillError> + '_ {
    async move |client: Client| {
        let (month, server) = (args.month, &args.change.server);
        let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("bills-{month}")));
        // Before anything is changed: the close is for good, whatever becomes of its files. A rehearsal
        // takes away again what it made.
        let ready = ready_folder(&folder)?;
        let before: MonthState = client.ask_as(&get(format!("/bills/{month}"))).await?;
        let body = change_body(&args.change, json!({}));
        let path = format!("/bills/{month}/close");
        let state: MonthState =
            client.ask_as(&Request { method: "POST", path, body: Some(body) }).await?;
        if args.change.dry_run {
            let preview = format!("`linepass bill preview --month {month}` tells what");
            let pretty = match state.state {
                Closing::Closed => format!("{month}  is closed already; {preview} was billed.\n"),
                _ => format!("{month}  can be closed. Nothing was changed; {preview} would be.\n"),
            };
            return Ok(Told::new(
                server,
                &json!({ "dry_run": true, "state": state }),
                pretty,
                Exit::Done,
            ));
        }
        wait_until_closed(&client, month, state).await?;
        ready.keep();
        let taken = take(&client, month, "lines", Some(&folder)).await;
        let summary =
            taken.map_err(|source| BillError::Unwritten { month, source: Box::new(source) })?;
        let head = match before.state {
            Closing::Closed => {
                format!(
                    "{month}  was closed already; nothing was closed again, and the same files are written\n"
                )
            }
            _ => format!("{month}  closed\n"),
        };
        let pretty = format!("{head}{}", summary.pretty(Some(&folder)));
        let data = summary.data(month, "closed", Some(&folder));
        Ok(Told::new(server, &data, pretty, Exit::Done))
    }
}

async fn wait_until_closed(
    client: &Client,
    month: Month,
    mut state: MonthState,
) -> Result<(), BillError> {
    let bar = Bar::new();
    loop {
        match state.state {
            Closing::Closed => {
                bar.end();
                return Ok(());
            }
            Closing::Checking => bar.at("checking", state.lines_done, state.lines_total),
            Closing::Closing => bar.at("closing", state.lines_done, state.lines_total),
            Closing::Open | Closing::Broken => {
                bar.end();
                let refused = state.code.as_deref().is_some_and(|code| !code.ends_with("_failed"));
                let problem = state.problem.unwrap_or_else(|| format!("{month} was not closed"));
                return Err(BillError::Broken { problem, refused });
            }
        }
        tokio::time::sleep(POLL).await;
        state = client.ask_as(&get(format!("/bills/{month}"))).await?;
    }
}

pub(super) fn get(path: String) -> Request {
    Request { method: "GET", path, body: None }
}

/// Takes a month's bills, page by page, into files where a folder is given.
async fn take(
    client: &Client,
    month: Month,
    list: &str,
    folder: Option<&Path>,
) -> Result<Summary, BillError> {
    let mut files = folder.map(|folder| BillFiles::begin(folder, month)).transpose()?;
    let mut summary = Summary::default();
    each_bill(client, month, list, |bill| {
        summary.add(bill);
        files.as_mut().map_or(Ok(()), |files| files.add(bill))
    })
    .await?;
    if let Some(files) = files {
        files.finish(&summary)?;
    }
    Ok(summary)
}

/// Asks for a month's bills, page by page, so that the memory stays flat.
pub(super) async fn each_bill(
    client: &Client,
    month: Month,
    list: &str,
    mut work: impl FnMut(&Bill) -> Result<(), BillError>,
) -> Result<(), BillError> {
    let (bar, mut taken) = (Bar::new(), 0);
    let mut after: Option<CustomerId> = None;
    loop {
        let place = after.map_or_else(String::new, |after| format!("&after={after}"));
        let path = format!("/bills/{month}/{list}?limit={PAGE}{place}");
        let page: Page = client.ask_as(&get(path)).await?;
        for bill in &page.bills {
            work(bill)?;
        }
        taken += page.bills.len() as u64;
        // How many there are is known at the end.
        bar.at("taking", taken, taken);
        after = page.next;
        if after.is_none() {
            bar.end();
            return Ok(());
        }
    }
}

fn correct(args: &CorrectArgs, out: &mut impl Write, talk: &mut impl Write) -> IoResult<Exit> {
    let fields = json!({
        "customer_id": args.customer,
        "receipt_number": args.receipt,
        "charged_yen": args.charged_yen,
        "difference_yen": args.difference_yen,
    });
    let path = format!("/bills/{}/corrections", args.month);
    let body = Some(change_body(&args.change, fields));
    let request = Request { method: "POST", path, body };
    ask(&args.change.server, &request, corrected, out, talk)
}

fn corrected(answer: &Value) -> String {
    let rehearsed = answer["dry_run"] == true;
    let head = if rehearsed { "Nothing was changed; it would be:\n" } else { "" };
    format!(
        "{head}{}  {} of {}: {} yen, billed with {}\n",
        text(answer, "/customer_id"),
        text(answer, "/receipt_number"),
        text(answer, "/month"),
        answer["difference_yen"],
        text(answer, "/billed_in"),
    )
}
