//! The door on the loopback, knocked at as other programs do.

use std::fs;
use std::path::Path;

use axum::Extension;
use axum::routing::get;
use reqwest::{Certificate, Client, ClientBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::shell::api::serve;
use crate::shell::client::papers::Authority;
use crate::shell::intake::http::Remote;

/// `sesame`, at the least cost that bcrypt knows.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

struct House {
    folder: TempDir,
    authority: Authority,
    port: u16,
    _stop: watch::Sender<bool>,
}

impl House {
    /// A house whose door is secured as a text says; `cert.pem` and `key.pem` lie beside it.
    async fn new(text: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        certify(&authority, folder.path());
        let file = folder.path().join("web.yaml");
        fs::write(&file, text).unwrap();
        let door = Arc::new(Door::open(&file).unwrap_or_else(|error| panic!("{error}")));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router =
            Router::new().route("/metrics", get(|| async { "fine" })).route("/who", get(who));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, router, Some(door), stopped));
        Self { folder, authority, port, _stop: stop }
    }

    fn rewrite(&self, text: &str) {
        fs::write(self.folder.path().join("web.yaml"), text).unwrap();
    }

    /// Knocks with a client and returns the status, or that no answer came.
    async fn knock(&self, change: impl Fn(ClientBuilder) -> ClientBuilder, name: &str) -> u16 {
        let ca = Certificate::from_pem(self.authority.pem.as_bytes()).unwrap();
        let client = change(Client::builder().no_proxy().tls_certs_only([ca])).build().unwrap();
        let scheme = if name.starts_with("plain") { "http" } else { "https" };
        let mut request = client.get(format!("{scheme}://localhost:{}/metrics", self.port));
        if let Some((_, who)) = name.split_once(' ') {
            let (user, password) = who.split_once(':').unwrap();
            request = request.basic_auth(user, Some(password));
        }
        match request.send().await {
            Ok(response) => response.status().as_u16(),
            Err(_) => 0,
        }
    }
}

/// The names of whoever asks.
async fn who(remote: Option<Extension<Arc<Remote>>>) -> String {
    let Some(Extension(remote)) = remote else { return "nobody".to_owned() };
    assert!(remote.address.is_loopback());
    remote.names.join(" ")
}

fn certify(authority: &Authority, folder: &Path) {
    let (certificate, key) = authority.vouch("localhost");
    fs::write(folder.join("cert.pem"), certificate).unwrap();
    fs::write(folder.join("key.pem"), key).unwrap();
    fs::write(folder.join("ca.pem"), &authority.pem).unwrap();
}

fn plain(client: ClientBuilder) -> ClientBuilder {
    client
}

#[tokio::test]
async fn names_and_passwords_are_asked_for_everywhere() {
    let text = format!("basic_auth_users: {{ann: '{}', bob: '{}'}}\n", hash("sesame"), hash("x"));
    let house = House::new(&text).await;
    for (who, status) in [
        ("plain", 401),
        ("plain ann:sesame", 200),
        ("plain ann:sesame", 200),
        ("plain ann:wrong", 401),
        ("plain eve:sesame", 401),
        ("plain bob:x", 200),
    ] {
        assert_eq!(house.knock(plain, who).await, status, "{who}");
    }
    let url = format!("http://localhost:{}/nowhere", house.port);
    let answer = Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
    assert_eq!(answer.headers()["www-authenticate"], "Basic");
    assert_eq!(answer.text().await.unwrap(), "Unauthorized\n");
}

#[tokio::test]
async fn a_file_that_changes_counts_at_once_and_one_that_breaks_changes_nothing() {
    let house = House::new(&format!("basic_auth_users: {{ann: '{}'}}\n", hash("one"))).await;
    assert_eq!(house.knock(plain, "plain ann:one").await, 200);
    house.rewrite(&format!("basic_auth_users: {{anna: '{}'}}\n", hash("two")));
    assert_eq!(house.knock(plain, "plain ann:one").await, 401);
    assert_eq!(house.knock(plain, "plain anna:two").await, 200);
    house.rewrite("basic_auth_users: {anna: two}\n");
    assert_eq!(house.knock(plain, "plain anna:two").await, 200);
    assert_eq!(house.knock(plain, "plain").await, 401);
}

const TLS: &str = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n";

