//! `sources.NAME.listen`: sockets of our own for sources that do not speak HTTP.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use super::check::Check;
use super::daemon::{Intake, Listen, Protocol};
use super::node::Node;
use crate::domain::notification::receiver::TlsConfig;

/// What each type of source may speak.
const SPOKEN: &[(&str, &[Protocol])] = &[
    ("syslog", &[Protocol::Udp, Protocol::Tcp, Protocol::Tls]),
    ("mail", &[Protocol::Smtp, Protocol::Smtps, Protocol::Lmtp]),
    ("snmp", &[Protocol::Udp]),
];

const PROTOCOLS: [Protocol; 6] =
    [Protocol::Udp, Protocol::Tcp, Protocol::Tls, Protocol::Smtp, Protocol::Smtps, Protocol::Lmtp];

/// Reads `listen` of a source of this type.
pub(super) fn read(check: &mut Check, kind: &str, source: &Node) -> Listen {
    let Some(node) = source.get("listen") else { return Listen::default() };
    let spoken =
        SPOKEN.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, spoken)| spoken);
    if spoken.is_empty() {
        let types: Vec<_> = SPOKEN.iter().map(|(name, _)| format!("`{name}`")).collect();
        let why = format!("`listen` is for sources of type {}; remove it", types.join(", "));
        check.error(node.place, why);
        return Listen::default();
    }
    let mut sockets = Vec::new();
    for protocol in PROTOCOLS {
        let Some(written) = node.get(protocol.name()) else { continue };
        if !spoken.contains(&protocol) {
            let words: Vec<_> = spoken.iter().map(|known| format!("`{}`", known.name())).collect();
            let why = format!("a source of type `{kind}` listens on {}", words.join(", "));
            check.error(written.place, why);
            continue;
        }
        match address(written.text().unwrap_or_default()) {
            Some(address) => sockets.push((protocol, address)),
            None => check.error(
                written.place,
                "not an address; write it like `127.0.0.1:5514`, `[::]:5514` or `:5514`",
            ),
        }
    }
    let tls = tls(check, node);
    let under_tls = |protocol: &Protocol| matches!(protocol, Protocol::Tls | Protocol::Smtps);
    let secured = sockets.iter().map(|(protocol, _)| protocol).find(|it| under_tls(it));
    if let Some(protocol) = secured.filter(|_| tls.identity.is_none()) {
        let name = protocol.name();
        let why = format!("`{name}` needs our certificate: `cert_file` and `key_file`");
        check.error(node.place, why);
    }
    if sockets.is_empty() {
        let words: Vec<_> = spoken.iter().map(|known| format!("`{}`", known.name())).collect();
        check.error(node.place, format!("say where to listen: {}", words.join(", ")));
    }
    Listen { sockets, tls }
}

/// Tells of addresses that two sources want.
pub(super) fn check_addresses(check: &mut Check, root: &Node, intakes: &BTreeMap<String, Intake>) {
    let mut taken: BTreeMap<(bool, SocketAddr), &str> = BTreeMap::new();
    for (name, intake) in intakes {
        for (protocol, address) in &intake.listen.sockets {
            // Port 0 is any free one.
            if address.port() == 0 {
                continue;
            }
            let Some(other) = taken.insert((protocol.is_datagram(), *address), name) else {
                continue;
            };
            let node = root.get("sources").and_then(|sources| sources.get(name)?.get("listen"));
            if let Some(node) = node {
                check.error(node.place, format!("`{other}` listens on {address} already"));
            }
        }
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix(':') {
        Some(port) => Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port.parse().ok()?))),
        None => text.parse().ok(),
    }
}

fn tls(check: &mut Check, node: &Node) -> TlsConfig {
    let mut file = |key: &str| node.get(key).and_then(|file| check.file_source(file));
    let [certificate, key, ca] = ["cert_file", "key_file", "client_ca_file"].map(&mut file);
    if certificate.is_some() != key.is_some() {
        check.error(node.place, "`cert_file` and `key_file` belong together; write both");
    }
    TlsConfig { ca, identity: certificate.zip(key), ..TlsConfig::default() }
}
