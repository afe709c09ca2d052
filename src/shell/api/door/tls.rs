//! TLS towards those who come to us, as `tls_server_config` says.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, NamedGroup, ServerConfig,
    SignatureScheme,
};

use super::DoorError;
use crate::config::web::{ClientAuth, WebTls};
use crate::domain::notification::receiver::TlsConfig;
use crate::shell::client::open;
use crate::shell::client::tls::{
    TlsError, authorities, chain, inline, of_the_machine, private_key, versions,
};

/// What a server does with TLS. Reads the files that are named.
pub(super) fn server(tls: &WebTls, http2: bool) -> Result<ServerConfig, DoorError> {
    let named = TlsConfig {
        ca: tls.client_ca.clone(),
        identity: Some((tls.cert.clone(), tls.key.clone())),
        ..TlsConfig::default()
    };
    let opened = open::tls(&named).map_err(DoorError::File)?;
    build(tls, &opened, http2).map_err(DoorError::Tls)
}

fn build(tls: &WebTls, opened: &TlsConfig, http2: bool) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(provider(tls));
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(tls.version_min, tls.version_max))
        .map_err(|error| TlsError::Unusable("the versions, suites and curves", error))?;
    let builder = match verifier(tls, opened, provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let Some((certificate, key)) = &opened.identity else {
        return Err(TlsError::NoCertificate("cert"));
    };
    let mut config = builder
        .with_single_cert(chain("cert", inline(certificate))?, private_key(inline(key))?)
        .map_err(|error| TlsError::Unusable("the certificate with its key", error))?;
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

/// As in Go, a list of suites is about TLS 1.2 alone.
fn provider(tls: &WebTls) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !tls.cipher_suites.is_empty() {
        provider.cipher_suites.retain(|suite| {
            let name = suite.suite().as_str().unwrap_or_default();
            suite.tls13().is_some() || tls.cipher_suites.iter().any(|wanted| wanted == name)
        });
    }
    if !tls.curve_preferences.is_empty() {
        provider.kx_groups.retain(|group| {
            let wanted = curve(group.name());
            tls.curve_preferences.iter().any(|name| wanted == Some(name))
        });
    }
    provider
}

fn curve(group: NamedGroup) -> Option<&'static str> {
    match group {
        NamedGroup::secp256r1 => Some("CurveP256"),
        NamedGroup::secp384r1 => Some("CurveP384"),
        NamedGroup::secp521r1 => Some("CurveP521"),
        NamedGroup::X25519 => Some("X25519"),
        _ => None,
    }
}

fn verifier(
    tls: &WebTls,
    opened: &TlsConfig,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let (verified, mandatory) = match tls.client_auth {
        ClientAuth::None => return Ok(None),
        ClientAuth::Request => (false, false),
        ClientAuth::RequireAny => (false, true),
        ClientAuth::VerifyIfGiven => (true, false),
        ClientAuth::RequireAndVerify => (true, true),
    };
    let inner = if verified {
        let roots = match &opened.ca {
            Some(ca) => Arc::new(authorities("client_ca", inline(ca))?),
            None => of_the_machine(),
        };
        let built = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
        Some(built.build().map_err(TlsError::Authorities)?)
    } else {
        None
    };
    let names = tls.client_allowed_sans.as_ref().map(|sans| {
        sans.iter().map(|san| ServerName::try_from(san.clone())).collect::<Result<Vec<_>, _>>()
    });
    let names = names.transpose().map_err(TlsError::ServerName)?;
    Ok(Some(Arc::new(Verifier { inner, mandatory, names, provider })))
}

/// Looks at a client's certificate.
#[derive(Debug)]
struct Verifier {
    /// Who looks at who vouches for it, if anybody does.
    inner: Option<Arc<dyn ClientCertVerifier>>,
    mandatory: bool,
    /// Names of which it must bear one.
    names: Option<Vec<ServerName<'static>>>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.as_ref().map_or(&[], |inner| inner.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if let Some(inner) = &self.inner {
            inner.verify_client_cert(certificate, between, now)?;
        }
        if let Some(names) = &self.names {
            let parsed = ParsedCertificate::try_from(certificate)?;
            if !names.iter().any(|name| verify_server_name(&parsed, name).is_ok()) {
                return Err(CertificateError::NotValidForName.into());
            }
        }
        Ok(ClientCertVerified::assertion())
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
