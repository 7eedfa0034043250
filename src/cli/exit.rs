//! How the program ends.

use std::{io::ErrorKind, process::ExitCode};

/// The exit codes; scripts rely on them (interfaces.md 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: what was asked for is done.
    Done,
    /// 1: something failed, or what was looked at does not hold; standard error says what.
    Failed,
    /// 2: the command line is wrong; nothing was begun.
    Usage,
    /// 3: it is refused, by a rule, by the token's role, for a value that is not taken, or since what is
    /// to be made is there already or would stand inside a store. Nothing was changed, and the same is refused again.
    Refused,
    /// 4: what was named does not exist.
    NotFound,
    /// 130: Ctrl-C ended it, as shells tell it.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotFound => 4,
            Self::Interrupted => 130,
        }
    }

    /// How a command ends whose file or folder was not made: what is there already is never written over,
    /// and all else may be mended.
    pub fn of_unmade(kind: ErrorKind) -> Self {
        if kind == ErrorKind::AlreadyExists { Self::Refused } else { Self::Failed }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
