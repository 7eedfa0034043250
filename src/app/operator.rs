//! The operators' listener, from the configuration: plain HTTP on loopback, elsewhere TLS with client
//! certificates; the same pipeline and the same bounds as the public ones.

use super::AppError;
use crate::{
    config::{Config, ConfigErrors},
    net::{Certificates, Door, ServerLimits, activity::Patience, reload, server},
    web::{self, context, limits, state::WebState},
};
use actix_web::{App, dev::Server, middleware::from_fn, web::Data};
use rustls::ServerConfig;
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// So many connections may be open: commands open one each, monitoring a few.
const MOST_CONNECTIONS: usize = 256;

/// What the listener speaks.
pub struct OperatorDoor {
    tls: Option<(Arc<Certificates>, Arc<ServerConfig>)>,
}

impl OperatorDoor {
    /// Reads the certificates where TLS is wanted.
    pub fn open(config: &Config) -> Result<Self, AppError> {
        let certificates = Certificates::open_for_operators(config).map_err(ConfigErrors::from)?;
        let Some(certificates) = certificates else { return Ok(Self { tls: None }) };
        let tls = certificates.server_config()?;
        Ok(Self { tls: Some((certificates, tls)) })
    }

    /// Takes a changed certificate of the server's own from now on.
    pub fn watch(&self, config: &Config) -> std::io::Result<Option<JoinHandle<()>>> {
        let Some((certificates, _)) = &self.tls else { return Ok(None) };
        let every = Duration::from_secs(config.tls.reload_every_s);
        Ok(Some(actix_rt::spawn(reload::watch(Arc::clone(certificates), every)?)))
    }
}

/// The operators' server; it runs when it is awaited.
pub fn server(
    config: &Config,
    door: &OperatorDoor,
    state: &Data<WebState>,
    listener: TcpListener,
) -> std::io::Result<Server> {
    if let Some((certificates, _)) = &door.tls {
        let certificates = Arc::clone(certificates);
        state.metrics.watch_operator_certificate(move || certificates.expires_s());
    }
    let door = Door {
        tls: door.tls.as_ref().map(|(_, tls)| Arc::clone(tls)),
        handshake_timeout: Duration::from_millis(config.tls.handshake_timeout_ms),
        balancers: None,
        header_timeout: Duration::ZERO,
    };
    let limits = ServerLimits {
        workers: 1,
        most_connections: MOST_CONNECTIONS,
        patience: Patience {
            head: Duration::from_millis(config.server.request_header_timeout_ms),
            idle: Duration::from_millis(config.server.idle_timeout_ms),
        },
        shutdown_timeout_s: 1,
    };
    let state = state.clone();
    server::build(limits, vec![(listener, door)], move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(limits::middleware))
            .wrap(from_fn(context::middleware))
            .configure(web::operator_listener)
    })
}
