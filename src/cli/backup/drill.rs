//! `linepass backup drill`: a backup of the running server, restored elsewhere and looked at, with how
//! long each took.

use super::{
    BackupError,
    restore::{How, restore},
    take::of_server,
    told, unless_interrupted,
};
use crate::{
    cli::{
        exit::Exit,
        offline,
        operator::{args::backup::DrillArgs, client::Client, verify::verified},
    },
    store::sled_store::SledOptions,
    text::format,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &DrillArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    let drilled = actix_rt::System::new().block_on(unless_interrupted(drill(args)));
    match drilled {
        Ok(drilled) if args.server.json => writeln!(out, "{drilled}").map(|()| Exit::Done),
        Ok(drilled) => write!(out, "{}", pretty(&drilled)).map(|()| Exit::Done),
        Err(error) => told(error, Some(&args.server), out, talk),
    }
}

async fn drill(args: &DrillArgs) -> Result<Value, BackupError> {
    let own = Scratch::make(&args.folder)?;
    let (backup, store) = (own.0.join("drill.backup"), own.0.join("store"));
    let config = args.server.config.as_deref();
    let named = args.master_key_file.as_deref().map(|key| (store.as_path(), key));
    let (options, master) = offline::keyed_options(config, named)?;
    let options = SledOptions { folder: store, ..options };
    let client = Client::find(config)?;
    let mut taken = of_server(&client, &args.reason, &backup).await?;
    let how = How { verify: true, skipped: 0 };
    let mut restored = restore(&backup, &options, &master, how).await?;
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

/// A folder of the drill's own; dropped, it goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn make(folder: &Path) -> Result<Self, BackupError> {
        let own = folder.join(format!(".linepass-drill-{}", std::process::id()));
        let made = fs::DirBuilder::new().mode(0o700).create(&own);
        made.map_err(|source| BackupError::File { path: own.clone(), source })?;
        Ok(Self(own))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "it could not be taken away");
        }
    }
}

fn pretty(drilled: &Value) -> String {
    let seconds = |part: &str| drilled[part]["seconds"].as_f64().unwrap_or_default();
    let bytes = format::grouped(drilled["backup"]["bytes"].as_u64().unwrap_or_default());
    let block = format::grouped(drilled["backup"]["block"].as_u64().unwrap_or_default());
    format!(
        "backup to block {block}: {:.1} s, {bytes} bytes\nrestored and looked at: {:.1} s\n{}",
        seconds("backup"),
        seconds("restore"),
        verified(&drilled["verify"]),
    )
}
