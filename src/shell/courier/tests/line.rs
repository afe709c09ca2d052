//! TLS, proxies, tokens, and secrets in files.

use std::fs;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::http::{OK, answer, post, request, send, sink};
use super::{courier, told};
use crate::domain::notification::message::Message;
use crate::domain::notification::receiver::{
    Oauth2Config, ProxyRoute, SecretSource, TlsConfig, TlsVersion, WireConfig,
};
use crate::domain::value::Secret;
use crate::shell::client::papers::Authority;
use crate::shell::client::tls::{authorities, chain, private_key};

fn inline(text: &str) -> SecretSource {
    Secret::new(text).into()
}

/// Answers over TLS under the name `hooks.example.org`; whoever is in `clients` must vouch for those
/// who ask.
async fn secured(authority: &Authority, clients: Option<&Authority>) -> (u16, JoinHandle<String>) {
    let (certificate, key) = authority.vouch("hooks.example.org");
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let roots = Arc::new(authorities("ca", &clients.pem).unwrap());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = chain("cert", &certificate).unwrap();
    let config = builder.with_single_cert(chain, private_key(&key).unwrap()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let seen = request(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            return seen;
        }
    });
    (port, seen)
}

async fn send_over(port: u16, tls: TlsConfig) -> String {
    let mut post = post(&format!("https://127.0.0.1:{port}/hook"));
    post.http.wire.tls = tls;
    send(post).await
}

fn trusting(authority: &Authority) -> TlsConfig {
    TlsConfig {
        ca: Some(inline(&authority.pem)),
        server_name: "hooks.example.org".to_owned(),
        ..TlsConfig::default()
    }
}

#[tokio::test]
async fn who_is_vouched_for_under_the_right_name_is_believed() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (port, _) = secured(&authority, None).await;
    let wrong_name = TlsConfig { server_name: String::new(), ..trusting(&authority) };
    for tls in [trusting(&stranger), wrong_name, TlsConfig::default()] {
        let told = send_over(port, tls).await;
        assert!(told.starts_with("retry other: failed to reach 127.0.0.1: "), "{told}");
    }
    assert_eq!(send_over(port, trusting(&authority)).await, "delivered -");
}

#[tokio::test]
async fn who_need_not_be_believed_is_not_asked_for_papers() {
    let (port, _) = secured(&Authority::new(), None).await;
    let tls = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    assert_eq!(send_over(port, tls).await, "delivered -");
}

#[tokio::test]
async fn we_show_our_own_certificate_where_one_is_wanted() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let (port, _) = secured(&authority, Some(&clients)).await;
    let told = send_over(port, trusting(&authority)).await;
    assert!(told.starts_with("retry other: failed to reach"), "{told}");
    let (certificate, key) = clients.vouch("watch.example.org");
    for version in [TlsVersion::Tls13, TlsVersion::Tls12] {
        let (port, _) = secured(&authority, Some(&clients)).await;
        let tls = TlsConfig {
            identity: Some((inline(&certificate), inline(&key))),
            version_max: Some(version),
            ..trusting(&authority)
        };
        assert_eq!(send_over(port, tls).await, "delivered -", "{version:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_changes_on_disk_counts_with_the_next_message() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let name = file.to_string_lossy().into_owned();
    let tls = TlsConfig { ca: Some(SecretSource::File(name.clone())), ..trusting(&authority) };
    let (port, _) = secured(&authority, None).await;
    let courier = courier();
    let try_again = async || {
        let mut post = post(&format!("https://127.0.0.1:{port}/hook"));
        post.http.wire.tls = tls.clone();
        told(&courier.send(Message::Http(Box::new(post))).await)
    };

    let words = try_again().await;
    assert!(
        words.contains(&format!("failed to speak to 127.0.0.1: cannot read `{name}`")),
        "{words}"
    );
    fs::write(&file, "no certificate").unwrap();
    assert!(try_again().await.contains("`ca` holds no certificate in PEM"));
    fs::write(&file, &stranger.pem).unwrap();
    assert!(try_again().await.starts_with("retry other: failed to reach"));
    fs::write(&file, &authority.pem).unwrap();
    assert_eq!(try_again().await, "delivered -");
}

#[tokio::test]
async fn secrets_in_files_are_read_with_every_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "pw\n").unwrap();
    let (url, seen) = sink(vec![OK.to_owned()], false).await;
    let mut post = post(&url);
    let source = SecretSource::File(file.to_string_lossy().into_owned());
    post.http.basic_auth = Some((inline("ann"), source.clone()));
    post.http.headers = vec![("X-Scope".to_owned(), inline("one")), ("X-Scope".to_owned(), source)];
    assert_eq!(send(post).await, "delivered -");
    let seen = seen.await.unwrap().remove(0);
    assert!(seen.contains("authorization: Basic YW5uOnB3\r\n"), "{seen}");
    assert!(seen.contains("x-scope: one\r\nx-scope: pw\r\n"), "{seen}");
}

