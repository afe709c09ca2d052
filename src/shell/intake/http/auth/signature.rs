//! Signatures of bodies: HMAC with a hash of the SHA family, alone or with a signed time.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::config::{Algorithm, Encoding, Signing, Stamp};
use crate::domain::value::{Secret, Timestamp};

/// Signatures of one header that are looked at: some senders list one for each of their keys.
const SIGNATURES_MAX: usize = 8;

/// A time beyond this is in milliseconds: as seconds it would lie in the year 5138.
const SECONDS_MAX: i64 = 99_999_999_999;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Tells whether a body is signed with a key; if not, why.
pub(super) fn verify(
    signing: &Signing,
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), &'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let shown = text(&signing.header).ok_or("the header with the signature is missing")?;
    let mut parts: [&[u8]; 4] = [b"", b"", b"", body];
    if let Some(stamp) = &signing.stamp {
        let at =
            text(&stamp.header).ok_or("the header with the time of the signature is missing")?;
        in_time(stamp, at, now)?;
        parts = [stamp.lead.as_bytes(), at.as_bytes(), stamp.joint.as_bytes(), body];
    }
    let key = secret.reveal().as_bytes();
    // An empty key is a mistake in the configuration, not an open door.
    if key.is_empty() {
        return Err("the source has no key to check the signature with");
    }
    let signatures = shown.split(',').map(str::trim).take(SIGNATURES_MAX);
    let decoded = signatures.filter_map(|text| decode(signing, text));
    for signature in decoded {
        let fits = match signing.algorithm {
            Algorithm::Sha1 => is_of::<Hmac<Sha1>>(key, parts, &signature),
            Algorithm::Sha256 => is_of::<Hmac<Sha256>>(key, parts, &signature),
            Algorithm::Sha512 => is_of::<Hmac<Sha512>>(key, parts, &signature),
        };
        if fits {
            return Ok(());
        }
    }
    Err("the signature is not that of this body")
}

fn in_time(stamp: &Stamp, at: &str, now: Timestamp) -> Result<(), &'static str> {
    let at: i64 = at
        .parse()
        .map_err(|_| "the time of the signature is not a number of seconds since 1970")?;
    let at = if at > SECONDS_MAX { Timestamp(at) } else { Timestamp(at.saturating_mul(1_000)) };
    if now.since(at).max(at.since(now)) > stamp.window {
        return Err("the signature is too old, or one of the two clocks is wrong");
    }
    Ok(())
}

/// Compares in constant time.
fn is_of<M: Mac + hmac::digest::KeyInit>(key: &[u8], parts: [&[u8]; 4], signature: &[u8]) -> bool {
    let Ok(mut mac) = <M as Mac>::new_from_slice(key) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(signature).is_ok()
}

fn decode(signing: &Signing, text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix(signing.prefix.as_str()).unwrap_or(text);
    match signing.encoding {
        Encoding::Hex => from_hex(text.as_bytes()),
        Encoding::Base64 => BASE64.decode(text).ok(),
    }
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::Span;

    const NOW: Timestamp = Timestamp(1_767_226_000_000);

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    fn mac<M: Mac + hmac::digest::KeyInit>(text: &str) -> Vec<u8> {
        let mut mac = <M as Mac>::new_from_slice(b"key").unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }

    fn signing(algorithm: Algorithm, encoding: Encoding, prefix: &str) -> Signing {
        let header = "x-signature".to_owned();
        Signing { header, algorithm, encoding, prefix: prefix.to_owned(), stamp: None }
    }

    fn check(signing: &Signing, signature: &str, time: Option<i64>, expected: &str) {
        let mut headers = HeaderMap::new();
        headers.insert("x-signature", signature.parse().unwrap());
        if let Some(time) = time {
            headers.insert("x-time", time.to_string().parse().unwrap());
        }
        let verdict = verify(signing, &Secret::new("key"), &headers, b"body", NOW);
        let why = verdict.err().unwrap_or("");
        assert_eq!(why.is_empty(), expected.is_empty(), "{signature} {time:?}: {why}");
        assert!(why.contains(expected), "{signature} {time:?}: {why}");
    }

    #[test]
    fn a_signature_is_that_of_one_body_under_one_key() {
        let wrong = "is not that of this body";
        let plain = signing(Algorithm::Sha256, Encoding::Hex, "sha256=");
        let right = hex(&mac::<Hmac<Sha256>>("body"));
        check(&plain, &right, None, "");
        check(&plain, &right.to_uppercase(), None, "");
        check(&plain, &format!("sha256={right}"), None, "");
        check(&plain, &hex(&mac::<Hmac<Sha256>>("bodY")), None, wrong);
        check(&plain, &format!("sha512={right}"), None, wrong);
        check(&plain, &right[..62], None, wrong);
        check(&plain, &right[..63], None, wrong);
        check(&plain, "", None, wrong);

        let sha1 = signing(Algorithm::Sha1, Encoding::Hex, "sha1=");
        check(&sha1, &format!("sha1={}", hex(&mac::<Hmac<Sha1>>("body"))), None, "");
        check(&sha1, &right, None, wrong);

        let base64 = signing(Algorithm::Sha512, Encoding::Base64, "");
        let text = BASE64.encode(mac::<Hmac<Sha512>>("body"));
        check(&base64, &text, None, "");
        check(&base64, text.trim_end_matches('='), None, "");

        let listed = signing(Algorithm::Sha256, Encoding::Hex, "v1=");
        check(&listed, &format!("v1={},v1={right}", "0".repeat(64)), None, "");
    }

    #[test]
    fn a_signed_time_keeps_a_body_from_being_sent_again_later() {
        let stamp = Stamp {
            header: "x-time".to_owned(),
            window: Span::minutes(5),
            lead: "v0:".to_owned(),
            joint: ":".to_owned(),
        };
        let stamped =
            Signing { stamp: Some(stamp), ..signing(Algorithm::Sha256, Encoding::Hex, "v0=") };
        let at = |time: i64| hex(&mac::<Hmac<Sha256>>(&format!("v0:{time}:body")));
        let seconds = NOW.0 / 1_000;
        for (time, expected) in [
            (seconds - 200, ""),
            (seconds - 400, "too old"),
            (seconds + 400, "too old"),
            (NOW.0 - 200_000, ""),
            (NOW.0 - 400_000, "too old"),
        ] {
            check(&stamped, &at(time), Some(time), expected);
        }
        check(&stamped, &at(seconds), None, "is missing");
        check(&stamped, &at(seconds), Some(seconds - 1), "is not that of this body");
        check(&stamped, &hex(&mac::<Hmac<Sha256>>("body")), Some(seconds), "is not that");
    }
}
