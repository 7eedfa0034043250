//! `linepass backup`, `restore` and the drill of both.
//!
//! | file | what |
//! |---|---|
//! | [`file`](mod@file) | the backup's file, which has its name once it is whole |
//! | [`take`] | a backup of the running server, or of a store that nobody has |
//! | [`restore`] | a store of a backup |
//! | [`drill`] | both, one after the other, and how long they took |
//! | [`room`] | what is told of a disk that has too little room, or is the store's own; no place inside a store |
//! | [`signals`] | Ctrl-C and SIGTERM |

pub mod drill;
pub mod file;
pub mod restore;
mod room;
mod signals;
pub mod take;

use super::{
    exit::Exit,
    offline::OfflineError,
    operator::{args::ServerArgs, client::ClientError, refused},
};
use crate::{
    actors::verifying::StoreKeysError,
    store::{
        StoreError,
        backup::{BackupFault, CopyError, restore::RestoreError},
    },
};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Why it was not done. Nothing stands where it was to be.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The server said no, or does not answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The store that no server has.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] StoreKeysError),
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot stand where it was to.
    #[error("--out {}: {what}", out.display())]
    Out {
        /// As it was named.
        out: PathBuf,
        /// Why not.
        what: String,
    },
    /// A store is where it was to stand, or around it.
    #[error(
        "{option} {}: it is inside the store at {}, which is the server's alone: name another folder",
        place.display(), store.display()
    )]
    InStore {
        /// What named it.
        option: &'static str,
        /// As it was named.
        place: PathBuf,
        /// The store's folder.
        store: PathBuf,
    },
    /// What the server sent is no part of a backup.
    #[error("the server sent what is no part of a backup")]
    Part(#[from] BackupFault),
    /// The restore.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The restored store is not whole.
    #[error(
        "the restored store is not whole, so it was taken away again; --no-verify restores it all \
         the same"
    )]
    NotWhole(String),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; nothing is left of it")]
    Interrupted,
}

impl BackupError {
    /// How the command ends (interfaces.md 3).
    fn exit(&self) -> Exit {
        match self {
            Self::File { source, .. } | Self::Restore(RestoreError::File { source, .. }) => {
                Exit::of_unmade(source.kind())
            }
            Self::InStore { .. }
            | Self::Restore(RestoreError::NotEmpty(_) | RestoreError::NoFolder(_)) => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }
}

/// Tells why nothing was done.
fn told(
    error: BackupError,
    server: Option<&ServerArgs>,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    let exit = error.exit();
    match (error, server) {
        (BackupError::Client(error), Some(server)) => return refused(server, error, out, talk),
        (BackupError::NotWhole(report), _) => {
            write!(talk, "{report}")?;
            writeln!(talk, "linepass: {}", BackupError::NotWhole(String::new()))?;
        }
        (error, _) => writeln!(talk, "linepass: {error}")?,
    }
    Ok(exit)
}