/// A proxy that serves one `CONNECT`, to this port wherever it is asked to go. Returns its head.
async fn tunnel(port: u16) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://ann:s3cret@{}", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let mut there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut there).await;
        head
    });
    (url, seen)
}

#[tokio::test]
async fn a_proxy_is_asked_to_lead_to_the_other_side() {
    let authority = Authority::new();
    let (port, _) = secured(&authority, None).await;
    let (url, head) = tunnel(port).await;
    let mut post = post("https://hooks.example.org/hook");
    post.http.wire.tls = TlsConfig { server_name: String::new(), ..trusting(&authority) };
    post.http.wire.proxy.route =
        ProxyRoute::Through { url: Secret::new(url), except: "other.example.org".to_owned() };
    post.http.wire.proxy.connect_headers = vec![("X-Team".to_owned(), Secret::new("db"))];
    assert_eq!(send(post).await, "delivered -");
    let head = head.await.unwrap().to_ascii_lowercase();
    for line in [
        "connect hooks.example.org:443 http/1.1",
        "x-team: db",
        "proxy-authorization: basic yw5uonmzy3jlda==",
    ] {
        assert!(head.lines().any(|have| have == line), "{line} in {head}");
    }
}

#[tokio::test]
async fn what_is_excepted_from_the_proxy_is_reached_straight() {
    let (url, _) = sink(vec![OK.to_owned()], false).await;
    let mut post = post(&url);
    let nowhere = Secret::new("http://127.0.0.1:1");
    post.http.wire.proxy.route =
        ProxyRoute::Through { url: nowhere, except: "example.org".to_owned() };
    assert_eq!(send(post).await, "delivered -");
}

fn oauth2(token_url: &str) -> Box<Oauth2Config> {
    Box::new(Oauth2Config {
        client_id: "watch".to_owned(),
        client_secret: inline("s3same"),
        scopes: vec!["one".to_owned(), "two".to_owned()],
        token_url: token_url.to_owned(),
        endpoint_params: [("audience".to_owned(), "hooks".to_owned())].into(),
        wire: WireConfig::default(),
    })
}

fn token(text: &str) -> String {
    answer(&format!(r#"{{"access_token":"{text}","token_type":"bearer","expires_in":3600}}"#))
}

#[tokio::test]
async fn a_token_is_got_once_and_again_when_it_is_not_taken() {
    let (giver, asked) = sink(vec![token("t0ken-1"), token("t0ken-2")], false).await;
    let denied = "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let replies = vec![answer("fine"), answer("fine"), denied.to_owned(), answer("fine")];
    let (url, seen) = sink(replies, false).await;
    let courier = courier();
    for _ in 0..3 {
        let mut post = post(&url);
        post.http.oauth2 = Some(oauth2(&giver));
        let report = courier.send(Message::Http(Box::new(post))).await;
        assert_eq!(told(&report), "delivered -");
    }
    let shown: Vec<String> = seen
        .await
        .unwrap()
        .iter()
        .flat_map(|request| request.lines().filter_map(|line| line.strip_prefix("authorization: ")))
        .map(str::to_owned)
        .collect();
    assert_eq!(shown, ["Bearer t0ken-1", "Bearer t0ken-1", "Bearer t0ken-1", "Bearer t0ken-2"]);
    let asked = asked.await.unwrap().remove(0);
    assert!(asked.contains("authorization: Basic d2F0Y2g6czNzYW1l\r\n"), "{asked}");
    assert!(
        asked.ends_with("\r\n\r\ngrant_type=client_credentials&scope=one%20two&audience=hooks"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_giver_that_wants_our_name_in_the_body_gets_it_there() {
    let denied = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (giver, asked) = sink(vec![denied.to_owned(), token("t0ken-1")], false).await;
    let (url, _) = sink(vec![OK.to_owned()], false).await;
    let mut post = post(&url);
    post.http.oauth2 = Some(oauth2(&giver));
    assert_eq!(send(post).await, "delivered -");
    let second = asked.await.unwrap().remove(1);
    assert!(!second.contains("authorization:"), "{second}");
    assert!(second.contains("&client_id=watch&client_secret=s3same&"), "{second}");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let denied = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (giver, _) = sink(vec![denied.to_owned(), denied.to_owned()], false).await;
    let mut post = post("http://127.0.0.1:1/hook");
    post.http.oauth2 = Some(oauth2(&giver));
    assert_eq!(
        send(post).await,
        "retry other: failed to speak to 127.0.0.1: cannot get a token for `oauth2`: 127.0.0.1 \
         answered with HTTP status 403"
    );
}
