//! The file of `--web.config.file`: how the daemon's own door is secured, in the words of
//! Prometheus' exporter-toolkit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::Check;
use super::diagnostic::ConfigErrors;
use super::files;
use super::node::Node;
use super::schema::TLS_VERSIONS;
use super::shape::{Field, Shape, examine};
use crate::domain::notification::receiver::{SecretSource, TlsVersion};
use crate::domain::value::Secret;
use crate::domain::value::matcher::ParseMode;
use Shape::{Fields, List, Names, Text, Truth, Word};

/// How the door is secured.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// TLS; without it the door speaks plain HTTP.
    pub tls: Option<WebTls>,
    /// Speak HTTP/2 over TLS.
    pub http2: bool,
    /// Headers of every answer.
    pub headers: BTreeMap<String, String>,
    /// Who may come in: names with the bcrypt hashes of their passwords. Everybody, if it is empty.
    pub users: BTreeMap<String, Secret>,
}

/// `tls_server_config`.
#[derive(Debug, Clone)]
pub struct WebTls {
    /// Our certificate, as PEM.
    pub cert: SecretSource,
    /// Its key.
    pub key: SecretSource,
    /// Who vouches for clients, as PEM; without it the authorities of the machine.
    pub client_ca: Option<SecretSource>,
    /// Whether clients show a certificate.
    pub client_auth: ClientAuth,
    /// Names of which a client's certificate must bear one; any will do if there is no list.
    pub client_allowed_sans: Option<Vec<String>>,
    /// The oldest version to speak.
    pub version_min: Option<TlsVersion>,
    /// The newest version to speak.
    pub version_max: Option<TlsVersion>,
    /// Suites for TLS 1.2 by their IANA names; all that are known if the list is empty.
    pub cipher_suites: Vec<String>,
    /// Curves by Go's names; all that are known if the list is empty.
    pub curve_preferences: Vec<String>,
}

/// Whether clients show a certificate (`client_auth_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// They are not asked.
    None,
    /// They are asked; nobody looks at what they show.
    Request,
    /// They must show one; nobody looks at who vouches for it.
    RequireAny,
    /// They may show one that somebody vouches for.
    VerifyIfGiven,
    /// They must show one that somebody vouches for.
    RequireAndVerify,
}

const WEB: &[Field] = &[
    ("tls_server_config", Fields(TLS_SERVER)),
    ("http_server_config", Fields(&[("http2", Truth), ("headers", Names(&Text))])),
    ("basic_auth_users", Names(&Shape::Secret)),
];

const TLS_SERVER: &[Field] = &[
    ("cert", Text),
    ("key", Shape::Secret),
    ("client_ca", Text),
    ("cert_file", Text),
    ("key_file", Text),
    ("client_ca_file", Text),
    ("client_auth_type", Word(CLIENT_AUTH)),
    ("client_allowed_sans", List(&Text)),
    ("cipher_suites", List(&Word(CIPHERS))),
    ("curve_preferences", List(&Word(&["CurveP256", "CurveP384", "CurveP521", "X25519"]))),
    ("min_version", Word(TLS_VERSIONS)),
    ("max_version", Word(TLS_VERSIONS)),
    ("prefer_server_cipher_suites", Truth),
];

const CLIENT_AUTH: &[&str] = &[
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
];

/// Suites that can be named; those of TLS 1.3 are always spoken.
const CIPHERS: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// Headers that may be set, with the values that they may have; none means any.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

/// Reads the file at `path`. The certificates that it names are not read.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub fn load(path: &Path) -> Result<WebConfig, ConfigErrors> {
    let base = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let mut check = Check::new(base, &|_| None, ParseMode::Fallback);
    // An empty file asks for nothing, as in exporter-toolkit.
    let empty =
        WebConfig { tls: None, http2: true, headers: BTreeMap::new(), users: BTreeMap::new() };
    let blank = std::fs::read_to_string(path).is_ok_and(|text| text.trim().is_empty());
    let config = match files::read(&mut check, path) {
        _ if blank => return Ok(empty),
        Some(root) => {
            examine(&mut check, &root, &Fields(WEB));
            understand(&mut check, &root)
        }
        None => empty,
    };
    check.verdict().map(|_| config)
}

