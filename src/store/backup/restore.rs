//! A store of a backup's parts: made beside its name and given it at the end, so that a folder with
//! the good name is whole.

use super::{
    format::{BackupFault, Manifest, PartKind, Reader, Told},
    held::HeldFolder,
};
use crate::store::{
    StoreError,
    group::Tip,
    sled_store::{Import, SledOptions},
};
use std::{
    fs::{self, File},
    io::{self, BufReader, ErrorKind, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Why a backup was not restored. Nothing stands at the store's name.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup.
    #[error("{path}: {fault}")]
    Backup {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        fault: BackupFault,
    },
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is there already.
    #[error("{0} is not empty: a backup is restored into a new or an empty folder alone")]
    NotEmpty(PathBuf),
    /// What is there is no folder.
    #[error("{0} is no folder: a backup is restored into a new or an empty folder alone")]
    NoFolder(PathBuf),
    /// The store that was made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not the store that the manifest tells of.
    #[error("the restored store ends at block {found}, and the backup at block {wanted}")]
    AnotherTip {
        /// What was found.
        found: u64,
        /// What the manifest says.
        wanted: u64,
    },
}

/// A backup's file whose every part and MAC were checked.
pub struct Checked {
    path: PathBuf,
    file: File,
    key: [u8; 32],
    /// What it says of itself.
    pub manifest: Manifest,
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::File { path, source }
}

/// Reads a backup to its end before anything is made of it.
///
/// # Errors
/// Something is wrong with it, or `told` says to stop.
pub fn check(path: &Path, key: &[u8; 32], told: Told<'_>) -> Result<Checked, RestoreError> {
    let file = File::open(path).map_err(file_error(path))?;
    let fault = |fault| RestoreError::Backup { path: path.to_owned(), fault };
    let reader = Reader::begin(BufReader::with_capacity(1 << 20, &file)).map_err(fault)?;
    let manifest = reader.check(key, told).map_err(fault)?;
    Ok(Checked { path: path.to_owned(), file, key: *key, manifest })
}

/// A store that is whole and does not have its name yet; dropped, it goes away.
pub struct Staged {
    folder: HeldFolder,
    target: PathBuf,
}

impl Staged {
    /// Makes a store of a checked backup beside `options.folder`.
    ///
    /// # Errors
    /// Something is there, the store cannot be made, the backup is another than was checked, or `told`
    /// says to stop.
    pub fn make(
        checked: &Checked,
        options: &SledOptions,
        told: Told<'_>,
    ) -> Result<Self, RestoreError> {
        let target = options.folder.clone();
        let staged = Self { folder: staging(&target)?, target };
        let own = SledOptions { folder: staged.folder().to_owned(), ..options.clone() };
        fill(checked, &own, told)?;
        Ok(staged)
    }

    /// Where it stands. Nobody else takes it until it has its name.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the store its name, for good.
    ///
    /// # Errors
    /// Something came to stand there, or the files cannot be written.
    pub fn keep(self) -> Result<(), RestoreError> {
        let Self { folder, target } = self;
        sync_all(folder.path()).map_err(file_error(folder.path()))?;
        is_free(&target)?;
        folder.keep_as(&target).map_err(file_error(&target))?;
        let parent = parent_of(&target);
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(file_error(parent))
    }
}

/// Makes a store of a checked backup.
fn fill(checked: &Checked, options: &SledOptions, told: Told<'_>) -> Result<(), RestoreError> {
    let Checked { path, file, key, manifest } = checked;
    let mut file = file;
    file.seek(SeekFrom::Start(0)).map_err(file_error(path))?;
    let fault = |fault| RestoreError::Backup { path: path.clone(), fault };
    let mut reader = Reader::begin(BufReader::with_capacity(1 << 20, file)).map_err(fault)?;
    let import = Import::begin(options)?;
    while let Some(part) = reader.part().map_err(fault)? {
        if told(part.body.len() as u64).is_break() {
            return Err(fault(BackupFault::Stopped));
        }
        if part.kind != PartKind::Manifest {
            import.put(reader.rows_of(&part).map_err(fault)?)?;
        } else if reader.manifest_of(&part, key).map_err(fault)? != *manifest {
            // The file was written over between both readings.
            return Err(fault(BackupFault::Mac));
        }
    }
    let hash = unhex(&manifest.block_hash);
    let hash = hash.ok_or_else(|| {
        fault(BackupFault::Form(manifest.parts, "block_hash is no hash".to_owned()))
    })?;
    Ok(import.end(Tip { number: manifest.block, hash })?)
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether nothing stands at a name, or an empty folder.
fn is_free(target: &Path) -> Result<(), RestoreError> {
    match fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(RestoreError::NotEmpty(target.to_owned())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) if fs::metadata(target).is_ok_and(|found| !found.is_dir()) => {
            Err(RestoreError::NoFolder(target.to_owned()))
        }
        Err(error) => Err(file_error(target)(error)),
    }
}

/// The folder beside the target in which the store is made. What a restore left that was cut off is
/// taken away; one that is under way has it locked.
fn staging(target: &Path) -> Result<HeldFolder, RestoreError> {
    is_free(target)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let parent = parent_of(target);
    fs::create_dir_all(parent).map_err(file_error(parent))?;
    Ok(HeldFolder::make(&parent.join(format!(".{name}.restoring")))?)
}

/// Every file and folder is on disk.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = (digits && text.len() == 64).then(|| text.as_bytes().chunks_exact(2))?;
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
