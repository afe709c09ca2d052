//! Bodies that could not be taken in, kept for a while so that an admin can see what was sent.
//!
//! They are in memory only, and what looks like a secret is taken out before they are kept. Bodies
//! of strangers are not kept: anybody could fill the room with them.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::http::HeaderMap;
use regex::Regex;

use super::auth::Auth;
use crate::domain::value::Timestamp;

/// Bodies kept of one source; the oldest gives way.
const BODIES_MAX: usize = 20;

/// Bytes kept of one body.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Bytes looked at for secrets beyond those that are kept, so that none is cut in two unseen.
const OVERLAP_BYTES: usize = 4 << 10;

/// Bytes kept altogether, over all sources.
const BYTES_MAX: usize = 8 << 20;

/// Headers kept of one request, and bytes of one header's value.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 1 << 10;

/// Characters of the reason that are kept.
const WHY_CHARS_MAX: usize = 1_000;

/// What stands where a secret was.
const HIDDEN: &str = "<secret>";

/// What the name of a header or of a field holds that a secret is kept in.
const SECRET_NAMES: &str = "passw|secret|token|authorization|credential|cookie|signature|\
                            api[_-]?key|access[_-]?key|private[_-]?key|routing[_-]?key|\
                            service[_-]?key|integration[_-]?key";

/// A body that could not be taken in, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// When it came.
    pub at: Timestamp,
    /// The word in metrics: `unreadable`, `rejected`, `too_large` …
    pub reason: &'static str,
    /// What is wrong with it.
    pub why: String,
    /// Where it came from, if that is known.
    pub address: Option<IpAddr>,
    /// The headers, without secrets.
    pub headers: Vec<(String, String)>,
    /// How long the body was, in bytes.
    pub bytes: usize,
    /// Its beginning, without secrets.
    pub body: String,
}

/// The bodies of all sources.
#[derive(Debug, Default)]
pub struct Quarantine {
    kept: Mutex<VecDeque<(String, Rejected)>>,
}

impl Quarantine {
    /// Keeps one, in the place of older ones if there is no more room.
    pub(super) fn keep(&self, source: &str, rejected: Rejected) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = kept.iter().filter(|(name, _)| name == source).count();
        if of_source >= BODIES_MAX
            && let Some(oldest) = kept.iter().position(|(name, _)| name == source)
        {
            kept.remove(oldest);
        }
        kept.push_back((source.to_owned(), rejected));
        let mut bytes: usize = kept.iter().map(|(_, rejected)| rejected.size()).sum();
        while bytes > BYTES_MAX {
            let Some((_, oldest)) = kept.pop_front() else { return };
            bytes -= oldest.size();
        }
    }

    /// Those of a source, the newest first.
    pub fn of(&self, source: &str) -> Vec<Rejected> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = kept.iter().rev().filter(|(name, _)| name == source);
        of_source.map(|(_, rejected)| rejected.clone()).collect()
    }
}

impl Rejected {
    /// Takes down what came, without its secrets.
    pub(super) fn new(
        (at, reason, why): (Timestamp, &'static str, &str),
        address: Option<IpAddr>,
        headers: &HeaderMap,
        body: &[u8],
        auth: &[Auth],
    ) -> Self {
        let secrets: Vec<&str> = auth
            .iter()
            .filter_map(|auth| Some(auth.secret()?.reveal()))
            .filter(|secret| !secret.is_empty())
            .collect();
        let named: Vec<&str> = auth.iter().filter_map(Auth::header).collect();
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            let name = name.as_str();
            let secret = SECRET_NAME.is_match(name)
                || named.iter().any(|known| known.eq_ignore_ascii_case(name));
            let value = value.as_bytes();
            let value = &value[..value.len().min(HEADER_BYTES_MAX)];
            let value = String::from_utf8_lossy(value).into_owned();
            let value = if secret { HIDDEN.to_owned() } else { without(value, &secrets) };
            (name.to_owned(), value)
        };
        let seen = &body[..body.len().min(BODY_BYTES_MAX + OVERLAP_BYTES)];
        let text = without(String::from_utf8_lossy(seen).into_owned(), &secrets);
        let hidden = format!("${{name}}{HIDDEN}");
        let text = SECRET_MEMBER.replace_all(&text, &hidden);
        let text = SECRET_FIELD.replace_all(&text, &hidden);
        let end = text.floor_char_boundary(BODY_BYTES_MAX);
        Self {
            at,
            reason,
            why: why.chars().take(WHY_CHARS_MAX).collect(),
            address,
            headers: headers.iter().take(HEADERS_MAX).map(header).collect(),
            bytes: body.len(),
            body: text[..end].to_owned(),
        }
    }

    fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        self.why.len() + self.body.len() + headers.sum::<usize>()
    }
}

static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("(?i){SECRET_NAMES}")).expect("the pattern is ours"));

/// A member of JSON, whole or cut off, also of JSON that is a text within JSON.
static SECRET_MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r#"\\?"[^"\\]{{0,64}}(?i:{SECRET_NAMES})[^"\\]{{0,64}}\\?""#);
    let pattern = format!(r#"(?<name>{name}\s*:\s*\\?")(?:[^"\\]|\\[^"])*"#);
    Regex::new(&pattern).expect("the pattern is ours")
});

/// A field of a form.
static SECRET_FIELD: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r#"[^&="\s]{{0,64}}(?i:{SECRET_NAMES})[^&="\s]{{0,64}}="#);
    let pattern = format!(r#"(?<name>(?:^|&){name})[^&"\s]*"#);
    Regex::new(&pattern).expect("the pattern is ours")
});

fn without(mut text: String, secrets: &[&str]) -> String {
    for secret in secrets {
        if text.contains(secret) {
            text = text.replace(secret, HIDDEN);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::Secret;

    fn kept(body: &str) -> Rejected {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("authorization", "Bearer sesame"),
            ("x-gitlab-token", "mellon"),
            ("x-own", "anything"),
            ("x-copy", "it is mellon, friend"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let auth = [
            Auth::Header { name: "X-Own".to_owned(), value: Secret::new("mellon") },
            Auth::Bearer(Secret::default()),
        ];
        let what = (Timestamp(1), "unreadable", "no JSON");
        Rejected::new(what, None, &headers, body.as_bytes(), &auth)
    }

    #[test]
    fn secrets_are_taken_out_before_a_body_is_kept() {
        for (body, expected) in [
            ("hello", "hello"),
            ("say mellon and enter", "say <secret> and enter"),
            (r#"{"token":"x y","a":"b"}"#, r#"{"token":"<secret>","a":"b"}"#),
            (r#"{"db_Password" : "x&y\nz","n":1}"#, r#"{"db_Password" : "<secret>","n":1}"#),
            (r#"{"api-key":"cut of"#, r#"{"api-key":"<secret>"#),
            (
                r#"{"Message":"{\"token\":\"x\",\"a\":1}"}"#,
                r#"{"Message":"{\"token\":\"<secret>\",\"a\":1}"}"#,
            ),
            ("a=b&auth_token=x&c=d", "a=b&auth_token=<secret>&c=d"),
            (r#"{"labels":{"alertname":"A"}}"#, r#"{"labels":{"alertname":"A"}}"#),
        ] {
            assert_eq!(kept(body).body, expected, "{body}");
        }
        let headers = kept("").headers;
        let value = |name: &str| {
            let found = headers.iter().find(|(have, _)| have == name);
            found.map_or("", |(_, value)| value.as_str()).to_owned()
        };
        assert_eq!(value("content-type"), "application/json");
        assert_eq!(value("x-copy"), "it is <secret>, friend");
        for hidden in ["authorization", "x-gitlab-token", "x-own"] {
            assert_eq!(value(hidden), HIDDEN, "{hidden}");
        }
    }

    #[test]
    fn a_secret_at_the_cut_is_seen_whole() {
        let body = format!("{}mellon{}", "x".repeat(BODY_BYTES_MAX - 3), "y".repeat(9_000));
        let rejected = kept(&body);
        assert_eq!(rejected.bytes, body.len());
        assert!(rejected.body.len() <= BODY_BYTES_MAX && !rejected.body.contains("mel"));
    }

    #[test]
    fn the_oldest_gives_way_and_each_source_has_its_own_room() {
        let quarantine = Quarantine::default();
        quarantine.keep("quiet", kept("first"));
        for n in 0..BODIES_MAX + 5 {
            quarantine.keep("loud", kept(&format!("body {n}")));
        }
        let loud = quarantine.of("loud");
        assert_eq!((loud.len(), loud[0].body.as_str()), (BODIES_MAX, "body 24"));
        assert_eq!(loud.last().unwrap().body, "body 5");
        assert_eq!(quarantine.of("quiet").len(), 1);

        for source in 0..80 {
            for _ in 0..BODIES_MAX {
                quarantine.keep(&format!("s{source}"), kept(&"x".repeat(BODY_BYTES_MAX)));
            }
        }
        let kept = quarantine.kept.lock().unwrap();
        let bytes: usize = kept.iter().map(|(_, rejected)| rejected.size()).sum();
        assert!(bytes <= BYTES_MAX && bytes > BYTES_MAX - 2 * BODY_BYTES_MAX, "{bytes}");
    }
}
