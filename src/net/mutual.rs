//! Both ends of TLS with client certificates: who the server lets in, and what a client shows.

use super::certificates::{parse, read_both, read_file};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::SingleCertAndKey,
};
use std::{path::Path, sync::Arc};

/// Lets in whoever shows a certificate of these authorities that has not expired.
pub(super) fn verifier(
    ca_file: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let roots = Arc::new(authorities(ca_file)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    verifier.build().map_err(|error| format!("{} cannot be used: {error}", ca_file.display()))
}

/// TLS of a client that believes these authorities and shows this certificate; HTTP/1.1.
///
/// # Errors
/// A sentence that names the file that cannot be used.
pub fn client_config(
    ca_file: &Path,
    certificate_file: &Path,
    key_file: &Path,
) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certified = read_both(certificate_file, key_file)
        .and_then(|contents| parse(&contents, certificate_file, key_file, &provider))
        .map_err(|(_, problem)| problem)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = config
        .with_root_certificates(authorities(ca_file)?)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificate authorities of a file in PEM; one at least.
///
/// # Errors
/// A sentence that names the file that cannot be used.
pub fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let name = file.display();
    let bytes = read_file(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| format!("{name} is not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("{name} cannot be used: {error}"))?;
    }
    if roots.is_empty() { Err(format!("{name} holds no certificate")) } else { Ok(roots) }
}
