//! The certificate and its key from their files, and a development certificate where there is
//! none yet.

use super::mutual;
use crate::{
    clock::Clock,
    config::{Config, ConfigError, OperatorTlsConfig, TlsConfig},
};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::{
    InconsistentKeys, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, danger::ClientCertVerifier},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Error, Read, Result as IoResult, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};
use zeroize::Zeroizing;

/// The name in each development certificate, by which it is known again.
const DEVELOPMENT: &str = "Linepass development certificate";
/// A development certificate is good from the beginning of its year for so many years.
const DEVELOPMENT_YEARS: i32 = 10;
/// No certificate chain and no key is longer; past it a path leads somewhere else.
const MOST_BYTES: u64 = 1024 * 1024;

/// Which of the files it is that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The certificate chain.
    Certificate,
    /// Its private key.
    Key,
    /// The authorities of clients' certificates.
    ClientCa,
}

impl Part {
    /// The name of its configuration key.
    const fn key(self) -> &'static str {
        match self {
            Self::Certificate => "certificate_file",
            Self::Key => "key_file",
            Self::ClientCa => "client_ca_file",
        }
    }

    const fn allowed(self) -> &'static str {
        match self {
            Self::Certificate => {
                "a PEM file with the certificate chain, the server's own certificate first"
            }
            Self::Key => {
                "a PEM file with the private key of that certificate (PKCS #8, PKCS #1 or SEC 1), \
                 without a passphrase, readable by its owner and group at most"
            }
            Self::ClientCa => "a PEM file with one or more certificates of authorities",
        }
    }
}

/// Why a certificate or key cannot be used: which, and what is the matter.
pub type Fault = (Part, String);

/// The bytes of both files, by which a change is noticed.
#[derive(PartialEq, Eq)]
pub struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// The certificate in force; each handshake asks for it.
pub struct Certificates {
    certificate_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    /// Who asks for clients' certificates, where they are asked for.
    clients: Option<Arc<dyn ClientCertVerifier>>,
    in_force: RwLock<Arc<CertifiedKey>>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("certificate_file", &self.certificate_file)
            .finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the configured files; where neither is there, makes a development certificate first.
    pub fn open(config: &Config) -> Result<Arc<Self>, ConfigError> {
        let tls = &config.tls;
        if are_missing(tls) {
            let host = config.server.issuer.host();
            make_development_certificate(&tls.certificate_file, &tls.key_file, &host)
                .map_err(|fault| told(config, "tls", fault))?;
        }
        let certificates = Self::load(config)?;
        certificates.warn_of_development();
        Ok(Arc::new(certificates))
    }

    /// Reads the files of the operators' listener, where it speaks TLS.
    pub fn open_for_operators(config: &Config) -> Result<Option<Arc<Self>>, ConfigError> {
        let OperatorTlsConfig { enabled, certificate_file, key_file, client_ca_file } =
            &config.operator_tls;
        if !enabled {
            return Ok(None);
        }
        let told = |fault| told(config, "operator_tls", fault);
        let mut certificates = Self::of_files(certificate_file, key_file).map_err(told)?;
        let clients = mutual::verifier(client_ca_file, &certificates.provider);
        let clients = clients.map_err(|problem| told((Part::ClientCa, problem)))?;
        certificates.clients = Some(clients);
        Ok(Some(Arc::new(certificates)))
    }

    /// Whether the configured files can be used, or will be made; nothing is made now.
    pub fn check(config: &Config) -> Result<(), ConfigError> {
        let nothing_to_read = !config.tls.enabled || are_missing(&config.tls);
        if !nothing_to_read {
            Self::load(config)?;
        }
        Self::open_for_operators(config).map(drop)
    }

    fn load(config: &Config) -> Result<Self, ConfigError> {
        let TlsConfig { certificate_file, key_file, .. } = &config.tls;
        Self::of_files(certificate_file, key_file).map_err(|fault| told(config, "tls", fault))
    }

