//! What a command answers goes to standard output; where that cannot be written (a full disk, a
//! reader that has gone away) a script must still learn whether anything was changed.

use super::Exit;
use std::{
    io::{self, ErrorKind, Write},
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether this run of the program has changed anything that lasts. One run does one command, so it
/// is the process's own and needs no way through every command.
static HAS_CHANGED: AtomicBool = AtomicBool::new(false);

/// From here on something is changed, whatever becomes of the answer.
pub fn note_change() {
    HAS_CHANGED.store(true, Ordering::Relaxed);
}

/// Runs a command on standard output and standard error, to the last byte of its answer.
pub fn to_standard_output(
    command: impl FnOnce(&mut io::StdoutLock<'static>, &mut io::Stderr) -> io::Result<Exit>,
) -> Exit {
    let (mut out, mut talk) = (io::stdout().lock(), io::stderr());
    let ended = command(&mut out, &mut talk).and_then(|exit| out.flush().map(|()| exit));
    ended.unwrap_or_else(|error| {
        if let Some(what) = unwritten(&error, HAS_CHANGED.load(Ordering::Relaxed)) {
            // Where standard error is gone too, the exit code is all that is left.
            let _ = writeln!(talk, "linepass: {what}");
        }
        Exit::Failed
    })
}

/// What to say of an answer that could not be written; nothing to a reader that has gone away
/// (`| head`) from an answer that changed nothing.
fn unwritten(error: &io::Error, has_changed: bool) -> Option<String> {
    match (has_changed, error.kind()) {
        (true, _) => {
            Some(format!("the change was made, and its answer could not be written: {error}"))
        }
        (false, ErrorKind::BrokenPipe) => None,
        (false, _) => Some(format!("the answer could not be written: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_away_is_told_of_a_change_alone() {
        let gone = io::Error::from(ErrorKind::BrokenPipe);
        let full = io::Error::from(ErrorKind::StorageFull);
        assert_eq!(unwritten(&gone, false), None);
        assert!(unwritten(&gone, true).is_some_and(|said| said.contains("change was made")));
        let read = unwritten(&full, false).expect("something to say");
        assert!(read.contains("could not be written") && !read.contains("change"), "{read}");
    }
}
