//! `linepass backup drill`: a backup of the running server, restored elsewhere and looked at, with how
//! long each took.

use super::{
    BackupError,
    restore::{How, restore},
    room,
    signals::Signals,
    take::{Fate, of_server},
    told,
};
use crate::{
    cli::{
        exit::Exit,
        offline,
        operator::{args::backup::DrillArgs, client::Client, verify::verified},
    },
    store::{
        backup::held::{HeldFolder, sweep},
        sled_store::SledOptions,
    },
    text::format,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::Path,
};

/// How the folder of a drill's own is called; its process's number follows.
const SCRATCH: &str = ".linepass-drill-";

/// Does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &DrillArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    let store = room::store_of(args.server.config.as_deref());
    if let Err(error) = room::outside_stores("--folder", &args.folder) {
        return told(error, Some(&args.server), out, talk);
    }
    room::warn(store.as_deref(), &args.folder, (2, false), talk)?;
    let drilled = actix_rt::System::new().block_on(drill(args));
    match drilled {
        Ok(drilled) if args.server.json => writeln!(out, "{drilled}").map(|()| Exit::Done),
        Ok(drilled) => write!(out, "{}", pretty(&drilled)).map(|()| Exit::Done),
        Err(error) => told(error, Some(&args.server), out, talk),
    }
}

async fn drill(args: &DrillArgs) -> Result<Value, BackupError> {
    let mut signals = Signals::listen()?;
    let own = scratch(&args.folder)?;
    let (backup, store) = (own.path().join("drill.backup"), own.path().join("store"));
    let config = args.server.config.as_deref();
    let named = args.master_key_file.as_deref().map(|key| (store.as_path(), key));
    let (options, master) = offline::keyed_options(config, named)?;
    let options = SledOptions { folder: store, ..options };
    let client = Client::find(config)?;
    let asked = (&client, &args.reason, Fate::GivenUp);
    let mut taken = of_server(asked, &backup, &mut signals).await?;
    let how = How { verify: true, skipped: 0 };
    let mut restored = restore(&backup, (&options, &master), how, &mut signals).await?;
    // Both are taken away again: where they stood says nothing.
    for (told, field) in [(&mut taken, "file"), (&mut restored, "store")] {
        if let Some(fields) = told.as_object_mut() {
            fields.remove(field);
        }
    }
    let report = restored["verify"].take();
    if let Some(fields) = restored.as_object_mut() {
        fields.remove("verify");
    }
    Ok(json!({ "whole": report["whole"], "backup": taken, "restore": restored, "verify": report }))
}

/// A folder of the drill's own; dropped, it goes away. A drill that was killed has left a whole copy
/// of the store: that goes away first.
fn scratch(folder: &Path) -> Result<HeldFolder, BackupError> {
    let file_error = |source: io::Error| {
        let is_missing = source.kind() == ErrorKind::NotFound;
        let hint = || io::Error::new(ErrorKind::NotFound, "there is no such folder: make it first");
        let source = if is_missing { hint() } else { source };
        BackupError::File { path: folder.to_owned(), source }
    };
    for entry in fs::read_dir(folder).map_err(file_error)? {
        let entry = entry.map_err(file_error)?;
        if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
            sweep(&entry.path())?;
        }
    }
    Ok(HeldFolder::make(&folder.join(format!("{SCRATCH}{}", std::process::id())))?)
}

fn pretty(drilled: &Value) -> String {
    let seconds = |part: &str, field: &str| drilled[part][field].as_f64().unwrap_or_default();
    let looked_at_s = seconds("restore", "verify_seconds");
    let bytes = format::grouped(drilled["backup"]["bytes"].as_u64().unwrap_or_default());
    let block = format::grouped(drilled["backup"]["block"].as_u64().unwrap_or_default());
    format!(
        "backup to block {block}: {:.1} s, {bytes} bytes\nrestored: {:.1} s\nlooked at: {looked_at_s:.1} s\n{}",
        seconds("backup", "seconds"),
        seconds("restore", "seconds") - looked_at_s,
        verified(&drilled["verify"]),
    )
}
