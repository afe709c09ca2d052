//! Who may send to a source. Secrets are compared in constant time.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::value::{Secret, Span, Timestamp};

/// Something that a sender can show. A source lists what it accepts; listing the old and the new
/// secret lets one replace the other without a gap.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer(Secret),
    /// `Authorization: Basic …`.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A header with the HMAC-SHA-256 of the body, in hexadecimal, with or without `sha256=`.
    Hmac {
        /// The header's name.
        header: String,
        /// The key.
        secret: Secret,
        /// What keeps a signed body from being sent again later.
        stamp: Option<Stamp>,
    },
}

/// A signed time: the signature is made over `<seconds since 1970>:<body>`, as Grafana does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The header with the seconds.
    pub header: String,
    /// How far they may be from the time of arrival, either way.
    pub window: Span,
}

/// What is known about a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Welcome,
    /// It depends on the signature.
    NeedsBody,
    Stranger(&'static str),
}

/// Looks at what the headers alone can show, before a stranger's body costs anything.
pub(super) fn before_body(accepted: &[Auth], headers: &HeaderMap) -> Verdict {
    if accepted.is_empty() {
        return Verdict::Welcome;
    }
    let mut signed = false;
    let mut welcome = false;
    for auth in accepted {
        match auth {
            Auth::Bearer(secret) => {
                let shown = credentials(headers, "bearer").unwrap_or("");
                welcome |= same(shown.as_bytes(), secret.reveal().as_bytes());
            }
            Auth::Basic { username, password } => {
                welcome |= basic(headers, username, password.reveal());
            }
            Auth::Hmac { header, .. } => signed |= headers.contains_key(header.as_str()),
        }
    }
    if welcome {
        Verdict::Welcome
    } else if signed {
        Verdict::NeedsBody
    } else {
        Verdict::Stranger("this source accepts nothing without its secret, and it was not shown")
    }
}

/// Whether a key is one of the secrets that a source accepts as a bearer token. Each is compared, so
/// that the time does not tell which one it is.
pub(super) fn is_key(accepted: &[Auth], shown: &str) -> bool {
    let mut found = false;
    for auth in accepted {
        if let Auth::Bearer(secret) = auth {
            found |= same(shown.as_bytes(), secret.reveal().as_bytes());
        }
    }
    found
}

/// Looks at the signature of a body.
pub(super) fn with_body(
    accepted: &[Auth],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Verdict {
    let mut why = "the signature is not that of this body";
    for auth in accepted {
        let Auth::Hmac { header, secret, stamp } = auth else { continue };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(shown) = text(header).and_then(from_hex) else { continue };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes())
            .expect("HMAC takes keys of any length");
        if let Some(stamp) = stamp {
            let Some(seconds) = text(&stamp.header) else {
                why = "the header with the time of the signature is missing";
                continue;
            };
            let Ok(at) = seconds.parse::<i64>() else {
                why = "the time of the signature is not a number of seconds since 1970";
                continue;
            };
            let at = Timestamp(at.saturating_mul(1_000));
            if now.since(at).max(at.since(now)) > stamp.window {
                why = "the signature is too old, or one of the two clocks is wrong";
                continue;
            }
            mac.update(seconds.as_bytes());
            mac.update(b":");
        }
        mac.update(body);
        if mac.verify_slice(&shown).is_ok() {
            return Verdict::Welcome;
        }
    }
    Verdict::Stranger(why)
}

/// What a source accepts, for `WWW-Authenticate`.
pub(super) fn challenge(accepted: &[Auth]) -> String {
    let mut schemes: Vec<&str> = accepted
        .iter()
        .map(|auth| match auth {
            Auth::Bearer(_) => "Bearer realm=\"incidentd\"",
            Auth::Basic { .. } => "Basic realm=\"incidentd\"",
            Auth::Hmac { .. } => "HMAC-SHA256 realm=\"incidentd\"",
        })
        .collect();
    schemes.dedup();
    schemes.join(", ")
}

