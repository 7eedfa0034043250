//! A folder of `.eml` files: for the demo, and for whoever sends them by other means. A file
//! appears whole or not at all, under the same name at each try.

use super::message::Ready;
use crate::{
    actors::outbox::{Failure, FailureKind},
    store::MailId,
};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{Result, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder for its owner alone; it is made.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Puts a message into the folder.
    ///
    /// # Errors
    /// It was not written; it can be tried again.
    pub async fn deliver(&self, mail: MailId, message: Ready) -> std::result::Result<(), Failure> {
        let folder = self.path.clone();
        let writing = tokio::task::spawn_blocking(move || write(&folder, mail, &message.bytes));
        match writing.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a mail was not written into its folder");
                Err(Failure::of(FailureKind::NotWritten))
            }
            Err(_) => Err(Failure::of(FailureKind::NotWritten)),
        }
    }
}

fn write(folder: &Path, mail: MailId, bytes: &[u8]) -> Result<()> {
    let name = folder.join(format!("{mail}.eml"));
    let unfinished = folder.join(format!(".{mail}.unfinished"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, &name)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::address::Envelope;
    use std::os::unix::fs::MetadataExt;

    #[tokio::test]
    async fn a_file_is_whole_and_its_owners_alone_and_has_one_name() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/mails");
        let folder = Folder::open(&path).expect("made");
        let mail: MailId = "CAF0000012573-14-purchased-6".parse().expect("a mail");
        let to = vec!["a@b.jp".parse().expect("an address")];
        for text in ["one", "two"] {
            let envelope = Envelope::new(None, to.clone()).expect("an envelope");
            let message = Ready { envelope, bytes: text.into() };
            folder.deliver(mail, message).await.expect("written");
            let file = path.join("CAF0000012573-14-purchased-6.eml");
            assert_eq!(std::fs::read_to_string(&file).expect("reads"), text);
            assert_eq!(std::fs::metadata(&file).expect("there").mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(&path).expect("reads").count(), 1);
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o700);
    }
}
