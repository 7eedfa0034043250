//! `linepass serve`: the server until it is told to stop.

use super::{
    args::ServeArgs,
    exit::Exit,
    listen::{StopSignals, bind},
};
use crate::{
    app::{self, Clocks, Listeners},
    clock::Clock,
    config::{Config, LogStderr, process_environment},
    telemetry,
};
use std::{fmt::Display, io::IsTerminal};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the server until SIGTERM or Ctrl-C.
pub fn run(args: &ServeArgs) -> Exit {
    let config = match Config::load(args.config.as_deref(), process_environment()) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Exit::Failed;
        }
    };
    let _logging = match telemetry::init(&config.log, std::io::stderr().is_terminal()) {
        Ok(guard) => guard,
        Err(error) => {
            eprintln!("linepass: {error}");
            return Exit::Failed;
        }
    };
    actix_rt::System::new().block_on(serve(&config))
}

async fn serve(config: &Config) -> Exit {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let (stop, listeners) = match signals_and_listeners(config) {
        Ok(both) => both,
        Err(error) => return stopped(config, &error),
    };
    let listen = listeners.public.local_addr().unwrap_or(config.server.listen);
    match app::start(config, Clocks::deciding_at(Clock::host()), listeners).await {
        Ok(running) => {
            let (issuer, operator) = (config.server.issuer.as_str(), config.operator.listen);
            tracing::info!(issuer, %listen, %operator, "linepass serves");
            stop.wait().await;
            if running.stop().await { Exit::Done } else { Exit::Failed }
        }
        Err(error) => stopped(config, &error),
    }
}

/// Tells what stops the start: in the log, and on standard error whatever the log writes there.
fn stopped(config: &Config, error: &dyn Display) -> Exit {
    tracing::error!("{error}");
    if config.log.stderr == LogStderr::Off {
        eprintln!("linepass: {error}");
    }
    Exit::Failed
}

fn signals_and_listeners(config: &Config) -> std::io::Result<(StopSignals, Listeners)> {
    let stop = StopSignals::listen()?;
    // `systemctl reload` sends it: without TLS there is nothing to read again, and it must end nobody.
    drop(signal(SignalKind::hangup())?);
    let public = bind(config.server.listen)?;
    let balanced = config.proxy_protocol.listen.map(bind).transpose()?;
    let operator = bind(config.operator.listen)?;
    Ok((stop, Listeners { public, balanced, operator }))
}
