//! Sockets to listen on, and the signals that end a server.

use std::{
    io::{Error, Result},
    net::{SocketAddr, TcpListener},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A listening socket; the error names the address.
pub fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}

/// The signals that ask for a stop: SIGTERM and SIGINT.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Listens from now on, so that whoever asks while the server still starts, or at the very
    /// moment when it says that it is ready, gets an orderly stop too.
    pub fn listen() -> Result<Self> {
        let failed = |error: Error| {
            Error::new(error.kind(), format!("signals cannot be listened to: {error}"))
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for one. A second one ends the process at once, for who cannot wait.
    pub async fn wait(mut self) {
        self.next().await;
        tracing::info!("stopping; a second signal ends at once");
        actix_rt::spawn(async move {
            self.next().await;
            end_at_once();
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever sends a second signal asks for it")]
fn end_at_once() {
    tracing::warn!("a second signal came: the process ends at once");
    crate::telemetry::flush();
    std::process::exit(1);
}
