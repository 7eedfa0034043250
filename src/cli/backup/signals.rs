//! Ctrl-C and SIGTERM: what is under way is dropped then, or told to stop, and takes itself away.

use super::BackupError;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears of both from its making on.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to hear; before anything is made.
    ///
    /// # Errors
    /// The system refuses.
    pub fn listen() -> Result<Self, BackupError> {
        let system = |source: io::Error| BackupError::File { path: "signals".into(), source };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(system)?,
            terminate: signal(SignalKind::terminate()).map_err(system)?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does it, unless one comes first: what is half done is dropped then.
    ///
    /// # Errors
    /// Its own, or that it was interrupted.
    pub async fn unless<T>(
        &mut self,
        work: impl Future<Output = Result<T, BackupError>>,
    ) -> Result<T, BackupError> {
        tokio::select! {
            done = work => done,
            () = self.any() => Err(BackupError::Interrupted),
        }
    }

    /// Does work that waits for nothing, on a thread of its own; where one comes, the flag says so, and
    /// the work ends as soon as it has looked at it.
    ///
    /// # Errors
    /// Its own, or that it was interrupted.
    pub async fn unless_flagged<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&AtomicBool) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let flag = Arc::<AtomicBool>::default();
        let own = Arc::clone(&flag);
        let mut working = tokio::task::spawn_blocking(move || work(&own));
        let lost = |error: tokio::task::JoinError| BackupError::File {
            path: "thread".into(),
            source: io::Error::other(error),
        };
        tokio::select! {
            done = &mut working => done.map_err(lost)?,
            () = self.any() => {
                flag.store(true, Ordering::Relaxed);
                // Its end is waited for: until then it may make something.
                drop(working.await);
                Err(BackupError::Interrupted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_on_a_thread_ends_before_its_interruption_is_told() {
        let mut signals = Signals::listen().expect("hears");
        let ended = Arc::<AtomicBool>::default();
        let own = Arc::clone(&ended);
        let work = move |flag: &AtomicBool| {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)
                .expect("signals itself");
            while !flag.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            own.store(true, Ordering::Relaxed);
            Ok(())
        };
        let stopped = signals.unless_flagged(work).await;
        assert!(matches!(stopped, Err(BackupError::Interrupted)));
        assert!(ended.load(Ordering::Relaxed));
        assert_eq!(signals.unless_flagged(|_| Ok(7)).await.expect("done"), 7);
    }
}
