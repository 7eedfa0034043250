//! The server under test: where it is, and whose certificate is believed.

use crate::net::mutual;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::Arc,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// Whose certificate is believed over https.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The system's own authorities.
    System,
    /// Those of a PEM file.
    File(PathBuf),
    /// Whoever answers: for a development certificate on this machine, and to find out whether TLS is
    /// spoken at all.
    Anybody,
}

/// The server under test.
pub struct Target {
    /// `https://host:port` without a path: what browsers send as `Origin`.
    pub origin: String,
    /// `host:port` for the `Host` header.
    pub authority: String,
    /// Where to connect to.
    pub address: SocketAddr,
    /// How TLS is spoken, over https.
    pub tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Whether the address names this machine alone, as far as its text tells.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Target {
    /// Looks the address up and makes ready to speak TLS.
    ///
    /// # Errors
    /// A sentence that names the argument.
    pub fn find(url: &Url, trust: &Trust) -> Result<Self, String> {
        let host = url.host().ok_or("--url: it names no host")?;
        let port = url.port_or_known_default().ok_or("--url: it names no port")?;
        let looked_up = match host {
            Host::Ipv4(address) => Some(SocketAddr::from((address, port))),
            Host::Ipv6(address) => Some(SocketAddr::from((address, port))),
            Host::Domain(name) => (name, port)
                .to_socket_addrs()
                .map_err(|error| format!("--url: {name} is not found: {error}"))?
                .next(),
        };
        let address = looked_up.ok_or_else(|| format!("--url: {host} has no address"))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let origin = format!("{}://{authority}", url.scheme());
        let tls = (url.scheme() == "https").then(|| connector(host, trust)).transpose()?;
        Ok(Self { origin, authority, address, tls })
    }
}

fn connector(
    host: Host<&str>,
    trust: &Trust,
) -> Result<(TlsConnector, ServerName<'static>), String> {
    let name = match host {
        Host::Ipv4(address) => ServerName::from(IpAddr::from(address)),
        Host::Ipv6(address) => ServerName::from(IpAddr::from(address)),
        Host::Domain(name) => {
            let name = ServerName::try_from(name.to_owned());
            name.map_err(|_| "--url: its host is no name that a certificate can have")?
        }
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = match trust {
        Trust::System => builder.with_root_certificates(system_authorities()),
        Trust::File(file) => {
            let roots = mutual::authorities(file).map_err(|what| format!("--ca: {what}"))?;
            builder.with_root_certificates(roots)
        }
        Trust::Anybody => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        }
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn system_authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Believes every certificate: on this machine where it is asked for, and where nothing is told to whoever
/// shows it.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
