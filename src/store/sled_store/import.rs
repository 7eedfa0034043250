//! A new store of rows as they were stored elsewhere: for a restore alone, which has checked them.

use super::{SledOptions, engine_error, file_error, opening};
use crate::store::{StoreError, engine::Folder, group::Tip, head::HeadFile, notes::Change};
use std::{fs::File, path::PathBuf};

/// A store that is being made.
pub struct Import {
    db: sled::Db,
    engine: PathBuf,
    head: HeadFile<Folder>,
    lock: File,
}

impl Import {
    /// Makes a store's folder, and takes it.
    ///
    /// # Errors
    /// The folder cannot be made, or somebody has it.
    pub fn begin(options: &SledOptions) -> Result<Self, StoreError> {
        let folder = &options.folder;
        opening::create_private_folder(folder)?;
        let lock = opening::lock(folder)?;
        let engine = folder.join("sled");
        let db = opening::open_engine(&engine, options)?;
        Ok(Self { db, engine, head: HeadFile::new(Folder::new(folder), &options.head_key), lock })
    }

    /// Puts rows and takes others away.
    ///
    /// # Errors
    /// The engine failed.
    pub fn put(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (key, row) in changes {
            match row {
                Some(row) => batch.insert(key, row),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(engine_error)
    }

    /// Everything is on disk, and the head names this block. Whoever opens the folder from here on
    /// finds the engine's files free.
    ///
    /// # Errors
    /// The engine failed, or the files cannot be written.
    pub fn end(self, tip: Tip) -> Result<(), StoreError> {
        let Self { db, engine, head, lock } = self;
        db.flush().map_err(engine_error)?;
        drop(db);
        let path = engine.join("db");
        let data = File::open(&path).map_err(file_error(&path))?;
        // The engine's own threads may hold its files a moment longer than its last handle.
        data.lock().map_err(file_error(&path))?;
        data.sync_all().map_err(file_error(&path))?;
        head.write(tip)?;
        drop(data);
        drop(lock);
        Ok(())
    }
}
