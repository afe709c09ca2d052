//! Who sends: what the connection and the head of a request tell.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header in which proxies write down whom they speak for, the nearest one last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses of that header that are looked at, from its end.
const HOPS_MAX: usize = 32;

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub address: IpAddr,
    /// The names of its certificate, if the door has verified one.
    pub names: Vec<String>,
}

/// Who sends a request.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// Where it comes from, if that is known: the other end of the connection, or whom a trusted
    /// proxy there names.
    pub address: Option<IpAddr>,
    /// The names of its certificate, if the daemon's own door has verified one.
    pub names: &'a [String],
    /// The headers of the request.
    pub headers: &'a HeaderMap,
    /// What follows the `?`.
    pub query: &'a str,
    /// What follows the source's name in the path; may be empty.
    pub token: &'a str,
    /// Whether it sends a GET: then the query says everything.
    pub by_query: bool,
}

impl<'a> Sender<'a> {
    /// Somebody of whom nothing is known but the headers.
    pub fn new(headers: &'a HeaderMap) -> Self {
        Self { address: None, names: &[], headers, query: "", token: "", by_query: false }
    }

    /// Somebody at the other end of a connection, or behind the proxies there.
    #[must_use]
    pub fn at(mut self, remote: Option<&'a Remote>, proxies: &[IpNet]) -> Self {
        if let Some(remote) = remote {
            self.address = client(remote.address, self.headers, proxies);
            self.names = &remote.names;
        }
        self
    }
}

/// The first address from the near end that is no trusted proxy. What stands beyond it was written
/// by whoever sits there, so it is not looked at; a word that is no address ends the search with
/// nothing known.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let trusted = |address: IpAddr| proxies.iter().any(|net| net.contains(&address));
    let peer = peer.to_canonical();
    if !trusted(peer) {
        return Some(peer);
    }
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    let mut nearest = peer;
    for word in lines.iter().rev().flat_map(|line| line.rsplit(',')).take(HOPS_MAX) {
        let address = address(word.trim())?.to_canonical();
        if !trusted(address) {
            return Some(address);
        }
        nearest = address;
    }
    Some(nearest)
}

/// Some proxies write the port down, too.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.parse::<IpAddr>().ok();
    bare.or_else(|| word.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_asked_whom_it_speaks_for() {
        let proxies: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        for (peer, lines, expected) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
            ("::ffff:192.0.2.1", &[], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("fd00::1", &["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9"),
            ("10.0.0.1", &["10.0.0.3"], "10.0.0.3"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "nobody"),
            ("10.0.0.1", &[""], "nobody"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().unwrap());
            }
            let found = client(peer.parse().unwrap(), &headers, &proxies);
            let found = found.map_or("nobody".to_owned(), |address| address.to_string());
            assert_eq!(found, expected, "{peer} {lines:?}");
        }
    }
}
