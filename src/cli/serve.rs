//! `linepass serve`: the server until it is told to stop.

use super::{
    args::ServeArgs,
    exit::Exit,
    listen::{bind, stop_signal},
};
use crate::{
    app::{self, Listeners},
    clock::Clock,
    config::{Config, process_environment},
    telemetry,
};
use std::io::IsTerminal;

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
    let listeners = bind(config.server.listen)
        .and_then(|public| Ok(Listeners { public, operator: bind(config.operator.listen)? }));
    let listeners = match listeners {
        Ok(listeners) => listeners,
        Err(error) => {
            tracing::error!("{error}");
            return Exit::Failed;
        }
    };
    match app::start(config, Clock::host(), listeners).await {
        Ok(running) => {
            let (issuer, operator) = (config.server.issuer.as_str(), config.operator.listen);
            tracing::info!(issuer, %operator, "linepass serves");
            stop_signal().await;
            running.stop().await;
            Exit::Done
        }
        Err(error) => {
            tracing::error!("{error}");
            Exit::Failed
        }
    }
}
