//! The head file beside the store: the last block's number and hash under a MAC. sled can drop a
//! damaged tail and open; the head tells that something acknowledged is missing.

use super::{StoreError, group::Tip};
use aws_lc_rs::hmac;
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Where the head stands and the key of its MAC.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
    key: hmac::Key,
}

impl HeadFile {
    /// The head in the store's folder.
    pub fn new(folder: &Path, key: &[u8; 32]) -> Self {
        Self { path: folder.join("head"), key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The head, if there is one. Any change to the file makes it damaged.
    pub fn read(&self) -> Result<Option<Tip>, StoreError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let text = std::str::from_utf8(&bytes).ok();
        let tip = text.and_then(|text| self.parse(text)).ok_or_else(|| {
            let what = "its MAC does not fit: it was changed, or the master key is another one";
            StoreError::damaged(self.path.display().to_string(), what)
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
        let new = self.path.with_extension("new");
        let written = File::create(&new).and_then(|mut file| {
            writeln!(file, "{line} {mac}")?;
            file.sync_all()?;
            fs::rename(&new, &self.path)?;
            let folder = self.path.parent().unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        });
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, source: std::io::Error) -> StoreError {
        StoreError::File { path: self.path.clone(), source }
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

    #[test]
    fn every_changed_byte_of_the_head_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let head = HeadFile::new(folder.path(), &[1; 32]);
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
        assert!(HeadFile::new(folder.path(), &[2; 32]).read().is_err(), "another key");
    }
}
