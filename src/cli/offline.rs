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
use std::path::Path;

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The configuration has faults.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The master key cannot be read.
    #[error(transparent)]
    App(#[from] AppError),
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

/// How the store of this configuration is opened, or the one in a folder with its master key's file.
/// Nothing is made: without the key there is nothing to open.
pub fn options(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
) -> Result<SledOptions, OfflineError> {
    Ok(keyed_options(config, store)?.0)
}

/// The same with the master key.
pub fn keyed_options(
    config: Option<&Path>,
    store: Option<(&Path, &Path)>,
) -> Result<(SledOptions, MasterKey), OfflineError> {
    quiet_panics();
    let mut config = Config::load(config, process_environment())?;
    if let Some((folder, key_file)) = store {
        folder.clone_into(&mut config.store.path);
        key_file.clone_into(&mut config.keys.master_key_file);
        config.keys.master_key = Config::default().keys.master_key;
    }
    let master = app::keys::existing_master_key(&config.keys)?;
    Ok((app::store_options(&config, &master), master))
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
    let (options, master) = keyed_options(config, store)?;
    Ok((SledStore::open_to_look(&options)?, master))
}

/// The engine panics at files it cannot read; that is caught and told as an error. One line is
/// enough of it.
pub(super) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("linepass: a part of the program failed at {place}");
    }));
}
