//! `auth` of a source, and `trusted_proxies`: what a sender must show, and where it must come from.

use std::net::IpAddr;

use ipnet::IpNet;

use super::check::Check;
use super::daemon::{Algorithm, Auth, Encoding, Signing, Stamp, Way};
use super::node::Node;
use crate::domain::value::{Secret, Span};

/// How far a signed time may be off where nothing is said.
const WINDOW: Span = Span::minutes(5);

/// The shortest key that signs URLs. They are guessed at leisure: who has one URL can try keys.
const PATH_TOKEN_BYTES_MIN: usize = 16;

/// How those sign that are known by name.
struct Style {
    name: &'static str,
    header: &'static str,
    prefix: &'static str,
    /// The header with the time and what is signed with it; empty if the body alone is signed.
    timestamp: (&'static str, &'static str),
}

/// What the words of `style` mean, from what each of them documents; all of them are HMAC-SHA-256
/// in hexadecimal. Sentry sends a time, too, but does not sign it.
const KNOWN: &[Style] = &[
    Style { name: "plain", header: "X-Signature-256", prefix: "sha256=", timestamp: ("", "") },
    Style { name: "github", header: "X-Hub-Signature-256", prefix: "sha256=", timestamp: ("", "") },
    Style { name: "gitea", header: "X-Gitea-Signature", prefix: "", timestamp: ("", "") },
    Style { name: "sentry", header: "Sentry-Hook-Signature", prefix: "", timestamp: ("", "") },
    Style {
        name: "pagerduty",
        header: "X-PagerDuty-Signature",
        prefix: "v1=",
        timestamp: ("", ""),
    },
    Style {
        name: "grafana",
        header: "X-Grafana-Alerting-Signature",
        prefix: "",
        timestamp: ("", "{timestamp}:{body}"),
    },
    Style {
        name: "slack",
        header: "X-Slack-Signature",
        prefix: "v0=",
        timestamp: ("X-Slack-Request-Timestamp", "v0:{timestamp}:{body}"),
    },
];

/// The words of `style`.
pub(super) const STYLES: &[&str] =
    &["plain", "github", "gitea", "sentry", "pagerduty", "grafana", "slack"];

/// Reads what a sender must show.
pub(super) fn read(check: &mut Check, node: &Node) -> Auth {
    let mut ways = Vec::new();
    let bearer = secrets(check, node, "bearer");
    if !bearer.is_empty() {
        ways.push(Way::Bearer(bearer));
    }
    ways.extend(node.get("basic").and_then(|basic| read_basic(check, basic)));
    ways.extend(node.get("hmac").and_then(|hmac| read_hmac(check, hmac)));
    ways.extend(node.get("header").and_then(|header| read_header(check, header)));
    ways.extend(node.get("certificate").and_then(|certificate| read_names(check, certificate)));
    let tokens = secrets(check, node, "path_token");
    if tokens.iter().any(|token| token.reveal().len() < PATH_TOKEN_BYTES_MIN) {
        let why =
            format!("`path_token` signs URLs: make it {PATH_TOKEN_BYTES_MIN} signs or longer");
        check.error(node.place, why);
    }
    if !tokens.is_empty() {
        ways.push(Way::PathToken(tokens));
    }
    if node.entries().is_empty() {
        check.error(
            node.place,
            "write what a sender must show, such as `bearer_file`, or leave `auth` out",
        );
    }
    Auth { ways, allow: networks(check, node.get("allow")) }
}

/// Reads networks such as `10.0.0.0/8`; an address stands for itself.
pub(super) fn networks(check: &mut Check, list: Option<&Node>) -> Vec<IpNet> {
    let mut found = Vec::new();
    for item in list.map(Node::items).unwrap_or_default() {
        let text = item.text().unwrap_or_default();
        let net = text.parse::<IpNet>().ok();
        if let Some(net) = net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)) {
            found.push(net.trunc());
        } else {
            let why = "expected an address or a network like `10.0.0.0/8` or `2001:db8::/32`";
            check.error(item.place, why);
        }
    }
    if let Some(list) = list.filter(|list| list.items().is_empty()) {
        check.error(list.place, "an empty list says nothing; leave it out, or name a network");
    }
    found
}

fn read_basic(check: &mut Check, basic: &Node) -> Option<Way> {
    let Some(username) = basic.text_at("username") else {
        check.error(basic.place, "basic authentication needs a `username`");
        return None;
    };
    let passwords = needed(check, basic, "password");
    Some(Way::Basic { username: username.to_owned(), passwords })
}

