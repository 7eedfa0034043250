//! The sections of who may reach the server, and how: its listeners, their TLS, and an operator's own way in.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use crate::config::mail::optional_path;
use crate::config::network::{networks, optional_socket, socket, write_optional_socket};
use crate::config::value::{Issuer, path, within};

/// `[server]`: what households and provider sites reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// The address by which browsers and provider sites know this server; the `iss` of every token.
    pub issuer: Issuer,
    /// The address and port to listen on; loopback unless there is TLS.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// Peers whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNetwork>,
    /// Threads that answer requests.
    #[serde(deserialize_with = "within::<1, 64, _, _>")]
    pub workers: usize,
    /// Open connections over all workers.
    #[serde(deserialize_with = "within::<16, 1_000_000, _, _>")]
    pub max_connections: usize,
    /// The time a client has to send a request's head, in milliseconds.
    #[serde(deserialize_with = "within::<100, 60_000, _, _>")]
    pub request_header_timeout_ms: u64,
    /// The time a client has to send a request's body, in milliseconds.
    #[serde(deserialize_with = "within::<100, 120_000, _, _>")]
    pub request_body_timeout_ms: u64,
    /// A connection without a request, or whose client takes no answer, lives so long, in
    /// milliseconds.
    #[serde(deserialize_with = "within::<100, 600_000, _, _>")]
    pub idle_timeout_ms: u64,
    /// The largest request head, in bytes.
    #[serde(deserialize_with = "within::<8192, 131_072, _, _>")]
    pub head_limit_bytes: usize,
    /// The largest request body, in bytes.
    #[serde(deserialize_with = "within::<4096, 1_048_576, _, _>")]
    pub body_limit_bytes: usize,
    /// The time that requests under way have to end at a stop, in seconds.
    #[serde(deserialize_with = "within::<1, 600, _, _>")]
    pub shutdown_timeout_s: u64,
}

/// `[tls]`: TLS of the public listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Whether the public listener speaks TLS.
    pub enabled: bool,
    /// The certificate chain in PEM, the server's own certificate first.
    #[serde(deserialize_with = "path")]
    pub certificate_file: PathBuf,
    /// The private key in PEM.
    #[serde(deserialize_with = "path")]
    pub key_file: PathBuf,
    /// How often both files are looked at, in seconds.
    #[serde(deserialize_with = "within::<1, 3600, _, _>")]
    pub reload_every_s: u64,
    /// The time a client has for the handshake, in milliseconds.
    #[serde(deserialize_with = "within::<100, 60_000, _, _>")]
    pub handshake_timeout_ms: u64,
}

/// `[proxy_protocol]`: a public listener for balancers that speak the PROXY protocol, version 2.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocolConfig {
    /// The address and port to listen on, if there is such a listener.
    #[serde(deserialize_with = "optional_socket", serialize_with = "write_optional_socket")]
    pub listen: Option<SocketAddr>,
    /// The balancers.
    #[serde(deserialize_with = "networks")]
    pub trusted_peers: Vec<IpNetwork>,
    /// The time a balancer has to send the header, in milliseconds.
    #[serde(deserialize_with = "within::<100, 60_000, _, _>")]
    pub header_timeout_ms: u64,
}

/// `[operator]`: what operators and their monitoring reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// The address and port to listen on; loopback unless there is TLS with client certificates.
    #[serde(deserialize_with = "socket")]
    pub listen: SocketAddr,
    /// The file that holds the operator's token; outside the store's folder.
    #[serde(deserialize_with = "path")]
    pub token_file: PathBuf,
}

/// `[operator_tls]`: TLS of the operators' listener, with client certificates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorTlsConfig {
    /// Whether the operators' listener speaks TLS and asks for a client certificate.
    pub enabled: bool,
    /// The certificate chain in PEM, the server's own certificate first.
    #[serde(deserialize_with = "path")]
    pub certificate_file: PathBuf,
    /// The private key in PEM.
    #[serde(deserialize_with = "path")]
    pub key_file: PathBuf,
    /// The certificate authorities in PEM that clients' certificates come from.
    #[serde(deserialize_with = "path")]
    pub client_ca_file: PathBuf,
}

/// `[operator_client]`: how the operator commands reach a server that asks for a certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorClientConfig {
    /// The certificate authority in PEM that the server's certificate comes from, if any.
    #[serde(deserialize_with = "optional_path")]
    pub ca_file: String,
    /// The operator's certificate chain in PEM, if any.
    #[serde(deserialize_with = "optional_path")]
    pub certificate_file: String,
    /// Its private key in PEM, if any.
    #[serde(deserialize_with = "optional_path")]
    pub key_file: String,
}
