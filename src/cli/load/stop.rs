//! The signals that end a run: the first in order, a later one at once.

use crate::cli::exit::Exit;
use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// What comes so soon after the first signal is the same one: `timeout` sends SIGTERM to the process and
/// once more to its group, and a terminal's Ctrl-C may come by way of a wrapper too.
const ONE_SIGNAL: Duration = Duration::from_secs(1);

/// SIGTERM and Ctrl-C.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Becomes true with SIGTERM or Ctrl-C. One that comes more than a second after the first ends the process
/// at once, and says what it leaves undone.
///
/// # Errors
/// The signals cannot be listened to.
pub fn interrupted() -> io::Result<watch::Receiver<bool>> {
    let mut signals = StopSignals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
    };
    let (say, hear) = watch::channel(false);
    actix_rt::spawn(async move {
        signals.next().await;
        let first = Instant::now();
        // It stays true when nobody can change it any more.
        say.send_replace(true);
        loop {
            signals.next().await;
            if first.elapsed() > ONE_SIGNAL {
                end_at_once();
            }
        }
    });
    Ok(hear)
}

#[expect(clippy::disallowed_methods, reason = "whoever sends a second signal asks for it")]
fn end_at_once() -> ! {
    // The live line stands on the terminal without an end.
    let end_of_line = if io::stderr().is_terminal() { "\n" } else { "" };
    eprintln!(
        "{end_of_line}linepass: a second signal ended the run at once: nothing was checked or written"
    );
    std::process::exit(Exit::Interrupted.code().into())
}
