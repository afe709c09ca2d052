//! Proxies for a client.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{NoProxy, Proxy};

use crate::domain::notification::receiver::{ProxyConfig, ProxyRoute};

/// What Go never asks a proxy for, once it looks at exceptions at all.
const OURSELVES: &str = "localhost,127.0.0.0/8,::1";

/// A proxy that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// It has no usable address.
    #[error("its address is not like `http://host:3128`")]
    Address(#[source] reqwest::Error),
    /// A header for it has characters that none may have.
    #[error("`{0}` of `proxy_connect_header` has characters that no header may have")]
    Header(String),
}

/// The proxies of a configuration: for plain and for secured requests.
pub(super) fn proxies(config: &ProxyConfig) -> Result<Vec<Proxy>, ProxyError> {
    let (plain, secured, except) = match &config.route {
        ProxyRoute::Direct => return Ok(Vec::new()),
        ProxyRoute::Environment => (
            variable(["HTTP_PROXY", "http_proxy"]),
            variable(["HTTPS_PROXY", "https_proxy"]),
            Some(variable(["NO_PROXY", "no_proxy"]).unwrap_or_default()),
        ),
        ProxyRoute::Through { url, except } => {
            let url = url.reveal().to_owned();
            (Some(url.clone()), Some(url), (!except.is_empty()).then(|| except.clone()))
        }
    };
    let except = except.and_then(|except| NoProxy::from_string(&format!("{except},{OURSELVES}")));
    let mut proxies = Vec::new();
    if let Some(url) = plain {
        let proxy = Proxy::http(with_scheme(url)).map_err(ProxyError::Address)?;
        proxies.push(proxy.no_proxy(except.clone()));
    }
    if let Some(url) = secured {
        let proxy = Proxy::https(with_scheme(url)).map_err(ProxyError::Address)?;
        let headers = connect_headers(config)?;
        proxies.push(proxy.no_proxy(except).headers(headers));
    }
    Ok(proxies)
}

/// In the environment `proxy:3128` is as good as `http://proxy:3128`.
fn with_scheme(url: String) -> String {
    if url.contains("://") { url } else { format!("http://{url}") }
}

fn variable(names: [&str; 2]) -> Option<String> {
    let mut found = names.into_iter().filter_map(|name| std::env::var(name).ok());
    found.find(|value| !value.is_empty())
}

fn connect_headers(config: &ProxyConfig) -> Result<HeaderMap, ProxyError> {
    let mut map = HeaderMap::new();
    for (name, value) in &config.connect_headers {
        let parsed = name.parse::<HeaderName>().ok().zip(value.reveal().parse().ok());
        let Some((key, mut value)): Option<(HeaderName, HeaderValue)> = parsed else {
            return Err(ProxyError::Header(name.clone()));
        };
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}