    fn of_files(certificate_file: &Path, key_file: &Path) -> Result<Self, Fault> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certified = read_both(certificate_file, key_file)
            .and_then(|contents| parse(&contents, certificate_file, key_file, &provider))?;
        Ok(Self {
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
            provider,
            clients: None,
            in_force: RwLock::new(Arc::new(certified)),
        })
    }

    /// TLS 1.2 and 1.3 with this certificate, HTTP/2 before HTTP/1.1.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?;
        let config = match &self.clients {
            None => config.with_no_client_auth(),
            Some(clients) => config.with_client_cert_verifier(Arc::clone(clients)),
        };
        let mut config = config.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        if self.clients.is_some() {
            // A session that goes on is not asked for its certificate again, which may have expired.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// What both files hold now.
    pub fn read(&self) -> Result<Contents, String> {
        read_both(&self.certificate_file, &self.key_file).map_err(|(_, problem)| problem)
    }

    /// Takes what the files held; where it is no good, the certificate in force stays.
    pub fn replace(&self, contents: &Contents) -> Result<(), String> {
        let certified = parse(contents, &self.certificate_file, &self.key_file, &self.provider)
            .map_err(|(_, problem)| problem)?;
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
        self.warn_of_development();
        Ok(())
    }

    fn in_force(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the certificate in force expires, in seconds since 1970; 0 where it does not say so in
    /// a way that can be read, which alerts take for expired.
    pub fn expires_s(&self) -> u64 {
        let certified = self.in_force();
        let expires = certified.cert.first().and_then(|certificate| {
            let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
            u64::try_from(certificate.validity().not_after.timestamp()).ok()
        });
        expires.unwrap_or(0)
    }

    fn warn_of_development(&self) {
        if self.in_force().cert.iter().any(is_development) {
            tracing::warn!(
                file = %self.certificate_file.display(),
                "this is a development certificate that no browser trusts; certs/README.md tells \
                 how a real one is brought in"
            );
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_force())
    }
}

/// A development certificate without its key is what a crash while they were made leaves.
fn are_missing(tls: &TlsConfig) -> bool {
    let is_left = |bytes: Vec<u8>| {
        CertificateDer::from_pem_slice(&bytes).is_ok_and(|certificate| is_development(&certificate))
    };
    !tls.key_file.exists()
        && (!tls.certificate_file.exists() || read_file(&tls.certificate_file).is_ok_and(is_left))
}

fn is_development(certificate: &CertificateDer<'_>) -> bool {
    certificate.windows(DEVELOPMENT.len()).any(|part| part == DEVELOPMENT.as_bytes())
}

/// A fault with the place where its key was set.
fn told(config: &Config, section: &str, (part, problem): Fault) -> ConfigError {
    let key = format!("{section}.{}", part.key());
    ConfigError {
        origin: config.origin(&key).clone(),
        key: Some(key),
        problem,
        allowed: Some(part.allowed().to_owned()),
    }
}

pub(super) fn read_both(certificate_file: &Path, key_file: &Path) -> Result<Contents, Fault> {
    let cannot = |part: Part, file: &Path| {
        let file = file.display().to_string();
        move |error: Error| (part, format!("{file} cannot be read: {error}"))
    };
    let certificate =
        read_file(certificate_file).map_err(cannot(Part::Certificate, certificate_file))?;
    let key = read_file(key_file).map_err(cannot(Part::Key, key_file))?;
    let mode = key_file.metadata().map_err(cannot(Part::Key, key_file))?.permissions().mode();
    if mode & 0o007 != 0 {
        let problem = format!(
            "{} has mode {:04o}, so that everybody on this host may use it",
            key_file.display(),
            mode & 0o7777
        );
        return Err((Part::Key, problem));
    }
    Ok(Contents { certificate, key: Zeroizing::new(key) })
}

pub(super) fn read_file(path: &Path) -> IoResult<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn parse(
    contents: &Contents,
    certificate_file: &Path,
    key_file: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Fault> {
    let (certificate_file, key_file) = (certificate_file.display(), key_file.display());
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&contents.certificate).collect();
    let chain = chain
        .map_err(|error| (Part::Certificate, format!("{certificate_file} is not PEM: {error}")))?;
    if chain.is_empty() {
        return Err((Part::Certificate, format!("{certificate_file} holds no certificate")));
    }
    // The parser's errors quote what it read, which here is a key.
    let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| {
        (Part::Key, format!("{key_file} holds no private key in PEM without a passphrase"))
    })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => (
            Part::Key,
            format!("{key_file} is not the key of the certificate in {certificate_file}"),
        ),
        rustls::Error::InvalidCertificate(_) => {
            (Part::Certificate, format!("{certificate_file} cannot be used: {error}"))
        }
        other => (Part::Key, format!("{key_file} cannot be used: {other}")),
    })
}

fn make_development_certificate(
    certificate_file: &Path,
    key_file: &Path,
    host: &str,
) -> Result<(), Fault> {
    let failed = |error: rcgen::Error| {
        (Part::Certificate, format!("a development certificate cannot be made: {error}"))
    };
    let (certificate, key) = development_certificate(host).map_err(failed)?;
    let cannot = |part: Part, file: &Path| {
        let file = file.display().to_string();
        move |error: Error| (part, format!("{file} cannot be written: {error}"))
    };
    // Both are whole before either has its name, and the key has its name last: `are_missing` knows
    // what a crash between leaves.
    let new_key = write_beside(key_file, key.as_bytes(), 0o600);
    let new_key = new_key.map_err(cannot(Part::Key, key_file))?;
    write_beside(certificate_file, certificate.as_bytes(), 0o644)
        .and_then(|new| fs::rename(new, certificate_file))
        .map_err(cannot(Part::Certificate, certificate_file))?;
    fs::rename(new_key, key_file).map_err(cannot(Part::Key, key_file))?;
    tracing::warn!(file = %certificate_file.display(), "a development certificate was made");
    Ok(())
}

/// The certificate and its key, both in PEM.
fn development_certificate(host: &str) -> Result<(String, Zeroizing<String>), rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, DEVELOPMENT);
    let year = i32::from(Clock::host().now().in_japan().year());
    parameters.not_before = date_time_ymd(year, 1, 1);
    parameters.not_after = date_time_ymd(year + DEVELOPMENT_YEARS, 1, 1);
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

/// Writes a new file beside this one, in place of one that a crash left; its path.
fn write_beside(path: &Path, bytes: &[u8], mode: u32) -> IoResult<PathBuf> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    if new.exists() {
        fs::remove_file(&new)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(new)
}
