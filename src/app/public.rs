//! The public listeners, from the configuration: plain or TLS, with or without PROXY headers, all
//! with the same app.

use super::AppError;
use crate::{
    config::{Config, ConfigErrors},
    net::{Certificates, Door, ServerLimits, activity::Patience, descriptors, reload, server},
    security::SourcePolicy,
    web::{
        self, admission, context, limits, maintenance,
        state::{RequestLimits, WebState},
    },
};
use actix_web::{App, dev::Server, middleware::from_fn, web::Data};
use rustls::ServerConfig;
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// What the listeners speak.
pub struct Doors {
    tls: Option<(Arc<Certificates>, Arc<ServerConfig>)>,
}

impl Doors {
    /// Reads the certificate where TLS is wanted.
    pub fn open(config: &Config) -> Result<Self, AppError> {
        if !config.tls.enabled {
            return Ok(Self { tls: None });
        }
        let certificates = Certificates::open(config).map_err(ConfigErrors::from)?;
        let tls = certificates.server_config()?;
        Ok(Self { tls: Some((certificates, tls)) })
    }

    /// The certificate in force, where TLS is wanted.
    pub fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.tls.as_ref().map(|(certificates, _)| certificates)
    }

    /// Takes changed certificates from now on.
    pub fn watch(&self, config: &Config) -> std::io::Result<Option<JoinHandle<()>>> {
        let Some((certificates, _)) = &self.tls else { return Ok(None) };
        let every = Duration::from_secs(config.tls.reload_every_s);
        Ok(Some(actix_rt::spawn(reload::watch(Arc::clone(certificates), every)?)))
    }

    fn door(&self, config: &Config, is_balanced: bool) -> Door {
        let balancers = || config.proxy_protocol.trusted_peers.clone().into();
        Door {
            tls: self.tls.as_ref().map(|(_, tls)| Arc::clone(tls)),
            handshake_timeout: Duration::from_millis(config.tls.handshake_timeout_ms),
            balancers: is_balanced.then(balancers),
            header_timeout: Duration::from_millis(config.proxy_protocol.header_timeout_ms),
        }
    }
}

/// The public server; it runs when it is awaited.
pub fn server(
    config: &Config,
    doors: &Doors,
    state: &Data<WebState>,
    public: TcpListener,
    balanced: Option<TcpListener>,
) -> std::io::Result<Server> {
    let mut listeners = vec![(public, doors.door(config, false))];
    listeners.extend(balanced.map(|listener| (listener, doors.door(config, true))));
    let (state, body_limit) = (state.clone(), config.server.body_limit_bytes);
    server::build(server_limits(config), listeners, move || {
        App::new()
            .app_data(state.clone())
            .app_data(actix_web::web::PayloadConfig::new(body_limit))
            // This closure runs on each thread that answers, once for each listener.
            .app_data(state.admission.worker())
            .wrap(from_fn(maintenance::gate))
            .wrap(from_fn(admission::gate))
            .wrap(from_fn(limits::middleware))
            .wrap(from_fn(context::middleware))
            .configure(web::public_listener)
    })
}

/// What one request may cost.
pub fn request_limits(config: &Config) -> RequestLimits {
    RequestLimits {
        head_bytes: config.server.head_limit_bytes,
        body_bytes: config.server.body_limit_bytes,
        body_time: Duration::from_millis(config.server.request_body_timeout_ms),
    }
}

/// Whose requests they are.
pub fn source_policy(config: &Config) -> SourcePolicy {
    SourcePolicy {
        trusted_proxies: config.server.trusted_proxies.clone(),
        shared_ipv4_networks: config.line.shared_ipv4_networks.clone(),
    }
}

fn server_limits(config: &Config) -> ServerLimits {
    ServerLimits {
        workers: config.server.workers,
        most_connections: descriptors::connections(config.server.max_connections),
        patience: Patience {
            head: Duration::from_millis(config.server.request_header_timeout_ms),
            idle: Duration::from_millis(config.server.idle_timeout_ms),
        },
        shutdown_timeout_s: config.server.shutdown_timeout_s,
    }
}
