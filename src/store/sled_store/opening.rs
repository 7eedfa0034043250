//! What opening does before anything is read: the folder, the lock, what a crash left behind, the
//! engine.

use super::{Purpose, SEGMENT_BYTES, SledOptions, file_error, tail};
use crate::store::{StoreError, engine::Folder, head::HeadFile};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// How long the engine's file may be held by threads that are ending.
const FREE_WITHIN: Duration = Duration::from_secs(5);

/// The folder, for its owner alone, where it is not there yet; whether it was made. Only then is the
/// folder above synced, which whoever starts the server may not be let read.
pub(super) fn create_private_folder(folder: &Path) -> Result<bool, StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(false);
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).map_err(file_error(folder))?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    sync(above.unwrap_or(Path::new(".")))?;
    Ok(true)
}

/// The engine's files, made at the first opening: beside their place, synced, and moved there whole. A
/// power cut leaves all of them or none, for half of them the engine would refuse for good.
pub(super) fn make_engine(folder: &Path, options: &SledOptions) -> Result<(), StoreError> {
    let (engine, new) = (folder.join("sled"), folder.join("sled.new"));
    if engine.exists() {
        return Ok(());
    }
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(file_error(&new)(error)),
        _ => {}
    }
    drop(open_engine(&new, options)?);
    let log = new.join("db");
    // Its own threads may hold the files a moment longer than whoever dropped it.
    File::open(&log).and_then(|log| log.lock()).map_err(file_error(&log))?;
    for entry in fs::read_dir(&new).map_err(file_error(&new))? {
        let path = entry.map_err(file_error(&new))?.path();
        sync(&path)?;
    }
    sync(&new)?;
    fs::rename(&new, &engine).map_err(file_error(&engine))?;
    sync(folder)
}

/// Syncs a folder's names, or a file.
fn sync(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|opened| opened.sync_all()).map_err(file_error(path))
}

/// One process has the store: a second one exits at once.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(file_error(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(file_error(&path)(error)),
    }
}

/// A crash while opening leaves `snap.*.generating`, and sled would fail at every later opening.
pub(super) fn remove_unfinished_snapshots(engine: &Path) -> Result<(), StoreError> {
    let Ok(files) = fs::read_dir(engine) else { return Ok(()) };
    for file in files.filter_map(Result::ok) {
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(file.path()).map_err(file_error(&file.path()))?;
        }
    }
    Ok(())
}

/// Before the engine drops what it takes for a torn tail: the head names the last block that the log's
/// own bytes prove to have been durable. A head that is missing or damaged stays what it is.
pub(super) fn raise_head(
    head: &HeadFile<Folder>,
    engine: &Path,
    purpose: Purpose,
) -> Result<(), StoreError> {
    let written = match (head.read(), purpose) {
        (Ok(Some(written)), _) => written,
        (Ok(None), _) | (Err(_), Purpose::Look) => return Ok(()),
        (Err(error), Purpose::Use) => return Err(error),
    };
    match tail::proven(engine, written).map_err(file_error(engine))? {
        Some(durable) => head.write(durable),
        None => Ok(()),
    }
}

/// The engine's own threads may hold its file a moment longer than whoever dropped it. Whoever has
/// the store's lock waits for them; past a while the engine says itself that its file is held.
#[expect(clippy::disallowed_methods, reason = "a store is opened before anybody is served")]
pub(super) fn wait_until_free(engine: &Path) {
    let Ok(log) = File::open(engine.join("db")) else { return };
    let began = Instant::now();
    while matches!(log.try_lock(), Err(TryLockError::WouldBlock)) && began.elapsed() < FREE_WITHIN {
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn open_engine(engine: &Path, options: &SledOptions) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(engine)
        .cache_capacity(options.cache_bytes)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(Some(options.flush_every_ms));
    let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
    let damaged = |what: &str| {
        let what = format!("the engine cannot read its files{what}; restore a backup");
        StoreError::damaged(engine.display().to_string(), what)
    };
    match opened {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(error)) => {
            let error = error.to_string();
            Err(damaged(&format!(" ({})", error.trim_end_matches(" backtrace ()"))))
        }
        Err(_) => Err(damaged("")),
    }
}

pub(super) fn reading_threads(threads: usize) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(threads.max(1))
        .thread_name("store-read")
        .build()
}
