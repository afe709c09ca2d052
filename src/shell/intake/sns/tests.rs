//! Letters against a server on the loopback interface that stands in for Amazon's.
//!
//! The letters were signed once with a key that nobody has kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{StatusCode, Uri};
use futures_util::future::BoxFuture;

use super::*;

const CERTIFICATE: &str = include_str!("../../../../tests/fixtures/sns/certificate.pem");
const VERSION_1: &str = include_str!("../../../../tests/fixtures/sns/version-1.json");
const VERSION_2: &str = include_str!("../../../../tests/fixtures/sns/version-2.json");
const SUBSCRIPTION: &str = include_str!("../../../../tests/fixtures/sns/subscription.json");
const ELSEWHERE: &str = include_str!("../../../../tests/fixtures/sns/subscription-elsewhere.json");

/// Asks the server of the test whatever the host.
#[derive(Debug)]
struct Loopback(SocketAddr);

impl Fetch for Loopback {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, Unfetched>> {
        Box::pin(async move {
            let path = url.splitn(4, '/').nth(3).unwrap_or_default();
            let url = format!("http://{}/{path}", self.0);
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let response =
                client.get(url).send().await.map_err(|why| Unfetched(why.to_string()))?;
            https::read(response).await
        })
    }
}

/// How often Amazon was asked for a certificate, and to confirm.
#[derive(Debug, Default)]
struct Asked {
    certificates: AtomicUsize,
    confirmations: AtomicUsize,
}

/// A gate before a server that gives this certificate.
async fn gate(verify: bool, status: StatusCode) -> (Gate, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let counted = Arc::clone(&asked);
    let answer = move |uri: Uri| {
        let confirms = uri.query().is_some_and(|query| query.contains("ConfirmSubscription"));
        let count = if confirms { &counted.confirmations } else { &counted.certificates };
        count.fetch_add(1, Ordering::Relaxed);
        async move { (status, CERTIFICATE) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The server ends with the runtime of its test.
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (Gate::with_fetch(verify, Box::new(Loopback(address))), asked)
}

fn kind(name: &str) -> Kind {
    Kind::named(name).unwrap()
}

async fn refused(gate: &Gate, body: &str) -> (u16, String) {
    let why = gate.pass(&kind("sns"), body.as_bytes()).await.unwrap_err();
    (why.status(), why.to_string())
}

#[tokio::test]
async fn letters_with_the_signature_of_amazon_pass() {
    let (gate, asked) = gate(true, StatusCode::OK).await;
    for body in [VERSION_1, VERSION_2, VERSION_1] {
        gate.pass(&kind("sns"), body.as_bytes()).await.unwrap();
    }
    assert_eq!(asked.certificates.load(Ordering::Relaxed), 1, "the certificate is kept");
    assert_eq!(asked.confirmations.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_letter_that_was_changed_is_refused() {
    let (gate, _) = gate(true, StatusCode::OK).await;
    for (from, to) in [
        ("checkout", "check0ut"),
        ("\"SignatureVersion\": \"2\"", "\"SignatureVersion\": \"1\""),
        ("\"SignatureVersion\": \"2\"", "\"SignatureVersion\": \"3\""),
        ("\"Signature\": \"", "\"Signature\": \"*"),
        ("\"Type\": \"Notification\"", "\"Type\": \"UnsubscribeConfirmation\""),
        ("sns.eu-west-1.amazonaws.com/", "sns.eu-west-1.amazonaws.com.example.org/"),
    ] {
        let forged = VERSION_2.replace(from, to);
        assert_ne!(forged, VERSION_2, "{from}");
        let (status, why) = refused(&gate, &forged).await;
        assert_eq!(status, 403, "{to}: {why}");
    }
}

#[tokio::test]
async fn a_subscription_is_confirmed_at_amazon() {
    for verify in [true, false] {
        let (gate, asked) = gate(verify, StatusCode::OK).await;
        gate.pass(&kind("sns"), SUBSCRIPTION.as_bytes()).await.unwrap();
        assert_eq!(asked.confirmations.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_subscription_is_confirmed_nowhere_else() {
    for verify in [true, false] {
        let (gate, asked) = gate(verify, StatusCode::OK).await;
        let (status, why) = refused(&gate, ELSEWHERE).await;
        assert_eq!(status, 403, "{why}");
        assert_eq!(asked.confirmations.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn what_may_pass_later_is_to_be_sent_again() {
    let (gate, _) = gate(true, StatusCode::SERVICE_UNAVAILABLE).await;
    let (status, why) = refused(&gate, VERSION_2).await;
    assert_eq!(status, 503, "{why}");
}

#[tokio::test]
async fn raw_delivery_needs_another_proof() {
    let (strict, _) = gate(true, StatusCode::OK).await;
    let (status, why) = refused(&strict, r#"{"AlarmName":"a"}"#).await;
    assert!(status == 403 && why.contains("verify_signature"), "{why}");
    let (open, asked) = gate(false, StatusCode::OK).await;
    open.pass(&kind("sns"), br#"{"AlarmName":"a"}"#).await.unwrap();
    open.pass(&kind("sns"), VERSION_2.as_bytes()).await.unwrap();
    assert_eq!(asked.certificates.load(Ordering::Relaxed), 0);
    // A source of another kind takes what is no letter.
    strict.pass(&kind("auto"), br#"{"AlarmName":"a"}"#).await.unwrap();
}
