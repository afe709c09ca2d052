//! Who may send to a source. Secrets are compared in constant time.

mod path_token;
mod signature;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::sender::Sender;
use crate::config::Signing;
use crate::domain::value::{Secret, Timestamp};

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
    /// A header with an HMAC of the body.
    Hmac {
        /// What is signed, and how.
        signing: Signing,
        /// The key.
        secret: Secret,
    },
    /// A header with a secret in it.
    Header {
        /// The header's name.
        name: String,
        /// What must stand in it.
        value: Secret,
    },
    /// A client certificate that the daemon's own door has verified.
    Certificate {
        /// Names of which it must bear one.
        names: Vec<String>,
    },
    /// A last part of the URL that is signed with this key.
    PathToken(Secret),
}

/// What is known about a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Welcome,
    /// It depends on the signature.
    NeedsBody,
    Stranger(&'static str),
}

impl Auth {
    /// The word for it in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bearer(_) => "bearer",
            Self::Basic { .. } => "basic",
            Self::Hmac { .. } => "hmac",
            Self::Header { .. } => "header",
            Self::Certificate { .. } => "certificate",
            Self::PathToken(_) => "path_token",
        }
    }

    /// What must never be shown, if there is anything.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Bearer(secret)
            | Self::Basic { password: secret, .. }
            | Self::Hmac { secret, .. }
            | Self::Header { value: secret, .. }
            | Self::PathToken(secret) => Some(secret),
            Self::Certificate { .. } => None,
        }
    }

    /// The header in which it is shown, where the configuration names one.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Hmac { signing, .. } => Some(&signing.header),
            Self::Header { name, .. } => Some(name),
            Self::Bearer(_)
            | Self::Basic { .. }
            | Self::Certificate { .. }
            | Self::PathToken(_) => None,
        }
    }

    /// Makes the last part of a source's URL; nothing unless this is the key for it.
    pub fn path_token(&self, source: &str, end: Option<Timestamp>) -> Option<String> {
        let Self::PathToken(secret) = self else { return None };
        Some(path_token::make(secret, source, end))
    }
}

/// Looks at what the head alone can show, before a stranger's body costs anything.
pub(super) fn before_body(
    accepted: &[Auth],
    source: &str,
    sender: &Sender,
    now: Timestamp,
) -> Verdict {
    if accepted.is_empty() {
        return Verdict::Welcome;
    }
    let mut why = "this source accepts nothing without its secret, and it was not shown";
    let mut signed = false;
    let mut welcome = false;
    for auth in accepted {
        match auth {
            Auth::Bearer(secret) => {
                let shown = credentials(sender.headers, "bearer").unwrap_or("");
                welcome |= same(shown.as_bytes(), secret.reveal().as_bytes());
            }
            Auth::Basic { username, password } => {
                welcome |= basic(sender.headers, username, password.reveal());
            }
            Auth::Hmac { signing, .. } => {
                signed |= sender.headers.contains_key(signing.header.as_str());
            }
            Auth::Header { name, value } => {
                let shown = sender.headers.get(name.as_str());
                let shown = shown.map_or(&[][..], |shown| shown.as_bytes());
                welcome |= same(shown, value.reveal().as_bytes());
            }
            // A name is no secret: the door has checked who vouches for it.
            Auth::Certificate { names } => {
                welcome |= names.iter().any(|name| sender.names.contains(name));
            }
            Auth::PathToken(secret) if !sender.token.is_empty() => {
                match path_token::verify(secret, source, sender.token, now) {
                    Ok(()) => welcome = true,
                    Err(wrong) => why = wrong,
                }
            }
            Auth::PathToken(_) => {}
        }
    }
    if welcome {
        Verdict::Welcome
    } else if signed {
        Verdict::NeedsBody
    } else {
        Verdict::Stranger(why)
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
        let Auth::Hmac { signing, secret } = auth else { continue };
        match signature::verify(signing, secret, headers, body, now) {
            Ok(()) => return Verdict::Welcome,
            Err(wrong) => why = wrong,
        }
    }
    Verdict::Stranger(why)
}

