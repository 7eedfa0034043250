//! The file of a backup: written beside its name for its owner alone, and given the name once all of
//! it is on disk, so that a file with the good name is whole.

use super::BackupError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A file that does not have its name yet; dropped, it goes away.
pub struct NewFile {
    temporary: PathBuf,
    target: PathBuf,
    file: BufWriter<File>,
    is_kept: bool,
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl NewFile {
    /// Begins the file `out`, or one with this name where `out` is a folder.
    ///
    /// # Errors
    /// It is there already, or cannot be made.
    pub fn begin(out: &Path, name: &str) -> Result<Self, BackupError> {
        let target = if out.is_dir() { out.join(name) } else { out.to_owned() };
        is_free(&target)?;
        let own = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{own}.{}.part", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&temporary);
        let file = BufWriter::with_capacity(1 << 20, file.map_err(file_error(&temporary))?);
        Ok(Self { temporary, target, file, is_kept: false })
    }

    /// The name that it will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// What went wrong while it was written, with its name.
    pub fn failed(&self, source: io::Error) -> BackupError {
        BackupError::File { path: self.target.clone(), source }
    }

    /// Gives it its name, for good.
    ///
    /// # Errors
    /// It cannot be written to its end.
    pub fn keep(mut self) -> Result<PathBuf, BackupError> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(file_error(&self.target))?;
        is_free(&self.target)?;
        fs::rename(&self.temporary, &self.target).map_err(file_error(&self.target))?;
        self.is_kept = true;
        let folder = folder_of(&self.target);
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))?;
        Ok(self.target.clone())
    }
}

/// What is there is never written over.
fn is_free(target: &Path) -> Result<(), BackupError> {
    match fs::symlink_metadata(target) {
        Ok(_) => {
            let what = "it is there already, and a backup writes over nothing";
            Err(file_error(target)(io::Error::new(ErrorKind::AlreadyExists, what)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(file_error(target)(error)),
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be taken away has no good name.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("reads");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("reads").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_once_it_is_whole_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = NewFile::begin(folder.path(), "a.backup").expect("begins");
        file.write_all(b"half").expect("writes");
        assert!(!folder.path().join("a.backup").exists());
        drop(file);
        assert!(names(folder.path()).is_empty(), "nothing is left of a half file");
        let mut file = NewFile::begin(&folder.path().join("b"), "unused").expect("begins");
        file.write_all(b"whole").expect("writes");
        let kept = file.keep().expect("keeps");
        assert_eq!(fs::read(&kept).expect("reads"), b"whole");
        let mode = fs::metadata(&kept).expect("there").permissions().mode() & 0o7777;
        assert_eq!((mode, names(folder.path())), (0o600, vec!["b".to_owned()]));
        let over = NewFile::begin(&kept, "unused").err().expect("refused").to_string();
        assert!(over.contains("writes over nothing"), "{over}");
        let nowhere = NewFile::begin(Path::new("/nowhere/a"), "unused").err().expect("refused");
        assert!(nowhere.to_string().contains("/nowhere/"), "{nowhere}");
    }
}
