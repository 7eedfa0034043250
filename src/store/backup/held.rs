//! A folder that whoever makes it has to themselves, until it goes away or is given its name: it is
//! locked from its making on, so that what a killed process left is told from what is in use.
//!
//! NFS turns `flock` into a lock for writing, and nobody opens a folder for writing: there it fails, and
//! that is told as it is. A file inside instead would be in the way of the folder's removal, which NFS
//! refuses while the file is open, and one beside it would stay behind a kill.

use crate::store::{StoreError, mounts};
use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

/// The folder; dropped, it goes away with all that is in it.
#[derive(Debug)]
pub struct HeldFolder {
    path: PathBuf,
    is_kept: bool,
    _lock: File,
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { path, source }
}

impl HeldFolder {
    /// Makes it, for its owner alone. What nobody holds there is taken away first.
    ///
    /// # Errors
    /// Somebody has it, or it cannot be made.
    pub fn make(path: &Path) -> Result<Self, StoreError> {
        Self::make_by(path, File::try_lock)
    }

    fn make_by(path: &Path, try_lock: TryLock) -> Result<Self, StoreError> {
        let in_use = || StoreError::InUse { path: path.to_owned() };
        if !sweep_by(path, try_lock)? {
            return Err(in_use());
        }
        DirBuilder::new().mode(0o700).create(path).map_err(file_error(path))?;
        match lock(path, try_lock) {
            Ok(Some(lock)) => Ok(Self { path: path.to_owned(), is_kept: false, _lock: lock }),
            // Somebody swept it between its making and its lock.
            Ok(None) => Err(in_use()),
            Err(error) => {
                // Nobody holds it, and it is empty. What was wrong with it is told first.
                let _ = fs::remove_dir(path);
                Err(error)
            }
        }
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it another name, under which it stays.
    ///
    /// # Errors
    /// Something is there, or the system refuses.
    pub fn keep_as(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for HeldFolder {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, folder = %self.path.display(), "it could not be taken away");
        }
    }
}

/// Takes a folder away that nobody holds. False where somebody does; true where there is none.
///
/// # Errors
/// It cannot be read or taken away.
pub fn sweep(path: &Path) -> Result<bool, StoreError> {
    sweep_by(path, File::try_lock)
}

fn sweep_by(path: &Path, try_lock: TryLock) -> Result<bool, StoreError> {
    if !fs::exists(path).map_err(file_error(path))? {
        return Ok(true);
    }
    let Some(_lock) = lock(path, try_lock)? else { return Ok(false) };
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_error(path)(error)),
        _ => Ok(true),
    }
}

/// How a lock is tried.
type TryLock = fn(&File) -> Result<(), TryLockError>;

/// The lock of the folder that has this name; `None` where somebody else has it.
fn lock(path: &Path, try_lock: TryLock) -> Result<Option<File>, StoreError> {
    let folder = File::open(path).map_err(file_error(path))?;
    match try_lock(&folder) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(source)) => {
            let file_system = mounts::kind_of(path).unwrap_or_else(|| "unknown".to_owned());
            return Err(StoreError::CannotLock { path: path.to_owned(), file_system, source });
        }
    }
    let own = folder.metadata().map_err(file_error(path))?;
    let named = fs::metadata(path).map_err(file_error(path))?;
    Ok(((own.dev(), own.ino()) == (named.dev(), named.ino())).then_some(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_until_it_goes_away_or_has_its_name() {
        let around = tempfile::tempdir().expect("a folder");
        let (path, target) = (around.path().join("own"), around.path().join("kept"));
        let held = HeldFolder::make(&path).expect("makes");
        fs::write(held.path().join("a"), b"x").expect("writes");
        assert!(matches!(HeldFolder::make(&path), Err(StoreError::InUse { .. })));
        assert!(!sweep(&path).expect("looks") && path.join("a").exists());
        drop(held);
        assert!(!path.exists());
        // As a kill leaves it: there, and locked by nobody.
        fs::create_dir(&path).expect("makes");
        fs::write(path.join("rubbish"), b"x").expect("writes");
        let held = HeldFolder::make(&path).expect("makes");
        assert!(!path.join("rubbish").exists());
        held.keep_as(&target).expect("keeps");
        assert!(target.exists() && !path.exists());
        assert!(sweep(&path).expect("nothing is there"));
    }

    /// As NFS answers a lock of a folder.
    fn bad_descriptor(_: &File) -> Result<(), TryLockError> {
        const EBADF: i32 = 9;
        Err(TryLockError::Error(io::Error::from_raw_os_error(EBADF)))
    }

    #[test]
    fn a_file_system_that_locks_no_folders_is_named_and_nothing_is_left_or_taken_away() {
        let around = tempfile::tempdir().expect("a folder");
        let path = around.path().join("own");
        let told = |refused: StoreError| {
            let said = refused.to_string();
            assert!(matches!(refused, StoreError::CannotLock { .. }), "{said}");
            let kind = mounts::kind_of(around.path()).expect("Linux tells it");
            for word in [path.to_str().expect("text"), &kind, "Bad file descriptor"] {
                assert!(said.contains(word), "{word}: {said}");
            }
        };
        told(HeldFolder::make_by(&path, bad_descriptor).expect_err("it cannot be locked"));
        assert!(!path.exists(), "nothing is left");
        // Whether somebody has what is there already cannot be told, so it stays.
        fs::create_dir(&path).expect("makes");
        fs::write(path.join("theirs"), b"x").expect("writes");
        told(sweep_by(&path, bad_descriptor).expect_err("it cannot be locked"));
        told(HeldFolder::make_by(&path, bad_descriptor).expect_err("it cannot be locked"));
        assert!(path.join("theirs").exists());
    }
    #[test]
    fn only_of_a_network_file_system_it_is_said_that_it_locks_no_folders() {
        for (kind, is_network) in [
            ("nfs", true),
            ("nfs4", true),
            ("ext4", false),
            ("fuse.sshfs", false),
            ("unknown", false),
        ] {
            let refused = StoreError::CannotLock {
                path: "/srv/backup".into(),
                file_system: kind.to_owned(),
                source: io::ErrorKind::Interrupted.into(),
            };
            let said = refused.to_string();
            assert!(said.contains(&format!("of the kind {kind}")), "{said}");
            assert!(said.contains("name a folder on"), "{said}");
            assert_eq!(said.contains("NFS"), is_network, "{said}");
        }
    }
}
