//! `tracing`: where spans of OpenTelemetry go.

use super::check::Check;
use super::node::{Key, Node, Place};
use super::wire;
use crate::domain::notification::receiver::{SecretSource, TlsConfig};
use crate::domain::value::{Secret, Span};

/// Where spans go, and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracing {
    /// What is spoken to the collector.
    pub client: TracingClient,
    /// The collector: `HOST:PORT`, or `HOST` alone.
    pub endpoint: String,
    /// The part of the traces that begin here that is sent: from 0 to 1.
    pub sampling_fraction: f64,
    /// Spoken without TLS.
    pub insecure: bool,
    /// How to secure it otherwise.
    pub tls: TlsConfig,
    /// Headers for every request. A name may come several times.
    pub headers: Vec<(String, SecretSource)>,
    /// Whether what is sent is packed.
    pub gzip: bool,
    /// How long the collector may take for one batch.
    pub timeout: Span,
}

/// What is spoken to a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TracingClient {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP, as protobuf.
    Http,
}

/// What OpenTelemetry's exporters take where nothing is said.
const TIMEOUT: Span = Span::seconds(10);

/// Headers that say how a batch is sent.
const RESERVED: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "transfer-encoding",
];

/// Reads `tracing`, if it is there.
pub(super) fn read(check: &mut Check, root: &Node) -> Option<Tracing> {
    let node = root.get("tracing")?;
    // Alertmanager takes gRPC where nothing is said.
    let client = match node.text_at("client_type") {
        Some("http") => TracingClient::Http,
        _ => TracingClient::Grpc,
    };
    let insecure = node.get("insecure").and_then(Node::boolean).unwrap_or(false);
    let tls = node.get("tls_config");
    if let (true, Some(tls)) = (insecure, tls) {
        check.warn(tls.place, "`tls_config` has no effect beside `insecure: true`");
    }
    Some(Tracing {
        client,
        sampling_fraction: fraction(check, node),
        insecure,
        tls: tls.map(|tls| wire::tls(check, tls)).unwrap_or_default(),
        headers: headers(check, node),
        gzip: node.text_at("compression") == Some("gzip"),
        timeout: node.span_at("timeout").filter(|span| *span > Span::ZERO).unwrap_or(TIMEOUT),
        endpoint: endpoint(check, node, client)?,
    })
}

fn fraction(check: &mut Check, node: &Node) -> f64 {
    let Some(written) = node.get("sampling_fraction") else {
        let why = "without `sampling_fraction` only those requests leave spans whose senders trace \
                   them; write `sampling_fraction: 1` for all";
        check.warn(node.place, why);
        return 0.0;
    };
    let fraction = written.text().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    if !(0.0..=1.0).contains(&fraction) {
        check.error(written.place, "`sampling_fraction` goes from 0 (none) to 1 (all)");
    }
    fraction
}

fn endpoint(check: &mut Check, node: &Node, client: TracingClient) -> Option<String> {
    let Some(written) = node.get("endpoint").filter(|it| it.text() != Some("")) else {
        check.error(node.place, "`tracing` needs an `endpoint`, like `collector:4317`");
        return None;
    };
    let text = written.text()?;
    let endpoint = match client {
        // gRPC's own way of saying that a name is looked up in the DNS.
        TracingClient::Grpc => text.strip_prefix("dns:///").unwrap_or(text),
        TracingClient::Http => text,
    };
    let port = match client {
        TracingClient::Grpc => "4317",
        TracingClient::Http => "4318",
    };
    if let Some(rest) = ["http://", "https://"].iter().find_map(|it| endpoint.strip_prefix(it)) {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let why = format!(
            "`endpoint` is a host and a port without a scheme or path: write `{host}`; `insecure: \
             true` leaves TLS out"
        );
        check.error(written.place, why);
        return None;
    }
    let Some(found) = authority(endpoint) else {
        let why = format!("`endpoint` is not a host and a port; write it like `collector:{port}`");
        check.error(written.place, why);
        return None;
    };
    Some(found)
}

/// A host with or without a port. As in Go, no host is this machine.
fn authority(text: &str) -> Option<String> {
    let end_of_host = if text.starts_with('[') {
        text.find(']')? + 1
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, port) = text.split_at(end_of_host);
    let named = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let address = |c: char| c.is_ascii_hexdigit() || ":.%".contains(c);
    let host_fits = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inside) => !inside.is_empty() && inside.chars().all(address),
        None => host.chars().all(named),
    };
    let port_fits = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => port.is_empty() && !host.is_empty(),
    };
    let host = if host.is_empty() { "localhost" } else { host };
    (host_fits && port_fits).then(|| format!("{host}{port}"))
}

/// `headers`, and what Alertmanager's text calls `http_headers`: each a value, or lists of them.
fn headers(check: &mut Check, node: &Node) -> Vec<(String, SecretSource)> {
    let mut headers = Vec::new();
    let all = ["headers", "http_headers"].into_iter().filter_map(|key| node.get(key));
    for (key, header) in all.flat_map(Node::entries) {
        judge_name(check, key);
        if let Some(value) = header.text() {
            headers.extend(value_of(check, header.place, value).map(|it| (key.name.clone(), it)));
            continue;
        }
        for value in ["values", "secrets"].into_iter().filter_map(|list| header.get(list)) {
            for value in value.items() {
                let source = value.text().and_then(|text| value_of(check, value.place, text));
                headers.extend(source.map(|source| (key.name.clone(), source)));
            }
        }
        for file in header.get("files").map(Node::items).unwrap_or_default() {
            headers.extend(check.file_source(file).map(|source| (key.name.clone(), source)));
        }
    }
    headers
}

fn value_of(check: &mut Check, place: Place, text: &str) -> Option<SecretSource> {
    if !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        check.error(place, "the value has characters that no header may have");
        return None;
    }
    Some(Secret::new(text).into())
}

fn judge_name(check: &mut Check, key: &Key) {
    let name = key.name.to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(fits) {
        check.error(key.place, format!("`{}` is not the name of a header", key.name));
    }
    if RESERVED.contains(&name.as_str()) {
        let why = format!("`{}` is not for `headers`; other keys decide it", key.name);
        check.error(key.place, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_perhaps_a_port() {
        for (text, read) in [
            ("collector:4317", Some("collector:4317")),
            ("otel.example.org", Some("otel.example.org")),
            ("[::1]:4318", Some("[::1]:4318")),
            (":4317", Some("localhost:4317")),
            ("", None),
            (":", None),
            ("collector:", None),
            ("collector:0", None),
            ("collector:70000", None),
            ("collector:4318/v1/traces", None),
            ("me@collector:4318", None),
            ("::1", None),
            ("[]:4317", None),
            ("[::1", None),
            ("unix:///run/otel.sock", None),
        ] {
            assert_eq!(authority(text).as_deref(), read, "{text}");
        }
    }
}
