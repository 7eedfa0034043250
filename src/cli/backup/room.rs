//! What is told before a backup is written: that its disk may have too little room, or is the one that
//! the store is on. Neither keeps it from being tried; a place inside a store does.

use super::BackupError;
use crate::{
    config::{Config, process_environment, real_place},
    store::sled_store::SledStore,
    text::format,
};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The store's folder, where the configuration that was named says it.
pub fn store_of(config: Option<&Path>) -> Option<PathBuf> {
    let config = Config::load(Some(config?), process_environment()).ok()?;
    Some(config.store.path)
}

/// Warns of what is the matter with the folder that the backup goes to. `times` is how often the store's
/// size is needed there; `stays` says that the backup is to stay there.
///
/// # Errors
/// `talk` cannot be written.
pub fn warn(
    store: Option<&Path>,
    to: &Path,
    (times, stays): (u64, bool),
    talk: &mut impl Write,
) -> io::Result<()> {
    let folder = folder_of(to);
    // What cannot be looked at is told by whoever writes or reads it.
    let (Some(store), Ok(space)) = (store, rustix::fs::statvfs(folder)) else { return Ok(()) };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let wanted = size_of(store).saturating_mul(times);
    let shown = folder.display();
    if free < wanted {
        writeln!(
            talk,
            "linepass: {shown} has {} bytes free, and up to {} are needed: it may not fit",
            format::grouped(free),
            format::grouped(wanted),
        )?;
    }
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    if stays && device(folder).is_some() && device(folder) == device(store) {
        writeln!(
            talk,
            "linepass: {shown} is on the same disk as the store: if it fails, both are lost; copy the \
             backup to another"
        )?;
    }
    Ok(())
}

/// The folder that it stands in: itself, or the one around it.
fn folder_of(to: &Path) -> &Path {
    let folder = if to.is_dir() { to } else { to.parent().unwrap_or(to) };
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Refuses a place inside a store, whoever's it is: the engine's folder is no place for anything else, and
/// what stands there is taken for a part of the store. `option` named the place.
///
/// # Errors
/// It is inside one.
pub fn outside_stores(option: &'static str, to: &Path) -> Result<(), BackupError> {
    in_no_store(option, to, real_place(to).ancestors())
}

/// Refuses a store inside another one. What stands at its own name is told by whoever makes it.
///
/// # Errors
/// It would be inside one.
pub fn outside_other_stores(option: &'static str, own: &Path) -> Result<(), BackupError> {
    in_no_store(option, own, real_place(own).ancestors().skip(1))
}

fn in_no_store<'a>(
    option: &'static str,
    place: &Path,
    mut around: impl Iterator<Item = &'a Path>,
) -> Result<(), BackupError> {
    match around.find(|above| SledStore::is_in(above)) {
        None => Ok(()),
        Some(store) => {
            Err(BackupError::InStore { option, place: place.to_owned(), store: store.to_owned() })
        }
    }
}

/// How large the files of a folder are, in bytes.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_inside_a_store_however_the_place_is_named() {
        let around = tempfile::tempdir().expect("a folder");
        let (store, beside) = (around.path().join("store"), around.path().join("beside"));
        fs::create_dir_all(store.join("sled")).expect("makes");
        fs::create_dir(&beside).expect("makes");
        let refused = |to: &Path| outside_stores("--out", to).err().map(|error| error.to_string());
        let other = |own: &Path| outside_other_stores("--store", own).err();
        assert_eq!(refused(&store), None, "no store is there yet");
        fs::write(store.join("sled/db"), "rows").expect("writes");
        std::os::unix::fs::symlink(&store, beside.join("link")).expect("links");
        for inside in [
            store.join("new.backup"),
            store.join("sled"),
            store.join("none/of/these"),
            beside.join("../store/new.backup"),
            beside.join("none/../../store/new.backup"),
            beside.join("link/new.backup"),
        ] {
            let told = refused(&inside).expect("it is inside");
            assert!(
                told.starts_with(&format!("--out {}: it is inside", inside.display())),
                "{told}"
            );
            let told = other(&inside).expect("it would be inside").to_string();
            assert!(
                told.starts_with(&format!("--store {}: it is inside", inside.display())),
                "{told}"
            );
        }
        // A store is no place for a backup, and none for another store: that it is there is another matter.
        assert!(refused(&store).is_some() && other(&store).is_none());
        for outside in [around.path(), &beside.join("new.backup"), Path::new("/nowhere/a")] {
            assert_eq!(refused(outside), None, "{}", outside.display());
            assert!(other(outside).is_none(), "{}", outside.display());
        }
    }

    #[test]
    fn a_disk_that_is_too_small_or_the_stores_own_is_told() {
        let (store, to) = (tempfile::tempdir().expect("a"), tempfile::tempdir().expect("b"));
        fs::create_dir(store.path().join("sled")).expect("makes");
        fs::write(store.path().join("sled/db"), vec![0; 5_000]).expect("writes");
        assert_eq!(size_of(store.path()), 5_000);
        let said = |store: Option<&Path>, times, stays| {
            let mut talk = Vec::new();
            warn(store, &to.path().join("new.backup"), (times, stays), &mut talk).expect("tells");
            String::from_utf8(talk).expect("text")
        };
        assert_eq!(said(None, 1, true), "", "nobody knows where the store is");
        assert_eq!(said(Some(store.path()), 1, false), "");
        let same = said(Some(store.path()), 1, true);
        assert!(same.contains("the same disk as the store") && same.lines().count() == 1, "{same}");
        let full = said(Some(store.path()), u64::MAX / 5_000, false);
        assert!(full.contains("may not fit") && full.lines().count() == 1, "{full}");
    }
}
