//! Whose certificate it is that signs letters: good at this moment, made out to Amazon SNS, and
//! vouched for by an authority that the machine believes.
//!
//! Amazon hands out the certificate alone. The ones between it and the authority are got from where
//! each says that its issuer is, at an authority's host: who answers there can lie, but not sign.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};
use x509_cert::der::Decode;
use x509_cert::der::oid::{AssociatedOid, ObjectIdentifier};
use x509_cert::ext::pkix::AuthorityInfoAccessSyntax;
use x509_cert::ext::pkix::name::GeneralName;

use super::signature::Unsigned;
use crate::domain::value::Timestamp;

/// Certificates between that of SNS and the authority.
pub(super) const BETWEEN_MAX: usize = 4;

/// Where the authorities keep the certificates of issuers, whose SNS's certificates are.
const AUTHORITIES: [&str; 2] = [".amazontrust.com", ".digicert.com"];

/// `id-ad-caIssuers` (RFC 5280, 4.2.2.1).
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// A certificate and those that vouch for it, as far as they are known.
#[derive(Debug)]
pub(super) struct Chain {
    leaf: CertificateDer<'static>,
    between: Vec<CertificateDer<'static>>,
}

impl Chain {
    /// Reads one certificate or several, that of SNS first.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, Unsigned> {
        let mut all = CertificateDer::pem_slice_iter(pem).take(1 + BETWEEN_MAX);
        let leaf = all.next().and_then(Result::ok).ok_or(Unsigned::NoCertificate)?;
        EndEntityCert::try_from(&leaf).map_err(|_| Unsigned::NoCertificate)?;
        let between = all.collect::<Result<_, _>>().map_err(|_| Unsigned::NoCertificate)?;
        Ok(Self { leaf, between })
    }

    /// The certificate of SNS.
    pub(super) fn leaf(&self) -> CertificateDer<'static> {
        self.leaf.clone()
    }

    /// Until when it is good.
    pub(super) fn good_until(&self) -> Timestamp {
        let read = x509_cert::Certificate::from_der(&self.leaf);
        let until = read.map(|read| read.tbs_certificate.validity.not_after.to_unix_duration());
        let millis = until.ok().and_then(|until| i64::try_from(until.as_millis()).ok());
        Timestamp(millis.unwrap_or_default())
    }

    /// Whether it is good, bears one of the names, and an authority vouches for it.
    pub(super) fn check(
        &self,
        anchors: &[TrustAnchor],
        names: &[String],
        now: Timestamp,
    ) -> Result<(), Unsigned> {
        let leaf = EndEntityCert::try_from(&self.leaf).map_err(|_| Unsigned::NoCertificate)?;
        let bears = |name: &String| {
            let name = ServerName::try_from(name.as_str());
            name.is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok())
        };
        if !names.iter().any(bears) {
            return Err(Unsigned::ForeignName);
        }
        let now = std::time::Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        let now = UnixTime::since_unix_epoch(now);
        let usage = KeyUsage::server_auth();
        let verified = leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            anchors,
            &self.between,
            now,
            usage,
            None,
            None,
        );
        verified.map(|_| ()).map_err(|why| match why {
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
                Unsigned::Expired
            }
            _ => Unsigned::NoAuthority,
        })
    }

    /// Where the certificate is that vouches for the last one known, if that can be followed.
    pub(super) fn issuer_url(&self) -> Option<String> {
        if self.between.len() >= BETWEEN_MAX {
            return None;
        }
        let last = self.between.last().unwrap_or(&self.leaf);
        let last = x509_cert::Certificate::from_der(last).ok()?;
        let extensions = last.tbs_certificate.extensions?;
        let access = extensions
            .iter()
            .find(|extension| extension.extn_id == AuthorityInfoAccessSyntax::OID)?;
        let access = AuthorityInfoAccessSyntax::from_der(access.extn_value.as_bytes()).ok()?;
        let mut urls = access.0.into_iter().filter(|one| one.access_method == CA_ISSUERS);
        urls.find_map(|one| match one.access_location {
            GeneralName::UniformResourceIdentifier(url) => Some(url.to_string()),
            _ => None,
        })
        .filter(|url| is_authoritys(url))
    }

    /// Adds the certificate that vouches for the last one known.
    pub(super) fn add(&mut self, bytes: Vec<u8>) {
        let pem = CertificateDer::from_pem_slice(&bytes);
        self.between.push(pem.unwrap_or_else(|_| bytes.into()));
    }
}

/// Plain HTTP is usual: the certificate speaks for itself.
fn is_authoritys(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some((host, path)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    host.bytes().all(plain)
        && AUTHORITIES.iter().any(|end| host.ends_with(end))
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_issuers_come_from_authorities_only() {
        for (url, expected) in [
            ("http://crt.r2m01.amazontrust.com/r2m01.cer", true),
            ("https://cacerts.digicert.com/one.crt", true),
            ("http://crt.r2m01.amazontrust.com.example.org/a.cer", false),
            ("http://crt.r2m01.amazontrust.com@example.org/a.cer", false),
            ("http://crt.r2m01.amazontrust.com:8080/a.cer", false),
            ("http://amazontrust.com.evil/a", false),
            ("http://127.0.0.1/a.cer", false),
            ("ldap://crt.amazontrust.com/a.cer", false),
            ("http://crt.amazontrust.com", false),
        ] {
            assert_eq!(is_authoritys(url), expected, "{url}");
        }
    }
}
