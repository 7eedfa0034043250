//! Takes changed certificate files without a restart: on SIGHUP at once, and by looking at them
//! every few seconds, for whoever replaces files and signals nobody.

use super::certificates::{Certificates, Contents};
use std::{sync::Arc, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

/// What was seen of the files when they were last looked at.
type Seen = Result<Contents, String>;

/// Listens to SIGHUP from now on; watches until it is dropped.
pub fn watch(
    certificates: Arc<Certificates>,
    every: Duration,
) -> std::io::Result<impl Future<Output = ()>> {
    let hangup = signal(SignalKind::hangup())?;
    Ok(run(certificates, every, hangup))
}

async fn run(certificates: Arc<Certificates>, every: Duration, mut hangup: Signal) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once.
    ticks.tick().await;
    let mut taken = look(&certificates).await;
    let mut before: Option<Seen> = None;
    loop {
        let asked = tokio::select! {
            _ = ticks.tick() => false,
            _ = hangup.recv() => true,
        };
        let now = look(&certificates).await;
        // The two files change one after the other: they are taken when they stand still.
        let stands = before.as_ref() == Some(&now);
        if asked || (stands && now != taken) {
            take(&certificates, &now);
            taken = now;
            before = None;
        } else {
            before = Some(now);
        }
    }
}

async fn look(certificates: &Arc<Certificates>) -> Seen {
    let certificates = Arc::clone(certificates);
    let read = tokio::task::spawn_blocking(move || certificates.read()).await;
    read.unwrap_or_else(|_| Err("the files cannot be read".to_owned()))
}

fn take(certificates: &Certificates, seen: &Seen) {
    let replaced = match seen {
        Ok(contents) => certificates.replace(contents),
        Err(problem) => Err(problem.clone()),
    };
    match replaced {
        Ok(()) => tracing::info!("the TLS certificate was read again"),
        Err(error) => {
            tracing::error!(%error, "the new TLS certificate cannot be used; the old one stays");
        }
    }
}
