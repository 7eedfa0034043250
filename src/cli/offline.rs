//! The store while no server has it: for commands that look at it or make it ready.

use crate::{
    app::{self, AppError},
    config::{Config, ConfigErrors, process_environment},
    security::MasterKey,
    store::{
        StoreError,
        sled_store::{SledOptions, SledStore},
    },
};
use std::{fs, io::ErrorKind, path::Path};

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The configuration has faults.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The master key cannot be read.
    #[error(transparent)]
    App(#[from] AppError),
    /// No store is where it was looked for.
    #[error("{named_by} {folder}: {what}; {hint}")]
    NoStore {
        /// The argument or the key that says where.
        named_by: &'static str,
        /// Where.
        folder: String,
        /// What is there instead.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// Somebody has the store open.
    #[error("the store at {0} is in use: stop the server that has it, or leave --offline away")]
    InUse(String),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for OfflineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse { path } => Self::InUse(path.display().to_string()),
            other => Self::Store(other),
        }
    }
}

/// How the store of this configuration is opened, or the one in a folder with its master key's file;
/// and that key. Nothing is made: without the key there is nothing to open.
pub fn keyed_options(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
) -> Result<(SledOptions, MasterKey), OfflineError> {
    keyed(&configured(config, store)?)
}

/// Opens the store to look at it: no row of it is written.
pub fn open_to_look(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
) -> Result<SledStore, OfflineError> {
    Ok(look(config, store)?.0)
}

/// The same with the master key, for whoever looks at what it opens.
pub fn look(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
) -> Result<(SledStore, MasterKey), OfflineError> {
    let configured = configured(config, store)?;
    is_there(&configured.store.path, store.is_some())?;
    let (options, master) = keyed(&configured)?;
    Ok((SledStore::open_to_look(&options)?, master))
}

fn configured(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
) -> Result<Config, OfflineError> {
    quiet_panics();
    let mut config = Config::load(config, process_environment())?;
    if let Some((folder, key_file)) = store {
        folder.clone_into(&mut config.store.path);
        key_file.clone_into(&mut config.keys.master_key_file);
        config.keys.master_key = Config::default().keys.master_key;
    }
    Ok(config)
}

fn keyed(config: &Config) -> Result<(SledOptions, MasterKey), OfflineError> {
    let master = app::keys::existing_master_key(&config.keys)?;
    Ok((app::store_options(config, &master), master))
}

/// A store that is not there is told by the folder that was named, not by a file of the engine's in it.
/// What cannot be looked at is told by whoever opens it.
fn is_there(folder: &Path, is_named: bool) -> Result<(), OfflineError> {
    let what = match fs::metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => "there is no such folder",
        Ok(found) if !found.is_dir() => "it is no folder",
        Ok(_) if !SledStore::may_be_in(folder) => "no store is in this folder",
        _ => return Ok(()),
    };
    let (named_by, hint) = if is_named {
        ("--store", "wanted is the folder that store.path in the server's configuration names")
    } else {
        ("store.path", "--config names the server's configuration")
    };
    Err(OfflineError::NoStore { named_by, folder: folder.display().to_string(), what, hint })
}

/// The engine panics at files it cannot read; that is caught and told as an error. One line is
/// enough of it.
pub(super) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("linepass: a part of the program failed at {place}");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_not_there_is_told_by_the_name_that_was_given() {
        let around = tempfile::tempdir().expect("a folder");
        let (file, none) = (around.path().join("file"), around.path().join("none"));
        fs::write(&file, b"x").expect("writes");
        for (folder, what) in [
            (none.as_path(), "there is no such folder"),
            (&file, "it is no folder"),
            (around.path(), "no store is in this folder"),
        ] {
            let shown = folder.display();
            let told = is_there(folder, true).expect_err("nothing is there").to_string();
            assert!(told.starts_with(&format!("--store {shown}: {what}; wanted is")), "{told}");
            let told = is_there(folder, false).expect_err("nothing is there").to_string();
            assert!(told.starts_with(&format!("store.path {shown}: {what}; --config")), "{told}");
        }
    }
}
