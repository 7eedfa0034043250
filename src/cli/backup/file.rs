//! The file of a backup: written beside its name for its owner alone, and given the name once all of
//! it is on disk, so that a file with the good name is whole.

use super::BackupError;
use crate::security::random;
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
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
    /// Where a folder was named: any name of ours in it does.
    ours: Option<OwnNames>,
    file: BufWriter<File>,
    is_kept: bool,
}

/// The names of our own choice in a folder: of two backups in one second each has its own.
struct OwnNames {
    folder: PathBuf,
    stem: String,
}

impl OwnNames {
    /// The first that nobody has; a later one stands after it, as they are sorted.
    fn first_free(&self) -> Result<PathBuf, BackupError> {
        let mut number = 1_u64;
        loop {
            let name = match number {
                1 => format!("{}.backup", self.stem),
                _ => format!("{}_{number}.backup", self.stem),
            };
            let target = self.folder.join(name);
            if is_free(&target).map_err(file_error(&target))? {
                return Ok(target);
            }
            number += 1;
        }
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

fn taken(path: &Path) -> BackupError {
    let what = "it is there already, and a backup writes over nothing";
    file_error(path)(io::Error::new(ErrorKind::AlreadyExists, what))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl NewFile {
    /// Begins the file `out`, or one whose name begins with `stem` where `out` is a folder.
    ///
    /// # Errors
    /// It is there already, or cannot be made.
    pub fn begin(out: &Path, stem: &str) -> Result<Self, BackupError> {
        let names = || OwnNames { folder: out.to_owned(), stem: stem.to_owned() };
        let ours = out.is_dir().then(names);
        let target = match &ours {
            Some(ours) => ours.first_free()?,
            None => named(out)?,
        };
        let own = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{own}.{}.part", random::token(6)));
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&temporary);
        // Told by the name that was asked for: the other one is ours.
        let file = BufWriter::with_capacity(1 << 20, file.map_err(file_error(&target))?);
        Ok(Self { temporary, target, ours, file, is_kept: false })
    }

    /// The name that it is to have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Gives it its name, for good.
    ///
    /// # Errors
    /// It cannot be written to its end.
    pub fn keep(mut self) -> Result<PathBuf, BackupError> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(file_error(&self.target))?;
        while let Err(error) = rename_to_free(&self.temporary, &self.target) {
            // Somebody was faster: what was written is not lost where another name does as well.
            match &self.ours {
                _ if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(file_error(&self.target)(error));
                }
                Some(ours) => self.target = ours.first_free()?,
                None => return Err(taken(&self.target)),
            }
        }
        self.is_kept = true;
        let folder = folder_of(&self.target);
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))?;
        Ok(self.target.clone())
    }
}

/// The file that was named, which is not there, in a folder that is.
fn named(out: &Path) -> Result<PathBuf, BackupError> {
    let refused = |what: String| Err(BackupError::Out { out: out.to_owned(), what });
    if out.as_os_str().as_encoded_bytes().ends_with(b"/") || out.file_name().is_none() {
        return refused("there is no such folder: make it first".to_owned());
    }
    let folder = folder_of(out);
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return refused(format!("{shown} is no folder")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return refused(format!("there is no folder {shown}: make it first"));
        }
        Err(error) => return refused(format!("the folder {shown} cannot be used: {error}")),
    }
    if is_free(out).map_err(file_error(out))? { Ok(out.to_owned()) } else { Err(taken(out)) }
}

/// Whether nothing has this name; what is there is never written over.
fn is_free(target: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(target) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Renames to a name that nobody has. Where the file system cannot do that in one step, it is looked
/// at before.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if is_free(to)? => fs::rename(from, to),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(ErrorKind::AlreadyExists.into()),
        renamed => Ok(renamed?),
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
    }

    #[test]
    fn a_place_that_is_none_is_told_as_it_was_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, b"mine").expect("writes");
        let none = folder.path().join("none").display().to_string();
        let within = file.join("a").display().to_string();
        for (out, what) in [
            ("/nowhere/a".to_owned(), "there is no folder /nowhere: make it first".to_owned()),
            (format!("{none}/"), "there is no such folder: make it first".to_owned()),
            (within, format!("{} is no folder", file.display())),
        ] {
            let refused = NewFile::begin(Path::new(&out), "unused").err().expect("refused");
            assert_eq!(refused.to_string(), format!("--out {out}: {what}"));
        }
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn two_of_one_second_have_each_a_name_of_its_own_and_none_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut both = [0, 1].map(|_| NewFile::begin(folder.path(), "now").expect("begins"));
        both[0].write_all(b"first").expect("writes");
        both[1].write_all(b"second").expect("writes");
        let kept = both.map(|file| file.keep().expect("keeps"));
        let read = kept.each_ref().map(|path| fs::read(path).expect("reads"));
        assert_eq!(read, [b"first".to_vec(), b"second".to_vec()]);
        let third = NewFile::begin(folder.path(), "now").and_then(NewFile::keep).expect("keeps");
        assert!(third.ends_with("now_3.backup"), "{}", third.display());
        assert_eq!(names(folder.path()), ["now.backup", "now_2.backup", "now_3.backup"]);
        // One that was named is that one or none.
        let named = folder.path().join("named");
        let both = [0, 1].map(|_| NewFile::begin(&named, "unused").expect("begins"));
        let [first, second] = both.map(NewFile::keep);
        assert_eq!(first.expect("keeps"), named);
        let refused = second.expect_err("refused").to_string();
        assert!(refused.contains("writes over nothing"), "{refused}");
        assert_eq!(names(folder.path()), ["named", "now.backup", "now_2.backup", "now_3.backup"]);
    }
}
