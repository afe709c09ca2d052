//! Whether TLS comes about, and how long the certificate is good.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use x509_cert::der::Decode;

use super::{Means, Unanswered, tcp, up};
use crate::domain::event::poll::{Listener, Sample, TlsProbe};
use crate::domain::notification::receiver::TlsConfig;
use crate::domain::value::Timestamp;
use crate::shell::client::{open, tls};
use crate::shell::clock::Stopwatch;

/// The measure that says how long a certificate is good, in seconds; negative once it no longer is.
pub(super) const CERTIFICATE: &str = "certificate_seconds";

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    not_after: Timestamp,
    subject: String,
}

pub(super) async fn ask(probe: &TlsProbe, means: &Means) -> Result<Vec<Sample>, Unanswered> {
    let watch = Stopwatch::start();
    let shaken = shake_hands(&probe.address, &probe.tls, means).await?;
    let took = watch.elapsed();
    let certificate = match &shaken {
        Ok(certificate) => certificate.clone(),
        Err(_) => shown(&probe.address, &probe.tls, means).await,
    };
    let outcome = shaken.as_ref().map(|_| took).map_err(String::as_str);
    let mut samples = up(outcome, means.timeout);
    samples.push(measure(certificate.as_ref(), means.now));
    Ok(samples)
}

/// The certificate that somebody shows, good or not.
pub(super) async fn shown(
    address: &Listener,
    tls: &TlsConfig,
    means: &Means,
) -> Option<Certificate> {
    let anybody = TlsConfig { insecure_skip_verify: true, ..tls.clone() };
    shake_hands(address, &anybody, means).await.ok()?.ok()?
}

/// How long a certificate is good; without one it is not known.
pub(super) fn measure(certificate: Option<&Certificate>, now: Timestamp) -> Sample {
    let Some(Certificate { not_after, subject }) = certificate else {
        return Sample::measure(CERTIFICATE, None);
    };
    #[expect(clippy::cast_precision_loss, reason = "no certificate is good for 2^53 seconds")]
    let left = (not_after.0 / 1_000 - now.0 / 1_000) as f64;
    Sample::measure(CERTIFICATE, Some(left))
        .noting("expires_at", &not_after.rfc3339())
        .noting("subject", subject)
}

impl Certificate {
    /// Reads what is needed of a certificate in DER.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let read = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
        let seconds = read.validity.not_after.to_unix_duration().as_secs();
        let not_after = Timestamp(i64::try_from(seconds).ok()?.checked_mul(1_000)?);
        Some(Self { not_after, subject: read.subject.to_string() })
    }
}

/// Makes a connection and sees the certificate; or says why there is none.
async fn shake_hands(
    address: &Listener,
    config: &TlsConfig,
    means: &Means,
) -> Result<Result<Option<Certificate>, String>, Unanswered> {
    let config = open::tls(config).map_err(Unanswered::Line)?;
    let mut client = tls::client(&config, false).map_err(Unanswered::Tls)?;
    // Not everybody who speaks TLS speaks HTTP.
    client.alpn_protocols.clear();
    let name = if config.server_name.is_empty() { &address.host } else { &config.server_name };
    let Ok(name) = ServerName::try_from(name.clone()) else {
        return Ok(Err(format!("`{name}` is no name that a certificate could bear")));
    };
    let shake = async {
        let connected = tcp::connect(address).await;
        let stream = connected.map_err(|error| format!("no connection: {error}"))?;
        let shaken = TlsConnector::from(Arc::new(client)).connect(name, stream).await;
        let stream = shaken.map_err(|error| format!("no TLS: {error}"))?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        Ok(chain.first().and_then(|leaf| Certificate::read(leaf)))
    };
    let shaken = tokio::time::timeout(means.timeout.duration(), shake).await;
    Ok(shaken.unwrap_or_else(|_| Err(format!("nothing within {}", means.timeout))))
}
