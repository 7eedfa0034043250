//! Folders that commands make for what they write.

use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A folder that is there before anything is begun that cannot be taken back. Dropped before it is
/// kept, it takes away what was made for it.
#[derive(Debug)]
pub struct MadeFolder {
    /// What was not there, the outermost first.
    made: Vec<PathBuf>,
}

impl MadeFolder {
    /// Makes the folder, for its owner alone, and what it is in, unless it is there.
    ///
    /// # Errors
    /// Something else is there ([`ErrorKind::AlreadyExists`]), or it cannot be made; nothing is left of it.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let missing = folder
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && path.symlink_metadata().is_err());
        let mut ready = Self { made: missing.map(Path::to_owned).collect() };
        ready.made.reverse();
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(
            |error| match error.kind() {
                ErrorKind::AlreadyExists => {
                    io::Error::new(ErrorKind::AlreadyExists, "it exists and is no folder")
                }
                _ => error,
            },
        )?;
        Ok(ready)
    }

    /// It is used: it stays.
    pub fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for MadeFolder {
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            // What somebody put something into meanwhile stays.
            let _ = fs::remove_dir(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_goes_unless_it_is_kept_and_what_was_there_stays() {
        let parent = tempfile::tempdir().expect("a folder");
        let (outer, inner) = (parent.path().join("a"), parent.path().join("a/b"));
        drop(MadeFolder::make(&inner).expect("makes"));
        assert!(!outer.exists() && parent.path().exists());
        MadeFolder::make(&outer).expect("makes").keep();
        drop(MadeFolder::make(&inner).expect("makes"));
        assert!(outer.exists() && !inner.exists());
        drop(MadeFolder::make(&outer).expect("is there"));
        assert!(outer.exists());
        fs::write(&inner, "somebody's").expect("writes");
        for (place, kind) in [
            (inner.clone(), ErrorKind::AlreadyExists),
            (inner.join("within"), ErrorKind::NotADirectory),
        ] {
            assert_eq!(MadeFolder::make(&place).expect_err("no folder").kind(), kind);
        }
        assert_eq!(fs::read_to_string(&inner).expect("reads"), "somebody's");
    }
}
