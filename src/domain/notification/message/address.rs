//! Addresses put together from a base that the configuration gives.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 calls unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends a path to an address, before its query if it has one.
pub(super) fn below(base: &str, path: &str) -> String {
    let (base, query) =
        base.split_once('?').map_or((base, None), |(base, query)| (base, Some(query)));
    let base = base.trim_end_matches('/');
    match query {
        None => format!("{base}/{path}"),
        Some(query) if path.contains('?') => format!("{base}/{path}&{query}"),
        Some(query) => format!("{base}/{path}?{query}"),
    }
}

/// Writes a text so that it can be one segment of a path, or one part of a form.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Host and port of an address, as the `Host` header names them: without a port that goes without
/// saying. The path behind it begins with a slash; the query has no question mark.
pub(super) fn parts(address: &str) -> (String, String, String) {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default().to_lowercase();
    let silent = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    let host = host.strip_suffix(silent).unwrap_or(&host).to_owned();
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let path = if path.is_empty() { "/" } else { path };
    (host, path.to_owned(), query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_before_the_query() {
        for (base, path, expected) in [
            ("https://a.example.org", "v2/alerts", "https://a.example.org/v2/alerts"),
            ("https://a.example.org/x/", "v2", "https://a.example.org/x/v2"),
            ("https://a.example.org/x?k=1", "v2", "https://a.example.org/x/v2?k=1"),
            ("https://a.example.org/x?k=1", "v2?l=2", "https://a.example.org/x/v2?l=2&k=1"),
        ] {
            assert_eq!(below(base, path), expected);
        }
        assert_eq!(encoded("a/b c%ä-._~"), "a%2Fb%20c%25%C3%A4-._~");
    }

    #[test]
    fn the_host_is_named_as_the_header_names_it() {
        for (address, expected) in [
            ("https://sns.example.org", ("sns.example.org", "/", "")),
            ("https://Sns.example.org:443/a?b=c#d", ("sns.example.org", "/a", "b=c")),
            ("http://u:p@127.0.0.1:8080/", ("127.0.0.1:8080", "/", "")),
            ("http://h:80?x", ("h", "/", "x")),
        ] {
            let (host, path, query) = parts(address);
            assert_eq!((host.as_str(), path.as_str(), query.as_str()), expected, "{address}");
        }
    }
}
