//! Names and contents of small files: what is written stands in a cache until the file is synced,
//! and its name until the folder is.

use super::{disk::Disk, fate::Fate};
use linepass::store::engine::Files;
use std::{collections::BTreeMap, io, path::PathBuf};

#[derive(Default)]
pub struct FileSystem {
    contents: Vec<Content>,
    names: BTreeMap<String, usize>,
    /// The names that outlive a power cut.
    kept_names: BTreeMap<String, usize>,
    /// What happened to names since the folder was synced, in order.
    changes: Vec<Change>,
}

struct Content {
    cached: String,
    /// What outlives a power cut.
    kept: Option<String>,
}

enum Change {
    Named(String, usize),
    Renamed(String, String),
}

impl FileSystem {
    fn content(&mut self, name: &str) -> io::Result<&mut Content> {
        let number = self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.contents[*number])
    }

    fn write(&mut self, name: &str, text: &str) {
        if let Ok(content) = self.content(name) {
            text.clone_into(&mut content.cached);
            return;
        }
        let number = self.contents.len();
        self.contents.push(Content { cached: text.to_owned(), kept: None });
        self.names.insert(name.to_owned(), number);
        self.changes.push(Change::Named(name.to_owned(), number));
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let number = self.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.names.insert(to.to_owned(), number);
        self.changes.push(Change::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn sync_folder(&mut self) {
        self.kept_names.clone_from(&self.names);
        self.changes.clear();
    }

    /// Some of what happened to names is kept, and contents that were not synced are as they were,
    /// as they became, torn, or nothing.
    pub fn cut_power(&mut self, fate: &Fate) {
        let kept = fate.index(self.changes.len() + 1);
        for change in self.changes.drain(..).take(kept) {
            match change {
                Change::Named(name, number) => {
                    self.kept_names.insert(name, number);
                }
                Change::Renamed(from, to) => {
                    if let Some(number) = self.kept_names.remove(&from) {
                        self.kept_names.insert(to, number);
                    }
                }
            }
        }
        self.names.clone_from(&self.kept_names);
        for content in &mut self.contents {
            if content.kept.as_ref() != Some(&content.cached) {
                let torn = &content.cached[..fate.index(content.cached.len() + 1)];
                let before = content.kept.clone().unwrap_or_default();
                let left = fate.index(4);
                let left =
                    [content.cached.clone(), torn.to_owned(), before, String::new()][left].clone();
                content.cached.clone_from(&left);
                content.kept = Some(left);
            }
        }
    }
}

/// The folder of a simulated disk.
pub struct SimFiles(pub Disk);

impl Files for SimFiles {
    fn read(&self, name: &str) -> io::Result<String> {
        let mut state = self.0.state();
        // A process that is gone reads nothing; a poisoned engine is no business of the files.
        Ok(state.files.content(name)?.cached.clone())
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        self.0.operate(&format!("write {name}"))?.files.write(name, text);
        Ok(())
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.operate(&format!("sync {name}"))?;
        let content = state.files.content(name)?;
        content.kept = Some(content.cached.clone());
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.operate(&format!("rename {from} to {to}"))?.files.rename(from, to)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.0.operate("sync folder")?.files.sync_folder();
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.0.free_bytes())
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("/simulated").join(name)
    }
}
