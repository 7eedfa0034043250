//! Files of one secret: for their owner alone (mode 0600), made once, never written over.

use super::random;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Enough for any secret of ours and a line end; a longer file is none.
const MAX_FILE_BYTES: u64 = 256;

/// Why a file of a secret cannot be used. Never tells its content.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileFault {
    /// The system did not read or make it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Others than its owner may use it.
    #[error("its mode is {0:04o}, so others than its owner may use it; wanted is 0600")]
    Mode(u32),
}

/// A file that a new secret will stand in. It is made before the secret is asked for, so that none is
/// drawn that could not be kept; dropped unfilled, it is removed again.
#[derive(Debug)]
pub struct ReservedFile {
    file: File,
    path: PathBuf,
    filled: bool,
}

impl ReservedFile {
    /// Makes the file, for its owner alone.
    ///
    /// # Errors
    /// There is one of this name, or the system does not make it.
    pub fn reserve(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned(), filled: false })
    }

    /// Writes the secret and a line end, durably.
    ///
    /// # Errors
    /// The system did not write it; the file is gone.
    pub fn fill(self, secret: &str) -> io::Result<()> {
        self.fill_with(|file| {
            file.write_all(secret.as_bytes())?;
            file.write_all(b"\n")
        })
    }

    /// Lets `write` write what the file is for, durably, and whole or not at all.
    ///
    /// # Errors
    /// What `write` says, or the system did not keep it; the file is gone.
    pub fn fill_with(mut self, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        write(&mut self.file)?;
        self.file.sync_all()?;
        sync_folder_of(&self.path)?;
        self.filled = true;
        Ok(())
    }
}

impl Drop for ReservedFile {
    fn drop(&mut self) {
        if !self.filled {
            // Nobody could be told; where it cannot be removed, what it was for is in the answer's words.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What the file holds.
pub fn load(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileFault> {
    let file = File::open(path)?;
    // Asked of the open file, so that it cannot be exchanged between check and use.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file").into());
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretFileFault::Mode(mode));
    }
    let mut text = Zeroizing::new(Vec::with_capacity(64));
    file.take(MAX_FILE_BYTES).read_to_end(&mut text)?;
    Ok(text)
}

/// What the file holds; one that is not there is made, with what `draw` gives and a line end. The
/// file appears whole or not at all, and of two processes that make it at once, both get the same.
pub fn load_or_create(
    path: &Path,
    draw: impl FnOnce() -> Zeroizing<String>,
) -> Result<Zeroizing<Vec<u8>>, SecretFileFault> {
    match load(path) {
        Err(SecretFileFault::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            create(path, &draw())?;
            // Read back: another process may have been first.
            load(path)
        }
        other => other,
    }
}

/// Writes a sibling first and links it to its name: a crash leaves no half secret behind, and one
/// that is already there is never written over, for what depends on it would be lost.
fn create(path: &Path, secret: &str) -> io::Result<()> {
    let sibling = sibling(path);
    let written = write_new(&sibling, secret).and_then(|()| match fs::hard_link(&sibling, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&sibling);
    written.and(removed)?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_new(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn sibling(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", random::token(6)));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_file_is_filled_once_for_its_owner_or_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let reserved = ReservedFile::reserve(&path).expect("made");
        let again = ReservedFile::reserve(&path).expect_err("never written over");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        drop(reserved);
        assert!(!path.exists(), "nothing was written");
        ReservedFile::reserve(&path).expect("made").fill("12345678").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("reads"), "12345678\n");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o600);
        let half = folder.path().join("half");
        let failed = ReservedFile::reserve(&half).expect("made").fill_with(|file| {
            file.write_all(b"123")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert!(failed.is_err() && !half.exists(), "half a secret is none");
    }
}
