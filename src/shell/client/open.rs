//! Reads what a configuration keeps in files. Nothing is remembered: a file that changes counts
//! with the next attempt, as in Alertmanager.

use std::fs::File;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::LineError;
use crate::domain::notification::receiver::{
    HttpConfig, Oauth2Config, SecretSource, TlsConfig, WireConfig,
};
use crate::domain::value::Secret;

/// A bundle of all authorities of the web has a quarter of this.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;

/// The value of `Authorization`, where it is known without asking anybody.
pub(super) fn authorization(config: &HttpConfig) -> Result<Option<Secret>, LineError> {
    if let Some((kind, credentials)) = &config.authorization {
        return Ok(Some(Secret::new(format!("{kind} {}", text(credentials)?.reveal()))));
    }
    let Some((user, password)) = &config.basic_auth else { return Ok(None) };
    Ok(Some(basic(text(user)?.reveal(), text(password)?.reveal())))
}

/// The value of `Authorization` for a name and a password (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

pub(super) fn headers(config: &HttpConfig) -> Result<Vec<(String, Secret)>, LineError> {
    config.headers.iter().map(|(name, value)| Ok((name.clone(), text(value)?))).collect()
}

pub(super) fn oauth2(config: &Oauth2Config) -> Result<Oauth2Config, LineError> {
    let client_secret = text(&config.client_secret)?.into();
    Ok(Oauth2Config { client_secret, wire: wire(&config.wire)?, ..config.clone() })
}

pub(super) fn wire(wire: &WireConfig) -> Result<WireConfig, LineError> {
    Ok(WireConfig { tls: tls(&wire.tls)?, ..wire.clone() })
}

pub(in crate::shell) fn tls(tls: &TlsConfig) -> Result<TlsConfig, LineError> {
    let read = |source: &SecretSource| text(source).map(SecretSource::Inline);
    let identity = match &tls.identity {
        Some((certificate, key)) => Some((read(certificate)?, read(key)?)),
        None => None,
    };
    Ok(TlsConfig { ca: tls.ca.as_ref().map(read).transpose()?, identity, ..tls.clone() })
}

/// The words themselves, or what stands in the file, without space around it.
pub(in crate::shell) fn text(source: &SecretSource) -> Result<Secret, LineError> {
    let file = match source {
        SecretSource::Inline(secret) => return Ok(secret.clone()),
        SecretSource::File(file) => file,
    };
    let failed = |source| LineError::File { file: file.clone(), source };
    let mut text = String::new();
    let opened = File::open(file).map_err(failed)?;
    opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(LineError::TooLarge(file.clone()));
    }
    Ok(Secret::new(text.trim()))
}
