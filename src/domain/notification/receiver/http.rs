//! How to speak HTTP and TLS to a receiver: `http_config` and `tls_config`.

use std::collections::BTreeMap;

use crate::domain::value::Secret;

/// `http_config` of Alertmanager.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpConfig {
    /// `Authorization` type and credentials.
    pub authorization: Option<(String, SecretSource)>,
    /// User name and password.
    pub basic_auth: Option<(SecretSource, SecretSource)>,
    /// Where to get a token that is then our authorization.
    pub oauth2: Option<Box<Oauth2Config>>,
    /// Follow redirects.
    pub follow_redirects: bool,
    /// More headers. A name may come several times.
    pub headers: Vec<(String, SecretSource)>,
    /// What a connection is like, whatever is said on it.
    pub wire: WireConfig,
}

/// A secret, or the file that it is read from with every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// As it was written.
    Inline(Secret),
    /// In this file, without the spaces around it.
    File(String),
}

/// What a connection is like: what connections may be shared must agree in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WireConfig {
    /// Speak HTTP/2 where the other side does.
    pub http2: bool,
    /// Whom to go through.
    pub proxy: ProxyConfig,
    /// How to secure it.
    pub tls: TlsConfig,
}

/// Whom to go through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyConfig {
    /// The way.
    pub route: ProxyRoute,
    /// Headers for the proxy itself, with `CONNECT`. A name may come several times.
    pub connect_headers: Vec<(String, Secret)>,
}

/// The way to the other side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyRoute {
    /// Straight.
    #[default]
    Direct,
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    Environment,
    /// Through this proxy.
    Through {
        /// `proxy_url`, which may hold a password.
        url: Secret,
        /// `no_proxy`: hosts, domains and networks that are reached straight, parted by commas.
        except: String,
    },
}

/// `tls_config`: whom to believe and who we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// Certificates of authorities to believe, as PEM; without it those of the machine.
    pub ca: Option<SecretSource>,
    /// Our certificate and its key, as PEM.
    pub identity: Option<(SecretSource, SecretSource)>,
    /// The name that the other side's certificate must bear; empty means that of the URL.
    pub server_name: String,
    /// Accept any certificate.
    pub insecure_skip_verify: bool,
    /// The oldest version to speak. Without it, the oldest that is known here: 1.2.
    pub version_min: Option<TlsVersion>,
    /// The newest version to speak.
    pub version_max: Option<TlsVersion>,
}

/// A version of TLS that is still spoken; RFC 8996 did away with those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// `oauth2`: where to get a token (RFC 6749, section 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oauth2Config {
    /// Our name there.
    pub client_id: String,
    /// Our password there.
    pub client_secret: SecretSource,
    /// What the token is to be good for.
    pub scopes: Vec<String>,
    /// Where to ask.
    pub token_url: String,
    /// More fields of the question.
    pub endpoint_params: BTreeMap<String, String>,
    /// The connection for asking.
    pub wire: WireConfig,
}

impl Default for SecretSource {
    fn default() -> Self {
        Self::Inline(Secret::default())
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self::Inline(secret)
    }
}

impl TlsVersion {
    /// Reads Alertmanager's word for it. `TLS10` and `TLS11` are words, but spoken no more.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "TLS12" => Some(Self::Tls12),
            "TLS13" => Some(Self::Tls13),
            _ => None,
        }
    }
}
