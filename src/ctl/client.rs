//! Talks to the daemon over HTTP.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, Url};
use serde_json::{Value, json};

use super::call::{Answer, Call, Method};
use super::failure::Failure;

/// How long a connection may take to come about.
const CONNECT_SECONDS_MAX: u64 = 5;

/// How long one answer may take.
const ANSWER_SECONDS_MAX: u64 = 30;

/// Bytes of one answer; a page of full records stays far below.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Records asked for at once.
const PAGE_RECORDS: usize = 500;

/// Bytes of a token file.
const TOKEN_BYTES_MAX: u64 = 16 << 10;

/// A daemon to talk to.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    /// Prepares to talk to the daemon at `url`, which may have a path prefix.
    ///
    /// # Errors
    /// When the address or the token cannot be used.
    pub fn new(url: &str, token: Option<String>) -> Result<Self, Failure> {
        let address = address(url)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-incidentd-client", HeaderValue::from_static("incidentctl"));
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| Failure::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        // A second client in one process finds the provider installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("incidentctl/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            // A redirected POST would become a GET, and the token would go where nobody meant.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(ANSWER_SECONDS_MAX));
        if is_loopback(&address) {
            // A proxy from the environment would look for the daemon on its own machine.
            http = http.no_proxy();
        }
        let http = http.build().map_err(Failure::Prepare)?;
        Ok(Self { http, url: address.as_str().trim_end_matches('/').to_owned() })
    }

    /// Asks, page by page if it is a list, and returns the daemon's answer.
    ///
    /// # Errors
    /// When the daemon cannot be reached or refuses.
    pub async fn ask(&self, call: &Call) -> Result<Value, Failure> {
        match call.answer {
            Answer::List { limit, .. } | Answer::Ids { limit } => self.list(call, limit).await,
            Answer::Page
            | Answer::Receipt { .. }
            | Answer::Text(_)
            | Answer::Line(_)
            | Answer::Sources
            | Answer::Rejected
            | Answer::Payload
            | Answer::Routes
            | Answer::Explanation
            | Answer::Receivers { .. }
            | Answer::Tested => self.send(call, &[]).await,
        }
    }

    async fn list(&self, call: &Call, limit: usize) -> Result<Value, Failure> {
        let mut items = Vec::new();
        let mut next = Value::Null;
        loop {
            let left = limit - items.len();
            let mut more = vec![("limit", left.min(PAGE_RECORDS).to_string())];
            if let Some(cursor) = cursor(&next) {
                more.push(("cursor", cursor));
            }
            let mut page = self.send(call, &more).await?;
            let Some(Value::Array(records)) = page.get_mut("items").map(Value::take) else {
                return Err(self.stranger("the answer has no list of `items`"));
            };
            let before = std::mem::replace(&mut next, page["next"].take());
            let stuck = records.is_empty() || next == before;
            items.extend(records);
            items.truncate(limit);
            if next.is_null() || items.len() == limit || stuck {
                return Ok(json!({ "items": items, "next": next }));
            }
        }
    }

    async fn send(&self, call: &Call, more: &[(&str, String)]) -> Result<Value, Failure> {
        let target = format!("{}/{}", self.url, call.target(more));
        let request = match &call.method {
            Method::Get => self.http.get(target),
            Method::Post(form) => self
                .http
                .post(target)
                .header(CONTENT_TYPE, "application/json")
                .body(Value::Object(form.clone()).to_string()),
        };
        let response = request.send().await.map_err(|source| self.unreachable(source))?;
        let status = response.status();
        let body = self.body(response).await?;
        if !status.is_success() {
            return Err(Failure::of_answer(&self.url, status.as_u16(), &body));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| self.stranger("the answer is no JSON"))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|source| self.unreachable(source))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.stranger("the answer has no end"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, source: reqwest::Error) -> Failure {
        Failure::Unreachable { url: self.url.clone(), source: source.without_url() }
    }

    fn stranger(&self, why: &str) -> Failure {
        Failure::Stranger { url: self.url.clone(), why: why.to_owned() }
    }
}

/// The bearer token: from the file if there is one, else from `INCIDENTD_TOKEN`.
///
/// It has no flag of its own, because every user of a machine can read command lines.
pub(super) fn token(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let text = match file {
        Some(path) => read(path)?,
        None => std::env::var("INCIDENTD_TOKEN").unwrap_or_default(),
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(TOKEN_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| Failure::TokenFile { path: path.to_owned(), source })?;
    Ok(text)
}

fn address(url: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| Failure::Address { url: url.to_owned(), why: why.to_owned() };
    let address = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(address.scheme(), "http" | "https") {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if address.query().is_some() || address.fragment().is_some() {
        return Err(wrong("it must end with a path, not with `?` or `#`"));
    }
    Ok(address)
}

fn is_loopback(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn cursor(next: &Value) -> Option<String> {
    match next {
        Value::String(cursor) => Some(cursor.clone()),
        Value::Number(cursor) => Some(cursor.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
