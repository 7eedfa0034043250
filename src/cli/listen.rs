//! Sockets to listen on, and the signals that end a server.

use std::{
    io::{Error, Result},
    net::{SocketAddr, TcpListener},
};
use tokio::signal::unix::{SignalKind, signal};

/// A listening socket; the error names the address.
pub fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}

/// Waits for SIGTERM or SIGINT. A second one ends the process at once, for who cannot wait.
pub async fn stop_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be listened to");
        return;
    };
    wait(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping; a second signal ends at once");
    actix_rt::spawn(async move {
        wait(&mut terminate, &mut interrupt).await;
        end_at_once();
    });
}

async fn wait(
    terminate: &mut tokio::signal::unix::Signal,
    interrupt: &mut tokio::signal::unix::Signal,
) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever sends a second signal asks for it")]
fn end_at_once() {
    std::process::exit(1);
}
