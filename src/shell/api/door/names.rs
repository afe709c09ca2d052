//! The names that a certificate bears: DNS names and URIs it is valid for, and the subject's common
//! name.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// Names of one certificate that are looked at.
const NAMES_MAX: usize = 64;

/// How deep the subject's DER may be nested: a sequence of sets of pairs.
const DEPTH_MAX: usize = 4;

/// DER tags (X.690): a constructed sequence, a constructed set, an object identifier.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Strings in which a common name may be written: UTF-8, printable, IA5.
const STRINGS: [u8; 3] = [0x0c, 0x13, 0x16];

/// `id-at-commonName`, 2.5.4.3 (RFC 5280, A.1).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The names of a certificate; none if it cannot be read.
pub(super) fn of(certificate: &CertificateDer) -> Vec<String> {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Vec::new() };
    let valid = certificate.valid_dns_names().chain(certificate.valid_uri_names());
    let mut names: Vec<String> = valid.take(NAMES_MAX).map(str::to_owned).collect();
    names.extend(common_name(certificate.subject(), 0).filter(|name| !names.contains(name)));
    names
}

/// The first common name below a run of DER values.
fn common_name(mut der: &[u8], depth: usize) -> Option<String> {
    let mut is_common_name = false;
    while let Some((tag, value, rest)) = value(der) {
        match tag {
            SEQUENCE | SET if depth < DEPTH_MAX => {
                if let Some(name) = common_name(value, depth + 1) {
                    return Some(name);
                }
            }
            OBJECT_IDENTIFIER => is_common_name = value == COMMON_NAME,
            tag if is_common_name && STRINGS.contains(&tag) => {
                return String::from_utf8(value.to_vec()).ok().filter(|name| !name.is_empty());
            }
            _ => {}
        }
        der = rest;
    }
    None
}

/// The first value of a run: its tag, its content, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = der else { return None };
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(*rest.first()?) << 8 | usize::from(*rest.get(1)?), rest.get(2..)?),
        _ => return None,
    };
    Some((*tag, rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_name_is_found_wherever_it_stands() {
        let country: &[u8] = b"\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02DE";
        let name: &[u8] = b"\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02db";
        let long: &[u8] = b"\x31\x81\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02db";
        let mut whole = vec![SEQUENCE, 0x1a];
        whole.extend([country, name].concat());
        for (der, expected) in [
            ([country, name].concat(), Some("db")),
            ([name, country].concat(), Some("db")),
            (long.to_vec(), Some("db")),
            (whole, Some("db")),
            (country.to_vec(), None),
            (name[..name.len() - 1].to_vec(), None),
            (b"\x30\x84\xff\xff\xff\xff".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(common_name(&der, 0).as_deref(), expected, "{der:x?}");
        }
    }
}
