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
        let is_level = |path: &&Path| !path.as_os_str().is_empty();
        let mut levels: Vec<&Path> = folder.ancestors().take_while(is_level).collect();
        levels.reverse();
        // One by one, so that only what this made is ever taken away.
        let mut ready = Self { made: Vec::new() };
        for level in levels {
            match DirBuilder::new().mode(0o700).create(level) {
                Ok(()) => ready.made.push(level.to_owned()),
                Err(_) if level.is_dir() => {}
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Err(error) if level == folder => {
                    return Err(io::Error::new(error.kind(), "it exists and is no folder"));
                }
                // The next level tells that this is no folder.
                Err(_) => {}
            }
        }
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
        // A way through what is not there yet to what is.
        drop(MadeFolder::make(&parent.path().join("new/../a")).expect("is there"));
        assert!(outer.exists() && !parent.path().join("new").exists());
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
