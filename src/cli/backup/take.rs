//! `linepass backup`: a file of the running server's store, or of one that nobody has.

use super::{BackupError, file::NewFile, room, signals::Signals, told};
use crate::{
    actors::backup::BACKUP_KEY,
    cli::{
        exit::Exit,
        offline,
        operator::{
            Request,
            args::backup::{BackupArgs, BackupCommand},
            client::{Client, ClientError},
        },
        progress::Bar,
    },
    clock::Clock,
    domain::reason::Reason,
    store::{
        Store, StoreError,
        backup::{BackupFault, Copy, Manifest, Part, PartKind, Writer},
    },
    text::format,
    web::operator::backup::PartTold,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long is waited before a request that was not answered is made again: less than the server waits.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// So long the server may take to hear that a backup is given up.
const MOST_PARTING: Duration = Duration::from_secs(2);

/// Does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &BackupArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    if let Some(BackupCommand::Drill(args)) = &args.command {
        return super::drill::run(args, out, talk);
    }
    let to = args.out.clone().unwrap_or_default();
    let config = args.server.config.as_deref();
    let stands = args.store.clone().or_else(|| room::store_of(config));
    if let Err(error) = room::outside_stores("--out", &to) {
        return told(error, Some(&args.server), out, talk);
    }
    room::warn(stands.as_deref(), &to, (1, true), talk)?;
    let taken = actix_rt::System::new().block_on(async {
        let mut signals = Signals::listen()?;
        if args.offline {
            let store = args.store.as_deref().zip(args.master_key_file.as_deref());
            signals.unless(of_store(config, store, &to)).await
        } else {
            let client = Client::find(config)?;
            of_server((&client, &args.reason, Fate::Kept), &to, &mut signals).await
        }
    });
    match taken {
        Ok(taken) if args.server.json => writeln!(out, "{taken}").map(|()| Exit::Done),
        Ok(taken) => write!(out, "{}", pretty(&taken)).map(|()| Exit::Done),
        Err(error) => told(error, Some(&args.server), out, talk),
    }
}

/// For people.
pub(super) fn pretty(taken: &Value) -> String {
    let number = |field: &str| format::grouped(taken[field].as_u64().unwrap_or_default());
    let untold = if taken["told"] == false {
        "the server could not be told that it was taken: its journal and its figures do not have it\n"
    } else {
        ""
    };
    format!(
        "{}\n  block {}   rows {}   changed meanwhile {}   bytes {}   {:.1} s\n{untold}",
        taken["file"].as_str().unwrap_or_default(),
        number("block"),
        number("rows"),
        number("changes"),
        number("bytes"),
        taken["seconds"].as_f64().unwrap_or_default(),
    )
}

/// How a file's name begins that was left to us: by them files are sorted by time.
fn stem() -> String {
    let now = Clock::host().now().rfc3339();
    let digits: String = now.chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    format!("linepass-{digits}")
}

/// A file that is being written.
struct Taking {
    writer: Writer<NewFile>,
    began: Instant,
    bar: Bar,
}

impl Taking {
    fn begin(to: &Path) -> Result<Self, BackupError> {
        let file = NewFile::begin(to, &stem())?;
        let target = file.target().to_owned();
        let writer = Writer::begin(file);
        let writer = writer.map_err(|source| BackupError::File { path: target, source })?;
        Ok(Self { writer, began: Instant::now(), bar: Bar::new() })
    }

    fn put(&mut self, part: &Part, to: &Path) -> Result<(), BackupError> {
        let put = self.writer.put(part);
        put.map_err(|source| BackupError::File { path: to.to_owned(), source })?;
        self.bar.at("bytes", self.writer.bytes(), 0);
        Ok(())
    }

    fn end(self, manifest: &Manifest, to: &Path) -> Result<Value, BackupError> {
        let Self { writer, began, bar } = self;
        bar.end();
        let bytes = writer.bytes();
        let file = writer.end();
        let file = file.map_err(|source| BackupError::File { path: to.to_owned(), source })?;
        let kept = file.keep()?;
        let mut taken = json!(manifest);
        taken["file"] = json!(kept.display().to_string());
        taken["bytes"] = json!(bytes);
        taken["seconds"] = json!(began.elapsed().as_secs_f64());
        Ok(taken)
    }
}

/// What the manifest's part says; its MAC is the restore's to check.
fn manifest_of(part: &Part) -> Result<Manifest, BackupError> {
    let json = part.body.len().checked_sub(32).and_then(|length| part.body.get(..length));
    let manifest = json.and_then(|json| serde_json::from_slice(json).ok());
    Ok(manifest.ok_or(BackupFault::Mac)?)
}