fn read_hmac(check: &mut Check, hmac: &Node) -> Option<Way> {
    let style = hmac.text_at("style").unwrap_or(KNOWN[0].name);
    // Another word was turned down with the shape.
    let style = KNOWN.iter().find(|known| known.name == style)?;
    let algorithm = match hmac.text_at("algorithm") {
        Some("sha1") => Algorithm::Sha1,
        Some("sha512") => Algorithm::Sha512,
        _ => Algorithm::Sha256,
    };
    let prefix = match (hmac.text_at("prefix"), algorithm) {
        (Some(prefix), _) => prefix,
        (None, Algorithm::Sha1) if style.prefix == "sha256=" => "sha1=",
        (None, Algorithm::Sha512) if style.prefix == "sha256=" => "sha512=",
        (None, _) => style.prefix,
    };
    let signing = Signing {
        header: hmac.text_at("header").unwrap_or(style.header).to_owned(),
        algorithm,
        encoding: match hmac.text_at("encoding") {
            Some("base64") => Encoding::Base64,
            _ => Encoding::Hex,
        },
        prefix: prefix.to_owned(),
        stamp: read_stamp(check, hmac, style),
    };
    named(check, hmac, "header", &signing.header);
    Some(Way::Hmac { signing, secrets: needed(check, hmac, "secret") })
}

fn read_stamp(check: &mut Check, hmac: &Node, style: &Style) -> Option<Stamp> {
    let (header, signed) = style.timestamp;
    let header = hmac.text_at("timestamp_header").unwrap_or(header);
    if header.is_empty() {
        for key in ["window", "signed"] {
            if let Some(value) = hmac.get(key) {
                let why = format!("`{key}` needs `timestamp_header`: the header with the time");
                check.error(value.place, why);
            }
        }
        return None;
    }
    named(check, hmac, "timestamp_header", header);
    let window = hmac.span_at("window").unwrap_or(WINDOW);
    if window == Span::ZERO {
        check.error(hmac.place, "`window` cannot be 0; nothing arrives at once");
    }
    let place = hmac.get("signed").map_or(hmac.place, |signed| signed.place);
    let signed = match (hmac.text_at("signed"), signed) {
        (Some(given), _) => given,
        (None, "") => "{timestamp}:{body}",
        (None, known) => known,
    };
    let parts = signed.split_once("{timestamp}").and_then(|(lead, rest)| {
        let joint = rest.strip_suffix("{body}")?;
        (!lead.contains("{body}")).then_some((lead, joint))
    });
    let Some((lead, joint)) = parts else {
        check.error(place, "expected what is signed, such as `{timestamp}:{body}`");
        return None;
    };
    Some(Stamp {
        header: header.to_owned(),
        window,
        lead: lead.to_owned(),
        joint: joint.to_owned(),
    })
}

fn read_header(check: &mut Check, header: &Node) -> Option<Way> {
    let values = needed(check, header, "value");
    let Some(name) = header.text_at("name") else {
        check.error(header.place, "write the header's `name`, such as `X-Gitlab-Token`");
        return None;
    };
    named(check, header, "name", name);
    Some(Way::Header { name: name.to_owned(), values })
}

fn read_names(check: &mut Check, certificate: &Node) -> Option<Way> {
    let names = certificate.texts_at("names");
    if names.is_empty() {
        let why = "write `names` of which a client certificate must bear one";
        check.error(certificate.place, why);
        return None;
    }
    Some(Way::Certificate { names })
}

/// Header names are tokens (RFC 9110, 5.6.2).
fn named(check: &mut Check, node: &Node, key: &str, name: &str) {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(fits) {
        let place = node.get(key).map_or(node.place, |node| node.place);
        check.error(place, "not a header's name; write one like `X-Signature`");
    }
}

/// The secret and the one that will replace it.
fn secrets(check: &mut Check, node: &Node, key: &str) -> Vec<Secret> {
    let keys = [key.to_owned(), format!("{key}_next")];
    let secrets: Vec<Secret> = keys.iter().filter_map(|key| check.own_secret(node, key)).collect();
    if secrets.iter().any(|secret| secret.reveal().is_empty()) {
        check.error(node.place, format!("`{key}` is empty; everybody could send"));
    }
    secrets
}

fn needed(check: &mut Check, node: &Node, key: &str) -> Vec<Secret> {
    let secrets = secrets(check, node, key);
    let given = node.entries().iter().any(|(name, _)| name.name.starts_with(key));
    if secrets.is_empty() && !given {
        check.error(node.place, format!("write a `{key}_file` or a `{key}`"));
    }
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_has_its_word() {
        let names: Vec<_> = KNOWN.iter().map(|style| style.name).collect();
        assert_eq!(names, STYLES);
    }
}
