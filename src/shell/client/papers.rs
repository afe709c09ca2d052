//! Certificates for tests, made when they are needed.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

/// Somebody who vouches for others.
pub(in crate::shell) struct Authority {
    /// Its own certificate.
    pub(in crate::shell) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(in crate::shell) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for a name, and its key.
    pub(in crate::shell) fn vouch(&self, name: &str) -> (String, String) {
        self.vouch_until(name, 4096)
    }

    /// A certificate that is good until the year begins.
    pub(in crate::shell) fn vouch_until(&self, name: &str, year: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}
