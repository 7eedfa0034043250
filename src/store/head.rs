//! The head file beside the store: the last block's number and hash under a MAC. sled can drop a
//! damaged tail and open; the head tells that something acknowledged is missing.

use super::{StoreError, engine::Files, group::Tip};
use aws_lc_rs::hmac;
use std::io::{self, ErrorKind};

/// The head's name.
const HEAD: &str = "head";
/// Where the next one is written before it takes its place.
const NEW: &str = "head.new";

/// Where the head stands and the key of its MAC.
#[derive(Debug)]
pub struct HeadFile<F> {
    files: F,
    key: hmac::Key,
}

impl<F: Files> HeadFile<F> {
    /// The head in the store's folder.
    pub fn new(files: F, key: &[u8; 32]) -> Self {
        Self { files, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The folder it stands in.
    pub const fn files(&self) -> &F {
        &self.files
    }

    /// The head, if there is one. Any change to the file makes it damaged.
    pub fn read(&self) -> Result<Option<Tip>, StoreError> {
        let text = match self.files.read(HEAD) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            // It is no text any more.
            Err(error) if error.kind() == ErrorKind::InvalidData => None,
            Err(error) => return Err(self.failed(error)),
        };
        let tip = text.and_then(|text| self.parse(&text)).ok_or_else(|| {
            let what = "its MAC does not fit: it was changed, or the master key is another one";
            StoreError::damaged(self.files.path(HEAD).display().to_string(), what)
        })?;
        Ok(Some(tip))
    }

    fn parse(&self, text: &str) -> Option<Tip> {
        let (line, mac) = text.trim_end().rsplit_once(' ')?;
        hmac::verify(&self.key, line.as_bytes(), &unhex(mac)?).ok()?;
        let mut words = line.split(' ');
        let ("linepass-head-1", number, hash, None) =
            (words.next()?, words.next()?, words.next()?, words.next())
        else {
            return None;
        };
        Some(Tip { number: number.parse().ok()?, hash: unhex(hash)?.try_into().ok()? })
    }

    /// Replaces the head whole: a new file, synced, renamed over the old one, the folder synced.
    pub fn write(&self, tip: Tip) -> Result<(), StoreError> {
        let line = format!("linepass-head-1 {} {}", tip.number, hex(&tip.hash));
        let mac = hex(hmac::sign(&self.key, line.as_bytes()).as_ref());
        self.replace(&format!("{line} {mac}\n")).map_err(|error| self.failed(error))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        self.files.write(NEW, text)?;
        self.files.sync(NEW)?;
        self.files.rename(NEW, HEAD)?;
        self.files.sync_folder()
    }

    fn failed(&self, source: io::Error) -> StoreError {
        StoreError::File { path: self.files.path(HEAD), source }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Small letters only, as [`hex`] writes them: another spelling of the same bytes is a change.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let spelled = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let whole = spelled && text.len().is_multiple_of(2);
    let pairs = whole.then(|| text.as_bytes().chunks_exact(2))?;
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::Folder;
    use std::fs;

    #[test]
    fn every_changed_byte_of_the_head_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Folder::new(folder.path());
        let head = HeadFile::new(files.clone(), &[1; 32]);
        assert_eq!(head.read().expect("reads"), None);
        let tip = Tip { number: 42, hash: [9; 32] };
        head.write(tip).expect("writes");
        assert_eq!(head.read().expect("reads"), Some(tip));

        let path = folder.path().join("head");
        let text = fs::read(&path).expect("reads");
        // Bit 5 turns a small letter into a capital one, bit 7 makes it no text at all.
        let bits = |place| [(place, 1), (place, 0x20), (place, 0x80)];
        for (place, bit) in (0..text.len() - 1).flat_map(bits) {
            let mut changed = text.clone();
            changed[place] ^= bit;
            fs::write(&path, &changed).expect("writes");
            let refused = head.read().expect_err("it was changed");
            assert!(matches!(refused, StoreError::Damaged { .. }), "{place}, bit {bit}: {refused}");
        }
        fs::write(&path, &text).expect("writes");
        assert!(HeadFile::new(files, &[2; 32]).read().is_err(), "another key");
    }
}