fn understand(check: &mut Check, root: &Node) -> WebConfig {
    let http = root.get("http_server_config");
    let http2 = http.and_then(|http| http.get("http2")).and_then(Node::boolean);
    WebConfig {
        tls: root.get("tls_server_config").and_then(|node| tls(check, node)),
        http2: http2.unwrap_or(true),
        headers: headers(check, http),
        users: users(check, root),
    }
}

fn tls(check: &mut Check, node: &Node) -> Option<WebTls> {
    let cert = check.secret_source(node, "cert");
    let key = check.secret_source(node, "key");
    let client_ca = check.secret_source(node, "client_ca");
    let word = node.get("client_auth_type");
    if cert.is_none() && key.is_none() && client_ca.is_none() && word.is_none() {
        return None;
    }
    for (found, name) in [(&cert, "cert"), (&key, "key")] {
        if found.is_none() {
            check.error(node.place, format!("TLS needs a `{name}` or `{name}_file`"));
        }
    }
    let client_auth = client_auth(word.and_then(Node::text).unwrap_or_default());
    if client_ca.is_some() && client_auth == ClientAuth::None {
        let why = "a client's certificate is never asked for; write a `client_auth_type`";
        check.error(node.place, why);
    }
    let sans = node.get("client_allowed_sans");
    if let Some(sans) = sans
        && !matches!(client_auth, ClientAuth::RequireAny | ClientAuth::RequireAndVerify)
    {
        let why = "names are compared only where a certificate must be shown; write the \
                   `client_auth_type` `RequireAndVerifyClientCert`";
        check.error(sans.place, why);
    }
    for san in sans.map(Node::items).unwrap_or_default() {
        if san.text().is_some_and(|text| text.contains(['@', '/'])) {
            check.error(san.place, "only names of hosts and IP addresses are compared");
        }
    }
    let version = |key: &str| node.text_at(key).and_then(TlsVersion::parse);
    if let Some(max) = node.get("max_version")
        && let Some(word) = max.text()
        && (TlsVersion::parse(word).is_none()
            || version("min_version").is_some_and(|min| version("max_version") < Some(min)))
    {
        check.error(max.place, "no version of TLS is left; 1.2 and 1.3 are spoken");
    }
    Some(WebTls {
        cert: cert?,
        key: key?,
        client_ca,
        client_auth,
        client_allowed_sans: sans.map(|_| node.texts_at("client_allowed_sans")),
        version_min: version("min_version"),
        version_max: version("max_version"),
        cipher_suites: node.texts_at("cipher_suites"),
        curve_preferences: node.texts_at("curve_preferences"),
    })
}

fn client_auth(word: &str) -> ClientAuth {
    match word {
        "RequestClientCert" => ClientAuth::Request,
        "RequireAnyClientCert" | "RequireClientCert" => ClientAuth::RequireAny,
        "VerifyClientCertIfGiven" => ClientAuth::VerifyIfGiven,
        "RequireAndVerifyClientCert" => ClientAuth::RequireAndVerify,
        _ => ClientAuth::None,
    }
}

fn headers(check: &mut Check, http: Option<&Node>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    let entries = http.and_then(|http| http.get("headers")).map(Node::entries).unwrap_or_default();
    for (key, value) in entries {
        let Some(text) = value.text() else { continue };
        let Some((_, values)) = HEADERS.iter().find(|(name, _)| *name == key.name) else {
            let known: Vec<&str> = HEADERS.iter().map(|(name, _)| *name).collect();
            let why = format!("`{}` cannot be set; known here: {}", key.name, known.join(", "));
            check.error(key.place, why);
            continue;
        };
        if !values.is_empty() && !values.contains(&text) {
            check.error(value.place, format!("expected one of {}", values.join(", ")));
        }
        if text.chars().any(char::is_control) {
            check.error(value.place, "a header is one line of visible letters");
        }
        headers.insert(key.name.clone(), text.to_owned());
    }
    headers
}

fn users(check: &mut Check, root: &Node) -> BTreeMap<String, Secret> {
    let mut users = BTreeMap::new();
    for (key, value) in root.get("basic_auth_users").map(Node::entries).unwrap_or_default() {
        let hash = value.text().unwrap_or_default();
        if hash.parse::<bcrypt::HashParts>().is_err() {
            let why = "not a bcrypt hash; make one with `htpasswd -nBC 10 \"\"`";
            check.error(value.place, why);
        }
        users.insert(key.name.clone(), Secret::new(hash));
    }
    users
}
