//! Signed ends of URLs, for senders that can be given a URL and nothing else.
//!
//! A token is `<end>.<signature>`: the second since 1970 at which it ends, or 0 if it never does,
//! and the HMAC-SHA-256 of the source's name and that end, in base64url. It opens one source only,
//! nothing is stored for it, and it is good until its end or until its key leaves the configuration.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::domain::value::{Secret, Timestamp};

/// A token is far shorter; what is longer is none.
const TOKEN_BYTES_MAX: usize = 128;

/// Makes the token of a source; one without an end is good as long as its key.
pub(super) fn make(secret: &Secret, source: &str, end: Option<Timestamp>) -> String {
    let end = end.map_or(0, |end| end.0.max(1_000) / 1_000).to_string();
    let signature = mac(secret, source, &end).finalize().into_bytes();
    format!("{end}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Tells whether a token is good for a source; if not, why.
pub(super) fn verify(
    secret: &Secret,
    source: &str,
    token: &str,
    now: Timestamp,
) -> Result<(), &'static str> {
    const WRONG: &str = "the end of the URL is not that of this source";
    let parts = token.split_once('.').filter(|_| token.len() <= TOKEN_BYTES_MAX);
    let Some((end, signature)) = parts else { return Err(WRONG) };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Err(WRONG) };
    if secret.reveal().is_empty() || mac(secret, source, end).verify_slice(&signature).is_err() {
        return Err(WRONG);
    }
    match end.parse::<i64>() {
        Ok(0) => Ok(()),
        Ok(end) if now < Timestamp(end.saturating_mul(1_000)) => Ok(()),
        Ok(_) => Err("this URL is no longer good; ask for another one"),
        Err(_) => Err(WRONG),
    }
}

fn mac(secret: &Secret, source: &str, end: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes())
        .expect("HMAC takes keys of any length");
    // Neither a name nor an end holds a line's end, so no other pair reads the same.
    for part in ["incidentd source\n", source, "\n", end] {
        mac.update(part.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_one_source_until_its_end() {
        let key = Secret::new("sixteen signs and more");
        let now = Timestamp(1_767_226_000_000);
        let later = Timestamp(now.0 + 60_000);
        let check = |key: &Secret, source: &str, token: &str, at: Timestamp, expected: &str| {
            let why = verify(key, source, token, at).err().unwrap_or("");
            assert_eq!(why.is_empty(), expected.is_empty(), "{token}: {why}");
            assert!(why.contains(expected), "{token}: {why}");
        };
        let wrong = "not that of this source";
        let token = make(&key, "kuma", Some(later));
        check(&key, "kuma", &token, now, "");
        check(&key, "kuma", &token, later, "no longer good");
        check(&key, "sns", &token, now, wrong);
        check(&Secret::new("another key, also long"), "kuma", &token, now, wrong);
        check(&Secret::default(), "kuma", &make(&Secret::default(), "kuma", None), now, wrong);
        check(&key, "kuma", &format!("9{token}"), now, wrong);
        check(&key, "kuma", &format!("0{}", &token[10..]), now, wrong);
        for none in ["", ".", "0.", "x", "0.!", &"9".repeat(4_096)] {
            check(&key, "kuma", none, now, wrong);
        }
        check(&key, "kuma", &make(&key, "kuma", None), Timestamp(i64::MAX), "");
    }
}
