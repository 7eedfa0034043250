//! The pipeline of every listener: accept, PROXY header, TLS handshake, HTTP.

use super::{
    activity::Patience,
    proxy_header,
    stream::{ClientStream, Transport},
};
use crate::security::Peer;
use actix_http::{
    HttpService, Protocol, Request, Response, body::MessageBody, error::DispatchError,
};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::dev::AppConfig;
use ipnetwork::IpNetwork;
use rustls::ServerConfig;
use std::{
    fmt::Debug,
    io::{Error, ErrorKind, Result},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;

/// How the connections of one listener begin.
#[derive(Clone)]
pub struct Door {
    /// The TLS that they speak, if any.
    pub tls: Option<Arc<ServerConfig>>,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// The balancers that send PROXY headers, if this is their listener.
    pub balancers: Option<Arc<[IpNetwork]>>,
    /// How long a header may take.
    pub header_timeout: Duration,
}

/// The server's bounds.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Threads that answer.
    pub workers: usize,
    /// Open connections over all of them.
    pub most_connections: usize,
    /// How long a client may do nothing.
    pub patience: Patience,
    /// How long requests under way have to end at a stop, in seconds.
    pub shutdown_timeout_s: u64,
}

/// How long an answer to a client that still sends stays in its socket before it is closed.
const LINGER: Duration = Duration::from_secs(1);

/// A server for these listeners, all with the same app.
pub fn build<F, I, S, B>(
    limits: ServerLimits,
    doors: Vec<(TcpListener, Door)>,
    app: F,
) -> Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    // Each worker counts its own.
    let each = limits.most_connections.div_ceil(limits.workers).max(1);
    let mut server = ServerBuilder::new()
        .workers(limits.workers)
        .max_concurrent_connections(each)
        .shutdown_timeout(limits.shutdown_timeout_s)
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    for (listener, door) in doors {
        let (app, stopping) = (app.clone(), stopping.clone());
        server = server.listen("http", listener, move || {
            let (door, stopping) = (door.clone(), stopping.clone());
            let app = app().into_factory().map_err(|error| error.into().error_response());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(limits.patience.idle)
                .client_request_timeout(limits.patience.head)
                .client_disconnect_timeout(LINGER)
                .on_connect_ext(|stream: &ClientStream, data| {
                    data.insert(stream.peer());
                    data.insert(stream.activity());
                })
                .finish(map_config(app, |()| AppConfig::default()));
            fn_service(move |stream: TcpStream| {
                let door = door.clone();
                async move { door.open(stream, limits.patience).await.map_err(DispatchError::Io) }
            })
            .and_then(http)
        })?;
    }
    Ok(server.run())
}

impl Door {
    /// Brings a connection to where HTTP begins. Where that fails it is closed without a word: who
    /// speaks no TLS or is no balancer has nothing to be told.
    async fn open(
        &self,
        mut stream: TcpStream,
        patience: Patience,
    ) -> Result<(ClientStream, Protocol, Option<SocketAddr>)> {
        let address = stream.peer_addr()?;
        let peer = match &self.balancers {
            None => Peer::direct(address.ip()),
            Some(balancers) => self.balanced(&mut stream, address, balancers).await?,
        };
        // Answers are written whole; waiting for more would only delay them.
        stream.set_nodelay(true)?;
        let transport = match &self.tls {
            None => Transport::Plain(stream),
            Some(tls) => {
                let handshake = TlsAcceptor::from(Arc::clone(tls)).accept(stream);
                let done = timeout(self.handshake_timeout, handshake).await;
                let stream = done.map_err(|_| Error::from(ErrorKind::TimedOut))??;
                Transport::Tls(Box::new(stream))
            }
        };
        let protocol = if transport.is_http2() { Protocol::Http2 } else { Protocol::Http1 };
        let stream = ClientStream::new(transport, peer, patience);
        Ok((stream, protocol, Some(SocketAddr::new(peer.address, address.port()))))
    }

    async fn balanced(
        &self,
        stream: &mut TcpStream,
        address: SocketAddr,
        balancers: &[IpNetwork],
    ) -> Result<Peer> {
        let address = address.ip().to_canonical();
        if !balancers.iter().any(|balancer| balancer.contains(address)) {
            tracing::warn!(%address, "this address is not in proxy_protocol.trusted_peers");
            return Err(Error::from(ErrorKind::PermissionDenied));
        }
        let peer = proxy_header::read(stream, address, self.header_timeout).await;
        peer.inspect_err(|error| tracing::debug!(%address, %error, "no PROXY header"))
    }
}
