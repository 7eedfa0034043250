//! A power cut, played from what the shim wrote down: the folder as the disk may have it when nothing
//! counts but what was synced.
//!
//! Of each file: everything that was written before a sync of it that ended began; of what was written
//! later, any sectors, in any order. Of each folder: the names as of its last sync that ended, and of what
//! was made, renamed and removed later the first so many, since file systems journal them in order.

use super::draw::Draw;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    /// All of it is lost.
    Lost,
    /// All of it is there but for the last write, of which some sectors are.
    Torn,
    /// Of each sector it is drawn whether it is there.
    Drawn,
}

/// A change of a file's bytes.
#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A change of names.
#[derive(Debug, Clone)]
enum Naming {
    Made(PathBuf, usize),
    Removed(PathBuf),
    Renamed(PathBuf, PathBuf),
}

/// A file on the disk, and what waits to be.
#[derive(Debug, Default, Clone)]
struct Inode {
    synced: Vec<u8>,
    pending: Vec<(usize, Change)>,
}

/// The disk below a folder.
pub struct Disk {
    folder: PathBuf,
    /// The files there were, by a number of our own: the system gives the number of one that is gone to
    /// the next.
    inodes: Vec<Inode>,
    /// Which of them has which number of the system's now.
    current: HashMap<u64, usize>,
    names: BTreeMap<PathBuf, usize>,
    pending_names: Vec<(usize, Naming)>,
    /// Where each sync that has not ended began.
    syncs: HashMap<u64, (usize, PathBuf)>,
    records: usize,
    /// The file whose syncs do not count, if any.
    deaf: Option<usize>,
}

impl Disk {
    /// The disk as the folder stands now, all of it synced: before the process starts.
    pub fn of(folder: &Path) -> Self {
        let folder = folder.canonicalize().expect("a folder");
        let (inodes, current, names) = (Vec::new(), HashMap::new(), BTreeMap::new());
        let (pending_names, syncs) = (Vec::new(), HashMap::new());
        let mut disk =
            Self { folder, inodes, current, names, pending_names, syncs, records: 0, deaf: None };
        for path in files_below(&disk.folder) {
            let number = fs::metadata(&path).expect("a file").ino();
            let file = disk.file(number, fs::read(&path).expect("reads"));
            disk.names.insert(path, file);
        }
        disk
    }

    /// The same disk that hears no sync of this file, as if nobody had asked for one: what a test of
    /// power cuts must notice.
    #[must_use]
    pub fn deaf_to(self, name: &str) -> Self {
        let inode = self.names.get(&self.folder.join(name)).copied();
        Self { deaf: Some(inode.expect("a file")), ..self }
    }

    /// Takes over what the shim wrote down.
    pub fn replay(&mut self, log: &Path) {
        let bytes = fs::read(log).unwrap_or_default();
        let mut rest = bytes.as_slice();
        while let Some((head, after)) = rest.split_at_checked(32) {
            let number = |at: usize| u64::from_ne_bytes(head[at..at + 8].try_into().expect("8"));
            let (inode, first, second) = (number(8), number(16), number(24));
            let length = match head[0] {
                b'W' | b'C' | b'U' | b'R' | b'D' => usize::try_from(second).expect("small"),
                _ => 0,
            };
            // A record that the kill cut off was followed by no change.
            let Some((body, after)) = after.split_at_checked(length) else { return };
            self.take(head[0], (inode, first), body);
            rest = after;
        }
    }

    /// A new file with this number of the system's.
    fn file(&mut self, number: u64, synced: Vec<u8>) -> usize {
        self.inodes.push(Inode { synced, pending: Vec::new() });
        self.current.insert(number, self.inodes.len() - 1);
        self.inodes.len() - 1
    }

    fn take(&mut self, kind: u8, (inode, first): (u64, u64), body: &[u8]) {
        self.records += 1;
        let place = usize::try_from(first).unwrap_or(usize::MAX);
        let path = |bytes: &[u8]| PathBuf::from(String::from_utf8(bytes.to_vec()).expect("text"));
        match kind {
            b'W' => self.change(inode, Change::Write { at: place, bytes: body.to_vec() }),
            b'T' => self.change(inode, Change::Length(place)),
            b'C' => {
                let file = self.file(inode, Vec::new());
                self.name(Naming::Made(path(body), file));
            }
            b'U' => self.name(Naming::Removed(path(body))),
            b'R' => self.name(Naming::Renamed(path(&body[..place]), path(&body[place..]))),
            b'B' | b'D' => drop(self.syncs.insert(first, (self.records, path(body)))),
            b'E' => {
                let (began, _) = self.syncs.remove(&first).expect("it began");
                let file = self.current[&inode];
                if self.deaf != Some(file) {
                    self.inodes[file].sync(began);
                }
            }
            b'F' => {
                let (began, folder) = self.syncs.remove(&first).expect("it began");
                self.sync_names(began, &folder);
            }
            other => panic!("a record of kind {other}"),
        }
    }