#[tokio::test]
async fn tls_is_spoken_and_cannot_be_turned_off_by_a_slip() {
    let house = House::new(TLS).await;
    assert_eq!(house.knock(plain, "").await, 200);
    assert_eq!(house.knock(plain, "plain").await, 0);
    house.rewrite("http_server_config: {headers: {X-Frame-Options: deny}}\n");
    assert_eq!(house.knock(plain, "").await, 200);
    assert_eq!(house.knock(plain, "plain").await, 0);
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_the_next_client() {
    let mut house = House::new(TLS).await;
    let other = Authority::new();
    certify(&other, house.folder.path());
    assert_eq!(house.knock(plain, "").await, 0);
    house.authority = other;
    assert_eq!(house.knock(plain, "").await, 200);
}

#[tokio::test]
async fn clients_show_a_certificate_where_one_is_wanted() {
    let stranger = Authority::new();
    for (kind, nobody, strange, known) in [
        ("client_auth_type: NoClientCert", 200, 200, 200),
        ("client_auth_type: RequestClientCert", 200, 200, 200),
        ("client_auth_type: RequireAnyClientCert", 0, 200, 200),
        ("client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem", 200, 0, 200),
        ("client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem", 0, 0, 200),
        (
            "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, \
             client_allowed_sans: [ann.example.org]",
            0,
            0,
            200,
        ),
        ("client_auth_type: RequireAnyClientCert, client_allowed_sans: [10.0.0.1]", 0, 0, 0),
    ] {
        let text =
            format!("tls_server_config: {{cert_file: cert.pem, key_file: key.pem, {kind}}}\n");
        let house = House::new(&text).await;
        let showing = |authority: &Authority| {
            let (certificate, key) = authority.vouch("ann.example.org");
            let identity = reqwest::Identity::from_pem((certificate + &key).as_bytes()).unwrap();
            move |client: ClientBuilder| client.identity(identity.clone())
        };
        assert_eq!(house.knock(plain, "").await, nobody, "nobody: {kind}");
        assert_eq!(house.knock(showing(&stranger), "").await, strange, "strange: {kind}");
        assert_eq!(house.knock(showing(&house.authority), "").await, known, "known: {kind}");
    }
}

#[tokio::test]
async fn a_certificate_has_names_only_if_somebody_vouches_for_it() {
    for (kind, expected) in [
        ("client_auth_type: RequestClientCert", false),
        ("client_auth_type: RequireAnyClientCert", false),
        ("client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem", true),
        ("client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem", true),
    ] {
        let text =
            format!("tls_server_config: {{cert_file: cert.pem, key_file: key.pem, {kind}}}\n");
        let house = House::new(&text).await;
        let ca = Certificate::from_pem(house.authority.pem.as_bytes()).unwrap();
        let (certificate, key) = house.authority.vouch("ann.example.org");
        let identity = reqwest::Identity::from_pem((certificate + &key).as_bytes()).unwrap();
        let client = Client::builder().no_proxy().tls_certs_only([ca]).identity(identity);
        let url = format!("https://localhost:{}/who", house.port);
        let answer = client.build().unwrap().get(url).send().await.unwrap();
        let names = answer.text().await.unwrap();
        assert_eq!(names.starts_with("ann.example.org"), expected, "{kind}: {names}");
        assert_eq!(names.is_empty(), !expected, "{kind}: {names}");
    }
}

#[test]
fn what_is_wrong_with_the_file_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.yaml");
    let place = format!("{}:", file.display());
    for (text, expected) in [
        ("tls_server: {}", "1:1: unknown key `tls_server`; did you mean `tls_server_config`?"),
        ("tls_server_config: {cert: one}", "1:20: TLS needs a `key` or `key_file`"),
        (
            "tls_server_config: {cert: a, key: b, client_ca: c}",
            "1:20: a client's certificate is never asked for; write a `client_auth_type`",
        ),
        (
            "tls_server_config: {cert: a, key: b, max_version: TLS11}",
            "1:51: no version of TLS is left; 1.2 and 1.3 are spoken",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            "1:49: expected one of deny, sameorigin",
        ),
        (
            "basic_auth_users: {ann: sesame}",
            "1:25: not a bcrypt hash; make one with `htpasswd -nBC 10 \"\"`",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let told = Door::open(&file).unwrap_err().to_string();
        let first = told.lines().next().unwrap_or_default();
        assert_eq!(first.replace(&place, ""), expected, "{text}");
    }
    fs::write(&file, "tls_server_config: {cert: a, key: b}").unwrap();
    let told = chain(&Door::open(&file).unwrap_err());
    assert_eq!(told, "cannot use `tls_server_config`: `cert` holds no certificate in PEM");
}