/// What stands behind a scheme in `Authorization`.
pub fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    // The daemon's door may ask for a name and a password beside what is asked for behind it.
    headers.get_all(AUTHORIZATION).iter().find_map(|value| {
        let (have, rest) = value.to_str().ok()?.split_once(' ')?;
        have.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    })
}

fn basic(headers: &HeaderMap, username: &str, password: &str) -> bool {
    let Some(shown) = credentials(headers, "basic") else { return false };
    let Ok(shown) = STANDARD.decode(shown) else { return false };
    let colon = shown.iter().position(|byte| *byte == b':').unwrap_or(shown.len());
    let (name, word) = shown.split_at(colon);
    let word = word.get(1..).unwrap_or(&[]);
    // Both are always compared, so that the time does not tell a wrong name from a wrong password.
    same(name, username.as_bytes()) & same(word, password.as_bytes())
}

/// Compares hashes, so that not even the length can be learned from the time it takes. An empty
/// secret never matches: it is a mistake in the configuration, not an open door.
fn same(shown: &[u8], secret: &[u8]) -> bool {
    let equal = Sha256::digest(shown).ct_eq(&Sha256::digest(secret));
    bool::from(equal) && !secret.is_empty()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().strip_prefix("sha256=").unwrap_or(text.trim()).as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_226_000_000);

    fn sign(secret: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        format!("{:x}", mac.finalize().into_bytes())
    }

    fn admitted(accepted: &[Auth], headers: &[(&'static str, String)]) -> bool {
        let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        let mut verdict = before_body(accepted, &headers);
        if verdict == Verdict::NeedsBody {
            verdict = with_body(accepted, &headers, b"body", NOW);
        }
        verdict == Verdict::Welcome
    }

    #[test]
    fn only_who_shows_the_secret_is_let_in() {
        let bearer = [Auth::Bearer(Secret::new("old")), Auth::Bearer(Secret::new("new"))];
        let basic = [Auth::Basic { username: "u".to_owned(), password: Secret::new("p:w") }];
        let hmac = |stamp| {
            [Auth::Hmac { header: "x-signature".to_owned(), secret: Secret::new("key"), stamp }]
        };
        let plain = hmac(None);
        let window = Span::minutes(5);
        let stamped = hmac(Some(Stamp { header: "x-time".to_owned(), window }));
        let empty = [Auth::Bearer(Secret::default())];
        let authorization = |text: &str| vec![("authorization", text.to_owned())];
        let signature = |text: String| vec![("x-signature", text)];
        let at = |seconds: i64| {
            let text = format!("{seconds}:body");
            vec![("x-time", seconds.to_string()), ("x-signature", sign("key", &text))]
        };
        for (what, accepted, headers, expected) in [
            ("nothing is asked", &[][..], vec![], true),
            ("nothing is shown", &bearer[..], vec![], false),
            ("the new secret", &bearer, authorization("Bearer new"), true),
            ("the old secret", &bearer, authorization("bearer old"), true),
            ("a wrong secret", &bearer, authorization("Bearer newer"), false),
            ("another scheme", &bearer, authorization("Basic new"), false),
            ("an empty secret", &empty, authorization("Bearer "), false),
            ("a password with a colon", &basic, authorization("Basic dTpwOnc="), true),
            ("a wrong password", &basic, authorization("Basic dTpw"), false),
            ("no base64", &basic, authorization("Basic ?"), false),
            ("a signature", &plain, signature(sign("key", "body")), true),
            ("prefixed", &plain, signature(format!("sha256={}", sign("key", "body"))), true),
            ("of another body", &plain, signature(sign("key", "bodY")), false),
            ("by another key", &plain, signature(sign("kez", "body")), false),
            ("cut short", &plain, signature("sha256=00".to_owned()), false),
            ("no digits", &plain, signature("z".repeat(64)), false),
            ("signed in time", &stamped, at(NOW.0 / 1_000 - 200), true),
            ("sent again later", &stamped, at(NOW.0 / 1_000 - 400), false),
            ("from the future", &stamped, at(NOW.0 / 1_000 + 400), false),
            ("without its time", &stamped, signature(sign("key", "body")), false),
        ] {
            assert_eq!(admitted(accepted, &headers), expected, "{what}");
        }
    }
}
