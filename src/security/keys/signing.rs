//! Keys that sign JWTs, and their public halves.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{KeyPurpose, KeyRecord, MasterKey};
use crate::security::SecurityError;

/// How a token is signed (RFC 7518).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-256, the default of `OpenID` Connect.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl SigningAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// Its name in JOSE headers and metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The purpose of its keys.
    pub fn key_purpose(self) -> KeyPurpose {
        match self {
            Self::Rs256 => KeyPurpose::SignRs256,
            Self::Es256 => KeyPurpose::SignEs256,
        }
    }

    fn jose(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
        }
    }

    /// A new private key as PKCS#8.
    pub(super) fn generate_pkcs8(self) -> Result<Zeroizing<Vec<u8>>, SecurityError> {
        let failed = |_| SecurityError::Crypto { what: "a signing key" };
        match self {
            Self::Rs256 => {
                let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                Ok(Zeroizing::new(der.as_ref().to_vec()))
            }
            Self::Es256 => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
                let der = key.and_then(|key| key.to_pkcs8v1()).map_err(failed)?;
                Ok(Zeroizing::new(der.as_ref().to_vec()))
            }
        }
    }
}

/// A key that can sign now, with its public half made ready.
pub(super) struct SigningKey {
    /// As it begins each token: base64url, with its dot.
    header: String,
    private: Private,
    pub(super) public: serde_json::Value,
}

/// A private key, read and checked once: for RSA that costs as much as a signature, and the library
/// would do it for each.
enum Private {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Private {
    fn read(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        match algorithm {
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).ok().map(Self::Rsa),
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok().map(Self::Ec)
            }
        }
    }

    /// The signature as RFC 7518 (sections 3.3, 3.4) has it.
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ec(key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}

impl SigningKey {
    pub(super) fn open(
        master: &MasterKey,
        record: &KeyRecord,
        algorithm: SigningAlgorithm,
    ) -> Result<Self, SecurityError> {
        let pkcs8 = record.unwrap(master)?;
        let unusable =
            || SecurityError::KeyUnusable { kid: record.kid.clone(), purpose: record.purpose };
        let private = Private::read(algorithm, &pkcs8).ok_or_else(unusable)?;
        let mut header = Header::new(algorithm.jose());
        header.kid = Some(record.kid.clone());
        let header = serde_json::to_vec(&header).map_err(|_| unusable())?;
        let header = URL_SAFE_NO_PAD.encode(header) + ".";
        let public = encoding_key(algorithm, &pkcs8)
            .and_then(|key| public_jwk(&key, algorithm, &record.kid))
            .ok_or_else(unusable)?;
        Ok(Self { header, private, public })
    }

    /// A token in the compact form (RFC 7515 section 3.1).
    pub(super) fn sign<T: Serialize>(&self, claims: &T) -> Result<String, SecurityError> {
        let failed = || SecurityError::Crypto { what: "a signed token" };
        let claims = serde_json::to_vec(claims).map_err(|_| failed())?;
        let mut token = self.header.clone();
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.private.sign(token.as_bytes()).ok_or_else(failed)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

fn encoding_key(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Option<EncodingKey> {
    match algorithm {
        SigningAlgorithm::Rs256 => {
            // Only the PEM reader of the library takes an RSA key out of its PKCS#8.
            let body = Zeroizing::new(STANDARD.encode(pkcs8));
            let pem = Zeroizing::new(format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                body.as_str()
            ));
            EncodingKey::from_rsa_pem(pem.as_bytes()).ok()
        }
        SigningAlgorithm::Es256 => Some(EncodingKey::from_ec_der(pkcs8)),
    }
}

/// The public half as a JWK (RFC 7517), and the proof that the private one can be read.
fn public_jwk(
    private: &EncodingKey,
    algorithm: SigningAlgorithm,
    kid: &str,
) -> Option<serde_json::Value> {
    let mut jwk = Jwk::from_encoding_key(private, algorithm.jose()).ok()?;
    jwk.common.key_id = Some(kid.to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    serde_json::to_value(jwk).ok()
}
