//! Where a run's orders are written down, and their lines again for whoever verifies.

use super::{LoadError, args::LoadArgs};
use crate::{
    cli::folder::MadeFolder,
    load::{ledger::Ledger, world::World},
};
use serde_json::Value;
use std::{
    fmt::Display,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

/// The lines of a ledger, one after the other: there may be more of them than memory takes.
pub struct Lines {
    /// How many there are.
    pub orders: u64,
    /// Each as it is held against a store, or a sentence why it cannot be read.
    pub lines: Box<dyn Iterator<Item = Result<Value, String>>>,
}

/// A new ledger, and the folder that was made for it.
///
/// # Errors
/// Something is there already, or it cannot be made; nothing is left of it.
pub fn open(args: &LoadArgs) -> Result<(Ledger, Option<MadeFolder>), LoadError> {
    let folder = args.out.as_deref().map(|folder| {
        own_folder(folder).map_err(|error| {
            let folder = folder.display();
            let what = format!("--out {folder}: {error}; a new or an empty folder is wanted");
            LoadError::Unmade { what, kind: error.kind() }
        })
    });
    let folder = folder.transpose()?;
    let file = file(args);
    let most = args.reconcile as usize;
    let ledger = Ledger::open(file.as_deref(), most, args.seed).map_err(|error| {
        let name = file.map(|file| file.display().to_string()).unwrap_or_default();
        let what = format!("--ledger {name}: {error}; a file that is not there yet is wanted");
        LoadError::Unmade { what, kind: error.kind() }
    })?;
    Ok((ledger, folder))
}

/// Takes the file of an empty ledger away. What cannot be taken away stays: why the run failed is what is told.
pub fn forget(args: &LoadArgs) {
    let _ = file(args).map(fs::remove_file);
}

/// Every line of the ledger where it is kept, and those that are remembered where it is not.
///
/// # Errors
/// It cannot be read, in a sentence; so are the errors of its lines.
pub fn lines(args: &LoadArgs, world: &World) -> Result<Lines, String> {
    let Some(file) = file(args) else { return Ok(drawn(world)) };
    let orders = world.ledger.borrow().len();
    let lines = BufReader::new(File::open(file).map_err(unread)?).lines();
    let lines = lines.map(|line| serde_json::from_str(&line.map_err(unread)?).map_err(unread));
    Ok(Lines { orders, lines: Box::new(lines) })
}

/// Those that are remembered, drawn from all.
pub fn drawn(world: &World) -> Lines {
    let sample = world.ledger.borrow().sample();
    let orders = sample.len() as u64;
    let lines = sample.into_iter().map(|entry| serde_json::to_value(entry).map_err(unread));
    Lines { orders, lines: Box::new(lines) }
}

fn unread(error: impl Display) -> String {
    format!("the ledger cannot be read: {error}")
}

fn file(args: &LoadArgs) -> Option<PathBuf> {
    let own = args.out.as_ref().map(|folder| folder.join("ledger.jsonl"));
    args.ledger.clone().or(own)
}

/// A folder of the run's own: an older run's files would be taken for this one's.
fn own_folder(folder: &Path) -> io::Result<MadeFolder> {
    let made = MadeFolder::make(folder)?;
    let is_empty = folder.read_dir()?.next().is_none();
    let taken = || io::Error::new(io::ErrorKind::AlreadyExists, "it is not empty");
    is_empty.then_some(made).ok_or_else(taken)
}