/// What a source accepts, for `WWW-Authenticate`; what no header can show is a `Token`.
pub(super) fn challenge(accepted: &[Auth]) -> String {
    let mut schemes: Vec<&str> = accepted
        .iter()
        .map(|auth| match auth {
            Auth::Bearer(_) => "Bearer realm=\"incidentd\"",
            Auth::Basic { .. } => "Basic realm=\"incidentd\"",
            Auth::Hmac { .. } => "HMAC realm=\"incidentd\"",
            Auth::Header { .. } | Auth::PathToken(_) => "Token realm=\"incidentd\"",
            Auth::Certificate { .. } => "Mutual realm=\"incidentd\"",
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
pub(super) fn same(shown: &[u8], secret: &[u8]) -> bool {
    let equal = Sha256::digest(shown).ct_eq(&Sha256::digest(secret));
    bool::from(equal) && !secret.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Algorithm, Encoding};

    const NOW: Timestamp = Timestamp(1_767_226_000_000);

    #[test]
    fn only_who_shows_the_secret_is_let_in() {
        let bearer = [Auth::Bearer(Secret::new("old")), Auth::Bearer(Secret::new("new"))];
        let basic = [Auth::Basic { username: "u".to_owned(), password: Secret::new("p:w") }];
        let header = |value: &str| Auth::Header {
            name: "X-Gitlab-Token".to_owned(),
            value: Secret::new(value),
        };
        let headers = [header("old"), header("new")];
        let names = ["db.example.org".to_owned(), "other".to_owned()];
        let certificate = [Auth::Certificate { names: names.to_vec() }];
        let key = Secret::new("a key of sixteen signs");
        let path = [Auth::PathToken(Secret::new("the next key, as long")), Auth::PathToken(key)];
        let token = path[1].path_token("src", None).unwrap();
        let any = [bearer[0].clone(), basic[0].clone(), headers[0].clone(), path[1].clone()];
        let empty = [Auth::Bearer(Secret::default()), header("")];
        let authorization = |text: &'static str| vec![("authorization", text)];
        let gitlab = |text: &'static str| vec![("x-gitlab-token", text)];
        let nobody = || (vec![], &[][..], "");
        let by_header = |headers: Vec<(&'static str, &'static str)>| (headers, &[][..], "");
        for (what, accepted, (headers, names, token), expected) in [
            ("nothing is asked", &[][..], nobody(), true),
            ("nothing is shown", &bearer[..], nobody(), false),
            ("the new secret", &bearer, by_header(authorization("Bearer new")), true),
            ("the old secret", &bearer, by_header(authorization("bearer old")), true),
            ("a wrong secret", &bearer, by_header(authorization("Bearer newer")), false),
            ("another scheme", &bearer, by_header(authorization("Basic new")), false),
            ("an empty secret", &empty, by_header(authorization("Bearer ")), false),
            ("an empty header", &empty, by_header(gitlab("")), false),
            ("a password with a colon", &basic, by_header(authorization("Basic dTpwOnc=")), true),
            ("a wrong password", &basic, by_header(authorization("Basic dTpw")), false),
            ("no base64", &basic, by_header(authorization("Basic ?")), false),
            ("a header", &headers, by_header(gitlab("old")), true),
            ("its next value", &headers, by_header(gitlab("new")), true),
            ("another value", &headers, by_header(gitlab("newer")), false),
            ("no header", &headers, nobody(), false),
            ("a certificate", &certificate, (vec![], &names[..1], ""), true),
            ("one without a name", &certificate, nobody(), false),
            ("a signed URL", &path, (vec![], &[], token.as_str()), true),
            ("a forged URL", &path, (vec![], &[], "0.AAAA"), false),
            ("one way of several", &any, by_header(gitlab("old")), true),
            ("another way of several", &any, (vec![], &[], token.as_str()), true),
            ("none of several", &any, by_header(gitlab("new")), false),
        ] {
            let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
            let headers: HeaderMap = headers.collect();
            let sender = Sender { names, token, ..Sender::new(&headers) };
            let verdict = before_body(accepted, "src", &sender, NOW);
            assert_eq!(verdict == Verdict::Welcome, expected, "{what}");
            assert!(verdict != Verdict::NeedsBody, "{what}");
        }
    }

    #[test]
    fn a_signature_is_looked_at_once_the_body_is_there() {
        let signing = Signing {
            header: "x-signature".to_owned(),
            algorithm: Algorithm::Sha256,
            encoding: Encoding::Hex,
            prefix: String::new(),
            stamp: None,
        };
        let hmac = |key: &str| Auth::Hmac { signing: signing.clone(), secret: Secret::new(key) };
        let accepted = [hmac("old"), hmac("key")];
        let mut headers = HeaderMap::new();
        let verdict = before_body(&accepted, "src", &Sender::new(&headers), NOW);
        assert!(matches!(verdict, Verdict::Stranger(_)));
        headers.insert("x-signature", "00".parse().unwrap());
        let verdict = before_body(&accepted, "src", &Sender::new(&headers), NOW);
        assert_eq!(verdict, Verdict::NeedsBody);
        let verdict = with_body(&accepted, &headers, b"body", NOW);
        assert!(matches!(verdict, Verdict::Stranger(_)));
        headers.insert("x-signature", SIGNED.parse().unwrap());
        assert_eq!(with_body(&accepted, &headers, b"body", NOW), Verdict::Welcome);
    }

    /// The HMAC-SHA-256 of `body` under `key`.
    const SIGNED: &str = "515aae133b435d4000956731f68ae5cf5eb85d4f0dc6a546d2bfcd3595ec1ae1";
}
