//! The signature of a letter: RSA over its signed fields, with SHA-1 (version 1) or SHA-256
//! (version 2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use webpki::EndEntityCert;

use crate::domain::event::adapter::kind::sns::Envelope;

/// A certificate of SNS.
#[derive(Debug, Clone)]
pub struct Certificate(CertificateDer<'static>);

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// The file is no certificate.
    #[error("what is at `SigningCertURL` is no certificate")]
    NoCertificate,
    /// The certificate is made out to somebody else.
    #[error("the certificate at `SigningCertURL` is not made out to Amazon SNS")]
    ForeignName,
    /// The certificate is not good any longer, or not yet.
    #[error("the certificate at `SigningCertURL` is not good at this time")]
    Expired,
    /// No authority vouches for the certificate.
    #[error("no authority that this machine believes vouches for the certificate")]
    NoAuthority,
    /// It is made in a way that we do not know.
    #[error("`SignatureVersion` is neither 1 nor 2")]
    UnknownVersion,
    /// It is missing, or not written as signatures are.
    #[error("`Signature` is not base64")]
    NoSignature,
    /// It is not one of this letter.
    #[error("it is not one of this message")]
    Forged,
}

#[derive(Debug)]
struct Rsa {
    parameters: &'static RsaParameters,
    /// How signatures of this kind are called in certificates.
    named: AlgorithmIdentifier,
}

/// `sha1WithRSAEncryption` (RFC 8017, A.2.4) without its outer tag: certificates may no longer be
/// signed so, and nothing but the letter is here.
const SHA1_WITH_RSA: &[u8] =
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00];
const VERSION_1: Rsa = Rsa {
    parameters: &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    named: AlgorithmIdentifier::from_slice(SHA1_WITH_RSA),
};
const VERSION_2: Rsa =
    Rsa { parameters: &RSA_PKCS1_2048_8192_SHA256, named: alg_id::RSA_PKCS1_SHA256 };

impl Certificate {
    /// A certificate that is known to be one of SNS.
    pub(super) fn new(der: CertificateDer<'static>) -> Self {
        Self(der)
    }

    /// Whether it has signed a letter.
    ///
    /// # Errors
    /// Says what is wrong with the signature.
    pub fn verify(&self, envelope: &Envelope) -> Result<(), Unsigned> {
        let way = match envelope.signature_version.as_str() {
            "1" => &VERSION_1,
            "2" => &VERSION_2,
            _ => return Err(Unsigned::UnknownVersion),
        };
        let signature = STANDARD.decode(&envelope.signature).map_err(|_| Unsigned::NoSignature)?;
        let certificate = EndEntityCert::try_from(&self.0).map_err(|_| Unsigned::NoCertificate)?;
        let signed = certificate.verify_signature(way, envelope.signed.as_bytes(), &signature);
        signed.map_err(|_| Unsigned::Forged)
    }
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = UnparsedPublicKey::new(self.parameters, public_key);
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.named
    }
}