#[derive(Deserialize)]
struct Begun {
    backup: String,
}

/// What becomes of a backup that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays: it was taken.
    Kept,
    /// It was an exercise.
    GivenUp,
}

/// A backup that the server has under way.
struct UnderWay<'a> {
    client: &'a Client,
    reason: &'a Reason,
    /// Its name, once it was begun.
    name: Option<String>,
}

/// A backup of the running server.
pub(super) async fn of_server(
    (client, reason, fate): (&Client, &Reason, Fate),
    to: &Path,
    signals: &mut Signals,
) -> Result<Value, BackupError> {
    let mut under_way = UnderWay { client, reason, name: None };
    let taken = signals.unless(under_way.take(to)).await;
    let is_kept = taken.is_ok() && fate == Fate::Kept;
    let ending = async { Ok(under_way.end(is_kept).await) };
    let told = signals.unless(ending).await.unwrap_or(false);
    let mut taken = taken?;
    if is_kept {
        taken["told"] = json!(told);
    }
    Ok(taken)
}

impl UnderWay<'_> {
    async fn take(&mut self, to: &Path) -> Result<Value, BackupError> {
        let mut taking = Taking::begin(to)?;
        let body = Some(json!({ "reason": self.reason.as_str() }));
        let request = Request { method: "POST", path: "/backup".to_owned(), body };
        let begun: Begun = self.client.ask_as(&request).await?;
        let name = self.name.insert(begun.backup).clone();
        let mut number = 0_u64;
        loop {
            let path = format!("/backup/parts?backup={name}&part={number}");
            let request = Request { method: "GET", path, body: None };
            let told: PartTold = again(self.client, &request).await?;
            let body = STANDARD.decode(&told.body).map_err(|_| BackupFault::Changed(number))?;
            let part = Part { kind: told.kind, body };
            taking.put(&part, to)?;
            if part.kind == PartKind::Manifest {
                return taking.end(&manifest_of(&part)?, to);
            }
            number += 1;
        }
    }

    /// Tells the server that the file has its name, or that nobody wants the rest. Whether it knows.
    async fn end(&self, is_kept: bool) -> bool {
        let Some(name) = &self.name else { return false };
        let body = json!({ "reason": self.reason.as_str(), "backup": name, "kept": is_kept });
        let path = "/backup/end".to_owned();
        let request = Request { method: "POST", path, body: Some(body) };
        if is_kept {
            return again::<Value>(self.client, &request).await.is_ok();
        }
        // Where it does not hear of it, it gives the backup up by itself.
        let asking = tokio::time::timeout(MOST_PARTING, self.client.ask(&request)).await;
        matches!(asking, Ok(Ok(_)))
    }
}

/// Asks once more where no answer came: the server gives the same again.
async fn again<T: serde::de::DeserializeOwned>(
    client: &Client,
    request: &Request,
) -> Result<T, ClientError> {
    for pause in PAUSES {
        match client.ask_as(request).await {
            Err(ClientError::Unreachable { .. }) => tokio::time::sleep(pause).await,
            answered => return answered,
        }
    }
    client.ask_as(request).await
}

/// A backup of a store that nobody has.
async fn of_store(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
    to: &Path,
) -> Result<Value, BackupError> {
    let mut taking = Taking::begin(to)?;
    let (store, master) = offline::look(config, store)?;
    refuse_lost_tail(&store).await?;
    let mut copy = Copy::begin(Arc::new(store), master.derive(BACKUP_KEY), false).await?;
    loop {
        let part = copy.next(Clock::host().now()).await?;
        let part = part.ok_or(BackupFault::Cut(0))?;
        taking.put(&part, to)?;
        if part.kind == PartKind::Manifest {
            return taking.end(&manifest_of(&part)?, to);
        }
    }
}

/// The head is the only witness of a tail that is lost, and a restore writes another one: a copy
/// would pass for whole.
async fn refuse_lost_tail(store: &dyn Store) -> Result<(), BackupError> {
    let last = store.durable_block();
    match store.head().await? {
        Some(head) if head.number > last => {
            let what =
                format!("the head names it, but the last block stored is {last}: a tail is lost");
            Err(StoreError::damaged(format!("block {}", head.number), what).into())
        }
        None if last > 0 => Err(StoreError::damaged("head", "the head file is missing").into()),
        _ => Ok(()),
    }
}
