//! `linepass restore`: a backup is read to its end, a store is made of it beside its name, looked at,
//! and given its name.

use super::{BackupError, room, signals::Signals, told};
use crate::{
    actors::{backup::BACKUP_KEY, receipts::note_restore, verifying::StoreKeys},
    cli::{
        exit::Exit,
        offline,
        operator::{
            args::backup::RestoreArgs,
            verify::{offline_report, verified},
        },
        printed::note_change,
        progress::Bar,
    },
    clock::Clock,
    security::MasterKey,
    store::{
        Store,
        backup::{
            Manifest,
            restore::{RestoreError, Staged, check},
        },
        sled_store::{SledOptions, SledStore},
    },
    text::format,
    verify::Keyed,
};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// Does it.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(args: &RestoreArgs, out: &mut impl Write, talk: &mut impl Write) -> io::Result<Exit> {
    if let Err(error) = room::outside_other_stores("--store", &args.store) {
        return told(error, None, out, talk);
    }
    let restored = actix_rt::System::new().block_on(async {
        let mut signals = Signals::listen()?;
        let own = Some((args.store.as_path(), args.master_key_file.as_path()));
        let (options, master) = offline::keyed_options(args.config.as_deref(), own)?;
        let how = How { verify: !args.no_verify, skipped: args.skip_receipt_numbers };
        restore(&args.backup, (&options, &master), how, &mut signals).await
    });
    match restored {
        Ok(restored) => {
            note_change();
            if args.json {
                writeln!(out, "{restored}")?;
            } else {
                write!(out, "{}", pretty(&restored))?;
            }
            Ok(Exit::Done)
        }
        Err(error) => told(error, None, out, talk),
    }
}

fn pretty(restored: &Value) -> String {
    let number = |field: &str| format::grouped(restored[field].as_u64().unwrap_or_default());
    let report = match &restored["verify"] {
        Value::Null => "not looked at (--no-verify)\n".to_owned(),
        report => verified(report),
    };
    format!(
        "{}\n  block {}   receipt numbers left out {}   {:.1} s\n{report}what was acknowledged after \
         this block is gone; docs/runbook/backup.md says what to do now\n",
        restored["store"].as_str().unwrap_or_default(),
        number("block"),
        number("receipt_numbers_skipped"),
        restored["seconds"].as_f64().unwrap_or_default(),
    )
}

/// How a backup is restored.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Whether its invariants are looked at.
    pub verify: bool,
    /// Receipt numbers that are left out.
    pub skipped: u64,
}

/// Restores a backup into the folder of these options.
pub(super) async fn restore(
    backup: &Path,
    (options, master): (&SledOptions, &MasterKey),
    how: How,
    signals: &mut Signals,
) -> Result<Value, BackupError> {
    let began = Instant::now();
    let (backup, own, key) = (backup.to_owned(), options.clone(), master.derive(BACKUP_KEY));
    let making = move |flag: &AtomicBool| make(&backup, &own, &key, flag);
    let (manifest, staged) = signals.unless_flagged(making).await?;
    let own = SledOptions { folder: staged.folder().to_owned(), ..options.clone() };
    let looked_at = signals.unless(settle(&own, master, &manifest, how)).await?;
    let (report, verify_s) = looked_at.unzip();
    staged.keep()?;
    Ok(json!({
        "store": options.folder.display().to_string(),
        "block": manifest.block,
        "made_at": manifest.made_at,
        "receipt_numbers_skipped": how.skipped,
        "seconds": began.elapsed().as_secs_f64(),
        "verify_seconds": verify_s,
        "verify": report,
    }))
}

/// Checks the backup, and makes a store of it beside its name; a flag stops both.
fn make(
    backup: &Path,
    options: &SledOptions,
    key: &[u8; 32],
    flag: &AtomicBool,
) -> Result<(Manifest, Staged), BackupError> {
    let bar = Bar::new();
    let of = std::fs::metadata(backup).map_or(0, |file| file.len());
    let told = |step: &'static str| {
        let (bar, mut read) = (&bar, 0);
        move |bytes: u64| {
            read += bytes;
            bar.at(step, read, of);
            if flag.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    };
    let checked = check(backup, key, &mut told("checked"))?;
    let staged = Staged::make(&checked, options, &mut told("restored"))?;
    bar.end();
    Ok((checked.manifest, staged))
}

/// The store is what the manifest says, knows that it was restored, and is whole: what was found, and how many
/// seconds the look took, where it is looked at.
async fn settle(
    options: &SledOptions,
    master: &MasterKey,
    manifest: &Manifest,
    how: How,
) -> Result<Option<(Value, f64)>, BackupError> {
    let store = SledStore::open(options)?;
    let (found, wanted) = (store.durable_block(), manifest.block);
    if found != wanted {
        return Err(RestoreError::AnotherTip { found, wanted }.into());
    }
    if wanted > 0 {
        note_restore(&store, wanted, how.skipped, Clock::host().now()).await?;
    }
    store.close().await?;
    if !how.verify {
        return Ok(None);
    }
    let began = Instant::now();
    let keys = StoreKeys::read(&store, master).await?;
    let keyed = keys.as_ref().map(|keys| keys as &dyn Keyed);
    let report = offline_report(&store, keyed).await;
    if report["whole"] == true {
        return Ok(Some((report, began.elapsed().as_secs_f64())));
    }
    Err(BackupError::NotWhole(verified(&report)))
}
