//! TLS towards others: whom to believe and who we are, as `tls_config` says.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};

use crate::domain::notification::receiver::{SecretSource, TlsConfig, TlsVersion};

/// A `tls_config` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate of an authority.
    #[error("`{0}` holds no certificate in PEM")]
    NoCertificate(&'static str),
    /// A certificate in PEM cannot be read.
    #[error("`{0}` is not PEM")]
    NotPem(&'static str, #[source] rustls::pki_types::pem::Error),
    /// Something was not taken by the library.
    #[error("{0} cannot be used")]
    Unusable(&'static str, #[source] rustls::Error),
    /// The authorities make no verifier.
    #[error("the authorities in `ca` cannot be used")]
    Authorities(#[source] rustls::client::VerifierBuilderError),
    /// A name that no certificate can bear.
    #[error("`server_name` is not the name of a host")]
    ServerName(#[source] rustls::pki_types::InvalidDnsNameError),
}

/// What a client does with TLS. The configuration's files have been read.
///
/// # Errors
/// When a certificate or key is not what it should be.
pub fn client(tls: &TlsConfig, http2: bool) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(tls.version_min, tls.version_max))
        .map_err(|error| TlsError::Unusable("the range of versions", error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(tls, provider)?);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(chain("cert", inline(certificate))?, private_key(inline(key))?)
            .map_err(|error| TlsError::Unusable("our certificate with its key", error))?,
    };
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

/// The certificates in a text of PEM.
///
/// # Errors
/// When there is none.
pub fn chain(field: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let certificates = read.map_err(|error| TlsError::NotPem(field, error))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(field));
    }
    Ok(certificates)
}

/// The private key in a text of PEM.
///
/// # Errors
/// When there is none.
pub fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| TlsError::NotPem("key", error))
}

/// The authorities in a text of PEM.
///
/// # Errors
/// When there is none, or one that makes no sense.
pub fn authorities(field: &'static str, pem: &str) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in chain(field, pem)? {
        let added = store.add(certificate);
        added.map_err(|error| TlsError::Unusable("a certificate of an authority", error))?;
    }
    Ok(store)
}

/// The versions in a range; without an end it is open.
pub fn versions(
    min: Option<TlsVersion>,
    max: Option<TlsVersion>,
) -> Vec<&'static SupportedProtocolVersion> {
    let known = [
        (TlsVersion::Tls13, &rustls::version::TLS13),
        (TlsVersion::Tls12, &rustls::version::TLS12),
    ];
    let inside =
        |version| min.is_none_or(|min| version >= min) && max.is_none_or(|max| version <= max);
    known.into_iter().filter(|(version, _)| inside(*version)).map(|(_, known)| known).collect()
}

/// The text of a source whose file has been read.
pub(in crate::shell) fn inline(source: &SecretSource) -> &str {
    match source {
        SecretSource::Inline(secret) => secret.reveal(),
        SecretSource::File(_) => "",
    }
}

fn verifier(
    tls: &TlsConfig,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let roots = match &tls.ca {
        Some(ca) => Arc::new(authorities("ca", inline(ca))?),
        None => of_the_machine(),
    };
    let name = (!tls.server_name.is_empty())
        .then(|| ServerName::try_from(tls.server_name.clone()))
        .transpose()
        .map_err(TlsError::ServerName)?;
    let belief = if tls.insecure_skip_verify {
        Belief::Anybody
    } else if roots.is_empty() {
        Belief::Nobody
    } else {
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        Belief::Authorities { verifier: verifier.build().map_err(TlsError::Authorities)?, name }
    };
    Ok(Arc::new(Verifier { belief, provider }))
}

/// The authorities that the machine believes, read once: all clients look at the same ones.
pub(in crate::shell) fn of_the_machine() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            tracing::warn!(
                "this machine has no certificates of authorities: nobody is believed over TLS"
            );
        }
        Arc::new(store)
    };
    Arc::clone(ROOTS.get_or_init(read))
}

/// Looks at the other side's certificate.
#[derive(Debug)]
struct Verifier {
    belief: Belief,
    provider: Arc<CryptoProvider>,
}

/// Whom a verifier believes.
#[derive(Debug)]
enum Belief {
    /// Everybody (`insecure_skip_verify`).
    Anybody,
    /// Nobody: there are no authorities. Plain HTTP works all the same.
    Nobody,
    /// Whoever is vouched for under the URL's name, or under another one (`server_name`).
    Authorities { verifier: Arc<WebPkiServerVerifier>, name: Option<ServerName<'static>> },
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        asked_for: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.belief {
            Belief::Anybody => Ok(ServerCertVerified::assertion()),
            Belief::Nobody => Err(CertificateError::UnknownIssuer.into()),
            Belief::Authorities { verifier, name } => {
                let name = name.as_ref().unwrap_or(asked_for);
                verifier.verify_server_cert(certificate, between, name, ocsp, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
