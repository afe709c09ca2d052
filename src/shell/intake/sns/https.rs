//! How Amazon is asked: HTTPS, no redirects, a bounded answer within a bounded time.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Fetch, Unfetched};
use crate::domain::notification::receiver::{HttpConfig, ProxyConfig, ProxyRoute, WireConfig};
use crate::domain::value::Span;
use crate::shell::client::Clients;

/// Bytes of an answer; a certificate has two thousand.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// SNS waits 15 s for us.
const ANSWER_MS_MAX: Span = Span::seconds(8);

/// HTTPS, through the proxy that the environment names.
#[derive(Debug, Default)]
pub struct Https {
    clients: Arc<Clients>,
}

impl Fetch for Https {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, Unfetched>> {
        Box::pin(async move {
            let got = tokio::time::timeout(ANSWER_MS_MAX.duration(), self.ask(url)).await;
            let late = || Unfetched(format!("no answer within {ANSWER_MS_MAX}"));
            got.unwrap_or_else(|_| Err(late()))
        })
    }
}

impl Https {
    async fn ask(&self, url: &str) -> Result<Vec<u8>, Unfetched> {
        let proxy = ProxyConfig { route: ProxyRoute::Environment, ..ProxyConfig::default() };
        let wire = WireConfig { proxy, ..WireConfig::default() };
        let config = HttpConfig { follow_redirects: false, wire, ..HttpConfig::default() };
        let line = self.clients.line(config).await.map_err(|why| Unfetched(why.to_string()))?;
        let response = line.client.get(url).send().await;
        let response = response.map_err(|why| Unfetched(why.without_url().to_string()))?;
        read(response).await
    }
}

/// The body of an answer, if that is a success and not too long.
pub(super) async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Unfetched> {
    let status = response.status();
    if !status.is_success() {
        return Err(Unfetched(format!("the answer is {status}")));
    }
    let mut body = Vec::new();
    let broken = |why: reqwest::Error| Unfetched(why.without_url().to_string());
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Unfetched(format!("the answer has more than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
