//! `sources.NAME.imap`: a mailbox that mails are fetched from.

use super::check::Check;
use super::node::Node;
use super::wire;
use crate::domain::event::adapter::kind::mail::{After, Mailbox, Proof, Security};
use crate::domain::notification::receiver::HttpConfig;
use crate::domain::value::Span;

/// Servers are spared; who wants mails at once lets them be delivered to `listen`.
const EVERY_MIN: Span = Span::seconds(5);
const EVERY: Span = Span::minutes(1);

/// The ports of RFC 9051.
const PORT_TLS: u64 = 993;
const PORT_CLEAR: u64 = 143;

/// Hosts to which a password may go without TLS.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Reads `imap` of a source of this type.
pub(super) fn read(check: &mut Check, kind: &str, source: &Node) -> Option<Mailbox> {
    let node = source.get("imap")?;
    if kind != "mail" {
        check.error(node.place, "`imap` is for sources of type `mail`; remove it");
        return None;
    }
    let security = match node.text_at("tls") {
        Some("false") => Security::Clear,
        Some("starttls") => Security::StartTls,
        _ => Security::Tls,
    };
    let host = needed(check, node, "host");
    if security == Security::Clear && !host.is_empty() && !HERE.contains(&host.as_str()) {
        let why = "without `tls` the password can be read by everybody on the way";
        check.warn(node.place, why);
    }
    let username = needed(check, node, "username");
    let proof = proof(check, node);
    let nul = |text: &str| text.contains('\0');
    let hidden = matches!(&proof, Proof::Password(password) if nul(password.reveal()));
    if hidden || nul(&username) {
        check.error(node.place, "a name or password cannot contain NUL");
    }
    let usual = if security == Security::Tls { PORT_TLS } else { PORT_CLEAR };
    let port = node.get("port").and_then(Node::whole).unwrap_or(usual);
    let port = u16::try_from(port).ok().filter(|port| *port != 0).unwrap_or_else(|| {
        let place = node.get("port").map_or(node.place, |port| port.place);
        check.error(place, "`port` is a number from 1 to 65535");
        0
    });
    let every = node.span_at("every").unwrap_or(EVERY);
    if let Some(written) = node.get("every")
        && every < EVERY_MIN
    {
        check.error(written.place, format!("`every` is at least {EVERY_MIN}"));
    }
    let after = match mailbox(check, node, "after").as_deref() {
        None | Some("seen") => After::Seen,
        Some("delete") => After::Delete,
        Some(name) => After::Move(name.to_owned()),
    };
    let name = mailbox(check, node, "mailbox").unwrap_or_else(|| "INBOX".to_owned());
    if after == After::Move(name.clone()) {
        check.error(node.place, "`after` moves mails to where they are; write `seen` instead");
    }
    Some(Mailbox {
        host,
        port,
        username,
        proof,
        name,
        every,
        security,
        tls: node.get("tls_config").map(|tls| wire::tls(check, tls)).unwrap_or_default(),
        after,
    })
}

/// A password, or one of the ways to a token.
fn proof(check: &mut Check, node: &Node) -> Proof {
    let given: Vec<_> = ["password", "password_file", "token_file", "oauth2"]
        .into_iter()
        .filter(|key| node.get(key).is_some())
        .collect();
    let is_password = |key: &&str| key.starts_with("password");
    match given.as_slice() {
        [] => check.error(
            node.place,
            "write a `password_file` or a `password`; or, for a token, a `token_file` or `oauth2`",
        ),
        [one, other, ..] if !(is_password(one) && is_password(other)) => {
            check.error(node.place, format!("`{one}` and `{other}` exclude each other; keep one"));
        }
        _ => {}
    }
    let mut http = HttpConfig::default();
    if let Some(oauth2) = node.get("oauth2") {
        http.oauth2 = super::http::oauth2(check, oauth2).map(Box::new);
        return Proof::Token(Box::new(http));
    }
    if let Some(file) = node.get("token_file") {
        http.authorization = check.file_source(file).map(|token| ("Bearer".to_owned(), token));
        return Proof::Token(Box::new(http));
    }
    Proof::Password(check.own_secret(node, "password").unwrap_or_default())
}

fn needed(check: &mut Check, node: &Node, key: &str) -> String {
    let text = node.text_at(key).unwrap_or_default();
    if text.is_empty() {
        check.error(node.place, format!("`imap` needs a `{key}`"));
    }
    text.to_owned()
}

/// The name of a mailbox. Beyond ASCII, servers want it in an encoding of their own.
fn mailbox(check: &mut Check, node: &Node, key: &str) -> Option<String> {
    let written = node.get(key)?;
    let name = written.text().unwrap_or_default();
    if name.is_empty() || name.chars().any(|c| !c.is_ascii() || c.is_control()) {
        let why = "write the mailbox's name in ASCII (others in modified UTF-7, as in RFC 3501)";
        check.error(written.place, why);
    }
    Some(name.to_owned())
}