    fn change(&mut self, inode: u64, change: Change) {
        let file = self.current[&inode];
        self.inodes[file].pending.push((self.records, change));
    }

    fn name(&mut self, naming: Naming) {
        self.pending_names.push((self.records, naming));
    }

    fn sync_names(&mut self, began: usize, folder: &Path) {
        let (now, later) = std::mem::take(&mut self.pending_names)
            .into_iter()
            .partition(|(number, naming)| *number < began && naming.is_in(folder));
        let now: Vec<(usize, Naming)> = now;
        self.pending_names = later;
        for (_, naming) in now {
            naming.apply(&mut self.names);
        }
    }

    /// Puts the folder into a state that the disk may have after a power cut now. Tells how many writes
    /// were not synced.
    pub fn cut(mut self, draw: &mut Draw, unsynced: Unsynced) -> usize {
        let kept = match unsynced {
            Unsynced::Lost => 0,
            Unsynced::Torn => self.pending_names.len(),
            Unsynced::Drawn => draw.below(self.pending_names.len() + 1),
        };
        for (_, naming) in self.pending_names.iter().take(kept) {
            naming.apply(&mut self.names);
        }
        let pending = self.inodes.iter().map(|inode| inode.pending.len()).sum();
        for entry in fs::read_dir(&self.folder).expect("reads") {
            let path = entry.expect("an entry").path();
            let removed =
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.expect("removes");
        }
        for (path, file) in &self.names {
            let inode = std::mem::take(&mut self.inodes[*file]);
            fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
            fs::write(path, inode.after_cut(draw, unsynced)).expect("writes");
        }
        pending
    }
}

impl Naming {
    fn is_in(&self, folder: &Path) -> bool {
        let (Self::Made(path, _) | Self::Removed(path) | Self::Renamed(path, _)) = self;
        path.parent() == Some(folder)
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Made(path, inode) => drop(names.insert(path.clone(), *inode)),
            Self::Removed(path) => drop(names.remove(path)),
            Self::Renamed(from, to) => {
                // A file, or a folder with all that is in it.
                let moved: Vec<PathBuf> =
                    names.keys().filter(|name| name.starts_with(from)).cloned().collect();
                for name in moved {
                    let file = names.remove(&name).expect("a name");
                    let below = name.strip_prefix(from).expect("a name below");
                    let place =
                        if below.as_os_str().is_empty() { to.clone() } else { to.join(below) };
                    names.insert(place, file);
                }
            }
        }
    }
}

impl Inode {
    /// What was written before a sync began is on the disk when it ends.
    fn sync(&mut self, began: usize) {
        let (now, later) =
            std::mem::take(&mut self.pending).into_iter().partition(|(number, _)| *number < began);
        let now: Vec<(usize, Change)> = now;
        self.pending = later;
        for (_, change) in now {
            apply(&mut self.synced, &change, |_| true);
        }
    }

    fn after_cut(mut self, draw: &mut Draw, unsynced: Unsynced) -> Vec<u8> {
        let last = self.pending.len().saturating_sub(1);
        for (place, (_, change)) in self.pending.iter().enumerate() {
            match unsynced {
                Unsynced::Lost => {}
                Unsynced::Torn if place < last => apply(&mut self.synced, change, |_| true),
                Unsynced::Torn | Unsynced::Drawn => {
                    apply(&mut self.synced, change, |_| draw.one_in(2));
                }
            }
        }
        self.synced
    }
}

/// A change, as far as the disk took it: each sector by itself, a length whole.
fn apply(file: &mut Vec<u8>, change: &Change, mut takes: impl FnMut(usize) -> bool) {
    match change {
        Change::Length(length) => {
            if takes(0) {
                file.resize(*length, 0);
            }
        }
        Change::Write { at, bytes } => {
            let mut from = 0;
            while from < bytes.len() {
                let place = at + from;
                let until = bytes.len().min(from + SECTOR - place % SECTOR);
                if takes(place / SECTOR) {
                    let end = at + until;
                    file.resize(file.len().max(end), 0);
                    file[place..end].copy_from_slice(&bytes[from..until]);
                }
                from = until;
            }
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("reads") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}
