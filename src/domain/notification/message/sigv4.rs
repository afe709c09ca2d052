//! Amazon's signature, version 4, for requests that carry a form.
//!
//! ```text
//! secret ─ date ─ region ─ service ─▶ key ─┐
//! request ─▶ canonical text ─ SHA-256 ─────┴─▶ HMAC ─▶ Authorization
//! ```

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::address::{encoded, parts};
use super::exchange::{Method, Recall, Request};
use crate::domain::notification::receiver::AwsKeys;
use crate::domain::value::{Secret, Timestamp};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// The date in a time: `20260301`.
const DATE_CHARS: usize = 8;

/// For whom a request is signed, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seal<'a> {
    pub(super) keys: &'a AwsKeys,
    pub(super) region: &'a str,
    pub(super) service: &'static str,
    pub(super) now: Timestamp,
}

/// A signed POST of a form.
pub(super) fn form(url: &str, fields: &[(String, String)], seal: Seal) -> Request {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let request = Request {
        method: Method::Post,
        url: Secret::new(url),
        headers: vec![("Content-Type", Secret::new(FORM))],
        body: pairs.join("&"),
        secrets: Vec::new(),
        recall: Recall::Never,
        proof: None,
    };
    sign(request, seal)
}

/// Adds date, session token and signature. The header fields that are there are signed, too.
fn sign(mut request: Request, seal: Seal) -> Request {
    let Seal { keys, region, service, now } = seal;
    let time = amazon_time(now);
    let date = &time[..DATE_CHARS];
    request = request.header("X-Amz-Date", &time);
    if let Some(token) = &keys.session_token {
        request = request.header("X-Amz-Security-Token", token.reveal());
    }
    let (host, path, query) = parts(request.url.reveal());
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value.reveal().trim().to_owned()))
        .collect();
    headers.push(("host".to_owned(), host));
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let lines = lines.concat();
    // Segments are encoded once more, as every service but S3 wants it.
    let path = path.split('/').map(encoded).collect::<Vec<_>>().join("/");
    let mut query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{}",
        method(request.method),
        query.join("&"),
        hash(request.body.as_bytes())
    );
    let place = format!("{date}/{region}/{service}/aws4_request");
    let to_sign = format!("{ALGORITHM}\n{time}\n{place}\n{}", hash(canonical.as_bytes()));
    let first = format!("AWS4{}", keys.secret_key.reveal()).into_bytes();
    let key = [date, region, service, "aws4_request"]
        .iter()
        .fold(first, |key, part| mac(&key, part.as_bytes()));
    let signature: String = mac(&key, to_sign.as_bytes())
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(digit)
        .collect();
    let credential = format!("{}/{place}", keys.access_key);
    request.header(
        "Authorization",
        format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        ),
    )
}

/// `20260301T020530Z`.
fn amazon_time(at: Timestamp) -> String {
    let text = at.rfc3339();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).expect("half a byte is one digit")
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys, the time and the signatures of Amazon's published test suite.
    #[test]
    fn signatures_are_those_of_amazons_test_suite() {
        let keys = AwsKeys {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        };
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let seal = Seal { keys: &keys, region: "us-east-1", service: "service", now };
        let request = |method, body: &str, headers: &[(&'static str, &str)]| Request {
            method,
            url: Secret::new("https://example.amazonaws.com/"),
            headers: headers.iter().map(|(name, value)| (*name, Secret::new(*value))).collect(),
            body: body.to_owned(),
            secrets: Vec::new(),
            recall: Recall::Never,
            proof: None,
        };
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        for (request, signed, signature) in [
            (
                request(Method::Get, "", &[]),
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                request(Method::Post, "Param1=value1", &form),
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let signed_request = sign(request, seal);
            let (name, value) = signed_request.headers.last().unwrap();
            assert_eq!(*name, "Authorization");
            assert_eq!(
                value.reveal(),
                format!(
                    "AWS4-HMAC-SHA256 \
                     Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                     SignedHeaders={signed}, Signature={signature}"
                )
            );
        }
    }
}
