//! The certificate and its key from their files, and a development certificate where there is
//! none yet.

use crate::{
    clock::Clock,
    config::{Config, ConfigError, TlsConfig},
};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::{
    InconsistentKeys, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
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

const CERTIFICATE_KEY: &str = "tls.certificate_file";
const CERTIFICATE_ALLOWED: &str =
    "a PEM file with the certificate chain, the server's own certificate first";
const KEY_KEY: &str = "tls.key_file";
const KEY_ALLOWED: &str = "a PEM file with the private key of that certificate (PKCS #8, PKCS #1 \
                           or SEC 1), without a passphrase, readable by its owner and group at most";

/// Why a certificate or key cannot be used: the configuration key and what is the matter.
type Fault = (&'static str, String);

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
                .map_err(|fault| told(config, fault))?;
        }
        let certificates = Self::load(config)?;
        certificates.warn_of_development();
        Ok(Arc::new(certificates))
    }

    /// Whether the configured files can be used, or will be made; nothing is made now.
    pub fn check(config: &Config) -> Result<(), ConfigError> {
        let nothing_to_read = !config.tls.enabled || are_missing(&config.tls);
        if nothing_to_read { Ok(()) } else { Self::load(config).map(drop) }
    }

    fn load(config: &Config) -> Result<Self, ConfigError> {
        let TlsConfig { certificate_file, key_file, .. } = &config.tls;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certified = read_both(certificate_file, key_file)
            .and_then(|contents| parse(&contents, certificate_file, key_file, &provider))
            .map_err(|fault| told(config, fault))?;
        Ok(Self {
            certificate_file: certificate_file.clone(),
            key_file: key_file.clone(),
            provider,
            in_force: RwLock::new(Arc::new(certified)),
        })
    }

    /// TLS 1.2 and 1.3 with this certificate, HTTP/2 before HTTP/1.1.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
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
fn told(config: &Config, (key, problem): Fault) -> ConfigError {
    let allowed = if key == KEY_KEY { KEY_ALLOWED } else { CERTIFICATE_ALLOWED };
    ConfigError {
        origin: config.origin(key).clone(),
        key: Some(key.to_owned()),
        problem,
        allowed: Some(allowed.to_owned()),
    }
}

fn read_both(certificate_file: &Path, key_file: &Path) -> Result<Contents, Fault> {
    let cannot = |key: &'static str, file: &Path| {
        let file = file.display().to_string();
        move |error: Error| (key, format!("{file} cannot be read: {error}"))
    };
    let certificate =
        read_file(certificate_file).map_err(cannot(CERTIFICATE_KEY, certificate_file))?;
    let key = read_file(key_file).map_err(cannot(KEY_KEY, key_file))?;
    let mode = key_file.metadata().map_err(cannot(KEY_KEY, key_file))?.permissions().mode();
    if mode & 0o007 != 0 {
        let problem = format!(
            "{} has mode {:04o}, so that everybody on this host may use it",
            key_file.display(),
            mode & 0o7777
        );
        return Err((KEY_KEY, problem));
    }
    Ok(Contents { certificate, key: Zeroizing::new(key) })
}

fn read_file(path: &Path) -> IoResult<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(
    contents: &Contents,
    certificate_file: &Path,
    key_file: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Fault> {
    let (certificate_file, key_file) = (certificate_file.display(), key_file.display());
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&contents.certificate).collect();
    let chain = chain
        .map_err(|error| (CERTIFICATE_KEY, format!("{certificate_file} is not PEM: {error}")))?;
    if chain.is_empty() {
        return Err((CERTIFICATE_KEY, format!("{certificate_file} holds no certificate")));
    }
    // The parser's errors quote what it read, which here is a key.
    let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|_| {
        (KEY_KEY, format!("{key_file} holds no private key in PEM without a passphrase"))
    })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            (KEY_KEY, format!("{key_file} is not the key of the certificate in {certificate_file}"))
        }
        rustls::Error::InvalidCertificate(_) => {
            (CERTIFICATE_KEY, format!("{certificate_file} cannot be used: {error}"))
        }
        other => (KEY_KEY, format!("{key_file} cannot be used: {other}")),
    })
}

fn make_development_certificate(
    certificate_file: &Path,
    key_file: &Path,
    host: &str,
) -> Result<(), Fault> {
    let failed = |error: rcgen::Error| {
        (CERTIFICATE_KEY, format!("a development certificate cannot be made: {error}"))
    };
    let (certificate, key) = development_certificate(host).map_err(failed)?;
    let cannot = |key: &'static str, file: &Path| {
        let file = file.display().to_string();
        move |error: Error| (key, format!("{file} cannot be written: {error}"))
    };
    // Both are whole before either has its name, and the key has its name last: `are_missing` knows
    // what a crash between leaves.
    let new_key = write_beside(key_file, key.as_bytes(), 0o600);
    let new_key = new_key.map_err(cannot(KEY_KEY, key_file))?;
    write_beside(certificate_file, certificate.as_bytes(), 0o644)
        .and_then(|new| fs::rename(new, certificate_file))
        .map_err(cannot(CERTIFICATE_KEY, certificate_file))?;
    fs::rename(new_key, key_file).map_err(cannot(KEY_KEY, key_file))?;
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
